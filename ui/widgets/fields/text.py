"""Fields of plain text: one line, several lines, a telephone number, a yes or no."""

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QFrame, QPlainTextEdit, QWidget

from nbcase.domain.words import tr
from ui.theme import current_theme
from ui.widgets.fields.frame import Edit, Field, FieldValue, Problem
from ui.widgets.icon import draw_icon
from ui.widgets.ink import draw_ground, draw_text, text_width


class TextField(Field):
    """One line of text."""

    def __init__(
        self,
        name: str,
        parent: QWidget | None = None,
        *,
        placeholder: str = "",
        required: bool = False,
        problem: Problem | None = None,
    ) -> None:
        super().__init__(name, parent, required=required, problem=problem)
        self.edit = Edit(self.frame)
        self.edit.setPlaceholderText(placeholder)
        self.edit.textEdited.connect(self._typed)
        self.edit.left.connect(self.was_left)
        self.edit.returnPressed.connect(self.settled)
        self.build(self.edit)

    def value(self) -> FieldValue:
        return self.edit.text().strip()

    def set_value(self, value: FieldValue) -> None:
        self.edit.setText(str(value))
        self.edit.setCursorPosition(0)
        self.refresh()

    def show_read_only(self, on: bool) -> None:
        self.edit.setReadOnly(on)
        self.edit.setFocusPolicy(Qt.FocusPolicy.ClickFocus if on else Qt.FocusPolicy.StrongFocus)

    def _typed(self, text: str) -> None:
        self.took_edit()


class GroupedField(TextField):
    """A number shown in groups and kept without blanks; a subclass knows the groups and the signs that may stand in it."""

    def grouped(self, plain: str) -> str:
        """The number as it is shown."""
        return plain

    def cleaned(self, text: str) -> str:
        """The number out of what was typed or pasted: full-width signs folded, everything else dropped."""
        return "".join(sign for sign in text.translate(_HALF_WIDTH).upper() if sign.isascii() and sign.isalnum())

    def value(self) -> FieldValue:
        return self.cleaned(self.edit.text())

    def set_value(self, value: FieldValue) -> None:
        self.edit.setText(self.grouped(self.cleaned(str(value))))
        self.edit.setCursorPosition(0)
        self.refresh()

    def _typed(self, text: str) -> None:
        """Group again and keep the cursor behind the same sign."""
        before = len(self.cleaned(text[: self.edit.cursorPosition()]))
        shown = self.grouped(self.cleaned(text))
        if shown != text:
            self.edit.setText(shown)
            self.edit.setCursorPosition(_place_after(shown, before))
        super()._typed(shown)


def _place_after(shown: str, count: int) -> int:
    """The cursor position behind so many signs that are not blanks."""
    seen = 0
    for place, sign in enumerate(shown):
        if seen == count:
            return place
        seen += sign != " "
    return len(shown)


_HALF_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}


class IdentityField(GroupedField):
    """A citizen number in groups of 6, 8 and 4; numbers that begin with a letter, or of another kind of paper, stay in one piece."""

    _LENGTH = 18
    _OLD_LENGTH = 15
    """Numbers issued before October 1999; the check of the number converts them."""

    _is_citizen = True

    def set_citizen(self, on: bool) -> None:
        """Whether the number follows the citizens' scheme; passports and passes have lengths of their own."""
        if on != self._is_citizen:
            self._is_citizen = on
            self.set_value(self.value())

    def grouped(self, plain: str) -> str:
        if not self._is_citizen or not plain[:1].isdigit():
            return plain
        parts = (plain[:6], plain[6:14], plain[14:])
        return " ".join(part for part in parts if part)

    def cleaned(self, text: str) -> str:
        plain = super().cleaned(text)
        return plain[: self._LENGTH] if plain[:1].isdigit() else plain

    def own_problem(self, value: str) -> str:
        if self._is_citizen and value[0].isdigit() and len(value) not in (self._LENGTH, self._OLD_LENGTH):
            return tr("公民身份号码是 18 位，现有 {n} 位").format(n=len(value))
        return ""


