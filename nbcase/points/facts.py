"""Facts: whole numbers about one resident on one day, made of records by a closed set of ten kinds.

A row dated after the day counts for nothing; a span is cut off at the day. What comes out is brought into the declared
range, so that the rules above never meet a number that they were not checked for.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from nbcase.domain.words import tr
from nbcase.points.language import Mistake, fields, whole
from nbcase.points.tables import PERSON, Column, ColumnKind, Table


class Unit(StrEnum):
    """What a length of time is counted in; `FULL_MONTHS` are whole months within each unbroken span of days."""

    DAYS = "days"
    MONTHS = "months"
    FULL_MONTHS = "full_months"


@dataclass(frozen=True, slots=True)
class CodeIn:
    """Rows whose code is one of these."""

    column: str
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Between:
    """Rows whose number lies between, both ends included; None is open."""

    column: str
    low: int | None
    high: int | None


@dataclass(frozen=True, slots=True)
class Within:
    """Events of the last `count` years, months or days before the day, the day itself included."""

    count: int
    unit: str


@dataclass(frozen=True, slots=True)
class Current:
    """Spans that hold on the day."""


Filter = CodeIn | Between | Within | Current


@dataclass(frozen=True, slots=True)
class Value:
    """What a row is worth: the number in a column, or what a table says of its code; 0 for a code that it does not name."""

    column: str
    of_code: tuple[tuple[str, int], ...] | None = None


@dataclass(frozen=True, slots=True)
class Age:
    """Full years from a day of the person's row to the day."""

    column: str


@dataclass(frozen=True, slots=True)
class Attribute:
    """A value of the person's row."""

    value: Value


@dataclass(frozen=True, slots=True)
class OverRows:
    """What is made of the rows of a table that pass all filters."""

    table: str
    where: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class OverValues(OverRows):
    """What is made of the values of such rows."""

    value: Value


@dataclass(frozen=True, slots=True)
class OverSpans(OverRows):
    """What is made of the spans of such rows, counted in a unit."""

    unit: Unit


@dataclass(frozen=True, slots=True)
class Count(OverRows):
    """How many rows."""


@dataclass(frozen=True, slots=True)
class Exists(OverRows):
    """1 when there is a row, else 0."""


@dataclass(frozen=True, slots=True)
class Sum(OverValues):
    """The sum of the rows' values."""


@dataclass(frozen=True, slots=True)
class Best(OverValues):
    """The greatest of the rows' values, 0 without a row: 只取最高."""


@dataclass(frozen=True, slots=True)
class BestPerYear(OverValues):
    """The greatest value of each calendar year, summed."""


@dataclass(frozen=True, slots=True)
class SumPerYear(OverValues):
    """The sum of each calendar year, at most `cap` of it, summed."""

    cap: int


@dataclass(frozen=True, slots=True)
class Union(OverSpans):
    """How long the spans last together; time that several cover counts once."""


@dataclass(frozen=True, slots=True)
class Chain(OverSpans):
    """How long the unbroken run that reaches the day has lasted; gaps of at most `gap` days or months do not break it."""

    gap: int


Kind = Age | Attribute | Count | Exists | Sum | Best | BestPerYear | SumPerYear | Union | Chain


@dataclass(frozen=True, slots=True, kw_only=True)
class FactDefinition:
    """A fact with its words: `label` as a clerk says it, `unit` what it counts; `low` and `high` its declared range."""

    name: str
    label: str
    unit: str
    kind: Kind
    low: int
    high: int

    @property
    def table(self) -> str:
        """The table that it is made of."""
        return self.kind.table if isinstance(self.kind, OverRows) else PERSON


def parse_facts(plain: Any, tables: Mapping[str, Table], place: str) -> dict[str, FactDefinition]:
    """The facts of a catalogue from their YAML shape; raises `Mistake`."""
    if not isinstance(plain, dict):
        raise Mistake(place, tr("这里要写成“键: 值”。"))
    return {str(name): _fact(str(name), inner, tables, f"{place}.{name}") for name, inner in plain.items()}


_OPTIONAL = ("table", "column", "value", "where", "count_in", "gap", "each_year_at_most")


def _fact(name: str, plain: Any, tables: Mapping[str, Table], place: str) -> FactDefinition:
    fields(plain, place, ("label", "unit", "kind", "range"), _OPTIONAL)
    span = plain["range"]
    if not isinstance(span, list) or len(span) != 2 or not all(type(end) is int for end in span) or span[0] > span[1]:
        raise Mistake(f"{place}.range", tr("范围写成 [最小, 最大] 两个整数。"))
    maker = _KINDS.get(str(plain["kind"]))
    if maker is None:
        what = tr("没有“{kind}”这种事实。").format(kind=plain["kind"])
        raise Mistake(f"{place}.kind", what, tr("可用：{names}。").format(names="、".join(sorted(_KINDS))))
    kind = maker(_Reader(plain, tables, place))
    return FactDefinition(name=name, label=str(plain["label"]), unit=str(plain["unit"]), kind=kind, low=span[0], high=span[1])


