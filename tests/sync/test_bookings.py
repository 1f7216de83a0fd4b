"""One bus, two desks: the centre alone gives places, in order of arrival, and who moves up hears of it."""

from dataclasses import replace
from datetime import date

import pytest

from nbcase.domain.action import Outcome
from nbcase.domain.case import HandedIn
from nbcase.domain.dwelling import Dwelling
from nbcase.domain.errors import NotAllowed
from nbcase.domain.offering import Booking, Offering, Place
from nbcase.domain.registration import Registration
from nbcase.domain.resident import Resident
from nbcase.operations.accept import Request, accept
from nbcase.operations.bookings import attendance, keep_offering, offerings, place_words
from nbcase.store.desk_database import reading
from nbcase.store.shelf import Shelf
from tests.parts.atwork import at_work, last_answer
from tests.parts.centres import STATIONS, clerk
from tests.parts.desks import MakeDesk, WorkingDesk

CARD = HandedIn(code="identity", how="confirmed")


def bus(desk: WorkingDesk, capacity: int) -> Offering:
    """A bus opened by a supervisor and known at the centre."""
    made = keep_offering(
        at_work(desk),
        desk.clerk,
        Offering(
            id="",
            service_code="bus",
            name="样线一号",
            place="客运站",
            begins_on=date(2026, 3, 20),
            begins_at="08:30",
            closes_on=date(2026, 3, 15),
            capacity=capacity,
            details={"home_province": "330000"},
            station_code=STATIONS[0].code,
        ),
    )
    assert desk.sync().problem is None
    return made


def lives_here(desk: WorkingDesk, name: str) -> Resident:
    """A registered resident of the desk's station."""
    person = desk.resident(name)
    home = Dwelling(
        id=f"d-{person.id}"[:36], division_code="330212", address=f"样址{person.document_number}", station_code=person.station_code
    )
    stay = Registration(
        id=f"g-{person.id}"[:36],
        resident_id=person.id,
        dwelling_id=home.id,
        case_id="c",
        declared_on=date(2026, 1, 5),
        station_code=person.station_code,
    )
    desk.act(person, home, stay)
    return person


def book(desk: WorkingDesk, person: Resident, offering: Offering, party: int = 1, situation: str = "book") -> None:
    answers = {"offering": offering.id, "party": str(party), "phone": "19900005061"}
    accept(
        at_work(desk),
        desk.clerk,
        Request(item_code="travel_home", situation_code=situation, answers=answers, materials=(CARD,), resident_id=person.id),
    )


def only_booking(desk: WorkingDesk, person: Resident) -> Booking:
    with reading(desk.engine) as connection:
        (found,) = Shelf(connection).find(Booking, resident_id=person.id)
    return found


def test_the_first_at_the_centre_has_the_seat_and_the_other_moves_up_when_it_is_given_back(make_desk: MakeDesk) -> None:
    keeper, first, second = make_desk("qian"), make_desk("li"), make_desk("sun")
    offering = bus(keeper, capacity=2)
    for desk in (first, second):
        desk.sync()
    assert [entry.id for entry in offerings(at_work(second), "bus")] == [offering.id]
    one, other = lives_here(first, "样甲"), lives_here(second, "样乙")
    book(second, other, offering)
    book(first, one, offering, party=2)
    assert place_words(only_booking(first, one)) == "待中心排位"
    assert first.sync().problem is None
    assert only_booking(first, one).place is Place.HELD
    assert second.sync().problem is None
    assert (only_booking(second, other).place, only_booking(second, other).ordinal) == (Place.WAITING, 2)
    book(first, one, offering, situation="give_up")
    first.sync()
    second.sync()
    assert only_booking(first, one).place is None
    assert only_booking(second, other).place is Place.HELD
    (seen,) = offerings(at_work(second), "bus")
    assert (seen.taken, seen.waiting, seen.left) == (1, 0, 1)
    assert last_answer(second)[0] == Outcome.ACCEPTED
    keeper.sync()
    assert [entry.name for entry in attendance(at_work(keeper), offering.id).held] == ["样乙"]


def test_more_seats_let_who_waits_move_up(make_desk: MakeDesk) -> None:
    keeper, desk = make_desk("qian"), make_desk("li")
    offering = bus(keeper, capacity=1)
    desk.sync()
    people = [lives_here(desk, name) for name in ("样甲", "样乙", "样丙")]
    for person in people:
        book(desk, person, offering)
    desk.sync()
    assert [only_booking(desk, person).place for person in people] == [Place.HELD, Place.WAITING, Place.WAITING]
    keeper.sync()
    keep_offering(at_work(keeper), keeper.clerk, replace(offering, capacity=2))
    keeper.sync()
    desk.sync()
    assert [only_booking(desk, person).place for person in people] == [Place.HELD, Place.HELD, Place.WAITING]


def test_a_desk_that_gives_itself_a_seat_is_quarantined(make_desk: MakeDesk) -> None:
    keeper, desk = make_desk("qian"), make_desk("li")
    offering = bus(keeper, capacity=1)
    desk.sync()
    person = lives_here(desk, "样甲")
    desk.act(
        Booking(
            id="b1",
            offering_id=offering.id,
            resident_id=person.id,
            case_id="c",
            name="样甲",
            phone="",
            ordinal=1,
            place=Place.HELD,
            stations=(STATIONS[0].code,),
            station_code=STATIONS[0].code,
        ),
        kind="service.accept",
    )
    desk.sync()
    assert last_answer(desk)[0] == Outcome.QUARANTINED


def test_a_clerk_may_not_open_a_bus(make_desk: MakeDesk) -> None:
    desk = make_desk("li")
    with pytest.raises(NotAllowed):
        keep_offering(at_work(desk), clerk("li"), bus(make_desk("qian"), 1))
