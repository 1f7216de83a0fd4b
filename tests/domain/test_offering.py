"""Places: never more than there are, none taken away, in order of arrival."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from nbcase.domain.offering import Booking, Place, allot


def booking(ordinal: int | None, party: int = 1, place: Place | None = None, *, is_wanted: bool = True) -> Booking:
    return Booking(
        id=f"b{ordinal}",
        offering_id="o",
        resident_id=f"r{ordinal}",
        case_id="c",
        name="样",
        phone="",
        party=party,
        is_wanted=is_wanted,
        ordinal=ordinal,
        place=place,
        stations=("s",),
        station_code="s",
    )


parties = st.lists(st.integers(1, 5), max_size=12)


@given(capacity=st.integers(0, 20), sizes=parties, data=st.data())
def test_never_more_people_than_places_and_the_order_of_the_list_does_not_matter(
    capacity: int, sizes: list[int], data: st.DataObject
) -> None:
    bookings = [booking(n + 1, size) for n, size in enumerate(sizes)]
    places = allot(capacity, bookings)
    assert sum(entry.party for entry in bookings if places[entry.id] is Place.HELD) <= capacity
    assert allot(capacity, data.draw(st.permutations(bookings))) == places


@given(capacity=st.integers(0, 20), sizes=parties)
def test_nobody_waits_who_would_fit(capacity: int, sizes: list[int]) -> None:
    bookings = [booking(n + 1, size) for n, size in enumerate(sizes)]
    places = allot(capacity, bookings)
    left = capacity - sum(entry.party for entry in bookings if places[entry.id] is Place.HELD)
    assert all(entry.party > left for entry in bookings if places[entry.id] is Place.WAITING)


@given(capacity=st.integers(1, 20), fewer=st.integers(0, 20), sizes=parties)
def test_a_place_once_held_is_kept_when_places_are_taken_out(capacity: int, fewer: int, sizes: list[int]) -> None:
    bookings = [booking(n + 1, size) for n, size in enumerate(sizes)]
    held = [replace(entry, place=place) for entry in bookings if (place := allot(capacity, bookings)[entry.id])]
    after = allot(min(fewer, capacity), held)
    assert all(after[entry.id] is Place.HELD for entry in held if entry.place is Place.HELD)


def test_who_gives_up_lets_the_first_that_fits_move_up() -> None:
    full = [booking(1, 2, Place.HELD), booking(2, 3, Place.WAITING), booking(3, 1, Place.WAITING)]
    places = allot(2, [replace(full[0], is_wanted=False), *full[1:]])
    assert places == {"b2": Place.WAITING, "b3": Place.HELD}


def test_a_booking_that_the_centre_has_not_seen_has_no_place() -> None:
    assert allot(5, [booking(None)]) == {}
