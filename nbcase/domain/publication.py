"""What the centre publishes to every desk besides records: calendars, rules, revocations. Small, dated, checked as a whole."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nbcase.domain.action import canonical


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """One list at one revision. `checksum` is over all entries that stand; the centre signs name, revision and checksum."""

    name: str
    revision: int
    checksum: str
    published_at: datetime
    signature: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedEntry:
    """One line of a list: its key, the revision that last changed it, its value in JSON; None once it was taken out."""

    key: str
    revision: int
    value: Any


def checksum(entries: Mapping[str, Any]) -> str:
    """SHA-256 over the entries that stand, whatever their order."""
    return hashlib.sha256(canonical(sorted(entries.items()))).hexdigest()
