"""Compiled loops over the items of each query by falling score; tied items share their places."""

import numpy as np
from numba import njit


@njit(cache=True)
def by_query(queries: np.ndarray, number: int) -> tuple[np.ndarray, np.ndarray]:
    """(rows query by query (n,), where each query's begin (number + 1,)), of the query (n,) of each row."""
    starts = np.zeros(number + 1, np.int64)
    for query in queries:
        starts[query + 1] += 1
    starts = np.cumsum(starts)
    rows, free = np.empty(len(queries), np.int64), starts[:-1].copy()
    for row in range(len(queries)):
        rows[free[queries[row]]] = row
        free[queries[row]] += 1
    return rows, starts


@njit(cache=True)
def _discounts(places: int) -> np.ndarray:
    # What the first so many places are worth together.
    found = np.zeros(places + 1)
    for place in range(places):
        found[place + 1] = found[place] + 1 / np.log2(place + 2)
    return found


@njit(cache=True)
def _first(start: int, size: int, hits: int, last: int) -> float:
    # Mean of 1 / place of the first hit, of `size` items in any order from `start` on; 0 beyond `last`.
    found, none_yet = 0.0, 1.0
    for at in range(min(size - hits + 1, last - start)):
        found += none_yet * hits / (size - at) / (start + at + 1)
        none_yet *= (size - at - hits) / (size - at)
    return found


@njit(nogil=True, cache=True)
def figures(
    rows: np.ndarray, starts: np.ndarray, relevance: np.ndarray, scores: np.ndarray, k: int
) -> np.ndarray:
    """Shape (3, queries): NDCG, average precision and reciprocal rank of the first k places.

    `rows`, `starts` as of `by_query`, `relevance`, `scores` (n,). NaN of a query without a relevant item.
    """
    found = np.full((3, len(starts) - 1), np.nan)
    for query in range(len(starts) - 1):
        mine = rows[starts[query] : starts[query + 1]]
        items, relevant = len(mine), 0
        last = min(k, items)
        worth, gains = _discounts(last), relevance[mine]
        order = np.argsort(-scores[mine])
        for gain in gains:
            relevant += gain > 0
        if not relevant:
            continue
        best = np.sort(gains)[::-1]
        ideal = 0.0
        for place in range(last):
            ideal += best[place] * (worth[place + 1] - worth[place])
        gained, precision, reciprocal, seen, start = 0.0, 0.0, 0.0, 0, 0
        while start < last:
            end, gain, hits = start, 0.0, 0
            while end < items and scores[mine[order[end]]] == scores[mine[order[start]]]:
                gain += gains[order[end]]
                hits += gains[order[end]] > 0
                end += 1
            inside = min(end, last)
            gained += gain / (end - start) * (worth[inside] - worth[start])
            precision += hits * (inside - start) / (end - start) * (seen + hits) / end
            if hits and not seen:
                reciprocal = _first(start, end - start, hits, last)
            seen += hits
            start = end
        found[0, query] = gained / ideal
        found[1, query] = precision / min(relevant, last)
        found[2, query] = reciprocal
    return found


@njit(nogil=True, cache=True)
def exposures(rows: np.ndarray, starts: np.ndarray, scores: np.ndarray, k: int) -> np.ndarray:
    """What each item's place is worth, 1 / log2(1 + place), (n,); nothing beyond the first k places."""
    found = np.zeros(len(scores))
    for query in range(len(starts) - 1):
        mine = rows[starts[query] : starts[query + 1]]
        last = min(k, len(mine))
        worth, order, start = _discounts(last), np.argsort(-scores[mine]), 0
        while start < last:
            end = start
            while end < len(mine) and scores[mine[order[end]]] == scores[mine[order[start]]]:
                end += 1
            for at in range(start, end):
                found[mine[order[at]]] = (worth[min(end, last)] - worth[start]) / (end - start)
            start = end
    return found
