"""The centre: running it, and what an administrator does there beside the one that may be running."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import msgspec

from nbcase.domain.clock import local_date
from nbcase.domain.errors import UserError
from nbcase.domain.words import tr
from nbcase.operations.enrol import issue_code
from nbcase.operations.publishing import working_calendar
from nbcase.store import people

if TYPE_CHECKING:
    import sqlalchemy as sa

    from nbcase.domain.publication import Publication
    from nbcase.domain.round import Round
    from nbcase.server.centre import Centre


@contextmanager
def centre_database(data: Path, database_url: str | None) -> Iterator[str]:
    """The URL of the centre's PostgreSQL: the one that is named, else the embedded one in the data folder."""
    if database_url is not None:
        yield database_url
        return
    from nbcase.server.embedded import embedded_postgres

    with embedded_postgres(data / "postgres") as url:
        yield url


@contextmanager
def opened_centre(data: Path, database_url: str | None) -> "Iterator[Centre]":
    """A centre for one errand, beside the one that may be running; closed at its end."""
    from nbcase.server.centre import open_centre

    with centre_database(data, database_url) as url:
        centre = open_centre(url, data)
        try:
            yield centre
        finally:
            centre.close()


@contextmanager
def centre_writing(data: Path, database_url: str | None) -> "Iterator[tuple[Centre, sa.Connection]]":
    """A centre for one errand and one transaction at it."""
    from nbcase.store.centre_database import transaction

    with opened_centre(data, database_url) as centre, transaction(centre.engine) as connection:
        yield centre, connection


@contextmanager
def opened_database(url: str) -> "Iterator[sa.Engine]":
    """The centre's database alone, where no key and no file of the centre is needed; closed at its end."""
    from nbcase.store.centre_database import open_centre_database

    engine = open_centre_database(url)
    try:
        yield engine
    finally:
        engine.dispose()


def run_centre(
    data: Path,
    database_url: str | None,
    host: str,
    port: int,
    ready: Callable[[str], None],
    *,
    workers: int = 1,
    tls: tuple[Path, Path] | None = None,
) -> None:
    """Run the centre until SIGTERM or Ctrl+C; `tls` is the certificate's and the key's file."""
    from nbcase.server.serve import serve

    with centre_database(data, database_url) as url:
        serve(url, data, host, port, ready=ready, workers=workers, tls=tls)


def make_enrolment_code(data: Path, database_url: str | None, station_code: str, window: str) -> str:
    """A one-time code for a desk at a station; raises `UserError` for an unknown station."""
    with centre_writing(data, database_url) as (centre, connection):
        if station_code not in {station.code for station in people.stations(connection)}:
            raise UserError(tr("没有受理点 {code}。").format(code=station_code), safe=tr("没有发登记码。"), do=tr("请核对受理点编号。"))
        return issue_code(connection, station_code, window, centre.clock.now())


def publish_calendar(path: Path, data: Path, database_url: str | None) -> "Publication":
    """Publish the announced years of a calendar file to every desk."""
    from nbcase.operations import publishing

    with centre_writing(data, database_url) as (centre, connection):
        return publishing.publish_calendar(connection, centre.key, path, centre.clock.now())


def import_sealed_at_centre(data: Path, database_url: str | None, path: Path) -> dict[str, Any]:
    """Take in a sealed file at the centre itself, where an administrator brings the work of a retired desk too; the receipt."""
    import hashlib

    from nbcase.operations.sealed_import import take_in_sealed

    with opened_centre(data, database_url) as centre:
        try:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
                now = centre.clock.now()
                receipt = take_in_sealed(centre.engine, centre.blobs, centre.key, file, digest, now, by_administrator=True)
        except OSError as error:
            raise UserError(
                tr("文件读不出来：{text}").format(text=error.strerror or str(error)), safe=tr("中心没有收下任何内容。")
            ) from error
    plain: dict[str, Any] = msgspec.to_builtins(receipt)
    return plain


def open_round(path: Path, data: Path, database_url: str | None) -> "Round":
    """Open the round of a file, or change one that is not ranked yet."""
    from nbcase.operations import roundfile

    with centre_writing(data, database_url) as (_, connection):
        return roundfile.open_round(connection, path)


def rank_round(round_id: str, data: Path, database_url: str | None) -> "Round":
    """Rank a round anew; the list waits for signatures."""
    from nbcase.operations import rank
    from nbcase.operations.schemes import schemes

    with centre_writing(data, database_url) as (centre, connection):
        now = centre.clock.now()
        return rank.rank_round(connection, round_id, schemes(connection).newest, now, local_date(now))


def publish_round(round_id: str, data: Path, database_url: str | None) -> "Round":
    """Publish the signed list of a round: for notice first, then as final."""
    from nbcase.operations import rank
    from nbcase.operations.schemes import schemes

    with centre_writing(data, database_url) as (centre, connection):
        calendar = working_calendar(connection, None)
        return rank.publish_round(connection, round_id, schemes(connection).newest, calendar, local_date(centre.clock.now()))


def rounds_at_centre(data: Path, database_url: str | None) -> "list[Round]":
    """Every round that the centre has, the newest first."""
    from nbcase.domain.round import Round
    from nbcase.store.shelf import Shelf

    with opened_centre(data, database_url) as centre, centre.engine.connect() as connection:
        return sorted(Shelf(connection).find(Round), key=lambda one: (one.closes_on, one.name), reverse=True)


def write_demo_data(
    count: int, seed: int, as_of: date | None, *, database_url: str | None = None, data: Path | None = None, lines: TextIO | None = None
) -> int:
    """Synthetic people into a centre's database, or as JSON lines; how many records there were.

    Raises `UserError` for a count below 0.
    """
    from nbcase.demo.load import load, write_lines
    from nbcase.demo.people import people as invented

    if count < 0:
        raise UserError(tr("人数不能小于 0。"))
    today = as_of or local_date(datetime.now(UTC))
    if lines is not None:
        return write_lines(invented(count, seed, today, b"demo" * 8), lines)
    with opened_centre(data or Path("centre-data"), database_url) as centre:
        return load(centre.engine, centre.id_key, invented(count, seed, today, centre.id_key), seed, today, centre.clock.now())
