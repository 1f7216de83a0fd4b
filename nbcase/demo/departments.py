"""A synthetic month of department data at any size: the same people, numbers and rows for the same seed.

Numbers have the never-assigned area 330299 and the right check sign. Rows come in no order of persons, as departments
deliver; spreads are made up so that lines, caps and windows of the catalogue all really happen.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from nbcase.exchange.delivery import NUMBER, Manifest, file_hash, write_manifest
from nbcase.points.engine import connect, write

AREA = "330299"
DISTRICTS = ("330203", "330205", "330206", "330211", "330212", "330213", "330225", "330226", "330281", "330282")
FIRST_BIRTH = date(1946, 1, 1)
BIRTH_DAYS = 22_300
"""Birth dates spread from 1946 on; with three signs of sequence each that is room for 22 million people."""

STRIDE = 9973
"""Has no divisor in common with `BIRTH_DAYS`: a few people already are of every age."""

_BORN_ON = f"DATE '{FIRST_BIRTH}' + CAST(i % {BIRTH_DAYS} * {STRIDE} % {BIRTH_DAYS} AS INTEGER)"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    """Rows of one table: up to `most` for a person, the k-th with `chance` per cent, and the columns as SQL over `i` and `k`."""

    table: str
    most: int
    chance: int
    columns: str


def write_month(out: Path, people: int, seed: int, on: date, scheme: str) -> Iterator[tuple[str, int]]:
    """Write one delivery a table below `out`, for the month of `on`; yields table and rows as each is done."""
    period = f"{on.year:04d}-{on.month:02d}"
    with connect(memory_limit="2GB") as connection:
        connection.execute(_macros(seed, on))
        connection.execute(f"CREATE TEMP TABLE people AS SELECT i, {_number_sql()} AS {NUMBER} FROM range({people}) AS r(i)")
        yield "person", _write(connection, out, scheme, period, "person", _person_sql())
        for rows in _TABLES:
            drawn = f"upto(i, k, 1, '{rows.table}', 100) < {rows.chance}"
            chosen = f"SELECT {NUMBER}, {rows.columns} FROM people, range({rows.most}) AS c(k) WHERE {drawn}"
            yield rows.table, _write(connection, out, scheme, period, rows.table, chosen)


def _macros(seed: int, on: date) -> str:
    """Randomness by arithmetic alone, so that no version of an engine gives other people. `h` is below 2^31."""
    modulus = (1 << 31) - 1
    salts = ", ".join(f"WHEN '{rows.table}' THEN {1_000 * place + 7}" for place, rows in enumerate(_TABLES, 1)).replace(", ", " ")
    mixed = f"((i + 1) * 48271 + (k + 1) * 69621 + n * 40692 + (CASE t {salts} ELSE 3 END) * 16807 + {seed} * 7919) % {modulus}"
    return (
        f"CREATE MACRO h1(x) AS (x * 48271 % {modulus});"
        f"CREATE MACRO h(i, k, n, t) AS h1((h1(h1({mixed})) // 8 + h1({mixed})) % {modulus});"
        f"CREATE MACRO upto(i, k, n, t, most) AS h(i, k, n, t) % most;"
        f"CREATE MACRO back(days) AS DATE '{on}' - CAST(days AS INTEGER);"
        f"CREATE MACRO month_back(months) AS {on.year * 12 + on.month - 1} - CAST(months AS INTEGER);"
    )


def _number_sql() -> str:
    body = f"'{AREA}' || strftime({_BORN_ON}, '%Y%m%d') || lpad(CAST(i // {BIRTH_DAYS} AS VARCHAR), 3, '0')"
    weights = [pow(2, 17 - place, 11) for place in range(17)]
    total = " + ".join(f"{weight} * CAST(substr(b, {place}, 1) AS INTEGER)" for place, weight in enumerate(weights, 1))
    return f"(SELECT b || substr('10X98765432', ({total}) % 11 + 1, 1) FROM (SELECT {body} AS b))"


def _person_sql() -> str:
    districts = " ".join(f"WHEN {place} THEN '{code}'" for place, code in enumerate(DISTRICTS))
    drawn = "upto(i, 0, 3, 'person', 100)"
    states = f"CASE WHEN {drawn} < 88 THEN 'normal' WHEN {drawn} < 95 THEN 'to_endorse' ELSE 'suspended' END"
    return (
        f"SELECT {NUMBER}, {_BORN_ON} AS born_on, "
        f"CASE upto(i, 0, 2, 'person', {len(DISTRICTS)}) {districts} END AS district_code, {states} AS permit_state_code FROM people"
    )


def _code(table: str, salt: int, *codes: str) -> str:
    branches = " ".join(f"WHEN {place} THEN '{code}'" for place, code in enumerate(codes))
    return f"CASE upto(i, k, {salt}, '{table}', {len(codes)}) {branches} END"


def _spread(table: str, salt: int, most: int) -> str:
    return f"upto(i, k, {salt}, '{table}', {most})"


def _span(table: str, most_days: int, open_share: int) -> str:
    """First and last day of a stay, an open one where the last is missing."""
    begins = f"({_spread(table, 4, most_days)} + 1)"
    ends = f"back({begins} - {_spread(table, 6, 1500)} % {begins})"
    return f"back({begins}) AS {{first}}, CASE WHEN {_spread(table, 5, 100)} < {open_share} THEN NULL ELSE {ends} END AS {{last}}"


_LEVELS = ("below", "below", "secondary", "secondary", "college", "undergraduate", "bachelor", "postgraduate")
_CERTIFICATES = ("level_1", "level_2", "level_3", "level_4", "level_5", "special", "title_junior", "title_middle", "title_senior")

_TABLES = (
    _Rows(
        table="insurance",
        most=4,
        chance=72,
        columns=f"{_code('insurance', 2, 'pension', 'medical', 'injury')} AS scheme_code, "
        f"{_code('insurance', 3, 'ningbo', 'ningbo', 'ningbo', 'zhejiang', 'elsewhere')} AS area_code, "
        f"month_back({_spread('insurance', 4, 140)}) AS first_month, "
        f"CASE WHEN {_spread('insurance', 5, 100)} < 40 THEN NULL "
        f"ELSE month_back({_spread('insurance', 4, 140)} - {_spread('insurance', 6, 40)} % ({_spread('insurance', 4, 140)} + 1)) "
        f"END AS last_month",
    ),
    _Rows(
        table="residence",
        most=2,
        chance=75,
        columns=f"{_code('residence', 3, 'ningbo', 'ningbo', 'ningbo', 'zhejiang')} AS area_code, "
        + _span("residence", 5000, 50).format(first="declared_on", last="ended_on"),
    ),
    _Rows(
        table="education",
        most=1,
        chance=60,
        columns=f"{_code('education', 2, *_LEVELS)} AS level_code, back({_spread('education', 3, 9000)}) AS awarded_on",
    ),
    _Rows(
        table="certificate",
        most=2,
        chance=11,
        columns=f"{_code('certificate', 2, *_CERTIFICATES)} AS kind_code, back({_spread('certificate', 3, 6000)}) AS awarded_on",
    ),
    _Rows(
        table="employment",
        most=2,
        chance=48,
        columns=f"{_code('employment', 2, 'contract', 'contract', 'contract', 'licence', 'land')} AS kind_code, "
        + _span("employment", 2200, 60).format(first="first_on", last="last_on"),
    ),
    _Rows(
        table="housing",
        most=1,
        chance=70,
        columns=f"{_code('housing', 2, 'dormitory', 'rented', 'rented', 'rented', 'public_rental', 'owned')} AS kind_code, "
        + _span("housing", 2500, 75).format(first="first_on", last="last_on"),
    ),
)


def _write(connection: duckdb.DuckDBPyConnection, out: Path, scheme: str, period: str, table: str, query: str) -> int:
    folder = out / f"{table}-{period}-r001"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "data.parquet"
    rows = write(connection, query, path)
    manifest = Manifest(
        scheme=scheme,
        table=table,
        period=period,
        revision=1,
        file=path.name,
        format="parquet",
        rows=rows,
        sha256=file_hash(path),
        department="样例",
    )
    write_manifest(folder, manifest)
    return rows
