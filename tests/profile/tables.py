"""Tables that profiles are made of, and what it means that two profiles are the same."""

import numpy as np
import pandas as pd
import pytest

from mlflow_prod.profile import Categories


def table(n=1_000, seed=0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "income": np.where(rng.random(n) < 0.1, np.nan, rng.lognormal(10, 1, n)),
            "children": rng.integers(0, 5, n).astype(float),
            "city": rng.choice(["Rome", "Oslo", "Bonn"], n, p=[0.6, 0.399, 0.001]),
            "owner": rng.random(n) < 0.5,
            "since": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 10**6, n), unit="s"),
        }
    )


def same(a, b):
    """Asserts equal counts, and moments to 1e-12."""
    assert a.rows == b.rows and set(a.columns) == set(b.columns)
    for name, one in a.columns.items():
        other = b.columns[name]
        if isinstance(one, Categories):
            assert one == other
            continue
        counts = [(c.kind, c.histogram, c.missing, c.below, c.above, c.moments.n) for c in (one, other)]
        assert counts[0] == counts[1]
        for figure in ("mean", "variance"):
            first, second = (getattr(c.moments, figure) for c in (one, other))
            assert first == pytest.approx(second, rel=1e-12, abs=1e-12, nan_ok=True)
