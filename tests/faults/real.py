"""The same histories with real processes, files, sockets and a real PostgreSQL that syncs; machines die by kill -9.

Two things are less here than in the simulation: what a killed process has written the system still has (only a power
cut would lose it), and the centre's database is always restored as a physical copy. One is more: PostgreSQL is stopped
at once and recovers, clocks and sockets are the system's, and requests of one process overlap those that arrive late.
"""

import os
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import sqlalchemy as sa

from nbcase.domain.action import Action
from nbcase.domain.clock import SetClock
from nbcase.server.embedded import embedded_postgres
from nbcase.store.blobs import FolderBlobs
from nbcase.sync.status import SyncStatus
from tests.faults.desk import Template, kept_after_a_crash
from tests.faults.processes import Died, Machine, Stuck, centre_process, desk_process
from tests.faults.proxy import Proxy, RealNet
from tests.faults.script import DESKS, Crash, Script, Step, write_script
from tests.faults.simulation import BEGIN, ROUNDS, STEP, Result, made_templates, new_database, read_holdings
from tests.faults.verdict import DeskEnd, Verdict, judge

TEMPLATE = "nbcase_faults_template"
DATABASE = "nbcase_faults_real"
START_S = 30.0


@dataclass(slots=True)
class RealPostgres:
    """A server of our own in a folder, that can be stopped at once, started, copied and put back."""

    folder: Path
    url: str

    def stop(self, number: signal.Signals) -> None:
        """SIGQUIT: at once, without a word to the disk; SIGINT: in order."""
        process = psutil.Process(int((self.folder / "postmaster.pid").read_text().split()[0]))
        process.send_signal(number)
        psutil.wait_procs([process], timeout=START_S)

    def start(self) -> None:
        """As it was started before; answers once it takes connections."""
        program, *options = shlex.split((self.folder / "postmaster.opts").read_text())
        control = [str(Path(program).with_name("pg_ctl")), "start", "-w", "-D", str(self.folder), "-o", shlex.join(options)]
        owner = self.folder.stat()
        user: dict[str, Any] = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []} if os.geteuid() == 0 else {}
        subprocess.run([*control, "-l", str(self.folder / "log")], check=True, capture_output=True, timeout=START_S, **user)

    def copy(self, target: Path) -> None:
        """A physical copy, taken while it is stopped."""
        self.stop(signal.SIGINT)
        _copy_folder(self.folder, target)
        self.start()

    def put_back(self, source: Path) -> None:
        """Everything is as it was in the copy."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder)
        _copy_folder(source, self.folder)
        self.start()


def _copy_folder(source: Path, target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    subprocess.run(["cp", "-a", str(source), str(target)], check=True)


@dataclass(slots=True)
class RealDesk:
    """One desk's process with its proxy and what its clerk was told."""

    machine: Machine
    proxy: Proxy
    template: Template
    clock: SetClock
    told: dict[str, Action] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def restart(self) -> None:
        """After a death: what is there counts as told, what was told must be there."""
        self.machine.start()
        self.told, lost = kept_after_a_crash(self.told, self.machine.ask("actions"))
        self.problems += lost


