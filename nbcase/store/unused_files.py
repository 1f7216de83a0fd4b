"""Files at a desk that nothing names: of drafts that were thrown away, and halves of what was being fetched.

Only what the centre never had is looked at, so that a file that came from there, or that it has lost since, is never touched. Kept is
what any act names, sent or not, given up or not, what a draft names, and what a record names.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from nbcase.domain.ids import least_id
from nbcase.store.tables import DESK_RECORDS, attachment_chunk, attachment_content, attachment_incoming, desk_metadata, draft


@dataclass(frozen=True, slots=True, kw_only=True)
class Unused:
    """Hashes of whole files that nothing names, and of files that were begun to be fetched and never ended."""

    files: Sequence[str]
    halves: Sequence[str]


def unused(connection: sa.Connection, before: datetime) -> Unused:
    """What was kept or begun before that moment, by the computer's own clock, and is of no use. Reads all acts only if some file may be."""
    # A file's own id begins with the time of its making.
    oldest = least_id(before)
    content, incoming = attachment_content, attachment_incoming
    query = sa.select(content.c.hash).where(content.c.is_at_centre.is_(False), content.c.file_id < oldest)
    doubtful = set(connection.execute(query).scalars())
    for names in (_of_drafts, _of_records, _of_acts):
        if doubtful:
            doubtful -= names(connection, doubtful)
    halves = connection.execute(sa.select(incoming.c.hash).where(incoming.c.file_id < oldest).order_by(incoming.c.hash)).scalars().all()
    return Unused(files=sorted(doubtful), halves=halves)


def drop(connection: sa.Connection, found: Unused) -> None:
    """Delete them, inside the caller's write transaction and by what was found in the same one."""
    for table, hashes in ((attachment_content, found.files), (attachment_incoming, found.halves)):
        for content_hash in hashes:
            file_id = sa.select(table.c.file_id).where(table.c.hash == content_hash).scalar_subquery()
            connection.execute(sa.delete(attachment_chunk).where(attachment_chunk.c.file_id == file_id))
            connection.execute(sa.delete(table).where(table.c.hash == content_hash))
    attachment = desk_metadata.tables["attachment"]
    for content_hash in found.files:
        connection.execute(sa.delete(attachment).where(attachment.c.hash == content_hash))


def _of_drafts(connection: sa.Connection, hashes: set[str]) -> set[str]:
    rows = connection.execute(sa.select(draft.c.attachments, draft.c.answers)).all()
    text = "\n".join(json.dumps([row.attachments, row.answers]) for row in rows)
    return {content_hash for content_hash in hashes if content_hash in text}


def _of_records(connection: sa.Connection, hashes: set[str]) -> set[str]:
    found: set[str] = set()
    for table in DESK_RECORDS.values():
        for column in table.c:
            if column.name.endswith("_hash"):
                found |= set(connection.execute(sa.select(column).where(column.in_(hashes))).scalars())
    return found


def _of_acts(connection: sa.Connection, hashes: set[str]) -> set[str]:
    return set(connection.exec_driver_sql(_NAMED_BY_ACTS, (json.dumps(sorted(hashes)),)).scalars())


_NAMED_BY_ACTS = """
SELECT DISTINCT file.value FROM action, json_each(CAST(action.body AS TEXT), '$.attachments') AS file
WHERE file.value IN (SELECT value FROM json_each(?))
"""
