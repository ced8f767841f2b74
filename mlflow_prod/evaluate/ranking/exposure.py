"""Whom the order that a model puts items in shows."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mlflow_prod.data.batches import Tabular
from mlflow_prod.errors import DataError
from mlflow_prod.evaluate.figures import Figure, Whole, around
from mlflow_prod.evaluate.ranking import ranks
from mlflow_prod.evaluate.ranking.lists import Lists, spread


def exposure(
    source: Tabular, query: str, relevance: str, score: str, group: str, *, k: int | None = None
) -> pd.DataFrame:
    """How much each group of items is shown, beside its share of the items and of what is relevant.

    Returns a row for each value of column `group` (such as the retailer): `items`, `share` of the items, of
    all `relevance`, and of all `exposure`, where an item in place i has 1 / log2(1 + i), and none beyond the
    first k places; `gap`, exposure less share of items (equal treatment of items), and `gap_to_relevance`
    (treatment by merit), each with `_low` and `_high`: linearised 95% intervals over queries, each group's by
    itself. Worst `gap` first. Items with equal scores share their places. A missing value is the group
    `missing`.

    Not where queries are few (below some 30), or a group is in a handful of them alone. Parameters and errors
    as of `ranking`. Source: A. Singh and T. Joachims, KDD (2018), 2219-2228.
    """
    lists = Lists.read(source, query, relevance, score, k, [group])
    most = len(lists.scores) if k is None else k
    worth = ranks.exposures(lists.rows, lists.starts, lists.scores, most)
    coded = lists.columns[group].dictionary_encode()
    names = ["missing" if value is None else str(value) for value in coded.dictionary.to_pylist()]
    if coded.indices.null_count and "missing" not in names:
        names.append("missing")
    indices = coded.indices.fill_null(names.index("missing")) if coded.indices.null_count else coded.indices
    codes = indices.to_numpy(zero_copy_only=False)
    table: dict[str, Sequence[object] | np.ndarray] = {"items": np.bincount(codes, minlength=len(names))}
    amounts = {"share": np.ones(len(codes)), "relevance": lists.relevance, "exposure": worth}
    # Of a group in a query: few of these are there.
    cells, at = np.unique(lists.queries.astype(np.int64) * len(names) + codes, return_inverse=True)
    query_of, group_of = np.divmod(cells, len(names))
    parts = {}
    for name, amount in amounts.items():
        amount = amount / (amount.sum() if amount.any() else np.nan)
        inside = np.bincount(at, amount, len(cells))
        totals = np.bincount(group_of, inside, len(names)), np.bincount(lists.queries, amount)
        parts[name] = _Parts(*totals, inside, query_of, group_of)
    table |= {name: part.shares for name, part in parts.items()}
    for name, other in (("gap", "share"), ("gap_to_relevance", "relevance")):
        table |= spread(name, _gap(parts["exposure"], parts[other]), -1)
    if group in table:
        raise DataError(f"column {group!r} is called as a figure is: give it another name")
    return pd.DataFrame({group: names, **table}).sort_values("gap", kind="stable", ignore_index=True)


@dataclass(frozen=True)
class _Parts:
    """Of a total: the share of each group, of each query, and of each group inside a query it is in."""

    shares: np.ndarray
    of_queries: np.ndarray
    inside: np.ndarray
    query: np.ndarray
    group: np.ndarray


def _gap(one: _Parts, other: _Parts) -> Figure:
    """The shares of one less those of the other, which are of the same queries and groups."""
    queries, groups = len(one.of_queries), len(one.shares)
    p, q, a, b = one.shares, other.shares, one.of_queries, other.of_queries
    # A query moves a group's share by what it has of the group less its part in the whole; most queries have
    # nothing of most groups.
    moves = p**2 * (a @ a) - 2 * p * q * (a @ b) + q**2 * (b @ b)
    without = q[one.group] * b[one.query] - p[one.group] * a[one.query]
    moved = one.inside - other.inside + without
    moves += np.bincount(one.group, moved**2 - without**2, groups)
    each = np.full(groups, float(queries))
    # Parts of a total are weighed already.
    return around(p - q, moves.clip(0), Whole(each, np.ones(groups), each, each))
