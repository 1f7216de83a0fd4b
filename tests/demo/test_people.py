"""Synthetic people are whole, plausible by the program's own rules, the same for the same seed, and nobody real."""

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from random import Random
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbcase.demo.chance import Numbers, time_ordered_id
from nbcase.demo.people import Person, people
from nbcase.demo.stations import clerks, stations
from nbcase.domain import codes
from nbcase.domain.case import CaseState
from nbcase.domain.clock import add_months, full_months, local_date
from nbcase.domain.divisions import division_of_address, divisions
from nbcase.domain.dwelling import Dwelling
from nbcase.domain.errors import UserError
from nbcase.domain.identity import check_number
from nbcase.domain.ids import derived_id
from nbcase.domain.permit import PermitState, permit_state, usable_until, valid_after_endorsing
from nbcase.domain.readings import initials, readings
from nbcase.domain.registration import RegistrationState
from nbcase.domain.workdays import WorkingCalendar
from nbcase.items.catalogue import load_catalogue

TODAY = date(2026, 11, 24)
KEY = bytes(range(32))
CALENDAR = WorkingCalendar.load()
CATALOGUE = load_catalogue()


@pytest.fixture(scope="module")
def crowd() -> list[Person]:
    return list(people(3000, 1, TODAY, KEY))


def test_the_same_seed_gives_the_same_people(crowd: list[Person]) -> None:
    assert list(people(300, 1, TODAY, KEY))[:290] == crowd[:290]
    assert list(people(50, 2, TODAY, KEY)) != crowd[:50]


@pytest.mark.parametrize("count", [0, 1, 2, 17])
def test_as_many_come_as_were_asked(count: int) -> None:
    assert len(list(people(count, 3, TODAY, KEY))) == count


def test_a_longer_run_begins_with_the_shorter(crowd: list[Person]) -> None:
    assert [person.resident for person in people(137, 1, TODAY, KEY)] == [person.resident for person in crowd[:137]]


def test_links_never_lead_to_people_who_were_not_made() -> None:
    for count in range(1, 40):
        made = list(people(count, 5, TODAY, KEY))
        known = {person.resident.id for person in made}
        assert {link.resident_id for person in made for link in person.family} <= known


def test_ids_are_unique_and_a_shared_dwelling_is_the_same_each_time(crowd: list[Person]) -> None:
    dwellings: dict[str, Dwelling] = {}
    ids: Counter[str] = Counter()
    for person in crowd:
        for record in person.records():
            if isinstance(record, Dwelling):
                assert dwellings.setdefault(record.id, record) == record
            else:
                ids[record.id] += 1
    assert max(ids.values()) == 1
    assert not ids.keys() & dwellings.keys()
    assert len({dwelling.address for dwelling in dwellings.values()}) == len(dwellings)


def test_records_come_after_those_they_refer_to(crowd: list[Person]) -> None:
    for person in crowd:
        seen: set[str] = set()
        for record in person.records():
            refers = {getattr(record, name, None) for name in ("resident_id", "dwelling_id", "case_id")} - {None}
            assert refers <= seen
            seen.add(record.id)
        links = {link for case in person.cases for link in (case.registration_id, case.permit_id) if link}
        assert links <= seen


def test_natural_keys_give_the_ids_that_a_desk_would_derive(crowd: list[Person]) -> None:
    for person in crowd[:300]:
        resident = person.resident
        assert resident.id == derived_id(KEY, "resident", resident.document_kind, resident.document_number)
        assert all(dwelling.id == derived_id(KEY, "dwelling", dwelling.address) for dwelling in person.dwellings)


def test_every_number_is_valid_unique_and_of_the_area_that_nobody_has(crowd: list[Person]) -> None:
    numbers = [person.resident.document_number for person in crowd]
    landlords = {
        dwelling.address: dwelling.landlord_number for person in crowd for dwelling in person.dwellings if dwelling.landlord_number
    }
    assert len({*numbers, *landlords.values()}) == len(numbers) + len(landlords)
    assert all(number.startswith("330299") for number in (*numbers, *landlords.values()))
    assert all(check_number(number, today=TODAY).valid for number in (*numbers, *landlords.values()))


