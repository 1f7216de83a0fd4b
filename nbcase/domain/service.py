"""What a resident has of a service: a union membership, a library card, a registered employment, a filed lease."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One service in use; `details` are the answers of the item's form. At most one of a kind runs."""

    id: str
    version: int = 0
    item_code: str
    resident_id: str
    case_id: str
    began_on: date
    ended_on: date | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    station_code: str

    def runs(self, on: date) -> bool:
        """Whether the resident has it on that day."""
        return self.began_on <= on and (self.ended_on is None or on < self.ended_on)
