"""The short way past SQLAlchemy writes and reads the very rows that the long way does."""

from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest

from nbcase.demo.people import people
from nbcase.domain.case import Case, CaseState
from nbcase.domain.conflict import FieldConflict
from nbcase.domain.document import Document
from nbcase.domain.resident import Resident
from nbcase.store.desk_database import driver_cursor, open_desk_database, writing
from nbcase.store.records import TYPE_NAMES, Record
from nbcase.store.row_format import instant_text, row_format
from nbcase.store.shelf import Shelf

AT = datetime(2026, 11, 24, 8, 21, 0, 7, tzinfo=UTC)
CONFLICT = FieldConflict(
    id="f",
    action_id="a",
    subject_type="resident",
    subject_id="r",
    field="phone",
    theirs={"b": [1, None], "a": "样"},
    yours="样",
    yours_by="li",
    found_at=AT,
    stations=("s", "t"),
    station_code="s",
)
PAPER = Document(
    id="d",
    case_id="c",
    resident_id="r",
    kind_code="k",
    number="n",
    content_hash="0" * 64,
    made_at=AT,
    made_by="li",
    is_provisional=True,
    station_code="s",
)
RECORDS: list[Record] = [record for person in people(40, 3, date(2026, 11, 24), b"k" * 32) for record in person.records()]
RECORDS += [CONFLICT, PAPER]


def by_type(kind: type[Record]) -> Record:
    return next(record for record in RECORDS if type(record) is kind)


@pytest.mark.parametrize("kind", sorted({type(record) for record in RECORDS}, key=lambda kind: kind.__name__))
def test_both_ways_write_the_same_row_and_read_the_same_record(tmp_path: Path, kind: type[Record]) -> None:
    engine = open_desk_database(tmp_path / "desk.db", b"k" * 32)
    record, form = by_type(kind), row_format(kind)
    with writing(engine) as connection:
        shelf, cursor = Shelf(connection), driver_cursor(connection)
        text = f'SELECT * FROM "{TYPE_NAMES[kind]}" WHERE id = ?'
        shelf.write(record)
        long = cursor.execute(text, (record.id,)).fetchone()
        cursor.execute(f'DELETE FROM "{TYPE_NAMES[kind]}"')
        cursor.execute(form.upsert, form.row(record))
        assert cursor.execute(text, (record.id,)).fetchone() == long
        assert form.record(cursor.execute(form.select, (record.id,)).fetchone()) == record == shelf.get(kind, record.id)
    engine.dispose()


def test_an_instant_of_any_zone_is_kept_in_utc_with_microseconds() -> None:
    at = datetime(2026, 11, 24, 16, 21, tzinfo=timezone(timedelta(hours=8)))
    assert instant_text(at) == "2026-11-24 08:21:00.000000"
    case = Case(
        id="c",
        number="JS-26-0000001",
        item_code="i",
        situation_code="s",
        resident_id="r",
        applicant_name="样一",
        state=CaseState.DECIDED,
        step_code="accept",
        accepted_at=at,
        accepted_by="li",
        station_code="s",
    )
    form = row_format(Case)
    row = form.row(case)
    assert form.record(row).accepted_at == at.astimezone(UTC)


def test_a_second_write_replaces_the_row(tmp_path: Path) -> None:
    engine = open_desk_database(tmp_path / "desk.db", b"k" * 32)
    form = row_format(Resident)
    first = Resident(id="r", document_kind="id_card", document_number="330299199001010011", name="样一", station_code="s")
    second = Resident(id="r", document_kind="id_card", document_number="330299199001010011", name="样二", station_code="s", version=3)
    with writing(engine) as connection:
        cursor = driver_cursor(connection)
        cursor.execute(form.upsert, form.row(first))
        cursor.execute(form.upsert, form.row(second))
        assert Shelf(connection).get(Resident, "r") == second
    engine.dispose()
