"""What every page has: a header with its one title and its actions, a body, and a footer with the primary button."""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QApplication, QHBoxLayout, QVBoxLayout, QWidget

from ui.context import DeskContext, KeyHelp
from ui.theme import current_theme
from ui.widgets.button import KeyButton
from ui.widgets.tag import Tag
from ui.widgets.text import ElidedText, Line, Text


class PageHeader(QWidget):
    """Title, tags, one line about the page, actions at the right. In a narrow window the line gives way first."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme = current_theme()
        self.setFixedHeight(theme.size.page_header - theme.line.hairline)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(theme.space.l, 0, theme.space.l, 0)
        self._row.setSpacing(theme.space.m)
        self._title = Text(title, "title")
        self._row.addWidget(self._title)
        self._tags = QHBoxLayout()
        self._tags.setSpacing(theme.space.s)
        self._row.addLayout(self._tags)
        self._subtitle = ElidedText("meta")
        self._row.addWidget(self._subtitle, 1)
        self._actions = QHBoxLayout()
        self._actions.setSpacing(theme.space.m)
        self._row.addLayout(self._actions)

    def set_title(self, text: str) -> None:
        """Change the title."""
        self._title.setText(text)

    def set_subtitle(self, text: str) -> None:
        """Say what stands behind the page now: counts, when the draft was kept."""
        self._subtitle.set_full(text)

    def set_tags(self, tags: Sequence[Tag]) -> None:
        """Show these tags beside the title in place of the former ones."""
        while (item := self._tags.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()  # or Qt's queued show of a new child would make it a window of its own
                widget.setParent(None)
                widget.deleteLater()
        for tag in tags:
            self._tags.addWidget(tag)

    def add_action(self, *widgets: QWidget) -> None:
        """Put buttons at the right, in their order."""
        for widget in widgets:
            self._actions.addWidget(widget)


class Page(QWidget):
    """A page of the window. A subclass builds its parts in `__init__` and fills `body`, `header` and, where it has one, `footer`.

    The shell calls `opened` each time the page comes to the front, `closed` when it leaves, and `reload` with the kinds of record
    that have changed. `primary` is the one button that Ctrl+Enter presses.
    """

    def __init__(self, context: DeskContext, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.context = context
        self.ring_target = None
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setProperty("ground", "surface")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self.header = PageHeader(title)
        self._column.addWidget(self.header)
        self._column.addWidget(Line())

    def holds_focus(self) -> bool:
        """Whether the cursor is on this page or nowhere: what comes in later must not pull it out of the search box."""
        focus = QApplication.focusWidget()
        return focus is None or focus is self or self.isAncestorOf(focus)

    def set_body(self, body: QWidget) -> None:
        """Fill the page below the header."""
        self._column.addWidget(body, 1)

    def set_footer(self, *parts: QWidget | None) -> None:
        """A footer across the page; a None takes what is left over, the primary button stands last."""
        theme = current_theme()
        footer = QWidget()
        footer.setFixedHeight(theme.size.footer_bar - theme.line.hairline)
        row = QHBoxLayout(footer)
        row.setContentsMargins(theme.space.l, 0, theme.space.l, 0)
        row.setSpacing(theme.space.s)
        for part in parts:
            if part is None:
                row.addStretch(1)
            else:
                row.addWidget(part)
        self._column.addWidget(Line())
        self._column.addWidget(footer)

    def opened(self) -> None:
        """The page has come to the front: bring it up to date and put the cursor where work begins."""

    def closed(self) -> None:
        """The page leaves the front: keep what is not kept yet."""

    def reload(self, changed: frozenset[str]) -> None:
        """Records of these kinds have changed, here or elsewhere."""

    def search_target(self, **target: object) -> None:
        """Open the record that the search or another page points at."""

    def keys(self) -> list[KeyHelp]:
        """The page's keys: those of its buttons; a page adds the ones that no button shows."""
        buttons = [button for button in self.findChildren(KeyButton) if button.key and button.isVisibleTo(self)]
        return [KeyHelp(key=button.key, what=button.accessibleName()) for button in buttons]

    def minimumSizeHint(self) -> QSize:
        return QSize(0, 0)
