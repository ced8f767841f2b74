"""What does a profile cost, and how far is it off? `python benchmarks/profiles.py [--quick]`

Prints a table of eight kinds of numbers, each against itself moved by a tenth of its spread: nanoseconds a
value, the distance of Kolmogorov and Smirnov beside scipy's, the PSI beside that of 20 cells between the
sorted rows' own quantiles. Then what 20 columns cost in batches of 131,072 rows, and in bytes.
A million rows; `--quick`: 50,000.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from scipy.stats import ks_2samp

sys.path.insert(0, str(Path(__file__).parents[1]))

from mlflow_prod.monitor import compare
from mlflow_prod.profile import Baseline, Numbers, Profile, kolmogorov_smirnov, to_arrow

BATCH = 1 << 17


def columns(n: int, seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {
        "normal": rng.normal(size=n),
        "normal about 1e6, sd 10": rng.normal(1e6, 10, n),
        "log-normal, sd of logs 2": rng.lognormal(10, 2, n),
        "Cauchy": rng.standard_cauchy(n),
        "60% zeros, else exponential": np.where(rng.random(n) < 0.6, 0, rng.exponential(size=n)),
        "whole, 0 to 99": rng.integers(0, 100, n).astype(float),
        "seconds of a year since 1970": 1.7e9 + rng.random(n) * 3.15e7,
        "scores, beta(2, 20)": rng.beta(2, 20, n),
    }


def seconds(call: Callable[[], object], times: int = 5) -> float:
    """The least of some, because other processes only ever slow one down."""
    found = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        found.append(time.perf_counter() - start)
    return min(found)


def in_batches(batches: list[pa.RecordBatch]) -> Profile:
    total = Profile.of(batches[0])
    for batch in batches[1:]:
        total = total.count(batch)
    return total


def psi_of_quantiles(first: np.ndarray, second: np.ndarray) -> float:
    edges = np.unique(np.quantile(first, np.arange(1, 20) / 20))
    counts = [np.bincount(np.searchsorted(edges, side), minlength=len(edges) + 1) for side in (first, second)]
    p, q = ((side + 0.5) / (side + 0.5).sum() for side in counts)
    return float(((q - p) * np.log(q / p)).sum())


def main() -> None:
    n = 50_000 if "--quick" in sys.argv else 1_000_000
    first, second = columns(n, 0), columns(n, 1)
    print("| numbers | ns a value | bits dropped | buckets | KS | its bounds | PSI of quantiles | ours |")
    print("| --- | --: | --: | --: | --: | --- | --: | --: |")
    for name, values in first.items():
        moved = second[name] + np.subtract(*np.quantile(values, [0.84, 0.16])) / 20
        cost = seconds(lambda: Numbers.of(values)) / n * 1e9  # noqa: B023
        a, b = Numbers.of(values).histogram, Numbers.of(moved).histogram
        low, high = kolmogorov_smirnov(a, b)
        true = ks_2samp(values, moved, method="asymp").statistic
        baseline = Baseline.of(Profile.of(pd.DataFrame({"x": values})))
        psi = compare(baseline, Profile.of(pd.DataFrame({"x": moved})))[0].value
        print(
            f"| {name} | {cost:.1f} | {a.shift} | {len(a.keys):,} | {true:.5f} | {low:.5f} to {high:.5f} "
            f"| {psi_of_quantiles(values, moved):.5f} | {psi:.5f} |"
        )
    every = [*first.items(), *second.items(), *list(columns(n, 2).items())[:4]]
    table = pa.table({f"{at} {name}": values for at, (name, values) in enumerate(every)})
    batches = table.combine_chunks().to_batches(BATCH)
    cost = seconds(lambda: in_batches(batches), 3) / n / len(every) * 1e9
    profile = in_batches(batches)
    baseline = Baseline.of(profile)
    stored, sent = len(json.dumps(baseline.to_dict())), to_arrow(profile).nbytes
    print(
        f"\n{len(every)} columns of {n:,} rows in batches of {BATCH:,}: {cost:.1f} ns a value; "
        f"folding {seconds(lambda: Baseline.of(profile)) / len(every) * 1e3:.1f} ms a column, "
        f"comparing {seconds(lambda: compare(baseline, profile)) / len(every) * 1e3:.1f} ms; "
        f"{stored // len(every):,} bytes a column stored, {sent // len(every):,} sent."
    )


if __name__ == "__main__":
    main()
