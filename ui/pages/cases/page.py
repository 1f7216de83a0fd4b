"""办件: chips over a paged table, and the selected case with its limit, papers and history at the right."""

from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QResizeEvent, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from nbcase.domain.document import Document
from nbcase.domain.words import mark, tr
from nbcase.items.report import period_words
from nbcase.operations.cases import CaseDetail, CaseRow, HistoryLine, OpenLimits
from nbcase.operations.printing import paper_name
from ui.casewords import (
    action_words,
    day_words,
    limit_figure,
    material_words,
    moment_words,
    printed_words,
    state_words,
    sync_words,
)
from ui.context import KeyHelp
from ui.pages import page
from ui.pages.cases.presenter import Actions, CasesPresenter, Filters, Group, limit_days, limit_warning, next_step
from ui.shell.page import Page
from ui.theme import current_theme
from ui.widgets.ask import AskBar
from ui.widgets.button import KeyButton, shortcuts_for
from ui.widgets.fields import Option
from ui.widgets.filterbox import FilterBox
from ui.widgets.lists import EventList, EventRow, LineList, LineRow
from ui.widgets.notice import NoticeStrip
from ui.widgets.panels import Columns, Panel, row_of
from ui.widgets.pickchip import PickChip
from ui.widgets.table import Cell, CellValue, Column, PagedModel, Table, TagCell
from ui.widgets.tag import Chip, KeyHint, Tag
from ui.widgets.text import ElidedText, EmptyLine, Facts, Line, SectionHeading, Text
from ui.widgets.timeline import WorkingDays

_SIDE = 364
_ABOUT = frozenset({"case", "document", "registration", "permit", "endorsement"})


