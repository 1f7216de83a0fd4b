"""Everybody's points for a month: range by range of persons, resumable, checked by the walker, published by one rename.

A range's result is a file of its own; a run that was cut off goes on with the next range. Nothing carries the run's name
before a sample of residents has been scored again by the walker without a single difference.
"""

import random
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import msgspec

from nbcase.domain.errors import UserError
from nbcase.domain.words import tr
from nbcase.points.catalogue import PointsCatalogue
from nbcase.points.engine import connect, one, parquet, parts_of, write
from nbcase.points.prepared import empty_sql
from nbcase.points.records import Records
from nbcase.points.sheet import Sheet, scorer
from nbcase.points.sql import columns_of, facts_sql, rules_sql
from nbcase.points.tables import PERSON, ColumnKind, Table

RANGE = 400_000
"""Persons in one part: some 300 MB of memory, and what a cut costs at most."""

SAMPLE = 2_000
SCORES = "scores"
RUN = "run.json"
DIFFERENCE = "difference.parquet"

Progress = Callable[[int, int], None]
"""Told how many persons of how many are done."""


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """How one line came out against the month before: how many residents have more, less, and by how much together (hundredths)."""

    more: int
    less: int
    sum: int


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """What a run was made of and what came out; `cut` names each table's delivery, so that it can be repeated."""

    catalogue: str
    catalogue_hash: str
    on: date
    cut: dict[str, str]
    people: int
    total_points: int
    sampled: int
    without_data: list[str]
    changed: dict[str, Changed]
    appeared: int
    gone: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """Prepared files by table, and the deliveries that they are."""

    paths: Mapping[str, Path]
    cut: Mapping[str, str]


def not_a_run(folder: Path, safe: str) -> UserError:
    """The refusal of a folder that holds no finished run."""
    return UserError(tr("{path} 不是一次算完的结果。").format(path=folder), safe=safe, do=tr("请写 score 的结果文件夹。"))


class Differs(Exception):
    """Walker and batch disagree: the run is not published, and this is a bug to be reported with its example."""


def score_month(
    catalogue: PointsCatalogue,
    inputs: Inputs,
    on: date,
    out: Path,
    *,
    previous: Path | None = None,
    memory: str = "1200MB",
    threads: int = 2,
    progress: Progress = lambda done, all_people: None,
) -> Run:
    """Score everybody of the register as of `on` into the folder `out`, which must not exist.

    Raises `UserError` when it does, when there is no register or `previous` is no finished run, `Differs` when the walker finds
    a difference.
    """
    if out.exists():
        raise UserError(tr("{path} 已经有了。").format(path=out), safe=tr("没有改动。"), do=tr("请换一个文件夹。"))
    if PERSON not in inputs.paths:
        raise UserError(tr("没有收过人员名单（person）。"), safe=tr("没有计算。"), do=tr("请先收下 person 的数据。"))
    if previous is not None and not (previous / RUN).is_file():
        raise not_a_run(previous, tr("没有计算。"))
    working = out.with_name(f".{out.name}.part")
    _begin(working, catalogue, inputs, on)
    spill = working / "spill"
    with connect(memory_limit=memory, threads=threads, temp_directory=str(spill), preserve_insertion_order=False) as connection:
        # An empty register has a part too, an empty one.
        last = int(one(connection, f"SELECT coalesce(max(person), 1) FROM {parquet(inputs.paths[PERSON])}"))
        for first in range(1, last + 1, RANGE):
            _score_range(connection, catalogue, inputs, on, working, first)
            progress(min(first + RANGE - 1, last), last)
        scores = parts_of(working / SCORES)
        sampled = check_sample(connection, catalogue, inputs, on, scores)
        run = _summary(connection, catalogue, inputs, on, scores, sampled, previous, working)
    shutil.rmtree(spill, ignore_errors=True)
    (working / RUN).write_bytes(msgspec.json.format(msgspec.json.encode(run), indent=1))
    working.rename(out)
    return run


def _begin(working: Path, catalogue: PointsCatalogue, inputs: Inputs, on: date) -> None:
    """Go on with a run of the same catalogue, cut and day in parts of the same size; a half of any other one is thrown away."""
    mark = msgspec.json.encode([catalogue.hash, dict(inputs.cut), on, RANGE], order="sorted")
    begun = working / "begun.json"
    if working.exists() and (not begun.is_file() or begun.read_bytes() != mark):
        shutil.rmtree(working)
    (working / SCORES).mkdir(parents=True, exist_ok=True)
    begun.write_bytes(mark)


def _score_range(
    connection: duckdb.DuckDBPyConnection, catalogue: PointsCatalogue, inputs: Inputs, on: date, working: Path, first: int
) -> None:
    part = working / SCORES / f"{first:09d}.parquet"
    if part.exists():
        return
    make_views(connection, catalogue.tables, inputs.paths, f"person BETWEEN {first} AND {first + RANGE - 1}")
    query = f"{rules_sql(catalogue, on, f'({facts_sql(catalogue, on)}) AS f')} ORDER BY person"
    unfinished = part.with_suffix(".writing")
    write(connection, query, unfinished)
    unfinished.rename(part)


def make_views(connection: duckdb.DuckDBPyConnection, tables: Mapping[str, Table], paths: Mapping[str, Path], where: str) -> None:
    """The prepared tables of some persons as ``t_<table>``; a table that nobody delivered is empty."""
    for code, table in tables.items():
        source = f"SELECT * FROM {parquet(paths[code])} WHERE {where}" if code in paths else empty_sql(table)
        connection.execute(f"CREATE OR REPLACE TEMP VIEW t_{code} AS {source}")


