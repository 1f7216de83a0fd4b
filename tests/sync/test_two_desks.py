"""Two desks change the same people, with and without the network."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date

import sqlalchemy as sa

from nbcase.domain.action import Outcome
from nbcase.domain.conflict import FieldConflict
from nbcase.domain.dwelling import Dwelling
from nbcase.domain.ids import new_id
from nbcase.domain.registration import Registration
from nbcase.domain.resident import Resident
from nbcase.operations.receive import receive_batch
from nbcase.store import tables
from nbcase.store.desk_database import reading, writing
from nbcase.store.outbox import next_actions
from nbcase.store.search import search
from nbcase.store.shelf import Shelf
from nbcase.sync.stages import pull, push
from tests.parts.centres import STATIONS, RunningCentre
from tests.parts.desks import MakeDesk, WorkingDesk


def outcomes(desk: WorkingDesk) -> list[tuple[str | None, list[str] | None]]:
    """Outcome and collided fields of every action of the desk."""
    with reading(desk.engine) as connection:
        rows = connection.execute(sa.select(tables.outbox).order_by(tables.outbox.c.sequence)).all()
    return [(row.outcome, row.fields or None) for row in rows]


def at_centre(centre: RunningCentre, record_id: str) -> Resident:
    """The centre's record."""
    with centre.centre.engine.begin() as connection:
        return Shelf(connection).need(Resident, record_id)


def shared_person(first: WorkingDesk, second: WorkingDesk) -> Resident:
    """A resident that both desks have."""
    person = first.resident(phone="13900000000", employer="样厂")
    first.act(person)
    first.sync()
    second.sync()
    found = second.get(Resident, person.id)
    assert found is not None
    return found


def test_a_colleagues_new_resident_arrives_and_is_found(make_desk: MakeDesk) -> None:
    first, second = make_desk("li"), make_desk("qian")
    person = shared_person(first, second)
    assert person.version == 1
    with reading(second.engine) as connection:
        assert [hit.record_id for hit in search(connection, person.document_number)] == [person.id]


def test_different_fields_of_one_resident_are_merged(centre: RunningCentre, make_desk: MakeDesk) -> None:
    first, second = make_desk("li"), make_desk("qian")
    person = shared_person(first, second)
    first.change(person, phone="13911111111")
    second.change(person, employer="另一家样厂")
    for desk in (first, second, first):
        assert desk.sync().problem is None
    assert outcomes(second) == [("merged", None)]
    merged = at_centre(centre, person.id)
    assert (merged.phone, merged.employer, merged.version) == ("13911111111", "另一家样厂", 3)
    assert first.get(Resident, person.id) == second.get(Resident, person.id) == merged


def test_the_same_field_is_a_conflict_with_both_values_kept_and_the_rest_applied(centre: RunningCentre, make_desk: MakeDesk) -> None:
    first, second = make_desk("li"), make_desk("qian")
    person = shared_person(first, second)
    first.change(person, phone="13911111111")
    act = second.change(person, phone="13922222222", employer="另一家样厂")
    first.sync()
    status = second.sync()
    assert (status.conflicts, status.waiting, status.is_equal) == (1, 0, True)
    assert outcomes(second) == [("conflict", ["resident.phone"])]
    kept = at_centre(centre, person.id)
    assert (kept.phone, kept.employer) == ("13911111111", "另一家样厂")
    assert second.get(Resident, person.id) == kept
    with centre.centre.engine.begin() as connection:
        (row,) = Shelf(connection).find(FieldConflict)
    assert (row.action_id, row.field, row.before, row.theirs, row.yours) == (act.id, "phone", "13900000000", "13911111111", "13922222222")
    assert first.sync().problem is None
    assert first.get(FieldConflict, row.id) == second.get(FieldConflict, row.id) == row


def test_one_person_registered_at_two_desks_offline_is_one_record(centre: RunningCentre, make_desk: MakeDesk) -> None:
    first, second = make_desk("li"), make_desk("sun")
    person = first.resident("样同", phone="13900000000")
    twin = second.resident("样同", person.document_number, employer="样厂")
    assert twin.id == person.id
    first.act(person)
    second.act(twin)
    first.sync()
    second.sync()
    first.sync()
    assert outcomes(second) == [("merged", None)]
    merged = at_centre(centre, person.id)
    assert (merged.phone, merged.employer, merged.station_code) == ("13900000000", "样厂", STATIONS[0].code)
    assert first.get(Resident, person.id) == second.get(Resident, person.id) == merged


def test_own_later_changes_are_no_merge(make_desk: MakeDesk) -> None:
    desk = make_desk("li")
    person = desk.resident(phone="1")
    desk.act(person)
    desk.change(person, phone="2")
    desk.sync()
    desk.change(person, phone="3")
    desk.sync()
    assert outcomes(desk) == [("accepted", None)] * 3


