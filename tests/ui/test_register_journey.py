"""A newcomer registers: from the card on the reader to the printed receipt, with keys alone, through the real page."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from nbcase.domain.case import Case, CaseState
from nbcase.domain.document import Document
from nbcase.domain.dwelling import Dwelling
from nbcase.domain.identity import make_number
from nbcase.domain.registration import Registration
from nbcase.domain.resident import Resident
from nbcase.operations.drafts import drafts
from nbcase.operations.outbox import outbox_rows
from nbcase.operations.residents import complete_address
from nbcase.store.desk_database import reading
from nbcase.store.shelf import Shelf
from tests.parts.counter import Counter
from tests.parts.keyboard import Keyboard, Until
from tests.parts.newcomer import BACK_FILE, FRONT_FILE, NUMBER, PASSPORT_FILE, ReaderWithCard, ready_reader
from ui.pages import PageSpec
from ui.pages.register import RegisterPage
from ui.shell.window import MainWindow
from ui.tasks import TaskRunner

BUDGET = 25

Scene = tuple[Counter, RegisterPage, Keyboard]


@pytest.fixture
def scene(counter_for: Callable[..., Counter], tasks: TaskRunner, show: Callable[..., QWidget], until: Until) -> Scene:
    counter = counter_for(people=15)
    counter.tasks = tasks
    counter.reader = ReaderWithCard()
    counter.document_reader = ready_reader()
    spec = PageSpec(code="register", title="登记", icon="user-plus", order=1, roles=frozenset(), make=RegisterPage)
    window = MainWindow(counter, [spec], lambda typed: [])
    counter.go = window.open_page
    show(window, 1366, 768)
    window.open_page("register")
    until(lambda: tasks.pending == 0)
    page = window.page("register")
    assert isinstance(page, RegisterPage)
    return counter, page, Keyboard(window)


def focused(page: RegisterPage) -> str:
    return page._focused()


def is_done(page: RegisterPage) -> bool:
    return page._stack.currentIndex() == 1


def with_lease(counter: Counter) -> Dwelling:
    found = (hit.dwelling for hit in complete_address(counter.desk, "街道", 50))
    return next(dwelling for dwelling in found if dwelling.lease_until_on and dwelling.place_code)


def fill_the_rest(keys: Keyboard, page: RegisterPage, until: Until) -> None:
    """All that neither card nor dwelling say: reason, stay, phone, education, politics, marriage."""
    until(lambda: focused(page) == "reason_code")
    keys.press("1", "Enter")
    assert focused(page) == "stay_code"
    keys.press("2", "Enter")
    assert focused(page) == "phone"
    keys.type("19900005061")
    keys.press("Enter")
    assert focused(page) == "education_code"
    keys.press("G", "Z", "Enter")
    assert focused(page) == "political_code"
    keys.press("Q", "Z", "Enter")
    assert focused(page) == "marital_code"
    keys.press("2", "Enter")


def test_a_registration_takes_at_most_25_keys_from_the_card_to_the_receipt(scene: Scene, until: Until, tasks: TaskRunner) -> None:
    counter, page, keys = scene
    dwelling = with_lease(counter)
    keys.press("F2")
    until(lambda: focused(page) == "address")
    keys.type(dwelling.address[4:])
    keys.press("Enter")  # before the list is there: the first line is taken once it comes
    fill_the_rest(keys, page, until)
    until(lambda: page._missing.text() == "已填齐")
    keys.press("Ctrl+Enter")
    until(lambda: is_done(page) and tasks.pending == 0)

    assert keys.count <= BUDGET, keys.count
    assert counter.troubles == []
    with reading(counter.desk.engine) as connection:
        shelf = Shelf(connection)
        resident = shelf.find(Resident, document_number=NUMBER)[0]
        case = shelf.find(Case, resident_id=resident.id)[0]
        registration = shelf.find(Registration, case_id=case.id)[0]
        papers = shelf.find(Document, case_id=case.id)
    assert (resident.name, resident.phone, resident.education_code, resident.political_code) == ("李𬭎", "19900005061", "60", "13")
    assert (registration.dwelling_id, registration.reason_code, registration.stay_code) == (dwelling.id, "01", "2")
    assert case.state is CaseState.DECIDED
    assert {material.code: material.how for material in case.materials} == {"identity": "card", "photo": "card", "dwelling_proof": "shared"}
    assert sorted(paper.kind_code for paper in papers) == ["acceptance-receipt", "residence-voucher"]
    assert [paper.print_count for paper in papers] == [1, 1]
    assert "registration.accept" in [row.action.kind for row in outbox_rows(counter.desk, waiting=True)]
    assert drafts(counter.desk, counter.clerk.record) == []
    assert page._result._number.text() == case.number


def test_after_the_receipt_ctrl_n_gives_an_empty_form(scene: Scene, until: Until, tasks: TaskRunner) -> None:
    counter, page, keys = scene
    keys.press("F2")
    until(lambda: focused(page) == "address")
    keys.type(with_lease(counter).address[4:])
    keys.press("Enter")
    fill_the_rest(keys, page, until)
    keys.press("Ctrl+Enter")
    until(lambda: is_done(page) and tasks.pending == 0)
    keys.press("Ctrl+N")
    assert not is_done(page)
    assert page.answers()["name"] == ""
    assert focused(page) == "document_number"


def test_pictures_fill_the_form_and_ctrl_enter_stops_at_the_name_until_it_was_looked_at(
    scene: Scene, until: Until, tasks: TaskRunner, tmp_path: Path
) -> None:
    counter, page, keys = scene
    for name, content in (("front.jpg", FRONT_FILE), ("back.jpg", BACK_FILE)):
        (tmp_path / name).write_bytes(content)
        mime = QMimeData()
        mime.setUrls([QUrl.fromLocalFile(str(tmp_path / name))])
        QGuiApplication.clipboard().setMimeData(mime)
        keys.press("Ctrl+Shift+V")
        until(lambda: tasks.pending == 0)
    QGuiApplication.clipboard().clear()  # a clipboard that still owns data when the application goes crashes Qt offscreen
    assert focused(page) == "name"
    assert page.form.to_check() == ["姓名"]
    page.form.focus_field("address")
    keys.type(with_lease(counter).address[4:])
    keys.press("Enter")
    fill_the_rest(keys, page, until)
    keys.press("Ctrl+Enter")
    assert focused(page) == "name"
    assert not is_done(page)
    keys.press("Alt+2")
    assert page.answers()["name"] == "李𬭎"
    keys.press("Ctrl+Enter")
    until(lambda: is_done(page) and tasks.pending == 0)


def test_what_the_card_filled_is_passed_over_and_opened_on_purpose(scene: Scene, until: Until) -> None:
    _, page, keys = scene
    keys.press("F2")
    until(lambda: focused(page) == "address")
    keys.press("Ctrl+E")
    assert focused(page) == "document_kind"
    keys.press("Tab", "Tab")
    assert focused(page) == "name"
    keys.type("李宏")
    assert page.answers()["name"] == "李宏"


def test_esc_twice_asks_before_a_draft_is_thrown_away(scene: Scene, until: Until, tasks: TaskRunner) -> None:
    counter, page, keys = scene
    keys.press("F2")
    until(lambda: focused(page) == "address" and tasks.pending == 0)
    keys.press("Esc")
    assert not page._ask.is_asking
    keys.press("Esc")
    assert page._ask.is_asking
    keys.press("1")
    until(lambda: tasks.pending == 0)
    assert drafts(counter.desk, counter.clerk.record) == []
    assert page.answers()["name"] == ""


def test_the_draft_is_kept_at_every_field_left_and_said(scene: Scene, until: Until, tasks: TaskRunner) -> None:
    counter, page, keys = scene
    keys.type(NUMBER)
    keys.press("Tab")
    until(lambda: tasks.pending == 0)
    kept = drafts(counter.desk, counter.clerk.record)
    assert [draft.answers["document_number"] for draft in kept] == [NUMBER]
    assert page._saved == "草稿已存本机 16:21:00"
    assert page.answers()["birth_on"] == "1994-07-12"


def test_the_guardian_is_asked_for_only_below_sixteen(scene: Scene) -> None:
    _, page, keys = scene
    guardian = page.form.field("guardian_name")
    assert guardian.isHidden()
    child = make_number("330299", date(2015, 1, 1), 231)
    keys.type(child[:-1] + ("1" if child[-1] != "1" else "2"))
    keys.press("Tab")
    assert guardian.isHidden()  # the check sign is wrong: no birth date, no child
    page.form.focus_field("document_number")
    keys.press("Ctrl+A")
    keys.type(child)
    keys.press("Tab")
    assert not guardian.isHidden()
    assert "监护人" in page.form.missing()


def test_every_key_of_the_page_is_told(scene: Scene) -> None:
    _, page, _ = scene
    offered = page.keys()
    told = {known.key for known in offered}
    assert {"F2", "F3", "F4", "Ctrl+N", "Ctrl+T", "Ctrl+R", "Ctrl+Enter", "F8", "Ctrl+E", "Shift+F4", "Alt+N"} <= told


def test_every_field_has_a_name_for_screen_readers(scene: Scene) -> None:
    _, page, _ = scene
    for key, made in page.form.fields.items():
        proxy = made.focusProxy()
        assert proxy is not None
        assert proxy.accessibleName(), key
        assert proxy.focusPolicy() != Qt.FocusPolicy.NoFocus, key


def test_a_passport_is_not_called_a_citizens_number(scene: Scene, until: Until, tmp_path: Path) -> None:
    _, page, _ = scene
    label = page.form._labels["document_number"]
    assert label.text() == "公民身份号码"
    path = tmp_path / "passport.jpg"
    path.write_bytes(PASSPORT_FILE)
    page.add_file(path)
    until(lambda: bool(page.answers().get("document_number")))
    assert label.text() == "证件号码"
    assert page.form.field("document_number").accessible_label() == "证件号码，必填"
    assert [mark.name for mark in page._evidence._marks._marks] == ["号码校验码", "有效期内"], "a passport has one side"
