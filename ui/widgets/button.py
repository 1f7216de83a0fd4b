"""Buttons that show their key and register it."""

from typing import Literal

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QEnterEvent, QKeySequence, QPainter, QPaintEvent, QShortcut
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from ui.theme import current_theme
from ui.widgets.icon import draw_icon
from ui.widgets.ink import draw_ground, draw_key_cap, draw_text, key_cap_width, text_width

Role = Literal["normal", "primary", "danger", "link"]


def shortcuts_for(key: str) -> list[QKeySequence]:
    """The sequences behind a key as it is shown: Enter is both the main one and the one of the number pad."""
    if key.endswith("Enter"):
        stem = key.removesuffix("Enter")
        return [QKeySequence(stem + "Return"), QKeySequence(stem + "Enter")]
    return [QKeySequence(key.replace("→", "Right").replace("←", "Left").replace("PgDn", "PgDown"))]


class KeyButton(QAbstractButton):
    """A button with an icon, a text and a key cap.

    The key works wherever the focus is in the window, as long as the button is visible and on; a button that is off says why
    in its tooltip and to screen readers. `registers=False` only shows the key, where the focus widget handles it (Enter in a list or
    an input). `small` is for page headers and lists. A checkable one shows its state in the accent.
    """

    def __init__(
        self,
        text: str,
        parent: QWidget | None = None,
        *,
        key: str = "",
        icon: str = "",
        role: Role = "normal",
        small: bool = False,
        show_key: bool = True,
        registers: bool = True,
    ) -> None:
        super().__init__(parent)
        self.setText(text)
        self.setAccessibleName(text)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self._key = key
        self._icon = icon
        self._role: Role = role
        self._small = small or role == "link"
        self._show_key = show_key
        self.setAccessibleDescription(key)
        if key and registers:
            self._register(key)

    def _register(self, key: str) -> None:
        shortcut = QShortcut(self)
        shortcut.setKeys(shortcuts_for(key))
        shortcut.activated.connect(self.click)

    @property
    def key(self) -> str:
        """The key as it is shown, or nothing."""
        return self._key

    def set_off(self, reason: str = "") -> None:
        """Switch off and say why."""
        self.setEnabled(False)
        self.setToolTip(reason)
        self.setAccessibleDescription(reason)

    def set_on(self) -> None:
        """Switch on again."""
        self.setEnabled(True)
        self.setToolTip("")
        self.setAccessibleDescription(self._key)

    def set_text(self, text: str) -> None:
        """Change what the button says; its width follows."""
        self.setText(text)
        self.setAccessibleName(text)
        self.updateGeometry()
        self.update()

    @property
    def _cap(self) -> str:
        return self._key if self._show_key else ""

    @property
    def _padding(self) -> int:
        if self._role == "link":
            return 0
        return current_theme().space.s if self._small else current_theme().space.m

    @property
    def _strong(self) -> bool:
        return self._role == "primary"

    @property
    def _font(self) -> str:
        return "secondary" if self._role == "link" else "compact" if self._small else "body"

    def _colors(self) -> tuple[str, str | None, str | None]:
        """Text, ground and border in the present state."""
        down, hover = self.isDown(), self.underMouse()
        if not self.isEnabled():
            if self._role == "link":
                return "text3", None, None
            return ("text2", "track", "border_strong") if self._role == "primary" else ("text3", None, "border_strong")
        if self._role == "primary":
            return "on_accent", "accent_hover" if down or hover else "accent", None
        if self._role == "link":
            return "accent_hover" if hover else "accent", None, None
        if self.isChecked():
            return "accent", "accent_weak", "accent"
        text = "red" if self._role == "danger" else "text"
        return text, "accent_weak" if down else "hover" if hover else "surface", "input_border"

    def sizeHint(self) -> QSize:
        return self._size_with(self._cap)

    def minimumSizeHint(self) -> QSize:
        """Where room is short the key cap gives way; F1 still shows the key and it works as before."""
        return self._size_with("" if self.text() else self._cap)

    def _size_with(self, cap: str) -> QSize:
        theme = current_theme()
        gap = theme.space.s
        width = 2 * self._padding + text_width(self.text(), self._font, strong=self._strong)
        if self._icon:
            width += theme.size.icon + (gap if self.text() else 0)
        if cap:
            width += key_cap_width(cap) + (gap if self.text() or self._icon else 0)
        if not self.text() and not cap:
            width = theme.size.button_small
        return QSize(width, theme.size.button_small if self._small else theme.size.button)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current_theme()
        color, ground, border = self._colors()
        painter = QPainter(self)
        if ground or border:
            draw_ground(painter, self.rect(), ground, border)
        middle = self.height() / 2
        cap_shown = self._cap if self.width() >= self.sizeHint().width() else ""
        content = self._size_with(cap_shown).width() - 2 * self._padding
        left = (self.width() - content) / 2 if self.text() else (self.width() - theme.size.icon) / 2
        if self._icon:
            draw_icon(painter, left, round(middle - theme.size.icon / 2), self._icon, color)
            left += theme.size.icon + theme.space.s
        if self.text():
            width = text_width(self.text(), self._font, strong=self._strong)
            area = QRectF(left, 0, width + 1, self.height())
            draw_text(painter, area, self.text(), color, self._font, strong=self._strong)
            left += width + theme.space.s
        if cap_shown:
            plain = self._role == "primary"
            cap = color if plain or not self.isEnabled() or self.isChecked() else "text2"
            draw_key_cap(painter, left, middle, cap_shown, color=cap, plain=plain)

    def enterEvent(self, event: QEnterEvent) -> None:
        self.update()
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self.update()
        super().leaveEvent(event)


class LinkButton(KeyButton):
    """A text in the accent that leads somewhere, as at the right of a panel heading."""

    def __init__(self, text: str, parent: QWidget | None = None, *, key: str = "", icon: str = "") -> None:
        super().__init__(text, parent, key=key, icon=icon, role="link")
        self.setCursor(Qt.CursorShape.PointingHandCursor)


class IconButton(KeyButton):
    """A button that is only an icon; its name is in the tooltip and for screen readers."""

    def __init__(self, name: str, icon: str, parent: QWidget | None = None, *, key: str = "") -> None:
        super().__init__("", parent, key=key, icon=icon, small=True, show_key=False)
        self.setAccessibleName(name)
        self.setToolTip(f"{name}  {key}".strip())

    def _colors(self) -> tuple[str, str | None, str | None]:
        color, ground, _ = super()._colors()
        return color, ground if ground != "surface" else None, None
