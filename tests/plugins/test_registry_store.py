import json
import secrets
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from mlflow.entities.model_registry import ModelVersionTag, RegisteredModelTag
from mlflow.exceptions import MlflowException
from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore
from mlflow.utils.workspace_context import WorkspaceContext

from mlflow_prod.evidence import Attestation, Evidence, Measure, SigningKey, attest, pack
from mlflow_prod.plugins import hearing
from mlflow_prod.plugins.registry_store import build
from tests.plugins.conftest import POLICY

pytestmark = pytest.mark.filterwarnings("ignore:.*deprecated since 2.9.0:FutureWarning")


def refused(match, call, *arguments, **more):
    with pytest.raises(MlflowException, match=match) as raised:
        call(*arguments, **more)
    assert raised.value.error_code == "PERMISSION_DENIED"
    assert raised.value.get_http_status_code() == 403
    return str(raised.value)


def holder(registry, alias="champion", name="loans"):
    return registry.client.get_registered_model(name).aliases.get(alias)


def test_an_alias_is_set_only_on_evidence(registry):
    said = refused(
        "no evaluation evidence", registry.client.set_registered_model_alias, "loans", "champion", 1
    )
    assert said.startswith(
        "Version 1 of loans to champion: refused by the policy's section '*', 1 reason:\n1. evaluation acc"
    )
    assert holder(registry) is None

    registry.submit(1, registry.evidence(1, 0.9))
    registry.client.set_registered_model_alias("loans", "champion", 1)
    assert holder(registry) == 1
    rows = registry.rows("mlflow_prod_decisions", "version, kind, target, allowed, evidence")
    assert rows == [(1, "alias", "champion", 0, "[]"), (1, "alias", "champion", 1, "[1]")]


def test_a_stage_is_entered_only_on_evidence_and_archives_its_holder_in_the_same_step(registry):
    move = registry.client.transition_model_version_stage
    refused("no evaluation evidence", move, "loans", 1, "production", archive_existing_versions=True)
    registry.submit(1, registry.evidence(1, 0.85))
    registry.submit(2, registry.evidence(2, 0.84))
    assert move("loans", 1, "production").current_stage == "Production"
    refused("may be at most 0 worse", move, "loans", 2, "Production", archive_existing_versions=True)
    assert registry.client.get_model_version("loans", 1).current_stage == "Production"

    registry.submit(2, registry.evidence(2, 0.9))
    assert move("loans", 2, "Production", archive_existing_versions=True).current_stage == "Production"
    assert registry.client.get_model_version("loans", 1).current_stage == "Archived"
    assert move("loans", 1, "None").current_stage == "None"


def test_every_reason_is_told_and_written(registry):
    registry.policy.write_text(
        registry.policy.read_text()
        + "      - {check: fairness, measure: accuracy, across: sex, gap_at_most: 0.1}\n"
    )
    registry.submit(1, registry.evidence(1, 0.5))
    said = refused("2 reasons", registry.client.set_registered_model_alias, "loans", "champion", 1)
    assert "1. evaluation accuracy 0.5 must be at least 0.8" in said
    assert "2. fairness accuracy across sex: there is no fairness evidence" in said
    (row,) = registry.rows("mlflow_prod_decisions", "allowed, reasons, author")
    assert not row[0]
    assert len(json.loads(row[1])) == 2
    assert row[2]


@pytest.mark.parametrize("alias", ["Champion", "CHAMPION"])
def test_case_is_no_way_round(registry, alias):
    refused("refused", registry.client.set_registered_model_alias, "loans", alias, 1)


def test_evidence_goes_to_the_ledger_and_leaves_a_short_tag_that_adds_up(registry):
    day = datetime(2026, 11, 19, 23, tzinfo=UTC)
    registry.submit(1, registry.evidence(1, 0.9, "fairness", made_at=day))
    tags = registry.client.get_model_version("loans", 1).tags
    assert tags == {"mlflow_prod.evidence": "fairness (1 check, unsigned, 2026-11-19)"}
    registry.submit(1, registry.evidence(1, 0.9, made_at=day - timedelta(days=2)))
    registry.submit(1, registry.evidence(1, 0.8))
    tags = registry.client.get_model_version("loans", 1).tags
    assert tags["mlflow_prod.evidence"].startswith("evaluation, fairness (2 checks, unsigned, 20")
    assert len(registry.rows("mlflow_prod_evidence")) == 3


