"""What is stored of a profile with every logged model."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from mlflow_prod.errors import DataError
from mlflow_prod.profile.folded import Folded
from mlflow_prod.profile.profile import Profile

VERSION = 2


@dataclass(frozen=True)
class Baseline:
    """The counts of a reference by column, in cells of ten rows at least: no row or id can be read back.

    What production is compared with (`monitor.compare`). It does not add: one adds profiles, of which it is
    made.

    Parameters
    ----------
    rows : rows counted, each in every column.
    columns : counts by column name; the model's answers are the column `prediction`.

    Raises
    ------
    DataError : a column counts other rows.
    """

    rows: int
    columns: Mapping[str, Folded]

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", MappingProxyType(dict(self.columns)))
        for name, column in self.columns.items():
            if column.rows != self.rows:
                raise DataError(
                    f"column {name!r} of a baseline counts {column.rows} rows, the baseline {self.rows}"
                )

    @classmethod
    def of(cls, profile: Profile) -> "Baseline":
        """The baseline of a profile; DataError where it has no rows."""
        if not profile.rows:
            raise DataError("a baseline needs at least one row")
        return cls(profile.rows, {name: Folded.of(column) for name, column in profile.columns.items()})

    def to_dict(self) -> dict[str, Any]:
        """The baseline as JSON values: `baseline.json`."""
        columns = {name: column.to_dict() for name, column in self.columns.items()}
        return {"version": VERSION, "rows": self.rows, "columns": columns}

    @classmethod
    def from_dict(cls, values: Any) -> "Baseline":
        """The inverse of `to_dict`, strict: anything else, an older version too, raises DataError."""
        if not isinstance(values, dict) or set(values) != {"version", "rows", "columns"}:
            raise DataError("a baseline must be an object with exactly the keys version, rows, columns")
        if values["version"] != VERSION:
            older = "; an older release wrote it: log the model again" if values["version"] == 1 else ""
            raise DataError(f"version of a baseline must be {VERSION}, got {values['version']!r}{older}")
        if type(values["rows"]) is not int or not isinstance(values["columns"], dict):
            raise DataError("rows of a baseline must be a whole number, and columns an object")
        return cls(values["rows"], {name: Folded.from_dict(part) for name, part in values["columns"].items()})
