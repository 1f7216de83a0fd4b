"""Panels side by side that meet at hairlines; a small window folds one of them into a strip."""

from typing import Literal

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from nbcase.domain.words import tr
from ui.theme import current_theme
from ui.widgets.button import IconButton
from ui.widgets.text import Line, Text

Ground = Literal["surface", "sunken", "bg", "none"]


def column_of(*widgets: QWidget, padding: int = 0, gap: int | None = None) -> QWidget:
    """Widgets under each other; the rest of the height stays free."""
    theme = current_theme()
    holder = QWidget()
    column = QVBoxLayout(holder)
    column.setContentsMargins(padding, padding, padding, padding)
    column.setSpacing(theme.space.s if gap is None else gap)
    for widget in widgets:
        column.addWidget(widget)
    column.addStretch(1)
    return holder


def row_of(*parts: QWidget | None, padding: tuple[int, int] = (0, 0), gap: int | None = None) -> QWidget:
    """Widgets beside each other; a None takes what is left over, and so does a text that can be shortened. `padding` is (sides, above
    and below).
    """
    theme = current_theme()
    holder = QWidget()
    row = QHBoxLayout(holder)
    row.setContentsMargins(padding[0], padding[1], padding[0], padding[1])
    row.setSpacing(theme.space.s if gap is None else gap)
    for part in parts:
        if part is None:
            row.addStretch(1)
        else:
            row.addWidget(part, 1 if part.sizePolicy().horizontalPolicy() is QSizePolicy.Policy.Ignored else 0)
    return holder


class Scroll(QScrollArea):
    """A part of a page that scrolls up and down when it is higher than its place."""

    def __init__(self, content: QWidget, parent: QWidget | None = None, *, ground: Ground = "surface") -> None:
        super().__init__(parent)
        self._content = content
        self.setWidget(content)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setProperty("ground", ground)
        content.setProperty("ground", ground)
        content.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)

    def minimumSizeHint(self) -> QSize:
        return QSize(self._content.minimumSizeHint().width(), current_theme().size.row_check)


class Panel(QWidget):
    """A column with an optional footer over a hairline; the body scrolls when it must."""

    def __init__(
        self,
        body: QWidget,
        parent: QWidget | None = None,
        *,
        footer: QWidget | None = None,
        ground: Ground = "surface",
        scrolls: bool = True,
    ) -> None:
        super().__init__(parent)
        self.setProperty("ground", ground)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(Scroll(body, ground=ground) if scrolls else body, 1)
        if footer is not None:
            column.addWidget(Line())
            footer.setFixedHeight(current_theme().size.footer_bar - current_theme().line.hairline)
            column.addWidget(footer)


class Columns(QWidget):
    """A main panel that grows and a side panel of a fixed width, left or right of it.

    In a window below the compact width the side panel folds to a strip with its name; a click on the strip or `unfold` shows it
    over the main panel's place until it is folded again. Of two such in each other, one needs another `side_key`.
    """

    folded = Signal(bool)

    def __init__(
        self,
        main: QWidget,
        side: QWidget,
        parent: QWidget | None = None,
        *,
        side_width: int,
        side_name: str,
        side_left: bool = False,
        side_key: str = "F7",
    ) -> None:
        super().__init__(parent)
        self._main, self._side = main, side
        self._width = side_width
        self._is_compact = False
        self._is_open = False
        self._strip = _Strip(side_name, self, left=side_left, key=side_key)
        self._strip.pressed.connect(self.toggle)
        parts = [self._strip, side, Line(standing=True), main]
        if not side_left:
            parts.reverse()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        for part in parts:
            row.addWidget(part, 1 if part is main else 0)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._show_parts()

    def toggle(self) -> None:
        """Unfold the side panel over the main one, or fold it again."""
        focus = QApplication.focusWidget()
        had_focus = focus is not None and self.isAncestorOf(focus)
        self._is_open = not self._is_open
        part = self._side if self._is_open else self._main
        former = part.focusWidget()
        self._show_parts()
        if had_focus and self._is_compact:
            self._take_focus(part, former)
        self.folded.emit(self._is_compact and not self._is_open)

    def show_side(self, on: bool) -> None:
        """Where the side panel folds: unfold it, or fold it again."""
        if self._is_compact and self._is_open is not on:
            self.toggle()

    def _take_focus(self, part: QWidget, former: QWidget | None) -> None:
        """To where the part had it last, else to what can be used in it first: left to Qt it would go out of the page."""
        wanted = former
        if wanted is None or wanted is part or not wanted.isVisibleTo(self):
            usable = (each for each in part.findChildren(QWidget) if each.isVisibleTo(self) and each.isEnabled())
            wanted = next((each for each in usable if each.focusPolicy() & Qt.FocusPolicy.TabFocus), part)
        wanted.setFocus(Qt.FocusReason.OtherFocusReason)

    @property
    def is_folded(self) -> bool:
        """Whether the side panel is only a strip now."""
        return self._is_compact and not self._is_open

    def _show_parts(self) -> None:
        self._strip.setVisible(self._is_compact)
        self._strip.show_open(self._is_open)
        self._side.setVisible(not self._is_compact or self._is_open)
        self._main.setVisible(not self._is_compact or not self._is_open)
        if self._is_compact:
            self._side.setMinimumWidth(0)
            self._side.setMaximumWidth(_WIDEST)
        else:
            self._side.setFixedWidth(self._room())

    def _room(self) -> int:
        """A wide window gives the side panel a little more, up to the token."""
        spare = max(0, self.width() - current_theme().tokens.meta.base_window[0])
        return max(self._width, min(self._width + spare // 5, current_theme().layout.side_panel_max))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        theme = current_theme()
        self._is_compact = self.window().width() < theme.layout.compact_below
        if not self._is_compact:
            self._is_open = False
        self._show_parts()

    def minimumSizeHint(self) -> QSize:
        return QSize(0, 0)


_WIDEST = (1 << 24) - 1


class _Strip(QWidget):
    pressed = Signal()

    def __init__(self, name: str, parent: QWidget, *, left: bool, key: str) -> None:
        super().__init__(parent)
        theme = current_theme()
        self.setFixedWidth(theme.layout.strip)
        self.setProperty("ground", "sunken")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, theme.space.s, 0, 0)
        column.setSpacing(theme.space.s)
        self._name, self._key = name, key
        self._button = IconButton(tr("展开{name}").format(name=name), "panel-left-open" if left else "panel-right-open", key=key)
        self._button.clicked.connect(self.pressed)
        column.addWidget(self._button, 0, Qt.AlignmentFlag.AlignHCenter)
        standing = Text("\n".join(name), "meta")
        standing.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(standing)
        column.addStretch(1)

    def show_open(self, on: bool) -> None:
        """Say what the button does now."""
        text = tr("收起{name}") if on else tr("展开{name}")
        self._button.setAccessibleName(text.format(name=self._name))
        self._button.setToolTip(text.format(name=self._name) + f"  {self._key}")
