"""居住登记: where a resident has declared to live, from when, and why."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class RegistrationState(StrEnum):
    ACTIVE = "active"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """One declaration. `declared_on` is the day that the half year for the permit counts from (条例 art. 16)."""

    id: str
    version: int = 0
    resident_id: str
    dwelling_id: str
    case_id: str
    declared_on: date
    arrived_on: date | None = None
    place_code: str | None = None
    reason_code: str | None = None
    stay_code: str | None = None
    is_tenant: bool | None = None
    state: RegistrationState = RegistrationState.ACTIVE
    ended_on: date | None = None
    end_reason_code: str | None = None
    station_code: str