def check_sample(connection: duckdb.DuckDBPyConnection, catalogue: PointsCatalogue, inputs: Inputs, on: date, scores: str) -> int:
    """Score residents chosen by the run's own content again by the walker; raises `Differs` on the first difference."""
    last = int(one(connection, f"SELECT coalesce(max(person), 0) FROM {scores}"))
    chance = random.Random(f"{catalogue.hash} {on} {sorted(inputs.cut.items())}")
    chosen = sorted(chance.sample(range(1, last + 1), min(SAMPLE, last)))
    result = connection.execute(f"SELECT s.* FROM {scores} AS s {among(chosen, 's')} ORDER BY s.person")
    names = [column[0] for column in result.description]
    rows = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
    records = records_of(connection, catalogue.tables, inputs.paths, chosen)
    for row in rows:
        sheet = scorer(catalogue, on).sheet(records[row["person"]], row["district_code"])
        wanted = columns_from(sheet)
        different = {name: (row[name], value) for name, value in wanted.items() if row[name] != value}
        if different:
            raise Differs(f"person {row['person']}: batch and walker differ in {different}")
    return len(rows)


def columns_from(sheet: Sheet) -> dict[str, int]:
    """The batch's columns as the walker has them."""
    found = {f"f_{fact.definition.name}": fact.value for line in sheet.lines for fact in line.facts}
    found |= {f"p_{line.indicator.code}": line.points for line in sheet.lines if line.is_configured}
    return found | {f"b_{block.code}": block.points for block in sheet.blocks} | {"total": sheet.total}


def records_of(
    connection: duckdb.DuckDBPyConnection, tables: Mapping[str, Table], paths: Mapping[str, Path], persons: Sequence[int]
) -> dict[int, Records]:
    """Some persons' records as the walker takes them: days as dates again."""
    found: dict[int, dict[str, list[dict[str, Any]]]] = {person: {code: [] for code in tables} for person in persons}
    for code, table in tables.items():
        if code not in paths:
            continue
        columns = ", ".join(f"r.{name}" for name in table.columns)
        query = f"SELECT r.person, {columns} FROM {parquet(paths[code])} AS r {among(persons, 'r')}"
        for person, *values in connection.execute(query).fetchall():
            row = {
                column.name: date.fromordinal(value) if column.kind is ColumnKind.DAY and value is not None else value
                for column, value in zip(table.columns.values(), values, strict=True)
            }
            found[person][code].append(row)
    return dict(found)


def among(persons: Sequence[int], alias: str) -> str:
    """Rows of some persons only; joined, because a list of thousands in a filter is looked through row by row."""
    values = ", ".join(map(str, persons)) or "NULL"
    return f"JOIN (SELECT unnest([{values}]) AS person) AS chosen ON chosen.person = {alias}.person"


def _summary(
    connection: duckdb.DuckDBPyConnection,
    catalogue: PointsCatalogue,
    inputs: Inputs,
    on: date,
    scores: str,
    sampled: int,
    previous: Path | None,
    working: Path,
) -> Run:
    people, total = connection.execute(f"SELECT count(*), coalesce(sum(total), 0) FROM {scores}").fetchall()[0]
    changed, appeared, gone = _difference(connection, catalogue, on, scores, previous, working)
    return Run(
        catalogue=catalogue.code,
        catalogue_hash=catalogue.hash,
        on=on,
        cut=dict(inputs.cut),
        people=int(people),
        total_points=int(total),
        sampled=sampled,
        without_data=sorted(set(catalogue.tables) - set(inputs.paths)),
        changed=changed,
        appeared=appeared,
        gone=gone,
    )


def _difference(
    connection: duckdb.DuckDBPyConnection, catalogue: PointsCatalogue, on: date, scores: str, previous: Path | None, working: Path
) -> tuple[dict[str, Changed], int, int]:
    """Residents whose sheet differs from the month before, line by line, in a file; and the sums of it."""
    if previous is None:
        return {}, 0, 0
    before = parts_of(previous / SCORES)
    known = {row[0] for row in connection.execute(f"DESCRIBE SELECT * FROM {before}").fetchall()}
    names = [name for name in (*columns_of(catalogue, on)["points"], "total") if name in known]
    columns = ", ".join(f"n.{name} - o.{name} AS {name}" for name in names)
    differs = " OR ".join(f"n.{name} <> o.{name}" for name in names)
    query = f"SELECT n.person, {columns} FROM {scores} AS n JOIN {before} AS o ON o.person = n.person WHERE {differs} ORDER BY n.person"
    path = working / DIFFERENCE
    write(connection, query, path)
    sums = ", ".join(f"count(*) FILTER ({name} > 0), count(*) FILTER ({name} < 0), coalesce(sum({name}), 0)" for name in names)
    figures = connection.execute(f"SELECT {sums} FROM {parquet(path)}").fetchall()[0]
    changed = {
        name: Changed(more=int(figures[3 * place]), less=int(figures[3 * place + 1]), sum=int(figures[3 * place + 2]))
        for place, name in enumerate(names)
    }
    appeared = int(one(connection, f"SELECT count(*) FROM {scores} AS n ANTI JOIN {before} AS o ON o.person = n.person"))
    gone = int(one(connection, f"SELECT count(*) FROM {before} AS o ANTI JOIN {scores} AS n ON o.person = n.person"))
    return changed, appeared, gone
