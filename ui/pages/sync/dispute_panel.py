"""The conflict desk: the values side by side with who and when, the reason, and one key that decides."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QShortcut
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from nbcase.domain.words import tr
from nbcase.operations.conflicts import Choice, ConflictView
from nbcase.operations.recordwords import field_name
from ui.pages.sync.changes import ChangeList
from ui.pages.sync.changewords import ChangeLine
from ui.pages.sync.disputes import DisputePresenter, choice_words, is_open, reason_words, reasons, taken
from ui.pages.sync.editing import editor_of, shown, typed
from ui.pages.sync.valuecard import ValueCard
from ui.theme import current_theme
from ui.widgets.button import KeyButton
from ui.widgets.fields import ChoiceField, Field, Option
from ui.widgets.form import FieldSpec, Form, FormSection, make_field
from ui.widgets.icon import Icon
from ui.widgets.notice import NoticeStrip
from ui.widgets.panels import Panel, row_of
from ui.widgets.tag import Tag
from ui.widgets.text import Line, SectionHeading, Text


class DisputePanel(QWidget):
    """Shows one conflict; 1, 2 and 3 choose (4 where the record has moved on), then a reason, then Enter."""

    def __init__(self, presenter: DisputePresenter) -> None:
        super().__init__()
        self._presenter = presenter
        self._view: ConflictView | None = None
        self._editor: Field | None = None
        self._choice: Choice | None = None
        self._before = ValueCard(tr("原值"))
        self._cards = {Choice.THEIRS: ValueCard(tr("对方"), "1"), Choice.YOURS: ValueCard(tr("本窗"), "2")}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(Panel(self._build_body(), footer=self._build_footer()))
        for (choice, card), key in zip(self._cards.items(), ("1", "2"), strict=True):
            card.clicked.connect(partial(self._choose, choice))
            QShortcut(key, self).activated.connect(partial(self._choose, choice))
        presenter.panel = self

    def _build_body(self) -> QWidget:
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        parts = (self._build_head(), Line(), self._build_cards(), self._build_more(), self._build_reason(), self._build_verdict())
        for part in (*parts, self._build_promise(), self._build_others()):
            column.addWidget(part)
        column.addStretch(1)
        return body

    def _build_head(self) -> QWidget:
        theme = current_theme()
        self._title, self._tag, self._meta = Text("", "panel-title"), Tag(""), Text("", "meta", wrap=True)
        self._notice = NoticeStrip("", "warn")
        head = QWidget()
        words = QVBoxLayout(head)
        words.setContentsMargins(theme.space.l, theme.space.m, theme.space.l, theme.space.s)
        words.setSpacing(theme.space.xs)
        words.addWidget(row_of(Icon("git-merge", "red"), self._title, self._tag, None))
        words.addWidget(self._meta)
        words.addWidget(self._notice)
        return head

    def _build_cards(self) -> QWidget:
        theme = current_theme()
        cards = QWidget()
        row = QHBoxLayout(cards)
        row.setContentsMargins(theme.space.l, theme.space.m, theme.space.l, theme.space.s)
        row.setSpacing(theme.space.s)
        for card in (self._before, *self._cards.values()):
            row.addWidget(card, 1)
        return cards

    def _build_more(self) -> QWidget:
        theme = current_theme()
        self._edit = KeyButton(tr("都不对，另填"), key="3", icon="pencil", small=True)
        self._keep = KeyButton(tr("保持现在的值"), key="4", icon="history", small=True)
        for button, choice in ((self._edit, Choice.EDITED), (self._keep, Choice.PRESENT)):
            button.setCheckable(True)
            button.clicked.connect(partial(self._choose, choice))
        self._more = QWidget()
        row = QHBoxLayout(self._more)
        row.setContentsMargins(theme.space.l, 0, theme.space.l, theme.space.s)
        row.setSpacing(theme.space.m)
        row.addWidget(self._edit, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._keep, 0, Qt.AlignmentFlag.AlignTop)
        self._edit_place = QVBoxLayout()
        row.addLayout(self._edit_place, 1)
        return self._more

    def _build_reason(self) -> QWidget:
        options = tuple(Option(code=code, label=words) for code, words in reasons())
        fields = (
            FieldSpec(key="reason", label=tr("理由"), kind="choice", options=options, required=True, placeholder=tr("按数字选")),
            FieldSpec(key="words", label=tr("补充"), placeholder=tr("可不填")),
        )
        self._why = Form((FormSection(title=tr("为什么这样定"), fields=fields),))
        self._why.finished.connect(self.decide)
        self._why.edited.connect(lambda _key: self._follow())
        return self._why

    def _build_verdict(self) -> QWidget:
        theme = current_theme()
        self._verdict_box = QWidget()
        column = QVBoxLayout(self._verdict_box)
        column.setContentsMargins(theme.space.l, theme.space.s, theme.space.l, theme.space.s)
        column.setSpacing(theme.space.xs)
        self._taken, self._verdict = Text("", "strong", wrap=True), Text("", "compact", wrap=True)
        column.addWidget(self._taken)
        column.addWidget(self._verdict)
        return self._verdict_box

    def _build_promise(self) -> QWidget:
        theme = current_theme()
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(theme.space.l, theme.space.s, theme.space.l, theme.space.m)
        row.setSpacing(theme.space.s)
        row.addWidget(Icon("lock", "text2"), 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(Text(tr("怎样定都不会丢：各个值、谁改的、谁定的、为什么，永远保存，随时可查。"), "meta", wrap=True), 1)
        return holder

    def _build_others(self) -> QWidget:
        theme = current_theme()
        self._others_box = QWidget()
        self._others = ChangeList(tr("同一次操作的其他改动"))
        heading = SectionHeading(tr("同一次操作的其他改动"), tr("没有冲突，不用定"))
        column = QVBoxLayout(self._others_box)
        column.setContentsMargins(0, theme.space.s, 0, 0)
        column.setSpacing(0)
        holder = row_of(heading, padding=(theme.space.l, theme.space.s))
        column.addWidget(holder)
        column.addWidget(self._others)
        self._others_box.hide()
        return self._others_box

    def _build_footer(self) -> QWidget:
        theme = current_theme()
        self._state = Text("", "compact", tone="muted")
        self._decide = KeyButton(tr("定下"), key="Ctrl+Enter", role="primary")
        self._decide.clicked.connect(self.decide)
        self._footer = row_of(self._state, None, self._decide, padding=(theme.space.l, 0))
        return self._footer

    def show_conflict(self, view: ConflictView | None, *, may_decide: bool) -> None:
        """Another conflict, nothing chosen yet."""
        self._view = view
        if view is None:
            return
        is_asked = is_open(view) and may_decide
        self._title.setText(" · ".join(part for part in (view.person, view.record, view.field) if part))
        self._meta.setText(self._meta_words(view))
        self._tag.show_tag(*((tr("待定"), "red") if is_open(view) else (tr("已定"), "green")))
        self._notice.show_text(_notice_words(view, may_decide=may_decide))
        moment = self._presenter.moment
        self._before.show_value(tr("两边都从这个值改起"), view.before)
        self._cards[Choice.THEIRS].show_value(" ".join((view.theirs_by, moment(view.theirs_at))).strip(), view.theirs)
        self._cards[Choice.YOURS].show_value(" ".join((view.yours_by, moment(view.yours_at))).strip(), view.yours)
        for choice, card in self._cards.items():
            card.set_live(on=is_asked)
            card.choose(taken(view) == choice)
        self._make_editor(view)
        self._keep.setVisible(view.has_moved)
        self._why.clear()
        for part in (self._why, self._more, self._footer):
            part.setVisible(is_asked)
        self._verdict_box.setVisible(not is_open(view))
        self._taken.setText(tr("定为：{value}").format(value=view.chosen))
        decided = {"clerk": view.resolved_by or "—", "at": moment(view.conflict.resolved_at), "reason": view.conflict.reason}
        self._verdict.setText(tr("{clerk} {at} 定下，理由：{reason}").format(**decided))

    def _meta_words(self, view: ConflictView) -> str:
        parts = (
            tr("受理号 {number}").format(number=view.case_number) if view.case_number else "",
            tr("{at} 发现").format(at=self._presenter.moment(view.conflict.found_at)),
            tr("记录照常可用，现在是“{value}”").format(value=view.present) if is_open(view) else "",
        )
        return " · ".join(part for part in parts if part)

    def show_choice(self, choice: Choice | None) -> None:
        """Mark what was taken and lead on to the reason."""
        self._choice = choice
        if self._view is None or not is_open(self._view):
            return
        for each, card in self._cards.items():
            card.choose(each == choice)
        self._edit.setChecked(choice == Choice.EDITED)
        self._keep.setChecked(choice == Choice.PRESENT)
        if self._editor is not None:
            self._editor.setVisible(choice == Choice.EDITED)
        if choice == Choice.EDITED and self._editor is not None:
            self._editor.setFocus(Qt.FocusReason.ShortcutFocusReason)
        elif choice is not None:
            self._to_reason()
        self._follow()

    def _to_reason(self) -> None:
        """The list with its numbers lies open: one more key takes one."""
        self._why.reveal("reason")
        field = self._why.field("reason")
        if isinstance(field, ChoiceField):
            field.open_list()

    def show_others(self, lines: Sequence[ChangeLine]) -> None:
        """What else the act changed, where that is known here."""
        self._others.show_rows(lines)
        self._others_box.setVisible(bool(lines))

    def show_deciding(self, *, on: bool) -> None:
        """The act is being written."""
        if on:
            self._decide.set_off(tr("正在写入"))
        else:
            self._follow()

    def decide(self) -> None:
        """Hand choice and reason over, when both are there and right."""
        if self._choice == Choice.EDITED and self._editor is not None and not self._editor.validate():
            self._editor.setFocus()
        elif self._follow():
            self._presenter.decide(self._own_value(), self._reason())

    def _make_editor(self, view: ConflictView) -> None:
        if self._editor is not None:
            self._editor.hide()
            self._editor.setParent(None)
            self._editor.deleteLater()
            self._editor = None
        spec = None if view.is_decision else editor_of(view.editor, view.field, key="own")
        self._edit.setVisible(spec is not None)
        if spec is None:
            return
        made = make_field(spec, {}, None)
        made.set_value(shown(view.conflict.yours))
        made.settled.connect(self._to_reason)
        made.edited.connect(self._follow)
        made.hide()
        self._edit_place.addWidget(made)
        self._editor = made

    def _choose(self, choice: Choice, _on: bool = False) -> None:
        self._presenter.choose(choice)

    def _own_value(self) -> Any:
        return None if self._editor is None or self._view is None else typed(self._editor.value(), self._view.editor)

    def _reason(self) -> str:
        values = self._why.values()
        return reason_words(str(values["reason"]), str(values["words"]))

    def _follow(self) -> bool:
        """Say what is still missing; True when nothing is."""
        missing = self._missing()
        chosen = choice_words(self._choice) if self._choice is not None else ""
        self._state.setText(tr("；").join(part for part in (chosen, missing or tr("按回车定下")) if part))
        if missing:
            self._decide.set_off(missing)
        else:
            self._decide.set_on()
        return not missing

    def _missing(self) -> str:
        if self._choice is None:
            return tr("先按数字选一个值")
        if not self._why.values()["reason"]:
            return tr("再选理由")
        return "" if self._reason() else tr("请在“补充”写明理由")


def _notice_words(view: ConflictView, *, may_decide: bool) -> str:
    if not is_open(view):
        return tr("后来又改过，记录现在是“{value}”。").format(value=view.present) if view.has_moved else ""
    if not may_decide:
        return tr("这一项属于审批决定，请转复核岗或站长来定。")
    if view.has_moved:
        return tr("两边之后又有人改过，记录现在是“{value}”，多半可按 4 保持。").format(value=view.present)
    if view.goes_with:
        names = tr("、").join(field_name(view.conflict.subject_type, name) for name in view.goes_with)
        return tr("同一个决定的 {names} 会一起定。").format(names=names)
    return ""
