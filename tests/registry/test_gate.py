import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlflow_prod.evidence import Attestation, Evidence, Measure, SigningKey, attest
from mlflow_prod.registry import Approved, Incumbent, NoPolicy, Revoked, decide, parse
from mlflow_prod.stats import newcombe, wilson

NEW, OLD, OTHER = "1" * 64, "2" * 64, "3" * 64
DATA, OTHER_DATA = "a" * 64, "b" * 64
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def policy_of(*rules):
    lines = "".join(f"      - {rule}\n" for rule in rules)
    text = 'version: 1\nmodels:\n  "*":\n    targets: [champion]\n    require:\n' + (lines or "      []\n")
    return parse(text.encode())


def record(check, *measures, subject=NEW, data=DATA, age=timedelta(0)):
    return Evidence(check, subject, data, measures, made_at=NOW - age)


def rate(name, successes, n, group=None):
    low, high = (float(end) for end in wilson(successes, n))
    return Measure(name, successes / n, low, high, n, (("sex", group),) if group else ())


class Held(NamedTuple):
    """An incumbent, and what is known about its files."""

    version: str
    subject: str
    evidence: tuple = ()


def decided(rules, evidence, held=None):
    known = [attest(record) for record in (*evidence, *(held.evidence if held else ()))]
    incumbent = Incumbent(held.version, held.subject) if held else None
    return decide(policy_of(*rules), "loans", "champion", NEW, known, incumbent, NOW)


AT_LEAST = "{check: evaluation, measure: accuracy, at_least: 0.8}"
VERSUS = "{check: evaluation, measure: accuracy, versus: incumbent, worse_by_at_most: 0.01}"
ACROSS = "{check: fairness, measure: true_positive_rate, across: sex, gap_at_most: 0.05}"


@pytest.mark.parametrize(
    ("check", "name", "value", "wanted", "remedy"),
    [
        ("compression", "difference/accuracy", -0.02, "at_least: -0.01", "take a recipe that costs less"),
        ("latency", "p50", 9.0, "at_most: 5", "take a recipe whose file is quicker"),
    ],
)
def test_what_a_small_model_costs_is_mended_by_another_recipe(check, name, value, wanted, remedy):
    rule = f"{{check: {check}, measure: {name}, {wanted}}}"
    (reason,) = decided([rule], [record(check, Measure(name, value))]).reasons
    assert remedy in reason


def test_every_reason_is_told_and_not_the_first_alone():
    stale = record("monitoring", Measure("drifted_share", 0.5), age=timedelta(days=9))
    decision = decided(
        [AT_LEAST, ACROSS, "{check: monitoring, measure: drifted_share, at_most: 0.3, max_age: 7 d}"],
        [record("evaluation", Measure("accuracy", 0.7)), stale],
    )
    assert not decision.allowed
    assert len(decision.reasons) == 4
    assert decision.reasons[0] == "evaluation accuracy 0.7 must be at least 0.8: the model has to improve."
    assert "no fairness evidence" in decision.reasons[1]
    assert decision.reasons[2].startswith("The monitoring evidence is 9 d old (made 2026-11-11 12:00 UTC)")
    assert "drifted_share 0.5 must be at most 0.3" in decision.reasons[3]
    assert str(decision).startswith(
        "loans to champion: refused by the policy's section '*', 4 reasons:\n1. evaluation accuracy 0.7"
    )


@pytest.mark.parametrize(
    ("rule", "measure", "allowed"),
    [
        ("at_least: 0.8", Measure("m", 0.8), True),
        ("at_least: 0.8", Measure("m", 0.79), False),
        ("at_least: 0.8", Measure("m", 0.85, 0.8, 0.9), True),
        ("at_least: 0.8", Measure("m", 0.85, 0.79, 0.9), False),
        ("at_least: 0.8, judge: value", Measure("m", 0.85, 0.79, 0.9), True),
        ("at_least: 0.8, judge: high", Measure("m", 0.75, 0.7, 0.8), True),
        ("at_least: 0.8, judge: low", Measure("m", 0.99), False),
        ("at_most: 0.3", Measure("m", 0.3), True),
        ("at_most: 0.3", Measure("m", 0.2, 0.1, 0.3), True),
        ("at_most: 0.3", Measure("m", 0.2, 0.1, 0.31), False),
        ("at_most: 0.3, judge: high", Measure("m", 0.2, low=0.1), False),
        ("at_least: 0.8, rows_at_least: 100", Measure("m", 0.9, n=100), True),
        ("at_least: 0.8, rows_at_least: 100", Measure("m", 0.9, n=99), False),
        ("at_least: 0.8, rows_at_least: 100", Measure("m", 0.9), False),
        ("at_least: 0.8", Measure("m", 0.9, n=0), False),
        ("at_least: 0.8, slice: {sex: F}", Measure("m", 0.9, slice=(("sex", "F"),)), True),
        ("at_least: 0.8, slice: {sex: F}", Measure("m", 0.9), False),
        ("at_least: 0.8", Measure("m", 0.9, slice=(("sex", "F"),)), False),
        ("at_least: 0.8", Measure("m", 0.9, against=OLD), False),
        ("at_least: 0.8, max_age: 7 d", Measure("m", 0.9), True),
    ],
)
def test_a_measure_is_judged_against_a_number(rule, measure, allowed):
    decision = decided([f"{{check: c, measure: m, {rule}}}"], [record("c", measure)])
    assert decision.allowed is allowed
    assert len(decision.reasons) == (0 if allowed else 1)