@dataclass(slots=True)
class RealHistory:
    """One history in play."""

    postgres: RealPostgres
    templates: tuple[Template, ...]
    folder: Path
    script: Script
    stack: ExitStack
    bugs: list[str] = field(default_factory=list)
    at: datetime = BEGIN
    has_backup: bool = False
    centre: Machine = field(init=False)
    net: RealNet = field(init=False)
    desks: list[RealDesk] = field(init=False)

    def __post_init__(self) -> None:
        self._centre_folder.mkdir()
        shutil.copy2(self.folder.parent / "centre" / "centre.key", self._centre_folder)
        self.net = RealNet(_free_port())
        self.centre = Machine(centre_process, self._url, self._centre_folder, self.net.port, self._deaths)
        self.stack.callback(lambda: self.centre.kill())
        self.desks = [self._desk(name, template) for name, template in zip(DESKS, self.templates, strict=True)]

    def _desk(self, name: str, template: Template) -> RealDesk:
        folder = self.folder / name
        shutil.copytree(template.folder, folder)
        proxy = Proxy(self.net)
        self.stack.callback(proxy.close)
        machine = Machine(desk_process, template, folder, proxy.url, self._deaths)
        self.stack.callback(lambda: machine.kill())
        return RealDesk(machine, proxy, template, SetClock(BEGIN))

    @property
    def _url(self) -> str:
        return sa.make_url(self.postgres.url).set(database=DATABASE).render_as_string(hide_password=False)

    @property
    def _centre_folder(self) -> Path:
        return self.folder / "centre"

    @property
    def _deaths(self) -> Path:
        return self.folder / "deaths"

    @property
    def crashes(self) -> Counter[str]:
        """Where processes died."""
        return Counter(self._deaths.read_text().split()) if self._deaths.exists() else Counter()

    def play(self) -> Verdict:
        """All steps, then peace, then the verdict."""
        for step in self.script.steps:
            self._pass_time(STEP)
            self._play(step)
        statuses = self._heal()
        if self.bugs:
            return Verdict()
        engine = sa.create_engine(sa.make_url(self._url).set(drivername="postgresql+psycopg"))
        try:
            with engine.connect() as connection:
                rows = connection.execute(sa.text("SELECT id FROM action ORDER BY xmin::text::bigint, sequence")).scalars().all()
            told = [desk.told for desk in self.desks]
            holdings = read_holdings(engine, FolderBlobs(self._centre_folder / "attachments"), rows, told)
        finally:
            engine.dispose()
        return judge(holdings, [self._end(desk, status) for desk, status in zip(self.desks, statuses, strict=True)])

    def _play(self, step: Step) -> None:
        desk = self.desks[step.desk]
        match step.verb:
            case "backup":
                self._back_up()
            case "restored":
                self._restore(step)
            case "dies at rest":
                self.centre.kill()
                self.postgres.stop(signal.SIGQUIT)
                self.postgres.start()
                self._keep_centre_up()
            case "waits":
                self._pass_time(timedelta(seconds=step.seconds))
            case "clock":
                desk.clock.advance(timedelta(seconds=step.seconds))
            case "dies":
                desk.machine.kill()
                desk.restart()
            case "exports" | "stick arrives":
                pass  # Nothing in it hangs on processes: the simulation plays it.
            case _:
                self._work(desk, step)

    def _work(self, desk: RealDesk, step: Step) -> None:
        self._tell_centre(step.centre_crash, step.is_centre_full)
        desk.proxy.expect(step.faults)
        try:
            kind, answer = desk.machine.ask("work", step, desk.clock.now())
        except Died:
            desk.restart()
        else:
            if kind == "told" and answer is not None:
                desk.told[answer.id] = answer
            elif kind == "broke" and not step.is_desk_full:
                self.bugs.append(f"{step.verb}: {answer}")
        desk.proxy.expect(())
        self._keep_centre_up()
        self._tell_centre(None, False)

    def _tell_centre(self, crash: Crash | None, is_full: bool) -> None:
        try:
            self.centre.ask(self.at, crash, is_full)
        except Died:
            # A request that arrived late met the crash point first.
            self._keep_centre_up()

    def _keep_centre_up(self) -> None:
        if not self.centre.is_alive:
            self.centre.start()

    def _back_up(self) -> None:
        self.postgres.copy(self.folder / "backup")
        _copy_folder(self._attachments, self.folder / "backup-files")
        self.has_backup = True

    @property
    def _attachments(self) -> Path:
        folder = self._centre_folder / "attachments"
        folder.mkdir(exist_ok=True)
        return folder

    def _restore(self, step: Step) -> None:
        if not self.has_backup:
            return
        self.centre.kill()
        if step.with_rows:
            self.postgres.put_back(self.folder / "backup")
        if step.with_files:
            _copy_folder(self.folder / "backup-files", self._attachments)
        self.centre.start()

    def _pass_time(self, span: timedelta) -> None:
        self.at += span
        for desk in self.desks:
            desk.clock.advance(span)

    def _heal(self) -> list[SyncStatus]:
        self.net.deliver(everything=True)
        self._keep_centre_up()
        contact, before = Step(verb="contact"), []
        statuses: list[Any] = []
        for _ in range(ROUNDS):
            self._pass_time(timedelta(minutes=11))
            self._tell_centre(None, False)
            answers = [desk.machine.ask("work", contact, desk.clock.now()) for desk in self.desks]
            statuses = [status for _, status in answers]
            self.bugs += [f"contact: {words}" for kind, words in answers if kind != "status"]
            if self.bugs:
                return []
            now = [desk.machine.ask("standing")[0] for desk in self.desks]
            if now == before and all(not found.waiting and found.is_equal and found.problem is None for found in statuses):
                break
            before = now
        return statuses

    def _end(self, desk: RealDesk, status: SyncStatus) -> DeskEnd:
        identity = desk.template.enrolment.identity
        return DeskEnd(
            desk_id=identity.desk_id,
            name=desk.template.folder.name,
            station_code=identity.station_code,
            told=desk.told,
            shown=desk.machine.ask("shown"),
            waiting=status.waiting,
            is_equal=status.is_equal,
            is_sealed=desk.machine.ask("standing")[1],
            problem=status.problem.what if status.problem else "",
            problems=desk.problems,
        )


def play_real(seeds: Iterable[int]) -> Iterator[Result]:
    """These histories, one after the other, on one PostgreSQL of their own."""
    with _world() as (postgres, templates, folder):
        for seed in seeds:
            yield _play_one(postgres, templates, folder / f"{seed}", write_script(seed))


def _play_one(postgres: RealPostgres, templates: tuple[Template, ...], folder: Path, script: Script) -> Result:
    begun = time.perf_counter()
    folder.mkdir()
    new_database(postgres.url, DATABASE, template=TEMPLATE)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        history = RealHistory(postgres, templates, folder, script, stack)
        try:
            verdict = history.play()
        except (Died, Stuck) as error:
            verdict = Verdict(stuck=[f"a process {type(error).__name__}"])
        verdict.bugs += history.bugs
        return Result(script.seed, verdict, history.crashes, time.perf_counter() - begun)


@contextmanager
def _world() -> Iterator[tuple[RealPostgres, tuple[Template, ...], Path]]:
    """PostgreSQL on the disk, with sync; a template database with three desks enrolled, and their folders."""
    folder = Path(tempfile.mkdtemp(prefix="nbcase-real-"))
    folder.chmod(0o755)
    try:
        with embedded_postgres(folder / "data") as url:
            postgres = RealPostgres(folder / "data", url)
            templates = made_templates(new_database(url, TEMPLATE), folder)
            yield postgres, templates, folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
