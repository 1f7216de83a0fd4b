"""Files at the desk: pieces in rows of the encrypted database, so that a file is in the transaction of the act that names it.

SQLCipher alone encrypts them, nothing is ever whole in memory, and no plain copy lies beside the database.
"""

import hashlib
from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import BinaryIO

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from nbcase.domain.document import Attachment
from nbcase.domain.errors import UserError
from nbcase.domain.ids import new_id
from nbcase.domain.words import tr
from nbcase.store.tables import attachment_chunk, attachment_content, attachment_incoming, desk_metadata

CHUNK = 256 << 10
"""Bytes in each row but a file's last one."""

MOST_IN_MEMORY = 32 << 20
"""The longest file that is given out in one piece."""

MOST_AT_ONCE = 500
"""Hashes in one statement."""


def keep_file(connection: sa.Connection, content: bytes | BinaryIO, media_type: str) -> Attachment:
    """Keep a file under the SHA-256 of its content, inside the caller's write transaction; the same content twice is kept once.

    A stream is read to its end piece by piece.
    """
    if isinstance(content, bytes):
        known = Attachment(hash=hashlib.sha256(content).hexdigest(), size=len(content), media_type=media_type)
        if holds_file(connection, known.hash):
            return known
        content = BytesIO(content)
    file_id = new_id()
    digest, size, ordinal = hashlib.sha256(), 0, 0
    while piece := _read_chunk(content):
        connection.execute(_ADD_CHUNK, {"file_id": file_id, "ordinal": ordinal, "content": piece})
        digest.update(piece)
        size, ordinal = size + len(piece), ordinal + 1
    attachment = Attachment(hash=digest.hexdigest(), size=size, media_type=media_type)
    if holds_file(connection, attachment.hash):
        connection.execute(_DROP_CHUNKS, {"of": file_id})
    else:
        _add_content(connection, attachment, file_id, is_at_centre=False)
    return attachment


def _read_chunk(stream: BinaryIO) -> bytes:
    """A whole chunk even from a stream that gives less at a time; shorter only at its end."""
    pieces, missing = [], CHUNK
    while missing and (piece := stream.read(missing)):
        pieces.append(piece)
        missing -= len(piece)
    return b"".join(pieces)


def _add_content(connection: sa.Connection, attachment: Attachment, file_id: str, *, is_at_centre: bool) -> None:
    connection.execute(_ADD_ATTACHMENT, {"hash": attachment.hash, "size": attachment.size, "media_type": attachment.media_type})
    connection.execute(_ADD_CONTENT, {"hash": attachment.hash, "file_id": file_id, "is_at_centre": is_at_centre})


def holds_file(connection: sa.Connection, content_hash: str) -> bool:
    """Whether this desk has the whole file."""
    return connection.execute(_FILE_ID, {"of": content_hash}).first() is not None


def find_file(connection: sa.Connection, content_hash: str) -> Attachment | None:
    """Size and media type of a file that this desk has; None where it has not."""
    row = connection.execute(_HELD, {"of": content_hash}).first()
    return Attachment(hash=row.hash, size=row.size, media_type=row.media_type) if row else None


def read_file(connection: sa.Connection, content_hash: str, offset: int = 0) -> Iterator[bytes]:
    """The content from `offset` bytes on, in pieces of at most `CHUNK` bytes; LookupError where this desk does not have it."""
    row = connection.execute(_FILE_ID, {"of": content_hash}).first()
    if row is None:
        raise LookupError(content_hash)
    return _chunks(connection, row.file_id, offset)


def _chunks(connection: sa.Connection, file_id: str, offset: int = 0) -> Iterator[bytes]:
    ordinal, skipped = divmod(offset, CHUNK)
    # One row a statement: a result over all rows could be read ahead by the driver.
    while (content := connection.execute(_READ_CHUNK, {"of": file_id, "at": ordinal}).scalar()) is not None:
        yield content[skipped:] if skipped else content
        ordinal, skipped = ordinal + 1, 0


def read_piece(connection: sa.Connection, content_hash: str, offset: int, most: int) -> bytes:
    """Up to `most` bytes from `offset`; LookupError where this desk does not have the file."""
    pieces, missing = [], most
    for chunk in read_file(connection, content_hash, offset):
        pieces.append(chunk[:missing])
        missing -= len(pieces[-1])
        if not missing:
            break
    return b"".join(pieces)


def file_bytes(connection: sa.Connection, content_hash: str) -> bytes | None:
    """The whole content, or None where this desk does not have it. `UserError` past `MOST_IN_MEMORY`: read it in pieces."""
    file = find_file(connection, content_hash)
    if file is None:
        return None
    if file.size > MOST_IN_MEMORY:
        raise UserError(
            tr("这份文件有 {n} MB，太大，不能在窗口里打开。").format(n=file.size >> 20),
            safe=tr("文件完好，会照常上传。"),
            do=tr("需要查看时请分成几份重新扫描。"),
        )
    return b"".join(read_file(connection, content_hash))


