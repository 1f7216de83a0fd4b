"""Everybody is found as completely as a scan of all entries would find them, at once after an act, and whatever broke off."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from functools import cache
from itertools import count
from pathlib import Path

import pytest
import sqlalchemy as sa

from nbcase.demo.people import people
from nbcase.domain import crashpoints
from nbcase.domain.dwelling import Dwelling
from nbcase.domain.readings import initials, readings
from nbcase.domain.resident import Resident
from nbcase.store import search as index
from nbcase.store import tables
from nbcase.store.desk_database import open_desk_database, reading, writing
from nbcase.store.records import Record
from nbcase.store.search import bring_up_to_date, catch_up, note, note_changed, search
from nbcase.store.search_entry import PADDING, normal
from nbcase.store.shelf import Shelf

ALL = 10_000
PERSON = Resident(
    id="r", document_kind="id_card", document_number="330299199001010011", name="样小一", phone="19900001234", station_code="s"
)

MakeEngine = Callable[[], sa.Engine]


@cache
def _records() -> tuple[Record, ...]:
    return tuple(record for person in people(60, 7, date(2026, 11, 24), bytes(32)) for record in person.records())


@pytest.fixture
def make_engine(tmp_path: Path) -> Iterator[MakeEngine]:
    made: list[sa.Engine] = []

    def make() -> sa.Engine:
        made.append(open_desk_database(tmp_path / f"desk-{len(made)}.db", bytes(32)))
        return made[-1]

    yield make
    for engine in made:
        engine.dispose()


def _write(engine: sa.Engine, *records: Record) -> None:
    with writing(engine) as connection:
        for record in records:
            Shelf(connection).write(record)
        note_changed(connection, records)


def _found(engine: sa.Engine, text: str) -> list[str]:
    with reading(engine) as connection:
        return [hit.record_id for hit in search(connection, text, ALL)]


def _texts(engine: sa.Engine) -> list[str]:
    with reading(engine) as connection:
        return [text.removesuffix(PADDING) for text in connection.execute(sa.select(tables.search_entry.c.text)).scalars()]


@pytest.mark.parametrize("length", [1, 2, 5])
def test_a_text_misses_nothing_that_a_scan_would_find(make_engine: MakeEngine, length: int) -> None:
    engine = make_engine()
    _write(engine, *_records())
    catch_up(engine)
    entry = tables.search_entry
    pieces = {text[start : start + length] for text in _texts(engine) for start in range(len(text) - length + 1)}
    assert len(pieces) > 30
    for piece in sorted(pieces)[:1500]:
        with reading(engine) as connection:
            wanted = sa.select(entry.c.record_id).where(entry.c.text.contains(normal(piece), autoescape=True))
            holds = set(connection.execute(wanted).scalars())
        assert holds <= set(_found(engine, piece)), piece


def test_signs_that_mean_something_to_the_index_are_only_signs(make_engine: MakeEngine) -> None:
    engine = make_engine()
    _write(engine, *_records()[:10])
    for _ in range(2):
        for text in ('"', '""', "*", "%", "_%", "A*", '"OR"', '样"', "(", "\\", "';DROP"):
            assert _found(engine, text) == [], text
        catch_up(engine)


def test_a_short_text_with_more_trigrams_than_are_looked_up_is_still_found(make_engine: MakeEngine) -> None:
    engine = make_engine()
    _write(engine, *(replace(PERSON, id=str(number), name=f"样镇{chr(0x4E00 + number)}") for number in range(500)))
    catch_up(engine)
    with writing(engine) as connection:
        connection.execute(sa.delete(tables.search_key))
    assert len(_found(engine, "样镇")) == 500


def test_who_was_just_registered_is_found_at_once_in_every_way(make_engine: MakeEngine) -> None:
    engine = make_engine()
    _write(engine, PERSON)
    ways = ("小", "样小一", "小一", readings("样小一")[0], initials("样小一")[0], "0011", "1990", "19900001234", "33029919900101")
    for is_indexed in (False, True):
        assert [_found(engine, way) for way in ways] == [["r"]] * len(ways), is_indexed
        catch_up(engine)


def test_a_new_name_counts_at_once_and_the_old_one_no_more(make_engine: MakeEngine) -> None:
    engine = make_engine()
    _write(engine, PERSON)
    catch_up(engine)
    _write(engine, replace(PERSON, name="样新名"))
    for _ in range(2):
        assert _found(engine, "样新") == ["r"]
        assert _found(engine, "样小") == []
        assert _found(engine, readings("样小一")[0]) == []
        catch_up(engine)


def test_who_lives_where_an_address_is_mended_is_found_by_the_new_one(make_engine: MakeEngine) -> None:
    engine = make_engine()
    _write(engine, *_records())
    catch_up(engine)
    dwelling = next(record for record in _records() if isinstance(record, Dwelling))
    inhabitants = [hit for hit in _found(engine, dwelling.address) if hit != dwelling.id]
    assert inhabitants
    _write(engine, replace(dwelling, address="样张路九十九号"))
    for _ in range(2):
        assert sorted(_found(engine, "样张路九十九")) == sorted([dwelling.id, *inhabitants])
        assert dwelling.id not in _found(engine, dwelling.address)
        catch_up(engine)


def test_a_draft_that_is_gone_is_found_no_more(make_engine: MakeEngine) -> None:
    engine = make_engine()
    values = {"id": "d", "clerk_id": "c", "item_code": "i", "situation_code": "s", "title": "样草", "attachments": []}
    with writing(engine) as connection:
        row = {**values, "answers": {"name": "样草"}, "saved_at": sa.func.now()}
        connection.execute(sa.insert(tables.draft).values(row))
        note(connection, [("draft", "d")])
    catch_up(engine)
    assert _found(engine, "样草") == ["d"]
    with writing(engine) as connection:
        connection.execute(sa.delete(tables.draft))
        note(connection, [("draft", "d")])
    for _ in range(2):
        assert _found(engine, "样草") == []
        catch_up(engine)


def test_an_act_writes_no_page_of_the_index(make_engine: MakeEngine) -> None:
    engine = make_engine()
    _write(engine, PERSON)
    with reading(engine) as connection:
        for table in (tables.search_entry, tables.search_key):
            assert connection.execute(sa.select(sa.func.count()).select_from(table)).scalar() == 0


def test_while_a_whole_station_waits_to_be_indexed_everything_but_pinyin_is_found(make_engine: MakeEngine) -> None:
    engine = make_engine()
    _write(engine, *_records())
    residents = [record for record in _records() if isinstance(record, Resident)]
    assert len(residents) < len(_records()) > index.MOST_FRESH
    for resident in residents:
        assert resident.id in _found(engine, resident.name[1:])
        assert resident.id in _found(engine, resident.document_number[-6:])


class _Killed(BaseException):
    """Stands for kill -9: nothing catches it."""


def _contents(engine: sa.Engine) -> tuple[Sequence[object], Sequence[object]]:
    """Entries without their numbers, and keys by what they stand for."""
    entry, key = tables.search_entry, tables.search_key
    with reading(engine) as connection:
        query = sa.select(entry.c.kind, entry.c.record_id, entry.c.title, entry.c.subtitle, entry.c.text, entry.c.key_text)
        entries = connection.execute(query.order_by(entry.c.kind, entry.c.record_id)).all()
        keyed = sa.select(entry.c.kind, entry.c.record_id, key.c.key).join(key, key.c.entry == entry.c.entry, full=True)
        keys = connection.execute(keyed.order_by(entry.c.kind, entry.c.record_id, key.c.key)).all()
    return entries, keys


def test_an_index_built_by_slices_and_killed_everywhere_is_the_one_built_step_by_step(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    straight, killed = make_engine(), make_engine()
    _write(straight, *_records())
    while bring_up_to_date(straight, 50):
        pass
    monkeypatch.setattr(index, "SLICE", 128)
    monkeypatch.setattr(index, "STEP", 40)
    monkeypatch.setattr(index, "SLICE_KEYS", 300)
    renamed = replace(next(record for record in _records() if isinstance(record, Resident)), name="样改名")
    _write(killed, *_records())
    for moment in count(1):
        if moment == 4:
            _write(killed, renamed)
        if not _dies(killed, moment):
            break
    assert moment > 6
    _write(straight, renamed)
    bring_up_to_date(straight)
    assert _contents(killed) == _contents(straight)
    assert _found(killed, "样改名") == [renamed.id]


def _dies(engine: sa.Engine, moment: int) -> bool:
    """Work off all notes, killed at the commit with this number; whether there were so many."""
    left = [moment]

    def handler(name: str) -> None:
        left[0] -= name == "desk.commit.before"
        if left[0] == 0:
            raise _Killed

    crashpoints.install(handler)
    try:
        catch_up(engine)
    except _Killed:
        return True
    finally:
        crashpoints.install(None)
    return False
