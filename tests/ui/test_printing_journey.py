"""A sheet is printed, spoilt, and printed again with its reason from 打印, with keys alone; the paper stands beside it."""

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from nbcase.documents.printing import JobState
from nbcase.operations.printing import print_rows
from tests.parts.counter import Counter
from tests.parts.keyboard import Keyboard, Until
from tests.parts.residents import applied
from ui.pages import PageSpec
from ui.pages.printing import PrintingPage
from ui.shell.window import MainWindow
from ui.tasks import TaskRunner


def test_a_sheet_is_printed_spoilt_and_printed_again_with_keys_alone(
    counter_for: Callable[..., Counter], tasks: TaskRunner, show: Callable[..., QWidget], until: Until
) -> None:
    counter = counter_for(people=100)
    applied(counter)
    counter.tasks = tasks
    spec = PageSpec(code="printing", title="打印", icon="printer", order=1, roles=frozenset(), make=PrintingPage)
    window = MainWindow(counter, [spec], lambda typed: [])
    counter.tell = window.announce
    show(window, 1366, 768)
    window.open_page("printing")
    page, keys = window.page("printing"), Keyboard(window)
    assert isinstance(page, PrintingPage)
    until(lambda: page._model.rowCount() == 1 and not page._view._image.isNull())

    def states() -> list[str]:
        return [row.job.state for row in print_rows(counter.desk)]

    counter.queue.state = lambda job: JobState.UNKNOWN  # type: ignore[method-assign]
    keys.press("Ctrl+P")
    until(lambda: states() == ["sent"] and page._printed.isEnabled())
    keys.press("N")
    until(lambda: states() == ["spoilt"] and not page._spoilt.isEnabled())
    keys.press("Ctrl+P", "2")
    until(lambda: states() == ["sent", "spoilt"])
    assert print_rows(counter.desk)[0].job.reason == "污损"
    until(lambda: page._model.rowCount() == 1 and page._table.current().job.state == "sent")
    keys.press("Y")
    until(lambda: states() == ["printed", "spoilt"] and page._lists.currentIndex() == 1)
    keys.press("Alt+2")
    until(lambda: page._model.rowCount() == 2)
    assert keys.count <= 6
    assert not counter.troubles
