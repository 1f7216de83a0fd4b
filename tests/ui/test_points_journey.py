"""Score, dispute, audit, and the changed sheet at another desk; the page itself works with the centre gone."""

from collections.abc import Callable
from datetime import date

from PySide6.QtWidgets import QWidget

from nbcase.domain.case import HandedIn
from nbcase.domain.permit import Permit
from nbcase.operations.accept import Request, accept
from nbcase.operations.decide import Verdict, decide
from nbcase.operations.drafts import keep_draft_file
from nbcase.store.centre_database import transaction
from nbcase.store.centre_work import write_scores
from nbcase.store.desk_database import writing
from nbcase.store.shelf import Shelf
from tests.parts.centres import RunningCentre, clerk
from tests.parts.counter import Counter
from tests.parts.keyboard import Keyboard, Until
from tests.parts.residents import with_permit
from tests.parts.scores import score_of
from tests.parts.windows import DeskWindow, SitAt, sit_at  # noqa: F401 - the fixture
from ui.pages import load_pages
from ui.pages.points import PointsPage
from ui.shell.window import MainWindow
from ui.tasks import TaskRunner


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


def test_a_dispute_that_is_upheld_changes_the_sheet_at_the_other_desk(centre: RunningCentre, sit_at: SitAt) -> None:  # noqa: F811
    first, second = sit_at("li"), sit_at("qian")
    person = first.working.resident("样一", birth_on=date(1990, 5, 2))
    permit = Permit(
        id="p-1", resident_id=person.id, case_id="c-0", issued_on=date(2025, 12, 2), grounds=("dwelling",), station_code=person.station_code
    )
    first.working.act(person, permit)
    first.contact()
    with transaction(centre.centre.engine) as connection:
        write_scores(connection, [score_of(person, on=date(2026, 3, 1))])
    for window in (first, second):
        window.contact()
        window.show("points")
        window.window.open_page("points", resident_id=person.id)
    before = total(second)
    case_id = dispute(first, person.id)
    first.contact()
    second.contact()
    assert total(second) == before, "an open dispute changes nothing"
    decide(second.counter.desk, clerk("zhao"), Verdict(case_id=case_id, decision_code="approve", reason_codes=("proven",)))
    second.contact()
    first.contact()
    for window in (first, second):
        assert total(window) == before + 300
        page = points_page(window.window)
        page._fall.choose("insurance")
        assert any(row.tag == "经审核" for row in page._explained._rows.rows)
        assert not window.troubles


def total(window: DeskWindow) -> int:
    return round(float(points_page(window.window)._total.text()) * 100)


def dispute(window: DeskWindow, resident_id: str) -> str:
    """A review of the insurance line, with six months of proof."""
    desk = window.counter.desk
    file = keep_draft_file(desk, "points_proof", b"scan", "image/jpeg")
    given = (
        HandedIn(code="identity", how="card"),
        HandedIn(code="points_notice", how="confirmed"),
        HandedIn(code="points_proof", how="scan", attachments=(file.hash,)),
    )
    answers = {"indicator": "insurance", "claim": "insurance.zhejiang", "from_on": "2022-01-01", "until_on": "2022-06-30"}
    request = Request(item_code="points_application", situation_code="review", answers=answers, materials=given, resident_id=resident_id)
    return accept(desk, window.counter.clerk, request).case.id
