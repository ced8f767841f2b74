"""The demo, run once as a stranger runs it."""

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).parents[1]


@dataclass
class Story:
    """Where the demo ran, and what it said on its standard output."""

    folder: Path
    said: str = ""
    experiments: list[str] = field(default_factory=list)

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
        """Runs `mlflow run . --env-manager local` in a copy-free checkout; asserts that it ends well."""
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
        self.experiments = [experiment]
        return self

    def run_of(self, entry_point: str) -> str:
        """Id of the newest run of an entry point."""
        import mlflow

        (run,) = mlflow.search_runs(
            self.experiments,
            f"tags.entry_point = '{entry_point}'",
            order_by=["start_time DESC"],
            max_results=1,
            output_format="list",
        )
        return str(run.info.run_id)

    def table(self, name: str, entry_point: str) -> pd.DataFrame:
        """A table of the newest run of an entry point."""
        from mlflow.artifacts import load_dict

        return pd.DataFrame(**load_dict(f"runs:/{self.run_of(entry_point)}/tables/{name}.json"))

    @property
    def promotions(self) -> pd.DataFrame:
        """Each promotion that was asked for, and the answer."""
        return self.table("promotions", "main")
