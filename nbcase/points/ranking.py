"""School places by points: deferred acceptance with a strict, stated order, and the reason for everybody who got none.

Whoever goes through the choices in order, and every school keeps the best it has room for until nobody is turned away any
more: the outcome is stable (no applicant and school would both rather have each other) and does not depend on who is
looked at first. No public rule for ties was found for any district; the one here is ours and can be changed.
"""

import hashlib
import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class TieRule(StrEnum):
    """What decides between equal points, in the order given to `place`."""

    RESIDENCE_MONTHS = "residence_months"
    INSURANCE_MONTHS = "insurance_months"
    LOT = "lot"


SHIPPED_TIES = (TieRule.RESIDENCE_MONTHS, TieRule.INSURANCE_MONTHS, TieRule.LOT)
"""Ours, for want of a published one; the lot is drawn from a seed that is published beforehand, so that anybody can draw it again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applicant:
    """One child. `points` (hundredths) and the tie figures are the parent's with the higher score; `choices` in their order;
    `zones` are the schools in whose area the family lives: they go before everybody else there.
    """

    id: str
    points: int
    residence_months: int = 0
    insurance_months: int = 0
    choices: tuple[str, ...]
    zones: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Who got which school, and at each full school the order of the last one who did."""

    schools: Mapping[str, str | None]
    last_in: Mapping[str, tuple[int, tuple[int | str, ...]]]
    keys: Mapping[str, tuple[int | str, ...]] = field(repr=False)
    proposals: int


def lot(seed: str, applicant_id: str) -> str:
    """The applicant's lot: SHA-256 of the published seed and the id, the smaller the better."""
    return hashlib.sha256(f"{seed}\n{applicant_id}".encode()).hexdigest()


def order_key(applicant: Applicant, ties: Sequence[TieRule], seed: str) -> tuple[int | str, ...]:
    """Points first, then what the tie rules say; the lot is always last, so that no two are equal."""
    figures: dict[TieRule, int | str] = {
        TieRule.RESIDENCE_MONTHS: -applicant.residence_months,
        TieRule.INSURANCE_MONTHS: -applicant.insurance_months,
        TieRule.LOT: lot(seed, applicant.id),
    }
    return (-applicant.points, *(figures[rule] for rule in ties if rule is not TieRule.LOT), figures[TieRule.LOT])


def place(applicants: Sequence[Applicant], seats: Mapping[str, int], seed: str, ties: Sequence[TieRule] = SHIPPED_TIES) -> Placement:
    """Give out the seats. A choice that is no school of `seats`, and one named twice, is passed over."""
    keys = {applicant.id: order_key(applicant, ties, seed) for applicant in applicants}
    # Everybody's place in one strict list, so that heaps compare two small numbers.
    positions = {applicant_id: number for number, applicant_id in enumerate(sorted(keys, key=keys.__getitem__))}
    by_position = sorted(applicants, key=lambda applicant: positions[applicant.id])
    held: dict[str, list[tuple[int, int]]] = {school: [] for school in seats}
    following = [0] * len(by_position)
    waiting = list(range(len(by_position) - 1, -1, -1))
    proposals = 0
    while waiting:
        number = waiting.pop()
        applicant = by_position[number]
        while following[number] < len(applicant.choices):
            school = applicant.choices[following[number]]
            following[number] += 1
            room = seats.get(school, 0)
            if room <= 0:
                continue
            proposals += 1
            # The heap's first is the worst who is held: tier and position negated.
            entry = (-(0 if school in applicant.zones else 1), -number)
            if len(held[school]) < room:
                heapq.heappush(held[school], entry)
                break
            if entry > held[school][0]:
                _, turned_away = heapq.heapreplace(held[school], entry)
                waiting.append(-turned_away)
                break
    schools: dict[str, str | None] = {applicant.id: None for applicant in applicants}
    for school, entries in held.items():
        for _, negated in entries:
            schools[by_position[-negated].id] = school
    last_in = {
        school: (-entries[0][0], keys[by_position[-entries[0][1]].id])
        for school, entries in held.items()
        if len(entries) >= seats[school] > 0
    }
    return Placement(schools=schools, last_in=last_in, keys=keys, proposals=proposals)


def blocking_pairs(applicants: Sequence[Applicant], seats: Mapping[str, int], placement: Placement) -> Iterator[tuple[str, str]]:
    """Applicant and school that would both rather have each other: none when the placement is right. Shares nothing with `place`."""
    inside: dict[str, list[tuple[int, tuple[int | str, ...]]]] = {school: [] for school in seats}
    for applicant in applicants:
        got = placement.schools[applicant.id]
        if got is not None:
            inside[got].append((0 if got in applicant.zones else 1, placement.keys[applicant.id]))
    worst = {school: max(entries) if entries and len(entries) >= seats[school] else None for school, entries in inside.items()}
    for applicant in applicants:
        for school in applicant.choices:
            if school == placement.schools[applicant.id]:
                break
            if seats.get(school, 0) <= 0:
                continue
            last, own = worst[school], (0 if school in applicant.zones else 1, placement.keys[applicant.id])
            if last is None or own < last:
                yield applicant.id, school


class Why(StrEnum):
    """Why a choice came to nothing."""

    PLACED = "placed"
    LOWER_POINTS = "lower_points"
    ZONE_FIRST = "zone_first"
    TIE = "tie"
    NOT_NEEDED = "not_needed"
    NO_SEATS = "no_seats"
    BELOW_LEAST = "below_least"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One choice of one applicant: what became of it, and by how many points (hundredths) it was missed.

    `last_points` are those of the last who came in; `tie` is the rule that decided between equals, with both figures
    (none for the lot).
    """

    school: str
    why: Why
    missing: int = 0
    last_points: int | None = None
    tie: TieRule | None = None
    tie_own: int = 0
    tie_last: int = 0


def reasons(
    applicant: Applicant, seats: Mapping[str, int], placement: Placement, ties: Sequence[TieRule] = SHIPPED_TIES
) -> list[Reason]:
    """What every choice came to, in order: enough to tell a family why and by how much."""
    found, got = [], placement.schools[applicant.id]
    is_placed = False
    for school in applicant.choices:
        if is_placed:
            found.append(Reason(school=school, why=Why.NOT_NEEDED))
        elif school == got:
            is_placed = True
            found.append(Reason(school=school, why=Why.PLACED, last_points=_last_points(school, placement)))
        elif seats.get(school, 0) <= 0:
            found.append(Reason(school=school, why=Why.NO_SEATS))
        else:
            found.append(_missed(applicant, school, placement, ties))
    return found


def _last_points(school: str, placement: Placement) -> int | None:
    last = placement.last_in.get(school)
    return None if last is None else -int(last[1][0])


def _missed(applicant: Applicant, school: str, placement: Placement, ties: Sequence[TieRule]) -> Reason:
    tier, key = placement.last_in[school]
    last_points = -int(key[0])
    if tier < (0 if school in applicant.zones else 1):
        return Reason(school=school, why=Why.ZONE_FIRST, last_points=last_points)
    if last_points > applicant.points:
        return Reason(school=school, why=Why.LOWER_POINTS, missing=last_points - applicant.points, last_points=last_points)
    own = placement.keys[applicant.id]
    for rule, mine, theirs in zip((rule for rule in ties if rule is not TieRule.LOT), own[1:-1], key[1:-1], strict=True):
        if mine != theirs:
            return Reason(school=school, why=Why.TIE, last_points=last_points, tie=rule, tie_own=-int(mine), tie_last=-int(theirs))
    return Reason(school=school, why=Why.TIE, last_points=last_points, tie=TieRule.LOT)
