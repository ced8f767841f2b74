import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import chi2_contingency
from sklearn.datasets import load_breast_cancer

from mlflow_prod.errors import DataError, InvalidParameter
from mlflow_prod.monitor import compare
from mlflow_prod.profile import Baseline, Profile


def _table(n, seed, shift=0.0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "income": rng.normal(shift, 1, n),
            "spend": rng.exponential(1, n),
            "age": rng.integers(18, 90, n).astype(float),
            "children": rng.poisson(1, n).astype(float),
            "city": rng.choice(["Rome", "Oslo", "Bonn", "Nice"], n, p=[0.5, 0.3, 0.15, 0.05]),
            "owner": rng.random(n) < 0.3,
        }
    )


def _found(baseline, table, scores=None, **parameters):
    return {m.name: m for m in compare(baseline, Profile.of(table, scores), **parameters)}


def _drifted(found):
    return {
        name.removesuffix("/drifted") for name, m in found.items() if name.endswith("/drifted") and m.value
    }


BASE = _table(20_000, 0)
BASELINE = Baseline.of(Profile.of(BASE))


def test_rows_of_the_same_distribution_have_not_drifted_in_200_of_200_seeds():
    shares = [_found(BASELINE, _table(2_000, seed))["drifted_share"].value for seed in range(1, 201)]
    assert shares == [0.0] * 200


@pytest.mark.parametrize("n", [60, 200, 2_000])
def test_a_shift_by_one_standard_deviation_is_found_and_named(n):
    for seed in range(10):
        found = _found(BASELINE, _table(n, seed, shift=1.0))
        assert _drifted(found) == {"income"}
        assert (found["drifted_columns"].value, found["drifted_columns"].n) == (1, n)
        assert found["drifted_share"].value == pytest.approx(1 / 6)


def test_halves_of_a_real_table_have_not_drifted_from_each_other_but_its_classes_have():
    frame = load_breast_cancer(as_frame=True).frame.sample(frac=1, random_state=0)
    base, rest = frame[:284], frame[284:]
    columns = frame.columns[:-1]
    baseline = Baseline.of(Profile.of(base[columns]))
    assert _drifted(_found(baseline, rest[columns])) == set()
    malignant = rest[rest["target"] == 0][columns]
    assert {"mean radius", "worst area"} <= _drifted(_found(baseline, malignant))


def test_small_batches_of_the_same_distribution_seldom_drift():
    counts = [_found(BASELINE, _table(40, seed))["drifted_columns"].value for seed in range(100)]
    assert sum(counts) <= 5


def test_the_figures_of_few_numbers_are_those_of_their_formulas():
    sides = [np.random.default_rng(seed).integers(0, 6, n) for seed, n in ((0, 20_000), (1, 3_000))]
    sides[1] = np.where(sides[1] == 5, 0, sides[1])
    first, second = (np.bincount(side, minlength=6) for side in sides)
    base, table = (pd.DataFrame({"rooms": side.astype(float)}) for side in sides)
    found = {name: m.value for name, m in _found(Baseline.of(Profile.of(base)), table).items()}
    assert found["rooms/jensen_shannon"] == pytest.approx(jensenshannon(first, second, base=2))
    p, q = ((side + 0.5) / (side + 0.5).sum() for side in (first, second))
    assert found["rooms/psi"] == pytest.approx(((q - p) * np.log(q / p)).sum())
    assert found["rooms/p_value"] == pytest.approx(chi2_contingency([first, second]).pvalue)
    assert found["rooms/missing_change"] == 0


@pytest.mark.parametrize("column", ["income", "spend", "age"])
def test_the_psi_is_that_of_twenty_cells_of_equal_shares(column):
    table = _table(30_000, 5, shift=0.3)
    table["spend"] *= 1.2
    table["age"] += 5
    edges = np.quantile(BASE[column], np.arange(1, 20) / 20)
    first, second = (
        np.bincount(np.searchsorted(edges, side[column]), minlength=20) for side in (BASE, table)
    )
    p, q = ((side + 0.5) / (side + 0.5).sum() for side in (first, second))
    psi = _found(BASELINE, table)[f"{column}/psi"].value
    assert psi == pytest.approx(((q - p) * np.log(q / p)).sum(), rel=0.1)


