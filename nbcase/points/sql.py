"""The same catalogue as SQL: facts and rules of everybody in one statement, equal to the walker by construction and by test.

Plain on purpose: integers only, no date function, no missing value past the facts, every column under its own name, so that
the text means the same on every engine. It reads prepared tables (see `nbcase.points.prepared`): a day column `x` is there as
`x` (days since the Common Era) and `x_ymd`; a span has `first`, `first_ymd` and half-open `ends`, `ends_ymd`.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta

from nbcase.points.catalogue import Indicator, PointsCatalogue, Version
from nbcase.points.facts import (
    Age,
    Attribute,
    Best,
    BestPerYear,
    Between,
    Chain,
    CodeIn,
    Count,
    Current,
    Exists,
    FactDefinition,
    Filter,
    Sum,
    SumPerYear,
    Union,
    Unit,
    Value,
    Within,
)
from nbcase.points.language import (
    Add,
    AtLeast,
    AtMost,
    Compare,
    Condition,
    Divide,
    Expression,
    Fact,
    Highest,
    InList,
    Int,
    Lookup,
    Multiply,
    Ref,
    Step,
    Switch,
    When,
    walk,
)
from nbcase.points.sheet import needed_facts
from nbcase.points.spans import month_of, months_back, ymd
from nbcase.points.tables import PERSON, Table


def facts_sql(catalogue: PointsCatalogue, on: date) -> str:
    """A query with a row for each person: `person`, `district_code`, and one column ``f_<name>`` for each fact, in its range."""
    needed = needed_facts(catalogue, on)
    parts: list[str] = []
    columns: dict[str, str] = {}
    for table_code in sorted({fact.table for fact in needed} - {PERSON}):
        table = catalogue.tables[table_code]
        facts = [fact for fact in needed if fact.table == table_code]
        simple = [fact for fact in facts if isinstance(fact.kind, Count | Exists | Sum | Best)]
        if simple:
            name = f"a_{table_code}"
            values = ", ".join(f"{_aggregate(fact, table, on)} AS v_{fact.name}" for fact in simple)
            parts.append(f"{name} AS (SELECT person, {values} FROM t_{table_code} WHERE {_begun(table, on)} GROUP BY person)")
            columns |= {fact.name: f"{name}.v_{fact.name}" for fact in simple}
        for fact in facts:
            if fact not in simple:
                parts += _own_part(fact, table, on)
                columns[fact.name] = f"x_{fact.name}.v"
    columns |= {fact.name: _of_person(fact, on) for fact in needed if fact.table == PERSON}
    joined = sorted({column.split(".")[0] for column in columns.values() if column.startswith(("a_", "x_"))})
    joins = "".join(f"\nLEFT JOIN {name} ON {name}.person = p.person" for name in joined)
    values = "".join(f",\n  {_in_range(fact, columns[fact.name])} AS f_{fact.name}" for fact in needed)
    head = "WITH " + ",\n".join(parts) + "\n" if parts else ""
    return f"{head}SELECT p.person AS person, COALESCE(p.district_code, '') AS district_code{values}\nFROM t_person AS p{joins}"


def _in_range(fact: FactDefinition, column: str) -> str:
    return f"CAST(LEAST(GREATEST(COALESCE({column}, 0), {fact.low}), {fact.high}) AS BIGINT)"


def _of_person(fact: FactDefinition, on: date) -> str:
    if isinstance(fact.kind, Age):
        # A non-negative numerator: engines round negative quotients differently.
        return f"(GREATEST({ymd(on)} - p.{fact.kind.column}_ymd, 0) // 10000)"
    assert isinstance(fact.kind, Attribute)
    return _worth(fact.kind.value, "p.")


def _worth(value: Value, prefix: str = "") -> str:
    column = f"{prefix}{value.column}"
    if value.of_code is None:
        return f"COALESCE({column}, 0)"
    return f"CASE {column} " + " ".join(f"WHEN {_text(code)} THEN {number}" for code, number in value.of_code) + " ELSE 0 END"


def _text(code: str) -> str:
    return "'" + code.replace("'", "''") + "'"


def _begun(table: Table, on: date) -> str:
    if table.dated is not None:
        return f"{table.dated} <= {on.toordinal()}"
    return f"first <= {month_of(on) if table.is_monthly else on.toordinal()}"


def _passes(table: Table, where: Sequence[Filter], on: date) -> str:
    return " AND ".join(_filter(table, each, on) for each in where) or "TRUE"


def _filter(table: Table, each: Filter, on: date) -> str:
    match each:
        case CodeIn(column, codes):
            return f"COALESCE({column}, '') IN ({', '.join(map(_text, codes))})"
        case Between(column, low, high):
            ends = [f"{column} >= {low}"] * (low is not None) + [f"{column} <= {high}"] * (high is not None)
            return f"COALESCE({' AND '.join(ends)}, FALSE)"
        case Within(count, "days"):
            return f"{table.dated} > {on.toordinal() - count}"
        case Within(count, unit):
            return f"{table.dated}_ymd > {months_back(on, count * 12 if unit == 'years' else count)}"
        case Current():
            return f"COALESCE(ends > {month_of(on) if table.is_monthly else on.toordinal()}, TRUE)"


def _aggregate(fact: FactDefinition, table: Table, on: date) -> str:
    kind = fact.kind
    assert isinstance(kind, Count | Exists | Sum | Best)
    passes = _passes(table, kind.where, on)
    match kind:
        case Count():
            return f"SUM(CASE WHEN {passes} THEN 1 ELSE 0 END)"
        case Exists():
            return f"MAX(CASE WHEN {passes} THEN 1 ELSE 0 END)"
        case Sum(value=value):
            return f"SUM(CASE WHEN {passes} THEN {_worth(value)} ELSE 0 END)"
        case Best(value=value):
            return f"MAX(CASE WHEN {passes} THEN {_worth(value)} END)"


def _own_part(fact: FactDefinition, table: Table, on: date) -> list[str]:
    """The queries of a fact that needs more than one pass, ending in ``x_<name>(person, v)``."""
    kind, name = fact.kind, fact.name
    match kind:
        case BestPerYear(value=value, where=where):
            inner = f"MAX({_worth(value)})"
            return [_per_year(fact, table, on, inner, where)]
        case SumPerYear(value=value, cap=cap, where=where):
            inner = f"LEAST(SUM({_worth(value)}), {cap})"
            return [_per_year(fact, table, on, inner, where)]
        case Union() | Chain():
            return _spans(name, kind, table, on)
        case _:
            raise TypeError(f"{kind} is aggregated in one pass")


def _per_year(fact: FactDefinition, table: Table, on: date, inner: str, where: Sequence[Filter]) -> str:
    rows = f"SELECT person, {inner} AS v FROM t_{table.code} WHERE {_begun(table, on)} AND {_passes(table, where, on)}"
    return f"x_{fact.name} AS (SELECT person, SUM(v) AS v FROM ({rows} GROUP BY person, {table.dated}_ymd // 10000) AS y GROUP BY person)"


def _spans(name: str, kind: Union | Chain, table: Table, on: date) -> list[str]:
    end = (month_of(on) if table.is_monthly else on.toordinal()) + 1
    end_ymd = ymd(on + timedelta(days=1))
    gap = kind.gap if isinstance(kind, Chain) else 0
    dates = "" if table.is_monthly else f", first_ymd, LEAST(COALESCE(ends_ymd, {end_ymd}), {end_ymd}) AS ends_ymd"
    rows = (
        f"r_{name} AS (SELECT person, first, LEAST(COALESCE(ends, {end}), {end}) AS ends{dates} FROM t_{table.code}"
        f" WHERE {_begun(table, on)} AND {_passes(table, kind.where, on)} AND COALESCE(ends > first, TRUE))"
    )
    if isinstance(kind, Union) and kind.unit is not Unit.FULL_MONTHS:
        before = "MAX(ends) OVER (PARTITION BY person ORDER BY first, ends ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"
        seen = f"SELECT person, first, ends, COALESCE({before}, first) AS seen FROM r_{name}"
        added = "SUM(GREATEST(ends - GREATEST(first, seen), 0))"
        return [rows, f"x_{name} AS (SELECT person, {added} AS v FROM ({seen}) AS s GROUP BY person)"]
    order = "PARTITION BY person ORDER BY first, ends"
    seen = f"SELECT *, MAX(ends) OVER ({order} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS seen FROM r_{name}"
    starts = f"SELECT *, CASE WHEN seen IS NULL OR first > seen + {gap} THEN 1 ELSE 0 END AS starts FROM ({seen}) AS s"
    numbered = f"SELECT *, SUM(starts) OVER ({order} ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS run FROM ({starts}) AS b"
    ends_ymd = "" if table.is_monthly else ", MIN(first_ymd) AS first_ymd, MAX(ends_ymd) AS ends_ymd"
    runs = f"i_{name} AS (SELECT person, run, MIN(first) AS first, MAX(ends) AS ends{ends_ymd} FROM ({numbered}) AS n GROUP BY person, run)"
    measure = _FULL_MONTHS if kind.unit is Unit.FULL_MONTHS else "ends - first"
    reaches = f" WHERE ends + {gap} >= {end}" if isinstance(kind, Chain) else ""
    return [rows, runs, f"x_{name} AS (SELECT person, SUM({measure}) AS v FROM i_{name}{reaches} GROUP BY person)"]


_FULL_MONTHS = (
    "(ends_ymd // 10000 * 12 + ends_ymd // 100 % 100) - (first_ymd // 10000 * 12 + first_ymd // 100 % 100)"
    " - CASE WHEN ends_ymd % 100 < first_ymd % 100 THEN 1 ELSE 0 END"
)


def rules_sql(catalogue: PointsCatalogue, on: date, source: str) -> str:
    """A query over the facts of `source`: `person`, one column ``p_<code>`` for each configured indicator, the blocks and the total."""
    lines = [(indicator, version) for indicator, version in _all_lines(catalogue, on) if version.rule is not None]
    query, known = f"SELECT * FROM {source}", set[str]()
    waiting = lines
    while waiting:
        ready = [line for line in waiting if _refs(line[1]) <= known]
        columns = ", ".join(f"{_of_district(indicator, version)} AS p_{indicator.code}" for indicator, version in ready)
        query = f"SELECT *, {columns} FROM ({query}) AS l{len(known)}"
        known |= {indicator.code for indicator, _ in ready}
        waiting = [line for line in waiting if line not in ready]
    sums = []
    for code, block in catalogue.blocks.items():
        own = " + ".join(f"p_{indicator.code}" for indicator, _ in lines if indicator.block == code) or "0"
        capped = own if block.cap is None else f"LEAST({own}, {block.cap})"
        sums.append(f"CAST({capped} AS INTEGER) AS b_{code}")
    total = " + ".join(f"b_{code}" for code in catalogue.blocks)
    return f"SELECT *, CAST(GREATEST({total}, 0) AS INTEGER) AS total FROM (SELECT *, {', '.join(sums)} FROM ({query}) AS q) AS b"


def _all_lines(catalogue: PointsCatalogue, on: date) -> Iterable[tuple[Indicator, Version]]:
    for indicator in catalogue.indicators:
        version = indicator.version_on(on)
        if version is not None:
            yield indicator, version


def _refs(version: Version) -> set[str]:
    return {node.code for node in walk(version.rule) if isinstance(node, Ref)} if version.rule is not None else set()


def _of_district(indicator: Indicator, version: Version) -> str:
    assert version.rule is not None
    value = expression_sql(version.rule)
    if indicator.district_code:
        value = f"CASE WHEN district_code = {_text(indicator.district_code)} THEN {value} ELSE 0 END"
    return f"CAST({value} AS INTEGER)"


def expression_sql(node: Expression) -> str:
    """One rule as an SQL expression over the columns ``f_…`` and ``p_…``."""
    match node:
        case Int(value):
            return str(value) if value >= 0 else f"({value})"
        case Fact(name):
            return f"f_{name}"
        case Ref(code):
            return f"p_{code}"
        case Step(inner, rows, below):
            of = expression_sql(inner)
            return "(CASE " + " ".join(f"WHEN {of} >= {bound} THEN {value}" for bound, value in reversed(rows)) + f" ELSE {below} END)"
        case Lookup(inner, table, other):
            of = expression_sql(inner)
            return f"(CASE {of} " + " ".join(f"WHEN {key} THEN {value}" for key, value in table) + f" ELSE {other} END)"
        case Divide(inner, by):
            return f"({expression_sql(inner)} // {by})"
        case When(condition, then, otherwise):
            return f"(CASE WHEN {_condition_sql(condition)} THEN {expression_sql(then)} ELSE {expression_sql(otherwise)} END)"
        case Switch(branches, otherwise):
            cases = " ".join(f"WHEN {_condition_sql(condition)} THEN {expression_sql(then)}" for condition, then in branches)
            return f"(CASE {cases} ELSE {expression_sql(otherwise)} END)"
        case _:
            return _combination_sql(node)


def _combination_sql(node: Multiply | Add | AtMost | AtLeast | Highest) -> str:
    match node:
        case Multiply(left, right):
            return f"({expression_sql(left)} * {expression_sql(right)})"
        case Add(several):
            return "(" + " + ".join(expression_sql(inner) for inner in several) + ")"
        case AtMost(inner, limit):
            return f"LEAST({expression_sql(inner)}, {expression_sql(limit)})"
        case AtLeast(inner, limit):
            return f"GREATEST({expression_sql(inner)}, {expression_sql(limit)})"
        case Highest(several):
            return f"GREATEST({', '.join(expression_sql(inner) for inner in several)})"


def _condition_sql(condition: Condition) -> str:
    match condition:
        case Compare(left, sign, right):
            return f"{expression_sql(left)} {sign} {expression_sql(right)}"
        case InList(inner, values):
            return f"{expression_sql(inner)} IN ({', '.join(map(str, values))})"


def columns_of(catalogue: PointsCatalogue, on: date) -> Mapping[str, list[str]]:
    """Names of the result columns by kind: facts, points, blocks."""
    lines = [indicator.code for indicator, version in _all_lines(catalogue, on) if version.rule is not None]
    return {
        "facts": [f"f_{fact.name}" for fact in needed_facts(catalogue, on)],
        "points": [f"p_{code}" for code in lines],
        "blocks": [f"b_{code}" for code in catalogue.blocks],
    }