def test_birth_date_and_sex_are_those_of_the_number(crowd: list[Person]) -> None:
    for person in crowd:
        check = check_number(person.resident.document_number, today=TODAY)
        assert (person.resident.birth_on, person.resident.sex_code) == (check.birth_on, check.sex_code)


CODED = {
    "sex_code": "sex", "nation_code": "nation", "home_kind_code": "home_kind", "political_code": "politics", "marital_code": "marriage",
    "education_code": "education", "occupation_code": "occupation", "place_code": "place", "reason_code": "reason", "stay_code": "stay",
    "document_kind": "document_kind", "end_reason_code": "end_reason", "cancel_reason_code": "cancel_reason",
    "replace_reason_code": "replace_reason", "channel_code": "channel",
}  # fmt: skip


def test_every_code_is_in_its_table(crowd: list[Person]) -> None:
    used: dict[str, set[str]] = {name: set() for name in CODED}
    for person in crowd:
        for record in person.records():
            for name in CODED:
                if value := getattr(record, name, None):
                    used[name].add(value)
    assert {name: values for name, values in used.items() if not values} == {}
    assert {name: bad for name, values in used.items() if (bad := {code for code in values if not codes.has_code(CODED[name], code)})} == {}
    grounds = {ground for person in crowd if person.permit for ground in person.permit.grounds}
    assert grounds <= set(codes.table("ground").entries)
    assert {link.relation_code for person in crowd for link in person.family} <= set(codes.table("relation").entries)


def test_all_districts_nations_and_states_are_there(crowd: list[Person]) -> None:
    assert {person.dwellings[0].division_code for person in crowd} == {entry.code for entry in divisions()}
    assert {"01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "12", "15", "22"} <= {
        person.resident.nation_code for person in crowd
    }
    states = Counter(permit_state(person.permit, person.endorsements, TODAY) if person.permit else None for person in crowd)
    assert set(states) == {*PermitState, None}
    assert min(states.values()) > 60
    assert any(person.permit and person.permit.is_provisional for person in crowd)
    # Taking a permit back needs a centre that names another one: nobody invents that.
    assert {case.state for person in crowd for case in person.cases} == set(CaseState) - {CaseState.REVOKED}
    assert {entry.is_late for person in crowd for entry in person.endorsements} == {True, False}
    assert {entry.state for person in crowd for entry in person.registrations} == set(RegistrationState)


def test_open_cases_stand_in_every_relation_to_their_limits(crowd: list[Person]) -> None:
    cases = [case for person in crowd for case in person.cases if case.state.is_open and case.situation_code == "apply"]
    promised = [CALENDAR.left(TODAY, case.promised_due_on) for case in cases if case.promised_due_on]
    legal = [CALENDAR.left(TODAY, case.legal_due_on) for case in cases if case.legal_due_on]
    assert {1, 0, -1} <= set(promised)
    assert min(legal) < 0 < max(legal)
    deferred = [case for case in cases if case.state is CaseState.ACCEPTED_PROVISIONALLY]
    assert {material.how for case in deferred for material in case.materials} >= {"card", "deferred"}
    assert {(case.deferred_until_on or TODAY) < TODAY for case in deferred} == {True, False}


def test_endorsements_are_those_the_law_would_give(crowd: list[Person]) -> None:
    for person in (person for person in crowd if person.permit):
        assert person.permit is not None
        for n, entry in enumerate(person.endorsements):
            before = person.endorsements[:n]
            assert entry.ordinal == n + 1
            assert entry.valid_until_on == valid_after_endorsing(person.permit, before, entry.endorsed_on)
            assert entry.is_late == (entry.endorsed_on > usable_until(person.permit, before))
            assert person.permit.issued_on < entry.endorsed_on <= TODAY