@page("cases", title=mark("办件"), icon="folder-open", order=30)
class CasesPage(Page):
    """All cases of the desk."""

    def __init__(self, context: Any) -> None:
        super().__init__(context, tr("办件"))
        self._presenter = CasesPresenter(self, context)
        new = KeyButton(tr("新登记"), key="Ctrl+N", icon="plus", small=True)
        new.clicked.connect(lambda: context.navigate("register"))
        if context.clerk.role != "reviewer":
            self.header.add_action(new)
        self._model = PagedModel(self._columns(), self._presenter.fetch, context.tasks)
        self._table = Table(tr("办件"), self._model, identify=lambda row: row.case.id)
        self._table.selected.connect(lambda row: self._presenter.select(row.case.id))
        self._table.opened.connect(lambda _row: self._presenter.open())
        self._model.loaded.connect(self._loaded)
        self._model.failed.connect(context.trouble)
        self._shown: CaseDetail | None = None
        self._total = 0
        self._ask = AskBar()
        side = self._build_side()
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(Columns(self._build_main(), side, side_width=_SIDE, side_name=tr("办件详情")), 1)
        column.addWidget(self._ask)
        self.set_body(body)

    def _columns(self) -> tuple[Column[CaseRow], ...]:
        today = self.context.desk.today
        return (
            Column(title=tr("受理号"), cell=lambda row: Cell(text=row.case.number, quiet=True), width=126),
            Column(title=tr("事项"), cell=lambda row: row.item_name, width=166, stretch=True),
            Column(title=tr("申请人"), cell=lambda row: row.case.applicant_name, width=112, stretch=True),
            Column(title=tr("状态"), cell=_state_cell, width=92),
            Column(title=tr("承诺期限"), cell=_limit_cell, width=76, align="right"),
            Column(title=tr("工作日 承诺 / 法定"), cell=_bar_cell, width=190, shown_from=860),
            Column(title=tr("承诺到期"), cell=lambda row: _due_cell(row, today()), width=88, shown_from=700),
            Column(title=tr("经办"), cell=lambda row: Cell(text=row.clerk_name, quiet=True), width=88, shown_from=1060),
            Column(title=tr("传送"), cell=_sent_cell, width=64, shown_from=1060),
        )

    def _build_main(self) -> QWidget:
        theme = current_theme()
        self._lists = QStackedWidget()
        self._lists.addWidget(self._table)
        self._empty = EmptyLine(tr("没有符合条件的办件。看全部按"), "Alt+6")
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._empty)
        column.addStretch(1)
        self._lists.addWidget(holder)
        main = QWidget()
        rows = QVBoxLayout(main)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        rows.addWidget(self._build_filters())
        rows.addWidget(Line())
        rows.addWidget(self._lists, 1)
        self._count = Text("", "meta")
        footer = row_of(
            self._count,
            None,
            KeyHint("↑↓", tr("选择")),
            KeyHint("PgDn", tr("翻页")),
            KeyHint("Enter", tr("打开")),
            padding=(theme.space.l, 0),
            gap=theme.space.l,
        )
        return Panel(main, footer=footer, scrolls=False)

    def _build_filters(self) -> QWidget:
        theme = current_theme()
        self._search = FilterBox(tr("在办件里查找"), tr("受理号、姓名"), self)
        self._search.setMinimumWidth(2 * theme.size.label_width - theme.space.l)
        self._search.setMaximumWidth(theme.size.label_width * 3)
        self._search.wanted.connect(lambda text: self._presenter.set(text=text))
        self._search.done.connect(self._to_table)
        self._mine = Chip(tr("我经办"))
        self._recent = Chip(tr("近 30 日"))
        self._groups: dict[Group, Chip] = {
            "open": Chip(tr("在办"), on=True),
            "waiting": Chip(tr("待补")),
            "done": Chip(tr("办结")),
            "all": Chip(tr("全部")),
        }
        self._provisional = Chip(tr("待补核 暂"))
        self._matter = PickChip(tr("事项"), _matters(self.context.desk))
        self._matter.chosen.connect(lambda code: self._presenter.set(matter=code))
        self._mine.clicked.connect(lambda on: self._presenter.set(is_mine=on))
        self._recent.clicked.connect(lambda on: self._presenter.set(is_recent=on))
        self._provisional.clicked.connect(lambda on: self._presenter.set(is_provisional=on))
        for group, chip in self._groups.items():
            chip.clicked.connect(partial(self._choose_group, group))
        self._chip_keys = [*self._keyed_chips()]
        for key, chip in self._chip_keys:
            self._shortcut(key, chip.click)
            chip.setToolTip(key)
        row = QWidget()
        row.setFixedHeight(theme.size.filter_bar)
        layout = QHBoxLayout(row)
        layout.setContentsMargins(theme.space.l, 0, theme.space.l, 0)
        layout.setSpacing(theme.space.s)
        layout.addWidget(self._search, 1)
        for chip in (*self._groups.values(), self._mine, self._recent, self._matter, self._provisional):
            layout.addWidget(chip)
        layout.addStretch(1)
        return row

    def _keyed_chips(self) -> list[tuple[str, Chip]]:
        chips = [self._mine, self._recent, *self._groups.values(), self._matter, self._provisional]
        return [(f"Alt+{n}", chip) for n, chip in enumerate(chips, 1)]

    def _shortcut(self, key: str, act: Callable[[], None]) -> None:
        shortcut = QShortcut(self)
        shortcut.setKeys(shortcuts_for(key))
        shortcut.activated.connect(act)

    def _choose_group(self, group: Group, _on: bool = False) -> None:
        self._presenter.set(group=group, is_provisional=False)
        self.show_filters(self._presenter.filters)

    def _to_table(self) -> None:
        self._table.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _build_side(self) -> QWidget:
        theme = current_theme()
        self._title = ElidedText("panel-title")
        self._tag = Tag("")
        self._meta = Text("", "meta")
        self._facts = Facts()
        self._limit_heading = SectionHeading(tr("期限"), tr("工作日，受理当日不计"))
        self._days = WorkingDays()
        self._limits = Facts()
        self._warning = NoticeStrip("", "warn", icon="clock")
        self._papers_heading = SectionHeading(tr("文书"))
        self._papers = LineList(tr("文书"), fits=True, selects=False, padding=0, height=theme.size.row_list)
        self._events = EventList(tr("经过"), fits=True, selects=False)
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(theme.space.l, theme.space.m, theme.space.l, theme.space.m)
        column.setSpacing(theme.space.s)
        for part in (
            row_of(self._title, self._tag), self._meta, self._facts, self._limit_heading, self._days, self._limits, self._warning,
            self._papers_heading, self._papers, SectionHeading(tr("经过")), self._events,
        ):  # fmt: skip
            column.addWidget(part)
        column.addStretch(1)
        self._side_stack = QStackedWidget()
        self._side_stack.addWidget(Panel(content, footer=self._build_side_footer()))
        self._side_stack.addWidget(EmptyLine(tr("选中一件，这里显示期限、材料和经过。")))
        self._side_stack.setCurrentIndex(1)
        return self._side_stack

    def _build_side_footer(self) -> QWidget:
        theme = current_theme()
        self._open = KeyButton(tr("打开"), key="Enter", small=True, show_key=False, registers=False)
        self._complete = KeyButton(tr("补正"), key="F5", small=True)
        self._print = KeyButton(tr("打印"), key="Ctrl+P", small=True)
        self._withdraw = KeyButton(tr("撤回"), key="F9", small=True, role="danger")
        self._open.clicked.connect(self._presenter.open)
        self._complete.clicked.connect(self._presenter.complete)
        self._print.clicked.connect(self._presenter.print_again)
        self._withdraw.clicked.connect(self._presenter.withdraw)
        return row_of(self._open, self._complete, self._print, None, self._withdraw, padding=(theme.space.l, 0))

    def opened(self) -> None:
        self._presenter.refresh()
        self._to_table()

    def reload(self, changed: frozenset[str]) -> None:
        if changed & _ABOUT:
            self._presenter.refresh()

    def search_target(self, **target: object) -> None:
        if case_id := target.get("case_id"):
            self._table.keep(str(case_id))
            self._presenter.find(str(case_id))

    def keys(self) -> list[KeyHelp]:
        chips = [KeyHelp(key=key, what=chip.text()) for key, chip in self._chip_keys]
        return [KeyHelp(key="/", what=tr("在办件里查找")), *super().keys(), *chips]

    def reload_rows(self) -> None:
        """Read the table anew; the selection stays."""
        self._model.reload()

    def show_filters(self, filters: Filters) -> None:
        """Let the chips say what is filtered."""
        for group, chip in self._groups.items():
            chip.setChecked(group == filters.group and not filters.is_provisional)
        self._mine.setChecked(filters.is_mine)
        self._recent.setChecked(filters.is_recent)
        self._provisional.setChecked(filters.is_provisional)
        self._matter.choose(filters.matter)
        self._fit_chips()
        self._search.show_text(filters.text)

    def _fit_chips(self) -> None:
        """In a narrow window the search box needs the room of what is not set; Alt+1 and Alt+2 bring it back."""
        is_narrow = self.window().width() < current_theme().layout.compact_below
        self._mine.setVisible(not is_narrow or self._mine.isChecked())
        self._recent.setVisible(not is_narrow or self._recent.isChecked())

    def show_counts(self, limits: OpenLimits, total: int) -> None:
        """How the desk's open cases stand, and how many rows the filters leave."""
        words = tr("我站在办 {open} 件，今日到期 {today} 件，超承诺 {late} 件")
        self.header.set_subtitle(words.format(open=limits.open_count, today=limits.due_today_count, late=limits.overdue_count))
        self._total = total
        self._show_count()

    def _show_count(self) -> None:
        self._count.setText(
            tr("{shown} / 共 {total} 件").format(shown=self._model.rowCount(), total=max(self._total, self._model.rowCount()))
        )

    def _loaded(self) -> None:
        has_rows = self._model.rowCount() > 0
        had_focus = self._table.hasFocus()
        self._lists.setCurrentIndex(0 if has_rows else 1)
        if had_focus and has_rows:
            self._table.setFocus()
        if not has_rows:
            self._presenter.nothing_selected()
        self._show_count()

    def show_detail(self, detail: CaseDetail, actions: Actions) -> None:
        """One case in full."""
        self._shown = detail
        case, today = detail.row.case, self.context.desk.today()
        self._title.set_full(detail.row.item_name)
        self._tag.show_tag(*state_words(case, detail.row.limit))
        self._meta.setText(f"{case.number} · {case.applicant_name}")
        self._facts.show_facts(_facts(self.context.desk, detail))
        self._show_limits(detail, today)
        self._papers_heading.set_meta("" if detail.documents else tr("没有"))
        self._papers.setVisible(bool(detail.documents))
        self._papers.show_rows([_paper_row(document, today) for document in detail.documents])
        self._events.show_rows([*(_event_row(line, today) for line in detail.history), *_awaited(self.context.desk, detail)])
        for button, obstacle in (
            (self._complete, actions.complete),
            (self._withdraw, actions.withdraw),
            (self._print, actions.print_again),
        ):
            if obstacle:
                button.set_off(obstacle)
            else:
                button.set_on()
        self._side_stack.setCurrentIndex(0)

    def _show_limits(self, detail: CaseDetail, today: date) -> None:
        case, desk = detail.row.case, self.context.desk
        days = limit_days(desk.calendar, case, today)
        self._days.show_days(days)
        self._days.setVisible(bool(days))
        limit = desk.items.situation(case.item_code, case.situation_code).limit
        tentative = tr(" 暂定") if case.due_is_provisional else ""
        rows = [
            (tr("承诺"), period_words(limit.promised), case.promised_due_on),
            (tr("法定"), period_words(limit.legal), case.legal_due_on),
        ]
        self._limits.show_facts(
            [
                (name, tr("{words}，{day} 到期").format(words=words, day=day_words(due_on, today)) + tentative if due_on else words)
                for name, words, due_on in rows
                if words
            ]
        )
        words, is_broken = limit_warning(detail)
        self._warning.show_text(words, "error" if is_broken else "warn")

    def show_no_detail(self) -> None:
        """Nothing is selected."""
        self._shown = None
        self._side_stack.setCurrentIndex(1)

    def ask(self, question: str, options: Sequence[Option], then: Callable[[str], None]) -> None:
        """Ask at the foot of the page."""
        self._ask.ask(question, options, then)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_chips()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and not self._table.hasFocus():
            self._to_table()
            return
        super().keyPressEvent(event)


