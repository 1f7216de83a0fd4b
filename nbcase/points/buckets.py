"""A range of persons is a bucket: scored and compared by itself, by threads here or by the tasks of a Spark cluster.

Prepared tables lie in the order of persons, so that a bucket is a stretch of each file and needs no splitting. Spark only
hands out the work; each task runs the same engine, and the files are the same.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import duckdb

from nbcase.domain.errors import UserError
from nbcase.domain.words import tr
from nbcase.points.catalogue import PointsCatalogue
from nbcase.points.engine import connect, parquet, parts_of, write
from nbcase.points.prepared import empty_sql
from nbcase.points.sql import columns_of, facts_sql, rules_sql
from nbcase.points.tables import Table

RANGE = 200_000
"""Persons in one bucket: some 150 MB of memory, and what a cut costs at most."""

SCORES = "scores"
DIFFERENCE = "difference"
CLAIMS = "claims"
CORRECTED = "corrected"
CHOSEN = "persons.parquet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """Prepared files by table, and the deliveries that they are; `claims` is a folder of rows that reviewers accepted, by table."""

    paths: Mapping[str, Path]
    cut: Mapping[str, str]
    claims: Path | None = None

    def claimed(self) -> dict[str, Path]:
        """The files of accepted rows by table."""
        return {path.stem: path for path in sorted(self.claims.glob("*.parquet"))} if self.claims is not None else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """What a run does with the range of persons that begins at a number, callable in any process that sees the same files."""

    catalogue: PointsCatalogue
    paths: Mapping[str, Path]
    on: date
    working: Path
    last: int
    length: int
    memory_mb: int
    previous: Path | None = None
    names: Sequence[str] = field(default_factory=tuple)

    def __call__(self, first: int) -> int:
        """Write the bucket's two files unless they are there; gives `first` back."""
        scores, difference = (self.working / folder / f"{first:09d}.parquet" for folder in (SCORES, DIFFERENCE))
        spill = str(self.working / "spill" / str(first))
        with connect(memory_limit=f"{self.memory_mb}MB", threads=1, temp_directory=spill) as connection:
            if not scores.exists():
                make_views(connection, self.catalogue.tables, self.paths, f"person BETWEEN {first} AND {first + self.length - 1}")
                facts = facts_sql(self.catalogue, self.on, in_order=True)
                _write_whole(connection, f"{rules_sql(self.catalogue, self.on, f'({facts}) AS f')} ORDER BY person", scores)
            if self.previous is not None and not difference.exists():
                # Whoever is not in the register any more may have had a number behind the last one.
                upper = f"person >= {first}" + (f" AND person < {first + self.length}" if first + self.length <= self.last else "")
                before = f"(SELECT * FROM {scores_of(self.previous)} AS b WHERE {upper})"
                _write_whole(connection, difference_sql(parquet(scores), before, self.names), difference)
        return first


def _write_whole(connection: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    unfinished = path.with_suffix(".writing")
    write(connection, query, unfinished)
    unfinished.rename(path)


def make_views(connection: duckdb.DuckDBPyConnection, tables: Mapping[str, Table], paths: Mapping[str, Path], where: str) -> None:
    """The prepared tables of some persons as ``t_<table>``; a table that nobody delivered is empty."""
    for code, table in tables.items():
        source = f"SELECT * FROM {parquet(paths[code])} WHERE {where}" if code in paths else empty_sql(table)
        connection.execute(f"CREATE OR REPLACE TEMP VIEW t_{code} AS {source}")


def scores_of(run: Path) -> str:
    """Everybody's result of a run to select from. A corrected run has those who were scored again in files of their own."""
    parts, corrected = parts_of(run / SCORES), run / CORRECTED
    if not corrected.is_dir():
        return parts
    kept = f"SELECT p.* FROM {parts} AS p ANTI JOIN {parquet(corrected / CHOSEN)} AS c ON c.person = p.person"
    return f"({kept} UNION ALL SELECT * FROM {parts_of(corrected / SCORES)})"


def compared_names(connection: duckdb.DuckDBPyConnection, catalogue: PointsCatalogue, on: date, previous: Path) -> list[str]:
    """Columns that both runs have: facts, points, and the total."""
    known = {row[0] for row in connection.execute(f"DESCRIBE SELECT * FROM {scores_of(previous)}").fetchall()}
    columns = columns_of(catalogue, on)
    return [name for name in (*columns["facts"], *columns["points"], "total") if name in known]


def difference_sql(now: str, before: str, names: Sequence[str]) -> str:
    """Residents whose points differ between two results, by how much each fact, line and the total; `kind` says whether somebody
    is on both sides (``changed``) or appeared or is gone, without figures then.
    """
    columns = ", ".join(f"n.{name} - o.{name} AS {name}" for name in names)
    differs = " OR ".join(f"n.{name} <> o.{name}" for name in names if not name.startswith("f_"))
    kind = "CASE WHEN o.person IS NULL THEN 'appeared' WHEN n.person IS NULL THEN 'gone' ELSE 'changed' END AS kind"
    return (
        f"SELECT COALESCE(n.person, o.person) AS person, {kind}, {columns} FROM {now} AS n FULL JOIN {before} AS o ON o.person = n.person "
        f"WHERE o.person IS NULL OR n.person IS NULL OR {differs} ORDER BY 1"
    )


Runner = Callable[[Bucket, Sequence[int]], Generator[int, None, None]]
"""Has each bucket done, in any order, and gives its beginning when it is."""


def in_threads(bucket: Bucket, beginnings: Sequence[int], *, threads: int = 2) -> Generator[int, None, None]:
    """In this process: an engine of one thread for each bucket in hand, which takes less than one engine of several."""
    with ThreadPoolExecutor(threads) as pool:
        waiting = [pool.submit(bucket, first) for first in beginnings]
        try:
            for done in as_completed(waiting):
                yield done.result()
        finally:
            pool.shutdown(cancel_futures=True)


def under_spark(master: str) -> Runner:
    """By the tasks of a Spark cluster, whose workers see the same files and have this program. Raises `UserError` without Spark."""
    try:
        from pyspark import SparkConf, SparkContext
    except ImportError as error:
        raise UserError(
            tr("没有装 Spark（pyspark）。"), safe=tr("没有计算。"), do=tr("请安装 pyspark 和 Java 17，或用 --engine duckdb。")
        ) from error

    def run(bucket: Bucket, beginnings: Sequence[int]) -> Generator[int, None, None]:
        conf = SparkConf().setMaster(master).setAppName("nbcase score").set("spark.ui.enabled", "false")
        with SparkContext.getOrCreate(conf) as context:
            context.setLogLevel("ERROR")
            # A map in the driver's loop, so that buckets are told as they are done.
            yield from context.parallelize(list(beginnings), max(len(beginnings), 1)).map(bucket).toLocalIterator(prefetchPartitions=True)

    return run
