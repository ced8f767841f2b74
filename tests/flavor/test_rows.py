import numpy as np
import pandas as pd
import pytest
from mlflow.models.utils import _enforce_schema

from mlflow_prod.data import Task
from mlflow_prod.encoder import ImageEncoder
from mlflow_prod.errors import ModelError
from mlflow_prod.flavor import example, signature_of

BINARY = Task("binary", "repaid", ("no", "yes"))


def test_the_signature_names_each_raw_column_and_each_column_of_the_answer(encoder):
    signature = signature_of(encoder, BINARY)
    assert [(column.name, str(column.type)) for column in signature.inputs.inputs] == [
        ("age", "Any"),
        ("sex", "DataType.string"),
        ("owner", "Any"),
        ("since", "Any"),
        ("grade", "Any"),
    ]
    assert signature.outputs.input_names() == ["prediction", "probability"]


@pytest.mark.parametrize(
    ("task", "names", "types"),
    [
        (Task("regression", "y"), ["prediction"], ["double"]),
        (
            Task("multiclass", "y", ("a", "b")),
            ["prediction", "probability/a", "probability/b"],
            ["string", "double", "double"],
        ),
    ],
)
def test_the_answer_is_described_for_every_kind_of_task(encoder, task, names, types):
    outputs = signature_of(encoder, task).outputs
    assert outputs.input_names() == names
    assert [column.type.name for column in outputs.inputs] == types


@pytest.mark.parametrize(
    "rows",
    [
        {
            "age": [30, 40],
            "sex": ["Male", None],
            "owner": [1, 0],
            "since": ["2020-01-31"] * 2,
            "grade": [1, 2],
        },
        {
            "age": [None, 4.5],
            "sex": ["x", "y"],
            "owner": [True, None],
            "since": [None] * 2,
            "grade": ["1", None],
        },
        {
            "age": [np.nan],
            "sex": ["Male"],
            "owner": [np.nan],
            "since": [pd.Timestamp("2021-01-01")],
            "grade": [2.0],
        },
    ],
)
def test_rows_that_the_encoder_reads_pass_the_signature_unharmed(encoder, rows):
    frame = pd.DataFrame(rows)
    passed = _enforce_schema(frame, signature_of(encoder, BINARY).inputs)
    np.testing.assert_array_equal(encoder.encode(passed), encoder.encode(frame))


def test_the_example_is_readable_and_repeats_no_row_that_was_given(encoder, applicants):
    rows = example(encoder)
    assert tuple(rows.columns) == encoder.names
    assert np.isfinite(encoder.encode(rows)).all()
    given = applicants.assign(since=applicants["since"].dt.date.astype(str)).astype(str)
    assert rows.astype(str).merge(given, how="inner").empty


@pytest.mark.parametrize(("high", "dtype"), [(255.0, np.uint8), (16.0, np.float32)])
def test_images_are_one_tensor_of_the_type_they_were_fitted_on(high, dtype):
    images = ImageEncoder((4, 4, 1), 0.0, high)
    (tensor,) = signature_of(images, Task("multiclass", "digit", ("0", "1"))).inputs.inputs
    assert (tensor.type, tensor.shape) == (dtype, (-1, 4, 4, 1))
    assert example(images).dtype == dtype
    assert images.encode(example(images)).shape == (3, 4, 4, 1)


def test_a_foreign_encoder_needs_a_signature_from_its_owner():
    with pytest.raises(ModelError, match="pass signature and input_example"):
        example(object())
