"""The list of what can be had: digits open, letters narrow, Backspace widens."""

from collections.abc import Callable

from PySide6.QtWidgets import QApplication, QWidget

from tests.parts.candidates import Candidates
from tests.parts.counter import Counter
from tests.parts.keyboard import Keyboard
from tests.parts.residents import with_permit
from ui.pages.handle import HandlePage
from ui.pages.handle.work import open_situation


def test_letters_narrow_the_list_and_the_first_line_is_opened_by_enter(
    counter_for: Callable[..., Counter], show: Callable[..., QWidget]
) -> None:
    counter = counter_for(people=150)
    resident = with_permit(counter, "normal")
    page = HandlePage(counter)
    show(page, 1366, 768)
    page.search_target(resident_id=resident.id)
    QApplication.processEvents()
    everything = [row.title for row in page._choice.rows]
    assert everything[0].startswith(("浙江省居住证", "居住登记"))
    assert len(everything) > 9
    page._choice.setFocus()
    keys = Keyboard(page)
    keys.press("q")
    keys.press("x")
    assert [row.title for row in page._choice.rows] == ["欠薪投诉转办 · 转办"]
    keys.press("Backspace")
    keys.press("Backspace")
    assert [row.title for row in page._choice.rows] == everything
    keys.press("q")
    keys.press("x")
    keys.press("Enter")
    QApplication.processEvents()
    assert page._stack.currentIndex() == 1
    assert page._head is not None
    assert page._head.item.code == "wage_claim"


def test_what_has_no_open_session_says_so(counter_for: Callable[..., Counter], show: Callable[..., QWidget]) -> None:
    counter = counter_for(people=150)
    page = HandlePage(counter)
    show(page, 1366, 768)
    page.search_target(resident_id=with_permit(counter, "normal").id)
    reasons = {row.title: row.note for row in page._closed.rows}
    assert reasons["培训课程 · 报名"] == "现在没有可预约的场次"


def test_the_only_booking_is_chosen_already_when_it_is_given_back(counter_for: Callable[..., Counter]) -> None:
    counter = counter_for(people=0)
    situation = counter.desk.items.situation("travel_home", "give_up")
    candidate = Candidates(counter.desk).make("travel_home", situation)
    opening = open_situation(counter.desk, candidate.resident.id, "travel_home", "give_up", {})
    assert opening.answers["offering"] == candidate.request.answers["offering"]
