"""Pictures from IDX files and from folders of PNG or JPEG."""

import gzip
import math
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np

from mlflow_prod.data.source import Images
from mlflow_prod.errors import DataError

SUFFIXES = (".png", ".jpg", ".jpeg")
IDX_BYTES = 0x08
PIECE = 1 << 20


def is_idx_folder(folder: Path) -> bool:
    """Whether the folder holds `train-images-idx3-ubyte`, packed or not."""
    return _idx_file(folder, "train-images") is not None


def is_image_folder(folder: Path) -> bool:
    """Whether the folder holds folders of pictures."""
    return any(_pictures(child) for child in folder.iterdir() if child.is_dir())


def read_idx_folder(folder: Path) -> Images:
    """`train-` images and labels, and those of `t10k-` as the test set where they are there.

    Layout of the files: http://yann.lecun.com/exdb/mnist/.
    """
    train = _read_idx_pair(folder, "train")
    return Images(*train, test=_read_idx_pair(folder, "t10k") if _idx_file(folder, "t10k-images") else None)


def read_image_folder(folder: Path) -> Images:
    """One folder a class, named as the class; pictures of one size. Grey ones get one channel, others three.

    Raises DataError naming a picture that is damaged or of another size than the first.
    """
    from PIL import Image

    # A picture that unpacks to far more than any camera takes is a bomb to Pillow.
    broken = (OSError, SyntaxError, ValueError, Image.DecompressionBombError)
    pixels, labels = [], []
    for child in sorted(child for child in folder.iterdir() if child.is_dir()):
        for path in _pictures(child):
            try:
                with Image.open(path) as picture:
                    grey = picture.mode in ("1", "L", "LA", "I;16")
                    pixels.append(np.asarray(picture.convert("L" if grey else "RGB")))
            except broken as problem:
                raise DataError(
                    f"{path} cannot be read as a picture, remove or mend it: {problem}"
                ) from problem
            if pixels[-1].shape[:2] != pixels[0].shape[:2]:
                first, this = (f"{a.shape[1]}x{a.shape[0]}" for a in (pixels[0], pixels[-1]))
                raise DataError(
                    f"{path} is {this} pixels, the first picture is {first}: bring all to one size"
                )
            labels.append(child.name)
    coloured = any(array.ndim == 3 for array in pixels)
    if coloured:
        pixels = [array if array.ndim == 3 else np.repeat(array[..., None], 3, axis=2) for array in pixels]
    stacked = np.stack(pixels)
    return Images(stacked if coloured else stacked[..., None], np.array(labels))


def _pictures(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)


def _idx_file(folder: Path, start: str) -> Path | None:
    kind = "idx3" if start.endswith("images") else "idx1"
    paths = (folder / f"{start}-{kind}-ubyte{suffix}" for suffix in ("", ".gz"))
    return next((path for path in paths if path.is_file()), None)


def _read_idx_pair(folder: Path, part: str) -> tuple[np.ndarray, np.ndarray]:
    files = [_idx_file(folder, f"{part}-{kind}") for kind in ("images", "labels")]
    if files[0] is None or files[1] is None:
        raise DataError(
            f"{folder} must hold both {part}-images-idx3-ubyte and {part}-labels-idx1-ubyte, or their .gz"
        )
    pixels, labels = _read_idx(files[0], 3), _read_idx(files[1], 1)
    if len(pixels) != len(labels):
        raise DataError(
            f"{files[0]} holds {len(pixels)} images, {files[1]} {len(labels)} labels: they must match"
        )
    return pixels[..., None], labels.astype(str)


def _read_idx(path: Path, dimensions: int) -> np.ndarray:
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            head = file.read(4 + 4 * dimensions)
            shape = np.frombuffer(head[4:], ">u4").tolist() if len(head) == 4 + 4 * dimensions else []
            if not shape or head[:4] != bytes([0, 0, IDX_BYTES, dimensions]):
                raise DataError(
                    f"{path} is not an IDX file of bytes in {dimensions} dimension{'s' * (dimensions > 1)}"
                )
            values = _read_up_to(file, math.prod(shape) + 1)
    except (OSError, EOFError, zlib.error) as problem:
        raise DataError(f"{path} cannot be unpacked (damaged, or cut short?): {problem}") from problem
    if len(values) != math.prod(shape):
        found = f"{len(values):,}: cut short?" if len(values) < math.prod(shape) else "more"
        raise DataError(f"{path} says {math.prod(shape):,} values, but holds {found}")
    return np.frombuffer(values, np.uint8).reshape(shape)


def _read_up_to(file: BinaryIO | gzip.GzipFile, most: int) -> bytearray:
    # What a file says of its size may be a lie in either direction: only what is there is held.
    content = bytearray()
    while len(content) < most and (piece := file.read(min(PIECE, most - len(content)))):
        content += piece
    return content
