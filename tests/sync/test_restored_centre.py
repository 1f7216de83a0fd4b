"""A centre restored from a backup, and desks that come back to it in the wrong order: who builds on another's work waits for it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from nbcase.domain.action import action_hash, canonical
from nbcase.domain.clock import SetClock
from nbcase.domain.conflict import FieldConflict
from nbcase.domain.resident import Resident
from nbcase.operations.holding import HELD_AT_MOST
from nbcase.store import tables
from nbcase.store.centre_database import transaction
from tests.parts.centres import RunningCentre
from tests.parts.desks import MakeDesk, WorkingDesk

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW)


def forget(centre: RunningCentre, *, keeping: dict[str, object] | None = None) -> None:
    """The centre as an older backup has it: no act of any desk, and of every resident nothing, or these values at version 1."""
    with transaction(centre.centre.engine) as connection:
        for table in (tables.centre_action, tables.change_feed, tables.CENTRE_RECORDS["conflict"]):
            connection.execute(sa.delete(table))
        resident = tables.CENTRE_RECORDS["resident"]
        connection.execute(sa.update(resident).values(version=1, **keeping) if keeping else sa.delete(resident))
        connection.execute(sa.update(tables.desk).values(tree_count=0, tree_peaks=[]))


def phone(centre: RunningCentre, person: Resident) -> str:
    with transaction(centre.centre.engine) as connection:
        resident = tables.CENTRE_RECORDS["resident"]
        return str(connection.execute(sa.select(resident.c.phone).where(resident.c.id == person.id)).scalar_one())


def two_desks(make_desk: MakeDesk, clock: SetClock) -> tuple[WorkingDesk, WorkingDesk, Resident]:
    """The first made a person, the second changed the telephone."""
    maker, changer = make_desk("li", clock=clock), make_desk("qian", clock=clock)
    person = maker.resident(phone="13900000000")
    maker.act(person)
    assert maker.sync().problem is None
    assert changer.sync().problem is None
    changer.change(person, phone="13911111111")
    assert changer.sync().is_equal
    return maker, changer, person


def test_a_change_waits_until_the_desk_that_made_its_record_has_sent_again(
    centre: RunningCentre, make_desk: MakeDesk, clock: SetClock
) -> None:
    maker, changer, person = two_desks(make_desk, clock)
    forget(centre)
    later = changer.act(changer.resident())
    status = changer.sync()
    assert (status.waiting, status.quarantined, status.is_online) == (2, 0, True)
    assert status.problem is not None
    assert status.problem.what == "第 1 号操作要等另一台电脑：中心还原过，它接着的记录那边还没有重传。"
    assert "等到 10:00" in status.problem.do
    assert maker.sync().problem is None
    status = changer.sync()
    assert (status.waiting, status.quarantined, status.conflicts, status.problem) == (0, 0, 0, None)
    assert status.is_equal
    assert phone(centre, person) == "13911111111"
    assert later.sequence == 2


def test_a_change_of_a_value_that_is_not_back_yet_waits_instead_of_becoming_a_conflict(
    centre: RunningCentre, make_desk: MakeDesk, clock: SetClock
) -> None:
    maker, changer, person = two_desks(make_desk, clock)
    maker.sync()
    maker.change(person, phone="13922222222")
    maker.sync()
    forget(centre, keeping={"phone": "13900000000"})
    status = maker.sync()
    assert (status.waiting, status.conflicts) == (1, 0), "its second act builds on the other desk's telephone"
    changer.sync()
    assert maker.sync().problem is None
    assert phone(centre, person) == "13922222222"
    with transaction(centre.centre.engine) as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(tables.CENTRE_RECORDS["conflict"])).scalar_one() == 0
    assert maker.get(FieldConflict, "") is None


def test_what_can_be_laid_on_the_older_record_does_not_wait(centre: RunningCentre, make_desk: MakeDesk, clock: SetClock) -> None:
    _maker, changer, person = two_desks(make_desk, clock)
    changer.sync()
    changer.change(person, name="样改")
    changer.sync()
    forget(centre, keeping={"phone": "13900000000", "name": "样一"})
    assert changer.sync().problem is None


def test_after_an_hour_it_is_taken_as_it_is_and_the_acts_behind_it_do_not_wait_another_one(
    centre: RunningCentre, make_desk: MakeDesk, clock: SetClock
) -> None:
    _maker, changer, person = two_desks(make_desk, clock)
    changer.sync()
    changer.change(person, phone="13933333333")
    changer.sync()
    forget(centre)
    assert changer.sync().waiting == 2
    clock.at = clock.at + HELD_AT_MOST - timedelta(minutes=1)
    assert changer.sync().waiting == 2
    clock.at += timedelta(minutes=2)
    status = changer.sync()
    assert (status.waiting, status.quarantined, status.problem) == (0, 2, None)


def test_a_repeat_whose_content_was_changed_is_found_and_nothing_at_the_centre_is_overwritten(
    centre: RunningCentre, make_desk: MakeDesk
) -> None:
    desk = make_desk("li")
    person = desk.resident(phone="13900000000")
    act = desk.act(person)
    desk.sync()
    (change,) = act.changes
    forged = replace(act, changes=(replace(change, fields={**change.fields, "phone": (None, "13999999999")}),))
    same_hash = desk.client.push([canonical(forged)])
    assert same_hash.answers == []
    assert same_hash.refused is not None
    assert "与校验值不符" in same_hash.refused.what
    own_hash = desk.client.push([canonical(replace(forged, hash=action_hash(forged)))])
    assert own_hash.answers == []
    assert own_hash.refused is not None
    assert "与中心已有的内容不同" in own_hash.refused.what
    assert phone(centre, person) == "13900000000"
    with transaction(centre.centre.engine) as connection:
        (body,) = connection.execute(sa.select(tables.centre_action.c.body)).scalars()
    assert bytes(body) == canonical(act)
