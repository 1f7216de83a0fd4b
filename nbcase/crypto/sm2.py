"""SM2 over SM3 (GB/T 32918.2, GB/T 32905) behind the same interface as Ed25519, for offices that must use it: codes of papers only.

PDF signatures stay P-256: no library for PAdES and no reader that people have knows SM2.
"""

from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from gmssl_pyx import GmsslInnerError, sm2_key_generate, sm2_sign, sm2_verify

from nbcase.crypto.cose import SM2_SM3

_HALF = 32


@dataclass(frozen=True, slots=True)
class Sm2Signer:
    """A private key of 32 bytes with its public point (x and y, 64 bytes); never shown by `repr`."""

    private_key: bytes = field(repr=False)
    point: bytes

    @property
    def algorithm(self) -> int:
        return SM2_SM3

    @property
    def public_key(self) -> str:
        return self.point.hex()

    def sign_code(self, message: bytes) -> bytes:
        r, s = decode_dss_signature(sm2_sign(self.private_key, self.point, message))
        return r.to_bytes(_HALF, "big") + s.to_bytes(_HALF, "big")


def new_sm2_signer() -> Sm2Signer:
    """A fresh key."""
    point, private_key = sm2_key_generate()
    return Sm2Signer(private_key, point)


def is_signed_sm2(public_key: str, message: bytes, signature: bytes) -> bool:
    """Whether r and s (32 bytes each) are the key's signature over the message, with the standard's default signer id."""
    if len(signature) != 2 * _HALF:
        return False
    der = encode_dss_signature(int.from_bytes(signature[:_HALF], "big"), int.from_bytes(signature[_HALF:], "big"))
    try:
        return bool(sm2_verify(bytes.fromhex(public_key), message, der))
    except (GmsslInnerError, ValueError):
        return False
