"""The centre's unit of work: a batch of one desk's actions laid on locked records, written in few statements.

Lock order, the same for every batch so that none waits in a circle: the desk, then existing records by type and id,
then new records by type and id as they are inserted. Two creators of one record meet at the insert: the second sees
`Raced`, rolls back and finds the record on its next try.
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from itertools import groupby
from typing import Any

import msgspec
import sqlalchemy as sa
from psycopg import errors as postgres

from nbcase.domain.action import GENESIS, Action, Answer, Change, Outcome, canonical
from nbcase.domain.clerk import Clerk, Station
from nbcase.domain.conflict import FieldConflict
from nbcase.domain.errors import UserError
from nbcase.domain.ids import derived_id
from nbcase.domain.merge import Collision
from nbcase.domain.score import Score
from nbcase.domain.words import tr
from nbcase.store import feed, people, tables
from nbcase.store.action_trees import keep_tree, kept_tree
from nbcase.store.bulk import copy_rows, insert_new, update_rows
from nbcase.store.file_uses import Use, note_uses, uses_of
from nbcase.store.origins import origin
from nbcase.store.records import EVERYBODYS, RECORD_TYPES, TYPE_NAMES, R, Record, field_names
from nbcase.store.shelf import as_row

Key = tuple[str, str]
"""Record type and id."""

MOST_ID = 64
"""Characters in an id; those of desks have 36."""


UNCHANGED = sys.maxsize
"""The base version of a record that is only looked at: nobody can have come between."""


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
    """A record as an action left it; `contests` are new conflicts about one that was decided before."""

    record: Record
    collisions: tuple[Collision, ...] = ()
    contests: tuple[FieldConflict, ...] = ()


ACTION_COLUMNS = tuple(column.name for column in tables.centre_action.c)

_ids = sa.any_(sa.bindparam("ids", type_=sa.ARRAY(sa.Text)))
_action = tables.centre_action
_ANSWERED = sa.select(_action.c.id, _action.c.hash, _action.c.outcome, _action.c.reason, _action.c.fields, _action.c.versions).where(
    _action.c.id == _ids
)
_attachment = tables.centre_metadata.tables["attachment"]
_ATTACHMENTS = sa.select(_attachment.c.hash).where(_attachment.c.hash == _ids)


@cache
def _locking(name: str) -> sa.Select[Any]:
    table = tables.CENTRE_RECORDS[name]
    columns = [table.c[field] for field in field_names(RECORD_TYPES[name])]
    return sa.select(*columns).where(table.c.id == _ids).order_by(table.c.id).with_for_update()


class CentreWork:
    """An open transaction for one desk. Read through it, `keep` results action by action, `flush` once."""

    def __init__(self, connection: sa.Connection, desk: EnrolledDesk, now: datetime) -> None:
        self.connection = connection
        self.desk = desk
        self.now = now
        self.sequence, self.hash = last_action(connection, desk.id)
        self._clerks = {clerk.id: clerk for clerk in people.clerks(connection, station_code=desk.station_code)}
        self._stored: set[Key] = set()
        self._current: dict[Key, dict[str, Any]] = {}
        self._foreign: dict[Key, int] = {}
        self._touched: dict[Key, set[str]] = {}
        self._changed: dict[Key, set[str]] = {}
        self._bodies: dict[Key, bytes] = {}
        self._actions: list[tuple[Any, ...]] = []
        self._tree = kept_tree(connection, desk.id)
        self._uses: set[Use] = set()

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
        rows = self.connection.execute(_ANSWERED, {"ids": list(ids)})
        return {row.id: (row.hash, _answer(row)) for row in rows}

    def missing_attachments(self, hashes: Iterable[str]) -> list[str]:
        """Which of these files the centre does not hold yet."""
        wanted = sorted(set(hashes))
        if not wanted:
            return []
        known = set(self.connection.execute(_ATTACHMENTS, {"ids": wanted}).scalars())
        return [content_hash for content_hash in wanted if content_hash not in known]

    def keys(self, record_type: str) -> list[Key]:
        """The records of a type that this work has loaded or made so far."""
        return [key for key in self._current if key[0] == record_type]

    def lock(self, changes: Iterable[Change], also: Iterable[Key] = ()) -> None:
        """Lock and load the records that these changes are about, as far as they exist and their type is known, and others."""
        bases: dict[Key, int] = {key: UNCHANGED for key in also if is_storable(key[1])}
        for change in changes:
            key = (change.record_type, change.record_id)
            if key[0] in RECORD_TYPES and is_storable(key[1]):
                bases[key] = min(change.base_version, bases.get(key, change.base_version))
        for name, group in groupby(sorted(bases), key=lambda key: key[0]):
            columns = field_names(RECORD_TYPES[name])
            for row in self.connection.execute(_locking(name), {"ids": [record_id for _, record_id in group]}):
                key = (name, row.id)
                self._current[key] = msgspec.to_builtins(dict(zip(columns, row, strict=True)))
                self._stored.add(key)
        self._load_foreign_versions(sorted(key for key in self._stored if self._current[key]["version"] > bases[key]))

    def _load_foreign_versions(self, keys: Sequence[Key]) -> None:
        """Only of records that went on since a change began: nobody else can have come between in the others."""
        row = tables.change_feed
        if not keys:
            return
        query = (
            sa.select(row.c.record_type, row.c.record_id, sa.func.max(row.c.version).label("newest"))
            .where(sa.tuple_(row.c.record_type, row.c.record_id).in_(keys), row.c.desk_id.is_distinct_from(self.desk.id))
            .group_by(row.c.record_type, row.c.record_id)
        )
        self._foreign = {(found.record_type, found.record_id): found.newest for found in self.connection.execute(query)}

    def keep(self, action: Action, body: bytes, answer: Answer, written: Sequence[Written]) -> None:
        """Take an answered action with the records it left; nothing reaches the database before `flush`.

        `body` is its canonical form.
        """
        for entry in written:
            self._keep_record(action, entry)
        self._actions.append(
            (
                action.id,
                self.desk.id,
                action.sequence,
                _storable(action.clerk_id),
                _storable(action.kind),
                _storable(action.record_type),
                _storable(action.record_id),
                self.now,
                action.hash,
                body,
                answer.outcome.value,
                _storable(answer.reason),
                answer.fields,
                answer.versions,
            )
        )
        self._uses |= uses_of(action)
        self.sequence, self.hash = action.sequence, action.hash
        self._tree.add(bytes.fromhex(action.hash))

    def _keep_record(self, action: Action, written: Written) -> None:
        body = canonical(written.record)
        after: dict[str, Any] = msgspec.json.decode(body)
        key = (TYPE_NAMES[type(written.record)], written.record.id)
        before = self._current.get(key)
        scopes = self._touched.setdefault(key, {self.desk.station_code})
        scopes.add(after["station_code"])
        if before is not None:
            scopes.add(before["station_code"])
        scopes.update(after.get("stations", ()))
        if before != after:
            names = {name for name, value in after.items() if before is None or before[name] != value}
            self._changed.setdefault(key, set()).update(names)
        self._current[key], self._bodies[key] = after, body
        for collision in written.collisions:
            self._keep_conflict(action, key, collision, scopes)
        for contest in written.contests:
            self._keep_record(action, Written(record=contest))

    def _keep_conflict(self, action: Action, key: Key, collision: Collision, scopes: set[str]) -> None:
        """A record of its own for a person to decide on; it goes wherever the record in question goes."""
        standing = origin(self.connection, key, collision.field, collision.theirs, not_by=self.desk.id)
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
            yours_at=action.estimated_at,
            theirs_by=standing.clerk_id if standing else None,
            theirs_at=standing.at if standing else None,
            found_at=self.now,
            stations=tuple(sorted(scopes)),
            station_code=self.desk.station_code,
        )
        self._keep_record(action, Written(record=record))

    def flush(self) -> None:
        """Write everything kept: records, feed, actions, conflicts. Raises `Raced` when a new record exists after all."""
        for name, group in groupby(sorted(self._changed), key=lambda key: key[0]):
            self._write_records(name, list(group))
        feed.append(self.connection, (row for key in sorted(self._touched) for row in self._feed_rows(key)))
        note_uses(self.connection, self._uses)
        if self._actions:
            copy_rows(self.connection, tables.centre_action, ACTION_COLUMNS, self._actions)
            keep_tree(self.connection, self.desk.id, self._tree)

    def _write_records(self, name: str, keys: Sequence[Key]) -> None:
        table = tables.CENTRE_RECORDS[name]
        new = [self._current[key] for key in keys if key not in self._stored]
        if new and insert_new(self.connection, table, new) < len(new):
            raise Raced
        if changed := [key for key in keys if key in self._stored]:
            names = set[str]().union(*(self._changed[key] for key in changed))
            update_rows(self.connection, table, [self._current[key] for key in changed], names)

    def _feed_rows(self, key: Key) -> Iterable[feed.NewRow]:
        """One row for each station concerned: the desk's own gets the record back even where it belongs to another."""
        version, body = self._current[key]["version"], self._bodies[key]
        scopes: Sequence[str | None] = (None,) if key[0] in EVERYBODYS else sorted(self._touched[key])
        return [(station_code, self.desk.id, *key, version, body) for station_code in scopes]


