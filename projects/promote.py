"""Asks the registry for a promotion: `mlflow run . -e promote -P name=NAME -P version=2`."""

import warnings

from mlflow_prod.errors import InvalidParameter, Refused, nearest
from mlflow_prod.tracking import Run, hold_gated
from projects.entry_point import entry_point, launch

STAGES = {"none": "None", "staging": "Staging", "production": "Production", "archived": "Archived"}
USUAL = ("production", "staging", "archived", "champion", "challenger")


@entry_point
def promote(run: Run, name: str, version: str, targets: str = "Production,champion") -> None:
    """Give a version the stages and aliases in `targets`, in turn; the first refusal ends the run."""
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    wanted = named(targets)
    run.rename(f"promote {name}/{version}")
    hold_gated(name, version)
    client = MlflowClient()
    for target in wanted:
        try:
            if stage := STAGES.get(target.lower()):
                with warnings.catch_warnings():
                    # MLflow calls stages deprecated at each use; teams that promote by stage know.
                    warnings.simplefilter("ignore", FutureWarning)
                    client.transition_model_version_stage(
                        name, version, stage, archive_existing_versions=True
                    )
            else:
                client.set_registered_model_alias(name, target, version)
        except MlflowException as refusal:
            if refusal.error_code != "PERMISSION_DENIED":
                raise
            run.rename(f"promote {name}/{version}: refused")
            raise Refused(refusal.message) from refusal
        run.set_tag(f"promoted/{target}", f"models:/{name}/{version}")
        print(f"promoted: models:/{name}/{version} holds {target}")


def holder_of(name: str, target: str) -> str:
    """`models:/NAME/VERSION` of the version that holds a stage or alias, "" where none does."""
    from mlflow import MlflowClient

    versions = MlflowClient().search_model_versions(f"name = '{name}'")
    stage = STAGES.get(target.lower())
    held = [one for one in versions if (one.current_stage == stage if stage else target in one.aliases)]
    return f"models:/{name}/{max(int(one.version) for one in held)}" if held else ""


def named(targets: str) -> list[str]:
    """The targets in a list with commas between; InvalidParameter where one is empty.

    So it is where one is a slip of a stage or a usual alias, such as `champoin`: the registry would take it
    for a new alias, which nothing protects. Whoever means it sets it in the registry.
    """
    found = [word.strip() for word in targets.split(",")]
    if not all(found):
        raise InvalidParameter("targets", "stages and aliases with commas between", targets)
    for word in found:
        near = nearest(word, USUAL, likeness=0.8)
        if near and word.isalpha() and word.lower() != near:
            raise InvalidParameter("targets", f"spelt right: did you mean {near!r}?", word)
    return found


if __name__ == "__main__":
    launch(promote)
