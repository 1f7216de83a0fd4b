"""COSE_Sign1 (RFC 9052 §4.2): a payload with its signature in the fewest bytes a QR code can carry.

Written out because pycose does not read what cbor2 6 gives. `PaperSigner` is what signs: Ed25519, or SM2 over SM3 where a setting
asks for it (`nbcase.crypto.sm2`).
"""

from dataclasses import dataclass
from typing import Any, Protocol

import cbor2

from nbcase.crypto.keys import SigningKey, is_signed

EDDSA = -8
SM2_SM3 = -65537
"""Of COSE's range for private use: no SM2 algorithm is registered."""

ALGORITHMS = {"ed25519": EDDSA, "sm2": SM2_SM3}

_ALGORITHM, _KEY_ID = 1, 4
_TAG = 18


class PaperSigner(Protocol):
    """A private key that signs codes of papers."""

    @property
    def algorithm(self) -> int:
        """COSE's number of it."""
        ...

    @property
    def public_key(self) -> str:
        """In hex."""
        ...

    def sign_code(self, message: bytes) -> bytes:
        """The signature's 64 bytes."""
        ...


@dataclass(frozen=True, slots=True)
class Ed25519Signer:
    """The usual signer of codes."""

    key: SigningKey

    @property
    def algorithm(self) -> int:
        return EDDSA

    @property
    def public_key(self) -> str:
        return self.key.public_key

    def sign_code(self, message: bytes) -> bytes:
        return bytes.fromhex(self.key.sign(message))


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A COSE_Sign1 as it was read: nothing of it is proven until `holds`."""

    algorithm: int
    key_id: bytes
    payload: bytes
    signature: bytes
    protected: bytes

    def holds(self, public_key: str) -> bool:
        """Whether the signature is the key's (hex)."""
        message = _to_be_signed(self.protected, self.payload)
        if self.algorithm == EDDSA:
            return is_signed(public_key, message, self.signature.hex())
        if self.algorithm == SM2_SM3:
            from nbcase.crypto.sm2 import is_signed_sm2

            return is_signed_sm2(public_key, message, self.signature)
        return False


def sign1(signer: PaperSigner, key_id: bytes, payload: bytes) -> bytes:
    """A tagged COSE_Sign1 with algorithm and key id in the protected header."""
    protected = cbor2.dumps({_ALGORITHM: signer.algorithm, _KEY_ID: key_id}, canonical=True)
    signature = signer.sign_code(_to_be_signed(protected, payload))
    return cbor2.dumps(cbor2.CBORTag(_TAG, [protected, {}, payload, signature]))


def read_sign1(data: bytes) -> Signed:
    """Take a COSE_Sign1 apart; ValueError for anything else, for a second reading of the same bytes, and for bytes that follow."""
    message = _decoded(data)
    if (
        not isinstance(message, cbor2.CBORTag)
        or message.tag != _TAG
        or not isinstance(message.value, (list, tuple))
        or len(message.value) != 4
    ):
        raise ValueError("not a COSE_Sign1")
    protected, unprotected, payload, signature = message.value
    if not (isinstance(protected, bytes) and isinstance(payload, bytes) and isinstance(signature, bytes)) or len(unprotected):
        raise ValueError("not a COSE_Sign1 of a paper")
    header = _decoded(protected)
    if not hasattr(header, "get") or set(header) != {_ALGORITHM, _KEY_ID}:
        raise ValueError("another header")
    algorithm, key_id = header[_ALGORITHM], header[_KEY_ID]
    if not isinstance(algorithm, int) or not isinstance(key_id, bytes):
        raise ValueError("another header")
    return Signed(algorithm=algorithm, key_id=key_id, payload=payload, signature=signature, protected=protected)


def _decoded(data: bytes) -> Any:
    try:
        value = cbor2.loads(data)
        again = cbor2.dumps(value)
    except Exception as error:  # cbor2 raises of every kind for bytes that are not CBOR
        raise ValueError("not CBOR") from error
    if again != data:
        raise ValueError("CBOR in another form than ours, or with bytes after it")
    return value


def _to_be_signed(protected: bytes, payload: bytes) -> bytes:
    return cbor2.dumps(["Signature1", protected, b"", payload])
