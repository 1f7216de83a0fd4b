"""Everybody's points for a month: bucket by bucket of persons, resumable, checked by the walker, published by one rename.

A bucket's result is a file of its own; a run that was cut off goes on with the next one. Nothing carries the run's name
before a sample of residents has been scored again by the walker without a single difference.
"""

import hashlib
import random
import re
import shutil
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import msgspec

from nbcase.domain.errors import UserError
from nbcase.domain.words import tr
from nbcase.points import buckets
from nbcase.points.buckets import CLAIMS, DIFFERENCE, SCORES, Bucket, Inputs, Runner, compared_names, in_threads
from nbcase.points.catalogue import PointsCatalogue
from nbcase.points.engine import connect, one, parquet, parts_of, write
from nbcase.points.language import Fact, Ref, walk
from nbcase.points.records import Records
from nbcase.points.sheet import Sheet, scorer
from nbcase.points.tables import PERSON, ColumnKind, Table

SAMPLE = 2_000
RUN = "run.json"

Progress = Callable[[int, int], None]
"""Told how many persons of how many are done."""


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """How one line came out against the run before: how many residents have more, less, and by how much together (hundredths).

    `by_rule`: with the same facts as before, so that the catalogue gives them other points; all others have other facts.
    """

    more: int
    less: int
    sum: int
    by_rule: int = 0


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """What a run was made of and what came out; `cut` names each table's delivery, so that it can be repeated.

    `claims` counts the accepted rows that it had beside the deliveries; `scored` whom it scored, in a corrected run a few.
    """

    catalogue: str
    catalogue_hash: str
    on: date
    cut: dict[str, str]
    claims: int = 0
    people: int
    scored: int
    total_points: int
    sampled: int
    without_data: list[str]
    changed: dict[str, Changed]
    appeared: int
    gone: int


def not_a_run(folder: Path, safe: str) -> UserError:
    """The refusal of a folder that holds no finished run."""
    return UserError(tr("{path} 不是一次算完的结果。").format(path=folder), safe=safe, do=tr("请写 score 的结果文件夹。"))


def read_run(folder: Path, safe: str) -> Run:
    """A finished run's own account; raises `UserError` where there is none."""
    try:
        return msgspec.json.decode((folder / RUN).read_bytes(), type=Run)
    except (OSError, msgspec.DecodeError) as error:
        raise not_a_run(folder, safe) from error


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
    runner: Runner | None = None,
    progress: Progress = lambda done, all_people: None,
) -> Run:
    """Score everybody of the register as of `on` into the folder `out`, which must not exist.

    `memory` is shared by the `threads` buckets that are in hand at a time. Raises `UserError` when `out` exists, when there is
    no register or `previous` is no finished run, `Differs` when the walker finds a difference.
    """
    refuse_existing(out)
    if PERSON not in inputs.paths:
        raise UserError(tr("没有收过人员名单（person）。"), safe=tr("没有计算。"), do=tr("请先收下 person 的数据。"))
    if previous is not None:
        read_run(previous, tr("没有计算。"))
    working = out.with_name(f".{out.name}.part")
    _begin(working, catalogue, inputs, on, previous)
    each = megabytes(memory) // threads
    with connect(memory_limit=f"{each}MB", threads=threads, temp_directory=str(working / "spill" / "run")) as connection:
        own = with_claims(connection, catalogue, inputs, working)
        # An empty register has a bucket too, an empty one.
        last = int(one(connection, f"SELECT coalesce(max(person), 1) FROM {parquet(inputs.paths[PERSON])}"))
        names = compared_names(connection, catalogue, on, previous) if previous is not None else ()
        bucket = Bucket(
            catalogue=catalogue, paths=own.paths, on=on, working=working, last=last, length=buckets.RANGE, memory_mb=each,
            previous=previous, names=tuple(names),
        )  # fmt: skip
        done = 0
        with closing((runner or _threads(threads))(bucket, range(1, last + 1, buckets.RANGE))) as finished:
            for _ in finished:
                done += buckets.RANGE
                progress(min(done, last), last)
        scores = parts_of(working / SCORES)
        sampled = check_sample(connection, catalogue, own, on, scores, _chosen(connection, catalogue, inputs, on, scores))
        people, total = connection.execute(f"SELECT count(*), coalesce(sum(total), 0) FROM {scores}").fetchall()[0]
        run = account(
            connection, catalogue, inputs, on, working, names, people=int(people), scored=int(people), total=int(total), sampled=sampled
        )
    return finish(run, working, out)


def _threads(count: int) -> Runner:
    def run(bucket: Bucket, beginnings: Sequence[int]) -> Generator[int, None, None]:
        return in_threads(bucket, beginnings, threads=count)

    return run


def refuse_existing(out: Path) -> None:
    """A run never writes over anything."""
    if out.exists():
        raise UserError(tr("{path} 已经有了。").format(path=out), safe=tr("没有改动。"), do=tr("请换一个文件夹。"))


def megabytes(text: str) -> int:
    """A limit such as ``500MB`` or ``2GB`` in megabytes; raises `UserError`."""
    found = re.fullmatch(r"(\d+)\s*(MB|GB)", text.strip().upper())
    if found is None or int(found[1]) == 0:
        raise UserError(tr("内存写成 500MB 或 2GB 这样。"), safe=tr("没有计算。"))
    return int(found[1]) * (1 if found[2] == "MB" else 1000)


def finish(run: Run, working: Path, out: Path) -> Run:
    """Give the run its name, with everything that only the work needed gone."""
    for folder in ("spill", "merged"):
        shutil.rmtree(working / folder, ignore_errors=True)
    (working / RUN).write_bytes(msgspec.json.format(msgspec.json.encode(run), indent=1))
    working.rename(out)
    return run


