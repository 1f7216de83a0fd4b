"""What lies over the window: the page's keys, and the lock of an unattended desk."""

from collections.abc import Sequence
from typing import cast

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QApplication, QGridLayout, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget
from shiboken6 import isValid

from nbcase.domain.words import tr
from ui.context import KeyHelp
from ui.theme import current_theme
from ui.widgets.button import KeyButton
from ui.widgets.fields import TextField
from ui.widgets.ink import draw_ground
from ui.widgets.tag import KeyHint
from ui.widgets.text import Line, SectionHeading, Text

_VEIL = 0.55


class Overlay(QWidget):
    """A card in the middle of the window; what is below is veiled and takes no mouse and no shortcut.

    A widget given as `behind` is switched off as long as the overlay is open: no late result of a worker can put the cursor there.
    """

    def __init__(self, window: QWidget, *, behind: QWidget | None = None, opaque: bool = False) -> None:
        super().__init__(window)
        theme = current_theme()
        self.ring_target = None
        self._window = window
        self._behind = behind
        self._opaque = opaque
        self._former: QWidget | None = None
        self.card = _Card(self)
        self.column = QVBoxLayout(self.card)
        self.column.setContentsMargins(theme.space.xl, theme.space.l, theme.space.xl, theme.space.l)
        self.column.setSpacing(theme.space.m)
        centre = QGridLayout(self)
        centre.setContentsMargins(theme.space.l, theme.space.l, theme.space.l, theme.space.l)
        centre.addWidget(self.card, 0, 0, Qt.AlignmentFlag.AlignCenter)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        window.installEventFilter(self)
        self.hide()

    def open(self) -> None:
        """Cover the window and remember where the focus was."""
        self._former = QApplication.focusWidget()
        if self._behind is not None:
            self._behind.setEnabled(False)
        _application().installEventFilter(self)
        self.setGeometry(self._window.rect())
        self.show()
        self.raise_()
        self.setFocus()

    def close_overlay(self) -> None:
        """Uncover the window; the focus goes back to where it was."""
        self.hide()
        _application().removeEventFilter(self)
        if self._behind is not None:
            self._behind.setEnabled(True)
        if self._former is not None and isValid(self._former) and self._former.window() is self.window():
            self._former.setFocus()
        self._former = None

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and watched is self._window and self.isVisible():
            self.setGeometry(self._window.rect())
        if event.type() == QEvent.Type.ShortcutOverride and self.isVisible():
            event.accept()  # the key goes to the focus widget, which is in the overlay, and to no shortcut behind it
            return True
        return False

    def focusNextPrevChild(self, next: bool) -> bool:
        """Keep the Tab key within the card."""
        stops = [widget for widget in self.card.findChildren(QWidget) if widget.focusPolicy() & Qt.FocusPolicy.TabFocus]
        stops = [widget for widget in stops if widget.isVisible() and widget.isEnabled() and widget.focusProxy() is None]
        if not stops:
            return True
        here = QApplication.focusWidget()
        place = stops.index(here) if here in stops else -1
        stops[(place + (1 if next else -1)) % len(stops)].setFocus(Qt.FocusReason.TabFocusReason)
        return True

    def paintEvent(self, event: QPaintEvent) -> None:
        veil = QColor(current_theme().color("bg"))
        veil.setAlphaF(1.0 if self._opaque else _VEIL)
        QPainter(self).fillRect(self.rect(), veil)


def _application() -> QCoreApplication:
    return cast(QCoreApplication, QCoreApplication.instance())


class _Card(QWidget):
    def paintEvent(self, event: QPaintEvent) -> None:
        draw_ground(QPainter(self), self.rect(), "surface", "border_strong")


class KeysOverlay(Overlay):
    """The keys of the page and those that work everywhere; any key or click closes it and does nothing else."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._grid_holder: QWidget | None = None

    def show_keys(self, title: str, keys: Sequence[KeyHelp]) -> None:
        """Open with the page's keys."""
        if self._grid_holder is not None:
            self.column.removeWidget(self._grid_holder)
            self._grid_holder.setParent(None)
            self._grid_holder.deleteLater()
        self._grid_holder = _keys_body(title, keys, high=self.window().height() > current_theme().layout.side_panel_max)
        self.column.addWidget(self._grid_holder)
        self.open()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """A modifier alone does not close: the key that follows it must not act on a page that was covered a moment ago."""
        if event.key() not in (Qt.Key.Key_Control, Qt.Key.Key_Shift, Qt.Key.Key_Alt, Qt.Key.Key_Meta):
            self.close_overlay()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.close_overlay()


