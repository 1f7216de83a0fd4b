"""A form from declarations: two columns, tab order as declared, problems beside the field."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Literal

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QScrollArea, QSizePolicy, QWidget

from ui.tasks import Tasks
from ui.theme import current_theme
from ui.widgets.fields import (
    CheckField,
    ChoiceField,
    CompletionField,
    DateField,
    Field,
    FieldValue,
    IdentityField,
    MultiLineField,
    Option,
    PhoneField,
    Problem,
    Provider,
    TextField,
)
from ui.widgets.text import SectionHeading, Text

FieldKind = Literal["text", "identity", "date", "choice", "phone", "multi_line", "completion", "check"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSpec:
    """One field of a form.

    `span` is 1 or 2 columns; `problem` checks the value when the field is left; `new_label` names what Alt+N makes in a
    completion. Choices need `options`, completions a provider of the same key.
    """

    key: str
    label: str
    kind: FieldKind = "text"
    options: tuple[Option, ...] = ()
    required: bool = False
    span: int = 1
    placeholder: str = ""
    read_only: bool = False
    problem: Problem | None = None
    new_label: str = ""
    lines: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class FormSection:
    """Fields under one heading."""

    title: str
    fields: tuple[FieldSpec, ...]
    meta: str = ""


def make_field(spec: FieldSpec, providers: Mapping[str, Provider], tasks: Tasks | None) -> Field:
    """The editor for a declaration."""
    made = _make(spec, providers, tasks)
    if spec.read_only:
        made.set_state("read_only")
    return made


def _make(spec: FieldSpec, providers: Mapping[str, Provider], tasks: Tasks | None) -> Field:
    name, required, placeholder = spec.label, spec.required, spec.placeholder
    if spec.kind == "choice":
        return ChoiceField(name, spec.options, required=required, placeholder=placeholder)
    if spec.kind == "check":
        return CheckField(name, text=placeholder, required=required)
    if spec.kind == "multi_line":
        return MultiLineField(name, required=required, placeholder=placeholder, problem=spec.problem, lines=spec.lines)
    if spec.kind == "completion":
        if tasks is None:
            raise ValueError(f"the completion field {spec.key} needs a task runner")
        return CompletionField(
            name,
            providers[spec.key],
            tasks,
            required=required,
            placeholder=placeholder,
            problem=spec.problem,
            new_label=spec.new_label,
        )
    kinds = {"text": TextField, "identity": IdentityField, "date": DateField, "phone": PhoneField}
    return kinds[spec.kind](name, required=required, placeholder=placeholder, problem=spec.problem)


class Form(QWidget):
    """The fields of all sections on one grid; in a narrow place they stand in one column.

    `edited` and `left` carry the key of the field. Values go in and out as a mapping by key. Enter in a field goes on to the next
    gap, Tab to the next field of the paper; `finished` is sent when Enter finds no gap any more.
    """

    edited = Signal(str)
    left = Signal(str)
    finished = Signal()

    def __init__(
        self,
        sections: Sequence[FormSection],
        parent: QWidget | None = None,
        *,
        providers: Mapping[str, Provider] | None = None,
        tasks: Tasks | None = None,
    ) -> None:
        super().__init__(parent)
        self._sections = tuple(sections)
        self._columns = 0
        self.fields: dict[str, Field] = {}
        self._labels: dict[str, Text] = {}
        self._headings: list[SectionHeading] = []
        for section in self._sections:
            self._headings.append(SectionHeading(section.title, section.meta, self))
            for spec in section.fields:
                self._add(spec, make_field(spec, providers or {}, tasks))
        self._grid = QGridLayout(self)
        theme = current_theme()
        self._grid.setContentsMargins(theme.space.l, theme.space.s, theme.space.l, theme.space.m)
        self._grid.setHorizontalSpacing(theme.space.m)
        self._grid.setVerticalSpacing(theme.size.form_pitch - theme.size.input)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._arrange(2)
        self._chain()

    def _add(self, spec: FieldSpec, made: Field) -> None:
        if spec.key in self.fields:
            raise ValueError(f"two fields of the form have the key {spec.key}")
        made.setParent(self)
        made.edited.connect(partial(self.edited.emit, spec.key))
        made.left.connect(partial(self.left.emit, spec.key))
        made.settled.connect(self._go_on)
        self.fields[spec.key] = made
        label = Text("" if spec.kind == "check" and not spec.placeholder else spec.label, "label", self)
        label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        label.setFixedHeight(current_theme().size.input)
        label.setMinimumWidth(current_theme().size.label_width)
        label.setBuddy(made)
        self._labels[spec.key] = label

    def field(self, key: str) -> Field:
        """The editor of a key."""
        return self.fields[key]

    def values(self) -> dict[str, FieldValue]:
        """All values in their canonical form."""
        return {key: made.value() for key, made in self.fields.items()}

    def set_values(self, values: Mapping[str, FieldValue]) -> None:
        """Show values; keys that the form does not have are left out."""
        for key, value in values.items():
            if key in self.fields:
                self.fields[key].set_value(value)

    def set_label(self, key: str, text: str) -> None:
        """Call a field something else; an empty text brings its own name back."""
        spec = next(spec for spec in self._specs() if spec.key == key)
        self._labels[key].setText(text or spec.label)
        self.fields[key].rename(text or spec.label)

    def clear(self) -> None:
        """Empty every field and forget states and notes."""
        for spec in self._specs():
            made = self.fields[spec.key]
            made.set_value(False if spec.kind == "check" else "")
            made.set_note("")
            made.set_state("read_only" if spec.read_only else "normal")

    def set_section_meta(self, position: int, text: str) -> None:
        """Change the word beside a section's title."""
        self._headings[position].set_meta(text)

    def show_section(self, position: int, on: bool) -> None:
        """Show or hide a section; what is hidden is neither missing nor stops the cursor."""
        self._headings[position].setVisible(on)
        for spec in self._sections[position].fields:
            self._labels[spec.key].setVisible(on)
            self.fields[spec.key].setVisible(on)

    def show_problems(self, problems: Mapping[str, str]) -> None:
        """Mark the fields that an operation refused, each with its reason."""
        for key, reason in problems.items():
            if key in self.fields:
                self.fields[key].set_state("error", reason)

    def missing(self) -> list[str]:
        """Labels of required fields that are empty."""
        return [spec.label for spec in self._specs() if self._is_missing(spec.key)]

    def to_check(self) -> list[str]:
        """Labels of fields that wait for the clerk's look."""
        return [spec.label for spec in self._specs() if self.fields[spec.key].state() == "check"]

    def validate(self) -> bool:
        """Check every field and show what is wrong; True when nothing is."""
        return not [made for made in self.fields.values() if not made.validate()]

    def focus_next_gap(self) -> bool:
        """Put the cursor into the next field that is missing, wrong or to be checked; False when there is none."""
        keys = list(self.fields)
        here = next((place for place, key in enumerate(keys) if self._has_focus(key)), -1)
        for key in keys[here + 1 :] + keys[: here + 1]:
            if self.fields[key].needs_work():
                self.focus_field(key)
                return True
        return False

    def focus_first_gap(self) -> bool:
        """The same from the top of the form."""
        key = next((key for key, made in self.fields.items() if made.needs_work()), "")
        if key:
            self.focus_field(key)
        return bool(key)

    def focus_field(self, key: str) -> None:
        """Put the cursor into a field and scroll it into sight."""
        self.fields[key].setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.reveal(key)

    def _go_on(self) -> None:
        if not self.focus_next_gap():
            self.finished.emit()

    def reveal(self, key: str) -> None:
        """Scroll the field into sight."""
        parent = self.parentWidget()
        while parent is not None:
            if isinstance(parent, QScrollArea):
                parent.ensureWidgetVisible(self.fields[key], 0, current_theme().size.form_pitch)
                return
            parent = parent.parentWidget()

    def _has_focus(self, key: str) -> bool:
        proxy = self.fields[key].focusProxy()
        return proxy is not None and proxy.hasFocus()

    def _is_missing(self, key: str) -> bool:
        made = self.fields[key]
        return made.required and made.is_empty() and made.state() != "read_only" and not made.isHidden()

    def _specs(self) -> Iterator[FieldSpec]:
        for section in self._sections:
            yield from section.fields

    def _chain(self) -> None:
        """Tab order is the order of the paper: the declared one."""
        proxies = [made.focusProxy() for made in self.fields.values()]
        for former, later in pairwise(proxies):
            if former is not None and later is not None:
                QWidget.setTabOrder(former, later)

    def _arrange(self, columns: int) -> None:
        if columns == self._columns:
            return
        self._columns = columns
        while self._grid.takeAt(0) is not None:
            pass
        for column in range(4):
            self._grid.setColumnStretch(column, 1 if column % 2 and column < columns * 2 else 0)
        row = 0
        for heading, section in zip(self._headings, self._sections, strict=True):
            self._grid.addWidget(heading, row, 0, 1, columns * 2)
            row = self._arrange_section(section, row + 1, columns)
        self._grid.setRowStretch(row, 1)

    def _arrange_section(self, section: FormSection, row: int, columns: int) -> int:
        """Place the fields of a section from `row` on; returns the first row after them."""
        column = 0
        for spec in section.fields:
            span = min(spec.span, columns)
            if column + span > columns:
                row, column = row + 1, 0
            self._grid.addWidget(self._labels[spec.key], row, column * 2, Qt.AlignmentFlag.AlignTop)
            self._grid.addWidget(self.fields[spec.key], row, column * 2 + 1, 1, span * 2 - 1, Qt.AlignmentFlag.AlignTop)
            column += span
        return row + 1 if column else row

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange(2 if self.width() >= current_theme().layout.form_columns_from else 1)

    def minimumSizeHint(self) -> QSize:
        theme = current_theme()
        least = theme.size.label_width + theme.space.l * 2 + theme.size.label_width * 2
        return QSize(least, super().minimumSizeHint().height())
