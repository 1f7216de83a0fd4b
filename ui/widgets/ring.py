"""The focus ring: one for the window, painted outside whatever has the focus."""

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractItemView, QAbstractScrollArea, QApplication, QWidget
from shiboken6 import isValid

from ui.theme import current_theme


class FocusRing(QObject):
    """Follows the focus and keeps a ring around its widget.

    A widget that is only the inner part of what the clerk sees as one control (the line edit of a field) carries the outer
    widget as `ring_target`; one that shows the focus in another way carries None. Lists and tables mark their current row.
    """

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        self._target: QWidget | None = None
        self._ring: _Ring | None = None
        self._watched: list[QWidget] = []
        app.focusChanged.connect(self._follow)

    def _follow(self, _old: QWidget | None, new: QWidget | None) -> None:
        self._leave()
        target = _ring_target(new)
        if target is None or target.parentWidget() is None:
            return
        self._target = target
        host = _host(target)
        target.destroyed.connect(self._forget)
        self._ring = _Ring(host)
        between: QWidget | None = target
        while between is not None and between is not host:
            between.installEventFilter(self)
            self._watched.append(between)
            between = between.parentWidget()
        self._place()

    def _leave(self) -> None:
        if self._target is not None:
            self._target.destroyed.disconnect(self._forget)
            for widget in self._watched:
                if isValid(widget):
                    widget.removeEventFilter(self)
        if self._ring is not None and isValid(self._ring):
            self._ring.hide()
            self._ring.deleteLater()
        self._forget()

    def _forget(self) -> None:
        """The target is gone and its parent, with the ring in it, may be too."""
        self._target = None
        self._ring = None
        self._watched = []

    def _place(self) -> None:
        if self._target is None or self._ring is None or not isValid(self._ring):
            return
        host = self._ring.host
        self._ring.setGeometry(_ring_rect(self._target, host))
        self._ring.setVisible(self._target.isVisibleTo(host))
        self._ring.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Move, QEvent.Type.Resize, QEvent.Type.Show, QEvent.Type.Hide):
            self._place()
        return False


def _ring_rect(target: QWidget, host: QWidget) -> QRect:
    margin = current_theme().tokens.focus.ring_width
    place = QRect(target.mapTo(host, QPoint(0, 0)), target.size())
    return place.adjusted(-margin, -margin, margin, margin)


def _host(target: QWidget) -> QWidget:
    """The nearest widget around the target in which the ring has room; never beyond the part that scrolls."""
    host = target.parentWidget() or target
    while not host.isWindow() and not host.rect().contains(_ring_rect(target, host)):
        outer = host.parentWidget()
        if outer is None or isinstance(outer.parentWidget(), QAbstractScrollArea):
            break
        host = outer
    return host


class _Ring(QWidget):
    """A child of a widget around the target, so that scrolling and clipping apply to it as to the target."""

    def __init__(self, host: QWidget) -> None:
        super().__init__(host)
        self.host = host
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current_theme()
        width = theme.tokens.focus.ring_width
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        outer = QRectF(self.rect()).adjusted(width / 2, width / 2, -width / 2, -width / 2)
        painter.setPen(QPen(theme.color("accent_line"), width))
        corner = theme.radius.control + width / 2
        painter.drawRoundedRect(outer, corner, corner)
        inner = QRectF(self.rect()).adjusted(width + 0.5, width + 0.5, -width - 0.5, -width - 0.5)
        painter.setPen(QPen(theme.color("accent"), theme.line.hairline))
        painter.drawRoundedRect(inner, theme.radius.control, theme.radius.control)


def _ring_target(widget: QWidget | None) -> QWidget | None:
    if widget is None or isinstance(widget, QAbstractItemView) or widget.isWindow():
        return None
    target: QWidget | None = getattr(widget, "ring_target", widget)
    return target
