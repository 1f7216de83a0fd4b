"""Search while typing over the people of a desk, beside the bare look-up of a prefix in the same encrypted file.

Run as ``python -m tests.benchmarks.search --json [--size RESIDENTS]``. Every query is typed sign by sign, as a clerk does; what a
plain LIKE over the same text finds and the search does not is counted as ``missed``.
"""

import argparse
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import date
from importlib.metadata import version
from itertools import islice
from pathlib import Path

import sqlalchemy as sa

from nbcase.demo.people import people
from nbcase.domain.readings import initials, readings
from nbcase.domain.resident import Resident
from nbcase.store import tables
from nbcase.store.desk_database import open_desk_database, reading, writing
from nbcase.store.search import catch_up, note_changed, search
from nbcase.store.search_entry import normal
from nbcase.store.shelf import Shelf

SEED = 1
TODAY = date(2026, 11, 24)
ID_KEY = bytes(32)
ASKED = 60
"""People who are looked for, each in four ways."""

BATCH = 2_000
MOST = 1_000_000
"""More hits than there are: for the comparison with LIKE nothing may be cut off."""


def measure(count: int) -> dict[str, object]:
    """Milliseconds a query over `count` invented residents with their dwellings and cases."""
    with tempfile.TemporaryDirectory() as folder:
        engine = open_desk_database(Path(folder) / "desk.db", bytes(32))
        residents = _fill(engine, count)
        typed = [text[:end] for text in _texts(residents) for end in range(1, len(text) + 1)]
        with reading(engine) as connection:
            search(connection, typed[0])
            _prefix(connection, typed[0])
            ours = [_milliseconds(lambda text=text: search(connection, text)) for text in typed]  # type: ignore[misc]
            bare = [_milliseconds(lambda text=text: _prefix(connection, text)) for text in typed]  # type: ignore[misc]
            missed = sum(_missed(connection, text) for text in _texts(residents[:5]))
        engine.dispose()
    figure, yardstick = _p99(ours), _p99(bare)
    return {
        "name": "search while typing, 99th percentile",
        "figure": round(figure, 3),
        "unit": "ms",
        "yardstick": {"name": "bare prefix look-up, 99th percentile", "figure": round(yardstick, 3)},
        "ratio": round(figure / yardstick, 2),
        "median": round(statistics.median(ours), 3),
        "worst": max(zip(ours, typed, strict=True))[1],
        "missed": missed,
        "sizes": {"residents": len(residents), "queries": len(typed)},
        "versions": {name: version(name) for name in ("sqlcipher3", "sqlalchemy")},
    }


def _fill(engine: sa.Engine, count: int) -> list[Resident]:
    residents: list[Resident] = []
    persons = iter(people(count, SEED, TODAY, ID_KEY))
    while batch := list(islice(persons, BATCH)):
        with writing(engine) as connection:
            shelf = Shelf(connection)
            records = [record for person in batch for record in person.records()]
            for record in records:
                shelf.write(record)
            note_changed(connection, records)
        residents += [person.resident for person in batch]
    catch_up(engine)
    return residents


def _texts(residents: Sequence[Resident]) -> list[str]:
    """What a clerk types for some of these people: name, pinyin, initials, the end of the number."""
    chosen = random.Random(SEED).sample(list(residents), min(ASKED, len(residents)))
    ways = [(p.name, next(iter(readings(p.name)), ""), next(iter(initials(p.name)), ""), p.document_number[-6:]) for p in chosen]
    return [text for way in ways for text in way if text]


def _prefix(connection: sa.Connection, text: str) -> object:
    key = tables.search_key.c.key
    wanted = normal(text)
    return connection.execute(sa.select(tables.search_key.c.entry).where(key >= wanted, key < wanted + "\U0010ffff").limit(20)).all()


def _missed(connection: sa.Connection, text: str) -> int:
    """Entries whose text holds what was typed, and that the search does not find."""
    entry = tables.search_entry
    holds = set(connection.execute(sa.select(entry.c.record_id).where(entry.c.text.contains(normal(text), autoescape=True))).scalars())
    return len(holds - {hit.record_id for hit in search(connection, text, MOST)})


def _milliseconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1000


def _p99(times: Sequence[float]) -> float:
    return sorted(times)[min(len(times) * 99 // 100, len(times) - 1)]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON line (the only form there is)")
    parser.add_argument("--size", type=int, default=20_000, help="residents")
    print(json.dumps(measure(parser.parse_args(arguments).size), ensure_ascii=False))


if __name__ == "__main__":
    main()