def everywhere_keys() -> tuple[KeyHelp, ...]:
    """The keys that work on every page."""
    return (
        KeyHelp(key="Ctrl+K", what=tr("查找")),
        KeyHelp(key="Ctrl+1", what=tr("第 1 页，余类推")),
        KeyHelp(key="F1", what=tr("本页按键")),
        KeyHelp(key="Ctrl+Enter", what=tr("主按钮")),
        KeyHelp(key="Ctrl+L", what=tr("锁屏，草稿保留")),
        KeyHelp(key="Esc", what=tr("返回、关闭")),
    )


def _keys_body(title: str, keys: Sequence[KeyHelp], *, high: bool) -> QWidget:
    theme = current_theme()
    holder = QWidget()
    grid = QGridLayout(holder)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(theme.space.xl)
    grid.setVerticalSpacing(theme.space.s if high else theme.space.xs)
    columns = 2
    row = 0
    for heading, group in ((title, keys), (tr("处处可用"), everywhere_keys())):
        grid.addWidget(SectionHeading(heading), row, 0, 1, columns)
        row += 1
        for place, help_line in enumerate(group):
            grid.addWidget(_KeyLine(help_line), row + place // columns, place % columns)
        row += -(-len(group) // columns)
    return holder


class _KeyLine(QWidget):
    def __init__(self, help_line: KeyHelp) -> None:
        super().__init__()
        theme = current_theme()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.space.s)
        place = QWidget()
        place.setFixedWidth(theme.size.label_width)
        inner = QHBoxLayout(place)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.addWidget(KeyHint(help_line.key))
        inner.addStretch(1)
        row.addWidget(place)
        row.addWidget(Text(help_line.what, "compact"), 1)
        self.setMinimumWidth(theme.size.label_width * 3)


class LockOverlay(Overlay):
    """The desk is locked: the window is covered, the draft stays, and only the clerk's password opens it.

    `unlock_wanted` carries the password; the caller checks it beside the event loop and answers with `accept` or `refuse`.
    """

    unlock_wanted = Signal(str)
    sign_out_wanted = Signal()

    def __init__(self, window: QWidget, clerk_name: str, *, behind: QWidget | None = None) -> None:
        super().__init__(window, behind=behind, opaque=True)
        theme = current_theme()
        self.column.addWidget(Text(tr("已锁屏"), "title"))
        self.column.addWidget(Text(tr("{name} 的草稿和图片都在本机。").format(name=clerk_name), "compact", tone="muted"))
        self._password = TextField(tr("密码"), placeholder=tr("密码"))
        self._password.edit.setEchoMode(QLineEdit.EchoMode.Password)
        self._password.edit.returnPressed.connect(self._ask)
        self._password.setFixedWidth(theme.size.search_width // 2 + theme.size.label_width // 2)
        self.column.addWidget(self._password)
        buttons = QHBoxLayout()
        self._out = KeyButton(tr("换人登录"))
        self._out.clicked.connect(self.sign_out_wanted)
        self._in = KeyButton(tr("解锁"), key="Enter", role="primary", registers=False)
        self._in.clicked.connect(self._ask)
        buttons.addWidget(self._out)
        buttons.addStretch(1)
        buttons.addWidget(self._in)
        self.column.addWidget(Line())
        self.column.addLayout(buttons)

    def lock(self) -> None:
        """Cover the window now."""
        self._password.set_value("")
        self._password.set_state("normal")
        self._in.set_on()
        self.open()
        self._password.setFocus()

    def accept(self) -> None:
        """The password was right."""
        self._password.set_value("")
        self.close_overlay()

    def refuse(self, reason: str) -> None:
        """The password was wrong, or the check could not be made."""
        self._in.set_on()
        self._password.set_value("")
        self._password.set_state("error", reason)
        self._password.setFocus()

    def _ask(self) -> None:
        if not self.isVisible() or not self._in.isEnabled() or not self._password.edit.text():
            return
        self._in.set_off(tr("正在核对"))
        self.unlock_wanted.emit(self._password.edit.text())


class IdleWatch(QObject):
    """Tells when nobody has touched keyboard or mouse for some minutes."""

    idle = Signal()

    _INPUT = frozenset({QEvent.Type.KeyPress, QEvent.Type.MouseButtonPress, QEvent.Type.MouseMove, QEvent.Type.Wheel})

    def __init__(self, app: QApplication, minutes: int) -> None:
        super().__init__(app)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(minutes * 60_000)
        self._timer.timeout.connect(self.idle)
        self._timer.start()
        app.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in self._INPUT:
            self._timer.start()
        return False
