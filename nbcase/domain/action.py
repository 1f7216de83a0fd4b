"""An act of a clerk as it is kept, chained and sent: the unit of sync, audit and history."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

GENESIS = "0" * 64
"""What the first action of a desk names as the previous one."""


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
    return hashlib.sha256(canonical(replace(action, hash=""))).hexdigest()


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

    def add(self, leaf: bytes) -> None:
        """Append a leaf."""
        self.count += 1
        size, node = 1, hashlib.sha256(b"\x00" + leaf).digest()
        while self._peaks and self._peaks[-1][0] == size:
            left = self._peaks.pop()[1]
            size, node = size * 2, hashlib.sha256(b"\x01" + left + node).digest()
        self._peaks.append((size, node))

    def hexdigest(self) -> str:
        """The root of what was added so far; the hash of nothing for an empty tree."""
        if not self._peaks:
            return hashlib.sha256(b"").hexdigest()
        node = self._peaks[-1][1]
        for _, left in reversed(self._peaks[:-1]):
            node = hashlib.sha256(b"\x01" + left + node).digest()
        return node.hex()
