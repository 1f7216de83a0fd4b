"""签注: the window before each full year since the issue, late endorsements, and states day by day."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbcase.domain.clock import add_months, full_months
from nbcase.domain.permit import (
    Endorsement,
    Permit,
    PermitState,
    endorsement_window,
    permit_state,
    residence_years_from,
    usable_until,
    valid_after_endorsing,
)

DAYS = st.dates(date(2016, 1, 1), date(2030, 12, 31))


def permit(issued_on: date, **more: object) -> Permit:
    return Permit(id="p", resident_id="r", case_id="c", issued_on=issued_on, station_code="s", **more)


def endorse(of: Permit, made: list[Endorsement], on: date) -> Endorsement:
    return Endorsement(
        id=f"e{len(made)}",
        permit_id=of.id,
        case_id="c",
        ordinal=len(made) + 1,
        endorsed_on=on,
        valid_until_on=valid_after_endorsing(of, made, on),
        is_late=on > usable_until(of, made),
        station_code="s",
    )


@pytest.mark.parametrize(
    ("on", "state"),
    [
        (date(2022, 7, 20), PermitState.NORMAL),
        (date(2023, 6, 19), PermitState.NORMAL),
        (date(2023, 6, 20), PermitState.TO_ENDORSE),
        (date(2023, 7, 19), PermitState.TO_ENDORSE),
        (date(2023, 7, 20), PermitState.SUSPENDED),
    ],
)
def test_a_permit_of_2022_07_20_through_its_first_year(on: date, state: PermitState) -> None:
    assert permit_state(permit(date(2022, 7, 20)), [], on) is state


def test_four_endorsements_in_time_as_on_a_confirmation() -> None:
    of, made = permit(date(2022, 7, 20)), []
    for on in (date(2023, 7, 6), date(2024, 7, 11), date(2025, 7, 8), date(2026, 7, 2)):
        made.append(endorse(of, made, on))
    assert [entry.valid_until_on for entry in made] == [date(2024, 7, 19), date(2025, 7, 19), date(2026, 7, 19), date(2027, 7, 19)]
    window = endorsement_window(of, made)
    assert (window.opens_on, window.closes_on) == (date(2027, 6, 20), date(2027, 7, 19))
    assert residence_years_from(of, made) == date(2022, 7, 20)


def test_a_late_endorsement_restores_use_and_restarts_the_residence_years() -> None:
    of = permit(date(2022, 7, 20))
    late = endorse(of, [], date(2023, 9, 1))
    assert late.is_late
    assert late.valid_until_on == date(2024, 7, 19)
    assert permit_state(of, [late], date(2023, 9, 1)) is PermitState.NORMAL
    assert residence_years_from(of, [late]) == date(2023, 9, 1)


def test_so_late_that_the_next_window_is_open_covers_that_year_too() -> None:
    of = permit(date(2022, 7, 20))
    assert endorse(of, [], date(2024, 7, 1)).valid_until_on == date(2025, 7, 19)


def test_a_permit_of_a_leap_day_is_full_on_the_last_of_february() -> None:
    assert usable_until(permit(date(2024, 2, 29)), []) == date(2025, 2, 27)


def test_a_cancelled_permit_stays_cancelled() -> None:
    assert permit_state(permit(date(2022, 7, 20), cancelled_on=date(2022, 8, 1)), [], date(2022, 8, 1)) is PermitState.CANCELLED
    assert permit_state(permit(date(2022, 7, 20), cancelled_on=date(2022, 8, 1)), [], date(2022, 7, 31)) is PermitState.NORMAL


@given(DAYS, st.integers(0, 3000))
def test_an_endorsement_whenever_it_is_made_makes_the_permit_usable_that_day(issued_on: date, later: int) -> None:
    of, on = permit(issued_on), issued_on + timedelta(days=later)
    made = [endorse(of, [], on)]
    assert permit_state(of, made, on) is PermitState.NORMAL
    assert made[0].valid_until_on > usable_until(of, [])
    assert add_months(of.issued_on, full_months(of.issued_on, made[0].valid_until_on + timedelta(days=1))) == made[
        0
    ].valid_until_on + timedelta(days=1)


@given(DAYS, st.integers(0, 400))
def test_adding_months_never_overshoots(day: date, months: int) -> None:
    later = add_months(day, months)
    assert full_months(day, later) == months or (later.day < day.day and full_months(day, later) == months)
    assert later.day <= day.day
