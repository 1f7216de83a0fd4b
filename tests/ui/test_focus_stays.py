"""A page whose data come in late does not pull the cursor out of the search box."""

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from nbcase.operations.residents import residents
from tests.parts.counter import Counter
from tests.parts.keyboard import Keyboard, Until
from ui.pages import PageSpec
from ui.pages.residents import ResidentsPage
from ui.shell.window import MainWindow
from ui.tasks import TaskRunner


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
