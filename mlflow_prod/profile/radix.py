"""Compiled loops that count float64 values in buckets of equal leading bits.

A key is the bits of a value as an int64 that sorts as the values do; a bucket is a key without its last
`shift` bits. No column needs a range beforehand, and buckets of two shifts add after the finer ones are cut
down to the coarser.
"""

import numpy as np
from numba import njit

MOST_BUCKETS = 4_096
# All float64 without 52 bits are 4,096 buckets: a sign and 11 bits of exponent.
MOST_SHIFT = 52
# The table while counting: half full at most, so that a value finds its place in one or two steps.
_BITS = 14
_SLOTS = 1 << _BITS
_FULL = _SLOTS // 2
_MAGNITUDE = np.int64(0x7FFFFFFFFFFFFFFF)
_EXPONENT = np.int64(0x7FF0000000000000)
_NAN = np.int64(0x7FF8000000000000)
_MANTISSA = np.int64(0x000FFFFFFFFFFFFF)
# 2^64 divided by the golden ratio: multiplied by it, neighbouring buckets fall far apart.
_SPREAD = np.uint64(0x9E3779B97F4A7C15)
# Rounding errors of a sum grow with what is summed in one go.
_BLOCK = 256


def keys_of(values: np.ndarray) -> np.ndarray:
    """The key of each value, int64 (n,); -0 is 0. Not for NaN."""
    bits = (np.asarray(values, np.float64) + 0.0).view(np.int64)
    found: np.ndarray = bits ^ ((bits >> 63) & _MAGNITUDE)
    return found


def values_of(keys: np.ndarray) -> np.ndarray:
    """The value of each key, float64 (n,)."""
    keys = np.asarray(keys, np.int64)
    return (keys ^ ((keys >> 63) & _MAGNITUDE)).view(np.float64)


@njit(cache=True, nogil=True)
def least_shift(keys: np.ndarray, most: int) -> int:
    """How many further bits ascending `keys` (b,) must lose so that at most `most` stay different."""
    ends = np.zeros(65, np.int64)
    for at in range(1, len(keys)):
        apart, bits = np.uint64(keys[at] ^ keys[at - 1]), 1
        for step in (32, 16, 8, 4, 2, 1):
            if apart >> np.uint64(step):
                apart >>= np.uint64(step)
                bits += step
        ends[bits] += 1
    different = 1 + ends[1:].sum()
    shift = 0
    while different > most:
        shift += 1
        different -= ends[shift]
    return shift


@njit(cache=True, nogil=True)
def coarsened(keys: np.ndarray, counts: np.ndarray, shift: int) -> tuple[np.ndarray, np.ndarray]:
    """Ascending keys (b,) without `shift` bits, each once, and their counts."""
    kept, rows = np.empty_like(keys), np.zeros_like(counts)
    last = -1
    for at in range(len(keys)):
        key = keys[at] >> shift
        if last < 0 or kept[last] != key:
            last += 1
            kept[last] = key
        rows[last] += counts[at]
    return kept[: last + 1].copy(), rows[: last + 1].copy()