def plain(record: Record) -> dict[str, Any]:
    """The record as the JSON values that travel: lists for tuples, ISO text for dates."""
    values: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(record))
    return values


def _answer(row: Any) -> Answer:
    return Answer(
        action_id=row.id, outcome=Outcome(row.outcome), reason=row.reason, fields=tuple(row.fields or ()), versions=tuple(row.versions)
    )


def last_action(connection: sa.Connection, desk_id: str) -> tuple[int, str]:
    """Sequence and hash of the desk's last action here; what its next one must follow."""
    action = tables.centre_action
    last = connection.execute(
        sa.select(action.c.sequence, action.c.hash).where(action.c.desk_id == desk_id).order_by(action.c.sequence.desc()).limit(1)
    ).first()
    return (last.sequence, last.hash) if last else (0, GENESIS)


def own_actions(connection: sa.Connection, desk_id: str, after: int, limit: int) -> list[tuple[Action, Answer]]:
    """Actions of one desk after a sequence number, in order, with their answers."""
    action = tables.centre_action
    query = sa.select(action).where(action.c.desk_id == desk_id, action.c.sequence > after).order_by(action.c.sequence).limit(limit)
    return [(msgspec.json.decode(row.body, type=Action), _answer(row)) for row in connection.execute(query)]


def is_storable(record_id: str) -> bool:
    """Whether PostgreSQL can keep and index it: no NUL, and no longer than any id that a desk makes."""
    return "\x00" not in record_id and len(record_id) <= MOST_ID


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
        scope = (lambda record: None) if name in EVERYBODYS else (lambda record: record.station_code)
        feed.append(connection, ((scope(record), None, name, record.id, 1, canonical(record)) for record in group))
    return sum(len(group) for group in by_type.values())


