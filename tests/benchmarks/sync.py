"""Push, repeated push and pull of one desk's work over real processes, beside the straight design without any check.

Run as ``python -m tests.benchmarks.sync --json [--actions N] [--runs N]``. The centre is a process of its own on a PostgreSQL that
syncs to disk; the desks are encrypted files. Four acts of five change the phone of a resident that the centre has, the
fifth registers a new one. Every run begins from the same state (a database copied from a template), and in every run the
straight design (`tests.benchmarks.straight`) sends and pulls the same bytes.
"""

import argparse
import contextlib
import json
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import msgspec
import psycopg
import sqlalchemy as sa
import sqlcipher3.dbapi2 as sqlcipher
import structlog

from nbcase.domain.action import Action, TreeHash, body_hash, canonical
from nbcase.domain.clock import SystemClock
from nbcase.domain.ids import derived_id
from nbcase.domain.merge import merge
from nbcase.domain.resident import Resident
from nbcase.operations.sign_in import sign_in
from nbcase.server.centre import open_centre
from nbcase.server.embedded import embedded_postgres
from nbcase.store import tables
from nbcase.store.centre_work import load_records
from nbcase.store.desk_database import reading, writing
from nbcase.store.desk_work import DeskWork
from nbcase.store.outbox import send_again_after, tally
from nbcase.store.records import from_plain, to_plain
from nbcase.store.vault import FileVault
from nbcase.sync.client import CentreClient
from nbcase.sync.stages import Contact, hello, pull, push, reconcile
from tests.benchmarks.straight import SCHEMA, StraightDesk
from tests.parts.centres import PASSWORD, STATIONS, RunningCentre, seed_people
from tests.parts.desks import WorkingDesk, open_desk

ROOT = Path(__file__).resolve().parents[2]
COMMITS = 200
FIGURES = ("push", "again", "pull")


@dataclass(frozen=True, slots=True)
class Bench:
    """What every run starts from."""

    folder: Path
    postgres_url: str
    desks: tuple[WorkingDesk, WorkingDesk]
    acts: Sequence[tuple[int, str, bytes]]


def measure(actions: int, runs: int) -> dict[str, object]:
    """Actions and changes a second, medians of `runs` runs of `actions` acts."""
    with tempfile.TemporaryDirectory() as name, embedded_postgres(Path(name) / "postgres") as postgres_url:
        bench = _prepare(Path(name), postgres_url, actions)
        found = [_run(bench, number) for number in range(runs)]
        commit = _bare_commits(Path(name) / "bare.db")
    ours = {key: statistics.median(run[key] for run in found) for key in FIGURES}
    straight = {key: statistics.median(run[f"straight_{key}"] for run in found) for key in FIGURES}
    ratios = {key: round(statistics.median(run[key] / run[f"straight_{key}"] for run in found), 3) for key in FIGURES}
    return {
        "name": "push of one desk's work, checked, merged, durable",
        "figure": round(ours["push"]),
        "unit": "actions/s",
        "yardstick": {"name": "straight design, nothing checked", "figure": round(straight["push"])},
        "ratio": ratios["push"],
        "push_again": {"figure": round(ours["again"]), "yardstick": round(straight["again"]), "ratio": ratios["again"]},
        "pull": {"figure": round(ours["pull"]), "yardstick": round(straight["pull"]), "ratio": ratios["pull"]},
        "bare_commit_ms": round(commit, 3),
        "cost_of": _costs(bench.acts, ours["push"], straight["push"]),
        "lost": sum(round(run["lost"]) for run in found),
        "sizes": {"actions": actions, "runs": runs, "bytes_an_action": round(statistics.mean(len(body) for _, _, body in bench.acts))},
        "versions": {package: version(package) for package in ("psycopg", "sqlcipher3", "sqlalchemy", "uvicorn", "msgspec")},
    }


