"""The desk's unit of work: what a clerk's act changed, its action, its outbox entry and its files in one transaction."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, BinaryIO

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from nbcase.domain.action import GENESIS, Action, Change, canonical, sealed
from nbcase.domain.clerk import Clerk, require
from nbcase.domain.document import Attachment
from nbcase.domain.errors import UserError
from nbcase.domain.ids import new_id
from nbcase.domain.words import tr
from nbcase.store import tables
from nbcase.store.desk_database import driver_cursor, writing
from nbcase.store.desk_files import keep_file
from nbcase.store.records import TYPE_NAMES, R, Record, difference
from nbcase.store.row_format import instant_text, row_format
from nbcase.store.sealed_log import SealedLog
from nbcase.store.search import note_changed
from nbcase.store.shelf import Shelf


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskIdentity:
    """Which enrolled computer this is. `id_key` makes derived ids; all desks of a city share it."""

    desk_id: str
    station_code: str
    prefix: str
    window: str
    id_key: bytes


class DeskWork(Shelf):
    """An open write transaction of one clerk; use `desk_work`, then `put`, `attach`, and `record` once."""

    def __init__(self, connection: sa.Connection, identity: DeskIdentity, clerk: Clerk, now: datetime) -> None:
        super().__init__(connection)
        self.identity = identity
        self.clerk = clerk
        self.now = now
        self.action: Action | None = None
        self._cursor = driver_cursor(connection)
        self._originals: dict[tuple[type[Record], str], Record | None] = {}
        self._touched: dict[tuple[type[Record], str], Record] = {}
        self._attachments: list[str] = []
        self._given: dict[tuple[type[Record], str], Change] = {}

    def get(self, kind: type[R], record_id: str | None) -> R | None:
        """The record with this id, or None; past SQLAlchemy, see `row_format`."""
        if record_id is None:
            return None
        form = row_format(kind)
        row = self._cursor.execute(form.select, (record_id,)).fetchone()
        return None if row is None else form.record(row)

    def write(self, record: Record) -> None:
        """Insert the record or replace the row with its id."""
        form = row_format(type(record))
        self._cursor.execute(form.upsert, form.row(record))

    def put(self, record: Record) -> None:
        """Write a record; what differs from its state before this work becomes part of the action."""
        key = (type(record), record.id)
        if key not in self._originals:
            self._originals[key] = self.get(type(record), record.id)
        self.write(record)
        self._touched[key] = record

    def put_as(self, record: Record, change: Change) -> None:
        """Write a record whose change is known: an act done anew goes on from what the first one began with, not from what is shown."""
        self.put(record)
        self._given[(type(record), record.id)] = change

    def attach(self, content: bytes | BinaryIO, media_type: str) -> Attachment:
        """Keep a file by its content; the same content twice is kept once."""
        attachment = keep_file(self.connection, content, media_type)
        if attachment.hash not in self._attachments:
            self._attachments.append(attachment.hash)
        return attachment

    def refer(self, *hashes: str) -> None:
        """Name files that are kept already, such as a draft's scans, as part of this action."""
        for content_hash in hashes:
            if content_hash not in self._attachments:
                self._attachments.append(content_hash)

    def next_number(self, year: int) -> str:
        """The next receipt number out of the blocks leased to this desk, as ``LT-26-0039417``."""
        row = self._cursor.execute(_OPEN_BLOCK, (self.identity.prefix,)).fetchone()
        if row is None:
            raise UserError(
                tr("本机的受理号段已用完。"),
                safe=tr("草稿已存在本机，没有受理。"),
                do=tr("请连上中心领取新号段后再按受理；急件请到相邻窗口办理。"),
            )
        first, number = row
        self._cursor.execute(_TAKE_NUMBER, (number + 1, self.identity.prefix, first))
        return f"{self.identity.prefix}-{year % 100:02d}-{number:07d}"

    def record(self, kind: str, subject: Record) -> Action:
        """Write the action and its outbox entry for everything put so far: once per unit of work."""
        require(self.clerk, kind)
        if self.action is not None:
            raise RuntimeError("one unit of work records one action")
        changes = self._changes()
        if not changes:
            raise RuntimeError("an action without a change")
        sequence, previous_hash = self._cursor.execute(_LAST_ACTION).fetchone() or (0, GENESIS)
        offset = self._cursor.execute(_CLOCK_OFFSET).fetchone()
        self.action = sealed(
            Action(
                id=new_id(),
                desk_id=self.identity.desk_id,
                sequence=sequence + 1,
                clerk_id=self.clerk.id,
                kind=kind,
                record_type=TYPE_NAMES[type(subject)],
                record_id=subject.id,
                changes=changes,
                attachments=tuple(self._attachments),
                desk_at=self.now,
                estimated_at=self.now + timedelta(seconds=float(offset[0]) if offset else 0.0),
                previous_hash=previous_hash,
            )
        )
        self._write_action(self.action)
        note_changed(self.connection, self._touched.values())
        return self.action

    def changed(self) -> frozenset[str]:
        """Names of the record types written: what open pages are told to reload."""
        return frozenset(TYPE_NAMES[kind] for kind, _ in self._touched)

    def _changes(self) -> tuple[Change, ...]:
        found = (self._given.get(key) or difference(self._originals[key], record) for key, record in self._touched.items())
        return tuple(change for change in found if change is not None)

    def _write_action(self, action: Action) -> None:
        self._cursor.execute(
            _ADD_ACTION,
            (
                action.sequence,
                action.id,
                action.kind,
                action.record_type,
                action.record_id,
                action.clerk_id,
                instant_text(action.desk_at),
                action.hash,
                canonical(action),
            ),
        )
        self._cursor.execute(_ADD_TO_OUTBOX, (action.sequence, action.id))


