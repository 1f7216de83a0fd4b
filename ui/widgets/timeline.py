"""Spells of a person's life as bars over the years, and the working days of a limit one by one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from nbcase.domain.words import tr
from ui.theme import current_theme
from ui.widgets.ink import draw_ground, draw_line, draw_text, text_width

SegmentTone = Literal["strong", "weak", "rest", "gap"]

_SEGMENT_COLORS: dict[SegmentTone, tuple[str, str | None, str]] = {
    "strong": ("accent", None, "on_accent"),
    "weak": ("accent_weak", None, "accent"),
    "rest": ("track", None, "text"),
    "gap": ("amber_weak", "amber_fill", "amber"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A spell from a day to the day before another; `payload` is what opening it means."""

    from_on: date
    to_on: date
    text: str
    tone: SegmentTone = "weak"
    payload: object = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineRow:
    """Spells of one kind."""

    label: str
    segments: tuple[Segment, ...]


class Timeline(QWidget):
    """Rows of spells on a common axis of years, with a line at today.

    Left and right go from spell to spell, up and down from row to row, Enter opens (`opened` with the payload).
    """

    opened = Signal(object)

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = name
        self._rows: tuple[TimelineRow, ...] = ()
        self._first = self._last = self._today = date.min
        self._here: tuple[int, int] | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(name)

    def show_rows(self, rows: Sequence[TimelineRow], *, first_on: date, last_on: date, today: date) -> None:
        """Show spells on an axis from `first_on` to `last_on`."""
        self._rows = tuple(rows)
        self._first, self._last, self._today = first_on, last_on, today
        self._here = None
        self.setAccessibleDescription(tr("；").join(_row_words(row) for row in rows))
        self.setFixedHeight(self.sizeHint().height())
        self.update()

    @property
    def _label_width(self) -> int:
        return current_theme().size.label_width - current_theme().space.xl

    @property
    def _pitch(self) -> int:
        return current_theme().size.chip

    @property
    def _head(self) -> int:
        return current_theme().space.xl - 2

    def sizeHint(self) -> QSize:
        theme = current_theme()
        return QSize(theme.size.form_column_max, self._head + len(self._rows) * self._pitch + theme.space.xl)

    def _place(self, day: date) -> float:
        whole = max(1, (self._last - self._first).days)
        share = (min(max(day, self._first), self._last) - self._first).days / whole
        return self._label_width + share * (self.width() - self._label_width - 1)

    def _rect(self, row: int, segment: Segment) -> QRectF:
        left, right = self._place(segment.from_on), self._place(segment.to_on)
        return QRectF(left, self._head + row * self._pitch, max(2.0, right - left - 2), current_theme().size.tag)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current_theme()
        painter = QPainter(self)
        bottom = self._head + len(self._rows) * self._pitch
        for year in range(self._first.year, self._last.year + 1):
            self._draw_year(painter, year, bottom)
        for place, row in enumerate(self._rows):
            label = QRectF(0, self._head + place * self._pitch, self._label_width - theme.space.s, theme.size.tag)
            draw_text(painter, label, row.label, "text2", "secondary")
            for order, segment in enumerate(row.segments):
                self._draw_segment(painter, place, segment, here=self._here == (place, order) and self.hasFocus())
        if self._first <= self._today <= self._last:
            self._draw_today(painter, bottom)

    def _draw_year(self, painter: QPainter, year: int, bottom: int) -> None:
        start = date(year, 1, 1)
        if start < self._first and year != self._first.year:
            return
        left = self._place(start)
        draw_line(painter, round(left), self._head - 2, round(left) + 1, bottom)
        text = QRectF(left + current_theme().space.xs, 0, self.width() - left, self._head - current_theme().space.xs)
        if text_width(str(year), "secondary") < text.width():
            draw_text(painter, text, str(year), "text2", "secondary")

    def _draw_segment(self, painter: QPainter, row: int, segment: Segment, *, here: bool) -> None:
        theme = current_theme()
        ground, border, color = _SEGMENT_COLORS[segment.tone]
        rect = self._rect(row, segment)
        draw_ground(painter, rect, ground, border, radius=theme.radius.bar)
        inner = rect.adjusted(theme.space.s - 2, 0, -2, 0)
        if inner.width() > theme.space.l:
            draw_text(painter, inner, segment.text, color, "secondary")
        if here:
            draw_ground(painter, rect.adjusted(-1, -1, 1, 1), None, "text", radius=theme.radius.bar, width=2)

    def _draw_today(self, painter: QPainter, bottom: int) -> None:
        theme = current_theme()
        left = round(self._place(self._today))
        draw_line(painter, left, self._head - theme.space.s, left + 1, bottom + theme.space.s, "text")
        words = tr("今日")
        width = text_width(words, "secondary")
        area = QRectF(left - width - theme.space.xs, bottom, width + 2, theme.space.l)
        draw_text(painter, area, words, "text", "secondary")

    def _move(self, rows: int, steps: int) -> None:
        filled = [place for place, row in enumerate(self._rows) if row.segments]
        if not filled:
            return
        row, order = self._here or (filled[0], -1 if steps > 0 else 0)
        if rows:
            row = filled[max(0, min(filled.index(row) + rows, len(filled) - 1))]
        order = max(0, min(order + steps, len(self._rows[row].segments) - 1))
        self._here = (row, order)
        segment = self._rows[row].segments[order]
        self.setAccessibleDescription(_segment_words(self._rows[row].label, segment))
        self.update()

    def _open_here(self) -> None:
        if self._here is not None:
            row, order = self._here
            self.opened.emit(self._rows[row].segments[order].payload)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        moves = {
            Qt.Key.Key_Left: (0, -1),
            Qt.Key.Key_Right: (0, 1),
            Qt.Key.Key_Up: (-1, 0),
            Qt.Key.Key_Down: (1, 0),
        }
        if event.key() in moves:
            self._move(*moves[Qt.Key(event.key())])
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._open_here()
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        for place, row in enumerate(self._rows):
            for order, segment in enumerate(row.segments):
                if self._rect(place, segment).contains(event.position()):
                    self._here = (place, order)
                    self._open_here()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()


