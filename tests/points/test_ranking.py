"""School places: stable, independent of the order in which applicants are looked at, and explained to each of them."""

import random
from dataclasses import replace
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from nbcase.points.ranking import Applicant, Placement, TieRule, Why, blocking_pairs, order_key, place, reasons

SCHOOLS = ("甲小", "乙小", "丙小", "丁小")
APPLICANTS = st.lists(
    st.builds(
        lambda points, months, choices, zones: (points, months, tuple(choices), frozenset(zones)),
        st.integers(0, 3).map(lambda n: n * 25),
        st.integers(0, 2),
        st.lists(st.sampled_from((*SCHOOLS, "没有的学校")), max_size=5),
        st.sets(st.sampled_from(SCHOOLS), max_size=2),
    ),
    max_size=12,
).map(lambda rows: [Applicant(id=f"a{n}", points=p, residence_months=m, choices=c, zones=z) for n, (p, m, c, z) in enumerate(rows)])
SEATS = st.fixed_dictionaries({school: st.integers(0, 3) for school in SCHOOLS})


@given(APPLICANTS, SEATS)
def test_nobody_and_no_school_would_rather_have_each_other(applicants: list[Applicant], seats: dict[str, int]) -> None:
    found = place(applicants, seats, "种子")
    assert list(blocking_pairs(applicants, seats, found)) == []
    for school, room in seats.items():
        assert list(found.schools.values()).count(school) <= room
    for applicant in applicants:
        assert found.schools[applicant.id] in (None, *applicant.choices)


@given(APPLICANTS, SEATS, st.randoms())
def test_the_order_in_which_applicants_come_does_not_matter(
    applicants: list[Applicant], seats: dict[str, int], chance: random.Random
) -> None:
    shuffled = list(applicants)
    chance.shuffle(shuffled)
    assert place(shuffled, seats, "种子").schools == place(applicants, seats, "种子").schools


@given(APPLICANTS.map(lambda found: found[:4]), st.fixed_dictionaries({school: st.integers(0, 1) for school in SCHOOLS[:3]}))
def test_no_other_stable_placement_is_better_for_anybody(applicants: list[Applicant], seats: dict[str, int]) -> None:
    found = place(applicants, seats, "种子")

    def worth(applicant: Applicant, school: str | None) -> int:
        return applicant.choices.index(school) if school is not None else len(applicant.choices)

    for combination in product((None, *seats), repeat=len(applicants)):
        other = dict(zip((applicant.id for applicant in applicants), combination, strict=True))
        if any(school is not None and school not in applicant.choices for applicant, school in zip(applicants, combination, strict=True)):
            continue
        if any(combination.count(school) > room for school, room in seats.items()):
            continue
        candidate = Placement(schools=other, last_in={}, keys=found.keys, proposals=0)
        if not list(blocking_pairs(applicants, seats, candidate)):
            assert all(worth(applicant, found.schools[applicant.id]) <= worth(applicant, other[applicant.id]) for applicant in applicants)


def test_a_placement_by_lot_alone_is_found_wrong() -> None:
    applicants = [Applicant(id="a", points=100, choices=("甲小",)), Applicant(id="b", points=200, choices=("甲小",))]
    right = place(applicants, {"甲小": 1}, "种子")
    wrong = Placement(schools={"a": "甲小", "b": None}, last_in={}, keys=right.keys, proposals=0)
    assert list(blocking_pairs(applicants, {"甲小": 1}, wrong)) == [("b", "甲小")]


def test_everybody_is_told_why_and_by_how_much() -> None:
    applicants = [
        Applicant(id="near", points=5000, choices=("甲小",), zones=frozenset({"甲小"})),
        Applicant(id="best", points=9000, choices=("甲小", "乙小")),
        Applicant(id="next", points=8000, choices=("丁小", "甲小", "乙小", "丙小", "乙小")),
        Applicant(id="same", points=9000, residence_months=1, choices=("乙小",)),
    ]
    seats = {"甲小": 1, "乙小": 1, "丙小": 5, "丁小": 0}
    found = place(applicants, seats, "种子")
    assert found.schools == {"near": "甲小", "same": "乙小", "best": None, "next": "丙小"}
    told = {applicant.id: [(reason.why, reason.missing) for reason in reasons(applicant, seats, found)] for applicant in applicants}
    assert told == {
        "near": [(Why.PLACED, 0)],
        "best": [(Why.ZONE_FIRST, 0), (Why.TIE, 0)],
        "next": [(Why.NO_SEATS, 0), (Why.ZONE_FIRST, 0), (Why.LOWER_POINTS, 1000), (Why.PLACED, 0), (Why.NOT_NEEDED, 0)],
        "same": [(Why.PLACED, 0)],
    }


@given(APPLICANTS.filter(bool), SEATS, st.data())
def test_more_points_never_hurt_whoever_has_them(applicants: list[Applicant], seats: dict[str, int], data: st.DataObject) -> None:
    chosen = data.draw(st.integers(0, len(applicants) - 1))
    better = list(applicants)
    better[chosen] = replace(applicants[chosen], points=applicants[chosen].points + data.draw(st.integers(1, 100)))
    choices = applicants[chosen].choices

    def worth(found: Placement) -> int:
        school = found.schools[applicants[chosen].id]
        return choices.index(school) if school is not None else len(choices)

    assert worth(place(better, seats, "种子")) <= worth(place(applicants, seats, "种子"))


@given(APPLICANTS, st.permutations([TieRule.RESIDENCE_MONTHS, TieRule.INSURANCE_MONTHS]), st.text(min_size=1, max_size=5))
def test_the_order_of_equals_is_total_whatever_the_rules_and_the_seed(applicants: list[Applicant], rules: list[TieRule], seed: str) -> None:
    keys = [order_key(applicant, (*rules, TieRule.LOT), seed) for applicant in applicants]
    assert len(set(keys)) == len(applicants)
    assert all(isinstance(key, tuple) and len(key) == 4 for key in keys)


def test_a_tie_is_told_with_the_rule_that_decided_it() -> None:
    applicants = [
        Applicant(id="long", points=100, residence_months=60, choices=("甲小",)),
        Applicant(id="short", points=100, residence_months=59, choices=("甲小",)),
        Applicant(id="lots", points=100, residence_months=60, choices=("甲小",)),
    ]
    found = place(applicants, {"甲小": 1}, "种子")
    by_id = {applicant.id: reasons(applicant, {"甲小": 1}, found)[0] for applicant in applicants}
    assert (by_id["short"].tie, by_id["short"].tie_own, by_id["short"].tie_last) == (TieRule.RESIDENCE_MONTHS, 59, 60)
    loser = next(name for name in ("long", "lots") if found.schools[name] is None)
    assert by_id[loser].tie is TieRule.LOT
