"""What was measured, on which model, on which data: evidence, never a verdict."""

from mlflow_prod.evidence.attestation import Attestation, attest, read_signatures
from mlflow_prod.evidence.envelope import pack, unpack
from mlflow_prod.evidence.keys import PublicKey, SigningKey
from mlflow_prod.evidence.measure import LOWER_IS_BETTER, Measure
from mlflow_prod.evidence.record import Evidence
from mlflow_prod.evidence.subject import digest_of_bytes, digest_of_folder, fingerprint_of_folder

__all__ = [
    "LOWER_IS_BETTER",
    "Attestation",
    "Evidence",
    "Measure",
    "PublicKey",
    "SigningKey",
    "attest",
    "digest_of_bytes",
    "digest_of_folder",
    "fingerprint_of_folder",
    "pack",
    "read_signatures",
    "unpack",
]
