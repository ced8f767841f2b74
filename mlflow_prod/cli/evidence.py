"""`mlflow-prod evidence`: records, in and out of the registry by hand."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlflow_prod.cli.store import STORE, reading

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlflow_prod.evidence import Attestation, PublicKey

# What no database counts is nowhere.
NUMBER = click.IntRange(max=2**63 - 1)


@click.group()
def evidence() -> None:
    """Evidence about a model's files."""


@evidence.command()
@click.argument("name")
@click.argument("version")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False)
)
def submit(name: str, version: str, files: tuple[Path, ...]) -> None:
    """Submit DSSE envelopes (`evidence/CHECK.dsse.json` of a run) for version VERSION of model NAME."""
    from mlflow_prod.errors import EvidenceError
    from mlflow_prod.evidence import Attestation
    from mlflow_prod.tracking import submit as send

    attestations = []
    for file in files:
        try:
            attestations.append(Attestation.from_dsse(json.loads(file.read_bytes())))
        except ValueError as problem:
            raise EvidenceError(f"{file} is no DSSE envelope of evidence: {problem}") from problem
    send(name, version, attestations)
    click.echo(f"submitted for {name} {version}: {', '.join(one.evidence.check for one in attestations)}")


@evidence.command()
@click.argument("name")
@click.argument("version")
@click.argument("check")
@click.option("--reason", required=True, help="for the ledger")
def revoke(name: str, version: str, check: str, reason: str) -> None:
    """Take all evidence of CHECK about the files of VERSION out of account; what is measured later counts."""
    from mlflow_prod import tracking

    tracking.revoke(name, version, check, reason)
    click.echo(f"revoked: {check} of {name} {version}")


@evidence.command("list")
@click.argument("name")
@click.argument("version", type=NUMBER)
@STORE
def list_records(name: str, version: int, store: str) -> None:
    """List what was submitted for a version, the newest last, and who signed it of those the policy knows."""
    from mlflow_prod.registry import PolicyFile, submissions

    signers = PolicyFile().read().signers
    with reading(store) as connection:
        for one in submissions(connection, name, version):
            if one.attestation is None:
                said = f"{'revoked':>14}  {one.at:%Y-%m-%d %H:%M}"
            else:
                record = one.attestation.evidence
                signed = _signed(one.attestation, signers)
                said = f"{len(record.measures):>5} measures  {record.made_at:%Y-%m-%d %H:%M}  {signed}, sent"
            click.echo(f"{one.id:>6}  {one.check:<12}  {said} by {one.author}")


def _signed(attestation: "Attestation", signers: "Mapping[str, PublicKey]") -> str:
    if not attestation.signatures:
        return "unsigned"
    return f"signed by {', '.join(sorted(attestation.signers(signers))) or 'no key of the policy'}"


@evidence.command()
@click.argument("number", type=NUMBER)
@STORE
@click.option("--dsse", is_flag=True, help="the envelope, for other tools, rather than the statement")
def show(number: int, store: str, dsse: bool) -> None:
    """Print what was submitted under number NUMBER of `list`."""
    from mlflow_prod.errors import InvalidParameter
    from mlflow_prod.registry import evidence_with

    with reading(store) as connection:
        found = evidence_with(connection, [number])
    if not found:
        raise InvalidParameter("number", "one that `mlflow-prod evidence list` prints", number)
    shown = found[0].to_dsse() if dsse else json.loads(found[0].statement)
    click.echo(json.dumps(shown, indent=1, ensure_ascii=False))
