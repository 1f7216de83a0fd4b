"""One indicator's rule to be filled in: how it gives points, its rows, cap and basis, and the examples counted while one types."""

from dataclasses import replace

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from nbcase.domain.words import tr
from nbcase.operations.scheme_drafts import SchemeBoard
from nbcase.points.catalogue import PointsCatalogue, show
from nbcase.points.editing import Checked, Edit, Part, Shape, WorkedExample, blank_rows, facts_for
from nbcase.points.language import Mistake, hundredths
from ui.pages.scheme.rowsedit import RowColumn, RowsEditor
from ui.pages.scheme.schemewords import (
    fact_options,
    facts_read,
    facts_typed,
    former_words,
    kind_words,
    mistake_words,
    part_title,
    shape_options,
)
from ui.theme import current_theme
from ui.widgets.fields import ChoiceField
from ui.widgets.form import FieldSpec, Form, FormSection
from ui.widgets.notice import NoticeStrip
from ui.widgets.panels import row_of
from ui.widgets.tag import Tag
from ui.widgets.text import Text


class RuleEditor(QWidget):
    """The form of an indicator. `typed` carries the edit as it stands, a moment after the last key."""

    typed = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        theme = current_theme()
        self._catalogue: PointsCatalogue | None = None
        self._edit = Edit(code="", shape=Shape.UNCONFIGURED)
        self._is_off = True
        self._name, self._state = Text("", "panel-title"), Tag("")
        self._kept = Text("", "meta")
        self._former = Text("", "meta", wrap=True)
        self._former.setContentsMargins(theme.space.l, 0, theme.space.l, 0)
        self._form = _form()
        self._form.edited.connect(self._form_edited)
        self._rule = QWidget()
        self._rule_column = QVBoxLayout(self._rule)
        self._rule_column.setContentsMargins(0, 0, 0, 0)
        self._rule_column.setSpacing(0)
        self._parts: list[RowsEditor] = []
        self._examples = RowsEditor(tr("算例"), _example_columns())
        self._examples.edited.connect(self._later)
        self._check = NoticeStrip("")
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(theme.tokens.wait.search)
        self._timer.timeout.connect(self._tell)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, theme.space.m, 0, theme.space.m)
        column.setSpacing(theme.space.xs)
        column.addWidget(row_of(self._name, self._state, None, self._kept, padding=(theme.space.l, 0)))
        column.addWidget(self._former)
        column.addWidget(row_of(self._check, padding=(theme.space.l, theme.space.xs)))
        for part in (self._form, self._rule, self._examples):
            column.addWidget(part)
        column.addStretch(1)

    def show_edit(self, board: SchemeBoard, edit: Edit, *, can_edit: bool) -> None:
        """Show an indicator's rule, to be read only where the draft takes no edits."""
        self._timer.stop()
        self._former.setText(former_words(board, edit.code))
        self._former.setVisible(bool(self._former.text()))
        if self._edit.code == edit.code and self._is_off is not can_edit and self.edit() == edit:
            return  # the cursor stays where it is
        self._catalogue, self._is_off = board.schemes.newest, not can_edit
        indicator = next(one for one in self._catalogue.indicators if one.code == edit.code)
        self._name.setText(indicator.name)
        is_open = edit.shape is Shape.UNCONFIGURED
        self._state.show_tag(tr("未配置") if is_open else "", "neutral")
        self._show(edit)

    def show_kept(self, is_kept: bool) -> None:
        """Whether what is typed is in the draft."""
        self._kept.setText("" if is_kept or self._is_off else tr("未存，离开这一项时存入草案"))

    def show_check(self, edit: Edit, found: Checked, results: tuple[int | None, ...]) -> None:
        """What the checker finds, and what each example comes to."""
        mistakes = found.about(edit.code)
        others = len(found.mistakes) - len(mistakes)
        text = "\n".join(mistake_words(mistake) for mistake in mistakes)
        if others:
            text += ("\n" if text else "") + tr("草案别处还有 {n} 处错误。").format(n=others)
        if text:
            self._check.show_text(text, "error" if mistakes else "warn")
        elif edit.shape is Shape.UNCONFIGURED:
            self._check.show_text(tr("没有规则：不计分也不估分。"), "warn")
        else:
            self._check.show_text(tr("核对通过：{n} 个算例都算得出。").format(n=len(results)), "success")
        self._examples.note(2, [_example_note(one, result) for one, result in zip(edit.examples, results, strict=False)])

    def focus_first(self) -> None:
        """The cursor goes to how points are given."""
        self._form.focus_field("shape")

    def form(self) -> Form:
        """The fields by key."""
        return self._form

    def part(self, place: int) -> RowsEditor:
        """The rows of a part of the rule, counted from 0."""
        return self._parts[place]

    def examples(self) -> RowsEditor:
        """The worked examples."""
        return self._examples

    def edit(self) -> Edit:
        """What stands in the form."""
        values = {key: str(value) for key, value in self._form.values().items()}
        parts = tuple(
            replace(part, rows=self._rows_of(part, rows.rows())) for part, rows in zip(self._edit.parts, self._parts, strict=False)
        )
        if self._edit.shape in (Shape.EACH, Shape.UNCONFIGURED, Shape.OTHER):
            parts = self._edit.parts
        found = replace(
            self._edit,
            parts=parts,
            each=values["each"],
            cap=values["cap"],
            unit=values["unit"],
            basis=values["basis"],
            note=values["note"],
        )
        former = list(self._edit.examples)
        examples = []
        for place, (say, facts, points) in enumerate(self._examples.rows()):
            lines = former[place].lines if place < len(former) else None
            examples.append(WorkedExample(say=say, facts=facts_read(found, facts), points=points, lines=lines))
        return replace(found, examples=tuple(examples))

    def _rows_of(self, part: Part, rows: list[tuple[str, ...]]) -> tuple[tuple[str, str], ...]:
        if self._edit.shape is Shape.KINDS:
            return tuple((at, points) for (at, _), (_, points) in zip(part.rows, rows, strict=False))
        return tuple((at, points) for at, points in rows)

    def _show(self, edit: Edit) -> None:
        assert self._catalogue is not None
        self._edit = edit
        shape, fact = self._form.field("shape"), self._form.field("fact")
        assert isinstance(shape, ChoiceField)
        assert isinstance(fact, ChoiceField)
        shape.set_options(shape_options(edit.shape))
        fact.set_options(fact_options(self._catalogue, facts_for(self._catalogue, edit.shape)))
        self._form.set_values(
            {
                "shape": edit.shape.value,
                "fact": edit.parts[0].fact if len(edit.parts) == 1 else "",
                "each": edit.each,
                "cap": edit.cap,
                "unit": edit.unit,
                "basis": edit.basis,
                "note": edit.note,
            }
        )
        self._show_states(edit)
        self._show_parts(edit)
        self._examples.setVisible(edit.shape is not Shape.UNCONFIGURED)
        self._examples.set_off(self._is_off)
        self._examples.show_rows([(one.say, facts_typed(edit, one), one.points) for one in edit.examples])
        self._examples.set_meta(self._example_words(edit))

    def _show_states(self, edit: Edit) -> None:
        off = {
            "fact": edit.shape in (Shape.UNCONFIGURED, Shape.HIGHEST, Shape.OTHER),
            "each": edit.shape is not Shape.EACH,
        }
        for key, made in self._form.fields.items():
            made.set_state("read_only" if self._is_off or off.get(key, False) else "normal")

    def _example_words(self, edit: Edit) -> str:
        if len(edit.parts) == 1 and self._catalogue is not None and edit.parts[0].fact in self._catalogue.facts:
            fact = self._catalogue.facts[edit.parts[0].fact]
            return tr("情况写{fact}（{unit}）").format(fact=fact.label, unit=fact.unit)
        return tr("情况写 1=12：第 ① 种满 12") if len(edit.parts) > 1 else ""

    def _show_parts(self, edit: Edit) -> None:
        assert self._catalogue is not None
        for old in self._parts:
            self._rule_column.removeWidget(old)
            old.hide()
            old.setParent(None)
            old.deleteLater()
        self._parts = []
        if edit.shape not in (Shape.BANDS, Shape.KINDS, Shape.HIGHEST):
            return
        for place, part in enumerate(edit.parts):
            is_kinds = edit.shape is Shape.KINDS
            unit = self._catalogue.facts[part.fact].unit if part.fact in self._catalogue.facts else ""
            columns = (
                RowColumn(
                    title=tr("类别") if is_kinds else tr("满（{unit}）").format(unit=unit), stretch=2 if is_kinds else 1, read_only=is_kinds
                ),
                RowColumn(title=tr("得分")),
            )
            rows = RowsEditor(
                part_title(self._catalogue, part.fact, place, len(edit.parts)), columns, fixed=is_kinds, free=0 if is_kinds else 1
            )
            shown = [(kind_words(self._catalogue, part.fact, at) if is_kinds else at, points) for at, points in part.rows]
            rows.set_off(self._is_off)
            rows.show_rows(shown)
            rows.edited.connect(self._later)
            self._rule_column.addWidget(rows)
            rows.show()
            self._parts.append(rows)

    def _form_edited(self, key: str) -> None:
        if key in ("shape", "fact"):
            self._reshape(key)
        self._later()

    def _reshape(self, key: str) -> None:
        """Another way to give points, or another fact: the rows begin anew, everything else stays."""
        assert self._catalogue is not None
        present = self.edit()
        values = self._form.values()
        shape = Shape(str(values["shape"]) or present.shape.value)
        fact = str(values["fact"])
        if shape is Shape.UNCONFIGURED:
            parts: tuple[Part, ...] = ()
        elif key == "shape" and shape is present.shape:
            return
        else:
            known = facts_for(self._catalogue, shape)
            fact = fact if fact in known else known[0]
            parts = (Part(fact=fact, rows=blank_rows(self._catalogue, shape, fact) if shape is not Shape.EACH else ()),)
        self._show(replace(present, shape=shape, parts=parts, each=present.each if shape is Shape.EACH else ""))

    def _later(self) -> None:
        if not self._is_off:
            self._timer.start()

    def flush(self) -> None:
        """Tell now what was typed last."""
        if self._timer.isActive():
            self._timer.stop()
            self._tell()

    def _tell(self) -> None:
        self.typed.emit(self.edit())


