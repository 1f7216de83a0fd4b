"""Taking in a delivery: all of it is checked before any of it counts, and it counts from one rename on, or not at all."""

import codecs
import shutil
import tempfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import duckdb
import msgspec

from nbcase.domain.words import tr
from nbcase.exchange.archive import CHANGED, PERSONS, PREPARED, REPORT, Archive, Quality
from nbcase.exchange.delivery import CHUNK, NUMBER, DeliveryError, Manifest, check_bytes, read_manifest, refused
from nbcase.points.engine import connect, one, parquet, write
from nbcase.points.prepared import DELIVERED, prepare_sql
from nbcase.points.tables import PERSON, Column, ColumnKind, Table

MOST_SET_ASIDE = 0.02
"""A delivery with a larger share of rows that cannot be used is refused: it is not what it should be."""

SET_ASIDE = "set-aside.parquet"


def accept_delivery(folder: Path, data: Path, scheme: str, tables: Mapping[str, Table], now: datetime, *, memory: str = "1GB") -> Quality:
    """Check a delivery and put it into the archive of `data`. Raises `DeliveryError` in words; the archive is as before then.

    A row that cannot be used (unknown number, wrong type or range, doubled) is set aside with its reason and counted.
    """
    manifest, archive = read_manifest(folder), Archive(data)
    table = tables.get(manifest.table)
    if manifest.scheme != scheme or table is None:
        raise refused(
            folder,
            tr("清单写的是 {scheme} 的 {table}，这里用的是 {own}。").format(scheme=manifest.scheme, table=manifest.table, own=scheme),
        )
    if manifest.key in archive.deliveries(manifest.table):
        raise refused(folder, tr("{key} 已经收下过。更正要用更大的 revision。").format(key=manifest.key))
    if manifest.table != PERSON and not archive.persons.is_file():
        raise refused(folder, tr("还没有收过人员名单（person），认不出是谁的数据。"))
    check_bytes(folder, manifest)
    target = archive.folder(manifest.table, manifest.key)
    with tempfile.TemporaryDirectory(dir=data, prefix=".incoming-") as name:
        working = Path(name)
        with connect(memory_limit=memory, temp_directory=str(working / "spill")) as connection:
            _load(connection, folder, manifest, table, working)
            try:
                quality = _sort_out(connection, folder, manifest, table, archive, working, now)
            except (duckdb.InvalidInputException, duckdb.DataError) as error:
                # A column is read only when it is asked for: a wrong byte deep in a file comes up here.
                raise _unreadable(folder, manifest, error) from error
        (working / REPORT).write_bytes(msgspec.json.format(msgspec.json.encode(quality), indent=1))
        shutil.rmtree(working / "spill", ignore_errors=True)
        kept = working / "kept"
        kept.mkdir()
        for made in (PREPARED, REPORT, SET_ASIDE, *([CHANGED] if quality.replaces else [])):
            (working / made).rename(kept / made)
        shutil.copy2(folder / manifest.file, kept / manifest.file)
        if manifest.table == PERSON:
            (working / PERSONS).replace(archive.persons)
        target.parent.mkdir(parents=True, exist_ok=True)
        kept.rename(target)
    return quality


def _load(connection: duckdb.DuckDBPyConnection, folder: Path, manifest: Manifest, table: Table, working: Path) -> None:
    """The delivered file as the view `raw`, every column as it came."""
    path = folder / manifest.file
    if manifest.format == "csv" and manifest.encoding != "utf-8":
        path = _recoded(folder, path, manifest.encoding, working / "recoded.csv")
    try:
        if manifest.format == "parquet":
            raw = connection.read_parquet(str(path))
        else:
            raw = connection.read_csv(str(path), header=True, all_varchar=True, strict_mode=True)
        raw.create_view("raw")
        found = set(raw.columns)
        count = int(one(connection, "SELECT count(*) FROM raw"))
    except duckdb.Error as error:
        raise _unreadable(folder, manifest, error) from error
    wanted = {NUMBER, *table.columns}
    if found != wanted:
        missing, extra = "、".join(sorted(wanted - found)) or "—", "、".join(sorted(found - wanted)) or "—"
        raise refused(folder, tr("列不对：缺 {missing}，多 {extra}。").format(missing=missing, extra=extra))
    if count != manifest.rows:
        raise refused(folder, tr("清单写 {wanted} 行，文件里有 {found} 行。").format(wanted=manifest.rows, found=count))


def _unreadable(folder: Path, manifest: Manifest, error: duckdb.Error) -> DeliveryError:
    return refused(folder, tr("{file} 读不出来：{text}").format(file=manifest.file, text=str(error).splitlines()[0]))


