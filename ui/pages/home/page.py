"""工作台: figures of the day over two columns; every line leads to its work with Enter."""

from collections.abc import Sequence
from datetime import date, timedelta
from functools import partial
from typing import Any

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QApplication, QHBoxLayout, QVBoxLayout, QWidget

from nbcase.domain.clerk import Role
from nbcase.domain.clock import CHINA
from nbcase.domain.notice import Notice
from nbcase.domain.words import mark, tr
from nbcase.operations.cases import CaseRow
from nbcase.operations.drafts import Draft
from nbcase.operations.figures import ItemFigures
from nbcase.operations.home import EndorsementDue
from nbcase.operations.provisional import ProvisionalStand
from nbcase.operations.readiness import Readiness, State
from ui.casewords import day_words, limit_figure, moment_words, state_words
from ui.context import KeyHelp
from ui.pages import page
from ui.pages.home.presenter import Day, HomePresenter, greeting, hour_bars, readiness_summary
from ui.shell.page import Page
from ui.theme import current_theme
from ui.widgets.button import KeyButton, LinkButton
from ui.widgets.figures import Figure, FigureStrip, HourBars
from ui.widgets.ink import Tone
from ui.widgets.lists import LineList, LineRow
from ui.widgets.panels import Columns, Panel
from ui.widgets.text import EmptyLine, PanelHeading

_SIDE = 524
_ABOUT = frozenset({"case", "permit", "endorsement", "registration", "resident", "document", "draft", "outbox", "notice"})
_SIGNS: dict[State, tuple[str, str]] = {
    "passed": ("circle-check", "green"),
    "look": ("triangle-alert", "amber"),
    "failed": ("circle-x", "red"),
    "absent": ("circle-dashed", "text2"),
}
_SHOWN_NOTICES = 3
_SOON_DAYS = 7
"""Days left of an endorsement window from which the line is amber."""


