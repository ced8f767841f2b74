import numpy as np
import pandas as pd
import pytest

from mlflow_prod.candidate import Wanted
from mlflow_prod.candidate.findings import MOST_COLUMNS, Rival, findings_of, log_findings
from mlflow_prod.data import Part
from mlflow_prod.data.task import Task
from mlflow_prod.evaluate import evaluation
from mlflow_prod.tracking import open_run

BINARY = Task("binary", "repaid", ("no", "yes"))
THREE = Task("multiclass", "kind", ("a", "b", "rare"))
PRICE = Task("regression", "price")


def _part(task, features=None, *, weight=None, time=None):
    n, rng = 900, np.random.default_rng(0)
    groups = pd.DataFrame({"sex": rng.choice(["f", "m"], n)})
    columns = {"sex": groups["sex"], "income": rng.normal(size=n), "purpose": rng.choice(["car", "home"], n)}
    target = rng.normal(size=n) if task.kind == "regression" else rng.integers(0, 2, n)
    return Part(pd.DataFrame(columns | (features or {})), target, groups, weight, time)


def _scores(task, n=900, seed=1):
    rng = np.random.default_rng(seed)
    if task.kind == "regression":
        return rng.normal(size=n)
    return rng.random(n) if task.kind == "binary" else rng.dirichlet([1, 1, 1], n)


@pytest.mark.parametrize("task", [BINARY, THREE, PRICE], ids=lambda task: task.kind)
@pytest.mark.parametrize("weighted", [False, True])
def test_figures_of_all_rows_are_those_of_the_evidence(task, weighted):
    weight = np.random.default_rng(3).random(900) if weighted else None
    part, scores = _part(task, weight=weight), _scores(task)
    found = findings_of(task, part, scores, {})
    whole = found.decided.iloc[0]
    evidence = evaluation(task, part.target, scores, part.groups, weight)
    measures = {one.name: one for one in evidence if not one.slice}
    held = [name for name in measures if name in whole]
    assert len(held) >= 3
    for name in held:
        bound = float(whole.get(f"{name}_bound", 0.0)) + 1e-9
        assert whole[name] == pytest.approx(measures[name].value, abs=bound)


def test_everything_that_is_known_is_told_of():
    rival = Rival("the other model", _scores(BINARY, seed=5))
    time = pd.date_range("2026-01-01", periods=900, freq="h").to_numpy()
    found = findings_of(BINARY, _part(BINARY, time=time), _scores(BINARY), {}, rival=rival)
    assert found.protected == ("sex",)
    assert {"income", "purpose"} <= set(found.slices.columns)
    assert list(found.references["model"][:2]) == ["this model", "the other model"]
    assert "no change" in set(found.references["model"])
    assert set(found.parity["column"]) == {"sex"}
    assert 5 <= len(found.over_time) <= 36 and found.over_time["rows"].sum() == 900
    assert len(found.next_work) and len(found.reliability)
    assert {"sex f", "sex m"} < set(found.reliability["slice"])
    # What is in use is judged; at other thresholds the gaps are there to be drawn.
    in_use = found.parity["threshold"].isna() | (found.parity["threshold"] == 0.5)
    assert found.parity["verdict"][in_use].notna().all() and found.parity["verdict"][~in_use].isna().all()
    undecided = found.parity[found.parity["verdict"] == "undecided"]
    assert len(undecided) and set(found.carried["notion"]) <= set(undecided["notion"])
    assert found.carried["slice"].str.startswith(("income ", "purpose ")).all()


@pytest.mark.parametrize("name", ["rows", "n", "auc", "accuracy_at_0.5_low", "score 0", "weight", "repaid_"])
def test_a_column_may_be_called_anything(name):
    part = _part(BINARY, {name: np.arange(900) % 3}, weight=np.ones(900))
    table = findings_of(BINARY, part, _scores(BINARY), {}).slices
    called = name if name in table.columns[:4] else f"{name} (column)"
    assert set(table[called].dropna()) == {"0", "1", "2"}


def test_no_more_columns_are_cut_by_than_are_readable():
    many = {f"number {at}": np.arange(900) % (at + 2) for at in range(40)}
    ids = {"id": [f"row {at}" for at in range(900)], "same": 1.0}
    found = findings_of(BINARY, _part(BINARY, ids | many), _scores(BINARY), {})
    columns = list(found.slices.columns[: list(found.slices.columns).index("rows")])
    assert len(columns) == MOST_COLUMNS and "id" not in columns and "same" not in columns


