"""The gate: may this model be promoted, on this evidence, under this policy? Pure, no I/O."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from mlflow_prod.evidence import Attestation, Override
from mlflow_prod.registry.case import NOBODY, Approved, Case, Incumbent, Revoked, Unmet
from mlflow_prod.registry.judges import freshness, judge, judge_approvals
from mlflow_prod.registry.policy import NoPolicy, Policy
from mlflow_prod.registry.section import NEW_VERSION

# How a version came to a target: on what the policy asks for, back, against the policy, before the gate, or
# though its evidence falls short while the policy is only tried out.
PROMOTION, ROLLBACK, OVERRIDE, ADOPTION = "promotion", "rollback", "override", "adoption"
UNENFORCED = "unenforced"


@dataclass(frozen=True)
class Decision:
    """What the gate said, and why.

    Parameters
    ----------
    allowed : whether the promotion may happen.
    model, target : name of the registered model; the stage or alias it asks for, or NEW_VERSION.
    subject : digest of the files that were judged, "" where they could not be read.
    incumbent : digest of what they were compared with, "" where there was nothing.
    policy : digest of the policy, "" where there was none.
    reasons : a sentence for each rule that was not met; empty when allowed.
    notes : a sentence for each rule that was met, and what else is worth knowing.
    at : when, in UTC.
    section : the name or glob in the policy whose rules were judged; "" where none was.
    action : PROMOTION, ROLLBACK, OVERRIDE, ADOPTION or UNENFORCED.
    """

    allowed: bool
    model: str
    target: str
    subject: str
    incumbent: str
    policy: str
    reasons: tuple[str, ...]
    notes: tuple[str, ...]
    at: datetime
    section: str = ""
    action: str = PROMOTION

    def __str__(self) -> str:
        place = f"to {self.target}" if self.target != NEW_VERSION else "as a new version"
        said = f"{self.model} {place}: {'allowed' if self.allowed else 'refused'}"
        if self.section not in ("", self.model):
            said += f" by the policy's section {self.section!r}"
        lines = self.reasons or self.notes
        if not lines:
            return said
        return "\n".join([f"{said}, {len(lines)} reason{'s' if len(lines) > 1 else ''}:", *_numbered(lines)])


def decide(
    policy: Policy | NoPolicy,
    model: str,
    target: str,
    subject: str,
    attestations: Iterable[Attestation],
    incumbent: Incumbent | None,
    now: datetime,
    approved: Approved = NOBODY,
    revoked: Iterable[Revoked] = (),
    uri: str = "",
) -> Decision:
    """The decision on promoting the files `subject` of `model` to `target`: every reason, not the first.

    Of `attestations`, only what is about `subject` or the incumbent's files counts, and of each check the
    newest that one of the rule's signers signed, or the newest where it asks for none. `incumbent`: the
    version that holds the target, or held it last; None where none ever did. A target that no section of the
    policy names is allowed. `revoked`: evidence that no longer counts, told where it is missed. `uri`: what
    finds the candidate, for whoever measures it, such as `models:/loans/3`.
    """
    if isinstance(policy, NoPolicy):
        if policy.section(model, target) is not None:
            return refuse(policy, model, target, subject, policy.reason, now)
        return Decision(True, model, target, subject, "", "", (), ("No rule protects this target.",), now)
    pattern = policy.pattern(model, target)
    section = None if pattern is None else policy.models[pattern]
    case = Case(subject, tuple(attestations), policy.signers, incumbent, now, tuple(revoked), uri)
    reasons: list[str] = []
    notes: list[str] = []
    for rule in section.require if section else ():
        if rule.when == "incumbent" and incumbent is None:
            notes.append(f"{rule.check} {rule.measure} is asked only beside an incumbent, and there is none.")
            continue
        for look in (freshness, judge):
            try:
                note = look(rule, case)
            except Unmet as unmet:
                reasons.append(str(unmet))
            else:
                notes += [note] if note else []
    if section is not None and section.approvals is not None:
        try:
            notes.append(judge_approvals(section.approvals, approved))
        except Unmet as unmet:
            reasons.append(str(unmet))
    # Two rules on one check are both stale where it is stale: said once is enough.
    reasons, notes = list(dict.fromkeys(reasons)), list(dict.fromkeys(notes))
    if section is None:
        notes.append("No rule protects this target.")
    for check, signers in case.signers_by_check().items():
        notes.append(f"The {check} evidence is {_signed(signers)}.")
    action = PROMOTION
    if section is not None and not policy.enforces(section):
        action = UNENFORCED if reasons else PROMOTION
        notes = [*(f"Not enforced, else refused: {reason}" for reason in reasons), *notes]
        reasons = []
    compared = incumbent.subject if incumbent else ""
    return Decision(
        not reasons,
        model,
        target,
        subject,
        compared,
        policy.digest,
        tuple(reasons),
        tuple(notes),
        now,
        pattern or "",
        action,
    )


def roll_back(decision: Decision) -> Decision:
    """The same, allowed because the version held the target before the one that holds it now."""
    notes = ("It held this target before, and the policy lets it come back.", *_unmet(decision))
    return replace(decision, allowed=True, reasons=(), notes=notes, action=ROLLBACK)


def break_glass(decision: Decision, override: Override, signer: str) -> Decision:
    """The same, allowed because somebody who may do so answers for it."""
    said = f"Overridden by {override.person}, signed by {signer}: {override.reason}"
    return replace(decision, allowed=True, reasons=(), notes=(said, *_unmet(decision)), action=OVERRIDE)


def adopt(
    policy: Policy | NoPolicy, model: str, target: str, subject: str, note: str, now: datetime
) -> Decision:
    """What is written of a version that held the target before the gate was there."""
    notes = (note,) if note else ()
    return Decision(True, model, target, subject, "", policy.digest, (), notes, now, action=ADOPTION)


def _unmet(decision: Decision) -> tuple[str, ...]:
    return tuple(f"Not met: {reason}" for reason in decision.reasons)


def refuse(
    policy: Policy | NoPolicy, model: str, target: str, subject: str, reason: str, now: datetime
) -> Decision:
    """A refusal for a reason that lies outside the rules."""
    return Decision(False, model, target, subject, "", policy.digest, (reason,), (), now)


def _signed(signers: frozenset[str]) -> str:
    return f"signed by {', '.join(sorted(signers))}" if signers else "unsigned"


def _numbered(lines: tuple[str, ...]) -> list[str]:
    return [f"{number}. {line}" for number, line in enumerate(lines, 1)]
