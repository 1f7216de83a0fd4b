"""All desks come back at once after an outage, each with a morning's acts: how long until the centre has everything.

Run as ``python -m tests.benchmarks.storm --json [--desks N] [--actions N] [--workers N]``. The centre is the real tree of
processes on a real PostgreSQL that syncs to disk. The desks are simulated by one process, because two thousand real ones
would need the machine to themselves: each opens one connection and sends hello, its acts (prepared with the real chain and
hashes, one batch) and the question of reconciliation, all signed; put off, it comes back as `nbcase.sync.loop` does. What a
real desk does besides, fetching its colleagues' changes, comes afterwards and is not in the figure. Meanwhile a real desk
client in a process of its own searches residents, as a clerk does who knows nothing of all that.
"""

import argparse
import asyncio
import contextlib
import hashlib
import json
import multiprocessing
import random
import secrets
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa
import zstandard

from nbcase.crypto.keys import SigningKey, new_signing_key
from nbcase.crypto.requests import request_bytes
from nbcase.domain.action import GENESIS, Action, Change, TreeHash, canonical, sealed
from nbcase.domain.clerk import Clerk, Role, Station
from nbcase.domain.clock import SystemClock
from nbcase.domain.ids import derived_id, new_id
from nbcase.domain.resident import Resident
from nbcase.operations.messages import HelloRequest, ReconcileAnswer, ReconcileRequest, StoredActions, people_digest
from nbcase.server.centre import Centre, open_centre
from nbcase.server.embedded import embedded_postgres
from nbcase.store import tables
from nbcase.store.centre_work import load_records
from nbcase.store.people import add_people
from nbcase.sync.client import CentreClient
from nbcase.sync.loop import appointment_wait
from tests.parts.centres import clerk_secret

ROOT = Path(__file__).resolve().parents[2]
DESKS_A_STATION = 10
QUIET_DESKS = 40
"""So many desks, or as many as storm, send before the storm, one after the other: the yardstick."""

SEARCH_EVERY_S = 0.1
GIVE_UP_S = 600.0


@dataclass(slots=True)
class Desk:
    """One simulated desk: its key, its token, its prepared batch, and what became of it."""

    id: str
    key: SigningKey
    station: Station
    token: str
    oldest_at: str
    batch: bytes
    hashes: list[bytes]
    people_digest: str = ""
    put_off: int = 0
    drained_at: float = 0.0
    is_equal: bool = False


def measure(desks: int, actions: int, workers: int) -> dict[str, object]:
    """The storm once; seconds until the centre has all acts of all desks."""
    with tempfile.TemporaryDirectory() as name, embedded_postgres(Path(name) / "postgres") as database_url:
        centre = open_centre(database_url, Path(name) / "centre")
        few = min(QUIET_DESKS, desks)
        crowd, searcher = enrol_crowd(centre, desks + few, actions)
        quiet, storming = crowd[:few], crowd[few:]
        with centre_process(database_url, Path(name) / "centre", workers) as (url, _):
            quiet_s = asyncio.run(_one_after_the_other(url, quiet))
            storm_s, searches, failures = _storm(url, storming, searcher)
        wrong = _out_of_order(centre, crowd, actions)
        centre.close()
    rate, quiet_rate = desks * actions / storm_s, few * actions / quiet_s
    return {
        "name": "reconnect storm drained",
        "figure": round(storm_s, 6),
        "unit": "s",
        "yardstick": {"name": "acts/s when desks come one after the other", "figure": round(quiet_rate)},
        "ratio": round(rate / quiet_rate, 6),
        "actions_per_s": round(rate),
        "lost": sum(count for _, count in wrong),
        "desks_out_of_order": len(wrong),
        "desks_unequal": sum(not desk.is_equal for desk in storming),
        "put_off": {"times": sum(desk.put_off for desk in storming), "most": max(desk.put_off for desk in storming)},
        "search_ms": {"p50": _percentile(searches, 50), "p99": _percentile(searches, 99), "most": _percentile(searches, 100)},
        "searches": len(searches),
        "errors_seen_by_a_clerk": failures,
        "sizes": {"desks": desks, "actions": actions, "workers": workers, "bytes_a_batch": len(crowd[0].batch)},
        "versions": {package: version(package) for package in ("psycopg", "sqlalchemy", "uvicorn", "starlette", "httptools")},
    }


