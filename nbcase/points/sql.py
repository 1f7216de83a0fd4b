"""The same catalogue as SQL: facts and rules of everybody in one statement, equal to the walker by construction and by test.

Plain on purpose: integers only, no date function, no missing value past the facts, every column under its own name, so that
the text means the same on every engine. It reads prepared tables (see `nbcase.points.prepared`): a day column `x` is there as
`x` (days since the Common Era) and `x_ymd`; a span has `first`, `first_ymd` and half-open `ends`, `ends_ymd`.
"""

from collections.abc import Mapping, Sequence
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
)
from nbcase.points.sheet import needed_facts
from nbcase.points.spans import month_of, months_back, ymd
from nbcase.points.tables import PERSON, Table


def facts_sql(catalogue: PointsCatalogue, on: date, *, in_order: bool = False) -> str:
    """A query with a row for each person: `person`, `district_code`, and one column ``f_<name>`` for each fact, in its range.

    `in_order` is for an engine that reads the prepared tables in the order in which they lie, as DuckDB does: then nothing is
    sorted, which is most of the work. Without it the text means the same on every engine.
    """
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
        spans = [fact for fact in facts if isinstance(fact.kind, Union | Chain)]
        if spans:
            parts += _span_parts(spans, table, on, in_order=in_order)
            columns |= {fact.name: f"s_{table_code}.v_{fact.name}" for fact in spans}
        for fact in facts:
            if isinstance(fact.kind, BestPerYear | SumPerYear):
                parts.append(_per_year(fact, table, on))
                columns[fact.name] = f"x_{fact.name}.v"
    columns |= {fact.name: _of_person(fact, on) for fact in needed if fact.table == PERSON}
    joined = sorted({column.split(".")[0] for column in columns.values() if column.startswith(("a_", "s_", "x_"))})
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
    return f"CASE {column} " + " ".join(f"WHEN {quoted(code)} THEN {number}" for code, number in value.of_code) + " ELSE 0 END"


def quoted(text: object) -> str:
    """A code or a path as it stands in SQL."""
    return "'" + str(text).replace("'", "''") + "'"


def _begun(table: Table, on: date) -> str:
    if table.dated is not None:
        return f"{table.dated} <= {on.toordinal()}"
    return f"first <= {month_of(on) if table.is_monthly else on.toordinal()}"


def _passes(table: Table, where: Sequence[Filter], on: date) -> str:
    return " AND ".join(_filter(table, each, on) for each in where) or "TRUE"


def _filter(table: Table, each: Filter, on: date) -> str:
    match each:
        case CodeIn(column, codes):
            return f"COALESCE({column}, '') IN ({', '.join(map(quoted, codes))})"
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


def _per_year(fact: FactDefinition, table: Table, on: date) -> str:
    kind = fact.kind
    assert isinstance(kind, BestPerYear | SumPerYear)
    worth = _worth(kind.value)
    inner = f"MAX({worth})" if isinstance(kind, BestPerYear) else f"LEAST(SUM({worth}), {kind.cap})"
    rows = f"SELECT person, {inner} AS v FROM t_{table.code} WHERE {_begun(table, on)} AND {_passes(table, kind.where, on)}"
    return f"x_{fact.name} AS (SELECT person, SUM(v) AS v FROM ({rows} GROUP BY person, {table.dated}_ymd // 10000) AS y GROUP BY person)"


def _span_parts(facts: Sequence[FactDefinition], table: Table, on: date, *, in_order: bool) -> list[str]:
    """The queries of all facts over the spans of one table: one pass in order of time tells each row how far the rows before it
    reach (``e_<name>``), for every fact at once; a row that lies behind that begins a run, which ends the run before it.
    """
    code, end, end_ymd = table.code, _day_after(table, on), ymd(on + timedelta(days=1))
    passing = {fact.name: _passes(table, fact.kind.where, on) for fact in facts if isinstance(fact.kind, Union | Chain)}
    flags = "".join(f", CASE WHEN {passes} THEN 1 ELSE 0 END AS k_{name}" for name, passes in passing.items())
    dates = "" if table.is_monthly else f", first_ymd, LEAST(COALESCE(ends_ymd, {end_ymd}), {end_ymd}) AS ends_ymd"
    rows = (
        f"r_{code} AS (SELECT person, first, LEAST(COALESCE(ends, {end}), {end}) AS ends{dates}{flags} FROM t_{code} WHERE "
        f"{_begun(table, on)} AND COALESCE(ends > first, TRUE) AND ({' OR '.join(f'({passes})' for passes in passing.values())}))"
    )
    reached = {f"e_{name}": f"CASE WHEN k_{name} = 1 THEN ends END" for name in passing}
    split = [fact.name for fact in facts if _is_split(fact)]
    reached |= {f"y_{name}": f"CASE WHEN k_{name} = 1 THEN ends_ymd END" for name in split}
    query = _so_far(f"r_{code}", reached, in_order=in_order)
    if split:
        # The last run so far began on the greatest day on which any did.
        begun = {f"b_{name}": f"CASE WHEN {_begins(name, 0)} THEN first_ymd END" for name in split}
        query = _so_far(f"({query}) AS w", begun, in_order=in_order)
    gathered = ", ".join(_gathered(fact) for fact in facts)
    measured = ", ".join(f"{_measured(fact, end)} AS v_{fact.name}" for fact in facts)
    return [rows, f"s_{code} AS (SELECT person, {measured} FROM (SELECT person, {gathered} FROM ({query}) AS q GROUP BY person) AS g)"]