def test_evidence_larger_than_a_tag_goes_in(registry):
    record = registry.evidence(1, 0.9)
    slices = [Measure("accuracy", 0.5, slice=(("id", secrets.token_hex(16)),)) for _ in range(5_000)]
    large = Evidence(record.check, record.subject, record.data, (*record.measures, *slices))
    assert len(pack([attest(large)])) > 100_000
    registry.submit(1, large)
    registry.client.set_registered_model_alias("loans", "champion", 1)


@pytest.mark.parametrize(
    ("envelope", "says"),
    [
        (lambda r: "nonsense", "base64"),
        (
            lambda r: pack([attest(r.evidence(2, 0.99))]),
            "evaluation evidence is about files with digest .* loans version 1",
        ),
        (
            lambda r: pack([attest(r.evidence(1, 0.9, "fairness")), attest(r.evidence(2, 0.99))]),
            "is about files with digest",
        ),
        (
            lambda r: pack([attest(r.evidence(1, 0.9, made_at=datetime.now(UTC) + timedelta(days=1)))]),
            "in the future",
        ),
        (lambda r: pack([attest(r.evidence(1, 0.9, "a" * 101))]), "at most 100 characters"),
    ],
    ids=["nonsense", "other files", "other files among them", "future", "long name"],
)
def test_evidence_that_cannot_be_taken_in_changes_nothing(registry, envelope, says):
    with pytest.raises(MlflowException, match=says) as raised:
        registry.client.set_model_version_tag("loans", "1", "mlflow_prod.evidence", envelope(registry))
    assert raised.value.get_http_status_code() == 400
    assert registry.client.get_model_version("loans", 1).tags == {}
    assert registry.rows("mlflow_prod_evidence") == []


def test_evidence_needs_files_that_can_be_read(registry):
    envelope = pack([attest(registry.evidence(1, 0.9))])
    (registry.files(1) / "MLmodel").unlink()
    with pytest.raises(MlflowException, match="loans version 1 takes nothing in: The files at"):
        registry.client.set_model_version_tag("loans", "1", "mlflow_prod.evidence", envelope)


def test_reserved_tags_are_the_gates_alone(registry):
    client = registry.client
    registry.submit(1, registry.evidence(1, 0.9))
    refused("reserved", client.set_model_version_tag, "loans", "1", "mlflow_prod.approved", "yes")
    refused("reserved", client.set_model_version_tag, "loans", "1", "MLflow_Prod.evidence", "yes")
    refused("reserved", client.delete_model_version_tag, "loans", "1", "mlflow_prod.evidence")
    refused(
        "bring the tag", client.create_model_version, "loans", "x", tags={"mlflow_prod.evidence": "all good"}
    )
    client.set_model_version_tag("loans", "1", "mlflow_production", "yes")
    client.delete_model_version_tag("loans", "1", "mlflow_production")


def test_a_copy_brings_its_evidence_along_and_is_decided_for_itself(registry):
    client = registry.client
    registry.submit(1, registry.evidence(1, 0.9))
    copy = client.copy_model_version("models:/loans/1", "elsewhere")
    assert copy.tags == client.get_model_version("loans", 1).tags
    client.set_registered_model_alias("elsewhere", "champion", copy.version)
    refused("no evaluation", client.set_registered_model_alias, "loans", "champion", 2)
    poor = client.copy_model_version("models:/loans/2", "elsewhere")
    refused("no evaluation", client.set_registered_model_alias, "elsewhere", "champion", poor.version)
    source = "models:/loans/2"
    refused("bring", client.create_model_version, "elsewhere", source, tags={"mlflow_prod.evidence": "good"})


def test_other_bytes_need_other_evidence(registry):
    registry.submit(1, registry.evidence(1, 0.9))
    (registry.files(1) / "MLmodel").write_text("flavors: {}\nnumber: 9\n")
    refused("no evaluation evidence", registry.client.set_registered_model_alias, "loans", "champion", 1)


def test_files_that_cannot_be_read_are_refused(registry):
    registry.submit(1, registry.evidence(1, 0.9))
    (registry.files(1) / "MLmodel").unlink()
    refused("cannot be read: .* is empty", registry.client.set_registered_model_alias, "loans", "champion", 1)
    assert registry.rows("mlflow_prod_decisions", "allowed, subject") == [(0, "")]


