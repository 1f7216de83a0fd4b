"""A captured paper with the fields that were read boxed on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen, QTransform, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.theme import current_theme
from ui.widgets.ink import draw_ground, draw_text

CARD_SIZE = (85.6, 53.98)
"""Millimetres of an ID-1 card (ISO/IEC 7810)."""

_ZOOM_STEP = 1.25
_ZOOM_MOST = 8.0
_READ_GROUND, _CHECK_GROUND = 0.05, 0.13


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A field on the picture, in parts of its width and height (0 to 1); `key` is the form's."""

    key: str
    left: float
    top: float
    width: float
    height: float
    state: Literal["read", "check"] = "read"
    label: str = ""


class DocumentView(QWidget):
    """The picture fitted into the widget, boxes over it.

    Ctrl with the wheel, + and - zoom, 0 fits again, arrows move a zoomed picture, R turns it by a quarter. `box_clicked` carries
    the key of a box. `card` keeps the true shape of an ID card whatever the width.
    """

    box_clicked = Signal(str)

    def __init__(self, name: str, parent: QWidget | None = None, *, card: bool = False, empty: str = "") -> None:
        super().__init__(parent)
        self._image = QImage()
        self._boxes: tuple[Box, ...] = ()
        self._lit = ""
        self._zoom = 1.0
        self._offset = QPointF()
        self._turn = 0
        self._card = card
        self._empty = empty
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed if card else QSizePolicy.Policy.Expanding)
        policy.setHeightForWidth(card)
        self.setSizePolicy(policy)

    def show_document(self, image: QImage, boxes: Sequence[Box] = ()) -> None:
        """Show a picture and its boxes; a null image shows the words of an empty view."""
        self._image = image
        self._boxes = tuple(boxes)
        self._turn = 0
        self.setAccessibleDescription("，".join(box.label for box in boxes if box.label))
        self.fit()

    def show_boxes(self, boxes: Sequence[Box]) -> None:
        """Show other boxes over the same picture."""
        self._boxes = tuple(boxes)
        self.update()

    def light(self, key: str) -> None:
        """Let the box of a key stand out, as when its field has the focus."""
        self._lit = key
        self.update()

    def fit(self) -> None:
        """Show the whole picture."""
        self._zoom = 1.0
        self._offset = QPointF()
        self.update()

    def zoom(self, factor: float) -> None:
        """Come nearer or go farther, by a factor."""
        self._zoom = max(1.0, min(self._zoom * factor, _ZOOM_MOST))
        self._keep_in_sight()
        self.update()

    def turn(self) -> None:
        """Turn the picture by a quarter, clockwise; the boxes turn with it."""
        self._turn = (self._turn + 90) % 360
        self.fit()

    def _turned_size(self) -> tuple[int, int]:
        size = self._image.size()
        return (size.height(), size.width()) if self._turn % 180 else (size.width(), size.height())

    def _scale(self) -> float:
        width, height = self._turned_size()
        if not width or not height:
            return 1.0
        return min(self.width() / width, self.height() / height) * self._zoom

    def _transform(self) -> QTransform:
        """From pixels of the picture to logical pixels of the widget."""
        scale = self._scale()
        move = QTransform()
        move.translate(self.width() / 2 + self._offset.x(), self.height() / 2 + self._offset.y())
        move.rotate(self._turn)
        move.scale(scale, scale)
        move.translate(-self._image.width() / 2, -self._image.height() / 2)
        return move

    def _box_rect(self, box: Box) -> QRectF:
        width, height = self._image.width(), self._image.height()
        rect = QRectF(box.left * width, box.top * height, box.width * width, box.height * height)
        return self._transform().mapRect(rect)

    def _keep_in_sight(self) -> None:
        width, height = self._turned_size()
        scale = self._scale()
        most_x = max(0.0, (width * scale - self.width()) / 2)
        most_y = max(0.0, (height * scale - self.height()) / 2)
        x = max(-most_x, min(self._offset.x(), most_x))
        y = max(-most_y, min(self._offset.y(), most_y))
        self._offset = QPointF(x, y)

    def _push(self, x: int, y: int) -> None:
        self._offset += QPointF(x, y)
        self._keep_in_sight()
        self.update()

    def sizeHint(self) -> QSize:
        width = current_theme().size.form_column_max - current_theme().size.label_width
        return QSize(width, self.heightForWidth(width))

    def minimumSizeHint(self) -> QSize:
        side = current_theme().size.label_width
        return QSize(side, side)

    def hasHeightForWidth(self) -> bool:
        return self._card

    def heightForWidth(self, width: int) -> int:
        return round(width * CARD_SIZE[1] / CARD_SIZE[0])

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current_theme()
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        ground = "surface" if self._card else "track"
        draw_ground(painter, self.rect(), ground, None)
        if self._image.isNull():
            draw_ground(painter, self.rect(), "sunken", "border_strong")
            draw_text(painter, self.rect().adjusted(8, 0, -8, 0), self._empty, "text2", "compact", align="center")
            return
        path = QPainterPath()
        path.addRoundedRect(QRectF(self.rect()), theme.radius.control, theme.radius.control)
        painter.setClipPath(path)
        painter.save()
        painter.setTransform(self._transform(), True)
        painter.drawImage(0, 0, self._image)
        painter.restore()
        for box in self._boxes:
            self._draw_box(painter, box)

    def _draw_box(self, painter: QPainter, box: Box) -> None:
        color = current_theme().color(f"overlay.{box.state}")
        ground = QColor(color)
        ground.setAlphaF(_CHECK_GROUND if box.state == "check" or box.key == self._lit else _READ_GROUND)
        width = 2 if box.state == "check" or box.key == self._lit else 1
        rect = self._box_rect(box).adjusted(width / 2, width / 2, -width / 2, -width / 2)
        painter.setPen(QPen(color, width))
        painter.setBrush(ground)
        painter.drawRoundedRect(rect, 2, 2)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        for box in self._boxes:
            if self._box_rect(box).contains(event.position()):
                self.box_clicked.emit(box.key)
                return

    def wheelEvent(self, event: QWheelEvent) -> None:
        if not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            event.ignore()
            return
        self.zoom(_ZOOM_STEP if event.angleDelta().y() > 0 else 1 / _ZOOM_STEP)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = current_theme().size.row_check
        moves = {
            Qt.Key.Key_Left: (step, 0),
            Qt.Key.Key_Right: (-step, 0),
            Qt.Key.Key_Up: (0, step),
            Qt.Key.Key_Down: (0, -step),
        }
        key = event.key()
        if key in moves:
            self._push(*moves[Qt.Key(key)])
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom(_ZOOM_STEP)
        elif key == Qt.Key.Key_Minus:
            self.zoom(1 / _ZOOM_STEP)
        elif key == Qt.Key.Key_0:
            self.fit()
        elif key == Qt.Key.Key_R:
            self.turn()
        else:
            super().keyPressEvent(event)
