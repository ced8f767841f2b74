"""The whole path: the demo as a stranger starts it, and on small data."""

import mlflow
import pytest

from projects.main import main, name_of
from projects.train import train
from tests.projects.conftest import DIGITS, IMAGES


def children(run_id):
    found = mlflow.search_runs(filter_string=f"tags.mlflow.parentRunId = '{run_id}'", output_format="list")
    return {run.data.tags["entry_point"]: run for run in found}


@pytest.mark.xdist_group("story")
class TestDemo:
    def test_it_is_refused_improved_promoted_and_refused_after_drift(self, story):
        assert [(row.model, bool(row.reasons)) for row in story.promotions.itertuples()] == [
            ("models:/loans/1", True),
            ("models:/loans/2", False),
            ("models:/loans/2", True),
        ]

    def test_each_refusal_has_one_reason(self, story):
        first, _, last = story.promotions["reasons"]
        assert "1 reason" in first and "true_positive_rate across sex" in first
        assert "1 reason" in last and "drifted_share" in last

    def test_the_improved_version_keeps_what_it_holds(self, story):
        client = mlflow.MlflowClient()
        assert str(client.get_model_version_by_alias("loans", "champion").version) == "2"
        stages = {str(mv.version): mv.current_stage for mv in client.search_model_versions("name = 'loans'")}
        assert stages == {"1": "None", "2": "Production"}

    def test_the_compressed_file_is_at_least_two_and_a_half_times_smaller(self, story):
        runs = story.runs_of("compress")
        assert len(runs) == 2
        assert min(run.data.metrics["compression_ratio"] for run in runs) >= 2.5

    def test_groups_are_large_enough_to_compare(self, story):
        table = story.table("slices", "compress")
        rates = table[(table["measure"] == "true_positive_rate") & table["slice"].str.startswith("sex")]
        assert len(rates) == 2 and (rates["n"] >= 4000).all()

    def test_what_holds_production_answers_raw_rows(self, story):
        model = mlflow.pyfunc.load_model("models:/loans@champion")
        assert set(model.predict(model.input_example)["prediction"]) <= {"yes", "no"}

    def test_each_version_is_described_by_its_card(self, story):
        for version in ("1", "2"):
            description = mlflow.MlflowClient().get_model_version("loans", version).description
            assert "loans" in description and "| sex Female |" in description

    def test_the_end_says_what_happened(self, story):
        ending = story.said[story.said.rindex("=" * 78) :]
        assert "refused  models:/loans/1" in ending and "promoted models:/loans/2" in ending


def main_run():
    (run,) = mlflow.search_runs(
        filter_string="tags.entry_point = 'main' and params.units = '32'", output_format="list"
    )
    return run


class TestOnSmallData:
    def test_images_go_the_same_way_and_have_no_groups_to_compare(self, home):
        (attempt,) = home.made("main")
        assert (attempt.model, attempt.reasons) == ("models:/digits/1", "")

    def test_steps_are_children_of_the_one_run(self, home):
        home.made("main")
        assert {"train", "compress", "register", "promote"} == set(children(main_run().info.run_id))

    def test_a_step_alone_finds_what_it_finds_in_the_whole(self, home):
        home.made("main")
        inside = children(main_run().info.run_id)["train"]
        alone = train(DIGITS, **IMAGES)
        (outside,) = mlflow.search_runs(filter_string=f"tags.model_uri = '{alone.uri}'", output_format="list")
        assert outside.data.metrics == inside.data.metrics
        assert outside.data.params == inside.data.params

    def test_a_refusal_without_a_remedy_is_an_honest_end(self, home):
        (attempt,) = main(DIGITS, units="8", epochs=1, targets="champion")
        assert attempt.reasons.startswith("Version ") and "accuracy" in attempt.reasons


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ("loans?bias=0.4", "loans"),
        ("../shared/adult.data.gz", "adult"),
        ("digits", "digits"),
        ("mine.data:rows", "rows"),
        ("folder/of/images", "images"),
    ],
)
def test_a_model_is_named_after_its_data(data, name):
    assert name_of(data) == name
