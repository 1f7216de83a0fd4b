"""One of the values between which a person chooses: whose it is, since when, the value itself, and the key that takes it."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from nbcase.domain.words import tr
from ui.theme import current_theme
from ui.widgets.icon import Icon
from ui.widgets.ink import draw_ground
from ui.widgets.tag import KeyHint
from ui.widgets.text import Text


class ValueCard(QAbstractButton):
    """A card that can be chosen by a click, Space or its key; one without a key only shows what was."""

    def __init__(self, name: str, key: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme = current_theme()
        self._name = name
        self._is_chosen = False
        self._is_live = bool(key)
        self.setCheckable(bool(key))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._mark = Icon("circle-dashed", "text2")
        self._who, self._value, self._under = Text("", "meta", wrap=True), Text("", "strong", wrap=True), Text("", "meta", wrap=True)
        head = QHBoxLayout()
        head.setSpacing(theme.space.s)
        head.addWidget(self._mark)
        head.addWidget(Text(name, "compact-strong"))
        self._hint = KeyHint(key)
        head.addWidget(self._hint)
        head.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.space.m, theme.space.s, theme.space.m, theme.space.m)
        column.setSpacing(theme.space.xs)
        column.addLayout(head)
        column.addWidget(self._who)
        column.addWidget(self._value)
        column.addWidget(self._under)
        column.addStretch(1)
        self._under.hide()
        self.set_live(on=bool(key))
        for part in self.findChildren(QWidget):
            part.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def show_value(self, who: str, value: str, under: str = "") -> None:
        """Whose value it is and what it is; `under` tells what speaks against it."""
        self._who.setText(who)
        self._value.setText(value)
        self._under.setText(under)
        self._under.setVisible(bool(under))
        self._tell()

    def set_live(self, *, on: bool) -> None:
        """Whether it can be chosen now; what was decided is only looked at."""
        self._is_live = on
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus if on else Qt.FocusPolicy.NoFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents, not on)
        self._hint.setVisible(on)
        self._mark.setVisible(on or self._is_chosen)
        self.update()

    def choose(self, on: bool) -> None:
        """Mark the card as the one that was taken."""
        self._is_chosen = on
        self.setChecked(on)
        self._mark.setVisible(self._is_live or on)
        self._mark.show_icon("circle-check" if on else "circle-dashed", "accent" if on else "text2")
        self._tell()
        self.update()

    def _tell(self) -> None:
        words = f"{self._name}：{self._value.text()}，{self._who.text()}"
        self.setAccessibleName(tr("{words}，已选").format(words=words) if self._is_chosen else words)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._is_chosen:
            draw_ground(painter, QRectF(self.rect()), "accent_weak", "accent")
        elif self._is_live:
            draw_ground(painter, QRectF(self.rect()), "hover" if self.underMouse() else "surface", "input_border")
        else:
            draw_ground(painter, QRectF(self.rect()), "sunken", "border")
