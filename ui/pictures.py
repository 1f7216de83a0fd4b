"""Pictures of the window as files, for review and for the manual."""

from pathlib import Path

from PySide6.QtCore import QSize
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QWidget


def render(widget: QWidget, path: Path, *, size: tuple[int, int] | None = None, scale: float | None = None) -> None:
    """Write the widget as a PNG of `size` logical pixels at `scale` device pixels each.

    Without `scale` the window's own is taken (QT_SCALE_FACTOR). The widget is shown if it is not; events that are due are
    handled first, so that layouts and painted lists have their final form.
    """
    if size is not None:
        widget.resize(*size)
    widget.show()
    QApplication.processEvents()
    image = _grab(widget, scale or widget.devicePixelRatioF())
    path.parent.mkdir(parents=True, exist_ok=True)
    if not image.save(str(path)):
        raise OSError(f"the picture could not be written to {path}")


def _grab(widget: QWidget, scale: float) -> QImage:
    size = widget.size()
    image = QImage(QSize(round(size.width() * scale), round(size.height() * scale)), QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(scale)
    widget.render(image)
    return image
