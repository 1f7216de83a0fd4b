"""Something that another station has to know: a record of its own, so that it travels like any other."""

from dataclasses import dataclass
from datetime import datetime

PERMIT_REVOKED = "permit_revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What happened in a case, for all `stations` that it concerns; never changed after it was made."""

    id: str
    version: int = 0
    kind_code: str
    case_id: str
    case_number: str
    resident_id: str
    applicant_name: str
    text: str
    made_at: datetime
    made_by: str
    stations: tuple[str, ...]
    station_code: str
