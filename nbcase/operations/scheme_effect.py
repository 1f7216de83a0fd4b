"""What a draft would do: residents of this desk scored on its first day by the rules in force and by the draft's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from nbcase.domain.resident import Resident
from nbcase.domain.scheme import SchemeDraft
from nbcase.domain.score import Claim, Score
from nbcase.operations.desk import Desk
from nbcase.operations.points import with_claims
from nbcase.operations.schemes import schemes
from nbcase.points.catalogue import PointsCatalogue
from nbcase.points.editing import checked
from nbcase.points.records import fact_value
from nbcase.points.rows import records_from_plain
from nbcase.points.sheet import Sheet, needed_facts, scorer
from nbcase.store.desk_database import reading
from nbcase.store.shelf import Shelf

SAMPLE = 2_000
"""Residents in a sample. A resident's id is a keyed hash, so the first ones by id are a random sample, and the same one every time."""

BIGGEST = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorEffect:
    """How many residents one indicator's points rise and fall for, and by how much in all (hundredths)."""

    code: str
    name: str
    rises: int
    falls: int
    difference: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ResidentEffect:
    """One resident's total before and after, in hundredths, and the difference of each line that changed, by code."""

    resident_id: str
    name: str
    before: int
    after: int
    lines: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """A draft's effect on a sample of this desk's `everybody`; totals in hundredths."""

    on: date
    everybody: int
    people: int
    rises: int
    falls: int
    before: int
    after: int
    indicators: tuple[IndicatorEffect, ...]
    biggest: tuple[ResidentEffect, ...]

    @property
    def same(self) -> int:
        """For how many the total stays."""
        return self.people - self.rises - self.falls


def scheme_effect(desk: Desk, draft: SchemeDraft, most: int = SAMPLE) -> Effect | None:
    """The effect on this desk's residents with a score; None while the draft has mistakes."""
    with reading(desk.engine) as connection:
        shelf = Shelf(connection)
        found = schemes(connection)
        after = checked(found.contents, draft.from_on, draft.edits).catalogue
        if after is None:
            return None
        table = shelf.table(Score)
        everybody = connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
        scores = shelf.find(Score, order=(table.c.id,), limit=most)
        claims: dict[str, list[Claim]] = {}
        for claim in shelf.find(Claim):
            claims.setdefault(claim.resident_id, []).append(claim)
        trial = _Trial(found.newest, after, draft.from_on)
        changes = [trial.change(score, claims.get(score.resident_id, ())) for score in scores]
        biggest = sorted((one for one in changes if one.lines), key=lambda one: (-abs(one.after - one.before), one.resident_id))[:BIGGEST]
        names = {one.resident_id: person.name for one in biggest if (person := shelf.get(Resident, one.resident_id)) is not None}
    return Effect(
        on=draft.from_on,
        everybody=everybody,
        people=len(changes),
        rises=sum(one.after > one.before for one in changes),
        falls=sum(one.after < one.before for one in changes),
        before=sum(one.before for one in changes),
        after=sum(one.after for one in changes),
        indicators=_by_indicator(after, changes),
        biggest=tuple(_named(one, names.get(one.resident_id, "")) for one in biggest),
    )


def _named(one: ResidentEffect, name: str) -> ResidentEffect:
    return ResidentEffect(resident_id=one.resident_id, name=name, before=one.before, after=one.after, lines=one.lines)


class _Trial:
    """Both catalogues on one day; a resident's facts are worked out once for the two."""

    def __init__(self, before: PointsCatalogue, after: PointsCatalogue, on: date) -> None:
        self._tables, self._on = after.tables, on
        self._scorers = scorer(before, on), scorer(after, on)
        self._needed = {fact.name: fact for catalogue in (before, after) for fact in needed_facts(catalogue, on)}

    def change(self, score: Score, claims: Sequence[Claim]) -> ResidentEffect:
        """One resident by both."""
        records, _ = with_claims(self._scorers[1].catalogue, records_from_plain(self._tables, score.records), claims, self._on)
        facts = {name: fact_value(fact, self._tables, records, self._on) for name, fact in self._needed.items()}
        old, new = (each.from_facts(facts, score.district_code) for each in self._scorers)
        lines = {code: points for code, points in _differences(old, new).items() if points}
        return ResidentEffect(resident_id=score.resident_id, name="", before=old.total, after=new.total, lines=lines)


def _differences(old: Sheet, new: Sheet) -> dict[str, int]:
    was = {line.indicator.code: line.points for line in old.lines}
    return {line.indicator.code: line.points - was.get(line.indicator.code, 0) for line in new.lines}


def _by_indicator(catalogue: PointsCatalogue, changes: Sequence[ResidentEffect]) -> tuple[IndicatorEffect, ...]:
    found = []
    for indicator in catalogue.indicators:
        differences = [one.lines[indicator.code] for one in changes if indicator.code in one.lines]
        if differences:
            rises = sum(points > 0 for points in differences)
            found.append(
                IndicatorEffect(
                    code=indicator.code, name=indicator.name, rises=rises, falls=len(differences) - rises, difference=sum(differences)
                )
            )
    return tuple(found)