def test_a_wrong_name_of_a_measure_is_told_with_the_nearest():
    decision = decided([AT_LEAST], [record("evaluation", Measure("acuracy", 0.9))])
    assert decision.reasons == ("The evaluation evidence has no measure 'accuracy', did you mean 'acuracy'?",)


def test_only_the_newest_evidence_of_a_check_counts_as_the_registry_orders_it():
    good = record("evaluation", Measure("accuracy", 0.9), age=timedelta(hours=2))
    bad = record("evaluation", Measure("accuracy", 0.7), age=timedelta(hours=1))
    assert not decided([AT_LEAST], [good, bad]).allowed
    # What counts as made later stands later, whatever time it claims.
    assert decided([AT_LEAST], [bad, good]).allowed
    again = record("evaluation", Measure("accuracy", 0.9), age=timedelta(hours=1))
    assert decided([AT_LEAST], [good, bad, again]).allowed, "of the same second, the last submitted counts"


def test_evidence_about_other_files_or_from_the_future_does_not_count():
    assert not decided([AT_LEAST], [record("evaluation", Measure("accuracy", 0.9), subject=OTHER)]).allowed
    ahead = record("evaluation", Measure("accuracy", 0.9), age=timedelta(hours=-1))
    assert "in the future" in decided([AT_LEAST], [ahead]).reasons[0]


def test_without_an_incumbent_the_comparison_passes_with_a_note():
    decision = decided([VERSUS], [record("evaluation", Measure("accuracy", 0.1))])
    assert decision.allowed
    assert "nothing to compare with" in decision.notes[0]
    assert not decided([VERSUS], []).allowed, "but not without evidence"


def test_a_paired_difference_goes_before_the_two_intervals():
    paired = Measure("accuracy", -0.004, -0.009, 0.001, 500, against=OLD)
    own = Measure("accuracy", 0.5, 0.4, 0.6)
    decision = decided([VERSUS], [record("evaluation", own, paired)], Held("1", OLD))
    assert decision.allowed
    assert "paired rows" in decision.notes[0]
    wide = Measure("accuracy", -0.004, -0.011, 0.001, 500, against=OLD)
    decision = decided([VERSUS], [record("evaluation", own, wide)], Held("1", OLD))
    assert "version 1, by -0.004 [-0.011, +0.001] (paired rows)" in decision.reasons[0]
    elsewhere = Measure("accuracy", 0.0, against=OTHER)
    assert not decided([VERSUS], [record("evaluation", own, elsewhere)], Held("1", OLD)).allowed


def test_without_a_paired_difference_the_intervals_are_combined_as_newcombe_does():
    new, old = rate("accuracy", 900, 1_000), rate("accuracy", 880, 1_000)
    low, _ = newcombe((new.value, new.low, new.high), (old.value, old.low, old.high))
    incumbent = Held("1", OLD, (record("evaluation", old, subject=OLD),))
    for margin, allowed in ((-float(low) + 1e-6, True), (-float(low) - 1e-6, False)):
        rule = f"{{check: evaluation, measure: accuracy, versus: incumbent, worse_by_at_most: {margin:.7f}}}"
        assert decided([rule], [record("evaluation", new)], incumbent).allowed is allowed
    value = "{check: evaluation, measure: accuracy, versus: incumbent, worse_by_at_most: 0, judge: value}"
    assert decided([value], [record("evaluation", new)], incumbent).allowed


