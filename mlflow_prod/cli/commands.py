"""`mlflow-prod`: what a platform team does with the gate by hand."""

from typing import NoReturn

import click

from mlflow_prod.cli.audit import audit
from mlflow_prod.cli.ending import run_and_exit
from mlflow_prod.cli.evidence import evidence
from mlflow_prod.cli.keys import keys
from mlflow_prod.cli.policy import policy
from mlflow_prod.cli.promote import adopt, approve, override, promote, rollback


@click.group(commands=[adopt, approve, audit, evidence, keys, override, policy, promote, rollback])
@click.version_option(package_name="mlflow-prod")
def commands() -> None:
    """Nothing reaches production without evidence: promotions, keys, policies, evidence and the ledger."""


def main(arguments: list[str] | None = None) -> NoReturn:
    """Runs `mlflow-prod` with arguments, None for those of the process, and exits."""
    run_and_exit(commands, arguments, "mlflow-prod", then=lambda _: None)
