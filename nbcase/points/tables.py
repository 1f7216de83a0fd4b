"""The records that departments deliver and facts are made of: tables of whole numbers and codes, declared as data.

A day is a date; a month counts from year 0 (``2026-03`` is 2026 × 12 + 2). An interval table names its first and last column,
both included; a last one that is missing means that it still goes on. An event table names the column that dates it.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from nbcase.domain.words import tr
from nbcase.points.language import Mistake, fields

PERSON = "person"
"""The table with exactly one row for everybody."""


class ColumnKind(StrEnum):
    DAY = "day"
    MONTH = "month"
    INT = "int"
    CODE = "code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column; `optional` ones may be missing: an interval that goes on, an attribute that nobody knows."""

    name: str
    kind: ColumnKind
    optional: bool = False
    low: int | None = None
    high: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What one department delivers about a person, `name` in the catalogue's words."""

    code: str
    name: str
    department: str
    columns: dict[str, Column]
    first: str | None = None
    last: str | None = None
    dated: str | None = None

    @property
    def is_interval(self) -> bool:
        """Whether its rows are spans of time."""
        return self.first is not None

    @property
    def is_monthly(self) -> bool:
        """Whether its spans are counted in months."""
        return self.first is not None and self.columns[self.first].kind is ColumnKind.MONTH


def parse_tables(plain: Any, place: str) -> dict[str, Table]:
    """The tables of a catalogue from their YAML shape."""
    if not isinstance(plain, dict) or PERSON not in plain:
        raise Mistake(place, tr("数据表里要有 person。"))
    return {str(code): _table(str(code), inner, f"{place}.{code}") for code, inner in plain.items()}


def _table(code: str, plain: Any, place: str) -> Table:
    fields(plain, place, ("name", "department", "columns"), ("optional", "interval", "dated"))
    written, optional = plain["columns"], plain.get("optional") or []
    if not isinstance(written, dict) or not written:
        raise Mistake(f"{place}.columns", tr("一列也没有。"))
    if not isinstance(optional, list) or any(name not in list(written) for name in optional):
        raise Mistake(f"{place}.optional", tr("optional 里要写 columns 里的列名。"))
    columns = {
        str(name): _column(str(name), inner, f"{place}.columns.{name}", is_optional=name in optional) for name, inner in written.items()
    }
    first, last = _interval(plain.get("interval"), columns, f"{place}.interval")
    dated = plain.get("dated")
    if dated is not None and (dated not in list(columns) or columns[dated].kind is not ColumnKind.DAY or columns[dated].optional):
        raise Mistake(f"{place}.dated", tr("dated 要是一个必有的日期列。"))
    if code != PERSON and (first is None) == (dated is None):
        raise Mistake(place, tr("每张表要写 interval 或 dated 中的一个。"))
    name, department = str(plain["name"]), str(plain["department"])
    return Table(code=code, name=name, department=department, columns=columns, first=first, last=last, dated=dated)


def _interval(plain: Any, columns: dict[str, Column], place: str) -> tuple[str | None, str | None]:
    if plain is None:
        return None, None
    if not isinstance(plain, list) or len(plain) != 2 or any(name not in list(columns) for name in plain):
        raise Mistake(place, tr("写成 [起列, 止列]，两列都要在 columns 里。"))
    first, last = columns[plain[0]], columns[plain[1]]
    if first.kind is not last.kind or first.kind not in (ColumnKind.DAY, ColumnKind.MONTH) or first.optional:
        raise Mistake(place, tr("起止两列要同为 day 或同为 month，起列必有。"))
    return first.name, last.name


def _column(name: str, plain: Any, place: str, *, is_optional: bool) -> Column:
    kind, span = plain, None
    if isinstance(plain, dict) and set(plain) <= {"kind", "range"}:
        kind, span = plain.get("kind"), plain.get("range")
    if kind not in tuple(ColumnKind):
        raise Mistake(place, tr("没有“{kind}”这种列。").format(kind=kind), tr("可用：{names}。").format(names="、".join(ColumnKind)))
    if kind == ColumnKind.INT and (not isinstance(span, list) or len(span) != 2 or not all(type(end) is int for end in span)):
        raise Mistake(place, tr("整数列要写范围。"), "kind: int, range: [0, 100]")
    low, high = span if span else (None, None)
    return Column(name=name, kind=ColumnKind(kind), optional=is_optional, low=low, high=high)
