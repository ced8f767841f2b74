"""One judge for each form of rule: a note where the rule is met, `Unmet` with the reason where not."""

from datetime import UTC, timedelta

import numpy as np

from mlflow_prod.evidence import Evidence, Measure
from mlflow_prod.evidence.measure import told
from mlflow_prod.registry.case import (
    CLOCK_SLACK,
    Approved,
    Case,
    Incumbent,
    Unmet,
    enough_rows,
    find,
    the_measure,
)
from mlflow_prod.registry.rules import UNITS, Across, AnyRule, Every, Quantity, Threshold, Versus
from mlflow_prod.registry.section import Approvals
from mlflow_prod.stats import bonferroni, largest_gap, newcombe, pairs_confidence, quantile_of

STORED_CONFIDENCE = 0.95
# How many slices a reason names.
WORST = 3
# What measures a version that is registered; the last three are measured when it is made.
ENTRY_POINTS = {
    "evaluation": "evaluate, -P model_uri={uri}",
    "fairness": "evaluate, -P model_uri={uri}",
    "eval_config": "evaluate, -P model_uri={uri} -P eval_config=FILE",
    "explanation": "explain, -P model_uri={uri}",
    "monitoring": "monitor, -P model_uri={uri} -P production=ROWS",
    "compression": "compress, -P model_uri=models:/m-ID",
    "latency": "compress, -P model_uri=models:/m-ID",
    "distillation": "distill, -P model_uri=models:/m-ID",
}
# What a check's figures call for that are not good enough, where it is not a better model.
REMEDIES = {
    "monitoring": "retrain on recent rows",
    "compression": "take a recipe that costs less, such as one of -e compress -P recipes=auto",
    "latency": "take a recipe whose file is quicker, or a smaller network",
}


def freshness(rule: AnyRule, case: Case) -> str:
    """Judges the age of the check's evidence; "" where there is none to judge."""
    record = case.evidence(rule)
    if record is None:
        return ""
    age = case.now - record.made_at
    made = record.made_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    if age < -CLOCK_SLACK:
        raise Unmet(f"The {rule.check} evidence was made in the future ({made}): set the clocks.")
    if rule.max_age is not None and age > rule.max_age:
        raise Unmet(
            f"The {rule.check} evidence is {_span(age)} old (made {made}) and may be {_span(rule.max_age)} "
            f"old: {_measured_by(rule.check, case)} again."
        )
    return ""


def judge(rule: AnyRule, case: Case) -> str:
    """Judges what was measured."""
    own = case.evidence(rule)
    if own is None and rule.check in case.signers_by_check():
        signers, revoked = " or ".join(rule.signed_by), case.revocation(rule.check)
        before = f" (what was there before {revoked})" if revoked else ""
        raise Unmet(
            f"{_subject(rule)}: there is {rule.check} evidence, but none signed by {signers}{before}: "
            f"measure it again where that key is, with MLFLOW_PROD_KEY_FILE set."
        )
    if own is None:
        about = f"about these files ({case.subject[:12]})"
        raise Unmet(f"{_missing(rule, case, about)}: {_measured_by(rule.check, case)}.")
    if isinstance(rule, Threshold):
        return _threshold(rule, own)
    if isinstance(rule, Every):
        return _every(rule, own)
    if isinstance(rule, Versus):
        return _versus(rule, case, own)
    return _across(rule, own)


def judge_approvals(rule: Approvals, approved: Approved) -> str:
    """Judges who approved."""
    needed = f"needs {rule.at_least} approval{'s' if rule.at_least > 1 else ''}"
    if rule.not_by is None:
        counted, others = approved.users, ""
    elif approved.authors is None:
        raise Unmet(
            f"It {needed} by others than its author, and nobody knows who registered it: register it again."
        )
    else:
        counted = approved.users - approved.authors
        others = f" by others than its authors ({', '.join(sorted(approved.authors))})"
    if len(counted) >= rule.at_least:
        return f"Approved by {', '.join(sorted(counted))}."
    have = ", ".join(sorted(counted)) or "nobody"
    raise Unmet(f"It {needed}{others}, and {have} approved: ask somebody to run mlflow-prod approve.")


def _threshold(rule: Threshold, own: Evidence) -> str:
    measure = the_measure(rule, rule.slice, own)
    end = rule.judge or _cautious_end(rule, measure)
    number = getattr(measure, end)
    if number is None:
        raise Unmet(
            f"{rule.check} {measure} has no interval, and the rule judges its {end} end: "
            f"submit {rule.check} evidence with a 95% interval."
        )
    judged = "" if end == "value" else f", {end} end {number:.6g}"
    if _holds(rule, measure, number):
        return f"{rule.check} {measure}{judged} is {_wanted(rule)}."
    better = REMEDIES.get(rule.check, "the model has to improve")
    proven = not _holds(rule, measure, measure.value)
    remedy = better if proven else "measure it on more rows, for a narrower interval"
    raise Unmet(f"{rule.check} {measure}{judged} must be {_wanted(rule)}: {remedy}.")


