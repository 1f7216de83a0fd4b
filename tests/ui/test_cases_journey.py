"""A clerk's morning with 办件: a case that waited for a paper goes on, another is taken back, a receipt is printed again; keys alone."""

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from nbcase.domain.case import Case, CaseState
from nbcase.operations.cases import case_detail
from nbcase.operations.decide import Verdict, decide
from nbcase.operations.printing import print_rows
from tests.parts.counter import Counter
from tests.parts.keyboard import Keyboard, Until
from tests.parts.residents import applied
from ui.pages import PageSpec
from ui.pages.cases import CasesPage
from ui.pages.handle import HandlePage
from ui.shell.window import MainWindow
from ui.tasks import TaskRunner


def open_window(counter: Counter) -> MainWindow:
    """A window with 办件 and the page behind it."""
    specs = [
        PageSpec(code="cases", title="办件", icon="folder-open", order=1, roles=frozenset(), make=CasesPage),
        PageSpec(code="handle", title="办理", icon="file-text", order=2, roles=frozenset(), make=HandlePage, in_rail=False),
    ]
    window = MainWindow(counter, specs, lambda typed: [])
    counter.go, counter.tell = window.open_page, window.announce
    return window


def sent_back(counter: Counter) -> Case:
    """A case that the reviewer sent back for a clearer paper."""
    case_id = applied(counter)
    former, reviewer = counter.clerk, counter.signed_in_as("reviewer")
    case = decide(counter.desk, reviewer, Verdict(case_id=case_id, decision_code="correct", reason_codes=("proof_unclear",))).case
    counter.clerk = former
    return case


def test_a_case_is_found_completed_printed_and_taken_back_with_keys_alone(
    counter_for: Callable[..., Counter], tasks: TaskRunner, show: Callable[..., QWidget], until: Until
) -> None:
    counter = counter_for(people=100)
    case = sent_back(counter)
    counter.tasks = tasks
    window = open_window(counter)
    show(window, 1366, 768)
    window.open_page("cases")
    page, keys = window.page("cases"), Keyboard(window)
    assert isinstance(page, CasesPage)

    def state() -> CaseState:
        return case_detail(counter.desk, case.id).row.case.state

    def is_shown() -> bool:
        row = page._table.current()
        return row is not None and row.case.id == case.id and page._shown is not None and page._shown.row.case.id == case.id

    keys.press("Alt+4", "/")
    keys.type(case.number[-6:])
    until(is_shown)
    keys.press("Enter", "F5")
    form = window.page("handle")
    assert isinstance(form, HandlePage)
    until(lambda: form._stack.currentIndex() == 1 and len(form._materials.rows) > 2)
    assert "材料看不清" in form._reasons._text.text()
    place = next(n for n, row in enumerate(form._materials.rows, 1) if row.title == "就业证明")
    keys.press(f"Alt+{place}", "Ctrl+Enter")
    until(lambda: state() is CaseState.ACCEPTED and window.current_code == "cases")
    until(lambda: is_shown() and page._shown is not None and page._shown.row.case.state is CaseState.ACCEPTED)

    keys.press("Ctrl+P", "1")
    until(lambda: len(print_rows(counter.desk)) == 1)
    until(lambda: page._shown is not None and any(paper.print_count for paper in page._shown.documents))
    keys.press("Ctrl+P", "1", "2")
    until(lambda: [row.job.reason for row in print_rows(counter.desk)] == ["污损", ""])

    keys.press("F9", "Esc")
    assert state() is CaseState.ACCEPTED, "the question was taken back"
    keys.press("F9", "1")
    until(lambda: state() is CaseState.WITHDRAWN)
    assert not counter.troubles
    assert keys.count <= 16


def test_a_reload_keeps_the_selected_case_and_an_empty_list_says_how_to_see_all(
    counter_for: Callable[..., Counter], show: Callable[..., QWidget]
) -> None:
    counter = counter_for(people=150)
    window = open_window(counter)
    show(window, 1366, 768)
    window.open_page("cases")
    page = window.page("cases")
    assert isinstance(page, CasesPage)
    page._table.select(2)
    chosen = page._table.current().case.id
    page.reload(frozenset({"case"}))
    assert page._table.current().case.id == chosen
    page._presenter.set(text="没有这个人")
    assert page._lists.currentIndex() == 1
    Keyboard(window).press("Alt+6")
    assert page._lists.currentIndex() == 1, "the text still filters"
    page._presenter.set(text="")
    assert page._lists.currentIndex() == 0
