"""Reading cases 办件 for the pages: lists, limits, one with its history. Nothing here writes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

import sqlalchemy as sa

from nbcase.domain.case import OPEN_STATES, Case, CaseState
from nbcase.domain.clerk import PERMISSIONS, Clerk
from nbcase.domain.clock import CHINA, local_date
from nbcase.domain.document import Document
from nbcase.domain.resident import Resident
from nbcase.domain.workdays import WorkingCalendar
from nbcase.operations.desk import Desk
from nbcase.operations.facts import Standing, standing
from nbcase.operations.page import RowPage
from nbcase.store import tables
from nbcase.store.desk_database import reading
from nbcase.store.shelf import Shelf, as_record

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitUse:
    """A case's time limit in working days: used, promised, legal; `left` to the promised one (negative: overdue)."""

    used: int
    promised: int | None
    legal: int | None
    left: int | None
    due_on: date | None
    is_provisional: bool
    is_done: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRow:
    """One line of 办件."""

    case: Case
    item_name: str
    clerk_name: str
    limit: LimitUse
    is_sent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFilter:
    """Which cases: states, item, clerk, accepted since, text in number or name. Empty means all."""

    states: frozenset[CaseState] = frozenset()
    item_code: str | None = None
    situation_code: str | None = None
    accepted_by: str | None = None
    accepted_since: date | None = None
    text: str = ""
    is_provisional: bool | None = None
    by_limit: bool = True


def cases(desk: Desk, wanted: CaseFilter, cursor: str | None = None, limit: int = PAGE_SIZE) -> RowPage[CaseRow]:
    """A page of cases: by promised due date (open first come due first), or newest first."""
    table = tables.DESK_RECORDS["case"]
    by_due = sa.func.coalesce(table.c.promised_due_on, sa.literal("9999-12-31", sa.Text))
    key: sa.ColumnElement[str] = sa.cast(by_due if wanted.by_limit else table.c.accepted_at, sa.Text)
    order = (key.asc(), table.c.id.asc()) if wanted.by_limit else (key.desc(), table.c.id.desc())
    query = sa.select(table, key.label("sort_key")).where(*_conditions(table, wanted)).order_by(*order).limit(limit + 1)
    if cursor is not None:
        last_key, _, last_id = cursor.rpartition("|")
        after = sa.tuple_(key, table.c.id)
        query = query.where(
            after > sa.tuple_(sa.literal(last_key), sa.literal(last_id))
            if wanted.by_limit
            else after < sa.tuple_(sa.literal(last_key), sa.literal(last_id))
        )
    with reading(desk.engine) as connection:
        found = connection.execute(query).all()
        kept = found[:limit]
        rows = case_rows(desk, connection, [as_record(Case, row) for row in kept])
    next_cursor = f"{kept[-1].sort_key}|{kept[-1].id}" if len(found) > limit else None
    return RowPage(tuple(rows), next_cursor)


def _conditions(table: sa.Table, wanted: CaseFilter) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if wanted.states:
        found.append(table.c.state.in_([state.value for state in wanted.states]))
    if wanted.item_code:
        found.append(table.c.item_code == wanted.item_code)
    if wanted.situation_code:
        found.append(table.c.situation_code == wanted.situation_code)
    if wanted.accepted_by:
        found.append(table.c.accepted_by == wanted.accepted_by)
    if wanted.is_provisional is not None:
        found.append(table.c.is_provisional == wanted.is_provisional)
    if wanted.accepted_since:
        found.append(table.c.accepted_at >= datetime.combine(wanted.accepted_since, time(), CHINA))
    if wanted.text:
        found.append(
            sa.or_(table.c.number.contains(wanted.text, autoescape=True), table.c.applicant_name.contains(wanted.text, autoescape=True))
        )
    return found


def count_cases(desk: Desk, wanted: CaseFilter) -> int:
    """How many cases match."""
    table = tables.DESK_RECORDS["case"]
    with reading(desk.engine) as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table).where(*_conditions(table, wanted))).scalar_one()


def review_queue(desk: Desk, clerk: Clerk, limit: int = 200) -> tuple[CaseRow, ...]:
    """Open cases that wait for a decision of this clerk's role, the first promised first; not those that wait for the applicant."""
    table = tables.DESK_RECORDS["case"]
    waiting = [
        sa.and_(table.c.item_code == item.code, table.c.situation_code == situation.code, table.c.step_code == step.code)
        for item, situation in desk.items.pairs()
        for step in situation.steps
        if step.decisions and clerk.role in PERMISSIONS[step.action]
    ]
    states = (CaseState.ACCEPTED.value, CaseState.ACCEPTED_PROVISIONALLY.value)
    query = sa.select(table).where(table.c.state.in_(states), sa.or_(sa.false(), *waiting))
    query = query.order_by(sa.func.coalesce(table.c.promised_due_on, date.max), table.c.accepted_at, table.c.id).limit(limit)
    with reading(desk.engine) as connection:
        return tuple(case_rows(desk, connection, [as_record(Case, row) for row in connection.execute(query)]))


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenLimits:
    """How the open cases of this desk stand to their promised limits."""

    open_count: int
    due_today_count: int
    overdue_count: int


