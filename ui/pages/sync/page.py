"""同步: what waits, what went and what needs a person left, one of it in full right, the state of the line above."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent, QShortcut
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from nbcase.domain.clerk import Role
from nbcase.domain.words import mark, tr
from nbcase.operations.outbox import OutboxRow
from nbcase.operations.retire import RetirementCheck
from ui.context import KeyHelp
from ui.pages import page
from ui.pages.sync.act_panel import ActPanel
from ui.pages.sync.asks import ErrandAsks
from ui.pages.sync.changewords import ChangeLine
from ui.pages.sync.dispute_panel import DisputePanel
from ui.pages.sync.disputes import DisputePresenter
from ui.pages.sync.drill import DrillBand, DrillState
from ui.pages.sync.errands import Errands
from ui.pages.sync.lists import act_table, dispute_table, quarantine_table
from ui.pages.sync.presenter import Group, SyncPresenter
from ui.pages.sync.quarantine import QuarantinePanel, QuarantinePresenter
from ui.pages.sync.retirement_panel import RetirementPanel
from ui.pages.sync.standing import Evidence
from ui.shell.page import Page
from ui.theme import current_theme
from ui.widgets.ask import AskBar
from ui.widgets.button import KeyButton
from ui.widgets.figures import Figure, FigureStrip
from ui.widgets.icon import Icon
from ui.widgets.notice import NoticeStrip
from ui.widgets.panels import Columns, Panel
from ui.widgets.table import Table
from ui.widgets.tag import Chip
from ui.widgets.text import EmptyLine, Line, SectionHeading, Text

_SIDE = 700
_ACTS: frozenset[Group] = frozenset({"waiting", "sent"})


@page("sync", title=mark("同步"), icon="refresh-cw", order=110)
class SyncPage(Page):
    """The desk and its centre."""

    _has_problem = False
    _shown_group: Group | None = None

    def __init__(self, context: Any) -> None:
        super().__init__(context, tr("同步"))
        self._presenter = SyncPresenter(self, context)
        self._disputes = DisputePresenter(context, self._settled)
        self._presenter.decide_seconds = self._disputes.seconds
        self._quarantine = QuarantinePresenter(context, self._settled)
        self._errands = Errands(self, context)
        self._sync = context.sync
        self._ask = AskBar()
        self._asks = ErrandAsks(self, self._ask, self._errands, may_retire=context.clerk.role == Role.SUPERVISOR.value)
        self._build_actions()
        self._strip = FigureStrip()
        self._strip.opened.connect(self._open_figure)
        self._band = DrillBand()
        self._band.ended.connect(self._errands.end_drill)
        self._problem = NoticeStrip("", "warn")
        self._problem_holder = _padded(self._problem)
        self._tables: dict[Group, Table] = self._build_tables()
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self._columns = Columns(self._build_main(), self._build_side(), side_width=_SIDE, side_name=tr("内容"))
        self._columns.folded.connect(lambda _folded: self._arrange())
        for part in (self._strip, self._band, self._problem_holder):
            column.addWidget(part)
        column.addWidget(self._columns, 1)
        column.addWidget(self._ask)
        self._problem_holder.hide()
        self.set_body(body)

    def _build_actions(self) -> None:
        self._more = KeyButton(tr("更多"), key="Ctrl+M", small=True)
        self._more.clicked.connect(self._asks.ask_more)
        self._export = KeyButton(tr("导出到 U 盘"), key="Ctrl+E", icon="download", small=True)
        self._export.clicked.connect(self._asks.ask_where)
        self._sheet = KeyButton(tr("对账单"), key="Ctrl+P", icon="printer", small=True)
        self._sheet.clicked.connect(self._errands.print_sheet)
        self._retry = KeyButton(tr("立即重试"), key="F5", icon="refresh-cw", small=True)
        self._retry.clicked.connect(self._presenter.retry)
        self.header.add_action(self._more, self._export, self._sheet, self._retry)
        if self._sync is None:
            self._retry.set_off(tr("这台电脑没有连接中心的设置"))
        else:
            self._sync.subscribe(self._follow)

    def _build_tables(self) -> dict[Group, Table]:
        tasks, today = self.context.tasks, self.context.desk.today
        acts = act_table(self._presenter.fetch, tasks, today, self._is_online)
        decided = dispute_table(tr("已定"), self._disputes.fetch_decided, self._disputes.moment, tasks)
        conflicts = dispute_table(tr("冲突"), self._disputes.fetch_open, self._disputes.moment, tasks)
        quarantined = quarantine_table(self._quarantine.fetch, tasks)
        acts.selected.connect(self._presenter.select)
        for table in (decided, conflicts):
            table.selected.connect(self._disputes.show)
        quarantined.selected.connect(self._quarantine.show)
        tables: dict[Group, Table] = {
            "waiting": acts,
            "sent": acts,
            "conflict": conflicts,
            "quarantined": quarantined,
            "decided": decided,
        }
        for table in dict.fromkeys(tables.values()):
            table.opened.connect(self._unfold)
            table.source.loaded.connect(partial(self._loaded, table))
            table.source.failed.connect(self.context.trouble)
        return tables

    def _build_main(self) -> QWidget:
        theme = current_theme()
        names: dict[Group, str] = {
            "waiting": tr("待传"),
            "sent": tr("已传"),
            "conflict": tr("冲突"),
            "quarantined": tr("隔离"),
            "decided": tr("已定"),
        }
        self._chips = {group: Chip(name, on=group == "waiting") for group, name in names.items()}
        bar = QWidget()
        bar.setFixedHeight(theme.size.filter_bar)
        row = QHBoxLayout(bar)
        row.setContentsMargins(theme.space.l, 0, theme.space.l, 0)
        row.setSpacing(theme.space.s)
        for place, (group, chip) in enumerate(self._chips.items(), 1):
            chip.clicked.connect(partial(self._choose, group))
            chip.setToolTip(f"Alt+{place}")
            shortcut = QShortcut(f"Alt+{place}", self)
            shortcut.activated.connect(chip.click)
            row.addWidget(chip)
        row.addStretch(1)
        self._order = Text(tr("按先后上传"), "meta")
        row.addWidget(self._order)
        self._lists = QStackedWidget()
        for table in dict.fromkeys(self._tables.values()):
            self._lists.addWidget(table)
        self._empty = Text("", "body", tone="muted", wrap=True)
        self._nothing = _topped(self._empty)
        self._lists.addWidget(self._nothing)
        main = QWidget()
        column = QVBoxLayout(main)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(bar)
        column.addWidget(Line())
        column.addWidget(self._lists, 1)
        self._evidence_line = Line()
        column.addWidget(self._evidence_line)
        self._evidence_box = self._build_evidence()
        column.addWidget(self._evidence_box)
        self._main_column = column
        return Panel(main, scrolls=False)

    def _build_evidence(self) -> QWidget:
        theme = current_theme()
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(theme.space.l, theme.space.s, theme.space.l, theme.space.m)
        column.setSpacing(theme.space.xs)
        column.addWidget(SectionHeading(tr("没有丢失的凭据")))
        self._evidence = QGridLayout()
        self._evidence.setHorizontalSpacing(theme.space.l)
        self._evidence.setVerticalSpacing(theme.space.xs)
        column.addLayout(self._evidence)
        return holder

    def _build_side(self) -> QWidget:
        self._act = ActPanel()
        self._side_column = self._act.column
        self._dispute = DisputePanel(self._disputes)
        self._quarantined = QuarantinePanel(self._quarantine, self.context.desk, self._ask.ask)
        self._retirement = RetirementPanel()
        self._retirement.left.connect(self._leave_retirement)
        self._retirement.wanted.connect(self._asks.ask_retirement)
        nothing = QWidget()
        inner = QVBoxLayout(nothing)
        inner.setContentsMargins(0, 0, 0, 0)
        self._side_empty = EmptyLine(tr("选中一件，这里逐项显示它改了什么。"))
        inner.addWidget(self._side_empty)
        inner.addStretch(1)
        self._side_nothing = nothing
        self._side = QStackedWidget()
        for part in (self._act, self._dispute, self._quarantined, self._retirement, nothing):
            self._side.addWidget(part)
        self._side.setCurrentWidget(nothing)
        return self._side

    def opened(self) -> None:
        self._presenter.refresh()
        self._table.setFocus(Qt.FocusReason.OtherFocusReason)

    def reload(self, changed: frozenset[str]) -> None:
        self._presenter.refresh()

    def search_target(self, **target: object) -> None:
        if sequence := target.get("sequence"):
            self._tables["waiting"].keep(sequence)
            self._presenter.choose("waiting")
        elif (group := target.get("group")) in self._tables:
            self._presenter.choose(group)

    def keys(self) -> list[KeyHelp]:
        more = [("Alt+1–5", tr("待传、已传、冲突、隔离、已定")), ("↑↓", tr("选择一件")), ("F7", tr("小窗口里展开内容"))]
        if self._presenter.group == "conflict":
            more += [("1 2", tr("用对方的值、用本窗的值")), ("Enter", tr("选好理由后定下"))]
        return [*super().keys(), *(KeyHelp(key=key, what=what) for key, what in more)]

    def refresh(self) -> None:
        """Read everything again."""
        self._presenter.refresh()

    def show_state(self, subtitle: str, figures: Sequence[Figure], problem: str) -> None:
        """The line, now."""
        self.header.set_subtitle(subtitle)
        self._strip.show_figures(figures)
        self._problem.show_text(problem)
        self._has_problem = bool(problem)
        self._arrange()

    def show_drill(self, state: DrillState | None) -> None:
        """What works and what waits while the line is cut on purpose."""
        self._band.show_drill(state)

    def show_evidence(self, lines: Sequence[Evidence]) -> None:
        """The proof, in two columns."""
        while (item := self._evidence.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.setParent(None)
                widget.deleteLater()
        for place, line in enumerate(lines):
            self._evidence.addWidget(_evidence_line(line), place // 2, place % 2)

    def show_group(self, group: Group) -> None:
        """Let the chips and the list say which tab it is."""
        for each, chip in self._chips.items():
            chip.setChecked(each == group)
        if group == self._shown_group:
            return
        self._shown_group = group
        self._order.setText(_order_words(group))
        self._empty.setText(_empty_words(group))
        self._lists.setCurrentWidget(self._table)
        self._show_selected(self._table.current())

    def show_counts(self, counts: dict[Group, int]) -> None:
        """How many each tab has."""
        for group, count in counts.items():
            self._chips[group].set_count(count)

    def reload_rows(self) -> None:
        """Read the list anew; the selection stays."""
        self.show_group(self._presenter.group)
        self._table.source.reload()

    def show_action(self, row: OutboxRow | None, lines: Sequence[ChangeLine]) -> None:
        """One act in full."""
        if self._presenter.group not in _ACTS or self._side.currentWidget() is self._retirement:
            return
        self._side.setCurrentWidget(self._side_nothing if row is None else self._act)
        if row is not None:
            self._act.show_act(row, lines, is_online=self._is_online())

    def show_retrying(self) -> None:
        """A contact was asked for; the strip follows when it is over."""
        self.header.set_subtitle(tr("正在连接中心……"))

    def show_retirement(self, checks: Sequence[RetirementCheck]) -> None:
        """Everything that could still be lost with this desk."""
        self._retirement.show_checks(checks)
        self._side.setCurrentWidget(self._retirement)

    @property
    def _table(self) -> Table:
        return self._tables[self._presenter.group]

    def _follow(self, _status: object) -> None:
        """News of the line; asked for again in the right order, for a later one may be there already."""
        if self.isVisible():
            self._presenter.follow()

    def _arrange(self) -> None:
        """A small window needs the height: the proof goes below the act, and what is unfolded takes the place of the figures and
        of the problem.
        """
        is_small = self._is_small()
        self._strip.setVisible(not is_small or self._columns.is_folded)
        self._problem_holder.setVisible(self._has_problem and (not is_small or self._columns.is_folded))
        self._evidence_line.setVisible(not is_small)
        (self._side_column if is_small else self._main_column).addWidget(self._evidence_box)

    def _is_small(self) -> bool:
        return self.window().width() < current_theme().layout.compact_below

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _is_online(self) -> bool:
        return self._sync is not None and bool(self._sync.status().is_online)

    def _open_figure(self, key: str) -> None:
        groups: dict[str, Group] = {"waiting": "waiting", "sent": "sent", "conflict": "conflict"}
        self._presenter.choose(groups[key])

    def _choose(self, group: Group, _on: bool = False) -> None:
        self._leave_retirement()
        self._presenter.choose(group)
        if self.holds_focus():
            self._table.setFocus(Qt.FocusReason.OtherFocusReason)

    def _settled(self) -> None:
        """Something was decided: on to the next one, with the cursor in the list; the news of it reads the lists again."""
        if self._is_small() and not self._columns.is_folded:
            self._columns.toggle()
        self._table.setFocus(Qt.FocusReason.OtherFocusReason)

    def _unfold(self, _row: object) -> None:
        """Enter on a row of a small window shows what is beside it in a large one."""
        if self._columns.is_folded:
            self._columns.toggle()

    def _loaded(self, table: Table) -> None:
        if table is self._table:
            self._fill(table)

    def _fill(self, table: Table) -> None:
        """Show the list or why it is empty, and what is selected in it."""
        has_rows, had_focus = table.source.rowCount() > 0, table.hasFocus()
        self._lists.setCurrentWidget(table if has_rows else self._nothing)
        if has_rows and table.current() is None:
            table.select(0)
        self._show_selected(table.current() if has_rows else None)
        if had_focus and has_rows:
            table.setFocus()

    def _show_selected(self, row: Any) -> None:
        group = self._presenter.group
        if group in _ACTS:
            self._presenter.select(row)
            return
        presenter, panel = (self._quarantine, self._quarantined) if group == "quarantined" else (self._disputes, self._dispute)
        presenter.show(row)
        if self._side.currentWidget() is not self._retirement:
            self._side.setCurrentWidget(self._side_nothing if row is None else panel)

    def _leave_retirement(self) -> None:
        if self._side.currentWidget() is self._retirement:
            self._side.setCurrentWidget(self._side_nothing)
            self._fill(self._table)


def _order_words(group: Group) -> str:
    return {"waiting": tr("按先后上传"), "conflict": tr("早的在上"), "quarantined": tr("未处理的在上")}.get(group, tr("新的在上"))


def _empty_words(group: Group) -> str:
    words: dict[Group, str] = {
        "waiting": tr("没有待传的办件。受理后先写本机，再自动上传。"),
        "sent": tr("还没有传过办件。"),
        "conflict": tr("没有冲突。两个窗口改了同一项时，两边的值都留在这里等人定。"),
        "quarantined": tr("没有隔离的办件。中心暂不接收的会列在这里，说明原因。"),
        "decided": tr("还没有定过冲突。定下以后，各个值和理由都留在这里。"),
    }
    return words[group]


def _padded(widget: QWidget) -> QWidget:
    theme = current_theme()
    holder = QWidget()
    row = QVBoxLayout(holder)
    row.setContentsMargins(theme.space.l, theme.space.s, theme.space.l, theme.space.s)
    row.addWidget(widget)
    return holder


def _topped(widget: QWidget) -> QWidget:
    theme = current_theme()
    holder = QWidget()
    column = QVBoxLayout(holder)
    column.setContentsMargins(theme.space.l, theme.space.m, theme.space.l, 0)
    column.addWidget(widget)
    column.addStretch(1)
    return holder


def _evidence_line(line: Evidence) -> QWidget:
    icon, color = {True: ("circle-check", "green"), False: ("circle-x", "red"), None: ("circle-dashed", "text2")}[line.is_right]
    text = Text(line.words, "compact", tone="red" if line.is_right is False else "", wrap=True)
    holder = QWidget()
    row = QHBoxLayout(holder)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(current_theme().space.s)
    row.addWidget(Icon(icon, color))
    row.addWidget(text, 1)
    return holder