def _recoded(folder: Path, path: Path, encoding: str, target: Path) -> Path:
    """The same text in UTF-8. Python's GB 18030 reads the four-byte and private-use codes; a wrong byte refuses the file."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with path.open("rb") as source, target.open("w", encoding="utf-8", newline="") as result:
            while chunk := source.read(CHUNK):
                result.write(decoder.decode(chunk))
            result.write(decoder.decode(b"", final=True))
    except UnicodeDecodeError as error:
        raise refused(
            folder, tr("{file} 不是 {encoding} 编码：第 {n} 字节。").format(file=path.name, encoding=encoding, n=error.start)
        ) from error
    return target


def _sort_out(
    connection: duckdb.DuckDBPyConnection, folder: Path, manifest: Manifest, table: Table, archive: Archive, working: Path, now: datetime
) -> Quality:
    """Write the prepared table, the rows set aside, and for the register the list of persons."""
    if manifest.table == PERSON:
        _number_persons(connection, archive)
    else:
        connection.execute(f"CREATE VIEW persons AS SELECT * FROM {parquet(archive.persons)}")
    columns = ", ".join(table.columns)
    _check_rows(connection, table)
    connection.execute(f"CREATE TEMP VIEW good AS SELECT person, {columns} FROM checked WHERE reason IS NULL")
    reason_counts = connection.execute(
        "SELECT reason, count(*) FROM checked WHERE reason IS NOT NULL GROUP BY reason ORDER BY reason"
    ).fetchall()
    set_aside = {str(reason): int(count) for reason, count in reason_counts}
    if sum(set_aside.values()) > manifest.rows * MOST_SET_ASIDE:
        raise refused(folder, tr("不能用的行太多：{counts}。").format(counts="、".join(f"{key} {n}" for key, n in set_aside.items())))
    write(connection, prepare_sql(table, "good"), working / PREPARED)
    aside = f"SELECT {NUMBER}, reason, {', '.join(f'w_{name}' for name in table.columns)} FROM checked WHERE reason IS NOT NULL"
    write(connection, aside, working / SET_ASIDE)
    if manifest.table == PERSON:
        write(connection, "SELECT * FROM persons ORDER BY person", working / PERSONS)
    earlier = archive.deliveries(manifest.table)
    before = [key for key in earlier if key < manifest.key]
    replaces = before[-1] if before and before[-1].startswith(manifest.period) else ""
    if replaces:
        write(connection, _changed_sql(archive.folder(manifest.table, replaces) / PREPARED, working / PREPARED), working / CHANGED)
    return Quality(
        manifest=manifest,
        taken=manifest.rows - sum(set_aside.values()),
        set_aside=set_aside,
        people=int(one(connection, "SELECT count(DISTINCT person) FROM good")),
        previous_rows=archive.quality(manifest.table, before[-1]).taken if before else None,
        is_late=bool(earlier) and earlier[-1][:7] > manifest.period,
        replaces=replaces,
        accepted_at=now.isoformat(),
    )


def _changed_sql(before: Path, now: Path) -> str:
    """The persons whose rows are not the same in two prepared files, in whatever order: by the sum of their rows' hashes."""
    of = "(SELECT person, count(*) AS n, sum(hash(r)) AS h FROM {source} AS r GROUP BY person)"
    old, new = (of.format(source=parquet(path)) for path in (before, now))
    differs = "o.person IS NULL OR n.person IS NULL OR o.n <> n.n OR o.h <> n.h"
    joined = f"{new} AS n FULL JOIN {old} AS o ON o.person = n.person"
    return f"SELECT COALESCE(n.person, o.person) AS person FROM {joined} WHERE {differs} ORDER BY 1"


