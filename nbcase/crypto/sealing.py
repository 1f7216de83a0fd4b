"""Sealed boxes: anybody may close one for a public key, only the private key opens it (X25519, HKDF, AES-256-GCM).

So a desk can make room for a colleague whose password it has never seen.
"""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
NONCE_BYTES = 12


def sealing_public_key(private_key: bytes) -> str:
    """The public half, in hex, of a 32-byte X25519 key."""
    return X25519PrivateKey.from_private_bytes(private_key).public_key().public_bytes_raw().hex()


def seal(public_key: str, plain: bytes, context: bytes) -> bytes:
    """Close a box for the owner of `public_key` (hex); `context` is bound to it and must be named to open it."""
    once = X25519PrivateKey.from_private_bytes(os.urandom(KEY_BYTES))
    shared = once.exchange(X25519PublicKey.from_public_bytes(bytes.fromhex(public_key)))
    head = once.public_key().public_bytes_raw()
    nonce = os.urandom(NONCE_BYTES)
    return head + nonce + AESGCM(_box_key(shared, head, public_key)).encrypt(nonce, plain, context)


def unseal(private_key: bytes, box: bytes, context: bytes) -> bytes | None:
    """What is in the box; None when it is not for this key, was changed, or belongs elsewhere."""
    head, nonce, closed = box[:KEY_BYTES], box[KEY_BYTES : KEY_BYTES + NONCE_BYTES], box[KEY_BYTES + NONCE_BYTES :]
    try:
        shared = X25519PrivateKey.from_private_bytes(private_key).exchange(X25519PublicKey.from_public_bytes(head))
        return AESGCM(_box_key(shared, head, sealing_public_key(private_key))).decrypt(nonce, closed, context)
    except (InvalidTag, ValueError):
        return None


def _box_key(shared: bytes, head: bytes, public_key: str) -> bytes:
    derive = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=head + bytes.fromhex(public_key), info=b"nbcase box")
    return derive.derive(shared)
