"""Histories in one process: the real code of desk and centre on a simulated line, disk and clock (see `disk`, `line`, `centre`).

Everything happens in one thread, ids come from the seed, and clocks stand where they were put: the same seed gives the
same history.
"""

import random
import shutil
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import msgspec
import psycopg
import sqlalchemy as sa

from nbcase.domain import ids
from nbcase.domain.action import Action
from nbcase.domain.clock import SetClock
from nbcase.domain.errors import UserError
from nbcase.operations.enrol import enrol, issue_code
from nbcase.operations.messages import EnrolAnswer, EnrolRequest
from nbcase.operations.sign_in import sign_in
from nbcase.store import sealed_log, tables
from nbcase.store.blobs import Blobs
from nbcase.store.centre_database import transaction
from nbcase.store.shelf import Shelf
from nbcase.store.vault import FileVault, write_durably
from nbcase.sync.status import SyncStatus
from tests.faults.centre import Backup, CentreCrash, SimulatedCentre, full, listen, one_thread
from tests.faults.desk import URL, DeskCrash, SimulatedDesk, Template, is_sealed
from tests.faults.disk import Watch
from tests.faults.line import Net, SimulatedLine
from tests.faults.script import DESKS, Script, Step
from tests.faults.verdict import DeskEnd, Holdings, KeptAction, Verdict, judge
from tests.parts.centres import PASSWORD, STATIONS, seed_people

BEGIN = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
STEP = timedelta(seconds=7)
ROUNDS = 12
"""Contacts of every desk after which a history that has not come to rest is stuck."""


@dataclass(slots=True)
class Result:
    """What became of one history."""

    seed: int
    verdict: Verdict
    crashes: Counter[str]
    """How often a machine died at which point."""

    seconds: float


@dataclass(slots=True)
class Simulation:
    """A process's centre and templates, used for one history after the other; see `simulation`."""

    centre: SimulatedCentre
    templates: tuple[Template, ...]
    empty: Backup
    watch: Watch
    folder: Path

    def run(self, script: Script) -> Result:
        """Play a history, heal it, judge it."""
        begun = time.perf_counter()
        with _seeded_ids(script.seed):
            history = History(self, script)
            try:
                verdict = history.play()
            finally:
                history.close()
        return Result(script.seed, verdict, history.crashes, time.perf_counter() - begun)


