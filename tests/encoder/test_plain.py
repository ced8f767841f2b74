import numpy as np
import pandas as pd

from mlflow_prod import data
from mlflow_prod.encoder import from_dict, plain


def test_images_stay_as_they_are():
    known = data.load("digits")
    learnt = plain(known.test, known.schema)
    assert np.array_equal(learnt.encode(known.test.features), known.test.features)


def test_numbers_stay_as_they_are_and_a_missing_one_is_the_mean():
    known = data.load("breast_cancer")
    learnt = plain(known.train, known.schema)
    rows = known.test.features
    np.testing.assert_array_equal(learnt.encode(rows), rows.to_numpy(np.float32))
    name = rows.columns[2]
    holed = learnt.encode(rows.assign(**{name: np.nan}))
    np.testing.assert_allclose(holed[:, 2], known.train.features[name].mean(), rtol=1e-6)
    assert from_dict(learnt.to_dict()) == learnt


def test_categories_are_no_numbers():
    known = data.load("loans?rows=200")
    assert isinstance(known.train.features, pd.DataFrame)
    assert plain(known.train, known.schema) is None
