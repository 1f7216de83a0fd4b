"""A supervisor opens a bus with keys alone, changes it and prints who comes; a clerk sees it and cannot touch it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

from PySide6.QtWidgets import QApplication, QWidget

from nbcase.demo.offerings import offerings as offerings_of_the_demo
from nbcase.domain.offering import Booking, Place
from nbcase.operations.bookings import offerings
from nbcase.store.desk_database import writing
from nbcase.store.shelf import Shelf
from tests.parts.counter import Counter
from tests.parts.keyboard import Keyboard
from ui.pages.offerings import OfferingsPage


def test_a_bus_is_opened_changed_and_its_list_printed(counter_for: Callable[..., Counter], show: Callable[..., QWidget]) -> None:
    counter = counter_for(people=0, role="supervisor")
    page = OfferingsPage(counter)
    show(page, 1366, 768)
    page.opened()
    QApplication.processEvents()
    keys = Keyboard(page)
    keys.press("Ctrl+N")
    page._form.set_values({"service_code": "bus", "name": "样线", "place": "样站", "begins_on": "2027-02-01", "closes_on": "2027-02-05"})
    keys.press("Ctrl+Enter")
    assert offerings(counter.desk) == (), "a form with mistakes is not kept"
    assert page._form.field("closes_on").state() == "error"
    page._form.set_values({"closes_on": "2027-01-20", "capacity": "45", "begins_at": "08:30"})
    keys.press("Ctrl+Enter")
    QApplication.processEvents()
    (bus,) = offerings(counter.desk)
    assert (bus.name, bus.capacity, bus.begins_on, bus.begins_at) == ("样线", 45, date(2027, 2, 1), "08:30")
    assert page._title.text() == "样线"

    page._table.opened.emit(bus)
    page._form.set_values({"capacity": "50"})
    keys.press("Ctrl+Enter")
    QApplication.processEvents()
    assert offerings(counter.desk)[0].capacity == 50

    with writing(counter.desk.engine) as connection:
        Shelf(connection).write(
            Booking(
                id="b",
                offering_id=bus.id,
                resident_id="r",
                case_id="c",
                name="样甲",
                phone="",
                ordinal=1,
                place=Place.HELD,
                stations=(bus.station_code,),
                station_code=bus.station_code,
            )
        )
    page.reload(frozenset({"booking"}))
    QApplication.processEvents()
    assert [row.title for row in page._held.rows] == ["样甲"]
    keys.press("Ctrl+P")
    assert [path.suffix for path in (counter.folder / "printed").iterdir()] == [".pdf"]

    keys.press("Delete")
    keys.press("1")
    QApplication.processEvents()
    assert offerings(counter.desk) == ()
    assert offerings(counter.desk, only_open=False)[0].is_cancelled


def test_a_clerk_sees_the_list_and_who_opens_one(counter_for: Callable[..., Counter], show: Callable[..., QWidget]) -> None:
    page = OfferingsPage(counter_for(people=0))
    show(page, 1366, 768)
    assert not page._new.isVisible()
    assert page._why.text() == "由站长开设"


def test_in_a_small_window_the_form_takes_the_place_of_the_list(counter_for: Callable[..., Counter], show: Callable[..., QWidget]) -> None:
    counter = counter_for(people=0, role="supervisor")
    page = OfferingsPage(counter)
    show(page, 683, 384)
    page.opened()
    QApplication.processEvents()
    keys = Keyboard(page)
    keys.press("Ctrl+N")
    assert page._form.isVisible(), "a form behind a folded strip is no form"
    keys.press("Esc")
    assert not page._form.isVisible()
    assert page._new.isVisible()


def test_a_form_stays_with_what_is_typed_when_bookings_come_in(counter_for: Callable[..., Counter], show: Callable[..., QWidget]) -> None:
    counter = counter_for(people=0, role="supervisor")
    (bus, *_) = offerings_of_the_demo(counter.desk.station.code, counter.desk.today())
    with writing(counter.desk.engine) as connection:
        Shelf(connection).write(bus)
    page = OfferingsPage(counter)
    show(page, 1366, 768)
    page.opened()
    QApplication.processEvents()
    keys = Keyboard(page)
    keys.press("Ctrl+N")
    page._form.set_values({"name": "样线"})
    page.reload(frozenset({"booking"}))
    page.opened()
    QApplication.processEvents()
    assert page._form.isVisible()
    assert page._form.values()["name"] == "样线"
    keys.press("Esc")
    assert not page._form.isVisible()


def test_nothing_is_printed_of_a_list_that_is_empty(counter_for: Callable[..., Counter], show: Callable[..., QWidget]) -> None:
    counter = counter_for(people=0)
    (bus, *_) = offerings_of_the_demo(counter.desk.station.code, counter.desk.today())
    page = OfferingsPage(counter)
    for cancelled in (False, True):
        with writing(counter.desk.engine) as connection:
            Shelf(connection).write(replace(bus, is_cancelled=cancelled))
        show(page, 1366, 768)
        page.opened()
        QApplication.processEvents()
    Keyboard(page).press("Ctrl+P")
    assert page._title.text() == ""
    assert not (counter.folder / "printed").exists() or not list((counter.folder / "printed").iterdir())
