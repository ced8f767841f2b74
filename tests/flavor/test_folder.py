import pytest

from mlflow_prod.errors import ModelError
from mlflow_prod.flavor import meaning


@pytest.mark.parametrize("content", ["", "[]", "3", "null", '"a"', "{}", "[" * 100_000])
@pytest.mark.parametrize("name", ["encoder.json", "task.json"])
def test_what_is_no_encoder_or_task_is_named(tmp_path, name, content):
    (tmp_path / "encoder.json").write_text('{"kind": "image", "shape": [2, 2, 1], "low": 0, "high": 1}')
    (tmp_path / "task.json").write_text('{"kind": "binary", "target": "y", "classes": ["no", "yes"]}')
    meaning(tmp_path)
    (tmp_path / name).write_text(content)
    with pytest.raises(ModelError, match=r"encoder\.json or task\.json in .* cannot be read"):
        meaning(tmp_path)
