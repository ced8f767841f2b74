"""Policy, gate, ledger: what a promotion needs, whether it may happen, and what was decided."""

from mlflow_prod.registry.audit import Holding, decisions, faults, is_ledger, submissions, who_held
from mlflow_prod.registry.case import CLOCK_SLACK, Incumbent
from mlflow_prod.registry.gate import Decision, decide, refuse
from mlflow_prod.registry.json_schema import policy_schema
from mlflow_prod.registry.ledger import (
    CHECK_LENGTH,
    Promotion,
    add_decision,
    add_evidence,
    add_withdrawal,
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
    "Holding",
    "Incumbent",
    "NoPolicy",
    "Policy",
    "PolicyFile",
    "Promotion",
    "add_decision",
    "add_evidence",
    "add_withdrawal",
    "decide",
    "decisions",
    "evidence_with",
    "faults",
    "is_ledger",
    "last_promotion",
    "newest_ids",
    "parse",
    "policy_schema",
    "refuse",
    "submissions",
    "upgrade",
    "who_held",
]