def is_intact(connection: sa.Connection, content_hash: str) -> bool:
    """Whether what the desk has still is the content of this hash."""
    return _digest(read_file(connection, content_hash)) == content_hash


def _digest(pieces: Iterator[bytes]) -> str:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


def incoming_bytes(connection: sa.Connection, content_hash: str) -> int:
    """How much of a file from the centre has come in so far."""
    row = connection.execute(sa.select(attachment_incoming.c.file_id).where(attachment_incoming.c.hash == content_hash)).first()
    return _received(connection, row.file_id) if row else 0


def is_incoming_whole(connection: sa.Connection, content_hash: str) -> bool:
    """Whether every byte has come in: a desk may have died before it checked and kept them."""
    row = connection.execute(sa.select(attachment_incoming).where(attachment_incoming.c.hash == content_hash)).first()
    return row is not None and _received(connection, row.file_id) == row.size


def begin_incoming(connection: sa.Connection, attachment: Attachment) -> None:
    """Make ready for a file from the centre, or go on with one that was begun."""
    statement = insert(attachment_incoming).values(
        hash=attachment.hash, size=attachment.size, media_type=attachment.media_type, file_id=new_id()
    )
    connection.execute(statement.on_conflict_do_nothing())


def add_incoming(connection: sa.Connection, content_hash: str, offset: int, content: bytes) -> int:
    """Append what was fetched from `offset`, in whole chunks but for the last; answers how many bytes are here now."""
    row = _incoming(connection, content_hash)
    received = _received(connection, row.file_id)
    if received != offset:
        raise ValueError(f"{received} bytes are here, not {offset}")
    first = offset // CHUNK
    for number, start in enumerate(range(0, len(content), CHUNK)):
        values = {"file_id": row.file_id, "ordinal": first + number, "content": content[start : start + CHUNK]}
        connection.execute(_ADD_CHUNK, values)
    return received + len(content)


def is_incoming_right(connection: sa.Connection, content_hash: str) -> bool:
    """Whether what has come in is the content of this hash. Takes a second for 200 MB: ask it outside a write transaction."""
    return _digest(_chunks(connection, _incoming(connection, content_hash).file_id)) == content_hash


def finish_incoming(connection: sa.Connection, content_hash: str, *, is_right: bool) -> None:
    """Make what has come in a file of this desk, or throw it away where it is not what it should be."""
    row = _incoming(connection, content_hash)
    if is_right and not holds_file(connection, content_hash):
        attachment = Attachment(hash=row.hash, size=row.size, media_type=row.media_type)
        _add_content(connection, attachment, row.file_id, is_at_centre=True)
    else:
        connection.execute(_DROP_CHUNKS, {"of": row.file_id})
    connection.execute(sa.delete(attachment_incoming).where(attachment_incoming.c.hash == content_hash))


def _incoming(connection: sa.Connection, content_hash: str) -> sa.Row[tuple[str, int, str, str]]:
    return connection.execute(sa.select(attachment_incoming).where(attachment_incoming.c.hash == content_hash)).one()


def _received(connection: sa.Connection, file_id: str) -> int:
    length = sa.func.sum(sa.func.length(attachment_chunk.c.content))
    return connection.execute(sa.select(length).where(attachment_chunk.c.file_id == file_id)).scalar() or 0


def note_at_centre(connection: sa.Connection, hashes: Sequence[str], *, is_there: bool = True) -> None:
    """Remember that the centre has these files, or that it has not after all."""
    for start in range(0, len(hashes), MOST_AT_ONCE):
        some = hashes[start : start + MOST_AT_ONCE]
        connection.execute(sa.update(attachment_content).where(attachment_content.c.hash.in_(some)).values(is_at_centre=is_there))


def files_at_centre(connection: sa.Connection) -> list[str]:
    """Hashes of the files that this desk has and the centre was known to have."""
    return list(connection.execute(sa.select(attachment_content.c.hash).where(attachment_content.c.is_at_centre.is_(True))).scalars())


# Made once: building a statement costs more than SQLite needs to carry it out.
_attachment = desk_metadata.tables["attachment"]
_ADD_ATTACHMENT = insert(_attachment).on_conflict_do_nothing()
_ADD_CONTENT = sa.insert(attachment_content)
_ADD_CHUNK = sa.insert(attachment_chunk)
_DROP_CHUNKS = sa.delete(attachment_chunk).where(attachment_chunk.c.file_id == sa.bindparam("of"))
_FILE_ID = sa.select(attachment_content.c.file_id).where(attachment_content.c.hash == sa.bindparam("of"))
_READ_CHUNK = sa.select(attachment_chunk.c.content).where(
    attachment_chunk.c.file_id == sa.bindparam("of"), attachment_chunk.c.ordinal == sa.bindparam("at")
)
_HELD = (
    sa.select(_attachment)
    .join(attachment_content, attachment_content.c.hash == _attachment.c.hash)
    .where(_attachment.c.hash == sa.bindparam("of"))
)