class PhoneField(GroupedField):
    """A mobile number in groups of 3, 4 and 4; a landline may stand as it is typed."""

    _LENGTH = 11

    def grouped(self, plain: str) -> str:
        if not plain.startswith("1"):
            return plain
        parts = (plain[:3], plain[3:7], plain[7:])
        return " ".join(part for part in parts if part)

    def cleaned(self, text: str) -> str:
        digits = "".join(sign for sign in super().cleaned(text) if sign.isdigit())
        return digits[: self._LENGTH] if digits.startswith("1") else digits[: self._LENGTH + 1]

    def own_problem(self, value: str) -> str:
        if value.startswith("1") and len(value) != self._LENGTH:
            return tr("手机号是 11 位，现有 {n} 位").format(n=len(value))
        return ""


class _TextArea(QPlainTextEdit):
    left = Signal()

    def __init__(self, ring_target: QWidget) -> None:
        super().__init__()
        self.ring_target = ring_target
        self.setTabChangesFocus(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.document().setDocumentMargin(0)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() != Qt.FocusReason.PopupFocusReason:
            self.left.emit()


class MultiLineField(Field):
    """Several lines; Tab leaves the field."""

    def __init__(
        self,
        name: str,
        parent: QWidget | None = None,
        *,
        placeholder: str = "",
        required: bool = False,
        problem: Problem | None = None,
        lines: int = 3,
    ) -> None:
        super().__init__(name, parent, required=required, problem=problem)
        theme = current_theme()
        self._area = _TextArea(self.frame)
        self._area.setPlaceholderText(placeholder)
        self._showing = False
        self._area.textChanged.connect(self._typed)
        self._area.left.connect(self.was_left)
        self.frame.setFixedHeight(theme.size.input + (lines - 1) * (theme.tokens.font.size_body + theme.space.s - 2))
        self.row.setContentsMargins(theme.space.s + 1, theme.space.xs, theme.space.s, theme.space.xs)
        self.build(self._area)

    def value(self) -> FieldValue:
        return self._area.toPlainText().strip()

    def set_value(self, value: FieldValue) -> None:
        self._showing = True
        self._area.setPlainText(str(value))
        self._showing = False
        self.refresh()

    def show_read_only(self, on: bool) -> None:
        self._area.setReadOnly(on)

    def _typed(self) -> None:
        if not self._showing:
            self.took_edit()


class CheckBox(QAbstractButton):
    """A box with a text; the space bar sets it."""

    def __init__(self, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setText(text)
        self.setAccessibleName(text)
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def sizeHint(self) -> QSize:
        theme = current_theme()
        return QSize(theme.size.icon + theme.space.s + text_width(self.text()) + theme.space.xs, theme.size.input)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current_theme()
        painter = QPainter(self)
        draw_check_box(painter, 2, self.height() / 2, on=self.isChecked(), enabled=self.isEnabled())
        left = theme.size.icon + theme.space.s
        color = "text" if self.isEnabled() else "text3"
        draw_text(painter, QRectF(left, 0, self.width() - left, self.height()), self.text(), color)


def draw_check_box(painter: QPainter, left: float, middle: float, *, on: bool, enabled: bool = True) -> None:
    """A check box of 14 by 14, as in forms and in the first column of tables."""
    theme = current_theme()
    side = theme.size.icon - 2
    box = QRectF(left, round(middle - side / 2), side, side)
    ground = ("accent" if enabled else "track") if on else "surface"
    draw_ground(painter, box, ground, None if on and enabled else "input_border", radius=theme.radius.tag)
    if on:
        mark = "on_accent" if enabled else "text2"
        draw_icon(painter, box.left() + 1, box.top() + 1, "check", mark, side - 2)


class CheckField(Field):
    """A yes or no of a form."""

    def __init__(self, name: str, parent: QWidget | None = None, *, text: str = "", required: bool = False) -> None:
        super().__init__(name, parent, required=required)
        self._box = CheckBox(text or name)
        self._box.clicked.connect(self.took_edit)
        self._box.clicked.connect(self.left)
        self.frame.hide()
        self._column.insertWidget(0, self._box)
        self.setFocusProxy(self._box)
        self._box.setAccessibleName(self.accessible_label())

    def value(self) -> FieldValue:
        return self._box.isChecked()

    def set_value(self, value: FieldValue) -> None:
        self._box.setChecked(bool(value))

    def show_read_only(self, on: bool) -> None:
        self._box.setEnabled(not on)


def is_enter(event: QKeyEvent | QMouseEvent | QEvent) -> bool:
    """Whether the event is the Enter key, on either side of the keyboard, without a modifier."""
    plain = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier
    keys = Qt.Key.Key_Return, Qt.Key.Key_Enter
    return isinstance(event, QKeyEvent) and event.key() in keys and event.modifiers() in plain
