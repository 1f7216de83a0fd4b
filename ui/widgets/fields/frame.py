"""What every field of a form has in common: the frame, its states and the words beside and under it."""

from collections.abc import Callable
from typing import Literal

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QEnterEvent, QFocusEvent, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QSizePolicy, QVBoxLayout, QWidget

from nbcase.domain.words import tr
from ui.theme import current_theme
from ui.widgets.icon import Icon
from ui.widgets.ink import draw_ground, set_property
from ui.widgets.text import Text

FieldState = Literal["normal", "check", "error", "read_only"]
FieldValue = str | bool
Problem = Callable[[str], str]
"""A check of a value: what is wrong with it in the clerk's words, or nothing."""


class Edit(QLineEdit):
    """The line edit within a frame: tells when the focus comes and goes and lets its field see keys first."""

    entered = Signal()
    left = Signal()

    def __init__(self, ring_target: QWidget) -> None:
        super().__init__()
        self.ring_target = ring_target
        self.take_key: Callable[[QKeyEvent], bool] = _takes_nothing
        self.setFrame(False)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumWidth(0)

    def minimumSizeHint(self) -> QSize:
        return QSize(2 * current_theme().space.xl, super().minimumSizeHint().height())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self.take_key(event):
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.entered.emit()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() != Qt.FocusReason.PopupFocusReason:
            self.left.emit()


def _takes_nothing(_event: QKeyEvent) -> bool:
    return False


_GROUNDS: dict[FieldState, tuple[str, str]] = {
    "check": ("amber_weak", "amber_fill"),
    "error": ("surface", "red"),
    "read_only": ("sunken", "border"),
}


class Frame(QWidget):
    """Ground and border of an input in its state; the ring outside is painted by the focus ring."""

    def __init__(self, parent: QWidget, *, ground: str = "surface", border: str = "input_border") -> None:
        super().__init__(parent)
        self.state: FieldState = "normal"
        self._normal = (ground, border)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)

    def paintEvent(self, event: QPaintEvent) -> None:
        ground, border = _GROUNDS.get(self.state, self._normal)
        if self.state == "normal" and self.underMouse():
            border = "text2"
        draw_ground(QPainter(self), self.rect(), ground, border)

    def enterEvent(self, event: QEnterEvent) -> None:
        self.update()
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self.update()
        super().leaveEvent(event)


