"""Score, dispute, audit by keys, and the changed sheet at another desk; the page itself works with the centre gone."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtWidgets import QWidget

from nbcase.documents.printing import FolderQueue
from nbcase.domain.permit import Permit
from nbcase.domain.resident import Resident
from nbcase.store.centre_database import transaction
from nbcase.store.centre_work import write_scores
from nbcase.store.desk_database import writing
from nbcase.store.shelf import Shelf
from tests.parts.centres import RunningCentre
from tests.parts.counter import Counter
from tests.parts.keyboard import Keyboard, Until
from tests.parts.residents import with_permit
from tests.parts.scores import score_of
from tests.parts.windows import DeskWindow, SitAt, sit_at  # noqa: F401 - the fixture
from ui.pages import load_pages
from ui.pages.handle import HandlePage
from ui.pages.points import PointsPage
from ui.pages.review import ReviewPage
from ui.shell.window import MainWindow
from ui.tasks import TaskRunner
from ui.widgets.tag import Tag


def points_page(window: MainWindow) -> PointsPage:
    page = window.page("points")
    assert isinstance(page, PointsPage)
    return page


def test_from_a_resident_to_the_explained_line_a_past_day_and_the_application_by_keys(
    counter_for: Callable[..., Counter], tasks: TaskRunner, show: Callable[..., QWidget], until: Until
) -> None:
    counter = counter_for(people=60)
    counter.centre.is_reachable = False
    resident = with_permit(counter, "normal")
    with writing(counter.desk.engine) as connection:
        Shelf(connection).write(score_of(resident))
    counter.tasks = tasks
    window = MainWindow(counter, load_pages(), lambda typed: [])
    counter.go = window.open_page
    show(window, 1366, 768)
    window.open_page("residents", resident_id=resident.id)
    keys, page = Keyboard(window), points_page(window)
    until(lambda: window.page("residents")._stack.currentIndex() == 1)  # type: ignore[attr-defined]
    keys.press("Ctrl+J")
    until(lambda: page._total.text() == "76.25")
    assert page._explained._name.text() == "年龄"
    keys.press("Down", "Down", "Down")
    assert page._explained._name.text() == "缴纳社保"
    keys.press("Ctrl+D")
    keys.type("20251124")
    keys.press("Enter")
    until(lambda: page._total.text() == "67.75")
    assert page._explained._name.text() == "缴纳社保"
    keys.press("Ctrl+T")
    until(lambda: page._total.text() == "76.25")
    keys.press("Up")
    assert page._explained._name.text() == "职业技能"
    keys.press("Ctrl+N")
    handle = window.page("handle")
    until(lambda: handle._presenter.situation is not None)  # type: ignore[attr-defined]
    assert handle.answers()["indicator"] == "skill"  # type: ignore[attr-defined]
    assert not counter.troubles
    assert counter.centre.asked == 0


def at_three_windows(sit_at: SitAt, centre: RunningCentre) -> tuple[DeskWindow, DeskWindow, DeskWindow, Resident]:  # noqa: F811
    """A clerk, a reviewer and a supervisor, each at an own desk, and a resident with a permit and a score whom all three have."""
    first, auditor, other = sit_at("li"), sit_at("zhao"), sit_at("qian")
    person = first.working.resident("样一", birth_on=date(1990, 5, 2))
    permit = Permit(
        id="p-1", resident_id=person.id, case_id="c-0", issued_on=date(2025, 12, 2), grounds=("dwelling",), station_code=person.station_code
    )
    first.working.act(person, permit)
    first.contact()
    with transaction(centre.centre.engine) as connection:
        write_scores(connection, [score_of(person, on=date(2026, 3, 1))])
    for window in (first, auditor, other):
        assert window.contact().problem is None
    return first, auditor, other, person


def look_at(window: DeskWindow, person: Resident) -> PointsPage:
    """The resident's points in front."""
    window.show("points")
    window.window.open_page("points", resident_id=person.id)
    return points_page(window.window)


