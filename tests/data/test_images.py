import gzip
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mlflow_prod.data import load
from mlflow_prod.errors import DataError

FASHION = Path(__file__).parents[3] / "shared/data/fashion-mnist"


def write_idx(path, array):
    head = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    path.write_bytes(gzip.compress(head + array.astype(np.uint8).tobytes()))


def write_idx_pair(folder, part, n, seed):
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (n, 4, 5))
    write_idx(folder / f"{part}-images-idx3-ubyte.gz", images)
    write_idx(folder / f"{part}-labels-idx1-ubyte.gz", np.arange(n) % 3)
    return images


def write_pictures(folder, mode="L", suffix="png"):
    shape = (6, 7) if mode == "L" else (6, 7, 3)
    for number in range(20):
        child = folder / ("cat" if number % 2 else "dog")
        child.mkdir(exist_ok=True)
        pixels = np.random.default_rng(number).integers(0, 256, shape, np.uint8)
        Image.fromarray(pixels).save(child / f"{number:02}.{suffix}")


def test_idx_files_are_read_with_their_own_test_set(tmp_path):
    write_idx_pair(tmp_path, "train", 30, 1)
    tested = write_idx_pair(tmp_path, "t10k", 9, 2)
    dataset = load(str(tmp_path))
    assert dataset.task.classes == ("0", "1", "2")
    assert (len(dataset.train), len(dataset.validation), len(dataset.test)) == (27, 3, 9)
    np.testing.assert_array_equal(dataset.test.features[..., 0], tested)
    assert dataset.test.target.tolist() == [0, 1, 2] * 3


@pytest.mark.parametrize(
    ("mode", "suffix", "channels"), [("L", "png", 1), ("RGB", "png", 3), ("RGB", "jpg", 3)]
)
def test_a_folder_of_pictures_by_class_is_read(tmp_path, mode, suffix, channels):
    write_pictures(tmp_path, mode, suffix)
    dataset = load(str(tmp_path))
    assert dataset.schema is None
    assert dataset.task.classes == ("cat", "dog")
    assert dataset.train.features.shape[1:] == (6, 7, channels)
    assert dataset.train.features.dtype == np.uint8


def test_a_damaged_picture_is_named(tmp_path):
    write_pictures(tmp_path)
    (tmp_path / "cat" / "01.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    with pytest.raises(DataError, match=r"01\.png cannot be read as a picture"):
        load(str(tmp_path))


def test_a_picture_cut_short_is_named(tmp_path):
    write_pictures(tmp_path)
    path = tmp_path / "cat" / "03.png"
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(DataError, match=r"03\.png cannot be read as a picture"):
        load(str(tmp_path))


def test_a_picture_of_another_size_is_named(tmp_path):
    write_pictures(tmp_path)
    Image.new("L", (3, 2)).save(tmp_path / "dog" / "99.png")
    with pytest.raises(DataError, match=r"99\.png is 3x2 pixels, the first picture is 7x6"):
        load(str(tmp_path))


def test_an_idx_file_cut_short_is_named(tmp_path):
    write_idx_pair(tmp_path, "train", 30, 1)
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes())[:-5]))
    with pytest.raises(DataError, match="says 600 values, but holds 595"):
        load(str(tmp_path))
    path.write_bytes(b"no gzip")
    with pytest.raises(DataError, match="cannot be unpacked"):
        load(str(tmp_path))
    path.write_bytes(gzip.compress(b"something else entirely"))
    with pytest.raises(DataError, match="is not an IDX file"):
        load(str(tmp_path))


def write_idx_head(path, *shape):
    path.write_bytes(bytes([0, 0, 8, len(shape)]) + np.array(shape, ">u4").tobytes())


def test_idx_files_without_rows_are_refused(tmp_path):
    write_idx_head(tmp_path / "train-images-idx3-ubyte", 0, 4, 5)
    write_idx_head(tmp_path / "train-labels-idx1-ubyte", 0)
    with pytest.raises(DataError, match=r"images must have shape .* got \(0, 4, 5, 1\)"):
        load(str(tmp_path))


def test_dimensions_beyond_64_bits_are_counted(tmp_path):
    write_idx_head(tmp_path / "train-images-idx3-ubyte", 2**31, 2**31, 4)
    write_idx_head(tmp_path / "train-labels-idx1-ubyte", 2**31)
    with pytest.raises(DataError, match="says 18,446,744,073,709,551,616 values, but holds 0: cut short"):
        load(str(tmp_path))


def test_an_idx_file_that_goes_on_is_not_unpacked_to_its_end(tmp_path):
    write_idx_pair(tmp_path, "train", 30, 1)
    path = tmp_path / "train-images-idx3-ubyte.gz"
    # gzip reads members one after the other: that the second is none is seen only by going on.
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()) + bytes(3 << 20)) + b"no gzip")
    with pytest.raises(DataError, match="says 600 values, but holds more"):
        load(str(tmp_path))


def test_test_images_must_be_of_the_size_of_the_others(tmp_path):
    write_idx_pair(tmp_path, "train", 30, 1)
    write_idx(tmp_path / "t10k-images-idx3-ubyte.gz", np.zeros((3, 4, 6)))
    write_idx(tmp_path / "t10k-labels-idx1-ubyte.gz", np.arange(3))
    with pytest.raises(DataError, match=r"of one size with any test images, got \(3, 4, 6, 1\)"):
        load(str(tmp_path))


def test_a_picture_that_unpacks_without_end_is_named(tmp_path, monkeypatch):
    write_pictures(tmp_path)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 20)
    with pytest.raises(DataError, match=r"1\.png cannot be read as a picture.* decompression bomb"):
        load(str(tmp_path))


def test_labels_that_do_not_fit_the_images_are_refused(tmp_path):
    write_idx_pair(tmp_path, "train", 30, 1)
    write_idx(tmp_path / "train-labels-idx1-ubyte.gz", np.arange(29) % 3)
    with pytest.raises(DataError, match="must match"):
        load(str(tmp_path))
    (tmp_path / "train-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(DataError, match="must hold both"):
        load(str(tmp_path))


def test_roles_of_columns_do_not_suit_images(tmp_path):
    write_pictures(tmp_path)
    with pytest.raises(DataError, match=r"protected: .* holds images"):
        load(str(tmp_path), protected="sex")


@pytest.mark.skipif(not FASHION.is_dir(), reason="fashion-mnist is not here")
def test_fashion_mnist_is_read_as_shipped():
    dataset = load(str(FASHION), rows=2_000)
    assert dataset.test.features.shape == (2_000, 28, 28, 1)
    assert len(dataset.task.classes) == 10
    assert np.bincount(dataset.train.target).min() > 100
