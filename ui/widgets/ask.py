"""A question at the foot of a page: numbered answers or one typed line, Esc takes it back. Never a box in the way."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QApplication, QBoxLayout, QHBoxLayout, QSizePolicy, QWidget

from nbcase.domain.words import tr
from ui.theme import current_theme
from ui.widgets.button import KeyButton
from ui.widgets.fields.choice import Option
from ui.widgets.fields.frame import Edit, Frame
from ui.widgets.icon import Icon
from ui.widgets.ink import draw_line
from ui.widgets.text import Text

Answered = Callable[[str], None]


class AskBar(QWidget):
    """Asks one thing at a time; the focus goes back to where it was. An answer is the code of an option or the typed text."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme = current_theme()
        self.setProperty("ground", "sunken")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._then: Answered | None = None
        self._former: QWidget | None = None
        self._lines = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._lines.setContentsMargins(theme.space.l, theme.space.s, theme.space.l, theme.space.s)
        self._lines.setSpacing(theme.space.s)
        self._question = Text("", "compact-strong")
        asked, row = QHBoxLayout(), QHBoxLayout()
        asked.setSpacing(theme.space.s)
        row.setSpacing(theme.space.s)
        asked.addWidget(Icon("circle-question-mark", "accent"))
        asked.addWidget(self._question, 1)
        self._lines.addLayout(asked)
        self._lines.addLayout(row, 1)
        self._options = QHBoxLayout()
        self._options.setSpacing(theme.space.s)
        row.addLayout(self._options)
        self._frame = Frame(self)
        self._frame.setFixedHeight(theme.size.input)
        self._frame.setMaximumWidth(theme.size.form_column_max)
        inner = QHBoxLayout(self._frame)
        inner.setContentsMargins(theme.space.s, 1, theme.space.s, 1)
        self._edit = Edit(self._frame)
        inner.addWidget(self._edit)
        row.addWidget(self._frame, 1)
        self._take = KeyButton(tr("确定"), key="Enter", small=True, registers=False)
        self._take.clicked.connect(self._take_text)
        row.addWidget(self._take)
        row.addStretch(1)
        self._cancel = KeyButton(tr("取消"), key="Esc", small=True, registers=False)
        self._cancel.clicked.connect(self.cancel)
        row.addWidget(self._cancel)
        self._fit()
        self.hide()

    def ask(self, question: str, options: Sequence[Option], then: Answered) -> None:
        """Ask for one of at most nine options, each with its number as key."""
        self._begin(question, then)
        self._frame.hide()
        self._take.hide()
        for place, option in enumerate(options[:9], 1):
            button = KeyButton(option.label, key=str(place), small=True)
            button.clicked.connect(lambda _on=False, code=option.code: self._answer(code))
            self._options.addWidget(button)
        self.show()
        first = self._options.itemAt(0)
        if first is not None and (widget := first.widget()) is not None:
            widget.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def ask_text(self, question: str, text: str, then: Answered, *, placeholder: str = "") -> None:
        """Ask for one line, with a proposal in it."""
        self._begin(question, then)
        self._edit.setText(text)
        self._edit.setPlaceholderText(placeholder)
        self._edit.setAccessibleName(question)
        self._frame.show()
        self._take.show()
        self.show()
        self._edit.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._edit.selectAll()

    @property
    def is_asking(self) -> bool:
        """Whether a question waits for its answer."""
        return self._then is not None

    def cancel(self) -> None:
        """Take the question back."""
        self._end()

    def _begin(self, question: str, then: Answered) -> None:
        if self._then is None:
            self._former = QApplication.focusWidget()
        self._clear()
        self._then = then
        self._question.setText(question)
        self.setAccessibleName(question)

    def _clear(self) -> None:
        while (item := self._options.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.setParent(None)
                widget.deleteLater()

    def _end(self) -> Answered | None:
        then, self._then = self._then, None
        self.hide()
        self._clear()
        former, self._former = self._former, None
        if former is not None and former.isVisible():
            former.setFocus(Qt.FocusReason.OtherFocusReason)
        return then

    def _take_text(self) -> None:
        text = self._edit.text().strip()
        if text:
            self._answer(text)

    def _answer(self, answer: str) -> None:
        then = self._end()
        if then is not None:
            then(answer)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.cancel()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._enter()
        else:
            super().keyPressEvent(event)

    def _fit(self) -> None:
        """In a narrow window the answers stand under the question."""
        theme = current_theme()
        is_narrow = self.width() < theme.layout.compact_below * 3 // 4
        direction = QBoxLayout.Direction.TopToBottom if is_narrow else QBoxLayout.Direction.LeftToRight
        self._lines.setDirection(direction)
        self.setFixedHeight(theme.size.footer_bar + (theme.size.input if is_narrow else 0))

    def _enter(self) -> None:
        focus = QApplication.focusWidget()
        if isinstance(focus, KeyButton) and self.isAncestorOf(focus):
            focus.click()
        elif self._frame.isVisible():
            self._take_text()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._fit()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        painter.fillRect(self.rect(), current_theme().color("accent_weak"))
        draw_line(painter, 0, 0, self.width(), 1, "accent_line")
