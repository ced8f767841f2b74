import gc
import weakref
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mlflow_prod.candidate import compression as room
from mlflow_prod.candidate.compression import file_of, log_compression
from mlflow_prod.compress import Candidate, convert
from mlflow_prod.data import Column, Part, Schema, Task
from mlflow_prod.encoder import fit
from mlflow_prod.errors import ModelError
from mlflow_prod.evidence import Evidence, attest
from mlflow_prod.models import KerasModel, build
from mlflow_prod.registry import Incumbent, decide, parse
from mlflow_prod.tflite import TFLiteModel
from mlflow_prod.tracking import ModelReference

TASK = Task("binary", "repaid", ("no", "yes"))
ORIGINAL, SMALL = "a" * 64, "b" * 64


class Kept:
    """A run that keeps what is logged."""

    id = "run"

    def __init__(self):
        self.metrics, self.tables, self.figures, self.texts, self.tags = {}, {}, {}, {}, {}

    def log_measures(self, measures, *, model_id):
        self.metrics |= {measure.title: measure.value for measure in measures}

    def log_table(self, table, name):
        self.tables[name] = table

    def log_figure(self, figure, name):
        self.figures[name] = figure

    def log_text(self, text, path):
        self.texts[path] = text

    def set_tag(self, name, value):
        self.tags[name] = value


def reference():
    return ModelReference("models:/m-1", None, SMALL, "", "", "", ("tflite",), {})


@pytest.fixture(scope="module")
def part():
    draw = np.random.default_rng(0)
    n = 300
    frame = pd.DataFrame({"age": draw.uniform(18, 90, n), "income": draw.lognormal(10, 1, n)})
    groups = pd.DataFrame({"sex": draw.choice(["Female", "Male"], n)})
    return Part(frame, (draw.random(n) < frame["age"] / 90).astype(np.int64), groups)


@pytest.fixture(scope="module")
def original(part):
    encoder = fit(part, Schema({"age": Column(), "income": Column()}))
    return KerasModel(build(encoder.shape, TASK, units="64,32"), encoder, TASK)


@pytest.fixture(scope="module")
def small(original, part):
    content = convert(original.network, "int8", original.encoder.encode(part.features))
    return TFLiteModel(content, original.encoder, TASK)


@pytest.fixture(scope="module")
def logged(small, original, part):
    run = Kept()
    return run, log_compression(run, reference(), small, original, part, original_digest=ORIGINAL)


def test_what_was_kept_lost_and_saved_is_evidence(logged):
    run, (cost, times) = logged
    assert [(one.check, one.subject) for one in (cost, times)] == [("compression", SMALL), ("latency", SMALL)]
    names = list(dict.fromkeys(one.name for one in cost if not one.against))
    assert names == [
        "agreement", "probability_gap", "difference/accuracy", "difference/auc", "difference/log_loss",
        "difference/brier", "worst_slice_difference", "bytes", "gzip_bytes", "compression_ratio",
        "gzip_ratio", "arena", "multiply_adds", "bytes_moved", "attribution_agreement",
        "attribution_rank_agreement",
    ]  # fmt: skip
    assert [one.name for one in times] == ["p50", "p95", "batch_256_p50", "batch_256_p95"]
    assert {one.slice for one in cost if one.slice} == {(("sex", "Female"),), (("sex", "Male"),)}
    assert run.metrics["attribution_agreement"] > 0.9 and run.tags == {}


def test_the_tables_and_the_plot_are_there(logged):
    run, _ = logged
    assert len(run.tables["compression_slices"]) == 2
    assert run.tables["operators"].set_index("operator").loc["FULLY_CONNECTED"].tolist() == [3, 3]
    assert set(run.figures) == {"importance_before_and_after"}
    assert {"evidence/compression.json", "evidence/latency.dsse.json"} <= set(run.texts)


def test_it_is_enough_for_a_candidate_of_the_front(logged, small):
    _, (cost, times) = logged
    found = Candidate.of("int8", [*cost, *times])
    assert found.bytes == len(small.content) and found.loss == -cost.measures[2].value


