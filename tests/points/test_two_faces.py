"""The walker and the SQL give the same numbers: for the shipped catalogue and for one that uses every kind of fact and node."""

import random
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from nbcase.points.catalogue import PointsCatalogue
from nbcase.points.prepared import DELIVERED, ORDINAL_OF_1970, prepare_sql
from nbcase.points.reading import FOLDER, load_points_catalogue
from nbcase.points.records import Records
from nbcase.points.sheet import needed_facts, score
from nbcase.points.sql import columns_of, facts_sql, rules_sql
from nbcase.points.tables import ColumnKind, Table

EVERYTHING = Path(__file__).parent / "everything"
DAYS = (date(2026, 10, 31), date(2024, 2, 29), date(2027, 3, 1))


def random_records(catalogue: PointsCatalogue, chance: random.Random, on: date) -> Records:
    """One resident: few rows of each table, dense around the edges that matter."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for code, table in catalogue.tables.items():
        count = 1 if code == "person" else chance.choice((0, 1, 1, 2, 3, 5))
        found[code] = [_row(catalogue, table, chance, on) for _ in range(count)]
    return found


def _row(catalogue: PointsCatalogue, table: Table, chance: random.Random, on: date) -> Mapping[str, Any]:
    codes = _codes(catalogue, table)
    row: dict[str, Any] = {}
    for name, column in table.columns.items():
        if column.optional and chance.random() < 0.25:
            row[name] = None
        elif column.kind is ColumnKind.DAY:
            years = chance.choice((0, 0, 1, 2, 5, 5, 30, 55, 60))
            near = date(on.year - years, on.month, min(on.day, 28)) if chance.random() < 0.7 else on
            row[name] = near + timedelta(days=chance.choice((-400, -31, -30, -2, -1, 0, 0, 1, 2, 3, 29, 30, 31, 90)))
        elif column.kind is ColumnKind.MONTH:
            row[name] = on.year * 12 + on.month - 1 + chance.choice((-130, -61, -60, -24, -13, -12, -3, -2, -1, 0, 1))
        elif column.kind is ColumnKind.INT:
            row[name] = chance.choice((column.low, column.high, chance.randint(column.low or 0, column.high or 0)))
        else:
            row[name] = chance.choice((*codes.get(name, ()), "330211", "330225", "other"))
    return row


def _codes(catalogue: PointsCatalogue, table: Table) -> dict[str, list[str]]:
    codes: dict[str, list[str]] = {}
    for fact in catalogue.facts.values():
        if fact.table != table.code:
            continue
        value = getattr(fact.kind, "value", None)
        if value is not None and value.of_code is not None:
            codes.setdefault(value.column, []).extend(code for code, _ in value.of_code)
        for each in getattr(fact.kind, "where", ()):
            if hasattr(each, "codes"):
                codes.setdefault(each.column, []).extend(each.codes)
    return codes


def by_sql(catalogue: PointsCatalogue, people: list[Records], on: date, *, in_order: bool = True) -> list[dict[str, Any]]:
    """Everybody's facts and points out of DuckDB, by person: from tables in order as the monthly run has it, or by the plain text."""
    with duckdb.connect() as connection:
        prepared_tables(connection, catalogue, people)
        connection.execute(f"CREATE TABLE facts AS {facts_sql(catalogue, on, in_order=in_order)}")
        result = connection.execute(f"{rules_sql(catalogue, on, 'facts')} ORDER BY person")
        names = [column[0] for column in result.description]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def prepared_tables(connection: duckdb.DuckDBPyConnection, catalogue: PointsCatalogue, people: list[Records]) -> None:
    """The residents' records as the tables that facts are made of; a person's number is the place in the list."""
    for code, table in catalogue.tables.items():
        rows = [(person, row) for person, records in enumerate(people) for row in records[code]]
        # Whole columns: a thousand times faster than a statement a row.
        given = {"person": np.array([person for person, _ in rows], dtype=np.int64)}
        given |= {name: _column(column.kind, [row[name] for _, row in rows]) for name, column in table.columns.items()}
        connection.register("given", given)
        columns = ", ".join(f"{_typed(name, column.kind)} AS {name}" for name, column in table.columns.items())
        connection.execute(f"CREATE TABLE d_{code} AS SELECT person, {columns} FROM given")
        connection.unregister("given")
        connection.execute(f"CREATE TABLE t_{code} AS {prepare_sql(table, f'd_{code}')}")


ABSENT = -(10**12)


def _column(kind: ColumnKind, values: list[Any]) -> np.ndarray[Any, Any]:
    if kind is ColumnKind.CODE:
        return np.array(values, dtype=object)
    numbers = [ABSENT if value is None else value.toordinal() if kind is ColumnKind.DAY else value for value in values]
    return np.array(numbers, dtype=np.int64)


def _typed(name: str, kind: ColumnKind) -> str:
    if kind is ColumnKind.DAY:
        return f"CASE WHEN {name} <> {ABSENT} THEN DATE '1970-01-01' + CAST({name} - {ORDINAL_OF_1970} AS INTEGER) END"
    return f"CAST({name} AS VARCHAR)" if kind is ColumnKind.CODE else f"CAST(NULLIF({name}, {ABSENT}) AS {DELIVERED[kind]})"


@pytest.mark.parametrize("in_order", [True, False], ids=["in order", "plain"])
@pytest.mark.parametrize("on", DAYS)
@pytest.mark.parametrize("folder", [FOLDER, EVERYTHING], ids=["shipped", "every kind"])
def test_walker_and_sql_agree_on_every_fact_and_line(folder: Path, on: date, in_order: bool) -> None:
    catalogue = load_points_catalogue(folder)
    chance = random.Random(f"{folder.name} {on}")
    people = [random_records(catalogue, chance, on) for _ in range(400)]
    rows = by_sql(catalogue, people, on, in_order=in_order)
    columns = columns_of(catalogue, on)
    differences = []
    for person, records in enumerate(people):
        sheet = score(catalogue, records, on, records["person"][0]["district_code"] or "")
        facts = {f"f_{fact.definition.name}": fact.value for line in sheet.lines for fact in line.facts}
        wanted = facts | {f"p_{line.indicator.code}": line.points for line in sheet.lines if line.is_configured}
        wanted |= {f"b_{block.code}": block.points for block in sheet.blocks} | {"total": sheet.total}
        differences += [(person, name, rows[person][name], value) for name, value in wanted.items() if rows[person][name] != value]
    assert differences == []
    assert len(columns["facts"]) == len(needed_facts(catalogue, on)) > 5
    # The random residents are worth looking at: no line is the same for all of them.
    for name in columns["points"]:
        assert len({row[name] for row in rows}) > 1, name