@pytest.mark.parametrize(
    ("measure", "more", "new", "allowed"),
    [
        ("accuracy", "", 0.9, True),
        ("accuracy", "", 0.7, False),
        ("log_loss", "", 0.7, True),
        ("log_loss", "", 0.9, False),
        ("wait", "", 0.9, True),
        ("wait", ", lower_is_better: true", 0.9, False),
    ],
)
def test_which_way_is_better_is_known_or_said(measure, more, new, allowed):
    rule = f"{{check: c, measure: {measure}, versus: incumbent, worse_by_at_most: 0.05{more}}}"
    incumbent = Held("1", OLD, (record("c", Measure(measure, 0.8), subject=OLD),))
    assert decided([rule], [record("c", Measure(measure, new))], incumbent).allowed is allowed


@pytest.mark.parametrize(
    ("incumbent", "says"),
    [
        (Held("1", ""), "version 1, cannot be read"),
        (Held("1", OLD), "no evaluation evidence about the incumbent"),
        (
            Held("1", OLD, (record("evaluation", Measure("accuracy", 0.9), subject=OTHER),)),
            "no evaluation evidence",
        ),
        (
            Held("1", OLD, (record("evaluation", Measure("accuracy", 0.1), subject=OLD, data=OTHER_DATA),)),
            "measure both on the same data",
        ),
        (
            Held("1", OLD, (record("evaluation", Measure("auc", 0.1), subject=OLD),)),
            "no measure 'accuracy'",
        ),
    ],
)
def test_what_cannot_be_compared_is_refused(incumbent, says):
    decision = decided([VERSUS], [record("evaluation", Measure("accuracy", 0.9))], incumbent)
    assert len(decision.reasons) == 1
    assert says in decision.reasons[0]


def test_the_same_files_are_not_compared_with_themselves():
    own = record("evaluation", rate("accuracy", 90, 100))
    assert decided([VERSUS], [own], Held("1", NEW, (own,))).allowed


def test_the_gap_between_two_groups_is_newcombes():
    women, men = rate("true_positive_rate", 3_200, 4_000, "F"), rate("true_positive_rate", 3_220, 4_000, "M")
    _, high = newcombe((men.value, men.low, men.high), (women.value, women.low, women.high))
    for limit, allowed in ((float(high) + 1e-6, True), (float(high) - 1e-6, False)):
        rule = f"{{check: fairness, measure: true_positive_rate, across: sex, gap_at_most: {limit:.7f}}}"
        assert decided([rule], [record("fairness", women, men)]).allowed is allowed


def test_more_groups_widen_the_gaps_interval():
    groups = [rate("true_positive_rate", 3_200, 4_000, name) for name in "ABCD"]
    pair = decided([ACROSS], [record("fairness", *groups[:2])])
    many = decided([ACROSS], [record("fairness", *groups)])
    ends = [float(d.notes[0].split("[")[1].split("]")[0].split(", ")[1]) for d in (pair, many)]
    assert ends[0] < ends[1]


def test_a_small_group_hides_no_gap():
    decision = decided([ACROSS], [record("fairness", *(rate("true_positive_rate", 8, 10, g) for g in "FM"))])
    assert "gap 0.000" in decision.reasons[0]
    assert "measure more rows of each group" in decision.reasons[0]


@pytest.mark.parametrize(
    ("measures", "says"),
    [
        ([], "has 0 (none)"),
        ([rate("true_positive_rate", 80, 100, "F")], "has 1 (F)"),
        ([rate("true_positive_rate", 80, 100)], "has 0 (none)"),
        ([Measure("true_positive_rate", 0.8, slice=(("sex", g),)) for g in "FM"], "no interval"),
        ([Measure("true_positive_rate", 0.8, 0.7, 0.9, n, (("sex", str(n)),)) for n in (0, 50)], "needs 1"),
    ],
)
def test_groups_that_cannot_be_compared_are_refused(measures, says):
    decision = decided([ACROSS], [record("fairness", *measures)])
    assert len(decision.reasons) == 1
    assert says in decision.reasons[0]


def test_a_target_that_no_rule_names_is_free():
    decision = decide(policy_of(AT_LEAST), "loans", "beta", NEW, [], None, NOW)
    assert decision.allowed
    assert decision.notes == ("No rule protects this target.",)


def test_without_a_policy_the_reason_is_why():
    decision = decide(NoPolicy("gone", False), "loans", "Champion", NEW, [], None, NOW)
    assert decision.reasons == ("gone",)
    assert decide(NoPolicy("gone", False), "loans", "beta", NEW, [], None, NOW).allowed


