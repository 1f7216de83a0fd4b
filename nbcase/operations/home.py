"""The day at this desk: figures and lists of 工作台. Nothing here writes."""

from dataclasses import dataclass
from datetime import date, datetime, time

import sqlalchemy as sa

from nbcase.domain.case import OPEN_STATES, Case
from nbcase.domain.clerk import Clerk, Role
from nbcase.domain.clock import CHINA, add_months
from nbcase.domain.permit import Endorsement, EndorsementWindow, Permit, endorsement_window
from nbcase.domain.resident import Resident
from nbcase.operations.cases import CaseRow, case_rows, limit_use
from nbcase.operations.desk import Desk
from nbcase.operations.facts import standing
from nbcase.store import tables
from nbcase.store.desk_database import reading
from nbcase.store.shelf import Shelf, as_record

_SHOWN_DUE = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class EndorsementDue:
    """A permit whose endorsement falls due in the coming month, or is late."""

    resident: Resident
    permit: Permit
    window: EndorsementWindow
    address: str
    days_left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeView:
    """Figures and lists of 工作台. `my_cases` are the first promised of those the clerk took; of all for others."""

    open_count: int
    mine_count: int
    mine_tomorrow_count: int
    overdue_count: int
    due_tomorrow_count: int
    accepted_today: int
    accepted_by_hour: dict[int, int]
    waiting_count: int
    my_cases: tuple[CaseRow, ...]
    endorsements_due: tuple[EndorsementDue, ...]
    endorsements_due_count: int
    endorsements_late_count: int


def home_view(desk: Desk, clerk: Clerk) -> HomeView:
    """The day at this desk."""
    today = desk.today()
    table = tables.DESK_RECORDS["case"]
    midnight = datetime.combine(today, time(), CHINA)
    with reading(desk.engine) as connection:
        open_rows = [
            as_record(Case, row) for row in connection.execute(sa.select(table).where(table.c.state.in_([s.value for s in OPEN_STATES])))
        ]
        accepted = connection.execute(sa.select(table.c.accepted_at).where(table.c.accepted_at >= midnight)).scalars().all()
        waiting = connection.execute(
            sa.select(sa.func.count()).select_from(tables.outbox).where(tables.outbox.c.outcome.is_(None))
        ).scalar_one()
        limits = [(case, limit_use(desk.calendar, case, today)) for case in open_rows]
        own = [case for case in open_rows if clerk.role is not Role.CLERK or case.accepted_by == clerk.id]
        mine = sorted(own, key=lambda case: (case.promised_due_on or date.max, case.accepted_at))
        shelf = Shelf(connection)
        due = _endorsements_due(shelf, today)
        hours: dict[int, int] = {}
        for at in accepted:
            hour = at.astimezone(CHINA).hour
            hours[hour] = hours.get(hour, 0) + 1
        return HomeView(
            open_count=len(open_rows),
            mine_count=sum(case.accepted_by == clerk.id for case in open_rows),
            mine_tomorrow_count=sum(use.left == 1 and case.accepted_by == clerk.id for case, use in limits),
            overdue_count=sum(use.left is not None and use.left < 0 for _, use in limits),
            due_tomorrow_count=sum(use.left == 1 for _, use in limits),
            accepted_today=len(accepted),
            accepted_by_hour=hours,
            waiting_count=waiting,
            my_cases=tuple(case_rows(desk, connection, mine[:7])),
            endorsements_due=tuple(_due_view(shelf, window, permit, today) for window, permit in due[:_SHOWN_DUE]),
            endorsements_due_count=len(due),
            endorsements_late_count=sum(window.closes_on < today for window, _ in due),
        )


def _endorsements_due(shelf: Shelf, today: date) -> list[tuple[EndorsementWindow, Permit]]:
    """Permits whose window is open, or closed within the last month; the first to close comes first."""
    made: dict[str, list[Endorsement]] = {}
    for endorsement in shelf.find(Endorsement):
        made.setdefault(endorsement.permit_id, []).append(endorsement)
    windows = [(endorsement_window(permit, made.get(permit.id, ())), permit) for permit in shelf.find(Permit, cancelled_on=None)]
    due = [(window, permit) for window, permit in windows if window.opens_on <= today <= add_months(window.closes_on, 1)]
    return sorted(due, key=lambda entry: (entry[0].closes_on, entry[1].id))


def _due_view(shelf: Shelf, window: EndorsementWindow, permit: Permit, today: date) -> EndorsementDue:
    resident = shelf.need(Resident, permit.resident_id)
    present = standing(shelf, resident)
    address = present.dwelling.address if present.dwelling else ""
    return EndorsementDue(resident=resident, permit=permit, window=window, address=address, days_left=(window.closes_on - today).days)
