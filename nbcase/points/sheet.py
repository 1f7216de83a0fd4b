"""One resident's sheet on one day: every line with its facts, the rows behind them, the cap, and what would add points by when."""

import hashlib
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from nbcase.domain.action import canonical
from nbcase.domain.clock import add_months
from nbcase.points.catalogue import Indicator, PointsCatalogue, Version
from nbcase.points.facts import FactDefinition
from nbcase.points.language import AtMost, Expression, Fact, Int, Multiply, walk
from nbcase.points.records import FactValue, Records, fact_value
from nbcase.points.rules import RowHit, evaluate

FARTHEST_YEARS = 15
"""How far ahead a line is looked at for the day on which it grows by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One indicator: `raw` before the cap, `points` after it, both in hundredths; `is_configured` is False for 未配置."""

    indicator: Indicator
    version: Version
    points: int
    raw: int
    facts: tuple[FactValue, ...]
    hits: tuple[RowHit, ...]

    @property
    def is_configured(self) -> bool:
        """Whether there is a rule at all."""
        return self.version.rule is not None

    @property
    def is_capped(self) -> bool:
        """Whether the cap took something."""
        return self.raw > self.points


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockSum:
    """A block's points after its own cap, in hundredths."""

    code: str
    points: int
    raw: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A whole score. `hash` is of catalogue, day, district and facts: equal hashes are equal sheets, at the desk and at the centre."""

    on: date
    district_code: str
    catalogue_hash: str
    lines: tuple[Line, ...]
    blocks: tuple[BlockSum, ...]
    total: int
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NextStep:
    """The nearest change for the better of one line: which fact has to come to `at`, the points then (hundredths), and the day
    on which that happens by itself; None where somebody has to do something for it."""

    fact: FactDefinition
    now: int
    at: int
    points: int
    by_on: date | None = None


@dataclass(frozen=True, slots=True)
class _Planned:
    """One line made ready; `blank` is the line itself where it is 未配置 and so the same for everybody."""

    indicator: Indicator
    version: Version
    facts: tuple[str, ...]
    blank: Line | None


class Scorer:
    """A catalogue on one day, made ready for many residents."""

    def __init__(self, catalogue: PointsCatalogue, on: date) -> None:
        self.catalogue = catalogue
        self.on = on
        self._needed = needed_facts(catalogue, on)
        self._places = {indicator.code: place for place, indicator in enumerate(catalogue.indicators)}
        self._plans: dict[str, list[_Planned]] = {}

    def sheet(self, records: Records, district_code: str) -> Sheet:
        """The sheet from a resident's records."""
        facts = {fact.name: fact_value(fact, self.catalogue.tables, records, self.on) for fact in self._needed}
        return self.from_facts(facts, district_code)

    def from_facts(self, facts: Mapping[str, FactValue], district_code: str) -> Sheet:
        """The sheet from all facts that the day's lines need."""
        values = {name: found.value for name, found in facts.items()}
        points: dict[str, int] = {}
        lines = [_line(planned, facts, values, points) for planned in self._plan(district_code)]
        lines.sort(key=lambda line: self._places[line.indicator.code])
        blocks = tuple(_block(self.catalogue, code, lines) for code in self.catalogue.blocks)
        return Sheet(
            on=self.on,
            district_code=district_code,
            catalogue_hash=self.catalogue.hash,
            lines=tuple(lines),
            blocks=blocks,
            total=max(sum(block.points for block in blocks), 0),
            hash=score_hash(self.catalogue.hash, self.on, district_code, values),
        )

    def _plan(self, district_code: str) -> list[_Planned]:
        if district_code not in self._plans:
            self._plans[district_code] = [
                _Planned(indicator, version, tuple(dict.fromkeys(_fact_names(version))), _blank(indicator, version))
                for indicator, version in self.catalogue.on(self.on, district_code)
            ]
        return self._plans[district_code]


def needed_facts(catalogue: PointsCatalogue, on: date) -> list[FactDefinition]:
    """Every fact that some line of some district asks for on a day, by name: what a score's hash is over."""
    names = {name for _, version in catalogue.everywhere_on(on) for name in _fact_names(version)}
    return [catalogue.facts[name] for name in sorted(names)]


def _fact_names(version: Version) -> Iterator[str]:
    if version.rule is not None:
        yield from (node.name for node in walk(version.rule) if isinstance(node, Fact))


def scorer(catalogue: PointsCatalogue, on: date) -> Scorer:
    """The scorer of a day; the last few are kept."""
    return _scorer(_ByHash(catalogue), on)