def _day_after(table: Table, on: date) -> int:
    return (month_of(on) if table.is_monthly else on.toordinal()) + 1


_PLACE = 1 << 25
"""More than any day, month or yyyymmdd: a person's number times this plus one of them is greater than all of the persons before."""


def _so_far(source: str, columns: Mapping[str, str], *, in_order: bool) -> str:
    """The rows with the greatest value that each expression had in the person's rows before (missing values left out), by name."""
    if not in_order:
        frame = "OVER (PARTITION BY person ORDER BY first, ends ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"
        return f"SELECT *{''.join(f', MAX({each}) {frame} AS {name}' for name, each in columns.items())} FROM {source}"
    # Rows come by person and time, so that the greatest of all rows so far is found in passing. It is the person's own or from
    # somebody before, whom the number tells.
    frame = "OVER (ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)"
    so_far = "".join(f", MAX(person * {_PLACE} + ({each})) {frame} AS m{name}" for name, each in columns.items())
    before = "".join(f", LAG(m{name}) OVER () AS n{name}" for name in columns)
    own = "".join(f", CASE WHEN n{name} >= person * {_PLACE} THEN n{name} - person * {_PLACE} END AS {name}" for name in columns)
    return f"SELECT *{own} FROM (SELECT *{before} FROM (SELECT *{so_far} FROM {source}) AS m) AS n"


def _begins(name: str, gap: int) -> str:
    return f"k_{name} = 1 AND (e_{name} IS NULL OR first > e_{name} + {gap})"


def _is_split(fact: FactDefinition) -> bool:
    """Whether every run is measured by itself, not only their sum or the last one."""
    return isinstance(fact.kind, Union) and fact.kind.unit is Unit.FULL_MONTHS


def _gathered(fact: FactDefinition) -> str:
    """What the measure of one fact needs of a person's rows."""
    kind, name = fact.kind, fact.name
    assert isinstance(kind, Union | Chain)
    gap = kind.gap if isinstance(kind, Chain) else 0
    if isinstance(kind, Union) and not _is_split(fact):
        return f"SUM(CASE WHEN k_{name} = 1 THEN GREATEST(ends - GREATEST(first, COALESCE(e_{name}, first)), 0) ELSE 0 END) AS l_{name}"
    begins = _begins(name, gap)
    found = [f"MAX(CASE WHEN {begins} THEN first END) AS b_{name}", f"MAX(CASE WHEN k_{name} = 1 THEN ends END) AS l_{name}"]
    if kind.unit is Unit.FULL_MONTHS:
        found.append(f"MAX(CASE WHEN {begins} THEN first_ymd END) AS by_{name}")
        found.append(f"MAX(CASE WHEN k_{name} = 1 THEN ends_ymd END) AS ly_{name}")
    if isinstance(kind, Union):
        ended = f"CASE WHEN {begins} AND b_{name} IS NOT NULL THEN {_full_months(f'b_{name}', f'y_{name}')} ELSE 0 END"
        found = [*found[2:], f"SUM({ended}) AS l_{name}"]
    return ", ".join(found)


def _measured(fact: FactDefinition, end: int) -> str:
    kind, name = fact.kind, fact.name
    if isinstance(kind, Union):
        return f"l_{name} + {_full_months(f'by_{name}', f'ly_{name}')}" if _is_split(fact) else f"l_{name}"
    assert isinstance(kind, Chain)
    length = _full_months(f"by_{name}", f"ly_{name}") if kind.unit is Unit.FULL_MONTHS else f"l_{name} - b_{name}"
    return f"CASE WHEN l_{name} + {kind.gap} >= {end} THEN {length} ELSE 0 END"


def _full_months(first: str, ends: str) -> str:
    return (
        f"(({ends} // 10000 * 12 + {ends} // 100 % 100) - ({first} // 10000 * 12 + {first} // 100 % 100)"
        f" - CASE WHEN {ends} % 100 < {first} % 100 THEN 1 ELSE 0 END)"
    )


def rules_sql(catalogue: PointsCatalogue, on: date, source: str) -> str:
    """A query over the facts of `source`: `person`, one column ``p_<code>`` for each configured indicator, the blocks and the total."""
    lines = [(indicator, version) for indicator, version in catalogue.everywhere_on(on) if version.rule is not None]
    query, known = f"SELECT * FROM {source}", set[str]()
    waiting = lines
    while waiting:
        ready = [line for line in waiting if line[1].refs <= known]
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


def _of_district(indicator: Indicator, version: Version) -> str:
    assert version.rule is not None
    value = expression_sql(version.rule)
    if indicator.district_code:
        value = f"CASE WHEN district_code = {quoted(indicator.district_code)} THEN {value} ELSE 0 END"
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
    lines = [indicator.code for indicator, version in catalogue.everywhere_on(on) if version.rule is not None]
    return {
        "facts": [f"f_{fact.name}" for fact in needed_facts(catalogue, on)],
        "points": [f"p_{code}" for code in lines],
        "blocks": [f"b_{code}" for code in catalogue.blocks],
    }
