"""Deadlines against the published days of 2025 and 2026 written down here by hand, with pauses and turns of the year."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from nbcase.domain.workdays import Pause, WorkingCalendar

CALENDAR = WorkingCalendar.load()
DAY = timedelta(days=1)

OFF = {
    2025: [("01-01", "01-01"), ("01-28", "02-04"), ("04-04", "04-06"), ("05-01", "05-05"), ("05-31", "06-02"), ("10-01", "10-08")],
    2026: [
        ("01-01", "01-03"),
        ("02-15", "02-23"),
        ("04-04", "04-06"),
        ("05-01", "05-05"),
        ("06-19", "06-21"),
        ("09-25", "09-27"),
        ("10-01", "10-07"),
    ],
}
WORKED = {
    2025: ["01-26", "02-08", "04-27", "09-28", "10-11"],
    2026: ["01-04", "02-14", "02-28", "05-09", "09-20", "10-10"],
}
"""Notices of the State Council for both years."""


def works(day: date) -> bool:
    """The notices and nothing else."""
    text = f"{day:%m-%d}"
    if text in WORKED[day.year]:
        return True
    return day.weekday() < 5 and not any(first <= text <= last for first, last in OFF[day.year])


def plain_working_days(start: date, n: int, paused: set[date]) -> date:
    """Counted on the fingers."""
    day = start
    while n:
        day += DAY
        if works(day) and day not in paused:
            n -= 1
    return day


starts = st.dates(date(2025, 1, 1), date(2026, 8, 1))
counts = st.integers(1, 20)
gaps = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 15)), max_size=3)


def pauses_after(start: date, found: list[tuple[int, int]]) -> tuple[list[Pause], set[date]]:
    """Pauses that begin so many days after the start and last so long, and the days that they take out."""
    pauses = [Pause(from_on=start + DAY * begin, until_on=start + DAY * (begin + length)) for begin, length in found]
    days = {start + DAY * n for begin, length in found for n in range(begin + 1, begin + length + 1)}
    return pauses, days


def test_every_day_of_both_years_is_worked_or_not_as_the_notices_say() -> None:
    days = [date(2025, 1, 1) + DAY * n for n in range(730)]
    assert [day for day in days if CALENDAR.is_working(day) != works(day)] == []


@given(starts, counts, gaps)
def test_working_days_are_those_counted_by_hand_around_every_pause(start: date, n: int, found: list[tuple[int, int]]) -> None:
    pauses, days = pauses_after(start, found)
    deadline = CALENDAR.add_working_days(start, n, pauses)
    assert deadline.due_on == plain_working_days(start, n, days)
    assert not deadline.is_provisional
    assert CALENDAR.working_days_between(start, deadline.due_on, pauses) == n


@given(starts, counts, gaps)
def test_calendar_days_count_all_but_paused_ones_and_end_on_a_working_day(start: date, n: int, found: list[tuple[int, int]]) -> None:
    pauses, days = pauses_after(start, found)
    due_on = CALENDAR.calendar_days(start, n, pauses).due_on
    counted = [day for k in range(1, (due_on - start).days + 1) if (day := start + DAY * k) not in days]
    assert works(due_on)
    assert due_on not in days
    assert len(counted) >= n
    assert not any(works(day) for day in counted[n - 1 : -1])


@given(starts, counts, gaps)
def test_the_order_of_pauses_does_not_matter_and_one_that_ends_the_same_day_takes_nothing(
    start: date, n: int, found: list[tuple[int, int]]
) -> None:
    pauses, _ = pauses_after(start, found)
    nothing = Pause(from_on=start + DAY, until_on=start + DAY)
    expected = CALENDAR.add_working_days(start, n, pauses)
    assert CALENDAR.add_working_days(start, n, [*reversed(pauses), nothing]) == expected


def test_a_pause_over_the_turn_of_the_year_makes_the_deadline_tentative() -> None:
    start = date(2026, 12, 28)
    assert not CALENDAR.add_working_days(start, 2).is_provisional
    paused = CALENDAR.add_working_days(start, 2, [Pause(from_on=date(2026, 12, 29), until_on=date(2027, 1, 5))])
    assert paused.due_on == date(2027, 1, 6)
    assert paused.is_provisional


def test_the_turn_from_2025_to_2026_is_known() -> None:
    deadline = CALENDAR.add_working_days(date(2025, 12, 31), 1)
    assert (deadline.due_on, deadline.is_provisional) == (date(2026, 1, 4), False)
