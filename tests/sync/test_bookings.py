"""One bus, two desks: the centre alone gives places, in order of arrival, and who moves up hears of it."""

from dataclasses import replace
from datetime import date

import pytest
import sqlalchemy as sa

from nbcase.domain.action import Outcome
from nbcase.domain.case import HandedIn
from nbcase.domain.dwelling import Dwelling
from nbcase.domain.errors import NotAllowed
from nbcase.domain.offering import Booking, Offering, Place
from nbcase.domain.registration import Registration
from nbcase.domain.resident import Resident
from nbcase.operations.accept import Request, accept
from nbcase.operations.bookings import attendance, keep_offering, offerings, place_words
from nbcase.operations.offers import offers, present_standing
from nbcase.store import tables
from nbcase.store.desk_database import reading
from nbcase.store.shelf import Shelf
from tests.parts.atwork import at_work, last_answer
from tests.parts.centres import STATIONS, clerk
from tests.parts.desks import MakeDesk, WorkingDesk
from ui.itemform import record_choices

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


def test_who_gives_up_and_comes_again_stands_at_the_end(make_desk: MakeDesk) -> None:
    keeper, desk = make_desk("qian"), make_desk("li")
    offering = bus(keeper, capacity=1)
    desk.sync()
    people = [lives_here(desk, name) for name in ("样甲", "样乙", "样丙")]
    for person in people:
        book(desk, person, offering)
    desk.sync()
    book(desk, people[1], offering, situation="give_up")
    book(desk, people[1], offering)
    desk.sync()
    book(desk, people[0], offering, situation="give_up")
    desk.sync()
    assert [only_booking(desk, person).place for person in people] == [None, Place.WAITING, Place.HELD]


def test_a_seat_can_be_given_back_after_booking_has_closed(make_desk: MakeDesk) -> None:
    keeper, desk = make_desk("qian"), make_desk("li")
    offering = bus(keeper, capacity=1)
    desk.sync()
    person = lives_here(desk, "样甲")
    book(desk, person, offering)
    desk.clock.advance(offering.closes_on - date(2026, 3, 1))
    work = at_work(desk)
    by_situation = {offer.situation.code: offer for offer in offers(work, person.id) if offer.item.code == "travel_home"}
    assert by_situation["book"].obstacle
    assert by_situation["give_up"].obstacle == ""
    give_up = work.items.situation("travel_home", "give_up")
    assert [option.code for option in record_choices(work, give_up, present_standing(work, person.id))["offering"]] == [offering.id]
    book(desk, person, offering, situation="give_up")
    assert not only_booking(desk, person).is_wanted


def wrong(desk: WorkingDesk, offering: Offering, **fields: object) -> Booking:
    """A booking as no program of ours writes it."""
    values: dict[str, object] = {
        "id": "b1",
        "offering_id": offering.id,
        "resident_id": "r",
        "case_id": "c",
        "name": "样甲",
        "phone": "",
        "stations": (STATIONS[0].code,),
        "station_code": STATIONS[0].code,
    }
    return Booking(**{**values, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "fields",
    [
        {"ordinal": 1, "place": Place.HELD},
        {"party": 0},
        {"party": -5},
        {"id": "b\x00"},
        {"offering_id": "o\x00"},
        {"offering_id": "nowhere"},
        {"offering_id": "x" * 10_000},
    ],
    ids=["gives itself a seat", "nobody", "fewer than nobody", "no id", "no offering's id", "no offering", "endless id"],
)
def test_a_booking_that_no_desk_of_ours_makes_is_quarantined_and_stops_nobody(make_desk: MakeDesk, fields: dict[str, object]) -> None:
    keeper, desk = make_desk("qian"), make_desk("li")
    offering = bus(keeper, capacity=1)
    desk.sync()
    desk.act(wrong(desk, offering, **fields), kind="service.accept")
    person = lives_here(desk, "样甲")
    book(desk, person, offering)
    assert desk.sync().problem is None
    assert only_booking(desk, person).place is Place.HELD
    with reading(desk.engine) as connection:
        outcomes = connection.execute(sa.select(tables.outbox.c.outcome).order_by(tables.outbox.c.sequence)).scalars().all()
    assert outcomes[0] == Outcome.QUARANTINED.value
    assert Outcome.QUARANTINED.value not in outcomes[1:]


def test_a_clerks_act_does_not_make_a_bus_larger(make_desk: MakeDesk) -> None:
    keeper, desk = make_desk("qian"), make_desk("li")
    offering = bus(keeper, capacity=1)
    desk.sync()
    known = desk.get(Offering, offering.id)
    assert known is not None
    desk.act(replace(known, capacity=99), kind="service.accept")
    desk.sync()
    assert last_answer(desk)[0] == Outcome.QUARANTINED
    keeper.sync()
    assert [entry.capacity for entry in offerings(at_work(keeper), "bus")] == [1]


def test_a_change_that_was_begun_before_a_cancellation_does_not_open_the_bus_again(make_desk: MakeDesk) -> None:
    keeper = make_desk("qian")
    offering = bus(keeper, capacity=1)
    work = at_work(keeper)
    keep_offering(work, keeper.clerk, replace(offering, is_cancelled=True))
    assert keep_offering(work, keeper.clerk, replace(offering, capacity=5)).is_cancelled


def test_a_clerk_may_not_open_a_bus(make_desk: MakeDesk) -> None:
    desk = make_desk("li")
    with pytest.raises(NotAllowed):
        keep_offering(at_work(desk), clerk("li"), bus(make_desk("qian"), 1))
