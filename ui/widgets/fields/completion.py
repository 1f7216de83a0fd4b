"""Text that is completed from what is known, such as an address from the known dwellings."""

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget

from nbcase.domain.words import tr
from ui.tasks import Tasks
from ui.theme import current_theme
from ui.widgets.fields.frame import FieldValue, Problem
from ui.widgets.fields.text import TextField, is_enter
from ui.widgets.picklist import PickList, Suggestion


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestions:
    """What a provider found: the lines, a word for the foot of the list and a short count for the field."""

    rows: tuple[Suggestion, ...]
    note: str = ""
    count: str = ""


Provider = Callable[[str], Suggestions]
"""Called in a worker with what was typed."""


class CompletionField(TextField):
    """A line of text with suggestions from a provider that runs beside the event loop.

    Enter takes the marked line: `picked` carries its payload, which stays as `payload()` until the text is edited again. An Enter
    that comes before the list takes the first line once it is there: a fast clerk does not wait for it.
    Alt+N asks for a new record (`new_requested` with the text), Esc keeps the mere text.
    """

    picked = Signal(object)
    new_requested = Signal(str)

    def __init__(
        self,
        name: str,
        provider: Provider,
        tasks: Tasks,
        parent: QWidget | None = None,
        *,
        placeholder: str = "",
        required: bool = False,
        problem: Problem | None = None,
        new_label: str = "",
    ) -> None:
        super().__init__(name, parent, placeholder=placeholder, required=required, problem=problem)
        self._provider = provider
        self._tasks = tasks
        self._new_label = new_label
        self._payload: object = None
        self._asked = 0
        self._answered = 0
        self._is_enter_waiting = False
        self._list: PickList | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(current_theme().tokens.wait.search)
        self._timer.timeout.connect(self._ask)
        self.edit.take_key = self._take_key

    def payload(self) -> object:
        """What the picked line meant, or None where the text is only text."""
        return self._payload

    def set_value(self, value: FieldValue) -> None:
        super().set_value(value)
        self._payload = None

    def _typed(self, text: str) -> None:
        self._payload = None
        self._is_enter_waiting = False
        super()._typed(text)
        self._timer.start()

    def _ask(self) -> None:
        typed = self.edit.text().strip()
        self._asked += 1
        asked = self._asked
        if not typed:
            self._popup().hide()
            return
        self._tasks.run(lambda: self._provider(typed), then=lambda found: self._show(asked, typed, found))

    def _show(self, asked: int, typed: str, found: Suggestions) -> None:
        """Show an answer unless a later question is under way or the clerk has gone on."""
        if asked != self._asked or not self.edit.hasFocus():
            return
        self._answered = asked
        self.set_note(found.count)
        if self._is_enter_waiting:
            self._is_enter_waiting = False
            if found.rows:
                self._take(found.rows[0])
            self.settled.emit()
            return
        self._popup().show_suggestions(found.rows, typed=typed, note=found.note or _nothing_found(found))

    def _popup(self) -> PickList:
        if self._list is None:
            self._list = PickList(self.frame, self.name)
            hints = [("↑↓", tr("选择"))]
            if self._new_label:
                hints.append(("Alt+N", self._new_label))
            hints.append(("Esc", tr("仅作文字")))
            self._list.set_hints(hints)
            self._list.watch(self.edit)
            self._list.picked.connect(self._take)
            self.destroyed.connect(self._list.deleteLater)
        return self._list

    def _take(self, row: Suggestion) -> None:
        self._asked += 1
        self._answered = self._asked
        self._timer.stop()
        self.edit.setText(row.text)
        self._payload = row.payload
        self.set_note("")
        self.took_edit()
        self.picked.emit(row.payload)

    def _take_key(self, event: QKeyEvent) -> bool:
        alt = event.modifiers() == Qt.KeyboardModifier.AltModifier
        if self._new_label and alt and event.key() == Qt.Key.Key_N:
            self.new_requested.emit(str(self.value()))
            return True
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            return False
        if is_enter(event) and self._is_searching():
            self._is_enter_waiting = True
            return True
        if self._list is not None and self._list.isVisible():
            used = self._list.handle_key(event.key())
            if used and is_enter(event):
                self.settled.emit()
            return used
        if event.key() == Qt.Key.Key_Down:
            self._ask()
            return True
        return False

    def _is_searching(self) -> bool:
        """Whether the list for what stands in the field is still to come."""
        return self._timer.isActive() or (self._asked > self._answered and self._payload is None and bool(self.value()))

    def was_left(self) -> None:
        self._asked += 1
        self._answered = self._asked
        self._timer.stop()
        if self._list is not None:
            self._list.hide()
        super().was_left()


def _nothing_found(found: Suggestions) -> str:
    return "" if found.rows else tr("没有找到，可以新建")
