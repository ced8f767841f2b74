"""What a judge sees, and how it finds a measure there."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from mlflow_prod.errors import did_you_mean
from mlflow_prod.evidence import Attestation, Evidence, Measure, PublicKey
from mlflow_prod.registry.rules import Rule

# Clocks of two machines differ a little; evidence from further ahead is wrong or forged.
CLOCK_SLACK = timedelta(minutes=5)


class Unmet(Exception):
    """A rule that is not met; the message is the reason, and what to do."""


@dataclass(frozen=True)
class Incumbent:
    """What a candidate is compared with: its number, and its files' digest, "" where they cannot be read."""

    version: str
    subject: str


@dataclass(frozen=True)
class Approved:
    """Who approved the candidate's files for the target, and who made them; `authors` None: nobody knows."""

    users: frozenset[str] = frozenset()
    authors: frozenset[str] | None = None


NOBODY = Approved()


@dataclass(frozen=True)
class Revoked:
    """That evidence of a check about the files `subject` was revoked: by whom, and when."""

    check: str
    subject: str
    author: str
    at: datetime

    def __str__(self) -> str:
        return f"was revoked by {self.author} on {self.at:%Y-%m-%d %H:%M} UTC"


@dataclass(frozen=True)
class Case:
    """What a judge sees.

    Parameters
    ----------
    subject : digest of the candidate's files.
    attestations : what is known about these files and the incumbent's, by whomever.
    signers : the keys that the policy trusts, by name.
    incumbent : None where no version ever held the target.
    now : when the promotion is asked for.
    revoked : what was taken out of account, about these files and the incumbent's.
    uri : what finds the candidate, such as `models:/loans/3`; "" where nothing does yet.
    """

    subject: str
    attestations: tuple[Attestation, ...]
    signers: Mapping[str, PublicKey]
    incumbent: Incumbent | None
    now: datetime
    revoked: tuple[Revoked, ...] = ()
    uri: str = ""

    def evidence(self, rule: Rule, subject: str = "") -> Evidence | None:
        """The newest evidence of the rule's check that counts: signed, where the rule asks for a signer.

        Anybody can submit unsigned evidence, which must not push a signed record aside. None where there is
        none. About the candidate, or the files with the digest `subject`.
        """
        keys = {name: self.signers[name] for name in rule.signed_by}
        newest: Evidence | None = None
        for attestation in self.attestations:
            record = attestation.evidence
            if (record.check, record.subject) != (rule.check, subject or self.subject):
                continue
            if newest is not None and record.made_at < newest.made_at:
                continue
            if not keys or attestation.signers(keys):
                newest = record
        return newest

    def revocation(self, check: str, subject: str = "") -> Revoked | None:
        """The last revocation of a check's evidence about the candidate, or the files `subject`."""
        about = [one for one in self.revoked if (one.check, one.subject) == (check, subject or self.subject)]
        return max(about, key=lambda one: one.at, default=None)

    def signers_by_check(self) -> dict[str, frozenset[str]]:
        """Who signed evidence about the candidate, by check; nobody where it is unsigned."""
        found: dict[str, frozenset[str]] = {}
        for one in self.attestations:
            if one.evidence.subject == self.subject:
                known = found.get(one.evidence.check, frozenset())
                found[one.evidence.check] = known | one.signers(self.signers)
        return dict(sorted(found.items()))


def the_measure(rule: Rule, cut: Mapping[str, str], record: Evidence) -> Measure:
    """The rule's measure of the slice `cut` in a record, on enough rows; Unmet otherwise."""
    measure = find(rule, cut, record, "")
    if measure is None:
        titles = {measure.title for measure in record if not measure.against}
        wanted = Measure(rule.measure, 0.0, slice=tuple(cut.items())).title
        raise Unmet(f"The {rule.check} evidence has no measure {wanted!r}, {did_you_mean(wanted, titles)}")
    enough_rows(rule, measure)
    return measure


def find(rule: Rule, cut: Mapping[str, str], record: Evidence, against: str) -> Measure | None:
    """The rule's measure of the slice `cut`, as a difference to the files `against` if not ""."""
    wanted = (rule.measure, tuple(sorted(cut.items())), against)
    return next((m for m in record if (m.name, m.slice, m.against) == wanted), None)


def enough_rows(rule: Rule, measure: Measure) -> None:
    """Unmet where the measure rests on too few rows, or on none."""
    least = rule.rows_at_least or 1
    if measure.n is None and rule.rows_at_least is None:
        return
    if measure.n is None or measure.n < least:
        rows = "an unknown number of" if measure.n is None else f"{measure.n:,}"
        raise Unmet(
            f"{rule.check} {measure} rests on {rows} rows and needs {least:,}: measure it on more rows."
        )
