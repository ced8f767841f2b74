"""What a script says once it has measured something."""

from collections.abc import Iterable

from mlflow_prod import report
from mlflow_prod.evidence import Evidence
from mlflow_prod.tracking import ModelReference, collect


def say_measured(evidence: Iterable[Evidence]) -> None:
    """Prints the figures of each check that one looks at first."""
    for record in evidence:
        print(report.headline(record))


def say_made(model: ModelReference) -> None:
    """Prints what was measured of a new model, and where it is."""
    say_measured(attestation.evidence for attestation in collect(model.model_id, model.digest))
    print(f"made {model.uri}")


def what_next(model: ModelReference) -> str:
    """The command that comes next for a new model: a small one can be registered, a large one made small."""
    step = "register -P name=NAME" if "tflite" in model.flavors else "compress"
    return f"next: mlflow run . --env-manager local -e {step} -P model_uri={model.uri}"
