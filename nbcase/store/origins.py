"""Who wrote a value that stands at the centre: looked up only when two desks collide on it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from nbcase.domain.action import Action, Outcome
from nbcase.domain.merge import is_same
from nbcase.store import tables

MOST_DESKS = 3
MOST_ACTIONS = 300
"""How far back a desk's acts are read, some days of work: the answer is a help for people, and a conflict must stay cheap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The clerk whose act wrote a value, and the desk's corrected time of it."""

    clerk_id: str
    at: datetime


def origin(connection: sa.Connection, record: tuple[str, str], field: str, value: Any, *, not_by: str) -> Origin | None:
    """The newest act of another desk than `not_by` that gave the field of this record (type, id) its value.

    None when it lies too far back or came by a bulk load.
    """
    for desk_id in _other_desks(connection, record, not_by):
        for action in _newest_actions(connection, desk_id, record[1]):
            for change in action.changes:
                if (change.record_type, change.record_id) == record and is_same(change.fields.get(field, (None, None))[1], value):
                    return Origin(clerk_id=action.clerk_id, at=action.estimated_at)
    return None


def _other_desks(connection: sa.Connection, record: tuple[str, str], not_by: str) -> list[str]:
    row = tables.change_feed
    query = (
        sa.select(row.c.desk_id)
        .where(row.c.record_type == record[0], row.c.record_id == record[1], row.c.desk_id != not_by)
        .group_by(row.c.desk_id)
        .order_by(sa.func.max(row.c.version).desc())
        .limit(MOST_DESKS)
    )
    return list(connection.execute(query).scalars())


def _newest_actions(connection: sa.Connection, desk_id: str, record_id: str) -> Iterator[Action]:
    """Applied actions of a desk that name the record, newest first."""
    action = tables.centre_action
    newest = (
        sa.select(action.c.sequence, action.c.body)
        .where(action.c.desk_id == desk_id, action.c.outcome != Outcome.QUARANTINED.value)
        .order_by(action.c.sequence.desc())
        .limit(MOST_ACTIONS)
        .subquery()
    )
    names_it = sa.func.position(sa.literal(record_id.encode(), sa.LargeBinary).op("IN")(newest.c.body)) > 0
    query = sa.select(newest.c.body).where(names_it).order_by(newest.c.sequence.desc())
    for body in connection.execute(query).scalars():
        yield msgspec.json.decode(body, type=Action)
