"""积分 as it travels to a desk: what the centre's monthly run found of a resident, with the rows that it was made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from nbcase.domain.ids import derived_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """A resident's points of the newest run, in hundredths; made by the centre alone, one for each resident.

    `records` are the departments' rows by table, days as ISO text: a desk makes the whole sheet of them again, for any day
    and without the network. `cut` names the delivery that each table is from, ``2026-10-r001``; `hash` is the centre's own
    over catalogue, day, district and facts.
    """

    id: str
    version: int = 0
    resident_id: str
    on: date
    district_code: str
    catalogue_hash: str
    hash: str
    total: int
    points: Mapping[str, int] = field(default_factory=dict)
    records: Mapping[str, Any] = field(default_factory=dict)
    cut: Mapping[str, str] = field(default_factory=dict)
    station_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a reviewer accepted as proven: one row more in a department's table, from `approved_on` on.

    A record of its own, so that no later run can overwrite it and no run meets it in the same field.
    """

    id: str
    version: int = 0
    resident_id: str
    case_id: str
    case_number: str
    indicator_code: str
    table_code: str
    row: Mapping[str, Any]
    approved_on: date
    approved_by: str
    station_code: str


def score_id(resident_id: str) -> str:
    """The id of a resident's score; a resident's id is a keyed hash already."""
    return derived_id(b"", "score", resident_id)
