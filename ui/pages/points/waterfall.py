"""The waterfall: each line's bar begins where the one before it ended, with what is left up to its cap."""

from collections.abc import Sequence

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from nbcase.domain.words import tr
from nbcase.operations.points import PointsView
from ui.pages.points.presenter import FallRow, difference_words, points_words
from ui.theme import current_theme
from ui.widgets.ink import draw_line, draw_text, text_width
from ui.widgets.rows import RowList

_POINTS_WIDTH, _CAP_WIDTH = 64, 48
_NAME_SHARE, _NAME_MOST = 0.44, 260
_BAR = 12


class Waterfall(RowList[FallRow]):
    """The lines of a sheet as rows; the arrows go from line to line and pass over the sums."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._scale = 100

    def show_sheet(self, rows: Sequence[FallRow]) -> None:
        """Show these rows; the bars' scale ends at the next twenty points above the longest reach."""
        reach = max((row.start + row.length + row.room for row in rows), default=0)
        self._scale = max(-(-reach // 2_000) * 2_000, 4_000)
        self.show_rows(rows)

    def choose(self, code: str) -> None:
        """Select the line of an indicator."""
        for place, row in enumerate(self.rows):
            if row.line is not None and row.line.line.indicator.code == code:
                self.select(place)
                return

    def selectable(self, row: FallRow) -> bool:
        return row.line is not None

    def row_height(self, row: FallRow) -> int:
        return current_theme().size.row_waterfall

    def describe(self, row: FallRow) -> str:
        return tr("，").join(part for part in (row.title, row.fact, tr("{n} 分").format(n=row.points), row.note) if part)

    def draw_row(self, painter: QPainter, rect: QRect, row: FallRow, *, selected: bool) -> None:
        theme = current_theme()
        if row.kind == "block":
            painter.fillRect(rect, theme.color("sunken"))
        self._draw_words(painter, rect, row)
        bars = bar_area(rect)
        if bars.width() < theme.size.label_width:
            return
        if row.note:
            begins = bars.left() + round(bars.width() * (row.start / self._scale)) + theme.space.s
            left = max(min(begins, bars.right() - text_width(row.note, "secondary") - 1), bars.left())
            note = QRectF(left, rect.top(), bars.right() - left + 1, rect.height())
            draw_text(painter, note, row.note, row.note_tone, "secondary")
        else:
            self._draw_bar(painter, bars, row, selected=selected)

    def _draw_words(self, painter: QPainter, rect: QRect, row: FallRow) -> None:
        theme = current_theme()
        strong, color = row.kind in ("block", "total"), "text3" if row.kind == "unconfigured" else "text"
        name = name_area(rect)
        if not strong:
            name.setLeft(name.left() + theme.space.m)
        used = draw_text(painter, name, row.title, color, "compact", strong=strong)
        name.setLeft(name.left() + used + theme.space.s)
        if row.fact and name.width() > theme.space.xl:
            draw_text(painter, name, row.fact, "text2", "secondary")
        points, cap = number_areas(rect)
        draw_text(painter, points, row.points, color, "compact", strong=strong, align="right")
        draw_text(painter, cap, row.cap, "text2", "secondary", align="right")

    def _draw_bar(self, painter: QPainter, area: QRect, row: FallRow, *, selected: bool) -> None:
        theme = current_theme()
        each = area.width() / self._scale
        top = area.top() + (area.height() - _BAR) // 2
        left = area.left() + row.start * each
        if row.room:
            painter.fillRect(QRectF(left + row.length * each, top, row.room * each, _BAR), theme.color("track"))
        painter.fillRect(QRectF(left, top, row.length * each, _BAR), theme.color("accent" if selected else "bar"))
        if row.kind == "line" and row.length:
            end = round(left + row.length * each)
            draw_line(painter, end - 1, top, end, area.bottom() + 1, "text3")
        if row.difference:
            words = difference_words(row.difference)
            beside = left + (row.length + row.room) * each + theme.space.s
            width = text_width(words, "secondary")
            if beside + width > area.right():
                beside = max(left - theme.space.s - width, area.left())
            draw_text(painter, QRectF(beside, area.top(), width + 1, area.height()), words, "text2", "secondary")


class FallHead(QWidget):
    """The head of the waterfall: names of the columns."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedHeight(current_theme().size.row_list)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, rect = QPainter(self), self.rect()
        draw_text(painter, name_area(rect), tr("指标"), "text2", "secondary")
        points, cap = number_areas(rect)
        draw_text(painter, points, tr("得分"), "text2", "secondary", align="right")
        draw_text(painter, cap, tr("上限"), "text2", "secondary", align="right")
        bars = bar_area(rect)
        if bars.width() >= current_theme().size.label_width:
            draw_text(painter, bars, tr("得分自前一项累计，浅色为距上限"), "text3", "secondary")
        draw_line(painter, 0, rect.height() - 1, rect.width(), rect.height(), "border_strong")


def name_area(rect: QRect) -> QRectF:
    """Where a row's name stands."""
    theme = current_theme()
    numbers = _POINTS_WIDTH + _CAP_WIDTH + theme.space.l
    bare = rect.width() - numbers - theme.space.l
    width = min(round(rect.width() * _NAME_SHARE), _NAME_MOST) if bare - _NAME_MOST > theme.size.label_width else bare
    return QRectF(rect.left() + theme.space.l, rect.top(), width - theme.space.s, rect.height() - 1)


def number_areas(rect: QRect) -> tuple[QRectF, QRectF]:
    """Where points and cap stand."""
    left = name_area(rect).right()
    points = QRectF(left, rect.top(), _POINTS_WIDTH, rect.height() - 1)
    return points, QRectF(points.right(), rect.top(), _CAP_WIDTH, rect.height() - 1)


def bar_area(rect: QRect) -> QRect:
    """Where the bars stand; empty in a narrow window."""
    theme = current_theme()
    left = round(number_areas(rect)[1].right()) + theme.space.l
    return QRect(left, rect.top(), max(rect.right() - theme.space.l - left, 0), rect.height())


class TotalBar(QWidget):
    """All blocks in one bar of 300 points: what is reached, what could be, and hatched what nobody published."""

    def __init__(self) -> None:
        super().__init__()
        self._view: PointsView | None = None
        self.setFixedHeight(_BAR)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_points(self, view: PointsView) -> None:
        """Show a sheet."""
        self._view = view
        self.setAccessibleName(tr("合计 {n} 分").format(n=points_words(view.sheet.total if view.sheet else 0)))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(current_theme().size.label_width, _BAR)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._view is None or self._view.sheet is None:
            return
        painter, theme, left = QPainter(self), current_theme(), 0.0
        each = self.width() / max(self._view.catalogue.most, 1)
        for block in self._view.sheet.blocks:
            whole = self._view.catalogue.blocks[block.code].cap
            if whole is None:
                continue
            configured = sum(
                line.line.version.cap or 0
                for line in self._view.lines
                if line.line.indicator.block == block.code and line.line.is_configured
            )
            painter.fillRect(QRectF(left, 0, min(configured, whole) * each, _BAR), theme.color("track"))
            rest = QRectF(left + min(configured, whole) * each, 0, max(whole - configured, 0) * each, _BAR)
            painter.fillRect(rest, QBrush(theme.color("hatch"), Qt.BrushStyle.BDiagPattern))
            painter.fillRect(QRectF(left, 0, max(block.points, 0) * each, _BAR), theme.color("accent"))
            left += whole * each
            draw_line(painter, round(left) - 1, 0, round(left), _BAR, "border_strong")
