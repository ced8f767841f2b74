import pytest

from mlflow_prod.errors import InvalidParameter
from projects.explain import explain


def test_alone_it_finds_what_the_maker_found(home):
    reference = home.made("compress")
    evidence = explain(reference.uri)
    found = {measure.title: measure.value for measure in evidence}
    assert found.items() <= home.run_of("compress").data.metrics.items()


def test_no_rows_cannot_be_explained(home):
    with pytest.raises(InvalidParameter, match="rows must be"):
        explain(home.made("compress").uri, rows=0)