@dataclass(slots=True)
class History:
    """One history in play."""

    world: Simulation
    script: Script
    chance: random.Random = field(init=False)
    net: Net = field(init=False)
    desks: list[SimulatedDesk] = field(init=False)
    crashes: Counter[str] = field(default_factory=Counter)
    bugs: list[str] = field(default_factory=list)
    backup: Backup | None = None
    _active: SimulatedDesk | None = None
    _step: Step | None = None
    _passed: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.chance = random.Random(f"play {self.script.seed}")
        centre = self.world.centre
        centre.clock.at = BEGIN
        centre.reset(self.world.empty)
        self.net = Net(centre.handle)
        folder = self.world.folder / "desks"
        shutil.rmtree(folder, ignore_errors=True)
        self.desks = [
            SimulatedDesk(template, folder / name, SetClock(BEGIN), SimulatedLine(self.net), self.world.watch)
            for name, template in zip(DESKS, self.world.templates, strict=True)
        ]
        for desk in self.desks:
            desk.disk.on_write = self._reached

    def close(self) -> None:
        """Whatever happened, the next history finds a clean place."""
        listen(None)
        for desk in self.desks:
            desk.disk.is_off = True
            desk.stop()
        self.world.watch.clear()

    def play(self) -> Verdict:
        """All steps, then peace, then the verdict."""
        listen(self._reached)
        for step in self.script.steps:
            self._play(step)
        self._step = None
        statuses = self._heal()
        listen(None)
        verdict = judge(self._holdings(), [self._end(desk, status) for desk, status in zip(self.desks, statuses, strict=True)])
        verdict.bugs += self.bugs + self.world.centre.bugs
        return verdict

    def _play(self, step: Step) -> None:
        self._pass_time(STEP)
        desk = self.desks[step.desk]
        self._step, self._active, self._passed = step, desk, Counter()
        match step.verb:
            case "backup":
                self.backup = self.world.centre.backup()
            case "restored":
                if self.backup is not None:
                    self.world.centre.restore(self.backup, rows=step.with_rows, files=step.with_files, is_physical=step.is_physical)
            case "dies at rest":
                self.world.centre.start()
            case "waits":
                self._pass_time(timedelta(seconds=step.seconds))
            case "clock":
                desk.clock.advance(timedelta(seconds=step.seconds))
            case "dies":
                self._crash(desk)
            case "exports" | "stick arrives":
                self._carry(desk, step.verb)
            case _:
                self._work(desk, step)

    def _work(self, desk: SimulatedDesk, step: Step) -> None:
        """An act or a contact, with what is to go wrong in it."""
        desk.line.expect(step.faults)
        desk.disk.is_full, self.world.centre.is_full = step.is_desk_full, step.is_centre_full
        try:
            if step.verb == "contact":
                desk.contact()
            else:
                desk.act(step)
        except DeskCrash:
            desk.disk.is_off = True
        except UserError:
            # Refused in words: nothing was said to be done. A desk that has used up its numbers is expected to.
            pass
        except Exception as error:
            if not (desk.disk.is_off or step.is_desk_full):
                self.bugs.append(f"{DESKS[step.desk]} {step.verb}: {type(error).__name__}: {error}")
        finally:
            desk.disk.is_full = self.world.centre.is_full = False
            desk.line.expect(())
            self._step = None
        if desk.disk.is_off:
            self._crash(desk)

    def _carry(self, desk: SimulatedDesk, verb: str) -> None:
        """What waits goes onto a stick, or the stick comes to the centre; nothing to export and no stick are no trouble."""
        stick = self.world.folder / "desks" / "stick.nbseal"
        try:
            if verb == "exports":
                desk.hands.export(stick)
            elif stick.exists():
                self.world.centre.take_in(stick)
        except UserError:
            pass

    def _crash(self, desk: SimulatedDesk) -> None:
        self._step = None
        desk.crash(self.chance)

    def _reached(self, point: str) -> None:
        """A crash point: die here when the step says so."""
        step = self._step
        if step is None or self._active is None:
            return
        if self._active.disk.is_off and point.startswith("desk."):
            raise DeskCrash(point)
        self._passed[point] += 1
        if step.is_centre_full and point == "centre.file.before":
            raise full(point)
        for crash, kind in ((step.crash, DeskCrash), (step.centre_crash, CentreCrash)):
            if crash is not None and (crash.point, crash.passing) == (point, self._passed[point]):
                self.crashes[point] += 1
                raise kind(point)

    def _pass_time(self, span: timedelta) -> None:
        for clock in (self.world.centre.clock, *(desk.clock for desk in self.desks)):
            clock.advance(span)

    def _heal(self) -> list[SyncStatus]:
        """All well again: contacts until nothing moves any more."""
        self.net.deliver(everything=True)
        self.net.held.clear()
        statuses: list[SyncStatus] = []
        before: object = None
        for _ in range(ROUNDS):
            self._pass_time(timedelta(minutes=11))
            self.world.centre.settle()
            statuses = [desk.contact() for desk in self.desks]
            now = [
                (status.waiting, status.is_equal, status.problem, desk.hands.cursor())
                for status, desk in zip(statuses, self.desks, strict=True)
            ]
            if now == before and all(not waiting and is_equal and problem is None for waiting, is_equal, problem, _ in now):
                break
            before = now
        return statuses

    def _holdings(self) -> Holdings:
        centre = self.world.centre
        return read_holdings(centre.engine, centre.centre.blobs, centre.arrived(), [desk.told for desk in self.desks])

    def _end(self, desk: SimulatedDesk, status: SyncStatus) -> DeskEnd:
        return DeskEnd(
            desk_id=desk.identity.desk_id,
            name=desk.folder.name,
            station_code=desk.identity.station_code,
            told=desk.told,
            shown=desk.hands.shown(),
            waiting=status.waiting,
            is_equal=status.is_equal,
            is_sealed=is_sealed(desk.engine, desk.log),
            problem=status.problem.what if status.problem else "",
            problems=desk.problems,
        )


