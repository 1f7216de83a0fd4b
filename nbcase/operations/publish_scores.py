"""A month's points to the desks: one record for each resident of the centre that the run knows, through the ordinary feed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import sqlalchemy as sa

from nbcase.domain.errors import UserError
from nbcase.domain.score import Score, score_id
from nbcase.domain.words import tr
from nbcase.exchange.archive import Archive
from nbcase.exchange.delivery import NUMBER
from nbcase.points.buckets import scores_of
from nbcase.points.catalogue import PointsCatalogue
from nbcase.points.engine import connect, parquet
from nbcase.points.monthly import Run, among, read_run, records_of
from nbcase.points.rows import plain_rows
from nbcase.points.sheet import score_hash
from nbcase.store import tables
from nbcase.store.centre_database import transaction
from nbcase.store.centre_work import write_scores

BATCH = 2_000
"""Residents in one transaction at the centre."""


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """How many residents the centre has, how many of them the run knows, and how many records were written."""

    residents: int
    known: int
    written: int


def publish_scores(
    engine: sa.Engine,
    run_folder: Path,
    data: Path,
    catalogue: PointsCatalogue,
    *,
    progress: Callable[[int, int], None] = lambda done, everybody: None,
) -> Published:
    """Write the scores of a finished run; a resident whose hash is that of the record already there is left alone.

    In transactions of `BATCH` residents: a cut is made good by doing it again. Raises `UserError` for a run of another catalogue.
    """
    run = _run(run_folder, catalogue)
    archive = Archive(data)
    paths = archive.paths(run.cut)
    residents = _residents(engine)
    known = written = 0
    with connect() as connection:
        registered = _registered(connection, archive.persons, residents)
        for begin in range(0, len(registered), BATCH):
            batch = registered[begin : begin + BATCH]
            found = _scores(connection, run_folder, catalogue, run, batch)
            known += len(found)
            changed = _changed(engine, found)
            if changed:
                records = records_of(connection, catalogue.tables, paths, sorted({person for person, _ in changed}))
                whole = [replace(score, records=plain_rows(records[person])) for person, score in changed]
                with transaction(engine) as work:
                    written += write_scores(work, whole)
            progress(begin + len(batch), len(registered))
    return Published(residents=len(residents), known=known, written=written)


def _run(folder: Path, catalogue: PointsCatalogue) -> Run:
    run = read_run(folder, tr("没有发布。"))
    if run.catalogue_hash != catalogue.hash:
        raise UserError(
            tr("这次结果用的不是现在的积分目录。"), safe=tr("没有发布，受理点仍用上月的积分。"), do=tr("请用现在的目录重新计算。")
        )
    return run


def _residents(engine: sa.Engine) -> Sequence[tuple[str, str, str]]:
    resident = tables.CENTRE_RECORDS["resident"]
    query = sa.select(resident.c.id, resident.c.document_number, resident.c.station_code).order_by(resident.c.id)
    with engine.connect() as connection:
        return [(row.id, row.document_number, row.station_code) for row in connection.execute(query)]


def _registered(
    connection: duckdb.DuckDBPyConnection, persons: Path, residents: Sequence[tuple[str, str, str]]
) -> list[tuple[int, str, str]]:
    """Person, resident id and station of those whom the register knows, in the order of persons, as all files have it: a batch then
    lies together in each of them, and reading it does not mean reading all.
    """
    by_number: dict[str, list[tuple[str, str]]] = {}
    for resident_id, number, station_code in residents:
        by_number.setdefault(number.upper(), []).append((resident_id, station_code))
    query = f"SELECT {NUMBER}, person FROM {parquet(persons)} WHERE {NUMBER} IN (SELECT unnest(?)) ORDER BY person"
    rows = connection.execute(query, [list(by_number)]).fetchall()
    return [(person, *resident) for number, person in rows for resident in by_number[number]]


def _scores(
    connection: duckdb.DuckDBPyConnection,
    run_folder: Path,
    catalogue: PointsCatalogue,
    run: Run,
    registered: Sequence[tuple[int, str, str]],
) -> list[tuple[int, Score]]:
    """The run's rows of these residents as records without their department rows."""
    persons = sorted({person for person, _, _ in registered})
    result = connection.execute(f"SELECT s.* FROM {scores_of(run_folder)} AS s {among(persons, 's')}")
    names = [column[0] for column in result.description]
    rows = {row[0]: dict(zip(names, row, strict=True)) for row in result.fetchall()}
    return [(person, _score(rows[person], catalogue, run, *resident)) for person, *resident in registered if person in rows]


def _score(row: Mapping[str, Any], catalogue: PointsCatalogue, run: Run, resident_id: str, station_code: str) -> Score:
    facts = dict(_starting(row, "f_"))
    district = row["district_code"] or ""
    return Score(
        id=score_id(resident_id),
        resident_id=resident_id,
        on=run.on,
        district_code=district,
        catalogue_hash=catalogue.hash,
        hash=score_hash(catalogue.hash, run.on, district, facts),
        total=row["total"],
        points=dict(_starting(row, "p_")),
        cut=run.cut,
        station_code=station_code,
    )


def _starting(row: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, int]]:
    return ((name.removeprefix(prefix), int(value)) for name, value in row.items() if name.startswith(prefix))


def _changed(engine: sa.Engine, found: Sequence[tuple[int, Score]]) -> list[tuple[int, Score]]:
    """Those that the centre does not have as they are; a record takes on the version that it has."""
    table = tables.CENTRE_RECORDS["score"]
    columns = (table.c.id, table.c.hash, table.c.version, table.c.station_code)
    query = sa.select(*columns).where(table.c.id.in_([score.id for _, score in found]))
    with engine.connect() as connection:
        kept = {row.id: row for row in connection.execute(query)}
    return [
        (person, replace(score, version=kept[score.id].version if score.id in kept else 0))
        for person, score in found
        if score.id not in kept or (kept[score.id].hash, kept[score.id].station_code) != (score.hash, score.station_code)
    ]
