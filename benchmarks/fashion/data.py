"""Fashion-MNIST as arrays, and the ready network of `../shared/data/fashion-cnn`."""

import gzip
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import keras

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"
READY = DATA / "fashion-cnn" / "fashion_mnist_model.keras"
HELD_OUT = 5_000


class Absent(Exception):
    """A file that a benchmark needs is not there; says which."""


@dataclass(frozen=True)
class Rows:
    """Images float32, shape (n, 28, 28, 1), 0 to 1; classes int64, shape (n,)."""

    images: np.ndarray
    classes: np.ndarray

    def __len__(self) -> int:
        return len(self.classes)

    def first(self, number: int) -> "Rows":
        """The first rows; the order of the files is random."""
        return Rows(self.images[:number], self.classes[:number])


@dataclass(frozen=True)
class Fashion:
    """55,000 training rows, 5,000 validation rows for every choice, 10,000 test rows for none."""

    train: Rows
    validation: Rows
    test: Rows


def fashion() -> Fashion:
    """Reads the four files; Absent where one is missing."""
    rows = _rows("train")
    cut = len(rows) - HELD_OUT
    held_out = Rows(rows.images[cut:], rows.classes[cut:])
    return Fashion(rows.first(cut), held_out, _rows("t10k"))


def ready() -> "keras.Model":
    """A network that someone else trained, uncompiled; Absent where it is missing."""
    import keras

    if not READY.is_file():
        raise Absent(
            f"no {READY}: put the network there (github.com/cvishakh/image_prediction_on_Fashion_MNIST)"
        )
    return keras.models.load_model(READY, compile=False)


def mirrored(images: np.ndarray) -> np.ndarray:
    """The images seen in a mirror: left and right change places."""
    return np.ascontiguousarray(images[:, :, ::-1])


def _rows(part: str) -> Rows:
    # The IDX format: 4 bytes of type, of which the last tells the axes, 4 bytes of length each, the bytes.
    pixels = np.frombuffer(_read(f"{part}-images-idx3-ubyte.gz"), np.uint8, offset=16)
    classes = np.frombuffer(_read(f"{part}-labels-idx1-ubyte.gz"), np.uint8, offset=8)
    return Rows(pixels.reshape(-1, 28, 28, 1).astype(np.float32) / 255, classes.astype(np.int64))


def _read(name: str) -> bytes:
    path = DATA / "fashion-mnist" / name
    if not path.is_file():
        raise Absent(f"no {path}: put Fashion-MNIST there (github.com/zalandoresearch/fashion-mnist)")
    return gzip.decompress(path.read_bytes())
