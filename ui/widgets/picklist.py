"""The list that opens under an input: completion, choices and search results share it."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from ui.theme import current_theme
from ui.widgets.icon import draw_icon
from ui.widgets.ink import draw_ground, draw_key_cap, draw_text, key_cap_width, text_width
from ui.widgets.rows import RowList
from ui.widgets.tag import KeyHint
from ui.widgets.text import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """One line of a list: what stands first, what explains it, what stands at the right, and what it means to the caller.

    `is_heading` makes it the title of a group, which the arrows pass over.
    """

    text: str
    under: str = ""
    right: str = ""
    icon: str = ""
    payload: object = None
    is_heading: bool = False


class SuggestionList(RowList[Suggestion]):
    """The rows of a pick list; the letters that were typed stand out in the accent."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(name, parent)
        self.typed = ""
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def describe(self, row: Suggestion) -> str:
        return " ".join(part for part in (row.text, row.under, row.right) if part)

    def row_height(self, row: Suggestion) -> int:
        size = current_theme().size
        return size.row_completion if row.under and not row.is_heading else size.row_list

    def selectable(self, row: Suggestion) -> bool:
        return not row.is_heading

    def draw_edge(self, painter: QPainter, rect: QRect) -> None:
        """No lines between suggestions."""

    def draw_row(self, painter: QPainter, rect: QRect, row: Suggestion, *, selected: bool) -> None:
        theme = current_theme()
        edge = theme.space.m
        if row.is_heading:
            draw_text(painter, rect.adjusted(edge, 2, -edge, 0), row.text, "text2", "secondary", strong=True)
            return
        left = rect.left() + edge
        if row.icon:
            top = rect.center().y() - theme.size.icon / 2 + 1
            draw_icon(painter, left, top, row.icon, "accent" if selected else "text2")
            left += theme.size.icon + theme.space.m
        right = self._draw_right(painter, rect, row, selected=selected)
        area = QRectF(left, rect.top(), right - left, rect.height())
        if row.under:
            half = (rect.height() - theme.space.xs) / 2
            draw_text(painter, QRectF(left, area.top() + half + 1, area.width(), half), row.under, "text2", "secondary")
            area = QRectF(left, area.top() + 3, area.width(), half)
        _draw_marked(painter, area, row.text, self.typed)

    def _draw_right(self, painter: QPainter, rect: QRect, row: Suggestion, *, selected: bool) -> float:
        """Draw what stands at the right; returns where the text has to end."""
        theme = current_theme()
        cap = key_cap_width("Enter")
        right = float(rect.right() - theme.space.m)
        if selected:
            draw_key_cap(painter, right - cap, rect.center().y() + 1, "Enter")
        right -= cap + theme.space.m
        if not row.right:
            return right
        width = text_width(row.right, "secondary")
        draw_text(painter, QRectF(right - width, rect.top(), width + 1, rect.height()), row.right, "text2", "secondary")
        return right - width - theme.space.s


def _draw_marked(painter: QPainter, area: QRectF, text: str, typed: str) -> None:
    """Draw a line with each typed word in bold accent."""
    theme = current_theme()
    left = area.left()
    for piece, marked in _pieces(text, typed.split()):
        if left >= area.right():
            return
        width = QFontMetrics(theme.font(strong=marked)).horizontalAdvance(piece)
        color = "accent" if marked else "text"
        draw_text(painter, QRectF(left, area.top(), area.right() - left, area.height()), piece, color, strong=marked)
        left += width


def _pieces(text: str, words: list[str]) -> list[tuple[str, bool]]:
    """Cut a text where the typed words stand in it: (piece, typed or not)."""
    marks = [False] * len(text)
    folded = text.casefold()
    for word in words:
        start = folded.find(word.casefold())
        if start >= 0 and len(folded) == len(text):
            marks[start : start + len(word)] = [True] * len(word)
    pieces: list[tuple[str, bool]] = []
    for sign, mark in zip(text, marks, strict=True):
        if pieces and pieces[-1][1] == mark:
            pieces[-1] = (pieces[-1][0] + sign, mark)
        else:
            pieces.append((sign, mark))
    return pieces


