"""Records as plain SQLite rows, without SQLAlchemy: for the one transaction that a clerk waits for.

A statement through SQLAlchemy costs some 55 µs, the same through the driver 5; an act has a dozen. The rows are exactly those
that `nbcase.store.shelf` writes and reads (a test compares them).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic

import msgspec
import sqlalchemy as sa

from nbcase.store.records import TYPE_NAMES, R, from_plain, to_plain
from nbcase.store.tables import DESK_RECORDS, Json, UtcDateTime

Convert = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class RowFormat(Generic[R]):
    """How one record type lies in its table: SQL text with positional parameters, and the way there and back."""

    kind: type[R]
    names: tuple[str, ...]
    select: str
    select_many: str
    upsert: str
    _to_column: tuple[Convert | None, ...]
    _from_column: tuple[Convert | None, ...]

    def update(self, places: Sequence[int]) -> str:
        """Sets the columns at these places; its parameters are their values and the id."""
        kept = ", ".join(f'"{self.names[place]}" = ?' for place in places)
        return f'UPDATE "{TYPE_NAMES[self.kind]}" SET {kept} WHERE id = ?'

    def row(self, record: R) -> tuple[Any, ...]:
        """The record as parameters of `upsert`."""
        plain = to_plain(record)
        return tuple(
            plain[name] if convert is None or plain[name] is None else convert(plain[name])
            for name, convert in zip(self.names, self._to_column, strict=True)
        )

    def record(self, row: Sequence[Any]) -> R:
        """The record in a row of `select`."""
        plain = {
            name: value if convert is None or value is None else convert(value)
            for name, convert, value in zip(self.names, self._from_column, row, strict=True)
        }
        return from_plain(self.kind, plain)


_FORMATS: dict[type[Any], RowFormat[Any]] = {}


def row_format(kind: type[R]) -> RowFormat[R]:
    """The format of a record type, made once."""
    if kind not in _FORMATS:
        _FORMATS[kind] = _format(kind)
    return _FORMATS[kind]


def _format(kind: type[R]) -> RowFormat[R]:
    table = DESK_RECORDS[TYPE_NAMES[kind]]
    names = tuple(str(column.name) for column in table.c)  # msgspec takes no subclass of str as a key
    quoted = [f'"{name}"' for name in names]
    kept = ", ".join(f"{name} = excluded.{name}" for name in quoted if name != '"id"')
    marks = ", ".join("?" * len(names))
    return RowFormat(
        kind=kind,
        names=names,
        select=f'SELECT {", ".join(quoted)} FROM "{table.name}" WHERE id = ?',
        select_many=f'SELECT {", ".join(quoted)} FROM "{table.name}" WHERE id IN (SELECT value FROM json_each(?))',
        upsert=f'INSERT INTO "{table.name}" ({", ".join(quoted)}) VALUES ({marks}) ON CONFLICT (id) DO UPDATE SET {kept}',
        _to_column=tuple(_to_column(column.type) for column in table.c),
        _from_column=tuple(_from_column(column.type) for column in table.c),
    )


def instant_text(at: datetime) -> str:
    """An instant as SQLAlchemy keeps it in SQLite: UTC without a zone, always with microseconds."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def _to_column(kind: sa.types.TypeEngine[Any]) -> Convert | None:
    if isinstance(kind, UtcDateTime):
        return lambda text: instant_text(datetime.fromisoformat(text))
    if isinstance(kind, Json):
        return lambda value: msgspec.json.encode(value, order="sorted").decode()
    return int if isinstance(kind, sa.Boolean) else None


def _from_column(kind: sa.types.TypeEngine[Any]) -> Convert | None:
    if isinstance(kind, UtcDateTime):
        return lambda text: datetime.fromisoformat(text).replace(tzinfo=UTC)
    if isinstance(kind, Json):
        return msgspec.json.decode
    return bool if isinstance(kind, sa.Boolean) else None
