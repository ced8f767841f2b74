"""Shapley values by permutation sampling, many model rows a call."""

from collections.abc import Callable, Sequence

import numpy as np

from mlflow_prod.errors import DataError, InvalidParameter
from mlflow_prod.explain.attribution import Attribution

Score = Callable[[np.ndarray], np.ndarray]

# Model rows a call, and numbers in them: large enough to keep a model busy, small enough for memory.
BATCH_ROWS, BATCH_NUMBERS = 32_768, 2**23
# Tiles an image is cut into along each side.
TILES = 8


def explain(
    score: Score,
    rows: np.ndarray,
    background: np.ndarray,
    names: Sequence[str],
    *,
    permutations: int = 4,
    seed: int = 0,
) -> Attribution:
    """What each raw column added to the score of each row, compared with the background's mean score.

    For each row the columns are switched in a random order from the background's values to the row's, then
    back in the same order; a column's value is the mean change of the score at its switch. Values add up to
    the score exactly; they are exact Shapley values where at most two columns interact, estimates beyond.
    The algorithm of shap's `PermutationExplainer`, with all rows in common batches.

    An image is cut into up to 8 x 8 tiles; a tile that is switched off shows the background's mean image.

    Not a statement about causes. Columns that hang together share their credit, because hidden values are
    drawn as if columns were independent.

    Parameters
    ----------
    score : matrices like `rows` of any length m to scores (m,) or (m, classes).
    rows : what is explained, (n, columns) or images (n, height, width, channels), n >= 1.
    background : what is compared with, same columns, at least 1 row; 50 to 100 are common.
    names : of the columns; not used for images.
    permutations : orders tried per row, >= 1. More: less noise, more time. The model scores
        n x permutations x 2 (columns - 1) x background rows.
    seed : of the orders.

    Raises
    ------
    DataError : shapes that do not fit, no rows, scores that are not finite.
    InvalidParameter : no permutations.

    Sources: E. Strumbelj and I. Kononenko, KAIS 41 (2014), 647-665; R. Mitchell et al., JMLR 23 (2022), 43.

    >>> rows, background = np.array([[3.0, 1.0]]), np.zeros((1, 2))
    >>> explain(lambda m: m[:, 0] * m[:, 1] + m[:, 0], rows, background, ("a", "b")).values
    array([[4.5, 1.5]])
    """
    if permutations < 1:
        raise InvalidParameter("permutations", ">= 1", permutations)
    if (
        rows.ndim not in (2, 4)
        or rows.shape[1:] != background.shape[1:]
        or not len(rows)
        or not len(background)
    ):
        raise DataError(
            "rows and background must be tables (n, columns) or images (n, height, width, channels) of one "
            f"shape, with at least one row each, got shapes {rows.shape} and {background.shape}"
        )
    if rows.ndim == 4:
        return _explain_images(score, rows, background, permutations, seed)
    if len(names) != rows.shape[1]:
        raise DataError(f"names must name each of the {rows.shape[1]} columns, got {len(names)}")
    values, base, scores = _sample(score, rows, background, np.arange(rows.shape[1]), permutations, seed)
    return Attribution(values, base, scores, rows, tuple(names))


def _explain_images(
    score: Score, images: np.ndarray, background: np.ndarray, permutations: int, seed: int
) -> Attribution:
    n, height, width, channels = images.shape
    down, across = min(height, TILES), min(width, TILES)
    tile_row, tile_column = np.arange(height) * down // height, np.arange(width) * across // width
    tile = np.repeat((tile_row[:, None] * across + tile_column).ravel(), channels)
    flat = images.reshape(n, -1)
    hidden = background.mean(axis=0, dtype=np.float64).astype(images.dtype).reshape(1, -1)
    values, base, scores = _sample(
        lambda rows: score(rows.reshape(-1, height, width, channels)), flat, hidden, tile, permutations, seed
    )
    means = np.stack([flat[:, tile == at].mean(axis=1) for at in range(down * across)], axis=1)
    names = tuple(f"row {row} column {column}" for row in range(down) for column in range(across))
    return Attribution(values, base, scores, means, names, (down, across))


def _sample(
    score: Score, rows: np.ndarray, background: np.ndarray, player: np.ndarray, permutations: int, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(values, base, scores) where column c is switched together with all others of the same `player[c]`."""
    n, players = len(rows), int(player.max()) + 1
    scores, base = _scored(score, rows), _scored(score, background).mean(axis=0)
    # rank[walk, p]: the step at which player p is switched on, and later off again.
    orders = np.tile(np.arange(players), (n * permutations, 1))
    orders = np.random.default_rng(seed).permuted(orders, axis=1)
    rank = np.argsort(orders, axis=1)
    # Of a walk's 2 x players states only those between all off and all on are new.
    steps = np.arange(1, players)
    states = np.empty((n * permutations, 2, players - 1, *scores.shape[1:]))
    flat = states.reshape(-1, *scores.shape[1:])
    size = max(1, min(BATCH_ROWS, BATCH_NUMBERS // rows.shape[1]) // len(background))
    for start in range(0, len(flat), size):
        walk, back, step = np.unravel_index(np.arange(start, min(start + size, len(flat))), states.shape[:3])
        on = (rank[walk] < steps[step][:, None]) ^ (back == 1)[:, None]
        mixed = np.where(on[:, None, player], rows[walk // permutations][:, None], background)
        found = _scored(score, mixed.reshape(-1, rows.shape[1]))
        flat[start : start + size] = found.reshape(len(walk), len(background), *scores.shape[1:]).mean(axis=1)
    empty = np.broadcast_to(base, (n * permutations, 1, *base.shape))
    full = np.repeat(scores, permutations, axis=0)[:, None]
    forth = np.diff(np.concatenate([empty, states[:, 0], full], axis=1), axis=1)
    back_again = -np.diff(np.concatenate([full, states[:, 1], empty], axis=1), axis=1)
    changes = (forth + back_again) / 2
    places = rank.reshape(rank.shape + (1,) * (changes.ndim - 2))
    by_player = np.take_along_axis(changes, places, axis=1)
    return by_player.reshape(n, permutations, *by_player.shape[1:]).mean(axis=1), base, scores


def _scored(score: Score, matrix: np.ndarray) -> np.ndarray:
    scores = np.asarray(score(matrix), np.float64)
    if len(scores) != len(matrix) or not np.isfinite(scores).all():
        raise DataError(
            f"scores must be finite, one for each of {len(matrix)} rows, got shape {scores.shape}"
        )
    return scores