def _percentile(values: Sequence[float], percent: int) -> float:
    ordered = sorted(values)
    return round(1000 * ordered[min(len(ordered) * percent // 100, len(ordered) - 1)], 1) if ordered else 0.0


def enrol_crowd(centre: Centre, desks: int, actions: int) -> tuple[list[Desk], Desk]:
    """Stations, clerks, desks with open sessions and the residents that the acts are about; and one more desk, which searches."""
    now = datetime.now(UTC)
    salt, public_key, _ = clerk_secret("storm")
    stations = [
        Station(code=f"33021200{number:04d}", name=f"样站 {number}", prefix=f"S{number}", division_code="330212")
        for number in range(-(-desks // DESKS_A_STATION))
    ]
    clerks = [
        Clerk(
            id=f"clerk-{station.code}",
            login=f"c{station.code}",
            name="样员",
            role=Role.CLERK,
            station_code=station.code,
            salt=salt,
            public_key=public_key,
        )
        for station in stations
    ]
    digests = {clerk.station_code: people_digest([clerk], stations) for clerk in clerks}
    crowd = [_prepare(stations[number // DESKS_A_STATION], number, actions, now) for number in range(desks)]
    for desk in crowd:
        desk.people_digest = digests[desk.station.code]
    searcher = replace(_prepare(stations[0], desks, 1, now), hashes=[])
    with centre.engine.begin() as connection:
        add_people(connection, clerks, stations)
        known = [_resident(number, act, crowd[number].station) for number in range(desks) for act in _changed(actions)]
        load_records(connection, known)
        everybody = [*crowd, searcher]
        connection.execute(sa.insert(tables.desk), [_desk_row(desk, now) for desk in everybody])
        connection.execute(sa.insert(tables.session), [_session_row(desk, now) for desk in everybody])
    return crowd, searcher


def _changed(actions: int) -> range:
    """Four acts of five change a resident whom the centre has; the others register a new one."""
    return range(actions - actions // 5)


def _resident(desk: int, act: int, station: Station) -> Resident:
    number = f"330299{desk:06d}{act:06d}"
    return Resident(
        id=derived_id(bytes(32), "resident", "id_card", number),
        document_kind="id_card",
        document_number=number,
        name="李砚秋",
        phone="19900001111",
        home_address="样省样市样县样路 1 号",
        station_code=station.code,
    )


def _prepare(station: Station, number: int, actions: int, now: datetime) -> Desk:
    """A desk with its acts of the last hours, sealed and packed."""
    desk_id, previous = new_id(), GENESIS
    bodies, hashes = [], []
    begun_at = now - timedelta(seconds=random.uniform(3600, 4 * 3600))
    for sequence in range(1, actions + 1):
        action = sealed(_action(desk_id, station, number, sequence, actions, begun_at + timedelta(seconds=30 * sequence), previous))
        bodies.append(msgspec.Raw(canonical(action)))
        hashes.append(bytes.fromhex(action.hash))
        previous = action.hash
    return Desk(
        id=desk_id,
        key=new_signing_key(),
        station=station,
        token=secrets.token_urlsafe(32),
        oldest_at=begun_at.isoformat(),
        batch=zstandard.ZstdCompressor(level=3).compress(msgspec.json.encode(StoredActions(actions=bodies))),
        hashes=hashes,
    )


def _action(desk_id: str, station: Station, number: int, sequence: int, actions: int, at: datetime, previous: str) -> Action:
    act = sequence - 1
    resident = _resident(number, act, station)
    if act in _changed(actions):
        kind, version_before, fields = "registration.change", 1, {"phone": (resident.phone, f"1991{number % 1000:03d}{act:04d}")}
    else:
        after = msgspec.to_builtins(resident)
        blank = msgspec.to_builtins(Resident(id="", document_kind="", document_number="", name="", station_code=""))
        fields = {name: (None, value) for name, value in after.items() if name not in ("id", "version") and value != blank[name]}
        kind, version_before = "registration.accept", 0
    change = Change(record_type="resident", record_id=resident.id, base_version=version_before, fields=fields)
    return Action(
        id=new_id(),
        desk_id=desk_id,
        sequence=sequence,
        clerk_id=f"clerk-{station.code}",
        kind=kind,
        record_type="resident",
        record_id=resident.id,
        changes=(change,),
        attachments=(),
        desk_at=at,
        estimated_at=at,
        previous_hash=previous,
    )


def _desk_row(desk: Desk, now: datetime) -> dict[str, Any]:
    return {"id": desk.id, "station_code": desk.station.code, "window": "1", "public_key": desk.key.public_key, "enrolled_at": now}


def _session_row(desk: Desk, now: datetime) -> dict[str, Any]:
    return {
        "token_hash": hashlib.sha256(desk.token.encode()).hexdigest(),
        "desk_id": desk.id,
        "clerk_id": f"clerk-{desk.station.code}",
        "expires_at": now + timedelta(hours=12),
    }


@contextlib.contextmanager
def centre_process(database_url: str, folder: Path, workers: int) -> Iterator[tuple[str, int]]:
    """The centre as `nbcase centre` runs it; its address and process id."""
    command = [sys.executable, "-m", "nbcase", "centre", "--data", str(folder), "--database-url", database_url, "--port", "0"]
    command += ["--workers", str(workers), "--json"]
    with (folder / "log").open("w") as log, subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True) as process:
        assert process.stdout is not None
        try:
            started = json.loads(process.stdout.readline())
            yield started["ready"], started["pid"]
        finally:
            process.terminate()


class Line:
    """One desk's connection: requests one after the other over a bare socket, cheaper than any HTTP library."""

    def __init__(self, desk: Desk, url: str) -> None:
        self.desk = desk
        self._host, _, port = url.removeprefix("http://").partition(":")
        self._port = int(port)
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, method: str, target: str, body: bytes, headers: str = "") -> tuple[int, dict[str, str], bytes]:
        """Status, headers (names in lower case) and content of one signed request."""
        return await self.send(method, target, body, headers + self._signature(method, target, body))

    def _signature(self, method: str, target: str, body: bytes) -> str:
        at, nonce = datetime.now(UTC).isoformat(), secrets.token_hex(12)
        signed = request_bytes(method=method, target=target, at=at, nonce=nonce, body_hash=hashlib.sha256(body).hexdigest())
        return f"Nbcase-Time: {at}\r\nNbcase-Nonce: {nonce}\r\nNbcase-Signature: {self.desk.key.sign(signed)}\r\n"

    async def send(self, method: str, target: str, body: bytes, headers: str) -> tuple[int, dict[str, str], bytes]:
        """The same for headers that are whole already."""
        if self._streams is None or self._streams[0].at_eof():
            self._streams = await asyncio.open_connection(self._host, self._port)
        reader, writer = self._streams
        first = f"{method} {target} HTTP/1.1\r\nHost: {self._host}\r\nContent-Length: {len(body)}\r\n"
        writer.write(f"{first}Nbcase-Desk: {self.desk.id}\r\n{headers}\r\n".encode() + body)
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        found = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:] if line)}
        content = await reader.readexactly(int(found.get("content-length", "0")))
        if found.get("connection", "") == "close":
            self.close()
        return int(lines[0].split()[1]), found, content

    def close(self) -> None:
        """Hang up."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


async def contact(url: str, desk: Desk) -> None:
    """Hello, all acts, reconciliation."""
    line = Line(desk, url)
    try:
        await _until_taken(line, "POST", "/v1/hello", hello_of(desk))
        headers = f"Content-Encoding: zstd\r\nNbcase-Session: {desk.token}\r\nNbcase-Oldest: {desk.oldest_at}\r\n"
        await _until_taken(line, "POST", "/v1/actions", desk.batch, headers)
        desk.drained_at = time.monotonic()
        tree = TreeHash()
        for leaf in desk.hashes:
            tree.add(leaf)
        asked = ReconcileRequest(count=tree.count, digest=tree.hexdigest())
        content = await _until_taken(line, "POST", "/v1/reconcile", msgspec.json.encode(asked))
        answer = msgspec.json.decode(content, type=ReconcileAnswer)
        desk.is_equal = (answer.count, answer.digest) == (asked.count, asked.digest)
    finally:
        line.close()


def hello_of(desk: Desk) -> bytes:
    """First words of a desk that has numbers enough and knows its people."""
    return msgspec.json.encode(HelloRequest(protocol=1, numbers_left=500, held_blocks=[], people_digest=desk.people_digest))


async def _until_taken(line: Line, method: str, target: str, body: bytes, headers: str = "") -> bytes:
    """Send until it is answered; put off, come back when the centre said, spread as a desk does."""
    while True:
        status, found, content = await line.ask(method, target, body, headers)
        if status == 200:
            return content
        if status != 503:
            raise RuntimeError(f"{target}: {status} {content[:300]!r}")
        line.desk.put_off += 1
        await asyncio.sleep(appointment_wait(float(found["retry-after"]), random.uniform))


async def _one_after_the_other(url: str, desks: Sequence[Desk]) -> float:
    begun = time.monotonic()
    for desk in desks:
        await contact(url, desk)
    return time.monotonic() - begun


def _storm(url: str, desks: Sequence[Desk], searcher: Desk) -> tuple[float, list[float], int]:
    """All desks at the same moment; seconds, how long each search took, how many failed."""
    context = multiprocessing.get_context("spawn")
    stop, searched = context.Event(), context.Queue()
    plan = (url, searcher.id, searcher.key.seed, searcher.token)
    process = context.Process(target=_search, args=(plan, stop, searched))
    process.start()
    searched.get()
    begun = time.monotonic()
    try:
        asyncio.run(_all_at_once(url, desks))
        storm_s = max(desk.drained_at for desk in desks) - begun
    finally:
        stop.set()
        searches, failures = searched.get()
        process.join()
    return storm_s, searches, failures


async def _all_at_once(url: str, desks: Sequence[Desk]) -> None:
    async with asyncio.timeout(GIVE_UP_S), asyncio.TaskGroup() as group:
        for desk in desks:
            group.create_task(contact(url, desk))


def _search(plan: tuple[str, str, bytes, str], stop: Event, searched: Any) -> None:
    """A clerk at a real desk client looks for residents until the storm is over."""
    url, desk_id, seed, token = plan
    client = CentreClient(url, desk_id, SigningKey(seed), SystemClock())
    client._token = token
    taken, failures = [], 0
    searched.put("ready")
    while not stop.wait(SEARCH_EVERY_S):
        begun = time.monotonic()
        try:
            number = f"330299{0:06d}{0:06d}"
            found = client.find_residents(document_kind="id_card", document_number=number, name="", birth_on=None)
            failures += not found
        except Exception:
            failures += 1
        taken.append(time.monotonic() - begun)
    client.close()
    searched.put((taken, failures))


def _out_of_order(centre: Centre, desks: Sequence[Desk], actions: int) -> list[tuple[str, int]]:
    """Desks whose acts the centre does not hold in their order without a gap, with how many are missing."""
    action = tables.centre_action
    with centre.engine.begin() as connection:
        query = sa.select(action.c.desk_id, action.c.hash).order_by(action.c.desk_id, action.c.sequence)
        held: dict[str, list[bytes]] = {}
        for row in connection.execute(query):
            held.setdefault(row.desk_id, []).append(bytes.fromhex(row.hash))
        outcomes = Counter(connection.execute(sa.select(action.c.outcome)).scalars())
    assert set(outcomes) == {"accepted"}, outcomes
    return [(desk.id, actions - len(held.get(desk.id, []))) for desk in desks if held.get(desk.id) != desk.hashes]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON line (the only form there is)")
    parser.add_argument("--desks", "--size", type=int, default=2000)
    parser.add_argument("--actions", type=int, default=60)
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args(arguments)
    print(json.dumps(measure(given.desks, given.actions, given.workers)))


if __name__ == "__main__":
    main()
