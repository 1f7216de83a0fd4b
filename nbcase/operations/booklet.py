"""随身宝 on paper: an A5 booklet that the resident takes home. Kept nowhere, made again at any time; its code proves whose it is."""

from typing import Any

from nbcase.domain import codes
from nbcase.domain.clerk import Clerk
from nbcase.domain.clock import CHINA
from nbcase.domain.document import plain_code
from nbcase.domain.ids import new_id
from nbcase.domain.permit import usable_until
from nbcase.operations.companion import TOPIC_NAMES, Companion, Known, companion
from nbcase.operations.desk import Desk
from nbcase.operations.facts import NO_PERMIT
from nbcase.operations.loosepapers import signed_loose_paper
from nbcase.operations.matching import Match, Use
from nbcase.operations.papers import STATE_WORDS
from nbcase.points.catalogue import show

BOOKLET = "companion-booklet"

_USE_WORDS = {Use.CAN: "可享", Use.ASK: "先问", Use.UNDERWAY: "在办", Use.MISSING: "还差"}
"""What is in use already is not on the paper."""


def booklet_pdf(desk: Desk, clerk: Clerk, resident_id: str) -> bytes:
    """The booklet of a resident; `UserError` without a consent of today."""
    from nbcase.operations.issuing import About

    found = companion(desk, resident_id)
    now = desk.clock.now()
    number = f"{desk.identity.prefix}-{now.astimezone(CHINA):%y%m%d%H%M%S}"
    resident = found.resident
    about = About(document_id=new_id(), number=number, name=resident.name, document_number=resident.document_number, made_at=now)
    values = {
        **booklet_values(desk, found),
        "qr_text": plain_code(BOOKLET, number, about.document_id[-12:]),
        "clerk": clerk.name,
        "station": desk.station.name,
        "printed_at": now,
    }
    return signed_loose_paper(desk, BOOKLET, values, about)


def booklet_values(desk: Desk, found: Companion) -> dict[str, Any]:
    """What the booklet says of a resident, in the papers' language."""
    dwelling, score = found.standing.dwelling, found.standing.score
    shown = [match for match in found.matches if match.use in _USE_WORDS]
    values: dict[str, Any] = {
        "name": found.resident.name,
        "identity_number": found.resident.document_number,
        "address": dwelling.address if dwelling is not None else None,
        "permit": _permit_words(found),
        "points": f"{show(score.total)} 分（{score.on}）" if score is not None else "中心还没有计分",
        "policies": [_policy_row(desk, match) for match in shown],
        "known": [_known_row(known) for known in found.known],
        "consent": _consent_words(found),
    }
    return {key: value for key, value in values.items() if value not in (None, [])}


def _permit_words(found: Companion) -> str:
    state, permit = found.standing.permit_state(found.today), found.standing.permit
    if state == NO_PERMIT or permit is None:
        return "没有居住证"
    until = usable_until(permit, found.standing.endorsements_of(permit))
    return f"{STATE_WORDS[state]}，至 {until}" if state in ("normal", "to_endorse") else STATE_WORDS[state]


def _consent_words(found: Companion) -> str:
    purpose = codes.name("companion_purpose", found.consent.purpose_code, english=False)
    who = f"监护人 {found.consent.guardian_name}" if found.consent.guardian_name else "本人"
    return f"{who} {found.consent.given_on} 同意查看，用途：{purpose}"


def _policy_row(desk: Desk, match: Match) -> dict[str, Any]:
    policy = match.policy
    if match.use in (Use.MISSING, Use.UNDERWAY):
        text = "；".join(match.missing)
    else:
        asks = f"（{policy.asks.zh}，请告诉窗口）" if policy.asks is not None else ""
        by = f"，{match.by} 前" if match.by is not None else ""
        text = f"{policy.gives.zh}{asks}。{how_on_paper(desk, match)}{by}"
    name = f"{policy.name.zh}（样例）" if policy.is_sample else policy.name.zh
    return {"use": _USE_WORDS[match.use], "what": name, "text": text, "basis": policy.basis}


def how_on_paper(desk: Desk, match: Match) -> str:
    """Where a policy is applied for, in the papers' language."""
    policy = match.policy
    if policy.apply.office is not None:
        return policy.apply.office.zh
    item = desk.items.item(policy.item_code)
    return f"本窗口：{item.name.zh}（{item.situation(policy.situation_code).name.zh}）"


def _known_row(known: Known) -> dict[str, Any]:
    nothing = "没有查到数据" if known.department else "没有部门送这类数据"
    return {
        "topic": TOPIC_NAMES[known.topic],
        "what": "；".join(known.rows[:2]) + (f" 等 {len(known.rows)} 条" if len(known.rows) > 2 else "") if known.rows else nothing,
        "source": _short(known.department) or "—",
        "month": known.month or "—",
    }


def _short(departments: str) -> str:
    """At most two departments, so that a row keeps to its line."""
    names = departments.split("、")
    return departments if len(names) <= 2 else f"{names[0]}等 {len(names)} 家"
