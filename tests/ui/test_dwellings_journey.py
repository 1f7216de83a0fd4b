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


def _crowd_one(counter: Counter) -> Dwelling:
    with writing(counter.desk.engine) as connection:
        shelf = Shelf(connection)
        for dwelling in shelf.find(Dwelling):
            if len(shelf.find(Registration, dwelling_id=dwelling.id, state="active")) > 1:
                crowded = replace(dwelling, capacity=1, lease_until_on=counter.desk.today() + timedelta(days=90))
                shelf.write(crowded)
                return crowded
    raise LookupError("nobody shares a dwelling")
