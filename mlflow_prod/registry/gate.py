"""The gate: may this model be promoted, on this evidence, under this policy? Pure, no I/O."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from mlflow_prod.evidence import Attestation
from mlflow_prod.registry.case import Case, Incumbent, Unmet
from mlflow_prod.registry.judges import freshness, judge
from mlflow_prod.registry.policy import NoPolicy, Policy


@dataclass(frozen=True)
class Decision:
    """What the gate said, and why.

    Parameters
    ----------
    allowed : whether the promotion may happen.
    model, target : name of the registered model; the stage or alias it asks for.
    subject : digest of the files that were judged, "" where they could not be read.
    incumbent : digest of what they were compared with, "" where there was nothing.
    policy : digest of the policy, "" where there was none.
    reasons : a sentence for each rule that was not met; empty when allowed.
    notes : a sentence for each rule that was met, and what else is worth knowing.
    at : when, in UTC.
    section : the name or glob in the policy whose rules were judged; "" where none was.
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

    def __str__(self) -> str:
        said = f"{self.model} to {self.target}: {'allowed' if self.allowed else 'refused'}"
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
) -> Decision:
    """The decision on promoting the files `subject` of `model` to `target`: every reason, not the first.

    Of `attestations`, only what is about `subject` or the incumbent's files counts, and of each check the
    newest that one of the rule's signers signed, or the newest where it asks for none. `incumbent`: the
    version that holds the target, or held it last; None where none ever did. A target that no section of the
    policy names is allowed.
    """
    if isinstance(policy, NoPolicy):
        if policy.protects(model, target):
            return refuse(policy, model, target, subject, policy.reason, now)
        return Decision(True, model, target, subject, "", "", (), ("No rule protects this target.",), now)
    pattern = policy.pattern(model, target)
    section = None if pattern is None else policy.models[pattern]
    case = Case(subject, tuple(attestations), policy.signers, incumbent, now)
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
    # Two rules on one check are both stale where it is stale: said once is enough.
    reasons, notes = list(dict.fromkeys(reasons)), list(dict.fromkeys(notes))
    if section is None:
        notes.append("No rule protects this target.")
    for check, signers in case.signers_by_check().items():
        notes.append(f"The {check} evidence is {_signed(signers)}.")
    if section is not None and not (policy.enforce if section.enforce is None else section.enforce):
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
    )


def refuse(
    policy: Policy | NoPolicy, model: str, target: str, subject: str, reason: str, now: datetime
) -> Decision:
    """A refusal for a reason that lies outside the rules."""
    return Decision(False, model, target, subject, "", policy.digest, (reason,), (), now)


def _signed(signers: frozenset[str]) -> str:
    return f"signed by {', '.join(sorted(signers))}" if signers else "unsigned"


def _numbered(lines: tuple[str, ...]) -> list[str]:
    return [f"{number}. {line}" for number, line in enumerate(lines, 1)]
