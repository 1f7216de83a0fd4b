"""Receipt numbers over the line: what a desk holds, what it must give up, what a rescued desk must not begin again."""

from pathlib import Path

import sqlalchemy as sa

from nbcase.operations.enrol import USED_NUMBERS, keep_blocks
from nbcase.operations.messages import Block
from nbcase.server.centre import Centre
from nbcase.store.desk_database import reading, writing
from nbcase.store.desk_work import set_state
from nbcase.store.tables import number_block, number_lease
from tests.parts.centres import RunningCentre
from tests.parts.desks import MakeDesk, WorkingDesk

Held = list[tuple[int, int, int]]


def held(desk: WorkingDesk) -> Held:
    """First, last and next number of every block of the desk."""
    with reading(desk.engine) as connection:
        rows = connection.execute(sa.select(number_block).order_by(number_block.c.first)).all()
    return [(row.first, row.last, row.next) for row in rows]


def leases(centre: Centre) -> list[tuple[int, int, str]]:
    """First and last number of every lease at the centre, with its desk."""
    with centre.engine.begin() as connection:
        rows = connection.execute(sa.select(number_lease).order_by(number_lease.c.first)).all()
    return [(row.first, row.last, row.desk_id) for row in rows]


def forget_leases(centre: Centre) -> None:
    """The database as it was before any lease."""
    with centre.engine.begin() as connection:
        connection.execute(sa.delete(number_lease))


def test_a_restored_centre_learns_from_its_desks_which_blocks_they_hold(centre: RunningCentre, make_desk: MakeDesk) -> None:
    first, second = make_desk("li"), make_desk("qian")
    before = leases(centre.centre)
    forget_leases(centre.centre)
    assert first.sync().problem is None
    assert second.sync().problem is None
    assert leases(centre.centre) == before
    assert [(start, end) for start, end, _ in held(first) + held(second)] == [(1, 500), (501, 1000)]


def test_a_desk_stops_using_a_block_that_a_restored_centre_gave_to_another(
    centre: RunningCentre, make_desk: MakeDesk, tmp_path: Path
) -> None:
    first = make_desk("li")
    forget_leases(centre.centre)
    (tmp_path / "centre" / "leases.json").unlink()
    second = make_desk("qian")
    assert held(second) == [(1, 500, 1)]
    assert first.sync().problem is None
    assert held(first) == [(501, 1000, 501)]
    for _ in range(3):
        assert first.sync().problem is None
    assert held(first) == [(501, 1000, 501)]
    assert second.sync().problem is None
    assert held(second) == [(1, 500, 1)]


def test_a_desk_with_a_new_database_gets_new_numbers_only(centre: RunningCentre, make_desk: MakeDesk) -> None:
    desk = make_desk("li")
    desk.sync()
    with writing(desk.engine) as connection:
        connection.execute(sa.delete(number_block))
    desk.sync()
    assert held(desk) == [(501, 1000, 501)]


def test_rescued_acts_keep_their_numbers_out_of_a_block_whose_answer_comes_again(make_desk: MakeDesk) -> None:
    desk = make_desk("li")
    prefix = desk.enrolment.identity.prefix
    with writing(desk.engine) as connection:
        connection.execute(sa.delete(number_block))
        set_state(connection, USED_NUMBERS, {prefix: 37})
        keep_blocks(connection, [Block(series=prefix, first=1, last=30), Block(series=prefix, first=31, last=60)])
    assert held(desk) == [(1, 30, 31), (31, 60, 38)]
