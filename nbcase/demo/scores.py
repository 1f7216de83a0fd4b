"""Points of invented people: department rows by chance, scored by the shipped catalogue as the centre's monthly run would."""

from collections.abc import Iterable, Iterator
from datetime import date
from random import Random

from nbcase.domain.clock import add_months
from nbcase.domain.resident import Resident
from nbcase.domain.score import Score, score_id
from nbcase.points.catalogue import PointsCatalogue
from nbcase.points.records import Records, Row
from nbcase.points.rows import plain_rows
from nbcase.points.sheet import scorer
from nbcase.points.spans import month_of

_LEVELS = ("below", "secondary", "secondary", "college", "undergraduate", "postgraduate")
_CERTIFICATES = ("level_5", "level_4", "level_3", "special", "title_junior", "title_middle")
_WORK = ("contract", "contract", "contract", "licence", "land")
_HOMES = ("rented", "rented", "rented", "dormitory", "public_rental", "owned")


def scores(residents: Iterable[Resident], seed: int, today: date, catalogue: PointsCatalogue) -> Iterator[Score]:
    """One score for each resident, as of the first of the month, with the data of the month before."""
    on = today.replace(day=1)
    delivered = add_months(on, -1)
    cut = dict.fromkeys(catalogue.tables, f"{delivered:%Y-%m}-r001")
    for resident in residents:
        records = _records(Random(f"{seed} {resident.id}"), resident, on)
        district = resident.station_code[:6]
        sheet = scorer(catalogue, on).sheet(records, district)
        yield Score(
            id=score_id(resident.id),
            resident_id=resident.id,
            on=on,
            district_code=district,
            catalogue_hash=catalogue.hash,
            hash=sheet.hash,
            total=sheet.total,
            points={line.indicator.code: line.points for line in sheet.lines if line.is_configured},
            records=plain_rows(records),
            cut=cut,
            station_code=resident.station_code,
        )


def _records(random: Random, resident: Resident, on: date) -> Records:
    district = resident.station_code[:6]
    found: dict[str, list[Row]] = {
        "person": [{"born_on": resident.birth_on, "district_code": district, "permit_state_code": "normal"}],
    }
    months = random.randrange(3, 110)
    begun = add_months(on, -months)
    if random.random() < 0.85:
        found["residence"] = [{"area_code": "ningbo", "declared_on": begun, "ended_on": None}]
    if random.random() < 0.75:
        insured = random.randrange(1, months)
        gap = random.randrange(1, 4)
        middle = month_of(on) - insured // 2
        found["insurance"] = [
            {"scheme_code": "pension", "area_code": "ningbo", "first_month": month_of(on) - insured, "last_month": middle},
            {"scheme_code": "pension", "area_code": "ningbo", "first_month": middle + gap, "last_month": None},
        ]
    if random.random() < 0.7:
        found["education"] = [{"level_code": random.choice(_LEVELS), "awarded_on": add_months(begun, -random.randrange(1, 90))}]
    if random.random() < 0.35:
        found["certificate"] = [{"kind_code": random.choice(_CERTIFICATES), "awarded_on": add_months(begun, random.randrange(months))}]
    if random.random() < 0.7:
        found["employment"] = [
            {"kind_code": random.choice(_WORK), "first_on": add_months(begun, random.randrange(months)), "last_on": None}
        ]
    if random.random() < 0.8:
        found["housing"] = [{"kind_code": random.choice(_HOMES), "first_on": begun, "last_on": None}]
    return found
