"""Slices by an expression over columns, which is read and never executed."""

import ast
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from typing import NamedTuple, NoReturn

import pyarrow as pa
import pyarrow.compute as pc

from mlflow_prod.errors import DataError, InvalidParameter, did_you_mean, shown
from mlflow_prod.evaluate.cuts.arrow import kind, plain

LONGEST = 1_000
# A text, in which nothing is looked for, or a column's name in backticks, which Python does not know.
QUOTED = re.compile(r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|`([^`]+)`""")
COMPARISONS: dict[type[ast.cmpop], Callable[..., pa.Array]] = {
    ast.Eq: pc.equal,
    ast.NotEq: pc.not_equal,
    ast.Lt: pc.less,
    ast.LtE: pc.less_equal,
    ast.Gt: pc.greater,
    ast.GtE: pc.greater_equal,
}
KINDS = {bool: "boolean", int: "number", float: "number", str: "text"}
COMPARABLE = ("boolean", "number", "text", "time")
Truth = Callable[[pa.RecordBatch], pa.Array]


@dataclass(frozen=True)
class Where:
    """Rows of which an expression over columns holds, and those of which it does not: `True` and `False`.

    Parameters
    ----------
    name : what the cut is called in slices.
    expression : comparisons (==, !=, <, <=, >, >=, also in chains) of columns with constants or columns, `in`
        and `not in` several constants, `is missing`, `is not missing`, and columns of truths by themselves,
        joined by `and`, `or`, `not` and parentheses. Texts stand in quotes, times as ISO text in quotes,
        columns that Python could not name in backticks: "age < 30 and `marital-status` in ('Widowed',)".

    A row is `missing` where missing values leave open whether it holds. At most 1,000 characters. Raises
    InvalidParameter for anything else in the expression, and DataError where it does not fit the columns.
    """

    name: str
    expression: str

    def __post_init__(self) -> None:
        _Grammar(self.expression)

    @property
    def reads(self) -> tuple[str, ...]:
        """The columns that the expression names."""
        return tuple(_Grammar(self.expression).columns)

    def of(self, batch: pa.RecordBatch) -> pa.Array:
        """Whether the expression holds of each row, boolean (n,); null where that is open."""
        try:
            return _Grammar(self.expression).truth(batch)
        except (DataError, pa.ArrowException) as problem:
            raise DataError(
                f"expression {shown(self.expression)} does not fit the data: {problem}"
            ) from problem


class _Side(NamedTuple):
    """One side of a comparison: of a column its values (n,), of a constant a scalar."""

    told: str
    kind: str
    values: pa.Array | pa.Scalar


class _Grammar:
    """What an expression says: its `columns`, and its `truth`, a function of batches.

    Made anew where it is needed, which takes microseconds: functions cannot be sent to other processes.
    """

    def __init__(self, expression: str) -> None:
        self._expression = expression
        self.columns: list[str] = []
        self._backticked: dict[str, str] = {}
        if not isinstance(expression, str):
            raise InvalidParameter("expression", "a text", expression)
        # No column is called as a placeholder is.
        self._stem = "backticked_"
        while self._stem in expression:
            self._stem += "_"
        if len(expression) > LONGEST:
            raise InvalidParameter("expression", f"at most {LONGEST:,} characters", expression)
        try:
            tree = ast.parse(QUOTED.sub(self._placeholder, expression).strip(), mode="eval")
        except (SyntaxError, ValueError, RecursionError, MemoryError) as problem:
            self._refuse(
                f"written as in \"age < 30 and sex == 'Female'\" ({getattr(problem, 'msg', problem)})"
            )
        self.truth = self._truth(tree.body)

    def _placeholder(self, match: re.Match[str]) -> str:
        if match[1] is None:
            return match[0]
        self._backticked[f"{self._stem}{len(self._backticked)}_"] = match[1]
        return list(self._backticked)[-1]

    def _refuse(self, rule: str, node: ast.AST | None = None) -> NoReturn:
        part = ast.unparse(node) if node else ""
        for placeholder, name in self._backticked.items():
            part = part.replace(placeholder, f"`{name}`")
        raise InvalidParameter(
            "expression", f"{rule}{f', not {shown(part)}' if part else ''}", self._expression
        )

    def _truth(self, node: ast.expr) -> Truth:
        if isinstance(node, ast.BoolOp):
            join = pc.and_kleene if isinstance(node.op, ast.And) else pc.or_kleene
            return _joined(join, [self._truth(part) for part in node.values])
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            inner = self._truth(node.operand)
            return lambda batch: pc.invert(inner(batch))
        if isinstance(node, ast.Compare):
            sides = pairwise([node.left, *node.comparators])
            links = [self._link(*two, op) for two, op in zip(sides, node.ops, strict=True)]
            return _joined(pc.and_kleene, links)
        if not isinstance(node, ast.Name):
            self._refuse("comparisons of columns joined by and, or, not", node)
        name = self._column(node)
        return lambda batch: _compared(_of(name, batch), ast.Eq(), _constant(True))

    def _link(self, left: ast.expr, right: ast.expr, op: ast.cmpop) -> Truth:
        if isinstance(op, ast.Is | ast.IsNot):
            if not isinstance(right, ast.Name) or right.id != "missing":
                self._refuse("`is missing` or `is not missing` wherever it says `is`", right)
            missing, of = (pc.is_null if isinstance(op, ast.Is) else pc.is_valid), self._column(left)
            return lambda batch: missing(_of(of, batch).values)
        if isinstance(op, ast.In | ast.NotIn):
            if not isinstance(right, ast.Tuple | ast.List | ast.Set) or not right.elts:
                self._refuse("a tuple of constants wherever it says `in`", right)
            ones = _joined(pc.or_kleene, [self._link(left, one, ast.Eq()) for one in right.elts])
            return ones if isinstance(op, ast.In) else lambda batch: pc.invert(ones(batch))
        one, other = self._side(left), self._side(right)
        if isinstance(one, _Side) and isinstance(other, _Side):
            self._refuse("about a column in each comparison", left)
        return lambda batch: _compared(_for(one, batch), op, _for(other, batch))

    def _side(self, node: ast.expr) -> _Side | Callable[[pa.RecordBatch], _Side]:
        if isinstance(node, ast.Name):
            name = self._column(node)
            return lambda batch: _of(name, batch)
        minus = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)
        inner = node.operand if isinstance(node, ast.UnaryOp) and minus else node
        value = inner.value if isinstance(inner, ast.Constant) else None
        if not isinstance(value, bool | int | float | str) or (minus and isinstance(value, bool | str)):
            self._refuse("comparisons of columns, numbers, texts, True and False", node)
        if isinstance(value, int | float) and not abs(value) < 2**63:
            self._refuse("made of numbers below 2^63", node)
        return _constant(-value if minus and not isinstance(value, str) else value)

    def _column(self, node: ast.expr) -> str:
        if not isinstance(node, ast.Name):
            self._refuse("about a column in each comparison", node)
        name = self._backticked.get(node.id, node.id)
        if name not in self.columns:
            self.columns.append(name)
        return name


def _joined(join: Callable[..., pa.Array], parts: Sequence[Truth]) -> Truth:
    return lambda batch: reduce(join, (part(batch) for part in parts))


def _for(side: _Side | Callable[[pa.RecordBatch], _Side], batch: pa.RecordBatch) -> _Side:
    return side if isinstance(side, _Side) else side(batch)


def _constant(value: bool | int | float | str) -> _Side:
    return _Side(shown(value), KINDS[type(value)], pa.scalar(value))


def _of(name: str, batch: pa.RecordBatch) -> _Side:
    if name not in batch.schema.names:
        raise DataError(f"there is no column {name!r}: {did_you_mean(name, batch.schema.names)}")
    values = plain(batch.column(name))
    return _Side(f"column {name!r} of {values.type}", kind(values.type), values)


def _compared(left: _Side, op: ast.cmpop, right: _Side) -> pa.Array:
    if {left.kind, right.kind} == {"time", "text"}:
        left, right = _as_time(left, right), _as_time(right, left)
    for side in (left, right):
        if side.kind == "null":
            return pa.nulls(len(side.values), pa.bool_())
    if left.kind != right.kind or left.kind not in COMPARABLE:
        raise DataError(f"{left.told} cannot be compared with {right.told}")
    if left.kind == "boolean" and not isinstance(op, ast.Eq | ast.NotEq):
        raise DataError(f"{left.told} and {right.told} can be equal or not, and neither is more")
    return COMPARISONS[type(op)](left.values, right.values)


def _as_time(side: _Side, other: _Side) -> _Side:
    """A constant text beside times as a time of their zone; all else as it is."""
    if side.kind != "text" or not isinstance(side.values, pa.Scalar):
        return side
    zone = getattr(other.values.type, "tz", None)
    try:
        time = side.values.cast(pa.timestamp("us"))
    except pa.ArrowInvalid:
        raise DataError(f"{side.told} is no time in ISO text, such as '2024-03-07'") from None
    return side._replace(kind="time", values=pc.assume_timezone(time, zone) if zone else time)