def _every(rule: Every, own: Evidence) -> str:
    measures = [
        measure
        for measure in own
        if measure.name == rule.measure and measure.slice and not measure.against
        and (measure.n or 0) >= rule.with_rows
    ]  # fmt: skip
    if not measures:
        raise Unmet(
            f"The {rule.check} evidence has {rule.measure} of no slice with {rule.with_rows:,} rows: name "
            f"protected columns, or measure more rows."
        )
    for measure in measures:
        enough_rows(rule, measure)
    stretch = quantile_of(bonferroni(len(measures), STORED_CONFIDENCE)) / quantile_of(STORED_CONFIDENCE)
    short = []
    for measure in measures:
        end = getattr(measure, _cautious_end(rule, measure))
        if not _holds(rule, measure, measure.value + stretch * (end - measure.value)):
            short.append(measure)
    said = f"{rule.check} {rule.measure} of {len(measures)} slices with {rule.with_rows:,} rows"
    if not short:
        return f"{said}: each is {_wanted(rule)}."
    worst = sorted(short, key=lambda measure: measure.value, reverse=rule.at_most is not None)[:WORST]
    named = "; ".join(f"{told(measure.slice)} {measure.figure}" for measure in worst)
    more = f" and {len(short) - len(worst)} more" if len(short) > len(worst) else ""
    raise Unmet(f"{said}: each must be {_wanted(rule)}, and {len(short)} may not be: {named}{more}.")


def _cautious_end(rule: Threshold | Every | Versus, measure: Measure) -> str:
    end = "low" if rule.at_least is not None else "high"
    return "value" if getattr(measure, end) is None else end


def _holds(rule: Threshold | Every | Versus, measure: Measure, number: float) -> bool:
    if rule.at_least is not None:
        return number >= _converted(rule.at_least, rule, measure)
    assert rule.at_most is not None
    return number <= _converted(rule.at_most, rule, measure)


def _converted(bound: Quantity, rule: AnyRule, measure: Measure) -> float:
    """The bound in the measure's unit; Unmet where the two have nothing in common."""
    if not bound.unit:
        return bound.number
    unit, factor = UNITS[bound.unit]
    if unit != measure.unit:
        raise Unmet(
            f"{_subject(rule)} is {f'in {measure.unit}' if measure.unit else 'a pure number'}, and the rule "
            f"asks for {bound}: give it another unit."
        )
    return bound.number * factor


def _wanted(rule: Threshold | Every | Versus) -> str:
    return f"at least {rule.at_least}" if rule.at_least is not None else f"at most {rule.at_most}"


def _versus(rule: Versus, case: Case, own: Evidence) -> str:
    incumbent = case.incumbent
    measured = _subject(rule)
    if incumbent is None:
        the_measure(rule, rule.slice, own)
        return f"{measured}: no version held this target before, there is nothing to compare with."
    if not incumbent.subject:
        raise Unmet(
            f"{measured} cannot be compared: the files of the incumbent, version {incumbent.version}, "
            f"cannot be read."
        )
    if incumbent.subject == case.subject:
        the_measure(rule, rule.slice, own)
        return f"{measured}: the incumbent is the same files, there is nothing to compare with."
    if rule.worse_by_at_most is None:
        return _together(rule, own, incumbent)
    change, low, high, how = _difference(rule, case, own, incumbent)
    loss, most = (change, high) if rule.wants_low else (-change, None if low is None else -low)
    judged = loss if most is None or rule.judge == "value" else most
    allowed = f"at most {rule.worse_by_at_most:.6g} worse"
    interval = "" if low is None or high is None else f" [{low:+.4g}, {high:+.4g}]"
    theirs = f"the incumbent's, version {incumbent.version}"
    said = f"{measured} differs from {theirs}, by {change:+.4g}{interval} ({how})"
    better = "lower" if rule.wants_low else "higher"
    if judged <= rule.worse_by_at_most:
        return f"{said}: {allowed}."
    remedy = "compare on more rows" if loss <= rule.worse_by_at_most else "the model has to improve"
    raise Unmet(
        f"{said}: it may be {allowed} ({better} is better) and may prove {judged:.4g} worse: {remedy}."
    )


def _together(rule: Versus, own: Evidence, incumbent: Incumbent) -> str:
    measure = find(rule, rule.slice, own, incumbent.subject)
    if measure is None:
        raise Unmet(
            f"{_subject(rule)}: the {rule.check} evidence is not about this version beside the incumbent, "
            f"version {incumbent.version}: run {rule.check} on the two together."
        )
    enough_rows(rule, measure)
    end = rule.judge or _cautious_end(rule, measure)
    said = f"{rule.check} {measure} beside the incumbent, version {incumbent.version},"
    if _holds(rule, measure, getattr(measure, end)):
        return f"{said} is {_wanted(rule)}."
    raise Unmet(f"{said} must be {_wanted(rule)}: the two answer too differently.")


