"""The two-pixel bar under a header while rows are awaited."""

from PySide6.QtCore import QRectF, QTimer
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from nbcase.domain.words import tr
from ui.theme import current_theme


class LoadingBar(QWidget):
    """Shows only when the wait is longer than the token says, and never moves by itself.

    With a known `set_progress` it fills; without one its first third is filled.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._share = 1 / 3
        self._on = False
        self.setFixedHeight(2 * current_theme().line.hairline)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(tr("正在读取"))
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(current_theme().tokens.wait.loading_bar)
        self._timer.timeout.connect(self._appear)

    @property
    def is_on(self) -> bool:
        """Whether the bar is painted now."""
        return self._on

    def set_on(self, on: bool) -> None:
        """Something is awaited, or it is there."""
        if on:
            self._timer.start()
            return
        self._timer.stop()
        self._on = False
        self._share = 1 / 3
        self.update()

    def set_progress(self, share: float) -> None:
        """The part that is done, 0 to 1."""
        self._share = max(0.0, min(1.0, share))
        self.update()

    def _appear(self) -> None:
        self._on = True
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._on:
            return
        theme = current_theme()
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.color("accent_line"))
        painter.fillRect(QRectF(0, 0, self.width() * self._share, self.height()), theme.color("accent"))
