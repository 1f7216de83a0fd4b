"""Conditions over facts: passed, failed, to be looked at, or not checkable without the centre. Always with the reason."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from nbcase.domain.clock import add_months, full_months
from nbcase.domain.words import tr
from nbcase.items.item import AnyOf, AtLeast, AtMost, Condition, Label, MonthsSince, NoneOf, NotPast, OneOf, Present, Situation

FACTS = frozenset(
    {
        "age",
        "document_valid_until",
        "employment",
        "dwelling",
        "study",
        "registered_since",
        "is_registered",
        "permit_state",
        "permit_elsewhere",
        "occupants",
        "capacity",
        "lease_until",
        "letting",
        "guardian",
        "points",
    }
)
"""Facts that conditions may name; `nbcase.operations.facts` finds each in the records."""


SERVICE = "service."
"""With an item's code behind it: the fact whether the resident has what the item gives, ``held`` while it runs."""


BOOKING = "booking."
"""With a service of the code table ``offering`` behind it: ``held`` while a booking of it is wanted and not past."""


class CheckState(StrEnum):
    """通过, 请人看, 离线未核, 未通过."""

    PASSED = "passed"
    LOOK = "look"
    OFFLINE = "offline"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Fact:
    """A value with the words for where it comes from; `asks_centre` marks one that only the centre knows and did not answer."""

    value: Any = None
    source: str = ""
    asks_centre: bool = False


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one condition. `missing` says what to bring when it failed; `met_by` which option met it."""

    key: str
    name: str
    state: CheckState
    detail: str
    basis: str = ""
    missing: str = ""
    met_by: tuple[str, ...] = ()


Facts = Mapping[str, Fact]


def check_conditions(situation: Situation, facts: Facts, as_of: date) -> tuple[Check, ...]:
    """Every condition of the situation, in order."""
    return tuple(check_condition(condition, facts, as_of) for condition in situation.conditions)


def check_condition(condition: Condition, facts: Facts, as_of: date) -> Check:
    """One condition over the facts of one resident on a day."""
    if isinstance(condition.test, AnyOf):
        return _any_of(condition, condition.test, facts, as_of)
    state, detail = _test(condition.test, facts, as_of)
    return _result(condition, state, detail, condition.missing.text)


def _result(condition: Condition, state: CheckState, detail: str, missing: str, met_by: tuple[str, ...] = ()) -> Check:
    if state is CheckState.FAILED and not condition.blocks:
        state = CheckState.LOOK
    return Check(condition.key, condition.name.text, state, detail, condition.basis, "" if state is CheckState.PASSED else missing, met_by)


def _any_of(condition: Condition, test: AnyOf, facts: Facts, as_of: date) -> Check:
    results = [(option, *_test(option.test, facts, as_of)) for option in test.options]
    met = [(option, detail) for option, state, detail in results if state is CheckState.PASSED]
    if met:
        detail = tr("；").join(f"{option.name.text}：{detail}" for option, detail in met)
        return _result(condition, CheckState.PASSED, detail, "", tuple(option.key for option, _ in met))
    missing = tr("任选一项：") + tr("；").join(option.missing.text for option in test.options)
    if any(state is CheckState.OFFLINE for _, state, _ in results):
        return _result(condition, CheckState.OFFLINE, tr("离线未核，连上后补核"), missing)
    return _result(condition, CheckState.FAILED, tr("没有一项满足"), missing)


def _test(test: MonthsSince | Present | OneOf | NoneOf | AtMost | AtLeast | NotPast, facts: Facts, as_of: date) -> tuple[CheckState, str]:
    fact = facts.get(test.fact, Fact())
    if fact.asks_centre:
        return CheckState.OFFLINE, fact.source or tr("离线未核，连上后补核")
    match test:
        case MonthsSince():
            return _months_since(fact, test.at_least, as_of)
        case AtLeast(value=None):
            return CheckState.LOOK, tr("{fact}；门槛未配置").format(fact=fact.source or tr("没有记录"))
        case AtLeast():
            holds = fact.value is not None and test.value is not None and fact.value >= test.value
        case Present():
            holds = fact.value not in (None, "", False)
        case OneOf():
            holds = fact.value in test.values
        case NoneOf():
            holds = fact.value not in test.values
        case AtMost():
            limit = facts.get(test.limit_fact, Fact()).value
            holds = limit is None or fact.value is None or fact.value <= limit
        case NotPast():
            holds = fact.value is None or fact.value >= as_of
    return (CheckState.PASSED if holds else CheckState.FAILED), fact.source or tr("没有记录")


def _months_since(fact: Fact, at_least: int, as_of: date) -> tuple[CheckState, str]:
    if fact.value is None:
        return CheckState.FAILED, fact.source or tr("没有居住登记")
    if full_months(fact.value, as_of) >= at_least:
        days = (as_of - fact.value).days
        return CheckState.PASSED, tr("自 {day} 申报起 {n} 天").format(day=fact.value.isoformat(), n=days)
    return CheckState.FAILED, tr("自 {day} 申报，满 {months} 个月是 {due}").format(
        day=fact.value.isoformat(), months=at_least, due=add_months(fact.value, at_least).isoformat()
    )


def label(text: Label, language: str) -> str:
    """A data file's text in the language of the window."""
    return text.en if language == "en" else text.zh