def test_the_holder_is_judged_anew_and_keeps_its_target_if_refused(registry):
    registry.submit(1, registry.evidence(1, 0.9))
    registry.client.set_registered_model_alias("loans", "champion", 1)
    registry.submit(1, registry.evidence(1, 0.5))
    refused("must be at least 0.8", registry.client.set_registered_model_alias, "loans", "champion", 1)
    assert holder(registry) == 1


@pytest.mark.parametrize(
    "withdraw",
    [
        lambda client: client.delete_registered_model_alias("loans", "champion"),
        lambda client: client.delete_model_version("loans", "1"),
    ],
    ids=["alias", "version"],
)
def test_withdrawing_the_holder_does_not_lower_the_bar(registry, withdraw):
    registry.submit(1, registry.evidence(1, 0.9))
    registry.submit(2, registry.evidence(2, 0.85))
    registry.client.set_registered_model_alias("loans", "champion", 1)
    withdraw(registry.client)
    refused("version 1, by -0.05", registry.client.set_registered_model_alias, "loans", "champion", 2)


def test_a_model_made_anew_under_its_name_is_compared_with_what_was_promoted(registry):
    registry.submit(1, registry.evidence(1, 0.9))
    registry.client.set_registered_model_alias("loans", "champion", 1)
    registry.client.delete_registered_model("loans")
    registry.client.create_registered_model("loans")
    registry.register(2)
    registry.submit(1, registry.evidence(2, 0.85))
    refused("version 1, by -0.05", registry.client.set_registered_model_alias, "loans", "champion", 1)


def test_a_holder_from_before_the_gate_is_measured_by_its_files(registry):
    ungated = SqlAlchemyStore(registry.store.db_uri)
    ungated.set_registered_model_alias("loans", "champion", "1")
    registry.submit(2, registry.evidence(2, 0.9))
    said = refused(
        "evidence about the incumbent", registry.client.set_registered_model_alias, "loans", "champion", 2
    )
    assert "version 1" in said
    registry.submit(1, registry.evidence(1, 0.85))
    registry.client.set_registered_model_alias("loans", "champion", 2)
    assert holder(registry) == 2


def test_a_holder_from_before_the_gate_whose_files_are_gone_cannot_be_compared(registry):
    SqlAlchemyStore(registry.store.db_uri).set_registered_model_alias("loans", "champion", "1")
    registry.submit(2, registry.evidence(2, 0.9))
    (registry.files(1) / "MLmodel").unlink()
    refused(
        "incumbent, version 1, cannot be read",
        registry.client.set_registered_model_alias,
        "loans",
        "champion",
        2,
    )


def test_renaming_moves_no_holder_out_of_or_into_protection(make_registry):
    registry = make_registry("version: 1\nmodels:\n  loans: {targets: [champion, Staging], require: []}\n")
    registry.register(1)
    client = registry.client
    client.set_registered_model_alias("loans", "champion", 1)
    refused("version 1 holds champion", client.rename_registered_model, "loans", "free")
    client.delete_registered_model_alias("loans", "champion")
    client.rename_registered_model("loans", "free")
    client.transition_model_version_stage("free", 1, "Staging")
    refused("version 1 holds Staging", client.rename_registered_model, "free", "loans")
    client.rename_registered_model("free", "freer")
    with pytest.raises(MlflowException, match="not found"):
        client.rename_registered_model("loans", "free")


def test_without_a_policy_production_and_champion_are_refused_and_the_rest_works(make_registry):
    registry = make_registry(policy=None)
    registry.register(1)
    refused("set MLFLOW_PROD_POLICY", registry.client.set_registered_model_alias, "loans", "champion", 1)
    refused(
        "set MLFLOW_PROD_POLICY", registry.client.transition_model_version_stage, "loans", 1, "Production"
    )
    registry.client.set_registered_model_alias("loans", "beta", 1)
    registry.client.transition_model_version_stage("loans", 1, "Staging")
    assert holder(registry, "beta") == 1