def test_a_permit_follows_half_a_year_of_registration_and_a_ground(crowd: list[Person]) -> None:
    for person in crowd:
        if person.permit is not None:
            assert full_months(person.registrations[0].declared_on, person.permit.issued_on) >= 6
            assert person.permit.grounds
            assert person.permit.issued_on <= TODAY
    waiting = [case.resident_id for person in crowd for case in person.cases if case.situation_code == "apply" and case.state.is_open]
    declared = {person.resident.id: person.registrations[0].declared_on for person in crowd}
    assert all(add_months(declared[resident_id], 6) <= TODAY for resident_id in waiting)


def test_at_most_one_registration_is_active_and_the_first_dwelling_is_the_present_one(crowd: list[Person]) -> None:
    for person in crowd:
        active = [entry for entry in person.registrations if entry.state is RegistrationState.ACTIVE]
        assert len(active) <= 1
        assert {entry.dwelling_id for entry in person.registrations} == {dwelling.id for dwelling in person.dwellings}
        assert person.registrations[-1].dwelling_id == person.dwellings[0].id
        for entry in person.registrations:
            assert (entry.state is RegistrationState.ENDED) == (entry.ended_on is not None) == (entry.end_reason_code is not None)
            assert entry.declared_on <= (entry.ended_on or TODAY) <= TODAY
            assert entry.arrived_on is None or entry.arrived_on <= entry.declared_on


def test_moves_keep_the_line_of_registrations_unbroken(crowd: list[Person]) -> None:
    moved = [person for person in crowd if len(person.registrations) == 2]
    assert moved
    for person in moved:
        first, second = person.registrations
        assert (first.end_reason_code, first.ended_on) == ("moved", second.declared_on)


def test_cases_are_as_an_operation_would_leave_them(crowd: list[Person]) -> None:
    hands = {clerk.id: clerk.station_code for clerk in clerks(KEY)}
    latest = datetime.combine(TODAY, time(1, 30), UTC)
    for case in (case for person in crowd for case in person.cases):
        situation = CATALOGUE.situation(case.item_code, case.situation_code)
        assert case.step_code == situation.steps[-1].code
        assert set(case.form) <= {field.key for field in situation.fields()}
        assert {material.code for material in case.materials} <= {material.code for material in situation.materials}
        assert case.accepted_at <= (case.decided_at or case.accepted_at) <= latest
        assert case.accepted_at.utcoffset() == timedelta(0)
        assert (case.decided_at is not None) == (case.state in (CaseState.DECIDED, CaseState.REFUSED))
        assert hands[case.accepted_by] == case.station_code
        assert case.decided_by is None or hands[case.decided_by] == case.station_code


def test_decisions_and_their_reasons_are_those_of_the_item(crowd: list[Person]) -> None:
    seen = set()
    for case in (case for person in crowd for case in person.cases if case.decision_code):
        step = CATALOGUE.situation(case.item_code, case.situation_code).step(case.step_code)
        decision = next(entry for entry in step.decisions if entry.code == case.decision_code)
        assert decision.outcome == case.state.value
        assert set(case.reason_codes) <= {reason.code for reason in decision.reasons}
        seen.add(decision.code)
    assert seen == {"approve", "refuse", "correct"}


def test_due_dates_are_counted_on_the_calendar(crowd: list[Person]) -> None:
    for case in (case for person in crowd[:500] for case in person.cases if case.situation_code == "apply"):
        start = local_date(case.accepted_at)
        assert case.promised_due_on == CALENDAR.add_working_days(start, 1).due_on
        assert case.legal_due_on == CALENDAR.calendar_days(start, 15).due_on
        assert not case.due_is_provisional


def test_receipt_numbers_are_unique_and_rise_from_day_to_day(crowd: list[Person]) -> None:
    cases = sorted((case for person in crowd for case in person.cases), key=lambda case: case.accepted_at.date())
    assert len({case.number for case in cases}) == len(cases)
    by_station: dict[str, list[str]] = {}
    for case in cases:
        by_station.setdefault(case.station_code, []).append(f"{case.number[:6]}{case.number[6:9]}")
    assert all(stems == sorted(stems) for stems in by_station.values())