def open_limits(desk: Desk) -> OpenLimits:
    """Counts for the head of 办件."""
    table, today = tables.DESK_RECORDS["case"], desk.today()
    query = sa.select(table.c.promised_due_on).where(table.c.state.in_([state.value for state in OPEN_STATES]))
    with reading(desk.engine) as connection:
        due = connection.execute(query).scalars().all()
    return OpenLimits(
        open_count=len(due),
        due_today_count=sum(day == today for day in due),
        overdue_count=sum(day is not None and day < today for day in due),
    )


def case_rows(desk: Desk, connection: sa.Connection, found: Sequence[Case]) -> list[CaseRow]:
    """Cases as lines of a list."""
    names = clerk_names(connection)
    unsent = _unsent(connection)
    return [
        CaseRow(
            case=case,
            item_name=item_name(desk, case.item_code, case.situation_code),
            clerk_name=names.get(case.accepted_by, ""),
            limit=limit_use(desk.calendar, case, desk.today()),
            is_sent=case.id not in unsent,
        )
        for case in found
    ]


def item_name(desk: Desk, item_code: str, situation_code: str) -> str:
    """The item with its situation, as lists show it."""
    item = desk.items.item(item_code)
    return f"{item.name.text} · {item.situation(situation_code).name.text}"


def clerk_names(connection: sa.Connection) -> dict[str, str]:
    """Names of the clerks that this desk knows, by id."""
    table = tables.desk_metadata.tables["clerk"]
    return {row.id: row.name for row in connection.execute(sa.select(table.c.id, table.c.name))}


def _unsent(connection: sa.Connection) -> frozenset[str]:
    """Ids of records with an action that the centre has not answered yet."""
    query = sa.select(tables.desk_action.c.record_id).join(tables.outbox, tables.outbox.c.sequence == tables.desk_action.c.sequence)
    return frozenset(connection.execute(query.where(tables.outbox.c.outcome.is_(None))).scalars())


def limit_use(calendar: WorkingCalendar, case: Case, today: date) -> LimitUse:
    """How much of a case's limits is used, in working days, up to today or to its decision."""
    start = local_date(case.accepted_at)
    stands = next((pause.from_on for pause in case.pauses if pause.until_on is None), None)
    end = local_date(case.decided_at) if case.decided_at is not None else stands or today
    return LimitUse(
        used=calendar.working_days_between(start, max(end, start), case.pauses),
        promised=None if case.promised_due_on is None else calendar.working_days_between(start, case.promised_due_on, case.pauses),
        legal=None if case.legal_due_on is None else calendar.working_days_between(start, case.legal_due_on, case.pauses),
        left=None if case.promised_due_on is None or not case.state.is_open else calendar.left(end, case.promised_due_on),
        due_on=case.promised_due_on or case.legal_due_on,
        is_provisional=case.due_is_provisional,
        is_done=not case.state.is_open,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryLine:
    """One thing that happened to a record: when, who, what, and whether the centre has it."""

    at: datetime
    clerk_name: str
    kind: str
    sequence: int
    outcome: str | None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseDetail:
    """Everything a case's side panel and the review page show."""

    row: CaseRow
    resident: Resident
    standing: Standing
    documents: tuple[Document, ...]
    history: tuple[HistoryLine, ...]


def case_detail(desk: Desk, case_id: str) -> CaseDetail:
    """One case with its person, papers and history; LookupError for an unknown id."""
    with reading(desk.engine) as connection:
        shelf = Shelf(connection)
        case = shelf.need(Case, case_id)
        resident = shelf.need(Resident, case.resident_id)
        return CaseDetail(
            row=case_rows(desk, connection, [case])[0],
            resident=resident,
            standing=standing(shelf, resident),
            documents=tuple(sorted(shelf.find(Document, case_id=case_id), key=lambda document: (document.made_at, document.id))),
            history=_history(connection, case),
        )


def _history(connection: sa.Connection, case: Case) -> tuple[HistoryLine, ...]:
    action, box, names = tables.desk_action, tables.outbox, clerk_names(connection)
    query = (
        sa.select(action, box.c.outcome, box.c.reason)
        .outerjoin(box, box.c.sequence == action.c.sequence)
        .where(action.c.record_type == "case", action.c.record_id == case.id)
        .order_by(action.c.sequence)
    )
    lines = [
        HistoryLine(
            at=row.desk_at,
            clerk_name=names.get(row.clerk_id, ""),
            kind=row.kind,
            sequence=row.sequence,
            outcome=row.outcome,
            reason=row.reason or "",
        )
        for row in connection.execute(query)
    ]
    if not lines:
        lines = [
            HistoryLine(at=case.accepted_at, clerk_name=names.get(case.accepted_by, ""), kind="accepted", sequence=0, outcome="accepted")
        ]
    return tuple(lines)
