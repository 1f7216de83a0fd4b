"""The centre's unit of work: a batch of one desk's actions laid on locked records, written in few statements.

Lock order, the same for every batch so that none waits in a circle: the desk, then existing records by type and id,
then new records by type and id as they are inserted. Two creators of one record meet at the insert: the second sees
`Raced`, rolls back and finds the record on its next try.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Any

import msgspec
import sqlalchemy as sa
from psycopg import errors as postgres
from sqlalchemy.dialects.postgresql import insert

from nbcase.domain.action import GENESIS, Action, Answer, Outcome, canonical
from nbcase.domain.clerk import Clerk, Station
from nbcase.domain.conflict import FieldConflict
from nbcase.domain.errors import UserError
from nbcase.domain.ids import derived_id
from nbcase.domain.merge import Collision
from nbcase.domain.words import tr
from nbcase.store import feed, people, tables
from nbcase.store.records import RECORD_TYPES, TYPE_NAMES, Record, from_plain
from nbcase.store.shelf import as_record, as_row

Key = tuple[str, str]
"""Record type and id."""


class Raced(Exception):
    """Another desk created the same record between our look and our insert: try the batch again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolledDesk:
    """A desk as the centre knows it."""

    id: str
    station_code: str
    window: str
    public_key: str
    retired_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A record as an action left it."""

    record: Record
    collisions: tuple[Collision, ...] = ()


class CentreWork:
    """An open transaction for one desk. Read through it, `keep` results action by action, `flush` once."""

    def __init__(self, connection: sa.Connection, desk: EnrolledDesk, now: datetime) -> None:
        self.connection = connection
        self.desk = desk
        self.now = now
        self.sequence, self.hash = self._last_action()
        self._clerks = {clerk.id: clerk for clerk in people.clerks(connection, station_code=desk.station_code)}
        self._stored: set[Key] = set()
        self._current: dict[Key, dict[str, Any]] = {}
        self._foreign: dict[Key, int] = {}
        self._touched: dict[Key, set[str]] = {}
        self._changed: set[Key] = set()
        self._actions: list[dict[str, Any]] = []

    def clerk(self, clerk_id: str) -> Clerk | None:
        """A clerk of the desk's station."""
        return self._clerks.get(clerk_id)

    def current(self, key: Key) -> Mapping[str, Any]:
        """The record as JSON values, with what this work has done to it so far; empty when it does not exist."""
        return self._current.get(key, {})

    def foreign_version(self, key: Key) -> int:
        """The newest version that somebody else than this desk made."""
        return self._foreign.get(key, 0)

    def answered(self, ids: Sequence[str]) -> dict[str, tuple[str, Answer]]:
        """Hash and first answer of those actions that the centre has already."""
        action = tables.centre_action
        rows = self.connection.execute(sa.select(action).where(action.c.id.in_(ids)))
        return {row.id: (row.hash, _answer(row)) for row in rows}

    def missing_attachments(self, hashes: Iterable[str]) -> list[str]:
        """Which of these files the centre does not hold yet."""
        wanted = sorted(set(hashes))
        if not wanted:
            return []
        attachment = tables.centre_metadata.tables["attachment"]
        known = set(self.connection.execute(sa.select(attachment.c.hash).where(attachment.c.hash.in_(wanted))).scalars())
        return [content_hash for content_hash in wanted if content_hash not in known]

    def lock(self, keys: Iterable[Key]) -> None:
        """Lock and load the records behind these keys, as far as they exist and their type is known."""
        wanted = sorted({key for key in keys if key[0] in RECORD_TYPES})
        for name, group in groupby(wanted, key=lambda key: key[0]):
            kind, table = RECORD_TYPES[name], tables.CENTRE_RECORDS[name]
            ids = [record_id for _, record_id in group]
            rows = self.connection.execute(sa.select(table).where(table.c.id.in_(ids)).order_by(table.c.id).with_for_update())
            for row in rows:
                self._current[(name, row.id)] = plain(as_record(kind, row))
                self._stored.add((name, row.id))
        self._load_foreign_versions()

    def _load_foreign_versions(self) -> None:
        row = tables.change_feed
        keys = sorted(self._stored)
        if not keys:
            return
        query = (
            sa.select(row.c.record_type, row.c.record_id, sa.func.max(row.c.version).label("newest"))
            .where(sa.tuple_(row.c.record_type, row.c.record_id).in_(keys), row.c.desk_id.is_distinct_from(self.desk.id))
            .group_by(row.c.record_type, row.c.record_id)
        )
        self._foreign = {(found.record_type, found.record_id): found.newest for found in self.connection.execute(query)}

    def keep(self, action: Action, answer: Answer, written: Sequence[Written]) -> None:
        """Take an answered action with the records it left; nothing reaches the database before `flush`."""
        for entry in written:
            self._keep_record(action, entry)
        self._actions.append(
            {
                "id": action.id,
                "desk_id": self.desk.id,
                "sequence": action.sequence,
                "clerk_id": _storable(action.clerk_id),
                "kind": _storable(action.kind),
                "record_type": _storable(action.record_type),
                "record_id": _storable(action.record_id),
                "received_at": self.now,
                "hash": action.hash,
                "body": canonical(action),
                "outcome": answer.outcome.value,
                "reason": _storable(answer.reason),
                "fields": list(answer.fields),
                "versions": list(answer.versions),
            }
        )
        self.sequence, self.hash = action.sequence, action.hash

    def _keep_record(self, action: Action, written: Written) -> None:
        after = plain(written.record)
        key = (TYPE_NAMES[type(written.record)], written.record.id)
        before = self._current.get(key)
        scopes = self._touched.setdefault(key, {self.desk.station_code})
        scopes.add(after["station_code"])
        if before is not None:
            scopes.add(before["station_code"])
        if before != after:
            self._changed.add(key)
        self._current[key] = after
        if key[0] != "conflict":
            for collision in written.collisions:
                self._keep_conflict(action, key, collision, scopes)

    def _keep_conflict(self, action: Action, key: Key, collision: Collision, scopes: set[str]) -> None:
        """A record of its own for a person to decide on; it goes wherever the record in question goes."""
        record = FieldConflict(
            id=derived_id(b"", "conflict", action.id, *key, collision.field),
            version=1,
            action_id=action.id,
            subject_type=key[0],
            subject_id=key[1],
            field=collision.field,
            before=collision.before,
            theirs=collision.theirs,
            yours=collision.yours,
            yours_by=action.clerk_id,
            found_at=self.now,
            station_code=self.desk.station_code,
        )
        self._keep_record(action, Written(record=record))
        self._touched[("conflict", record.id)] |= scopes

    def flush(self) -> None:
        """Write everything kept: records, feed, actions, conflicts. Raises `Raced` when a new record exists after all."""
        records = {key: from_plain(RECORD_TYPES[key[0]], self._current[key]) for key in sorted(self._touched)}
        for name, group in groupby(sorted(self._changed), key=lambda key: key[0]):
            self._write_records(name, [(key in self._stored, records[key]) for key in group])
        feed.append(self.connection, (row for key, record in records.items() for row in self._feed_rows(key, record)))
        if self._actions:
            self.connection.execute(sa.insert(tables.centre_action), self._actions)

    def _write_records(self, name: str, records: Sequence[tuple[bool, Record]]) -> None:
        table = tables.CENTRE_RECORDS[name]
        new = [as_row(record) for is_stored, record in records if not is_stored]
        if new:
            statement = insert(table).on_conflict_do_nothing().returning(table.c.id)
            if len(self.connection.execute(statement, new).all()) < len(new):
                raise Raced
        changed = [as_row(record) for is_stored, record in records if is_stored]
        if changed:
            replacing = insert(table)
            columns = {column.name: replacing.excluded[column.name] for column in table.c if column.name != "id"}
            self.connection.execute(replacing.on_conflict_do_update(index_elements=[table.c.id], set_=columns), changed)

    def _feed_rows(self, key: Key, record: Record) -> Iterable[dict[str, object]]:
        """One row for each station concerned: the desk's own gets the record back even where it belongs to another."""
        body = canonical(record)
        for station_code in sorted(self._touched[key]):
            yield {
                "station_code": station_code,
                "desk_id": self.desk.id,
                "record_type": key[0],
                "record_id": key[1],
                "version": record.version,
                "body": body,
            }

    def _last_action(self) -> tuple[int, str]:
        action = tables.centre_action
        last = self.connection.execute(
            sa.select(action.c.sequence, action.c.hash).where(action.c.desk_id == self.desk.id).order_by(action.c.sequence.desc()).limit(1)
        ).first()
        return (last.sequence, last.hash) if last else (0, GENESIS)


