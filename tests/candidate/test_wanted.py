import json

import pytest

from mlflow_prod.candidate import Wanted
from mlflow_prod.errors import InvalidParameter, ProdError


def test_texts_say_what_is_wanted(tmp_path):
    file = tmp_path / "config.json"
    file.write_text(json.dumps({"slicing_specs": [{}, {"feature_keys": ["job"]}]}))
    found = Wanted.read("sex, age,", "age < 30; sex == 'Female' and age > 60", "accuracy=0.95", str(file))
    assert found.slices == ("sex", "age")
    assert [cut.name for cut in found.where] == ["age < 30", "sex == 'Female' and age > 60"]
    assert found.human == {"accuracy": 0.95}
    assert found.reads == ("sex", "age", "job")
    assert Wanted.read() == Wanted()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"human": "accuracy"}, "human must be figures such as accuracy=0.95"),
        ({"human": "accuracy=high"}, "human must be figures such as accuracy=0.95"),
        ({"where": "open('x')"}, "expression"),
        ({"eval_config": "nowhere.json"}, "nowhere.json"),
    ],
)
def test_what_cannot_be_read_is_refused(given, message):
    with pytest.raises(ProdError, match=message):
        Wanted.read(**given)


def test_errors_of_parameters_are_invalid_parameters():
    with pytest.raises(InvalidParameter):
        Wanted.read(human="=1,accuracy=")