def _segment_words(label: str, segment: Segment) -> str:
    return tr("{label} {text}，{first} 至 {last}").format(
        label=label, text=segment.text, first=segment.from_on.isoformat(), last=segment.to_on.isoformat()
    )


def _row_words(row: TimelineRow) -> str:
    return tr("，").join(_segment_words(row.label, segment) for segment in row.segments) or row.label


DayKind = Literal["outside", "off", "counted", "today", "ahead"]

_DAY_COLORS: dict[DayKind, tuple[str, str | None, str]] = {
    "outside": ("surface", "border_strong", "text2"),
    "off": ("hover", "border_strong", "text2"),
    "counted": ("accent_weak", None, "accent"),
    "today": ("amber_fill", None, "on_amber_fill"),
    "ahead": ("surface", "border_strong", "text2"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitDay:
    """One day of a limit: not counted (acceptance), off, counted already, today, or still ahead; `under` is 第 3, 受理 …"""

    on: date
    kind: DayKind
    under: str = ""


class WorkingDays(QWidget):
    """The days of a limit side by side, as many as there is room for: the last ones, with … before them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._days: tuple[LimitDay, ...] = ()
        theme = current_theme()
        self.setFixedHeight(2 * (theme.space.l + 2) + theme.size.chip)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(tr("工作日"))

    def show_days(self, days: Sequence[LimitDay]) -> None:
        """Show these days."""
        self._days = tuple(days)
        self.setAccessibleDescription(tr("，").join(f"{day.on.isoformat()} {day.under}".strip() for day in days))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current_theme()
        painter = QPainter(self)
        least = theme.size.row_table
        shown = self._days[-max(1, self.width() // least) :]
        if not shown:
            return
        step = min(self.width() / len(shown), theme.size.row_check)
        for place, day in enumerate(shown):
            self._draw_day(painter, place * step, step, day)

    def _draw_day(self, painter: QPainter, left: float, step: float, day: LimitDay) -> None:
        theme = current_theme()
        line = theme.space.l + 2
        today = day.kind == "today"
        name = tr("今") if today else weekday_sign(day.on)
        draw_text(painter, QRectF(left, 0, step, line), name, "text" if today else "text2", "secondary", strong=today, align="center")
        ground, border, color = _DAY_COLORS[day.kind]
        box = QRectF(left + 1, line, step - 2, theme.size.chip)
        draw_ground(painter, box, ground, border, radius=theme.radius.tag)
        draw_text(painter, box, str(day.on.day), color, "secondary", align="center")
        under = QRectF(left - 2, box.bottom(), step + 4, line)
        draw_text(painter, under, day.under, "text2", "secondary", align="center")


def weekday_sign(day: date) -> str:
    """The last character of the weekday: 一 to 日."""
    return (tr("一"), tr("二"), tr("三"), tr("四"), tr("五"), tr("六"), tr("日"))[day.weekday()]
