"""The left rail: one item a page, with the count of what waits there."""

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QShortcut
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QVBoxLayout, QWidget

from nbcase.domain.words import tr
from ui.pages import PageSpec
from ui.theme import current_theme
from ui.widgets.button import shortcuts_for
from ui.widgets.icon import draw_icon
from ui.widgets.ink import Tone, draw_ground, draw_text, text_width

_NUMBERED = "1234567890"


class Rail(QWidget):
    """Items in the order of the pages, reached by Ctrl and their number; without names in a compact window."""

    chosen = Signal(str)

    def __init__(self, specs: Sequence[PageSpec], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("ground", "rail")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName(tr("页面"))
        self._compact = False
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._sign = _Sign(self)
        self._column.addWidget(self._sign)
        self._items: dict[str, RailItem] = {}
        for place, spec in enumerate(specs):
            key = f"Ctrl+{_NUMBERED[place]}" if place < len(_NUMBERED) else ""
            item = RailItem(spec, key, self)
            item.clicked.connect(lambda _on=False, code=spec.code: self.chosen.emit(code))
            self._items[spec.code] = item
            self._column.addWidget(item)
        self._column.addStretch(1)
        self.set_compact(compact=False, height=current_theme().tokens.meta.base_window[1])

    def set_current(self, code: str) -> None:
        """Mark the page in front."""
        for each, item in self._items.items():
            item.setChecked(each == code)

    def set_count(self, code: str, count: int, tone: Tone = "neutral") -> None:
        """Show what waits on a page; 0 shows nothing, amber asks for a look."""
        if code in self._items:
            self._items[code].set_count(count, tone)

    def set_compact(self, *, compact: bool, height: int) -> None:
        """Fit a window of that height: without names when compact, and lower items where there are many."""
        theme = current_theme()
        self._compact = compact
        self.setFixedWidth(theme.layout.rail_compact if compact else theme.size.rail)
        room = height - (0 if compact else theme.size.top_bar)
        item = min(theme.size.rail_item, max(theme.layout.rail_item_least, room // max(1, len(self._items))))
        self._sign.setVisible(not compact)
        for each in self._items.values():
            each.set_shape(compact=compact, height=item)

    def minimumSizeHint(self) -> QSize:
        """Any height will do: the items follow the window, not the window the items."""
        return QSize(0, 0)


class _Sign(QWidget):
    """The program's own sign at the head of the rail: a house in the accent."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setFixedHeight(current_theme().size.top_bar)

    def paintEvent(self, event: QPaintEvent) -> None:
        draw_sign(QPainter(self), self.width() / 2, self.height() / 2)


def draw_sign(painter: QPainter, middle_x: float, middle_y: float) -> None:
    """The program's sign, centred on a point."""
    theme = current_theme()
    side = theme.size.chip
    rect = QRectF(round(middle_x - side / 2), round(middle_y - side / 2), side, side)
    draw_ground(painter, rect, "accent", None)
    inset = (side - theme.size.icon) / 2
    draw_icon(painter, rect.left() + inset, rect.top() + inset, "house", "on_accent")


class RailItem(QAbstractButton):
    """A page in the rail."""

    def __init__(self, spec: PageSpec, key: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._icon = spec.icon
        self._count = 0
        self._tone: Tone = "neutral"
        self._compact = False
        self.setText(tr(spec.title))
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._key = key
        self._name()
        if key:
            shortcut = QShortcut(self)
            shortcut.setKeys(shortcuts_for(key))
            shortcut.activated.connect(self.click)

    def set_count(self, count: int, tone: Tone) -> None:
        """Show how much waits."""
        self._count, self._tone = count, tone
        self._name()
        self.update()

    def set_shape(self, *, compact: bool, height: int) -> None:
        """With or without the name."""
        self._compact = compact
        self.setFixedHeight(height)
        self._name()
        self.update()

    def _name(self) -> None:
        waits = tr("，{n} 件").format(n=self._count) if self._count else ""
        self.setAccessibleName(self.text() + waits)
        self.setAccessibleDescription(self._key)
        self.setToolTip(f"{self.text()}  {self._key}".strip() if self._compact else self._key)

    def nextCheckState(self) -> None:
        """The shell decides which page is in front, not the click."""

    def sizeHint(self) -> QSize:
        return QSize(current_theme().size.rail, current_theme().size.rail_item)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current_theme()
        painter = QPainter(self)
        on = self.isChecked()
        if on or self.underMouse():
            painter.fillRect(self.rect(), theme.color("surface" if on else "hover"))
        if on:
            painter.fillRect(QRectF(0, 0, theme.line.rail_marker, self.height()), theme.color("accent"))
        color = "accent" if on else "text2"
        size = theme.size.icon_rail
        named = not self._compact and self.height() >= theme.size.row_check
        top = (self.height() - size) / 2 if not named else theme.space.s
        draw_icon(painter, (self.width() - size) / 2, round(top), self._icon, color, size)
        if named:
            area = QRectF(0, top + size, self.width(), self.height() - top - size - 3)
            draw_text(painter, area, self.text(), color, "compact", strong=on, align="center")
        if self._count:
            self._draw_count(painter, (self.width() + size) / 2 - theme.space.xs + 1, top)

    def _draw_count(self, painter: QPainter, left: float, top: float) -> None:
        theme = current_theme()
        text = str(self._count) if self._count < 1000 else "999+"
        height = theme.size.icon
        width = max(height, text_width(text, "rail_count") + theme.space.s)
        rect = QRectF(min(left, self.width() - width - 2), max(0.0, top - theme.space.xs), width, height)
        draw_ground(painter, rect, "amber" if self._tone == "amber" else "text2", None, radius=height // 2)
        draw_text(painter, rect, text, "surface", "rail_count", align="center")
