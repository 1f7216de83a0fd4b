"""Papers of a case: the values that their layouts declare, taken from the records and from nowhere else.

Papers are official Chinese whatever language the window speaks, so their words do not go through `tr`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from nbcase.domain import codes
from nbcase.domain.case import Case
from nbcase.domain.clerk import Clerk
from nbcase.domain.clock import add_months
from nbcase.domain.document import Document, plain_code
from nbcase.domain.dwelling import Dwelling
from nbcase.domain.errors import UserError
from nbcase.domain.ids import new_id
from nbcase.domain.permit import Endorsement, Permit, usable_until
from nbcase.domain.registration import Registration
from nbcase.domain.resident import Resident
from nbcase.domain.words import tr
from nbcase.items.checks import Check, CheckState
from nbcase.items.item import AnyOf, Condition, Item, Material, Period, Situation
from nbcase.operations.desk import Desk
from nbcase.operations.facts import Standing, standing
from nbcase.operations.loosepapers import signed_loose_paper
from nbcase.store.desk_work import DeskWork

PDF = "application/pdf"

STATE_WORDS = {
    "normal": "正常",
    "to_endorse": "待签注",
    "suspended": "暂停使用",
    "cancelled": "已注销",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Matter:
    """Everything a paper may speak of."""

    desk: Desk
    clerk: Clerk
    case: Case
    item: Item
    situation: Situation
    standing: Standing
    registration: Registration | None
    dwelling: Dwelling | None
    checks: Sequence[Check]
    print_count: int = 1


def make_papers(
    desk: Desk,
    work: DeskWork,
    clerk: Clerk,
    case: Case,
    kinds: Sequence[str],
    checks: Sequence[Check],
    *,
    more: Mapping[str, Any] = MappingProxyType({}),
) -> tuple[Document, ...]:
    """Render the papers of a step into the open unit of work: files, document records and the case commit together.

    `more` are values that the records do not hold, such as what the centre answered.
    """
    return tuple(_make(desk, work, clerk, case, desk.paper_kinds.get(kind, kind), checks, more) for kind in kinds)


def _make(desk: Desk, work: DeskWork, clerk: Clerk, case: Case, kind: str, checks: Sequence[Check], more: Mapping[str, Any]) -> Document:
    # Loaded here: reportlab and its fonts cost 0.1 s, which the start of the window must not pay.
    from nbcase.documents.layout import load_layout
    from nbcase.operations.issuing import About, finished_paper

    layout = load_layout(kind)
    matter = _matter(desk, work, clerk, case, checks)
    pool = {**values(matter, kind), **more}
    declared = {field.key: pool[field.key] for field in layout.fields if field.key in pool}
    resident = matter.standing.resident
    about = About(
        document_id=new_id(),
        number=case.number,
        name=resident.name,
        document_number=resident.document_number,
        made_at=work.now,
        valid_until_on=pool.get("holds_until"),
        is_provisional=bool(pool.get("provisional")),
    )
    pdf = finished_paper(
        work.connection, layout, declared, about, station_code=desk.station.code, specimen=desk.specimen, page=desk.verify_page
    )
    attachment = work.attach(pdf, PDF)
    document = Document(
        id=about.document_id,
        case_id=case.id,
        resident_id=case.resident_id,
        kind_code=kind,
        number=case.number,
        content_hash=attachment.hash,
        made_at=work.now,
        made_by=clerk.id,
        is_provisional=about.is_provisional,
        station_code=desk.station.code,
    )
    work.put(document)
    return document


def _matter(desk: Desk, work: DeskWork, clerk: Clerk, case: Case, checks: Sequence[Check]) -> _Matter:
    resident = work.need(Resident, case.resident_id)
    registration = work.get(Registration, case.registration_id)
    present = standing(work, resident)
    dwelling = work.get(Dwelling, registration.dwelling_id) if registration else present.dwelling
    item = desk.items.item(case.item_code)
    return _Matter(
        desk=desk,
        clerk=clerk,
        case=case,
        item=item,
        situation=item.situation(case.situation_code),
        standing=present,
        registration=registration or present.active,
        dwelling=dwelling,
        checks=checks,
    )


def values(matter: _Matter, kind: str) -> dict[str, Any]:
    """Every value that any of our layouts may declare; what is not known is left out and the layout says so."""
    pool = {**_common(matter, kind), **_person(matter), **_limits(matter), **_residence(matter)}
    more = {"permit-confirmation": _permit, "endorsement-slip": _endorsement, "one-time-notice": _notice, "refusal": _refusal}
    if kind in more:
        pool.update(more[kind](matter))
    return {key: value for key, value in pool.items() if value not in (None, "")}


def _common(matter: _Matter, kind: str) -> dict[str, Any]:
    case, desk = matter.case, matter.desk
    return {
        "receipt_number": case.number,
        "registration_number": case.number,
        "notice_number": case.number,
        "decision_number": case.number,
        "print_count": matter.print_count,
        "item": f"{matter.item.name.zh}（{matter.situation.name.zh}）",
        "clerk": matter.clerk.name,
        "station": desk.station.name,
        "window": desk.identity.window,
        "accepted_at": case.accepted_at,
        "accepted_on": case.accepted_at,
        "printed_on": desk.clock.now(),
        "materials": [_material_row(number, material) for number, material in enumerate(_handed_in(matter), start=1)],
        "how_to_ask": "凭受理号在任一受理窗口查询" + (f"，电话 {desk.station.phone}" if desk.station.phone else ""),
        "provisional": case.is_provisional,
        "qr_text": plain_code(kind, case.number, case.id[-12:]),
    }


def _handed_in(matter: _Matter) -> list[tuple[str, str]]:
    names = {material.code: material.name.zh for material in matter.situation.materials}
    return [(names.get(entry.code, entry.code), entry.how) for entry in matter.case.materials]


def _material_row(number: int, material: tuple[str, str]) -> dict[str, Any]:
    name, how = material
    remark = {"scan": "原件退回", "card": "原件退回", "confirmed": "本人已确认", "shared": "本人已确认"}.get(how, "待补")
    return {"number": number, "name": name, "source": codes.name("obtained", how, english=False), "remark": remark}


def _person(matter: _Matter) -> dict[str, Any]:
    resident = matter.standing.resident
    return {
        "applicant": resident.name,
        "name": resident.name,
        "sex": codes.name("sex", resident.sex_code, english=False),
        "ethnic_group": nation_words(resident.nation_code),
        "born_on": resident.birth_on,
        "identity_number": resident.document_number,
        "household_address": resident.home_address,
    }


def nation_words(nation_code: str | None) -> str | None:
    """民族 as papers write it: 维吾尔族."""
    if not nation_code:
        return None
    name = codes.name("nation", nation_code, english=False)
    return name if name.endswith("族") or nation_code in ("97", "98") else f"{name}族"


def _limits(matter: _Matter) -> dict[str, Any]:
    case, limit = matter.case, matter.situation.limit
    return {
        "legal_limit": period_words(limit.legal),
        "legal_due_on": case.legal_due_on,
        "legal_tentative": case.legal_due_on is not None and not matter.desk.calendar.is_known(case.legal_due_on.year),
        "promised_limit": period_words(limit.promised),
        "promised_due_on": case.promised_due_on,
        "promised_tentative": case.promised_due_on is not None and not matter.desk.calendar.is_known(case.promised_due_on.year),
    }


def period_words(period: Period | None) -> str | None:
    """A limit in words: 当场, 1 个工作日, 15 日."""
    if period is None:
        return None
    if period.working_days == 0:
        return "当场办结"
    if period.working_days is not None:
        return f"{period.working_days} 个工作日"
    return f"{period.calendar_days} 日"


def _residence(matter: _Matter) -> dict[str, Any]:
    registration, dwelling = matter.registration, matter.dwelling
    if registration is None:
        return {}
    return {
        "residence_address": dwelling.address if dwelling else None,
        "lodging": codes.name("place", registration.place_code, english=False) if registration.place_code else None,
        "reason": codes.name("reason", registration.reason_code, english=False) if registration.reason_code else None,
        "registered_on": registration.declared_on,
        "state": "有效" if registration.ended_on is None else "已注销",
    }


def _permit(matter: _Matter) -> dict[str, Any]:
    permit = _need_permit(matter)
    endorsements = matter.standing.endorsements_of(permit)
    return {
        "issued_on": permit.issued_on,
        "permit_number": permit.number,
        "state": STATE_WORDS[matter.standing.permit_state(matter.desk.today())],
        "endorsements": [_endorsement_row(entry) for entry in reversed(endorsements)],
        "holds_until": usable_until(permit, endorsements),
        "authority": "（样张不填）" if matter.desk.specimen else None,
        "checked_at": None if permit.is_provisional or matter.case.is_provisional else matter.desk.clock.now(),
        "provisional": permit.is_provisional or matter.case.is_provisional,
    }


def _need_permit(matter: _Matter) -> Permit:
    permit = matter.standing.permit
    if permit is None:
        raise UserError(tr("没有居住证，不能打印确认单。"), safe=tr("没有打印任何纸张。"), do=tr("请先办理申领。"))
    return permit


def ground_words(grounds: Sequence[str]) -> str:
    """The grounds of a permit in words."""
    return "、".join(codes.name("ground", ground, english=False) for ground in grounds) or "—"


def _endorsement_row(entry: Endorsement) -> dict[str, Any]:
    return {
        "number": entry.ordinal,
        "endorsed_on": entry.endorsed_on.isoformat(),
        "valid_until": entry.valid_until_on.isoformat(),
        "reason": ground_words(entry.grounds),
        "channel": codes.name("channel", entry.channel_code, english=False),
    }


def _endorsement(matter: _Matter) -> dict[str, Any]:
    permit = _need_permit(matter)
    entry = next((e for e in matter.standing.endorsements_of(permit) if e.case_id == matter.case.id), None)
    if entry is None:
        raise LookupError(f"case {matter.case.number} made no endorsement")
    return {
        "permit_number": permit.number,
        "issued_on": permit.issued_on,
        "endorsement_count": entry.ordinal,
        "endorsed_on": entry.endorsed_on,
        "reason": ground_words(entry.grounds),
        "valid_until": entry.valid_until_on,
        "holds_until": entry.valid_until_on,
        "next_from": add_months(entry.valid_until_on, -1),
        "late": entry.is_late,
        "provisional": entry.is_provisional,
    }


def basis_words(basis: str) -> str:
    """A legal basis as papers cite it: 《居住证暂行条例》第九条."""
    law, _, article = basis.partition(" ")
    return f"《{law}》{article}" if law else "—"


def _notice(matter: _Matter) -> dict[str, Any]:
    rows = missing_rows(matter.situation, matter.checks, (), matter.case.reason_codes, matter.case.decision_note)
    return {
        "missing": rows,
        "deferrable": any(material.deferrable for material in matter.situation.materials),
        "due_on": matter.case.deferred_until_on,
        "legal_basis": "、".join(basis_words(basis) for basis in matter.item.legal_basis[:2]),
        "told_on": matter.desk.clock.now(),
    }


def missing_rows(
    situation: Situation, checks: Sequence[Check], materials: Sequence[Material], reason_codes: Sequence[str] = (), note: str = ""
) -> list[dict[str, Any]]:
    """Everything that is missing, told once: failed conditions, materials, what the reviewer asked for."""
    conditions = {condition.key: condition for condition in situation.conditions}
    failed = [conditions[check.key] for check in checks if check.state is CheckState.FAILED]
    rows = [(condition.name.zh, _to_bring(condition), condition.basis) for condition in failed]
    rows += [
        (material.name.zh, "、".join(codes.name("obtained", how, english=False) for how in material.obtained), "") for material in materials
    ]
    reasons = {reason.code: reason.name.zh for step in situation.steps for decision in step.decisions for reason in decision.reasons}
    rows += [(reasons.get(code, code), note or "请按窗口说明补充", "") for code in reason_codes]
    if note and not reason_codes:
        rows.append(("审核意见", note, ""))
    return [{"number": n, "name": name, "how": how, "basis": basis_words(basis)} for n, (name, how, basis) in enumerate(rows, start=1)]


def _to_bring(condition: Condition) -> str:
    """What to bring for a condition, in the papers' language."""
    if isinstance(condition.test, AnyOf):
        return "任选一项：" + "；".join(option.missing.zh for option in condition.test.options)
    return condition.missing.zh


