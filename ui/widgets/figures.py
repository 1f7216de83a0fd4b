"""Figures of the day in a strip, and bars by the hour."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QSizePolicy, QWidget

from ui.theme import current_theme
from ui.widgets.ink import Tone, draw_line, draw_text, text_width, tone_color


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A number, what it counts and what it means; `key` names the list behind it, which a click opens."""

    key: str
    label: str
    value: str
    note: str = ""
    tone: Tone = "neutral"


class FigureStrip(QWidget):
    """Figures side by side in equal parts, each opening the list behind it."""

    opened = Signal(str)

    def __init__(self, figures: Sequence[Figure] = (), parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(0)
        self.setFixedHeight(current_theme().size.figure_strip)
        self._items: list[_FigureItem] = []
        self.show_figures(figures)

    def show_figures(self, figures: Sequence[Figure]) -> None:
        """Show these; the items stay, so that the focus stays where it is."""
        while len(self._items) > len(figures):
            gone = self._items.pop()
            gone.hide()
            gone.setParent(None)
            gone.deleteLater()
        while len(self._items) < len(figures):
            item = _FigureItem(self, first=not self._items)
            item.opened.connect(self.opened)
            self._row.addWidget(item, 1)
            self._items.append(item)
        for item, figure in zip(self._items, figures, strict=True):
            item.show_figure(figure)

    def paintEvent(self, event: QPaintEvent) -> None:
        draw_line(QPainter(self), 0, self.height() - 1, self.width(), self.height())


class _FigureItem(QAbstractButton):
    opened = Signal(str)

    def __init__(self, parent: QWidget, *, first: bool) -> None:
        super().__init__(parent)
        self._first = first
        self._figure = Figure(key="", label="", value="")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.clicked.connect(lambda: self.opened.emit(self._figure.key))

    def show_figure(self, figure: Figure) -> None:
        self._figure = figure
        self.setAccessibleName(" ".join(part for part in (figure.label, figure.value, figure.note) if part))
        self.setToolTip(figure.note)
        self.update()

    def sizeHint(self) -> QSize:
        theme = current_theme()
        wide = text_width(self._figure.value, "figure_small", strong=True) + 2 * theme.space.l
        return QSize(max(wide, theme.size.label_width), theme.size.figure_strip)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current_theme()
        painter = QPainter(self)
        if not self._first:
            draw_line(painter, 0, theme.space.m, 1, self.height() - theme.space.m)
        if self.underMouse():
            painter.fillRect(self.rect().adjusted(1, 0, 0, -1), theme.color("hover"))
        left = theme.space.l
        room = self.width() - left - theme.space.xs
        label = QRectF(left, theme.space.m - 1, room, theme.space.l)
        draw_text(painter, label, self._figure.label, "text2", "secondary")
        line = QRectF(left, label.bottom() + 1, room, theme.space.xl + theme.space.s - 2)
        color = tone_color(self._figure.tone)
        width = draw_text(painter, line, self._figure.value, color, "figure_small", strong=True)
        note = line.adjusted(width + theme.space.s, 3, 0, 3)
        if text_width(self._figure.note, "secondary") <= note.width():
            draw_text(painter, note, self._figure.note, "text2", "secondary")


class HourBars(QWidget):
    """Counts by the hour; the hour that runs is in the accent."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = name
        self._bars: tuple[tuple[str, int], ...] = ()
        self._current = ""
        theme = current_theme()
        self.setMinimumHeight(theme.size.label_width + theme.space.l)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_bars(self, bars: Sequence[tuple[str, int]], *, current: str = "") -> None:
        """Show (label, count) pairs; `current` is the label of the hour that runs."""
        self._bars = tuple(bars)
        self._current = current
        self.setAccessibleName(self._name)
        self.setAccessibleDescription("，".join(f"{label}：{count}" for label, count in bars))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current_theme()
        painter = QPainter(self)
        foot, head = theme.space.xl, theme.space.l + theme.space.xs
        bottom = self.height() - foot
        draw_line(painter, 0, bottom, self.width(), bottom + 1, "border_strong")
        if not self._bars:
            return
        most = max(1, *(count for _, count in self._bars))
        step = min(self.width() / len(self._bars), theme.size.rail - theme.space.l - 2)
        bar = step * 0.56
        for place, (label, count) in enumerate(self._bars):
            left = theme.space.s + place * step
            height = round((bottom - head) * count / most)
            now = label == self._current
            painter.fillRect(QRectF(left, bottom - height, bar, height), theme.color("accent" if now else "bar"))
            above = QRectF(left - step / 4, bottom - height - head, bar + step / 2, head)
            draw_text(painter, above, str(count), "text", "secondary", align="center")
            under = QRectF(left - step / 4, bottom + 2, bar + step / 2, foot - 2)
            draw_text(painter, under, label, "text2", "secondary", align="center")
