import numpy as np
import pytest

from mlflow_prod.data import load
from mlflow_prod.encoder import ImageEncoder, TableEncoder, fit, from_dict
from mlflow_prod.errors import DataError


def test_a_table_gets_a_table_encoder_of_its_inputs():
    dataset = load("loans?rows=500")
    encoder = fit(dataset.train, dataset.schema)
    assert isinstance(encoder, TableEncoder)
    assert encoder.names == dataset.schema.inputs
    assert np.isfinite(encoder.encode(dataset.test.features)).all()


def test_images_get_an_image_encoder():
    encoder = fit(load("digits", rows=100).train, None)
    assert isinstance(encoder, ImageEncoder)
    assert (encoder.low, encoder.high) == (0, 16)


def test_an_unknown_kind_is_named():
    with pytest.raises(DataError, match="unknown kind of encoder 'tabel'; did you mean 'table'"):
        from_dict({"kind": "tabel"})
