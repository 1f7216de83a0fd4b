"""An act of a clerk as it is kept, chained and sent: the unit of sync, audit and history."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from nbcase.domain.merkle import leaf_hash, node_hash

GENESIS = "0" * 64
"""What the first action of a desk names as the previous one."""

MOST_CHANGES = 200
MOST_BODY_BYTES = 1 << 20
"""No act of a clerk is larger; what is would hold locks on behalf of a broken desk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What an action did to one record: ``{field: [before, after]}`` in plain JSON values; a new record has base version 0."""

    record_type: str
    record_id: str
    base_version: int
    fields: Mapping[str, tuple[Any, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One act, all its changes together: applied whole or not at all, at the desk and at the centre.

    `id` is the idempotency key (UUIDv7, made on the desk); `sequence` is gapless per desk, from 1; `desk_at` is what
    the desk's clock said and `estimated_at` the same corrected by the offset measured at the last contact.
    """

    id: str
    desk_id: str
    sequence: int
    clerk_id: str
    kind: str
    record_type: str
    record_id: str
    changes: tuple[Change, ...]
    attachments: tuple[str, ...]
    desk_at: datetime
    estimated_at: datetime
    previous_hash: str
    hash: str = ""


class Outcome(StrEnum):
    """What the centre made of an action; the first answer stands for ever."""

    ACCEPTED = "accepted"
    MERGED = "merged"
    CONFLICT = "conflict"
    QUARANTINED = "quarantined"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The centre's answer to one action; `fields` names what collided, `reason` says why in words.

    `versions` is what each of the action's changes became, in their order; empty when it was quarantined.
    """

    action_id: str
    outcome: Outcome
    reason: str = ""
    fields: tuple[str, ...] = ()
    versions: tuple[int, ...] = ()


def action_hash(action: Action) -> str:
    """SHA-256 over the canonical form without the hash itself; chains through `previous_hash`."""
    return body_hash(canonical(action))


def body_hash(body: bytes) -> str:
    """The same for an action in its canonical form: SHA-256 with the value of ``hash`` left out.

    The last ``hash`` key is the action's own, because only texts and numbers come after it; inside a text its quotes
    would be escaped.
    """
    before, key, rest = body.rpartition(b',"hash":"')
    return hashlib.sha256(before + key + rest[rest.index(b'"') :]).hexdigest()


def canonical(value: object) -> bytes:
    """JSON with sorted keys and without blanks: the bytes that are hashed and signed."""
    return msgspec.json.encode(value, order="sorted")


def sealed(action: Action) -> Action:
    """The action with its hash filled in."""
    return replace(action, hash=action_hash(action))


class TreeHash:
    """RFC 6962 Merkle tree hash over leaves fed one by one, in memory of log n: the digest both sides compare."""

    def __init__(self) -> None:
        self.count = 0
        self._peaks: list[tuple[int, bytes]] = []

    @classmethod
    def from_peaks(cls, count: int, peaks: Sequence[str]) -> "TreeHash":
        """The tree that had this count and these `peaks`. Raises ValueError when they cannot belong together."""
        sizes = [1 << bit for bit in reversed(range(count.bit_length())) if count >> bit & 1]
        tree = cls()
        tree.count = count
        tree._peaks = [(size, bytes.fromhex(node)) for size, node in zip(sizes, peaks, strict=True)]
        return tree

    def peaks(self) -> list[str]:
        """The roots (hex) of the whole subtrees, the largest first: with the count all that is needed to go on."""
        return [node.hex() for _, node in self._peaks]

    def add(self, leaf: bytes) -> None:
        """Append a leaf."""
        self.count += 1
        size, node = 1, leaf_hash(leaf)
        while self._peaks and self._peaks[-1][0] == size:
            left = self._peaks.pop()[1]
            size, node = size * 2, node_hash(left, node)
        self._peaks.append((size, node))

    def hexdigest(self) -> str:
        """The root of what was added so far; the hash of nothing for an empty tree."""
        if not self._peaks:
            return hashlib.sha256(b"").hexdigest()
        node = self._peaks[-1][1]
        for _, left in reversed(self._peaks[:-1]):
            node = node_hash(left, node)
        return node.hex()
