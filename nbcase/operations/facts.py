"""Facts about one resident, each with the record it comes from: what conditions are checked against."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from nbcase.domain import codes
from nbcase.domain.case import HandedIn
from nbcase.domain.dwelling import Dwelling
from nbcase.domain.errors import Offline
from nbcase.domain.identity import age_on
from nbcase.domain.offering import Booking, Offering
from nbcase.domain.permit import Endorsement, Permit, PermitState, permit_state
from nbcase.domain.registration import Registration, RegistrationState
from nbcase.domain.resident import Resident
from nbcase.domain.score import Score, score_id
from nbcase.domain.service import Service
from nbcase.domain.words import tr
from nbcase.items.checks import BOOKING, SERVICE, Fact, Facts
from nbcase.items.item import Situation
from nbcase.operations.desk import Desk
from nbcase.points.catalogue import show
from nbcase.store import people
from nbcase.store.desk_database import reading
from nbcase.store.shelf import Shelf

RENTED = "04"
"""居住处所: 租赁房屋."""

STABLE_PLACES = frozenset({"02", RENTED, "05"})
"""居住处所 that count as 合法稳定住所 with a proof: 单位内部, 租赁房屋, 自购房."""

NOT_WORKING = frozenset({"07", "11", "12"})
"""现从事职业: 学生, 无业, 退休."""

ADULT_AGE = 16
"""Under 16 a guardian declares and applies (条例 art. 7, 居住证暂行条例 art. 9)."""

NO_PERMIT = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """All records of one resident that conditions look at."""

    resident: Resident
    registrations: tuple[Registration, ...] = ()
    dwelling: Dwelling | None = None
    occupants: int | None = None
    permits: tuple[Permit, ...] = ()
    endorsements: tuple[Endorsement, ...] = ()
    services: tuple[Service, ...] = ()
    bookings: tuple[tuple[Booking, Offering], ...] = ()
    score: Score | None = None

    @property
    def active(self) -> Registration | None:
        """The current registration."""
        return next((entry for entry in self.registrations if entry.state is RegistrationState.ACTIVE), None)

    @property
    def permit(self) -> Permit | None:
        """The permit that is not cancelled, else the newest."""
        newest = sorted(self.permits, key=lambda permit: (permit.cancelled_on is None, permit.issued_on), reverse=True)
        return newest[0] if newest else None

    def endorsements_of(self, permit: Permit) -> tuple[Endorsement, ...]:
        """The permit's endorsements, oldest first."""
        return tuple(sorted((e for e in self.endorsements if e.permit_id == permit.id), key=lambda e: e.endorsed_on))

    def permit_state(self, on: date) -> str:
        """The permit's state on a day, ``none`` without one."""
        return NO_PERMIT if self.permit is None else permit_state(self.permit, self.endorsements_of(self.permit), on).value


def standing(shelf: Shelf, resident: Resident) -> Standing:
    """What this desk holds of a resident."""
    registrations = shelf.find(Registration, resident_id=resident.id)
    active = next((entry for entry in registrations if entry.state is RegistrationState.ACTIVE), None)
    dwelling = shelf.get(Dwelling, active.dwelling_id) if active else None
    permits = shelf.find(Permit, resident_id=resident.id)
    return Standing(
        resident=resident,
        registrations=tuple(registrations),
        dwelling=dwelling,
        occupants=occupants(shelf, dwelling) if dwelling else None,
        permits=tuple(permits),
        endorsements=tuple(entry for permit in permits for entry in shelf.find(Endorsement, permit_id=permit.id)),
        services=tuple(shelf.find(Service, resident_id=resident.id)),
        bookings=_booked(shelf, resident),
        score=shelf.get(Score, score_id(resident.id)),
    )


def occupants(shelf: Shelf, dwelling: Dwelling) -> int:
    """How many people are registered in a dwelling."""
    return len(shelf.find(Registration, dwelling_id=dwelling.id, state=RegistrationState.ACTIVE.value))


def registered_since(registrations: Sequence[Registration]) -> date | None:
    """First day of the unbroken chain of registrations that reaches to now; None without a current one.

    Moving inside the city does not break it: the next one is declared no later than the day after the last one ended.
    """
    ordered = sorted(registrations, key=lambda entry: entry.declared_on, reverse=True)
    since: date | None = None
    for entry in ordered:
        if since is None:
            if entry.state is RegistrationState.ACTIVE:
                since = entry.declared_on
        elif entry.ended_on is not None and (since - entry.ended_on).days <= 1:
            since = min(since, entry.declared_on)
    return since


