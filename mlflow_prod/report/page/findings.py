"""What an evaluation found, as the page tells it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import pandas as pd

from mlflow_prod.data.task import Task
from mlflow_prod.errors import InvalidParameter
from mlflow_prod.report import tables


@dataclass(frozen=True)
class Findings:
    """Tables of figures of one model on one set of rows. What is left empty is not told of.

    Parameters
    ----------
    title : what the model is called.
    task : what it predicts.
    slices : as `evaluate.slices` makes it, the first row of all rows.
    protected : columns of `slices` whose groups may not be treated unequally; they come first.
    facts : names and values for the page's head, such as the data and the model's digest.
    threshold : of two classes, from which up the positive class is chosen when the model is used.
    references : `evaluate.references`: a row for each model, this model first.
    versus : what this model has over others on the same rows (`evaluate.versus`), a row for each `model` and
        `measure`: `difference`, `low` and `high`, whose paired interval tells them apart.
    parity : `evaluate.verdicts`: differences and ratios between groups, each held against its margin.
    carried : `evaluate.detail`'s `slices`: where the undecided gaps arise.
    over_time : `evaluate.over_time`: figures by window.
    worst : `evaluate.worst`: slices that are worse than the rest.
    worst_of : the figure that `worst` is about.
    next_work : `evaluate.next_work`: slices by what there is to gain.
    reliability : `evaluate.reliability`: what probabilities said and what came true.
    trade_off : `train`'s curve: columns `threshold-set`, `accuracy` and `gap`.

    Raises InvalidParameter where `slices` is empty, or a table lacks a column that the page reads.
    """

    title: str
    task: Task
    slices: pd.DataFrame
    protected: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    threshold: float = 0.5
    references: pd.DataFrame = field(default_factory=pd.DataFrame)
    versus: pd.DataFrame = field(default_factory=pd.DataFrame)
    parity: pd.DataFrame = field(default_factory=pd.DataFrame)
    carried: pd.DataFrame = field(default_factory=pd.DataFrame)
    over_time: pd.DataFrame = field(default_factory=pd.DataFrame)
    worst: pd.DataFrame = field(default_factory=pd.DataFrame)
    worst_of: str = "error"
    next_work: pd.DataFrame = field(default_factory=pd.DataFrame)
    reliability: pd.DataFrame = field(default_factory=pd.DataFrame)
    trade_off: pd.DataFrame = field(default_factory=pd.DataFrame)

    def __post_init__(self) -> None:
        if not len(self.slices):
            raise InvalidParameter("slices", "a table whose first row is of all rows", "no rows")
        tables.hold_columns("slices", self.slices, ["rows", "n", *self.protected])
        for name, needed in NEEDED.items():
            if len(getattr(self, name)):
                tables.hold_columns(name, getattr(self, name), needed)

    @cached_property
    def decided(self) -> pd.DataFrame:
        """The slices with figures at the threshold that the model is used at."""
        return self.in_use(self.slices)

    def in_use(self, table: pd.DataFrame) -> pd.DataFrame:
        """A table with figures at the threshold that the model is used at."""
        return tables.at_threshold(table, self.threshold) if self.task.kind == "binary" else table


NEEDED = {
    "references": ("model",),
    "parity": (
        "column", "notion", "measure", "threshold", "least", "most", "difference", "difference_low",
        "difference_high", "ratio", "ratio_low", "ratio_high", "n", "groups", "judged", "margin", "verdict",
        "rows", "rows_needed",
    ),
    "carried": (
        "column", "notion", "measure", "threshold", "slice", "difference", "difference_low",
        "difference_high", "share", "carried",
    ),
    "over_time": ("window", "rows", "n"),
    "worst": ("slice", "rows", "share", "value", "low", "high", "rest", "gap", "p_value", "adjusted"),
    "next_work": ("category", "rows", "share", "value", "reference", "gap", "gain"),
    "reliability": ("slice", "said", "observed", "low", "high", "rows"),
    "trade_off": ("accuracy", "gap"),
}  # fmt: skip
