"""What 审核 does: one case after another, its evidence, its checks with the reviewer's eyes, the decision and its papers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, Protocol

from nbcase.domain.case import Case, HandedIn
from nbcase.domain.document import Document
from nbcase.domain.errors import UserError
from nbcase.domain.words import tr
from nbcase.items.checks import Check, CheckState
from nbcase.items.item import Decision, Situation, Step
from nbcase.operations.cases import CaseDetail, CaseFilter, CaseRow, case_detail, cases, review_queue
from nbcase.operations.decide import Decided, Verdict, check_case, confirm, decide
from nbcase.operations.pictures import PagePicture, page_picture
from nbcase.operations.printing import PrintJob
from nbcase.operations.provisional import Dispute, Revoked, dispute_of, revoke_provisional
from ui.printwork import outcome_notice, print_papers

Queue = Literal["waiting", "provisional"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One tab: a material that was handed in, or the registration that the records hold (`material` is None)."""

    title: str
    material: HandedIn | None = None

    @property
    def files(self) -> int:
        """How many files there are to look at."""
        return len(self.material.attachments) if self.material else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """What can be decided now: the decisions of the step by outcome, and whether an approval would be provisional."""

    approve: Decision | None
    refuse: Decision | None
    correct: Decision | None
    is_provisional: bool = False


class ReviewView(Protocol):
    """What the presenter needs of its page."""

    def show_queue(self, queue: Queue, position: int, waiting: int, provisional: int) -> None: ...
    def show_empty(self, queue: Queue) -> None: ...
    def show_case(self, detail: CaseDetail, evidence: Sequence[Evidence]) -> None: ...
    def show_evidence(self, index: int, page: int, pages: int) -> None: ...
    def show_picture(self, picture: PagePicture | None, problem: str = "") -> None: ...
    def show_checks(self, checks: tuple[Check, ...], agreed: frozenset[str]) -> None: ...
    def show_offered(self, offered: Offered) -> None: ...
    def show_dispute(self, dispute: Dispute | None) -> None: ...
    def show_reasons(self, decision: Decision, chosen: str) -> None: ...
    def ask_reason(self) -> None: ...
    def show_busy(self, on: bool) -> None: ...
    def reason(self) -> str: ...
    def note(self) -> str: ...
    def revoke_reason(self) -> str: ...


