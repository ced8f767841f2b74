"""Asks the registry for a promotion: `mlflow run . -e promote -P name=NAME -P version=2`."""

from mlflow_prod import tracking
from mlflow_prod.errors import InvalidParameter, Refused, nearest
from mlflow_prod.tracking import STAGES, Run
from projects.entry_point import entry_point, launch

USUAL = ("production", "staging", "archived", "champion", "challenger")


@entry_point
def promote(run: Run, name: str, version: str, targets: str = "Production,champion") -> None:
    """Give a version the stages and aliases in `targets`, in turn; the first refusal ends the run."""
    wanted = named(targets)
    run.rename(f"promote {name}/{version}")
    for target in wanted:
        try:
            tracking.promote(name, version, target)
        except Refused:
            run.rename(f"promote {name}/{version}: refused")
            raise
        run.set_tag(f"promoted/{target}", f"models:/{name}/{version}")
        print(f"promoted: models:/{name}/{version} holds {target}")


def holder_of(name: str, target: str) -> str:
    """`models:/NAME/VERSION` of the version that holds a stage or alias, "" where none does."""
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    client = MlflowClient()
    if stage := STAGES.get(target.lower()):
        versions = client.search_model_versions(f"name = '{name}'")
        held = [int(one.version) for one in versions if one.current_stage == stage]
    else:
        try:
            # A search for versions does not tell their aliases.
            aliases = client.get_registered_model(name).aliases
        except MlflowException as problem:
            if problem.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            return ""
        held = [int(version) for alias, version in aliases.items() if alias.lower() == target.lower()]
    return f"models:/{name}/{max(held)}" if held else ""


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
