"""Drafts: kept at every field leave, there again after a crash, a lock or a log-out, with their pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from nbcase.domain.clerk import Clerk
from nbcase.domain.words import tr
from nbcase.operations.desk import Desk
from nbcase.store import tables
from nbcase.store.desk_database import reading, writing
from nbcase.store.desk_files import file_bytes, keep_file
from nbcase.store.search import note


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftFile:
    """A picture or file of a draft: what it is (``front``, ``back``, ``job_proof`` …) and its content hash."""

    role: str
    hash: str
    media_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An unfinished form of one clerk. It belongs to this desk and is never sent."""

    id: str
    clerk_id: str
    item_code: str
    situation_code: str
    title: str
    answers: Mapping[str, Any]
    attachments: tuple[DraftFile, ...] = ()
    saved_at: datetime


def save_draft(
    desk: Desk,
    clerk: Clerk,
    draft_id: str,
    item_code: str,
    situation_code: str,
    answers: Mapping[str, Any],
    files: Sequence[DraftFile] = (),
) -> Draft:
    """Keep the form as it is now; durable when this returns."""
    draft = Draft(
        id=draft_id,
        clerk_id=clerk.id,
        item_code=item_code,
        situation_code=situation_code,
        title=str(answers.get("name") or "") or tr("未读证件"),
        answers=dict(answers),
        attachments=tuple(files),
        saved_at=desk.clock.now(),
    )
    with writing(desk.engine) as connection:
        _write(connection, draft)
    return draft


def keep_draft_file(desk: Desk, role: str, content: bytes | BinaryIO, media_type: str) -> DraftFile:
    """Keep a captured picture before anything is read from it: a crash in the reading loses nothing."""
    with writing(desk.engine) as connection:
        attachment = keep_file(connection, content, media_type)
    return DraftFile(role=role, hash=attachment.hash, media_type=media_type)


def file_content(desk: Desk, content_hash: str) -> bytes | None:
    """The bytes of a kept file; None where this desk does not hold it."""
    with reading(desk.engine) as connection:
        return file_bytes(connection, content_hash)


def drafts(desk: Desk, clerk: Clerk) -> list[Draft]:
    """The clerk's drafts, newest first."""
    table = tables.draft
    with reading(desk.engine) as connection:
        rows = connection.execute(sa.select(table).where(table.c.clerk_id == clerk.id).order_by(table.c.saved_at.desc(), table.c.id)).all()
    return [_draft(row) for row in rows]


def load_draft(desk: Desk, draft_id: str) -> Draft | None:
    """One draft; None when it was accepted or thrown away."""
    with reading(desk.engine) as connection:
        row = connection.execute(sa.select(tables.draft).where(tables.draft.c.id == draft_id)).first()
    return _draft(row) if row else None


def discard_draft(desk: Desk, draft_id: str) -> None:
    """Throw a draft away on the clerk's word."""
    with writing(desk.engine) as connection:
        remove_draft(connection, draft_id)


def remove_draft(connection: sa.Connection, draft_id: str) -> None:
    """Take a draft out inside the transaction that accepts it."""
    connection.execute(sa.delete(tables.draft).where(tables.draft.c.id == draft_id))
    note(connection, [("draft", draft_id)])


def _draft(row: sa.Row[Any]) -> Draft:
    values = dict(row._mapping)
    return Draft(**{**values, "attachments": tuple(DraftFile(**entry) for entry in values["attachments"])})


def _write(connection: sa.Connection, draft: Draft) -> None:
    values = {
        "id": draft.id,
        "clerk_id": draft.clerk_id,
        "item_code": draft.item_code,
        "situation_code": draft.situation_code,
        "title": draft.title,
        "answers": draft.answers,
        "attachments": [{"role": file.role, "hash": file.hash, "media_type": file.media_type} for file in draft.attachments],
        "saved_at": draft.saved_at,
    }
    connection.execute(insert(tables.draft).values(values).on_conflict_do_update(index_elements=["id"], set_=values))
    note(connection, [("draft", draft.id)])
