"""The centre's records on a desk: written as they come, with the desk's own unanswered work laid on top again."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress, groupby
from operator import attrgetter, ne
from typing import Any

import msgspec
import sqlalchemy as sa

from nbcase.domain.action import Action, Change, Outcome
from nbcase.domain.errors import UserError
from nbcase.domain.merge import lay_over, merge
from nbcase.domain.words import tr
from nbcase.store.desk_database import driver_cursor, writing
from nbcase.store.desk_work import read_action, set_state, state
from nbcase.store.feed import START, FeedRow
from nbcase.store.outbox import IN_QUARANTINE
from nbcase.store.records import RECORD_TYPES, Record, from_plain
from nbcase.store.search import note
from nbcase.store.search_entry import one_of
from nbcase.store.tables import DESK_RECORDS, desk_action, outbox
from nbcase.store.wire_format import WireFormat, wire_format

Key = tuple[str, str]

LAID_OVER_FROM = "laid_over_from"
"""State of the desk: the cursor before the first page over which unanswered work was laid; empty when there is none."""

FORGET_AT_ONCE = 2_000
"""Records in one short transaction of `begin_anew`."""


@dataclass(frozen=True, slots=True)
class _Pending:
    """A change of this desk that a record from the centre may not contain yet."""

    change: Change
    outcome: Outcome | None
    version: int | None

    def is_in(self, version: int) -> bool:
        """Whether a record of this version has the change in it, as far as the centre took it."""
        return self.version is not None and version >= self.version


def apply_feed(connection: sa.Connection, rows: Sequence[FeedRow], *, notes: bool = True) -> int:
    """Write records of the centre inside the caller's transaction; answers how many were news.

    A row older than what is here is passed over: the feed's order is that of transactions, not of versions. Without `notes`
    the search index hears nothing of it: for a load, which notes everything at its end.
    """
    cursor = driver_cursor(connection)
    unsettled = _unsettled(connection, {(row.record_type, row.record_id) for row in rows})
    pending = _pending(unsettled)
    by_type: dict[str, list[FeedRow]] = {}
    for row in rows:
        by_type.setdefault(row.record_type, []).append(row)
    written = 0
    for name, group in by_type.items():
        write = _update if notes else _write
        written += write(cursor, _kind(name), group, pending)
        if notes:
            note(connection, _noted(name, group))
    if any(entry.outcome is None for entry in unsettled) and not state(connection, LAID_OVER_FROM, ""):
        set_state(connection, LAID_OVER_FROM, state(connection, "cursor", START))
    _settle(connection, unsettled)
    return written


def look_again(connection: sa.Connection) -> None:
    """After answers: where unanswered work was laid over rows of the feed, read these rows again, in the caller's transaction.

    The centre may have had the work already (its answer was lost, then a push was refused, then a pull came), so that the rows
    had in them what it made of the work, and no later row would ever bring that back.
    """
    if place := state(connection, LAID_OVER_FROM, ""):
        set_state(connection, "cursor", place)
        forget_laid_over(connection)


def forget_laid_over(connection: sa.Connection) -> None:
    """There is nothing to read again, or all of it will be."""
    set_state(connection, LAID_OVER_FROM, "")


def _write(cursor: Any, kind: type[Record], rows: Sequence[FeedRow], pending: Mapping[Key, Sequence[_Pending]]) -> int:
    """Write rows of one type where they are not older than what is here; in the order of their ids, so that neighbours share a page."""
    form = wire_format(kind)
    statement = f"{form.rows.upsert} WHERE excluded.version >= version"
    lines = [_line(form, row, pending.get((row.record_type, row.record_id), ())) for row in sorted(rows, key=attrgetter("record_id"))]
    cursor.executemany(statement, lines)
    return int(cursor.rowcount)


def _update(cursor: Any, kind: type[Record], rows: Sequence[FeedRow], pending: Mapping[Key, Sequence[_Pending]]) -> int:
    """The same where most rows are here and a field or two of them differ: only these columns are set.

    To set a column is to write each index that it is in, whether its value is another or not: half of the time of a pull.
    """
    form = wire_format(kind)
    lines = _newest(form, rows, pending)
    there = {row[form.place_of_id]: row for row in cursor.execute(form.rows.select_many, one_of(list(lines)))}
    changed: dict[tuple[int, ...], list[tuple[Any, ...]]] = {}
    new, written = [], 0
    for record_id, line in lines.items():
        row = there.get(record_id)
        if row is None:
            new.append(line)
        elif line[form.place_of_version] >= row[form.place_of_version]:
            written += 1
            places = tuple(compress(range(len(line)), map(ne, row, line)))
            changed.setdefault(places, []).append((*[line[place] for place in places], record_id))
    cursor.executemany(form.rows.upsert, new)
    for places, values in changed.items():
        if places:
            cursor.executemany(form.rows.update(places), values)
    return written + len(new)


def _newest(form: WireFormat[Any], rows: Sequence[FeedRow], pending: Mapping[Key, Sequence[_Pending]]) -> dict[str, Sequence[Any]]:
    """The line of each record, of its newest version; in the order of ids."""
    found: dict[str, Sequence[Any]] = {}
    for row in sorted(rows, key=attrgetter("record_id", "version")):
        found[row.record_id] = _line(form, row, pending.get((row.record_type, row.record_id), ()))
    return found


def _line(form: WireFormat[Any], row: FeedRow, pending: Sequence[_Pending]) -> Sequence[Any]:
    if not pending:
        return form.row(row.body)
    return form.rows.row(from_plain(form.rows.kind, rebased(msgspec.json.decode(row.body), row.version, pending)))


def _noted(name: str, rows: Iterable[FeedRow]) -> set[Key]:
    """What of the search index hangs on these records."""
    if name in ("resident", "dwelling"):
        return {(name, row.record_id) for row in rows}
    if name in ("registration", "case"):
        return {("resident", msgspec.json.decode(row.body, type=_OfResident).resident_id) for row in rows}
    return set()


class _OfResident(msgspec.Struct):
    """The only field that the index needs of a registration or a case."""

    resident_id: str


def _versions(cursor: Any, keys: Iterable[Key]) -> dict[Key, int]:
    """The centre's version of each of these records that is here already."""
    found: dict[Key, int] = {}
    for name, group in _by_type(keys):
        query = f'SELECT id, version FROM "{name}" WHERE id IN (SELECT value FROM json_each(?))'
        found.update(((name, record_id), version) for record_id, version in cursor.execute(query, one_of([key[1] for key in group])))
    return found


