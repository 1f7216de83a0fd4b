"""What an act changed as a painted list: field, before, after, and the centre's value where both sides changed it."""

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QFontMetrics, QPainter
from PySide6.QtWidgets import QWidget

from nbcase.domain.words import tr
from ui.pages.sync.changewords import ChangeLine
from ui.theme import current_theme
from ui.widgets.ink import draw_tag, draw_text, tag_width
from ui.widgets.rows import RowList

_WRAP = Qt.TextFlag.TextWordWrap | Qt.TextFlag.TextWrapAnywhere


class ChangeList(RowList[ChangeLine]):
    """Values wrap: what was typed must be read in full before anybody decides."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(name, parent, fits=True, selects=False)

    def describe(self, row: ChangeLine) -> str:
        if row.is_heading:
            return row.record
        words = tr("{field}：原值 {before}，本窗 {after}").format(field=row.field, before=row.before, after=row.after)
        return words + tr("，中心 {theirs}，两边都改").format(theirs=row.theirs) if row.has_collided else words

    def edges(self, width: float) -> tuple[float, float, float, float]:
        """Left edges of before, after and theirs, and where the last one ends."""
        theme = current_theme()
        left = float(theme.space.l + theme.size.label_width + theme.space.s)
        tag = tag_width(tr("两边都改")) + theme.space.m
        has_theirs = any(row.has_collided for row in self.rows)
        right = width - theme.space.l - (tag if has_theirs else 0)
        step = (right - left) / (3 if has_theirs else 2)
        return left, left + step, left + 2 * step, right

    def _value_height(self, text: str, width: float) -> int:
        box = QFontMetrics(current_theme().font("compact")).boundingRect(QRect(0, 0, int(width), 1 << 14), _WRAP, text)
        return box.height()

    def row_height(self, row: ChangeLine) -> int:
        theme = current_theme()
        if row.is_heading:
            return theme.size.row_list
        before, after, *_ = self.edges(self.viewport().width())
        room = after - before - theme.space.m
        values = (row.before, row.after, row.theirs)
        tallest = max(self._value_height(value, room) for value in values if value)
        return max(theme.size.row_table_compact, tallest + 2 * theme.space.s)

    def draw_row(self, painter: QPainter, rect: QRect, row: ChangeLine, *, selected: bool) -> None:
        theme = current_theme()
        if row.is_heading:
            painter.fillRect(rect, theme.color("sunken"))
            draw_text(painter, QRectF(rect).adjusted(theme.space.l, 0, 0, -1), row.record, "text2", "secondary", strong=True)
            return
        before, after, theirs, right = self.edges(rect.width())
        name = QRectF(theme.space.l, rect.top(), theme.size.label_width, rect.height() - 1)
        draw_text(painter, name, row.field, "text2", "compact")
        self._draw_value(painter, rect, before, after, row.before, "text2")
        self._draw_value(painter, rect, after, theirs, row.after, "text")
        if row.has_collided:
            self._draw_value(painter, rect, theirs, right, row.theirs, "text")
            draw_tag(painter, right + theme.space.m, rect.center().y(), tr("两边都改"), "red")

    def _draw_value(self, painter: QPainter, rect: QRect, left: float, end: float, text: str, color: str) -> None:
        theme = current_theme()
        painter.setFont(theme.font("compact"))
        painter.setPen(theme.color(color))
        area = QRectF(left, rect.top(), end - left - theme.space.m, rect.height() - 1)
        painter.drawText(area, int(_WRAP | Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), text)


class ChangeHead(QWidget):
    """The names of the columns, in line with the list below."""

    def __init__(self, changes: ChangeList) -> None:
        super().__init__()
        self._list = changes
        self.setFixedHeight(current_theme().size.table_head)

    def paintEvent(self, event: object) -> None:
        theme = current_theme()
        painter = QPainter(self)
        before, after, theirs, _ = self._list.edges(self._list.viewport().width())
        has_theirs = any(row.has_collided for row in self._list.rows)
        names = [(float(theme.space.l), tr("字段")), (before, tr("原值")), (after, tr("本窗") if has_theirs else tr("改为"))]
        if has_theirs:
            names.append((theirs, tr("中心，记录现在的值")))
        for left, name in names:
            draw_text(painter, QRectF(left, 0, self.width() - left, self.height()), name, "text2", "secondary")
