"""The centre's records written on a desk."""

from collections.abc import Iterator
from dataclasses import replace
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


def test_a_kind_of_record_that_this_program_does_not_know_is_told_and_not_dropped(engine: sa.Engine) -> None:
    with pytest.raises(UserError, match="请升级本机程序"):
        _apply(engine, _row(PERSON), _row(replace(PERSON, id="q"), "lease"))
    with reading(engine) as connection:
        assert Shelf(connection).find(Resident) == []
