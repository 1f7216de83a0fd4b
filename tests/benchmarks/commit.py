"""One action committed on the desk and sealed in the log, beside a bare SQLCipher commit of two tables and an outbox row.

Run as ``python -m tests.benchmarks.commit --json [--size COMMITS]``. Both write into files on the same disk, in turn.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import sqlcipher3.dbapi2 as sqlcipher

from nbcase.crypto.keys import SigningKey
from nbcase.crypto.sealed_file import SegmentSeal
from nbcase.crypto.sealing import sealing_public_key
from nbcase.domain.case import Case, CaseState
from nbcase.domain.clerk import Clerk, Role
from nbcase.domain.resident import Resident
from nbcase.store import tables
from nbcase.store.desk_database import open_desk_database, writing
from nbcase.store.desk_work import SEALED_LOG, DeskIdentity, desk_work, keep_sealed_log
from nbcase.store.sealed_log import FOLDER, SealedLog

NOW = datetime(2026, 11, 24, 8, 21, tzinfo=UTC)
CLERK = Clerk(id="clerk", login="chen", name="陈砚秋", role=Role.CLERK, station_code="s", salt="", public_key="")
IDENTITY = DeskIdentity(desk_id="desk", station_code="s", prefix="LT", window="2 号窗", id_key=b"k" * 32)


def measure(commits: int) -> dict[str, object]:
    """Medians in milliseconds of `commits` acts of each kind."""
    with tempfile.TemporaryDirectory() as folder:
        engine = open_desk_database(Path(folder) / "desk.db", bytes(32))
        with writing(engine) as connection:
            connection.execute(sa.insert(tables.number_block).values(series="LT", first=1, last=10**7, next=1))
        log = _sealed_log(Path(folder))
        keep_sealed_log(engine, log)
        bare = _bare(Path(folder) / "bare.db")
        _in_turn(20, lambda n: _act(engine, n + 10**6), lambda n: _bare_act(bare, n + 10**6))
        ours, yardsticks = _in_turn(commits, lambda n: _act(engine, n), lambda n: _bare_act(bare, n))
        unsealed, _ = _unsealed(engine, commits, bare)
        bare.close()
        log.close()
        engine.dispose()
    figure, yardstick = statistics.median(ours), statistics.median(yardsticks)
    return {
        "name": "one action committed on the desk",
        "figure": round(figure, 3),
        "unit": "ms",
        "yardstick": {"name": "bare SQLCipher commit of two tables and an outbox row", "figure": round(yardstick, 3)},
        "ratio": round(figure / yardstick, 2),
        "sizes": {"commits": commits},
        "without_sealed_log_ms": round(statistics.median(unsealed), 3),
        "versions": {name: version(name) for name in ("sqlcipher3", "sqlalchemy")},
    }


def _unsealed(engine: sa.Engine, commits: int, bare: Any) -> list[list[float]]:
    """The same acts without the log, for what it costs."""
    engine.update_execution_options(**{SEALED_LOG: None})
    return _in_turn(commits, lambda n: _act(engine, n + 2 * 10**6), lambda n: _bare_act(bare, n + 2 * 10**6))


def _sealed_log(folder: Path) -> SealedLog:
    device, key = SigningKey(b"d" * 32), sealing_public_key(b"c" * 32)

    def new_seal(number: int) -> SegmentSeal:
        return SegmentSeal(desk_id="desk", number=number, made_at=NOW.isoformat(), device=device, centre_key=key, desk_key=key)

    return SealedLog(folder / FOLDER, "desk", (), new_seal, lambda connection: b"{}")


def _in_turn(count: int, *works: Callable[[int], None]) -> list[list[float]]:
    times: list[list[float]] = [[] for _ in works]
    for number in range(count):
        for work, taken in zip(works, times, strict=True):
            begun = time.perf_counter()
            work(number)
            taken.append((time.perf_counter() - begun) * 1000)
    return times


def _resident(number: int) -> Resident:
    return Resident(
        id=f"resident-{number}",
        document_kind="citizen",
        document_number=f"330299{number:012d}",
        name="李砚秋",
        birth_on=date(1994, 7, 12),
        phone="19900005061",
        station_code="s",
    )


def _act(engine: sa.Engine, number: int) -> None:
    """A person and a case: two records, the action, its outbox entry, the search index."""
    with desk_work(engine, IDENTITY, CLERK, NOW) as work:
        resident = _resident(number)
        case = Case(
            id=f"case-{number}",
            number=work.next_number(2026),
            item_code="residence_registration",
            situation_code="new",
            resident_id=resident.id,
            applicant_name=resident.name,
            state=CaseState.DECIDED,
            step_code="accept",
            accepted_at=NOW,
            accepted_by=CLERK.id,
            station_code="s",
        )
        work.put(resident)
        work.put(case)
        work.record("registration.accept", case)


def _bare(path: Path) -> Any:
    connection = sqlcipher.connect(str(path), isolation_level=None)
    for statement in (
        f"PRAGMA key = \"x'{bytes(32).hex()}'\"",
        "PRAGMA journal_mode = WAL",
        "PRAGMA synchronous = FULL",
        "CREATE TABLE resident (id TEXT PRIMARY KEY, body TEXT)",
        "CREATE TABLE case_ (id TEXT PRIMARY KEY, body TEXT)",
        "CREATE TABLE outbox (sequence INTEGER PRIMARY KEY, body BLOB)",
    ):
        connection.execute(statement)
    return connection


def _bare_act(connection: Any, number: int) -> None:
    body = "x" * 300
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("INSERT INTO resident VALUES (?, ?)", (f"resident-{number}", body))
    connection.execute("INSERT INTO case_ VALUES (?, ?)", (f"case-{number}", body))
    connection.execute("INSERT INTO outbox VALUES (?, ?)", (number, body.encode() * 4))
    connection.execute("COMMIT")


def main(arguments: Sequence[str] | None = None) -> None:
    """Print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON line (the only form there is)")
    parser.add_argument("--size", type=int, default=300, help="commits of each kind")
    print(json.dumps(measure(parser.parse_args(arguments).size)))


if __name__ == "__main__":
    main()