class _Reader:
    """One fact's YAML with the tables it may name."""

    def __init__(self, plain: Mapping[str, Any], tables: Mapping[str, Table], place: str) -> None:
        self._plain = plain
        self._tables = tables
        self.place = place

    def table(self, *, needs_interval: bool = False, needs_date: bool = False) -> Table:
        name = str(self._plain.get("table", ""))
        if name not in self._tables or name == PERSON:
            names = "、".join(sorted(set(self._tables) - {PERSON}))
            raise Mistake(f"{self.place}.table", tr("没有“{name}”这张表。").format(name=name), tr("可用：{names}。").format(names=names))
        table = self._tables[name]
        if needs_interval and not table.is_interval:
            raise Mistake(f"{self.place}.table", tr("“{name}”不是时段表。").format(name=name))
        if needs_date and table.dated is None:
            raise Mistake(f"{self.place}.table", tr("“{name}”没有日期列。").format(name=name))
        return table

    def column(self, table: Table, name: object, *kinds: ColumnKind) -> Column:
        column = table.columns.get(str(name))
        if column is None or column.kind not in kinds:
            fitting = "、".join(each.name for each in table.columns.values() if each.kind in kinds)
            what = tr("“{table}”没有合适的列“{name}”。").format(table=table.code, name=name)
            raise Mistake(f"{self.place}.column", what, tr("可用：{names}。").format(names=fitting))
        return column

    def person_day(self) -> str:
        return self.column(self._tables[PERSON], self._plain.get("column"), ColumnKind.DAY).name

    def value(self, table: Table) -> Value:
        plain = self._plain.get("value")
        if isinstance(plain, str):
            return Value(self.column(table, plain, ColumnKind.INT).name)
        if isinstance(plain, dict) and set(plain) == {"code", "is"} and isinstance(plain["is"], dict) and plain["is"]:
            column = self.column(table, plain["code"], ColumnKind.CODE)
            rows = tuple(sorted((str(code), whole(number, f"{self.place}.value.is.{code}")) for code, number in plain["is"].items()))
            return Value(column.name, rows)
        raise Mistake(f"{self.place}.value", tr("value 写成一个整数列，或 code/is 一张代码表。"))

    def person_value(self) -> Value:
        return self.value(self._tables[PERSON])

    def where(self, table: Table) -> tuple[Filter, ...]:
        plain = self._plain.get("where", [])
        if not isinstance(plain, list):
            raise Mistake(f"{self.place}.where", tr("where 要写成一列条件。"))
        return tuple(self._filter(table, inner, f"{self.place}.where[{number}]") for number, inner in enumerate(plain))

    def _filter(self, table: Table, plain: Any, place: str) -> Filter:
        match plain:
            case {"column": name, "in": list(codes), **rest} if codes and not rest:
                return CodeIn(self.column(table, name, ColumnKind.CODE).name, tuple(str(code) for code in codes))
            case {"column": name, **ends} if ends and set(ends) <= {"at_least", "at_most"}:
                low, high = (whole(ends[key], place) if key in ends else None for key in ("at_least", "at_most"))
                return Between(self.column(table, name, ColumnKind.INT).name, low, high)
            case {"within": dict(span), **rest} if len(span) == 1 and not rest and table.dated is not None:
                ((unit, count),) = span.items()
                if unit in ("years", "months", "days") and whole(count, place) > 0:
                    return Within(count, str(unit))
            case {"current": True, **rest} if not rest and table.is_interval:
                return Current()
        mend = "column/in, column/at_least/at_most, within: {years: 5}, current: true"
        raise Mistake(place, tr("这个条件看不懂，或不适合这张表。"), mend)

    def unit(self, table: Table) -> Unit:
        name = self._plain.get("count_in", "months" if table.is_monthly else "days")
        allowed = (Unit.MONTHS,) if table.is_monthly else (Unit.DAYS, Unit.FULL_MONTHS)
        if name not in allowed:
            raise Mistake(f"{self.place}.count_in", tr("这张表可数的单位：{names}。").format(names="、".join(allowed)))
        return Unit(name)

    def number(self, key: str, least: int) -> int:
        if key not in self._plain:
            raise Mistake(self.place, tr("缺少“{key}”。").format(key=key), tr("请补上这一项。"))
        number = whole(self._plain[key], f"{self.place}.{key}")
        if number < least:
            raise Mistake(f"{self.place}.{key}", tr("不能小于 {n}。").format(n=least))
        return number


def _over_rows(make: Callable[[str, tuple[Filter, ...]], Kind]) -> "_Maker":
    def maker(reader: _Reader) -> Kind:
        table = reader.table()
        return make(table.code, reader.where(table))

    return maker


def _over_values(make: Callable[[str, tuple[Filter, ...], Value], Kind], *, needs_date: bool = False) -> "_Maker":
    def maker(reader: _Reader) -> Kind:
        table = reader.table(needs_date=needs_date)
        return make(table.code, reader.where(table), reader.value(table))

    return maker


def _sum_per_year(reader: _Reader) -> Kind:
    table = reader.table(needs_date=True)
    return SumPerYear(table.code, reader.where(table), reader.value(table), reader.number("each_year_at_most", 0))


def _union(reader: _Reader) -> Kind:
    table = reader.table(needs_interval=True)
    return Union(table.code, reader.where(table), reader.unit(table))


def _chain(reader: _Reader) -> Kind:
    table = reader.table(needs_interval=True)
    return Chain(table.code, reader.where(table), reader.unit(table), reader.number("gap", 0))


_Maker = Callable[[_Reader], Kind]

_KINDS: Mapping[str, _Maker] = {
    "age": lambda reader: Age(reader.person_day()),
    "attribute": lambda reader: Attribute(reader.person_value()),
    "count": _over_rows(Count),
    "exists": _over_rows(Exists),
    "sum": _over_values(Sum),
    "best": _over_values(Best),
    "best_per_year": _over_values(BestPerYear, needs_date=True),
    "sum_per_year": _sum_per_year,
    "union": _union,
    "chain": _chain,
}