def read_holdings(engine: sa.Engine, blobs: Blobs, arrived: Sequence[str], told: Sequence[Mapping[str, Action]]) -> Holdings:
    """What the centre holds; `arrived` are its actions in the order in which they came."""
    order = {action_id: place for place, action_id in enumerate(arrived)}
    with transaction(engine) as connection:
        rows = connection.execute(sa.select(tables.centre_action)).all()
        shelf = Shelf(connection)
        records = {
            (name, record.id): msgspec.to_builtins(record) for name, kind in tables.RECORD_TYPES.items() for record in shelf.find(kind)
        }
    actions = [
        KeptAction(id=row.id, desk_id=row.desk_id, sequence=row.sequence, body=bytes(row.body), outcome=row.outcome)
        for row in sorted(rows, key=lambda row: order[row.id])
    ]
    wanted = {content_hash for acts in told for action in acts.values() for content_hash in action.attachments}
    files = {name: b"".join(blobs.read(name)) for name in wanted if blobs.has(name)}
    return Holdings(actions=actions, records=records, files=files)


@contextmanager
def _seeded_ids(seed: int) -> Iterator[None]:
    """Record and action ids out of the seed: locks are taken in the order of ids, so chance there would be chance everywhere."""
    chance = random.Random(f"ids {seed}")
    real = ids.os, ids.time
    ticks = iter(range(1_772_000_000_000_000_000, 1 << 62, 1_000_000))
    ids.os = SimpleNamespace(urandom=chance.randbytes)  # type: ignore[assignment]
    ids.time = SimpleNamespace(time_ns=lambda: next(ticks))  # type: ignore[assignment]
    try:
        yield
    finally:
        ids.os, ids.time = real  # type: ignore[misc]


@contextmanager
def _small_room() -> Iterator[None]:
    """The sealed log keeps little room in advance: each sync of it is read back whole here."""
    real, sealed_log.ROOM = sealed_log.ROOM, 4096
    try:
        yield
    finally:
        sealed_log.ROOM = real


@contextmanager
def simulation(database_url: str, folder: Path) -> Iterator[Simulation]:
    """A centre on the empty database and desks enrolled at it, below `folder` (memory is fastest)."""
    clock = SetClock(BEGIN)
    write_durably(folder / "centre" / "centre.key", msgspec.json.encode({"signing_seed": "11" * 32, "id_key": "22" * 32}))
    with ExitStack() as stack:
        stack.enter_context(one_thread())
        stack.enter_context(_seeded_ids(-1))
        stack.enter_context(_small_room())
        watch = stack.enter_context(Watch())
        centre = SimulatedCentre(database_url, folder / "centre", clock)
        stack.callback(centre.close)
        seed_people(centre.centre)
        templates = tuple(_template(centre, folder / "templates" / name, name.partition("-")[0]) for name in DESKS)
        yield Simulation(centre, templates, centre.backup(), watch, folder)


def _template(centre: SimulatedCentre, folder: Path, login: str) -> Template:
    """Enrol a desk without a line; its first block of numbers is nearly used up, so that it will need another."""
    vault = FileVault(folder)
    station = STATIONS[1 if login == "sun" else 0]
    opened = centre.centre
    with transaction(opened.engine) as connection:
        code = issue_code(connection, station.code, folder.name, BEGIN)

    def carry(request: EnrolRequest) -> EnrolAnswer:
        reply = centre.handle("POST", "/v1/enrol", msgspec.json.encode(request), {"content-type": "application/json"})
        assert reply.status == 200, reply.content
        return msgspec.json.decode(reply.content, type=EnrolAnswer)

    enrolment = enrol(folder, vault, URL, code, carry)
    signed_in = sign_in(folder, vault, login, PASSWORD, BEGIN)
    with signed_in.engine.begin() as connection:
        connection.execute(sa.update(tables.number_block).values(next=tables.number_block.c.last - 2))
    signed_in.engine.dispose()
    return Template(login=login, folder=folder, enrolment=enrolment, secrets=signed_in.secrets, clerk=signed_in.clerk, key=signed_in.key)


def made_templates(database_url: str, folder: Path) -> tuple[Template, ...]:
    """Desks enrolled at a centre whose database this becomes; its key and the desks' folders are below `folder`."""
    with simulation(database_url, folder) as world:
        return world.templates


def new_database(server_url: str, name: str, template: str = "template1") -> str:
    """A database of that name on the server, a copy of `template`; its URL."""
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
    return sa.make_url(server_url).set(database=name).render_as_string(hide_password=False)
