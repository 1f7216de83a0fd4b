"""One of a list: by pinyin initials, by a part of its name, by its number, or with the arrows."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QWidget

from nbcase.domain.words import tr
from ui.widgets.fields.frame import Edit, Field, FieldValue
from ui.widgets.fields.initials import initials
from ui.widgets.fields.text import is_enter
from ui.widgets.picklist import PickList, Suggestion


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One choice; `keys` are further letters that find it, such as the right initials of a character with two readings."""

    code: str
    label: str
    keys: tuple[str, ...] = ()


class ChoiceField(Field):
    """A field with a list.

    Typing narrows the list, Enter or leaving the field takes the marked line, Esc gives the former value back. A digit alone
    takes the line of that number at once. An Enter ends the field: the form goes on to the next gap.
    """

    def __init__(
        self,
        name: str,
        options: Sequence[Option],
        parent: QWidget | None = None,
        *,
        placeholder: str = "",
        required: bool = False,
    ) -> None:
        super().__init__(name, parent, required=required)
        self._options = tuple(options)
        self._code = ""
        self._read_only = False
        self._list: PickList | None = None
        self.edit = Edit(self.frame)
        self.edit.setPlaceholderText(placeholder or tr("选择"))
        self.edit.textEdited.connect(self._narrow)
        self.edit.take_key = self._take_key
        self.edit.left.connect(self._leave)
        self.edit.entered.connect(self.edit.selectAll)
        self.edit.returnPressed.connect(self.settled)
        self.build(self.edit, chevron=True)

    def set_options(self, options: Sequence[Option]) -> None:
        """Offer other choices; a value that is no longer among them is taken away."""
        self._options = tuple(options)
        if self._list is not None:
            self._list.hide()
        if self._code not in {option.code for option in options}:
            self._code = ""
        self._show_label()

    def value(self) -> FieldValue:
        return self._code

    def set_value(self, value: FieldValue) -> None:
        self._code = str(value)
        self._show_label()

    def label(self) -> str:
        """The words of the present choice; an unknown code stands for itself."""
        return next((option.label for option in self._options if option.code == self._code), self._code)

    def open_list(self) -> None:
        """Put the cursor into the field and show all choices."""
        if not self._read_only:
            self.edit.setFocus(Qt.FocusReason.ShortcutFocusReason)
            self._open()

    def show_read_only(self, on: bool) -> None:
        self._read_only = on
        self.edit.setReadOnly(on)
        self.edit.setFocusPolicy(Qt.FocusPolicy.ClickFocus if on else Qt.FocusPolicy.StrongFocus)

    def _show_label(self) -> None:
        self.edit.setText(self.label())
        self.edit.setCursorPosition(0)
        self.refresh()

    def _popup(self) -> PickList:
        if self._list is None:
            self._list = PickList(self.frame, self.name)
            self._list.watch(self.edit)
            self._list.picked.connect(self._picked)
            self.destroyed.connect(self._list.deleteLater)
        return self._list

    def _open(self, typed: str = "") -> None:
        matches = match_options(self._options, typed)
        rows = [Suggestion(text=option.label, right=_ordinal(order, typed), payload=option) for order, option in matches]
        codes = [option.code for _, option in matches]
        select = codes.index(self._code) if not typed and self._code in codes else None
        note = "" if rows else tr("没有符合“{text}”的选项").format(text=typed)
        self._popup().show_suggestions(rows, typed=typed, note=note, select=select)

    def _narrow(self, typed: str) -> None:
        text = typed.strip()
        if text.isdigit() and 0 < int(text) <= min(9, len(self._options)):
            self._picked(Suggestion(text="", payload=self._options[int(text) - 1]))
            self.edit.selectAll()
            return
        self._open(text)

    def _picked(self, row: Suggestion) -> None:
        option = row.payload
        assert isinstance(option, Option)
        if self._list is not None:
            self._list.hide()
        changed = option.code != self._code
        self._code = option.code
        self._show_label()
        if changed or self.state() != "normal":
            self.took_edit()

    def _take_key(self, event: QKeyEvent) -> bool:
        if self._read_only:
            return False
        popup = self._list
        if popup is not None and popup.isVisible():
            if event.key() == Qt.Key.Key_Escape:
                self._show_label()
            if (event.key() != Qt.Key.Key_Enter or is_enter(event)) and popup.handle_key(event.key()):
                if is_enter(event):
                    self.settled.emit()
                return True
        if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up, Qt.Key.Key_Space) and not event.modifiers():
            self._open()
            return True
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and self.edit.selectedText() == self.edit.text():
            self._clear()
            return True
        return False

    def _clear(self) -> None:
        if self._code:
            self._code = ""
            self._show_label()
            self.took_edit()

    def _leave(self) -> None:
        typed = self.edit.text().strip()
        if typed != self.label():
            matches = match_options(self._options, typed) if typed else []
            if matches:
                self._picked(Suggestion(text="", payload=matches[0][1]))
        if self._list is not None:
            self._list.hide()
        self._show_label()
        self.was_left()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if not self._read_only:
            self.edit.setFocus()
            self._open()


def match_options(options: Sequence[Option], typed: str) -> list[tuple[int, Option]]:
    """The options that the letters find, with their numbers from 1: beginnings before parts, in the order of the list."""
    numbered = list(enumerate(options, 1))
    wanted = typed.casefold()
    if not wanted:
        return numbered
    found = [(rank, pair) for pair in numbered if (rank := _rank(pair[1], wanted)) is not None]
    return [pair for _, pair in sorted(found, key=lambda item: item[0])]


def _rank(option: Option, wanted: str) -> int | None:
    names = (option.label.casefold(), initials(option.label), *(key.casefold() for key in option.keys))
    if wanted == option.code.casefold() or any(name == wanted for name in names):
        return 0
    if any(name.startswith(wanted) for name in names):
        return 1
    return 2 if any(wanted in name for name in names) else None


def _ordinal(order: int, typed: str) -> str:
    return str(order) if not typed and order <= 9 else ""
