import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from mlflow_prod.errors import PolicyError
from mlflow_prod.registry import parse, policy_schema, strict_yaml
from tests.registry.test_policy import BAD, one_rule

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "docs" / "policy.schema.json"
SCHEMA = Draft202012Validator(policy_schema())
FENCE = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
# What a schema cannot say; the parser does.
PARSER_ONLY = {
    "a bound that is no number",
    "an infinite bound",
    "an age beyond all calendars",
    "a signer that nobody is",
    "a signer of a rule that nobody is",
    "an override by somebody unknown",
    "a target twice in two spellings",
    # To JSON Schema 1.0 is 1.
    "a version with a point",
}


def our_policies():
    """The repository's policy, and those in its documentation; one with dots is a mere sketch."""
    yield pytest.param((ROOT / "policy.yaml").read_text(), id="policy.yaml")
    for page in [ROOT / "README.md", *ROOT.glob("docs/**/*.md")]:
        for number, text in enumerate(FENCE.findall(page.read_text())):
            if "models:" in text and "..." not in text:
                whole = text if "version:" in text else f"version: 1\n{text}"
                yield pytest.param(whole, id=f"{page.relative_to(ROOT)}[{number}]")


def is_known_to_schema(text):
    return SCHEMA.is_valid(strict_yaml.read(text, "policy.yaml")[0])


def test_it_is_a_json_schema():
    Draft202012Validator.check_schema(policy_schema())
    assert policy_schema()["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_the_file_in_docs_is_current():
    assert json.loads(KEPT.read_text()) == policy_schema(), (
        "renew it: mlflow-prod policy schema > docs/policy.schema.json"
    )


def test_the_documentation_holds_policies():
    assert len(list(our_policies())) >= 3


@pytest.mark.parametrize("text", our_policies())
def test_what_we_write_ourselves_is_taken_by_parser_and_schema(text):
    parse(text.encode())
    assert is_known_to_schema(text)


@pytest.mark.parametrize("name", BAD)
def test_what_the_parser_refuses_the_schema_refuses(name):
    content = BAD[name][0]
    try:
        values = strict_yaml.read(content if isinstance(content, str) else content.decode(), "policy.yaml")[0]
    except (PolicyError, UnicodeDecodeError):
        return
    assert SCHEMA.is_valid(values) == (name in PARSER_ONLY)


@pytest.mark.parametrize(
    ("rule", "sound"),
    [
        ("at_least: 1, at_most: null, max_age: null, judge: null", True),
        ("at_most: 5 ms", True),
        ("at_most: -0.5%", True),
        ("at_least: null", False),
        ("at_least: 1, at_most: 2", False),
        ("at_least: 1e3", False),
        ("at_least: 5 weeks", False),
        ('at_least: "٥ ms"', False),
        ("at_least: 1, max_age: 0.0 d", False),
        ("at_least: 1, max_age: 0.5 d", True),
        ("at_least: 1, max_age: 10 min", True),
        ("at_least: 1, rows_at_least: true", False),
        ("at_least: 1, signed_by: null", False),
        ("versus: null, at_least: 1", False),
        ("versus: incumbent, at_least: 1, worse_by_at_most: 0", False),
        ("versus: incumbent, at_most: 3 %, judge: value", True),
        ("versus: incumbent, at_most: 3 %, judge: low", False),
        ("across: sex, gap_at_most: 0", True),
        ("across: sex, gap_at_most: true", False),
        ("across: sex, at_most: 1", False),
        ("every: slice", False),
        ("every: slice, at_most: 1, with_rows: 0", False),
    ],
)
def test_parser_and_schema_agree_on_a_rule(rule, sound):
    text = one_rule(f"{{check: c, measure: m, {rule}}}")
    try:
        parse(text.encode())
        taken = True
    except PolicyError:
        taken = False
    assert (taken, is_known_to_schema(text)) == (sound, sound)


def test_what_models_say_of_their_fields_comes_along():
    rule = policy_schema()["$defs"]["Every"]
    assert rule["description"].startswith("The measure of each slice against a number")
    assert "with_rows" not in rule["description"]
    assert rule["properties"]["with_rows"]["description"] == "slices of fewer rows are not judged."
    assert rule["properties"]["max_age"]["description"].startswith("the evidence must be younger")
