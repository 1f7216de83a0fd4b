"""Every table of desk and centre. Record tables are derived from the domain's dataclasses: a field is declared once."""

import dataclasses
import types
import typing
from collections.abc import Mapping
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

import msgspec
import sqlalchemy as sa

from nbcase.domain.clerk import Clerk, Station
from nbcase.store.records import RECORD_TYPES


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """An aware instant, kept in UTC on both engines (SQLite has no time zones)."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Json(sa.types.TypeDecorator[Any]):
    """JSON values as text with sorted keys: the same text on both sides of the line."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> str | None:
        return None if value is None else msgspec.json.encode(value, order="sorted").decode()

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> Any:
        return None if value is None else msgspec.json.decode(value)


desk_metadata = sa.MetaData()
centre_metadata = sa.MetaData()


def _column_type(annotation: Any) -> sa.types.TypeEngine[Any]:
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return sa.Text()
    plain: dict[Any, sa.types.TypeEngine[Any]] = {
        str: sa.Text(),
        bool: sa.Boolean(create_constraint=False),
        int: sa.Integer(),
        date: sa.Date(),
        datetime: UtcDateTime(),
        Any: Json(),
    }
    if annotation in plain:
        return plain[annotation]
    if typing.get_origin(annotation) in (tuple, Mapping):
        return Json()
    raise TypeError(f"no column type for {annotation!r}")


def _columns(kind: type) -> list[sa.Column[Any]]:
    hints = typing.get_type_hints(kind)
    columns: list[sa.Column[Any]] = []
    for field in dataclasses.fields(kind):
        annotation = hints[field.name]
        nullable = annotation is Any
        if typing.get_origin(annotation) in (types.UnionType, typing.Union):
            annotation = next(part for part in typing.get_args(annotation) if part is not types.NoneType)
            nullable = True
        columns.append(sa.Column(field.name, _column_type(annotation), primary_key=field.name in ("id",), nullable=nullable))
    return columns


def _record_table(name: str, kind: type, metadata: sa.MetaData) -> sa.Table:
    return sa.Table(name, metadata, *_columns(kind))


INDEXES: dict[str, tuple[tuple[str, ...], ...]] = {
    "resident": (("document_number",), ("name", "birth_on"), ("phone",)),
    "dwelling": (("address",), ("street",)),
    "registration": (("resident_id",), ("dwelling_id",), ("case_id",)),
    "case": (("number",), ("resident_id",), ("state", "promised_due_on", "id"), ("accepted_at", "id")),
    "permit": (("resident_id",), ("case_id",)),
    "endorsement": (("permit_id",), ("case_id",)),
    "document": (("case_id",), ("resident_id",), ("made_at", "id")),
    "notice": (("made_at", "id"),),
    "consent": (("resident_id", "given_on"),),
    "score": (("resident_id",),),
    "claim": (("resident_id",), ("case_id",)),
    "offering": (("service_code", "begins_on"),),
    "service": (("resident_id",), ("case_id",)),
    "booking": (("offering_id",), ("resident_id",), ("case_id",)),
    "round": (("use_code", "closes_on"),),
    "round_result": (("round_id",), ("resident_id",), ("case_id",)),
    "round_signature": (("round_id",),),
    "scheme_signature": (("draft_id",),),
    "conflict": (("subject_type", "subject_id"), ("state", "found_at", "id")),
}


def _add_publications(metadata: sa.MetaData) -> None:
    """Lists that the centre publishes to every desk, by revision; an entry that was taken out stays as a mark of that."""
    sa.Table(
        "publication",
        metadata,
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("checksum", sa.Text, nullable=False),
        sa.Column("published_at", UtcDateTime, nullable=False),
        sa.Column("signature", sa.Text, nullable=False),
    )
    sa.Table(
        "published_entry",
        metadata,
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("value", Json),
        sa.Column("is_removed", sa.Boolean(create_constraint=False), nullable=False),
        sa.Index("ix_published_entry_revision", "name", "revision"),
    )