def begin_anew(engine: sa.Engine) -> None:
    """Make ready for a feed that is read again from its start: every record of the centre in it is news, whatever version was here.

    In short transactions; a kill before the last of them begins again from the first.
    """
    for name in DESK_RECORDS:
        last: int | None = 0
        while last is not None:
            with writing(engine, gives_way=True) as connection:
                last = _forget_versions(driver_cursor(connection), name, last)


def _forget_versions(cursor: Any, name: str, after: int) -> int | None:
    """Up to where the versions of some records after a row are forgotten; None behind the last."""
    ids = [row[0] for row in cursor.execute(f'SELECT rowid FROM "{name}" WHERE rowid > ? ORDER BY rowid LIMIT ?', (after, FORGET_AT_ONCE))]
    if not ids:
        return None
    cursor.execute(f'UPDATE "{name}" SET version = 0 WHERE rowid > ? AND rowid <= ?', (after, ids[-1]))
    return int(ids[-1])


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
    is_unsettled = sa.or_(outbox.c.outcome.is_(None), IN_QUARANTINE, outbox.c.versions.is_not(None))
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
    present = _versions(driver_cursor(connection), {key for entry, _ in answered for key in entry.touched()})
    settled = [
        {"settled": entry.action.sequence}
        for entry, versions in answered
        if all(present.get(key, 0) >= version for key, version in zip(entry.touched(), versions, strict=True))
    ]
    if settled:
        connection.execute(sa.update(outbox).where(outbox.c.sequence == sa.bindparam("settled")).values(versions=None), settled)
