"""The shipped catalogue read by a person: the published text put into plain Python, without the catalogue's language.

Kept apart on purpose: it knows nothing of facts, nodes or tables, so a mistake in these cannot be in here too.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

Rows = Sequence[Mapping[str, Any]]
IN_PROVINCE = ("ningbo", "zhejiang")


def points_by_hand(records: Mapping[str, Rows], on: date) -> dict[str, Fraction]:
    """Points of the configured lines of the 2022 scheme, and their total."""
    found = {
        "age": _age(records["person"], on),
        "education": _education(records["education"], on),
        "skill": _skill(records["certificate"], on),
        "insurance": _insurance(records["insurance"], on),
        "residence": _residence(records["residence"], on),
        "employment": _employment(records["employment"], on),
        "housing": _housing(records["housing"], on),
    }
    found["total"] = sum(found.values(), Fraction(0))
    return found


def _age(person: Rows, on: date) -> Fraction:
    born = person[0].get("born_on") if person else None
    if born is None or born > on:
        return Fraction(0)
    years = on.year - born.year - ((on.month, on.day) < (born.month, born.day))
    if years < 1 or years > 60:
        return Fraction(0)
    return Fraction(5) if years >= 55 else Fraction(min(20, 5 + 55 - years))


def _education(rows: Rows, on: date) -> Fraction:
    levels = {row["level_code"] for row in rows if row["awarded_on"] <= on}
    if levels & {"undergraduate", "bachelor", "postgraduate"}:
        return Fraction(10)
    return Fraction(8 if "college" in levels else 0)


def _skill(rows: Rows, on: date) -> Fraction:
    worth = {"level_5": 3, "special": 3, "level_4": 5, "level_3": 8, "title_junior": 8}
    worth |= dict.fromkeys(("level_2", "level_1", "title_middle", "title_senior"), 10)
    return Fraction(max((worth.get(row["kind_code"], 0) for row in rows if row["awarded_on"] <= on), default=0))


def _insurance(rows: Rows, on: date) -> Fraction:
    now = on.year * 12 + on.month - 1
    paid: set[int] = set()
    for row in rows:
        if row["area_code"] in IN_PROVINCE:
            last = now if row["last_month"] is None else min(row["last_month"], now)
            paid.update(range(row["first_month"], last + 1))
    return min(Fraction(len(paid), 2), Fraction(30))


def _residence(rows: Rows, on: date) -> Fraction:
    days: set[date] = set()
    for row in rows:
        if row["area_code"] in IN_PROVINCE:
            last = on if row["ended_on"] is None else min(row["ended_on"], on)
            days.update(row["declared_on"] + timedelta(days=n) for n in range((last - row["declared_on"]).days + 1))
    months = sum(_whole_months(first, last) for first, last in _stretches(days))
    return min(Fraction(months, 4), Fraction(30))


def _stretches(days: set[date]) -> list[tuple[date, date]]:
    """First and last day of each row of days without a gap."""
    found: list[tuple[date, date]] = []
    for day in sorted(days):
        if found and found[-1][1] + timedelta(days=1) == day:
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return found


def _whole_months(first: date, last: date) -> int:
    """How often the day of the month of `first` has come again by the day after `last`."""
    after, count = last + timedelta(days=1), 0
    while True:
        month = first.month + count
        year, month = first.year + month // 12, month % 12 + 1
        if (year, month, first.day) > (after.year, after.month, after.day):
            return count
        count += 1


def _employment(rows: Rows, on: date) -> Fraction:
    for kind in ("contract", "licence", "land"):
        days: set[date] = set()
        for row in rows:
            if row["kind_code"] == kind:
                last = on if row["last_on"] is None else min(row["last_on"], on)
                days.update(row["first_on"] + timedelta(days=n) for n in range((last - row["first_on"]).days + 1))
        stretches = _stretches(days)
        if stretches and stretches[-1][1] == on and _whole_months(*stretches[-1]) >= 12:
            return Fraction(10)
    return Fraction(0)


def _housing(rows: Rows, on: date) -> Fraction:
    now = {row["kind_code"] for row in rows if row["first_on"] <= on and (row["last_on"] is None or row["last_on"] >= on)}
    return Fraction(10 if now & {"dormitory", "public_rental", "rented"} else 0)
