"""A desk that was set back to an older state of its database: nothing is lost on either side, no number comes twice unnoticed."""

import shutil
from pathlib import Path

import pytest
import sqlalchemy as sa

from nbcase.domain.resident import Resident
from nbcase.store import own_history, tables
from nbcase.store.desk_database import reading
from nbcase.store.shelf import Shelf
from tests.parts.centres import RunningCentre
from tests.parts.desks import MakeDesk, WorkingDesk


def chain(desk: WorkingDesk) -> list[tuple[int, str, str | None]]:
    """Sequence, hash and outcome of every act of the desk."""
    with reading(desk.engine) as connection:
        query = sa.select(tables.desk_action.c.sequence, tables.desk_action.c.hash, tables.outbox.c.outcome)
        joined = query.join(tables.outbox, tables.outbox.c.sequence == tables.desk_action.c.sequence)
        return [tuple(row) for row in connection.execute(joined.order_by(tables.desk_action.c.sequence))]


def at_centre(centre: RunningCentre, desk: WorkingDesk) -> list[str]:
    """Hashes of the desk's acts at the centre, in order."""
    action = tables.centre_action
    with centre.centre.engine.begin() as connection:
        query = sa.select(action.c.hash).where(action.c.desk_id == desk.enrolment.identity.desk_id).order_by(action.c.sequence)
        return list(connection.execute(query).scalars())


def image_of(desk: WorkingDesk, target: Path) -> None:
    """A copy of the database as it is now."""
    with desk.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy2(desk.folder / "desk.db", target)


def restore(desk: WorkingDesk, image: Path) -> None:
    """The computer comes back with its old disk."""
    desk.engine.dispose()
    for leftover in desk.folder.glob("desk.db*"):
        leftover.unlink()
    shutil.copy2(image, desk.folder / "desk.db")


@pytest.mark.parametrize("acts_since", [0, 1, 3, 7])
def test_a_desk_set_back_takes_its_acts_back_and_sends_what_it_did_since(
    centre: RunningCentre, make_desk: MakeDesk, tmp_path: Path, acts_since: int
) -> None:
    desk = make_desk("li")
    people = [desk.resident(f"样{place}") for place in range(12)]
    for person in people[:2]:
        desk.act(person)
    desk.sync()
    image_of(desk, tmp_path / "image")
    for person in people[2:5]:
        desk.act(person)
    assert desk.sync().problem is None
    restore(desk, tmp_path / "image")
    for person in people[5 : 5 + acts_since]:
        desk.act(person)
    status = desk.sync()
    assert (status.problem, status.waiting, status.is_equal) == (None, 0, True)
    assert [entry[1] for entry in chain(desk)] == at_centre(centre, desk)
    assert [entry[0] for entry in chain(desk)] == list(range(1, 6 + acts_since))
    assert {outcome for _, _, outcome in chain(desk)} == {"accepted"}
    with centre.centre.engine.begin() as connection:
        assert {person.id for person in Shelf(connection).find(Resident)} == {person.id for person in people[: 5 + acts_since]}
    for person in people[: 5 + acts_since]:
        assert desk.get(Resident, person.id) is not None


def test_an_answer_that_was_lost_is_no_old_desk(centre: RunningCentre, make_desk: MakeDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = make_desk("li")
    desk.act(desk.resident())
    desk.sync()
    with desk.engine.begin() as connection:
        connection.execute(sa.update(tables.outbox).values(outcome=None, versions=None))
    monkeypatch.setattr(own_history, "take_back", None)
    assert desk.sync().is_equal


@pytest.mark.parametrize("lost", [3, 5])
def test_a_desk_that_lost_its_log_but_not_its_last_acts_gets_the_log_back(centre: RunningCentre, make_desk: MakeDesk, lost: int) -> None:
    desk = make_desk("li")
    for _ in range(5):
        desk.act(desk.resident())
    desk.sync()
    desk.act(desk.resident())
    with desk.engine.begin() as connection:
        connection.execute(sa.delete(tables.desk_action).where(tables.desk_action.c.sequence <= lost))
        connection.execute(sa.delete(tables.outbox).where(tables.outbox.c.sequence <= lost))
    status = desk.sync()
    assert (status.problem, status.waiting, status.is_equal, status.confirmed) == (None, 0, True, 6)
    assert [entry[1] for entry in chain(desk)] == at_centre(centre, desk)


def test_numbers_that_were_given_out_before_and_after_are_named_and_never_again(make_desk: MakeDesk, tmp_path: Path) -> None:
    desk = make_desk("li")
    image_of(desk, tmp_path / "image")
    desk.accept("JS-26-0000001")
    desk.accept("JS-26-0000002")
    desk.sync()
    restore(desk, tmp_path / "image")
    desk.accept("JS-26-0000001")
    problem = desk.sync().problem
    assert problem is not None
    assert "JS-26-0000001 发了两次" in problem.what
    assert desk.sync().is_equal
    with reading(desk.engine) as connection:
        (following,) = connection.execute(sa.select(tables.number_block.c.next)).scalars()
    assert following == 3


def test_an_act_that_was_sent_from_behind_is_not_there_twice_when_an_image_from_before_comes_back(
    centre: RunningCentre, make_desk: MakeDesk, tmp_path: Path
) -> None:
    desk = make_desk("li")
    desk.act(desk.resident())
    desk.sync()
    image_of(desk, tmp_path / "first")
    for _ in range(3):
        desk.act(desk.resident())
    desk.sync()
    restore(desk, tmp_path / "first")
    desk.act(desk.resident())
    image_of(desk, tmp_path / "second")
    desk.sync()
    assert len(at_centre(centre, desk)) == 5
    restore(desk, tmp_path / "second")
    desk.act(desk.resident())
    status = desk.sync()
    assert (status.problem, status.waiting, status.is_equal) == (None, 0, True)
    assert [entry[1] for entry in chain(desk)] == at_centre(centre, desk)
    assert len(at_centre(centre, desk)) == 6
