"""The command line: `mlflow-prod`, and how any command of ours ends."""

from mlflow_prod.cli.commands import main
from mlflow_prod.cli.ending import run_and_exit

__all__ = ["main", "run_and_exit"]
