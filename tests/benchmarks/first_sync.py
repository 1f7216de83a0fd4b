"""A new desk of a large station: how long until everything is here, and what a clerk can do meanwhile.

Run as ``python -m tests.benchmarks.first_sync --residents 50000 --json``. The centre is a process of its own on a PostgreSQL that syncs to
disk; the station's people are what `nbcase demo-data` invents. While the desk fetches, a clerk registers somebody every half
second and looks the person up. The yardstick is the bare copy: the same rows, with statements made by hand, into the same kind of file.
"""

import argparse
import json
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from importlib.metadata import version
from pathlib import Path

import sqlalchemy as sa

from nbcase.demo.people import people
from nbcase.domain.clock import SystemClock
from nbcase.server.centre import open_centre
from nbcase.server.embedded import embedded_postgres
from nbcase.store.centre_work import load_records
from nbcase.store.desk_database import open_desk_database, reading, writing
from nbcase.store.search import search
from nbcase.store.station_load import present_load
from nbcase.store.tables import DESK_RECORDS
from nbcase.sync.pull import index_rest, pull_changes
from tests.benchmarks.sync import centre_process
from tests.parts.centres import STATIONS, RunningCentre, seed_people
from tests.parts.desks import WorkingDesk, open_desk

PAUSE_S = 0.5


class ClerkMeanwhile(threading.Thread):
    """Registers and looks up while the desk fetches; notes the slowest of each."""

    def __init__(self, desk: WorkingDesk) -> None:
        super().__init__(daemon=True)
        self._desk = desk
        self.is_over = threading.Event()
        self.act_s: list[float] = []
        self.search_s: list[float] = []
        self.not_found = 0
        self.seen_loading = False

    def run(self) -> None:
        """Until it is over."""
        while not self.is_over.wait(PAUSE_S):
            person = self._desk.resident("样办理中")
            began = time.perf_counter()
            self._desk.act(person)
            self.act_s.append(time.perf_counter() - began)
            began = time.perf_counter()
            with reading(self._desk.engine) as connection:
                found = search(connection, person.document_number)
                self.seen_loading = self.seen_loading or present_load(connection) is not None
            self.search_s.append(time.perf_counter() - began)
            self.not_found += person.id not in {hit.record_id for hit in found}


def measure(residents: int) -> dict[str, object]:
    """Fetch once, beside the bare copy of the same rows."""
    with tempfile.TemporaryDirectory() as name, embedded_postgres(Path(name) / "postgres") as url:
        folder = Path(name)
        records = _fill(url, folder, residents)
        with centre_process(url, folder / "centre") as address:
            centre = open_centre(url, folder / "centre")
            desk = open_desk(RunningCentre(centre, None, address, SystemClock()), folder / "desk", "li", SystemClock())  # type: ignore[arg-type]
            clerk = ClerkMeanwhile(desk)
            clerk.start()
            began = time.perf_counter()
            pull_changes(desk.engine, desk.client)
            rows_s = time.perf_counter() - began
            index_rest(desk.engine)
            all_s = time.perf_counter() - began
            clerk.is_over.set()
            clerk.join()
            with reading(desk.engine) as connection:
                counts = (sa.select(sa.func.count()).select_from(table) for table in DESK_RECORDS.values())
                here = sum(connection.execute(count).scalar_one() for count in counts)
            bare_s = _bare_copy(desk, folder / "bare.db")
            desk.sealed_log.close()
            desk.engine.dispose()
            desk.client.close()
            centre.close()
    missing = records - (here - len(clerk.act_s))
    return {
        "name": "first sync of a station",
        "figure": round(all_s, 1),
        "unit": "s",
        "yardstick": {"name": "bare copy of the same rows, no index of names", "figure": round(bare_s, 1)},
        "ratio": round(all_s / bare_s, 2),
        "rows_in_s": round(rows_s, 1),
        "missing": missing,
        "acts_meanwhile": len(clerk.act_s),
        "slowest_act_ms": round(max(clerk.act_s, default=0.0) * 1000),
        "slowest_search_ms": round(max(clerk.search_s, default=0.0) * 1000),
        "not_found": clerk.not_found,
        "progress_shown": clerk.seen_loading,
        "sizes": {"residents": residents, "records": records},
        "versions": {package: version(package) for package in ("psycopg", "sqlcipher3", "sqlalchemy", "uvicorn")},
    }


def _fill(url: str, folder: Path, residents: int) -> int:
    """A centre whose people all live at the first station; how many records."""
    centre = open_centre(url, folder / "centre")
    seed_people(centre)
    found = {}
    for person in people(residents, 1, date(2026, 11, 24), centre.id_key):
        for record in person.records():
            found[record.id] = replace(record, station_code=STATIONS[0].code)
    with centre.engine.begin() as connection:
        load_records(connection, list(found.values()))
    centre.close()
    return len(found)


def _bare_copy(desk: WorkingDesk, target: Path) -> float:
    """Every row of the desk's records into an empty encrypted file of the same schema, in one statement a table and page."""
    engine = open_desk_database(target, bytes(32))
    seconds = 0.0
    for name, table in DESK_RECORDS.items():
        with desk.engine.connect() as source:
            rows = source.connection.driver_connection.execute(f'SELECT * FROM "{name}"').fetchall()
        marks = ", ".join("?" * len(table.c))
        began = time.perf_counter()
        for first in range(0, len(rows), 1000):
            with writing(engine) as connection:
                connection.connection.driver_connection.executemany(f'INSERT INTO "{name}" VALUES ({marks})', rows[first : first + 1000])
        seconds += time.perf_counter() - began
    engine.dispose()
    return seconds


def main(words: Sequence[str] | None = None) -> None:
    """Measure and print one JSON line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--residents", type=int, default=50_000)
    parser.add_argument("--size", type=int, help="hundreds of residents, for a quick look")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args(words)
    result = measure(arguments.size * 100 if arguments.size else arguments.residents)
    print(json.dumps(result, ensure_ascii=False) if arguments.json else "\n".join(f"{key}: {value}" for key, value in result.items()))


if __name__ == "__main__":
    main()