# What follows holds for any rules and any evidence.
rules = st.sampled_from(
    [
        AT_LEAST,
        VERSUS,
        ACROSS,
        "{check: evaluation, measure: accuracy, at_most: 0.9}",
        "{check: evaluation, measure: accuracy, at_least: 0.5, judge: low, rows_at_least: 50}",
        "{check: fairness, measure: true_positive_rate, at_least: 0.5, slice: {sex: F}, max_age: 1 d}",
    ]
)
counts = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@st.composite
def evidence(draw):
    found = []
    for check, name, groups in (
        ("evaluation", "accuracy", [None]),
        ("fairness", "true_positive_rate", ["F", "M", "X"]),
    ):
        present = [group for group in groups if draw(st.booleans())]
        measures = [rate(name, *draw(counts), group) for group in present]
        found.append(record(check, *measures, age=timedelta(hours=draw(st.integers(0, 48)))))
    return found


incumbents = st.none() | counts.map(
    lambda c: Held("1", OLD, (record("evaluation", rate("accuracy", *c), subject=OLD),))
)


@given(st.lists(rules, max_size=4), rules, evidence(), incumbents)
def test_another_rule_never_turns_a_refusal_into_a_pass(some, more, found, incumbent):
    before, after = decided(some, found, incumbent), decided([*some, more], found, incumbent)
    assert before.allowed or not after.allowed
    assert set(before.reasons) <= set(after.reasons)


@given(st.lists(rules, min_size=1, max_size=4), evidence(), incumbents)
def test_missing_evidence_never_passes(some, found, incumbent):
    assert not decided(some, [], incumbent).allowed
    for check in {rule.split()[1].rstrip(",") for rule in some}:
        rest = [entry for entry in found if entry.check != check]
        assert not decided(some, rest, incumbent).allowed


@given(st.lists(rules, max_size=4), evidence(), incumbents)
def test_a_decision_is_allowed_exactly_when_there_is_no_reason_against(some, found, incumbent):
    decision = decided(some, found, incumbent)
    assert decision.allowed is (not decision.reasons)
    assert decided(some, found[::-1], incumbent).reasons == decision.reasons


@given(counts, st.integers(0, 400), incumbents)
def test_a_better_figure_is_never_refused_where_a_worse_one_passes(count, more, incumbent):
    successes, n = count
    better = min(n, successes + more)
    worse, best = (record("evaluation", rate("accuracy", hits, n)) for hits in (successes, better))
    for rule in (AT_LEAST, VERSUS):
        assert decided([rule], [best], incumbent).allowed or not decided([rule], [worse], incumbent).allowed


@given(counts, st.floats(0, 1))
def test_a_stricter_bound_never_passes_what_a_looser_one_refuses(count, bound):
    found = [record("evaluation", rate("accuracy", *count))]
    loose, strict = (
        decided([f"{{check: evaluation, measure: accuracy, at_least: {limit:.6f}}}"], found).allowed
        for limit in (bound, bound + 0.1)
    )
    assert loose or not strict


@given(st.lists(counts, min_size=2, max_size=4))
def test_a_looser_limit_on_the_gap_passes_what_a_stricter_one_passes(groups):
    measures = [rate("true_positive_rate", hits, n, str(i)) for i, (hits, n) in enumerate(groups)]
    limits = [0.05, 0.1, 0.2, 0.4, 0.8]
    passed = [
        decided([ACROSS.replace("0.05", str(limit))], [record("fairness", *measures)]).allowed
        for limit in limits
    ]
    assert passed == sorted(passed)


CI, AUDIT, STRANGER = SigningKey.new(), SigningKey.new(), SigningKey.new()
SIGNED = f"""
version: 1
signers:
  ci: {{ed25519: "{CI.public}"}}
  audit: {{ed25519: "{AUDIT.public}"}}
models:
  "*":
    targets: [champion]
    signed_by: [ci]
    require:
      - {AT_LEAST}
      - {{check: fairness, measure: gap, at_most: 0.1, signed_by: [audit]}}
""".encode()


def signed(*attestations):
    return decide(parse(SIGNED), "loans", "champion", NEW, attestations, None, NOW)


GOOD, FAIR = record("evaluation", Measure("accuracy", 0.9)), record("fairness", Measure("gap", 0.01))


