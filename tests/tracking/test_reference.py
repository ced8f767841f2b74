import pytest

from mlflow_prod.errors import ModelError
from mlflow_prod.tracking import resolve


@pytest.mark.parametrize(
    "content",
    ["", "[]", "- a", "flavors: 3", "flavors: {}\nmetadata: [1]", "{" * 3000],
)
def test_an_mlmodel_that_is_none_is_named(tmp_path, content):
    (tmp_path / "MLmodel").write_text(content)
    with pytest.raises(ModelError, match=r"the MLmodel of model_uri .* cannot be read"):
        resolve(str(tmp_path))


def test_a_folder_without_an_mlmodel_is_no_model(tmp_path):
    with pytest.raises(ModelError, match="no model at model_uri"):
        resolve(str(tmp_path))