@njit(cache=True, nogil=True)
def merged(
    keys: np.ndarray, counts: np.ndarray, others: np.ndarray, more: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The counts of both, whose keys ascend and have lost the same bits."""
    size = len(keys) + len(others)
    kept, rows = np.empty(size, np.int64), np.zeros(size, np.int64)
    at = other = last = 0
    while at < len(keys) or other < len(others):
        mine = other == len(others) or (at < len(keys) and keys[at] <= others[other])
        theirs = at == len(keys) or (other < len(others) and others[other] <= keys[at])
        if mine:
            kept[last] = keys[at]
            rows[last] += counts[at]
            at += 1
        if theirs:
            kept[last] = others[other]
            rows[last] += more[other]
            other += 1
        last += 1
    return kept[:last].copy(), rows[:last].copy()


@njit(cache=True, nogil=True)
def _slot(table: np.ndarray, bucket: int) -> int:
    """Where a bucket is, or its free place, in `table` (slots, 2) of buckets and counts."""
    slot = np.int64((np.uint64(bucket) * _SPREAD) >> np.uint64(64 - _BITS))
    while table[slot, 1] and table[slot, 0] != bucket:
        slot = (slot + 1) & (_SLOTS - 1)
    return slot  # type: ignore[return-value]


@njit(cache=True, nogil=True)
def _fill(
    table: np.ndarray, keys: np.ndarray, counts: np.ndarray, bits: np.ndarray, shift: int, apart: np.ndarray
) -> int:
    """Puts buckets and then the values of `bits` (n,) into an empty table; how many until it was full."""
    used = len(keys)
    for at in range(used):
        slot = _slot(table, keys[at])
        table[slot, 0], table[slot, 1] = keys[at], counts[at]
    for row in range(len(bits)):
        b = bits[row]
        if b & _EXPONENT == _EXPONENT:
            apart[1 if b & _MANTISSA else 2 if b < 0 else 3] += 1
        elif b & _MAGNITUDE == 0:
            apart[0] += 1
        else:
            bucket = (b ^ ((b >> 63) & _MAGNITUDE)) >> shift
            slot = _slot(table, bucket)
            table[slot, 0] = bucket
            table[slot, 1] += 1
            used += table[slot, 1] == 1
            if used > _FULL:
                return row + 1
    return len(bits)


def tally(values: np.ndarray, shift: int = 0) -> tuple[np.ndarray, np.ndarray, int, np.ndarray]:
    """Counts float64 values (n,) in one pass, in buckets without `shift` bits at least.

    Returns
    -------
    keys, counts : (b,) int64 ascending, b <= MOST_BUCKETS; of what is neither zero, missing nor infinite.
    shift : the least from the given one on that leaves so few.
    apart : (4,) int64, rows that are zero, NaN, -inf, inf.
    """
    bits = np.ascontiguousarray(values, np.float64).view(np.int64)
    apart, keys = np.zeros(4, np.int64), np.empty(0, np.int64)
    counts = keys
    while True:
        table = np.zeros((_SLOTS, 2), np.int64)
        read = _fill(table, keys, counts, bits, shift, apart)
        taken = table[table[:, 1] > 0]
        # Sorted here, since NumPy's own sort is several times as fast as a compiled one.
        keys, counts = taken[np.argsort(taken[:, 0])].T
        # What was read needs at least this shift, whatever else there is.
        more = least_shift(keys, MOST_BUCKETS)
        keys, counts = coarsened(keys, counts, more)
        shift, bits = shift + more, bits[read:]
        if not len(bits):
            return keys, counts, shift, apart


@njit(cache=True, nogil=True)
def total(values: np.ndarray) -> tuple[float, float, float]:
    """Least, greatest and sum of the finite values (n,); inf, -inf and 0 of none."""
    low, high, found = np.inf, -np.inf, 0.0
    for row in range(len(values)):
        value = values[row]
        if abs(value) < np.inf:
            low, high = min(low, value), max(high, value)
            found += value
    return low, high, found


@njit(cache=True, nogil=True)
def spread(values: np.ndarray, middle: float) -> tuple[float, float]:
    """The sums of v - middle and of its square over the finite values (n,)."""
    first = second = 0.0
    for start in range(0, len(values), _BLOCK):
        once = twice = 0.0
        for row in range(start, min(start + _BLOCK, len(values))):
            if abs(values[row]) < np.inf:
                off = values[row] - middle
                once += off
                twice += off * off
        first += once
        second += twice
    return first, second


@njit(cache=True, nogil=True)
def _mixed(state: np.uint64) -> np.uint64:
    """As MurmurHash3 ends: each bit of the state moves half of those of the result."""
    state = (state ^ (state >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    state = (state ^ (state >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
    return state ^ (state >> np.uint64(33))


@njit(cache=True, nogil=True)
def hash_rows(values: np.ndarray, seed: int) -> np.ndarray:
    """A hash of each row of float64 `values` (n, columns), uint64 (n,); all NaN are one, -0 is none."""
    found = np.empty(len(values), np.uint64)
    for row in range(len(values)):
        state = _mixed(np.uint64(seed) + _SPREAD)
        for column in range(values.shape[1]):
            value = values[row, column]
            bits = _NAN if np.isnan(value) else np.float64(value).view(np.int64)
            state = _mixed((state ^ np.uint64(bits)) + _SPREAD)
        found[row] = state
    return found


@njit(cache=True, nogil=True)
def hash_texts(ends: np.ndarray, letters: np.ndarray) -> np.ndarray:
    """A hash of each text, uint64 (n,): the same on every machine and in every process.

    `ends` (n + 1,) int64: text i is the bytes from ends[i] to ends[i + 1] of `letters`, uint8. FNV-1a, the
    bits then mixed as MurmurHash3 does. Not against those who choose texts to collide.
    """
    found = np.empty(len(ends) - 1, np.uint64)
    for text in range(len(found)):
        state = np.uint64(0xCBF29CE484222325)
        for at in range(ends[text], ends[text + 1]):
            state = (state ^ np.uint64(letters[at])) * np.uint64(0x100000001B3)
        found[text] = _mixed(state)
    return found
