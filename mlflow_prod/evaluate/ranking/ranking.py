"""How good the order is that a model puts the items of each query in."""

import itertools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from mlflow_prod.data.batches import Tabular
from mlflow_prod.errors import DataError, InvalidParameter
from mlflow_prod.evaluate.figures import Whole, average
from mlflow_prod.evaluate.ranking import ranks
from mlflow_prod.evaluate.ranking.lists import Lists, numbers, spread
from mlflow_prod.evaluate.rows import hold_weights
from mlflow_prod.profile import Cells, Layout

FIGURES = ("ndcg", "map", "mrr")


def ranking(
    source: Tabular,
    query: str,
    relevance: str,
    score: str,
    columns: Sequence[str] = (),
    *,
    k: int = 10,
    weight: str = "",
    crosses: int = 1,
) -> pd.DataFrame:
    """NDCG, mean average precision and mean reciprocal rank of the first k places, by slice of queries.

    Returns a row for each slice, the first of all queries: its columns' values (None where it is not cut by a
    column), `queries`, `n`, Kish's effective number of those with a relevant item, on which the figures rest,
    and `ndcg_at_10`, `map_at_10`, `mrr_at_10` with `_low` and `_high`: the normal 95% interval of the mean
    over queries, since the items of one query hang together. Not for fewer than some 30 queries, of which it
    is too short.

    Parameters
    ----------
    source : table, or a Parquet file or folder, with a row for each item of each query, in any order. Its
        columns named here are held in memory, some 30 bytes a row.
    query : column that tells which query (or user, or session) an item was shown in.
    relevance : column of gains, >= 0; for `map` and `mrr` an item of more than 0 is relevant.
    score : column of scores by which the model sorts, highest first.
    columns : what to slice by: columns with one value for each query, such as the user's country.
    k : places that count, >= 1.
    weight : column of weights of queries, >= 0, one for each query.
    crosses : 2: pairs of columns, too.

    Items with equal scores share their places, as in scikit-learn: each is worth the mean of them (NDCG, and
    `mrr` is the mean over their orders), or has the precision at the last of them (`map`). NDCG is
    sklearn's `ndcg_score`, a gain counting as it is; average precision its `average_precision_score` where k
    takes all items, and with fewer the sum over relevant items is divided by at most k. A query without a
    relevant item, of which scikit-learn says 0, says nothing of the order and does not count.

    Raises DataError for columns that are not there, numbers that are not finite, negative gains or weights,
    items without a query, and what differs inside a query; InvalidParameter. Source of NDCG: K. Järvelin and
    J. Kekäläinen, ACM TOIS 20 (2002), 422-446; of its ties: F. McSherry and M. Najork, ECIR (2008), 414-421.
    """
    if crosses not in (1, 2):
        raise InvalidParameter("crosses", "1 or 2", crosses)
    if len(set(columns)) < len(columns):
        raise InvalidParameter("columns", "named once each", tuple(columns))
    lists = Lists.read(source, query, relevance, score, k, [*columns, *([weight] if weight else [])])
    values = ranks.figures(lists.rows, lists.starts, lists.relevance, lists.scores, k)
    barren = np.isnan(values[0])
    weights = _weights(lists, weight) if weight else None
    pairs = tuple(itertools.combinations(range(len(columns)), 2)) if crosses == 2 else ()
    cells = Cells(Layout(tuple(columns), pairs, (2,), len(FIGURES), weights is not None, summed=True))
    groups = [lists.of_queries(name) for name in columns]
    cells.add(groups, barren.astype(np.int32), np.nan_to_num(values), weights)
    found = cells.slices()
    told = replace(found, rows=found.rows[:, :1], mass=found.mass[:, :1], squares=found.squares[:, :1])
    whole, cuts = Whole.of(told), [dict(cut) for cut in found.cuts]
    table: dict[str, Sequence[object] | np.ndarray] = {"queries": found.rows.sum(axis=1), "n": whole.n}
    for at, name in enumerate(FIGURES):
        table |= spread(f"{name}_at_{k}", average(whole, *told.sums[:, at].T), 0)
    if taken := sorted(set(columns) & set(table)):
        raise DataError(f"column {taken[0]!r} is called as a figure is: give it another name")
    return pd.DataFrame({name: [cut.get(name) for cut in cuts] for name in columns} | table)


def _weights(lists: Lists, name: str) -> np.ndarray:
    found = numbers(lists.of_queries(name), name)
    if (found < 0).any() or not found.any():
        raise DataError(
            f"column {name!r} must hold weights >= 0, one of them > 0, got {found.min():g} at least"
        )
    hold_weights(found)
    return found
