"""Statistics rows: one per item and situation, made from the items, so that a new item is counted without a line of code."""

from dataclasses import dataclass
from datetime import date, datetime, time

import sqlalchemy as sa

from nbcase.domain.case import OPEN_STATES, CaseState
from nbcase.domain.clock import CHINA
from nbcase.operations.desk import Desk
from nbcase.store import tables
from nbcase.store.desk_database import reading


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemFigures:
    """Counts of one situation for cases accepted in a period; `late` were decided after, or stand past, the promised day."""

    item_code: str
    situation_code: str
    name: str
    accepted: int
    decided: int
    refused: int
    open: int
    late: int


def item_figures(desk: Desk, first_on: date, last_on: date) -> list[ItemFigures]:
    """A row for every situation of every item, also where the count is 0; both days are included."""
    case = tables.DESK_RECORDS["case"]
    decided_on = sa.func.date(case.c.decided_at, "+8 hours")
    is_late = sa.case((case.c.decided_at.is_not(None), decided_on > case.c.promised_due_on), else_=case.c.promised_due_on < desk.today())

    def number(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
        return sa.func.coalesce(sa.func.sum(sa.cast(condition, sa.Integer)), 0)

    query = (
        sa.select(
            case.c.item_code,
            case.c.situation_code,
            sa.func.count().label("accepted"),
            number(case.c.state == CaseState.DECIDED.value).label("decided"),
            number(case.c.state == CaseState.REFUSED.value).label("refused"),
            number(case.c.state.in_([state.value for state in OPEN_STATES])).label("open"),
            number(is_late).label("late"),
        )
        .where(
            case.c.accepted_at >= datetime.combine(first_on, time(), CHINA),
            case.c.accepted_at <= datetime.combine(last_on, time.max, CHINA),
        )
        .group_by(case.c.item_code, case.c.situation_code)
    )
    with reading(desk.engine) as connection:
        counted = {(row.item_code, row.situation_code): row for row in connection.execute(query)}
    return [
        ItemFigures(
            item_code=item.code,
            situation_code=situation.code,
            name=f"{item.statistics.text} · {situation.name.text}",
            **{key: getattr(row, key) if (row := counted.get((item.code, situation.code))) else 0 for key in COUNTS},
        )
        for item, situation in desk.items.pairs()
    ]


COUNTS = ("accepted", "decided", "refused", "open", "late")
