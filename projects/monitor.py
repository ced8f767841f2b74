"""Compares production with the baseline: `mlflow run . -e monitor -P model_uri=... -P production=FILE`."""

from mlflow_prod.candidate import load, log_monitoring
from mlflow_prod.errors import InvalidParameter
from mlflow_prod.evidence import Evidence
from mlflow_prod.tracking import Run, hand_in, resolve
from projects.entry_point import entry_point, launch
from projects.result import say_measured
from projects.source import Source, check_seed


@entry_point
def monitor(run: Run, model_uri: str, production: str, seed: int = 0) -> Evidence:
    """Compare production rows with the baseline; of a registered version, as evidence for the registry."""
    check_seed(seed)
    if not production:
        raise InvalidParameter("production", "a name, a path or module:function", production)
    reference = resolve(model_uri)
    model = load(reference)
    run.rename(f"monitor on {production}")
    parts = Source(data=production, seed=seed).parts(reference, model.task)
    evidence = log_monitoring(run, reference, model, parts, production)
    hand_in(reference, [evidence])
    say_measured(run, reference, [evidence])
    return evidence


if __name__ == "__main__":
    launch(monitor)
