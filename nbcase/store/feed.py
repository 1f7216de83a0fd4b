"""The centre's change feed: every written record once more, in an order that no reader can fall through.

PostgreSQL hands out positions before it commits, so a reader at position 7 may meet 6 later. The cursor is therefore
(transaction, position), and a page holds only transactions older than every one still running: what comes later
always has a greater transaction number.
"""

from collections.abc import Iterable

import msgspec
import sqlalchemy as sa

from nbcase.domain.errors import UserError
from nbcase.domain.words import tr
from nbcase.store.tables import centre_state, change_feed

START = "0.0"
"""The cursor before the first row."""

PAGE = 500

MOST_DIGITS = 19
"""A 64-bit number has no more."""


class FeedRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One record as it was after one transaction; `body` is the whole record."""

    record_type: str
    record_id: str
    version: int
    body: msgspec.Raw


class FeedPage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rows after a cursor, and the cursor after them."""

    rows: list[FeedRow]
    cursor: str
    has_more: bool


def read_page(connection: sa.Connection, station_code: str, cursor: str, limit: int = PAGE) -> FeedPage:
    """What a station may see after `cursor`: its own rows and those for everybody."""
    after = parse_cursor(cursor)
    scopes = (change_feed.c.station_code == station_code, change_feed.c.station_code.is_(None))
    # One branch for each scope: both walk the index in order and stop at the limit.
    branches = [_visible(scope).where(_position() > sa.tuple_(*after)).order_by(*_ORDER).limit(limit).subquery() for scope in scopes]
    both = sa.union_all(*(sa.select(branch) for branch in branches)).subquery()
    rows = connection.execute(sa.select(both).order_by(both.c.xid, both.c.position).limit(limit)).all()
    return FeedPage(
        rows=[
            FeedRow(record_type=row.record_type, record_id=row.record_id, version=row.version, body=msgspec.Raw(row.body)) for row in rows
        ],
        cursor=f"{rows[-1].xid}.{rows[-1].position}" if rows else cursor,
        has_more=len(rows) == limit,
    )


def feed_head(connection: sa.Connection, station_code: str) -> str:
    """Cursor of the newest row that the station may see now."""
    heads = [
        connection.execute(_visible(scope).order_by(change_feed.c.xid.desc(), change_feed.c.position.desc()).limit(1)).first()
        for scope in (change_feed.c.station_code == station_code, change_feed.c.station_code.is_(None))
    ]
    newest = max((parse_cursor(f"{row.xid}.{row.position}") for row in heads if row is not None), default=(0, 0))
    return f"{newest[0]}.{newest[1]}"


def feed_id(connection: sa.Connection) -> str:
    """Name of this feed: a desk whose cursor belongs to another one begins anew."""
    return str(connection.execute(sa.select(centre_state.c.value).where(centre_state.c.key == "feed_id")).scalar_one())


def append(connection: sa.Connection, rows: Iterable[dict[str, object]]) -> None:
    """Write rows in the caller's transaction."""
    batch = list(rows)
    if batch:
        connection.execute(sa.insert(change_feed), batch)


def parse_cursor(cursor: str) -> tuple[int, int]:
    """Transaction and position; raises `UserError` for anything but two numbers."""
    transaction, _, position = cursor.partition(".")
    if not (_is_number(transaction) and _is_number(position)):
        raise UserError(tr("更新位置的写法不对：{text}").format(text=cursor[:40]))
    return int(transaction), int(position)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < MOST_DIGITS


_ORDER = (change_feed.c.xid, change_feed.c.position)


def _position() -> sa.Tuple:
    return sa.tuple_(change_feed.c.xid, change_feed.c.position)


def _visible(scope: sa.ColumnElement[bool]) -> sa.Select[tuple[object, ...]]:
    # Snapshot and rows must come from one statement: two statements could see two different horizons.
    horizon = sa.text("change_feed.xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
    return sa.select(change_feed).where(scope, horizon)
