"""What was measured, on which model, on which data: evidence, never a verdict."""

from mlflow_prod.evidence.attestation import Attestation, attest, read_json, read_signatures
from mlflow_prod.evidence.envelope import pack, unpack
from mlflow_prod.evidence.keys import PublicKey, SigningKey
from mlflow_prod.evidence.measure import LOWER_IS_BETTER, Measure
from mlflow_prod.evidence.override import Override
from mlflow_prod.evidence.record import Evidence
from mlflow_prod.evidence.requests import (
    ADOPTION_TAG,
    APPROVAL_TAG,
    CHECK_ALIAS,
    DECISION_TAG,
    EVIDENCE_TAG,
    MODELS,
    OVERRIDE_TAG,
    PREVIOUS_ALIAS,
    PROMOTED_TAG,
    RESERVED,
    REVOCATION_TAG,
    Adoption,
    Approval,
    Revocation,
    approval_text,
    promoted_digest,
    promoted_text,
    read_envelope,
    uncounted,
    write_envelope,
)
from mlflow_prod.evidence.subject import (
    ModelFile,
    Stream,
    digest_of_bytes,
    digest_of_files,
    digest_of_folder,
    files_of_folder,
)

__all__ = [
    "ADOPTION_TAG",
    "APPROVAL_TAG",
    "CHECK_ALIAS",
    "DECISION_TAG",
    "EVIDENCE_TAG",
    "LOWER_IS_BETTER",
    "MODELS",
    "OVERRIDE_TAG",
    "PREVIOUS_ALIAS",
    "PROMOTED_TAG",
    "RESERVED",
    "REVOCATION_TAG",
    "Adoption",
    "Approval",
    "Attestation",
    "Evidence",
    "Measure",
    "ModelFile",
    "Override",
    "PublicKey",
    "Revocation",
    "SigningKey",
    "Stream",
    "approval_text",
    "attest",
    "digest_of_bytes",
    "digest_of_files",
    "digest_of_folder",
    "files_of_folder",
    "pack",
    "promoted_digest",
    "promoted_text",
    "read_envelope",
    "read_json",
    "read_signatures",
    "uncounted",
    "unpack",
    "write_envelope",
]
