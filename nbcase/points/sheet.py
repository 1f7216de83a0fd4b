"""One resident's sheet on one day: every line with its facts, the rows behind them, the cap, and what would add points by when."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from nbcase.domain.action import canonical
from nbcase.domain.clock import add_months
from nbcase.points.catalogue import Indicator, PointsCatalogue, Version
from nbcase.points.facts import Age, Chain, Union, Unit
from nbcase.points.language import AtMost, Fact, Int, Multiply, walk
from nbcase.points.records import FactValue, Records, fact_value
from nbcase.points.rules import RowHit, evaluate


@dataclass(frozen=True, slots=True, kw_only=True)
class NextStep:
    """What would change a line: the fact that has to reach `at`, the points then (hundredths), and the day it gets there by
    itself; None where something has to be done for it."""

    fact: str
    at: int
    points: int
    by_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One indicator: `raw` before the cap, `points` after it, both in hundredths; `is_configured` is False for 未配置."""

    indicator: Indicator
    version: Version
    points: int
    raw: int
    facts: tuple[FactValue, ...]
    hits: tuple[RowHit, ...]
    next_step: NextStep | None

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


def score(catalogue: PointsCatalogue, records: Records, on: date, district_code: str) -> Sheet:
    """The sheet from a resident's records on a day, by the catalogue of that day."""
    order = catalogue.on(on, district_code)
    names = sorted({node.name for _, version in order if version.rule for node in walk(version.rule) if isinstance(node, Fact)})
    facts = {name: fact_value(catalogue.facts[name], catalogue.tables, records, on) for name in names}
    values = {name: found.value for name, found in facts.items()}
    points: dict[str, int] = {}
    lines: dict[str, Line] = {}
    for indicator, version in order:
        line = _line(indicator, version, facts, values, points, records, on)
        points[indicator.code], lines[indicator.code] = line.points, line
    ordered = tuple(lines[indicator.code] for indicator in catalogue.indicators if indicator.code in lines)
    blocks = tuple(_block(catalogue, code, ordered) for code in catalogue.blocks)
    return Sheet(
        on=on,
        district_code=district_code,
        catalogue_hash=catalogue.hash,
        lines=ordered,
        blocks=blocks,
        total=max(sum(block.points for block in blocks), 0),
        hash=score_hash(catalogue.hash, on, district_code, values),
    )


def score_hash(catalogue_hash: str, on: date, district_code: str, facts: Mapping[str, int]) -> str:
    """What names a score: SHA-256 over everything that it depends on."""
    return hashlib.sha256(canonical([catalogue_hash, on.isoformat(), district_code, sorted(facts.items())])).hexdigest()


def _line(
    indicator: Indicator,
    version: Version,
    facts: Mapping[str, FactValue],
    values: Mapping[str, int],
    points: Mapping[str, int],
    records: Records,
    on: date,
) -> Line:
    if version.rule is None:
        return Line(indicator=indicator, version=version, points=0, raw=0, facts=(), hits=(), next_step=None)
    hits: list[RowHit] = []
    found = evaluate(version.rule, values, points, hits)
    raw = found
    if isinstance(version.rule, AtMost):
        raw = evaluate(version.rule.of, values, points)
    used = tuple(facts[name] for name in dict.fromkeys(node.name for node in walk(version.rule) if isinstance(node, Fact)))
    following = _next_step(version, found, used, values, points, hits, on)
    return Line(indicator=indicator, version=version, points=found, raw=max(raw, found), facts=used, hits=tuple(hits), next_step=following)


def _next_step(
    version: Version,
    found: int,
    used: Sequence[FactValue],
    values: Mapping[str, int],
    points: Mapping[str, int],
    hits: Sequence[RowHit],
    on: date,
) -> NextStep | None:
    """The nearest change for the better of a single fact: the next row of a table, or one more of what is multiplied."""
    assert version.rule is not None
    candidates: list[tuple[FactValue, int]] = []
    for hit in hits:
        if isinstance(hit.of, Fact) and hit.next_at is not None:
            candidates += [(fact, hit.next_at) for fact in used if fact.definition.name == hit.of.name]
    for node in walk(version.rule):
        if isinstance(node, Multiply) and isinstance(node.left, Fact) and isinstance(node.right, Int):
            candidates += [(fact, fact.value + 1) for fact in used if fact.definition.name == node.left.name]
    best: NextStep | None = None
    for fact, at in candidates:
        gained = evaluate(version.rule, {**values, fact.definition.name: at}, points)
        if gained > found and (best is None or at - fact.value < best.at - values[best.fact]):
            best = NextStep(fact=fact.definition.name, at=at, points=gained, by_on=_grown_on(fact, at, on))
    return best


def _grown_on(fact: FactValue, at: int, on: date) -> date | None:
    """When a fact that grows with time gets to `at`, if everything stays as it is."""
    kind, missing = fact.definition.kind, at - fact.value
    if isinstance(kind, Age):
        return None
    if isinstance(kind, Union | Chain) and fact.rows:
        return on + timedelta(days=missing) if kind.unit is Unit.DAYS else add_months(on, missing)
    return None


def _block(catalogue: PointsCatalogue, code: str, lines: Sequence[Line]) -> BlockSum:
    raw, cap = sum(line.points for line in lines if line.indicator.block == code), catalogue.blocks[code].cap
    return BlockSum(code=code, points=raw if cap is None else min(raw, cap), raw=raw)