def test_a_broken_policy_refuses_every_promotion_and_reading_works(registry):
    registry.policy.write_text("version: 1\nmodls: {}\n")
    refused("line 2: modls: unknown key", registry.client.set_registered_model_alias, "loans", "beta", 1)
    refused("unknown key", registry.client.transition_model_version_stage, "loans", 1, "Staging")
    registry.client.transition_model_version_stage("loans", 1, "Archived")
    registry.submit(1, registry.evidence(1, 0.9))
    assert registry.client.get_model_version("loans", 1).current_stage == "Archived"


def test_prompts_are_left_alone_and_are_no_disguise(registry):
    client = registry.client
    prompt = client.register_prompt("greeting", "Hello {{name}}")
    client.set_prompt_alias("greeting", "champion", prompt.version)
    registry.store.set_model_version_tag("loans", "1", ModelVersionTag("mlflow.prompt.is_prompt", "true"))
    registry.store.set_registered_model_tag("loans", RegisteredModelTag("mlflow.prompt.is_prompt", "true"))
    with pytest.raises(MlflowException, match="no evaluation evidence"):
        registry.store.set_registered_model_alias("loans", "champion", "1")
    with pytest.raises(MlflowException, match="is a prompt"):
        tag = ModelVersionTag("mlflow_prod.evidence", pack([attest(registry.evidence(1, 0.9))]))
        registry.store.set_model_version_tag("greeting", "1", tag)


def test_of_two_promotions_at_once_the_better_version_always_wins(registry):
    registry.submit(1, registry.evidence(1, 0.85))
    registry.submit(2, registry.evidence(2, 0.9))
    stores = [build(registry.uri), build(registry.uri)]

    def promote(number, name, barrier):
        barrier.wait()
        try:
            stores[number - 1].set_registered_model_alias(name, "champion", str(number))
        except MlflowException as problem:
            return problem.error_code
        return "promoted"

    with ThreadPoolExecutor(2) as pool:
        for turn in range(8):
            name, barrier = f"race{turn}", threading.Barrier(2)
            registry.client.create_registered_model(name)
            registry.register(1, 2, name=name)
            ends = [pool.submit(promote, number, name, barrier) for number in (1, 2)]
            # Each must be no worse than the holder: in whatever order they come, 2 stands in the end.
            assert ends[0].result() in ("promoted", "PERMISSION_DENIED")
            assert ends[1].result() == "promoted"
            assert holder(registry, name=name) == 2


def test_what_changes_while_it_is_looked_at_is_looked_at_again(registry, monkeypatch):
    registry.submit(1, registry.evidence(1, 0.9))
    decide, looks = hearing.registry.decide, []

    def decide_and_disturb(*arguments):
        looks.append(arguments)
        decision = decide(*arguments)
        if len(looks) == 1:
            registry.submit(1, registry.evidence(1, 0.5))
        return decision

    monkeypatch.setattr(hearing.registry, "decide", decide_and_disturb)
    with pytest.raises(MlflowException, match=r"must be at least 0\.8"):
        registry.store.set_registered_model_alias("loans", "champion", "1")
    assert len(looks) == 2


def test_files_swapped_between_the_digest_and_the_lock_are_seen(registry, monkeypatch):
    registry.submit(1, registry.evidence(1, 0.9))
    decide = hearing.registry.decide

    def decide_and_swap(*arguments):
        decision = decide(*arguments)
        (registry.files(1) / "MLmodel").write_text(f"flavors: {{}}\nevil: {datetime.now(UTC)}\n")
        return decision

    monkeypatch.setattr(hearing.registry, "decide", decide_and_swap)
    with pytest.raises(MlflowException, match=r"no evaluation evidence|changed 5 times"):
        registry.store.set_registered_model_alias("loans", "champion", "1")
    assert holder(registry) is None


def test_a_failed_move_takes_its_decision_back(registry):
    registry.policy.write_text(registry.policy.read_text().replace("champion]", "champion, v7]"))
    registry.submit(1, registry.evidence(1, 0.9))
    with pytest.raises(MlflowException, match="alias"):
        registry.client.set_registered_model_alias("loans", "v7", 1)
    assert registry.rows("mlflow_prod_decisions") == []