def _add_records(metadata: sa.MetaData) -> dict[str, sa.Table]:
    tables = {name: _record_table(name, kind, metadata) for name, kind in RECORD_TYPES.items()}
    for name, groups in INDEXES.items():
        for group in groups:
            sa.Index(f"ix_{name}_{'_'.join(group)}", *(tables[name].c[column] for column in group))
    sa.Table("clerk", metadata, *_columns(Clerk), sa.UniqueConstraint("login", name="uq_clerk_login"))
    station = sa.Table("station", metadata, *_columns(Station))
    station.append_constraint(sa.PrimaryKeyConstraint(station.c.code, name="pk_station"))
    _add_publications(metadata)
    sa.Table(
        "attachment",
        metadata,
        sa.Column("hash", sa.Text, primary_key=True),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("media_type", sa.Text, nullable=False),
    )
    return tables


DESK_RECORDS = _add_records(desk_metadata)
CENTRE_RECORDS = _add_records(centre_metadata)

# The desk's own tables.

desk_action = sa.Table(
    "action",
    desk_metadata,
    sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("id", sa.Text, nullable=False, unique=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("record_type", sa.Text, nullable=False),
    sa.Column("record_id", sa.Text, nullable=False),
    sa.Column("clerk_id", sa.Text, nullable=False),
    sa.Column("desk_at", UtcDateTime, nullable=False),
    sa.Column("hash", sa.Text, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Index("ix_action_record", "record_type", "record_id"),
)

outbox = sa.Table(
    "outbox",
    desk_metadata,
    sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("action_id", sa.Text, nullable=False, unique=True),
    sa.Column("outcome", sa.Text),
    sa.Column("reason", sa.Text, nullable=False, server_default=""),
    sa.Column("fields", Json),
    sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
    sa.Column("answered_at", UtcDateTime),
    # Which version each change became at the centre; NULL again once the feed has brought all of them back.
    sa.Column("versions", Json),
    # What became of a quarantined action: the action that took its place, or who gave it up and why.
    sa.Column("resent_by", sa.Text),
    sa.Column("given_up_at", UtcDateTime),
    sa.Column("given_up_by", sa.Text),
    sa.Column("given_up_because", sa.Text, nullable=False, server_default=""),
    sa.Index("ix_outbox_outcome", "outcome", "sequence"),
    sa.Index("ix_outbox_versions", "sequence", sqlite_where=sa.text("versions IS NOT NULL")),
)

attachment_content = sa.Table(
    "attachment_content",
    desk_metadata,
    sa.Column("hash", sa.Text, primary_key=True),
    sa.Column("file_id", sa.Text, nullable=False),
    sa.Column("is_at_centre", sa.Boolean(create_constraint=False), nullable=False, server_default=sa.false()),
)

attachment_chunk = sa.Table(
    "attachment_chunk",
    desk_metadata,
    # Not the hash: a file that is still being read or fetched has none yet.
    sa.Column("file_id", sa.Text, primary_key=True),
    sa.Column("ordinal", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
)

attachment_incoming = sa.Table(
    "attachment_incoming",
    desk_metadata,
    sa.Column("hash", sa.Text, primary_key=True),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("media_type", sa.Text, nullable=False),
    sa.Column("file_id", sa.Text, nullable=False),
)

draft = sa.Table(
    "draft",
    desk_metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("clerk_id", sa.Text, nullable=False),
    sa.Column("item_code", sa.Text, nullable=False),
    sa.Column("situation_code", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("answers", Json, nullable=False),
    sa.Column("attachments", Json, nullable=False),
    sa.Column("saved_at", UtcDateTime, nullable=False),
)

number_block = sa.Table(
    "number_block",
    desk_metadata,
    sa.Column("series", sa.Text, primary_key=True),
    sa.Column("first", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("last", sa.BigInteger, nullable=False),
    sa.Column("next", sa.BigInteger, nullable=False),
)

desk_state = sa.Table(
    "desk_state",
    desk_metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("value", Json, nullable=False),
)

print_job = sa.Table(
    "print_job",
    desk_metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("document_id", sa.Text, nullable=False),
    sa.Column("queue", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False, server_default=""),
    sa.Column("detail", sa.Text, nullable=False, server_default=""),
    sa.Column("requested_at", UtcDateTime, nullable=False),
    sa.Column("requested_by", sa.Text, nullable=False),
    sa.Index("ix_print_job_requested_at", "requested_at", "id"),
)

search_entry = sa.Table(
    "search_entry",
    desk_metadata,
    sa.Column("entry", sa.Integer, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("record_id", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("subtitle", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    # What stands in search_key for it, so that no index is needed to take it out again.
    sa.Column("key_text", sa.Text, nullable=False),
    sa.UniqueConstraint("kind", "record_id", name="uq_search_entry_kind_record_id"),
)

search_key = sa.Table(
    "search_key",
    desk_metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("entry", sa.Integer, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

search_todo = sa.Table(
    "search_todo",
    desk_metadata,
    # Appended in the order of the acts: one page, whatever changed.
    sa.Column("place", sa.Integer, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("record_id", sa.Text, nullable=False),
)

SEARCH_TEXT = "search_text"
"""The FTS5 trigram table over `search_entry.text` (external content); SQLAlchemy has no such table kind: made in the migration."""

# The centre's own tables.

enrolment_code = sa.Table(
    "enrolment_code",
    centre_metadata,
    sa.Column("code_hash", sa.Text, primary_key=True),
    sa.Column("station_code", sa.Text, nullable=False),
    sa.Column("window", sa.Text, nullable=False),
    sa.Column("expires_at", UtcDateTime, nullable=False),
    sa.Column("used_by", sa.Text),
)

desk = sa.Table(
    "desk",
    centre_metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("station_code", sa.Text, nullable=False),
    sa.Column("window", sa.Text, nullable=False),
    sa.Column("public_key", sa.Text, nullable=False),
    sa.Column("enrolled_at", UtcDateTime, nullable=False),
    sa.Column("retired_at", UtcDateTime),
    sa.Column("last_seen_at", UtcDateTime),
    # The tree hash over the desk's actions so far, as it stood after the last one: see `nbcase.store.action_trees`.
    sa.Column("tree_count", sa.Integer, nullable=False, server_default="0"),
    sa.Column("tree_peaks", Json, nullable=False, server_default="[]"),
)

session = sa.Table(
    "session",
    centre_metadata,
    sa.Column("token_hash", sa.Text, primary_key=True),
    sa.Column("desk_id", sa.Text, nullable=False),
    sa.Column("clerk_id", sa.Text, nullable=False),
    sa.Column("expires_at", UtcDateTime, nullable=False),
)

centre_action = sa.Table(
    "action",
    centre_metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("desk_id", sa.Text, nullable=False),
    sa.Column("sequence", sa.Integer, nullable=False),
    sa.Column("clerk_id", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("record_type", sa.Text, nullable=False),
    sa.Column("record_id", sa.Text, nullable=False),
    sa.Column("received_at", UtcDateTime, nullable=False),
    sa.Column("hash", sa.Text, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False, server_default=""),
    sa.Column("fields", Json),
    sa.Column("versions", Json, nullable=False),
    sa.UniqueConstraint("desk_id", "sequence", name="uq_action_desk_id_sequence"),
    sa.Index("ix_action_record", "record_type", "record_id"),
)

change_feed = sa.Table(
    "change_feed",
    centre_metadata,
    # In this order: a key that began with xid would be in the readers' order for all stations at once, and the planner walks
    # it past everybody else's rows where it has no better idea.
    sa.Column("position", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("xid", sa.BigInteger, primary_key=True, autoincrement=False, server_default=sa.text("(pg_current_xact_id()::text::bigint)")),
    sa.Column("station_code", sa.Text),
    sa.Column("desk_id", sa.Text),
    sa.Column("record_type", sa.Text, nullable=False),
    sa.Column("record_id", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    # Tells this row from one that had its place before a restore; 53 bits.
    sa.Column("mark", sa.BigInteger, nullable=False, server_default=sa.text("((random() * 9007199254740991)::bigint)")),
    sa.Index("ix_change_feed_station", "station_code", "xid", "position"),
    sa.Index("ix_change_feed_record", "record_type", "record_id", "version"),
)

number_lease = sa.Table(
    "number_lease",
    centre_metadata,
    sa.Column("series", sa.Text, primary_key=True),
    sa.Column("first", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("last", sa.BigInteger, nullable=False),
    sa.Column("desk_id", sa.Text, nullable=False),
    sa.Column("leased_at", UtcDateTime, nullable=False),
    # When the desk first named the block as its own; NULL while the answer may have been lost.
    sa.Column("confirmed_at", UtcDateTime),
)

attachment_use = sa.Table(
    "attachment_use",
    centre_metadata,
    # Which records name a file: a station may fetch the files of its own records.
    sa.Column("hash", sa.Text, primary_key=True),
    sa.Column("record_type", sa.Text, primary_key=True),
    sa.Column("record_id", sa.Text, primary_key=True),
)

centre_state = sa.Table(
    "centre_state",
    centre_metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("value", Json, nullable=False),
)
