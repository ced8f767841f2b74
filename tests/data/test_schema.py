import json

import pytest

from mlflow_prod.data import Column, Schema
from mlflow_prod.errors import InvalidParameter

COLUMNS = {
    "id": Column("id", "text"),
    "age": Column("protected", "numeric", bands=(25, 35)),
    "income": Column("feature", "numeric", missing=("?",)),
    "note": Column("feature", "text"),
    "when": Column("time", "date"),
    "w": Column("weight", "numeric"),
    "old": Column("ignore", "category", note="constant"),
    "job": Column("feature", "category"),
    "y": Column("target", "category"),
}


def test_inputs_are_features_and_protected_columns_in_the_table_s_order():
    assert Schema(COLUMNS).inputs == ("age", "income", "job")


def test_protected_columns_can_be_kept_from_the_model():
    schema = Schema(COLUMNS, protected_as_input=False)
    assert schema.inputs == ("income", "job")
    assert schema.protected == ("age",)


def test_a_schema_comes_back_from_json():
    schema = Schema(COLUMNS, protected_as_input=False)
    assert Schema.from_dict(json.loads(json.dumps(schema.to_dict()))) == schema


@pytest.mark.parametrize(("role", "type"), [("label", "numeric"), ("feature", "number")])
def test_an_unknown_role_or_type_is_refused(role, type):
    with pytest.raises(InvalidParameter, match="must be one of"):
        Column(role, type)
