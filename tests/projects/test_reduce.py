import json

import pytest

from mlflow_prod.errors import InvalidParameter
from projects.reduce import reduce
from projects.source import Source
from tests.projects.conftest import SMALL


def test_the_projection_is_part_of_the_encoder(home):
    run, folder = home.run_of("reduce"), home.made("reduce").folder
    kept = int(run.data.metrics["components"])
    assert run.data.metrics["explained_variance"] >= 0.9
    assert len(json.loads((folder / "encoder.json").read_text())["components"]) == kept


def test_components_out_of_range_are_refused(home):
    with pytest.raises(InvalidParameter, match="components must be"):
        reduce(SMALL, components=1000)


def test_images_are_refused(home):
    with pytest.raises(InvalidParameter, match="data must be a table"):
        reduce(Source(data="digits"))
