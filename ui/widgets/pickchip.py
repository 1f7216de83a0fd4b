"""A chip that opens a list of choices, such as the items of 办件."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget

from nbcase.domain.words import tr
from ui.theme import current_theme
from ui.widgets.fields.choice import Option
from ui.widgets.picklist import PickList, Suggestion
from ui.widgets.tag import Chip


class PickChip(Chip):
    """Says what is chosen; the first line of its list takes the filter away. `chosen` carries the code, empty for all."""

    chosen = Signal(str)

    def __init__(self, name: str, options: Sequence[Option], parent: QWidget | None = None) -> None:
        super().__init__(name, parent, opens=True)
        self._name = name
        self._options = (Option(code="", label=tr("全部{name}").format(name=name)), *options)
        self._code = ""
        self._list: PickList | None = None
        self.clicked.connect(self.open)

    @property
    def code(self) -> str:
        """The chosen code; empty for all."""
        return self._code

    def choose(self, code: str) -> None:
        """Show a choice without `chosen`."""
        self._code = code
        label = next((option.label for option in self._options if option.code == code), self._name)
        self.set_text(label if code else self._name, on=bool(code))

    def open(self) -> None:
        """Show the list; the arrows and Enter choose."""
        self.setFocus(Qt.FocusReason.ShortcutFocusReason)
        rows = [Suggestion(text=option.label, payload=option) for option in self._options]
        codes = [option.code for option in self._options]
        self._popup().show_suggestions(rows, select=codes.index(self._code) if self._code in codes else 0)

    def _popup(self) -> PickList:
        if self._list is None:
            self._list = PickList(self, self._name, least_width=current_theme().size.label_width * 3)
            self._list.watch(self)
            self._list.picked.connect(self._picked)
            self.destroyed.connect(self._list.deleteLater)
        return self._list

    def _picked(self, row: Suggestion) -> None:
        option = row.payload
        assert isinstance(option, Option)
        self.choose(option.code)
        self.chosen.emit(option.code)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._list is not None and self._list.handle_key(event.key()):
            return
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Down):
            self.open()
            return
        super().keyPressEvent(event)
