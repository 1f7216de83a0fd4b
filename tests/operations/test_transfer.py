"""What an act changed in words that can be shown, and the proof that nothing of it is lost."""

from dataclasses import replace

import sqlalchemy as sa

from nbcase.domain.action import Answer, Outcome
from nbcase.domain.case import HandedIn
from nbcase.domain.clerk import Clerk
from nbcase.domain.resident import Resident
from nbcase.operations.accept import Request, accept
from nbcase.operations.desk import Desk
from nbcase.operations.outbox import outbox_rows
from nbcase.operations.residents import ResidentFilter, count_residents, find_dwelling, resident_view, residents
from nbcase.operations.transfer import field_changes, proof
from nbcase.store import tables
from nbcase.store.desk_database import writing
from nbcase.store.desk_work import desk_work
from nbcase.store.outbox import keep_answers
from nbcase.store.shelf import Shelf


def register(desk: Desk, clerk: Clerk, answers: dict[str, str]) -> str:
    """One registration; the id of the resident."""
    done = accept(
        desk,
        clerk,
        Request(
            item_code="residence_registration", situation_code="new", answers=answers, materials=(HandedIn(code="identity", how="card"),)
        ),
    )
    return done.case.resident_id


def change_phone(desk: Desk, clerk: Clerk, resident_id: str, phone: str) -> None:
    """An act with one field."""
    with desk_work(desk.engine, desk.identity, clerk, desk.clock.now()) as work:
        resident = replace(work.need(Resident, resident_id), phone=phone)
        work.put(resident)
        work.record("registration.change", resident)


def test_a_change_is_told_field_by_field_with_both_values(desk: Desk, clerk: Clerk, answers: dict[str, str]) -> None:
    resident_id = register(desk, clerk, answers)
    change_phone(desk, clerk, resident_id, "19900009999")
    row = outbox_rows(desk, waiting=True)[-1]
    (found,) = field_changes(desk, row.action)
    assert (found.record_type, found.field, found.after, found.present) == ("resident", "phone", "19900009999", "19900009999")
    assert found.before == answers["phone"]
    assert not found.has_collided


def test_what_was_and_stays_empty_is_not_told(desk: Desk, clerk: Clerk, answers: dict[str, str]) -> None:
    register(desk, clerk, answers)
    found = field_changes(desk, outbox_rows(desk, waiting=True)[0].action)
    assert found
    assert all(entry.after not in (None, "", [], {}) for entry in found)


def test_a_collision_comes_first_with_what_the_centre_has(desk: Desk, clerk: Clerk, answers: dict[str, str]) -> None:
    resident_id = register(desk, clerk, answers)
    with desk_work(desk.engine, desk.identity, clerk, desk.clock.now()) as work:
        resident = replace(work.need(Resident, resident_id), employer="明州里餐饮店", phone="19900009999")
        work.put(resident)
        work.record("registration.change", resident)
    action = outbox_rows(desk, waiting=True)[-1].action
    with writing(desk.engine) as connection:
        answer = Answer(action_id=action.id, outcome=Outcome.CONFLICT, reason="两边都改", fields=("resident.phone",))
        keep_answers(connection, [answer], desk.clock.now())
        Shelf(connection).write(replace(resident, phone="19900001111"))
    row = outbox_rows(desk, waiting=False, outcomes=frozenset({Outcome.CONFLICT}))[0]
    assert row.fields == ("resident.phone",)
    first, second = field_changes(desk, row.action, row.fields)
    assert (first.field, first.after, first.present, first.has_collided) == ("phone", "19900009999", "19900001111", True)
    assert (second.field, second.has_collided) == ("employer", False)
    assert not outbox_rows(desk, waiting=False, outcomes=frozenset({Outcome.QUARANTINED}))


def test_the_proof_counts_acts_without_a_gap(desk: Desk, clerk: Clerk, answers: dict[str, str]) -> None:
    assert proof(desk).is_gapless
    resident_id = register(desk, clerk, answers)
    change_phone(desk, clerk, resident_id, "19900009999")
    found = proof(desk)
    assert (found.first, found.last, found.is_gapless, found.is_intact, found.missing_files) == (1, 2, True, True, 0)
    assert found.tally.waiting == 2


def test_a_lost_entry_an_altered_act_and_a_lost_file_are_seen(desk: Desk, clerk: Clerk, answers: dict[str, str]) -> None:
    resident_id = register(desk, clerk, answers)
    change_phone(desk, clerk, resident_id, "19900009999")
    action, box, files = tables.desk_action, tables.outbox, tables.attachment_content
    with writing(desk.engine) as connection:
        body = connection.execute(sa.select(action.c.body).where(action.c.sequence == 2)).scalar_one()
        connection.execute(sa.update(action).where(action.c.sequence == 2).values(body=body.replace(b"19900009999", b"19900009998")))
    assert not proof(desk).is_intact
    with writing(desk.engine) as connection:
        connection.execute(sa.delete(files))
        connection.execute(sa.delete(box).where(box.c.sequence == 1))
        connection.execute(sa.update(action).where(action.c.sequence == 2).values(body=body))
    assert not proof(desk).is_gapless
    with writing(desk.engine) as connection:
        connection.execute(sa.insert(box).values(sequence=1, action_id=outbox_id(connection)))
    assert proof(desk).missing_files > 0


def outbox_id(connection: sa.Connection) -> str:
    """The id of the first act."""
    return str(connection.execute(sa.select(tables.desk_action.c.id).where(tables.desk_action.c.sequence == 1)).scalar_one())


def test_residents_are_found_by_part_of_name_or_number(desk: Desk, clerk: Clerk, answers: dict[str, str]) -> None:
    register(desk, clerk, answers)
    for text in (answers["name"][:1], answers["document_number"][-4:], ""):
        assert [row.resident.name for row in residents(desk, wanted=ResidentFilter(text=text)).rows] == [answers["name"]]
        assert count_residents(desk, ResidentFilter(text=text)) == 1
    for text in ("没有这个人", "%"):
        assert not residents(desk, wanted=ResidentFilter(text=text)).rows


def test_those_who_live_in_a_dwelling_now_are_found(desk: Desk, clerk: Clerk, answers: dict[str, str]) -> None:
    resident_id = register(desk, clerk, answers)
    dwelling = resident_view(desk, resident_id).standing.dwelling
    assert dwelling is not None
    assert [row.resident.id for row in residents(desk, wanted=ResidentFilter(dwelling_id=dwelling.id)).rows] == [resident_id]
    assert not residents(desk, wanted=ResidentFilter(dwelling_id="elsewhere")).rows
    found = find_dwelling(desk, dwelling.id)
    assert found is not None
    assert found.address == answers["address"]
