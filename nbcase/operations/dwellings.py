"""出租房 at the desk: houses by address, who lives there and who lived there when, and what is late about them."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

import sqlalchemy as sa

from nbcase.domain.dwelling import Dwelling
from nbcase.domain.registration import Registration, RegistrationState
from nbcase.domain.resident import Resident
from nbcase.operations.desk import Desk
from nbcase.operations.facts import RENTED
from nbcase.operations.page import RowPage
from nbcase.store import tables
from nbcase.store.desk_database import reading
from nbcase.store.shelf import Shelf, as_record

LEASE_NOTICE = timedelta(days=30)
"""How long before its end a lease is reminded of; ours, no rule says it."""


class Reminder(StrEnum):
    """What somebody has to look at: 超限住人数, 合同过期, 合同将到期, 未办出租房登记."""

    CROWDED = "crowded"
    LEASE_PAST = "lease_past"
    LEASE_ENDING = "lease_ending"
    UNREGISTERED = "unregistered"


@dataclass(frozen=True, slots=True, kw_only=True)
class DwellingFilter:
    """Which dwellings: blank-separated parts of address or landlord's name; one reminder. Empty means all."""

    text: str = ""
    reminder: Reminder | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DwellingRow:
    """One line of 出租房: `occupants` are those registered there now."""

    dwelling: Dwelling
    occupants: int
    reminders: tuple[Reminder, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """Somebody's registration in a dwelling, with the person."""

    registration: Registration
    resident: Resident


@dataclass(frozen=True, slots=True, kw_only=True)
class DwellingView:
    """A dwelling with who lives there now and who did, the latest first."""

    row: DwellingRow
    present: tuple[Stay, ...]
    former: tuple[Stay, ...]


def dwellings(desk: Desk, wanted: DwellingFilter, cursor: str | None = None, limit: int = 50) -> RowPage[DwellingRow]:
    """A page of dwellings by address."""
    table = tables.DESK_RECORDS["dwelling"]
    query = sa.select(table, _occupancy(table).label("occupants")).where(*_conditions(table, wanted, desk.today()))
    query = query.order_by(table.c.address, table.c.id).limit(limit + 1)
    if cursor is not None:
        address, _, last_id = cursor.rpartition("|")
        query = query.where(sa.tuple_(table.c.address, table.c.id) > sa.tuple_(sa.literal(address), sa.literal(last_id)))
    with reading(desk.engine) as connection:
        found = connection.execute(query).all()
    kept = found[:limit]
    rows = tuple(_row(as_record(Dwelling, row), row.occupants, desk.today()) for row in kept)
    return RowPage(rows, f"{kept[-1].address}|{kept[-1].id}" if len(found) > limit else None)


def count_dwellings(desk: Desk, text: str = "") -> dict[Reminder | None, int]:
    """How many dwellings the text leaves: under None all, and those with each reminder."""
    table, today = tables.DESK_RECORDS["dwelling"], desk.today()
    with reading(desk.engine) as connection:
        return {
            reminder: connection.execute(
                sa.select(sa.func.count())
                .select_from(table)
                .where(*_conditions(table, DwellingFilter(text=text, reminder=reminder), today))
            ).scalar_one()
            for reminder in (None, *Reminder)
        }


def dwelling_view(desk: Desk, dwelling_id: str) -> DwellingView:
    """One dwelling with its people; LookupError for an unknown id."""
    with reading(desk.engine) as connection:
        shelf = Shelf(connection)
        dwelling = shelf.need(Dwelling, dwelling_id)
        entries = sorted(shelf.find(Registration, dwelling_id=dwelling_id), key=lambda entry: (entry.declared_on, entry.id), reverse=True)
        stays = [
            Stay(registration=entry, resident=resident)
            for entry in entries
            if (resident := shelf.get(Resident, entry.resident_id)) is not None
        ]
    present = tuple(stay for stay in stays if stay.registration.state is RegistrationState.ACTIVE)
    return DwellingView(
        row=_row(dwelling, len(present), desk.today()),
        present=present,
        former=tuple(stay for stay in stays if stay.registration.state is not RegistrationState.ACTIVE),
    )


def reminders(dwelling: Dwelling, occupants: int, today: date) -> tuple[Reminder, ...]:
    """What is late or over about a dwelling on a day; a limit that is 未配置 is never over."""
    found: list[Reminder] = []
    if dwelling.capacity is not None and occupants > dwelling.capacity:
        found.append(Reminder.CROWDED)
    if dwelling.cancelled_on is None and dwelling.lease_until_on is not None:
        if dwelling.lease_until_on < today:
            found.append(Reminder.LEASE_PAST)
        elif dwelling.lease_until_on <= today + LEASE_NOTICE:
            found.append(Reminder.LEASE_ENDING)
    if dwelling.place_code == RENTED and not dwelling.is_registered and occupants:
        found.append(Reminder.UNREGISTERED)
    return tuple(found)


def _row(dwelling: Dwelling, occupants: int, today: date) -> DwellingRow:
    return DwellingRow(dwelling=dwelling, occupants=occupants, reminders=reminders(dwelling, occupants, today))


def _occupancy(table: sa.Table) -> sa.ScalarSelect[int]:
    lives = tables.DESK_RECORDS["registration"].alias("lives")
    count = sa.select(sa.func.count()).where(lives.c.dwelling_id == table.c.id, lives.c.state == RegistrationState.ACTIVE.value)
    return count.correlate(table).scalar_subquery()


def _conditions(table: sa.Table, wanted: DwellingFilter, today: date) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = [
        sa.or_(table.c.address.contains(part, autoescape=True), table.c.landlord_name.contains(part, autoescape=True))
        for part in wanted.text.split()
    ]
    runs = table.c.cancelled_on.is_(None)
    match wanted.reminder:
        case Reminder.CROWDED:
            found.append(_occupancy(table) > table.c.capacity)
        case Reminder.LEASE_PAST:
            found += [runs, table.c.lease_until_on < today]
        case Reminder.LEASE_ENDING:
            found += [runs, table.c.lease_until_on >= today, table.c.lease_until_on <= today + LEASE_NOTICE]
        case Reminder.UNREGISTERED:
            is_open = sa.or_(table.c.registered_on.is_(None), table.c.cancelled_on.is_not(None))
            found += [table.c.place_code == RENTED, is_open, _occupancy(table) > 0]
    return found
