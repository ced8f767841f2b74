"""The demo, run once as a stranger runs it."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

ROOT = Path(__file__).parents[1]


@dataclass
class Story:
    """Where the demo ran, and what it said on its standard output."""

    folder: Path
    said: str = ""
    experiment: str = ""

    @property
    def environment(self) -> dict[str, str]:
        """What points MLflow at the story's stores and policy."""
        database = f"sqlite:///{self.folder}/mlflow.db"
        return {
            "MLFLOW_TRACKING_URI": database,
            "MLFLOW_REGISTRY_URI": f"gated:{database}",
            "MLFLOW_PROD_POLICY": str(ROOT / "policy.yaml"),
        }

    def tell(self) -> "Story":
        """Runs `mlflow run . --env-manager local` of the checkout; AssertionError unless it ends well."""
        from mlflow import MlflowClient

        self.folder.mkdir(parents=True, exist_ok=True)
        client = MlflowClient(tracking_uri=self.environment["MLFLOW_TRACKING_URI"])
        # The script runs in the checkout; what it logs must not land there.
        experiment = client.create_experiment("demo", artifact_location=str(self.folder / "artifacts"))
        command = [str(Path(sys.executable).with_name("mlflow")), "run", str(ROOT), "--env-manager", "local"]
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            [*command, "--experiment-id", experiment],
            env={**os.environ, **self.environment, "PATH": path},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr[-4000:]
        self.said = done.stdout
        self.experiment = experiment
        return self

    def runs_of(self, entry_point: str) -> list[Any]:
        """The runs of an entry point, the newest first."""
        import mlflow

        return mlflow.search_runs(
            [self.experiment],
            f"tags.entry_point = '{entry_point}'",
            order_by=["start_time DESC"],
            output_format="list",
        )

    def table(self, name: str, entry_point: str) -> pd.DataFrame:
        """A table of the newest run of an entry point."""
        from mlflow.artifacts import load_dict

        return pd.DataFrame(
            **load_dict(f"runs:/{self.runs_of(entry_point)[0].info.run_id}/tables/{name}.json")
        )

    @property
    def promotions(self) -> pd.DataFrame:
        """Each promotion that was asked for, and the answer."""
        return self.table("promotions", "main")
