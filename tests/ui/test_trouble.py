"""The one funnel for errors."""

import threading
from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from nbcase.domain.errors import DeviceError, Offline, UserError
from ui.context import Notice
from ui.shell.trouble import BugDialog, Trouble, bug_number

Show = Callable[..., QWidget]
Until = Callable[[Callable[[], bool]], None]


class FakeLog:
    """Keeps what is written."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, object]]] = []

    def error(self, event: str, **values: object) -> None:
        """Keep an error."""
        self.lines.append((event, values))

    def warning(self, event: str, **values: object) -> None:
        """Keep a warning."""
        self.lines.append((event, values))


@pytest.fixture
def log() -> FakeLog:
    """A log that can be read."""
    return FakeLog()


@pytest.fixture
def notices() -> list[Notice]:
    """What the notice bar was given."""
    return []


@pytest.fixture
def trouble(app: QApplication, show: Show, log: FakeLog, notices: list[Notice]) -> Iterator[Trouble]:
    """A funnel with a window and a readable log."""
    made = Trouble(log)
    made.notify = notices.append
    made.window = show(QWidget())
    yield made
    made.window = None


def _dialogs() -> list[BugDialog]:
    return [widget for widget in QApplication.topLevelWidgets() if isinstance(widget, BugDialog) and widget.isVisible()]


@pytest.mark.parametrize("kind", [UserError, Offline, DeviceError])
def test_what_a_clerk_can_mend_goes_to_the_notice_bar_with_all_its_parts(
    trouble: Trouble, notices: list[Notice], kind: type[UserError]
) -> None:
    trouble.handle(kind("读卡器没有回答", safe="办件没有动。", do="请重插后按 F2。"))
    assert notices == [Notice(what="读卡器没有回答", safe="办件没有动。", do="请重插后按 F2。", kind="error")]
    assert not _dialogs()


def test_a_bug_is_logged_with_its_number_and_shown_once(trouble: Trouble, log: FakeLog, notices: list[Notice]) -> None:
    error = ZeroDivisionError("x")
    trouble.handle(error)
    trouble.handle(ValueError("y"))
    assert len(_dialogs()) == 1
    assert [event for event, _ in log.lines] == ["bug", "bug"]
    assert log.lines[0][1] == {"number": _dialogs()[0].number, "exc_info": error}
    assert not notices
    QApplication.processEvents()
    QTest.keyClick(_dialogs()[0], Qt.Key.Key_Return)
    assert not _dialogs()


def test_an_error_of_a_worker_is_shown_on_the_event_loop(trouble: Trouble, notices: list[Notice], until: Until) -> None:
    worker = threading.Thread(target=lambda: trouble.handle(UserError("没有纸")))
    worker.start()
    worker.join()
    assert not notices
    until(lambda: bool(notices))
    assert notices[0].what == "没有纸"


def test_an_error_in_a_slot_or_a_thread_reaches_the_funnel(trouble: Trouble, log: FakeLog, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    monkeypatch.setattr("ui.shell.trouble.qInstallMessageHandler", lambda handler: handler)
    trouble.install()
    sys.excepthook(ValueError, ValueError("z"), None)
    assert log.lines[-1][0] == "bug"


def test_qt_s_warnings_are_logged_and_not_shown(trouble: Trouble, log: FakeLog) -> None:
    from PySide6.QtCore import QMessageLogContext, QtMsgType

    trouble._from_qt(QtMsgType.QtWarningMsg, QMessageLogContext(), "a word of Qt")
    assert log.lines == [("qt", {"text": "a word of Qt"})]
    assert not _dialogs()


def test_a_number_can_be_read_out_on_the_telephone() -> None:
    numbers = {bug_number() for _ in range(200)}
    assert len(numbers) > 190
    assert not set("".join(numbers)) & set("01IO")
