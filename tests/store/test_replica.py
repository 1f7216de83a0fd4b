"""The centre's records written on a desk."""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa

from nbcase.domain.errors import UserError
from nbcase.domain.resident import Resident
from nbcase.store.desk_database import open_desk_database, reading, writing
from nbcase.store.feed import FeedRow
from nbcase.store.records import Record
from nbcase.store.replica import apply_feed
from nbcase.store.search import search
from nbcase.store.shelf import Shelf

PERSON = Resident(id="r", version=1, document_kind="id_card", document_number="330299199001010011", name="样一", station_code="s")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    engine = open_desk_database(tmp_path / "desk.db", b"k" * 32)
    yield engine
    engine.dispose()


def _row(record: Record, record_type: str = "resident") -> FeedRow:
    return FeedRow(record_type=record_type, record_id=record.id, version=record.version, body=msgspec.Raw(msgspec.json.encode(record)))


def _apply(engine: sa.Engine, *rows: FeedRow) -> int:
    with writing(engine) as connection:
        return apply_feed(connection, rows)


def test_an_older_version_that_comes_later_is_passed_over(engine: sa.Engine) -> None:
    newer = replace(PERSON, version=3, phone="3")
    assert _apply(engine, _row(newer), _row(replace(PERSON, version=2, phone="2"))) == 1
    assert _apply(engine, _row(PERSON)) == 0
    with reading(engine) as connection:
        assert Shelf(connection).need(Resident, "r") == newer


def test_a_page_that_comes_twice_changes_nothing_and_a_new_name_is_found_instead_of_the_old(engine: sa.Engine) -> None:
    _apply(engine, _row(PERSON))
    _apply(engine, _row(PERSON))
    renamed = replace(PERSON, version=2, name="样新名")
    _apply(engine, _row(renamed))
    with reading(engine) as connection:
        assert [hit.record_id for hit in search(connection, "样新")] == ["r"]
        assert search(connection, "样一") == []


def test_changed_columns_alone_leave_the_same_rows_and_indexes_as_whole_rows_do(engine: sa.Engine, tmp_path: Path) -> None:
    """A load writes whole rows, a pull what differs: a thousand rows in random versions come out alike."""
    whole = open_desk_database(tmp_path / "whole.db", b"k" * 32)
    chance = random.Random(20261124)
    for _ in range(25):
        rows = [_row(_random_person(chance)) for _ in range(40)]
        with writing(whole) as connection:
            written = apply_feed(connection, rows, notes=False)
        assert _apply(engine, *rows) <= written
    shown = []
    for one in (engine, whole):
        with reading(one) as connection:
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
            by_phone = "SELECT phone, id FROM resident INDEXED BY ix_resident_phone WHERE phone > '' ORDER BY phone, id"
            shown.append(
                (connection.exec_driver_sql("SELECT * FROM resident ORDER BY id").all(), connection.exec_driver_sql(by_phone).all())
            )
    whole.dispose()
    assert shown[0] == shown[1]
    assert len(shown[0][0]) == 30


def _random_person(chance: random.Random) -> Resident:
    """One of thirty in one of fifty versions; the same version is always the same person."""
    number, version = chance.randrange(30), chance.randrange(1, 50)
    again = random.Random(number * 1000 + version)
    return replace(
        PERSON,
        id=f"r-{number}",
        version=version,
        name=again.choice(("样一", "样二")),
        phone=again.choice((None, "19900000001", "19900000002")),
        birth_on=again.choice((None, date(1990, 1, 1))),
    )


def test_a_kind_of_record_that_this_program_does_not_know_is_told_and_not_dropped(engine: sa.Engine) -> None:
    with pytest.raises(UserError, match="请升级本机程序"):
        _apply(engine, _row(PERSON), _row(replace(PERSON, id="q"), "lease"))
    with reading(engine) as connection:
        assert Shelf(connection).find(Resident) == []