def _matters(desk: Any) -> list[Option]:
    return [
        Option(code=f"{item.code}.{situation.code}", label=f"{item.name.text} · {situation.name.text}")
        for item, situation in desk.items.pairs()
    ]


def _state_cell(row: CaseRow) -> TagCell:
    words, tone = state_words(row.case, row.limit)
    return TagCell(text=words, tone=tone)


def _limit_cell(row: CaseRow) -> Cell:
    figure = limit_figure(row.limit)
    if figure is None:
        return Cell(text="", small=True, quiet=True)
    tone = figure.tone()
    return Cell(text=figure.words(), tone=tone, small=True, quiet=row.limit.is_done, strong=tone != "neutral")


def _bar_cell(row: CaseRow) -> CellValue:
    figure = limit_figure(row.limit)
    return figure if figure is not None and figure.legal > 0 else Cell(text=tr("当场办结"), quiet=True)


def _due_cell(row: CaseRow, today: date) -> Cell:
    due_on = row.limit.due_on if row.case.state.is_open else None
    return Cell(text=day_words(due_on, today) + (tr(" 暂定") if due_on and row.limit.is_provisional else ""), quiet=True)


def _sent_cell(row: CaseRow) -> Cell:
    return Cell(text=tr("已传") if row.is_sent else tr("待传"), quiet=True, tone="neutral" if row.is_sent else "amber")