def facts_of(standing: Standing, situation: Situation, materials: Sequence[HandedIn], as_of: date, elsewhere: Fact) -> Facts:
    """Every fact that conditions may name; a material counts where the item allows the way it was obtained."""
    resident, active, dwelling = standing.resident, standing.active, standing.dwelling
    handed_in = {material.code for material in materials if situation.permits(material.code, material.how)}
    since = registered_since(standing.registrations)
    return {
        "age": Fact(age_on(resident.birth_on, as_of) if resident.birth_on else None),
        "document_valid_until": _document_valid(resident),
        "employment": _employment(resident, "job_proof" in handed_in),
        "dwelling": _dwelling(active, dwelling, "dwelling_proof" in handed_in),
        "study": _study(resident, "study_proof" in handed_in),
        "registered_since": Fact(since, tr("居住登记 {day} 申报").format(day=since) if since else tr("没有在住登记")),
        "is_registered": Fact(active is not None, tr("在住登记 {address}").format(address=dwelling.address) if dwelling else ""),
        "permit_state": Fact(standing.permit_state(as_of), _permit_words(standing, as_of)),
        "permit_elsewhere": elsewhere,
        "occupants": _occupants(standing),
        "capacity": Fact(dwelling.capacity if dwelling else None),
        "lease_until": Fact(dwelling.lease_until_on, tr("合同至 {day}").format(day=dwelling.lease_until_on))
        if dwelling and dwelling.lease_until_on
        else Fact(None, tr("没有合同期限记录")),
        "letting": _letting(dwelling),
        "guardian": _guardian(resident, as_of),
        **_services(standing.services, as_of),
        **_bookings(standing.bookings, as_of),
        "points": _points(standing.score),
    }


def elsewhere_fact(desk: Desk, resident: Resident, as_of: date) -> Fact:
    """Whether another station knows a permit of this person: the centre's word, or the honest lack of it."""
    try:
        found = _permit_elsewhere(desk, resident, as_of)
    except Offline:
        return Fact(asks_centre=True, source=tr("离线未核，连上后补核"))
    if found is None:
        return Fact(NO_PERMIT, tr("中心核对：没有"))
    permit, state = found
    with reading(desk.engine) as connection:
        station = people.station_names(connection)[permit.station_code]
    return Fact(state.value, tr("中心记录：{station} {day} 发证").format(station=station, day=permit.issued_on))


def permit_elsewhere(desk: Desk, resident: Resident, as_of: date) -> Permit | None:
    """A permit of this person at another station that is not cancelled, as the centre has it. Raises `Offline`."""
    found = _permit_elsewhere(desk, resident, as_of)
    return None if found is None else found[0]


def _permit_elsewhere(desk: Desk, resident: Resident, as_of: date) -> tuple[Permit, PermitState] | None:
    dossiers = desk.centre.find_residents(
        document_kind=resident.document_kind, document_number=resident.document_number, name="", birth_on=None
    )
    for dossier in dossiers:
        permits = [record for record in dossier.records if isinstance(record, Permit)]
        endorsements = [record for record in dossier.records if isinstance(record, Endorsement)]
        for permit in permits:
            own = [entry for entry in endorsements if entry.permit_id == permit.id]
            state = permit_state(permit, own, as_of)
            if permit.station_code != desk.station.code and state is not PermitState.CANCELLED:
                return permit, state
    return None


def _document_valid(resident: Resident) -> Fact:
    if resident.valid_until_on is None:
        return Fact(None, tr("长期，或未填"))
    return Fact(resident.valid_until_on, tr("至 {day}").format(day=resident.valid_until_on))


def _employment(resident: Resident, has_proof: bool) -> Fact:
    works = bool(resident.employer) and resident.occupation_code not in NOT_WORKING
    if works and has_proof:
        return Fact(True, tr("{employer}，已收证明").format(employer=resident.employer))
    if works:
        return Fact(False, tr("{employer}，缺证明").format(employer=resident.employer))
    return Fact(False, tr("没有就业记录"))


