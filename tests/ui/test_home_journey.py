"""A morning at 工作台 with keys alone: the desk is checked, a draft goes on, an endorsement that is due begins."""

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from nbcase.operations.drafts import save_draft
from tests.parts.counter import Counter
from tests.parts.keyboard import Keyboard, Until
from ui.pages import PageSpec
from ui.pages.home import HomePage
from ui.shell.window import MainWindow
from ui.tasks import TaskRunner


def test_every_line_is_reached_and_opened_with_keys(
    counter_for: Callable[..., Counter], tasks: TaskRunner, show: Callable[..., QWidget], until: Until
) -> None:
    counter = counter_for(people=150)
    save_draft(counter.desk, counter.clerk.record, "d1", "residence_registration", "new", {"name": "李𬭎"})
    counter.tasks = tasks
    spec = PageSpec(code="home", title="工作台", icon="house", order=1, roles=frozenset(), make=HomePage)
    window = MainWindow(counter, [spec], lambda typed: [])
    show(window, 1366, 768)
    window.open_page("home")
    page, keys = window.page("home"), Keyboard(window)
    assert isinstance(page, HomePage)
    until(lambda: bool(page._cases.rows) and all(bool(half.rows) for half in page._ready))
    assert page._cases.hasFocus()
    assert page._cases.current() is page._cases.rows[0]

    keys.press("Down", "Enter")
    assert counter.visited[-1][1]["case_id"] == page._cases.rows[1].payload.case.id

    while not page._due.hasFocus():
        keys.press("Tab")
    keys.press("Enter")
    assert counter.visited[-1][0] == "handle"
    assert counter.visited[-1][1]["resident_id"] == page._due.rows[0].payload.resident.id
    while not page._drafts.hasFocus():
        keys.press("Tab")
    keys.press("Enter")
    assert counter.visited[-1] == ("register", {"draft_id": "d1"})
    keys.press("Ctrl+N")
    assert counter.visited[-1] == ("register", {})
    keys.press("F5")
    until(lambda: "查过" in page._ready_heading._meta.text())
    assert not counter.troubles


def test_a_reload_keeps_the_selected_line_and_a_quiet_desk_says_what_to_do(
    counter_for: Callable[..., Counter], show: Callable[..., QWidget]
) -> None:
    counter = counter_for(people=150)
    window = MainWindow(
        counter,
        [PageSpec(code="home", title="工作台", icon="house", order=1, roles=frozenset(), make=HomePage)],
        lambda typed: [],
    )
    show(window, 1366, 768)
    window.open_page("home")
    page = window.page("home")
    assert isinstance(page, HomePage)
    page._cases.select(2)
    page.reload(frozenset({"case"}))
    assert page._cases.currentIndex().row() == 2
    assert page._no_drafts.isVisible()
    assert not page._drafts.isVisible()
    assert not page._items.isVisible(), "statistics are the supervisor's"