def _refusal(matter: _Matter) -> dict[str, Any]:
    case = matter.case
    decision = next((d for step in matter.situation.steps for d in step.decisions if d.code == case.decision_code), None)
    reasons = {reason.code: reason.name.zh for reason in decision.reasons} if decision else {}
    rows = [reasons.get(code, code) for code in case.reason_codes]
    if case.decision_note:
        rows.append(case.decision_note)
    basis = basis_words(matter.item.legal_basis[0])
    conditions = {condition.key: condition for condition in matter.situation.conditions}
    return {
        "decision_title": "不予许可决定书",
        "decision": "不予办理",
        "applied_on": case.accepted_at,
        "decided_on": case.decided_at,
        "reasons": [{"number": n, "reason": text, "basis": basis} for n, text in enumerate(rows, start=1)],
        "advice": next((_to_bring(conditions[check.key]) for check in matter.checks if check.state is CheckState.FAILED), None),
    }


def notice_pdf(
    desk: Desk,
    clerk: Clerk,
    *,
    item_code: str,
    situation_code: str,
    person: Mapping[str, str],
    checks: Sequence[Check],
    materials: Sequence[Material],
    problems: Sequence[str],
) -> bytes:
    """The one-time notice for a request that could not be accepted: nothing is recorded, the paper tells everything once.

    `person` has ``name`` and ``document_number``.
    """
    from nbcase.operations.issuing import About

    item = desk.items.item(item_code)
    situation = item.situation(situation_code)
    rows = missing_rows(situation, checks, materials)
    rows += [
        {"number": len(rows) + n, "name": text, "how": "请本人到窗口说明或出示证件", "basis": "—"}
        for n, text in enumerate(problems, start=1)
    ]
    now = desk.clock.now()
    number = f"{desk.identity.prefix}-{now:%y%m%d%H%M%S}"
    given = {
        "notice_number": number,
        "item": f"{item.name.zh}（{situation.name.zh}）",
        "applicant": person["name"],
        "identity_number": person["document_number"],
        "missing": rows,
        "deferrable": bool(materials) and all(material.deferrable for material in materials) and not problems,
        "legal_basis": "、".join(basis_words(basis) for basis in item.legal_basis[:2]),
        "how_to_ask": "凭告知编号在任一受理窗口咨询",
        "qr_text": plain_code("one-time-notice", number, 0),
        "clerk": clerk.name,
        "station": desk.station.name,
        "window": desk.identity.window,
        "told_on": now,
    }
    about = About(
        document_id=new_id(), number=number, name=person["name"], document_number=person["document_number"], made_at=now
    )
    return signed_loose_paper(desk, "one-time-notice", given, about)