def plain(record: Record) -> dict[str, Any]:
    """The record as the JSON values that travel: lists for tuples, ISO text for dates."""
    values: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(record))
    return values


def _answer(row: sa.Row[Any]) -> Answer:
    return Answer(
        action_id=row.id, outcome=Outcome(row.outcome), reason=row.reason, fields=tuple(row.fields or ()), versions=tuple(row.versions)
    )


def _storable(text: str) -> str:
    """PostgreSQL keeps no NUL in text; the action's body keeps it as it came."""
    return text.replace("\x00", "\ufffd")


def lock_desk(connection: sa.Connection, desk_id: str) -> EnrolledDesk | None:
    """The desk, with its row locked: batches of one desk follow each other."""
    return _desk(connection.execute(sa.select(tables.desk).where(tables.desk.c.id == desk_id).with_for_update()).first())


def find_desk(connection: sa.Connection, desk_id: str) -> EnrolledDesk | None:
    """The desk as the centre knows it."""
    return _desk(connection.execute(sa.select(tables.desk).where(tables.desk.c.id == desk_id)).first())


def _desk(row: sa.Row[Any] | None) -> EnrolledDesk | None:
    if row is None:
        return None
    return EnrolledDesk(id=row.id, station_code=row.station_code, window=row.window, public_key=row.public_key, retired_at=row.retired_at)


