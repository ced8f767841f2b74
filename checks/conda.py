"""conda.yaml, written from requirements.lock: `python -m checks.conda > conda.yaml`."""

import sys
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
PYTHON = "3.11"
HEAD = f"""\
# The one environment of every entry point in MLproject. Made from requirements.lock by `make lock`.
name: mlflow-prod
channels:
  - conda-forge
dependencies:
  - python={PYTHON}
  - pip
  - pip:
"""


def pins(lock: str) -> dict[str, Requirement]:
    """The requirement of each package in a lock file's text, by name; hashes left out."""
    lines = (line.removesuffix("\\").strip() for line in lock.splitlines() if line[:1].isalnum())
    return {requirement.name: requirement for requirement in map(Requirement, lines)}


def conda_yaml(lock: str) -> str:
    """The text of conda.yaml for a lock file's text.

    The package itself comes last, as `.`: MLflow finds the `gated:` scheme through its metadata. pip is left
    to conda. Markers are settled for Linux and the one Python that the file names.
    """
    machine = {"python_version": PYTHON, "python_full_version": f"{PYTHON}.0", "sys_platform": "linux"}
    wanted = [
        f"{pin.name}{pin.specifier}"
        for pin in pins(lock).values()
        if pin.name != "pip" and (pin.marker is None or pin.marker.evaluate(machine))
    ]
    return HEAD + "".join(f"      - {line}\n" for line in [*wanted, "."])


if __name__ == "__main__":
    sys.stdout.write(conda_yaml((ROOT / "requirements.lock").read_text()))
