"""A field that two desks changed to different values: a person decides, and every value stays on record."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class ConflictState(StrEnum):
    OPEN = "open"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldConflict:
    """One field of one record, made by the centre when it could not lay an action's value on the present one.

    `before` is what both started from, `theirs` what stood at the centre and goes on standing until somebody decides,
    `yours` what the action `action_id` of the clerk `yours_by` wanted; all three in plain JSON values as the action has
    them. A decision writes `chosen`, which may be a fourth value, and why; it never removes the other three.
    """

    id: str
    version: int = 0
    action_id: str
    subject_type: str
    subject_id: str
    field: str
    before: Any = None
    theirs: Any = None
    yours: Any = None
    yours_by: str
    found_at: datetime
    state: ConflictState = ConflictState.OPEN
    chosen: Any = None
    reason: str = ""
    resolved_by: str | None = None
    resolved_at: datetime | None = None
    station_code: str
