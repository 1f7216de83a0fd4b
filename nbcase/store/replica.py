"""The centre's records on a desk: written as they come, with the desk's own unanswered work laid on top again."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import sqlalchemy as sa

from nbcase.domain.action import Action, Change, Outcome
from nbcase.domain.errors import UserError
from nbcase.domain.merge import lay_over, merge
from nbcase.domain.words import tr
from nbcase.store.desk_work import read_action
from nbcase.store.feed import FeedRow
from nbcase.store.records import RECORD_TYPES, Record, from_plain
from nbcase.store.search import index_records
from nbcase.store.shelf import Shelf
from nbcase.store.tables import desk_action, outbox

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
    shelf = Shelf(connection)
    pending = _pending(connection, {(row.record_type, row.record_id) for row in rows})
    written: dict[Key, Record] = {}
    for row in rows:
        kind = _kind(row.record_type)
        present = written.get((row.record_type, row.record_id)) or shelf.get(kind, row.record_id)
        if present is not None and present.version > row.version:
            continue
        record = from_plain(kind, rebased(msgspec.json.decode(row.body), row.version, pending.get((row.record_type, row.record_id), ())))
        shelf.write(record)
        written[(row.record_type, row.record_id)] = record
    index_records(connection, written.values())
    _settle(connection, shelf)
    return len(written)


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


def _pending(connection: sa.Connection, keys: set[Key]) -> dict[Key, list[_Pending]]:
    found: dict[Key, list[_Pending]] = {}
    for row in connection.execute(
        _unsettled().add_columns(desk_action.c.body).join(desk_action, desk_action.c.sequence == outbox.c.sequence)
    ):
        action = read_action(row.body)
        outcome = Outcome(row.outcome) if row.outcome else None
        for place, change in enumerate(action.changes):
            key = (change.record_type, change.record_id)
            if key in keys:
                found.setdefault(key, []).append(_Pending(change, outcome, row.versions[place] if row.versions else None))
    return found


def _unsettled() -> sa.Select[Any]:
    """Outbox rows whose changes may be missing from what the feed brings: waiting, quarantined, or answered and not yet seen back."""
    waiting = sa.or_(outbox.c.outcome.is_(None), outbox.c.outcome == Outcome.QUARANTINED.value, outbox.c.versions.is_not(None))
    return sa.select(outbox.c.sequence, outbox.c.outcome, outbox.c.versions).where(waiting).order_by(outbox.c.sequence)


def _settle(connection: sa.Connection, shelf: Shelf) -> None:
    """Forget the versions of answered actions once every one of their records has come back."""
    query = (
        sa.select(outbox.c.sequence, outbox.c.versions, desk_action.c.body)
        .join(desk_action, desk_action.c.sequence == outbox.c.sequence)
        .where(outbox.c.versions.is_not(None))
    )
    settled = [row.sequence for row in connection.execute(query).all() if _has_come_back(shelf, read_action(row.body), row.versions)]
    if settled:
        connection.execute(
            sa.update(outbox).where(outbox.c.sequence == sa.bindparam("settled")).values(versions=None), [{"settled": s} for s in settled]
        )


def _has_come_back(shelf: Shelf, action: Action, versions: Sequence[int]) -> bool:
    for change, version in zip(action.changes, versions, strict=True):
        record = shelf.get(RECORD_TYPES[change.record_type], change.record_id)
        if record is None or record.version < version:
            return False
    return True
