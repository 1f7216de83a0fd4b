"""Many rows into PostgreSQL at once: a statement through SQLAlchemy costs more for each row than the database does.

New rows of our own making go by binary COPY. What came over the line goes as one JSON parameter instead: there the
database checks every value against its column, while a binary integer that is too large would be cut without a word.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

import msgspec
import psycopg
import sqlalchemy as sa

from nbcase.store.tables import Json, UtcDateTime

_POSTGRES_TYPES: tuple[tuple[type[Any], str], ...] = (
    (Json, "text"),
    (UtcDateTime, "timestamptz"),
    (sa.LargeBinary, "bytea"),
    (sa.Text, "text"),
    (sa.BigInteger, "int8"),
    (sa.Integer, "int4"),
    (sa.Boolean, "bool"),
    (sa.Date, "date"),
)


def copy_rows(connection: sa.Connection, table: sa.Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Insert rows by COPY in the caller's transaction; integers must fit their columns. Raises SQLAlchemy's errors."""
    statement, types, to_text = _copying(table, tuple(columns))
    driver: Any = connection.connection.driver_connection
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            copy.set_types(types)
            if any(to_text):
                rows = ([convert(value) if convert else value for convert, value in zip(to_text, row, strict=True)] for row in rows)
            for row in rows:
                copy.write_row(row)
    except psycopg.Error as error:
        raise sa.exc.DBAPIError.instance(statement, None, error, psycopg.Error, dialect=connection.dialect) from error


def insert_new(connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> int:
    """Insert rows of JSON values whose id is not there yet; answers how many."""
    return connection.exec_driver_sql(_inserting(table), (_parameter(rows),)).rowcount


def update_rows(connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]], names: Iterable[str]) -> None:
    """Set these columns of the rows with the ids of `rows` to their JSON values."""
    columns = tuple(sorted(names))
    wanted = [{name: row[name] for name in ("id", *columns)} for row in rows]
    connection.exec_driver_sql(_updating(table, columns), (_parameter(wanted),))


def _parameter(rows: Sequence[Mapping[str, Any]]) -> str:
    # Sorted: a nested value is stored as the text that stands here.
    return msgspec.json.encode(rows, order="sorted").decode()


@cache
def _copying(table: sa.Table, columns: tuple[str, ...]) -> tuple[str, list[str], list[Any]]:
    types = [_postgres_type(table.c[name]) for name in columns]
    to_text = [_as_text if isinstance(table.c[name].type, Json) else None for name in columns]
    return f"COPY {_quoted(table.name)} ({', '.join(map(_quoted, columns))}) FROM STDIN (FORMAT BINARY)", types, to_text


def _as_text(value: Any) -> str | None:
    return None if value is None else msgspec.json.encode(value, order="sorted").decode()


@cache
def _inserting(table: sa.Table) -> str:
    names = ", ".join(_quoted(column.name) for column in table.c)
    return f"INSERT INTO {_quoted(table.name)} ({names}) SELECT {_values(table.c)} FROM {_rows(table.c)} ON CONFLICT DO NOTHING"


@lru_cache(256)
def _updating(table: sa.Table, names: tuple[str, ...]) -> str:
    columns = [table.c[name] for name in names]
    quoted = ", ".join(map(_quoted, names))
    source = _rows([table.c["id"], *columns])
    return f"UPDATE {_quoted(table.name)} AS kept SET ({quoted}) = ROW ({_values(columns)}) FROM {source} WHERE kept.id = r.id"


def _rows(columns: Iterable[sa.Column[Any]]) -> str:
    # The json type, not jsonb: it hands a nested value over as the very text that was sent.
    declared = ", ".join(f"{_quoted(column.name)} {_json_type(column)}" for column in columns)
    return f"json_to_recordset(%s::json) AS r ({declared})"


def _values(columns: Iterable[sa.Column[Any]]) -> str:
    return ", ".join(f"r.{_quoted(column.name)}{'::text' if isinstance(column.type, Json) else ''}" for column in columns)


def _json_type(column: sa.Column[Any]) -> str:
    return "json" if isinstance(column.type, Json) else _postgres_type(column)


def _postgres_type(column: sa.Column[Any]) -> str:
    return next(name for kind, name in _POSTGRES_TYPES if isinstance(column.type, kind))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
