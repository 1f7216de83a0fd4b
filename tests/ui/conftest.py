"""A window system without a screen, and a rule: what Qt warns of is a failure."""

import os
import time
from collections.abc import Callable, Iterator

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QCoreApplication, QEvent, QMessageLogContext, QtMsgType, qInstallMessageHandler
from PySide6.QtWidgets import QApplication, QWidget

from tests.parts.counter import counter_for  # noqa: F401 - the fixture is for every test below
from ui.tasks import TaskRunner
from ui.theme import Theme, load_tokens
from ui.widgets.ring import FocusRing

_OF_THE_PLATFORM = ("This plugin does not support propagateSizeHints()", "This plugin does not support raise()")


@pytest.fixture(scope="session")
def app() -> Iterator[QApplication]:
    """The one application of the test run, in our look."""
    made = QApplication.instance() or QApplication([])
    assert isinstance(made, QApplication)
    Theme(load_tokens()).apply(made)
    ring = FocusRing(made)
    yield made
    del ring


@pytest.fixture
def theme(app: QApplication) -> Iterator[Theme]:
    """The theme, light again after each test."""
    found = app.property("nbcase-theme")
    yield found
    found.use("light")


@pytest.fixture(autouse=True)
def qt_is_quiet(app: QApplication) -> Iterator[None]:
    """Fail the test for any warning that Qt writes, and close the windows that it leaves."""
    said: list[str] = []

    def listen(kind: QtMsgType, context: QMessageLogContext, text: str) -> None:
        if kind not in (QtMsgType.QtDebugMsg, QtMsgType.QtInfoMsg) and not text.startswith(_OF_THE_PLATFORM):
            said.append(text)

    former = qInstallMessageHandler(listen)
    yield
    for widget in app.topLevelWidgets():
        widget.hide()
        widget.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    app.processEvents()
    qInstallMessageHandler(former)
    assert not said, said


@pytest.fixture
def show(app: QApplication) -> Iterator[Callable[..., QWidget]]:
    """Show a widget as the active window, settle its layout, and keep it for the length of the test."""
    kept: list[QWidget] = []

    def shown(widget: QWidget, width: int = 900, height: int = 600) -> QWidget:
        kept.append(widget)
        widget.resize(width, height)
        widget.show()
        widget.activateWindow()
        app.processEvents()
        return widget

    yield shown
    kept.clear()


@pytest.fixture
def until(app: QApplication) -> Callable[[Callable[[], bool]], None]:
    """Turn the event loop until something is true; half a minute at most, for a machine that has other work."""

    def turn(condition: Callable[[], bool]) -> None:
        end = time.monotonic() + 30
        while not condition():
            assert time.monotonic() < end, "it did not come true"
            app.processEvents()

    return turn


@pytest.fixture
def tasks(app: QApplication) -> Iterator[TaskRunner]:
    """The real runner; an error that no test takes fails the test, and no thread stays behind."""
    unclaimed: list[BaseException] = []
    runner = TaskRunner(unclaimed.append)
    yield runner
    assert runner.wait()
    assert not unclaimed, unclaimed
