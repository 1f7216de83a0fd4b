"""A whole station coming onto a desk: rows first, then the indexes of their tables, then the search index.

An index that is kept up while rows come in the order of acts gets its entries all over the place, and nearly each row writes
a page for each of them: most of the time of a load. Built afterwards it is written once, in order. Meanwhile the desk works, with
a scan where the index would be. All steps are short transactions, and what has been done stands in the database: a kill goes on.
"""

from dataclasses import dataclass

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from nbcase.store.desk_database import driver_cursor, reading, writing
from nbcase.store.tables import DESK_RECORDS

MANY = 5_000
"""Rows from which on a load is worth its indexes; fewer come as any change does."""

NOTES_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """How far a load has come: rows that are here, of about how many."""

    done: int
    total: int


def present_load(connection: sa.Connection) -> Load | None:
    """The load that is under way."""
    row = driver_cursor(connection).execute("SELECT value FROM desk_state WHERE key = 'loading'").fetchone()
    return msgspec.json.decode(row[0], type=Load) if row else None


def begin_load(connection: sa.Connection, total: int) -> Load:
    """Begin in the caller's transaction: the indexes go."""
    for index in _indexes():
        connection.exec_driver_sql(f'DROP INDEX IF EXISTS "{index.name}"')
    return note_progress(connection, Load(done=0, total=total))


def note_progress(connection: sa.Connection, load: Load) -> Load:
    """Keep how far it has come, in the transaction that brought it there."""
    value = msgspec.json.encode(load).decode()
    driver_cursor(connection).execute("INSERT OR REPLACE INTO desk_state (key, value) VALUES ('loading', ?)", (value,))
    return load


def finish_load(engine: sa.Engine) -> None:
    """Make the indexes, each in a transaction of its own, and note everybody for the search index."""
    for index in _indexes():
        statement = sa.schema.CreateIndex(index, if_not_exists=True).compile(dialect=sqlite.dialect())
        with writing(engine, gives_way=True) as connection:
            connection.exec_driver_sql(str(statement))
    # Dwellings first: who is indexed behind them is indexed with the right address.
    for kind in ("dwelling", "resident"):
        _note_all(engine, kind)
    with writing(engine, gives_way=True) as connection:
        driver_cursor(connection).execute("DELETE FROM desk_state WHERE key = 'loading'")


def _indexes() -> list[sa.Index]:
    return sorted((index for table in DESK_RECORDS.values() for index in table.indexes), key=lambda index: str(index.name))


def _note_all(engine: sa.Engine, kind: str) -> None:
    after, last = 0, _last_row(engine, kind)
    while after < last:
        with writing(engine, gives_way=True) as connection:
            statement = f"INSERT INTO search_todo (kind, record_id) SELECT '{kind}', id FROM {kind} WHERE rowid > ? AND rowid <= ?"
            driver_cursor(connection).execute(statement, (after, after + NOTES_AT_ONCE))
        after += NOTES_AT_ONCE


def _last_row(engine: sa.Engine, kind: str) -> int:
    with reading(engine) as connection:
        return int(driver_cursor(connection).execute(f"SELECT coalesce(max(rowid), 0) FROM {kind}").fetchone()[0])
