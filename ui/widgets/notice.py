"""Notices: a strip in a panel that asks for a look, and the bar of the window for what has just happened."""

from PySide6.QtCore import QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from nbcase.domain.words import sentences, tr
from ui.context import Notice, NoticeKind
from ui.theme import current_theme
from ui.widgets.button import IconButton
from ui.widgets.icon import Icon
from ui.widgets.ink import draw_ground, draw_line
from ui.widgets.text import ElidedText, Text, TextTone

_LOOKS: dict[NoticeKind, tuple[str, str, str]] = {
    "success": ("circle-check", "green", "green_weak"),
    "warn": ("triangle-alert", "amber", "amber_weak"),
    "error": ("circle-alert", "red", "red_weak"),
}


class NoticeStrip(QWidget):
    """A line in a panel on the ground of its state, such as 剩 1 个工作日; as many as its words need."""

    def __init__(self, text: str = "", kind: NoticeKind = "warn", parent: QWidget | None = None, *, icon: str = "") -> None:
        super().__init__(parent)
        theme = current_theme()
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.space.s, theme.space.xs, theme.space.s, theme.space.xs)
        row.setSpacing(theme.space.s)
        self._kind = kind
        self._icon_name = icon
        self._icon = Icon("info")
        self._text = Text("", "meta", wrap=True)
        row.addWidget(self._icon)
        row.addWidget(self._text, 1)
        self.setMinimumHeight(theme.size.input)
        # Not fixed: Qt would hold it to the lines of its preferred width and cut the last ones off in a narrow card.
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        self.show_text(text, kind)

    def show_text(self, text: str, kind: NoticeKind | None = None) -> None:
        """Change words and state; no words hide the strip."""
        self._kind = kind or self._kind
        icon, color, _ = _LOOKS[self._kind]
        self._icon.show_icon(self._icon_name or icon, color)
        self._text.setText(text)
        self._text.set_tone(_TONES[self._kind])
        if self.parentWidget() is not None or not text:
            self.setVisible(bool(text))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        draw_ground(QPainter(self), self.rect(), _LOOKS[self._kind][2], None)


_TONES: dict[NoticeKind, TextTone] = {"success": "green", "warn": "amber", "error": "red"}


class Callout(QWidget):
    """The one thing on a page that needs a decision: bordered, with a marker at the left, two lines and buttons."""

    def __init__(self, text: str, under: str, *buttons: QWidget, icon: str = "triangle-alert", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme = current_theme()
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.space.l, theme.space.xs, theme.space.m, theme.space.xs)
        row.setSpacing(theme.space.m)
        row.addWidget(Icon(icon, "amber"))
        words = QVBoxLayout()
        words.setSpacing(0)
        self._text, self._under = ElidedText("compact-strong"), ElidedText("meta")
        self.show_words(text, under)
        words.addStretch(1)
        words.addWidget(self._text)
        words.addWidget(self._under)
        words.addStretch(1)
        row.addLayout(words, 1)
        for button in buttons:
            row.addWidget(button)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumHeight(theme.size.row_check)

    def show_words(self, text: str, under: str) -> None:
        """Change what it says."""
        self._text.set_full(text)
        self._under.set_full(under)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current_theme()
        painter = QPainter(self)
        draw_ground(painter, self.rect(), "surface", "border")
        painter.fillRect(QRectF(0, 0, theme.line.notice_marker, self.height()), theme.color("amber_fill"))


class NoticeBar(QWidget):
    """The window's bar for what has just happened; it takes its place above the page and covers nothing.

    A success leaves by itself, the others stay until Esc or the cross; a later notice replaces an earlier one.
    """

    gone = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme = current_theme()
        self._kind: NoticeKind = "success"
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.space.l, theme.space.xs, theme.space.s, theme.space.xs)
        row.setSpacing(theme.space.s)
        self._icon = Icon("info")
        self._what, self._rest = Text("", "compact-strong", wrap=True), Text("", "compact", wrap=True)
        row.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self._what)
        words.addWidget(self._rest)
        row.addLayout(words, 1)
        self._close = IconButton(tr("关闭提示"), "x", self)
        self._close.clicked.connect(self.dismiss)
        row.addWidget(self._close, 0, Qt.AlignmentFlag.AlignTop)
        row.setAlignment(self._icon, Qt.AlignmentFlag.AlignVCenter)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(theme.tokens.wait.notice)
        self._timer.timeout.connect(self.dismiss)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)
        self.hide()

    def show_notice(self, notice: Notice) -> None:
        """Say what happened, what is safe and what to do."""
        self._kind = notice.kind
        icon, color, _ = _LOOKS[notice.kind]
        self._icon.show_icon(icon, color)
        self._what.setText(notice.what)
        rest = sentences(notice.safe, notice.do)
        self._rest.setText(rest)
        self._rest.setVisible(bool(rest))
        self.setAccessibleName(f"{notice.what} {rest}".strip())
        self.show()
        self._timer.stop()
        if notice.kind == "success":
            self._timer.start()

    def dismiss(self) -> None:
        """Take the notice away."""
        self._timer.stop()
        if self.isVisible():
            self.hide()
            self.gone.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.dismiss()
            return
        super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), current_theme().color(_LOOKS[self._kind][2]))
        draw_line(painter, 0, self.height() - 1, self.width(), self.height())
