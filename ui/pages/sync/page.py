"""同步: acts in their order left, one of them field by field right, the state of the line above."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent, QShortcut
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from nbcase.domain.action import Outcome
from nbcase.domain.clock import CHINA
from nbcase.domain.words import mark, tr
from nbcase.operations.look import OutboxRow
from ui.context import KeyHelp
from ui.pages import page
from ui.pages.sync.changes import ChangeHead, ChangeList
from ui.pages.sync.presenter import ChangeLine, Evidence, Group, SyncPresenter, files_words, outcome_words, row_title
from ui.shell.page import Page
from ui.theme import current_theme
from ui.widgets.button import KeyButton
from ui.widgets.figures import Figure, FigureStrip
from ui.widgets.icon import Icon
from ui.widgets.notice import NoticeStrip
from ui.widgets.panels import Columns, Panel, row_of
from ui.widgets.table import Cell, CellValue, Column, PagedModel, Table, TagCell
from ui.widgets.tag import Chip, Tag
from ui.widgets.text import EmptyLine, Line, SectionHeading, Text

_SIDE = 700


@page("sync", title=mark("同步"), icon="refresh-cw", order=110)
class SyncPage(Page):
    """The desk and its centre."""

    _has_problem = False

    def __init__(self, context: Any) -> None:
        super().__init__(context, tr("同步"))
        self._presenter = SyncPresenter(self, context)
        self._sync = context.sync
        self._retry = KeyButton(tr("立即重试"), key="F5", icon="refresh-cw", small=True)
        self._retry.clicked.connect(self._presenter.retry)
        self.header.add_action(self._retry)
        if context.sync is None:
            self._retry.set_off(tr("这台电脑没有连接中心的设置"))
        else:
            context.sync.subscribe(self._follow)
        self._strip = FigureStrip()
        self._strip.opened.connect(self._open_figure)
        self._problem = NoticeStrip("", "warn", icon="cloud-off")
        holder = QWidget()
        row = QVBoxLayout(holder)
        theme = current_theme()
        row.setContentsMargins(theme.space.l, theme.space.s, theme.space.l, theme.space.s)
        row.addWidget(self._problem)
        self._problem_holder = holder
        self._model = PagedModel(self._columns(), self._presenter.fetch, context.tasks)
        self._table = Table(tr("操作"), self._model, compact=True, identify=lambda entry: entry.action.sequence)
        self._table.selected.connect(self._presenter.select)
        self._model.loaded.connect(self._loaded)
        self._model.failed.connect(context.trouble)
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._strip)
        column.addWidget(holder)
        column.addWidget(Columns(self._build_main(), self._build_side(), side_width=_SIDE, side_name=tr("内容")), 1)
        holder.hide()
        self.set_body(body)

    def _columns(self) -> tuple[Column[OutboxRow], ...]:
        return (
            Column(title=tr("序号"), cell=lambda row: Cell(text=str(row.action.sequence), quiet=True), width=64),
            Column(title=tr("事项"), cell=_title_cell, width=140, stretch=True),
            Column(title=tr("申请人"), cell=lambda row: Cell(text=row.applicant or "—"), width=88),
            Column(title=tr("时间"), cell=self._at_cell, width=92, shown_from=540),
            Column(title=tr("附件"), cell=lambda row: Cell(text=files_words(row), quiet=True), width=96),
            Column(title=tr("状态"), cell=self._outcome_cell, width=104),
        )

    def _build_main(self) -> QWidget:
        theme = current_theme()
        names: dict[Group, str] = {"waiting": tr("待传"), "sent": tr("已传"), "conflict": tr("冲突"), "quarantined": tr("隔离")}
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
        self._lists.addWidget(self._table)
        self._empty = Text("", "body", tone="muted")
        empty = QWidget()
        inner = QVBoxLayout(empty)
        inner.setContentsMargins(theme.space.l, theme.space.m, theme.space.l, 0)
        inner.addWidget(self._empty)
        inner.addStretch(1)
        self._lists.addWidget(empty)
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
        theme = current_theme()
        self._title, self._tag, self._meta = Text("", "panel-title"), Tag(""), Text("", "meta", wrap=True)
        self._reason = NoticeStrip("", "warn")
        head = QWidget()
        words = QVBoxLayout(head)
        words.setContentsMargins(theme.space.l, theme.space.m, theme.space.l, theme.space.s)
        words.setSpacing(theme.space.xs)
        words.addWidget(row_of(self._title, self._tag, None))
        words.addWidget(self._meta)
        words.addWidget(self._reason)
        self._changes = ChangeList(tr("改了什么"))
        self._change_head = ChangeHead(self._changes)
        self._decides = Text("", "meta", wrap=True)
        foot = QWidget()
        below = QVBoxLayout(foot)
        below.setContentsMargins(theme.space.l, theme.space.m, theme.space.l, theme.space.m)
        below.addWidget(self._decides)
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for part in (head, Line(), self._change_head, Line(), self._changes, foot):
            column.addWidget(part)
        column.addStretch(1)
        self._side_column = column
        self._side = QStackedWidget()
        self._side.addWidget(Panel(content))
        nothing = QWidget()
        inner = QVBoxLayout(nothing)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.addWidget(EmptyLine(tr("选中一件，这里逐项显示它改了什么。")))
        inner.addStretch(1)
        self._side.addWidget(nothing)
        self._side.setCurrentIndex(1)
        return self._side

    def opened(self) -> None:
        self._presenter.refresh()
        self._table.setFocus(Qt.FocusReason.OtherFocusReason)

    def reload(self, changed: frozenset[str]) -> None:
        self._presenter.refresh()

    def search_target(self, **target: object) -> None:
        if sequence := target.get("sequence"):
            self._table.keep(sequence)
            self._presenter.choose("waiting")

    def keys(self) -> list[KeyHelp]:
        more = (("Alt+1–4", tr("待传、已传、冲突、隔离")), ("↑↓", tr("选择一件")))
        return [*super().keys(), *(KeyHelp(key=key, what=what) for key, what in more)]

    def show_state(self, subtitle: str, figures: Sequence[Figure], problem: str) -> None:
        """The line, now."""
        self.header.set_subtitle(subtitle)
        self._strip.show_figures(figures)
        self._problem.show_text(problem)
        self._has_problem = bool(problem)
        self._arrange()

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
        """Let the chips say which tab it is."""
        for each, chip in self._chips.items():
            chip.setChecked(each == group)
        self._order.setText(tr("按先后上传") if group == "waiting" else tr("新的在上"))
        words: dict[Group, str] = {
            "waiting": tr("没有待传的办件。受理后先写本机，再自动上传。"),
            "sent": tr("还没有传过办件。"),
            "conflict": tr("没有冲突。两个窗口改了同一项时，两边的值都留在这里。"),
            "quarantined": tr("没有隔离的办件。中心暂不接收的会列在这里，说明原因。"),
        }
        self._empty.setText(words[group])

    def show_counts(self, counts: dict[Group, int]) -> None:
        """How many acts each tab has."""
        for group, count in counts.items():
            self._chips[group].set_count(count)

    def reload_rows(self) -> None:
        """Read the acts anew; the selection stays."""
        self.show_group(self._presenter.group)
        self._model.reload()

    def show_action(self, row: OutboxRow | None, lines: Sequence[ChangeLine]) -> None:
        """One act in full."""
        self._side.setCurrentIndex(1 if row is None else 0)
        if row is None:
            return
        self._title.setText(" ".join(part for part in (row_title(row), row.applicant) if part))
        self._tag.show_tag(*outcome_words(row.outcome, is_online=self._is_online()))
        self._meta.setText(_meta_words(row))
        self._reason.show_text(row.reason, "error" if row.outcome == Outcome.CONFLICT else "warn")
        self._changes.show_rows(lines)
        self._change_head.update()
        self._decides.setText(_decides_words(row))
        self._decides.setVisible(bool(self._decides.text()))

    def show_retrying(self) -> None:
        """A contact was asked for; the strip follows when it is over."""
        self.header.set_subtitle(tr("正在连接中心……"))

    def _follow(self, _status: object) -> None:
        """News of the line; asked for again in the right order, for a later one may be there already."""
        if self.isVisible():
            self._presenter.follow()

    def _arrange(self) -> None:
        """In a small window the acts need the height: the proof goes below the act, and the line above tells the problem."""
        is_small = self.window().width() < current_theme().layout.compact_below
        self._problem_holder.setVisible(self._has_problem and not is_small)
        self._evidence_line.setVisible(not is_small)
        (self._side_column if is_small else self._main_column).addWidget(self._evidence_box)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _is_online(self) -> bool:
        return self._sync is not None and bool(self._sync.status().is_online)

    def _open_figure(self, key: str) -> None:
        groups: dict[str, Group] = {"waiting": "waiting", "sent": "sent", "conflict": "conflict"}
        self._presenter.choose(groups[key])

    def _choose(self, group: Group, _on: bool = False) -> None:
        self._presenter.choose(group)

    def _loaded(self) -> None:
        has_rows, had_focus = self._model.rowCount() > 0, self._table.hasFocus()
        self._lists.setCurrentIndex(0 if has_rows else 1)
        if not has_rows:
            self._presenter.select(None)
            return
        if self._table.current() is None:
            self._table.select(0)
        if had_focus:
            self._table.setFocus()

    def _at_cell(self, row: OutboxRow) -> Cell:
        local = row.action.desk_at.astimezone(CHINA)
        is_today = local.date() == self.context.desk.today()
        return Cell(text=f"{local:%H:%M}" if is_today else f"{local:%m-%d %H:%M}", quiet=True)

    def _outcome_cell(self, row: OutboxRow) -> CellValue:
        words, tone = outcome_words(row.outcome, is_online=self._is_online())
        return Cell(text=words, quiet=True) if row.outcome is None else TagCell(text=words, tone=tone)


def _title_cell(row: OutboxRow) -> str:
    return row_title(row)


def _meta_words(row: OutboxRow) -> str:
    local = row.action.desk_at.astimezone(CHINA)
    parts = [
        tr("序号 {n}").format(n=row.action.sequence),
        tr("{clerk} {at}").format(clerk=row.clerk_name or "—", at=f"{local:%Y-%m-%d %H:%M:%S}"),
        tr("校验值 {hash}").format(hash=row.action.hash[:8]),
    ]
    if row.answered_at is not None:
        parts.append(tr("中心 {at} 回复").format(at=f"{row.answered_at.astimezone(CHINA):%m-%d %H:%M}"))
    elif row.tries:
        parts.append(tr("已试 {n} 次").format(n=row.tries))
    return " · ".join(parts)


def _decides_words(row: OutboxRow) -> str:
    if row.outcome == Outcome.CONFLICT:
        return tr("记录暂用中心的值，本窗填的值留在这里，没有丢。请站长与对方窗口核对后定；定好前照常办件。")
    if row.outcome == Outcome.QUARANTINED:
        return tr("中心收下了这件但没有采用，原样保存。请站长按上面的原因处理；本机记录不受影响。")
    return ""


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
