"""受理: take a form, check it, write case, records, papers and outbox entry at once; only then is it accepted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from nbcase.domain.case import Case, CaseState, HandedIn
from nbcase.domain.clerk import Clerk, require
from nbcase.domain.document import Document
from nbcase.domain.errors import UserError
from nbcase.domain.ids import new_id
from nbcase.domain.resident import Resident
from nbcase.domain.words import tr
from nbcase.domain.workdays import Pause, WorkingCalendar
from nbcase.items.checks import Check, CheckState, Fact, check_conditions
from nbcase.items.fields import AnswersIncomplete, Problem, problems
from nbcase.items.item import Material, Period, Situation
from nbcase.operations.desk import Desk
from nbcase.operations.drafts import remove_draft
from nbcase.operations.effects import EFFECTS, Occasion, proposed_resident, proposed_standing
from nbcase.operations.facts import Standing, elsewhere_fact, facts_of
from nbcase.operations.papers import make_papers
from nbcase.store.desk_database import reading
from nbcase.store.desk_work import DeskWork, desk_work
from nbcase.store.shelf import Shelf


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the clerk hands in: the item's situation, the answers, the materials; `resident_id` for a known person."""

    item_code: str
    situation_code: str
    answers: Mapping[str, Any]
    materials: tuple[HandedIn, ...] = ()
    resident_id: str | None = None
    draft_id: str | None = None
    photo_hash: str | None = None
    deferred_until_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """What became durable, and what the resident may want next (``item.situation`` codes)."""

    case: Case
    documents: tuple[Document, ...]
    checks: tuple[Check, ...]
    next: tuple[str, ...] = ()
    changed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """How a request stands before it is accepted: form problems, conditions, missing materials."""

    problems: tuple[Problem, ...]
    checks: tuple[Check, ...]
    missing_materials: tuple[Material, ...]

    @property
    def can_accept(self) -> bool:
        """Nothing missing and no condition failed."""
        return not self.problems and not self.missing_materials and not self.failed

    @property
    def failed(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if check.state is CheckState.FAILED)


class ConditionsNotMet(UserError):
    """The law does not allow it yet; `examination` has everything for the one-time notice."""

    def __init__(self, examination: Examination) -> None:
        names = [check.name for check in examination.failed] + [material.name.text for material in examination.missing_materials]
        super().__init__(
            tr("还不能受理：{names}。").format(names=tr("、").join(names)),
            safe=tr("已填的内容都在草稿里。"),
            do=tr("按 Ctrl+T 打印一次性告知书，写明缺什么、怎么补。"),
        )
        self.examination = examination

    def __reduce__(self) -> tuple[object, ...]:
        return (ConditionsNotMet, (self.examination,))


def examine(desk: Desk, request: Request) -> Examination:
    """Check a request without changing anything: what the page shows while the clerk types."""
    situation = desk.items.situation(request.item_code, request.situation_code)
    found = problems(situation, request.answers, desk.today())
    if request.resident_id is None and any(problem.key in IDENTITY_KEYS for problem in found):
        return Examination(problems=found, checks=(), missing_materials=())
    with reading(desk.engine) as connection:
        standing = _standing(desk, Shelf(connection), situation, request)
    elsewhere = _elsewhere(desk, situation, standing.resident)
    return _examination(desk, situation, request, found, standing, elsewhere)


def examine_unfinished(desk: Desk, request: Request) -> Examination:
    """Examine a half-filled form: answers that are wrong stay out of the conditions and are told as problems."""
    situation = desk.items.situation(request.item_code, request.situation_code)
    found = problems(situation, request.answers, desk.today())
    wrong = {problem.key for problem in found if not problem.is_missing}
    answers = {key: value for key, value in request.answers.items() if key not in wrong}
    return replace(examine(desk, replace(request, answers=answers)), problems=found)


IDENTITY_KEYS = frozenset({"document_kind", "document_number", "name"})


def accept(desk: Desk, clerk: Clerk, request: Request) -> Accepted:
    """Accept a request; durable when this returns.

    Raises `AnswersIncomplete`, `ConditionsNotMet`, `NotAllowed` or another `UserError`; then nothing was written.
    """
    situation = desk.items.situation(request.item_code, request.situation_code)
    step = situation.steps[0]
    require(clerk, step.action)
    found = problems(situation, request.answers, desk.today())
    if found:
        raise AnswersIncomplete(found)
    with reading(desk.engine) as connection:
        person = proposed_resident(desk, Shelf(connection), situation, request.answers, request.resident_id)
    elsewhere = _elsewhere(desk, situation, person)  # asked before the transaction: a slow line must not hold the write lock
    with desk_work(desk.engine, desk.identity, clerk, desk.clock.now()) as work:
        standing = _standing(desk, work, situation, request)
        examination = _examination(desk, situation, request, (), standing, elsewhere)
        if not examination.can_accept:
            raise ConditionsNotMet(examination)
        _not_twice(work, request, standing.resident)
        return _write(desk, work, clerk, situation, request, standing, examination)


