"""`mlflow-prod audit`: what the ledger says, and whether it is whole."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlflow_prod.cli.store import STORE, reading

if TYPE_CHECKING:
    from mlflow_prod.plugins.strays import Stray

UNKNOWN_HOLDER = 4


@click.group()
def audit() -> None:
    """The ledger: who was promoted, by whom, on what; and whether a row was tampered with."""


@audit.command()
@STORE
@click.option("--model", help="of this registered model only")
@click.option("--json", "as_json", is_flag=True, help="JSON lines, whole rows")
def log(store: str, model: str | None, as_json: bool) -> None:
    """Print every decision, the oldest first."""
    from mlflow_prod.registry import decisions

    with reading(store) as connection:
        for row in decisions(connection, model):
            if as_json:
                click.echo(json.dumps(row))
                continue
            when = datetime.fromtimestamp(row["decided_at"] / 1_000, UTC).strftime("%Y-%m-%d %H:%M:%S")
            what = f"{row['model']}/{row['version']}{_of(row)}"
            click.echo(f"{when}  {_outcome(row):<10}  {what}  by {row['author']}")
            # What lets a promotion through fills pages; what is beside the rules is said.
            told = json.loads(row["notes"]) if row["action"] not in ("promotion", "withdrawal") else []
            for line in [*json.loads(row["reasons"]), *told]:
                # The signed text of an override is for verifying.
                if not line.startswith("{"):
                    click.echo(f"    {line}")


def _exported(file: Path) -> Iterator[dict[str, Any]]:
    from mlflow_prod.errors import InvalidParameter

    with file.open(errors="replace") as lines:
        for number, line in enumerate(lines, 1):
            try:
                row = json.loads(line)
                sound = {"table", "id", "digest"} <= set(row) and row["table"].startswith("mlflow_prod_")
            except (ValueError, TypeError, AttributeError, RecursionError):
                sound = False
            if not sound:
                raise InvalidParameter("against", "what `mlflow-prod audit export` printed", f"line {number}")
            yield row
    if not file.stat().st_size:
        raise InvalidParameter("against", "what `mlflow-prod audit export` printed", "an empty file")


def _outcome(row: Mapping[str, Any]) -> str:
    if row["action"] == "promotion":
        return "allowed" if row["allowed"] else "refused"
    if row["action"] == "approval" and not row["allowed"]:
        return "taken back"
    return "withdrawn" if row["action"] == "withdrawal" else str(row["action"])


def _of(row: Mapping[str, Any]) -> str:
    if row["action"] == "revocation":
        return f": {row['target']} evidence"
    return f" to {row['target']}" if row["target"] else ""


@audit.command("who-held")
@click.argument("target")
@click.option("--at", type=click.DateTime(), help="UTC, such as 2026-11-21T12:00:00  [default: now]")
@STORE
@click.option("--model", help="of this registered model only")
def who_held(target: str, at: datetime | None, store: str, model: str | None) -> None:
    """Print which versions held a stage or alias at a time."""
    from mlflow_prod.registry import who_held as held_at

    with reading(store) as connection:
        found = held_at(connection, target, at.replace(tzinfo=UTC) if at else datetime.now(UTC), model)
    for holding in found:
        click.echo(
            f"{holding.model}/{holding.version}  since {holding.since:%Y-%m-%d %H:%M:%S}  by {holding.author}"
        )
    if not found:
        click.echo("nobody")


@audit.command()
@STORE
def export(store: str) -> None:
    """Print every row of the ledger as JSON lines, evidence and decisions."""
    from mlflow_prod.registry import export as rows_of

    with reading(store) as connection:
        for row in rows_of(connection):
            click.echo(json.dumps(row))


@audit.command()
@STORE
@click.option(
    "--against",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="an earlier export, whose rows must be there unchanged",
)
def verify(store: str, against: Path | None) -> None:
    """Check that no row of the ledger was changed, removed or moved; exit code 1 where one was.

    Exit code 4 where the ledger is whole and does not know who holds what the policy protects: the file that
    MLFLOW_PROD_POLICY names, else policy.yaml.
    """
    from mlflow_prod.errors import PolicyError
    from mlflow_prod.plugins.strays import strays
    from mlflow_prod.registry import NoPolicy, PolicyFile, changed_since, faults

    policy = PolicyFile().read()
    with reading(store) as connection:
        found = list(faults(connection))
        if against is not None:
            # What is missing is missed by both.
            found = list(dict.fromkeys([*found, *changed_since(connection, _exported(against))]))
        unreadable = isinstance(policy, NoPolicy) and policy.everything
        unknown = [] if unreadable else strays(connection, policy)
    for said in [*found, *unknown]:
        click.echo(said)
    if found:
        click.echo(
            f"error: the ledger is not as it was written: {len(found)} fault{'s' if len(found) > 1 else ''}",
            err=True,
        )
        sys.exit(1)
    if isinstance(policy, NoPolicy) and unreadable:
        raise PolicyError(f"the ledger is whole; who holds what was not compared with it: {policy.reason}")
    if unknown:
        held = f"{_counted(unknown)} {'are' if len(unknown) > 1 else 'is'} held past the gate"
        lacking = f". {policy.reason}" if isinstance(policy, NoPolicy) else ""
        click.echo(f"error: the ledger is whole, and {held}{lacking}", err=True)
        sys.exit(UNKNOWN_HOLDER)
    click.echo("the ledger is whole")


def _counted(unknown: "Sequence[Stray]") -> str:
    versions = sum(one.target.kind == "model" for one in unknown)
    numbers = {"target": len(unknown) - versions, "version": versions}
    return " and ".join(f"{n} {what}{'s' if n > 1 else ''}" for what, n in numbers.items() if n)