def _difference(
    rule: Versus, case: Case, own: Evidence, incumbent: Incumbent
) -> tuple[float, float | None, float | None, str]:
    paired = find(rule, rule.slice, own, incumbent.subject)
    if paired is not None:
        enough_rows(rule, paired)
        return paired.value, paired.low, paired.high, "paired rows"
    theirs = case.evidence(rule, incumbent.subject)
    if theirs is None:
        about = f"about the incumbent, version {incumbent.version}"
        missing = _missing(rule, case, about, incumbent.subject)
        raise Unmet(f"{missing}: run {rule.check} on it, on the same data.")
    if theirs.data != own.data:
        raise Unmet(
            f"{_subject(rule)} cannot be compared: this version was measured on data {own.data[:12]} and the "
            f"incumbent, version {incumbent.version}, on {theirs.data[:12]}: measure both on the same data."
        )
    new, old = the_measure(rule, rule.slice, own), the_measure(rule, rule.slice, theirs)
    if new.low is None or new.high is None or old.low is None or old.high is None:
        return new.value - old.value, None, None, "no intervals"
    low, high = newcombe((new.value, new.low, new.high), (old.value, old.low, old.high))
    return new.value - old.value, float(low), float(high), "as independent samples"


def _across(rule: Across, own: Evidence) -> str:
    measures = [
        measure
        for measure in own
        if measure.name == rule.measure
        and [c for c, _ in measure.slice] == [rule.across]
        and not measure.against
    ]
    if len(measures) < 2:
        seen = ", ".join(measure.slice[0][1] for measure in measures) or "none"
        raise Unmet(
            f"{_subject(rule)}: needs the measure on at least two slices of {rule.across}, "
            f"the evidence has {len(measures)} ({seen}): measure each group."
        )
    for measure in measures:
        enough_rows(rule, measure)
        if measure.low is None or measure.high is None:
            raise Unmet(f"{rule.check} {measure} has no interval, which the gap needs: submit it with one.")
    gap, low, high = _gap(measures)
    bottom, top = (pick(measures, key=lambda measure: measure.value) for pick in (min, max))
    ends = f"from {bottom.slice[0][1]} ({bottom.value:.3f}) to {top.slice[0][1]} ({top.value:.3f})"
    said = f"{_subject(rule)}: gap {gap:.3f} [{low:.3f}, {high:.3f}], {ends}"
    if high <= rule.gap_at_most:
        return f"{said}: its upper end is at most {rule.gap_at_most:.6g}."
    remedy = (
        "measure more rows of each group"
        if gap <= rule.gap_at_most
        else "train with a remedy such as reweighing"
    )
    raise Unmet(f"{said}: its upper end must be at most {rule.gap_at_most:.6g}: {remedy}.")


def _gap(measures: list[Measure]) -> tuple[float, float, float]:
    # The stored ends are at 95%; all pairs hold together (Bonferroni) when each arm is stretched by the ratio
    # of the normal quantiles.
    stretch = quantile_of(pairs_confidence(len(measures), STORED_CONFIDENCE)) / quantile_of(STORED_CONFIDENCE)
    value, low, high = np.array([(m.value, m.low, m.high) for m in measures], np.float64).T
    return largest_gap(value, value - stretch * (value - low), value + stretch * (high - value))


def _subject(rule: AnyRule) -> str:
    if isinstance(rule, Across):
        return f"{rule.check} {rule.measure} across {rule.across}"
    if isinstance(rule, Every):
        return f"{rule.check} {rule.measure} of every slice"
    return f"{rule.check} {Measure(rule.measure, 0.0, slice=tuple(rule.slice.items())).title}"


def _missing(rule: AnyRule, case: Case, about: str, subject: str = "") -> str:
    said = f"{_subject(rule)} cannot be compared" if subject else _subject(rule)
    revoked = case.revocation(rule.check, subject)
    if revoked is None:
        return f"{said}: there is no {rule.check} evidence {about}"
    return f"{said}: the {rule.check} evidence {about} {revoked}"


def _measured_by(check: str, case: Case) -> str:
    if check not in ENTRY_POINTS:
        return f"run {check} on it and submit the result"
    return f"run the entry point {ENTRY_POINTS[check].format(uri=case.uri or 'models:/NAME/VERSION')}"


def _span(age: timedelta) -> str:
    for unit, seconds in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if age.total_seconds() >= seconds:
            return f"{age.total_seconds() / seconds:.3g} {unit}"
    return f"{age.total_seconds():.3g} s"
