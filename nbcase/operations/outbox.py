"""Acts and what became of them at the centre, as 同步 lists them. Nothing here writes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from nbcase.domain.action import Action, Outcome
from nbcase.domain.case import Case
from nbcase.domain.conflict import FieldConflict
from nbcase.domain.resident import Resident
from nbcase.operations.cases import clerk_names, item_name
from nbcase.operations.desk import Desk
from nbcase.store import tables
from nbcase.store.desk_database import reading
from nbcase.store.desk_work import read_action
from nbcase.store.records import RECORD_TYPES
from nbcase.store.shelf import Shelf


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxRow:
    """One line of 同步: an action and what became of it; `fields` are those that collided, as ``record.field``."""

    action: Action
    clerk_name: str
    title: str
    applicant: str
    attachment_bytes: int
    outcome: str | None
    reason: str
    answered_at: datetime | None
    tries: int
    fields: tuple[str, ...] = ()


def outbox_rows(desk: Desk, *, waiting: bool, limit: int = 200, outcomes: frozenset[Outcome] = frozenset()) -> list[OutboxRow]:
    """What waits (oldest first), or what went (newest first), of these outcomes where any are named."""
    action, box = tables.desk_action, tables.outbox
    query = sa.select(action.c.body, box).join(box, box.c.sequence == action.c.sequence).limit(limit)
    query = (
        query.where(box.c.outcome.is_(None)).order_by(box.c.sequence)
        if waiting
        else query.where(box.c.outcome.is_not(None)).order_by(box.c.sequence.desc())
    )
    if outcomes:
        query = query.where(box.c.outcome.in_([outcome.value for outcome in outcomes]))
    with reading(desk.engine) as connection:
        return [outbox_row(desk, connection, row) for row in connection.execute(query).all()]


def outbox_row(desk: Desk, connection: sa.Connection, row: sa.Row[Any]) -> OutboxRow:
    """An action's body with its outbox entry, in words."""
    action = read_action(row.body)
    shelf = Shelf(connection)
    case = shelf.get(Case, action.record_id) if action.record_type == "case" else None
    sizes = tables.desk_metadata.tables["attachment"]
    total = connection.execute(sa.select(sa.func.sum(sizes.c.size)).where(sizes.c.hash.in_(action.attachments))).scalar() or 0
    return OutboxRow(
        action=action,
        clerk_name=clerk_names(connection).get(action.clerk_id, ""),
        title=item_name(desk, case.item_code, case.situation_code) if case else action.kind,
        applicant=_applicant(shelf, action, case),
        attachment_bytes=total,
        outcome=row.outcome,
        reason=row.reason or "",
        answered_at=row.answered_at,
        tries=row.tries,
        fields=tuple(row.fields or ()),
    )


def _applicant(shelf: Shelf, action: Action, case: Case | None) -> str:
    """Whom the action is about: the case's applicant, the resident, or the resident of the record or of what was disputed of it."""
    if case is not None:
        return case.applicant_name
    kind = RECORD_TYPES.get(action.record_type)
    record = shelf.get(kind, action.record_id) if kind is not None else None
    if isinstance(record, FieldConflict):
        record = shelf.get(RECORD_TYPES[record.subject_type], record.subject_id)
    resident = record if isinstance(record, Resident) else shelf.get(Resident, getattr(record, "resident_id", None))
    return resident.name if resident is not None else ""
