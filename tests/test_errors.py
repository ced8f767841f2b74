from mlflow_prod.errors import InvalidParameter


def test_a_value_of_any_length_leaves_the_rule_in_sight():
    assert str(InvalidParameter("units", "short", "8")) == "units must be short, got '8'"
    assert str(InvalidParameter("units", "short", "8," * 10**6)).endswith("8,8,8...")
    assert len(str(InvalidParameter("units", "short", "8," * 10**6))) < 250
