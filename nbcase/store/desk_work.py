"""The desk's unit of work: what a clerk's act changed, its action, its outbox entry and its files in one transaction."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

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
from nbcase.store.desk_database import writing
from nbcase.store.records import TYPE_NAMES, Record, difference
from nbcase.store.search import index_records
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
        self._originals: dict[tuple[type[Record], str], Record | None] = {}
        self._touched: dict[tuple[type[Record], str], Record] = {}
        self._attachments: list[str] = []

    def put(self, record: Record) -> None:
        """Write a record; what differs from its state before this work becomes part of the action."""
        key = (type(record), record.id)
        if key not in self._originals:
            self._originals[key] = self.get(type(record), record.id)
        self.write(record)
        self._touched[key] = record

    def attach(self, content: bytes, media_type: str) -> Attachment:
        """Keep a file by its content; the same content twice is kept once."""
        attachment = keep_attachment(self.connection, content, media_type)
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
        row = self.connection.execute(_OPEN_BLOCK, {"of": self.identity.prefix}).first()
        if row is None:
            raise UserError(
                tr("本机的受理号段已用完。"),
                safe=tr("草稿已存在本机，没有受理。"),
                do=tr("请连上中心领取新号段后再按受理；急件请到相邻窗口办理。"),
            )
        self.connection.execute(_TAKE_NUMBER, {"of": row.series, "begin": row.first, "following": row.next + 1})
        return f"{self.identity.prefix}-{year % 100:02d}-{row.next:07d}"

    def record(self, kind: str, subject: Record) -> Action:
        """Write the action and its outbox entry for everything put so far: once per unit of work."""
        require(self.clerk, kind)
        if self.action is not None:
            raise RuntimeError("one unit of work records one action")
        changes = self._changes()
        if not changes:
            raise RuntimeError("an action without a change")
        last = self.connection.execute(_LAST_ACTION).first()
        offset = self.connection.execute(_CLOCK_OFFSET).scalar()
        self.action = sealed(
            Action(
                id=new_id(),
                desk_id=self.identity.desk_id,
                sequence=last.sequence + 1 if last else 1,
                clerk_id=self.clerk.id,
                kind=kind,
                record_type=TYPE_NAMES[type(subject)],
                record_id=subject.id,
                changes=changes,
                attachments=tuple(self._attachments),
                desk_at=self.now,
                estimated_at=self.now + timedelta(seconds=offset or 0.0),
                previous_hash=last.hash if last else GENESIS,
            )
        )
        self._write_action(self.action)
        index_records(self.connection, self._touched.values())
        return self.action

    def changed(self) -> frozenset[str]:
        """Names of the record types written: what open pages are told to reload."""
        return frozenset(TYPE_NAMES[kind] for kind, _ in self._touched)

    def _changes(self) -> tuple[Change, ...]:
        found = (difference(self._originals[key], record) for key, record in self._touched.items())
        return tuple(change for change in found if change is not None)

    def _write_action(self, action: Action) -> None:
        self.connection.execute(
            _ADD_ACTION,
            {
                "sequence": action.sequence,
                "id": action.id,
                "kind": action.kind,
                "record_type": action.record_type,
                "record_id": action.record_id,
                "clerk_id": action.clerk_id,
                "desk_at": action.desk_at,
                "hash": action.hash,
                "body": canonical(action),
            },
        )
        self.connection.execute(_ADD_TO_OUTBOX, {"sequence": action.sequence, "action_id": action.id})


# Made once: building a statement costs more than SQLite needs to carry it out.
_block = tables.number_block
_OPEN_BLOCK = (
    sa.select(_block).where(_block.c.series == sa.bindparam("of"), _block.c.next <= _block.c.last).order_by(_block.c.first).limit(1)
)
_TAKE_NUMBER = (
    sa.update(_block)
    .where(_block.c.series == sa.bindparam("of"), _block.c.first == sa.bindparam("begin"))
    .values(next=sa.bindparam("following"))
)
_LAST_ACTION = sa.select(tables.desk_action.c.sequence, tables.desk_action.c.hash).order_by(tables.desk_action.c.sequence.desc()).limit(1)
_CLOCK_OFFSET = sa.select(tables.desk_state.c.value).where(tables.desk_state.c.key == "clock_offset_s")
_ADD_ACTION = sa.insert(tables.desk_action)
_ADD_TO_OUTBOX = sa.insert(tables.outbox)


@contextmanager
def desk_work(engine: sa.Engine, identity: DeskIdentity, clerk: Clerk, now: datetime) -> Iterator[DeskWork]:
    """One act: commits when the block ends, leaves nothing behind when it raises.

    What was put must have been recorded: a write without its action would never reach the centre.
    """
    with writing(engine) as connection:
        work = DeskWork(connection, identity, clerk, now)
        yield work
        if work.action is None and work._touched:
            raise RuntimeError("records were put without an action")


def keep_attachment(connection: sa.Connection, content: bytes, media_type: str) -> Attachment:
    """Store a file under the SHA-256 of its content, inside the caller's transaction."""
    content_hash = hashlib.sha256(content).hexdigest()
    connection.execute(
        insert(tables.desk_metadata.tables["attachment"])
        .values(hash=content_hash, size=len(content), media_type=media_type)
        .on_conflict_do_nothing()
    )
    connection.execute(insert(tables.attachment_content).values(hash=content_hash, content=content).on_conflict_do_nothing())
    return Attachment(hash=content_hash, size=len(content), media_type=media_type)


def attachment_bytes(connection: sa.Connection, content_hash: str) -> bytes | None:
    """The file's content, or None where this desk does not hold it."""
    content = tables.attachment_content
    return connection.execute(sa.select(content.c.content).where(content.c.hash == content_hash)).scalar()


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
