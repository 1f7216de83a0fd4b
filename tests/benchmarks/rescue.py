"""A desk's database is spoilt at random, then rescued: every unsent act with its files must be there again.

Run as ``python -m tests.benchmarks.rescue --json [--seeds N] [--first SEED]``. One desk is made once: acts that were sent, acts
that were not, files of several sizes, some acts still in the write-ahead log. Each seed copies it and spoils

- the database (pages, runs of bytes, zeros, a cut, a missing write-ahead log, the whole file), the log whole: nothing may be lost;
- separately counted, the sealed log (bytes, a cut, a whole segment), the database whole: nothing may be lost either.
"""

import argparse
import hashlib
import json
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import sqlalchemy as sa

from nbcase.domain.action import Action
from nbcase.operations.rescue import rescue
from nbcase.operations.sign_in import DATABASE_NAME
from nbcase.store import tables
from nbcase.store.desk_database import open_desk_database, reading
from nbcase.store.desk_files import read_file
from nbcase.store.desk_work import read_action
from tests.parts.sealing import SECRETS, SealedDesk

NOW = datetime(2026, 3, 3, tzinfo=UTC)
SENT, UNSENT = 12, 18


@dataclass(frozen=True, slots=True)
class Model:
    """What has to be there after a rescue, and the desk's files to spoil."""

    folder: Path
    unsent: tuple[Action, ...]


def make_model(folder: Path) -> Model:
    """A desk at work for a while, as a power cut leaves it."""
    desk = SealedDesk(folder / "working").open()
    chance = random.Random(4)
    acts = [desk.act(f"样{number}", *_files(chance)) for number in range(SENT)]
    desk.answer(SENT)
    with desk.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    desk.log.close()
    desk.engine.dispose()
    desk.open()
    acts = [desk.act(f"样{SENT + number}", *_files(chance)) for number in range(UNSENT)]
    shutil.copytree(desk.folder, folder / "model")
    desk.close()
    return Model(folder / "model", tuple(acts))


def _files(chance: random.Random) -> list[bytes]:
    return [chance.randbytes(chance.choice((900, 20_000, 300_000))) for _ in range(chance.choice((0, 0, 1, 2)))]


def spoil_database(folder: Path, chance: random.Random) -> str:
    """One way or another; answers which."""
    path, wal = folder / DATABASE_NAME, folder / f"{DATABASE_NAME}-wal"
    way = chance.choice(("bytes", "pages", "zeros", "cut", "first page", "log gone", "log bytes", "many pages", "all gone", "no file"))
    match way:
        case "bytes":
            _flip(path, chance, chance.randint(1, 40))
        case "pages":
            _overwrite(path, chance, chance.randint(1, 5))
        case "many pages":
            _overwrite(path, chance, chance.randint(20, 200))
        case "zeros":
            _overwrite(path, chance, chance.randint(1, 20), zeros=True)
        case "cut":
            _cut(path, chance)
        case "first page":
            _write(path, 0, chance.randbytes(4096))
        case "log gone":
            wal.unlink()
            _flip(path, chance, 3)
        case "log bytes":
            _flip(wal, chance, chance.randint(1, 40))
        case "all gone":
            path.write_bytes(chance.randbytes(path.stat().st_size))
        case "no file":
            path.unlink()
            wal.unlink()
    return way


def spoil_log(folder: Path, chance: random.Random) -> str:
    """The sealed log in its turn."""
    path = chance.choice(sorted((folder / "sealed").iterdir()))
    way = chance.choice(("bytes", "cut", "zeros", "segment gone"))
    match way:
        case "bytes":
            _flip(path, chance, chance.randint(1, 40))
        case "cut":
            _cut(path, chance)
        case "zeros":
            _overwrite(path, chance, 2, zeros=True)
        case "segment gone":
            path.unlink()
    return way


def _flip(path: Path, chance: random.Random, count: int) -> None:
    content = bytearray(path.read_bytes())
    for _ in range(count):
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(content)


