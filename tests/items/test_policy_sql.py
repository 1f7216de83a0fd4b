"""The two faces of a condition agree: the walker for one resident, SQL for everybody."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbcase.items.catalogue import load_catalogue
from nbcase.items.checks import CheckState, Fact, check_condition
from nbcase.items.item import AnyOf, AtLeast, AtMost, Condition, Label, MonthsSince, NoneOf, NotPast, OneOf, Option, Present
from nbcase.items.policy import Apply, Policy, load_policies
from nbcase.items.policy_sql import FactType, codes_of, condition_sql, people_query

TYPES: dict[str, FactType] = {"permit_state": "text", "points": "number", "capacity": "number", "works": "flag", "registered_since": "day"}
ON = date(2026, 11, 24)
SQL = {"text": "VARCHAR", "number": "INTEGER", "flag": "BOOLEAN", "day": "DATE"}
NONE = Label(zh="无", en="none")
DAYS = st.dates(date(2023, 12, 1), date(2027, 3, 5))
WORDS = st.sampled_from(["normal", "none", "o'clock", ""])
FACTS = st.sampled_from([*TYPES, "study"])
"""``study`` has no column: nobody delivered it."""

TESTS = st.one_of(
    st.builds(MonthsSince, fact=st.sampled_from(["registered_since", "study"]), at_least=st.integers(0, 14)),
    st.builds(Present, fact=FACTS),
    st.builds(OneOf, fact=FACTS, values=st.lists(WORDS, max_size=3).map(tuple)),
    st.builds(NoneOf, fact=FACTS, values=st.lists(WORDS, max_size=3).map(tuple)),
    st.builds(AtMost, fact=st.just("points"), limit_fact=st.sampled_from(["capacity", "study"])),
    st.builds(AtLeast, fact=st.just("points"), value=st.none() | st.integers(-1, 4)),
    st.builds(NotPast, fact=st.sampled_from(["registered_since", "study"])),
)
OPTIONS = st.lists(st.builds(Option, key=st.just("o"), name=st.just(NONE), test=TESTS, missing=st.just(NONE)), min_size=1, max_size=3)
CONDITIONS = st.builds(
    Condition,
    key=st.just("c"),
    name=st.just(NONE),
    basis=st.just(""),
    test=st.one_of(TESTS, OPTIONS.map(lambda options: AnyOf(options=tuple(options)))),
    missing=st.just(NONE),
)
ROWS = st.fixed_dictionaries(
    {
        "permit_state": st.none() | WORDS,
        "points": st.none() | st.integers(-1, 4),
        "capacity": st.none() | st.integers(-1, 4),
        "works": st.none() | st.booleans(),
        "registered_since": st.none() | DAYS,
    }
)


@pytest.fixture(scope="module")
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        columns = ", ".join(f'"{fact}" {SQL[kind]}' for fact, kind in TYPES.items())
        connection.execute(f"CREATE TABLE facts (id VARCHAR, {columns})")
        yield connection


def filled(engine: duckdb.DuckDBPyConnection, row: dict[str, Any]) -> None:
    engine.execute("DELETE FROM facts")
    engine.execute("INSERT INTO facts VALUES ('r', ?, ?, ?, ?, ?)", [row[fact] for fact in TYPES])


@given(condition=CONDITIONS, row=ROWS, on=DAYS)
def test_sql_and_walker_agree_on_every_kind_of_condition(
    engine: duckdb.DuckDBPyConnection, condition: Condition, row: dict[str, Any], on: date
) -> None:
    filled(engine, row)
    walked = check_condition(condition, {fact: Fact(value) for fact, value in row.items()}, on).state is CheckState.PASSED
    answer = engine.execute(f"SELECT {condition_sql(condition, TYPES, on)} FROM facts").fetchone()
    assert answer == (walked,)


def test_one_pass_names_what_can_be_had_and_is_not_used(engine: duckdb.DuckDBPyConnection) -> None:
    def policy(code: str, value: str, in_use: str | None = None, until_on: date | None = None) -> Policy:
        condition = Condition(key="c", name=NONE, basis="", test=OneOf(fact="permit_state", values=(value,)), missing=NONE)
        return Policy(
            code=code,
            name=NONE,
            gives=NONE,
            basis="x",
            from_on=None,
            until_on=until_on,
            conditions=(condition,),
            apply=Apply(office=NONE),
            in_use=in_use,
        )

    filled(engine, {"permit_state": "normal", "points": None, "capacity": None, "works": True, "registered_since": None})
    policies = [
        policy("can", "normal"),
        policy("not", "none"),
        policy("past", "normal", until_on=date(2026, 1, 1)),
        policy("unused", "normal", in_use="service.library_card"),
    ]
    many = [policy(f"many_{n}", "none") for n in range(70)]
    for asked, found in ((policies, ("can", "unused")), ([*many, policies[0]], ("can",))):
        ((resident_id, *masks),) = engine.execute(people_query(asked, TYPES, "facts", ON)).fetchall()
        assert (resident_id, codes_of(asked, masks, ON)) == ("r", found)
    assert engine.execute(people_query([], TYPES, "facts", ON)).fetchall() == []


def test_every_shipped_policy_has_its_sql(engine: duckdb.DuckDBPyConnection) -> None:
    engine.execute(people_query(list(load_policies(load_catalogue()).values()), TYPES, "facts", ON))