@page("home", title=mark("工作台"), icon="house", order=10)
class HomePage(Page):
    """The day of the clerk who is signed in."""

    def __init__(self, context: Any) -> None:
        super().__init__(context, tr("工作台"))
        self._presenter = HomePresenter(self, context)
        self._role: Role = context.clerk.record.role
        self._is_reviewer = self._role is Role.REVIEWER
        if self._is_reviewer:
            begin = KeyButton(tr("去审核"), key="Ctrl+N", role="primary", small=True)
            begin.clicked.connect(lambda: context.navigate("review"))
        else:
            begin = KeyButton(tr("新登记"), key="Ctrl+N", role="primary", small=True)
            begin.clicked.connect(lambda: context.navigate("register"))
        self.header.add_action(begin)
        self._unsent = -1
        self._was_online = False
        self._notices: tuple[Notice, ...] = ()
        if context.sync is not None:
            context.sync.subscribe(self._follow)
        self._strip = FigureStrip()
        self._strip.opened.connect(self._presenter.open_figure)
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._strip)
        column.addWidget(Columns(Panel(self._build_main()), Panel(self._build_side()), side_width=_SIDE, side_name=tr("今日")), 1)
        self.set_body(body)

    def _build_main(self) -> QWidget:
        everything = LinkButton(tr("全部办件"), key="Alt+A")
        everything.clicked.connect(lambda: self.context.navigate("cases"))
        titles = {Role.CLERK: tr("我的办件"), Role.REVIEWER: tr("待我审核"), Role.SUPERVISOR: tr("全站在办")}
        title = titles[self._role]
        self._cases_heading = PanelHeading(title, link=everything)
        self._cases = LineList(title, fits=True, title_width=188, name_width=84)
        self._cases.opened.connect(lambda row: self._presenter.open_case(row.payload))
        self._no_cases = (
            _empty(tr("没有待审的办件。看全部按"), "Alt+A") if self._is_reviewer else _empty(tr("没有在办的办件。登记新居民按"), "Ctrl+N")
        )
        self._due_heading = PanelHeading(tr("本月应签注"))
        self._due = LineList(tr("本月应签注"), fits=True, title_width=132, name_width=148)
        self._due.opened.connect(lambda row: self._presenter.open_due(row.payload))
        self._no_due = _empty(tr("现在没有到签注期的居民。找人按"), "Ctrl+K")
        self._items_heading = PanelHeading(tr("本月办理"), tr("按事项，本月 1 日至今日"))
        self._items = LineList(tr("本月办理"), fits=True, selects=False)
        self._told_heading = PanelHeading(tr("暂证与通知"), tr("离线时发出的证，中心的答复"))
        self._told = LineList(tr("暂证与通知"), fits=True, title_width=132, name_width=84)
        self._told.opened.connect(lambda row: row.payload())
        return _column(
            self._told_heading,
            self._told,
            self._cases_heading,
            self._cases,
            self._no_cases,
            self._items_heading,
            self._items,
            self._due_heading,
            self._due,
            self._no_due,
        )

    def _build_side(self) -> QWidget:
        theme = current_theme()
        self._drafts_heading = PanelHeading(tr("草稿"), tr("断电或锁屏后，连同图片都在"))
        self._drafts = LineList(tr("草稿"), fits=True, height=theme.size.row_table_compact)
        self._drafts.opened.connect(lambda row: self._presenter.open_draft(row.payload))
        self._no_drafts = _empty(tr("没有草稿。开始登记按"), "Ctrl+N")
        again = LinkButton(tr("再查一次"), key="F5")
        again.clicked.connect(self._presenter.check)
        self._ready_heading = PanelHeading(tr("开窗检查"), link=again)
        self._ready = [
            _PlainList(
                tr("开窗检查"), fits=True, selects=False, title_width=theme.size.label_width - theme.space.s, height=theme.size.button
            )
            for _ in range(2)
        ]
        halves = QWidget()
        row = QHBoxLayout(halves)
        row.setContentsMargins(0, theme.space.s, 0, theme.space.s)
        row.setSpacing(0)
        for half in self._ready:
            row.addWidget(half, 1, Qt.AlignmentFlag.AlignTop)
        self._hours_heading = PanelHeading(tr("今日受理"), tr("按小时，本机"))
        self._hours = HourBars(tr("今日受理，按小时"))
        self._hours.setFixedHeight(theme.size.label_width + theme.space.xl + theme.space.l)
        bars = QWidget()
        inner = QVBoxLayout(bars)
        inner.setContentsMargins(theme.space.l, theme.space.s, theme.space.l, 0)
        inner.addWidget(self._hours)
        return _column(self._drafts_heading, self._drafts, self._no_drafts, self._ready_heading, halves, self._hours_heading, bars)

    def opened(self) -> None:
        self._presenter.refresh()

    def reload(self, changed: frozenset[str]) -> None:
        if changed & _ABOUT:
            self._presenter.refresh()

    def _follow(self, status: Any) -> None:
        """News of the line: the figure of what waits must not be older than the pill, and a line that is back has answers."""
        is_back = status.is_online and not self._was_online
        self._was_online = status.is_online
        if (is_back or status.waiting != self._unsent) and self.isVisible():
            self._presenter.refresh()

    def keys(self) -> list[KeyHelp]:
        more = (("Tab", tr("到下一个列表")), ("↑↓", tr("选择")), ("Enter", tr("打开所选")))
        return [*super().keys(), *(KeyHelp(key=key, what=what) for key, what in more)]

    def show_day(self, day: Day) -> None:
        """Figures and lists as they are now."""
        desk, home = self.context.desk, day.home
        today = desk.today()
        self._unsent = home.waiting_count
        self.header.set_subtitle(greeting(self.context.clerk.name, today, home))
        self._strip.show_figures(self._figures(day, today))
        self._cases_heading.set_meta(tr("按承诺期限，{n} 件").format(n=day.case_count))
        self._fill(self._cases, self._no_cases, [_case_line(row) for row in day.cases])
        self._due_heading.set_meta(tr("签注期为满年前 1 个月，{n} 人").format(n=home.endorsements_due_count))
        self._fill(self._due, self._no_due, [_due_line(due, today) for due in home.endorsements_due])
        self._fill(self._drafts, self._no_drafts, [_draft_line(desk, draft, today) for draft in day.drafts])
        self._items.show_rows([_item_line(row) for row in day.items])
        self._items_heading.setVisible(bool(day.items))
        self._items.setVisible(bool(day.items))
        self._notices = day.notices
        self.show_provisional(day.provisional)
        hour = self.context.now().hour
        self._hours.show_bars(hour_bars(home.accepted_by_hour, hour), current=str(hour))
        self._take_focus()

    def show_provisional(self, stand: ProvisionalStand) -> None:
        """What the centre says of provisional permits, and what other stations have told; nothing where there is nothing."""
        today = self.context.desk.today()
        lines = [*self._provisional_lines(stand), *(self._notice_line(notice, today) for notice in self._notices[:_SHOWN_NOTICES])]
        place = self._told.currentIndex().row()
        self._told.show_rows(lines)
        for part in (self._told_heading, self._told):
            part.setVisible(bool(lines))
        if lines and place >= 0:
            self._told.select(min(place, len(lines) - 1))

    def _provisional_lines(self, stand: ProvisionalStand) -> list[LineRow]:
        disputed = [case_id for case_id, answer in stand.answers.items() if answer.is_disputed]
        ready = [case_id for case_id, answer in stand.answers.items() if not answer.is_disputed]
        lines = []
        if disputed:
            words = tr("中心已有同一人的居住证，请复核岗核实")
            lines.append(self._provisional_line(tr("需处理 {n} 件").format(n=len(disputed)), words, "red", disputed[0]))
        if ready:
            words = tr("中心没有别处的居住证，可去掉“暂”")
            lines.append(self._provisional_line(tr("可补核 {n} 件").format(n=len(ready)), words, "amber", ready[0]))
        if stand.unasked:
            lines.append(self._provisional_line(tr("待核对 {n} 件").format(n=stand.unasked), tr("连上中心后自动核对"), "neutral", ""))
        return lines

    def _provisional_line(self, title: str, words: str, tone: Tone, case_id: str) -> LineRow:
        return LineRow(title=title, note=words, right=tr("暂"), right_tone=tone, payload=partial(self._presenter.open_provisional, case_id))

    def _notice_line(self, notice: Notice, today: date) -> LineRow:
        at = moment_words(notice.made_at, today)
        open_it = partial(self._presenter.open_notice, notice)
        return LineRow(title=tr("暂证已收回"), name=notice.applicant_name, note=notice.text, right=at, payload=open_it)

    def _figures(self, day: Day, today: date) -> list[Figure]:
        home, status = day.home, self._presenter.status()
        late = home.endorsements_late_count
        return [
            Figure(key="open", label=tr("在办"), value=str(home.open_count), note=tr("其中我经办 {n}").format(n=home.mine_count)),
            Figure(key="late", label=tr("超承诺"), value=str(home.overdue_count), tone="red" if home.overdue_count else "neutral"),
            Figure(
                key="tomorrow",
                label=tr("明日到期"),
                value=str(home.due_tomorrow_count),
                note=tr("我经办 {n}").format(n=home.mine_tomorrow_count),
                tone="amber" if home.due_tomorrow_count else "neutral",
            ),
            Figure(key="today", label=tr("今日受理"), value=str(home.accepted_today), note=tr("本机")),
            Figure(
                key="due",
                label=tr("应签注"),
                value=str(home.endorsements_due_count),
                note=tr("已过期 {n}").format(n=late) if late else "",
                tone="amber" if late else "neutral",
            ),
            Figure(key="unsent", label=tr("待上传"), value=str(home.waiting_count), note=_reconciled(status, today)),
        ]

    def _fill(self, rows: LineList, empty: QWidget, lines: Sequence[LineRow]) -> None:
        """Show lines, or the words of none; the selected place stays."""
        place, has_focus = rows.currentIndex().row(), rows.hasFocus()
        rows.show_rows(lines)
        rows.setVisible(bool(lines))
        empty.setVisible(not lines)
        if lines and (has_focus or place >= 0):
            rows.select(min(max(place, 0), len(lines) - 1))

    def _take_focus(self) -> None:
        """The cursor goes to the first list with lines, unless it is at work in one already."""
        if not self.holds_focus():
            return
        focus = QApplication.focusWidget()
        if focus is not None and focus is not self and self.isAncestorOf(focus) and focus.isVisible():
            return
        first = next((each for each in (self._cases, self._due, self._drafts) if each.rows), None)
        if first is not None and self.isVisible():
            first.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_checking(self) -> None:
        """The check is under way; what it said before stays until then."""
        self._ready_heading.set_meta(tr("正在检查……"))

    def show_readiness(self, rows: Sequence[Readiness]) -> None:
        """What the check found, in two columns."""
        self._ready_heading.set_meta(readiness_summary(rows, f"{self.context.now():%H:%M}"))
        half = (len(rows) + 1) // 2
        for shown, part in zip(self._ready, (rows[:half], rows[half:]), strict=True):
            shown.show_rows([_ready_line(row) for row in part])
            shown.setToolTip("\n".join(f"{row.name}：{row.detail}" for row in part))


