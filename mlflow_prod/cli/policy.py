"""`mlflow-prod policy`: what a policy says."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from mlflow_prod.registry import Policy

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
@click.argument("target")
@FILE
def explain(model: str, target: str, file: Path) -> None:
    """Print what a promotion of MODEL to TARGET needs."""
    found = _read(file)
    pattern = found.pattern(model, target)
    if pattern is None:
        click.echo(f"{model} to {target}: not protected, anybody may give it")
        return
    click.echo(f"{model} to {target}: {file}, section {pattern!r}")
    rules = found.models[pattern].require
    for number, rule in enumerate(rules, 1):
        click.echo(f"{number}. {rule}")
    if not rules:
        click.echo("nothing but files that can be read")


@policy.command()
def schema() -> None:
    """Print the JSON Schema of policies, by which an editor completes and checks them."""
    from mlflow_prod.registry import policy_schema

    click.echo(json.dumps(policy_schema(), indent=2))


def _read(file: Path) -> "Policy":
    from mlflow_prod.registry import parse

    return parse(file.read_bytes(), str(file))
