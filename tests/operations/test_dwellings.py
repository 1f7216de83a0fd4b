"""出租房: found by address and landlord, who lives there now and who did, and the reminders, the list and its counts agreeing."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from nbcase.domain.dwelling import Dwelling
from nbcase.domain.registration import Registration, RegistrationState
from nbcase.operations.desk import Desk
from nbcase.operations.dwellings import (
    DwellingFilter,
    DwellingRow,
    Reminder,
    count_dwellings,
    dwelling_view,
    dwellings,
    reminders,
)
from nbcase.store.desk_database import reading, writing
from nbcase.store.shelf import Shelf
from tests.parts.counter import Counter, counter_for  # noqa: F401 - a fixture


def all_rows(desk: Desk, wanted: DwellingFilter, limit: int = 7) -> list[DwellingRow]:
    """Every page, one after the other."""
    rows: list[DwellingRow] = []
    cursor: str | None = None
    while True:
        page = dwellings(desk, wanted, cursor, limit)
        rows += page.rows
        cursor = page.next_cursor
        if cursor is None:
            return rows


@pytest.fixture
def desk(counter_for: Callable[..., Counter]) -> Desk:  # noqa: F811
    return counter_for(people=40).desk


def test_every_page_together_is_every_dwelling_once_in_the_order_of_the_address(desk: Desk) -> None:
    with reading(desk.engine) as connection:
        stored = Shelf(connection).find(Dwelling)
    found = [row.dwelling for row in all_rows(desk, DwellingFilter())]
    assert {dwelling.id for dwelling in found} == {dwelling.id for dwelling in stored}
    assert len(found) == len(stored) > 10
    assert [(dwelling.address, dwelling.id) for dwelling in found] == sorted((dwelling.address, dwelling.id) for dwelling in found)


def test_each_reminder_lists_exactly_the_dwellings_that_have_it_and_counts_them(desk: Desk) -> None:
    _make_one_of_each(desk)
    everything = all_rows(desk, DwellingFilter())
    counts = count_dwellings(desk)
    assert counts[None] == len(everything)
    for reminder in Reminder:
        wanted = [row.dwelling.id for row in everything if reminder in row.reminders]
        listed = [row.dwelling.id for row in all_rows(desk, DwellingFilter(reminder=reminder))]
        assert wanted, reminder
        assert listed == wanted
        assert counts[reminder] == len(wanted)


def test_parts_of_the_address_and_of_the_landlord_narrow_the_list(desk: Desk) -> None:
    row = next(row for row in all_rows(desk, DwellingFilter()) if row.dwelling.landlord_name)
    text = f"{row.dwelling.address[-5:]} {row.dwelling.landlord_name}"
    found = all_rows(desk, DwellingFilter(text=text))
    assert row.dwelling.id in {entry.dwelling.id for entry in found}
    assert all(row.dwelling.landlord_name == entry.dwelling.landlord_name for entry in found)
    assert all_rows(desk, DwellingFilter(text="没有这样的地址")) == []


def test_who_moved_out_is_told_with_the_days_and_no_longer_counted(desk: Desk) -> None:
    row = next(row for row in all_rows(desk, DwellingFilter()) if row.occupants)
    stay = dwelling_view(desk, row.dwelling.id).present[0]
    with writing(desk.engine) as connection:
        Shelf(connection).write(replace(stay.registration, state=RegistrationState.ENDED, ended_on=desk.today()))
    view = dwelling_view(desk, row.dwelling.id)
    assert view.row.occupants == row.occupants - 1
    assert stay.resident.id not in {entry.resident.id for entry in view.present}
    gone = next(entry for entry in view.former if entry.resident.id == stay.resident.id)
    assert (gone.registration.declared_on, gone.registration.ended_on) == (stay.registration.declared_on, desk.today())


def test_a_limit_that_nobody_configured_is_never_over(desk: Desk) -> None:
    dwelling = replace(all_rows(desk, DwellingFilter())[0].dwelling, capacity=None, lease_until_on=None, place_code="05")
    assert reminders(dwelling, 99, desk.today()) == ()
    assert reminders(replace(dwelling, capacity=98), 99, desk.today()) == (Reminder.CROWDED,)
    assert reminders(replace(dwelling, capacity=99), 99, desk.today()) == ()


def _make_one_of_each(desk: Desk) -> None:
    today = desk.today()
    with writing(desk.engine) as connection:
        shelf = Shelf(connection)
        rented = [
            one for one in shelf.find(Dwelling) if one.place_code == "04" and shelf.find(Registration, dwelling_id=one.id, state="active")
        ]
        shelf.write(replace(rented[0], capacity=0))
        shelf.write(replace(rented[1], lease_until_on=today - timedelta(days=1), registered_on=today))
        shelf.write(replace(rented[2], lease_until_on=today, registered_on=None))
