"""What each column of a table is for, and how it is read."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, get_args

from mlflow_prod.errors import InvalidParameter

Role = Literal["feature", "target", "protected", "time", "id", "weight", "ignore"]
Type = Literal["numeric", "category", "boolean", "date", "text"]
ROLES: tuple[str, ...] = get_args(Role)
TYPES: tuple[str, ...] = get_args(Type)


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Parameters
    ----------
    role : what it is for. A `protected` column splits results into groups, and is an input as well
        unless the schema says otherwise.
    type : how its values are read. `date` becomes days since 1970-01-01; `text` is never an input.
    missing : texts that mean a missing value, beside the empty one.
    bands : rising edges that cut a protected number into groups; empty: each value is a group.
    note : why it was left out, in words; "" where it was not.
    """

    role: Role = "feature"
    type: Type = "numeric"
    missing: tuple[str, ...] = ()
    bands: tuple[float, ...] = ()
    note: str = ""

    def __post_init__(self) -> None:
        if self.role not in ROLES:
            raise InvalidParameter("role", f"one of {', '.join(ROLES)}", self.role)
        if self.type not in TYPES:
            raise InvalidParameter("type", f"one of {', '.join(TYPES)}", self.type)
        object.__setattr__(self, "missing", tuple(self.missing))
        object.__setattr__(self, "bands", tuple(float(edge) for edge in self.bands))


@dataclass(frozen=True)
class Schema:
    """The columns of a table, in order.

    Parameters
    ----------
    columns : by name.
    protected_as_input : whether the model may read the protected columns.
    """

    columns: Mapping[str, Column]
    protected_as_input: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", MappingProxyType(dict(self.columns)))

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the columns that the model reads, in the table's order."""
        roles = {"feature", "protected"} if self.protected_as_input else {"feature"}
        return tuple(n for n, c in self.columns.items() if c.role in roles and c.type != "text")

    @property
    def protected(self) -> tuple[str, ...]:
        """Names of the columns that split results into groups."""
        return self.named("protected")

    def named(self, role: Role) -> tuple[str, ...]:
        """Names of the columns of one role, in the table's order."""
        return tuple(name for name, column in self.columns.items() if column.role == role)

    def to_dict(self) -> dict[str, Any]:
        """The schema as JSON values."""
        columns = {
            name: {
                "role": c.role,
                "type": c.type,
                "missing": list(c.missing),
                "bands": list(c.bands),
                "note": c.note,
            }
            for name, c in self.columns.items()
        }
        return {"columns": columns, "protected_as_input": self.protected_as_input}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Schema":
        """The inverse of `to_dict`."""
        columns = {name: Column(**column) for name, column in values["columns"].items()}
        return cls(columns, values["protected_as_input"])
