import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from mlflow_prod.encoder import Encoder, TableEncoder, from_dict
from mlflow_prod.errors import DataError, InvalidParameter

TYPES = {"n": "numeric", "m": "numeric", "b": "boolean", "d": "date", "c": "category"}
numbers = st.floats(-1e6, 1e6)
rows = st.lists(
    st.tuples(
        numbers,
        st.none() | numbers,
        st.booleans() | st.none(),
        st.none() | st.datetimes(pd.Timestamp("1700-01-01"), pd.Timestamp("2200-01-01")),
        st.none() | st.text("abc", min_size=1, max_size=2),
    ),
    min_size=1,
    max_size=40,
)


def make_frame(n=300, seed=0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "n": rng.normal(50, 9, n),
            "m": np.where(rng.random(n) < 0.2, np.nan, rng.lognormal(2, 1, n)),
            "b": rng.random(n) < 0.4,
            "d": pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(0, 99, n), unit="D"),
            "c": pd.Series(rng.choice(["a", "b", "c"], n), dtype="str"),
        }
    )


FRAME = make_frame()
ENCODER = TableEncoder.fit(FRAME, TYPES)


def framed(values):
    frame = pd.DataFrame(values, columns=list(TYPES))
    frame["d"] = pd.to_datetime(frame["d"]).astype("datetime64[us]")
    return frame.astype({"n": float, "m": float, "b": object, "c": "str"})


def test_it_is_an_encoder_that_says_its_shape():
    assert isinstance(ENCODER, Encoder)
    assert ENCODER.names == tuple(TYPES)
    assert ENCODER.shape == (4 + 1 + 4,)
    assert ENCODER.encode(FRAME).shape == (300, 9)
    assert ENCODER.encode(FRAME).dtype == np.float32


def test_it_agrees_with_scikit_learn():
    encoded = ENCODER.encode(FRAME)
    np.testing.assert_allclose(encoded[:, 0], StandardScaler().fit_transform(FRAME[["n"]])[:, 0], atol=1e-5)
    known = FRAME["m"].notna().to_numpy()
    scaled = StandardScaler().fit_transform(FRAME.loc[known, ["m"]])[:, 0]
    np.testing.assert_allclose(encoded[known, 1], scaled, atol=1e-5)
    assert (encoded[~known, 1] == 0).all()
    assert np.array_equal(encoded[:, 4], ~known)
    assert np.array_equal(encoded[:, 2], FRAME["b"])
    one_hot = OneHotEncoder(sparse_output=False).fit_transform(FRAME[["c"]].astype(object))
    assert np.array_equal(encoded[:, 5:8], one_hot)


@given(rows, st.randoms())
@settings(max_examples=60)
def test_permuted_rows_encode_to_permuted_rows(values, random):
    order = list(range(len(values)))
    random.shuffle(order)
    frame = framed(values)
    permuted = frame.iloc[order].reset_index(drop=True)
    assert np.array_equal(ENCODER.encode(permuted), ENCODER.encode(frame)[order])


@given(rows)
@settings(max_examples=60)
def test_one_row_encodes_as_it_does_in_its_batch_in_any_form(values):
    frame = framed(values)
    batch = ENCODER.read(pd.concat([frame] * 20, ignore_index=True))[: len(frame)]
    records = frame.to_dict("records")
    for form in (frame, records, frame.to_dict("list"), {name: frame[name] for name in frame}):
        assert np.array_equal(ENCODER.read(form), batch, equal_nan=True)
    assert np.array_equal(ENCODER.encode(frame.head(1)), ENCODER.transform(batch)[:1])


@given(st.integers(0, 1_000))
@settings(max_examples=20)
def test_it_comes_back_from_json_and_encodes_alike(seed):
    frame = make_frame(60, seed)
    encoder = TableEncoder.fit(frame, TYPES)
    restored = from_dict(json.loads(json.dumps(encoder.to_dict())))
    assert restored == encoder
    assert np.array_equal(restored.encode(FRAME), encoder.encode(FRAME))


def test_unseen_and_missing_categories_share_the_last_column():
    rows = FRAME.head(3).assign(c=["zzz", None, "a"])
    assert ENCODER.read(rows)[:, 4].tolist() == [3, 3, 0]
    assert ENCODER.encode(rows)[:, 5:].tolist() == [[0, 0, 0, 1], [0, 0, 0, 1], [1, 0, 0, 0]]


