"""The demo, as a stranger starts it."""

import mlflow

from tests.demo import ROOT


def test_it_is_refused_improved_promoted_and_refused_after_drift(story):
    assert [(row.model, bool(row.reasons)) for row in story.promotions.itertuples()] == [
        ("models:/loans/1", True),
        ("models:/loans/2", False),
        ("models:/loans/2", True),
    ]


def test_each_refusal_has_one_reason(story):
    first, _, last = story.promotions["reasons"]
    assert "1 reason" in first and "true_positive_rate across sex" in first
    assert "1 reason" in last and "drifted_share" in last


def test_the_improved_version_keeps_what_it_holds(story):
    client = mlflow.MlflowClient()
    assert str(client.get_model_version_by_alias("loans", "champion").version) == "2"
    stages = {str(mv.version): mv.current_stage for mv in client.search_model_versions("name = 'loans'")}
    assert stages == {"1": "None", "2": "Production"}


def test_the_compressed_file_is_at_least_two_and_a_half_times_smaller(story):
    runs = story.runs_of("compress")
    assert len(runs) == 2
    assert min(run.data.metrics["compression_ratio"] for run in runs) >= 2.5


def test_groups_are_large_enough_to_compare(story):
    table = story.table("slices", "compress")
    rates = table[(table["measure"] == "true_positive_rate") & table["slice"].str.startswith("sex")]
    assert len(rates) == 2 and (rates["n"] >= 4000).all()


def test_what_holds_production_answers_raw_rows(story):
    model = mlflow.pyfunc.load_model("models:/loans@champion")
    assert set(model.predict(model.input_example)["prediction"]) <= {"yes", "no"}


def test_each_version_is_described_by_its_card(story):
    for version in ("1", "2"):
        description = mlflow.MlflowClient().get_model_version("loans", version).description
        assert "loans" in description and "| sex Female |" in description


def test_the_end_says_what_happened(story):
    ending = story.said[story.said.rindex("=" * 78) :]
    assert "refused  models:/loans/1" in ending and "promoted models:/loans/2" in ending


def test_every_measure_that_a_policy_can_name_is_documented(story):
    documented = (ROOT / "docs" / "policy.md").read_text()
    for entry_point in ("compress", "monitor"):
        for name in story.runs_of(entry_point)[0].data.metrics:
            last = "COLUMN" if name.startswith("importance/") else name.rsplit("/", 1)[-1]
            assert f"`{last}`" in documented or f"/{last}`" in documented, name
