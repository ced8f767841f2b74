"""Policy, gate, ledger: what a promotion needs, whether it may happen, and what was decided."""

from mlflow_prod.registry.audit import (
    Holding,
    Submission,
    decisions,
    faults,
    is_ledger,
    submissions,
    who_held,
)
from mlflow_prod.registry.case import CLOCK_SLACK, NOBODY, Approved, Incumbent
from mlflow_prod.registry.chain import HEAD_COLUMNS, HEADS, Ledger
from mlflow_prod.registry.decided import (
    APPROVAL,
    LAST_PROMOTION,
    REGISTRATION,
    REVOCATION,
    WITHDRAWAL,
    Entry,
    Promotion,
    add_decision,
    add_entry,
    approvers,
    last_promotion,
    overridden_before,
    previous_promotion,
    registrant,
)
from mlflow_prod.registry.gate import OVERRIDE, Decision, adopt, break_glass, decide, refuse, roll_back
from mlflow_prod.registry.json_schema import policy_schema
from mlflow_prod.registry.migrations import upgrade
from mlflow_prod.registry.policy import NEW_VERSION, NoPolicy, Policy, Section, parse
from mlflow_prod.registry.policy_file import PolicyFile
from mlflow_prod.registry.submitted import (
    add_evidence,
    evidence_with,
    newest,
    newest_ids,
    revoke,
    submitters,
)
from mlflow_prod.registry.tables import CHECK_LENGTH

__all__ = [
    "APPROVAL",
    "CHECK_LENGTH",
    "CLOCK_SLACK",
    "HEADS",
    "HEAD_COLUMNS",
    "LAST_PROMOTION",
    "NEW_VERSION",
    "NOBODY",
    "OVERRIDE",
    "REGISTRATION",
    "REVOCATION",
    "WITHDRAWAL",
    "Approved",
    "Decision",
    "Entry",
    "Holding",
    "Incumbent",
    "Ledger",
    "NoPolicy",
    "Policy",
    "PolicyFile",
    "Promotion",
    "Section",
    "Submission",
    "add_decision",
    "add_entry",
    "add_evidence",
    "adopt",
    "approvers",
    "break_glass",
    "decide",
    "decisions",
    "evidence_with",
    "faults",
    "is_ledger",
    "last_promotion",
    "newest",
    "newest_ids",
    "overridden_before",
    "parse",
    "policy_schema",
    "previous_promotion",
    "refuse",
    "registrant",
    "revoke",
    "roll_back",
    "submissions",
    "submitters",
    "upgrade",
    "who_held",
]