def _begin(working: Path, catalogue: PointsCatalogue, inputs: Inputs, on: date, previous: Path | None) -> None:
    """Go on with a run of the same catalogue, cut, day and comparison in buckets of the same size; a half of any other one goes."""
    claims = [hashlib.sha256(path.read_bytes()).hexdigest() for path in inputs.claimed().values()]
    before = (previous / RUN).read_text("utf-8") if previous is not None else ""
    mark = msgspec.json.encode([catalogue.hash, dict(inputs.cut), claims, on, before, buckets.RANGE], order="sorted")
    begun = working / "begun.json"
    if working.exists() and (not begun.is_file() or begun.read_bytes() != mark):
        shutil.rmtree(working)
    for folder in (SCORES, DIFFERENCE):
        (working / folder).mkdir(parents=True, exist_ok=True)
    begun.write_bytes(mark)


def with_claims(connection: duckdb.DuckDBPyConnection, catalogue: PointsCatalogue, inputs: Inputs, working: Path) -> Inputs:
    """The inputs with accepted rows among the departments' own, in order; the run keeps a copy of these rows."""
    if inputs.claims is None:
        return inputs
    shutil.copytree(inputs.claims, working / CLAIMS, dirs_exist_ok=True)
    merged = dict(inputs.paths)
    (working / "merged").mkdir(exist_ok=True)
    for code, path in inputs.claimed().items():
        target = working / "merged" / f"{code}.parquet"
        files = [inputs.paths[code], path] if code in inputs.paths else [path]
        write(
            connection, f"SELECT * FROM {parquet(*files)} ORDER BY person{', first' if catalogue.tables[code].is_interval else ''}", target
        )
        merged[code] = target
    return replace(inputs, paths=merged)


def _chosen(connection: duckdb.DuckDBPyConnection, catalogue: PointsCatalogue, inputs: Inputs, on: date, scores: str) -> list[int]:
    """The residents of the sample: by the run's own content, so that nobody picks them."""
    last = int(one(connection, f"SELECT coalesce(max(person), 0) FROM {scores}"))
    chance = random.Random(f"{catalogue.hash} {on} {sorted(inputs.cut.items())}")
    return sorted(chance.sample(range(1, last + 1), min(SAMPLE, last)))


def check_sample(
    connection: duckdb.DuckDBPyConnection, catalogue: PointsCatalogue, inputs: Inputs, on: date, scores: str, chosen: Sequence[int]
) -> int:
    """Score some residents again by the walker; raises `Differs` on the first difference."""
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
    """Rows of some persons only; joined, because a list of thousands in a filter is looked through row by row. The bounds beside it
    leave out the stretches of a file in which none of them can lie.
    """
    values = ", ".join(map(str, persons)) or "NULL"
    within = f" AND {alias}.person BETWEEN {min(persons)} AND {max(persons)}" if persons else ""
    return f"JOIN (SELECT unnest([{values}]) AS person) AS chosen ON chosen.person = {alias}.person{within}"


def account(
    connection: duckdb.DuckDBPyConnection,
    catalogue: PointsCatalogue,
    inputs: Inputs,
    on: date,
    working: Path,
    names: Sequence[str],
    *,
    people: int,
    scored: int,
    total: int,
    sampled: int,
) -> Run:
    """The run's account of itself, with the sums of the difference's files."""
    changed, appeared, gone = _sums(connection, catalogue, on, parts_of(working / DIFFERENCE), names) if names else ({}, 0, 0)
    claims = sum(int(one(connection, f"SELECT count(*) FROM {parquet(path)}")) for path in inputs.claimed().values())
    return Run(
        catalogue=catalogue.code,
        catalogue_hash=catalogue.hash,
        on=on,
        cut=dict(inputs.cut),
        claims=claims,
        people=people,
        scored=scored,
        total_points=total,
        sampled=sampled,
        without_data=sorted(set(catalogue.tables) - set(inputs.paths)),
        changed=changed,
        appeared=appeared,
        gone=gone,
    )


def _sums(
    connection: duckdb.DuckDBPyConnection, catalogue: PointsCatalogue, on: date, difference: str, names: Sequence[str]
) -> tuple[dict[str, Changed], int, int]:
    lines = [name for name in names if not name.startswith("f_")]
    causes = _causes(catalogue, on)
    wanted = ["count(*) FILTER (kind = 'appeared')", "count(*) FILTER (kind = 'gone')"]
    for name in lines:
        same = " AND ".join(f"{cause} = 0" for cause in causes.get(name, ()) if cause in names) or "TRUE"
        by_rule = "0" if name == "total" else f"count(*) FILTER ({name} <> 0 AND {same})"
        wanted += [f"count(*) FILTER ({name} > 0)", f"count(*) FILTER ({name} < 0)", f"coalesce(sum({name}), 0)", by_rule]
    appeared, gone, *figures = map(int, connection.execute(f"SELECT {', '.join(wanted)} FROM {difference}").fetchall()[0])
    each = zip(lines, *(figures[place::4] for place in range(4)), strict=True)
    return {name: Changed(more=more, less=less, sum=sum_, by_rule=by_rule) for name, more, less, sum_, by_rule in each}, appeared, gone


def _causes(catalogue: PointsCatalogue, on: date) -> dict[str, list[str]]:
    """For each line the columns that its rule reads: with all of them as before, other points come from another rule."""
    return {
        f"p_{indicator.code}": [
            f"f_{node.name}" if isinstance(node, Fact) else f"p_{node.code}" for node in walk(version.rule) if isinstance(node, Fact | Ref)
        ]
        for indicator, version in catalogue.everywhere_on(on)
        if version.rule is not None
    }
