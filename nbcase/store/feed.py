"""The centre's change feed: every written record once more, in an order that no reader can fall through.

PostgreSQL hands out positions before it commits, so a reader at position 7 may meet 6 later. The cursor is therefore
(transaction, position), and a page holds only transactions older than every one still running: what comes later
always has a greater transaction number.

A restore from a backup takes transaction numbers back. Every row has a random mark, and a cursor names the mark of the row that
it stands on: where that row is no more, or has become another one, the reader is told to begin anew (`FeedPage.reset`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec
import sqlalchemy as sa
import structlog

from nbcase.domain.errors import UserError
from nbcase.domain.words import tr
from nbcase.store.bulk import copy_rows
from nbcase.store.tables import change_feed

START = "0.0.0"
"""The cursor before the first row."""

PAGE = 1000

MOST_DIGITS = 19
"""A 64-bit number has no more."""

BEFORE_ALL = 1
"""The transaction number that rows of another cluster get: PostgreSQL begins its own at 3."""

_log = structlog.get_logger()


class FeedRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One record as it was after one transaction; `body` is the whole record."""

    record_type: str
    record_id: str
    version: int
    body: msgspec.Raw


class FeedPage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rows after a cursor, and the cursor after them. `reset`: the cursor is not of this feed (any more), begin at the start.

    `total` tells who begins how many rows there are.
    """

    rows: list[FeedRow]
    cursor: str
    has_more: bool
    reset: bool = False
    total: int | None = None


@dataclass(frozen=True, slots=True, order=True)
class Cursor:
    """A place in the feed: the row that was read last."""

    transaction: int = 0
    position: int = 0
    mark: int = 0

    def __str__(self) -> str:
        return f"{self.transaction}.{self.position}.{self.mark}"


def read_page(connection: sa.Connection, station_code: str, cursor: str, limit: int = PAGE, *, compact: bool = False) -> FeedPage:
    """What a station may see after `cursor`: its own rows and those for everybody.

    `compact` leaves out rows of which a newer version is to be seen too: for a desk that fetches a whole station.
    """
    after = parse_cursor(cursor)
    if not _stands(connection, after):
        return FeedPage(rows=[], cursor=START, has_more=True, reset=True)
    values = {"station": station_code, "transaction": after.transaction, "position": after.position, "most": limit}
    driver: Any = connection.connection.driver_connection
    with driver.cursor(binary=True) as reader:
        reader.execute(_IN_ORDER)
        rows = reader.execute(_COMPACT_PAGE if compact else _PAGE, values).fetchall()
    return FeedPage(
        rows=[
            FeedRow(record_type=record_type, record_id=record_id, version=version, body=msgspec.Raw(body))
            for _, _, _, record_type, record_id, version, body in rows
        ],
        cursor=str(Cursor(*rows[-1][:3])) if rows else cursor,
        has_more=len(rows) == limit,
    )


# Along the index and stop. Of a table that it has not analysed yet, PostgreSQL believes that sorting all of it is cheaper.
_IN_ORDER = "SELECT " + ", ".join(f"set_config('enable_{way}', 'off', true)" for way in ("bitmapscan", "seqscan", "sort"))

# The snapshot must be that of the statement that reads: two statements could see two different horizons.
_HORIZON = "pg_snapshot_xmin(pg_current_snapshot())::text::bigint"

_NEWER = f"""AND NOT EXISTS (
    SELECT FROM change_feed newer WHERE newer.record_type = feed.record_type AND newer.record_id = feed.record_id
    AND newer.version > feed.version AND newer.station_code IS NOT DISTINCT FROM feed.station_code AND newer.xid < {_HORIZON})"""


def _page(further: str) -> str:
    # One branch for each scope: both walk the index in order and stop at the limit.
    branch = f"""(SELECT xid, position, mark, record_type, record_id, version, body FROM change_feed feed
        WHERE station_code {{scope}} AND xid < {_HORIZON} AND (xid, position) > (%(transaction)s, %(position)s) {further}
        ORDER BY xid, position LIMIT %(most)s)"""
    both = f"{branch.format(scope='= %(station)s')} UNION ALL {branch.format(scope='IS NULL')}"
    return f"SELECT * FROM ({both}) both_scopes ORDER BY xid, position LIMIT %(most)s"


_PAGE, _COMPACT_PAGE = _page(""), _page(_NEWER)


def count_rows(connection: sa.Connection, station_code: str) -> int:
    """How many rows a station may see, older versions included: so much there is to fetch, at most."""
    scope = sa.or_(change_feed.c.station_code == station_code, change_feed.c.station_code.is_(None))
    return connection.execute(sa.select(sa.func.count()).select_from(change_feed).where(scope)).scalar_one()


def adopt_feed(connection: sa.Connection) -> bool:
    """Make the rows of a feed that came from another cluster (`pg_restore`) readable here; whether there were such.

    A row that is visible has a smaller transaction number than any that PostgreSQL will give out next, unless it came from
    elsewhere. Then all rows get one that lies before all: among them the position is order enough, as nothing of them is still
    running. Every desk's cursor is void by that, and every desk reads again. For the start of a centre, before desks are let in.
    """
    if not connection.execute(_FROM_ELSEWHERE).scalar():
        return False
    changed = connection.execute(sa.update(change_feed).where(change_feed.c.xid != BEFORE_ALL).values(xid=BEFORE_ALL)).rowcount
    _log.warning("feed_adopted_from_another_cluster", rows=changed)
    return True


_BEYOND = "change_feed.xid >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
_FROM_ELSEWHERE = sa.text(
    f"SELECT EXISTS (SELECT FROM station JOIN change_feed ON change_feed.station_code = station.code AND {_BEYOND})"
    f" OR EXISTS (SELECT FROM change_feed WHERE station_code IS NULL AND {_BEYOND})"
)


NEW_ROW = ("station_code", "desk_id", "record_type", "record_id", "version", "body")
NewRow = tuple[str | None, str | None, str, str, int, bytes]


def append(connection: sa.Connection, rows: Iterable[NewRow]) -> None:
    """Write rows with the columns of `NEW_ROW` in the caller's transaction; `desk_id` is the desk that caused it, if one did."""
    copy_rows(connection, change_feed, NEW_ROW, rows)


def parse_cursor(cursor: str) -> Cursor:
    """The place that a cursor names; raises `UserError` for anything but three numbers."""
    parts = cursor.split(".")
    if len(parts) != 3 or not all(map(_is_number, parts)):
        raise UserError(tr("更新位置的写法不对：{text}").format(text=cursor[:40]))
    return Cursor(*map(int, parts))


def _stands(connection: sa.Connection, cursor: Cursor) -> bool:
    """Whether the row that the cursor names is here; the start always is."""
    if cursor == Cursor():
        return True
    row = change_feed.c
    query = sa.select(row.mark).where(row.xid == cursor.transaction, row.position == cursor.position)
    return connection.execute(query).scalar() == cursor.mark


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < MOST_DIGITS
