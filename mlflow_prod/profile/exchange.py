"""Profiles as Arrow tables: what partitions of a cluster send, and add up to."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from mlflow_prod.errors import DataError
from mlflow_prod.profile.categories import Categories
from mlflow_prod.profile.column import Column, added
from mlflow_prod.profile.histogram import Histogram
from mlflow_prod.profile.moments import Moments
from mlflow_prod.profile.numbers import Numbers
from mlflow_prod.profile.profile import Profile

_WHOLE = {
    name: pa.int64() for name in ("rows", "missing", "below", "above", "others", "shift", "zeros", "finite")
}
# A row for each column of a profile; `kind` is that of numbers, or `category`.
SCHEMA = pa.schema(
    {"name": pa.string(), "kind": pa.string()}
    | _WHOLE
    | {"keys": pa.list_(pa.int64()), "texts": pa.list_(pa.string()), "counts": pa.list_(pa.int64())}
    | {"least": pa.float64(), "greatest": pa.float64()}
    | {"first": pa.list_(pa.float64()), "second": pa.list_(pa.float64())}
)


def to_arrow(profile: Profile) -> pa.RecordBatch:
    """A row for each column, as SCHEMA says: for Spark's `mapInArrow`, a file, a socket. Nothing is lost.

    With its extremes and rare texts: for computing, not for keeping (`Baseline`).
    """
    rows = [{"name": name, **_row(column)} for name, column in profile.columns.items()]
    return pa.RecordBatch.from_pylist(rows, SCHEMA)


def from_arrow(data: pa.RecordBatch | pa.Table) -> Profile:
    """The profile that was sent, or the sum of several whose rows stand in one table, in any order.

    Raises DataError for anything else, and where profiles do not add.
    """
    try:
        rows = data.select(SCHEMA.names).cast(SCHEMA).to_pylist()
    except (KeyError, pa.ArrowException) as problem:
        raise DataError(
            f"a profile's table must have the columns of profile.exchange.SCHEMA: {problem}"
        ) from problem
    columns: dict[str, Column] = {}
    for row in rows:
        name = row["name"]
        try:
            column = _column(row)
        except (TypeError, ValueError) as problem:
            raise DataError(f"column {name!r} of a profile cannot be read: {problem}") from problem
        columns[name] = added(columns[name], column, name) if name in columns else column
    if not columns:
        raise DataError("a profile's table must have at least one row")
    return Profile(next(iter(columns.values())).rows, columns)


@dataclass(frozen=True)
class Sent:
    """A profile that travels as bytes and adds where it arrives, as `spark.summed` asks for."""

    profile: Profile

    def __add__(self, other: "Sent") -> "Sent":
        """The profile of the rows of both; DataError as of `Profile`."""
        return Sent(self.profile + other.profile)

    def to_bytes(self) -> bytes:
        """What `from_bytes` makes an equal profile of."""
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, SCHEMA) as stream:
            stream.write(to_arrow(self.profile))
        found: bytes = sink.getvalue().to_pybytes()
        return found

    @classmethod
    def from_bytes(cls, data: bytes) -> "Sent":
        """The inverse of `to_bytes`; anything else raises DataError."""
        try:
            table = pa.ipc.open_stream(data).read_all()
        except (pa.ArrowException, OSError) as problem:
            raise DataError(f"these bytes are no profile: {problem}") from problem
        return cls(from_arrow(table))


def _row(column: Column) -> dict[str, object]:
    if isinstance(column, Categories):
        counts = {
            "texts": list(column.counts),
            "counts": list(column.counts.values()),
            "others": column.others,
        }
        return {"kind": "category", "rows": column.rows, "missing": column.missing, **counts}
    histogram, moments = column.histogram, column.moments
    return {
        "kind": column.kind,
        "rows": column.rows,
        "missing": column.missing,
        "below": column.below,
        "above": column.above,
        "shift": histogram.shift,
        "zeros": histogram.zeros,
        "keys": histogram.keys,
        "counts": histogram.counts,
        "least": histogram.least,
        "greatest": histogram.greatest,
        "finite": moments.n,
        "first": moments.first,
        "second": moments.second,
    }


def _column(row: dict) -> Column:
    if row["kind"] == "category":
        texts = dict(zip(row["texts"], row["counts"], strict=True))
        return Categories(texts, row["missing"], row["others"])
    keys, counts = (np.array(row[name], np.int64) for name in ("keys", "counts"))
    histogram = Histogram(row["shift"], keys, counts, row["zeros"], row["least"], row["greatest"])
    (a, b), (c, d) = row["first"], row["second"]
    moments = Moments(row["finite"], (a, b), (c, d))
    return Numbers(row["kind"], histogram, moments, row["missing"], row["below"], row["above"])
