"""积分 without a window: rows of the waterfall, days, what can be begun from a line, and the paper."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from nbcase.domain.resident import Resident
from nbcase.operations.points import APPLY, REVIEW, LineView, PointsView
from nbcase.store.desk_database import writing
from nbcase.store.shelf import Shelf
from tests.parts.counter import Counter
from tests.parts.residents import with_permit
from tests.parts.scores import score_of
from ui.pages.points.explained import step_sentence
from ui.pages.points.presenter import FallRow, PointsPresenter, difference_words
from ui.tasks import InlineTasks


class FakePage:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.view: PointsView | None = None
        self.rows: Sequence[FallRow] = ()
        self.line: LineView | None = None
        self.problem = ""

    def show_nobody(self) -> None:
        self.view = None

    def show_points(self, view: PointsView, rows: Sequence[FallRow]) -> None:
        self.view, self.rows = view, rows

    def show_line(self, line: LineView) -> None:
        self.line = line

    def show_day_problem(self, text: str) -> None:
        self.problem = text


def scored(counter: Counter) -> Resident:
    """A resident with a permit and a score."""
    resident = with_permit(counter, "normal")
    with writing(counter.desk.engine) as connection:
        Shelf(connection).write(score_of(resident))
    return resident


@pytest.fixture
def opened(counter_for: Callable[..., Counter]) -> tuple[Counter, FakePage, PointsPresenter]:
    counter = counter_for(people=60)
    page = FakePage()
    presenter = PointsPresenter(page, counter)
    presenter.open(scored(counter).id)
    return counter, page, presenter


def choose(presenter: PointsPresenter, code: str) -> LineView:
    assert presenter.points is not None
    line = next(line for line in presenter.points.lines if line.line.indicator.code == code)
    presenter.choose(line)
    return line


Opened = tuple[Counter, FakePage, PointsPresenter]


def test_each_bar_begins_where_the_one_before_it_ended_and_the_last_reaches_the_total(opened: Opened) -> None:
    _, page, _ = opened
    reached = 0
    for row in page.rows:
        if row.kind == "line":
            assert row.start == reached
            reached += row.length
    assert (page.rows[-1].kind, page.rows[-1].length) == ("total", reached)
    assert page.rows[-1].points == "76.25"
    assert {row.points for row in page.rows if row.kind == "unconfigured"} == {"—"}, "what has no rule is not a nought"


def test_a_line_without_data_is_applied_for_and_one_with_points_is_disputed(opened: Opened) -> None:
    counter, _, presenter = opened
    choose(presenter, "skill")
    assert "积分申请" in presenter.refusal(REVIEW)
    presenter.begin(REVIEW)
    assert not counter.visited
    presenter.begin(APPLY)
    target = {"resident_id": presenter.resident_id, "item_code": "points_application", "situation_code": "apply", "indicator": "skill"}
    assert counter.visited == [("handle", target)]
    choose(presenter, "insurance")
    assert "复核" in presenter.refusal(APPLY)
    assert presenter.refusal(REVIEW) == ""
    choose(presenter, "tax")
    assert "没有公布规则" in presenter.refusal(APPLY)
    choose(presenter, "age")
    assert "更正登记" in presenter.refusal(REVIEW)


def test_a_reviewer_looks_but_does_not_accept(opened: Opened) -> None:
    counter, _, presenter = opened
    counter.signed_in_as("reviewer")
    assert presenter.refusal(REVIEW) == "您的岗位不受理"


def test_a_day_that_is_none_or_not_there_yet_is_refused_and_a_past_one_is_shown(opened: Opened) -> None:
    _, page, presenter = opened
    presenter.set_day("2026-13-01")
    assert page.problem == "没有这一天"
    presenter.set_day("2026-11-25")
    assert page.problem == "不能晚于今天"
    chosen = choose(presenter, "insurance")
    presenter.set_day("2025-11-24")
    assert page.problem == ""
    assert page.view is not None
    assert difference_words(page.view.difference) == "−8.50"
    assert page.line is not None
    assert page.line is not chosen
    assert page.line.line.indicator.code == "insurance", "the line that was looked at stays"


def test_what_adds_points_says_when_it_comes_by_itself(opened: Opened) -> None:
    _, _, presenter = opened
    assert step_sentence(choose(presenter, "residence")).startswith("2026-12-19：省内累计居住满 60 个整月，+0.25 分")
    assert step_sentence(choose(presenter, "insurance")) == "省内累计缴纳社保满 48 个月，+0.50 分"
    assert step_sentence(choose(presenter, "age")) == "已到上限。"


def test_the_sheet_goes_to_the_printer(opened: Opened) -> None:
    counter, _, presenter = opened
    presenter.print_sheet()
    assert [path.suffix for path in (counter.folder / "printed").iterdir()] == [".pdf"]
    assert counter.notices[-1].what == "积分明细已交打印机。"


class LateTasks(InlineTasks):
    """Keeps each job until the test lets it go, the newest first."""

    def __init__(self) -> None:
        self.held: list[Callable[[], None]] = []

    def run(self, work: Any, then: Any = None, otherwise: Any = None) -> None:
        """Hold the job."""
        self.held.append(lambda: InlineTasks.run(self, work, then, otherwise))


def test_an_answer_for_a_day_that_was_changed_again_is_dropped(opened: Opened) -> None:
    counter, page, presenter = opened
    counter.tasks = tasks = LateTasks()
    presenter.set_day("2025-11-24")
    presenter.set_day("")
    while tasks.held:
        tasks.held.pop()()
    assert page.view is not None
    assert page.view.on == counter.desk.today()
