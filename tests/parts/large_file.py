"""A scan of 200 MB on its way from one desk over the centre to another, each as a process of its own that tells its memory.

``python -m tests.parts.large_file centre URL FOLDER`` serves; ``… send CENTRE CODE FOLDER`` and ``… fetch CENTRE CODE FOLDER LOGIN``
are desks. Each ends with a line ``grown N``: the MiB of resident memory that it gained at most after it was ready.
"""

import hashlib
import sys
import threading
from contextlib import ExitStack
from datetime import UTC, datetime
from io import RawIOBase
from pathlib import Path
from random import Random
from types import SimpleNamespace

import psutil

SIZE = 200 << 20
BLOCK = 1 << 16
_NOISE = Random(11).randbytes(BLOCK - 8)


class Scan(RawIOBase):
    """Noise of this many bytes that is never whole in memory; no two blocks are alike."""

    def __init__(self, size: int = SIZE) -> None:
        self._size = size
        self._at = 0

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        number, within = divmod(self._at, BLOCK)
        part = (number.to_bytes(8, "big") + _NOISE)[within : within + min(len(buffer), self._size - self._at)]
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)


def scan_hash() -> str:
    """The hash that the scan will have."""
    digest, scan = hashlib.sha256(), Scan()
    while block := scan.read(BLOCK):
        digest.update(block)
    return digest.hexdigest()


class Memory:
    """How much resident memory this process gains while the block runs.

    Looked at every few milliseconds: what the system keeps as the maximum is inherited from the process that started this one.
    """

    def __enter__(self) -> "Memory":
        self._process = psutil.Process()
        self._first = self._most = self._process.memory_info().rss
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._is_over.set()
        self._thread.join()
        print(f"grown {(self._most - self._first) / (1 << 20):.1f}", flush=True)

    def _look(self) -> None:
        while not self._is_over.wait(0.005):
            self._most = max(self._most, self._process.memory_info().rss)


def centre(url: str, folder: str) -> None:
    """Serve until the line is told to end."""
    from nbcase.domain.clock import SetClock
    from nbcase.server.serve import serve

    with ExitStack() as stack:

        def is_ready(address: str) -> None:
            stack.enter_context(Memory())
            print(address, flush=True)

        serve(url, Path(folder), clock=SetClock(datetime(2026, 3, 2, 1, 0, tzinfo=UTC)), ready=is_ready)


def _desk(url: str, code: str, folder: str, login: str):  # type: ignore[no-untyped-def]
    from nbcase.domain.clock import SetClock
    from tests.parts.desks import open_desk

    clock = SetClock(datetime(2026, 3, 2, 1, 0, tzinfo=UTC))
    desk = open_desk(SimpleNamespace(url=url, code=lambda station: code), Path(folder), login, clock)  # type: ignore[arg-type]
    assert desk.sync().problem is None
    return desk


def send(url: str, code: str, folder: str) -> None:
    """A desk that scans, accepts and sends."""
    from nbcase.store.desk_work import desk_work

    desk = _desk(url, code, folder, "li")
    with Memory():
        with desk_work(desk.engine, desk.enrolment.identity, desk.clerk, desk.clock.now()) as work:
            scan = work.attach(Scan(), "application/pdf")
            person = desk.resident(photo_hash=scan.hash)
            work.put(person)
            work.record("registration.accept", person)
        status = desk.sync()
    assert (status.problem, status.waiting) == (None, 0), status


def fetch(url: str, code: str, folder: str, login: str) -> None:
    """Another desk that opens the scan."""
    from nbcase.store.desk_database import reading
    from nbcase.store.desk_files import is_intact
    from nbcase.sync.files import Fetcher

    desk = _desk(url, code, folder, login)
    content_hash = scan_hash()
    with Memory():
        Fetcher(desk.engine, desk.client).fetch(content_hash)
    with reading(desk.engine) as connection:
        assert is_intact(connection, content_hash)


if __name__ == "__main__":
    {"centre": centre, "send": send, "fetch": fetch}[sys.argv[1]](*sys.argv[2:])
