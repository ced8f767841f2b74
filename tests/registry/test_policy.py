from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from mlflow_prod import registry
from mlflow_prod.errors import PolicyError
from mlflow_prod.evidence import SigningKey, digest_of_bytes
from mlflow_prod.registry import NoPolicy, policy_schema, strict_yaml
from mlflow_prod.registry.rules import Quantity

SCHEMA = Draft202012Validator(policy_schema())
KEY = SigningKey.new().public
RULE = "{check: evaluation, measure: accuracy, at_least: 0.8}"


def parse(content, file="policy.yaml"):
    """As the registry's: and whatever it takes must be taken by the JSON Schema too."""
    policy = registry.parse(content, file)
    SCHEMA.validate(strict_yaml.read(content.decode(), file)[0])
    return policy


def one_rule(rule):
    return f'version: 1\nmodels:\n  "*":\n    targets: [champion]\n    require:\n      - {rule}\n'


def sections(text):
    return parse(("version: 1\nmodels:\n" + text).encode())


def test_every_form_of_rule_is_read():
    policy = parse(
        b"""
version: 1
models:
  loans:
    targets: [Staging]
    require:
      - {check: evaluation, measure: accuracy, at_least: 1}
      - {check: latency, measure: p95, at_most: 5 ms, judge: value, rows_at_least: 100}
      - check: fairness
        measure: true_positive_rate
        slice: {sex: Female}
        at_least: 0.7
        judge: high
      - {check: evaluation, measure: log_loss, versus: incumbent, worse_by_at_most: 0.01}
      - {check: evaluation, measure: mae, versus: incumbent, worse_by_at_most: 0, lower_is_better: false}
      - {check: fairness, measure: true_positive_rate, across: sex, gap_at_most: 0.05}
      - {check: monitoring, measure: drifted_share, at_most: 0.3, max_age: 1.5 d}
      - {check: evaluation, measure: accuracy, every: slice, with_rows: 200, at_least: 75 %}
"""
    )
    rules = policy.section("loans", "Staging").require
    assert [type(rule).__name__ for rule in rules] == [
        *["Threshold"] * 3,
        *["Versus"] * 2,
        "Across",
        "Threshold",
        "Every",
    ]
    assert (rules[0].at_least, rules[1].at_most) == (Quantity(1.0), Quantity(5.0, "ms"))
    assert rules[1].rows_at_least == 100
    assert rules[2].slice == {"sex": "Female"}
    assert [rule.wants_low for rule in rules[3:5]] == [True, False]
    assert rules[6].max_age == timedelta(hours=36)


@pytest.mark.parametrize(
    ("age", "seconds"), [("90 s", 90), ("5min", 300), ("2 h", 7_200), ("7 d", 604_800), ("0.5 h", 1_800)]
)
def test_ages_have_units(age, seconds):
    policy = parse(one_rule(f"{{check: c, measure: m, at_least: 1, max_age: {age}}}").encode())
    assert policy.section("any", "champion").require[0].max_age == timedelta(seconds=seconds)


def test_the_digest_is_of_the_files_bytes():
    content = one_rule(RULE).encode()
    assert parse(content).digest == digest_of_bytes(content)
    assert parse(content + b"# a word\n").digest != parse(content).digest


def test_the_most_specific_section_holds_for_each_target_apart():
    policy = sections(
        f"""  "*": {{targets: [Production, champion], require: [{RULE}]}}
  "loans*": {{targets: [champion], require: []}}
  "loans-??": {{targets: [champion], require: [{RULE}, {RULE}]}}
  loans-eu: {{targets: [Staging], require: []}}
"""
    )
    assert policy.section("loans-eu", "Staging").targets == ("Staging",)
    assert len(policy.section("loans-eu", "CHAMPION").require) == 2
    assert len(policy.section("loans-all", "champion").require) == 0
    assert len(policy.section("loans-eu", "production").require) == 1
    assert policy.section("churn", "staging") is None
    assert not policy.section("churn", "staging")


def test_an_exact_name_goes_before_a_longer_glob_and_the_first_of_equals_holds():
    policy = sections(
        """  "*loans": {targets: [champion], require: []}
  "loans*": {targets: [Champion], require: []}
  "a?": {targets: [champion], require: []}
  a: {targets: [CHAMPION], require: []}
"""
    )
    assert policy.section("loans", "champion").targets == ("champion",)
    assert policy.section("a", "champion").targets == ("CHAMPION",)


@given(st.text(alphabet="ab.+[(\\", min_size=1, max_size=8))
def test_only_star_and_question_mark_are_wild(name):
    policy = sections(f"  '{name}': {{targets: [x], require: []}}\n")
    assert policy.section(name, "x")
    assert not policy.section(name + "a", "x")
    assert not policy.section("b" * 9, "x")


