"""Builds environments that take too long for the suite, and tries each on this checkout: `make test-envs`."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from checks.conda import ROOT, pins

OLDEST_MLFLOW = "3.16.0"
# Run in the project's folder, as entry points are, so that the code is the checkout's.
PROBE = f"""
import sys, mlflow, mlflow_prod
from mlflow.tracking._model_registry.utils import _get_store
assert mlflow_prod.__file__ == {str(ROOT / "mlflow_prod" / "__init__.py")!r}, mlflow_prod.__file__
store = _get_store("gated:sqlite:///" + sys.argv[1])
assert any(base.__module__.startswith("mlflow_prod.") for base in type(store).__mro__), type(store)
print("ok: mlflow", mlflow.__version__, "with this checkout's", type(store).__name__)
"""


def main() -> None:
    """Both environments, in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="mlflow-prod-") as name:
        place = Path(name)
        print("== the uv environment of MLproject", flush=True)
        through_uv(place)
        print(f"== MLflow {OLDEST_MLFLOW}, the oldest declared", flush=True)
        with_oldest_mlflow(place)


def through_uv(place: Path) -> None:
    """Trains on digits through `mlflow run --env-manager uv`, then asks its environment what it loads."""
    environments = place / "uv"
    database = f"sqlite:///{place}/mlflow.db"
    settings = {
        "MLFLOW_ENV_ROOT": str(environments),
        "MLFLOW_TRACKING_URI": database,
        "MLFLOW_REGISTRY_URI": f"gated:{database}",
        "MLFLOW_PROD_POLICY": str(ROOT / "policy.yaml"),
    }
    mlflow = str(Path(sys.executable).with_name("mlflow"))
    train = ["-e", "train", "-P", "data=digits", "-P", "epochs=1"]
    run([mlflow, "run", str(ROOT), "--env-manager", "uv", *train], place, settings)
    (made,) = environments.iterdir()
    probe(made, place)


def with_oldest_mlflow(place: Path) -> None:
    """The lock's versions beside the oldest MLflow that pyproject.toml declares."""
    uv = str(Path(sys.executable).with_name("uv"))
    others = place / "constraints.txt"
    locked = pins((ROOT / "requirements.lock").read_text())
    others.write_text("".join(f"{pin}\n" for name, pin in locked.items() if not name.startswith("mlflow")))
    environment = place / "oldest"
    run([uv, "venv", "--quiet", "--python", sys.executable, str(environment)], place)
    python = str(environment / "bin" / "python")
    wanted = ["--editable", str(ROOT), f"mlflow=={OLDEST_MLFLOW}", "--constraint", str(others)]
    run([uv, "pip", "install", "--quiet", "--python", python, *wanted], place)
    probe(environment, place)


def probe(environment: Path, place: Path) -> None:
    """Fails unless `environment` loads this checkout's code and its registry store."""
    run([str(environment / "bin" / "python"), "-c", PROBE, str(place / "probe.db")], ROOT)


def run(command: list[str], folder: Path, settings: dict[str, str] | None = None) -> None:
    """Runs a command in `folder` with further environment variables; a failure ends everything."""
    subprocess.run(command, cwd=folder, env=os.environ | (settings or {}), check=True)


if __name__ == "__main__":
    main()
