"""A correction inside a month: only residents whose records changed are scored again, and the result is that of a whole run.

Right only for the same day and catalogue, for on another day two residents in three have other points without one new record.
Who changed was found when the corrected delivery came in.
"""

import os
import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb

from nbcase.domain.errors import UserError
from nbcase.domain.words import tr
from nbcase.points.buckets import (
    CHOSEN,
    CLAIMS,
    CORRECTED,
    DIFFERENCE,
    SCORES,
    Bucket,
    Inputs,
    compared_names,
    difference_sql,
    scores_of,
)
from nbcase.points.catalogue import PointsCatalogue
from nbcase.points.engine import connect, one, parquet, parts_of, write
from nbcase.points.monthly import Run, account, check_sample, finish, megabytes, read_run, refuse_existing

SAMPLE = 200
"""Residents whom the walker scores again: of a correction's few that is a larger share than a whole run's sample."""

NEW = "000000001.parquet"
KEPT = "kept.parquet"


def correct_month(
    catalogue: PointsCatalogue,
    inputs: Inputs,
    on: date,
    out: Path,
    *,
    previous: Path,
    changed: Sequence[Path],
    memory: str = "1200MB",
) -> Run:
    """Score the residents of `changed` (files with a column `person`) and those with claims again; all others stay as in `previous`,
    to which the difference is told.

    Raises `UserError` where `previous` is of another day or catalogue, `Differs` as a whole run does.
    """
    refuse_existing(out)
    base = read_run(previous, tr("没有计算。"))
    if (base.on, base.catalogue_hash) != (on, catalogue.hash):
        raise UserError(tr("上次结果不是同一天、同一份积分目录的。"), safe=tr("没有计算。"), do=tr("请全部重新计算。"))
    working = out.with_name(f".{out.name}.part")
    shutil.rmtree(working, ignore_errors=True)
    for folder in (DIFFERENCE, "merged", f"{CORRECTED}/{SCORES}"):
        (working / folder).mkdir(parents=True)
    shutil.copytree(previous / SCORES, working / SCORES, copy_function=_linked)
    limit = megabytes(memory)
    with connect(memory_limit=f"{limit}MB", threads=2, temp_directory=str(working / "spill" / "run")) as connection:
        claims = [*inputs.claimed().values(), *sorted((previous / CLAIMS).glob("*.parquet"))]
        _choose(connection, [*changed, *claims])
        own = _few(connection, catalogue, inputs, working)
        names = compared_names(connection, catalogue, on, previous)
        scored, total, people = _score(connection, catalogue, own, on, working, previous, names, limit)
        scores = parquet(working / CORRECTED / SCORES / NEW)
        sample = [int(row[0]) for row in connection.execute(f"SELECT person FROM {scores} ORDER BY hash(person) LIMIT {SAMPLE}").fetchall()]
        sampled = check_sample(connection, catalogue, own, on, scores, sample)
        _keep_earlier(connection, previous, working)
        figures = {"people": base.people + people, "scored": scored, "total": base.total_points + total, "sampled": sampled}
        run = account(connection, catalogue, inputs, on, working, names, **figures)
    return finish(run, working, out)


def _linked(source: str, target: str) -> str:
    """The same file under another name; a copy where the disk has no such thing."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
    return target


def _choose(connection: duckdb.DuckDBPyConnection, files: Sequence[Path]) -> None:
    sources = " UNION ".join(f"SELECT person FROM {parquet(path)}" for path in files)
    empty = "SELECT CAST(NULL AS BIGINT) AS person WHERE FALSE"
    connection.execute(f"CREATE TEMP TABLE chosen AS SELECT DISTINCT person FROM ({sources or empty})")


def _few(connection: duckdb.DuckDBPyConnection, catalogue: PointsCatalogue, inputs: Inputs, working: Path) -> Inputs:
    """The inputs with the rows of the chosen alone, claims among them, in order."""
    if inputs.claims is not None:
        shutil.copytree(inputs.claims, working / CLAIMS)
    claimed, few = inputs.claimed(), {}
    for code in sorted({*inputs.paths, *claimed}):
        files = [source[code] for source in (inputs.paths, claimed) if code in source]
        few[code] = working / "merged" / f"{code}.parquet"
        order = "person, first" if catalogue.tables[code].is_interval else "person"
        query = f"SELECT r.* FROM {parquet(*files)} AS r SEMI JOIN chosen ON chosen.person = r.person ORDER BY {order}"
        write(connection, query, few[code])
    return replace(inputs, paths=few)


def _score(
    connection: duckdb.DuckDBPyConnection,
    catalogue: PointsCatalogue,
    own: Inputs,
    on: date,
    working: Path,
    previous: Path,
    names: Sequence[str],
    limit: int,
) -> tuple[int, int, int]:
    """How many were scored, and by how much the total and the number of people grew."""
    last = int(one(connection, "SELECT coalesce(max(person), 1) FROM chosen"))
    into = working / CORRECTED
    Bucket(catalogue=catalogue, paths=own.paths, on=on, working=into, last=last, length=last, memory_mb=limit)(1)
    connection.execute(
        f"CREATE TEMP TABLE before AS SELECT b.* FROM {scores_of(previous)} AS b SEMI JOIN chosen ON chosen.person = b.person"
    )
    now = parquet(into / SCORES / NEW)
    write(connection, difference_sql(now, "before", names), working / DIFFERENCE / NEW)
    count, total = connection.execute(f"SELECT count(*), coalesce(sum(total), 0) FROM {now}").fetchall()[0]
    count_before, total_before = connection.execute("SELECT count(*), coalesce(sum(total), 0) FROM before").fetchall()[0]
    return int(count), int(total - total_before), int(count - count_before)


def _keep_earlier(connection: duckdb.DuckDBPyConnection, previous: Path, working: Path) -> None:
    """Of an earlier correction what this one has not scored again; and the list of all whom the parts do not tell."""
    earlier, into = previous / CORRECTED, working / CORRECTED
    chosen = "SELECT person FROM chosen"
    if earlier.is_dir():
        query = f"SELECT e.* FROM {parts_of(earlier / SCORES)} AS e ANTI JOIN chosen ON chosen.person = e.person ORDER BY e.person"
        write(connection, query, into / SCORES / KEPT)
        chosen += f" UNION SELECT person FROM {parquet(earlier / CHOSEN)}"
    write(connection, f"SELECT person FROM ({chosen}) AS c ORDER BY person", into / CHOSEN)
