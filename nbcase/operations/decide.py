"""审核 and what follows an acceptance: decide, complete what was missing, withdraw, confirm what was decided offline."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from nbcase.domain.case import Case, CaseState, HandedIn
from nbcase.domain.clerk import Clerk, require
from nbcase.domain.clock import local_date
from nbcase.domain.document import Document
from nbcase.domain.errors import Conflict, Offline, UserError
from nbcase.domain.permit import Permit
from nbcase.domain.resident import Resident
from nbcase.domain.words import tr
from nbcase.domain.workdays import Pause
from nbcase.items.checks import Check, CheckState, Fact, check_conditions
from nbcase.items.item import Decision, Situation, Step
from nbcase.operations.accept import due
from nbcase.operations.desk import Desk
from nbcase.operations.effects import EFFECTS, Occasion
from nbcase.operations.facts import NO_PERMIT, Standing, elsewhere_fact, facts_of, standing
from nbcase.operations.papers import make_papers
from nbcase.store.desk_database import reading
from nbcase.store.desk_work import DeskWork, desk_work
from nbcase.store.shelf import Shelf


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the reviewer chose: a decision of the case's present step, reasons from its list, and words."""

    case_id: str
    decision_code: str
    reason_codes: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What became durable."""

    case: Case
    documents: tuple[Document, ...]
    checks: tuple[Check, ...]
    changed: frozenset[str]


def check_case(desk: Desk, case_id: str, *, ask_centre: bool = True) -> tuple[Check, ...]:
    """The program's own checks of an open case as of today; failed ones first."""
    with reading(desk.engine) as connection:
        shelf = Shelf(connection)
        case = shelf.need(Case, case_id)
        present = standing(shelf, shelf.need(Resident, case.resident_id))
    elsewhere = elsewhere_fact(desk, present.resident, desk.today()) if ask_centre else Fact(asks_centre=True, source=tr("正在核对"))
    checks = _checks(desk, case, present, elsewhere)
    return tuple(sorted(checks, key=lambda check: CHECK_ORDER.index(check.state)))


CHECK_ORDER = (CheckState.FAILED, CheckState.LOOK, CheckState.OFFLINE, CheckState.PASSED)


def _checks(desk: Desk, case: Case, present: Standing, elsewhere: Fact) -> tuple[Check, ...]:
    situation = desk.items.situation(case.item_code, case.situation_code)
    return check_conditions(situation, facts_of(present, situation, case.materials, desk.today(), elsewhere), desk.today())


def decide(desk: Desk, clerk: Clerk, verdict: Verdict) -> Decided:
    """Decide a case at its present step; durable when this returns.

    An approval with a failed condition is refused. Without the centre an approval is provisional (暂). Raises `UserError`.
    """
    with reading(desk.engine) as connection:
        shelf = Shelf(connection)
        case = shelf.need(Case, verdict.case_id)
        person = shelf.need(Resident, case.resident_id)
    situation = desk.items.situation(case.item_code, case.situation_code)
    step = situation.step(case.step_code)
    require(clerk, step.action)
    decision = _decision(step, verdict)
    elsewhere = elsewhere_fact(desk, person, desk.today()) if step.needs_centre else Fact(NO_PERMIT)
    with desk_work(desk.engine, desk.identity, clerk, desk.clock.now()) as work:
        case = work.need(Case, verdict.case_id)
        _still_open(case, clerk)
        present = standing(work, work.need(Resident, case.resident_id))
        checks = _checks(desk, case, present, elsewhere)
        if decision.outcome == "decided":
            _no_failed_check(checks)
        is_provisional = elsewhere.asks_centre and decision.outcome == "decided"
        case = _decided(case, clerk, work, decision, verdict, is_provisional=is_provisional)
        if step.effect is not None and decision.outcome == "decided":
            case = _apply(desk, work, situation, step, case, present, checks, is_provisional=is_provisional)
        work.put(case)
        papers = make_papers(desk, work, clerk, case, decision.documents, checks)
        work.record(step.action, case)
        return Decided(case=case, documents=papers, checks=checks, changed=work.changed())


def _decision(step: Step, verdict: Verdict) -> Decision:
    decision = next((entry for entry in step.decisions if entry.code == verdict.decision_code), None)
    if decision is None:
        raise LookupError(f"step {step.code} has no decision {verdict.decision_code}")
    known = {reason.code for reason in decision.reasons}
    if decision.outcome != "decided" and not (set(verdict.reason_codes) & known or verdict.note.strip()):
        raise UserError(tr("请选理由或写明说明。"), safe=tr("还没有作出决定。"), do=tr("按 / 选理由。"))
    return decision


def _still_open(case: Case, clerk: Clerk) -> None:
    if not case.state.is_open:
        raise Conflict(
            tr("这件已由他人办结。"),
            safe=tr("先前的决定没有改动。"),
            do=tr("请打开下一件。"),
        )
    if case.state is CaseState.IN_CORRECTION:
        raise UserError(tr("这件在等申请人补充材料。"), safe=tr("没有改动。"), do=tr("补齐后由窗口提交。"))
    if case.accepted_by == clerk.id:
        raise UserError(tr("受理和审核不能是同一人。"), safe=tr("没有改动。"), do=tr("请转给另一位审核人。"))


def _no_failed_check(checks: Sequence[Check]) -> None:
    failed = [check.name for check in checks if check.state is CheckState.FAILED]
    if failed:
        raise UserError(
            tr("核对未通过：{names}。").format(names=tr("、").join(failed)),
            safe=tr("还没有作出决定。"),
            do=tr("请不通过或要求补充。"),
        )


