"""What 同步 shows beyond the rows: what an act changed field by field, and the proof that nothing is lost."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from nbcase.domain.action import GENESIS, Action, Change, Outcome, action_hash
from nbcase.domain.conflict import ConflictState
from nbcase.operations.desk import Desk
from nbcase.store import tables
from nbcase.store.desk_database import reading
from nbcase.store.desk_work import sealed_log_of
from nbcase.store.outbox import Tally, next_actions, tally
from nbcase.store.records import RECORD_TYPES, to_plain
from nbcase.store.shelf import Shelf

MOST_CHECKED = 500
"""Waiting actions whose content is hashed again for the proof; a desk has so many after about a week without the centre."""

TAKEN = frozenset({Outcome.ACCEPTED, Outcome.MERGED, Outcome.CONFLICT})
"""Answers of the centre to an act that it took; a conflict is about single fields."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """One field of one record that an act changed. `present` is what stands in the record now.

    Where both sides changed the field the centre's value stands, so `present` is theirs and `after` is the clerk's.
    """

    record_type: str
    field: str
    before: Any
    after: Any
    present: Any
    has_collided: bool


def field_changes(desk: Desk, action: Action, collided: tuple[str, ...] = ()) -> tuple[FieldChange, ...]:
    """What an act changed, record by record; what collided comes first.

    Fields that were and stay empty are left out, as are a no and a nought in a new record.
    """
    with reading(desk.engine) as connection:
        shelf = Shelf(connection)
        found = [entry for change in action.changes for entry in _of_change(shelf, change, collided)]
    return tuple(sorted(found, key=lambda entry: not entry.has_collided))


def _of_change(shelf: Shelf, change: Change, collided: tuple[str, ...]) -> list[FieldChange]:
    present = _present(shelf, change)
    return [
        FieldChange(
            record_type=change.record_type,
            field=field,
            before=before,
            after=after,
            present=present.get(field),
            has_collided=f"{change.record_type}.{field}" in collided,
        )
        for field, (before, after) in change.fields.items()
        if not (_is_nothing(before) and (_is_nothing(after) or not after))
    ]


def _present(shelf: Shelf, change: Change) -> Mapping[str, Any]:
    kind = RECORD_TYPES.get(change.record_type)
    record = shelf.get(kind, change.record_id) if kind is not None else None
    return to_plain(record) if record is not None else {}


def _is_nothing(value: Any) -> bool:
    return value in (None, "", [], {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """That nothing is lost, as far as this desk can tell by itself.

    `first` and `last` are the sequence numbers of all acts ever made here, 0 without any; `is_gapless` that none between
    them is missing and each has its outbox entry. `is_intact`: every waiting act still has the content it was sealed
    with and names the one before it (the oldest `MOST_CHECKED` are looked at). `missing_files` are scans that waiting acts
    name and this desk does not hold. `sent` are acts that the centre took, `decided` conflicts that nobody has to decide any more.
    `is_sealed`: every waiting act lies in the sealed log a second time (None at a desk without one); `seal_problem` is what the log
    complains of.
    """

    tally: Tally
    sent: int
    decided: int
    first: int
    last: int
    is_gapless: bool
    is_intact: bool
    missing_files: int
    is_sealed: bool | None
    seal_problem: str


def proof(desk: Desk) -> Proof:
    """Look at the chain of acts and at the queue, in one view of the database."""
    action, conflict = tables.desk_action, tables.DESK_RECORDS["conflict"]
    log = sealed_log_of(desk.engine)
    with reading(desk.engine) as connection:
        span = connection.execute(sa.select(sa.func.min(action.c.sequence), sa.func.max(action.c.sequence), sa.func.count())).one()
        first, last, count = span[0] or 0, span[1] or 0, span[2]
        counts = tally(connection)
        waiting = next_actions(connection, MOST_CHECKED)
        return Proof(
            tally=counts,
            sent=_count(connection, tables.outbox, tables.outbox.c.outcome.in_([outcome.value for outcome in TAKEN])),
            decided=_count(connection, conflict, conflict.c.state == ConflictState.RESOLVED.value),
            first=first,
            last=last,
            is_gapless=count == counts.total and (count == 0 or (first == 1 and last == count)),
            is_intact=_is_chain(connection, waiting),
            missing_files=_missing_files(connection, waiting),
            is_sealed=None if log is None else not log.is_behind(connection),
            seal_problem="" if log is None else log.state.problem,
        )


def _count(connection: sa.Connection, table: sa.Table, condition: sa.ColumnElement[bool]) -> int:
    return int(connection.execute(sa.select(sa.func.count()).select_from(table).where(condition)).scalar_one())


def _is_chain(connection: sa.Connection, actions: list[Action]) -> bool:
    """Waiting acts are the newest ones without a gap: the centre answers in order, and a repeat starts at a point in it."""
    if not actions:
        return True
    column = tables.desk_action.c
    former = connection.execute(sa.select(column.hash).where(column.sequence == actions[0].sequence - 1)).scalar()
    for action in actions:
        if action.previous_hash != (former or GENESIS) or action_hash(action) != action.hash:
            return False
        former = action.hash
    return True


def _missing_files(connection: sa.Connection, actions: list[Action]) -> int:
    named = {content_hash for action in actions for content_hash in action.attachments}
    held = sa.select(sa.func.count()).select_from(tables.attachment_content).where(tables.attachment_content.c.hash.in_(named))
    return len(named) - int(connection.execute(held).scalar_one())
