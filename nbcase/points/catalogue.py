"""The catalogue of indicators: dated, with its legal basis. What nobody published stays 未配置: it has a name and perhaps a cap,
scores nothing, and the sheet says so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from nbcase.domain.words import tr
from nbcase.points.facts import FactDefinition
from nbcase.points.language import HUNDREDTHS, Expression, Mistake, Ref, walk
from nbcase.points.tables import Table

BLOCKS = ("province", "city", "deduction", "district")


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A worked example: these facts and points of other lines (all others as of somebody without records) give these points."""

    say: str
    facts: Mapping[str, int]
    lines: Mapping[str, int] = field(default_factory=dict)
    points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One indicator's rule from a day on, up to `until_on` (not included); `rule` is None where it is 未配置.

    `cap` in hundredths, None where it is not known; `unit` is who is responsible.
    """

    from_on: date
    until_on: date | None = None
    rule: Expression | None = None
    cap: int | None = None
    unit: str = ""
    basis: str
    note: str = ""
    examples: tuple[Example, ...] = ()

    def holds_on(self, day: date) -> bool:
        """Whether this version is the one of that day."""
        return self.from_on <= day and (self.until_on is None or day < self.until_on)

    @property
    def refs(self) -> frozenset[str]:
        """Codes of the lines that its rule refers to."""
        return frozenset(node.code for node in walk(self.rule) if isinstance(node, Ref)) if self.rule is not None else frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """One line of the sheet; `district_code` only in a district's block."""

    code: str
    name: str
    block: str
    district_code: str = ""
    versions: tuple[Version, ...]

    def version_on(self, day: date) -> Version | None:
        """The version of that day; None when the indicator does not exist then."""
        return next((version for version in self.versions if version.holds_on(day)), None)


Dated = tuple[Indicator, Version]
"""An indicator with the version that holds on a day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A part of the sheet with a cap over its sum, in hundredths."""

    code: str
    name: str
    cap: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsCatalogue:
    """Everything that a score depends on besides records and the day; `hash` names exactly this content."""

    code: str
    name: str
    tables: Mapping[str, Table]
    facts: Mapping[str, FactDefinition]
    blocks: Mapping[str, Block]
    indicators: tuple[Indicator, ...]
    hash: str = field(default="", compare=False)

    @property
    def most(self) -> int:
        """What all blocks together give at most, in hundredths; one without a cap takes points away."""
        return sum(block.cap or 0 for block in self.blocks.values())

    def on(self, day: date, district_code: str = "") -> list[Dated]:
        """The lines of the sheet on a day in a district, in an order in which each comes after those that it refers to."""
        return in_order([line for line in self.everywhere_on(day) if line[0].district_code in ("", district_code)])

    def everywhere_on(self, day: date) -> list[Dated]:
        """The lines of a day of all districts, in the catalogue's order."""
        found = ((indicator, indicator.version_on(day)) for indicator in self.indicators)
        return [(indicator, version) for indicator, version in found if version is not None]


def in_order(lines: Sequence[Dated]) -> list[Dated]:
    """The lines so that each comes after all that it refers to; raises `Mistake` for a circle."""
    waiting, placed, ordered = list(lines), set[str](), list[Dated]()
    all_codes = {indicator.code for indicator, _ in lines}
    while waiting:
        ready = [line for line in waiting if line[1].refs & all_codes <= placed]
        if not ready:
            codes = " → ".join(sorted({indicator.code for indicator, _ in waiting}))
            raise Mistake(codes, tr("这些指标互相引用，绕成一圈。"), tr("请去掉其中一处 ref。"))
        ordered += ready
        waiting = [line for line in waiting if line not in ready]
        placed = {indicator.code for indicator, _ in ordered} - {indicator.code for indicator, _ in waiting}
    return ordered


def show(points: int) -> str:
    """Points as written on a sheet: no more decimals than needed."""
    sign, (whole_part, rest) = "-" if points < 0 else "", divmod(abs(points), HUNDREDTHS)
    return f"{sign}{whole_part}" + (f".{rest:02d}".rstrip("0") if rest else "")