# By rule, a bound that is met, and one that cannot be.
RULES = {
    "measure: agreement, at_least": (0.8, 1.5),
    "measure: difference/accuracy, at_least": (-0.5, 0.5),
    "measure: difference/log_loss, at_most": (0.5, -0.5),
    "measure: difference/accuracy, slice: {sex: Female}, at_least": (-0.5, 0.5),
    "measure: difference/accuracy, every: slice, with_rows: 30, at_least": (-0.5, 0.5),
    "measure: worst_slice_difference, at_least": (-0.5, 0.5),
    "measure: gzip_bytes, at_most": ("20 kB", "0.1 kB"),
    "measure: accuracy, versus: incumbent, worse_by_at_most": (0.5, 0),
    "measure: log_loss, versus: incumbent, worse_by_at_most": (0.5, 0),
    "measure: accuracy, slice: {sex: Male}, versus: incumbent, worse_by_at_most": (0.5, 0),
    "measure: agreement, versus: incumbent, at_least": (0.8, 1.5),
}


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_of_a_policy_judges_the_cost(logged, rule):
    met, unmet = (refused(logged[1], f"{rule}: {bound}") for bound in RULES[rule])
    assert met == ()
    assert len(unmet) == 1 and unmet[0].startswith("compression ")


def test_the_rules_in_the_documentation_find_what_they_name(logged):
    page = (Path(__file__).parents[2] / "docs" / "policy.md").read_text()
    rules = page.partition("### What compression may cost")[2].split("```")[1].removeprefix("yaml\n")
    assert rules.count("check: ") == 5
    assert not any("no measure" in reason for reason in decided(logged[1], rules))


def refused(evidence, rule):
    """The reasons why the gate refuses, where the original holds the target."""
    return decided(evidence, f"      - {{check: compression, {rule}}}\n")


def decided(evidence, rules):
    policy = f'version: 1\nmodels:\n  "*":\n    targets: [champion]\n    require:\n{rules}'
    known, now = [attest(record) for record in evidence], datetime.now(UTC) + timedelta(minutes=1)
    held = Incumbent("1", ORIGINAL)
    return decide(parse(policy.encode()), "loans", "champion", SMALL, known, held, now).reasons


def test_columns_that_the_two_do_not_share_are_told(small, original, part):
    other = KerasModel(original.network, original.encoder, TASK)
    other.encoder = fit(part, Schema({"income": Column(), "age": Column()}))
    run = Kept()
    assert room._log_reasons(run, small, other, part, 0) == []
    assert run.tags["attribution_agreement"].startswith("none: two explanations must be of the same rows")


def test_an_original_without_a_file_has_no_ratios_and_rows_without_groups_no_slices(
    small, original, part, monkeypatch
):
    def file_of_small(model):
        if model is original:
            raise ModelError("it cannot be converted")
        return model.content

    monkeypatch.setattr(room, "file_of", file_of_small)
    run = Kept()
    without_groups = Part(part.features, part.target)
    cost, _ = log_compression(run, reference(), small, original, without_groups)
    assert set(run.tables) == {"operators"} and "worst_slice_difference" not in run.metrics
    assert "compression_ratio" not in run.metrics and run.metrics["bytes"] == len(small.content)
    assert run.tags["original_tflite"] == "none: it cannot be converted"
    assert not any(one.against for one in cost)


def test_a_network_is_converted_once_and_again_when_its_weights_have_changed(original, monkeypatch):
    model = KerasModel(original.network, original.encoder, TASK)
    made = []
    monkeypatch.setattr(room, "convert", lambda network, name: made.append(name) or bytes([len(made)]))
    assert file_of(model) == file_of(model) == b"\x01"
    kernel = model.network.weights[0]
    before = kernel.numpy()
    try:
        kernel.assign(before + 1)
        assert file_of(model) == b"\x02"
    finally:
        kernel.assign(before)
    assert made == ["float32", "float32"]


def test_what_was_converted_goes_with_its_model(original, monkeypatch):
    monkeypatch.setattr(room, "convert", lambda network, name: b"file")
    model = KerasModel(original.network, original.encoder, TASK)
    file_of(model)
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None


def test_a_tflite_model_is_its_own_file(small):
    assert file_of(small) is small.content


def test_the_record_can_be_read_back(logged):
    for record in logged[1]:
        assert Evidence.from_dict(record.to_dict()).to_dict() == record.to_dict()