def test_a_category_is_the_same_as_a_number_and_as_text():
    encoder = TableEncoder.fit(pd.DataFrame({"c": [1, 2, 2]}), {"c": "category"})
    for form in ([1, 2], [1.0, 2.0], ["1", "2"]):
        assert encoder.read({"c": form})[:, 0].tolist() == [0, 1]


def test_only_the_50_most_frequent_categories_get_a_column():
    values = [f"v{i:03}" for i in range(80) for _ in range(100 - i)]
    encoder = TableEncoder.fit(pd.DataFrame({"c": values}), {"c": "category"})
    assert encoder.shape == (51,)
    assert encoder.columns[0].values == tuple(f"v{i:03}" for i in range(50))
    assert encoder.encode({"c": ["v070"]})[0, 50] == 1


def test_an_indicator_stands_only_where_training_rows_had_missing_values():
    rows = FRAME.head(2).assign(n=np.nan)
    encoded = ENCODER.encode(rows)
    assert encoded[:, 0].tolist() == [0, 0]
    assert np.array_equal(encoded[:, 4], FRAME["m"].head(2).isna())


def test_dates_are_days_since_1970():
    assert ENCODER.read(FRAME.head(1).assign(d=pd.Timestamp("1970-01-03")))[0, 3] == 2
    text = FRAME.head(1).assign(d="1970-01-03")
    assert ENCODER.read(text)[0, 3] == 2


def test_columns_may_come_in_any_order_with_others_between():
    shuffled = FRAME[list(TYPES)[::-1]].assign(extra="x")
    assert np.array_equal(ENCODER.encode(shuffled), ENCODER.encode(FRAME))
    assert np.array_equal(ENCODER.encode(shuffled.head(2)), ENCODER.encode(FRAME)[:2])


@pytest.mark.parametrize("n", [2, 200])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.drop(columns="m"), "lack the column 'm'"),
        (lambda f: f.rename(columns={"n": "N1", "m": "M1"}), "lack the columns 'n', 'm'"),
        (lambda f: f.assign(n="many"), "column 'n' must hold numeric values, got 'many'"),
        (lambda f: f.assign(n=np.inf), "column 'n' holds an infinite value"),
        (lambda f: f.assign(b="perhaps"), "column 'b' must hold boolean values, got 'perhaps'"),
        (lambda f: f.assign(d="soon"), "column 'd' must hold date values, got 'soon'"),
    ],
)
def test_rows_that_cannot_be_read_are_refused(n, change, message):
    with pytest.raises(DataError, match=message):
        ENCODER.encode(change(FRAME.head(n)))


def test_no_row_encodes_to_no_row():
    assert ENCODER.encode(FRAME.head(0)).shape == (0, 9)


def test_a_blend_of_codes_is_taken_as_the_nearest():
    matrix = ENCODER.read(FRAME.head(1)).repeat(4, axis=0)
    matrix[:, 4] = [0.4, 1.6, -2.0, 99.0]
    assert ENCODER.transform(matrix)[:, 5:].argmax(axis=1).tolist() == [0, 2, 0, 3]


def test_a_matrix_of_another_width_is_refused():
    with pytest.raises(DataError, match=r"must have shape \(n, 5\), got \(2, 4\)"):
        ENCODER.transform(np.zeros((2, 4)))


def test_far_values_stay_finite():
    assert np.isfinite(ENCODER.encode(FRAME.head(1).assign(n=1e300))).all()


def test_a_projection_agrees_with_scikit_learn_s_pca():
    encoded = ENCODER.encode(FRAME).astype(np.float64)
    pca = PCA(3).fit(encoded)
    reduced = ENCODER.with_projection(pca.mean_, pca.components_)
    assert reduced.shape == (3,)
    np.testing.assert_allclose(reduced.encode(FRAME), pca.transform(encoded), atol=1e-5)
    restored = from_dict(json.loads(json.dumps(reduced.to_dict())))
    assert np.array_equal(restored.encode(FRAME), reduced.encode(FRAME))


def test_a_projection_of_another_width_is_refused():
    with pytest.raises(InvalidParameter, match=r"components must be of shape \(k, 9\)"):
        ENCODER.with_projection(np.zeros(9), np.zeros((2, 8)))
    with pytest.raises(InvalidParameter, match="mean must be"):
        ENCODER.with_projection(np.zeros(8), np.zeros((2, 9)))


def test_nothing_cannot_be_learnt_from():
    with pytest.raises(DataError, match="needs rows and input columns"):
        TableEncoder.fit(FRAME.head(0), TYPES)
    with pytest.raises(DataError, match="too large to scale"):
        TableEncoder.fit(pd.DataFrame({"n": [1e300, -1e300]}), {"n": "numeric"})
