"""The whole path on small data; `tests/story` has the demo itself."""

import mlflow
import pytest

from projects.main import main, name_of
from projects.train import train
from tests.projects.conftest import DIGITS, IMAGES


def children(run_id):
    found = mlflow.search_runs(filter_string=f"tags.mlflow.parentRunId = '{run_id}'", output_format="list")
    return {run.data.tags["entry_point"]: run for run in found}


def main_run():
    (run,) = mlflow.search_runs(
        filter_string="tags.entry_point = 'main' and params.units = '32'", output_format="list"
    )
    return run


def test_images_go_the_same_way_and_have_no_groups_to_compare(home):
    (attempt,) = home.made("main")
    assert (attempt.model, attempt.reasons) == ("models:/digits/1", "")


def test_steps_are_children_of_the_one_run(home):
    home.made("main")
    assert {"train", "compress", "register", "promote"} == set(children(main_run().info.run_id))


def test_a_step_alone_finds_what_it_finds_in_the_whole(home):
    home.made("main")
    inside = children(main_run().info.run_id)["train"]
    alone = train(DIGITS, **IMAGES)
    (outside,) = mlflow.search_runs(filter_string=f"tags.model_uri = '{alone.uri}'", output_format="list")
    assert outside.data.metrics == inside.data.metrics
    assert outside.data.params == inside.data.params


def test_a_refusal_without_a_remedy_is_an_honest_end(home):
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
