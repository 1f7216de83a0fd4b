"""Reading and writing records as domain values inside an open transaction; the same at desk and centre."""

from collections.abc import Mapping, Sequence
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
        query = sa.select(table).where(*where, *(table.c[name] == value for name, value in equal.items())).order_by(*order).limit(limit)
        return [as_record(kind, row) for row in self.connection.execute(query)]

    def write(self, record: Record) -> None:
        """Insert the record or replace the row with its id."""
        table = self.table(type(record))
        values = as_row(record)
        if self.connection.dialect.name == "sqlite":
            from sqlalchemy.dialects.sqlite import insert
        else:
            from sqlalchemy.dialects.postgresql import insert  # type: ignore[assignment]
        statement = insert(table).values(values)
        self.connection.execute(
            statement.on_conflict_do_update(index_elements=[table.c.id], set_={n: v for n, v in values.items() if n != "id"})
        )

    def exists(self, kind: type[Record], **equal: Any) -> bool:
        """Whether any record matches."""
        table = self.table(kind)
        return (
            self.connection.execute(sa.select(sa.literal(1)).where(*(table.c[n] == v for n, v in equal.items())).limit(1)).first()
            is not None
        )


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
