"""The box above a list that narrows it as one types; a slash goes there, Enter goes on to the list."""

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QShortcut
from PySide6.QtWidgets import QHBoxLayout, QWidget

from ui.theme import current_theme
from ui.widgets.button import shortcuts_for
from ui.widgets.fields.frame import Edit, Frame
from ui.widgets.icon import Icon
from ui.widgets.tag import KeyHint


class FilterBox(Frame):
    """`wanted` gives the text once typing rests, never after `show_text`; `done` is Enter."""

    wanted = Signal(str)
    done = Signal()

    def __init__(self, name: str, placeholder: str, parent: QWidget) -> None:
        super().__init__(parent)
        theme = current_theme()
        self.setFixedHeight(theme.size.chip)
        self.edit = Edit(self)
        self.edit.setPlaceholderText(placeholder)
        self.edit.setAccessibleName(name)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(theme.tokens.wait.search)
        self._timer.timeout.connect(lambda: self.wanted.emit(self.text()))
        self.edit.textEdited.connect(lambda _text: self._timer.start())
        self.edit.returnPressed.connect(self.done)
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.space.s, 1, theme.space.xs, 1)
        row.setSpacing(theme.space.s)
        row.addWidget(Icon("search"))
        row.addWidget(self.edit, 1)
        row.addWidget(KeyHint("/"))
        slash = QShortcut(self)
        slash.setKeys(shortcuts_for("/"))
        slash.activated.connect(self.begin)

    def text(self) -> str:
        """What was typed, without blanks around it."""
        return self.edit.text().strip()

    def show_text(self, text: str) -> None:
        """Show what the list is narrowed to already."""
        self._timer.stop()
        if text != self.text():
            self.edit.setText(text)

    def begin(self) -> None:
        """Type here, over what is there."""
        self.edit.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.edit.selectAll()
