"""积分: total and waterfall at the left, the selected line explained at the right, application and review from the line."""

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from nbcase.domain.identity import mask_number
from nbcase.domain.words import mark, tr
from nbcase.operations.points import APPLY, REVIEW, LineView, PointsView
from ui.context import KeyHelp
from ui.pages import page
from ui.pages.points.explained import LineExplained
from ui.pages.points.presenter import FallRow, PointsPresenter, difference_words, points_words
from ui.pages.points.waterfall import FallHead, TotalBar, Waterfall
from ui.shell.page import Page
from ui.theme import current_theme
from ui.widgets.button import KeyButton
from ui.widgets.fields.date import DateField
from ui.widgets.panels import Columns, Panel, row_of
from ui.widgets.tag import Tag
from ui.widgets.text import ElidedText, EmptyLine, Line, Text

_SIDE = 480
_DATE_WIDTH = 108
_ABOUT = frozenset({"score", "claim", "resident", "case", "scheme_draft"})


@page("points", title=mark("积分"), icon="award", order=70)
class PointsPage(Page):
    """A resident's points on a day, each explained down to the rows behind it."""

    def __init__(self, context: Any) -> None:
        super().__init__(context, tr("积分"))
        self._presenter = PointsPresenter(self, context)
        self._person = KeyButton(tr("居民"), key="Ctrl+B", icon="user", small=True)
        self._person.clicked.connect(self._to_person)
        self._rounds = KeyButton(tr("名额"), key="Ctrl+R", icon="graduation-cap", small=True)
        self._rounds.clicked.connect(self._to_rounds)
        self._print = KeyButton(tr("积分明细"), key="Ctrl+P", icon="printer", small=True)
        self._print.clicked.connect(self._presenter.print_sheet)
        self.header.add_action(self._person, self._rounds, self._print)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._nobody())
        self._stack.addWidget(self._build())
        self.set_body(self._stack)
        self.show_nobody()

    def _nobody(self) -> QWidget:
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        self._empty = EmptyLine(tr("先找一位居民，再在居民页按 Ctrl+J 看积分。查找按"), "Ctrl+K")
        self._unsent = Text("", "body", tone="muted", wrap=True)
        self._unsent.setContentsMargins(current_theme().space.l, current_theme().space.m, current_theme().space.l, 0)
        column.addWidget(self._empty)
        column.addWidget(self._unsent)
        column.addStretch(1)
        return holder

    def _build(self) -> QWidget:
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._build_total())
        column.addWidget(Line())
        self._fall = Waterfall(tr("积分各项"))
        self._fall.picked.connect(self._pick)
        self._fall.opened.connect(self._unfold)
        main = QWidget()
        inner = QVBoxLayout(main)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(0)
        inner.addWidget(FallHead())
        inner.addWidget(self._fall, 1)
        self._explained = LineExplained()
        self._apply = KeyButton(tr("积分申请"), key="Ctrl+N")
        self._apply.clicked.connect(lambda: self._presenter.begin(APPLY))
        self._review = KeyButton(tr("提出复核"), key="Ctrl+Return", role="primary")
        self._review.clicked.connect(lambda: self._presenter.begin(REVIEW))
        limits = Text(tr("审核 10、复核 5 个工作日"), "meta")
        footer = row_of(limits, None, self._apply, self._review, padding=(current_theme().space.l, 0))
        side = Panel(self._explained, footer=footer)
        self._columns = Columns(main, side, side_width=_SIDE, side_name=tr("说明"))
        column.addWidget(self._columns, 1)
        return holder

    def _build_total(self) -> QWidget:
        theme = current_theme()
        self._total, self._of, self._meta = Text("", "figure"), Text("/ 300", "meta"), ElidedText("meta")
        self._day = DateField(tr("计分日"), placeholder=tr("今天"))
        self._day.setFixedWidth(_DATE_WIDTH)
        self._day.left.connect(lambda: self._presenter.set_day(str(self._day.value())))
        self._day.settled.connect(self._day_given)
        self._today = KeyButton(tr("今天"), key="Ctrl+T", small=True)
        self._today.clicked.connect(self._to_today)
        self._other_day = KeyButton(tr("计分日"), key="Ctrl+D", role="link", small=True)
        self._other_day.clicked.connect(lambda: self._day.setFocus(Qt.FocusReason.ShortcutFocusReason))
        self._problem = Text("", "meta")
        self._bar = TotalBar()
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(theme.space.l, theme.space.s, theme.space.l, theme.space.s)
        column.setSpacing(theme.space.xs)
        row = QHBoxLayout()
        row.setSpacing(theme.space.s)
        row.addWidget(self._total)
        row.addWidget(self._of)
        row.addWidget(self._meta, 1)
        for control in (self._problem, self._other_day, self._day, self._today):
            row.addWidget(control)
        column.addLayout(row)
        column.addWidget(self._bar)
        self._blocks = ElidedText("meta")
        column.addWidget(self._blocks)
        return holder

    def opened(self) -> None:
        self._presenter.refresh()
        self._take_focus()

    def reload(self, changed: frozenset[str]) -> None:
        if changed & _ABOUT:
            self._presenter.refresh()

    def search_target(self, **target: object) -> None:
        if resident_id := target.get("resident_id"):
            self._day.set_value("")
            self._presenter.open(str(resident_id))
            self._take_focus()

    def keys(self) -> list[KeyHelp]:
        return [KeyHelp(key="↑↓", what=tr("换一项指标")), KeyHelp(key="Enter", what=tr("小窗口里打开说明")), *super().keys()]

    def show_nobody(self) -> None:
        """Nobody is open."""
        self._stack.setCurrentIndex(0)
        self._unsent.setText("")
        for button in (self._person, self._rounds, self._print):
            button.hide()

    def show_points(self, view: PointsView, rows: Sequence[FallRow]) -> None:
        """A resident's sheet, or that the centre has sent none."""
        self.header.set_title(view.resident.name)
        self.header.set_subtitle(mask_number(view.resident.document_number))
        self._person.show()
        self._rounds.show()
        if view.sheet is None or view.score is None:
            self.header.set_tags([])
            self._stack.setCurrentIndex(0)
            self._print.hide()
            self._empty.hide()
            self._unsent.setText(tr("还没有这位居民的积分。中心每月计分后，随同步到本机；无需申请。"))
            return
        self._print.show()
        tag = Tag(tr("与中心一致"), "green") if view.agrees else Tag(tr("与中心不一致，以中心为准"), "amber")
        self.header.set_tags([tag, Tag(view.sheet.hash[:8], "neutral")])
        self._total.setText(points_words(view.sheet.total))
        self._meta.set_full(_meta_words(view))
        self._bar.show_points(view)
        self._blocks.set_full(_block_words(view))
        self._fall.show_sheet(rows)
        if self._stack.currentIndex() != 1:
            self._stack.setCurrentIndex(1)
            if self.isVisible() and self.holds_focus():
                self._take_focus()
        self._today.setVisible(view.on != view.today)

    def show_line(self, line: LineView) -> None:
        """Explain a line."""
        self._fall.choose(line.line.indicator.code)
        self._explained.show_line(line)
        for button, situation in ((self._apply, APPLY), (self._review, REVIEW)):
            refusal = self._presenter.refusal(situation)
            if refusal:
                button.set_off(refusal)
            else:
                button.set_on()

    def show_day_problem(self, text: str) -> None:
        """Why the day was not taken; empty when it was."""
        self._problem.setText(text)

    def _take_focus(self) -> None:
        """To the lines, or onto the page until they are there."""
        target = self._fall if self._stack.currentIndex() == 1 else self
        target.setFocus(Qt.FocusReason.OtherFocusReason)

    def _pick(self, row: FallRow) -> None:
        if row.line is not None and row.line is not self._presenter.line:
            self._presenter.choose(row.line)

    def _unfold(self, _row: object) -> None:
        if self._columns.is_folded:
            self._columns.toggle()

    def _day_given(self) -> None:
        self._presenter.set_day(str(self._day.value()))
        self._fall.setFocus(Qt.FocusReason.OtherFocusReason)

    def _to_today(self) -> None:
        self._day.set_value("")
        self._presenter.set_day("")

    def _to_rounds(self) -> None:
        if self._presenter.resident_id:
            self.context.navigate("rounds", resident_id=self._presenter.resident_id)

    def _to_person(self) -> None:
        if self._presenter.resident_id:
            self.context.navigate("residents", resident_id=self._presenter.resident_id)


def _meta_words(view: PointsView) -> str:
    assert view.score is not None
    parts = [
        tr("计分日 {day}").format(day=view.on),
        view.data_words,
        tr("中心 {day} 计分").format(day=view.score.on),
    ]
    if view.on != view.today:
        parts.append(tr("比今天 {n} 分").format(n=difference_words(view.difference)))
    return " · ".join(parts)


def _block_words(view: PointsView) -> str:
    assert view.sheet is not None
    sums = []
    for block in view.sheet.blocks:
        cap = view.catalogue.blocks[block.code].cap
        if cap is not None:
            sums.append(f"{view.catalogue.blocks[block.code].name} {points_words(block.points)} / {cap // 100}")
    if view.unconfigured:
        sums.append(tr("{n} 项未配置，暂不计分").format(n=view.unconfigured))
    return "　".join(sums)