class ReviewPresenter:
    """Walks a queue. `_question` belongs to the case in hand: an answer to an earlier one is dropped."""

    def __init__(self, view: ReviewView, context: Any) -> None:
        self._view = view
        self._context = context
        self.queue: Queue = "waiting"
        self._rows: tuple[CaseRow, ...] = ()
        self._provisional: tuple[CaseRow, ...] = ()
        self._position = 0
        self._question = 0
        self._detail: CaseDetail | None = None
        self._evidence: tuple[Evidence, ...] = ()
        self._place = (0, 0, 1)
        self._checks: tuple[Check, ...] = ()
        self._agreed: frozenset[str] = frozenset()
        self._mode: Decision | None = None
        self._is_deciding = False
        self._wanted = ""
        self._opened = ""

    @property
    def case(self) -> Case | None:
        """The case in hand."""
        return None if self._detail is None else self._detail.row.case

    def refresh(self, case_id: str = "") -> None:
        """Read both queues; the case in hand stays in hand, or the wanted one comes into it."""
        self._wanted = case_id or self._wanted
        desk, clerk = self._context.desk, self._context.clerk.record

        def work() -> tuple[tuple[CaseRow, ...], tuple[CaseRow, ...]]:
            return review_queue(desk, clerk), cases(desk, CaseFilter(is_provisional=True), limit=200).rows

        self._context.tasks.run(work, then=self._take_queues, otherwise=self._context.trouble)

    def _take_queues(self, found: tuple[tuple[CaseRow, ...], tuple[CaseRow, ...]]) -> None:
        self._rows, self._provisional = found
        wanted = self._wanted or self._opened
        self._wanted = ""
        if wanted and self.queue == "waiting" and wanted not in _ids(self._rows) and wanted in _ids(self._provisional):
            self.queue = "provisional"
        ids = _ids(self._shown)
        if wanted in ids:
            self._position = ids.index(wanted)
        self._position = min(self._position, max(0, len(ids) - 1))
        is_same = bool(self._opened) and ids[self._position : self._position + 1] == [self._opened]
        self._show_queue()
        if not is_same:
            self._open()

    @property
    def _shown(self) -> tuple[CaseRow, ...]:
        return self._rows if self.queue == "waiting" else self._provisional

    def _show_queue(self) -> None:
        self._view.show_queue(self.queue, self._position, len(self._rows), len(self._provisional))

    def choose_queue(self, queue: Queue) -> None:
        """待审 or 待补核."""
        self.queue = queue
        self._position = 0
        self._show_queue()
        self._open()

    def step(self, by: int) -> None:
        """The next or former case, around the ends."""
        if self._shown:
            self._position = (self._position + by) % len(self._shown)
            self._show_queue()
            self._open()

    def _open(self) -> None:
        self._question += 1
        self._detail = None
        self._opened = ""
        self._is_deciding = False
        if not self._shown:
            self._view.show_empty(self.queue)
            return
        desk, case_id = self._context.desk, self._shown[self._position].case.id
        self._opened = case_id
        self._read(lambda: case_detail(desk, case_id), self._show)

    def _read(self, work: Callable[[], Any], then: Callable[[Any], None], otherwise: Callable[[BaseException], None] | None = None) -> None:
        question = self._question

        def take(found: Any) -> None:
            if question == self._question:
                then(found)

        def fail(error: BaseException) -> None:
            if question == self._question:
                (otherwise or self._context.trouble)(error)

        self._context.tasks.run(work, then=take, otherwise=fail)

    def _show(self, detail: CaseDetail) -> None:
        self._detail = detail
        self._checks, self._agreed, self._mode = (), frozenset(), None
        case = detail.row.case
        self._evidence = evidence_of(self._situation(case), detail)
        self._view.show_busy(False)
        self._view.show_case(detail, self._evidence)
        self.choose_evidence(first_to_look_at(self._evidence))
        if self.queue == "provisional":
            self._view.show_checks((), frozenset())
            self._view.show_offered(Offered(approve=None, refuse=None, correct=None))
            self._view.show_dispute(None)
            desk = self._context.desk
            self._read(lambda: dispute_of(desk, case.id), self._view.show_dispute)
            return
        self._offer()
        desk = self._context.desk

        def ask_centre(checks: tuple[Check, ...]) -> None:
            self._take_checks(checks)
            self._read(lambda: check_case(desk, case.id), self._take_checks)

        # One after the other: both at once could come in the wrong order, and the answer without the centre would stand.
        self._read(lambda: check_case(desk, case.id, ask_centre=False), ask_centre)

    def _situation(self, case: Case) -> Situation:
        situation: Situation = self._context.desk.items.situation(case.item_code, case.situation_code)
        return situation

    def _step(self, case: Case) -> Step:
        return self._situation(case).step(case.step_code)

    def _take_checks(self, checks: tuple[Check, ...]) -> None:
        self._checks = checks
        self._view.show_checks(checks, self._agreed)
        self._offer()

    def _offer(self) -> None:
        """Show what can be decided, with the reason that the checks speak for."""
        case = self.case
        if case is None:
            return
        is_provisional = self._step(case).needs_centre and any(check.state is CheckState.OFFLINE for check in self._checks)
        by_outcome = {decision.outcome: decision for decision in self._step(case).decisions}
        offered = Offered(
            approve=by_outcome.get("decided"),
            refuse=by_outcome.get("refused"),
            correct=by_outcome.get("in_correction"),
            is_provisional=is_provisional,
        )
        self._view.show_offered(offered)
        if self._mode is None or self._mode.outcome == "decided":
            self._mode = offered.approve
            if offered.approve is not None:
                self._view.show_reasons(offered.approve, likely_reason(self._situation(case), offered.approve, self._checks, case))

    def choose_evidence(self, index: int, page: int = 0) -> None:
        """Look at a material; a page counts over all files of it."""
        if not 0 <= index < len(self._evidence):
            return
        shown = self._evidence[index]
        self._place = (index, page, max(1, shown.files))
        self._view.show_evidence(*self._place)
        if not shown.files or shown.material is None:
            self._view.show_picture(None)
            return
        desk, hashes = self._context.desk, shown.material.attachments
        self._read(lambda: picture_at(desk, hashes, page), partial(self._take_picture, index, page), partial(self._no_picture, index))

    def _take_picture(self, index: int, page: int, found: tuple[PagePicture, int]) -> None:
        if self._place[:2] != (index, page):
            return
        picture, pages = found
        self._place = (index, min(page, pages - 1), pages)
        self._view.show_evidence(*self._place)
        self._view.show_picture(picture)

    def _no_picture(self, index: int, error: BaseException) -> None:
        if self._place[0] != index:
            return
        if not isinstance(error, UserError):
            self._context.trouble(error)
            return
        self._view.show_picture(None, str(error))

    def turn_page(self, by: int) -> None:
        """The next or former page of the material."""
        index, page, pages = self._place
        if 0 <= page + by < pages:
            self.choose_evidence(index, page + by)

    def agree(self, check: Check) -> None:
        """The reviewer has looked and agrees."""
        if check.state is CheckState.LOOK:
            self._agreed |= {check.key}
            self._view.show_checks(self._checks, self._agreed)

    def decide(self, outcome: Literal["decided", "refused", "in_correction"]) -> None:
        """F12, F9, F10. The first press of another decision offers its reasons, the second decides."""
        case = self.case
        if case is None or self.queue != "waiting" or self._is_deciding:
            return
        decision = next((entry for entry in self._step(case).decisions if entry.outcome == outcome), None)
        if decision is None:
            return
        if self._mode is not decision:
            self._mode = decision
            reason = likely_reason(self._situation(case), decision, self._checks, case) if outcome == "decided" else ""
            self._view.show_reasons(decision, reason)
            self._view.ask_reason()
            return
        if outcome == "decided" and not self._all_seen():
            return
        self._write(case, decision)

    def _all_seen(self) -> bool:
        """An approval needs every check that asks for a look to have had it."""
        unseen = [check.name for check in self._checks if check.state is CheckState.LOOK and check.key not in self._agreed]
        if unseen:
            self._context.trouble(
                UserError(
                    tr("还有 {n} 项请人看：{names}。").format(n=len(unseen), names=tr("、").join(unseen)),
                    safe=tr("还没有作出决定。"),
                    do=tr("看过后按 Y 确认一致。"),
                )
            )
        return not unseen

    def _write(self, case: Case, decision: Decision) -> None:
        reason, desk, clerk = self._view.reason(), self._context.desk, self._context.clerk.record
        seen = [check.name for check in self._checks if check.key in self._agreed] if decision.outcome == "decided" else []
        words = [self._view.note(), tr("已人工核对：{names}").format(names=tr("、").join(seen)) if seen else ""]
        verdict = Verdict(
            case_id=case.id,
            decision_code=decision.code,
            reason_codes=(reason,) if reason else (),
            note=tr("；").join(word for word in words if word),
        )
        self._act(
            lambda: decide(desk, clerk, verdict), tr("{name}：{decision}").format(name=case.applicant_name, decision=decision.name.text)
        )

    def confirm(self) -> None:
        """补核 (F8): ask the centre about a case that was decided without it."""
        case = self.case
        if case is None or self.queue != "provisional" or self._is_deciding:
            return
        desk, clerk = self._context.desk, self._context.clerk.record
        self._act(lambda: confirm(desk, clerk, case.id), tr("{name}：中心已核，去掉“暂”").format(name=case.applicant_name))

    def revoke(self) -> None:
        """收回暂证 (F9): the centre knows a permit at another station, and people have agreed that this one goes."""
        case = self.case
        if case is None or self.queue != "provisional" or self._is_deciding:
            return
        reason, desk, clerk = self._view.revoke_reason(), self._context.desk, self._context.clerk.record
        self._act(
            lambda: revoke_provisional(desk, clerk, case.id, reason), tr("{name}：暂证已收回，请告知本人").format(name=case.applicant_name)
        )

    def _act(self, work: Callable[[], Decided | Revoked], words: str) -> None:
        self._is_deciding = True
        self._view.show_busy(True)
        self._context.tasks.run_in_order(work, then=partial(self._decided, words), otherwise=self._refused)

    def _refused(self, error: BaseException) -> None:
        self._is_deciding = False
        self._view.show_busy(False)
        self._context.trouble(error)

    def _decided(self, words: str, done: Decided | Revoked) -> None:
        """Durable: say so, print, and go on to the next case."""
        self._question += 1
        self._detail = None
        self._opened = ""
        self._is_deciding = False
        what = tr("{words}，{number}。").format(words=words + (tr("（暂）") if done.case.is_provisional else ""), number=done.case.number)
        print_papers(self._context, done.documents, then=partial(self._told, what, done.documents))
        self._context.announce(done.changed)
        self.refresh()

    def _told(self, what: str, documents: tuple[Document, ...], jobs: list[PrintJob]) -> None:
        self._context.notify(outcome_notice(what, documents, jobs))


