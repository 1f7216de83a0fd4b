"""预约 at the desk: 场次 with what is left of them, a place asked for or given up, the list of who comes.

A desk never says that somebody has a place: it says what the centre last answered, and that the centre has not answered yet.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from nbcase.domain import codes
from nbcase.domain.clerk import Clerk, require
from nbcase.domain.document import plain_code
from nbcase.domain.errors import UserError
from nbcase.domain.identity import mask_phone
from nbcase.domain.ids import derived_id, new_id
from nbcase.domain.offering import MOST_PARTY, Booking, Offering, Place
from nbcase.domain.words import tr
from nbcase.items.item import Situation
from nbcase.operations.desk import Desk
from nbcase.operations.loosepapers import loose_paper
from nbcase.store.desk_database import reading
from nbcase.store.desk_work import desk_work
from nbcase.store.shelf import Shelf

LIST = "attendance-list"


def offerings(desk: Desk, service_code: str | None = None, *, only_open: bool = True) -> tuple[Offering, ...]:
    """场次 of one service or of all, the earliest first."""
    with reading(desk.engine) as connection:
        shelf = Shelf(connection)
        table = shelf.table(Offering)
        where = [table.c.closes_on >= desk.today()] if only_open else []
        found = shelf.find(Offering, *where) if service_code is None else shelf.find(Offering, *where, service_code=service_code)
    kept = (entry for entry in found if entry.is_open(desk.today()) or not only_open)
    return tuple(sorted(kept, key=lambda entry: (entry.begins_on, entry.begins_at or "", entry.id)))


def no_offering(situation: Situation, bookable: AbstractSet[str]) -> str:
    """Why nothing of this situation can be booked now; empty when something can, or when it books nothing.

    `bookable` are the services that have an open 场次.
    """
    wanted = {field.offers for field in situation.fields() if field.kind == "offering"}
    return "" if wanted <= bookable else tr("现在没有可预约的场次")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attendance:
    """Everybody who asked for a place of one 场次: who has one, who waits, whom the centre has not answered."""

    offering: Offering
    held: tuple[Booking, ...]
    waiting: tuple[Booking, ...]
    unanswered: tuple[Booking, ...]


def attendance(desk: Desk, offering_id: str) -> Attendance:
    """The list as this desk knows it: whole at the station that holds the 场次. LookupError for an unknown id."""
    with reading(desk.engine) as connection:
        shelf = Shelf(connection)
        offering = shelf.need(Offering, offering_id)
        wanted = [booking for booking in shelf.find(Booking, offering_id=offering_id) if booking.is_wanted]
    wanted.sort(key=lambda booking: (booking.ordinal or 0, booking.id))
    return Attendance(
        offering=offering,
        held=tuple(booking for booking in wanted if booking.place is Place.HELD),
        waiting=tuple(booking for booking in wanted if booking.place is Place.WAITING),
        unanswered=tuple(booking for booking in wanted if booking.place is None),
    )


def place_words(booking: Booking) -> str:
    """How a booking stands, as the clerk tells it."""
    if not booking.is_wanted:
        return tr("已退订")
    match booking.place:
        case Place.HELD:
            return tr("有名额")
        case Place.WAITING:
            return tr("候补，第 {n} 位到").format(n=booking.ordinal)
        case _:
            return tr("待中心排位")


def booking_of(
    shelf: Shelf, answers: Mapping[str, Any], *, resident_id: str, case_id: str, name: str, station_code: str, today: date
) -> Booking:
    """The booking that a form asks for; one for each resident and 场次, so that two desks make the same. Raises `UserError`."""
    offering = shelf.get(Offering, str(answers["offering"]))
    if offering is None or not offering.is_open(today):
        raise _refused(tr("这个场次已取消或报名已截止。"), tr("请另选一个场次。"))
    party = int(answers.get("party") or 1)
    companions = tuple(line.strip() for line in str(answers.get("companions") or "").replace("、", "\n").splitlines() if line.strip())
    if not 1 <= party <= MOST_PARTY:
        raise _refused(tr("人数应在 1 到 {n} 之间。").format(n=MOST_PARTY), tr("更多人请分几次预约。"))
    if companions and len(companions) != party - 1:
        what = tr("同行人写了 {n} 位，人数是 {party}（含本人）。").format(n=len(companions), party=party)
        raise _refused(what, tr("请核对人数和同行人。"))
    booking_id = derived_id(b"", "booking", offering.id, resident_id)
    known = shelf.get(Booking, booking_id)
    if known is not None and known.is_wanted:
        raise _refused(tr("{name}已约了这个场次：{state}。").format(name=name, state=place_words(known)), tr("要改人数请先退订。"))
    wanted = {"case_id": case_id, "name": name, "phone": str(answers.get("phone") or ""), "party": party, "companions": companions}
    if known is not None:
        return replace(known, is_wanted=True, **wanted)  # type: ignore[arg-type]
    return Booking(
        id=booking_id,
        offering_id=offering.id,
        resident_id=resident_id,
        stations=tuple(sorted({station_code, offering.station_code})),
        station_code=station_code,
        **wanted,  # type: ignore[arg-type]
    )


def _refused(what: str, do: str) -> UserError:
    return UserError(what, safe=tr("没有预约，草稿还在。"), do=do)


def keep_offering(desk: Desk, clerk: Clerk, offering: Offering) -> Offering:
    """Open a 场次 or change one (``id`` empty: a new one); durable when this returns. Raises `UserError`.

    Counts stay the centre's, and what was cancelled meanwhile stays cancelled.
    """
    require(clerk, "offering.keep")
    if not offering.name.strip() or not offering.place.strip() or offering.capacity < 1:
        raise UserError(tr("场次缺名称、地点或名额。"), safe=tr("没有改动。"), do=tr("请补上。"))
    if offering.closes_on > offering.begins_on:
        raise UserError(tr("报名截止晚于开始日期。"), safe=tr("没有改动。"), do=tr("请核对日期。"))
    with desk_work(desk.engine, desk.identity, clerk, desk.clock.now()) as work:
        known = work.get(Offering, offering.id) if offering.id else None
        kept = replace(
            offering,
            id=offering.id or new_id(),
            version=known.version if known else 0,
            taken=known.taken if known else 0,
            waiting=known.waiting if known else 0,
            is_cancelled=offering.is_cancelled or (known is not None and known.is_cancelled),
            station_code=known.station_code if known else desk.station.code,
        )
        work.put(kept)
        work.record("offering.keep", kept)
        return kept


def attendance_pdf(desk: Desk, clerk: Clerk, offering_id: str) -> bytes:
    """场次名单 as PDF: an inner paper that is kept nowhere and can be made again at any time."""
    return loose_paper(desk, LIST, _list_values(desk, clerk, attendance(desk, offering_id)))


def _list_values(desk: Desk, clerk: Clerk, found: Attendance) -> dict[str, object]:
    offering, open_count = found.offering, len(found.unanswered)
    return {
        "station": desk.station.name,
        "service": codes.name("offering", offering.service_code, english=False),
        "name": offering.name,
        "place": offering.place,
        "begins": f"{offering.begins_on} {offering.begins_at or ''}".strip(),
        "places": f"{offering.capacity} 个，已占 {offering.taken}，候补 {offering.waiting}",
        "made_at": desk.clock.now(),
        "clerk": clerk.name,
        "qr_text": plain_code("attendance", offering.id, desk.clock.now().isoformat()),
        "held": [_list_row(booking) for booking in found.held],
        "waiting": [_list_row(booking) for booking in found.waiting],
        "unanswered": f"另有 {open_count} 份预约中心还没有排位，不在名单里。" if open_count else "",
    }


def _list_row(booking: Booking) -> dict[str, object]:
    return {
        "ordinal": booking.ordinal,
        "name": booking.name,
        "party": booking.party,
        "companions": "、".join(booking.companions),
        "phone": mask_phone(booking.phone) if booking.phone else "",
        "sign": "",
    }
