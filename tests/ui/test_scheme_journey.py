"""A supervisor edits and proposes by keys, another signs at another station, the centre publishes, a third desk shows it from its day."""

from datetime import date, timedelta

from PySide6.QtWidgets import QApplication

from nbcase.domain.clock import SetClock
from nbcase.domain.resident import Resident
from nbcase.operations.scheme_drafts import scheme_board
from nbcase.store.centre_database import transaction
from nbcase.store.centre_work import write_scores
from tests.parts.centres import RunningCentre
from tests.parts.scores import score_of
from tests.parts.windows import DeskWindow, SitAt, sit_at  # noqa: F401 - the fixture
from ui.pages.points import PointsPage
from ui.pages.scheme import SchemePage


def scheme_page(window: DeskWindow) -> SchemePage:
    page = window.window.page("scheme")
    assert isinstance(page, SchemePage)
    return page


def points_page(window: DeskWindow) -> PointsPage:
    page = window.window.page("points")
    assert isinstance(page, PointsPage)
    return page


def resident_with_score(window: DeskWindow, centre: RunningCentre, name: str = "样一") -> Resident:
    person = window.working.resident(name, birth_on=date(1990, 5, 2))
    window.working.act(person)
    window.contact()
    with transaction(centre.centre.engine) as connection:
        write_scores(connection, [score_of(person, on=date(2026, 3, 1))])
    window.contact()
    return person


def settle(page: SchemePage) -> None:
    """Let the moment after the last key pass."""
    page._editor.flush()
    QApplication.processEvents()


def begin(window: DeskWindow) -> SchemePage:
    """A new draft that holds from 2026-04-01, by keys."""
    window.show("scheme")
    window.keys.press("Ctrl+N", "Enter", "Ctrl+D")
    window.keys.type("2026-04-01")
    window.keys.press("Enter")
    return scheme_page(window)


def dearer_insurance(window: DeskWindow) -> None:
    """缴纳社保: 0.6 a month instead of 0.5, the document that says so, and the one example."""
    page = scheme_page(window)
    window.keys.press("Down", "Down", "Down", "Enter")
    page._editor.form().focus_field("each")
    window.keys.press("Ctrl+A")
    window.keys.type("0.6")
    page._editor.form().focus_field("basis")
    window.keys.press("Ctrl+A")
    window.keys.type("YZ-2026-1")
    settle(page)


def test_two_supervisors_change_the_sheet_everywhere_from_its_day_on(
    sit_at: SitAt,  # noqa: F811
    centre: RunningCentre,
    clock: SetClock,
) -> None:
    first, second, third = sit_at("qian"), sit_at("wu"), sit_at("li")
    person = resident_with_score(third, centre)
    first.contact()
    page = begin(first)
    dearer_insurance(first)
    examples = page._editor.examples()
    assert examples.field(0, 2).state() == "error"
    assert "规则算得 30" in examples.field(0, 2)._under.text()
    said = page._editor._check._text.text()
    assert said == "算例“59 个月”写的是 29.5 分，规则算得 30 分。", "without file and entry, which mean nothing here"
    first.keys.press("Ctrl+S")
    assert not page._go.isEnabled()
    for row, points in ((0, "30"), (1, "30"), (2, "30")):
        examples.field(row, 2).setFocus()
        first.keys.press("Ctrl+A")
        first.keys.type(points)
        settle(page)
    assert page._editor._check._text.text() == "核对通过：3 个算例都算得出。"
    first.keys.press("Alt+2")
    assert page._effect._indicators.rows[0].title == "缴纳社保"
    assert page._effect._indicators.rows[0].right == "共 +4.10 分"
    first.keys.press("Alt+1", "Ctrl+Enter")
    assert not first.troubles
    assert first.notices[-1].what == "已提出，等另一位站长签署。"
    assert "您是提出人" in page._status._full
    first.contact()

    second.contact()
    second.show("scheme")
    other = scheme_page(second)
    assert "样qian" in other._band._text.text()
    assert other._go.text() == "签署"
    second.keys.press("Ctrl+Enter")
    assert not second.troubles
    assert "两人已签" in other._band._text.text()
    for window in (second, second, first, third):
        window.contact()
    for window in (first, second):
        shown = scheme_page(window)
        window.show("scheme")
        window.keys.press("Alt+3")
        assert shown._history.rows[0].title.endswith("缴纳社保")
        assert "样qian 提出，样wu 签署" in shown._history.rows[0].under
        assert shown._history.rows[0].tag == "未到期"

    clock.advance(timedelta(days=31))
    third.show("points")
    third.window.open_page("points", resident_id=person.id)
    sheet = points_page(third)
    sheet._fall.choose("insurance")
    assert sheet._explained._points.text() == "24.60"
    assert any("2026-04-01" in row for row in _facts(sheet))
    third.keys.press("Ctrl+D")
    third.keys.type("20260331")
    third.keys.press("Enter")
    assert sheet._explained._points.text() == "20.00"
    assert any("2022-04-06" in row for row in _facts(sheet))
    assert not third.troubles


def _facts(page: PointsPage) -> list[str]:
    return [item.accessibleName() for item in page._explained._facts.findChildren(type(page._explained._none))]


def test_an_unconfigured_indicator_is_filled_in_by_keys_alone(sit_at: SitAt) -> None:  # noqa: F811
    desk = sit_at("qian")
    page = begin(desk)
    place = next(place for place, row in enumerate(page._list.rows) if row.payload == "blood")
    assert page._list.rows[place].tag == "未配置"
    while page._presenter.code != "blood":
        desk.keys.press("Down")
    desk.keys.press("Enter", "3", "Enter")
    form = page._editor.form()
    assert form.values()["shape"] == "bands"
    form.focus_field("cap")
    desk.keys.type("6")
    page._editor.part(0).field(0, 0).setFocus()
    desk.keys.type("18")
    desk.keys.press("Tab")
    desk.keys.type("6")
    examples = page._editor.examples()
    examples.field(0, 0).setFocus()
    desk.keys.type("adult")
    desk.keys.press("Tab")
    desk.keys.type("18")
    desk.keys.press("Tab")
    desk.keys.type("6")
    form.focus_field("basis")
    desk.keys.press("Ctrl+A")
    desk.keys.type("YZ-2026-2")
    settle(page)
    assert page._editor._check._text.text() == "核对通过：1 个算例都算得出。"
    desk.keys.press("Ctrl+S")
    assert not desk.troubles
    assert page._list.rows[place].tag == "已改"
    board = scheme_board(desk.counter.desk)
    assert board.checked is not None
    assert not board.checked.mistakes
    assert board.open is not None
    assert board.open.draft.edits["blood"]["rule"] == {"step": {"of": {"fact": "age"}, "points": [[18, "6"]]}}


def test_offline_the_page_says_that_it_is_published_at_the_next_contact(sit_at: SitAt) -> None:  # noqa: F811
    desk = sit_at("qian")
    page = begin(desk)
    assert "草案" in page._band._text.text()
    desk.keys.press("Down", "Enter")
    page._editor.form().focus_field("unit")
    desk.keys.press("Ctrl+A")
    desk.keys.type("X")
    settle(page)
    desk.keys.press("Ctrl+Enter")
    assert not desk.troubles
    assert "现在离线：到下次联系中心时送出" in desk.notices[-1].safe
    assert "现在离线" in page._band._text.text()
    desk.keys.press("Ctrl+E")
    assert page._presenter.can_edit


def test_a_clerk_has_no_such_page(sit_at: SitAt) -> None:  # noqa: F811
    assert "scheme" not in sit_at("li").window.pages
    assert "scheme" in sit_at("qian").window.pages
