"""What was measured, on which model, on which data: evidence, never a verdict."""

from mlflow_prod.evidence.attestation import Attestation, attest, read_signatures
from mlflow_prod.evidence.envelope import pack, unpack
from mlflow_prod.evidence.keys import PublicKey, SigningKey
from mlflow_prod.evidence.measure import LOWER_IS_BETTER, Measure
from mlflow_prod.evidence.record import Evidence
from mlflow_prod.evidence.subject import (
    ModelFile,
    Stream,
    digest_of_bytes,
    digest_of_files,
    digest_of_folder,
    files_of_folder,
)

__all__ = [
    "LOWER_IS_BETTER",
    "Attestation",
    "Evidence",
    "Measure",
    "ModelFile",
    "PublicKey",
    "SigningKey",
    "Stream",
    "attest",
    "digest_of_bytes",
    "digest_of_files",
    "digest_of_folder",
    "files_of_folder",
    "pack",
    "read_signatures",
    "unpack",
]
