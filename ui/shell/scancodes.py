"""Code scanners that type, in the window: their keys are taken out before any field sees them."""

import time
from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QWidget

from nbcase.devices.keyboard_scanner import FASTEST_PERSON_MS, KeyboardScanner, Verdict
from nbcase.domain.document import PLAIN_CODE

_ENDS = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Tab)
_TYPING = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier


class CodeScanner(QObject):
    """Watches all keys of the program while `window` is in front; a code goes to `take`, a person's keys to where they were going."""

    def __init__(
        self, window: QWidget, scanner: KeyboardScanner, take: Callable[[str], None], now_ms: Callable[[], float] | None = None
    ) -> None:
        super().__init__(window)
        self._window = window
        self._scanner = scanner
        self._take = take
        self._now_ms = now_ms or _now_ms
        self._is_typing = False
        self._timer = QTimer(self, singleShot=True, interval=FASTEST_PERSON_MS + 10)
        self._timer.timeout.connect(lambda: self._type(self._scanner.waited(self._now_ms())))
        application = QCoreApplication.instance()
        assert application is not None
        application.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        is_key = isinstance(event, QKeyEvent) and event.type() in (QEvent.Type.KeyPress, QEvent.Type.ShortcutOverride)
        if self._is_typing or not is_key or not isinstance(watched, QWidget) or not self._window.isActiveWindow():
            return False
        assert isinstance(event, QKeyEvent)
        if event.type() is QEvent.Type.ShortcutOverride:
            # A held key must not work as a shortcut meanwhile; the press itself follows and is judged.
            if self._scanner.is_holding and event.text():
                event.accept()
            return False
        return self._hear(event)

    def _hear(self, event: QKeyEvent) -> bool:
        """Whether the key was taken."""
        now = self._now_ms()
        if event.key() in _ENDS and self._scanner.is_holding:
            heard = self._scanner.enter(now)
        elif len(event.text()) == 1 and event.text().isprintable() and not event.modifiers() & ~_TYPING:
            heard = self._scanner.key(event.text(), now)
        else:
            if event.key() not in (Qt.Key.Key_Shift, Qt.Key.Key_CapsLock):
                self._type(self._scanner.other())
            return False
        self._type(heard.back)
        if heard.verdict is Verdict.CODE:
            self._take(heard.code)
        if self._scanner.is_holding:
            self._timer.start()
        return heard.verdict is not Verdict.PASS

    def _type(self, text: str) -> None:
        """Give a person's keys to the field that has the cursor, as they would have come."""
        target = QApplication.focusWidget()
        if not text or target is None:
            return
        self._is_typing = True
        try:
            for sign in text:
                for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
                    QCoreApplication.sendEvent(target, QKeyEvent(kind, 0, Qt.KeyboardModifier.NoModifier, sign))
        finally:
            self._is_typing = False


def searched(code: str) -> str:
    """What to search for: of a code on the program's own papers the number of the case, else the code itself."""
    parts = code.split(":")
    return parts[3] if code.startswith(f"{PLAIN_CODE}:") and len(parts) > 4 else code


def _now_ms() -> float:
    return time.monotonic() * 1000
