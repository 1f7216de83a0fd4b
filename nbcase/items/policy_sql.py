"""Policies as SQL over a table with one row a resident and one column a fact: for everybody of a city at once.

The walker (`nbcase.items.checks`) is the reference; tests hold this against it for every kind of condition. A fact that is not there is
null. What the centre would have to be asked, and a threshold that nobody published, is never a pass, as with the walker.
"""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Literal, assert_never

from nbcase.domain.clock import add_months, full_months
from nbcase.items.item import AnyOf, AtLeast, AtMost, Condition, MonthsSince, NoneOf, NotPast, OneOf, Present
from nbcase.items.policy import Policy

FactType = Literal["text", "number", "flag", "day"]
Types = Mapping[str, FactType]
"""By fact; a fact that is not named here has no column and is never there."""

_Plain = MonthsSince | Present | OneOf | NoneOf | AtMost | AtLeast | NotPast


def people_query(policies: Iterable[Policy], types: Types, table: str, on: date) -> str:
    """One pass: for each resident who can have any, ``id`` and ``codes``, the list of the policies that can be had and are not used."""
    having = [f"CASE WHEN {policy_sql(policy, types, on)} THEN {_text(policy.code)} END" for policy in policies if policy.holds(on)]
    found = f"list_filter([{', '.join(having)}], lambda code: code IS NOT NULL)" if having else "[]::VARCHAR[]"
    return f"SELECT id, codes FROM (SELECT id, {found} AS codes FROM {table}) WHERE len(codes) > 0"


def policy_sql(policy: Policy, types: Types, on: date) -> str:
    """Whether one resident can have a policy and does not use it, as a boolean expression that is never null."""
    parts = [condition_sql(condition, types, on) for condition in policy.conditions]
    if policy.in_use is not None and policy.in_use in types:
        parts.append(f"coalesce({_column(policy.in_use)} <> 'held', TRUE)")
    return " AND ".join(f"({part})" for part in parts) or "TRUE"


def condition_sql(condition: Condition, types: Types, on: date) -> str:
    """Whether a condition passes."""
    if isinstance(condition.test, AnyOf):
        return " OR ".join(f"({_test(option.test, types, on)})" for option in condition.test.options)
    return _test(condition.test, types, on)


def _test(test: _Plain, types: Types, on: date) -> str:
    kind, column = types.get(test.fact), _column(test.fact)
    if kind is None:
        return "TRUE" if isinstance(test, NoneOf | AtMost | NotPast) else "FALSE"
    match test:
        case MonthsSince():
            return f"coalesce({column} <= {_day(_latest(test.at_least, on))}, FALSE)"
        case AtLeast():
            return "FALSE" if test.value is None else f"coalesce({column} >= {test.value}, FALSE)"
        case Present():
            empty = {"text": " <> ''", "number": " <> 0", "flag": "", "day": " IS NOT NULL"}[kind]
            return f"coalesce({column}{empty}, FALSE)"
        case OneOf():
            return f"coalesce({column} IN ({', '.join(map(_text, test.values))}), FALSE)" if kind == "text" and test.values else "FALSE"
        case NoneOf():
            return f"coalesce({column} NOT IN ({', '.join(map(_text, test.values))}), TRUE)" if kind == "text" and test.values else "TRUE"
        case AtMost():
            return f"coalesce({column} <= {_column(test.limit_fact)}, TRUE)" if test.limit_fact in types else "TRUE"
        case NotPast():
            return f"coalesce({column} >= {_day(on)}, TRUE)"
        case _:
            assert_never(test)


def _latest(months: int, on: date) -> date:
    """The latest day that is so many full months ago; month ends are what makes it more than a subtraction."""
    if months <= 0:
        return date.max
    day = add_months(on, -months) + timedelta(days=4)
    while full_months(day, on) < months:
        day -= timedelta(days=1)
    return day


def _column(fact: str) -> str:
    return '"' + fact.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _day(day: date) -> str:
    return f"DATE '{day.isoformat()}'"
