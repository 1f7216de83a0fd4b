"""A record's JSON as it comes over the line, straight into the parameters of its row: for the many that a pull brings.

Decoding into a domain value and taking that apart again costs four times as much. The types of all plain columns are checked as
they are there; a JSON column keeps the text that the centre wrote, which has its keys sorted as ours (a test compares the rows).
"""

import typing
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic

import msgspec

from nbcase.store.records import TYPE_NAMES, R, from_plain
from nbcase.store.row_format import RowFormat, instant_text, row_format
from nbcase.store.tables import DESK_RECORDS, Json, UtcDateTime


@dataclass(frozen=True, slots=True)
class WireFormat(Generic[R]):
    """How one record type goes from JSON to its row."""

    rows: RowFormat[R]
    place_of_id: int
    place_of_version: int
    _decode: Callable[[msgspec.Raw], Any]
    _to_column: tuple[tuple[int, Callable[[Any], Any]], ...]

    def row(self, body: msgspec.Raw) -> list[Any]:
        """The parameters of `rows.upsert`; raises `msgspec.ValidationError` on a wrong or missing field."""
        try:
            values = list(msgspec.structs.astuple(self._decode(body)))
        except msgspec.ValidationError:
            # A field that is not there because it has its default, or really a wrong one: this tells.
            return list(self.rows.row(from_plain(self.rows.kind, msgspec.json.decode(body))))
        for place, convert in self._to_column:
            if values[place] is not None:
                values[place] = convert(values[place])
        return values


_FORMATS: dict[type[Any], WireFormat[Any]] = {}


def wire_format(kind: type[R]) -> WireFormat[R]:
    """The format of a record type, made once."""
    if kind not in _FORMATS:
        _FORMATS[kind] = _format(kind)
    return _FORMATS[kind]


def _format(kind: type[R]) -> WireFormat[R]:
    rows = row_format(kind)
    hints = typing.get_type_hints(kind)
    columns = DESK_RECORDS[TYPE_NAMES[kind]].c
    is_json = [isinstance(columns[name].type, Json) for name in rows.names]
    fields = [(name, msgspec.Raw if raw else hints[name]) for name, raw in zip(rows.names, is_json, strict=True)]
    converts = [_as_text if raw else _convert(columns[name].type) for name, raw in zip(rows.names, is_json, strict=True)]
    return WireFormat(
        rows=rows,
        place_of_id=rows.names.index("id"),
        place_of_version=rows.names.index("version"),
        _decode=msgspec.json.Decoder(msgspec.defstruct(kind.__name__, fields)).decode,
        _to_column=tuple((place, convert) for place, convert in enumerate(converts) if convert is not None),
    )


def _as_text(raw: msgspec.Raw) -> str | None:
    text = bytes(raw).decode()
    return None if text == "null" else text


def _convert(kind: Any) -> Callable[[Any], Any] | None:
    if isinstance(kind, UtcDateTime):
        return instant_text
    return date.isoformat if kind.python_type is date else None
