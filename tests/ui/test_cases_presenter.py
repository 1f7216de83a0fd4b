"""办件 without a window: what the chips leave, what can be done with a case, how its limit is told."""

from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest

from nbcase.domain.case import CaseState
from nbcase.domain.clock import local_date
from nbcase.operations.cases import CaseDetail, CaseRow, OpenLimits, case_detail, review_queue
from nbcase.operations.decide import Verdict, decide
from nbcase.operations.printing import print_rows
from tests.parts.counter import Counter
from ui.casewords import limit_figure, state_words
from ui.pages.cases.presenter import GROUPS, Actions, CasesPresenter, Filters, limit_days, limit_warning
from ui.widgets.fields import Option


class FakePage:
    """Keeps what it is told and answers questions when the test does."""

    def __init__(self) -> None:
        self.reloads = 0
        self.filters = Filters()
        self.counts: tuple[OpenLimits, int] | None = None
        self.detail: CaseDetail | None = None
        self.actions: Actions | None = None
        self.questions: list[str] = []
        self.options: Sequence[Option] = ()
        self.then: Callable[[str], None] | None = None

    def reload_rows(self) -> None:
        self.reloads += 1

    def show_filters(self, filters: Filters) -> None:
        self.filters = filters

    def show_counts(self, limits: OpenLimits, total: int) -> None:
        self.counts = (limits, total)

    def show_detail(self, detail: CaseDetail, actions: Actions) -> None:
        self.detail, self.actions = detail, actions

    def show_no_detail(self) -> None:
        self.detail = None

    def ask(self, question: str, options: Sequence[Option], then: Callable[[str], None]) -> None:
        self.questions.append(question)
        self.options, self.then = options, then

    def answer(self, place: int) -> None:
        assert self.then is not None
        self.then(self.options[place].code)


@pytest.fixture
def counter(counter_for: Callable[..., Counter]) -> Counter:
    return counter_for(people=150)


@pytest.fixture
def view() -> FakePage:
    return FakePage()


@pytest.fixture
def presenter(view: FakePage, counter: Counter) -> CasesPresenter:
    return CasesPresenter(view, counter)


def all_rows(presenter: CasesPresenter) -> list[CaseRow]:
    rows: list[CaseRow] = []
    cursor: str | None = None
    while True:
        page = presenter.fetch(cursor, 20)
        rows += page.rows
        cursor = page.next_cursor
        if cursor is None:
            return rows


def test_open_cases_stand_first_promised_first(presenter: CasesPresenter) -> None:
    rows = all_rows(presenter)
    assert rows
    assert all(row.case.state.is_open for row in rows)
    due = [row.case.promised_due_on for row in rows]
    assert due == sorted(due)  # type: ignore[type-var]


def test_every_case_comes_once_over_all_pages_newest_first(presenter: CasesPresenter, view: FakePage) -> None:
    presenter.set(group="all")
    rows = all_rows(presenter)
    assert len({row.case.id for row in rows}) == len(rows)
    assert view.counts is not None
    assert view.counts[1] == len(rows)
    at = [row.case.accepted_at for row in rows]
    assert at == sorted(at, reverse=True)


def test_the_groups_share_all_cases_among_them(presenter: CasesPresenter) -> None:
    assert GROUPS["open"] | GROUPS["done"] == set(CaseState)
    assert not GROUPS["open"] & GROUPS["done"]
    presenter.set(group="done", matter="residence_permit.apply")
    assert {(row.case.item_code, row.case.situation_code) for row in all_rows(presenter)} == {("residence_permit", "apply")}


def test_what_waits_for_the_centres_word_is_found_though_it_is_decided(presenter: CasesPresenter, view: FakePage) -> None:
    presenter.set(is_provisional=True)
    rows = all_rows(presenter)
    assert rows
    assert all(row.case.is_provisional for row in rows)
    assert state_words(rows[0].case) == ("已办结 暂", "amber")


