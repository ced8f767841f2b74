"""The record of one check."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NoReturn

from mlflow_prod.errors import EvidenceError
from mlflow_prod.evidence.measure import Measure

VERSION = 1
DIGEST = re.compile(r"[0-9a-f]{64}")
STORABLE = "text without NUL that UTF-8 can spell"
COLUMNS = ("name", "value", "low", "high", "n", "slice", "unit", "against")


@dataclass(frozen=True)
class Evidence:
    """What one check measured about one model on one data set. Never a verdict.

    Parameters
    ----------
    check : name of the check, such as `evaluation`, `fairness`, `compression`, `monitoring`.
    subject : sha256 hex digest of the model's files (`digest_of_folder`).
    data : sha256 hex digest of the data measured on.
    measures : what was found, in order.
    run_id : MLflow run that measured; "" outside a run.
    made_at : when, in UTC with time zone; now unless given.
    """

    check: str
    subject: str
    data: str
    measures: tuple[Measure, ...]
    run_id: str = ""
    made_at: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))

    def __post_init__(self) -> None:
        object.__setattr__(self, "measures", tuple(self.measures))
        if not re.fullmatch(r"[a-z][a-z0-9_]*", self.check):
            raise EvidenceError(f"check must be a name in snake case, got {self.check!r}")
        for name in ("subject", "data"):
            if not DIGEST.fullmatch(getattr(self, name)):
                raise EvidenceError(f"{name} must be a sha256 hex digest, got {getattr(self, name)!r}")
        if self.made_at.tzinfo is None:
            raise EvidenceError(f"made_at must carry a time zone, got {self.made_at.isoformat()}")
        titles = [(measure.title, measure.against) for measure in self.measures]
        if len(set(titles)) < len(titles):
            twice = next(title for title, times in Counter(titles).items() if times > 1)
            raise EvidenceError(f"{self.check}: two measures are named {twice[0]!r}; each must be named once")

    def __iter__(self) -> Iterator[Measure]:
        return iter(self.measures)

    def to_dict(self) -> dict[str, Any]:
        """The record as JSON values; measures as columns, which pack several times smaller than rows."""
        return {
            "version": VERSION,
            "check": self.check,
            "subject": self.subject,
            "data": self.data,
            "run_id": self.run_id,
            "made_at": self.made_at.astimezone(UTC).isoformat(),
            "measures": {column: [_plain(getattr(m, column)) for m in self.measures] for column in COLUMNS},
        }

    @classmethod
    def from_dict(cls, record: Any) -> "Evidence":
        """The inverse of `to_dict`, strict: an unknown, missing or ill-typed entry raises EvidenceError."""
        expected = {"version", "check", "subject", "data", "run_id", "made_at", "measures"}
        if not isinstance(record, dict) or set(record) != expected:
            raise EvidenceError(f"evidence must be an object with exactly the keys {sorted(expected)}")
        if type(record["version"]) is not int or record["version"] != VERSION:
            raise EvidenceError(f"evidence version must be {VERSION}, got {record['version']!r}")
        columns = record["measures"]
        if not isinstance(columns, dict) or set(columns) != set(COLUMNS):
            raise EvidenceError(f"measures must be an object with exactly the columns {list(COLUMNS)}")
        try:
            # A column at once where that is possible: thousands of measures come in a record.
            _texts(columns["name"])
            _texts(columns["unit"], least=0)
            _texts(columns["against"], least=0)
            _texts([text for cut in columns["slice"] for column, group in cut for text in (column, group)])
            measures = tuple(
                Measure(
                    name,
                    _number(value),
                    None if low is None else _number(low),
                    None if high is None else _number(high),
                    n if n is None or type(n) is int else _wrong("n", "a whole number", n),
                    tuple((column, group) for column, group in cut),
                    unit,
                    against,
                )
                for name, value, low, high, n, cut, unit, against in zip(
                    *(columns[column] for column in COLUMNS), strict=True
                )
            )
            check, subject, data = (_text(record[name]) for name in ("check", "subject", "data"))
            made_at = datetime.fromisoformat(_text(record["made_at"]))
            if made_at.tzinfo is not None:
                made_at = made_at.astimezone(UTC)
            return cls(check, subject, data, measures, _text(record["run_id"], least=0), made_at)
        except EvidenceError:
            raise
        except (TypeError, ValueError, OverflowError) as problem:
            raise EvidenceError(f"evidence cannot be read: {problem}") from problem


def _plain(entry: Any) -> Any:
    if isinstance(entry, tuple):
        return [list(pair) for pair in entry]
    # Six significant digits carry every figure that is measured; more would only be noise to store.
    return float(f"{entry:.6g}") if isinstance(entry, float) else entry


def _texts(entries: Any, least: int = 1) -> None:
    if isinstance(entries, list) and all(type(entry) is str for entry in entries):
        sound = can_be_stored("".join(entries))
        if sound and not (least and "" in entries):
            return
    for entry in entries:
        _text(entry, least)


def _text(entry: Any, least: int = 1) -> str:
    if type(entry) is not str or len(entry) < least or not can_be_stored(entry):
        _wrong("a name", STORABLE, entry)
    return str(entry)


def can_be_stored(text: str) -> bool:
    """Whether every database keeps a text: PostgreSQL no NUL, and UTF-8 spells no lone surrogates."""
    if "\0" in text:
        return False
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _number(entry: Any) -> float:
    if type(entry) not in (int, float):
        _wrong("a figure", "a number", entry)
    return float(entry)


def _wrong(name: str, rule: str, entry: Any) -> NoReturn:
    raise EvidenceError(f"evidence cannot be read: {name} must be {rule}, got {entry!r}")