class PickList(QWidget):
    """The list itself, laid over the window under its input, which keeps the focus and sends the keys on."""

    picked = Signal(object)

    def __init__(self, anchor: QWidget, name: str, *, least_width: int = 0) -> None:
        super().__init__(anchor.window())
        self._anchor = anchor
        self._least_width = least_width
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list = SuggestionList(name, self)
        self.list.clicked.connect(lambda: self.pick())
        column = QVBoxLayout(self)
        column.setContentsMargins(1, 1, 1, 1)
        column.setSpacing(0)
        column.addWidget(self.list)
        self._foot = QWidget()
        column.addWidget(self._foot)
        self._foot_row = QHBoxLayout(self._foot)
        theme = current_theme()
        self._foot_row.setContentsMargins(theme.space.m, 0, theme.space.m, 0)
        self._foot_row.setSpacing(theme.space.l)
        self._foot.setFixedHeight(theme.size.input + 2)
        self._note = Text("", "meta")
        self._foot_row.addWidget(self._note, 1)
        self._foot.hide()
        self.hide()

    def set_hints(self, hints: Sequence[tuple[str, str]]) -> None:
        """Show keys and what they do in the foot of the list."""
        for key, text in hints:
            self._foot_row.addWidget(KeyHint(key, text))
        self._foot.setVisible(True)

    def show_suggestions(self, rows: Sequence[Suggestion], *, typed: str = "", note: str = "", select: int | None = None) -> None:
        """Show the rows and select the first that can be picked, or the one at `select`."""
        self.list.typed = typed
        self._note.setText(note)
        self.list.show_rows(rows)
        if not rows and not note:
            self.hide()
            return
        if select is None:
            self.list.step(1)
        else:
            self.list.select(select)
        self._place()
        self.show()
        self.raise_()

    def pick(self) -> bool:
        """Take the selected row; False when there is none."""
        row = self.list.current()
        if row is None or not self.isVisible():
            return False
        self.hide()
        self.picked.emit(row)
        return True

    def handle_key(self, key: int) -> bool:
        """A key of the input: arrows move, Enter picks, Esc closes. True when the list used it."""
        if not self.isVisible():
            return False
        if key in _STEPS:
            self.list.step(_STEPS[key])
            return True
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            return self.pick()
        if key == Qt.Key.Key_Escape:
            self.hide()
            return True
        return False

    def _place(self) -> None:
        """Under the anchor and as wide, or as wide as was asked for; above it where the window ends."""
        window = self._anchor.window()
        if self.parentWidget() is not window:
            self.setParent(window)
        theme = current_theme()
        most = theme.size.pick_list_rows * theme.size.row_completion
        foot = self._foot.height() if self._foot.isVisibleTo(self) else 0
        height = min(self.list.rows_height(), most) + foot + 2
        top_left = self._anchor.mapTo(window, QPoint(0, self._anchor.height() + theme.space.xs))
        below = window.height() - top_left.y() - theme.space.xs
        if height > below:
            above = self._anchor.mapTo(window, QPoint(0, 0)).y() - theme.space.xs
            if above > below:
                height = min(height, above)
                top_left.setY(above - height)
            else:
                height = below
        width = max(self._anchor.width(), self._least_width)
        left = max(0, min(top_left.x(), window.width() - width))
        self.setGeometry(left, top_left.y(), width, height)

    def watch(self, owner: QObject) -> None:
        """Close when this widget goes or hides."""
        owner.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Hide, QEvent.Type.FocusOut):
            self.hide()
        return False

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        draw_ground(painter, self.rect(), "surface", "border_strong")
        if self._foot.isVisible():
            foot = self._foot.geometry()
            painter.fillRect(foot, current_theme().color("sunken"))
            painter.fillRect(QRect(foot.left(), foot.top(), foot.width(), 1), current_theme().color("border"))


_STEPS: dict[int, int] = {
    Qt.Key.Key_Down: 1,
    Qt.Key.Key_Up: -1,
    Qt.Key.Key_PageDown: 5,
    Qt.Key.Key_PageUp: -5,
}
