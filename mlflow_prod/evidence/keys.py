"""Ed25519 keys (RFC 8032): who signs evidence, and whom a policy trusts."""

import base64
import hashlib
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from mlflow_prod.errors import InvalidParameter

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

# A key file's path, or the PEM text itself, as continuous integration hands secrets over.
FILE_VARIABLE, TEXT_VARIABLE = "MLFLOW_PROD_KEY_FILE", "MLFLOW_PROD_KEY"


@dataclass(frozen=True)
class PublicKey:
    """What tells a signature of the key from any other: 32 bytes, which anybody may know."""

    content: bytes

    def __post_init__(self) -> None:
        if len(self.content) != 32:
            raise InvalidParameter("ed25519", "base64 of the 32 bytes of a public key", self.content)

    @classmethod
    def from_text(cls, text: str) -> "PublicKey":
        """From base64, as a policy spells it; InvalidParameter otherwise."""
        try:
            return cls(base64.b64decode(text, validate=True))
        except ValueError as problem:
            raise InvalidParameter("ed25519", "base64 of the 32 bytes of a public key", text) from problem

    def __str__(self) -> str:
        return base64.b64encode(self.content).decode()

    @cached_property
    def id(self) -> str:
        """sha256 of the key, 64 hex digits: the hint in an envelope."""
        return hashlib.sha256(self.content).hexdigest()

    def verifies(self, message: bytes, signature: bytes) -> bool:
        """Whether `signature` is this key's of `message`."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            Ed25519PublicKey.from_public_bytes(self.content).verify(signature, message)
        except InvalidSignature:
            return False
        return True


class SigningKey:
    """The secret half. Its text form is never shown: `repr` names the public half."""

    def __init__(self, private: "Ed25519PrivateKey"):
        self._private = private

    def __repr__(self) -> str:
        return f"SigningKey({self.public})"

    @classmethod
    def new(cls) -> "SigningKey":
        """A key of 32 random bytes from the operating system."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def from_pem(cls, text: str | bytes, origin: str) -> "SigningKey":
        """From PKCS#8 PEM without a password; InvalidParameter names `origin` and shows nothing of it."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        rule = "an Ed25519 private key, PEM without a password (make one with `mlflow-prod keys new`)"
        try:
            private = load_pem_private_key(text.encode() if isinstance(text, str) else text, None)
        except (ValueError, TypeError):
            # Without the cause, whose message could carry a piece of the secret.
            raise InvalidParameter(origin, rule, "something else") from None
        if not isinstance(private, Ed25519PrivateKey):
            raise InvalidParameter(origin, rule, type(private).__name__)
        return cls(private)

    @classmethod
    def of_environment(cls) -> "SigningKey | None":
        """The key that MLFLOW_PROD_KEY_FILE names or MLFLOW_PROD_KEY holds; None where neither is set."""
        if file := os.environ.get(FILE_VARIABLE):
            try:
                return cls.from_pem(Path(file).read_bytes(), FILE_VARIABLE)
            except OSError as problem:
                raise InvalidParameter(
                    FILE_VARIABLE, f"a file that can be read ({problem.strerror})", file
                ) from problem
        text = os.environ.get(TEXT_VARIABLE)
        return cls.from_pem(text, TEXT_VARIABLE) if text else None

    @cached_property
    def public(self) -> PublicKey:
        """The public half."""
        return PublicKey(self._private.public_key().public_bytes_raw())

    def sign(self, message: bytes) -> bytes:
        """The signature of a message, 64 bytes; the same message has always the same one."""
        return self._private.sign(message)

    def save(self, path: Path) -> None:
        """Writes PKCS#8 PEM that only the owner can read; FileExistsError rather than overwrite a key."""
        from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

        text = self._private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(text)
