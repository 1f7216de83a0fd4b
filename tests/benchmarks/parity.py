"""The same points everywhere: ``python -m tests.benchmarks.parity --residents 1000000 --json``.

Random residents, dense around the edges that matter, of every district, for every catalogue (the shipped one and one with
every kind of fact and node) and days on both sides of its versions, month ends and 29 February: the walker's facts, points,
blocks and total against DuckDB's, by the text of the monthly run. Then the boundary vectors that the rules themselves name:
every bound, key, constant and end of a range with its neighbours, alone and mixed. A part of the residents is scored by Spark
too, from the same text brought over by sqlglot, by the buckets of a run over files, and by the reading of the shipped
catalogue that knows nothing of its language. `differences` counts every cell that is not the same; `--spark 0` leaves Spark
out.
"""

import argparse
import json
import multiprocessing
import platform
import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from nbcase.points.buckets import SCORES, Bucket, in_threads
from nbcase.points.catalogue import PointsCatalogue
from nbcase.points.engine import parts_of, write
from nbcase.points.language import Compare, Divide, Expression, Fact, InList, Int, Lookup, Multiply, Step, walk
from nbcase.points.monthly import columns_from
from nbcase.points.reading import FOLDER, load_points_catalogue
from nbcase.points.records import FactValue, Records
from nbcase.points.sheet import needed_facts, score, scorer
from nbcase.points.sql import facts_sql, rules_sql
from tests.points.by_hand import points_by_hand
from tests.points.test_two_faces import EVERYTHING, by_sql, prepared_tables, random_records

DAYS = (date(2026, 10, 31), date(2024, 2, 29), date(2025, 1, 1), date(2024, 12, 31), date(2027, 3, 1), date(2026, 2, 28))
FOLDERS = {"shipped": FOLDER, "everything": EVERYTHING}
DISTRICTS = ("330203", "330205", "330206", "330211", "330212", "330213", "330225", "330226", "330281", "330282", "")
PART = 4_000
BUCKETS = 8
MIXED = 4_000
"""Boundary vectors with several facts at an edge at once, beside those with one."""

PROCESSES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Some residents of one catalogue on one day; all of it follows from these."""

    name: str
    on: date
    seed: int
    count: int
    by_hand: bool = False


@cache
def catalogue_of(name: str) -> PointsCatalogue:
    """A catalogue by its short name."""
    return load_points_catalogue(FOLDERS[name])


def residents(part: Part) -> list[Records]:
    """The residents of a part, districts in turn."""
    catalogue, chance = catalogue_of(part.name), random.Random(f"{part.name} {part.on} {part.seed}")
    found: list[Records] = []
    for place in range(part.count):
        records = dict(random_records(catalogue, chance, part.on))
        records["person"] = [{**records["person"][0], "district_code": DISTRICTS[place % len(DISTRICTS)]}]
        found.append(records)
    return found


def compare(part: Part) -> Counter[str]:
    """Cells that differ between walker and DuckDB (and the reading by hand), by column; `cells` counts all that were compared."""
    catalogue, people = catalogue_of(part.name), residents(part)
    found: Counter[str] = Counter()
    for records, row in zip(people, by_sql(catalogue, people, part.on), strict=True):
        wanted = walked(catalogue, records, part.on)
        found["cells"] += len(wanted)
        found.update(name for name, value in wanted.items() if row[name] != value)
        if part.by_hand:
            found.update(f"by hand {code}" for code in _against_hand(records, wanted, part.on))
    return found


def walked(catalogue: PointsCatalogue, records: Records, on: date) -> Mapping[str, int]:
    """The walker's columns."""
    return columns_from(score(catalogue, records, on, records["person"][0]["district_code"]))


def _against_hand(records: Records, wanted: Mapping[str, int], on: date) -> Iterator[str]:
    for code, points in points_by_hand(records, on).items():
        if wanted["total" if code == "total" else f"p_{code}"] != points * 100:
            yield code


