"""Pictures from IDX files and from folders of PNG or JPEG."""

import gzip
import zlib
from pathlib import Path

import numpy as np

from mlflow_prod.data.source import Images
from mlflow_prod.errors import DataError

SUFFIXES = (".png", ".jpg", ".jpeg")
IDX_BYTES = 0x08


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
    from PIL import Image, UnidentifiedImageError

    pixels, labels = [], []
    for child in sorted(child for child in folder.iterdir() if child.is_dir()):
        for path in _pictures(child):
            try:
                with Image.open(path) as picture:
                    grey = picture.mode in ("1", "L", "LA", "I;16")
                    pixels.append(np.asarray(picture.convert("L" if grey else "RGB")))
            except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as problem:
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
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error) as problem:
        raise DataError(f"{path} cannot be unpacked (damaged, or cut short?): {problem}") from problem
    head = 4 + 4 * dimensions
    if len(content) < head or content[:4] != bytes([0, 0, IDX_BYTES, dimensions]):
        raise DataError(
            f"{path} is not an IDX file of bytes in {dimensions} dimension{'s' * (dimensions > 1)}"
        )
    shape = np.frombuffer(content[4:head], ">u4").astype(int)
    if len(content) - head != shape.prod():
        raise DataError(f"{path} says {shape.prod():,} values, but holds {len(content) - head:,}: cut short?")
    return np.frombuffer(content, np.uint8, offset=head).reshape(shape)
