"""A resident is found, looked at, and endorsed from 居民 with keys alone."""

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from nbcase.domain.identity import mask_number
from nbcase.operations.cases import case_detail
from nbcase.operations.residents import resident_view
from tests.parts.counter import Counter
from tests.parts.keyboard import Keyboard, Until
from tests.parts.residents import applied, everybody, with_permit
from ui.pages import PageSpec
from ui.pages.residents import ResidentsPage
from ui.shell.window import MainWindow
from ui.tasks import TaskRunner


def open_window(counter: Counter) -> tuple[MainWindow, ResidentsPage]:
    spec = PageSpec(code="residents", title="居民", icon="users", order=1, roles=frozenset(), make=ResidentsPage)
    window = MainWindow(counter, [spec], lambda typed: [])
    page = window.page("residents")
    assert isinstance(page, ResidentsPage)
    return window, page


def test_a_resident_is_found_shown_and_the_endorsement_begun_with_keys_alone(
    counter_for: Callable[..., Counter], tasks: TaskRunner, show: Callable[..., QWidget], until: Until
) -> None:
    counter = counter_for(people=120)
    due = with_permit(counter, "to_endorse")
    counter.tasks = tasks
    window, page = open_window(counter)
    show(window, 1366, 768)
    window.open_page("residents")
    keys, person = Keyboard(window), page._person
    until(lambda: page._model.rowCount() > 0)

    keys.press("/")
    keys.type(due.document_number[-6:])
    until(lambda: page._model.rowCount() == 1)
    keys.press("Enter", "Enter")
    until(lambda: page._stack.currentIndex() == 1 and bool(person._events.rows))
    assert person._name.text() == due.name
    assert person._number.text() == mask_number(due.document_number)
    assert person._events.hasFocus()
    keys.press("F7")
    until(lambda: person._number.text() == due.document_number)

    keys.press("G")
    wanted = {"resident_id": due.id, "item_code": "residence_permit", "situation_code": "endorse"}
    assert counter.visited[-1] == ("handle", wanted)
    keys.press("1")
    assert len(counter.visited) == 2, "a number begins what stands beside it"
    keys.press("Ctrl+N")
    assert counter.visited[-1] == ("handle", {"resident_id": due.id})
    keys.press("Esc")
    until(lambda: page._stack.currentIndex() == 0)
    assert page._table.hasFocus()
    assert keys.count <= 10
    assert not counter.troubles


def test_a_paper_is_printed_a_second_time_and_the_numbers_are_the_questions(
    counter_for: Callable[..., Counter], show: Callable[..., QWidget]
) -> None:
    counter = counter_for(people=100)
    case_id = applied(counter)
    resident_id = case_detail(counter.desk, case_id).resident.id
    window, page = open_window(counter)
    counter.tell = window.announce
    show(window, 1366, 768)
    window.open_page("residents", resident_id=resident_id)
    keys = Keyboard(window)
    keys.press("Ctrl+P")
    assert resident_view(counter.desk, resident_id).documents[0].print_count == 1
    keys.press("Ctrl+P")
    assert page._ask.is_asking
    keys.press("2")
    assert resident_view(counter.desk, resident_id).documents[0].print_count == 2
    assert not counter.visited, "2 answered the question and began nothing"
    assert not page._ask.is_asking
    assert page._person.isAncestorOf(window.focusWidget())


def test_a_housemate_opens_and_who_lives_in_a_dwelling_is_listed(counter_for: Callable[..., Counter], show: Callable[..., QWidget]) -> None:
    counter = counter_for(people=120)
    found = [resident_view(counter.desk, resident.id) for resident in everybody(counter)]
    view = next(entry for entry in found if entry.housemates)
    somebody, dwelling = view.standing.resident, view.standing.dwelling
    assert dwelling is not None
    window, page = open_window(counter)
    show(window, 1366, 768)
    window.open_page("residents", dwelling_id=dwelling.id)
    assert page._model.rowCount() == view.standing.occupants
    assert somebody.id in [page._model.row(n).resident.id for n in range(page._model.rowCount())]
    Keyboard(window).press("Esc")
    assert page._model.rowCount() == 50, "the first page of all"
    page._presenter.open(somebody.id)
    mate = page._person._mates.rows[0]
    page._person._mates.setFocus()
    Keyboard(window).press("Enter")
    assert page._presenter.person is not None
    assert page._presenter.person.view.standing.resident.id == mate.payload
