"""Ed25519 signing keys of desks, clerks and the centre; about 30 µs a signature."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

SEED_BYTES = 32


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key by its 32-byte seed; never shown by `repr`."""

    seed: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.seed) != SEED_BYTES:
            raise ValueError("an Ed25519 seed has 32 bytes")

    @property
    def public_key(self) -> str:
        """The public key in hex."""
        return self._private().public_key().public_bytes_raw().hex()

    def sign(self, message: bytes) -> str:
        """The signature in hex."""
        return self._private().sign(message).hex()

    def signer(self) -> Callable[[bytes], bytes]:
        """Signs many messages, in bytes: making the key ready costs as much as a signature."""
        return self._private().sign

    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)


def new_signing_key() -> SigningKey:
    """A fresh key from the system's randomness."""
    return SigningKey(os.urandom(SEED_BYTES))


def is_signed(public_key: str, message: bytes, signature: str) -> bool:
    """Whether `signature` is the key's over the message; False for anything malformed."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key)).verify(bytes.fromhex(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True
