"""The one funnel for errors: what a clerk can mend goes to the notice bar, everything else is a bug with a number.

Nothing is swallowed and nothing is shown twice: `sys.excepthook`, the threads', the task runner's unclaimed errors and Qt's own
warnings all end here.
"""

import secrets
import sys
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Protocol

from PySide6.QtCore import QMessageLogContext, QObject, Qt, QtMsgType, Signal, qInstallMessageHandler
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from nbcase.domain.errors import UserError
from nbcase.domain.words import tr
from ui.context import Notice
from ui.theme import current_theme
from ui.widgets.button import KeyButton
from ui.widgets.icon import Icon
from ui.widgets.text import Text

_DIGITS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


class Log(Protocol):
    """The part of a structlog logger that the funnel uses."""

    def error(self, event: str, **values: object) -> object:
        """Write an error."""
        ...

    def warning(self, event: str, **values: object) -> object:
        """Write a warning."""
        ...


class Trouble(QObject):
    """Takes every error to its place. `notify` and `window` may be set later, when there is a window."""

    _raised = Signal()

    def __init__(self, log: Log | None = None) -> None:
        super().__init__()
        self._given_log = log
        self._waiting: list[BaseException] = []
        self._dialog: BugDialog | None = None
        self.notify: Callable[[Notice], None] | None = None
        self.window: QWidget | None = None
        self._raised.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    def install(self) -> None:
        """Take over the interpreter's, the threads' and Qt's last words."""
        sys.excepthook = self._from_interpreter
        threading.excepthook = self._from_thread
        qInstallMessageHandler(self._from_qt)

    def handle(self, error: BaseException) -> None:
        """Take an error from anywhere, a worker too; it is shown on the event loop."""
        if threading.current_thread() is not threading.main_thread():
            self._waiting.append(error)
            self._raised.emit()
            return
        if isinstance(error, (KeyboardInterrupt, SystemExit)):
            raise error
        if isinstance(error, UserError):
            self._tell(error)
        else:
            self._report(error)

    def _deliver(self) -> None:
        while self._waiting:
            self.handle(self._waiting.pop(0))

    def _tell(self, error: UserError) -> None:
        self._log.warning("refused", what=error.what, kind=type(error).__name__)
        if self.notify is not None:
            self.notify(notice_of(error))

    def _report(self, error: BaseException) -> None:
        number = bug_number()
        self._log.error("bug", number=number, exc_info=error)
        if self._dialog is not None and self._dialog.isVisible():
            return
        if self.window is not None:
            self._dialog = BugDialog(number, self.window)
            self._dialog.open()

    @property
    def _log(self) -> Log:
        if self._given_log is None:
            import structlog  # a tenth of a second that the sign-in window need not wait for

            self._given_log = structlog.get_logger("ui")
        return self._given_log

    def _from_interpreter(self, kind: type[BaseException], error: BaseException, _traceback: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, _traceback)
            return
        self.handle(error)

    def _from_thread(self, told: threading.ExceptHookArgs) -> None:
        if told.exc_value is not None:
            self.handle(told.exc_value)

    def _from_qt(self, kind: QtMsgType, _context: QMessageLogContext, text: str) -> None:
        """Qt's warnings are logged; they are mended in tests, not shown at a counter."""
        write = self._log.warning if kind in (QtMsgType.QtDebugMsg, QtMsgType.QtInfoMsg, QtMsgType.QtWarningMsg) else self._log.error
        write("qt", text=text)


def notice_of(error: UserError) -> Notice:
    """The notice that tells a mendable error."""
    return Notice(what=error.what, safe=error.safe, do=error.do, kind="error")


def bug_number() -> str:
    """Six signs that a clerk can read out on the telephone; no 0, 1, I, O."""
    return "".join(secrets.choice(_DIGITS) for _ in range(6))


class BugDialog(QDialog):
    """Says that the program failed, what is safe, and the number for the support desk."""

    def __init__(self, number: str, parent: QWidget) -> None:
        super().__init__(parent)
        theme = current_theme()
        self.number = number
        self.setWindowTitle(tr("程序出错"))
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.space.xl, theme.space.l, theme.space.xl, theme.space.l)
        column.setSpacing(theme.space.m)
        head = QHBoxLayout()
        head.setSpacing(theme.space.s)
        head.addWidget(Icon("circle-alert", "red"))
        head.addWidget(Text(tr("程序出错，刚才这一步没有完成"), "strong"), 1)
        column.addLayout(head)
        column.addWidget(Text(tr("已存的办件和草稿都在本机，没有丢失。"), "compact"))
        column.addWidget(Text(tr("可以再试一次；仍出错时，请把编号报给技术支持：{number}").format(number=number), "compact"))
        row = QHBoxLayout()
        row.addStretch(1)
        close = KeyButton(tr("知道了"), key="Enter", role="primary")
        close.clicked.connect(self.accept)
        row.addWidget(close)
        column.addLayout(row)