def test_what_a_clerk_has_not_sent_yet_stays_on_the_screen_when_a_colleagues_change_arrives(
    centre: RunningCentre, make_desk: MakeDesk
) -> None:
    first, second = make_desk("li"), make_desk("qian")
    person = shared_person(first, second)
    first.change(person, phone="13911111111", employer="样新厂")
    first.sync()
    second.change(person, phone="13922222222")
    pull(second.contact)
    shown = second.get(Resident, person.id)
    assert shown is not None
    assert (shown.phone, shown.employer, shown.version) == ("13922222222", "样新厂", 2)
    second.sync()
    assert second.get(Resident, person.id) == at_centre(centre, person.id)


def test_answered_work_does_not_flicker_away_while_its_own_row_is_still_to_come(centre: RunningCentre, make_desk: MakeDesk) -> None:
    first, second = make_desk("li"), make_desk("qian")
    person = shared_person(first, second)
    first.change(person, employer="样新厂")
    first.sync()
    second.change(person, phone="13922222222")
    # A transaction that is still open at the centre holds the horizon before the second desk's row.
    with centre.centre.engine.connect() as late, late.begin():
        late.execute(sa.text("SELECT pg_current_xact_id()"))
        push(second.contact)
        pull(second.contact)
        shown = second.get(Resident, person.id)
        assert shown is not None
        assert (shown.phone, shown.employer, shown.version) == ("13922222222", "样新厂", 2)
    second.sync()
    assert second.get(Resident, person.id) == at_centre(centre, person.id)
    with reading(second.engine) as connection:
        unsettled = sa.select(sa.func.count()).select_from(tables.outbox).where(tables.outbox.c.versions.is_not(None))
        assert connection.execute(unsettled).scalar() == 0


def test_quarantined_work_stays_on_the_desk_that_made_it(make_desk: MakeDesk) -> None:
    first, second = make_desk("li"), make_desk("sun")
    elsewhere = first.resident("样外", station_code=STATIONS[1].code)
    first.act(elsewhere)
    status = first.sync()
    assert (status.quarantined, status.waiting) == (1, 0)
    assert first.get(Resident, elsewhere.id) == elsewhere
    second.sync()
    assert second.get(Resident, elsewhere.id) is None


def test_a_resident_who_moves_to_another_station_is_news_for_both(centre: RunningCentre, make_desk: MakeDesk) -> None:
    first, second = make_desk("li"), make_desk("sun")
    person = first.resident("样迁")
    first.act(person)
    first.sync()
    (found,) = second.client.find_residents(document_kind="id_card", document_number=person.document_number, name="", birth_on=None)
    with writing(second.engine) as connection:
        Shelf(connection).write(found.resident)
    second.act(replace(found.resident, station_code=STATIONS[1].code))
    second.sync()
    first.sync()
    moved = at_centre(centre, person.id)
    assert moved.station_code == STATIONS[1].code
    assert first.get(Resident, person.id) == second.get(Resident, person.id) == moved


def test_many_records_in_one_act_arrive_together(centre: RunningCentre, make_desk: MakeDesk) -> None:
    desk, colleague = make_desk("li"), make_desk("qian")
    station = desk.enrolment.identity.station_code
    person = desk.resident("样全")
    dwelling = Dwelling(id=new_id(), address="样路1号", division_code="330212", station_code=station)
    registration = Registration(
        id=new_id(), resident_id=person.id, dwelling_id=dwelling.id, case_id=new_id(), declared_on=date(2026, 3, 2), station_code=station
    )
    desk.act(person, dwelling, registration)
    desk.sync()
    colleague.sync()
    assert colleague.get(Registration, registration.id) == replace(registration, version=1)
    (found,) = desk.client.find_residents(document_kind="id_card", document_number=person.document_number, name="", birth_on=None)
    assert set(found.records) == {replace(registration, version=1), replace(dwelling, version=1)}


def test_creators_who_race_at_the_centre_make_one_record_and_nobody_waits_in_a_circle(centre: RunningCentre, make_desk: MakeDesk) -> None:
    desks = [make_desk("li") for _ in range(4)]
    numbers = [f"33029919910101{n:04d}" for n in range(20)]
    for place, desk in enumerate(desks):
        for number in numbers if place % 2 else reversed(numbers):
            desk.act(desk.resident("样争", number, phone=f"1390000000{place}"))

    def send(desk: WorkingDesk) -> list[str]:
        with reading(desk.engine) as connection:
            batch = next_actions(connection, 500)
        answer = receive_batch(centre.centre.engine, desk.enrolment.identity.desk_id, batch, desk.clock.now())
        return [entry.outcome.value for entry in answer.answers]

    with ThreadPoolExecutor(len(desks)) as pool:
        found = list(pool.map(send, desks))
    flat = [outcome for outcomes_of_desk in found for outcome in outcomes_of_desk]
    assert flat.count(Outcome.ACCEPTED.value) == 20
    assert flat.count(Outcome.CONFLICT.value) == 60
    with centre.centre.engine.begin() as connection:
        people = Shelf(connection).find(Resident)
        conflicts = len(Shelf(connection).find(FieldConflict))
    assert len(people) == 20
    assert conflicts == 60
