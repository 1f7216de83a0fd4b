"""A look at 同步 with keys alone: what waits, what went, another try; news of the line are shown as they come."""

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from nbcase.domain.action import Answer, Outcome
from nbcase.operations.outbox import outbox_rows
from nbcase.store.desk_database import writing
from nbcase.store.outbox import keep_answers
from tests.parts.counter import Counter
from tests.parts.keyboard import Keyboard, Until
from tests.parts.line import Line
from tests.parts.residents import applied
from ui.pages import PageSpec
from ui.pages.sync import SyncPage
from ui.shell.window import MainWindow
from ui.tasks import TaskRunner

SPEC = PageSpec(code="sync", title="同步", icon="refresh-cw", order=1, roles=frozenset(), make=SyncPage)


def test_acts_are_looked_through_and_the_line_is_tried_again_with_keys_alone(
    counter_for: Callable[..., Counter], tasks: TaskRunner, show: Callable[..., QWidget], until: Until
) -> None:
    counter = counter_for(people=100)
    line = counter.sync = Line(counter, is_online=False)
    applied(counter)
    applied(counter)
    counter.tasks = tasks
    window = MainWindow(counter, [SPEC], lambda typed: [])
    show(window, 1366, 768)
    window.open_page("sync")
    page, keys = window.page("sync"), Keyboard(window)
    assert isinstance(page, SyncPage)
    until(lambda: page._table.source.rowCount() == 2 and bool(page._act.changes.rows))
    assert page._problem.isVisible()
    first = page._act.meta.text()
    keys.press("Down")
    until(lambda: page._act.meta.text() != first)
    keys.press("F5")
    assert line.woken == 1

    with writing(counter.desk.engine) as connection:
        action = outbox_rows(counter.desk, waiting=True)[0].action
        keep_answers(connection, [Answer(action_id=action.id, outcome=Outcome.ACCEPTED)], counter.clock.now())
    line.is_online = True
    line.tell()
    until(lambda: page._table.source.rowCount() == 1 and not page._problem.isVisible())
    keys.press("Alt+2")
    until(lambda: page._table.source.rowCount() == 1 and page._presenter.row is not None and page._presenter.row.outcome == "accepted")
    keys.press("Alt+4")
    until(lambda: page._lists.currentWidget() is page._nothing)
    assert "隔离" in page._empty.text()
    assert not counter.troubles


def test_a_desk_without_a_centre_says_so_and_offers_no_retry(counter_for: Callable[..., Counter], show: Callable[..., QWidget]) -> None:
    counter = counter_for(people=20)
    window = MainWindow(counter, [SPEC], lambda typed: [])
    show(window, 1366, 768)
    window.open_page("sync")
    page = window.page("sync")
    assert isinstance(page, SyncPage)
    assert not page._retry.isEnabled()
    assert page._retry.toolTip()
    assert page._lists.currentWidget() is page._nothing
