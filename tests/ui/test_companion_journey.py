"""From a resident to 随身宝 by keys: consent first, then why, the form and the booklet; and the people whom a policy finds."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

from PySide6.QtWidgets import QLabel, QWidget

from nbcase.documents.printing import FolderQueue
from nbcase.domain.consent import Consent
from nbcase.operations.companion import give_consent
from nbcase.operations.matching import Match, Use
from nbcase.store.desk_database import reading, writing
from nbcase.store.shelf import Shelf
from tests.parts.counter import Counter
from tests.parts.keyboard import Keyboard, Until
from tests.parts.residents import able_to_apply
from tests.parts.scores import score_of
from tests.parts.windows import SitAt, sit_at  # noqa: F401 - the fixture
from ui.pages import load_pages
from ui.pages.companion import CompanionPage
from ui.shell.window import MainWindow
from ui.tasks import TaskRunner


def open_at(counter: Counter, tasks: TaskRunner, show: Callable[..., QWidget]) -> tuple[MainWindow, CompanionPage]:
    counter.tasks = tasks
    window = MainWindow(counter, load_pages(), lambda typed: [])
    counter.go, counter.tell = window.open_page, window.announce
    show(window, 1366, 768)
    page = window.page("companion")
    assert isinstance(page, CompanionPage)
    return window, page


def texts(page: CompanionPage) -> str:
    return "\n".join(label.text() for label in page._known.findChildren(QLabel))


def test_consent_comes_before_the_data_and_the_form_opens_from_what_can_be_had(
    counter_for: Callable[..., Counter], tasks: TaskRunner, show: Callable[..., QWidget], until: Until, tmp_path: Path
) -> None:
    counter = counter_for(people=60)
    counter.centre.is_reachable = False
    resident = able_to_apply(counter)
    with writing(counter.desk.engine) as connection:
        Shelf(connection).write(score_of(resident))
    window, page = open_at(counter, tasks, show)
    window.open_page("residents", resident_id=resident.id)
    keys = Keyboard(window)
    until(lambda: window.page("residents")._stack.currentIndex() == 1)  # type: ignore[attr-defined]
    keys.press("Ctrl+U")
    until(lambda: page._presenter.resident is not None)
    assert texts(page) == "", "nothing is shown before the consent"
    assert not page._choices.rows
    keys.press("Ctrl+Enter")
    assert page._ask.is_asking
    keys.press("Esc")
    assert not page._choices.rows, "taken back"
    keys.press("Ctrl+Enter", "2")
    until(lambda: bool(page._choices.rows))
    with reading(counter.desk.engine) as connection:
        (consent,) = Shelf(connection).find(Consent, resident_id=resident.id)
    assert (consent.purpose_code, consent.asked_by) == ("apply", counter.clerk.record.id)
    assert "养老保险" in texts(page)
    assert "人社 · 2026-10 数据" in texts(page)
    assert "没有部门送这类数据" in texts(page)
    choice = page._presenter.choice
    assert isinstance(choice, Match)
    assert choice.use is Use.CAN
    while not (isinstance(choice, Match) and choice.policy.code == "first_permit"):
        keys.press("Down")
        choice = page._presenter.choice
    assert any("第二十一条" in label.text() for label in page._why.findChildren(QLabel))
    object.__setattr__(counter, "queue", FolderQueue(tmp_path / "booklets"))
    keys.press("Ctrl+P")
    until(lambda: bool(list((tmp_path / "booklets").glob("*.pdf"))))
    keys.press("Ctrl+Enter")
    assert counter.visited[-1] == (
        "handle",
        {"resident_id": resident.id, "item_code": "residence_permit", "situation_code": "apply"},
    )
    assert not counter.troubles
    assert counter.centre.asked == 0


def test_what_an_office_gives_or_is_missing_cannot_be_begun_here_and_says_why(
    counter_for: Callable[..., Counter], tasks: TaskRunner, show: Callable[..., QWidget], until: Until
) -> None:
    counter = counter_for(people=60)
    _window, page = open_at(counter, tasks, show)
    resident = able_to_apply(counter)
    counter.navigate("companion", resident_id=resident.id)
    until(lambda: page._presenter.resident is not None)
    page._presenter.consent("own_view")
    until(lambda: bool(page._choices.rows))
    matches = [row.payload for row in page._choices.rows if isinstance(row.payload, Match)]
    lacking = next(match for match in matches if match.policy.code == "culture_sports")
    page._presenter.choose(lacking)
    assert "先申领居住证" in page._presenter.refusal()
    visited = len(counter.visited)
    page._presenter.begin()
    assert len(counter.visited) == visited


def test_the_lists_name_who_to_call_masked_and_why_and_a_person_opens(
    counter_for: Callable[..., Counter], tasks: TaskRunner, show: Callable[..., QWidget], until: Until
) -> None:
    counter = counter_for(people=60)
    window, page = open_at(counter, tasks, show)
    window.open_page("companion")
    keys = Keyboard(window)
    keys.press("Ctrl+G")
    until(lambda: bool(page._policies.rows))
    until(lambda: bool(page._calls.rows))
    row = page._calls.rows[0]
    assert "****" in row.name
    assert row.note
    keys.press("Enter", "Enter")
    assert counter.visited[-1][0] == "residents"
    window.open_page("companion")
    until(lambda: tasks.pending == 0)
    assert page._presenter.shown == "calls"
    keys.press("Ctrl+G")
    until(lambda: page._presenter.shown == "person")
    assert not counter.troubles


def test_a_consent_reaches_the_centre_and_the_station_and_the_desk_has_the_policies(sit_at: SitAt) -> None:  # noqa: F811
    first, second = sit_at("li"), sit_at("li")
    person = first.working.resident("样一", birth_on=date(1990, 5, 2))
    first.working.act(person)
    first.show("companion")
    first.window.open_page("companion", resident_id=person.id)
    first.keys.press("Ctrl+Enter", "1")
    page = first.window.page("companion")
    assert isinstance(page, CompanionPage)
    assert {row.payload.policy.code for row in page._choices.rows if isinstance(row.payload, Match)} >= {"first_permit", "union_joining"}
    assert first.contact().confirmed == 2
    assert second.contact().problem is None
    with reading(second.working.engine) as connection:
        (consent,) = Shelf(connection).find(Consent, resident_id=person.id)
    assert consent.purpose_code == "own_view"
    assert not first.troubles


def test_in_a_small_window_each_side_has_its_own_key(
    counter_for: Callable[..., Counter], tasks: TaskRunner, show: Callable[..., QWidget], until: Until
) -> None:
    counter = counter_for(people=60)
    resident = able_to_apply(counter)
    give_consent(counter.desk, counter.clerk.record, resident.id, "apply")
    window, page = open_at(counter, tasks, show)
    window.resize(683, 384)
    window.open_page("companion", resident_id=resident.id)
    until(lambda: bool(page._choices.rows))
    keys = Keyboard(window)
    assert not page._why.isVisible()
    keys.press("F7")
    assert page._why.isVisible()
    keys.press("F7", "F8")
    assert page._known.isVisible()
