"""场次 and 预约: a course, a bus, an event, an appointment with places, and who asked for them.

Desks write what a person wants, the centre says who has a place: it alone hears of all desks. Both sides' fields are disjoint,
so that neither ever overwrites the other's.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any


class Place(StrEnum):
    """排位: what the centre answered."""

    HELD = "held"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offering:
    """One 场次 with its places; every station sees it. `service_code` is of the code table ``offering``.

    `taken` and `waiting` are people, counted by the centre. `details` hold what the kind knows besides: home province of a bus,
    skill of a course. `begins_at` is a local time of day, ``08:30``.
    """

    id: str
    version: int = 0
    service_code: str
    name: str
    place: str
    begins_on: date
    begins_at: str | None = None
    ends_on: date | None = None
    closes_on: date
    capacity: int
    details: Mapping[str, Any] = field(default_factory=dict)
    is_cancelled: bool = False
    taken: int = 0
    waiting: int = 0
    station_code: str

    @property
    def left(self) -> int:
        """Places that nobody holds, as the centre last said."""
        return max(0, self.capacity - self.taken)

    def is_open(self, on: date) -> bool:
        """Whether somebody may still ask for a place on that day."""
        return not self.is_cancelled and on <= self.closes_on


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """预约 of one resident for himself and `party` - 1 companions, whose names are in `companions`.

    `is_wanted` is the desk's; `ordinal` (order of arrival at the centre, from 1) and `place` are the centre's, None until it has
    answered. It travels to the resident's station and to the one that holds the offering, for the list of passengers.
    """

    id: str
    version: int = 0
    offering_id: str
    resident_id: str
    case_id: str
    name: str
    phone: str
    party: int = 1
    companions: tuple[str, ...] = ()
    is_wanted: bool = True
    ordinal: int | None = None
    place: Place | None = None
    stations: tuple[str, ...]
    station_code: str


MOST_PARTY = 20
"""People in one booking; larger groups are several."""

BY_CENTRE = {"offering": frozenset({"taken", "waiting"}), "booking": frozenset({"ordinal", "place"})}
"""Fields that no desk may set."""


def allot(capacity: int, bookings: Iterable[Booking]) -> dict[str, Place]:
    """Who has a place, by booking id; only of bookings that are still wanted and have their ordinal.

    A place once held is kept, also when the capacity shrinks. What is left goes by order of arrival to the first party that fits
    as a whole: a party is not torn apart, and a small one behind it need not wait for seats that it leaves over.
    """
    wanted = sorted((entry for entry in bookings if entry.is_wanted and entry.ordinal is not None), key=lambda entry: entry.ordinal or 0)
    places = {entry.id: Place.HELD if entry.place is Place.HELD else Place.WAITING for entry in wanted}
    left = capacity - sum(entry.party for entry in wanted if places[entry.id] is Place.HELD)
    for entry in wanted:
        if places[entry.id] is Place.WAITING and entry.party <= left:
            places[entry.id] = Place.HELD
            left -= entry.party
    return places