BAD = {
    "not YAML": ("version: 1\nmodels: {", r"line 2: not YAML|line 3: not YAML"),
    "a tab": ("version: 1\nmodels:\n\tloans: {}\n", "line 3: not YAML"),
    "a foreign tag": ("version: 1\nmodels: !!python/name:os.system\n", "line 2: not YAML"),
    "a control character": ("version: 1\nmodels: \x07\n", "not YAML"),
    "not UTF-8": (b"version: 1\nmodels: \xff\n", "must be UTF-8"),
    "an impossible date": ("version: 2024-99-99\n", "not YAML"),
    "a list that holds itself": ("version: 1\nmodels: &a [*a]\n", "not YAML"),
    "empty": ("", "must be a mapping"),
    "a list": ("- 1\n", "must be a mapping"),
    "no version": ("models: {}\n", "line 1: the key 'version' is missing"),
    "another version": ("version: 2\nmodels: {}\n", "line 1: version: input should be 1, got 2"),
    "no models": ("version: 1\n", "line 1: the key 'models' is missing"),
    "an unknown key on top": (
        "version: 1\nmodles: {}\n",
        "line 2: modles: unknown key, did you mean 'models'?",
    ),
    "a model twice": (
        'version: 1\nmodels:\n  a: {targets: [x], require: []}\n  "a": {targets: [y], require: []}\n',
        "line 4: models.a: stands twice",
    ),
    "a key twice": (
        one_rule("{check: c, measure: m, at_least: 1, at_least: 0}"),
        r"line 6: models.\*.require\[0\].at_least: stands twice",
    ),
    "a merge": (
        "version: 1\nmodels:\n  a: &a {targets: [x], require: []}\n  b:\n    <<: *a\n",
        "line 5: models.b.<<: merging is not known",
    ),
    "no targets": (
        "version: 1\nmodels:\n  a:\n    require: []\n",
        "line 3: models.a: needs targets, such as .Production, champion., or every_version: true",
    ),
    "an empty list of targets": (
        "version: 1\nmodels:\n  a: {targets: [], require: []}\n",
        "line 3: models.a: needs targets",
    ),
    "a target of blanks": (
        "version: 1\nmodels:\n  a: {targets: [' '], require: []}\n",
        r"line 3: models.a.targets\[0\]: string should match",
    ),
    "a version that is true": ("version: true\nmodels: {}\n", "line 1: version: must be 1, got True"),
    "a version with a point": ("version: 1.0\nmodels: {}\n", "line 1: version: must be 1, got 1.0"),
    "no approvals": (
        "version: 1\nmodels:\n  a: {targets: [b], require: [], approvals: {at_least: 0}}\n",
        "line 3: models.a.approvals.at_least: ",
    ),
    "approvals misspelt": (
        "version: 1\nmodels:\n  a: {targets: [b], require: [], approvals: {at_least: 1, notby: author}}\n",
        "models.a.approvals.notby: unknown key, did you mean 'not_by'",
    ),
    "a rollback to anything": (
        "version: 1\nmodels:\n  a: {targets: [b], require: [], rollback: any}\n",
        "line 3: models.a.rollback: ",
    ),
    "an override by somebody unknown": (
        "version: 1\nmodels:\n  a: {targets: [b], require: [], override_by: [oncall]}\n",
        "models.a.override_by: no signer 'oncall'",
    ),
    "a target twice": (
        "version: 1\nmodels:\n  a: {targets: [x, y, x], require: []}\n",
        "line 3: models.a: targets must be named once each, and 'x' and 'x' are the same",
    ),
    "a target twice in two spellings": (
        "version: 1\nmodels:\n  a: {targets: [Champion, chámpion], require: []}\n",
        "models.a: targets must be named once each, and 'Champion' and 'chámpion' are the same",
    ),
    "targets as text": (
        "version: 1\nmodels:\n  a:\n    targets: champion\n    require: []\n",
        "line 4: models.a.targets",
    ),
    "an unknown key in a section": (
        "version: 1\nmodels:\n  a:\n    targets: [x]\n    requires: []\n",
        "line 5: models.a.requires: unknown key, did you mean 'require'?",
    ),
    "a rule that is a word": (one_rule("accuracy"), r"line 6: models.\*.require\[0\]: "),
    "an unknown key in a rule": (
        one_rule("{check: c, measure: m, at_leest: 1}"),
        r"line 6: models.\*.require\[0\].at_leest: unknown key, did you mean 'at_least'\?",
    ),
    "no measure": (
        one_rule("{check: c, at_least: 1}"),
        r"line 6: .*require\[0\]: the key 'measure' is missing",
    ),
    "no bound": (
        one_rule("{check: c, measure: m}"),
        "needs exactly one of at_least, at_most, versus, across",
    ),
    "both bounds": (one_rule("{check: c, measure: m, at_least: 1, at_most: 2}"), "exactly one of at_least"),
    "versus and across": (
        one_rule("{check: c, measure: m, versus: incumbent, worse_by_at_most: 1, across: sex}"),
        "across: unknown key",
    ),
    "versus something else": (
        one_rule("{check: c, measure: m, versus: champion, worse_by_at_most: 1}"),
        "versus: input should be 'incumbent', got 'champion'",
    ),
    "versus without a margin": (
        one_rule("{check: c, measure: m, versus: incumbent}"),
        "needs exactly one of worse_by_at_most, at_least, at_most",
    ),
    "a negative margin": (
        one_rule("{check: c, measure: m, versus: incumbent, worse_by_at_most: -1}"),
        "worse_by_at_most: .* greater than or equal to 0",
    ),
    "a bound as text": (
        one_rule('{check: c, measure: m, at_least: "1"}'),
        "at_least: must be a plain number",
    ),
    "a bound that YAML takes for text": (
        one_rule("{check: c, measure: m, at_least: 1e-3}"),
        "must be a plain number",
    ),
    "a bound in weeks": (
        one_rule("{check: c, measure: m, at_most: 5 weeks}"),
        "must be a plain number, .*'5 weeks'",
    ),
    "a bound that is a truth": (one_rule("{check: c, measure: m, at_least: true}"), "must be a plain number"),
    "a bound that is no number": (one_rule("{check: c, measure: m, at_least: .nan}"), "finite number"),
    "an infinite bound": (one_rule("{check: c, measure: m, at_most: .inf}"), "finite number"),
    "an age without a unit": (
        one_rule("{check: c, measure: m, at_least: 1, max_age: 7}"),
        "one of s, min, h, d",
    ),
    "an age in weeks": (one_rule("{check: c, measure: m, at_least: 1, max_age: 7 w}"), "got '7 w'"),
    "an age of nothing": (one_rule("{check: c, measure: m, at_least: 1, max_age: 0 d}"), "above 0"),
    "an age beyond all calendars": (
        one_rule("{check: c, measure: m, at_least: 1, max_age: 99999999999 d}"),
        "less than",
    ),
    "an unknown end": (
        one_rule("{check: c, measure: m, at_least: 1, judge: lower}"),
        "'value', 'low' or 'high'",
    ),
    "no rows": (one_rule("{check: c, measure: m, at_least: 1, rows_at_least: 0}"), "rows_at_least: "),
    "a slice of a number": (
        one_rule("{check: c, measure: m, at_least: 1, slice: {age: 3}}"),
        "slice.age: .*string",
    ),
    "a key that is none": (
        "version: 1\nsigners: {ci: {ed25519: AAAA}}\nmodels: {}\n",
        "line 2: signers.ci.ed25519: .*base64 of the 32 bytes",
    ),
    "a key of another kind": (
        "version: 1\nsigners: {ci: {rsa: AAAA}}\nmodels: {}\n",
        "unknown key, did you mean|unknown key, known: ed25519",
    ),
    "a signer that nobody is": (
        f"version: 1\nsigners: {{ci: {{ed25519: {KEY}}}}}\nmodels:\n  a: {{targets: [x], require: [],\n"
        "      signed_by: [cii]}\n",
        "line 5: models.a.signed_by: no signer 'cii'; did you mean 'ci'",
    ),
    "a signer of a rule that nobody is": (
        one_rule("{check: c, measure: m, at_least: 1, signed_by: [ci]}"),
        "no signer 'ci'; known: none",
    ),
}


