import pandas as pd
import pytest

from mlflow_prod.data import Loans
from mlflow_prod.errors import DataError, InvalidParameter
from projects.evaluate import evaluate
from projects.register import check_name
from projects.source import Source
from projects.train import train
from tests.projects.conftest import SMALL


def test_the_data_that_a_model_was_made_with_is_found_and_split_as_it_was(home):
    reference = home.made("train")
    assert Source().or_that_of(reference) == SMALL
    assert Source(data=SMALL.data).or_that_of(reference) == SMALL
    assert Source(data="digits").or_that_of(reference) == Source(data="digits")


def test_a_parameter_that_would_split_the_same_data_differently_is_refused(home):
    with pytest.raises(InvalidParameter, match="seed must be left out or 1"):
        Source(seed=7).or_that_of(home.made("train"))
    with pytest.raises(InvalidParameter, match="target must be left out"):
        Source(target="nothing").or_that_of(home.made("train"))


def test_data_with_other_classes_measures_nothing(home):
    with pytest.raises(DataError, match="give data with the same target and classes"):
        evaluate(home.made("compress").uri, Source(data="digits"))


@pytest.mark.parametrize("seed", [-1, 2**31])
def test_a_seed_out_of_range_is_named(seed):
    with pytest.raises(InvalidParameter, match=f"seed must be from 0 to 2147483647, got {seed}"):
        Source(data="loans", seed=seed).load()


@pytest.mark.parametrize("name", ["", "a/b", "a@b", "a?b", "a:b", "a\nb", "x" * 201])
def test_a_name_under_which_no_model_is_found_again_is_refused(name):
    with pytest.raises(InvalidParameter, match="name must be"):
        check_name(name)


def test_a_file_that_has_grown_since_the_training_is_not_divided_anew(home):
    frame = Loans(rows=600).make(seed=2)
    frame.to_csv(home.folder / "grown.csv", index=False)
    reference = train(Source(data="grown.csv", target="repaid", id="application_id"), units="4", epochs=1)
    evaluate(reference.uri)
    Source.load.cache_clear()
    pd.concat([frame, frame.head(9)]).to_csv(home.folder / "grown.csv", index=False)
    with pytest.raises(DataError, match=r"grown\.csv has changed since"):
        evaluate(reference.uri)
    frame.to_csv(home.folder / "other.csv", index=False)
    evaluate(reference.uri, Source(data="other.csv", target="repaid", id="application_id"))
