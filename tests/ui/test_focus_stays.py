"""The cursor stays where the clerk put it, and a key does one thing."""

from collections.abc import Callable

import pytest
from PySide6.QtWidgets import QApplication, QWidget

from nbcase.operations.residents import residents
from tests.parts.counter import Counter
from tests.parts.keyboard import Keyboard, Until
from tests.parts.residents import with_permit
from ui.pages import PageSpec, load_pages
from ui.pages.residents import ResidentsPage
from ui.shell.overlay import everywhere_keys
from ui.shell.window import MainWindow
from ui.tasks import TaskRunner
from ui.widgets.button import KeyButton


def test_a_reload_leaves_the_cursor_in_the_search_box(
    counter_for: Callable[..., Counter], tasks: TaskRunner, show: Callable[..., QWidget], until: Until
) -> None:
    counter = counter_for(people=15)
    counter.tasks = tasks
    spec = PageSpec(code="residents", title="居民", icon="users", order=1, roles=frozenset(), make=ResidentsPage)
    window = MainWindow(counter, [spec], lambda typed: [])
    show(window, 1366, 768)
    window.open_page("residents", resident_id=residents(counter.desk).rows[0].resident.id)
    until(lambda: tasks.pending == 0)
    Keyboard(window).press("Ctrl+K")
    assert window.top_bar.search.edit.hasFocus()
    window.announce(frozenset({"resident", "case", "document"}))
    until(lambda: tasks.pending == 0)
    assert window.top_bar.search.edit.hasFocus()


def test_a_second_form_takes_the_cursor_of_the_first(counter_for: Callable[..., Counter], show: Callable[..., QWidget]) -> None:
    counter = counter_for(people=60)
    resident = with_permit(counter, "normal")
    window = MainWindow(counter, load_pages(), lambda typed: [])
    show(window, 1366, 768)
    for item, situation in (("course", "book"), ("legal_aid", "apply")):
        window.open_page("handle", resident_id=resident.id, item_code=item, situation_code=situation)
        form = window.page("handle")._form  # type: ignore[attr-defined]
        assert form.isAncestorOf(QApplication.focusWidget()), item


@pytest.mark.parametrize("role", ["clerk", "reviewer", "supervisor"])
def test_no_page_takes_a_key_that_works_everywhere(role: str, counter_for: Callable[..., Counter], show: Callable[..., QWidget]) -> None:
    counter = counter_for(people=5, role=role)
    window = MainWindow(counter, load_pages(), lambda typed: [])
    show(window, 1366, 768)
    reserved = {line.key for line in everywhere_keys()} - {"Ctrl+Enter", "Esc"} | {f"Ctrl+{digit}" for digit in range(10)}
    taken = {
        f"{code}: {button.text() or button.accessibleName()}"
        for code in window.pages
        for button in window.page(code).findChildren(KeyButton)
        if button.key in reserved
    }
    assert not taken, "two that answer to one key: Qt then calls neither"
