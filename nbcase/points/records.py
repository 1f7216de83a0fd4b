"""What a fact comes out as from one resident's records, and which rows counted: the reference that every other face is held to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from nbcase.points.facts import (
    Age,
    Attribute,
    Best,
    BestPerYear,
    Between,
    Chain,
    CodeIn,
    Count,
    Current,
    Exists,
    FactDefinition,
    Filter,
    Sum,
    SumPerYear,
    Union,
    Unit,
    Value,
    Within,
)
from nbcase.points.spans import Span, full_months, joined, length, month_of, months_back, ymd
from nbcase.points.tables import PERSON, Table

Row = Mapping[str, Any]
Records = Mapping[str, Sequence[Row]]
"""Rows by table: a day is a `date`, a month and a number an `int`, a code a `str`; a missing value is None or absent."""


@dataclass(frozen=True, slots=True)
class FactValue:
    """A fact of one resident on one day; `rows` are the places of the rows that it was made of, in their table."""

    definition: FactDefinition
    value: int
    rows: tuple[int, ...] = ()


def fact_value(definition: FactDefinition, tables: Mapping[str, Table], records: Records, on: date) -> FactValue:
    """The fact on a day, brought into its declared range."""
    raw, rows = _raw(definition, tables, records, on)
    return FactValue(definition, min(max(raw, definition.low), definition.high), tuple(rows))


def _raw(definition: FactDefinition, tables: Mapping[str, Table], records: Records, on: date) -> tuple[int, Sequence[int]]:
    kind = definition.kind
    if isinstance(kind, Age | Attribute):
        return _of_person(kind, records, on)
    table = tables[kind.table]
    rows = [(place, row) for place, row in enumerate(records.get(kind.table, ())) if _counts(table, kind.where, row, on)]
    places = [place for place, _ in rows]
    if isinstance(kind, Union | Chain):
        return _of_spans(kind, table, rows, on)
    match kind:
        case Count():
            return len(rows), places
        case Exists():
            return (1 if rows else 0), places[:1]
        case Sum(value=value):
            return sum(worth(value, row) for _, row in rows), places
        case Best(value=value):
            return _best(value, rows)
        case BestPerYear(value=value):
            best = [_best(value, group) for group in _by_year(table, rows)]
            return sum(number for number, _ in best), [place for _, found in best for place in found]
        case SumPerYear(value=value, cap=cap):
            sums = [sum(worth(value, row) for _, row in group) for group in _by_year(table, rows)]
            return sum(min(number, cap) for number in sums), places


def _of_person(kind: Age | Attribute, records: Records, on: date) -> tuple[int, Sequence[int]]:
    rows = records.get(PERSON, ())
    if not rows:
        return 0, ()
    if isinstance(kind, Attribute):
        return worth(kind.value, rows[0]), (0,)
    born = rows[0].get(kind.column)
    return (max(ymd(on) - ymd(born), 0) // 10_000 if born is not None else 0), (0,)


def worth(value: Value, row: Row) -> int:
    """What a row counts for."""
    found = row.get(value.column)
    if value.of_code is None:
        return int(found) if found is not None else 0
    return next((number for code, number in value.of_code if code == found), 0)


def _counts(table: Table, where: Sequence[Filter], row: Row, on: date) -> bool:
    begins = row.get(table.first or table.dated or "")
    if begins is None or begins > (month_of(on) if table.is_monthly else on):
        return False
    return all(_passes(table, each, row, on) for each in where)


def _passes(table: Table, wanted: Filter, row: Row, on: date) -> bool:
    match wanted:
        case CodeIn(column, codes):
            return row.get(column) in codes
        case Between(column, low, high):
            number = row.get(column)
            return number is not None and (low is None or number >= low) and (high is None or number <= high)
        case Within(count, unit):
            day = row[table.dated or ""]
            if unit == "days":
                return bool(day.toordinal() > on.toordinal() - count)
            return ymd(day) > months_back(on, count * 12 if unit == "years" else count)
        case Current():
            last = row.get(table.last or "")
            return last is None or bool(last >= (month_of(on) if table.is_monthly else on))


def _best(value: Value, rows: Sequence[tuple[int, Row]]) -> tuple[int, list[int]]:
    if not rows:
        return 0, []
    number, place = max(((worth(value, row), -place) for place, row in rows))
    return number, [-place]


def _by_year(table: Table, rows: Sequence[tuple[int, Row]]) -> list[list[tuple[int, Row]]]:
    years: dict[int, list[tuple[int, Row]]] = {}
    for place, row in rows:
        years.setdefault(row[table.dated or ""].year, []).append((place, row))
    return [years[year] for year in sorted(years)]


def _of_spans(kind: Union | Chain, table: Table, rows: Sequence[tuple[int, Row]], on: date) -> tuple[int, Sequence[int]]:
    spans = {place: _span(table, row, on) for place, row in rows}
    spans = {place: (first, end) for place, (first, end) in spans.items() if first < end}
    if isinstance(kind, Union):
        return _measured(kind.unit, joined(spans.values())), list(spans)
    end_of_day = (month_of(on) if table.is_monthly else on.toordinal()) + 1
    runs = joined(spans.values(), kind.gap)
    if not runs or runs[-1][1] + kind.gap < end_of_day:
        return 0, ()
    first = runs[-1][0]
    return _measured(kind.unit, [runs[-1]]), [place for place, span in spans.items() if span[0] >= first]


def _span(table: Table, row: Row, on: date) -> Span:
    """A row's span up to the day, half-open, in months or days."""
    first, last = row[table.first or ""], row.get(table.last or "")
    if table.is_monthly:
        now = month_of(on)
        return first, (now if last is None else min(last, now)) + 1
    day = on if last is None else min(last, on)
    return first.toordinal(), day.toordinal() + 1


def _measured(unit: Unit, spans: Sequence[Span]) -> int:
    return sum(full_months(span) for span in spans) if unit is Unit.FULL_MONTHS else length(spans)
