from mlflow_prod.errors import InvalidParameter, did_you_mean


def test_a_value_of_any_length_leaves_the_rule_in_sight():
    assert str(InvalidParameter("units", "short", "8")) == "units must be short, got '8'"
    assert str(InvalidParameter("units", "short", "8," * 10**6)).endswith("8,8,8...")
    assert len(str(InvalidParameter("units", "short", "8," * 10**6))) < 250


def test_known_names_are_listed_as_far_as_they_can_be_read_at_a_glance():
    assert did_you_mean("z", "jihgfedcba") == "known: a, b, c, d, e, f, g, h, i, j"
    assert did_you_mean("z", "lkjihgfedcba") == "known: a, b, c, d, e, f, g, h, i, j and 2 more"
    assert did_you_mean("z", []) == "known: none"
    long = [f"{number:04}" * 10_000 for number in range(2_000)]
    assert len(did_you_mean("z", long)) < 2_200 and did_you_mean("z", long).endswith("... and 1,990 more")
    assert len(did_you_mean("x" * 9_999, ["x" * 10_000])) < 250
