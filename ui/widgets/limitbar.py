"""The time limit of a case as a bar: the track is the legal limit, the tick the promised one, the fill what is used."""

from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from nbcase.domain.words import tr
from ui.theme import current_theme
from ui.widgets.ink import Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitFigure:
    """Working days of a case: used, promised and legal; `done` when nothing runs any more."""

    used: int
    promised: int
    legal: int
    done: bool = False

    @property
    def left(self) -> int:
        """Working days left to the promised limit; negative when it is passed."""
        return self.promised - self.used

    def tone(self) -> Tone:
        """The state by the token file's bounds."""
        bounds = current_theme().tokens.limit
        if self.done:
            return "neutral"
        if self.left < bounds.red_below_days_left:
            return "red"
        return "amber" if self.left <= bounds.amber_at_days_left else "neutral"

    def words(self) -> str:
        """The state in words: 剩 1 日, 超 2 日, 今日到期, or 用 3 日 when done."""
        if self.done:
            return tr("用 {n} 日").format(n=self.used) if self.used else tr("当日")
        if self.left < 0:
            return tr("超 {n} 日").format(n=-self.left)
        return tr("剩 {n} 日").format(n=self.left) if self.left else tr("今日到期")

    def describe(self) -> str:
        """All of it in words, for screen readers."""
        text = tr("{state}，承诺 {promised} 个工作日，法定 {legal} 个工作日")
        return text.format(state=self.words(), promised=self.promised, legal=self.legal)


_FILLS = {"red": "red", "amber": "amber_fill"}


def draw_limit_bar(painter: QPainter, left: float, middle: float, figure: LimitFigure) -> None:
    """Draw the bar with its left end at a point, centred on a line."""
    theme = current_theme()
    width, height = theme.size.limit_bar
    top = round(middle - height / 2)
    painter.fillRect(QRectF(left, top, width, height), theme.color("track"))
    whole = max(figure.legal, figure.promised, 1)
    used = min(figure.used, whole) / whole * width
    painter.fillRect(QRectF(left, top, used, height), theme.color(_FILLS.get(figure.tone(), "bar")))
    tick_height, tick_width = height + 2 * theme.space.xs, theme.line.hairline * 1.5
    tick = left + figure.promised / whole * width
    tick_left = min(max(left, tick - tick_width / 2), left + width - tick_width)
    painter.fillRect(QRectF(tick_left, round(middle - tick_height / 2), tick_width, tick_height), theme.color("text"))


class LimitBar(QWidget):
    """The bar as a widget of its own."""

    def __init__(self, figure: LimitFigure, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.show_figure(figure)

    def show_figure(self, figure: LimitFigure) -> None:
        """Show another case's limit."""
        self._figure = figure
        self.setAccessibleName(figure.describe())
        self.update()

    def sizeHint(self) -> QSize:
        theme = current_theme()
        return QSize(theme.size.limit_bar[0], theme.size.limit_bar[1] + 2 * theme.space.xs)

    def paintEvent(self, event: QPaintEvent) -> None:
        draw_limit_bar(QPainter(self), 0, self.height() / 2, self._figure)
