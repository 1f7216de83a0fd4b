"""Icons of one open set, tinted by a colour token when they are drawn."""

from functools import lru_cache

from PySide6.QtCore import QByteArray, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QWidget

from nbcase.domain.resources import resource_path
from ui.theme import current_theme


def icon_pixmap(name: str, color: str, size: int, ratio: float) -> QPixmap:
    """The icon in a colour token, `size` logical pixels wide and drawn for `ratio` device pixels each."""
    theme = current_theme()
    return _pixmap(name, theme.color(color).name(), size, ratio, theme.size.icon_stroke)


@lru_cache(maxsize=512)
def _pixmap(name: str, color: str, size: int, ratio: float, stroke: float) -> QPixmap:
    pixels = round(size * ratio)
    pixmap = QPixmap(pixels, pixels)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    QSvgRenderer(QByteArray(_tinted(name, color, stroke))).render(painter, QRectF(0, 0, pixels, pixels))
    painter.end()
    pixmap.setDevicePixelRatio(ratio)
    return pixmap


def _tinted(name: str, color: str, stroke: float) -> bytes:
    svg = resource_path(f"icons/{name}.svg").read_text(encoding="utf-8")
    return svg.replace("currentColor", color).replace('stroke-width="2"', f'stroke-width="{stroke}"').encode()


def draw_icon(painter: QPainter, left: float, top: float, name: str, color: str, size: int | None = None) -> None:
    """Draw an icon with its upper left corner at a point; `size` defaults to the icon token."""
    pixels = size or current_theme().size.icon
    ratio = painter.device().devicePixelRatioF()
    painter.drawPixmap(QPointF(left, top), icon_pixmap(name, color, pixels, ratio))


class Icon(QWidget):
    """An icon that stands for itself beside a text; it says nothing to a screen reader, the text does."""

    def __init__(self, name: str, color: str = "text2", parent: QWidget | None = None, *, size: int | None = None) -> None:
        super().__init__(parent)
        self._name = name
        self._color = color
        self._size = size or current_theme().size.icon
        self.setFixedSize(QSize(self._size, self._size))

    def show_icon(self, name: str, color: str) -> None:
        """Change what is drawn, as when a check has been made."""
        self._name, self._color = name, color
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        draw_icon(QPainter(self), 0, 0, self._name, self._color, self._size)
