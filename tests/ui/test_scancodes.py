"""A scanner that types, in a real window: its codes are taken, no field gets them, a person's typing stays whole."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QVBoxLayout, QWidget

from nbcase.devices.keyboard_scanner import FASTEST_PERSON_MS, KeyboardScanner
from ui.shell.scancodes import CodeScanner, searched


class Scene:
    """A window with one field, a clock that is moved by hand, and the codes that were taken."""

    def __init__(self, prefix: str) -> None:
        self.window = QWidget()
        self.field = QLineEdit()
        QVBoxLayout(self.window).addWidget(self.field)
        self.codes: list[str] = []
        self.now = 1000.0
        self.watch = CodeScanner(self.window, KeyboardScanner(prefix=prefix), self.codes.append, lambda: self.now)
        self.window.show()
        self.window.activateWindow()
        self.field.setFocus()
        QApplication.processEvents()

    def type(self, text: str, gap_ms: float) -> None:
        for sign in text:
            self.now += gap_ms
            QTest.keyClicks(self.field, sign)

    def enter(self, gap_ms: float) -> None:
        self.now += gap_ms
        QTest.keyClick(self.field, Qt.Key.Key_Return)


@pytest.fixture(params=["", "~"])
def scene(request: pytest.FixtureRequest, app: QApplication) -> Iterator[Scene]:
    made = Scene(request.param)
    yield made
    app.removeEventFilter(made.watch)
    made.window.close()
    made.window.deleteLater()


def test_a_code_never_lands_in_the_field_that_has_the_cursor(scene: Scene) -> None:
    scene.type(scene.watch._scanner.prefix + "NB20261124000017", 3)
    scene.enter(3)
    assert (scene.codes, scene.field.text()) == (["NB20261124000017"], "")


def test_a_persons_keys_arrive_where_they_were_going(scene: Scene) -> None:
    scene.type("19900005061", FASTEST_PERSON_MS + 50)
    scene.enter(FASTEST_PERSON_MS + 50)
    assert (scene.codes, scene.field.text()) == ([], "19900005061")


def test_a_person_and_a_scanner_at_the_same_field(scene: Scene) -> None:
    scene.type("ab", FASTEST_PERSON_MS + 50)
    scene.now += 500
    scene.type(scene.watch._scanner.prefix + "NB20261124000017", 3)
    scene.enter(3)
    assert (scene.codes, scene.field.text()) == (["NB20261124000017"], "ab")


def test_an_arrow_or_a_shortcut_lets_held_keys_go_first(scene: Scene) -> None:
    scene.type("~ab" if scene.watch._scanner.prefix else "ab", 3)
    QTest.keyClick(scene.field, Qt.Key.Key_Left)
    assert scene.field.text().endswith("ab")
    assert scene.field.cursorPosition() == len(scene.field.text()) - 1


def test_the_code_of_a_paper_is_searched_by_its_number() -> None:
    assert searched("NBCASE:1:acceptance-receipt:330299-20261124-0007:abc") == "330299-20261124-0007"
    assert searched("6901234567892") == "6901234567892"