def write_scores(connection: sa.Connection, scores: Sequence[Score]) -> int:
    """Write the centre's own scores, each one version on, with their feed rows; answers how many."""
    return write_own(connection, Score, scores)


def write_own(connection: sa.Connection, kind: type[R], records: Sequence[R]) -> int:
    """Write records of a kind that only the centre writes, each one version on, with their feed rows; answers how many."""
    name = TYPE_NAMES[kind]
    table = tables.CENTRE_RECORDS[name]
    bodies = [plain(replace(record, version=record.version + 1)) for record in records]
    new = [body for body in bodies if body["version"] == 1]
    changed = [body for body in bodies if body["version"] > 1]
    if new:
        insert_new(connection, table, new)
    if changed:
        update_rows(connection, table, changed, set(field_names(kind)) - {"id"})
    feed.append(
        connection,
        (
            (None if name in EVERYBODYS else body["station_code"], None, name, body["id"], body["version"], canonical(body))
            for body in bodies
        ),
    )
    return len(bodies)


def _copy(connection: sa.Connection, table: sa.Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    try:
        copy_rows(connection, table, columns, rows)
    except sa.exc.IntegrityError as error:
        if not isinstance(error.orig, postgres.UniqueViolation):
            raise
        raise UserError(
            tr("中心里已有其中的记录：{text}").format(text=error.orig.diag.message_detail or table.name),
            safe=tr("这一批都没有导入。"),
            do=tr("请只向空的中心导入。"),
        ) from error
