"""A policy finds its people: who at this station can have it and does not use it, for the station to call.

Everybody who is registered here is looked at once, in portions, by the conditions that the page of one resident uses. Only records of
the counter are shown, no department's rows: a call needs a name, a masked phone, and why.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import sqlalchemy as sa
import structlog

from nbcase.domain.case import OPEN_STATES, Case
from nbcase.domain.clerk import Clerk
from nbcase.domain.dwelling import Dwelling
from nbcase.domain.identity import age_on
from nbcase.domain.offering import Booking, Offering
from nbcase.domain.permit import Endorsement, Permit
from nbcase.domain.registration import Registration, RegistrationState
from nbcase.domain.resident import Resident
from nbcase.domain.score import Score
from nbcase.domain.service import Service
from nbcase.items.policy import KNOWN, Policy
from nbcase.operations.desk import Desk
from nbcase.operations.facts import ADULT_AGE, Standing
from nbcase.operations.matching import Match, Use, match_policies
from nbcase.store import tables
from nbcase.store.desk_database import reading
from nbcase.store.records import R
from nbcase.store.shelf import Shelf

SHOWN = 200
"""Calls that are listed for one policy; the count is of all."""

PORTION = 500

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One person to call about one policy; for a child the guardian's phone."""

    resident: Resident
    phone: str
    match: Match

    @property
    def urgency(self) -> tuple[date, bool, str]:
        """What sorts a list: the last day, then who can be reached, then the name."""
        return (self.match.by or date.max, not self.phone, self.resident.name)


@dataclass(slots=True)
class PolicyCalls:
    """The list of one policy: the most urgent calls, and how many there are in all, of whom `asked` have to be asked first."""

    policy: Policy
    calls: list[Call] = field(default_factory=list)
    count: int = 0
    asked: int = 0

    def add(self, call: Call) -> None:
        """Take one more; what lies beyond the list is only counted."""
        self.count += 1
        self.asked += call.match.use is Use.ASK
        self.calls.append(call)
        if len(self.calls) > 2 * SHOWN:
            self.close()

    def close(self) -> None:
        """Put in order, and let go of what is not shown."""
        self.calls = sorted(self.calls, key=lambda call: call.urgency)[:SHOWN]


def call_lists(desk: Desk, clerk: Clerk) -> tuple[PolicyCalls, ...]:
    """The list of every policy in force, those with people first. That it was made is logged with who and when.

    What departments know of a person is looked at with the person's consent only, so a policy that asks for it makes no list.
    """
    today = desk.today()
    listed = {code: policy for code, policy in desk.policies.items() if policy.holds(today) and not _asks_departments(policy)}
    found = {policy.code: PolicyCalls(policy=policy) for policy in listed.values()}
    looked_at = 0
    with reading(desk.engine) as connection:
        shelf = Shelf(connection)
        children = _children_by_guardian(connection, today)
        for present, underway in _everybody(shelf):
            looked_at += 1
            resident = present.resident
            for match in match_policies(desk.items, listed, present, children[resident.document_number], underway, today):
                if match.use in (Use.CAN, Use.ASK):
                    phone = resident.phone or resident.guardian_phone or ""
                    found[match.policy.code].add(Call(resident=resident, phone=phone, match=match))
    for one in found.values():
        one.close()
    _log.info("call_lists_made", clerk_id=clerk.id, desk_id=desk.identity.desk_id, people=looked_at, at=desk.clock.now().isoformat())
    return tuple(sorted(found.values(), key=lambda one: (one.count == 0, one.policy.code)))


def _asks_departments(policy: Policy) -> bool:
    return any(fact.startswith(KNOWN) for condition in policy.conditions for fact in condition.facts())


def _children_by_guardian(connection: sa.Connection, on: date) -> Counter[str]:
    table = tables.DESK_RECORDS["resident"].c
    query = sa.select(table.guardian_number, table.birth_on).where(table.guardian_number.is_not(None), table.birth_on.is_not(None))
    return Counter(row.guardian_number for row in connection.execute(query) if age_on(row.birth_on, on) < ADULT_AGE)


def _everybody(shelf: Shelf) -> Iterator[tuple[Standing, dict[str, str]]]:
    """Everybody who is registered now, with the open cases by ``item.situation``."""
    table = tables.DESK_RECORDS["registration"].c
    query = sa.select(table.resident_id).where(table.state == RegistrationState.ACTIVE.value).distinct().order_by(table.resident_id)
    ids = shelf.connection.execute(query).scalars().all()
    offerings = {one.id: one for one in shelf.find(Offering)}
    for start in range(0, len(ids), PORTION):
        yield from _standings(shelf, ids[start : start + PORTION], offerings)


def _standings(shelf: Shelf, ids: Sequence[str], offerings: Mapping[str, Offering]) -> Iterator[tuple[Standing, dict[str, str]]]:
    registrations, permits = _by_resident(shelf, Registration, ids), _by_resident(shelf, Permit, ids)
    services, scores = _by_resident(shelf, Service, ids), _by_resident(shelf, Score, ids)
    bookings, cases = _by_resident(shelf, Booking, ids), _by_resident(shelf, Case, ids)
    permit_ids = [permit.id for found in permits.values() for permit in found]
    endorsements = defaultdict(list)
    for entry in _among(shelf, Endorsement, "permit_id", permit_ids):
        endorsements[entry.permit_id].append(entry)
    active = {entry.resident_id: entry for found in registrations.values() for entry in found if entry.state is RegistrationState.ACTIVE}
    dwellings = {one.id: one for one in _among(shelf, Dwelling, "id", [entry.dwelling_id for entry in active.values()])}
    lived = _occupants(shelf, list(dwellings))
    for resident in _among(shelf, Resident, "id", ids):
        own = permits[resident.id]
        dwelling = dwellings.get(active[resident.id].dwelling_id)
        score = scores[resident.id]
        standing = Standing(
            resident=resident,
            registrations=tuple(registrations[resident.id]),
            dwelling=dwelling,
            occupants=lived.get(dwelling.id) if dwelling is not None else None,
            permits=tuple(own),
            endorsements=tuple(entry for permit in own for entry in endorsements[permit.id]),
            services=tuple(services[resident.id]),
            bookings=tuple((one, offerings[one.offering_id]) for one in bookings[resident.id] if one.offering_id in offerings),
            score=score[0] if score else None,
        )
        yield standing, {f"{one.item_code}.{one.situation_code}": one.number for one in cases[resident.id] if one.state in OPEN_STATES}


def _by_resident(shelf: Shelf, kind: type[R], ids: Sequence[str]) -> defaultdict[str, list[R]]:
    found: defaultdict[str, list[R]] = defaultdict(list)
    for record in _among(shelf, kind, "resident_id", ids):
        found[record.resident_id].append(record)  # type: ignore[union-attr]
    return found


def _among(shelf: Shelf, kind: type[R], column: str, values: Sequence[str]) -> list[R]:
    return shelf.find(kind, shelf.table(kind).c[column].in_(values))


def _occupants(shelf: Shelf, dwelling_ids: Sequence[str]) -> dict[str, int]:
    table = tables.DESK_RECORDS["registration"].c
    query = sa.select(table.dwelling_id, sa.func.count()).where(
        table.dwelling_id.in_(dwelling_ids), table.state == RegistrationState.ACTIVE.value
    )
    return {row[0]: row[1] for row in shelf.connection.execute(query.group_by(table.dwelling_id))}
