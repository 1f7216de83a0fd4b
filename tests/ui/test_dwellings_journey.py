"""出租房 by keys alone: found by address, narrowed to a reminder, who lives there opened, and back again."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from nbcase.domain.dwelling import Dwelling
from nbcase.domain.registration import Registration
from nbcase.operations.dwellings import DwellingFilter, Reminder, count_dwellings, dwelling_view, dwellings
from nbcase.store.desk_database import writing
from nbcase.store.shelf import Shelf
from tests.parts.counter import Counter
from tests.parts.keyboard import Keyboard
from ui.pages.dwellings import DwellingsPage


def test_a_crowded_house_is_found_and_its_people_opened(counter_for: Callable[..., Counter], show: Callable[..., QWidget]) -> None:
    counter = counter_for(people=60)
    crowded = _crowd_one(counter)
    page = DwellingsPage(counter)
    show(page, 1366, 768)
    page.opened()
    QApplication.processEvents()
    keys = Keyboard(page)
    keys.press("Alt+2")
    QApplication.processEvents()
    assert page._model.rowCount() == count_dwellings(counter.desk)[Reminder.CROWDED] == 1
    assert page._title.text() == crowded.address
    assert "超过限住 1 人" in page._warning._text.text()
    view = dwelling_view(counter.desk, crowded.id)
    assert [row.payload for row in page._present.rows] == [stay.resident.id for stay in view.present]

    keys.press("Enter")
    assert page._present.hasFocus()
    keys.press("Enter")
    assert counter.visited[-1] == ("residents", {"resident_id": view.present[0].resident.id})
    keys.press("Ctrl+B")
    assert counter.visited[-1] == ("residents", {"dwelling_id": crowded.id})
    keys.press("Ctrl+N")
    target = counter.visited[-1][1]
    assert (counter.visited[-1][0], target["situation_code"], target["address"]) == ("handle", "new", crowded.address)
    assert target["capacity"] == "1"
    keys.press("Esc")
    assert page._table.hasFocus()
    keys.press("Esc")
    QApplication.processEvents()
    assert page._presenter.wanted == DwellingFilter()
    assert page._title.text() == crowded.address, "the chosen one stays chosen"


def test_an_address_is_searched_and_nothing_found_says_so(counter_for: Callable[..., Counter], show: Callable[..., QWidget]) -> None:
    counter = counter_for(people=60)
    page = DwellingsPage(counter)
    show(page, 1366, 768)
    page.opened()
    keys = Keyboard(page)
    wanted = dwellings(counter.desk, DwellingFilter()).rows[-1].dwelling
    keys.press("/")
    assert page._search.edit.hasFocus()
    QTest.keyClicks(page._search.edit, "x")
    page._presenter.find(wanted.address)
    QApplication.processEvents()
    assert page._title.text() == wanted.address
    page._presenter.find("没有这样的地址")
    QApplication.processEvents()
    assert page._lists.currentIndex() == 1
    assert not page._content.isVisible()
    assert not page._register.isEnabled(), "there is nothing to register"
    keys.press("Esc")
    QApplication.processEvents()
    assert page._presenter.wanted == DwellingFilter()
    assert page._lists.currentIndex() == 0


def test_a_house_behind_the_first_page_is_shown_when_the_search_leads_to_it(
    counter_for: Callable[..., Counter], show: Callable[..., QWidget]
) -> None:
    counter = counter_for(people=300)
    far = dwellings(counter.desk, DwellingFilter(), limit=1000).rows[-1].dwelling
    page = DwellingsPage(counter)
    show(page, 1366, 768)
    page.opened()
    page.search_target(dwelling_id=far.id)
    page.reload(frozenset({"dwelling"}))
    QApplication.processEvents()
    assert page._title.text() == far.address
    assert page._presenter.chosen == page._table.current().dwelling.id == far.id
    assert page._search.text() == far.address, "the list says what it is narrowed to"
    keys = Keyboard(page)
    page._table.setFocus()
    keys.press("Esc")
    assert page._presenter.wanted == DwellingFilter()
    assert page._search.text() == ""


def test_what_is_still_being_typed_counts_when_a_reminder_is_chosen(
    counter_for: Callable[..., Counter], show: Callable[..., QWidget]
) -> None:
    page = DwellingsPage(counter_for(people=60))
    show(page, 1366, 768)
    page.opened()
    page._search.begin()
    QTest.keyClicks(page._search.edit, "x")
    Keyboard(page).press("Alt+2")
    assert page._presenter.wanted == DwellingFilter(text="x", reminder=Reminder.CROWDED)
    assert page._search.text() == "x"


def _crowd_one(counter: Counter) -> Dwelling:
    with writing(counter.desk.engine) as connection:
        shelf = Shelf(connection)
        for dwelling in shelf.find(Dwelling):
            if len(shelf.find(Registration, dwelling_id=dwelling.id, state="active")) > 1:
                crowded = replace(dwelling, capacity=1, lease_until_on=counter.desk.today() + timedelta(days=90))
                shelf.write(crowded)
                return crowded
    raise LookupError("nobody shares a dwelling")