class _PlainList(LineList):
    """Lines without hairlines, as the two columns of the check."""

    def draw_edge(self, painter: QPainter, rect: QRect) -> None:
        """Nothing between the lines."""


def _column(*parts: QWidget) -> QWidget:
    holder = QWidget()
    column = QVBoxLayout(holder)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(0)
    for part in parts:
        column.addWidget(part)
    column.addStretch(1)
    return holder


def _empty(text: str, key: str) -> EmptyLine:
    line = EmptyLine(text, key)
    line.hide()
    return line


def _case_line(row: CaseRow) -> LineRow:
    figure = limit_figure(row.limit)
    words, _tone = state_words(row.case, row.limit)
    if figure is None:
        return LineRow(title=row.item_name, name=row.case.applicant_name, note=words, payload=row)
    return LineRow(
        title=row.item_name,
        name=row.case.applicant_name,
        note=words,
        limit=figure,
        right=figure.words(),
        right_tone=figure.tone(),
        payload=row,
    )


def _due_line(due: EndorsementDue, today: date) -> LineRow:
    left = due.days_left
    words = tr("剩 {n} 日").format(n=left) if left > 0 else tr("今日到期") if left == 0 else tr("过期 {n} 日").format(n=-left)
    full = due.window.closes_on + timedelta(days=1)
    return LineRow(
        title=due.resident.name,
        name=tr("满年 {day}").format(day=day_words(full, today)),
        note=due.address or tr("没有在住登记"),
        right=words,
        right_tone="red" if left < 0 else "amber" if left <= _SOON_DAYS else "neutral",
        payload=due,
    )


