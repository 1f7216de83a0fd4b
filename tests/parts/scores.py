"""A resident's score as the centre would have sent it, from rows that a test writes down."""

from datetime import date
from typing import Any

from nbcase.domain.resident import Resident
from nbcase.domain.score import Score, score_id
from nbcase.operations.schemes import shipped_catalogue
from nbcase.points.rows import plain_rows
from nbcase.points.sheet import score as score_rows
from nbcase.points.spans import month_of

ON = date(2026, 11, 1)
DISTRICT = "330211"
ROWS: dict[str, list[dict[str, Any]]] = {
    "person": [{"born_on": date(1990, 5, 2), "district_code": DISTRICT, "permit_state_code": "normal"}],
    "education": [{"level_code": "college", "awarded_on": date(2012, 6, 30)}],
    "insurance": [
        {
            "scheme_code": "pension",
            "area_code": "ningbo",
            "first_month": month_of(date(2022, 12, 1)),
            "last_month": month_of(date(2026, 10, 1)),
        },
    ],
    "residence": [{"area_code": "ningbo", "declared_on": date(2021, 12, 20), "ended_on": None}],
    "housing": [{"kind_code": "rented", "first_on": date(2024, 3, 1), "last_on": None}],
}
"""On 2026-11-24: 36 years 20, college 8, 47 months of insurance 23.50, 59 full months of residence 14.75, lawful lease 10: 76.25."""


def score_of(resident: Resident, rows: dict[str, list[dict[str, Any]]] = ROWS, on: date = ON) -> Score:
    """The score of a resident with these rows."""
    catalogue = shipped_catalogue()
    sheet = score_rows(catalogue, rows, on, DISTRICT)
    return Score(
        id=score_id(resident.id),
        version=1,
        resident_id=resident.id,
        on=on,
        district_code=DISTRICT,
        catalogue_hash=catalogue.hash,
        hash=sheet.hash,
        total=sheet.total,
        points={line.indicator.code: line.points for line in sheet.lines if line.is_configured},
        records=plain_rows(rows),
        cut=dict.fromkeys(catalogue.tables, "2026-10-r001"),
        station_code=resident.station_code,
    )