def test_recent_and_mine_narrow_the_list(presenter: CasesPresenter, counter: Counter) -> None:
    presenter.set(group="all", is_recent=True, is_mine=True)
    since = counter.desk.today() - timedelta(days=30)
    for row in all_rows(presenter):
        assert row.case.accepted_by == counter.clerk.record.id
        assert local_date(row.case.accepted_at) >= since


def test_a_page_points_at_a_case_whatever_the_chips_say(presenter: CasesPresenter, view: FakePage) -> None:
    presenter.set(group="done")
    wanted = all_rows(presenter)[0].case
    presenter.set(group="waiting")
    presenter.find(wanted.id)
    assert [row.case.id for row in all_rows(presenter)] == [wanted.id]
    assert view.filters.text == wanted.number


def test_a_clerk_withdraws_an_open_case_with_a_reason_and_a_reviewer_cannot(
    presenter: CasesPresenter, view: FakePage, counter: Counter
) -> None:
    case_id = all_rows(presenter)[0].case.id
    presenter.select(case_id)
    presenter.withdraw()
    view.answer(0)
    present = case_detail(counter.desk, case_id).row.case
    assert (present.state, present.decision_note) == (CaseState.WITHDRAWN, "申请人不办了")
    assert "case" in counter.changed[0]
    counter.signed_in_as("reviewer")
    presenter.select(all_rows(presenter)[0].case.id)
    assert view.actions is not None
    assert "岗位" in view.actions.withdraw
    presenter.withdraw()
    assert len(view.questions) == 1


def test_a_paper_is_printed_at_once_and_again_only_with_a_reason(presenter: CasesPresenter, view: FakePage, counter: Counter) -> None:
    reviewer = counter.signed_in_as("reviewer")
    verdict = Verdict(case_id=review_queue(counter.desk, reviewer)[0].case.id, decision_code="correct", reason_codes=("proof_unclear",))
    case = decide(counter.desk, reviewer, verdict).case
    presenter.select(case.id)
    presenter.print_again()
    assert view.questions == [], "the first print needs no reason"
    presenter.select(case.id)
    presenter.print_again()
    assert "为什么补打" in view.questions[0]
    view.answer(1)
    assert [row.job.reason for row in print_rows(counter.desk)] == ["污损", ""]


def test_enter_leads_where_the_case_goes_on(presenter: CasesPresenter, counter: Counter) -> None:
    clerk, reviewer = counter.clerk, counter.signed_in_as("reviewer")
    case = review_queue(counter.desk, reviewer)[0].case
    presenter.select(case.id)
    presenter.open()
    decide(counter.desk, reviewer, Verdict(case_id=case.id, decision_code="correct", reason_codes=("proof_unclear",)))
    counter.clerk = clerk
    presenter.select(case.id)
    presenter.open()
    presenter.set(group="done")
    done = all_rows(presenter)[0].case
    presenter.select(done.id)
    presenter.open()
    assert counter.visited == [
        ("review", {"case_id": case.id}), ("handle", {"case_id": case.id}), ("residents", {"resident_id": done.resident_id}),
    ]  # fmt: skip


def test_the_days_of_a_limit_count_working_days_and_leave_out_the_weekend(counter: Counter, presenter: CasesPresenter) -> None:
    late = next(row for row in all_rows(presenter) if row.limit.left is not None and row.limit.left < -2)
    days = limit_days(counter.desk.calendar, late.case, counter.desk.today())
    assert days[0].under == "受理"
    assert days[-1].kind == "today"
    counted = [day for day in days[1:] if counter.desk.calendar.is_working(day.on)]
    assert [day.under for day in counted] == [f"第 {n}" for n in range(1, len(counted) + 1)]
    assert all(day.kind == "off" for day in days[1:-1] if day not in counted)
    words, is_broken = limit_warning(case_detail(counter.desk, late.case.id))
    assert is_broken
    assert "超承诺" in words
    figure = limit_figure(late.limit)
    assert figure is not None
    assert figure.left < 0
