"""A resident comes for the yearly endorsement: from the hit in the search box to the printed slip, with keys alone."""

from collections.abc import Callable, Sequence

from PySide6.QtWidgets import QWidget

from nbcase.operations.offers import present_standing
from nbcase.operations.residents import find
from tests.parts.counter import Counter
from tests.parts.keyboard import Keyboard, Until
from tests.parts.residents import CardOnReader, with_permit
from ui.pages import PageSpec
from ui.pages.handle import HandlePage
from ui.shell.search import SearchGroup, SearchHit
from ui.shell.window import MainWindow
from ui.tasks import TaskRunner

BUDGET = 10
ON_THE_WAY = 1
"""The resident's page stands between the hit and the situations: one more key, which this window of one page does not have."""


def open_window(counter: Counter) -> MainWindow:
    """A window whose search leads to what a resident can have."""

    def search(typed: str) -> Sequence[SearchGroup]:
        hits = [hit for hit in find(counter.desk, typed) if hit.kind == "resident"]
        rows = tuple(SearchHit(text=hit.title, under=hit.subtitle, page="handle", target={"resident_id": hit.record_id}) for hit in hits)
        return [SearchGroup(title="居民", icon="user", hits=rows)]

    spec = PageSpec(code="handle", title="办理", icon="file-text", order=1, roles=frozenset(), make=HandlePage, in_rail=False)
    window = MainWindow(counter, [spec], search)
    counter.go = window.open_page
    return window


def test_an_endorsement_takes_at_most_ten_keys_from_the_hit_to_the_slip(
    counter_for: Callable[..., Counter], tasks: TaskRunner, show: Callable[..., QWidget], until: Until
) -> None:
    counter = counter_for(people=150)
    counter.tasks = tasks
    resident = with_permit(counter, "to_endorse")
    before = len(present_standing(counter.desk, resident.id).endorsements)
    counter.reader = CardOnReader(resident.name, resident.document_number)
    window = open_window(counter)
    show(window, 1366, 768)
    keys = Keyboard(window)

    keys.press("Ctrl+K")
    keys.type(resident.document_number[-8:])
    until(lambda: window.top_bar.search._list is not None and window.top_bar.search._list.isVisible())
    keys.count = 0
    keys.press("Enter")
    page = window.page("handle")
    assert isinstance(page, HandlePage)
    until(lambda: bool(page._choice.rows))
    place = next(n for n, row in enumerate(page._choice.rows, 1) if row.title.endswith("签注"))
    keys.press(str(place))
    until(lambda: page._stack.currentIndex() == 1 and bool(page._checks.rows))
    keys.press("F2")
    until(lambda: page._missing.text() == "可以受理")
    keys.press("Ctrl+Enter")
    until(lambda: page._stack.currentIndex() == 2)

    assert keys.count + ON_THE_WAY <= BUDGET
    assert not counter.troubles
    assert len(present_standing(counter.desk, resident.id).endorsements) == before + 1
    assert [paper.name[:3] for paper in (counter.folder / "printed").iterdir()] == ["签注单"]
    assert page._done_number.text().startswith(counter.desk.identity.prefix)
    keys.press("Esc")
    assert counter.visited[-1] == ("residents", {"resident_id": resident.id})


def test_the_form_says_what_is_missing_before_the_card_is_read(
    counter_for: Callable[..., Counter], tasks: TaskRunner, show: Callable[..., QWidget], until: Until
) -> None:
    counter = counter_for(people=150)
    counter.tasks = tasks
    window = open_window(counter)
    show(window, 1366, 768)
    resident = with_permit(counter, "to_endorse")
    window.open_page("handle", resident_id=resident.id, item_code="residence_permit", situation_code="endorse")
    page = window.page("handle")
    assert isinstance(page, HandlePage)
    until(lambda: "居民身份证" in page._missing.text())
    Keyboard(window).press("Ctrl+Enter")
    until(lambda: bool(counter.troubles))
    assert "居民身份证" in str(counter.troubles[0])
    Keyboard(window).press("Alt+1")
    until(lambda: page._missing.text() == "可以受理")
