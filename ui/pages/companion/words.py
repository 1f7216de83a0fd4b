"""The rows and facts of 随身宝 in words."""

from datetime import date
from typing import Any

from nbcase.domain import codes
from nbcase.domain.identity import mask_phone
from nbcase.domain.words import tr
from nbcase.operations.call_list import Call, PolicyCalls
from nbcase.operations.companion import TOPIC_NAMES, Companion, Known
from nbcase.operations.facts import NO_PERMIT
from nbcase.operations.matching import Match, Use
from nbcase.operations.offers import Offer
from nbcase.points.catalogue import show
from ui.casewords import day_words
from ui.widgets.ink import Tone
from ui.widgets.lists import LineRow

_LOOKS: dict[Use, tuple[str, str]] = {
    Use.CAN: ("circle-check", "green"),
    Use.ASK: ("circle-question-mark", "accent"),
    Use.UNDERWAY: ("clock", "text2"),
    Use.MISSING: ("circle-dashed", "amber"),
    Use.USED: ("check", "text2"),
}
_SHOWN_ROWS = 3


def use_tag(use: Use) -> tuple[str, Tone]:
    """How a policy stands for a resident."""
    tags: dict[Use, tuple[str, Tone]] = {
        Use.CAN: (tr("可享"), "green"),
        Use.ASK: (tr("先问"), "accent"),
        Use.UNDERWAY: (tr("在办"), "neutral"),
        Use.MISSING: (tr("还差"), "amber"),
        Use.USED: (tr("已在用"), "neutral"),
    }
    return tags[use]


def policy_name(match: Match | PolicyCalls) -> str:
    """The policy's name; an invented one says so."""
    name = match.policy.name.text
    return tr("{name}（样例）").format(name=name) if match.policy.is_sample else name


def choice_row(choice: Match | Offer, today: date) -> LineRow:
    """A line of the list."""
    if isinstance(choice, Offer):
        return LineRow(icon="plus", title=choice.name, under=choice.item.responsible.text, tag=tr("可办"), payload=choice)
    icon, color = _LOOKS[choice.use]
    words, tone = use_tag(choice.use)
    by = tr("{day} 前").format(day=day_words(choice.by, today)) if choice.by is not None and choice.use in (Use.CAN, Use.ASK) else ""
    return LineRow(
        icon=icon, icon_color=color, title=policy_name(choice), under=_under(choice, by), tag=words, tag_tone=tone, payload=choice
    )


def _under(match: Match, by: str) -> str:
    if match.use in (Use.MISSING, Use.UNDERWAY, Use.USED):
        return tr("；").join(match.missing)
    asks = tr("问本人：{what}").format(what=match.policy.asks.text) if match.policy.asks is not None else ""
    return " · ".join(part for part in (by, asks or match.policy.gives.text) if part)


def why(choice: Match | Offer, how: str) -> list[tuple[str, str]]:
    """What the right side explains: what it gives, by which clause, what met it, what is missing, where and by when."""
    if isinstance(choice, Offer):
        checks = tr("；").join(condition.name.text for condition in choice.situation.conditions)
        return [
            (tr("到哪里办"), tr("本窗口")),
            (tr("依据"), "\n".join(choice.item.legal_basis)),
            (tr("条件"), checks or tr("没有条件")),
            (tr("费用"), choice.item.fee.text),
        ]
    policy = choice.policy
    facts = [(tr("内容"), policy.gives.text), (tr("依据"), policy.basis)]
    facts += [(tr("符合"), f"{check.name}\n{check.detail}") for check in choice.met]
    facts += [(tr("还差") if choice.use is Use.MISSING else tr("情况"), words) for words in choice.missing]
    if policy.asks is not None:
        facts.append((tr("问本人"), policy.asks.text))
    facts.append((tr("到哪里办"), how))
    if choice.by is not None:
        facts.append((tr("办到"), str(choice.by)))
    since = tr("自 {day} 起").format(day=policy.from_on) if policy.from_on is not None else tr("现行有效，起始日未载")
    facts.append((tr("有效"), tr("，").join((since, tr("{day} 止").format(day=policy.until_on))) if policy.until_on is not None else since))
    return facts