def test_a_drift_of_a_tenth_of_a_standard_deviation_far_from_zero_is_seen():
    rng = np.random.default_rng(0)
    base, same, moved = (pd.DataFrame({"at": rng.normal(1e6 + shift, 10, 50_000)}) for shift in (0, 0, 1))
    baseline = Baseline.of(Profile.of(base))
    assert _found(baseline, same)["at/psi"].value < 0.002
    # A shift by d standard deviations of a normal distribution has a PSI of d^2.
    assert _found(baseline, moved)["at/psi"].value == pytest.approx(0.01, rel=0.2)
    assert _found(baseline, moved)["at/p_value"].value < 1e-20


def test_batches_compare_as_their_rows_do():
    table = _table(3_000, 5, shift=0.3)
    parts = [Profile.of(table[at : at + 700]) for at in range(0, 3_000, 700)]
    total = parts[0]
    for part in parts[1:]:
        total = part + total
    assert compare(BASELINE, total) == compare(BASELINE, Profile.of(table))


@pytest.mark.parametrize(
    ("column", "change"),
    [
        ("income", lambda c: c.where(np.arange(len(c)) % 2 == 0)),
        ("income", lambda c: c * np.nan),
        ("spend", lambda c: c.where(np.arange(len(c)) % 2 == 0, np.inf)),
        ("city", lambda c: c.where(np.arange(len(c)) % 3 != 0, "Lyon")),
        ("owner", lambda c: ~c),
        ("children", lambda c: c + 1),
        ("children", lambda c: c + 0.1),
        ("age", lambda c: c / 10),
    ],
)
def test_missing_infinite_and_unseen_values_are_drift(column, change):
    table = _table(1_000, 3)
    assert _drifted(_found(BASELINE, table.assign(**{column: change(table[column])}))) == {column}


def test_the_change_of_the_missing_share_has_its_sign():
    table = _table(1_000, 3)
    some = table.assign(income=table["income"].where(np.arange(1_000) >= 250))
    assert _found(BASELINE, some)["income/missing_change"].value == pytest.approx(0.25)
    assert _found(Baseline.of(Profile.of(some)), table)["income/missing_change"].value == pytest.approx(-0.25)


def test_a_drift_of_the_answers_alone_is_found():
    rng = np.random.default_rng(0)
    baseline = Baseline.of(Profile.of(BASE, rng.beta(2, 5, len(BASE))))
    assert _drifted(_found(baseline, _table(1_000, 1), rng.beta(5, 2, 1_000))) == {"prediction"}


def test_a_constant_column_that_moves_has_drifted():
    baseline = Baseline.of(Profile.of(pd.DataFrame({"price": np.full(500, 3.0)})))
    assert _drifted(_found(baseline, pd.DataFrame({"price": np.full(100, 2.0)}))) == {"price"}
    assert _drifted(_found(baseline, pd.DataFrame({"price": np.full(100, 3.0)}))) == set()


def test_a_higher_threshold_lets_a_small_shift_pass():
    table = _table(2_000, 4, shift=0.5)
    assert _drifted(_found(BASELINE, table)) == {"income"}
    assert _drifted(_found(BASELINE, table, psi_threshold=1.0)) == set()


@pytest.mark.parametrize("rows", [0, 1, 29])
def test_too_few_rows_are_unknown_and_not_a_pass(rows):
    with pytest.raises(DataError, match=f"current must have at least 30 rows to tell drift, got {rows}"):
        compare(BASELINE, Profile.of(_table(100, 0).iloc[:rows]))


def test_lost_new_or_retyped_columns_are_refused():
    with pytest.raises(DataError, match=r"lost \['city'\], new none"):
        compare(BASELINE, Profile.of(BASE.drop(columns="city")))
    with pytest.raises(DataError, match="'city' holds numbers, where the baseline has texts"):
        compare(BASELINE, Profile.of(BASE.assign(city=1.0)))
    with pytest.raises(InvalidParameter, match="psi_threshold must be > 0, got 0"):
        compare(BASELINE, Profile.of(BASE), psi_threshold=0)