def load_records(
    connection: sa.Connection, records: Iterable[Record], clerks: Sequence[Clerk] = (), stations: Sequence[Station] = ()
) -> int:
    """Bulk load of new records as version 1, with their feed rows, by COPY; answers how many.

    For filling an empty centre (demo, first import). Raises `UserError` when one of them exists already; the caller's
    transaction is void then, so that nothing is loaded.
    """
    people.add_people(connection, clerks, stations)
    by_type: dict[str, list[Record]] = {}
    for record in records:
        by_type.setdefault(TYPE_NAMES[type(record)], []).append(replace(record, version=1))
    for name, group in by_type.items():
        table = tables.CENTRE_RECORDS[name]
        columns = [column.name for column in table.c]
        _copy(connection, table, columns, ([row[column] for column in columns] for row in map(as_row, group)))
        _copy(
            connection,
            tables.change_feed,
            ["station_code", "record_type", "record_id", "version", "body"],
            ([record.station_code, name, record.id, 1, canonical(record)] for record in group),
        )
    return sum(len(group) for group in by_type.values())


def _copy(connection: sa.Connection, table: sa.Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    quote = connection.dialect.identifier_preparer.quote
    to_text = [_copied(table.c[name].type, connection.dialect) for name in columns]
    statement = f"COPY {quote(table.name)} ({', '.join(map(quote, columns))}) FROM STDIN"
    driver: Any = connection.connection.driver_connection
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row([convert(value) for convert, value in zip(to_text, row, strict=True)])
    except postgres.UniqueViolation as error:
        raise UserError(
            tr("中心里已有其中的记录：{text}").format(text=error.diag.message_detail or table.name),
            safe=tr("这一批都没有导入。"),
            do=tr("请只向空的中心导入。"),
        ) from error


def _copied(kind: sa.types.TypeEngine[Any], dialect: sa.Dialect) -> Any:
    if isinstance(kind, tables.Json):
        return lambda value: kind.process_bind_param(value, dialect)
    return lambda value: value
