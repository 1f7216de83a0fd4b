"""办件: one matter of one applicant on its way through the counter."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from nbcase.domain.workdays import Pause


class CaseState(StrEnum):
    """Where a case stands. Done states come last; revoked: what was decided without the centre's word was taken back."""

    ACCEPTED = "accepted"
    ACCEPTED_PROVISIONALLY = "accepted_provisionally"
    IN_CORRECTION = "in_correction"
    DECIDED = "decided"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    REVOKED = "revoked"

    @property
    def is_open(self) -> bool:
        return self in OPEN_STATES


OPEN_STATES = frozenset({CaseState.ACCEPTED, CaseState.ACCEPTED_PROVISIONALLY, CaseState.IN_CORRECTION})


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedIn:
    """One material of a case: how it was obtained (``card``, ``scan``, ``shared``, ``confirmed``, ``deferred``)."""

    code: str
    how: str
    attachments: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case. `number` is the receipt number that people read out; due dates are the last day in time.

    `is_provisional` (暂): accepted or decided without the centre's word, which the centre may still contradict.
    `due_is_provisional` (暂定): counted into a year whose public holidays are not announced yet. `pauses` are when the clock
    stood still because the applicant was asked for more (补正); the due dates are counted around them once they have ended.
    """

    id: str
    version: int = 0
    number: str
    item_code: str
    situation_code: str
    resident_id: str
    applicant_name: str
    state: CaseState
    step_code: str
    accepted_at: datetime
    accepted_by: str
    legal_due_on: date | None = None
    promised_due_on: date | None = None
    due_is_provisional: bool = False
    pauses: tuple[Pause, ...] = ()
    form: Mapping[str, Any] = field(default_factory=dict)
    materials: tuple[HandedIn, ...] = ()
    registration_id: str | None = None
    permit_id: str | None = None
    deferred_until_on: date | None = None
    decision_code: str | None = None
    reason_codes: tuple[str, ...] = ()
    decision_note: str = ""
    decided_at: datetime | None = None
    decided_by: str | None = None
    is_provisional: bool = False
    station_code: str