def test_classes_alone_carry_no_figure_of_probabilities():
    answers = (_scores(BINARY) >= 0.5).astype(float)
    rival = Rival("another", answers)
    found = findings_of(BINARY, _part(BINARY), answers, {}, rival=rival, graded=False)
    for table in (found.slices, found.references):
        told = [str(name) for name in table]
        assert not [name for name in told if name.startswith(("auc", "pr_auc", "log_loss", "brier", "ece"))]
        assert "accuracy" in told
    assert not len(found.reliability) and "calibration" not in set(found.parity["notion"])


def test_images_have_no_columns_and_still_a_page():
    rng = np.random.default_rng(0)
    part = Part(rng.random((300, 4, 4, 1)), rng.integers(0, 3, 300))
    found = findings_of(THREE, part, _scores(THREE, 300), {})
    assert len(found.slices) == 1 and not len(found.parity) and not len(found.worst)


def test_times_as_numbers_are_windows_of_a_round_width():
    part = _part(BINARY, time=np.linspace(0, 1_000, 900))
    windows = findings_of(BINARY, part, _scores(BINARY), {}).over_time["window"].astype(float)
    assert len(set(np.diff(windows))) == 1 and 10 <= len(windows) <= 37


def test_it_is_logged_as_tables_plots_and_a_page(workplace):
    import mlflow

    time = pd.date_range("2026-01-01", periods=900, freq="D").to_numpy()
    with open_run("evaluate", {}) as run:
        log_findings(run, BINARY, _part(BINARY, time=time), _scores(BINARY), "/data/secret/loans/test")
    client = mlflow.MlflowClient()
    folders = ("", "tables", "plots", "plots/thresholds")
    paths = {one.path for folder in folders for one in client.list_artifacts(run.id, folder)}
    assert {
        "report.html", "tables/every_slice.json", "tables/references.json", "tables/parity.json",
        "tables/over_time.json", "tables/next_work.json", "tables/calibration.json",
        "plots/calibration.png", "plots/over_time.png", "plots/thresholds/sex.png",
    } <= paths  # fmt: skip
    page = mlflow.artifacts.load_text(f"runs:/{run.id}/report.html")
    assert len(page.encode()) < 1_000_000 and "Predicting repaid" in page
    assert "loans/test" in page and "secret" not in page
    every = mlflow.load_table("tables/every_slice.json", run_ids=[run.id])
    assert every["slice"][0] == "all rows" and (every["rows"] >= 10).all()


def test_what_people_reach_is_what_the_next_work_is_told_of():
    part, scores = _part(BINARY), _scores(BINARY)
    assert (
        findings_of(BINARY, part, scores, {}, wanted=Wanted(human={"f1": 0.9})).next_work["reference"] < 0.6
    ).all()
    found = findings_of(BINARY, part, scores, {}, wanted=Wanted(human={"accuracy": 0.93})).next_work
    assert (found["reference"] == 0.93).all()
    assert found["gain"].to_numpy() == pytest.approx((found["share"] * (0.93 - found["value"])).to_numpy())


def test_of_an_expression_only_the_rows_of_which_it_holds_are_told_as_places_to_work_on():
    wanted = Wanted.read(where="income > 1")
    found = findings_of(BINARY, _part(BINARY), _scores(BINARY), {}, wanted=wanted)
    assert found.next_work["category"].str.contains("income > 1 True").any()
    assert not found.next_work["category"].str.contains("income > 1 False").any()
    assert not found.worst["slice"].str.contains("income > 1").any()
    assert "False" in set(found.slices["income > 1"])


def test_a_rival_that_says_classes_only_is_set_beside_by_what_classes_tell():
    rival = Rival("models:/rule/1", np.round(_scores(BINARY, seed=5)), graded=False)
    found = findings_of(BINARY, _part(BINARY), _scores(BINARY), {}, rival=rival)
    found = found.references.set_index("model")
    assert found.loc["models:/rule/1", "accuracy"] > 0 and np.isnan(found.loc["models:/rule/1", "auc"])
    assert found.loc["this model", "auc"] > 0


def test_the_area_of_all_rows_is_that_of_the_rows_and_whole_numbers_keep_their_names():
    from sklearn.metrics import roc_auc_score

    tickets = np.random.default_rng(4).integers(0, 3, 900).astype(np.float64)
    part, scores = _part(BINARY, {"tickets": tickets}), _scores(BINARY)
    found = findings_of(BINARY, part, scores, {})
    assert found.decided.iloc[0]["auc"] == pytest.approx(roc_auc_score(part.target, scores), abs=1e-12)
    assert set(found.slices["tickets"].dropna()) == {"0", "1", "2"}
