"""Published lists at centre and desk: the centre numbers each change, a desk fetches what changed since its own number."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from nbcase.domain.errors import UserError
from nbcase.domain.publication import Publication, PublishedEntry, checksum
from nbcase.domain.words import tr
from nbcase.store.tables import centre_metadata, desk_metadata


def _tables(connection: sa.Connection) -> tuple[sa.Table, sa.Table]:
    metadata = desk_metadata if connection.dialect.name == "sqlite" else centre_metadata
    return metadata.tables["publication"], metadata.tables["published_entry"]


def publications(connection: sa.Connection) -> list[Publication]:
    """Every list, by name."""
    head, _ = _tables(connection)
    return [Publication(**row._mapping) for row in connection.execute(sa.select(head).order_by(head.c.name))]


def find_publication(connection: sa.Connection, name: str) -> Publication | None:
    """One list's head."""
    head, _ = _tables(connection)
    row = connection.execute(sa.select(head).where(head.c.name == name)).first()
    return Publication(**row._mapping) if row else None


def standing_entries(connection: sa.Connection, name: str) -> dict[str, Any]:
    """Key and value of everything that stands."""
    _, entry = _tables(connection)
    rows = connection.execute(sa.select(entry).where(entry.c.name == name, entry.c.is_removed.is_(False)).order_by(entry.c.key))
    return {row.key: row.value for row in rows}


def entries_after(connection: sa.Connection, name: str, revision: int) -> list[PublishedEntry]:
    """What changed after a revision, removals too."""
    _, entry = _tables(connection)
    rows = connection.execute(sa.select(entry).where(entry.c.name == name, entry.c.revision > revision).order_by(entry.c.key))
    return [PublishedEntry(key=row.key, revision=row.revision, value=None if row.is_removed else row.value) for row in rows]


def lock_publication(connection: sa.Connection, name: str) -> Publication | None:
    """At the centre: the list's head, held until the transaction ends, so that revisions follow each other."""
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(f"publication {name}"))))
    return find_publication(connection, name)


def write_entries(connection: sa.Connection, head: Publication, entries: Sequence[PublishedEntry]) -> None:
    """Put changed entries and the new head in place, in the caller's transaction."""
    table, entry = _tables(connection)
    for changed in entries:
        connection.execute(sa.delete(entry).where(entry.c.name == head.name, entry.c.key == changed.key))
    if entries:
        rows = [
            {"name": head.name, "key": found.key, "revision": found.revision, "value": found.value, "is_removed": found.value is None}
            for found in entries
        ]
        connection.execute(sa.insert(entry), rows)
    connection.execute(sa.delete(table).where(table.c.name == head.name))
    connection.execute(sa.insert(table).values(asdict(head)))


def changed_entries(standing: Mapping[str, Any], wanted: Mapping[str, Any], revision: int) -> list[PublishedEntry]:
    """What turns one state of a list into another."""
    changed = [PublishedEntry(key=key, revision=revision, value=value) for key, value in wanted.items() if standing.get(key) != value]
    return changed + [PublishedEntry(key=key, revision=revision, value=None) for key in standing if key not in wanted]


def apply_delta(connection: sa.Connection, head: Publication, entries: Sequence[PublishedEntry]) -> None:
    """At the desk: take in what changed. Raises `UserError` when the whole does not add up to the head's checksum."""
    write_entries(connection, head, entries)
    if checksum(standing_entries(connection, head.name)) != head.checksum:
        raise UserError(
            tr("中心公布的“{name}”校验不符。").format(name=head.name), safe=tr("本机继续用原来的一份。"), do=tr("程序会重新取回整份。")
        )


def forget_publication(connection: sa.Connection, name: str) -> None:
    """Drop a list, to take in the whole of it."""
    for table in _tables(connection):
        connection.execute(sa.delete(table).where(table.c.name == name))