def _dwelling(active: Registration | None, dwelling: Dwelling | None, has_proof: bool) -> Fact:
    if active is None or dwelling is None:
        return Fact(False, tr("没有在住登记"))
    place = active.place_code or dwelling.place_code or ""
    if place not in STABLE_PLACES:
        return Fact(False, tr("居住处所：{place}").format(place=codes.name("place", place) if place else tr("未填")))
    if dwelling.lease_until_on is not None:
        return Fact(True, tr("租房登记共享，合同至 {day}").format(day=dwelling.lease_until_on))
    return Fact(has_proof, tr("已收住所证明") if has_proof else tr("{place}，缺证明").format(place=codes.name("place", place)))


def _letting(dwelling: Dwelling | None) -> Fact:
    """``registered`` while the letting of the dwelling is (出租房登记)."""
    if dwelling is None:
        return Fact(None, tr("还没有地址"))
    if dwelling.is_registered:
        return Fact("registered", tr("{address} {day} 登记出租").format(address=dwelling.address, day=dwelling.registered_on))
    return Fact("none", tr("{address} 没有出租登记").format(address=dwelling.address))


def _study(resident: Resident, has_proof: bool) -> Fact:
    studies = resident.occupation_code == "07" and bool(resident.employer)
    if not studies:
        return Fact(False, tr("没有就读记录"))
    words = tr("{employer}，已收证明") if has_proof else tr("{employer}，缺证明")
    return Fact(has_proof, words.format(employer=resident.employer))


def _permit_words(standing: Standing, as_of: date) -> str:
    if standing.permit is None:
        return tr("没有居住证")
    words = {"normal": tr("正常"), "to_endorse": tr("待签注"), "suspended": tr("暂停使用"), "cancelled": tr("已注销")}
    return tr("{day} 发证，{state}").format(day=standing.permit.issued_on, state=words[standing.permit_state(as_of)])


def _occupants(standing: Standing) -> Fact:
    if standing.dwelling is None or standing.occupants is None:
        return Fact(None, tr("没有在住登记"))
    capacity = standing.dwelling.capacity
    limit = tr("未配置") if capacity is None else tr("{n} 人").format(n=capacity)
    return Fact(standing.occupants, tr("住 {n} 人，限 {limit}").format(n=standing.occupants, limit=limit))


def _points(score: Score | None) -> Fact:
    if score is None:
        return Fact(None, tr("还没有积分，中心每月计分"))
    return Fact(score.total, tr("{points} 分，中心 {day} 计分").format(points=show(score.total), day=score.on))


def _booked(shelf: Shelf, resident: Resident) -> tuple[tuple[Booking, Offering], ...]:
    found = ((booking, shelf.get(Offering, booking.offering_id)) for booking in shelf.find(Booking, resident_id=resident.id))
    return tuple((booking, offering) for booking, offering in found if offering is not None)


def _bookings(bookings: Sequence[tuple[Booking, Offering]], as_of: date) -> dict[str, Fact]:
    return {
        BOOKING + offering.service_code: Fact("held", f"{offering.name} {offering.begins_on}")
        for booking, offering in bookings
        if _is_ahead(booking, offering, as_of)
    }


def _is_ahead(booking: Booking, offering: Offering, as_of: date) -> bool:
    return booking.is_wanted and as_of <= offering.begins_on


def booked(standing: Standing, as_of: date, service_code: str | None = None) -> tuple[tuple[Booking, Offering], ...]:
    """What a resident has booked and can still give back, of one service or of all."""
    found = ((booking, offering) for booking, offering in standing.bookings if service_code in (None, offering.service_code))
    return tuple(pair for pair in found if _is_ahead(*pair, as_of))


def _services(services: Sequence[Service], as_of: date) -> dict[str, Fact]:
    return {
        SERVICE + service.item_code: Fact("held", tr("自 {day} 起").format(day=service.began_on))
        for service in services
        if service.runs(as_of)
    }


def _guardian(resident: Resident, as_of: date) -> Fact:
    if resident.birth_on is None or age_on(resident.birth_on, as_of) >= ADULT_AGE:
        return Fact(True, tr("年满 16 周岁"))
    if resident.guardian_name:
        return Fact(True, tr("监护人 {name}").format(name=resident.guardian_name))
    return Fact(False, tr("未满 16 周岁，缺监护人"))