def _prepare(folder: Path, postgres_url: str, actions: int) -> Bench:
    """A centre with residents, two desks of a station that have them all, and the first desk's acts, none sent."""
    residents = [_resident(number) for number in range(actions - actions // 5)]
    base = _database(postgres_url, "base")
    centre = open_centre(base, folder / "centre")
    seed_people(centre)
    with centre.engine.begin() as connection:
        load_records(connection, residents)
    with centre_process(base, folder / "centre") as url:
        running = RunningCentre(centre, None, url, SystemClock())  # type: ignore[arg-type]
        desks = tuple(open_desk(running, folder / login, login, SystemClock()) for login in ("li", "qian"))
        for desk in desks:
            desk.sync()
    centre.close()
    _act(desks[0], residents, actions)
    with reading(desks[0].engine) as connection:
        query = sa.select(tables.desk_action.c.sequence, tables.desk_action.c.id, tables.desk_action.c.body)
        acts = [tuple(row) for row in connection.execute(query.order_by(tables.desk_action.c.sequence))]
    for desk in desks:
        desk.engine.dispose()
        desk.client.close()
    return Bench(folder, postgres_url, (desks[0], desks[1]), acts)


def _resident(number: int) -> Resident:
    document_number = f"330299{number:012d}"
    return Resident(
        id=derived_id(bytes(32), "resident", "id_card", document_number),
        document_kind="id_card",
        document_number=document_number,
        name="李砚秋",
        phone=f"1990000{number % 10_000:04d}",
        home_address="样省样市样县样路 1 号",
        station_code=STATIONS[0].code,
    )


def _act(desk: WorkingDesk, residents: Sequence[Resident], actions: int) -> None:
    """The acts, in one transaction: how long a commit takes is measured elsewhere."""
    known = iter(residents)
    with writing(desk.engine) as connection:
        for number in range(actions):
            work = DeskWork(connection, desk.enrolment.identity, desk.clerk, desk.clock.now())
            if number % 5 == 4:
                resident = replace(_resident(10**6 + number), station_code=desk.clerk.station_code)
                work.put(resident)
                work.record("registration.accept", resident)
            else:
                resident = replace(next(known), version=1, phone=f"1991111{number % 10_000:04d}")
                work.put(resident)
                work.record("registration.change", resident)


def _run(bench: Bench, number: int) -> dict[str, float]:
    """Rates of one run, ours and the straight design's."""
    database = _database(bench.postgres_url, f"run_{number}", template="base")
    folder = bench.folder / f"run-{number}"
    count = len(bench.acts)
    with centre_process(database, bench.folder / "centre") as url, contextlib.ExitStack() as stack:
        sender, receiver = (stack.enter_context(_contact(desk, folder, url)) for desk in bench.desks)
        hello(sender)
        hello(receiver)
        found = {"push": count / _seconds(lambda: push(sender))}
        with writing(sender.engine) as connection:
            send_again_after(connection, 0)
        found["again"] = count / _seconds(lambda: push(sender))
        found["pull"] = count / _seconds(lambda: pull(receiver))
        pull(sender)
        reconcile(sender)
        found["lost"] = float(_lost(sender, receiver, count))
    return found | _straight_run(bench, folder, f"straight_{number}")


@contextlib.contextmanager
def _contact(desk: WorkingDesk, folder: Path, url: str) -> Iterator[Contact]:
    """A copy of the desk at a centre."""
    copied = folder / desk.folder.name
    shutil.copytree(desk.folder, copied)
    signed_in = sign_in(copied, FileVault(copied), desk.clerk.login, PASSWORD, datetime.now(UTC))
    client = CentreClient(url, desk.enrolment.identity.desk_id, signed_in.secrets.device, SystemClock())
    client.sign_in(desk.clerk.login, signed_in.key)
    try:
        yield Contact(engine=signed_in.engine, client=client, clock=SystemClock(), enrolment=desk.enrolment)
    finally:
        client.close()
        signed_in.engine.dispose()


def _lost(sender: Contact, receiver: Contact, count: int) -> int:
    """Acts without an answer, and changes that the second desk does not have."""
    resident = tables.DESK_RECORDS["resident"]
    with reading(sender.engine) as connection:
        waiting = count - tally(connection).accepted
        sent = connection.execute(sa.select(resident.c.id, resident.c.phone, resident.c.version)).all()
    with reading(receiver.engine) as connection:
        came = connection.execute(sa.select(resident.c.id, resident.c.phone, resident.c.version)).all()
    return waiting + len(set(map(tuple, sent)) ^ set(map(tuple, came)))


def _straight_run(bench: Bench, folder: Path, name: str) -> dict[str, float]:
    database = _database(bench.postgres_url, name)
    count = len(bench.acts)
    with psycopg.connect(database) as connection:
        connection.execute(SCHEMA.encode())
        with connection.cursor() as cursor:
            rows = [(sequence, action_id, body) for sequence, action_id, body in bench.acts]
            cursor.executemany("INSERT INTO feed VALUES (%s, %s, %s)", rows)
    port = _free_port()
    with _process([sys.executable, "-m", "tests.benchmarks.straight", database, str(port)]):
        desk = StraightDesk(folder / "straight.db", f"http://127.0.0.1:{port}/")
        desk.fill(bench.acts)
        found = {"straight_push": count / _seconds(desk.push)}
        desk.forget()
        found["straight_again"] = count / _seconds(desk.push)
        found["straight_pull"] = count / _seconds(desk.pull)
        desk.close()
    return found


@contextlib.contextmanager
def centre_process(database_url: str, data_folder: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "nbcase", "centre", "--json", "--port", "0"]
    with _process([*command, "--data", str(data_folder), "--database-url", database_url]) as line:
        yield json.loads(line)["ready"]


@contextlib.contextmanager
def _process(command: Sequence[str]) -> Iterator[str]:
    """The first line that the process prints: it is ready then."""
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline()
        finally:
            process.terminate()
            process.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
    return port


def _database(postgres_url: str, name: str, template: str = "template1") -> str:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
    return sa.make_url(postgres_url).set(database=name).render_as_string(hide_password=False)


def _costs(acts: Sequence[tuple[int, str, bytes]], ours: float, straight: float) -> dict[str, float]:
    """Microseconds an action that each check of the contract takes at the centre, alone and in memory, and those of the whole push."""
    actions = [msgspec.json.decode(body, type=Action) for _, _, body in acts]
    tree, records = TreeHash(), [_plain_resident(action) for action in actions]

    def each(work: Callable[[int], object]) -> float:
        return round(_seconds(lambda: deque(map(work, range(len(acts))), maxlen=0)) / len(acts) * 1e6, 1)

    return {
        "hash over the canonical form": each(lambda n: body_hash(canonical(actions[n]))),
        "tree hash for the reconciliation": each(lambda n: tree.add(bytes.fromhex(actions[n].hash))),
        "merge by field": each(lambda n: merge(records[n], actions[n].changes[0])),
        "validation of the record as a domain value": each(lambda n: from_plain(Resident, records[n])),
        "canonical form for the feed": each(lambda n: canonical(records[n])),
        "whole push": round(1e6 / ours, 1),
        "whole straight push": round(1e6 / straight, 1),
    }


def _plain_resident(action: Action) -> dict[str, object]:
    values = {field: after for field, (_, after) in action.changes[0].fields.items()}
    return to_plain(_resident(action.sequence)) | values


def _bare_commits(path: Path) -> float:
    """Median milliseconds of a commit of one small row in SQLCipher."""
    connection = sqlcipher.connect(str(path), isolation_level=None)
    for statement in (
        f"PRAGMA key = \"x'{bytes(32).hex()}'\"",
        "PRAGMA journal_mode = WAL",
        "PRAGMA synchronous = FULL",
        "CREATE TABLE outbox (sequence INTEGER PRIMARY KEY, body BLOB)",
    ):
        connection.execute(statement)
    times = [_seconds(lambda: connection.execute("INSERT INTO outbox (body) VALUES (?)", [b"x" * 570])) for _ in range(COMMITS)]
    connection.close()
    return statistics.median(times) * 1000


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def main(arguments: Sequence[str] | None = None) -> None:
    """Print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON line (the only form there is)")
    parser.add_argument("--actions", "--size", dest="actions", type=int, default=10_000, help="acts to send")
    parser.add_argument("--runs", type=int, default=3)
    asked = parser.parse_args(arguments)
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(file=sys.__stderr__))  # stdout has the JSON line alone
    print(json.dumps(measure(asked.actions, asked.runs)))


if __name__ == "__main__":
    main()
