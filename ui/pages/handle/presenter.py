"""What 办理 does: opens a situation for a resident, keeps the draft, examines after each step, accepts and prints."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from nbcase.devices.contract import CardData
from nbcase.domain.case import CaseState, HandedIn
from nbcase.domain.clock import CHINA
from nbcase.domain.errors import DeviceError, UserError
from nbcase.domain.identity import mask_number, normalise_number
from nbcase.domain.ids import new_id
from nbcase.domain.words import tr
from nbcase.items.checks import Check
from nbcase.items.fields import AnswersIncomplete
from nbcase.items.item import Material, Situation
from nbcase.items.report import period_words
from nbcase.operations.accept import Accepted, Examination, Request, accept, due, examine_unfinished
from nbcase.operations.decide import Decided, complete
from nbcase.operations.drafts import Draft, DraftFile, discard_draft, keep_draft_file, save_draft
from nbcase.operations.facts import Standing
from nbcase.operations.offers import Offer, offers, present_standing
from nbcase.operations.papers import notice_pdf
from nbcase.operations.printing import PrintJob
from ui.pages.handle.work import (
    Done,
    Head,
    MaterialRow,
    Opening,
    Work,
    default_way,
    open_case,
    open_draft,
    open_situation,
    ways_by_hand,
)
from ui.printwork import outcome_notice, print_missing, print_papers
from ui.scanfile import read_scan

PROPOSED_DEFERRAL = 5
"""Working days that are proposed for papers to follow; the clerk may write another day. The law names no period."""


class HandleView(Protocol):
    """What the presenter needs of its page."""

    def show_offers(self, standing: Standing, found: Sequence[Offer]) -> None: ...
    def show_form(self, head: Head, answers: Mapping[str, Any]) -> None: ...
    def show_materials(self, rows: Sequence[MaterialRow]) -> None: ...
    def show_examination(self, checks: tuple[Check, ...], missing: Sequence[str], *, can_accept: bool) -> None: ...
    def show_problems(self, found: Mapping[str, str]) -> None: ...
    def show_saved(self, text: str) -> None: ...
    def show_busy(self, on: bool) -> None: ...
    def show_done(self, done: Done) -> None: ...
    def ask_until(self, proposed: date, then: Callable[[str], None]) -> None: ...
    def answers(self) -> dict[str, Any]: ...


class HandlePresenter:
    """One matter at a time; a later opening makes answers to an earlier one void."""

    def __init__(self, view: HandleView, context: Any) -> None:
        self._view = view
        self._context = context
        self._work: Work | None = None
        self._question = 0
        self._examination = 0
        self._is_accepting = False

    @property
    def situation(self) -> Situation | None:
        """The situation in hand."""
        return None if self._work is None else self._work.opening.situation

    def open(
        self,
        *,
        resident_id: str = "",
        item_code: str = "",
        situation_code: str = "",
        draft_id: str = "",
        case_id: str = "",
        **answers: str,
    ) -> None:
        """Open a situation for a resident with answers that are known already, a draft, a case that waits for materials, or the choice
        of situations.
        """
        self._question += 1
        desk = self._context.desk
        if case_id:
            self._read(lambda: open_case(desk, case_id), self._show)
        elif draft_id:
            self._read(lambda: open_draft(desk, draft_id), self._show_draft)
        elif item_code and situation_code:
            self._read(lambda: open_situation(desk, resident_id, item_code, situation_code, answers), self._show)
        else:
            self._read(lambda: (present_standing(desk, resident_id), offers(desk, resident_id)), self._show_offers)

    def _read(self, work: Callable[[], Any], then: Callable[[Any], None]) -> None:
        question = self._question

        def take(found: Any) -> None:
            if question == self._question:
                then(found)

        self._context.tasks.run(work, then=take, otherwise=self._context.trouble)

    def _show_offers(self, found: tuple[Standing, Sequence[Offer]]) -> None:
        self._work = None
        self._view.show_offers(*found)

    def _show_draft(self, opening: Opening | None) -> None:
        if opening is None:
            self._context.trouble(UserError(tr("这份草稿已经不在了。"), safe=tr("可能已受理。"), do=tr("请在“办件”里查。")))
            return
        self._show(opening)

    def _show(self, opening: Opening) -> None:
        self._work = Work(
            opening=opening,
            materials=dict(opening.materials),
            files=list(opening.files),
            draft_id=opening.draft_id or new_id(),
            until_on=opening.until_on,
            touched=set(opening.materials) if opening.draft_id else set(),
            is_kept=bool(opening.draft_id),
        )
        self._is_accepting = False
        desk, limit = self._context.desk, opening.situation.limit
        legal, promised = due(desk.calendar, limit.legal, desk.today()), due(desk.calendar, limit.promised, desk.today())
        head = Head(
            item=opening.item,
            situation=opening.situation,
            standing=opening.standing,
            legal=(period_words(limit.legal), *legal),
            promised=(period_words(limit.promised), *promised),
            choices=opening.choices,
            case=opening.case,
        )
        self._view.show_form(head, opening.answers)
        self._view.show_saved("")
        self._refresh(opening.answers)

    def field_left(self) -> None:
        """The clerk has left a field: keep the draft and look at everything again."""
        self._keep()
        self._refresh()

    def cycle(self, number: int) -> None:
        """The next way to have a material that needs no device: shared, confirmed, to follow, not at all."""
        rows = self._rows()
        if not 1 <= number <= len(rows):
            return
        material, how = rows[number - 1].material, rows[number - 1].how
        ways = ways_by_hand(material)
        if not ways:
            self._context.trouble(_needs_device(material))
            return
        following = ways[(ways.index(how) + 1) % len(ways)] if how in ways else ways[0]
        if following == "deferred":
            self._view.ask_until(self._proposed_until(), partial(self._defer, material.code))
            return
        self._set(material.code, HandedIn(code=material.code, how=following) if following else None)

    def _proposed_until(self) -> date:
        work = self._work
        if work is not None and work.until_on is not None:
            return work.until_on
        desk = self._context.desk
        until: date = desk.calendar.add_working_days(desk.today(), PROPOSED_DEFERRAL).due_on
        return until

    def _defer(self, code: str, text: str) -> None:
        work = self._work
        if work is None:
            return
        try:
            until = date.fromisoformat(text.strip())
        except ValueError:
            until = date.min
        today = self._context.desk.today()
        if not today < until <= today + timedelta(days=365):
            self._context.trouble(
                UserError(tr("补交日期要在明天之后、一年之内。"), safe=tr("材料没有改动。"), do=tr("请写成 2026-12-01 这样的日期。"))
            )
            return
        work.until_on = until
        self._set(code, HandedIn(code=code, how="deferred"))

    def _set(self, code: str, material: HandedIn | None) -> None:
        work = self._work
        if work is None:
            return
        work.touched.add(code)
        if material is None:
            work.materials.pop(code, None)
        else:
            work.materials[code] = material
        self._keep()
        self._refresh()

    def read_card(self) -> None:
        """Read the card on the reader: it stands for the identity, if it is this person's."""
        if self._work is None:
            return
        reader = self._context.reader
        if reader is None:
            self._context.trouble(
                DeviceError(tr("没有接读卡器。"), safe=tr("表单没有改动。"), do=tr("按 Alt+1 由窗口核对证件后确认，或按 F4 选证件图片。"))
            )
            return
        self._read(reader.read, self._take_card)

    def _take_card(self, card: CardData) -> None:
        work = self._work
        if work is None:
            return
        resident = work.opening.standing.resident
        if normalise_number(card.number) != normalise_number(resident.document_number):
            self._context.trouble(
                UserError(
                    tr("读到的是{other}（{number}），不是{name}。").format(
                        other=card.name, number=mask_number(card.number), name=resident.name
                    ),
                    safe=tr("表单没有改动。"),
                    do=tr("请换上本人的证件再按 F2。"),
                )
            )
            return
        for row in self._rows():
            if "card" in row.material.obtained:
                work.materials[row.material.code] = HandedIn(code=row.material.code, how="card")
                work.touched.add(row.material.code)
        self._keep()
        self._refresh()

    def add_file(self, number: int, path: Path) -> None:
        """Take a scan or PDF as (a further page of) a material; it is kept on the desk before anything else happens."""
        rows = self._rows()
        if not 1 <= number <= len(rows):
            return
        material = rows[number - 1].material
        if "scan" not in material.obtained:
            self._context.trouble(UserError(tr("{name}不收扫描件。").format(name=material.name.text), safe=tr("材料没有改动。")))
            return
        desk, question = self._context.desk, self._question

        def keep() -> DraftFile:
            content, media_type = read_scan(path)
            return keep_draft_file(desk, material.code, content, media_type)

        def take(file: DraftFile) -> None:
            if question == self._question:
                self._take_file(file)

        self._context.tasks.run_in_order(keep, then=take, otherwise=self._context.trouble)

    def _take_file(self, file: DraftFile) -> None:
        work = self._work
        if work is None:
            return
        work.files.append(file)
        former = work.materials.get(file.role)
        pages = former.attachments if former is not None and former.how == "scan" else ()
        self._set(file.role, HandedIn(code=file.role, how="scan", attachments=(*pages, file.hash)))

    def _rows(self) -> list[MaterialRow]:
        work = self._work
        if work is None:
            return []
        ground = self._view.answers().get("ground") if work.opening.case is None else work.opening.case.form.get("ground")
        shown = [m for m in work.opening.situation.materials if m.serves is None or m.serves == ground or m.code in work.materials]
        return [self._row(number, material, work) for number, material in enumerate(shown, 1)]

    def _row(self, number: int, material: Material, work: Work) -> MaterialRow:
        have = work.materials.get(material.code)
        return MaterialRow(
            number=number,
            material=material,
            how=have.how if have else "",
            files=len(have.attachments) if have else 0,
            until_on=self._until(work) if have and have.how == "deferred" else None,
            is_needed=material.required,
        )

    @staticmethod
    def _until(work: Work) -> date | None:
        return work.until_on or (work.opening.case.deferred_until_on if work.opening.case else None)

    def request(self) -> Request | None:
        """The request as it stands."""
        work = self._work
        if work is None:
            return None
        answers = self._view.answers()
        shown = {row.material.code for row in self._rows()}
        return Request(
            item_code=work.opening.item.code,
            situation_code=work.opening.situation.code,
            answers=answers,
            materials=tuple(material for code, material in work.materials.items() if code in shown),
            resident_id=work.opening.standing.resident.id,
            draft_id=work.draft_id if work.is_kept else None,
            deferred_until_on=work.until_on,
        )

    def _refresh(self, answers: Mapping[str, Any] | None = None) -> None:
        """Show the materials and examine the request in a worker."""
        work = self._work
        if work is None:
            return
        self._set_defaults(work, answers or self._view.answers())
        self._view.show_materials(self._rows())
        if work.opening.case is not None:
            self._show_completion(work)
            return
        request = self.request()
        assert request is not None
        self._examination += 1
        number, desk = self._examination, self._context.desk

        def take(examination: Examination) -> None:
            if number == self._examination:
                self._take_examination(examination)

        self._read(lambda: examine_unfinished(desk, request), take)

    def _set_defaults(self, work: Work, answers: Mapping[str, Any]) -> None:
        """What the records or the person's word give for the chosen ground, unless the clerk has said otherwise."""
        if work.opening.case is not None:
            return
        for material in work.opening.situation.materials:
            if material.serves is None or material.code in work.touched:
                continue
            if material.serves != answers.get("ground"):
                work.materials.pop(material.code, None)
            elif (how := default_way(material, work.opening.standing)) and material.code not in work.materials:
                work.materials[material.code] = HandedIn(code=material.code, how=how)

    def _take_examination(self, examination: Examination) -> None:
        work = self._work
        if work is None:
            return
        work.checks, work.missing_materials, work.problems = examination.checks, examination.missing_materials, examination.problems
        names = [problem.text for problem in examination.problems]
        names += [material.name.text for material in examination.missing_materials]
        names += [check.name for check in examination.failed]
        self._view.show_examination(examination.checks, names, can_accept=examination.can_accept)

    def _show_completion(self, work: Work) -> None:
        names = [row.material.name.text for row in self._rows() if row.how == "deferred"]
        self._view.show_examination((), names, can_accept=bool(work.touched) and not names)

    def _keep(self) -> None:
        """Keep the draft; nothing is kept of a form that was only looked at."""
        work = self._work
        if work is None or self._is_accepting or work.opening.case is not None:
            return
        answers = self._view.answers()
        if not work.is_kept and not work.touched and answers == _plain(work.opening.answers, answers):
            return
        work.is_kept = True
        resident = work.opening.standing.resident
        kept = {
            "name": resident.name,
            "document_number": resident.document_number,
            **answers,
            "resident_id": resident.id,
            "deferred_until_on": work.until_on.isoformat() if work.until_on else None,
            "materials": [{"code": m.code, "how": m.how, "attachments": list(m.attachments)} for m in work.materials.values()],
        }
        desk, clerk, opening, draft_id, files = (
            self._context.desk,
            self._context.clerk.record,
            work.opening,
            work.draft_id,
            tuple(work.files),
        )

        def save() -> Draft:
            return save_draft(desk, clerk, draft_id, opening.item.code, opening.situation.code, kept, files)

        self._context.tasks.run_in_order(save, then=self._saved, otherwise=self._context.trouble)

    def _saved(self, draft: Draft) -> None:
        if self._work is not None and self._work.draft_id == draft.id:
            self._view.show_saved(tr("草稿已存本机 {time}").format(time=f"{draft.saved_at.astimezone(CHINA):%H:%M:%S}"))

    def discard(self) -> None:
        """Throw the draft away and leave for the resident."""
        work = self._work
        if work is None:
            return
        self._work = None
        desk = self._context.desk
        if work.is_kept:
            self._context.tasks.run_in_order(partial(discard_draft, desk, work.draft_id), otherwise=self._context.trouble)
        self._context.navigate("residents", resident_id=work.opening.standing.resident.id)

    def tell_missing(self) -> None:
        """一次性告知: print everything that is missing, told once; nothing is recorded."""
        work = self._work
        if work is None or work.opening.case is not None:
            return
        desk, clerk, opening = self._context.desk, self._context.clerk.record, work.opening
        checks, materials, found = work.checks, work.missing_materials, work.problems
        resident = opening.standing.resident

        def make() -> bytes:
            return notice_pdf(
                desk,
                clerk,
                item_code=opening.item.code,
                situation_code=opening.situation.code,
                person={"name": resident.name, "document_number": resident.document_number},
                checks=checks,
                materials=materials,
                problems=[problem.text for problem in found],
            )

        print_missing(self._context, resident.name, make)

    def accept(self) -> None:
        """受理并打印, or 补齐 for a case that waited for materials."""
        work = self._work
        if work is None or self._is_accepting:
            return
        self._is_accepting = True
        self._view.show_busy(True)
        desk, clerk = self._context.desk, self._context.clerk.record
        if work.opening.case is not None:
            case_id, given = work.opening.case.id, [work.materials[code] for code in sorted(work.touched) if code in work.materials]
            self._context.tasks.run_in_order(lambda: complete(desk, clerk, case_id, given), then=self._completed, otherwise=self._refused)
            return
        request = self.request()
        assert request is not None
        self._context.tasks.run_in_order(lambda: accept(desk, clerk, request), then=self._accepted, otherwise=self._refused)

    def _refused(self, error: BaseException) -> None:
        self._is_accepting = False
        self._view.show_busy(False)
        if isinstance(error, AnswersIncomplete):
            self._view.show_problems({problem.key: problem.text for problem in error.problems})
        self._context.trouble(error)

    def _completed(self, done: Decided) -> None:
        self._view.show_busy(False)
        self._work = None
        self._context.notify(outcome_notice(tr("材料已补齐，{number} 继续办理。").format(number=done.case.number), (), ()))
        self._context.announce(done.changed)
        self._context.navigate("cases", case_id=done.case.id)

    def _accepted(self, accepted: Accepted) -> None:
        """Durable: tell the other pages, print, and say so."""
        self._context.announce(accepted.changed)
        self._question += 1
        question = self._question
        print_papers(self._context, accepted.documents, then=lambda jobs: self._printed(question, accepted, jobs))

    def _printed(self, question: int, accepted: Accepted, jobs: list[PrintJob]) -> None:
        work = self._work
        if work is None or question != self._question:
            return
        self._view.show_busy(False)
        what = tr("已受理 {name} {title}，受理号 {number}。").format(
            name=accepted.case.applicant_name,
            title=f"{work.opening.item.name.text}{work.opening.situation.name.text}",
            number=accepted.case.number,
        )
        self._context.notify(outcome_notice(what, accepted.documents, jobs))
        resident_id, desk = accepted.case.resident_id, self._context.desk
        self._read(lambda: offers(desk, resident_id), partial(self._show_done, accepted, jobs, work))

    def _show_done(self, accepted: Accepted, jobs: list[PrintJob], work: Work, found: Sequence[Offer]) -> None:
        wanted = [offer for offer in found if f"{offer.item.code}.{offer.situation.code}" in accepted.next and not offer.obstacle]
        self._work = None
        self._view.show_done(
            Done(
                number=accepted.case.number,
                title=f"{work.opening.item.name.text} · {work.opening.situation.name.text}",
                applicant=accepted.case.applicant_name,
                documents=accepted.documents,
                jobs=tuple(jobs),
                is_decided=accepted.case.state is CaseState.DECIDED,
                next=tuple(wanted),
            )
        )


def _needs_device(material: Material) -> UserError:
    by_card = "card" in material.obtained
    return UserError(
        tr("{name}要凭件取得。").format(name=material.name.text),
        safe=tr("材料没有改动。"),
        do=tr("按 F2 读卡，或按 F4 选扫描件。") if by_card else tr("按 F4 选扫描件。"),
    )


def _plain(wanted: Mapping[str, Any], shown: Mapping[str, Any]) -> dict[str, Any]:
    """Answers as the form gives them back: every field, empty ones as empty text."""
    return {key: wanted.get(key, False if isinstance(shown[key], bool) else "") for key in shown}
