"""Takes the README's pictures from MLflow's real UI: `make screenshots`."""

import os
import tempfile
from pathlib import Path

from tests.browser import ask_for_alias, chromium, compare_metrics
from tests.demo import Story
from tests.serving import mlflow_server

IMAGES = Path(__file__).parent / "images"


def main() -> None:
    """Runs the demo in a folder of its own, then photographs a refusal and a comparison."""
    with tempfile.TemporaryDirectory() as folder:
        story = Story(Path(folder)).tell()
        os.environ |= story.environment
        with mlflow_server(story.folder, **story.environment) as server, chromium() as page:
            ask_for_alias(page, server, "loans", "1", "champion")
            page.screenshot(path=IMAGES / "refusal.png")
            runs = [run.info.run_id for run in story.runs_of("compress")]
            compare_metrics(page, server, story.experiment, runs, "slice/sex/Female/true_positive_rate")
            page.screenshot(path=IMAGES / "slices.png")
    print(f"written: {IMAGES}/refusal.png, {IMAGES}/slices.png")


if __name__ == "__main__":
    main()
