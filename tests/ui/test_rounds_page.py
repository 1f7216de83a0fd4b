"""名额 by keys: a supervisor signs, a clerk explains and prints, an objection begins with its round filled in."""

from collections.abc import Callable

import pytest

from nbcase.demo.rounds import rounds as demo_rounds
from nbcase.demo.scores import scores
from nbcase.domain.permit import Permit
from nbcase.domain.resident import Resident
from nbcase.domain.round import RoundResult
from nbcase.operations.schemes import shipped_catalogue
from nbcase.store.desk_database import reading, writing
from nbcase.store.shelf import Shelf
from tests.parts.counter import ID_KEY, Counter
from tests.parts.keyboard import Keyboard
from ui.pages import load_pages
from ui.pages.rounds import RoundsPage
from ui.shell.window import MainWindow


@pytest.fixture
def open_page(counter_for: Callable[..., Counter], show: Callable[..., object]) -> Callable[..., tuple[Counter, MainWindow, RoundsPage]]:
    """A window at 名额 with the demo's rounds."""

    def opened(role: str, resident_id: str = "", **size: int) -> tuple[Counter, MainWindow, RoundsPage]:
        counter = counter_for(role=role, people=60)
        fill(counter)
        window = MainWindow(counter, load_pages(), lambda typed: [])
        counter.go, counter.tell = window.open_page, window.announce
        show(window, 1366, 768)
        window.open_page("rounds", resident_id=resident_id)
        page = window.page("rounds")
        assert isinstance(page, RoundsPage)
        return counter, window, page

    return opened


def fill(counter: Counter) -> None:
    desk, catalogue = counter.desk, shipped_catalogue()
    with reading(desk.engine) as connection:
        shelf = Shelf(connection)
        people = [person for person in shelf.find(Resident) if shelf.find(Permit, resident_id=person.id)]
    scored = list(zip(people, scores(people, 7, desk.today(), catalogue), strict=True))
    with writing(desk.engine) as connection:
        for record in (*(score for _, score in scored), *demo_rounds(scored, ID_KEY, desk.today(), catalogue)):
            Shelf(connection).write(record)


def results(counter: Counter) -> list[RoundResult]:
    with reading(counter.desk.engine) as connection:
        return sorted(Shelf(connection).find(RoundResult), key=lambda result: result.order)


def test_a_supervisor_signs_the_list_after_being_asked(open_page: Callable[..., tuple[Counter, MainWindow, RoundsPage]]) -> None:
    counter, window, page = open_page("supervisor")
    keys = Keyboard(window)
    assert [row.tag for row in page._entries.rows] == ["报名中", "待签名", "公示中"]
    assert not page._sign.isEnabled()
    keys.press("Down")
    assert page._heading._meta.text() == "待签名，不公开"
    assert len(page._public.rows) == 18
    keys.press("Ctrl+Return", "Escape")
    assert "0 / 2" in signed(page)
    keys.press("Ctrl+Return", "1")
    assert "1 / 2　沈知行" in signed(page)
    assert not page._sign.isEnabled()
    assert not counter.troubles


def signed(page: RoundsPage) -> str:
    from PySide6.QtWidgets import QLabel

    return " ".join(label.text() for label in page._facts._facts.findChildren(QLabel))


def test_a_clerk_explains_a_result_prints_it_and_begins_an_objection(
    open_page: Callable[..., tuple[Counter, MainWindow, RoundsPage]],
) -> None:
    counter, window, page = open_page("clerk")
    lost = results(counter)[-1]
    assert lost.place is None
    window.open_page("points", resident_id=lost.resident_id)
    keys = Keyboard(window)
    keys.press("Ctrl+R")
    assert page._facts._name.text() == "镇海区积分疗休养（样张）"
    assert [row.title for row in page._choices.rows] == [choice.place for choice in lost.choices]
    assert all("差" in row.under for row in page._choices.rows)
    keys.press("Ctrl+P")
    assert [path.suffix for path in sorted((counter.folder / "printed").glob("*"))] == [".pdf"]
    keys.press("Ctrl+N")
    answers = window.page("handle").answers()  # type: ignore[attr-defined]
    assert answers["round"] == lost.round_id
    assert not counter.troubles


def test_without_rounds_the_page_says_so(counter_for: Callable[..., Counter], show: Callable[..., object]) -> None:
    counter = counter_for(people=0)
    window = MainWindow(counter, load_pages(), lambda typed: [])
    show(window, 1366, 768)
    window.open_page("rounds")
    page = window.page("rounds")
    assert isinstance(page, RoundsPage)
    assert page._stack.currentIndex() == 0
    assert not page._sign.isVisible()
