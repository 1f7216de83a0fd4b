"""From a filled form to a receipt: what is missing on one sheet, papers that follow, the acceptance and what comes after it."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial

from nbcase.domain.errors import UserError
from nbcase.domain.words import tr
from nbcase.items.fields import AnswersIncomplete
from nbcase.operations.accept import Accepted, Request, accept, examine_unfinished
from nbcase.operations.offers import Offer, offers
from nbcase.operations.papers import notice_pdf
from nbcase.operations.printing import PrintJob
from ui.pages.register.capture import day_of
from ui.pages.register.view import Done, Hand, Part
from ui.pages.register.work import ITEM, SITUATION, Look, Work
from ui.printwork import outcome_notice, print_missing, print_papers, printed_words

PROPOSED_DEFERRAL = 5
"""Working days proposed for a paper that follows; the clerk may write another day. The law names no period."""

MOST_NEXT = 5
"""Services offered after a registration: one digit each."""

_GIVING = frozenset({"issue_permit", "endorse_permit"})
"""Effects that a resident may want right after a registration."""


class Acceptance(Part):
    """受理; the draft is kept first and goes with the acceptance."""

    def __init__(self, hand: Hand, keep: Callable[[], None]) -> None:
        super().__init__(hand)
        self._keep = keep

    def tell_missing(self) -> None:
        """一次性告知: everything that is missing on one sheet; nothing is recorded."""
        work = self._work
        if work is None:
            return
        desk, clerk, request = self._context.desk, self._context.clerk.record, work.request(self._view.answers())
        person = {key: str(request.answers.get(key) or "—") for key in ("name", "document_number")}

        def make() -> bytes:
            found = examine_unfinished(desk, request)
            return notice_pdf(
                desk,
                clerk,
                item_code=ITEM,
                situation_code=SITUATION,
                person=person,
                checks=found.checks,
                materials=found.missing_materials,
                problems=[problem.text for problem in found.problems],
            )

        print_missing(self._context, person["name"], make)

    def defer(self) -> None:
        """容缺受理: ask by when the papers that may follow are to be there, then accept."""
        work = self._work
        if work is None:
            return
        if not work.deferrable():
            self._context.trouble(UserError(tr("没有可容缺的材料。"), safe=tr("表单没有改动。"), do=tr("材料已齐，请按 Ctrl+Enter 受理。")))
            return
        desk = self._context.desk
        proposed = work.until_on or desk.calendar.add_working_days(desk.today(), PROPOSED_DEFERRAL).due_on
        self._view.ask_until(proposed, self._defer_until)

    def _defer_until(self, text: str) -> None:
        work = self._work
        if work is None:
            return
        until, today = day_of(text.strip()), self._context.desk.today()
        if until is None or not today < until <= today + timedelta(days=365):
            self._context.trouble(
                UserError(tr("补交日期要在明天之后、一年之内。"), safe=tr("没有受理。"), do=tr("请写成 2026-12-01 这样的日期。"))
            )
            return
        work.until_on = until
        for material in work.deferrable():
            work.hand_in(material.code, "deferred")
        self._view.show_materials(work.lines())
        self._keep()
        self.accept()

    def accept(self) -> None:
        """受理并打印: first past every field that waits for a look, then past every gap."""
        work = self._work
        if work is None or work.is_accepting:
            return
        if work.looks:
            look = next(iter(work.looks.values()))
            self._view.focus_field(look.key)
            self._context.trouble(
                UserError(tr("{name}还没有对照。").format(name=look.label), safe=tr("没有受理，草稿还在。"), do=look_advice(look))
            )
            return
        if not self._view.is_ready():
            return
        if "identity" not in work.materials:
            self._view.ask_seen(self._identity_seen)
            return
        self._accept(work)

    def _identity_seen(self, _answer: str) -> None:
        if self._work is not None:
            self._work.hand_in("identity", "confirmed")
            self._view.show_materials(self._work.lines())
            self.accept()

    def _accept(self, work: Work) -> None:
        self._keep()
        work.is_accepting = True
        self._view.show_busy(True)
        desk, clerk, request = self._context.desk, self._context.clerk.record, work.request(self._view.answers())
        self._context.tasks.run_in_order(
            lambda: accept(desk, clerk, request), then=partial(self._accepted, work, request), otherwise=partial(self._refused, work)
        )

    def _refused(self, work: Work, error: BaseException) -> None:
        work.is_accepting = False
        if work is self._work:
            self._view.show_busy(False)
            if isinstance(error, AnswersIncomplete):
                self._view.show_problems({problem.key: problem.text for problem in error.problems})
        self._context.trouble(error)

    def _accepted(self, work: Work, request: Request, accepted: Accepted) -> None:
        """Durable: say so, tell the others, print, and offer what comes next; the clerk may have gone on to the next person."""
        is_shown = work is self._work
        if is_shown:
            self._hand.work = None
            self._hand.question += 1
            self._view.show_busy(False)
            self._view.show_done(
                Done(
                    number=accepted.case.number,
                    name=accepted.case.applicant_name,
                    address=str(request.answers.get("address") or ""),
                    documents=accepted.documents,
                    resident_id=accepted.case.resident_id,
                )
            )
        self._context.announce(accepted.changed)
        if self._context.sync is not None:
            self._context.sync.wake()
        print_papers(self._context, accepted.documents, then=partial(self._printed, self._hand.question if is_shown else -1, accepted))
        if not is_shown:
            return
        desk, resident_id = self._context.desk, accepted.case.resident_id
        self._hand.ask(lambda: _next_services(offers(desk, resident_id), accepted.next), self._view.show_next)

    def _printed(self, question: int, accepted: Accepted, jobs: list[PrintJob]) -> None:
        is_printed = len(jobs) == len(accepted.documents) and not any(job.state == "failed" for job in jobs)
        if question == self._hand.question:
            self._view.show_printed(printed_words(accepted.documents, jobs), is_printed)
        elif question < 0 or not is_printed:
            what = tr("已受理 {name}，受理号 {number}。").format(name=accepted.case.applicant_name, number=accepted.case.number)
            self._context.notify(outcome_notice(what, accepted.documents, jobs))


def look_advice(look: Look) -> str:
    """How to settle a field to check."""
    return tr("请与证件比对：对的按 Alt+1，不对就在栏里改正。") if look.alternatives[0].text else tr("请对照证件在栏里填写。")


def _next_services(found: Sequence[Offer], wanted: Sequence[str]) -> list[Offer]:
    """What the item names first, even when it is not open yet, then what gives the person something now: never an ending."""
    named = [offer for offer in found if f"{offer.item.code}.{offer.situation.code}" in wanted]
    gives = [offer for offer in found if not offer.obstacle and any(step.effect in _GIVING for step in offer.situation.steps)]
    return [*named, *(offer for offer in gives if offer not in named)][:MOST_NEXT]