def _overwrite(path: Path, chance: random.Random, pages: int, *, zeros: bool = False) -> None:
    size = path.stat().st_size
    for _ in range(pages):
        _write(path, chance.randrange(max(size // 4096, 1)) * 4096, bytes(4096) if zeros else chance.randbytes(4096))


def _write(path: Path, offset: int, content: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(content)


def _cut(path: Path, chance: random.Random) -> None:
    with path.open("r+b") as file:
        file.truncate(chance.randrange(path.stat().st_size))


@dataclass(slots=True)
class Outcome:
    """Of one seed: what is missing, and how long it took."""

    way: str
    lost: int
    lost_files: int
    seconds: float


def run_seed(model: Model, seed: int, folder: Path, spoil: Callable[[Path, random.Random], str]) -> Outcome:
    """Copy, spoil, rescue, compare."""
    shutil.copytree(model.folder, folder)
    way = spoil(folder, random.Random(seed))
    begun = time.perf_counter()
    rescue(folder, SECRETS, NOW)
    seconds = time.perf_counter() - begun
    lost, lost_files = _compare(model, folder)
    shutil.rmtree(folder)
    return Outcome(way, lost, lost_files, seconds)


def _compare(model: Model, folder: Path) -> tuple[int, int]:
    """Acts that do not wait to be sent as they were made, files that are not there as they were."""
    engine = open_desk_database(folder / DATABASE_NAME, SECRETS.database_key)
    try:
        with reading(engine) as connection:
            query = sa.select(tables.desk_action.c.body).join(tables.outbox, tables.outbox.c.sequence == tables.desk_action.c.sequence)
            unsent = connection.execute(query.where(tables.outbox.c.outcome.is_(None))).scalars()
            waiting = [read_action(body) for body in unsent]
            lost = sum(action not in waiting for action in model.unsent)
            hashes = {content_hash for action in model.unsent for content_hash in action.attachments}
            lost_files = sum(not _is_there(connection, content_hash) for content_hash in hashes)
    finally:
        engine.dispose()
    return lost, lost_files


def _is_there(connection: sa.Connection, content_hash: str) -> bool:
    try:
        return hashlib.sha256(b"".join(read_file(connection, content_hash))).hexdigest() == content_hash
    except LookupError:
        return False


def measure(seeds: int, first: int) -> dict[str, object]:
    """Both kinds over these seeds."""
    with tempfile.TemporaryDirectory() as name:
        model = make_model(Path(name))
        found = [run_seed(model, seed, Path(name) / "desk", spoil_database) for seed in range(first, first + seeds)]
        logs = [run_seed(model, seed, Path(name) / "desk", spoil_log) for seed in range(first, first + seeds)]
        size = (model.folder / DATABASE_NAME).stat().st_size
    failed = [first + place for place, outcome in enumerate(found) if outcome.lost or outcome.lost_files]
    failed_logs = [first + place for place, outcome in enumerate(logs) if outcome.lost or outcome.lost_files]
    return {
        "name": "rescue of a desk whose database was spoilt at random",
        "figure": round(statistics.median(outcome.seconds for outcome in found) * 1000, 1),
        "unit": "ms",
        "yardstick": {"name": "unsent acts of each desk", "figure": len(model.unsent)},
        "ratio": round(sum(len(model.unsent) - outcome.lost for outcome in found) / (len(model.unsent) * seeds), 6),
        "lost": sum(outcome.lost for outcome in found),
        "lost_files": sum(outcome.lost_files for outcome in found),
        "failed_seeds": failed[:20],
        "log_spoilt": {
            "lost": sum(outcome.lost for outcome in logs),
            "lost_files": sum(outcome.lost_files for outcome in logs),
            "failed_seeds": failed_logs[:20],
        },
        "ways": {way: sum(outcome.way == way for outcome in found) for way in sorted({outcome.way for outcome in found})},
        "sizes": {"seeds": seeds, "sent": SENT, "unsent": len(model.unsent), "database_bytes": size},
        "versions": {name: version(name) for name in ("sqlcipher3", "cryptography")},
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON line (the only form there is)")
    parser.add_argument("--seeds", "--size", type=int, default=1000, help="desks of each kind")
    parser.add_argument("--first", type=int, default=0, help="first seed, to do one of them again")
    given = parser.parse_args(arguments)
    print(json.dumps(measure(given.seeds, given.first)))


if __name__ == "__main__":
    main()
