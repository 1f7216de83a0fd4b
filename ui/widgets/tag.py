"""Tags, key hints and chips: small texts with a ground."""

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QEnterEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from nbcase.domain.words import tr
from ui.theme import current_theme
from ui.widgets.icon import draw_icon
from ui.widgets.ink import Tone, draw_ground, draw_key_cap, draw_tag, draw_text, key_cap_width, tag_width, text_width


class Tag(QWidget):
    """A state in a word, with the ground of its tone."""

    def __init__(self, text: str, tone: Tone = "neutral", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.show_tag(text, tone)

    def show_tag(self, text: str, tone: Tone) -> None:
        """Change word and tone; an empty word hides the tag."""
        self._text, self._tone = text, tone
        self.setAccessibleName(text)
        if self.parentWidget() is not None or not text:
            self.setVisible(bool(text))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(tag_width(self._text), current_theme().size.tag)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        draw_tag(QPainter(self), 0, self.height() / 2, self._text, self._tone, self.width())


class KeyHint(QWidget):
    """A key cap and what the key does, as in footers."""

    def __init__(self, key: str, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._key, self._text = key, text
        self.setAccessibleName(f"{text} {key}".strip())
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        text = text_width(self._text, "secondary") + current_theme().space.xs if self._text else 0
        return QSize(key_cap_width(self._key) + text, current_theme().size.tag)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        left = draw_key_cap(painter, 0, self.height() / 2, self._key) + current_theme().space.xs
        draw_text(painter, QRectF(left, 0, self.width() - left, self.height()), self._text, "text2", "secondary")


class Chip(QAbstractButton):
    """A filter: on or off, or set and then taken away by its cross; `count` follows in the second colour.

    `opens` draws a chevron: the chip opens a list. `removable` draws the cross; a click on it or Delete takes the filter away.
    """

    removed = Signal()

    def __init__(
        self,
        text: str,
        parent: QWidget | None = None,
        *,
        on: bool = False,
        count: int | None = None,
        removable: bool = False,
        opens: bool = False,
    ) -> None:
        super().__init__(parent)
        self.setText(text)
        self.setCheckable(not opens and not removable)
        self.setChecked(on)
        self._on = on or removable
        self._count = count
        self._mark = "x" if removable else "chevron-down" if opens else ""
        self._removable = removable
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(tr("筛选：{text}").format(text=text))
        self.toggled.connect(self._set_on)

    def _set_on(self, on: bool) -> None:
        self._on = on
        self.update()

    def set_text(self, text: str, *, on: bool | None = None) -> None:
        """Change what the chip says, and whether its filter is set."""
        self.setText(text)
        self.setAccessibleName(tr("筛选：{text}").format(text=text))
        if on is not None:
            self._on = on
        self.updateGeometry()
        self.update()

    def set_count(self, count: int | None) -> None:
        """Show how many rows the filter leaves."""
        self._count = count
        self.updateGeometry()
        self.update()

    @property
    def _padding(self) -> int:
        return current_theme().space.s + 1

    def _count_text(self) -> str:
        return "" if self._count is None else str(self._count)

    def sizeHint(self) -> QSize:
        theme = current_theme()
        width = 2 * self._padding + text_width(self.text(), "compact")
        if self._count is not None:
            width += theme.space.s - 2 + text_width(self._count_text(), "compact")
        if self._mark:
            width += theme.space.xs + theme.space.m
        return QSize(width, theme.size.chip)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current_theme()
        painter = QPainter(self)
        hover = self.underMouse() and self.isEnabled()
        ground = "accent_weak" if self._on else "hover" if hover else "surface"
        draw_ground(painter, self.rect(), ground, "accent_line" if self._on else "border_strong")
        color = "text3" if not self.isEnabled() else "accent" if self._on else "text"
        left = self._padding
        left += draw_text(painter, QRectF(left, 0, self.width(), self.height()), self.text(), color, "compact")
        if self._count is not None:
            left += theme.space.s - 2
            second = color if self._on else "text2"
            draw_text(painter, QRectF(left, 0, self.width(), self.height()), self._count_text(), second, "compact")
        if self._mark:
            size = theme.space.m
            mark = color if self._on else "text2"
            draw_icon(painter, self.width() - self._padding - size, (self.height() - size) / 2, self._mark, mark, size)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        if self._removable and event.position().x() > self.width() - 2 * self._padding - current_theme().space.m / 2:
            self.removed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._removable and event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.removed.emit()
            return
        super().keyPressEvent(event)

    def enterEvent(self, event: QEnterEvent) -> None:
        self.update()
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self.update()
        super().leaveEvent(event)
