"""A reviewer's queue with keys alone: approve, refuse, go offline and approve provisionally, confirm when the centre is back."""

from collections.abc import Callable
from io import BytesIO

from PIL import Image
from PySide6.QtWidgets import QWidget

from nbcase.domain.case import CaseState
from nbcase.operations.cases import case_detail, review_queue
from tests.parts.counter import Counter
from tests.parts.keyboard import Keyboard, Until
from tests.parts.residents import applied
from ui.pages import PageSpec
from ui.pages.review import ReviewPage
from ui.shell.window import MainWindow
from ui.tasks import TaskRunner


def scan() -> bytes:
    """A small picture that can really be shown."""
    buffer = BytesIO()
    Image.new("RGB", (120, 160), "white").save(buffer, format="JPEG")
    return buffer.getvalue()


def test_a_reviewer_works_through_the_queue_with_keys_alone(
    counter_for: Callable[..., Counter], tasks: TaskRunner, show: Callable[..., QWidget], until: Until
) -> None:
    counter = counter_for(role="reviewer", people=150)
    case_id = applied(counter, scan())
    refused = next(row.case.id for row in review_queue(counter.desk, counter.clerk.record) if row.case.id != case_id)
    counter.tasks = tasks
    spec = PageSpec(code="review", title="审核", icon="clipboard-check", order=1, roles=frozenset(), make=ReviewPage)
    window = MainWindow(counter, [spec], lambda typed: [])
    show(window, 1366, 768)
    page, keys = window.page("review"), Keyboard(window)
    assert isinstance(page, ReviewPage)

    def in_hand() -> str:
        return page.case_id()

    def is_checked() -> bool:
        return page.is_checked()

    def agree_with_all() -> None:
        while any(row.state == "look" for row in page._checks.rows):
            keys.press("Y")

    window.open_page("review", case_id=case_id)
    until(lambda: in_hand() == case_id and is_checked())
    until(lambda: not page._evidence._view._image.isNull())
    keys.press("1")
    assert page._evidence._tabs[0].isChecked()
    keys.press("2")
    counter.centre.is_reachable = False
    page._presenter._open()
    until(lambda: in_hand() == case_id and page._approve.text() == "通过（暂）")
    agree_with_all()
    keys.press("F12")
    until(lambda: case_detail(counter.desk, case_id).row.case.is_provisional)
    until(lambda: bool(counter.notices))
    assert "居住证确认单" in counter.notices[0].safe

    counter.centre.is_reachable = True
    window.open_page("review", case_id=refused)
    until(lambda: in_hand() == refused and is_checked())
    before = keys.count
    keys.press("F9", "3", "F9")
    until(lambda: case_detail(counter.desk, refused).row.case.state is CaseState.REFUSED)
    assert keys.count - before == 3
    assert case_detail(counter.desk, refused).row.case.reason_codes == ("false_material",)

    keys.press("Alt+2")
    until(lambda: page._presenter.queue == "provisional" and in_hand() != "")
    while in_hand() != case_id:
        former = in_hand()
        keys.press("Alt+→")
        until(lambda former=former: in_hand() not in ("", former))
    keys.press("F8")
    until(lambda: not case_detail(counter.desk, case_id).row.case.is_provisional)
    assert not counter.troubles


def test_digits_and_y_can_be_typed_into_the_note(counter_for: Callable[..., Counter], show: Callable[..., QWidget]) -> None:
    counter = counter_for(role="reviewer", people=150)
    spec = PageSpec(code="review", title="审核", icon="clipboard-check", order=1, roles=frozenset(), make=ReviewPage)
    window = MainWindow(counter, [spec], lambda typed: [])
    show(window, 1366, 768)
    window.open_page("review")
    page = window.page("review")
    assert isinstance(page, ReviewPage)
    page._note.setFocus()
    Keyboard(window).type("y12/3r")
    assert page.note() == "y12/3r"