def _ids(rows: Sequence[CaseRow]) -> list[str]:
    return [row.case.id for row in rows]


def evidence_of(situation: Situation, detail: CaseDetail) -> tuple[Evidence, ...]:
    """The tabs of a case: what was handed in, then what the records hold."""
    names = {material.code: material.name.text for material in situation.materials}
    given = [Evidence(title=names.get(material.code, material.code), material=material) for material in detail.row.case.materials]
    return (*given, Evidence(title=tr("居住登记")))


def first_to_look_at(evidence: Sequence[Evidence]) -> int:
    """The first material that has a picture, else the first one."""
    return next((index for index, shown in enumerate(evidence) if shown.files), 0)


def likely_reason(situation: Situation, decision: Decision, checks: Sequence[Check], case: Case) -> str:
    """The reason whose words name an option that the checks found met, the applicant's own ground first; the only one if there is one."""
    if len(decision.reasons) == 1:
        return decision.reasons[0].code
    met = [option for check in checks for option in check.met_by]
    met.sort(key=lambda option: option != case.form.get("ground"))
    names = {option.key: option.name.zh for condition in situation.conditions for option in getattr(condition.test, "options", ())}
    for option in met:
        for reason in decision.reasons:
            if names.get(option, "\0") in reason.name.zh:
                return reason.code
    return ""


def picture_at(desk: Any, hashes: Sequence[str], page: int) -> tuple[PagePicture, int]:
    """The page of a material whose files lie one after another, and how many pages they have together."""
    total, found = 0, None
    for content_hash in hashes:
        wanted = max(0, page - total)
        picture = page_picture(desk, content_hash, wanted)
        if found is None and page < total + picture.page_count:
            found = picture
        total += picture.page_count
    if found is None:
        found = page_picture(desk, hashes[-1], max(0, page))
    return found, total
