"""What a script says once it has measured something."""

from collections.abc import Iterable
from pathlib import Path

from mlflow_prod import report
from mlflow_prod.evidence import Evidence
from mlflow_prod.tracking import ModelReference, Run, collect


def say_measured(run: Run, model: ModelReference, evidence: Iterable[Evidence], *said: str) -> None:
    """Prints the figures that one looks at first, and describes the run by them, and before all by `said`."""
    lines = [*said, *(report.headline(record) for record in evidence)]
    if model.version:
        lines.append(f"submitted to models:/{model.name}/{model.version}")
    print("\n".join(lines))
    # Markdown, in which a blank line parts two lines.
    run.describe("\n\n".join(lines))


def say_made(run: Run, model: ModelReference, *said: str) -> None:
    """The same of a model that the run made, and where it is."""
    say_measured(run, model, [one.evidence for one in collect(model.model_id, model.digest)], *said)
    print(f"made {model.uri}")


def what_next(model: ModelReference) -> str:
    """The command that comes next for a new model: a small one can be registered, a large one made small."""
    step = "register -P name=NAME" if "tflite" in model.flavors else "compress"
    return f"next: mlflow run {Path.cwd()} --env-manager local -e {step} -P model_uri={model.uri}"
