"""`mlflow-prod promote`, and what goes with promotions: by hand, or in continuous integration."""

import json
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from mlflow.store.entities import PagedList

REFUSED = 3


@click.command()
@click.argument("name")
@click.argument("version")
@click.argument("target")
@click.option("--check", is_flag=True, help="only say what the gate would decide")
@click.option("--json", "as_json", is_flag=True, help="with --check: the decision as JSON")
def promote(name: str, version: str, target: str, check: bool, as_json: bool) -> None:
    """Give VERSION of model NAME the stage or alias TARGET, or copy it: models:/OTHER.

    Exit code 3 where the gate refuses, with every reason.
    """
    from mlflow_prod import tracking

    if as_json and not check:
        raise click.UsageError("--json goes with --check")
    if check:
        decision = tracking.check(name, version, target)
        click.echo(json.dumps(decision, indent=1) if as_json else _told(version, decision))
        sys.exit(0 if decision["allowed"] else REFUSED)
    _give(name, version, target)
    click.echo(f"promoted: models:/{name}/{version} to {target}")


@click.command()
@click.argument("name")
@click.argument("target")
def rollback(name: str, target: str) -> None:
    """Give a stage or alias of model NAME back to the version that held it before."""
    from mlflow_prod import tracking

    version = tracking.previous(name, target)
    _give(name, version, target)
    click.echo(f"rolled back: models:/{name}/{version} holds {target} again")


@click.command()
@click.argument("name")
@click.argument("version")
@click.argument("target")
@click.option("--person", required=True, help="who answers for it")
@click.option("--reason", required=True, help="why")
def override(name: str, version: str, target: str, person: str, reason: str) -> None:
    """Break the glass: promote against the policy, signed by the key that MLFLOW_PROD_KEY_FILE names.

    The policy must name the key's signer under override_by. It is written into the ledger, for good.
    """
    from mlflow_prod import tracking

    tracking.override(name, version, target, person, reason)
    click.echo(f"overridden: models:/{name}/{version} holds {target}, on the word of {person}")


@click.command()
@click.argument("name")
@click.argument("version")
@click.argument("target")
@click.option("--note", default="", help="for the ledger")
@click.option("--take-back", is_flag=True, help="no longer approve")
def approve(name: str, version: str, target: str, note: str, take_back: bool) -> None:
    """Approve, as the signed-in user, that VERSION of model NAME gets TARGET."""
    from mlflow_prod import tracking

    uncounted = tracking.approve(name, version, target, note, taken_back=take_back)
    click.echo(f"{'taken back' if take_back else 'approved'}: models:/{name}/{version} for {target}")
    if uncounted:
        click.echo(f"not counted: {uncounted}", err=True)


@click.command()
@click.argument("names", nargs=-1)
@click.option("--note", default="", help="for the ledger")
def adopt(names: tuple[str, ...], note: str) -> None:
    """Take in the versions that hold protected targets since before the gate; of all models, or of NAMES.

    Of a named model whose every version is protected, also the versions that are in it since before.
    """
    from mlflow import MlflowClient

    from mlflow_prod import tracking
    from mlflow_prod.evidence import PROMOTED_TAG

    client, found = MlflowClient(), 0
    for model in names or [one.name for one in _all(client.search_registered_models)]:
        # A search for versions knows their stages and not their aliases.
        versions = list(_all(client.search_model_versions, filter_string=f"name = '{model}'"))
        staged = {str(one.version) for one in versions if one.current_stage in ("Staging", "Production")}
        aliased = {str(version) for version in client.get_registered_model(model).aliases.values()}
        # What came in by the gate bears its tag.
        inside = {str(one.version) for one in versions if names and PROMOTED_TAG not in one.tags}
        for version in sorted(staged | aliased | inside, key=int):
            for target in tracking.adopt(model, version, note):
                found += 1
                click.echo(f"adopted: models:/{model}/{version}{f' holds {target}' if target else ''}")
    if not found:
        click.echo("nothing to adopt")


def _give(name: str, version: str, target: str) -> None:
    from mlflow_prod import tracking
    from mlflow_prod.errors import Refused

    try:
        tracking.promote(name, version, target)
    except Refused as refusal:
        click.echo(f"error: {refusal}", err=True)
        sys.exit(REFUSED)


def _all(search: "Callable[..., PagedList[Any]]", **options: str) -> Iterator[Any]:
    token = None
    while True:
        page = search(page_token=token, **options)
        yield from page
        token = page.token
        if not token:
            return


def _told(version: str, decision: dict[str, Any]) -> str:
    verdict = "allowed" if decision["allowed"] else "refused"
    said = f"version {version} to {decision['target'] or decision['model']}: {verdict}"
    unmet = [f"  not met: {line}" for line in decision["reasons"]]
    return "\n".join([said, *unmet, *(f"  {line}" for line in decision["notes"])])
