"""Policies as SQL over a table with one row a resident and one column a fact: for everybody of a city at once.

The walker (`nbcase.items.checks`) is the reference; tests hold this against it for every kind of condition. A fact that is not there is
null. What the centre would have to be asked, and a threshold that nobody published, is never a pass, as with the walker.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Literal, assert_never

from nbcase.domain.clock import add_months, full_months
from nbcase.items.item import AnyOf, AtLeast, AtMost, Condition, MonthsSince, NoneOf, NotPast, OneOf, Present
from nbcase.items.policy import Policy

FactType = Literal["text", "number", "flag", "day"]
Types = Mapping[str, FactType]
"""By fact; a fact that is not named here has no column and is never there."""

_BITS = 62
"""Policies in one column of a result: a bit each of a whole number with a sign."""

_Plain = MonthsSince | Present | OneOf | NoneOf | AtMost | AtLeast | NotPast


def people_query(policies: Sequence[Policy], types: Types, table: str, on: date) -> str:
    """One pass: for each resident who can have any, ``id`` and the columns ``mask_0``, ``mask_1`` …; `codes_of` reads them."""
    masks = [
        " + ".join([f"CAST({policy_sql(policy, types, on)} AS BIGINT) * {1 << bit}" for bit, policy in enumerate(part)])
        for part in _parts(policies, on)
    ] or ["0"]
    columns = ", ".join(f"{mask} AS mask_{place}" for place, mask in enumerate(masks))
    some = " OR ".join(f"mask_{place} <> 0" for place in range(len(masks)))
    return f"SELECT * FROM (SELECT id, {columns} FROM {table}) WHERE {some}"


def codes_of(policies: Sequence[Policy], masks: Sequence[int], on: date) -> tuple[str, ...]:
    """The policies that a row of `people_query` with these masks names."""
    parts = zip(_parts(policies, on), masks, strict=False)
    return tuple(policy.code for part, mask in parts for bit, policy in enumerate(part) if mask >> bit & 1)


def _parts(policies: Sequence[Policy], on: date) -> list[list[Policy]]:
    holding = [policy for policy in policies if policy.holds(on)]
    return [holding[start : start + _BITS] for start in range(0, len(holding), _BITS)]


def policy_sql(policy: Policy, types: Types, on: date) -> str:
    """Whether one resident can have a policy and does not use it, as a boolean expression that is never null."""
    parts = [condition_sql(condition, types, on) for condition in policy.conditions]
    if policy.in_use is not None and policy.in_use in types:
        parts.append(f"coalesce({_column(policy.in_use)} <> 'held', TRUE)")
    return f"({' AND '.join(f'({part})' for part in parts) or 'TRUE'})"


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
