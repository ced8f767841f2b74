"""Takes the pictures of README and docs from MLflow's real UI and a real report: `make screenshots`."""

import os
import tempfile
from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from mlflow.artifacts import download_artifacts

from projects.compress import compress
from tests.browser import ask_for_alias, ask_for_copy, ask_for_stage, chromium, compare_metrics, notice
from tests.demo import Story
from tests.serving import mlflow_server

IMAGES = Path(__file__).parent / "images"
# A registered model that takes only what is fair enough.
GATED = """
  loans-production:
    every_version: true
    require:
      - {check: fairness, measure: true_positive_rate, across: sex, gap_at_most: 0.05}
"""
# Where a notice and what it is about stand: the top of the page.
TOP = {"x": 0, "y": 0, "width": 1400, "height": 420}
# A report's head, and the model beside what learns nothing.
HEAD = {"x": 0, "y": 0, "width": 1400, "height": 850}


def main() -> None:
    """Runs the demo in a folder of its own, then photographs refusals, a comparison and a report."""
    with tempfile.TemporaryDirectory() as folder:
        story = Story(Path(folder)).tell()
        policy = story.folder / "policy.yaml"
        policy.write_text(Path(story.environment["MLFLOW_PROD_POLICY"]).read_text() + GATED)
        os.environ |= story.environment | {"MLFLOW_PROD_POLICY": str(policy)}
        with mlflow_server(story.folder, MLFLOW_PROD_POLICY=str(policy)) as server:
            for picture in (refusal_alias, refusal_stage, refusal_promote, slices, report):
                with chromium() as page:
                    picture(page, server, story)
                print(f"written: {IMAGES / picture.__name__.replace('_', '-')}.png")
        front(story)


def refusal_alias(page: Any, server: str, story: Story) -> None:
    """The alias dialog, which stays open with every reason in it."""
    ask_for_alias(page, server, "loans", "1", "champion")
    page.screenshot(path=IMAGES / "refusal-alias.png")


def refusal_stage(page: Any, server: str, story: Story) -> None:
    """The notice that follows a stage's menu."""
    ask_for_stage(page, server, "loans", "1", "Production")
    page.screenshot(path=IMAGES / "refusal-stage.png", clip=TOP)


def refusal_promote(page: Any, server: str, story: Story) -> None:
    """The notice beside the dialog "Promote model", where the other model takes no such version."""
    MlflowClient(server, server).create_registered_model("loans-production")
    ask_for_copy(page, server, "loans", "1", "loans-production")
    notice(page)
    page.screenshot(path=IMAGES / "refusal-promote.png")


def slices(page: Any, server: str, story: Story) -> None:
    """Two runs side by side, metrics by slice."""
    runs = [run.info.run_id for run in story.runs_of("compress")]
    compare_metrics(page, server, story.experiment, runs, "slice/sex/Female/true_positive_rate")
    page.screenshot(path=IMAGES / "slices.png")


def report(page: Any, server: str, story: Story) -> None:
    """The page that tells what an evaluation found, of the model as it was trained first."""
    run = story.runs_of("train")[-1].info.run_id
    page.goto(Path(download_artifacts(f"runs:/{run}/report.html")).as_uri())
    page.screenshot(path=IMAGES / "report.png", clip=HEAD)


def front(story: Story) -> None:
    """Recipes side by side: what each loses, weighs and takes, of the model as it was trained first."""
    compress(story.runs_of("train")[-1].data.tags["model_uri"], recipes="auto")
    (run,) = (run for run in story.runs_of("compress") if "best of" in run.info.run_name)
    picture = Path(download_artifacts(f"runs:/{run.info.run_id}/plots/front.png"))
    (IMAGES / "front.png").write_bytes(picture.read_bytes())


if __name__ == "__main__":
    main()
