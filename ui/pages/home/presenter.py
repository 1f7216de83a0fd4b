"""What 工作台 shows: figures, the clerk's cases by limit, endorsements that fall due, drafts, and whether the desk is fit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from nbcase.domain.case import CaseState
from nbcase.domain.clerk import PERMISSIONS, Role
from nbcase.domain.notice import Notice
from nbcase.domain.words import tr
from nbcase.operations.cases import CaseRow, review_queue
from nbcase.operations.drafts import Draft, drafts
from nbcase.operations.figures import ItemFigures, item_figures
from nbcase.operations.home import EndorsementDue, HomeView, home_view
from nbcase.operations.provisional import ProvisionalStand, check_provisional, notices, provisional_stand
from nbcase.operations.readiness import Readiness, readiness

SHOWN_CASES = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """Everything that the page shows but for the readiness. `items` is empty for those who need no statistics."""

    home: HomeView
    cases: tuple[CaseRow, ...]
    case_count: int
    drafts: tuple[Draft, ...]
    items: tuple[ItemFigures, ...]
    provisional: ProvisionalStand
    notices: tuple[Notice, ...]


class HomeViewer(Protocol):
    """What the presenter needs of its page."""

    def show_day(self, day: Day) -> None: ...
    def show_provisional(self, stand: ProvisionalStand) -> None: ...
    def show_checking(self) -> None: ...
    def show_readiness(self, rows: Sequence[Readiness]) -> None: ...


class HomePresenter:
    """Reads the day in a worker, checks the desk once by itself and then when asked, and opens what is chosen."""

    def __init__(self, view: HomeViewer, context: Any) -> None:
        self._view = view
        self._context = context
        self._is_checked = False
        self._knew_centre = False
        self._is_asking = False

    def refresh(self) -> None:
        """Read the day; check the desk the first time, and once more when the centre has answered since: clock and rules are known then."""
        desk, clerk = self._context.desk, self._context.clerk.record
        self._context.tasks.run(lambda: read_day(desk, clerk), then=self._view.show_day, otherwise=self._context.trouble)
        self._ask_about_provisional()
        if not self._is_checked or (not self._knew_centre and self._knows_centre()):
            self.check()

    def _ask_about_provisional(self) -> None:
        """Where the line is up: let the centre say what became of permits that were issued without it."""
        status, desk = self.status(), self._context.desk
        if self._is_asking or status is None or not status.is_online:
            return
        self._is_asking = True

        def take(stand: ProvisionalStand) -> None:
            self._is_asking = False
            self._view.show_provisional(stand)

        def fail(error: BaseException) -> None:
            self._is_asking = False
            self._context.trouble(error)

        self._context.tasks.run(lambda: check_provisional(desk), then=take, otherwise=fail)

    def check(self) -> None:
        """Look at devices, data and clock."""
        self._is_checked, self._knew_centre = True, self._knows_centre()
        self._view.show_checking()
        context, status = self._context, self.status()
        self._context.tasks.run(
            lambda: readiness(
                context.desk,
                reader=context.reader,
                scanner=context.scanner,
                camera=context.camera,
                document_reader=context.document_reader,
                queue=context.queue,
                clock_offset_s=status.clock_offset_s if status is not None else None,
                contact_at=status.contact_at if status is not None else None,
            ),
            then=self._view.show_readiness,
            otherwise=self._context.trouble,
        )

    def _knows_centre(self) -> bool:
        status = self.status()
        return status is not None and status.contact_at is not None

    def status(self) -> Any:
        """The state of sync, None at a desk without."""
        return self._context.sync.status() if self._context.sync is not None else None

    def open_case(self, row: CaseRow) -> None:
        """Go where a case goes on: a reviewer decides, a clerk completes what waits for papers, others are looked at."""
        case = row.case
        if self._context.clerk.record.role is Role.REVIEWER:
            self._context.navigate("review", case_id=case.id)
        elif case.state in (CaseState.IN_CORRECTION, CaseState.ACCEPTED_PROVISIONALLY):
            self._context.navigate("handle", case_id=case.id)
        else:
            self._context.navigate("cases", case_id=case.id)

    def open_due(self, due: EndorsementDue) -> None:
        """Begin the endorsement; who may not do that sees the person."""
        if self._context.clerk.record.role in PERMISSIONS["permit.accept"]:
            self._context.navigate("handle", resident_id=due.resident.id, item_code="residence_permit", situation_code="endorse")
        else:
            self._context.navigate("residents", resident_id=due.resident.id)

    def open_provisional(self, case_id: str) -> None:
        """A reviewer goes to the case; others see the list."""
        if self._context.clerk.record.role is Role.REVIEWER:
            self._context.navigate("review", case_id=case_id)
        else:
            self._context.navigate("cases", case_id=case_id)

    def open_notice(self, notice: Notice) -> None:
        """The person whom a notice is about."""
        self._context.navigate("residents", resident_id=notice.resident_id)

    def open_draft(self, draft: Draft) -> None:
        """Go on with a draft on the page that it was begun on."""
        is_registration = (draft.item_code, draft.situation_code) == ("residence_registration", "new")
        self._context.navigate("register" if is_registration else "handle", draft_id=draft.id)

    def open_figure(self, key: str) -> None:
        """The list behind a figure."""
        self._context.navigate({"unsent": "sync", "due": "residents"}.get(key, "cases"))


def read_day(desk: Any, clerk: Any) -> Day:
    """The day as this clerk needs it; called in a worker."""
    home = home_view(desk, clerk)
    is_reviewer = clerk.role is Role.REVIEWER
    waiting = review_queue(desk, clerk) if is_reviewer else home.my_cases
    counts = {Role.CLERK: home.mine_count, Role.REVIEWER: len(waiting), Role.SUPERVISOR: home.open_count}
    return Day(
        home=home,
        cases=waiting[:SHOWN_CASES],
        case_count=counts[clerk.role],
        drafts=tuple(drafts(desk, clerk)),
        items=tuple(month_figures(desk)) if clerk.role is Role.SUPERVISOR else (),
        provisional=provisional_stand(desk),
        notices=tuple(notices(desk)),
    )


def month_figures(desk: Any) -> list[ItemFigures]:
    """What this month brought, item by item; those that brought nothing would only hide the others."""
    today: date = desk.today()
    return [row for row in item_figures(desk, today.replace(day=1), today) if row.accepted]


def greeting(name: str, today: date, home: HomeView) -> str:
    """Who, which day, and what comes first."""
    days = (tr("周一"), tr("周二"), tr("周三"), tr("周四"), tr("周五"), tr("周六"), tr("周日"))
    hello = tr("{name}，今天是{day}。").format(name=name, day=days[today.weekday()])
    if home.overdue_count:
        return hello + tr("{n} 件已超承诺，先办。").format(n=home.overdue_count)
    if home.due_tomorrow_count:
        return hello + tr("{n} 件明日到期，先办。").format(n=home.due_tomorrow_count)
    return hello + tr("没有临期的办件。")


def hour_bars(by_hour: dict[int, int], hour: int) -> list[tuple[str, int]]:
    """Counts for each hour from the opening at 8, or earlier work, to now."""
    first = min([8, hour, *by_hour])
    last = max([hour, *by_hour])
    return [(str(each), by_hour.get(each, 0)) for each in range(first, last + 1)]


def readiness_summary(rows: Sequence[Readiness], at: str) -> str:
    """16:21 查过，10 项中 8 项就绪."""
    ready = sum(row.state == "passed" for row in rows)
    return tr("{at} 查过，{all} 项中 {ready} 项就绪").format(at=at, all=len(rows), ready=ready)
