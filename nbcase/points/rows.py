"""Rows of the departments as JSON values and back: a day is ISO text there."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from nbcase.points.records import Records, Row
from nbcase.points.tables import ColumnKind, Table


def plain_rows(records: Records) -> dict[str, list[dict[str, Any]]]:
    """Records as JSON values; tables without rows are left out."""
    return {code: [_plain(row) for row in rows] for code, rows in records.items() if rows}


def records_from_plain(tables: Mapping[str, Table], plain: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, list[Row]]:
    """Records from JSON values; a table that this catalogue does not know is left out."""
    return {code: [row_from_plain(tables[code], row) for row in rows] for code, rows in plain.items() if code in tables}


def row_from_plain(table: Table, plain: Mapping[str, Any]) -> Row:
    """One row from JSON values."""
    days = {column.name for column in table.columns.values() if column.kind is ColumnKind.DAY}
    return {name: date.fromisoformat(value) if name in days and value is not None else value for name, value in plain.items()}


def _plain(row: Row) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in row.items()}