def _not_twice(shelf: Shelf, request: Request, resident: Resident) -> None:
    """Two open cases of one person for the same thing would be decided against each other."""
    number = open_case_number(shelf, resident.id, request.item_code, request.situation_code)
    if number is not None:
        raise UserError(
            tr("{name}已有一件同样的事项在办：{number}。").format(name=resident.name, number=number),
            safe=tr("没有重复受理，草稿还在。"),
            do=tr("请在“办件”里打开那一件。"),
        )


def open_case_number(shelf: Shelf, resident_id: str, item_code: str, situation_code: str) -> str | None:
    """Receipt number of a resident's open case of a situation; None without one."""
    found = shelf.find(Case, resident_id=resident_id, item_code=item_code, situation_code=situation_code)
    return next((case.number for case in found if case.state.is_open), None)


def _standing(desk: Desk, shelf: Shelf, situation: Situation, request: Request) -> Standing:
    resident = proposed_resident(desk, shelf, situation, request.answers, request.resident_id)
    if request.photo_hash is not None:
        resident = replace(resident, photo_hash=request.photo_hash)
    return proposed_standing(desk, shelf, situation, request.answers, resident)


def _elsewhere(desk: Desk, situation: Situation, resident: Resident) -> Fact:
    asks = any(getattr(condition.test, "fact", "") == "permit_elsewhere" for condition in situation.conditions)
    return elsewhere_fact(desk, resident, desk.today()) if asks else Fact()


def _examination(
    desk: Desk, situation: Situation, request: Request, found: tuple[Problem, ...], standing: Standing, elsewhere: Fact
) -> Examination:
    facts = facts_of(standing, situation, request.materials, desk.today(), elsewhere)
    checks = check_conditions(situation, facts, desk.today())
    return Examination(problems=found, checks=checks, missing_materials=_missing(situation, request, checks))


def _missing(situation: Situation, request: Request, checks: Sequence[Check]) -> tuple[Material, ...]:
    """Required materials that are neither handed in nor deferred where that is allowed."""
    have = {material.code: material.how for material in request.materials}
    met = {option for check in checks for option in check.met_by}

    def lacks(material: Material) -> bool:
        if not material.required or (
            material.serves is not None and (material.serves in met or request.answers.get("ground") != material.serves)
        ):
            return False
        how = have.get(material.code)
        if how == "deferred":
            return not (material.deferrable and request.deferred_until_on is not None)
        return how not in material.obtained

    return tuple(material for material in situation.materials if lacks(material))


def _write(
    desk: Desk, work: DeskWork, clerk: Clerk, situation: Situation, request: Request, standing: Standing, examination: Examination
) -> Accepted:
    step = situation.steps[0]
    case = _new_case(desk, work, clerk, situation, request, standing.resident)
    if step.effect is not None:
        met_by = tuple(option for check in examination.checks for option in check.met_by)
        case = EFFECTS[step.effect](
            Occasion(
                desk=desk,
                work=work,
                situation=situation,
                case=case,
                answers=request.answers,
                standing=standing,
                met_by=met_by,
                is_provisional=False,
            )
        )
    work.put(standing.resident)
    work.put(case)
    work.refer(*(content_hash for material in request.materials for content_hash in material.attachments))
    if standing.resident.photo_hash:
        work.refer(standing.resident.photo_hash)
    papers = make_papers(desk, work, clerk, case, step.documents, examination.checks)
    work.record(step.action, case)
    if request.draft_id is not None:
        remove_draft(work.connection, request.draft_id)
    return Accepted(case=case, documents=papers, checks=examination.checks, next=situation.next, changed=work.changed())


def _new_case(desk: Desk, work: DeskWork, clerk: Clerk, situation: Situation, request: Request, resident: Resident) -> Case:
    today, is_last = desk.today(), len(situation.steps) == 1
    legal = due(desk.calendar, situation.limit.legal, today)
    promised = due(desk.calendar, situation.limit.promised, today)
    deferred = any(material.how == "deferred" for material in request.materials)
    state = CaseState.DECIDED if is_last else CaseState.ACCEPTED_PROVISIONALLY if deferred else CaseState.ACCEPTED
    return Case(
        id=new_id(),
        number=work.next_number(today.year),
        item_code=request.item_code,
        situation_code=request.situation_code,
        resident_id=resident.id,
        applicant_name=resident.name,
        state=state,
        step_code=situation.steps[0].code if is_last else situation.steps[1].code,
        accepted_at=work.now,
        accepted_by=clerk.id,
        legal_due_on=legal[0],
        promised_due_on=promised[0],
        due_is_provisional=legal[1] or promised[1],
        form=dict(request.answers),
        materials=request.materials,
        deferred_until_on=request.deferred_until_on,
        decided_at=work.now if is_last else None,
        decided_by=clerk.id if is_last else None,
        station_code=desk.station.code,
    )


def due(calendar: WorkingCalendar, period: Period | None, start: date, pauses: Sequence[Pause] = ()) -> tuple[date | None, bool]:
    """Last day in time, and whether it is tentative 暂定; (None, False) where the law or the promise says nothing.

    The days of `pauses` that have ended do not count.
    """
    if period is None:
        return None, False
    if period.working_days == 0:
        return start, False
    if period.working_days is not None:
        deadline = calendar.add_working_days(start, period.working_days, pauses)
    else:
        deadline = calendar.calendar_days(start, period.calendar_days or 0, pauses)
    return deadline.due_on, deadline.is_provisional