def dispute(window: DeskWindow, person: Resident, scan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """提出复核 from the line of insurance with six months of proof, by keys; the system's own file window answers with the scan."""
    monkeypatch.setattr("ui.pages.handle.page.QFileDialog.getOpenFileNames", lambda *asked: ([str(scan)], ""))
    page = look_at(window, person)
    while page._presenter.line is None or page._presenter.line.line.indicator.code != "insurance":
        window.keys.press("Down")
    window.keys.press("Ctrl+Enter")
    handle = window.window.page("handle")
    assert isinstance(handle, HandlePage)
    assert handle.answers()["indicator"] == "insurance"
    assert handle._form is not None
    handle._form.focus_field("claim")
    window.keys.type("insurance.zhejiang")
    window.keys.press("Enter")
    window.keys.type("2022-01-01")
    window.keys.press("Tab")
    window.keys.type("2022-06-30")
    window.keys.press("Tab", "Alt+1", "Alt+2")
    handle._materials.setFocus()
    window.keys.press("Down", "Down", "F4", "Ctrl+Enter")
    assert not window.troubles


def decide(window: DeskWindow, key: str) -> None:
    """The auditor's keys: agree with what needs a look, then the verdict with its first reason."""
    window.show("review")
    page = window.window.page("review")
    assert isinstance(page, ReviewPage)
    assert page.case_id()
    while any(row.state == "look" for row in page._checks.rows):
        window.keys.press("Y")
    window.keys.press(*((key, "1", key) if key == "F9" else (key,)))
    assert not window.troubles


@pytest.mark.parametrize(("key", "gained"), [("F12", 300), ("F9", 0)])
def test_a_dispute_is_audited_by_keys_and_only_an_upheld_one_changes_the_sheet_at_every_desk(
    sit_at: SitAt,  # noqa: F811
    centre: RunningCentre,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    key: str,
    gained: int,
) -> None:
    first, auditor, other, person = at_three_windows(sit_at, centre)
    scan = tmp_path / "proof.jpg"
    Image.new("RGB", (120, 160), "white").save(scan)
    look_at(other, person)
    before = total(other)
    dispute(first, person, scan, monkeypatch)
    assert first.contact().confirmed == 2
    for window in (auditor, other):
        window.contact()
    assert total(other) == before, "an open dispute changes nothing"
    decide(auditor, key)
    auditor.contact()
    for window in (other, first):
        window.contact()
        page = look_at(window, person)
        assert total(window) == before + gained
        page._fall.choose("insurance")
        assert any(row.tag == "经审核" for row in page._explained._rows.rows) is bool(gained)
        assert not window.troubles


def test_the_whole_page_works_with_the_line_cut(
    sit_at: SitAt,  # noqa: F811
    centre: RunningCentre,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, auditor, other, person = at_three_windows(sit_at, centre)
    scan = tmp_path / "proof.jpg"
    Image.new("RGB", (120, 160), "white").save(scan)
    for window in (first, auditor):
        window.show("sync")
        window.keys.press("Ctrl+M", "1", "3")
        assert not window.contact().is_online
    object.__setattr__(first.counter, "queue", FolderQueue(tmp_path / "printed"))
    page = look_at(first, person)
    before = total(first)
    assert "与中心一致" in [tag.accessibleName() for tag in page.header.findChildren(Tag)]
    for code in ("education", "skill", "insurance"):
        page._fall.choose(code)
        assert page._explained._facts.findChildren(type(page._explained._none))
    first.keys.press("Ctrl+D")
    first.keys.type("20250302")
    first.keys.press("Enter")
    assert total(first) < before
    first.keys.press("Ctrl+T")
    assert total(first) == before
    first.keys.press("Ctrl+P")
    assert list((tmp_path / "printed").glob("*.pdf"))
    dispute(first, person, scan, monkeypatch)
    assert first.contact().waiting == 2, "the acceptance, and that its receipt was printed"
    first.show("sync")
    first.keys.press("Ctrl+D")
    assert first.contact().confirmed == 3
    auditor.show("sync")
    auditor.keys.press("Ctrl+D")
    auditor.contact()
    auditor.keys.press("Ctrl+M", "1", "3")
    decide(auditor, "F12")
    assert auditor.contact().waiting == 1
    look_at(auditor, person)
    assert total(auditor) == before + 300, "the auditor's own desk shows it at once"
    auditor.show("sync")
    auditor.keys.press("Ctrl+D")
    for window in (auditor, other, first):
        assert window.contact().problem is None
    look_at(other, person)
    assert total(other) == before + 300


def total(window: DeskWindow) -> int:
    return round(float(points_page(window.window)._total.text()) * 100)
