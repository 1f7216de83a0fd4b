"""Short texts are found through the index, as completely as a scan of all entries would find them."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa

from nbcase.demo.people import people
from nbcase.store import tables
from nbcase.store.desk_database import open_desk_database, reading, writing
from nbcase.store.search import PADDING, index_records, normal, search, write_entry
from nbcase.store.shelf import Shelf

ALL = 10_000


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Engine]:
    engine = open_desk_database(tmp_path_factory.mktemp("desk") / "desk.db", bytes(32))
    records = [record for person in people(60, 7, date(2026, 11, 24), bytes(32)) for record in person.records()]
    with writing(engine) as connection:
        shelf = Shelf(connection)
        for record in records:
            shelf.write(record)
        index_records(connection, records)
    yield engine
    engine.dispose()


@pytest.mark.parametrize("length", [1, 2])
def test_a_short_text_misses_nothing_that_a_scan_would_find(engine: sa.Engine, length: int) -> None:
    entry = tables.search_entry
    with reading(engine) as connection:
        texts = [text.removesuffix(PADDING) for text in connection.execute(sa.select(entry.c.text)).scalars()]
        pieces = {text[start : start + length] for text in texts for start in range(len(text) - length + 1)}
        assert len(pieces) > 100 // (3 - length)
        for piece in sorted(pieces):
            wanted = sa.select(entry.c.record_id).where(entry.c.text.contains(normal(piece), autoescape=True))
            holds = set(connection.execute(wanted).scalars())
            assert holds <= {hit.record_id for hit in search(connection, piece, ALL)}, piece


def test_signs_that_mean_something_to_the_index_are_only_signs(engine: sa.Engine) -> None:
    with reading(engine) as connection:
        for text in ('"', '""', "*", "%", "_%", "A*", '"OR"', '样"', "(", "\\", "';DROP"):
            assert search(connection, text, ALL) == [], text


def test_a_short_text_with_more_trigrams_than_are_looked_up_is_still_found(tmp_path: Path) -> None:
    engine = open_desk_database(tmp_path / "desk.db", bytes(32))
    with writing(engine) as connection:
        for number in range(500):
            sign = chr(0x4E00 + number)
            write_entry(connection, "draft", str(number), title=sign, subtitle="", text=f"样镇{sign}", keys=())
        assert len(search(connection, "样镇", ALL)) == 500
    engine.dispose()
