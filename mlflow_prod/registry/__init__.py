"""Policy, gate, ledger: what a promotion needs, whether it may happen, and what was decided."""

from mlflow_prod.registry.audit import decisions, faults, is_ledger, submissions
from mlflow_prod.registry.case import CLOCK_SLACK, Incumbent
from mlflow_prod.registry.gate import Decision, decide, refuse
from mlflow_prod.registry.ledger import (
    CHECK_LENGTH,
    Promotion,
    add_decision,
    add_evidence,
    evidence_with,
    last_promotion,
    newest_ids,
)
from mlflow_prod.registry.migrations import upgrade
from mlflow_prod.registry.policy import NoPolicy, Policy, parse
from mlflow_prod.registry.policy_file import PolicyFile

__all__ = [
    "CHECK_LENGTH",
    "CLOCK_SLACK",
    "Decision",
    "Incumbent",
    "NoPolicy",
    "Policy",
    "PolicyFile",
    "Promotion",
    "add_decision",
    "add_evidence",
    "decide",
    "decisions",
    "evidence_with",
    "faults",
    "is_ledger",
    "last_promotion",
    "newest_ids",
    "parse",
    "refuse",
    "submissions",
    "upgrade",
]
