"""A clerk's password as keys: Argon2id once, then HKDF into a signing key and an opening key.

The password never leaves the desk. Its public half verifies it offline and is all that the centre ever sees.
"""

import hmac
import os
import re
import unicodedata
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from nbcase.crypto.keys import SigningKey
from nbcase.crypto.sealing import sealing_public_key, unseal

STANDARD = "m=65536,t=3,p=1"
"""64 MiB and three passes (RFC 9106 §4, second recommendation, on one lane): 0.15 s on a counter PC."""

MOST_MEMORY_KIB = 1 << 20
MOST_PASSES = 64
SALT_BYTES = 16

_SALT = re.compile(r"argon2id\$m=(\d+),t=(\d+),p=(\d+)\$([0-9a-f]{32,128})")
_SIGN_HEX = 64


@dataclass(frozen=True, slots=True)
class ClerkKey:
    """What a right password turns into: signs as the clerk and opens what was sealed for the clerk."""

    signing: SigningKey
    opening: bytes = field(repr=False)

    @property
    def public_key(self) -> str:
        """Both public halves in hex, Ed25519 first: what `Clerk.public_key` keeps."""
        return self.signing.public_key + sealing_public_key(self.opening)

    def sign(self, message: bytes) -> str:
        """The clerk's signature in hex."""
        return self.signing.sign(message)

    def open(self, box: bytes, context: bytes) -> bytes | None:
        """What is in a box sealed for this clerk, or None."""
        return unseal(self.opening, box, context)


def verifying_key(clerk_public_key: str) -> str:
    """The half of a clerk's public key that checks signatures."""
    return clerk_public_key[:_SIGN_HEX]


def sealing_key(clerk_public_key: str) -> str:
    """The half of a clerk's public key that boxes are sealed for."""
    return clerk_public_key[_SIGN_HEX:]


def new_clerk_secret(password: str, *, cost: str = STANDARD) -> tuple[str, str, ClerkKey]:
    """Salt text, public key and key for a new password. `cost` goes into the salt text, so that it can be raised later."""
    salt_text = f"argon2id${cost}${os.urandom(SALT_BYTES).hex()}"
    key = _derive(password, salt_text)
    return salt_text, key.public_key, key


def open_clerk(password: str, salt_text: str, public_key: str) -> ClerkKey | None:
    """The clerk's key when the password is right, else None; the comparison takes the same time for every wrong one."""
    key = _derive(password, salt_text)
    return key if hmac.compare_digest(key.public_key.encode(), public_key.encode()) else None


def _derive(password: str, salt_text: str) -> ClerkKey:
    """Raises ValueError for a salt text of another kind, or one that would take the machine down."""
    found = _SALT.fullmatch(salt_text)
    if found is None:
        raise ValueError("not an argon2id salt text")
    memory, passes, lanes = (int(found[group]) for group in (1, 2, 3))
    if memory > MOST_MEMORY_KIB or passes > MOST_PASSES:
        raise ValueError("the cost in the salt text is out of bounds")
    # Input methods differ in how they compose signs; the same keys must give the same secret on every desk.
    text = unicodedata.normalize("NFKC", password).encode()
    root = Argon2id(salt=bytes.fromhex(found[4]), length=32, iterations=passes, lanes=lanes, memory_cost=memory).derive(text)
    return ClerkKey(SigningKey(_expand(root, b"sign")), _expand(root, b"wrap"))


def _expand(root: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"nbcase " + purpose).derive(root)
