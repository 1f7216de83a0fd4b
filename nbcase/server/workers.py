"""A centre of several processes behind one listening socket: watched, replaced when one dies, stopped together.

The parent migrates the database and makes the keys, then only watches: it answers nothing and holds nothing that a
worker needs. Each worker holds a lifeline to it; when that breaks, also by kill -9 of the parent, the worker ends
after the requests in hand, so that no orphan keeps the port.
"""

import multiprocessing
import signal
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path

import structlog

from nbcase.domain.errors import UserError
from nbcase.domain.words import tr

START_S = 60.0
"""How long a worker may take until it listens."""

STOP_S = 15.0
"""How long the requests in hand may take at the end, with what uvicorn allows them included."""

SOONEST_AGAIN_S, LATEST_AGAIN_S = 0.1, 10.0
"""Before a worker that died is replaced: doubled while they die young."""

GROWN_UP_S = 30.0

Work = Callable[[socket.socket, Connection, "WorkerPlan"], None]

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerPlan:
    """What each worker is given; `tls` is the certificate's and the key's file."""

    database_url: str
    data_folder: Path
    tls: tuple[Path, Path] | None = None


@dataclass(slots=True)
class _Worker:
    process: SpawnProcess
    lifeline: Connection
    started_at: float


class WorkerTree:
    """Keeps `count` processes of `work` running. `run` blocks until `request_stop`, which is safe in a signal handler."""

    def __init__(self, work: Work, plan: WorkerPlan, listener: socket.socket, count: int) -> None:
        self._work = work
        self._plan = plan
        self._listener = listener
        self._count = count
        self._context = multiprocessing.get_context("spawn")
        self._woken, self._waker = self._context.Pipe(duplex=False)
        self._workers: list[_Worker] = []
        self._again_s = SOONEST_AGAIN_S
        self._is_stopping = False

    def run(self, ready: Callable[[], None]) -> None:
        """Start all, call `ready` once all listen, then replace what dies. Raises `UserError` when one does not come up."""
        try:
            self._workers = [self._start() for _ in range(self._count)]
            for worker in self._workers:
                self._await_ready(worker)
            if not self._is_stopping:
                ready()
            while not self._is_stopping:
                wait([self._woken, *(worker.process.sentinel for worker in self._workers)])
                self._replace_dead()
        finally:
            self._stop_all()

    def request_stop(self) -> None:
        """Ask all to end after the requests in hand."""
        self._is_stopping = True
        self._waker.send_bytes(b"stop")

    def _start(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=self._work, args=(self._listener, theirs, self._plan), name="centre-worker")
        process.start()
        theirs.close()
        return _Worker(process, ours, time.monotonic())

    def _await_ready(self, worker: _Worker) -> None:
        wait([self._woken, worker.lifeline], timeout=START_S)
        if self._is_stopping:
            return
        try:
            if worker.lifeline.poll():
                worker.lifeline.recv_bytes()
                return
        except EOFError:
            pass  # it has died
        raise UserError(tr("中心的工作进程没有启动。"), safe=tr("数据库没有改动。"), do=tr("请查看日志中的原因，或改用 --workers 1。"))

    def _replace_dead(self) -> None:
        for index, worker in enumerate(self._workers):
            if self._is_stopping or worker.process.is_alive():
                continue
            lived_s = time.monotonic() - worker.started_at
            _log.error("worker_died", pid=worker.process.pid, exit_code=worker.process.exitcode, lived_s=round(lived_s, 1))
            self._again_s = SOONEST_AGAIN_S if lived_s > GROWN_UP_S else min(self._again_s * 2, LATEST_AGAIN_S)
            worker.lifeline.close()
            if not self._woken.poll(self._again_s):
                self._workers[index] = self._start()

    def _stop_all(self) -> None:
        for worker in self._workers:
            worker.lifeline.close()
        until = time.monotonic() + STOP_S
        for worker in self._workers:
            worker.process.join(max(until - time.monotonic(), 0.0))
            if worker.process.is_alive():
                _log.error("worker_killed", pid=worker.process.pid)
                worker.process.kill()
                worker.process.join()
        self._woken.close()
        self._waker.close()


def follow(lifeline: Connection, stop: Callable[[], None]) -> None:
    """In a worker: call `stop` when the parent ends or lets go, or on SIGTERM; Ctrl+C is the parent's to handle."""

    def watch() -> None:
        try:
            lifeline.recv_bytes()
        except (EOFError, OSError):
            stop()

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda number, frame: stop())
    threading.Thread(target=watch, name="lifeline", daemon=True).start()
