import json

import numpy as np
import pytest

from mlflow_prod.encoder import Encoder, ImageEncoder, from_dict
from mlflow_prod.errors import DataError

IMAGES = np.random.default_rng(1).integers(0, 256, (5, 4, 3, 2), np.uint8)


def test_bytes_become_0_to_1():
    encoder = ImageEncoder.fit(IMAGES)
    assert isinstance(encoder, Encoder)
    assert (encoder.names, encoder.shape) == ((), (4, 3, 2))
    np.testing.assert_allclose(encoder.encode(IMAGES), IMAGES / 255, atol=1e-6)
    assert encoder.encode(IMAGES).dtype == np.float32


def test_floats_become_0_to_1_by_the_training_rows_range():
    encoder = ImageEncoder.fit(IMAGES.astype(np.float32) / 16)
    assert encoder.encode(IMAGES.astype(np.float32) / 16).max() == pytest.approx(1)
    assert ImageEncoder.fit(np.zeros((2, 3, 3, 1), np.float32)).encode(np.zeros((1, 3, 3, 1))).max() == 0


def test_it_comes_back_from_json():
    encoder = ImageEncoder.fit(IMAGES)
    assert from_dict(json.loads(json.dumps(encoder.to_dict()))) == encoder


def test_grey_images_may_leave_the_channel_out():
    encoder = ImageEncoder((4, 3, 1))
    assert np.array_equal(encoder.encode(IMAGES[..., 0]), encoder.encode(IMAGES[..., :1]))


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (IMAGES[:, :3], r"must have shape \(n, 4, 3, 2\), got \(5, 3, 3, 2\)"),
        (IMAGES[0], "must have shape"),
        (IMAGES * np.nan, "finite numbers only"),
        ([["a"]], "must be one array of numbers"),
    ],
)
def test_images_that_cannot_be_read_are_refused(images, message):
    with pytest.raises(DataError, match=message):
        ImageEncoder.fit(IMAGES).encode(images)
