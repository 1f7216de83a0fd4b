"""A clerk's hands: presses keys on whatever has the focus and counts them; typed text is not counted, as in the budgets of the window."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from ui.widgets.button import shortcuts_for

Until = Callable[[Callable[[], bool]], None]


class Keyboard:
    """Keys into a window. `count` is how many were pressed."""

    def __init__(self, window: QWidget) -> None:
        self._window = window
        self.count = 0

    def press(self, *keys: str) -> None:
        """Press keys as the caps name them: ``F2``, ``Ctrl+Enter``, ``Alt+→``, ``1``."""
        for key in keys:
            combination = QKeySequence(shortcuts_for(key)[0])[0]
            QTest.keyClick(self._target(), combination.key(), combination.keyboardModifiers())
            self.count += 1

    def type(self, text: str) -> None:
        """Type text, which no budget counts."""
        for sign in text:
            if sign.isascii():
                QTest.keyClicks(self._target(), sign)
            else:  # QTest knows no key for Chinese signs; an input method sends them as text like this
                QApplication.sendEvent(self._target(), QKeyEvent(QEvent.Type.KeyPress, 0, Qt.KeyboardModifier.NoModifier, sign))

    def _target(self) -> QWidget:
        return QApplication.focusWidget() or self._window