class _ByHash:
    """A catalogue that is equal to another by its content's hash."""

    def __init__(self, catalogue: PointsCatalogue) -> None:
        self.catalogue = catalogue

    def __hash__(self) -> int:
        return hash(self.catalogue.hash)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByHash) and other.catalogue.hash == self.catalogue.hash


@lru_cache(maxsize=16)
def _scorer(key: _ByHash, on: date) -> Scorer:
    return Scorer(key.catalogue, on)


def score(catalogue: PointsCatalogue, records: Records, on: date, district_code: str) -> Sheet:
    """The sheet from a resident's records on a day, by the catalogue of that day."""
    return scorer(catalogue, on).sheet(records, district_code)


def score_hash(catalogue_hash: str, on: date, district_code: str, facts: Mapping[str, int]) -> str:
    """What names a score: SHA-256 over everything that it depends on."""
    return hashlib.sha256(canonical([catalogue_hash, on.isoformat(), district_code, sorted(facts.items())])).hexdigest()


def _blank(indicator: Indicator, version: Version) -> Line | None:
    return Line(indicator=indicator, version=version, points=0, raw=0, facts=(), hits=()) if version.rule is None else None


def _line(planned: _Planned, facts: Mapping[str, FactValue], values: Mapping[str, int], points: dict[str, int]) -> Line:
    indicator, rule = planned.indicator, planned.version.rule
    if planned.blank is not None:
        points[indicator.code] = 0
        return planned.blank
    assert rule is not None
    hits: list[RowHit] = []
    if isinstance(rule, AtMost):
        raw = evaluate(rule.of, values, points, hits)
        found = min(raw, evaluate(rule.limit, values, points, hits))
    else:
        raw = found = evaluate(rule, values, points, hits)
    points[indicator.code] = found
    used = tuple(facts[name] for name in planned.facts)
    return Line(indicator=indicator, version=planned.version, points=found, raw=raw, facts=used, hits=tuple(hits))


def _block(catalogue: PointsCatalogue, code: str, lines: Sequence[Line]) -> BlockSum:
    raw, cap = sum(line.points for line in lines if line.indicator.block == code), catalogue.blocks[code].cap
    return BlockSum(code=code, points=raw if cap is None else min(raw, cap), raw=raw)


def next_step(catalogue: PointsCatalogue, records: Records, sheet: Sheet, line: Line) -> NextStep | None:
    """What would add to a line with the least change of a single fact: the next row of its table, or one more of what is multiplied."""
    rule = line.version.rule
    if rule is None:
        return None
    values = {fact.definition.name: fact.value for fact in line.facts}
    points = {other.indicator.code: other.points for other in sheet.lines}
    steps = [
        NextStep(fact=fact.definition, now=fact.value, at=at, points=gained, by_on=_grown_on(catalogue, records, sheet.on, fact, at))
        for fact, at in _candidates(line, rule)
        if (gained := evaluate(rule, {**values, fact.definition.name: at}, points)) > line.points
    ]
    return min(steps, key=lambda step: (step.by_on is None, step.at - step.now), default=None)


def _candidates(line: Line, rule: Expression) -> Iterator[tuple[FactValue, int]]:
    by_name = {fact.definition.name: fact for fact in line.facts}
    for hit in line.hits:
        if isinstance(hit.of, Fact) and hit.next_at is not None and hit.next_at <= by_name[hit.of.name].definition.high:
            yield by_name[hit.of.name], hit.next_at
    for node in walk(rule):
        if isinstance(node, Multiply) and isinstance(node.left, Fact) and isinstance(node.right, Int):
            fact = by_name[node.left.name]
            if fact.value < fact.definition.high:
                yield fact, fact.value + 1


def _grown_on(catalogue: PointsCatalogue, records: Records, on: date, fact: FactValue, at: int) -> date | None:
    """The first day on which the fact is at `at` if no record changes: looked for month by month, because a run that has an end
    falls back to nothing behind it, and within the month by halving.
    """

    def value_on(day: int) -> int:
        return fact_value(fact.definition, catalogue.tables, records, date.fromordinal(day)).value

    if not records.get(fact.definition.table):
        return None
    for months in range(1, 12 * FARTHEST_YEARS + 1):
        early, late = (add_months(on, count).toordinal() for count in (months - 1, months))
        if value_on(late) >= at:
            return date.fromordinal(early + bisect_left(range(early, late), at, key=value_on))
    return None