def _check_rows(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    """The table `checked`: typed values with their person, and for a row that cannot be used the reason and all of it as it came."""
    typed = ", ".join(f"TRY_CAST(r.{column.name} AS {DELIVERED[column.kind]}) AS {column.name}" for column in table.columns.values())
    came = ", ".join(f"r.{name} AS w_{name}" for name in table.columns)
    is_kept = "reason IS NOT NULL OR suspect"
    kept = ", ".join(f"CASE WHEN {is_kept} THEN CAST(w_{name} AS VARCHAR) END AS w_{name}" for name in table.columns)
    reasons = " ".join(f"WHEN {condition} THEN '{reason}'" for reason, condition in _reasons(table))
    connection.execute(
        f"CREATE TEMP TABLE checked AS SELECT person, {', '.join(table.columns)}, reason, suspect, "
        f"CASE WHEN {is_kept} THEN {NUMBER} END AS {NUMBER}, {kept} "
        f"FROM (SELECT *, CASE {reasons} END AS reason FROM ("
        f"SELECT persons.person AS person, r.{NUMBER} AS {NUMBER}, {typed}, {came}, r.suspect AS suspect "
        f"FROM ({_with_suspects(connection, table)}) AS r LEFT JOIN persons ON persons.{NUMBER} = {_written('r')}) AS joined) AS judged"
    )
    # Only among rows that can be used: a wrong one must not push the right one out.
    same = ", ".join(["person", *(() if table.code == PERSON else table.columns)])
    copies = f"row_number() OVER (PARTITION BY {same} ORDER BY {', '.join(table.columns)}) AS copy"
    connection.execute(
        f"UPDATE checked SET reason = 'doubled' WHERE rowid IN (SELECT row FROM ("
        f"SELECT rowid AS row, {copies} FROM checked WHERE suspect AND reason IS NULL) AS c WHERE copy > 1)"
    )


def _with_suspects(connection: duckdb.DuckDBPyConnection, table: Table) -> str:
    """Every delivered row with whether it may be `suspect` of being there twice: rows that are there once, nearly all, are told by
    their hash alone; numbering all of them would sort the whole delivery by all its columns.
    """
    # One row of the register for each person; elsewhere a row is doubled when all of it is.
    same = [_written("raw"), *(() if table.code == PERSON else (f"raw.{name}" for name in table.columns))]
    mark = f"hash({', '.join(same)})"
    connection.execute(
        f"CREATE TEMP TABLE suspect AS SELECT mark FROM (SELECT {mark} AS mark FROM raw) AS m GROUP BY mark HAVING count(*) > 1"
    )
    if not one(connection, "SELECT count(*) FROM suspect"):
        return "SELECT *, FALSE AS suspect FROM raw"
    return f"SELECT *, {mark} IN (SELECT mark FROM suspect) AS suspect FROM raw"


def _written(row: str) -> str:
    """A row's number as it ought to be written."""
    return f"upper(trim({row}.{NUMBER}))"


def _number_persons(connection: duckdb.DuckDBPyConnection, archive: Archive) -> None:
    """Everybody keeps the number that the first delivery gave; new people get the next ones, in the order of their documents."""
    known = f"SELECT {NUMBER}, person FROM {parquet(archive.persons)}" if archive.persons.is_file() else None
    empty = f"SELECT CAST(NULL AS VARCHAR) AS {NUMBER}, CAST(NULL AS BIGINT) AS person WHERE FALSE"
    connection.execute(f"CREATE TEMP TABLE persons AS {known or empty}")
    connection.execute(
        f"INSERT INTO persons SELECT n, (SELECT coalesce(max(person), 0) FROM persons) + row_number() OVER (ORDER BY n) FROM ("
        f"SELECT DISTINCT {_written('raw')} AS n FROM raw WHERE regexp_full_match({_written('raw')}, '[0-9A-Z]{{5,20}}') "
        f"EXCEPT SELECT {NUMBER} FROM persons) AS fresh"
    )


def _reasons(table: Table) -> list[tuple[str, str]]:
    """Why a row cannot be used, the first that fits."""
    found = [("unknown_number", "person IS NULL")]
    for column in table.columns.values():
        found.append(("wrong_type", f"w_{column.name} IS NOT NULL AND {column.name} IS NULL"))
        if column.kind in (ColumnKind.MONTH, ColumnKind.INT):
            # The engine would round.
            found.append(("wrong_type", f"TRY_CAST(w_{column.name} AS DOUBLE) <> {column.name}"))
        if not column.optional:
            found.append(("missing", f"{column.name} IS NULL"))
        found += _out_of_range(column)
    if table.first is not None:
        found.append(("ends_before_it_begins", f"{table.last} < {table.first}"))
    return found


def _out_of_range(column: Column) -> list[tuple[str, str]]:
    match column.kind:
        case ColumnKind.INT:
            return [("out_of_range", f"{column.name} NOT BETWEEN {column.low} AND {column.high}")]
        case ColumnKind.DAY:
            return [("out_of_range", f"{column.name} NOT BETWEEN DATE '1900-01-01' AND DATE '2199-12-30'")]
        case ColumnKind.MONTH:
            return [("out_of_range", f"{column.name} NOT BETWEEN {1900 * 12} AND {2199 * 12}")]
        case ColumnKind.CODE:
            return [("out_of_range", f"length({column.name}) > 40")]