def test_what_does_not_exist_is_reported_as_mlflow_does(registry):
    plain = SqlAlchemyStore(registry.store.db_uri)
    for call in (
        lambda store: store.set_registered_model_alias("none", "champion", "1"),
        lambda store: store.set_registered_model_alias("loans", "champion", "99"),
        lambda store: store.set_registered_model_alias("loans", "champion", "one"),
        lambda store: store.transition_model_version_stage("loans", "99", "Production", False),
        lambda store: store.transition_model_version_stage("loans", "1", "Heaven", False),
        lambda store: store.transition_model_version_stage("loans", "1", "Archived", True),
        lambda store: store.rename_registered_model("none", "other"),
        lambda store: store.rename_registered_model("loans", ""),
    ):
        errors = []
        for store in (plain, registry.store):
            with pytest.raises(MlflowException) as raised:
                call(store)
            errors.append((raised.value.error_code, str(raised.value)))
        assert errors[0] == errors[1]


def test_outside_protected_targets_the_store_answers_as_mlflows_own(make_registry, fresh_database):
    gated = make_registry("version: 1\nmodels: {}\n").store
    plain = SqlAlchemyStore(fresh_database())
    plain.create_registered_model("loans")
    sequence = [
        ("create_registered_model", "loans"),
        ("create_registered_model", "churn"),
        ("create_model_version", "loans", "/nowhere"),
        ("create_model_version", "loans", "models:/loans/1", None, [ModelVersionTag("a", "b")]),
        ("set_model_version_tag", "loans", "1", ModelVersionTag("c", "d")),
        ("delete_model_version_tag", "loans", "1", "c"),
        ("set_registered_model_alias", "loans", "champion", "1"),
        ("set_registered_model_alias", "loans", "champion", "2"),
        ("set_registered_model_alias", "loans", "latest", "2"),
        ("transition_model_version_stage", "loans", "1", "Production", False),
        # As a number: MLflow compares it with a text otherwise, which PostgreSQL refuses.
        ("transition_model_version_stage", "loans", 2, "production", True),
        ("get_latest_versions", "loans"),
        ("rename_registered_model", "loans", "churn"),
        ("rename_registered_model", "loans", "credit"),
        ("get_model_version_by_alias", "credit", "champion"),
        ("search_model_versions", "name = 'credit'"),
        ("delete_registered_model_alias", "credit", "champion"),
        ("delete_model_version", "credit", "2"),
        ("delete_model_version", "credit", "2"),
        ("search_registered_models",),
        ("delete_registered_model", "credit"),
    ]

    def answer(store, name, *arguments):
        try:
            found = getattr(store, name)(*arguments)
        except MlflowException as problem:
            return problem.error_code, str(problem).split("[SQL")[0]
        return [told(entry) for entry in found] if isinstance(found, list) else told(found)

    def told(entity):
        hidden = ("timestamp", "latest_versions")
        return {k: v for k, v in dict(entity or {}).items() if not any(part in k for part in hidden)}

    for call in sequence:
        assert answer(gated, *call) == answer(plain, *call), call


def test_workspaces_have_a_store_of_their_own(tmp_path, monkeypatch, mlflow_tables):
    shutil.copyfile(mlflow_tables, tmp_path / "mlflow.db")
    monkeypatch.setenv("MLFLOW_ENABLE_WORKSPACES", "true")
    monkeypatch.chdir(tmp_path)
    store = build(f"gated:sqlite:///{tmp_path}/mlflow.db")
    assert store.supports_workspaces
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "MLmodel").write_text("flavors: {}\n")
    with WorkspaceContext("team"):
        store.create_registered_model("loans")
        store.create_model_version("loans", str(tmp_path / "model"))
        with pytest.raises(MlflowException, match="MLFLOW_PROD_POLICY"):
            store.set_registered_model_alias("loans", "champion", "1")
    with store.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT workspace FROM mlflow_prod_decisions").all() == [("team",)]


@pytest.mark.parametrize("source", ["dummy-source", "prompt-template", "models/1"])
def test_a_source_under_which_others_would_find_other_files_is_refused(registry, source):
    made = registry.client.create_model_version("loans", source).version
    for ask in (
        lambda: registry.client.set_registered_model_alias("loans", "champion", made),
        lambda: registry.store.transition_model_version_stage("loans", made, "Production", False),
    ):
        with pytest.raises(MlflowException, match="must be absolute"):
            ask()


@pytest.mark.parametrize("alias", ["ｃhampion", "chámpion", "champion\n", "CHAMPION "])
def test_an_alias_that_some_database_takes_for_a_protected_one_is_held_too(registry, alias):
    with pytest.raises(MlflowException, match=r"refused|Invalid alias name"):
        registry.store.set_registered_model_alias("loans", alias, "1")


