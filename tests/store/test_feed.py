"""The change feed under writers that commit late and out of order."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest
import sqlalchemy as sa

from nbcase.domain.clerk import Station
from nbcase.domain.errors import UserError
from nbcase.store.centre_database import open_centre_database
from nbcase.store.feed import NEW_ROW, START, NewRow, adopt_feed, append, parse_cursor, read_page
from nbcase.store.people import add_people
from nbcase.store.tables import change_feed

STATION = "3302120010"


@pytest.fixture
def engine(centre_database: str) -> Iterator[sa.Engine]:
    engine = open_centre_database(centre_database, pool_size=12)
    yield engine
    engine.dispose()


def _row(name: str, station_code: str | None = STATION) -> NewRow:
    return station_code, "d", "resident", name, 1, b"{}"


def _read(engine: sa.Engine, cursor: str, limit: int = 500) -> tuple[list[str], str]:
    with engine.begin() as connection:
        page = read_page(connection, STATION, cursor, limit)
    return [row.record_id for row in page.rows], page.cursor


def _read_naively(engine: sa.Engine, position: int) -> tuple[list[str], int]:
    """What a reader would do who trusts positions: the mistake that the cursor is made to avoid."""
    with engine.begin() as connection:
        rows = connection.execute(sa.select(change_feed).where(change_feed.c.position > position).order_by(change_feed.c.position)).all()
    return [row.record_id for row in rows], max((row.position for row in rows), default=position)


def test_a_row_that_is_committed_late_is_not_passed_over(engine: sa.Engine) -> None:
    with engine.connect() as slow, engine.connect() as fast, slow.begin() as slow_transaction:
        append(slow, [_row("early")])
        with fast.begin():
            append(fast, [_row("late")])
        naive, position = _read_naively(engine, 0)
        seen, cursor = _read(engine, START)
        assert naive == ["late"]
        assert seen == []
        slow_transaction.commit()
    assert _read_naively(engine, position)[0] == [], "the naive reader has lost a row"
    assert _read(engine, cursor)[0] == ["early", "late"]


def test_nothing_is_skipped_or_doubled_with_eight_writers_who_hold_transactions_open(engine: sa.Engine) -> None:
    writers, rounds = 8, 25
    start, has_ended = Barrier(writers + 1), Event()

    def write(writer: int) -> None:
        chance = random.Random(writer)
        start.wait()
        for turn in range(rounds):
            with engine.begin() as connection:
                for part in range(3):
                    append(connection, [_row(f"{writer}-{turn}-{part}")])
                    connection.execute(sa.text("SELECT pg_sleep(:s)"), {"s": chance.random() * 0.004})

    def read() -> list[str]:
        seen: list[str] = []
        cursor = START
        start.wait()
        while True:
            was_over = has_ended.is_set()
            names, cursor = _read(engine, cursor, limit=17)
            seen += names
            if was_over and not names:
                return seen

    with ThreadPoolExecutor(writers + 1) as pool:
        reader = pool.submit(read)
        for writing in [pool.submit(write, number) for number in range(writers)]:
            writing.result()
        has_ended.set()
        seen = reader.result()
    assert len(seen) == len(set(seen))
    assert set(seen) == {f"{writer}-{turn}-{part}" for writer in range(writers) for turn in range(rounds) for part in range(3)}


def test_a_station_sees_its_own_rows_and_those_for_everybody_in_order(engine: sa.Engine) -> None:
    for name, station_code in (("a", STATION), ("b", "other"), ("c", None), ("d", STATION)):
        with engine.begin() as connection:
            append(connection, [_row(name, station_code)])
    first, cursor = _read(engine, START, limit=2)
    rest, _ = _read(engine, cursor, limit=2)
    assert (first, rest) == (["a", "c"], ["d"])


def _written(engine: sa.Engine, *names: str) -> None:
    for name in names:
        with engine.begin() as connection:
            append(connection, [_row(name)])


def _is_reset(engine: sa.Engine, cursor: str) -> bool:
    with engine.begin() as connection:
        page = read_page(connection, STATION, cursor)
    assert not page.reset or (page.rows, page.cursor, page.has_more) == ([], START, True)
    return page.reset


def test_a_reader_whose_row_is_gone_after_a_restore_begins_anew(engine: sa.Engine) -> None:
    _written(engine, "a", "b", "lost")
    _, cursor = _read(engine, START)
    assert not _is_reset(engine, cursor)
    with engine.begin() as connection:
        connection.execute(sa.delete(change_feed).where(change_feed.c.record_id == "lost"))
    assert _is_reset(engine, cursor)
    assert _read(engine, START)[0] == ["a", "b"]


def test_a_reader_on_whose_place_the_same_change_was_written_again_after_a_restore_begins_anew(engine: sa.Engine) -> None:
    _written(engine, "a")
    _, cursor = _read(engine, START)
    place = parse_cursor(cursor)
    with engine.begin() as connection:
        connection.execute(sa.delete(change_feed))
        again = {**dict(zip(NEW_ROW, _row("a"), strict=True)), "xid": place.transaction, "position": place.position}
        columns = ", ".join(again)
        statement = f"INSERT INTO change_feed ({columns}) OVERRIDING SYSTEM VALUE VALUES (:{', :'.join(again)})"
        connection.execute(sa.text(statement), again)
    assert _is_reset(engine, cursor)


def test_rows_of_another_cluster_are_adopted_once_and_new_ones_come_after_them(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        add_people(connection, [], [Station(code=STATION, name="样站", prefix="YZ", division_code="330212")])
    _written(engine, "a", "b")
    _, old = _read(engine, START)
    with engine.begin() as connection:
        assert not adopt_feed(connection)
        connection.execute(sa.update(change_feed).values(xid=change_feed.c.xid + 10**9))
    _written(engine, "c")
    assert _read(engine, START)[0] == ["c"], "what the yardstick of this test is: rows hidden by their numbers"
    with engine.begin() as connection:
        assert adopt_feed(connection)
        assert not adopt_feed(connection)
    assert _is_reset(engine, old)
    names, cursor = _read(engine, START)
    assert names == ["a", "b", "c"]
    _written(engine, "d")
    assert _read(engine, cursor)[0] == ["d"]


@pytest.mark.parametrize("cursor", ["", "1.1", "1.1.", ".1.1", "1.1.x", "-1.2.3", "1.2.3.4", "９.1.1", "9" * 50 + ".1.1"])
def test_a_cursor_that_is_none_is_refused(cursor: str) -> None:
    with pytest.raises(UserError, match="更新位置"):
        parse_cursor(cursor)
