"""The centre allots places: bookings get their order of arrival, offerings their counts, and who moves up is told at once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import sqlalchemy as sa

from nbcase.domain.action import Action, Change
from nbcase.domain.errors import Unacceptable
from nbcase.domain.offering import BY_CENTRE, MOST_PARTY, Booking, Offering, Place, allot
from nbcase.domain.words import tr
from nbcase.store.centre_work import CentreWork, Key, Written, is_storable
from nbcase.store.records import TYPE_NAMES, R, from_plain
from nbcase.store.tables import CENTRE_RECORDS


def concerned(connection: sa.Connection, changes: Iterable[Change]) -> set[Key]:
    """Every record that bookings and offerings among these changes reach, with the offerings held against other batches.

    The lock is the offering's own and taken before those of records: two desks that book one bus wait for each other here.
    """
    booking = CENTRE_RECORDS["booking"]
    found = [change for change in changes if change.record_type in ("booking", "offering") and is_storable(change.record_id)]
    asked = {change.record_id for change in found if change.record_type == "booking"}
    offerings = {change.record_id for change in found if change.record_type == "offering"}
    offerings |= {
        str(change.fields["offering_id"][1]) for change in found if change.record_type == "booking" and "offering_id" in change.fields
    }
    if asked:
        offerings |= set(connection.execute(sa.select(booking.c.offering_id).where(booking.c.id.in_(sorted(asked)))).scalars())
    offerings = set(filter(is_storable, offerings))
    if not offerings:
        return set()
    for offering_id in sorted(offerings):
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(f"offering {offering_id}"))))
    others = connection.execute(sa.select(booking.c.id).where(booking.c.offering_id.in_(sorted(offerings)))).scalars()
    return {("offering", offering_id) for offering_id in offerings} | {("booking", booking_id) for booking_id in others}


def check_places(work: CentreWork, action: Action) -> None:
    """Refuse what only the centre may say, and what this kind of act may not. Raises `Unacceptable`.

    A new record names all its fields, the centre's empty.
    """
    for change in action.changes:
        is_new = not work.current((change.record_type, change.record_id))
        for name in BY_CENTRE.get(change.record_type, frozenset()) & change.fields.keys():
            if not is_new or change.fields[name][1] not in (None, 0):
                raise Unacceptable(tr("排位只由中心给出。"))
        if change.record_type == "offering" and action.kind != "offering.keep":
            raise Unacceptable(tr("场次只由站长开设和改动。"))
        if change.record_type == "booking" and not is_new and "offering_id" in change.fields:
            raise Unacceptable(tr("预约不能改到另一个场次。"), do=tr("请退订后重新预约。"))


def settle(work: CentreWork, written: Sequence[Written]) -> list[Written]:
    """What the centre adds to an action that touched bookings or offerings: their order, who has a place, the counts."""
    records = {(TYPE_NAMES[type(entry.record)], entry.record.id): entry.record for entry in written}
    touched = [record for record in records.values() if isinstance(record, (Booking, Offering))]
    ids = {record.offering_id if isinstance(record, Booking) else record.id for record in touched}
    return [extra for offering_id in sorted(ids) for extra in _settle(work, offering_id, records)]


def _settle(work: CentreWork, offering_id: str, records: Mapping[Key, object]) -> list[Written]:
    offering = _latest(work, records, Offering, offering_id)
    if offering is None:
        raise Unacceptable(tr("没有这个场次。"), do=tr("请在“场次”里另选。"))
    ids = {record_id for kind, record_id in {*records, *work.keys("booking")} if kind == "booking"}
    bookings = [booking for booking in (_latest(work, records, Booking, one) for one in sorted(ids)) if booking is not None]
    bookings = [booking for booking in bookings if booking.offering_id == offering_id]
    if any(not 1 <= booking.party <= MOST_PARTY for booking in bookings):
        raise Unacceptable(tr("人数应在 1 到 {n} 之间。").format(n=MOST_PARTY))
    numbered = _numbered(bookings)
    places = {} if offering.is_cancelled else allot(offering.capacity, numbered.values())
    after = [replace(booking, place=places.get(booking.id)) for booking in numbered.values()]
    held = sum(booking.party for booking in after if booking.place is Place.HELD)
    waiting = sum(booking.party for booking in after if booking.place is Place.WAITING)
    changed: list[Booking | Offering] = [new for new, old in zip(after, bookings, strict=True) if new != old]
    if (offering.taken, offering.waiting) != (held, waiting):
        changed.append(replace(offering, taken=held, waiting=waiting))
    return [Written(record=replace(record, version=record.version + 1)) for record in changed]


def _numbered(bookings: Sequence[Booking]) -> dict[str, Booking]:
    """All bookings in the order given, the new ones with the next ordinals. Who gives up loses his, and comes last if he comes again."""
    last = max((booking.ordinal or 0 for booking in bookings), default=0)
    found = {}
    for booking in bookings:
        if not booking.is_wanted:
            booking = replace(booking, ordinal=None)
        elif booking.ordinal is None:
            last += 1
            booking = replace(booking, ordinal=last)
        found[booking.id] = booking
    return found


def _latest(work: CentreWork, records: Mapping[Key, object], kind: type[R], record_id: str) -> R | None:
    record = records.get((TYPE_NAMES[kind], record_id))
    if isinstance(record, kind):
        return record
    current = work.current((TYPE_NAMES[kind], record_id))
    return from_plain(kind, current) if current else None