def test_children_have_a_guardian_and_adults_none(crowd: list[Person]) -> None:
    residents = {person.resident.id: person.resident for person in crowd}
    for person in crowd:
        born = person.resident.birth_on or TODAY
        is_child = add_months(born, 16 * 12) > TODAY
        assert (person.resident.guardian_number is not None) == is_child
        if is_child:
            head = next(link.resident_id for link in person.family if link.relation_code == "head")
            assert person.resident.guardian_number == residents[head].document_number


def test_people_of_one_dwelling_fit_into_it(crowd: list[Person]) -> None:
    inside = Counter(person.dwellings[0].id for person in crowd)
    for person in crowd:
        assert inside[person.dwellings[0].id] <= (person.dwellings[0].capacity or 0)


def test_an_address_alone_tells_the_division(crowd: list[Person]) -> None:
    assert all(division_of_address(dwelling.address) == dwelling.division_code for person in crowd for dwelling in person.dwellings)


def test_names_include_what_searching_and_printing_must_bear() -> None:
    crowd = list(people(20_000, 4, TODAY, KEY))
    names = Counter((person.resident.name, person.resident.birth_on) for person in crowd)
    assert sum(count > 1 for count in names.values()) > 10
    every = {person.resident.name for person in crowd}
    assert any("·" in name for name in every)
    assert any(any(ord(sign) > 0xFFFF for sign in name) for name in every)
    assert {sign for name in every for sign in name} >= set("䶮㛃𬭎𫍯𰻞")
    assert len({name for name in every if "lihong" in readings(name)}) >= 3
    assert all(initials(name) for name in every)


def test_one_station_may_be_asked_for_alone() -> None:
    made = list(people(40, 1, TODAY, KEY, station_code="33021101"))
    assert {record.station_code for person in made for record in person.records()} == {"33021101"}
    assert {person.dwellings[0].street for person in made} == {"骆驼街道"}


def test_a_station_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(UserError, match="33021101"):
        people(1, 1, TODAY, KEY, station_code="99")


def test_people_come_one_by_one_without_waiting_for_the_last() -> None:
    assert len(list(islice(people(10**9, 1, TODAY, KEY), 5))) == 5


@settings(max_examples=25, deadline=None)
@given(st.dates(date(2022, 1, 1), date(2032, 12, 31)), st.integers(0, 2**32))
def test_any_day_and_any_seed_give_consistent_people(today: date, seed: int) -> None:
    for person in people(40, seed, today, KEY):
        assert check_number(person.resident.document_number, today=today).valid
        assert all(entry.declared_on <= today for entry in person.registrations)
        assert all(local_date(case.decided_at or case.accepted_at) <= today for case in person.cases)
        assert person.permit is None or person.permit.issued_on <= today


@given(st.lists(st.tuples(st.dates(date(1990, 1, 1), date(1990, 1, 3)), st.sampled_from("12")), max_size=50))
def test_parts_of_numbers_are_never_given_twice(wanted: list[tuple[date, str]]) -> None:
    numbers = Numbers()
    taken = [numbers.take(*want) for want in wanted]
    assert len(set(taken)) == len(taken)
    assert all(sequence % 2 == (sex == "1") for (_, sequence), (_, sex) in zip(taken, wanted, strict=True))


def test_a_day_that_is_full_gives_way_to_the_day_before() -> None:
    numbers, day = Numbers(), date(1990, 1, 2)
    taken = [numbers.take(day, "2") for _ in range(501)]
    assert len(set(taken)) == 501
    assert taken[499][0] == day
    assert taken[500][0] == date(1990, 1, 1)


def test_ids_sort_by_time_and_are_laid_out_as_version_7() -> None:
    early = time_ordered_id(Random(1), datetime(2026, 1, 1, tzinfo=UTC))
    late = time_ordered_id(Random(1), datetime(2026, 1, 2, tzinfo=UTC))
    assert early < late
    assert UUID(early).version == 7
    assert str(UUID(early)) == early


def test_the_first_station_is_the_one_of_the_demo_desk() -> None:
    first = stations()[0]
    assert (first.prefix, first.division_code) == ("LT", "330211")