def test_evidence_counts_by_the_signers_that_its_rule_names():
    assert signed(attest(GOOD, CI), attest(FAIR, AUDIT)).allowed
    assert signed(attest(GOOD, CI), attest(FAIR, CI)).reasons == (
        "fairness gap: there is fairness evidence, but none signed by audit: measure it again where that key "
        "is, with MLFLOW_PROD_KEY_FILE set.",
    )
    assert "none signed by ci" in signed(attest(GOOD), attest(FAIR, AUDIT)).reasons[0]
    assert "none signed by ci" in signed(attest(GOOD, STRANGER), attest(FAIR, AUDIT)).reasons[0]
    assert "no evaluation evidence" in signed(attest(FAIR, AUDIT)).reasons[0]


def test_what_was_revoked_is_told_where_it_is_missed():
    by_ann = [Revoked(check, NEW, "ann", NOW - timedelta(hours=1)) for check in ("evaluation", "fairness")]
    earlier = Revoked("evaluation", NEW, "bob", NOW - timedelta(days=1))
    decision = decide(
        parse(SIGNED),
        "loans",
        "champion",
        NEW,
        [attest(GOOD), attest(FAIR, AUDIT)],
        None,
        NOW,
        revoked=[*by_ann, earlier],
    )
    assert decision.reasons == (
        "evaluation accuracy: there is evaluation evidence, but none signed by ci (what was there before was "
        "revoked by ann on 2026-11-20 11:00 UTC): measure it again where that key is, with "
        "MLFLOW_PROD_KEY_FILE set.",
    )
    revoked = [*by_ann, Revoked("evaluation", OLD, "cid", NOW)]
    said = [
        decide(
            policy_of(rule), "loans", "champion", NEW, known, Incumbent("1", OLD), NOW, revoked=revoked
        ).reasons[0]
        for rule, known in ((AT_LEAST, []), (VERSUS, [attest(GOOD)]))
    ]
    assert said == [
        f"evaluation accuracy: the evaluation evidence about these files ({NEW[:12]}) was revoked by ann "
        f"on 2026-11-20 11:00 UTC: run the entry point evaluate, -P model_uri=models:/NAME/VERSION.",
        "evaluation accuracy cannot be compared: the evaluation evidence about the incumbent, version 1 was "
        "revoked by cid on 2026-11-20 12:00 UTC: run evaluation on it, on the same data.",
    ]


def test_a_signature_is_no_good_on_another_statement():
    bad = attest(record("evaluation", Measure("accuracy", 0.1)), CI)
    forged = Attestation(attest(GOOD).statement, bad.signatures)
    assert "none signed by ci" in signed(forged, attest(FAIR, AUDIT)).reasons[0]


def test_newer_unsigned_evidence_neither_helps_nor_harms():
    old = record("evaluation", Measure("accuracy", 0.9), age=timedelta(days=2))
    poor, fair = attest(record("evaluation", Measure("accuracy", 0.1))), attest(FAIR, AUDIT)
    assert signed(attest(old, CI), poor, fair).allowed
    worse = record("evaluation", Measure("accuracy", 0.1), age=timedelta(days=2))
    assert not signed(attest(worse, CI), attest(GOOD), fair).allowed


def test_the_decision_says_who_signed_what():
    notes = signed(attest(GOOD, CI), attest(FAIR, AUDIT), attest(record("latency", Measure("p50", 1)))).notes
    assert notes[-3:] == (
        "The evaluation evidence is signed by ci.",
        "The fairness evidence is signed by audit.",
        "The latency evidence is unsigned.",
    )


@pytest.mark.parametrize(
    ("bound", "measure", "allowed"),
    [
        ("at_most: 5 ms", Measure("p95", 4.9, unit="ms"), True),
        ("at_most: 0.005 s", Measure("p95", 5.1, unit="ms"), False),
        ("at_most: 20 kB", Measure("p95", 20_000, unit="bytes"), True),
        ("at_most: 3 %", Measure("p95", 0.031), False),
        ("at_least: 90%", Measure("p95", 0.95, 0.89, 0.99), False),
        ("at_most: 5", Measure("p95", 4.9, unit="ms"), True),
    ],
)
def test_a_bound_is_judged_in_its_unit(bound, measure, allowed):
    decision = decided([f"{{check: c, measure: p95, {bound}}}"], [record("c", measure)])
    assert decision.allowed is allowed
    assert bound.split(": ")[1].replace("90%", "90 %") in (decision.reasons + decision.notes)[0]


def test_a_bound_in_a_unit_that_the_measure_has_not_refuses():
    (reason,) = decided(
        ["{check: c, measure: m, at_most: 5 ms}"], [record("c", Measure("m", 1, unit="bytes"))]
    ).reasons
    assert reason == "c m is in bytes, and the rule asks for 5 ms: give it another unit."


