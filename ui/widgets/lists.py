"""The lists that pages share: what the program checked, what happened, and plain lines of several parts."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Literal

from PySide6.QtCore import QRect, QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import QWidget

from nbcase.domain.words import tr
from ui.theme import current_theme
from ui.widgets.icon import draw_icon
from ui.widgets.ink import Tone, draw_ground, draw_key_cap, draw_line, draw_tag, draw_text, key_cap_width, tag_width, text_width, tone_color
from ui.widgets.limitbar import LimitFigure, draw_limit_bar
from ui.widgets.rows import RowList

CheckState = Literal["passed", "look", "not_checked", "failed"]

_CHECK_LOOKS: dict[CheckState, tuple[str, str]] = {
    "failed": ("circle-x", "red"),
    "look": ("triangle-alert", "amber"),
    "not_checked": ("circle-question-mark", "text2"),
    "passed": ("circle-check", "green"),
}
_CHECK_ORDER = tuple(_CHECK_LOOKS)


_MOST_LINES = 3


def _finding_line() -> int:
    return current_theme().tokens.font.size_secondary + 4


def check_words(state: CheckState) -> str:
    """The state of a check in the clerk's words."""
    words = {"failed": tr("未通过"), "look": tr("请人看"), "not_checked": tr("离线未核"), "passed": tr("通过")}
    return words[state]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRow:
    """A check that the program made: what was compared, what was found, and its honest state."""

    title: str
    finding: str
    state: CheckState
    payload: object = None