def test_one_envelope_holds_one_record_a_check(registry):
    good, bad = registry.evidence(1, 0.9), registry.evidence(1, 0.1)
    with pytest.raises(MlflowException, match="one record a check"):
        registry.submit(1, bad, good)


def test_a_clock_that_runs_ahead_does_not_hide_what_is_measured_next(registry):
    ahead = datetime.now(UTC) + timedelta(minutes=4)
    registry.submit(1, registry.evidence(1, 0.9, made_at=ahead))
    registry.submit(1, registry.evidence(1, 0.1))
    with pytest.raises(MlflowException, match=r"accuracy 0\.1"):
        registry.client.set_registered_model_alias("loans", "champion", "1")


def test_a_holder_that_is_refused_anew_keeps_what_it_holds(registry):
    registry.submit(1, registry.evidence(1, 0.9))
    registry.client.set_registered_model_alias("loans", "champion", 1)
    registry.submit(1, registry.evidence(1, 0.5))
    said = refused("must be at least", registry.client.set_registered_model_alias, "loans", "champion", 1)
    assert said.endswith("It keeps champion.")
    assert holder(registry) == 1


def test_signed_evidence_opens_the_gate_and_unsigned_does_not(registry):
    ci = SigningKey.new()
    signers = f'signers:\n  ci: {{ed25519: "{ci.public}"}}\nmodels:'
    policy = registry.policy.read_text().replace("models:", signers)
    registry.policy.write_text(policy.replace("    require:", "    signed_by: [ci]\n    require:"))
    registry.submit(1, registry.evidence(1, 0.9))
    refused("none signed by ci", registry.client.set_registered_model_alias, "loans", "champion", 1)
    registry.submit(1, registry.evidence(1, 0.9), key=ci)
    tag = registry.client.get_model_version("loans", 1).tags["mlflow_prod.evidence"]
    assert tag.startswith("evaluation (1 check, partly signed by ci, ")
    registry.client.set_registered_model_alias("loans", "champion", 1)
    assert holder(registry) == 1


def test_what_is_badly_signed_is_not_taken_in(registry):
    ci, stranger = SigningKey.new(), SigningKey.new()
    registry.policy.write_text(f'version: 1\nsigners:\n  ci: {{ed25519: "{ci.public}"}}\nmodels: {{}}\n')
    with pytest.raises(MlflowException, match="signed by a key that the policy does not know"):
        registry.submit(1, registry.evidence(1, 0.9), key=stranger)
    signed = attest(registry.evidence(1, 0.9), ci)
    changed = Attestation(signed.statement.replace("0.9", "0.99"), signed.signatures)
    with pytest.raises(MlflowException, match="was changed after ci signed it"):
        registry.client.set_model_version_tag("loans", "1", "mlflow_prod.evidence", pack([changed]))
    assert registry.rows("mlflow_prod_evidence") == []


def test_an_old_envelope_over_a_newer_one_is_refused(registry):
    old = registry.evidence(1, 0.9, made_at=datetime(2026, 11, 19, tzinfo=UTC))
    registry.submit(1, old)
    registry.submit(1, registry.evidence(1, 0.1))
    with pytest.raises(MlflowException, match="holds newer evaluation evidence"):
        registry.submit(1, old)
    refused("must be at least 0.8", registry.client.set_registered_model_alias, "loans", "champion", 1)


@pytest.mark.parametrize(
    "take",
    [
        lambda client: client.delete_registered_model_alias("loans", "champion"),
        lambda client: client.delete_model_version("loans", "1"),
        lambda client: client.delete_registered_model("loans"),
    ],
    ids=["alias", "version", "model"],
)
def test_what_is_taken_from_a_holder_is_in_the_ledger(registry, take):
    registry.submit(1, registry.evidence(1, 0.9))
    registry.client.set_registered_model_alias("loans", "champion", 1)
    take(registry.client)
    rows = registry.rows("mlflow_prod_decisions", "action, version, kind, target")
    assert rows == [("promotion", 1, "alias", "champion"), ("withdrawal", 1, "alias", "champion")]


