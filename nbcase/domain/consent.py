"""同意: a resident lets the counter look at what departments know, for a purpose; asked for and recorded before anything is shown."""

from dataclasses import dataclass
from datetime import date, datetime

GUARDIAN_AGE = 14
"""Under 14 all data are sensitive and a guardian consents (个人信息保护法 art. 28, 31)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """One consent; it holds on its day at its station and is never changed. `guardian_name` is who gave it for a child."""

    id: str
    version: int = 0
    resident_id: str
    purpose_code: str
    given_on: date
    given_at: datetime
    guardian_name: str | None = None
    asked_by: str
    station_code: str
