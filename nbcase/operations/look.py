"""Reading for the pages: cases, residents, the day's figures. Nothing here writes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

import sqlalchemy as sa

from nbcase.domain.action import Action, Outcome
from nbcase.domain.case import OPEN_STATES, Case, CaseState
from nbcase.domain.clerk import PERMISSIONS, Clerk, Role
from nbcase.domain.clock import CHINA, add_months, local_date
from nbcase.domain.conflict import FieldConflict
from nbcase.domain.document import Document
from nbcase.domain.dwelling import Dwelling
from nbcase.domain.permit import Endorsement, EndorsementWindow, Permit, PermitState, endorsement_window, permit_state
from nbcase.domain.registration import Registration, RegistrationState
from nbcase.domain.resident import Resident
from nbcase.domain.workdays import WorkingCalendar
from nbcase.operations.desk import Desk
from nbcase.operations.facts import Standing, standing
from nbcase.operations.page import RowPage
from nbcase.operations.provisional import ProvisionalAnswer, kept_answer
from nbcase.store import tables
from nbcase.store.desk_database import reading
from nbcase.store.desk_work import read_action
from nbcase.store.records import RECORD_TYPES
from nbcase.store.search import Found, search
from nbcase.store.shelf import Shelf, as_record

PAGE_SIZE = 50

_SHOWN_DUE = 12


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
        rows = _case_rows(desk, connection, [as_record(Case, row) for row in kept])
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
        return tuple(_case_rows(desk, connection, [as_record(Case, row) for row in connection.execute(query)]))


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


def _case_rows(desk: Desk, connection: sa.Connection, found: Sequence[Case]) -> list[CaseRow]:
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
            row=_case_rows(desk, connection, [case])[0],
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ResidentView:
    """One page a person."""

    standing: Standing
    dwellings: dict[str, Dwelling]
    permit_state: PermitState | None
    window: EndorsementWindow | None
    cases: tuple[CaseRow, ...]
    documents: tuple[Document, ...]
    housemates: tuple[Resident, ...]
    provisional: ProvisionalAnswer | None = None
    """What the centre last said of a permit that still is provisional."""


def find_dwelling(desk: Desk, dwelling_id: str) -> Dwelling | None:
    """A dwelling by its id; None for an unknown one."""
    with reading(desk.engine) as connection:
        return Shelf(connection).get(Dwelling, dwelling_id)


def resident_view(desk: Desk, resident_id: str) -> ResidentView:
    """A resident with everything this desk holds; LookupError for an unknown id."""
    with reading(desk.engine) as connection:
        shelf = Shelf(connection)
        resident = shelf.need(Resident, resident_id)
        present = standing(shelf, resident)
        permit = present.permit
        found = shelf.find(Case, resident_id=resident_id)
        ids = {entry.dwelling_id for entry in present.registrations}
        mates = _housemates(shelf, present)
        return ResidentView(
            standing=present,
            dwellings={dwelling.id: dwelling for dwelling_id in ids if (dwelling := shelf.get(Dwelling, dwelling_id)) is not None},
            permit_state=permit_state(permit, present.endorsements_of(permit), desk.today()) if permit else None,
            window=endorsement_window(permit, present.endorsements_of(permit)) if permit else None,
            cases=tuple(sorted(_case_rows(desk, connection, found), key=lambda row: row.case.accepted_at, reverse=True)),
            documents=tuple(shelf.find(Document, resident_id=resident_id)),
            housemates=mates,
            provisional=kept_answer(connection, permit.case_id) if permit is not None and permit.is_provisional else None,
        )


def _housemates(shelf: Shelf, present: Standing) -> tuple[Resident, ...]:
    if present.dwelling is None:
        return ()
    entries = shelf.find(Registration, dwelling_id=present.dwelling.id, state=RegistrationState.ACTIVE.value, limit=12)
    found = (shelf.get(Resident, entry.resident_id) for entry in entries if entry.resident_id != present.resident.id)
    return tuple(mate for mate in found if mate is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResidentRow:
    """One line of the residents list."""

    resident: Resident
    address: str
    permit_state: PermitState | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResidentFilter:
    """Which residents: part of a name or of a number, who lives in a dwelling now. Empty means all."""

    text: str = ""
    dwelling_id: str = ""


EVERYBODY = ResidentFilter()


def residents(desk: Desk, cursor: str | None = None, limit: int = PAGE_SIZE, wanted: ResidentFilter = EVERYBODY) -> RowPage[ResidentRow]:
    """A page of residents by name."""
    table = tables.DESK_RECORDS["resident"]
    query = sa.select(table).where(*_resident_conditions(table, wanted)).order_by(table.c.name, table.c.id).limit(limit + 1)
    if cursor is not None:
        name, _, last_id = cursor.rpartition("|")
        query = query.where(sa.tuple_(table.c.name, table.c.id) > sa.tuple_(sa.literal(name), sa.literal(last_id)))
    with reading(desk.engine) as connection:
        shelf = Shelf(connection)
        found = [as_record(Resident, row) for row in connection.execute(query)]
        rows = [_resident_row(desk, shelf, resident) for resident in found[:limit]]
    next_cursor = f"{found[limit - 1].name}|{found[limit - 1].id}" if len(found) > limit else None
    return RowPage(tuple(rows), next_cursor)


def count_residents(desk: Desk, wanted: ResidentFilter = EVERYBODY) -> int:
    """How many residents this desk knows, or how many the filter leaves."""
    table = tables.DESK_RECORDS["resident"]
    with reading(desk.engine) as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table).where(*_resident_conditions(table, wanted))).scalar_one()


def _resident_conditions(table: sa.Table, wanted: ResidentFilter) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if text := wanted.text.strip():
        number = table.c.document_number.contains(text.upper(), autoescape=True)
        found.append(sa.or_(table.c.name.contains(text, autoescape=True), number))
    if wanted.dwelling_id:
        lives = tables.DESK_RECORDS["registration"].c
        there = sa.select(lives.resident_id).where(lives.dwelling_id == wanted.dwelling_id, lives.state == RegistrationState.ACTIVE.value)
        found.append(table.c.id.in_(there))
    return found


def _resident_row(desk: Desk, shelf: Shelf, resident: Resident) -> ResidentRow:
    present = standing(shelf, resident)
    permit = present.permit
    return ResidentRow(
        resident=resident,
        address=present.dwelling.address if present.dwelling else "",
        permit_state=permit_state(permit, present.endorsements_of(permit), desk.today()) if permit else None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DwellingHit:
    """A dwelling that completes a typed address: who owns it, how many live there."""

    dwelling: Dwelling
    occupants: int


def complete_address(desk: Desk, text: str, limit: int = 6) -> list[DwellingHit]:
    """Known dwellings whose address contains every blank-separated part of `text`."""
    parts = [part for part in text.split() if part]
    if not parts:
        return []
    table = tables.DESK_RECORDS["dwelling"]
    query = (
        sa.select(table).where(*(table.c.address.contains(part, autoescape=True) for part in parts)).order_by(table.c.address).limit(limit)
    )
    lived = tables.DESK_RECORDS["registration"]
    with reading(desk.engine) as connection:
        found = [as_record(Dwelling, row) for row in connection.execute(query)]
        count = sa.select(lived.c.dwelling_id, sa.func.count()).where(
            lived.c.dwelling_id.in_([d.id for d in found]), lived.c.state == "active"
        )
        counts: dict[str, int] = {row[0]: row[1] for row in connection.execute(count.group_by(lived.c.dwelling_id))}
    return [DwellingHit(dwelling=dwelling, occupants=counts.get(dwelling.id, 0)) for dwelling in found]


def find(desk: Desk, text: str, limit: int = 20) -> list[Found]:
    """Anyone by name, pinyin, initials, number part, phone, address, receipt number; drafts and unsent work too."""
    with reading(desk.engine) as connection:
        return search(connection, text, limit)


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
            my_cases=tuple(_case_rows(desk, connection, mine[:7])),
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