def edges(rule: Expression) -> dict[str, set[int]]:
    """For each fact of a rule the values at which it can turn: bounds, keys, constants, what fills a cap, each with its neighbours."""
    names = {node.name for node in walk(rule) if isinstance(node, Fact)}
    marks = {0}
    for node in walk(rule):
        match node:
            case Step(rows=rows):
                marks.update(bound for bound, _ in rows)
            case Lookup(table=table):
                marks.update(key for key, _ in table)
            case InList(values=values):
                marks.update(values)
            case Divide(by=by):
                marks.add(by)
            case Int(value) | Compare(right=Int(value)):
                marks.add(value)
    factors = {node.right.value for node in walk(rule) if isinstance(node, Multiply) and isinstance(node.right, Int) and node.right.value}
    marks |= {mark // factor for mark in marks for factor in factors}
    return {name: {mark + step for mark in marks for step in (-1, 0, 1)} for name in names}


def boundary_vectors(catalogue: PointsCatalogue, on: date) -> list[dict[str, int]]:
    """Facts at their edges: each edge with the others at their least, then mixed ones."""
    needed = needed_facts(catalogue, on)
    values: dict[str, set[int]] = {fact.name: {fact.low, fact.low + 1, fact.high - 1, fact.high} for fact in needed}
    for indicator in catalogue.indicators:
        found = indicator.version_on(on)
        for name, marks in edges(found.rule).items() if found is not None and found.rule is not None else ():
            values[name] |= marks
    allowed = {fact.name: sorted({min(max(value, fact.low), fact.high) for value in values[fact.name]}) for fact in needed}
    least = {fact.name: fact.low for fact in needed}
    chance = random.Random(f"{catalogue.hash} {on}")
    alone = [{**least, name: value} for name, several in allowed.items() for value in several]
    return alone + [{name: chance.choice(several) for name, several in allowed.items()} for _ in range(MIXED)]


def compare_rules(catalogue: PointsCatalogue, on: date) -> Counter[str]:
    """Points, blocks and total alone on the boundary vectors, in every district: walker against DuckDB."""
    vectors = boundary_vectors(catalogue, on)
    names = sorted(vectors[0])
    columns = {f"f_{name}": np.array([vector[name] for vector in vectors], dtype=np.int64) for name in names}
    places = np.arange(len(vectors))
    with duckdb.connect() as connection:
        connection.register(
            "facts", columns | {"person": places, "district_code": np.array(DISTRICTS, dtype=object)[places % len(DISTRICTS)]}
        )
        result = connection.execute(f"{rules_sql(catalogue, on, 'facts')} ORDER BY person")
        given = [column[0] for column in result.description]
        scored = [dict(zip(given, row, strict=True)) for row in result.fetchall()]
    found: Counter[str] = Counter()
    for vector, row in zip(vectors, scored, strict=True):
        facts = {name: FactValue(catalogue.facts[name], value) for name, value in vector.items()}
        sheet = scorer(catalogue, on).from_facts(facts, row["district_code"])
        wanted = {name: value for name, value in columns_from(sheet).items() if not name.startswith("f_")}
        found["cells"] += len(wanted)
        found.update(name for name, value in wanted.items() if row[name] != value)
    return found


def compare_files(part: Part, folder: Path, *, spark: bool) -> Counter[str]:
    """The walker against what reads prepared files: the buckets of a run, and the plain text in Spark's dialect."""
    catalogue, people = catalogue_of(part.name), residents(part)
    paths = {code: folder / f"{code}.parquet" for code in catalogue.tables}
    with duckdb.connect() as connection:
        prepared_tables(connection, catalogue, people)
        for code, path in paths.items():
            write(connection, f"SELECT * FROM t_{code}", path)
    wanted = [walked(catalogue, records, part.on) for records in people]
    found = Counter(cells=len(wanted) * len(wanted[0]))
    (folder / SCORES).mkdir()
    length = -(-len(people) // BUCKETS)
    bucket = Bucket(
        catalogue=catalogue, paths=paths, on=part.on, working=folder, last=len(people), length=length, memory_mb=500
    )  # fmt: skip
    for _ in in_threads(bucket, range(0, len(people), length)):
        pass
    with duckdb.connect() as connection:
        result = connection.execute(f"SELECT * FROM {parts_of(folder / SCORES)}")
        names = [column[0] for column in result.description]
        _count_differing(found, "bucket", wanted, (dict(zip(names, row, strict=True)) for row in result.fetchall()))
    if spark:
        _count_differing(found, "spark", wanted, by_spark(catalogue, part.on, paths))
    return found


def _count_differing(found: Counter[str], what: str, wanted: Sequence[Mapping[str, int]], rows: Iterator[Mapping[str, Any]]) -> None:
    seen = 0
    for row in rows:
        seen += 1
        found.update(f"{what} {name}" for name, value in wanted[row["person"]].items() if row[name] != value)
    if seen != len(wanted):
        found[f"{what} people"] += abs(seen - len(wanted))


def by_spark(catalogue: PointsCatalogue, on: date, paths: Mapping[str, Path]) -> Iterator[Mapping[str, Any]]:
    """Everybody's row out of Spark, which is given the plain text in its own dialect."""
    import sqlglot
    from pyspark.sql import SparkSession

    settings = {"spark.sql.ansi.enabled": "true", "spark.ui.enabled": "false", "spark.sql.shuffle.partitions": "4"}
    builder = SparkSession.builder.master("local[2]")
    for key, value in settings.items():
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    try:
        for code, path in paths.items():
            spark.read.parquet(str(path)).createOrReplaceTempView(f"t_{code}")
        text = rules_sql(catalogue, on, f"({facts_sql(catalogue, on)}) AS f")
        for row in spark.sql(sqlglot.transpile(text, read="duckdb", write="spark")[0]).toLocalIterator():
            yield row.asDict()
    finally:
        spark.stop()


def parts(count: int, by_hand: int) -> list[Part]:
    """Residents spread over catalogues and days; the first ones of the shipped catalogue are read by hand too."""
    kinds = [(name, on) for name in FOLDERS for on in DAYS]
    found, left, hand = [], count, by_hand
    for seed in range(count):
        if left <= 0:
            break
        name, on = kinds[seed % len(kinds)]
        size = min(PART, left)
        found.append(Part(name=name, on=on, seed=seed, count=size, by_hand=name == "shipped" and hand > 0))
        left -= size
        hand -= size if found[-1].by_hand else 0
    return found


def measure(count: int, second: int, bucketed: int, *, spark: bool) -> dict[str, object]:
    """All comparisons."""
    began = time.perf_counter()
    found: Counter[str] = Counter()
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        for differing in pool.imap_unordered(compare, parts(count, second)):
            found += differing
    took = time.perf_counter() - began
    vectors = 0
    for name in FOLDERS:
        for on in DAYS:
            vectors += len(boundary_vectors(catalogue_of(name), on))
            found += compare_rules(catalogue_of(name), on)
    for name in FOLDERS:
        with tempfile.TemporaryDirectory() as folder:
            found += compare_files(Part(name=name, on=DAYS[1], seed=-1, count=bucketed // len(FOLDERS)), Path(folder), spark=spark)
    cells = found.pop("cells")
    return {
        "name": "parity",
        "figure": round(took / count * 1000, 3),
        "unit": "ms a resident, both faces, two processes",
        "yardstick": "no difference",
        "ratio": sum(found.values()),
        "differences": sum(found.values()),
        "differing": dict(found.most_common(20)),
        "cells": cells,
        "boundary_vectors": vectors,
        "took_s": round(time.perf_counter() - began, 1),
        "sizes": {"residents": count, "by_hand": min(second, count // 2), "buckets": bucketed, "spark": bucketed if spark else 0},
        "versions": {"duckdb": version("duckdb"), "python": platform.python_version()} | _spark_versions(spark),
    }


def _spark_versions(spark: bool) -> dict[str, str]:
    return {name: version(name) for name in ("pyspark", "sqlglot")} if spark else {}


def main(arguments: Sequence[str] | None = None) -> None:
    """Compare and print one JSON line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--residents", type=int, default=1_000_000)
    parser.add_argument("--by-hand", type=int, default=100_000)
    parser.add_argument("--spark", type=int, default=100_000)
    parser.add_argument("--size", type=int, help="hundreds of residents, without Spark; for a short run")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    result: dict[str, Any] = (
        measure(given.size * 100, given.size * 100, given.size * 100, spark=False)
        if given.size
        else measure(given.residents, given.by_hand, given.spark or given.by_hand, spark=given.spark > 0)
    )
    print(json.dumps(result, ensure_ascii=False) if given.json else "\n".join(f"{key}: {value}" for key, value in result.items()))


if __name__ == "__main__":
    main()