_OPEN_BLOCK = "SELECT first, next FROM number_block WHERE series = ? AND next <= last ORDER BY first LIMIT 1"
_TAKE_NUMBER = "UPDATE number_block SET next = ? WHERE series = ? AND first = ?"
_LAST_ACTION = 'SELECT sequence, hash FROM "action" ORDER BY sequence DESC LIMIT 1'
_CLOCK_OFFSET = "SELECT value FROM desk_state WHERE key = 'clock_offset_s'"
_ADD_ACTION = (
    'INSERT INTO "action" (sequence, id, kind, record_type, record_id, clerk_id, desk_at, hash, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)'
)
_ADD_TO_OUTBOX = "INSERT INTO outbox (sequence, action_id) VALUES (?, ?)"

SEALED_LOG = "sealed_log"


def keep_sealed_log(engine: sa.Engine, log: SealedLog) -> None:
    """Every act on this database is sealed in `log` too, from now on. It goes with the engine so that no act can forget it."""
    engine.update_execution_options(**{SEALED_LOG: log})


def sealed_log_of(engine: sa.Engine) -> SealedLog | None:
    """The log that acts on this database are sealed in; None for one that has none, such as a bare test database."""
    log: SealedLog | None = engine.get_execution_options().get(SEALED_LOG)
    return log


@contextmanager
def desk_work(engine: sa.Engine, identity: DeskIdentity, clerk: Clerk, now: datetime) -> Iterator[DeskWork]:
    """One act: commits when the block ends, leaves nothing behind when it raises; sealed a second time where there is a log.

    What was put must have been recorded: a write without its action would never reach the centre.
    """
    log = sealed_log_of(engine)

    def sealing() -> AbstractContextManager[None]:
        return log.holding(work.connection, work.action) if log is not None and work.action is not None else nullcontext()

    with writing(engine, around_commit=sealing) as connection:
        work = DeskWork(connection, identity, clerk, now)
        yield work
        if work.action is None and work._touched:
            raise RuntimeError("records were put without an action")


def state(connection: sa.Connection, key: str, default: Any = None) -> Any:
    """A value that the desk remembers about itself, such as the pull cursor."""
    row = connection.execute(sa.select(tables.desk_state.c.value).where(tables.desk_state.c.key == key)).first()
    return default if row is None else row.value


def set_state(connection: sa.Connection, key: str, value: Any) -> None:
    """Remember a JSON value under `key`."""
    statement = insert(tables.desk_state).values(key=key, value=value)
    connection.execute(statement.on_conflict_do_update(index_elements=["key"], set_={"value": statement.excluded.value}))


def read_action(body: bytes) -> Action:
    """An action from its canonical JSON; raises `msgspec.ValidationError` on anything else."""
    return msgspec.json.decode(body, type=Action)
