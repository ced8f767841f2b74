"""`mlflow-prod policy`: what a policy says."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlflow_prod.registry import Policy, Section

FILE = click.option(
    "--file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    envvar="MLFLOW_PROD_POLICY",
    default=Path("policy.yaml"),
    show_default=True,
    help="the policy; else what MLFLOW_PROD_POLICY names",
)


@click.group()
def policy() -> None:
    """Policies: are they sound, and what do they ask for?"""


@policy.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def check(file: Path) -> None:
    """Read a policy; everything wrong is named by file, line and key."""
    found = _read(file)
    sections = f"{len(found.models)} section{'s' if len(found.models) != 1 else ''}"
    click.echo(f"{file}: sound, {sections}, sha256 {found.digest[:16]}")


@policy.command()
@click.argument("model")
@click.argument("target", default="")
@FILE
def explain(model: str, target: str, file: Path) -> None:
    """Print what a promotion of MODEL to TARGET needs; without TARGET, what a new version of it needs.

    TARGET: a stage, an alias, or models:/OTHER for a copy.
    """
    found = _read(file)
    if target.startswith("models:/"):
        model, target = target.removeprefix("models:/"), ""
    pattern = found.pattern(model, target)
    asked = f"{model} to {target}" if target else f"a new version of {model}"
    if pattern is None:
        click.echo(f"{asked}: not protected, anybody may {'give' if target else 'make'} it")
        return
    section = found.models[pattern]
    click.echo(f"{asked}: {file}, section {pattern!r}")
    for number, rule in enumerate(section.require, 1):
        click.echo(f"{number}. {rule}")
    if not section.require:
        click.echo("nothing but files that can be read")
    for line in _beside(section):
        click.echo(line)
    if not found.enforces(section):
        click.echo("not enforced: what would be refused is allowed and written down")


def _beside(section: "Section") -> "Iterator[str]":
    """What a section says beside its rules."""
    if (asked := section.approvals) is not None:
        whose = " by others than its authors" if asked.not_by else ""
        yield f"approvals: at least {asked.at_least}{whose}"
    if section.on_success is not None:
        yield f"on success: the incumbent is {'archived' if section.archives else 'kept'}"
    if section.rollback:
        yield "rollback: the version before may come back without new evidence"
    if section.override_by:
        yield f"override: by {' or '.join(section.override_by)}"


@policy.command()
def schema() -> None:
    """Print the JSON Schema of policies, by which an editor completes and checks them."""
    from mlflow_prod.registry import policy_schema

    click.echo(json.dumps(policy_schema(), indent=2))


def _read(file: Path) -> "Policy":
    from mlflow_prod.registry import parse

    return parse(file.read_bytes(), str(file))