def _draft_line(desk: Any, draft: Draft, today: date) -> LineRow:
    situation = desk.items.situation(draft.item_code, draft.situation_code)
    pages = tr("{n} 张图片").format(n=len(draft.attachments)) if draft.attachments else ""
    note = " · ".join(part for part in (f"{desk.items.item(draft.item_code).name.text} {situation.name.text}", pages) if part)
    local = draft.saved_at.astimezone(CHINA)
    at = f"{local:%H:%M}" if local.date() == today else moment_words(draft.saved_at, today)
    return LineRow(title=draft.title, note=note, right=at, payload=draft)


def _item_line(row: ItemFigures) -> LineRow:
    words = tr("受理 {accepted}　办结 {decided}　不予 {refused}　在办 {open}　超承诺 {late}")
    counts = {"accepted": row.accepted, "decided": row.decided, "refused": row.refused, "open": row.open, "late": row.late}
    return LineRow(title=row.name, right=words.format(**counts), right_tone="red" if row.late else "neutral")


def _ready_line(row: Readiness) -> LineRow:
    icon, color = _SIGNS[row.state]
    return LineRow(icon=icon, icon_color=color, title=row.name, note=row.detail)


def _reconciled(status: Any, today: date) -> str:
    if status is None or status.reconciled_at is None:
        return tr("尚未对账")
    local = status.reconciled_at.astimezone(CHINA)
    at = f"{local:%H:%M}" if local.date() == today else f"{local:%m-%d}"
    return tr("{at} 对账 {confirmed}/{sent}").format(at=at, confirmed=status.confirmed, sent=status.sent)
