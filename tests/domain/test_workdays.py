"""Working days and deadlines by the official calendar, and by law alone where there is none yet."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbcase.domain.errors import UserError
from nbcase.domain.workdays import WorkingCalendar

CALENDAR = WorkingCalendar.load()

days = st.dates(date(2020, 1, 1), date(2040, 12, 31))
counts = st.integers(0, 60)


@pytest.mark.parametrize(
    ("start", "due_on"),
    [
        ("2026-02-13", "2026-02-14"),
        ("2026-02-14", "2026-02-24"),
        ("2026-09-19", "2026-09-20"),
        ("2026-09-24", "2026-09-28"),
        ("2026-09-30", "2026-10-08"),
        ("2025-09-30", "2025-10-09"),
        ("2025-10-10", "2025-10-11"),
    ],
)
def test_one_working_day_crosses_holidays_and_lands_on_swapped_days(start: str, due_on: str) -> None:
    deadline = CALENDAR.add_working_days(date.fromisoformat(start), 1)
    assert deadline.due_on == date.fromisoformat(due_on)
    assert not deadline.is_provisional


def test_a_deadline_in_a_year_without_notice_is_tentative_and_no_error() -> None:
    deadline = CALENDAR.add_working_days(date(2026, 12, 31), 1)
    assert deadline.due_on == date(2027, 1, 4)
    assert deadline.is_provisional


def test_a_year_is_known_by_its_notice() -> None:
    assert CALENDAR.is_known(2026)
    assert CALENDAR.notice(2026) == "国务院办公厅关于2026年部分节假日安排的通知"
    assert not CALENDAR.is_known(2027)
    assert CALENDAR.notice(2027) is None
    assert CALENDAR.known_until_on == date(2026, 12, 31)


@pytest.mark.parametrize(
    ("year", "off", "worked"),
    [
        (2025, 28, ["01-26", "02-08", "04-27", "09-28", "10-11"]),
        (2026, 33, ["01-04", "02-14", "02-28", "05-09", "09-20", "10-10"]),
    ],
)
def test_the_known_years_agree_with_the_notices(year: int, off: int, worked: list[str]) -> None:
    whole = [date(year, 1, 1) + timedelta(n) for n in range(365)]
    assert sum(CALENDAR.holiday_name(day) is not None for day in whole) == off
    assert [f"{day:%m-%d}" for day in whole if day.weekday() >= 5 and CALENDAR.is_working(day)] == worked


def test_the_legal_holidays_of_2027_have_days_in_lieu_and_no_swapped_weekends() -> None:
    whole = [date(2027, 1, 1) + timedelta(n) for n in range(365)]
    off = [f"{day:%m-%d}" for day in whole if CALENDAR.holiday_name(day)]
    spring, may, october = ["02-05", "02-06", "02-07", "02-08", "02-09", "02-10"], ["05-01", "05-02", "05-03", "05-04"], 5
    assert off == ["01-01", *spring, "04-05", *may, "06-09", "09-15", *(f"10-0{n}" for n in range(1, october + 1))]
    assert not any(CALENDAR.is_working(day) for day in whole if day.weekday() >= 5)


def test_two_legal_holidays_on_one_day_are_both_given() -> None:
    assert CALENDAR.holiday_name(date(2031, 10, 1)) == "中秋节、国庆节"
    off = [day for day in range(1, 32) if CALENDAR.holiday_name(date(2031, 10, day))]
    assert off == [1, 2, 3, 6]


def test_a_far_year_without_lunar_dates_still_has_its_fixed_holidays() -> None:
    assert CALENDAR.holiday_name(date(2050, 10, 1)) == "国庆节"
    assert CALENDAR.add_working_days(date(2050, 2, 1), 3).is_provisional


def test_a_notice_may_reach_back_into_december() -> None:
    assert CALENDAR.holiday_name(date(2022, 12, 31)) == "元旦"


def test_calendar_days_that_end_on_a_rest_day_roll_forward() -> None:
    deadline = CALENDAR.calendar_days(date(2026, 2, 2), 15)
    assert deadline.due_on == date(2026, 2, 24)
    assert deadline.days[0] == date(2026, 2, 3)
    assert deadline.days[-1] == deadline.due_on


def test_calendar_days_that_end_on_a_working_day_stay() -> None:
    assert CALENDAR.calendar_days(date(2026, 11, 9), 15).due_on == date(2026, 11, 24)


def test_days_left_are_none_on_the_last_day_and_negative_after_it() -> None:
    friday = date(2026, 11, 20)
    assert CALENDAR.left(date(2026, 11, 18), friday) == 2
    assert CALENDAR.left(friday, friday) == 0
    assert [CALENDAR.left(friday + timedelta(n), friday) for n in (1, 2, 3, 4)] == [-1, -1, -1, -2]


@pytest.mark.parametrize("n", [-1, 3661])
def test_an_absurd_number_of_days_is_refused(n: int) -> None:
    with pytest.raises(UserError, match="不合情理"):
        CALENDAR.add_working_days(date(2026, 1, 5), n)


@pytest.mark.parametrize("start", [date.min, date(1949, 12, 31), date(2200, 1, 1), date.max])
def test_an_absurd_start_is_refused_for_both_ways_of_counting(start: date) -> None:
    with pytest.raises(UserError, match="核对年份"):
        CALENDAR.add_working_days(start, 1)
    with pytest.raises(UserError, match="核对年份"):
        CALENDAR.calendar_days(start, 1)


@given(days, counts)
def test_adding_and_counting_back_agree(start: date, n: int) -> None:
    deadline = CALENDAR.add_working_days(start, n)
    assert CALENDAR.working_days_between(start, deadline.due_on) == n
    assert CALENDAR.left(start, deadline.due_on) == n


@given(days, st.integers(1, 60))
def test_the_start_is_not_counted_and_every_counted_day_is_worked(start: date, n: int) -> None:
    counted = CALENDAR.add_working_days(start, n).days
    assert len(counted) == n
    assert counted[0] > start
    assert list(counted) == sorted(set(counted))
    assert all(CALENDAR.is_working(day) for day in counted)


@given(days, counts, st.integers(0, 30), st.integers(0, 10))
def test_a_later_start_or_a_longer_limit_never_ends_earlier(start: date, n: int, later: int, longer: int) -> None:
    assert CALENDAR.add_working_days(start, n).due_on <= CALENDAR.add_working_days(start + timedelta(later), n + longer).due_on or n == 0
    assert CALENDAR.calendar_days(start, n).due_on <= CALENDAR.calendar_days(start + timedelta(later), n + longer).due_on


@given(days, counts)
def test_calendar_days_end_on_the_first_working_day_not_before_their_number(start: date, n: int) -> None:
    due_on = CALENDAR.calendar_days(start, n).due_on
    named = start + timedelta(n)
    assert due_on >= named
    assert CALENDAR.is_working(due_on)
    assert not any(CALENDAR.is_working(named + timedelta(k)) for k in range((due_on - named).days))


@given(days, counts)
def test_a_deadline_is_tentative_exactly_when_it_touches_an_unknown_year(start: date, n: int) -> None:
    deadline = CALENDAR.add_working_days(start, n)
    touched = range(start.year, deadline.due_on.year + 1)
    assert deadline.is_provisional == any(not CALENDAR.is_known(year) for year in touched)
