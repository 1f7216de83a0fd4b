"""Which records at the centre name which files: a station may fetch the files of its own records and no others."""

from collections.abc import Iterable
from itertools import groupby

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from nbcase.domain.action import Action
from nbcase.domain.document import Attachment
from nbcase.domain.ids import new_id
from nbcase.store.blobs import Blobs, is_hash
from nbcase.store.records import RECORD_TYPES
from nbcase.store.tables import CENTRE_RECORDS, attachment_use, centre_metadata, centre_state

Use = tuple[str, str, str]
"""A file's hash, and type and id of a record that names it."""


def uses_of(action: Action) -> set[Use]:
    """Every file of an action with the records in which the action writes its hash."""
    hashes = [content_hash for content_hash in action.attachments if is_hash(content_hash)]
    if not hashes:
        return set()
    found: set[Use] = set()
    for change in action.changes:
        if change.record_type in RECORD_TYPES:
            text = msgspec.json.encode(change.fields).decode()
            found |= {(content_hash, change.record_type, change.record_id) for content_hash in hashes if content_hash in text}
    return found


def note_uses(connection: sa.Connection, uses: Iterable[Use]) -> None:
    """Remember uses in the transaction that writes their records; in one order, so that two transactions cannot wait for each other."""
    rows = [{"hash": use[0], "record_type": use[1], "record_id": use[2]} for use in sorted(uses)]
    if rows:
        connection.execute(insert(attachment_use).on_conflict_do_nothing(), rows)


def is_used_at(connection: sa.Connection, content_hash: str, station_code: str) -> bool:
    """Whether a record that belongs to the station now names the file."""
    use = attachment_use
    query = sa.select(use.c.record_type, use.c.record_id).where(use.c.hash == content_hash).order_by(use.c.record_type)
    for name, rows in groupby(connection.execute(query).all(), key=lambda row: row.record_type):
        table = CENTRE_RECORDS[name]
        mine = sa.select(table.c.id).where(table.c.id.in_([row.record_id for row in rows]), table.c.station_code == station_code).limit(1)
        if connection.execute(mine).first() is not None:
            return True
    return False


def note_file(connection: sa.Connection, attachment: Attachment) -> None:
    """The centre has the whole file."""
    values = {"hash": attachment.hash, "size": attachment.size, "media_type": attachment.media_type}
    connection.execute(insert(_attachment).values(values).on_conflict_do_nothing())


def noted_files(connection: sa.Connection, hashes: Iterable[str]) -> dict[str, Attachment]:
    """Those of the files that the centre has a note of."""
    rows = connection.execute(sa.select(_attachment).where(_attachment.c.hash.in_(sorted(set(hashes)))))
    return {row.hash: Attachment(hash=row.hash, size=row.size, media_type=row.media_type) for row in rows}


def forget_lost_files(connection: sa.Connection, blobs: Blobs) -> int:
    """Forget files that the store has lost, such as with a folder from an older backup; answers how many.

    Then `files_id` is a new one: every desk asks which of its own files are lacking, and brings them again.
    """
    query = sa.select(_attachment.c.hash).order_by(_attachment.c.hash)
    noted = connection.execute(query, execution_options={"yield_per": _AT_ONCE}).scalars()
    lost: list[str] = []
    for prefix, hashes in groupby(noted, key=lambda content_hash: content_hash[:2]):
        held = blobs.names(prefix)
        lost += (content_hash for content_hash in hashes if content_hash not in held)
    for start in range(0, len(lost), _AT_ONCE):
        connection.execute(sa.delete(_attachment).where(_attachment.c.hash.in_(lost[start : start + _AT_ONCE])))
    if lost:
        statement = insert(centre_state).values(key=_FILES_ID, value=new_id())
        connection.execute(statement.on_conflict_do_update(index_elements=["key"], set_={"value": statement.excluded.value}))
    return len(lost)


def files_id(connection: sa.Connection) -> str:
    """Changes when the centre has lost files; empty until it first does."""
    return str(connection.execute(sa.select(centre_state.c.value).where(centre_state.c.key == _FILES_ID)).scalar() or "")


_FILES_ID = "files_id"
_AT_ONCE = 10_000
_attachment = centre_metadata.tables["attachment"]
