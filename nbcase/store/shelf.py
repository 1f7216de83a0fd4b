"""Reading and writing records as domain values inside an open transaction; the same at desk and centre."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa

from nbcase.store.records import TYPE_NAMES, R, Record, field_names, from_plain, to_plain
from nbcase.store.tables import CENTRE_RECORDS, DESK_RECORDS


class Shelf:
    """The record tables behind one open connection."""

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection
        self.tables: Mapping[str, sa.Table] = DESK_RECORDS if connection.dialect.name == "sqlite" else CENTRE_RECORDS

    def table(self, kind: type[Any]) -> sa.Table:
        """The table of a record type."""
        return self.tables[TYPE_NAMES[kind]]

    def get(self, kind: type[R], record_id: str | None) -> R | None:
        """The record with this id, or None."""
        if record_id is None:
            return None
        rows = self.find(kind, id=record_id)
        return rows[0] if rows else None

    def need(self, kind: type[R], record_id: str) -> R:
        """The record with this id; LookupError when it is not there, which is a bug of the caller."""
        record = self.get(kind, record_id)
        if record is None:
            raise LookupError(f"no {TYPE_NAMES[kind]} {record_id}")
        return record

    def find(
        self, kind: type[R], *where: sa.ColumnElement[bool], order: Sequence[Any] = (), limit: int | None = None, **equal: Any
    ) -> list[R]:
        """Records that match all conditions; `equal` names columns, `where` holds further conditions on `table(kind)`."""
        table = self.table(kind)
        if not where and not order and limit is None and None not in equal.values():
            query: sa.Select[Any] = _equals(table, tuple(equal))
            return [as_record(kind, row) for row in self.connection.execute(query, {f"p_{name}": value for name, value in equal.items()})]
        query = sa.select(table).where(*where, *(table.c[name] == value for name, value in equal.items())).order_by(*order).limit(limit)
        return [as_record(kind, row) for row in self.connection.execute(query)]

    def write(self, record: Record) -> None:
        """Insert the record or replace the row with its id."""
        self.connection.execute(_upsert(self.table(type(record)), self.connection.dialect.name), as_row(record))


@cache
def _equals(table: sa.Table, names: tuple[str, ...]) -> sa.Select[Any]:
    """A look-up by equal columns, made once: building it costs more than SQLite needs to answer it."""
    return sa.select(table).where(*(table.c[name] == sa.bindparam(f"p_{name}", type_=table.c[name].type) for name in names))


@cache
def _upsert(table: sa.Table, dialect: str) -> sa.Insert:
    """Insert or replace by id, made once for the same reason."""
    if dialect == "sqlite":
        from sqlalchemy.dialects.sqlite import insert
    else:
        from sqlalchemy.dialects.postgresql import insert  # type: ignore[assignment]
    statement = insert(table)
    kept = {column.name: statement.excluded[column.name] for column in table.c if column.name != "id"}
    return statement.on_conflict_do_update(index_elements=[table.c.id], set_=kept)


def as_record(kind: type[R], row: sa.Row[Any]) -> R:
    """A row as the domain value; JSON columns become tuples and dataclasses again, further columns are left alone."""
    mapping = row._mapping
    return from_plain(kind, {name: mapping[name] for name in field_names(kind)})


def as_row(record: Record) -> dict[str, Any]:
    """The domain value as column values: dates stay dates, nested values become JSON."""
    plain = to_plain(record)
    row = {}
    for name in field_names(type(record)):
        value = getattr(record, name)
        row[name] = plain[name] if isinstance(value, (tuple, Mapping, str)) else value
    return row
