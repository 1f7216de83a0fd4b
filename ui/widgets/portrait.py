"""The photo of a person, or a silhouette where there is none."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from nbcase.domain.words import tr
from ui.theme import current_theme
from ui.widgets.ink import draw_ground

_SHAPE = (26, 32)
"""Width and height of an identity photo, in millimetres."""


class Portrait(QWidget):
    """A fixed place for a photo, as high as `height` says."""

    def __init__(self, parent: QWidget | None = None, *, height: int | None = None) -> None:
        super().__init__(parent)
        self._image = QImage()
        self._height = height or current_theme().size.page_header_person
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.show_photo(QImage())

    def show_photo(self, image: QImage) -> None:
        """Show a photo; a null image shows the silhouette."""
        self._image = image
        self.setAccessibleName(tr("照片") if not image.isNull() else tr("没有照片"))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(round(self._height * _SHAPE[0] / _SHAPE[1]), self._height)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        area = QRectF(self.rect())
        draw_ground(painter, area, "track", None)
        frame = QPainterPath()
        frame.addRoundedRect(area, current_theme().radius.control, current_theme().radius.control)
        painter.setClipPath(frame)
        if self._image.isNull():
            _draw_silhouette(painter, area)
        else:
            painter.drawImage(area, _filling(self._image, area))


def _filling(image: QImage, area: QRectF) -> QImage:
    """The middle of the image in the shape of the place."""
    size = area.size().toSize()
    scaled = image.scaled(size * 2, Qt.AspectRatioMode.KeepAspectRatioByExpanding, Qt.TransformationMode.SmoothTransformation)
    left, top = (scaled.width() - size.width() * 2) // 2, (scaled.height() - size.height() * 2) // 2
    return scaled.copy(left, top, size.width() * 2, size.height() * 2)


def _draw_silhouette(painter: QPainter, area: QRectF) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(current_theme().color("text3"))
    head = area.width() * 0.4
    painter.drawEllipse(QRectF(area.center().x() - head / 2, area.top() + area.height() * 0.18, head, head * 1.15))
    painter.drawEllipse(
        QRectF(area.center().x() - area.width() * 0.38, area.top() + area.height() * 0.64, area.width() * 0.76, area.height() * 0.7)
    )