def test_a_stage_that_is_left_is_in_the_ledger(registry):
    for version in (1, 2):
        registry.submit(version, registry.evidence(version, 0.9))
    move = registry.client.transition_model_version_stage
    move("loans", 1, "Production")
    move("loans", 2, "Production", archive_existing_versions=True)
    move("loans", 2, "None")
    move("loans", 2, "Staging")
    rows = registry.rows("mlflow_prod_decisions", "action, version")
    assert rows == [("promotion", 1), ("promotion", 2), ("withdrawal", 1), ("withdrawal", 2)]


def test_what_nobody_protects_leaves_no_trace(registry):
    registry.client.set_registered_model_alias("loans", "beta", 1)
    registry.client.delete_registered_model_alias("loans", "beta")
    registry.client.delete_registered_model_alias("loans", "champion")
    registry.client.delete_model_version("loans", "2")
    assert registry.rows("mlflow_prod_decisions") == []


@pytest.mark.parametrize(("said", "stage"), [("archive", "Archived"), ("keep", "None")])
def test_the_policy_says_what_becomes_of_the_incumbent(registry, said, stage):
    text = registry.policy.read_text()
    registry.policy.write_text(
        text.replace("    require:", f"    on_success: {{incumbent: {said}}}\n    require:")
    )
    for version, accuracy in ((1, 0.85), (2, 0.9)):
        registry.submit(version, registry.evidence(version, accuracy))
        registry.client.set_registered_model_alias("loans", "champion", version)
    assert registry.client.get_model_version("loans", 1).current_stage == stage
    assert holder(registry) == 2


def test_all_who_stood_in_a_stage_are_archived_and_a_refusal_archives_nobody(registry):
    text = registry.policy.read_text()
    registry.policy.write_text(
        text.replace("    require:", "    on_success: {incumbent: archive}\n    require:")
    )
    registry.register(3)
    move = registry.client.transition_model_version_stage
    for version, accuracy in ((1, 0.85), (2, 0.9)):
        registry.submit(version, registry.evidence(version, accuracy))
        move("loans", version, "Production")
    refused("no evaluation evidence", move, "loans", 3, "Production")
    stages = {v.version: v.current_stage for v in registry.client.search_model_versions("name = 'loans'")}
    assert {int(version): stage for version, stage in stages.items()} == {
        1: "Archived",
        2: "Production",
        3: "None",
    }


def test_an_alias_that_moves_is_taken_from_whoever_held_it_and_one_in_another_case_is_not(registry):
    for version, accuracy in ((1, 0.85), (2, 0.9)):
        registry.submit(version, registry.evidence(version, accuracy))
    for alias, version in (("champion", 1), ("champion", 2)):
        registry.client.set_registered_model_alias("loans", alias, version)
    rows = registry.rows("mlflow_prod_decisions", "action, version")
    assert rows == [("promotion", 1), ("promotion", 2), ("withdrawal", 1)]
    registry.client.set_registered_model_alias("loans", "Champion", 2)
    assert [action for action, _ in registry.rows("mlflow_prod_decisions", "action, version")][3:] == [
        "promotion"
    ]


def test_a_policy_that_keeps_the_incumbent_keeps_it_whoever_asks_to_archive(make_registry):
    registry = make_registry(
        POLICY.replace("    require:", "    on_success: {incumbent: keep}\n    require:")
    )
    registry.register(1, 2)
    for version, accuracy in ((1, 0.9), (2, 0.95)):
        registry.submit(version, registry.evidence(version, accuracy))
        registry.client.transition_model_version_stage("loans", version, "Production", True)
    stages = [registry.client.get_model_version("loans", version).current_stage for version in ("1", "2")]
    assert stages == ["Production", "Production"]


def test_a_version_that_loses_one_of_two_spellings_still_holds_the_target(registry):
    if "mysql" in registry.uri:
        pytest.skip("to MariaDB both spellings are one alias")
    for version, accuracy in ((1, 0.9), (2, 0.95)):
        registry.submit(version, registry.evidence(version, accuracy))
    for alias in ("champion", "Champion"):
        registry.client.set_registered_model_alias("loans", alias, 1)
    registry.client.set_registered_model_alias("loans", "Champion", 2)
    actions = registry.rows("mlflow_prod_decisions", "action, version")
    assert ("withdrawal", 1) not in actions
    registry.client.set_registered_model_alias("loans", "champion", 2)
    assert registry.rows("mlflow_prod_decisions", "action, version")[-1] == ("withdrawal", 1)