def known_facts(found: Companion) -> list[tuple[str, str]]:
    """Each topic with its rows, whose data they are and how old."""
    return [(tr(TOPIC_NAMES[known.topic]), known_words(known)) for known in found.known]


def known_words(known: Known) -> str:
    """Rows, then source and age; a gap is said, never left empty."""
    if not known.department:
        return tr("没有部门送这类数据")
    source = tr("{department} · {month} 数据").format(department=known.department, month=known.month or "—")
    if known.age:
        source = tr("{source} · {n} 个月前").format(source=source, n=known.age)
    if not known.rows:
        return f"{tr('没有查到数据')}\n{source}"
    rows = list(known.rows[:_SHOWN_ROWS])
    if len(known.rows) > _SHOWN_ROWS:
        rows.append(tr("另有 {n} 条").format(n=len(known.rows) - _SHOWN_ROWS))
    return "\n".join([*rows, source])


def here_facts(found: Companion) -> list[tuple[str, str]]:
    """What the counter itself has: points, permit, services, bookings."""
    score = found.standing.score
    points = tr("{points} 分，中心 {day} 计分").format(points=show(score.total), day=score.on) if score else tr("中心还没有计分")
    facts = [(tr("积分"), points), (tr("居住证"), _permit(found))]
    facts.append((tr("在用"), "\n".join(tr("{name}，{day} 起").format(name=name, day=day) for name, day in found.services)))
    facts.append((tr("预约"), "\n".join(f"{offering.name} {offering.begins_on}" for _, offering in found.bookings)))
    return facts


def _permit(found: Companion) -> str:
    state = found.standing.permit_state(found.today)
    words = {
        "normal": tr("正常"),
        "to_endorse": tr("待签注"),
        "suspended": tr("暂停使用"),
        "cancelled": tr("已注销"),
        NO_PERMIT: tr("没有"),
    }
    if found.window is None or state not in ("normal", "to_endorse"):
        return words[state]
    return tr("{state}，签注 {first} 至 {last}").format(state=words[state], first=found.window.opens_on, last=found.window.closes_on)


def family_facts(found: Companion) -> list[tuple[str, str]]:
    """Children and guardian, as far as the records link them."""
    facts = [(tr("子女"), tr("{name}，{day} 生").format(name=child.name, day=child.birth_on)) for child in found.children]
    if found.resident.guardian_name:
        known = tr("{name}，本站有登记") if found.guardian is not None else "{name}"
        facts.append((tr("监护人"), known.format(name=found.resident.guardian_name)))
    return facts


def consent_words(found: Companion) -> str:
    """Who consented, when, to what."""
    consent = found.consent
    who = tr("监护人{name}").format(name=consent.guardian_name) if consent.guardian_name else tr("本人")
    purpose = codes.name("companion_purpose", consent.purpose_code)
    return tr("{who}今天同意，用途：{purpose}").format(who=who, purpose=purpose)


def list_row(one: PolicyCalls) -> LineRow:
    """A policy with how many people it found."""
    under = tr("其中 {n} 人先问本人").format(n=one.asked) if one.asked else one.policy.basis
    return LineRow(title=policy_name(one), under=under, right=tr("{n} 人").format(n=one.count), payload=one)


def call_row(call: Call, today: Any) -> LineRow:
    """A person to call: name, masked phone, why."""
    met = tr("；").join(tr("，").join(part for part in (check.name, check.detail) if part) for check in call.match.met)
    by = tr("{day} 前").format(day=day_words(call.match.by, today)) if call.match.by is not None else ""
    phone = mask_phone(call.phone) if call.phone else tr("没有手机")
    return LineRow(title=call.resident.name, name=phone, note=met, right=by, right_tone="amber", payload=call)
