"""What a judge sees, and how it finds a measure there."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from mlflow_prod.errors import did_you_mean
from mlflow_prod.evidence import Evidence, Measure
from mlflow_prod.registry.rules import Rule

# Clocks of two machines differ a little; evidence from further ahead is wrong or forged.
CLOCK_SLACK = timedelta(minutes=5)


class Unmet(Exception):
    """A rule that is not met; the message is the reason, and what to do."""


@dataclass(frozen=True)
class Incumbent:
    """What a candidate is compared with.

    `version`: its number; `subject`: digest of its files, "" where they cannot be read; `evidence`: what is
    known about these files.
    """

    version: str
    subject: str
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True)
class Case:
    """What a judge sees: the newest evidence by check, of the candidate and of the incumbent."""

    subject: str
    evidence: Mapping[str, Evidence]
    incumbent: Incumbent | None
    incumbent_evidence: Mapping[str, Evidence]
    now: datetime


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
