"""The real centre in the simulation's process: its own application and operations, on a real PostgreSQL.

Simulated are its threads (there is one; each request is worked on to its end), its clock, and restores: rows are copied
out and in again. PostgreSQL itself is trusted (`fsync` is off): what it committed is there, what it did not is not.
"""

import asyncio
import errno
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa
import zstandard

import nbcase.server.centre as centre_module
from nbcase.domain import crashpoints
from nbcase.domain.clock import SetClock
from nbcase.domain.errors import Offline
from nbcase.operations.sealed_import import take_in_sealed
from nbcase.server import app as app_module
from nbcase.server.centre import Centre, open_centre
from nbcase.store import tables
from nbcase.store.centre_database import open_centre_database, transaction
from nbcase.sync.client import Reply

LOGICAL_JUMP = 1_000_000
"""How far the transaction numbers of a logical restore lie above those of the server that it went into."""

RENEWED_AFTER = 200
"""Fills of the tables until they are truncated, so that dead rows do not slow the campaign down."""

LONGEST_HOLD_S = 30.0

_HELD_BACK = sa.text("SELECT EXISTS (SELECT FROM change_feed WHERE xid >= pg_snapshot_xmin(pg_current_snapshot())::text::bigint)")


class CentreCrash(BaseException):
    """The centre's process ended here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """The centre at one moment."""

    rows: Mapping[str, bytes]
    files: Mapping[str, bytes]
    transaction: int
    position: int
    arrived: tuple[str, ...]


@dataclass(slots=True)
class SimulatedCentre:
    """One centre, that can die at a crash point, be full, and be put back. `bugs` are answers that no centre should give."""

    url: str
    folder: Path
    clock: SetClock
    engine: sa.Engine = field(init=False)
    centre: Centre = field(init=False)
    app: Any = field(init=False)
    admin: psycopg.Connection[Any] = field(init=False)
    is_full: bool = False
    bugs: list[str] = field(default_factory=list)
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _shift: int = 0
    _arrived: tuple[str, ...] = ()
    _fills: int = 0

    def __post_init__(self) -> None:
        self.engine = open_centre_database(self.url)
        self.admin = psycopg.connect(self.url, autocommit=True)
        self.start()

    def start(self) -> None:
        """A new process: nothing of the old one's memory is left."""
        real, centre_module.open_centre_database = centre_module.open_centre_database, lambda url, **_: self.engine
        try:
            self.centre = open_centre(self.url, self.folder, self.clock)
        finally:
            centre_module.open_centre_database = real
        self.app = app_module.make_app(self.centre)

    def close(self) -> None:
        """Give everything back."""
        self.admin.close()
        self.engine.dispose()
        self._loop.close()

    def handle(self, method: str, target: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        """One request through the application. A crash restarts the centre and is `Offline` for the desk."""
        try:
            return self._loop.run_until_complete(self._ask(method, target, body, headers))
        except CentreCrash as error:
            self.start()
            raise Offline("the centre died") from error

    async def _ask(self, method: str, target: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        path, _, query = target.partition("?")
        sent: list[Mapping[str, Any]] = []
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(name.encode(), text.encode()) for name, text in {**headers, "content-length": str(len(body))}.items()],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 2),
        }

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Mapping[str, Any]) -> None:
            sent.append(message)

        try:
            await self.app(scope, receive, send)
        except Exception as error:
            if not self.is_full:
                self.bugs.append(f"{method} {path}: {type(error).__name__}: {error}")
        return _reply(sent)

    def take_in(self, stick: Path) -> None:
        """An administrator takes in a sealed file."""
        with stick.open("rb") as file:
            take_in_sealed(self.engine, self.centre.blobs, self.centre.key, file, "00" * 32, self.clock.now(), by_administrator=True)

    def arrived(self) -> tuple[str, ...]:
        """Ids of all actions in the order in which the centre committed them."""
        new = self.admin.execute("SELECT id FROM action ORDER BY xmin::text::bigint, sequence").fetchall()
        known = set(self._arrived)
        return (*self._arrived, *(row[0] for row in new if row[0] not in known))

    def settle(self) -> None:
        """Until no row of the feed is held back by somebody's open transaction: another worker's, or PostgreSQL's own housekeeping.

        The horizon is the whole server's. In service such a row comes with the next contact; a history has a last one.
        """
        until = time.monotonic() + LONGEST_HOLD_S
        while time.monotonic() < until:
            with transaction(self.engine) as connection:
                if not connection.execute(_HELD_BACK).scalar():
                    return
        raise RuntimeError("an open transaction holds the feed back")

    def backup(self) -> Backup:
        """Everything as it is now."""
        rows = {name: self._copy_out(name) for name in _TABLES}
        (transaction,) = self.admin.execute("SELECT pg_current_xact_id()::text::bigint").fetchone() or (0,)
        (position,) = self.admin.execute(f"SELECT last_value FROM {_POSITIONS}").fetchone() or (0,)
        return Backup(rows=rows, files=self._read_files(), transaction=transaction, position=position, arrived=self.arrived())

    def restore(self, backup: Backup, *, rows: bool = True, files: bool = True, is_physical: bool = True) -> None:
        """Put the database, the attachments or both back, and start anew.

        Physically, transaction numbers go back with the rows and are given out a second time. Logically, the rows come
        into a server whose numbers are far below theirs.
        """
        if files:
            self._write_files(backup.files)
        if rows:
            self._fill(backup, is_physical=is_physical)
        self.start()

    def reset(self, backup: Backup) -> None:
        """A new history begins from here."""
        self._shift, self.is_full = 0, False
        self.bugs.clear()
        self.admin.execute(_xid_default(0))
        self._fill(backup, is_physical=None)
        self._write_files(backup.files)
        self.start()

    def _fill(self, backup: Backup, *, is_physical: bool | None) -> None:
        self._fills += 1
        empty = ", ".join(_TABLES)
        wipe = f"TRUNCATE {empty}" if self._fills % RENEWED_AFTER == 0 else ";".join(f"DELETE FROM {name}" for name in _TABLES)
        with self.admin.transaction():
            self.admin.execute(wipe.encode())
            for name, content in backup.rows.items():
                with self.admin.cursor().copy(f"COPY {name} FROM STDIN (FORMAT binary)".encode()) as copy:
                    copy.write(content)
            self.admin.execute(f"SELECT setval('{_POSITIONS}', {backup.position})".encode())
            if is_physical:
                (now,) = self.admin.execute("SELECT pg_current_xact_id()::text::bigint").fetchone() or (0,)
                self._shift += now - self._shift - backup.transaction
                self.admin.execute(_xid_default(self._shift))
            elif is_physical is False:
                self.admin.execute(f"UPDATE change_feed SET xid = xid + {LOGICAL_JUMP}".encode())
        self._arrived = backup.arrived

    def _copy_out(self, name: str) -> bytes:
        with self.admin.cursor().copy(f"COPY {name} TO STDOUT (FORMAT binary)".encode()) as copy:
            return b"".join(bytes(chunk) for chunk in copy)

    @property
    def _attachments(self) -> Path:
        return self.folder / "attachments"

    def _read_files(self) -> dict[str, bytes]:
        folder = self._attachments
        return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    def _write_files(self, files: Mapping[str, bytes]) -> None:
        for name in self._read_files().keys() - files.keys():
            (self._attachments / name).unlink()
        for name, content in files.items():
            path = self._attachments / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


