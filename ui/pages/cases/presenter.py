"""What 办件 does: filters, the case in the side panel, printing again, completing, withdrawing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Literal, Protocol

from nbcase.domain.case import OPEN_STATES, Case, CaseState
from nbcase.domain.clerk import PERMISSIONS
from nbcase.domain.clock import local_date
from nbcase.domain.words import tr
from nbcase.domain.workdays import WorkingCalendar
from nbcase.operations.cases import CaseDetail, CaseFilter, CaseRow, OpenLimits, case_detail, cases, count_cases, open_limits
from nbcase.operations.decide import Decided, withdraw
from nbcase.operations.page import RowPage
from nbcase.operations.printing import paper_name
from ui.printwork import outcome_notice, print_one
from ui.widgets.fields import Option
from ui.widgets.timeline import LimitDay

Group = Literal["open", "waiting", "done", "all"]

GROUPS: dict[Group, frozenset[CaseState]] = {
    "open": OPEN_STATES,
    "waiting": frozenset({CaseState.IN_CORRECTION, CaseState.ACCEPTED_PROVISIONALLY}),
    "done": frozenset(CaseState) - OPEN_STATES,
    "all": frozenset(),
}
RECENT_DAYS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What the chips say. `matter` is ``item.situation``, empty for all."""

    group: Group = "open"
    is_mine: bool = False
    is_recent: bool = False
    is_provisional: bool = False
    matter: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actions:
    """What can be done with the selected case; empty is yes, otherwise why not."""

    complete: str
    withdraw: str
    print_again: str


class CasesView(Protocol):
    """What the presenter needs of its page."""

    def reload_rows(self) -> None: ...
    def show_filters(self, filters: Filters) -> None: ...
    def show_counts(self, limits: OpenLimits, total: int) -> None: ...
    def show_detail(self, detail: CaseDetail, actions: Actions) -> None: ...
    def show_no_detail(self) -> None: ...
    def ask(self, question: str, options: Sequence[Option], then: Callable[[str], None]) -> None: ...


class CasesPresenter:
    """The filters of the list and the one case that is selected."""

    def __init__(self, view: CasesView, context: Any) -> None:
        self._view = view
        self._context = context
        self.filters = Filters()
        self._question = 0
        self._detail: CaseDetail | None = None

    def wanted(self) -> CaseFilter:
        """The filters as the operation wants them; open cases come by their limit, others newest first."""
        chosen = self.filters
        item_code, _, situation_code = chosen.matter.partition(".")
        return CaseFilter(
            states=GROUPS[chosen.group],
            item_code=item_code or None,
            situation_code=situation_code or None,
            accepted_by=self._context.clerk.record.id if chosen.is_mine else None,
            accepted_since=self._context.desk.today() - timedelta(days=RECENT_DAYS) if chosen.is_recent else None,
            text=chosen.text,
            is_provisional=True if chosen.is_provisional else None,
            by_limit=chosen.group in ("open", "waiting"),
        )

    def fetch(self, cursor: str | None, limit: int) -> RowPage[CaseRow]:
        """A page of rows; called in a worker."""
        return cases(self._context.desk, self.wanted(), cursor, limit)

    def set(self, **changes: Any) -> None:
        """Change filters and show what they leave."""
        chosen = replace(self.filters, **changes)
        if chosen.is_provisional and not self.filters.is_provisional:
            chosen = replace(chosen, group="all")  # what is marked 暂 is decided already
        if chosen == self.filters:
            return
        self.filters = chosen
        self._view.show_filters(chosen)
        self.refresh()

    def refresh(self) -> None:
        """Read rows and counts again."""
        self._view.reload_rows()
        desk, wanted = self._context.desk, self.wanted()
        self._context.tasks.run(
            lambda: (open_limits(desk), count_cases(desk, wanted)),
            then=lambda found: self._view.show_counts(*found),
            otherwise=self._context.trouble,
        )

    def select(self, case_id: str) -> None:
        """Show a case in full."""
        self._question += 1
        question, desk = self._question, self._context.desk

        def take(detail: CaseDetail) -> None:
            if question == self._question:
                self._detail = detail
                self._view.show_detail(detail, self._actions(detail))

        self._context.tasks.run(lambda: case_detail(desk, case_id), then=take, otherwise=self._context.trouble)

    def find(self, case_id: str) -> None:
        """Show the case that another page points at, whatever the chips say."""
        self.filters = Filters(group="all")
        desk = self._context.desk

        def take(detail: CaseDetail) -> None:
            self.filters = Filters(group="all", text=detail.row.case.number)
            self._view.show_filters(self.filters)
            self.refresh()

        self._context.tasks.run(lambda: case_detail(desk, case_id), then=take, otherwise=self._context.trouble)

    def nothing_selected(self) -> None:
        """No row is left by the filters."""
        self._question += 1
        self._detail = None
        self._view.show_no_detail()

    def _actions(self, detail: CaseDetail) -> Actions:
        case, role = detail.row.case, self._context.clerk.record.role
        waits = case.state in GROUPS["waiting"]
        return Actions(
            complete=_allowed(role, "case.complete") or ("" if waits else tr("这件不在等补充材料")),
            withdraw=_allowed(role, "case.withdraw") or ("" if case.state.is_open else tr("这件已办结，不能撤回")),
            print_again="" if detail.documents else tr("这件还没有文书"),
        )

    def open(self) -> None:
        """Go where the case goes on: the review, the missing materials, or the resident."""
        detail = self._detail
        if detail is None:
            return
        case, role = detail.row.case, self._context.clerk.record.role
        if is_to_decide(self._context.desk, case, role):
            self._context.navigate("review", case_id=case.id)
        elif not self._actions(detail).complete:
            self._context.navigate("handle", case_id=case.id)
        else:
            self._context.navigate("residents", resident_id=case.resident_id)

    def complete(self) -> None:
        """补正: open the materials of the case."""
        detail = self._detail
        if detail is not None and not self._actions(detail).complete:
            self._context.navigate("handle", case_id=detail.row.case.id)

    def print_again(self) -> None:
        """Print a paper of the case; a second print asks for its reason, several papers which one."""
        detail = self._detail
        if detail is None or not detail.documents:
            return
        if len(detail.documents) == 1 or self._context.queue is None:
            print_one(self._context, self._view.ask, detail.documents[0])
            return
        papers = {document.id: document for document in detail.documents}
        options = [Option(code=document.id, label=paper_name(document.kind_code)) for document in detail.documents]
        self._view.ask(tr("打印哪一份？"), options, lambda document_id: print_one(self._context, self._view.ask, papers[document_id]))

    def withdraw(self) -> None:
        """撤回, with the applicant's reason."""
        detail = self._detail
        if detail is None or self._actions(detail).withdraw:
            return
        case = detail.row.case
        options = [Option(code=word, label=word) for word in withdrawal_reasons()]
        question = tr("{name}为什么撤回 {number}？").format(name=case.applicant_name, number=case.number)
        self._view.ask(question, options, lambda reason: self._withdraw(case, reason))

    def _withdraw(self, case: Case, reason: str) -> None:
        desk, clerk = self._context.desk, self._context.clerk.record

        def told(done: Decided) -> None:
            self._context.notify(outcome_notice(tr("{number} 已撤回：{reason}。").format(number=case.number, reason=reason), (), ()))
            self._context.announce(done.changed)

        self._context.tasks.run_in_order(lambda: withdraw(desk, clerk, case.id, reason), then=told, otherwise=self._context.trouble)


