"""The centre's records on a desk: written as they come, with the desk's own unanswered work laid on top again."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import Insert, insert

from nbcase.domain.action import Action, Change, Outcome
from nbcase.domain.errors import UserError
from nbcase.domain.merge import lay_over, merge
from nbcase.domain.words import tr
from nbcase.store.desk_work import read_action
from nbcase.store.feed import FeedRow
from nbcase.store.records import RECORD_TYPES, Record, from_plain
from nbcase.store.search import index_records
from nbcase.store.shelf import as_row
from nbcase.store.tables import DESK_RECORDS, desk_action, outbox

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Pending:
    """A change of this desk that a record from the centre may not contain yet."""

    change: Change
    outcome: Outcome | None
    version: int | None

    def is_in(self, version: int) -> bool:
        """Whether a record of this version has the change in it, as far as the centre took it."""
        return self.version is not None and version >= self.version


def apply_feed(connection: sa.Connection, rows: Sequence[FeedRow]) -> int:
    """Write records of the centre inside the caller's transaction; answers how many were news.

    A row older than what is here is passed over: the feed's order is that of transactions, not of versions.
    """
    keys = {(row.record_type, row.record_id) for row in rows}
    unsettled = _unsettled(connection, keys)
    pending = _pending(unsettled)
    versions = _versions(connection, keys)
    written: dict[Key, Record] = {}
    for row in rows:
        key = (row.record_type, row.record_id)
        if versions.get(key, 0) <= row.version:
            values = rebased(msgspec.json.decode(row.body), row.version, pending.get(key, ()))
            written[key] = from_plain(_kind(row.record_type), values)
            versions[key] = row.version
    _write(connection, written)
    index_records(connection, written.values())
    _settle(connection, unsettled)
    return len(written)


def _versions(connection: sa.Connection, keys: Iterable[Key]) -> dict[Key, int]:
    """The centre's version of each of these records that is here already."""
    found: dict[Key, int] = {}
    for name, group in _by_type(keys):
        _kind(name)
        table = DESK_RECORDS[name]
        query = sa.select(table.c.id, table.c.version).where(table.c.id.in_([record_id for _, record_id in group]))
        found.update(((name, row.id), row.version) for row in connection.execute(query))
    return found


def _write(connection: sa.Connection, records: Mapping[Key, Record]) -> None:
    for name, group in _by_type(records):
        connection.execute(_upsert(name), [as_row(records[key]) for key in group])


@cache
def _upsert(name: str) -> Insert:
    """Made once: building the statement costs more than running it."""
    statement = insert(DESK_RECORDS[name])
    columns = {column.name: statement.excluded[column.name] for column in DESK_RECORDS[name].c if column.name != "id"}
    return statement.on_conflict_do_update(index_elements=["id"], set_=columns)


def _by_type(keys: Iterable[Key]) -> Iterator[tuple[str, list[Key]]]:
    for name, group in groupby(sorted(set(keys)), key=lambda key: key[0]):
        yield name, list(group)


def _kind(name: str) -> type[Record]:
    if name not in RECORD_TYPES:
        raise UserError(tr("中心有本机不认识的记录：{name}").format(name=name), safe=tr("本机数据不受影响。"), do=tr("请升级本机程序。"))
    return RECORD_TYPES[name]


def rebased(body: Mapping[str, Any], version: int, pending: Iterable[_Pending]) -> dict[str, Any]:
    """The centre's record with this desk's changes on it that it does not contain.

    Unanswered work is shown as the clerk left it. Answered or quarantined work is merged: where the centre has another
    value by now, the centre's stands, and the clerk's is in the action and among the conflicts.
    """
    values = dict(body)
    for entry in pending:
        if entry.is_in(version):
            continue
        values = lay_over(values, entry.change) if entry.outcome is None else merge(values, entry.change)[0]
    return values


@dataclass(frozen=True, slots=True)
class _Unsettled:
    """An action that is waiting, quarantined, or answered and not yet seen back."""

    action: Action
    outcome: Outcome | None
    versions: Sequence[int] | None

    def touched(self) -> list[Key]:
        """The records it changed, in the order of its changes."""
        return [(change.record_type, change.record_id) for change in self.action.changes]


def _unsettled(connection: sa.Connection, keys: set[Key]) -> list[_Unsettled]:
    """Unsettled actions, in order, that changed one of these records."""
    is_unsettled = sa.or_(outbox.c.outcome.is_(None), outbox.c.outcome == Outcome.QUARANTINED.value, outbox.c.versions.is_not(None))
    query = (
        sa.select(outbox.c.outcome, outbox.c.versions, desk_action.c.body)
        .join(desk_action, desk_action.c.sequence == outbox.c.sequence)
        .where(is_unsettled)
        .order_by(outbox.c.sequence)
    )
    found = (
        _Unsettled(read_action(row.body), Outcome(row.outcome) if row.outcome else None, row.versions) for row in connection.execute(query)
    )
    return [entry for entry in found if not keys.isdisjoint(entry.touched())]


def _pending(unsettled: Iterable[_Unsettled]) -> dict[Key, list[_Pending]]:
    pending: dict[Key, list[_Pending]] = {}
    for entry in unsettled:
        for place, change in enumerate(entry.action.changes):
            version = entry.versions[place] if entry.versions else None
            pending.setdefault((change.record_type, change.record_id), []).append(_Pending(change, entry.outcome, version))
    return pending


def _settle(connection: sa.Connection, unsettled: Iterable[_Unsettled]) -> None:
    """Forget the versions of answered actions once every one of their records has come back."""
    answered = [(entry, entry.versions) for entry in unsettled if entry.versions is not None]
    present = _versions(connection, {key for entry, _ in answered for key in entry.touched()})
    settled = [
        {"settled": entry.action.sequence}
        for entry, versions in answered
        if all(present.get(key, 0) >= version for key, version in zip(entry.touched(), versions, strict=True))
    ]
    if settled:
        connection.execute(sa.update(outbox).where(outbox.c.sequence == sa.bindparam("settled")).values(versions=None), settled)
