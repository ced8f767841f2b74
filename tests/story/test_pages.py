"""What a person sees in MLflow's own UI."""

import pytest

from tests.browser import CHROMIUM, ask_for_alias, chromium, compare_metrics
from tests.serving import mlflow_server

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"needs {CHROMIUM}: apt-get install chromium")


@pytest.fixture(scope="module")
def server(told):
    with mlflow_server(told.folder, **told.environment) as address:
        yield address


@pytest.fixture
def page():
    with chromium() as page:
        yield page


def test_the_alias_dialog_shows_the_refusal_and_its_reason(server, page):
    said = ask_for_alias(page, server, "loans", "1", "champion")
    assert "Version 1 of loans to champion: refused, 1 reason" in said
    assert "true_positive_rate across sex" in said


def test_slices_of_two_runs_stand_side_by_side(server, page, story):
    metric = "slice/sex/Female/true_positive_rate"
    runs = story.runs_of("compress")
    seen = compare_metrics(page, server, story.experiment, [run.info.run_id for run in runs], metric)
    assert metric in seen
    for run in runs:
        assert f"{run.data.metrics[metric]:.3f}".rstrip("0") in seen