def _facts(desk: Any, detail: CaseDetail) -> list[tuple[str, str]]:
    case = detail.row.case
    situation = desk.items.situation(case.item_code, case.situation_code)
    names = {material.code: material.name.text for material in situation.materials}
    now, following = next_step(desk, case)
    facts = [(tr("现在环节"), now)]
    if following:
        facts.append((tr("下一步"), following))
    facts.append((tr("材料"), tr("，").join(f"{names.get(m.code, m.code)} {material_words(m)}" for m in case.materials)))
    reasons = {reason.code: reason.name.text for step in situation.steps for decision in step.decisions for reason in decision.reasons}
    told = tr("；").join([*(reasons.get(code, code) for code in case.reason_codes), *([case.decision_note] if case.decision_note else [])])
    if told:
        facts.append((tr("理由"), told))
    return facts


def _paper_row(document: Document, today: date) -> LineRow:
    mark = tr("暂") if document.is_provisional else ""
    printed, tone = printed_words(document)
    note = f"{moment_words(document.made_at, today)} {mark}".strip()
    return LineRow(title=paper_name(document.kind_code), note=note, right=printed, right_tone=tone)


def _event_row(line: HistoryLine, today: date) -> EventRow:
    number = tr("第 {n} 号，").format(n=line.sequence) if line.sequence else ""
    under = tr("，").join(part for part in (line.clerk_name, number + sync_words(line), line.reason) if part)
    return EventRow(at=moment_words(line.at, today), title=action_words(line.kind), under=under)


def _awaited(desk: Any, detail: CaseDetail) -> list[EventRow]:
    case = detail.row.case
    if not (case.state.is_open or case.is_provisional):
        return []
    now, following = next_step(desk, case)
    return [EventRow(at="", title=now, under=following, open=True)]