class CheckList(RowList[CheckRow]):
    """Checks with the ones that need a person on top; Y or a click on 一致 agrees with the selected one (`agreed`)."""

    agreed = Signal(object)

    def show_checks(self, rows: "tuple[CheckRow, ...] | list[CheckRow]") -> None:
        """Show the checks: failed first, then what a person has to look at, then the rest in their order."""
        self.show_rows(sorted(rows, key=lambda row: _CHECK_ORDER.index(row.state)))

    def describe(self, row: CheckRow) -> str:
        return f"{check_words(row.state)}：{row.title}，{row.finding}"

    def row_height(self, row: CheckRow) -> int:
        """A finding that is too long for a line takes more of them: why a check failed must be read in full."""
        theme = current_theme()
        beside = theme.size.icon + theme.space.xl + theme.space.s + theme.space.l
        room = self.viewport().width() - beside - text_width(check_words(row.state), "secondary")
        lines = -(-text_width(row.finding, "secondary") // max(room - theme.space.l, theme.size.label_width))
        return theme.size.row_check + (min(max(lines, 1), _MOST_LINES) - 1) * _finding_line()

    def draw_row(self, painter: QPainter, rect: QRect, row: CheckRow, *, selected: bool) -> None:
        theme = current_theme()
        icon, color = _CHECK_LOOKS[row.state]
        draw_icon(painter, rect.left() + theme.space.s, rect.center().y() - theme.size.icon / 2, icon, color)
        words = check_words(row.state)
        right = rect.right() - theme.space.s
        width = text_width(words, "secondary")
        draw_text(painter, QRectF(right - width, rect.top(), width + 1, rect.height() - 1), words, color, "secondary")
        if selected and row.state == "look":
            button = self._agree_rect(rect)
            _draw_agree(painter, button)
            width = right - round(button.left())
        left = rect.left() + theme.size.icon + theme.space.xl - 2
        area = QRectF(left, rect.top(), right - width - theme.space.l - left, rect.height())
        if rect.height() <= theme.size.row_check:
            draw_two_lines(painter, area, row.title, row.finding)
            return
        upper = theme.tokens.font.size_body + 5
        draw_text(painter, QRectF(left, rect.top() + theme.space.xs, area.width(), upper), row.title, size="compact")
        under = QRectF(left, rect.top() + theme.space.xs + upper, area.width(), rect.height() - upper - theme.space.s)
        painter.setFont(theme.font("secondary"))
        painter.setPen(theme.color("text2"))
        painter.drawText(under, Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, row.finding)

    def _agree_rect(self, rect: QRect) -> QRectF:
        """Where the selected row that waits for a look has its button."""
        theme = current_theme()
        right = rect.right() - theme.space.s - text_width(check_words("look"), "secondary") - theme.space.xl
        width = text_width(tr("一致"), "compact") + key_cap_width("Y") + 3 * theme.space.s
        height = theme.size.button_small
        return QRectF(right - width, rect.top() + (rect.height() - height) // 2, width, height)

    def agree(self) -> None:
        """Say that the selected check is in order, if it waits for a look."""
        row = self.current()
        if row is not None and row.state == "look":
            self.agreed.emit(row)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Y and not event.modifiers():
            self.agree()
            return
        super().keyPressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        rect = self.visualRect(self.currentIndex())
        if rect.isValid() and self._agree_rect(rect).contains(event.position()):
            self.agree()


def _draw_agree(painter: QPainter, rect: QRectF) -> None:
    theme = current_theme()
    draw_ground(painter, rect, "surface", "input_border")
    draw_text(painter, rect.adjusted(theme.space.s, 0, 0, 0), tr("一致"), size="compact")
    cap = key_cap_width("Y")
    draw_key_cap(painter, rect.right() - cap - theme.space.s, rect.center().y(), "Y")


def draw_two_lines(painter: QPainter, area: QRectF, text: str, under: str, *, strong: bool = False) -> None:
    """A line of body text and a secondary one under it, centred together; one line alone stands in the middle."""
    if not under:
        draw_text(painter, area, text, strong=strong)
        return
    theme = current_theme()
    upper, lower = theme.tokens.font.size_body + 5, theme.tokens.font.size_secondary + 4
    top = area.top() + (area.height() - upper - lower) / 2
    draw_text(painter, QRectF(area.left(), top, area.width(), upper), text, size="compact", strong=strong)
    draw_text(painter, QRectF(area.left(), top + upper, area.width(), lower), under, "text2", "secondary")


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """Something that happened: when, what, by whom; one still awaited is `open`."""

    at: str
    title: str
    under: str = ""
    open: bool = False
    payload: object = None


class EventList(RowList[EventRow]):
    """What happened to a case, oldest first, joined by a line."""

    def describe(self, row: EventRow) -> str:
        return " ".join(part for part in (row.at, row.title, row.under) if part)

    def row_height(self, row: EventRow) -> int:
        return current_theme().size.row_check

    def draw_edge(self, painter: QPainter, rect: QRect) -> None:
        """No lines between events; the joining line is in the rows."""

    def draw_row(self, painter: QPainter, rect: QRect, row: EventRow, *, selected: bool) -> None:
        theme = current_theme()
        dot = theme.size.dot
        top = rect.top() + theme.space.m
        last = self.rows.index(row) == len(self.rows) - 1
        if not last:
            draw_line(painter, rect.left() + dot / 2, top + dot + 4, rect.left() + dot / 2 + 1, rect.bottom() + 6, "border_strong")
        draw_dot(painter, rect.left(), top + dot / 2, "text2" if row.open else "green_fill")
        left = rect.left() + dot + theme.space.s + 2
        width = text_width(row.at, "secondary")
        when = QRectF(rect.right() - width, rect.top() + 4, width + 1, theme.space.xl)
        draw_text(painter, when, row.at, "text2", "secondary")
        area = QRectF(left, rect.top(), when.left() - left - theme.space.s, rect.height())
        draw_two_lines(painter, area, row.title, row.under)


def draw_dot(painter: QPainter, left: float, middle: float, color: str) -> None:
    """The round sign of a state."""
    theme = current_theme()
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(theme.color(color))
    painter.setBrush(theme.color(color))
    side = theme.size.dot - 1
    painter.drawEllipse(QRectF(left + 0.5, middle - side / 2, side, side))
    painter.restore()


@dataclass(frozen=True, slots=True, kw_only=True)
class LineRow:
    """A line of a list: a leading sign or number, a title, what explains it, and what stands at the right.

    `limit` draws a limit bar before the right text; `tag` a tag in place of a mere text; `under` makes it two lines.
    """

    title: str
    lead: str = ""
    icon: str = ""
    icon_color: str = "text2"
    name: str = ""
    note: str = ""
    under: str = ""
    right: str = ""
    right_tone: Tone = "neutral"
    tag: str = ""
    tag_tone: Tone = "neutral"
    limit: LimitFigure | None = None
    payload: object = None


class LineList(RowList[LineRow]):
    """Lines such as my cases, the queue, drafts, or what happened by date.

    `lead_width`, `title_width` and `name_width` in logical pixels keep the parts of all lines in columns; 0 lets them flow. Longer
    titles with something beside them get more, up to three fifths of the line.
    """

    def __init__(
        self,
        name: str,
        parent: QWidget | None = None,
        *,
        fits: bool = False,
        selects: bool = True,
        lead_width: int = 0,
        title_width: int = 0,
        name_width: int = 0,
        padding: int | None = None,
        height: int | None = None,
    ) -> None:
        super().__init__(name, parent, fits=fits, selects=selects)
        theme = current_theme()
        self._widths = (lead_width, title_width, name_width)
        self._longest_title = 0
        self._padding = theme.space.l if padding is None else padding
        self._height = height or theme.size.row_table

    def show_rows(self, rows: Sequence[LineRow]) -> None:
        beside = (row.title for row in rows if row.name or row.note)
        self._longest_title = max((ceil(text_width(title, "body")) for title in beside), default=0)
        super().show_rows(rows)

    def describe(self, row: LineRow) -> str:
        limit = row.limit.describe() if row.limit else ""
        parts = (row.lead, row.title, row.name, row.note, row.under, limit, row.tag, row.right)
        return " ".join(part for part in parts if part)

    def row_height(self, row: LineRow) -> int:
        return max(self._height, current_theme().size.row_event) if row.under else self._height

    def draw_row(self, painter: QPainter, rect: QRect, row: LineRow, *, selected: bool) -> None:
        theme = current_theme()
        area = QRectF(rect).adjusted(self._padding, 0, -self._padding, -1)
        area.setRight(self._draw_right(painter, area, row))
        lead_width, title_width, name_width = self._widths
        if title_width:
            title_width = max(title_width, min(self._longest_title + theme.space.l, round(area.width() * 3 / 5)))
        if row.icon:
            draw_icon(painter, area.left(), round(area.center().y() - theme.size.icon / 2), row.icon, row.icon_color)
            area.setLeft(area.left() + theme.size.icon + theme.space.s)
        if row.lead:
            lead = QRectF(area.left(), area.top(), lead_width or area.width(), area.height())
            quiet = bool(row.under)
            size, color = ("secondary", "text2") if quiet else ("compact", "text")
            width = draw_text(painter, lead, row.lead, color, size, strong=not quiet)
            area.setLeft(area.left() + (lead_width or width + theme.space.m))
        if row.under:
            draw_two_lines(painter, area, row.title, row.under)
            return
        for text, wide, color, size in (
            (row.title, title_width, "text", "body"),
            (row.name, name_width, "text", "body"),
            (row.note, 0, "text2", "secondary"),
        ):
            if not text or area.width() <= theme.space.l:
                continue
            part = QRectF(area.left(), area.top(), min(wide - theme.space.s, area.width()) if wide else area.width(), area.height())
            width = draw_text(painter, part, text, color, size)
            area.setLeft(area.left() + (wide or width + theme.space.m))

    def _draw_right(self, painter: QPainter, area: QRectF, row: LineRow) -> float:
        """Draw from the right edge: text or tag, then the limit bar; returns where the rest has to end."""
        theme = current_theme()
        right = area.right()
        if row.tag:
            width = tag_width(row.tag)
            draw_tag(painter, right - width, area.center().y(), row.tag, row.tag_tone)
            right -= width + theme.space.m
        if row.right:
            strong = row.right_tone != "neutral"
            width = max(text_width(row.right, "secondary", strong=strong), theme.size.rail - theme.space.l if row.limit else 0)
            color = "text2" if not strong and row.limit is None else tone_color(row.right_tone)
            part = QRectF(right - width - 1, area.top(), width + 1, area.height())
            draw_text(painter, part, row.right, color, "secondary", strong=strong, align="right")
            right -= width + theme.space.m
        if row.limit is not None and area.width() > theme.size.form_column_max:
            right -= theme.size.limit_bar[0]
            draw_limit_bar(painter, right, area.center().y(), row.limit)
            right -= theme.space.l
        return right
