"""Rows of a small table that are typed: the bands of a rule, its kinds, the worked examples."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QWidget

from ui.theme import current_theme
from ui.widgets.fields import TextField
from ui.widgets.text import SectionHeading, Text


@dataclass(frozen=True, slots=True, kw_only=True)
class RowColumn:
    """A column: its heading, its share of the width, and whether it only shows."""

    title: str
    stretch: int = 1
    read_only: bool = False


class RowsEditor(QWidget):
    """A heading and rows of fields. An empty row at the end takes the next one; a row that is emptied is gone.

    With `fixed` the rows are given, and no other can be added. `edited` follows every change, `left` the focus going away.
    """

    edited = Signal()
    left = Signal()

    def __init__(self, name: str, columns: Sequence[RowColumn], *, fixed: bool = False, free: int = 0) -> None:
        """`free` is the share of the width that stays empty at the right."""
        super().__init__()
        theme = current_theme()
        self._name = name
        self._columns = tuple(columns)
        self._fixed = fixed
        self._rows: list[list[TextField]] = []
        self._is_off = False
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(theme.space.l, theme.space.s, theme.space.l, 0)
        self._grid.setHorizontalSpacing(theme.space.s)
        self._grid.setVerticalSpacing(theme.space.xs)
        self._heading = SectionHeading(name)
        self._grid.addWidget(self._heading, 0, 0, 1, len(self._columns) + (1 if free else 0))
        if free:
            self._grid.setColumnStretch(len(self._columns), free)
        for place, column in enumerate(self._columns):
            self._grid.addWidget(Text(column.title, "meta"), 1, place)
            self._grid.setColumnStretch(place, column.stretch)

    def set_meta(self, text: str) -> None:
        """The word beside the heading."""
        self._heading.set_meta(text)

    def show_rows(self, rows: Sequence[Sequence[str]]) -> None:
        """Show these rows in place of the former ones."""
        for fields in self._rows:
            for made in fields:
                self._grid.removeWidget(made)
                made.hide()
                made.setParent(None)
                made.deleteLater()
        self._rows = []
        for row in rows:
            self._add(row)
        self._leave_room()

    def rows(self) -> list[tuple[str, ...]]:
        """What stands in the rows, those left out that are empty wherever they can be typed into."""
        found = [tuple(str(made.value()) for made in fields) for fields in self._rows]
        typed = [place for place, column in enumerate(self._columns) if not column.read_only]
        return found if self._fixed else [row for row in found if any(row[place] for place in typed)]

    def field(self, row: int, column: int) -> TextField:
        """One field, counted from 0."""
        return self._rows[row][column]

    def set_off(self, off: bool) -> None:
        """Only to be read, or to be typed into again."""
        self._is_off = off
        for fields in self._rows:
            for made, column in zip(fields, self._columns, strict=True):
                made.set_state("read_only" if off or column.read_only else "normal")
        self._leave_room()

    def note(self, column: int, notes: Sequence[tuple[str, bool | None]]) -> None:
        """A word at each row's field: right, wrong (True, False), or neither."""
        for fields, (text, is_right) in zip(self._rows, notes, strict=False):
            made = fields[column]
            if is_right is False and not self._is_off:
                made.set_state("error", text)
            elif made.state() == "error":
                made.set_state("normal")
            made.set_note("" if is_right is False else text, passed=bool(is_right))

    def _leave_room(self) -> None:
        if not self._fixed and not self._is_off and (not self._rows or any(str(made.value()) for made in self._rows[-1])):
            self._add([""] * len(self._columns))

    def _add(self, row: Sequence[str]) -> None:
        fields = []
        for place, (value, column) in enumerate(zip(row, self._columns, strict=True)):
            made = TextField(f"{self._name} {len(self._rows) + 1} {column.title}")
            made.set_value(value)
            made.set_state("read_only" if self._is_off or column.read_only else "normal")
            made.edited.connect(self._typed)
            made.left.connect(self.left)
            made.settled.connect(partial(self._go_on, len(self._rows), place))
            self._grid.addWidget(made, len(self._rows) + 2, place, Qt.AlignmentFlag.AlignTop)
            fields.append(made)
            if self.isVisible():
                made.show()
        self._chain(fields)
        self._rows.append(fields)

    def _chain(self, fields: Sequence[TextField]) -> None:
        """Tab goes along a row and on to the next one."""
        former = self._rows[-1][-1] if self._rows else None
        for made in fields:
            if former is not None:
                QWidget.setTabOrder(former.edit, made.edit)
            former = made

    def _typed(self) -> None:
        self._leave_room()
        self.edited.emit()

    def _go_on(self, row: int, column: int) -> None:
        """Enter goes to the same column of the next row."""
        if row + 1 < len(self._rows):
            self._rows[row + 1][column].setFocus()
