"""What exactly is signed: requests of a desk, sessions of a clerk, receipts of the centre. Both ends build the same bytes."""

import hashlib

EMPTY_HASH = hashlib.sha256(b"").hexdigest()
"""Hash of a request without a body."""


def request_bytes(*, method: str, target: str, at: str, nonce: str, body_hash: str) -> bytes:
    """A request as the desk signs it. `target` is path and query as sent, `at` the ISO instant in the header."""
    return "\n".join(("nbcase-request-1", method.upper(), target, at, nonce, body_hash)).encode()


def session_bytes(*, desk_id: str, login: str, at: str, nonce: str) -> bytes:
    """What a clerk signs to open a session at one desk."""
    return "\n".join(("nbcase-session-1", desk_id, login, at, nonce)).encode()


def publication_bytes(*, name: str, revision: int, checksum: str) -> bytes:
    """What the centre signs of a list that it publishes to all desks."""
    return "\n".join(("nbcase-publication-1", name, str(revision), checksum)).encode()


def retirement_bytes(*, desk_id: str, count: int, digest: str, at: str) -> bytes:
    """What the centre signs when a desk goes out of service: that it holds everything the desk ever did."""
    return "\n".join(("nbcase-retirement-1", desk_id, str(count), digest, at)).encode()


def sealed_receipt_bytes(*, desk_id: str, count: int, digest: str, content_hash: str, at: str) -> bytes:
    """What the centre signs for a sealed file: how many acts of which desk it took in out of it, and their tree hash."""
    return "\n".join(("nbcase-sealed-receipt-1", desk_id, str(count), digest, content_hash, at)).encode()


def reconciliation_bytes(*, desk_id: str, count: int, digest: str, at: str) -> bytes:
    """What the centre signs: how many actions of a desk it holds, and their tree hash."""
    return "\n".join(("nbcase-reconciliation-1", desk_id, str(count), digest, at)).encode()