def _form() -> Form:
    return Form(
        (
            FormSection(
                title=tr("规则"),
                fields=(
                    FieldSpec(key="shape", label=tr("计分方式"), kind="choice"),
                    FieldSpec(key="fact", label=tr("看什么"), kind="choice"),
                    FieldSpec(key="each", label=tr("每单位得分"), problem=_points_problem),
                    FieldSpec(key="cap", label=tr("上限"), placeholder=tr("未配置"), problem=_points_problem),
                ),
            ),
            FormSection(
                title=tr("依据"),
                fields=(
                    FieldSpec(key="basis", label=tr("文号")),
                    FieldSpec(key="unit", label=tr("责任单位")),
                    FieldSpec(key="note", label=tr("说明"), kind="multi_line", span=2, lines=2),
                ),
            ),
        )
    )


def _points_problem(text: str) -> str:
    try:
        hundredths(text, "")
    except Mistake as mistake:
        return mistake.what + mistake.mend
    return ""


def _example_columns() -> tuple[RowColumn, ...]:
    return RowColumn(title=tr("算例"), stretch=3), RowColumn(title=tr("情况"), stretch=2), RowColumn(title=tr("应得"), stretch=2)


def _example_note(one: WorkedExample, result: int | None) -> tuple[str, bool | None]:
    if result is None:
        return tr("算不出"), False
    try:
        is_right = hundredths(one.points, "") == result
    except Mistake:
        is_right = False
    return ("", True) if is_right else (tr("规则算得 {n}").format(n=show(result)), False)