EVERY = "{check: evaluation, measure: accuracy, every: slice, with_rows: 100, at_least: 0.75}"


def test_every_slice_with_enough_rows_is_judged():
    good = [rate("accuracy", 95, 100, group=f"g{at}") for at in range(3)]
    small = rate("accuracy", 10, 99, group="small")
    whole = rate("accuracy", 10, 1000)
    assert decided([EVERY], [record("evaluation", *good, small, whole)]).allowed
    bad = [rate("accuracy", hits, 100, group=f"b{hits}") for hits in (60, 50, 70, 65)]
    (reason,) = decided([EVERY], [record("evaluation", *good, *bad)]).reasons
    assert "of 7 slices with 100 rows: each must be at least 0.75, and 4 may not be: sex b50 0.5 [" in reason
    assert reason.endswith(" and 1 more.")
    assert "of no slice with 100 rows" in decided([EVERY], [record("evaluation", small, whole)]).reasons[0]


def test_a_thousand_slices_refuse_no_more_often_than_one_by_chance():
    # Each slice's own 95% interval just reaches the bound: alone it passes, and beside others it must not.
    edge = Measure("accuracy", 0.80, 0.76, 0.84, 400, (("sex", "edge"),))
    sure = [Measure("accuracy", 0.99, 0.985, 0.995, 400, (("sex", f"{at}"),)) for at in range(999)]
    assert decided([EVERY], [record("evaluation", edge)]).allowed
    assert not decided([EVERY], [record("evaluation", edge, *sure)]).allowed


def test_what_is_asked_beside_an_incumbent_is_not_asked_without_one():
    rule = "{check: shadow, measure: agreement, versus: incumbent, at_least: 0.9, when: incumbent}"
    alone = decided([rule], [])
    assert alone.allowed and "asked only beside an incumbent" in alone.notes[0]
    assert "no shadow evidence" in decided([rule], [], Held("1", OLD)).reasons[0]

    def beside(value, against=OLD):
        return decided(
            [rule], [record("shadow", Measure("agreement", value, against=against))], Held("1", OLD)
        )

    assert beside(0.95).allowed
    assert "must be at least 0.9: the two answer too differently" in beside(0.85).reasons[0]
    assert "run shadow on the two together" in beside(0.95, OTHER).reasons[0]


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("version: 1\nmodels: {{m: {{targets: [x], require: [{0}]}}}}", False),
        ("version: 1\nenforce: false\nmodels: {{m: {{targets: [x], require: [{0}]}}}}", True),
        ("version: 1\nmodels: {{m: {{targets: [x], require: [{0}], enforce: false}}}}", True),
        ("version: 1\nenforce: false\nmodels: {{m: {{targets: [x], require: [{0}], enforce: true}}}}", False),
    ],
)
def test_a_policy_can_be_tried_out(text, allowed):
    decision = decide(parse(text.format(AT_LEAST).encode()), "m", "x", NEW, [], None, NOW)
    assert decision.allowed is allowed
    if allowed:
        assert decision.notes[0].startswith("Not enforced, else refused: evaluation accuracy: there is no")


APPROVED = """
version: 1
models:
  "*": {targets: [champion], require: [], approvals: {at_least: 2, not_by: author}}
"""


@pytest.mark.parametrize(
    ("users", "authors", "says"),
    [
        ({"bob", "eve"}, {"ann"}, None),
        ({"bob", "ann"}, {"ann"}, "needs 2 approvals by others than its authors \\(ann\\), and bob approved"),
        (set(), {"ann", "bob"}, "authors \\(ann, bob\\), and nobody approved"),
        ({"bob", "eve"}, None, "nobody knows who registered it"),
    ],
)
def test_approvals_are_counted_without_the_authors(users, authors, says):
    approved = Approved(frozenset(users), None if authors is None else frozenset(authors))
    policy = parse(APPROVED.encode())
    decision = decide(policy, "loans", "champion", NEW, (), None, NOW, approved)
    assert decision.allowed == (says is None)
    if says:
        assert re.search(says, decision.reasons[0])


def test_an_approval_that_is_not_enforced_is_told():
    policy = parse(APPROVED.replace("models:", "enforce: false\nmodels:").encode())
    decision = decide(policy, "loans", "champion", NEW, (), None, NOW)
    assert decision.allowed and decision.notes[0].startswith(
        "Not enforced, else refused: It needs 2 approvals"
    )
