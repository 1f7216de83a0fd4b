"""Blocks of receipt numbers: cut from each series one after the other at the centre, never twice, for one desk each.

Why two blocks never overlap: they are cut under one lock, each behind everything that the database *or* the book knows of.
The book is a file that is on the disk before a lease is answered, so a database restored from an older backup cannot hand
out what it has forgotten. Where both were restored, desks name the blocks they hold at every contact (`claim`): a
forgotten one is entered again, and one that somebody else got meanwhile is closed at the desk that named it later.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

import msgspec
import sqlalchemy as sa

from nbcase.domain.errors import UserError
from nbcase.domain.words import tr
from nbcase.store.tables import number_lease
from nbcase.store.vault import write_durably

LEASE_LOCK = 0x6E62_6C65_6173
"""Advisory lock key: blocks are cut one at a time, in every process of the centre."""

BLOCK = 500
"""Numbers in one lease."""

Span = tuple[int, int]
"""First and last number, both included."""


class LeaseBook:
    """How far each series was handed out, in a file that outlives a restored database. Written under `LEASE_LOCK` only."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def last(self, series: str) -> int:
        """The highest number ever leased of a series; 0 for none. Raises `UserError` for a spoilt file."""
        return self._read().get(series, 0)

    def note(self, series: str, last: int) -> None:
        """Raise the mark, durably; it never goes back."""
        marks = self._read()
        if last > marks.get(series, 0):
            write_durably(self._path, msgspec.json.encode({**marks, series: last}, order="sorted"))

    def _read(self) -> dict[str, int]:
        if not self._path.exists():
            return {}
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=dict[str, int])
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise UserError(
                tr("号段簿已损坏：{path}").format(path=self._path),
                safe=tr("没有发出新号段，各窗口用已有的号段照常受理。"),
                do=tr("请从备份恢复这个文件；没有备份时删除它，再重启中心。"),
            ) from error


def lease_block(connection: sa.Connection, book: LeaseBook, series: str, desk_id: str, now: datetime, size: int = BLOCK) -> Span:
    """The next `size` numbers of a series for one desk; never handed out before, never again."""
    _lock(connection)
    known = connection.execute(sa.select(sa.func.max(number_lease.c.last)).where(number_lease.c.series == series)).scalar() or 0
    first = max(known, book.last(series)) + 1
    last = first + size - 1
    # Before the commit: a crash between the two leaves a gap, never a double.
    book.note(series, last)
    _enter(connection, series, (first, last), desk_id, now)
    return first, last


def unconfirmed_leases(connection: sa.Connection, series: str, desk_id: str) -> list[Span]:
    """Blocks of the desk that it has not named yet: their answer may have been lost on the way.

    A block that was named once is never given again, so that a desk whose database was rescued cannot begin it anew.
    """
    lease = number_lease
    query = sa.select(lease.c.first, lease.c.last).where(
        lease.c.series == series, lease.c.desk_id == desk_id, lease.c.confirmed_at.is_(None)
    )
    return [(row.first, row.last) for row in connection.execute(query.order_by(lease.c.first))]


def claim(connection: sa.Connection, book: LeaseBook, series: str, desk_id: str, held: Sequence[Span], now: datetime) -> list[Span]:
    """Note that the desk holds these blocks; answers those it must not use because another desk has numbers of them."""
    lease = number_lease
    rows = connection.execute(sa.select(lease).where(lease.c.series == series, lease.c.desk_id == desk_id)).all()
    own = {(row.first, row.last): row.confirmed_at for row in rows}
    if unconfirmed := [span for span in held if span in own and own[span] is None]:
        _confirm(connection, series, desk_id, unconfirmed, now)
    forgotten = [span for span in held if span not in own]
    if not forgotten:
        return []
    _lock(connection)
    lost = [span for span in forgotten if _is_taken(connection, series, span)]
    for span in forgotten:
        if span not in lost:
            book.note(series, span[1])
            _enter(connection, series, span, desk_id, now, confirmed_at=now)
    return lost


def _lock(connection: sa.Connection) -> None:
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LEASE_LOCK)))


def _enter(
    connection: sa.Connection, series: str, span: Span, desk_id: str, now: datetime, *, confirmed_at: datetime | None = None
) -> None:
    values = {"series": series, "first": span[0], "last": span[1], "desk_id": desk_id, "leased_at": now, "confirmed_at": confirmed_at}
    connection.execute(sa.insert(number_lease).values(values))


def _confirm(connection: sa.Connection, series: str, desk_id: str, spans: Iterable[Span], now: datetime) -> None:
    lease = number_lease
    firsts = [first for first, _ in spans]
    named = (lease.c.series == series) & (lease.c.desk_id == desk_id) & lease.c.first.in_(firsts)
    connection.execute(sa.update(lease).where(named).values(confirmed_at=now))


def _is_taken(connection: sa.Connection, series: str, span: Span) -> bool:
    lease = number_lease
    meets = (lease.c.series == series) & (lease.c.first <= span[1]) & (lease.c.last >= span[0])
    return connection.execute(sa.select(lease.c.first).where(meets).limit(1)).first() is not None
