"""Reading residents and where they live for the pages, and the search. Nothing here writes."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from nbcase.domain.case import Case
from nbcase.domain.document import Document
from nbcase.domain.dwelling import Dwelling
from nbcase.domain.permit import EndorsementWindow, PermitState, endorsement_window, permit_state
from nbcase.domain.registration import Registration, RegistrationState
from nbcase.domain.resident import Resident
from nbcase.operations.cases import PAGE_SIZE, CaseRow, case_rows
from nbcase.operations.desk import Desk
from nbcase.operations.facts import Standing, standing
from nbcase.operations.page import RowPage
from nbcase.operations.provisional import ProvisionalAnswer, kept_answer
from nbcase.store import tables
from nbcase.store.desk_database import reading
from nbcase.store.search import Found, dwellings_holding, search
from nbcase.store.shelf import Shelf, as_record


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
            cases=tuple(sorted(case_rows(desk, connection, found), key=lambda row: row.case.accepted_at, reverse=True)),
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
    """Known dwellings whose address contains every blank-separated part of `text`; those that begin with it first, by address."""
    parts = text.split()
    if not parts:
        return []
    lived = tables.DESK_RECORDS["registration"]
    with reading(desk.engine) as connection:
        found = _beginning(connection, " ".join(parts), limit)
        if len(found) < limit:
            known = {dwelling.id for dwelling in found}
            found += [dwelling for dwelling in _containing(connection, parts, limit) if dwelling.id not in known][: limit - len(found)]
        count = sa.select(lived.c.dwelling_id, sa.func.count()).where(
            lived.c.dwelling_id.in_([d.id for d in found]), lived.c.state == "active"
        )
        counts: dict[str, int] = {row[0]: row[1] for row in connection.execute(count.group_by(lived.c.dwelling_id))}
    return [DwellingHit(dwelling=dwelling, occupants=counts.get(dwelling.id, 0)) for dwelling in found]


MOST_HELD = 300
"""Dwellings out of the search index among which the first by address are shown."""


def _beginning(connection: sa.Connection, text: str, limit: int) -> list[Dwelling]:
    table = tables.DESK_RECORDS["dwelling"]
    span = (table.c.address >= text) & (table.c.address < text + "\U0010ffff")
    rows = connection.execute(sa.select(table).where(span).order_by(table.c.address).limit(limit))
    return [as_record(Dwelling, row) for row in rows]


def _containing(connection: sa.Connection, parts: Sequence[str], limit: int) -> list[Dwelling]:
    """Through the search index; only where that lags far behind are all addresses scanned."""
    table = tables.DESK_RECORDS["dwelling"]
    query = sa.select(table).where(*(table.c.address.contains(part, autoescape=True) for part in parts))
    held = dwellings_holding(connection, parts, MOST_HELD)
    if held is not None:
        query = query.where(table.c.id.in_(held))
    return [as_record(Dwelling, row) for row in connection.execute(query.order_by(table.c.address).limit(2 * limit))]


def find(desk: Desk, text: str, limit: int = 20) -> list[Found]:
    """Anyone by name, pinyin, initials, number part, phone, address, receipt number; drafts and unsent work too."""
    with reading(desk.engine) as connection:
        return search(connection, text, limit)