@pytest.mark.parametrize(("content", "says"), BAD.values(), ids=BAD.keys())
def test_a_bad_policy_is_refused_with_file_line_and_key(content, says):
    with pytest.raises(PolicyError, match=says) as raised:
        parse(content if isinstance(content, bytes) else content.encode(), "rules.yaml")
    assert str(raised.value).startswith("rules.yaml")


def test_everything_wrong_is_told_at_once():
    with pytest.raises(PolicyError) as raised:
        parse(b"version: 1\nmodels:\n  a: {targets: [x], require: [{}]}\n  b: {}\n")
    assert len(str(raised.value).splitlines()) == 3
    assert "line 4: models.b: the key 'require' is missing" in str(raised.value)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_a_policy_or_a_policy_error(content):
    try:
        assert parse(content).digest == digest_of_bytes(content)
    except PolicyError as problem:
        assert str(problem).startswith("policy.yaml")


def test_without_a_policy_production_and_champion_are_protected():
    nothing = NoPolicy("gone", everything=False)
    assert [nothing.section("m", t) is not None for t in ("Production", "CHAMPION", "Staging", "beta")] == [
        True,
        True,
        False,
        False,
    ]
    broken = NoPolicy("broken", everything=True)
    assert [broken.section("m", t) is not None for t in ("Staging", "beta", "None", "Archived")] == [
        True,
        True,
        False,
        False,
    ]


def test_a_slip_in_on_success_is_named():
    text = "  a: {targets: [x], require: [], on_success: {incumbant: archive}}\n"
    with pytest.raises(PolicyError, match=r"on_success\.incumbant: unknown key, did you mean 'incumbent'"):
        sections(text)
