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
    them. `theirs_by` and `theirs_at` are None where the centre could not tell cheaply who wrote the standing value.
    A decision writes `chosen`, which may be a fourth value, and why; it never removes the other three, and a decided
    conflict is not decided again: who decides differently makes a new one. `stations` are all that it concerns.
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
    yours_at: datetime | None = None
    theirs_by: str | None = None
    theirs_at: datetime | None = None
    found_at: datetime
    state: ConflictState = ConflictState.OPEN
    chosen: Any = None
    reason: str = ""
    resolved_by: str | None = None
    resolved_at: datetime | None = None
    stations: tuple[str, ...] = ()
    station_code: str


RESOLVE = "conflict.resolve"
DECIDE = "conflict.decide"
"""The two kinds of acts that decide a conflict; the second one carries a decision of the authority."""

_DECISION = frozenset(
    {"state", "decision_code", "reason_codes", "decision_note", "decided_at", "decided_by", "is_provisional", "permit_id"}
)


def is_decision(subject_type: str, field: str) -> bool:
    """Whether the field carries what a reviewer decided: then only a reviewer or supervisor may choose."""
    return subject_type in ("permit", "endorsement") or (subject_type == "case" and field in _DECISION)


def kind_of_act(subject_type: str, field: str) -> str:
    """The kind of the act that may decide a conflict about this field."""
    return DECIDE if is_decision(subject_type, field) else RESOLVE
