import numpy as np
import pandas as pd
import pytest

from mlflow_prod.data import Part, Rows, load
from mlflow_prod.errors import InvalidParameter


def make_part(number=1.0, text="a", target=1, group="x"):
    features = pd.DataFrame({"n": [0.5, np.nan, number], "t": pd.Series(["a", None, text], dtype="str")})
    groups = pd.DataFrame({"g": ["x", "y", group]})
    return Part(features, np.array([0, 1, target]), groups, np.array([1.0, 2.0, 3.0]))


def test_the_digest_is_of_the_content_alone():
    assert make_part().digest == make_part().digest
    assert len(make_part().digest) == 64


@pytest.mark.parametrize("change", [{"number": 2.0}, {"text": "b"}, {"target": 0}, {"group": "y"}])
def test_any_change_changes_the_digest(change):
    assert make_part(**change).digest != make_part().digest


def test_the_digest_tells_text_from_a_missing_value_and_column_from_column():
    def digest(**columns):
        return Part(pd.DataFrame(columns), np.zeros(1)).digest

    assert digest(a=["None"]) != digest(a=[None])
    assert digest(a=[1.0], b=[2.0]) != digest(a=[2.0], b=[1.0])
    assert digest(a=[1.0]) != digest(b=[1.0])


def test_the_digest_counts_the_order_of_rows():
    part = make_part()
    assert part.take(np.array([2, 1, 0])).digest != part.digest
    assert part.take(np.array([0, 1, 2])).digest == part.digest


def test_rows_one_after_the_other_have_a_digest_that_any_change_changes():
    a, b = make_part(), make_part(number=2.0)
    assert Rows().then(a).digest == a.digest
    both = Rows().then(a).then(b)
    assert len(both) == 6 and len(both.digest) == 64
    others = [Rows().then(b).then(a), Rows().then(a).then(a), Rows().then(a), Rows().then(a).then(b).then(b)]
    assert both.digest not in {other.digest for other in others}
    assert both == Rows().then(make_part()).then(make_part(number=2.0))


def test_taken_rows_keep_together():
    taken = make_part(number=7.0).take(np.array([2, 0]))
    assert taken.features["n"].tolist() == [7.0, 0.5]
    assert taken.target.tolist() == [1, 0]
    assert taken.weight.tolist() == [3.0, 1.0]
    assert taken.groups["g"].tolist() == ["x", "x"]
    assert taken.groups.index.tolist() == [0, 1]


def test_images_are_taken_and_digested_too():
    images = np.arange(48, dtype=np.uint8).reshape(3, 4, 4, 1)
    part = Part(images, np.array([0, 1, 0]))
    assert np.array_equal(part.take(np.array([1])).features, images[1:2])
    assert part.groups.shape == (3, 0)
    assert part.digest != Part(images[::-1], np.array([0, 1, 0])).digest


def test_lengths_that_differ_are_refused():
    with pytest.raises(InvalidParameter, match="target must be of the features' length"):
        Part(np.zeros((3, 2, 2, 1)), np.zeros(2))


def test_a_batch_may_carry_no_labels():
    part = Part(np.zeros((3, 2, 2, 1)), np.empty(0))
    assert not part.has_target
    assert not part.take(np.array([0, 1])).has_target


def test_the_whole_is_all_rows_in_their_parts_order():
    dataset = load("diabetes", raw=True)
    whole = dataset.whole
    assert len(whole) == 442
    parts = (dataset.train, dataset.validation, dataset.test)
    assert whole.target.tolist() == [amount for part in parts for amount in part.target]
    for name in ("features", "groups", "raw"):
        frame = getattr(whole, name)
        assert list(frame.index) == list(range(442))
        pd.testing.assert_frame_equal(frame[: len(dataset.train)], getattr(dataset.train, name))
    assert whole.weight is None
    assert len(load("digits").whole.features) == 1797
