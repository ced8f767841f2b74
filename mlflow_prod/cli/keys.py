"""`mlflow-prod keys`: who signs evidence."""

import re
from pathlib import Path

import click


@click.group()
def keys() -> None:
    """Keys that sign evidence."""


@keys.command()
@click.argument("name")
@click.option("--out", type=click.Path(path_type=Path), help="file of the secret half  [default: NAME.pem]")
def new(name: str, out: Path | None) -> None:
    """Make a key: the secret half goes to a file, the public half is printed as a policy names it."""
    from mlflow_prod.errors import InvalidParameter
    from mlflow_prod.evidence import SigningKey

    if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
        raise InvalidParameter("name", "letters, digits, _ and -, as a policy names it", name)
    path = out or Path(f"{name}.pem")
    key = SigningKey.new()
    try:
        key.save(path)
    except FileExistsError as there:
        raise InvalidParameter(
            "out", "a file that is not there yet: no key is overwritten", str(path)
        ) from there
    click.echo(f'signers:\n  {name}: {{ed25519: "{key.public}"}}')
    click.echo(
        f"\nThe lines above go into the policy. Who may sign gets {path}, by MLFLOW_PROD_KEY_FILE or as the "
        "text of MLFLOW_PROD_KEY; it belongs in no repository.",
        err=True,
    )
