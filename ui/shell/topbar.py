"""The top bar: search, sync pill, and the way to the page's keys."""

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from nbcase.domain.words import tr
from ui.shell.pill import Pill
from ui.shell.search import Search, SearchBox
from ui.tasks import Tasks
from ui.theme import current_theme
from ui.widgets.button import KeyButton, shortcuts_for
from ui.widgets.ink import draw_key_cap, draw_line, draw_text, key_cap_width, text_width


class TopBar(QWidget):
    """48 logical pixels above the page; in training the line under it is two pixels of the training colour."""

    keys_wanted = Signal()

    def __init__(self, search: Search, tasks: Tasks, parent: QWidget | None = None, *, training: bool = False) -> None:
        super().__init__(parent)
        theme = current_theme()
        self._training = training
        self.setFixedHeight(theme.size.top_bar)
        self.setProperty("ground", "surface")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.search = SearchBox(search, tasks, self)
        self.pill = Pill(self)
        self.keys = _KeysButton(self)
        self.keys.clicked.connect(self.keys_wanted)
        shortcut = QShortcut(self)
        shortcut.setKeys(shortcuts_for("F1"))
        shortcut.activated.connect(self.keys_wanted)
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.space.l, 0, theme.space.l, 0)
        row.setSpacing(theme.space.l)
        row.addWidget(self.search, 100)
        row.addStretch(1)
        row.addWidget(self.pill)
        row.addWidget(self.keys)

    def set_compact(self, on: bool) -> None:
        """In a compact window the way to the keys is only its cap."""
        self.keys.set_compact(on)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._training:
            height = 2 * current_theme().line.hairline
            draw_line(painter, 0, self.height() - height, self.width(), self.height(), "train")
        else:
            draw_line(painter, 0, self.height() - 1, self.width(), self.height())


class _KeysButton(KeyButton):
    """F1 and what it shows, without a border."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(tr("本页按键"), parent, role="link")
        self._compact = False
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def set_compact(self, on: bool) -> None:
        self._compact = on
        self.setToolTip(self.text() if on else "")
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        theme = current_theme()
        words = 0 if self._compact else theme.space.s + text_width(self.text(), "compact")
        return QSize(key_cap_width("F1") + words, theme.size.pill_height)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        left = draw_key_cap(painter, 0, self.height() / 2, "F1") + current_theme().space.s
        if not self._compact:
            area = self.rect().adjusted(left, 0, 0, 0)
            draw_text(painter, area, self.text(), "accent" if self.underMouse() else "text2", "compact")