def _decided(case: Case, clerk: Clerk, work: DeskWork, decision: Decision, verdict: Verdict, *, is_provisional: bool) -> Case:
    state = CaseState(decision.outcome)
    is_end = state is not CaseState.IN_CORRECTION
    return replace(
        case,
        state=state,
        decision_code=decision.code,
        reason_codes=verdict.reason_codes,
        decision_note=verdict.note.strip(),
        decided_at=work.now if is_end else None,
        decided_by=clerk.id,
        is_provisional=is_provisional,
        pauses=case.pauses if is_end else (*case.pauses, Pause(from_on=local_date(work.now))),
    )


def _apply(
    desk: Desk,
    work: DeskWork,
    situation: Situation,
    step: Step,
    case: Case,
    present: Standing,
    checks: Sequence[Check],
    *,
    is_provisional: bool,
) -> Case:
    met_by = tuple(option for check in checks for option in check.met_by)
    occasion = Occasion(
        desk=desk,
        work=work,
        situation=situation,
        case=case,
        answers=case.form,
        standing=present,
        met_by=met_by,
        is_provisional=is_provisional,
    )
    return EFFECTS[str(step.effect)](occasion)


def complete(desk: Desk, clerk: Clerk, case_id: str, materials: Sequence[HandedIn]) -> Decided:
    """补正: the missing materials are there, the case goes on; the days since they were asked for do not count.

    For what was accepted with a material to follow (容缺) the clock has run all the time.
    """
    with desk_work(desk.engine, desk.identity, clerk, desk.clock.now()) as work:
        case = work.need(Case, case_id)
        if case.state not in (CaseState.IN_CORRECTION, CaseState.ACCEPTED_PROVISIONALLY):
            raise UserError(tr("这件不在等补充材料。"), safe=tr("没有改动。"), do=tr("请看办件的当前状态。"))
        codes_now = {material.code for material in materials}
        kept = tuple(material for material in case.materials if material.code not in codes_now)
        case = replace(case, materials=(*kept, *materials), state=CaseState.ACCEPTED, deferred_until_on=None)
        case = _resumed(desk, case)
        work.put(case)
        work.refer(*(content_hash for material in materials for content_hash in material.attachments))
        work.record("case.complete", case)
        return Decided(case=case, documents=(), checks=(), changed=work.changed())


def _resumed(desk: Desk, case: Case) -> Case:
    """The case with its pause ended today, and its due dates counted around all pauses."""
    pauses = tuple(replace(pause, until_on=desk.today()) if pause.until_on is None else pause for pause in case.pauses)
    limit, start = desk.items.situation(case.item_code, case.situation_code).limit, local_date(case.accepted_at)
    legal, promised = (due(desk.calendar, period, start, pauses) for period in (limit.legal, limit.promised))
    return replace(
        case, pauses=pauses, legal_due_on=legal[0], promised_due_on=promised[0], due_is_provisional=legal[1] or promised[1]
    )


def withdraw(desk: Desk, clerk: Clerk, case_id: str, reason: str) -> Decided:
    """撤回: the applicant takes the case back before it is decided."""
    with desk_work(desk.engine, desk.identity, clerk, desk.clock.now()) as work:
        case = work.need(Case, case_id)
        if not case.state.is_open:
            raise Conflict(tr("这件已办结，不能撤回。"), safe=tr("没有改动。"), do=tr("请按办结后的事项办理。"))
        case = replace(case, state=CaseState.WITHDRAWN, decision_note=reason.strip(), decided_at=work.now, decided_by=clerk.id)
        work.put(case)
        work.record("case.withdraw", case)
        return Decided(case=case, documents=(), checks=(), changed=work.changed())


def confirm(desk: Desk, clerk: Clerk, case_id: str) -> Decided:
    """补核: ask the centre about a case that was decided offline, and lift its 暂 with a new paper.

    Raises `Offline` while the centre is away and `Conflict` when it knows a permit elsewhere: then a person decides.
    """
    require(clerk, "permit.confirm")
    with reading(desk.engine) as connection:
        shelf = Shelf(connection)
        case = shelf.need(Case, case_id)
        person = shelf.need(Resident, case.resident_id)
    elsewhere = elsewhere_fact(desk, person, desk.today())
    if elsewhere.asks_centre:
        raise Offline(tr("中心现在不可达，还不能补核。"), safe=tr("这件仍标“暂”，没有改动。"), do=tr("恢复连接后再按补核。"))
    if elsewhere.value != NO_PERMIT:
        raise Conflict(
            tr("中心已有这个人的居住证：{source}。").format(source=elsewhere.source),
            safe=tr("本站这件仍标“暂”，两边记录都在。"),
            do=tr("请与对方受理点核实：收回本站的暂证，或由对方注销后再补核。"),
        )
    with desk_work(desk.engine, desk.identity, clerk, desk.clock.now()) as work:
        case = replace(work.need(Case, case_id), is_provisional=False)
        permit = work.get(Permit, case.permit_id)
        if permit is not None:
            work.put(replace(permit, is_provisional=False))
        work.put(case)
        situation = desk.items.situation(case.item_code, case.situation_code)
        step = situation.step(case.step_code)
        kinds = next((entry.documents for entry in step.decisions if entry.code == case.decision_code), ())
        papers = make_papers(desk, work, clerk, case, kinds, ())
        work.record("permit.confirm", case)
        return Decided(case=case, documents=papers, checks=(), changed=work.changed())
