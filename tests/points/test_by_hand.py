"""The shipped catalogue means what a person reads in the published text."""

import random
from datetime import date, timedelta

import pytest

from nbcase.points.reading import load_points_catalogue
from nbcase.points.sheet import score
from tests.points.by_hand import points_by_hand
from tests.points.test_two_faces import DAYS, random_records


@pytest.mark.parametrize("on", [*DAYS, date(2026, 12, 31), date(2026, 2, 28)])
def test_the_walker_gives_what_a_person_reads(on: date) -> None:
    catalogue = load_points_catalogue()
    chance = random.Random(f"by hand {on}")
    for _ in range(120):
        records = random_records(catalogue, chance, on)
        sheet = score(catalogue, records, on, "330211")
        found = {line.indicator.code: line.points for line in sheet.lines if line.is_configured} | {"total": sheet.total}
        assert found == {code: int(points * 100) for code, points in points_by_hand(records, on).items()}, records


def test_every_age_and_every_month_around_the_bounds() -> None:
    catalogue = load_points_catalogue()
    on = date(2026, 10, 31)
    for years in range(75):
        for days in (-1, 0, 1):
            born = date(on.year - years, on.month, on.day) + timedelta(days=days)
            records = {"person": [{"born_on": born}], **{code: [] for code in catalogue.tables if code != "person"}}
            assert score(catalogue, records, on, "").total == points_by_hand(records, on)["total"] * 100
    for months in range(1, 126):
        for code, row in (
            ("insurance", {"area_code": "ningbo", "first_month": on.year * 12 + on.month - months, "last_month": None}),
            ("residence", {"area_code": "ningbo", "declared_on": on - timedelta(days=months * 30), "ended_on": None}),
        ):
            records = {table: [] for table in catalogue.tables} | {code: [row]}
            assert score(catalogue, records, on, "").total == points_by_hand(records, on)["total"] * 100, (code, months)