_TABLES = tuple(f'"{table.name}"' for table in tables.centre_metadata.sorted_tables)
_POSITIONS = "change_feed_position_seq"


def _xid_default(shift: int) -> bytes:
    return f"ALTER TABLE change_feed ALTER xid SET DEFAULT ((pg_current_xact_id()::text::bigint) - {shift})".encode()


def _reply(sent: list[Mapping[str, Any]]) -> Reply:
    start = next(message for message in sent if message["type"] == "http.response.start")
    headers = {name.decode().lower(): text.decode() for name, text in start["headers"]}
    content = b"".join(message.get("body", b"") for message in sent if message["type"] == "http.response.body")
    if headers.get("content-encoding") == "zstd":
        with zstandard.ZstdDecompressor().stream_reader(content) as reader:
            content = reader.read()
    return Reply(status=start["status"], headers=headers, content=content)


async def _at_once(work: Callable[..., Any], *given: Any) -> Any:
    return work(*given)


@contextmanager
def one_thread() -> Iterator[None]:
    """The centre's handlers work in the caller's thread, so that a history is the same each time."""
    changed = [module for module in _server_modules() if hasattr(module, "run_in_threadpool")]
    real = [module.run_in_threadpool for module in changed]
    for module in changed:
        module.run_in_threadpool = _at_once
    try:
        yield
    finally:
        for module, function in zip(changed, real, strict=True):
            module.run_in_threadpool = function


def _server_modules() -> list[Any]:
    import sys

    return [module for name, module in sys.modules.items() if name.startswith("nbcase.server")]


def full(name: str) -> OSError:
    """What a write at this point meets on a full disk."""
    return OSError(errno.ENOSPC, "No space left on device", name)


def listen(handler: Callable[[str], None] | None) -> None:
    """Hear of every crash point."""
    crashpoints.install(handler)
