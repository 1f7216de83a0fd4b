"""Which policies one resident can have now and does not use: the policy's conditions over the records, with what met or failed each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from nbcase.domain.permit import PermitState, endorsement_window, permit_state
from nbcase.domain.score import Score
from nbcase.domain.words import tr
from nbcase.items.catalogue import Catalogue
from nbcase.items.checks import Check, CheckState, Fact, Facts, check_condition
from nbcase.items.item import Label, Situation
from nbcase.items.policy import KNOWN, TOPICS, Policies, Policy
from nbcase.operations.facts import NOT_WORKING, Standing, facts_of
from nbcase.operations.offers import offer_of

TOPIC_ROWS: Mapping[str, tuple[str, frozenset[str]]] = {
    "education": ("education", frozenset()),
    "skills": ("certificate", frozenset()),
    "social_insurance": ("insurance", frozenset({"pension", "injury"})),
    "medical_insurance": ("insurance", frozenset({"medical"})),
    "employment": ("employment", frozenset()),
    "housing": ("housing", frozenset()),
}
"""By topic the table that departments deliver, and which schemes of it; topics without one are delivered by nobody yet."""

_NO_FORM = Situation(code="", name=Label(zh="", en=""), steps=())
_LAST = ("last_month", "last_on")


class Use(StrEnum):
    """可享, 问本人, 在办, 还差, 已在用."""

    CAN = "can"
    ASK = "ask"
    UNDERWAY = "underway"
    MISSING = "missing"
    USED = "used"


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """One policy for one resident: `met` says why, `missing` what is lacking and by when it can be there, `by` the last day to ask."""

    policy: Policy
    use: Use
    met: tuple[Check, ...]
    missing: tuple[str, ...] = ()
    by: date | None = None


def match_policies(
    items: Catalogue, policies: Policies, present: Standing, children: int, underway: Mapping[str, str], on: date
) -> tuple[Match, ...]:
    """Every policy in force for one resident, what can be had first. `underway` are receipt numbers by ``item.situation``."""
    facts = policy_facts(present, children, on)
    found = [_match(items, policy, present, facts, underway, on) for policy in policies.values() if policy.holds(on)]
    order = list(Use)
    return tuple(sorted(found, key=lambda match: (order.index(match.use), match.by or date.max, match.policy.code)))


def policy_facts(present: Standing, children: int, on: date) -> Facts:
    """Every fact that a policy may name."""
    resident = present.resident
    works = bool(resident.employer) and resident.occupation_code not in NOT_WORKING
    return {
        **facts_of(present, _NO_FORM, (), on, Fact()),
        "works": Fact(works, resident.employer or tr("没有工作单位记录")),
        "children": Fact(children, tr("以本人为监护人的 {n} 人").format(n=children)),
        "endorse_until": _endorse_until(present, on),
        **known_facts(present.score),
    }


def _endorse_until(present: Standing, on: date) -> Fact:
    permit = present.permit
    if permit is None:
        return Fact(None)
    made = present.endorsements_of(permit)
    if permit_state(permit, made, on) is not PermitState.TO_ENDORSE:
        return Fact(None)
    return Fact(endorsement_window(permit, made).closes_on)


def known_facts(score: Score | None) -> dict[str, Fact]:
    """For each topic whether a department's newest data have a row that holds; a topic without data has no fact."""
    if score is None:
        return {}
    held = {topic: topic_rows(score, topic) for topic in TOPICS}
    return {
        KNOWN + topic: Fact("held", tr("{month} 部门数据").format(month=topic_month(score, topic) or "—"))
        for topic, rows in held.items()
        if any(row_holds(row, topic_month(score, topic)) for row in rows)
    }


def topic_rows(score: Score, topic: str) -> list[Mapping[str, Any]]:
    """The departments' rows of a topic, as they travel."""
    table, schemes = TOPIC_ROWS.get(topic, ("", frozenset()))
    return [row for row in score.records.get(table, ()) if not schemes or row.get("scheme_code") in schemes]


def topic_month(score: Score, topic: str) -> str:
    """The month that a topic's data are of, ``2026-10``; empty where no delivery is named."""
    return str(score.cut.get(TOPIC_ROWS.get(topic, ("", frozenset()))[0], ""))[:7]


def row_holds(row: Mapping[str, Any], month: str) -> bool:
    """Whether a row has no end, or one that is not before the month of its data; what has no span holds for ever."""
    end = next((row[name] for name in _LAST if row.get(name) is not None), None)
    if end is None or not month:
        return True
    if isinstance(end, int):
        return end >= int(month[:4]) * 12 + int(month[5:7]) - 1
    return str(end)[:7] >= month


def _match(items: Catalogue, policy: Policy, present: Standing, facts: Facts, underway: Mapping[str, str], on: date) -> Match:
    checks = [check_condition(condition, facts, on) for condition in policy.conditions]
    met = tuple(check for check in checks if check.state is CheckState.PASSED)
    by = _last_day(policy, facts)
    if policy.in_use is not None and facts.get(policy.in_use, Fact()).value == "held":
        return Match(policy=policy, use=Use.USED, met=met, missing=(facts[policy.in_use].source,))
    if (number := underway.get(policy.apply.item or "")) is not None:
        return Match(policy=policy, use=Use.UNDERWAY, met=met, missing=(tr("已在办：{number}").format(number=number),))
    lacking = tuple(_lacking(check) for check in checks if check.state is not CheckState.PASSED)
    if not lacking and policy.apply.item is not None:
        obstacle = offer_of(items.item(policy.item_code), items.situation(policy.item_code, policy.situation_code), present, None, on)
        lacking = (obstacle.obstacle,) if obstacle.obstacle else ()
    if lacking:
        return Match(policy=policy, use=Use.MISSING, met=met, missing=lacking, by=by)
    return Match(policy=policy, use=Use.ASK if policy.asks is not None else Use.CAN, met=met, by=by)


def _last_day(policy: Policy, facts: Facts) -> date | None:
    value = facts.get(policy.by, Fact()).value if policy.by is not None else None
    last = policy.until_on - timedelta(days=1) if policy.until_on is not None else None
    days: Sequence[date] = [day for day in (value, last) if isinstance(day, date)]
    return min(days, default=None)


def _lacking(check: Check) -> str:
    words = tr("；").join(part for part in (check.detail, check.missing) if part)
    return tr("{name}：{words}").format(name=check.name, words=words)