def _allowed(role: Any, kind: str) -> str:
    return "" if role in PERMISSIONS[kind] else tr("您的岗位不能做这一步")


def is_to_decide(desk: Any, case: Case, role: Any) -> bool:
    """Whether the case waits for a decision that this role may make."""
    if case.state not in (CaseState.ACCEPTED, CaseState.ACCEPTED_PROVISIONALLY):
        return False
    step = desk.items.situation(case.item_code, case.situation_code).step(case.step_code)
    return bool(step.decisions) and role in PERMISSIONS[step.action]


def withdrawal_reasons() -> tuple[str, ...]:
    """Why an applicant takes a case back."""
    return (tr("申请人不办了"), tr("材料带错，另行申请"), tr("情况有变"), tr("录入错误"))


def next_step(desk: Any, case: Case) -> tuple[str, str]:
    """Where a case stands and what comes next, in words."""
    step = desk.items.situation(case.item_code, case.situation_code).step(case.step_code)
    if case.is_provisional:
        return tr("离线通过，标“暂”"), tr("连上中心后由复核岗补核")
    words = {
        CaseState.ACCEPTED: (tr("等待{step}").format(step=step.name.text), tr("复核岗审核")),
        CaseState.ACCEPTED_PROVISIONALLY: (tr("容缺受理"), tr("申请人补齐材料")),
        CaseState.IN_CORRECTION: (tr("等申请人补充"), tr("补齐后由窗口提交")),
        CaseState.DECIDED: (tr("办结"), ""),
        CaseState.REFUSED: (tr("不予办理"), tr("申请人可复议或重新申请")),
        CaseState.WITHDRAWN: (tr("申请人撤回"), ""),
        CaseState.REVOKED: (tr("暂证已收回"), tr("告知申请人，收回原件")),
    }
    return words[case.state]


def limit_days(calendar: WorkingCalendar, case: Case, today: date) -> tuple[LimitDay, ...]:
    """The days of a case's promised limit one by one, on to today while it is late; none for what is done on the spot."""
    start = local_date(case.accepted_at)
    due_on = case.promised_due_on or case.legal_due_on
    if due_on is None or due_on <= start:
        return ()
    end = local_date(case.decided_at) if case.decided_at is not None else today
    last = max(due_on, end)
    days: list[LimitDay] = [LimitDay(on=start, kind="outside", under=tr("受理"))]
    counted = 0
    for n in range(1, (last - start).days + 1):
        day = start + timedelta(days=n)
        is_working = calendar.is_working(day)
        counted += is_working
        kind = _day_kind(day, end, is_working=is_working, is_open=case.state.is_open)
        days.append(LimitDay(on=day, kind=kind, under=tr("第 {n}").format(n=counted) if is_working else ""))
    return tuple(days)


def _day_kind(day: date, end: date, *, is_working: bool, is_open: bool) -> Literal["off", "counted", "today", "ahead"]:
    if day == end and is_open:
        return "today"
    if not is_working:
        return "off"
    return "counted" if day <= end else "ahead"


def limit_warning(detail: CaseDetail) -> tuple[str, bool]:
    """What the clerk must know of the limit now, and whether it is broken; nothing while there is time."""
    left = detail.row.limit.left
    if left is None or left > 1:
        return "", False
    if left < 0:
        return tr("超承诺 {n} 个工作日。须向申请人说明理由，先办。").format(n=-left), True
    return (tr("今日到期，下班前办结。") if left == 0 else tr("剩 1 个工作日。逾期须向申请人说明理由。")), False
