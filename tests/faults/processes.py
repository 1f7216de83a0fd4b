"""Desk and centre as processes of their own, which kill themselves with -9 at a crash point.

Each answers commands over a pipe. They are forked from a server that has imported everything, so that a restart after a
kill costs milliseconds.
"""

import logging
import multiprocessing
import os
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import structlog

from nbcase.domain import crashpoints
from nbcase.domain.clock import SetClock
from nbcase.domain.errors import UserError
from nbcase.operations.seal import begin_sealing
from nbcase.operations.sign_in import DATABASE_NAME
from nbcase.server.centre import open_centre
from nbcase.server.serve import CentreServer
from nbcase.store.desk_database import open_desk_database
from nbcase.sync.client import CentreClient
from nbcase.sync.loop import SyncLoop
from nbcase.sync.stages import Contact
from tests.faults.desk import Template, is_sealed
from tests.faults.disk import Disk, Watch
from tests.faults.hands import Hands
from tests.faults.script import Crash, Step

_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(["tests.faults.processes"])

ANSWER_S = 60.0
"""The longest that a command may take; after it the process is stuck, which is a failure."""


class Died(Exception):
    """The process is gone; it was told to be, or it is a failure."""


class Stuck(Exception):
    """The process does not answer."""


class Machine:
    """The parent's end of one process: start it, ask it, kill it."""

    def __init__(self, work: Any, *given: Any) -> None:
        self._work, self._given = work, given
        self.start()

    def start(self) -> None:
        """A new process; answers once it is ready."""
        self._pipe, theirs = _forks.Pipe()
        self.process = _forks.Process(target=self._work, args=(theirs, *self._given), daemon=True)
        self.process.start()
        theirs.close()
        self._answer()

    def ask(self, *command: Any) -> Any:
        """The answer to a command; `Died` when the process did instead."""
        try:
            self._pipe.send(command)
        except OSError as error:
            raise Died from error
        return self._answer()

    def _answer(self) -> Any:
        if not self._pipe.poll(ANSWER_S):
            raise Stuck
        try:
            return self._pipe.recv()
        except (EOFError, OSError) as error:
            self.process.join()
            raise Died from error

    @property
    def is_alive(self) -> bool:
        """Whether it runs."""
        return bool(self.process.is_alive())

    def kill(self) -> None:
        """kill -9, and wait for it."""
        self.process.kill()
        self.process.join()
        self._pipe.close()


@dataclass(slots=True)
class _Fuse:
    """Kills this process at the n-th passing of a crash point, counted from `lay`. The last word goes to `deaths`, a file."""

    deaths: Path
    crash: Crash | None = None
    passed: Counter[str] | None = None

    def lay(self, crash: Crash | None) -> None:
        """Count anew."""
        self.crash, self.passed = crash, Counter()

    def reached(self, point: str) -> None:
        """A crash point."""
        crash = self.crash
        if crash is None or self.passed is None:
            return
        self.passed[point] += 1
        if (crash.point, crash.passing) == (point, self.passed[point]):
            with self.deaths.open("a") as file:
                file.write(f"{point}\n")
            os.kill(os.getpid(), signal.SIGKILL)


def desk_process(pipe: Connection, template: Template, folder: Path, url: str, deaths: Path) -> None:
    """A desk with its clerk signed in: ``work``, ``actions``, ``shown``, ``standing``."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    clock = SetClock(datetime(2026, 3, 2, tzinfo=UTC))
    fuse = _Fuse(deaths)
    crashpoints.install(fuse.reached)
    with Watch() as watch:
        # Only to count writes and syncs: what a killed process wrote, the system still has.
        watch.add(Disk(folder, on_write=fuse.reached))
        engine = open_desk_database(folder / DATABASE_NAME, template.secrets.database_key)
        client = CentreClient(url, template.enrolment.identity.desk_id, template.secrets.device, clock)
        client.sign_in(template.login, template.key)
        loop = SyncLoop(Contact(engine=engine, client=client, clock=clock, enrolment=template.enrolment), uniform=lambda low, high: high)
        log = begin_sealing(engine, folder, template.enrolment, template.secrets, clock)
        hands = Hands(engine, template.enrolment.identity, template.clerk, clock)
        pipe.send("ready")
        while True:
            verb, *given = pipe.recv()
            match verb:
                case "work":
                    step, clock.at = given
                    fuse.lay(step.crash)
                    with _little_room(folder / f"{DATABASE_NAME}-wal", step.is_desk_full):
                        answer = _work(hands, loop, step)
                    fuse.lay(None)
                    pipe.send(answer)
                case "actions":
                    pipe.send(hands.actions())
                case "shown":
                    pipe.send(hands.shown())
                case "standing":
                    pipe.send((hands.cursor(), is_sealed(engine, log)))


def _work(hands: Hands, loop: SyncLoop, step: Step) -> tuple[str, Any]:
    try:
        return ("status", loop.run_once()) if step.verb == "contact" else ("told", hands.act(step))
    except UserError as error:
        return "refused", error.what
    except Exception as error:
        return "broke", f"{type(error).__name__}: {error}"


@contextmanager
def _little_room(path: Path, is_full: bool) -> Iterator[None]:
    """No file of this process may grow past the present size of `path`: what a full disk looks like, without one."""
    if not is_full:
        yield
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size if path.exists() else 0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def centre_process(pipe: Connection, database_url: str, folder: Path, port: int, deaths: Path) -> None:
    """A centre that listens on `port`; each command is its clock, a crash to come, and whether its disk is full."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    clock = SetClock(datetime(2026, 3, 2, tzinfo=UTC))
    fuse = _Fuse(deaths)
    crashpoints.install(fuse.reached)
    centre = open_centre(database_url, folder, clock)
    CentreServer(centre, "127.0.0.1", port).start()
    pipe.send("ready")
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    while True:
        clock.at, crash, is_full = pipe.recv()
        fuse.lay(crash)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0 if is_full else hard, hard))
        pipe.send("ready")
