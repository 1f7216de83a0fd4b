"""One resident's sheet: what each line says of itself, what would add points and when, and the hash that names it."""

from datetime import date, timedelta
from typing import Any

import pytest

from nbcase.points.reading import load_points_catalogue
from nbcase.points.records import Records
from nbcase.points.sheet import Line, NextStep, Sheet, next_step, score

ON = date(2026, 10, 31)
CATALOGUE = load_points_catalogue()


def month(year: int, number: int) -> int:
    """The month as tables count it."""
    return year * 12 + number - 1


@pytest.fixture
def records() -> dict[str, list[dict[str, Any]]]:
    """Somebody of 42 with a college degree, five and a half years of insurance, seven of residence, a contract for eleven months."""
    return {
        "person": [{"born_on": date(1984, 3, 2), "district_code": "330211"}],
        "education": [{"level_code": "college", "awarded_on": date(2006, 7, 1)}],
        "certificate": [
            {"kind_code": "level_4", "awarded_on": date(2015, 1, 1)},
            {"kind_code": "level_3", "awarded_on": date(2020, 1, 1)},
        ],
        "insurance": [
            {"scheme_code": "pension", "area_code": "ningbo", "first_month": month(2021, 3), "last_month": month(2023, 6)},
            {"scheme_code": "medical", "area_code": "zhejiang", "first_month": month(2022, 1), "last_month": None},
            {"scheme_code": "medical", "area_code": "elsewhere", "first_month": month(2010, 1), "last_month": month(2020, 1)},
        ],
        "residence": [{"area_code": "ningbo", "declared_on": date(2019, 5, 6), "ended_on": None}],
        "employment": [{"kind_code": "contract", "first_on": date(2025, 11, 20), "last_on": None}],
        "housing": [{"kind_code": "rented", "first_on": date(2024, 1, 1), "last_on": None}],
    }


def line_of(sheet: Sheet, code: str) -> Line:
    """One line."""
    return next(line for line in sheet.lines if line.indicator.code == code)


def following(records: Records, code: str) -> NextStep | None:
    """What would add to a line."""
    sheet = score(CATALOGUE, records, ON, "330211")
    return next_step(CATALOGUE, records, sheet, line_of(sheet, code))


def test_each_line_names_its_facts_and_the_rows_that_counted(records: Records) -> None:
    sheet = score(CATALOGUE, records, ON, "330211")
    found = {line.indicator.code: (line.points, [(fact.value, fact.rows) for fact in line.facts]) for line in sheet.lines[:5]}
    assert found == {
        "age": (1800, [(42, (0,))]),
        "education": (800, [(2, (0,))]),
        "skill": (800, [(3, (1,))]),
        "insurance": (3000, [(68, (0, 1))]),
        "residence": (2225, [(89, (0,))]),
    }
    assert line_of(sheet, "insurance").is_capped
    assert not line_of(sheet, "tax").is_configured
    assert sheet.total == 8625 + 1000


def test_what_grows_by_itself_says_the_day_on_which_it_does(records: Records) -> None:
    step = following(records, "employment")
    assert step is not None
    assert (step.fact.name, step.now, step.at, step.points, step.by_on) == ("contract_months", 11, 12, 1000, date(2026, 11, 19))
    for days, points in ((18, 0), (19, 1000)):
        later = score(CATALOGUE, records, date(2026, 11, 1) + timedelta(days=days - 1), "330211")
        assert line_of(later, "employment").points == points
    residence = following(records, "residence")
    assert residence is not None
    assert (residence.points, residence.by_on) == (2250, date(2026, 11, 5))


def test_a_contract_that_has_an_end_says_the_day_too_where_it_lasts_long_enough(records: dict[str, list[dict[str, Any]]]) -> None:
    for ends_on, day in ((date(2027, 11, 19), date(2026, 11, 19)), (date(2026, 11, 10), None)):
        records["employment"][0]["last_on"] = ends_on
        step = following(records, "employment")
        assert step is not None
        assert step.by_on == day


def test_a_birthday_that_adds_points_says_its_day(records: dict[str, list[dict[str, Any]]]) -> None:
    records["person"] = [{"born_on": date(2026, 3, 2)}]
    step = following(records, "age")
    assert step is not None
    assert (step.now, step.at, step.points, step.by_on) == (0, 1, 2000, date(2027, 3, 2))


def test_what_needs_an_act_says_no_day_and_a_full_line_says_nothing(records: dict[str, list[dict[str, Any]]]) -> None:
    assert following(records, "insurance") is None
    records["insurance"] = []
    step = following(records, "insurance")
    assert step is not None
    assert (step.at, step.points, step.by_on) == (1, 50, None)


def test_the_hash_changes_with_what_the_score_depends_on_and_with_nothing_else(records: dict[str, list[dict[str, Any]]]) -> None:
    before = score(CATALOGUE, records, ON, "330211")
    records["person"][0]["name"] = "样"
    records["housing"].reverse()
    assert score(CATALOGUE, records, ON, "330211").hash == before.hash
    assert score(CATALOGUE, records, ON, "330225").hash != before.hash
    assert score(CATALOGUE, records, ON - timedelta(days=365), "330211").hash != before.hash
    records["housing"] = []
    assert score(CATALOGUE, records, ON, "330211").hash != before.hash


def test_nobody_without_records_is_a_sheet_of_zeros(records: Records) -> None:
    sheet = score(CATALOGUE, {}, ON, "")
    assert {line.points for line in sheet.lines} == {0}
    assert line_of(sheet, "age").facts[0].rows == ()
