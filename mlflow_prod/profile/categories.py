"""A column of texts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pyarrow as pa

from mlflow_prod.errors import DataError
from mlflow_prod.profile import radix

MOST = 10_000


@dataclass(frozen=True)
class Categories:
    """Rows by text, exactly, of up to 10,000 different texts; two columns add to that of both.

    Of more texts those of the smallest hashes are kept, whatever came first: `a + b` is free of order, and
    what is kept is counted exactly. Not for the commonest of more than 10,000: a common text may be among
    `others`.

    Parameters
    ----------
    counts : rows > 0 by text, 10,000 texts at most.
    missing : rows without a value.
    others : rows with a text that is not among `counts`.
    """

    counts: Mapping[str, int]
    missing: int = 0
    others: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "counts", MappingProxyType(dict(self.counts)))
        if len(self.counts) > MOST or min(*self.counts.values(), 1, self.missing + 1, self.others + 1) < 1:
            raise DataError(f"categories must be counts > 0 of at most {MOST} texts")

    @classmethod
    def of(cls, values: pa.Array) -> "Categories":
        """Of texts (n,), plain or dictionary-coded, null where missing."""
        coded = values if pa.types.is_dictionary(values.type) else values.dictionary_encode()
        rows = np.bincount(coded.indices.drop_null().to_numpy(), minlength=len(coded.dictionary))
        texts = coded.dictionary.cast(pa.large_string())
        if coded is not values:
            return _smallest(texts, rows, values.null_count, 0)
        # Values of a dictionary may be missing, be used by no row, or become the same text.
        seen = texts.filter(pa.array(rows > 0)).dictionary_encode()
        rows = rows[rows > 0]
        known = np.asarray(seen.indices.is_valid())
        counts = np.zeros(len(seen.dictionary), np.int64)
        np.add.at(counts, seen.indices.drop_null().to_numpy(), rows[known])
        return _smallest(seen.dictionary, counts, coded.indices.null_count + int(rows[~known].sum()), 0)

    def __add__(self, other: "Categories") -> "Categories":
        """The column of the rows of both."""
        counts = dict(self.counts)
        for text, rows in other.counts.items():
            counts[text] = counts.get(text, 0) + rows
        missing, others = self.missing + other.missing, self.others + other.others
        texts, sizes = pa.array(list(counts), pa.large_string()), np.array([*counts.values()], np.int64)
        return _smallest(texts, sizes, missing, others)

    def would_count(self, texts: Sequence[str]) -> np.ndarray:
        """Whether each text (n,) would be among `counts` if a row had it; bool, all true without `others`."""
        if not self.others or not texts:
            return np.ones(len(texts), bool)
        kept, asked = (
            radix.hash_texts(*_letters(pa.array(list(each), pa.large_string())))
            for each in (self.counts, texts)
        )
        found: np.ndarray = asked <= kept.max()
        return found

    @property
    def rows(self) -> int:
        """Rows counted, missing ones among them."""
        return sum(self.counts.values()) + self.missing + self.others


def _smallest(texts: pa.Array, counts: np.ndarray, missing: int, others: int) -> Categories:
    if len(texts) > MOST:
        hashes = radix.hash_texts(*_letters(texts))
        # Two texts of one hash stand in the order of the texts.
        edge = np.partition(hashes, MOST - 1)[MOST - 1]
        tied = np.flatnonzero(hashes == edge)
        tied = tied[np.argsort(texts.take(pa.array(tied)).to_numpy(zero_copy_only=False))]
        kept = np.flatnonzero(hashes < edge)
        kept = np.r_[kept, tied[: MOST - len(kept)]]
        others += int(counts.sum() - counts[kept].sum())
        texts, counts = texts.take(pa.array(kept)), counts[kept]
    return Categories(dict(zip(texts.to_pylist(), counts.tolist(), strict=True)), missing, others)


def _letters(texts: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    _, ends, letters = texts.buffers()
    found = np.frombuffer(ends, np.int64)[texts.offset : texts.offset + len(texts) + 1]
    return found, np.frombuffer(letters or b"", np.uint8)