class Field(QWidget):
    """One input of a form.

    `edited` follows every change that the clerk makes, `left` the focus going away (the draft is kept then), `settled` an Enter
    that ends the input; none follows `set_value`. A field to check stays amber until it is confirmed or edited; a wrong one says
    so under itself.
    """

    edited = Signal()
    left = Signal()
    settled = Signal()

    def __init__(self, name: str, parent: QWidget | None = None, *, required: bool = False, problem: Problem | None = None) -> None:
        super().__init__(parent)
        self.name = name
        self.required = required
        self._problem = problem
        self._note = ""
        self._reason = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self.frame = Frame(self)
        self.row = QHBoxLayout(self.frame)
        theme = current_theme()
        self.row.setContentsMargins(theme.space.s - 1, 1, theme.space.s, 1)
        self.row.setSpacing(theme.space.s)
        self.frame.setFixedHeight(theme.size.input)
        self._column.addWidget(self.frame)
        self._beside = Text("", "meta", self.frame)
        self._mark = Icon("check", "green", self.frame)
        self._mark.hide()
        self._chevron: Icon | None = None
        self._under = Text("", "meta", self, tone="red", wrap=True)
        self._under.hide()
        self._column.addWidget(self._under)

    def build(self, inner: QWidget, *, chevron: bool = False) -> None:
        """Put the editor into the frame, and the words and signs at its right."""
        self.row.addWidget(inner, 1)
        self.row.addWidget(self._beside)
        self.row.addWidget(self._mark)
        if chevron:
            self._chevron = Icon("chevron-down", "text2")
            self.row.addWidget(self._chevron)
        inner.setAccessibleName(self.accessible_label())
        self.setFocusProxy(inner)
        self.refresh()

    def accessible_label(self) -> str:
        """The name that a screen reader says, with what the form demands."""
        return tr("{name}，必填").format(name=self.name) if self.required else self.name

    def rename(self, name: str) -> None:
        """Go by another name, as a number does that is a passport's."""
        self.name = name
        self.set_required(self.required)

    def set_required(self, on: bool) -> None:
        """Demand a value, or no longer: what one field says may make another one necessary."""
        self.required = on
        if (proxy := self.focusProxy()) is not None:
            proxy.setAccessibleName(self.accessible_label())
        self.refresh()

    def value(self) -> FieldValue:
        """The value in its canonical form: no grouping blanks, dates as 1994-07-12, the code of a choice."""
        raise NotImplementedError

    def set_value(self, value: FieldValue) -> None:
        """Show a value without `edited`."""
        raise NotImplementedError

    def is_empty(self) -> bool:
        """Whether there is nothing in the field."""
        return not self.value()

    def problem(self) -> str:
        """What is wrong with the value in the clerk's words, or nothing."""
        value = self.value()
        if not isinstance(value, str) or not value:
            return ""
        return self.own_problem(value) or (self._problem(value) if self._problem else "")

    def own_problem(self, value: str) -> str:
        """What the kind of field itself finds wrong."""
        return ""

    def state(self) -> FieldState:
        """The state that is shown."""
        return self.frame.state

    def set_state(self, state: FieldState, reason: str = "") -> None:
        """Show a state; the reason stands at the right of a field to check and under a wrong one."""
        self.frame.state = state
        self._reason = reason
        self.show_read_only(state == "read_only")
        if self._chevron is not None:
            self._chevron.setVisible(state != "read_only")
        self.refresh()
        self.frame.update()

    def show_read_only(self, on: bool) -> None:
        """Let the editor refuse or take typing."""

    def confirm(self) -> None:
        """The clerk has looked: a field to check is settled."""
        if self.state() == "check":
            self.set_state("normal")

    def set_note(self, text: str, *, passed: bool = False) -> None:
        """A word at the right, such as 32 周岁, or the sign of a check that passed."""
        self._note = text
        self._mark.setVisible(passed)
        self.refresh()

    def validate(self) -> bool:
        """Show what is wrong, if anything; called when the field is left."""
        if self.state() in ("read_only", "check"):
            return True
        problem = self.problem()
        if problem:
            self.set_state("error", problem)
        elif self.state() == "error":
            self.set_state("normal")
        return not problem

    def needs_work(self) -> bool:
        """Whether the cursor should stop here: missing, wrong or to be checked; never where the field is not shown."""
        if self.state() == "read_only" or self.isHidden():
            return False
        return self.state() in ("check", "error") or (self.required and self.is_empty())

    def took_edit(self) -> None:
        """The clerk has changed something: the old verdicts no longer hold."""
        self._mark.hide()
        if self.state() in ("check", "error"):
            self.set_state("normal")
        self.refresh()
        self.edited.emit()

    def was_left(self) -> None:
        """The focus has gone: check and tell."""
        self.validate()
        self.left.emit()

    def refresh(self) -> None:
        """Bring the words beside and under the field up to date."""
        state = self.state()
        missing = self.required and state == "normal" and self.is_empty()
        beside = self._reason if state == "check" else tr("必填") if missing else self._note
        self._beside.setText(beside)
        self._beside.setVisible(bool(beside))
        set_property(self._beside, "tone", "amber" if state == "check" else "muted")
        self._under.setText(self._reason if state == "error" else "")
        self._under.setVisible(state == "error" and bool(self._reason))
        if (proxy := self.focusProxy()) is not None:
            proxy.setAccessibleDescription(self._reason or self._note)
