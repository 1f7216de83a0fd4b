"""工作台 without a window: whose cases, where a line leads, and an honest check."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from nbcase.domain.clerk import Role
from nbcase.operations.drafts import save_draft
from nbcase.operations.provisional import ProvisionalStand
from nbcase.operations.readiness import Readiness
from tests.parts.counter import Counter
from tests.parts.line import Line
from ui.pages.home.presenter import Day, HomePresenter, greeting, hour_bars, read_day, readiness_summary


class FakePage:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.days: list[Day] = []
        self.checking = 0
        self.checks: Sequence[Readiness] = ()
        self.provisional: ProvisionalStand | None = None

    def show_day(self, day: Day) -> None:
        self.days.append(day)

    def show_provisional(self, stand: ProvisionalStand) -> None:
        self.provisional = stand

    def show_checking(self) -> None:
        self.checking += 1

    def show_readiness(self, rows: Sequence[Readiness]) -> None:
        self.checks = rows


@pytest.fixture
def counter(counter_for: Callable[..., Counter]) -> Counter:
    return counter_for(people=150)


@pytest.fixture
def view() -> FakePage:
    return FakePage()


def presenter_of(view: FakePage, counter: Counter) -> HomePresenter:
    presenter = HomePresenter(view, counter)
    presenter.refresh()
    return presenter


def test_a_clerk_sees_own_cases_first_promised_first(view: FakePage, counter: Counter) -> None:
    presenter_of(view, counter)
    (day,) = view.days
    assert day.cases
    assert {row.case.accepted_by for row in day.cases} == {counter.clerk.record.id}
    due = [row.case.promised_due_on for row in day.cases]
    assert due == sorted(due)  # type: ignore[type-var]
    assert not day.items


def test_a_clerk_who_took_nothing_has_no_cases_of_a_colleague(view: FakePage, counter: Counter) -> None:
    newcomer = replace(counter.clerk.record, id="clerk-of-today", login="new")
    home = read_day(counter.desk, newcomer).home
    assert home.open_count
    assert not home.my_cases
    assert home.mine_count == home.mine_tomorrow_count == 0


def test_a_reviewer_sees_what_waits_for_a_decision_and_a_supervisor_all(view: FakePage, counter: Counter) -> None:
    counter.signed_in_as("reviewer")
    presenter_of(view, counter)
    reviewer = view.days[-1]
    assert reviewer.cases
    assert all(row.case.step_code == "decide" for row in reviewer.cases)
    counter.signed_in_as("supervisor")
    presenter_of(view, counter)
    supervisor = view.days[-1]
    assert supervisor.case_count == supervisor.home.open_count
    assert supervisor.items
    assert all(row.accepted for row in supervisor.items), "what brought nothing hides the others"


def test_the_check_is_made_once_by_itself_and_then_when_asked(view: FakePage, counter: Counter) -> None:
    presenter = presenter_of(view, counter)
    presenter.refresh()
    assert view.checking == 1
    assert {row.key: row.state for row in view.checks}["clock"] == "absent"
    counter.sync = Line(counter)
    presenter.check()
    assert {row.key: row.state for row in view.checks}["clock"] == "passed"


def test_a_line_leads_to_where_the_work_goes_on(view: FakePage, counter: Counter) -> None:
    presenter = presenter_of(view, counter)
    day = view.days[-1]
    waiting = next(row for row in day.cases if row.case.state in ("in_correction", "accepted_provisionally"))
    presenter.open_case(waiting)
    assert counter.visited[-1] == ("handle", {"case_id": waiting.case.id})
    due = day.home.endorsements_due[0]
    presenter.open_due(due)
    assert counter.visited[-1] == (
        "handle",
        {"resident_id": due.resident.id, "item_code": "residence_permit", "situation_code": "endorse"},
    )
    counter.signed_in_as("reviewer")
    presenter.open_due(due)
    assert counter.visited[-1] == ("residents", {"resident_id": due.resident.id})
    presenter.open_case(waiting)
    assert counter.visited[-1] == ("review", {"case_id": waiting.case.id})


def test_a_draft_opens_on_the_page_it_was_begun_on(view: FakePage, counter: Counter) -> None:
    clerk = counter.clerk.record
    save_draft(counter.desk, clerk, "d1", "residence_registration", "new", {"name": "李𬭎"})
    save_draft(counter.desk, clerk, "d2", "residence_permit", "endorse", {"name": "田雪汀"})
    presenter = presenter_of(view, counter)
    for draft in view.days[-1].drafts:
        presenter.open_draft(draft)
    assert sorted(counter.visited) == [("handle", {"draft_id": "d2"}), ("register", {"draft_id": "d1"})]


def test_the_greeting_says_what_comes_first(view: FakePage, counter: Counter) -> None:
    presenter_of(view, counter)
    home, today = view.days[-1].home, counter.desk.today()
    assert home.overdue_count
    assert greeting("陈砚秋", today, home) == f"陈砚秋，今天是周二。{home.overdue_count} 件已超承诺，先办。"


def test_hours_reach_from_the_opening_to_now() -> None:
    assert hour_bars({9: 2}, 10) == [("8", 0), ("9", 2), ("10", 0)]
    assert hour_bars({7: 1}, 8) == [("7", 1), ("8", 0)]


def test_only_what_passed_counts_as_ready() -> None:
    rows = [Readiness(key=state, name="", state=state, detail="") for state in ("passed", "look", "failed", "absent")]
    assert readiness_summary(rows, "8:24") == "8:24 查过，4 项中 1 项就绪"


def test_endorsements_that_are_due_come_in_the_order_they_close(view: FakePage, counter: Counter) -> None:
    presenter_of(view, counter)
    home, today = view.days[-1].home, counter.desk.today()
    closes = [due.window.closes_on for due in home.endorsements_due]
    assert closes == sorted(closes)
    assert all(due.window.opens_on <= today for due in home.endorsements_due)
    assert home.endorsements_due_count >= len(closes) > 0
    assert home.endorsements_late_count >= sum(due.days_left < 0 for due in home.endorsements_due)
    assert Role.CLERK is counter.clerk.record.role
