"""Labels in the text roles of the style sheet, headings with a hairline, and lines of label and value."""

from collections.abc import Sequence
from typing import Literal

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QSizePolicy, QWidget

from ui.theme import current_theme
from ui.widgets.button import LinkButton
from ui.widgets.ink import draw_line, set_property
from ui.widgets.tag import KeyHint

TextRole = Literal["body", "title", "panel-title", "strong", "compact", "compact-strong", "label", "meta", "hint", "section", "figure"]
TextTone = Literal["", "muted", "red", "amber", "green", "accent", "train"]


class Text(QLabel):
    """A label in one of the text roles; plain text only, so that no value can be read as markup."""

    def __init__(
        self,
        text: str = "",
        role: TextRole = "body",
        parent: QWidget | None = None,
        *,
        tone: TextTone = "",
        wrap: bool = False,
    ) -> None:
        super().__init__(text, parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setProperty("role", role)
        self.setProperty("tone", tone)
        self.setWordWrap(wrap)

    def set_tone(self, tone: TextTone) -> None:
        """Change the colour of the state that the text tells."""
        set_property(self, "tone", tone)


class ElidedText(Text):
    """A line that ends in … where it has no room; the whole is in the tooltip and for screen readers."""

    def __init__(self, role: TextRole = "body", parent: QWidget | None = None, *, tone: TextTone = "") -> None:
        super().__init__("", role, parent, tone=tone)
        self._full = ""
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def set_full(self, text: str) -> None:
        """Say something else."""
        self._full = text
        self.setAccessibleName(text)
        self._fit()

    def _fit(self) -> None:
        shown = QFontMetrics(self.font()).elidedText(self._full, Qt.TextElideMode.ElideRight, self.width())
        self.setText(shown)
        self.setToolTip(self._full if shown != self._full else "")

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()


class Line(QWidget):
    """A hairline, lying or standing."""

    def __init__(self, parent: QWidget | None = None, *, standing: bool = False) -> None:
        super().__init__(parent)
        width = current_theme().line.hairline
        if standing:
            self.setFixedWidth(width)
        else:
            self.setFixedHeight(width)

    def paintEvent(self, event: QPaintEvent) -> None:
        draw_line(QPainter(self), 0, 0, self.width(), self.height())


class SectionHeading(QWidget):
    """A small bold title, a word beside it and a hairline to the end: 身份 7 项由证件填入 ────."""

    def __init__(self, title: str, meta: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(current_theme().space.s)
        self._meta = Text(meta, "meta")
        row.addWidget(Text(title, "section"))
        row.addWidget(self._meta)
        self._meta.setVisible(bool(meta))
        row.addWidget(Line(), 1)

    def set_meta(self, text: str) -> None:
        """Change the word beside the title."""
        self._meta.setText(text)
        self._meta.setVisible(bool(text))


class PanelHeading(QWidget):
    """The head of a panel: title, a word beside it, a link at the right and a hairline below."""

    def __init__(
        self, title: str, meta: str = "", parent: QWidget | None = None, *, link: LinkButton | None = None, padding: int | None = None
    ) -> None:
        super().__init__(parent)
        theme = current_theme()
        edge = theme.space.l if padding is None else padding
        row = QHBoxLayout(self)
        row.setContentsMargins(edge, 0, edge, theme.line.hairline)
        row.setSpacing(theme.space.s)
        self._title = Text(title, "strong")
        self._meta = Text(meta, "meta")
        row.addWidget(self._title)
        row.addWidget(self._meta)
        row.addStretch(1)
        if link is not None:
            row.addWidget(link)
        self.setFixedHeight(theme.size.row_event)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_title(self, text: str) -> None:
        """Change the title."""
        self._title.setText(text)

    def set_meta(self, text: str) -> None:
        """Change the word beside the title."""
        self._meta.setText(text)

    def paintEvent(self, event: QPaintEvent) -> None:
        draw_line(QPainter(self), 0, self.height() - 1, self.width(), self.height())


class Facts(QWidget):
    """Lines of label and value, as in a side panel; a missing value is `—`, never an empty place."""

    def __init__(self, facts: Sequence[tuple[str, str]] = (), parent: QWidget | None = None, *, label_width: int | None = None) -> None:
        super().__init__(parent)
        theme = current_theme()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(theme.space.m)
        self._grid.setVerticalSpacing(theme.space.s)
        self._grid.setColumnMinimumWidth(0, label_width or theme.size.label_width - theme.space.xl)
        self._grid.setColumnStretch(1, 1)
        self.show_facts(facts)

    def show_facts(self, facts: Sequence[tuple[str, str]]) -> None:
        """Show these lines in place of the former ones."""
        while (item := self._grid.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()  # or Qt's queued show of a new child would make it a window of its own
                widget.setParent(None)
                widget.deleteLater()
        for row, (label, value) in enumerate(facts):
            self._grid.addWidget(Text(label, "label"), row, 0, Qt.AlignmentFlag.AlignTop)
            shown = Text(value or "—", "compact", wrap=True)
            shown.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            shown.setAccessibleName(f"{label} {value}")
            self._grid.addWidget(shown, row, 1)


class EmptyLine(QWidget):
    """What would be here, and the key that makes it."""

    def __init__(self, text: str, key: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme = current_theme()
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.space.l, theme.space.m, theme.space.l, theme.space.m)
        row.setSpacing(theme.space.s)
        self._label = Text(text, "body", tone="muted", wrap=not key)
        row.addWidget(self._label, 0 if key else 1)
        if key:
            row.addWidget(KeyHint(key))
            row.addStretch(1)

    def show_text(self, text: str) -> None:
        """Say something else."""
        self._label.setText(text)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, current_theme().size.row_table)
