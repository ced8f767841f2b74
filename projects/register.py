"""Makes a logged model a version in the registry: `mlflow run . -e register -P model_uri=... -P name=...`."""

import re

from mlflow_prod import candidate
from mlflow_prod.errors import InvalidParameter
from mlflow_prod.tracking import Run, resolve
from projects.entry_point import entry_point, launch


@entry_point
def register(run: Run, model_uri: str, name: str) -> str:
    """Create a version, submit all evidence recorded for the model, and describe it by its model card."""
    check_name(name)
    version = candidate.register(resolve(model_uri), name)
    run.rename(f"register {name}/{version}")
    run.set_tag("registered", f"models:/{name}/{version}")
    print(f"registered models:/{name}/{version}")
    return version


def check_name(name: str) -> None:
    """Raises InvalidParameter for a name by which `models:/NAME/VERSION` would not find the model."""
    if not re.fullmatch(r"[\w][\w. -]{0,199}", name):
        raise InvalidParameter("name", "letters, digits, _, -, . and blanks, at most 200", name)


if __name__ == "__main__":
    launch(register)
