"""出租房: the list by address left; right one dwelling, its people now and before, its safety check."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from nbcase.domain.words import mark, tr
from nbcase.operations.dwellings import DwellingFilter, DwellingRow, DwellingView, Reminder, Stay
from ui.context import KeyHelp
from ui.pages import page
from ui.pages.dwellings.presenter import (
    DwellingsPresenter,
    letting_facts,
    occupancy_words,
    reminder_line,
    reminder_words,
    safety_facts,
    stay_days,
)
from ui.shell.page import Page
from ui.theme import current_theme
from ui.widgets.button import KeyButton
from ui.widgets.filterbox import FilterBox
from ui.widgets.lists import LineList, LineRow
from ui.widgets.notice import NoticeStrip
from ui.widgets.panels import Columns, Panel, Scroll, row_of
from ui.widgets.table import Cell, CellValue, Column, PagedModel, Table, TagCell
from ui.widgets.tag import Chip, KeyHint
from ui.widgets.text import EmptyLine, Facts, Line, SectionHeading, Text

_SIDE = 444
_ABOUT = frozenset({"dwelling", "registration", "resident"})


@page("dwellings", title=mark("出租房"), icon="building-2", order=55)
class DwellingsPage(Page):
    """Every dwelling this desk knows."""

    def __init__(self, context: Any) -> None:
        super().__init__(context, tr("出租房"))
        self._presenter = DwellingsPresenter(self, context)
        self._model = PagedModel(self._columns(), self._presenter.fetch, context.tasks)
        self._model.loaded.connect(self._loaded)
        self._model.failed.connect(context.trouble)
        self._table = Table(tr("出租房"), self._model, identify=lambda row: row.dwelling.id)
        self._table.selected.connect(lambda row: self._presenter.choose(row.dwelling.id))
        self._table.opened.connect(lambda _row: self._to_people())
        self._total = 0
        self.set_body(Columns(self._build_main(), self._build_side(), side_width=_SIDE, side_name=tr("房屋")))

    def _columns(self) -> tuple[Column[DwellingRow], ...]:
        return (
            Column(title=tr("地址"), cell=lambda row: row.dwelling.address, width=216, stretch=True),
            Column(title=tr("出租人"), cell=lambda row: Cell(text=row.dwelling.landlord_name or "—", quiet=True), width=96, shown_from=620),
            Column(title=tr("住 / 限"), cell=_occupancy_cell, width=88),
            Column(
                title=tr("合同至"),
                cell=lambda row: Cell(text=str(row.dwelling.lease_until_on or "—"), quiet=True),
                width=100,
                shown_from=700,
            ),
            Column(title=tr("提醒"), cell=_reminder_cell, width=112),
        )

    def _build_main(self) -> QWidget:
        self._lists = QStackedWidget()
        self._lists.addWidget(self._table)
        self._lists.addWidget(_nothing())
        main = QWidget()
        column = QVBoxLayout(main)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for part in (self._build_search(), self._build_filters(), Line()):
            column.addWidget(part)
        column.addWidget(self._lists, 1)
        self._count = Text("", "meta")
        theme = current_theme()
        keys = (KeyHint("↑↓", tr("选择")), KeyHint("PgDn", tr("翻页")), KeyHint("Enter", tr("到住户")))
        return Panel(main, footer=row_of(self._count, None, *keys, padding=(theme.space.l, 0), gap=theme.space.l), scrolls=False)

    def _build_search(self) -> QWidget:
        theme = current_theme()
        self._search = FilterBox(tr("在出租房里查找"), tr("地址、出租人，空格分开几段"), self)
        self._search.wanted.connect(self._presenter.find)
        self._search.done.connect(self._to_table)
        bar = QWidget()
        bar.setFixedHeight(theme.size.filter_bar)
        row = QHBoxLayout(bar)
        row.setContentsMargins(theme.space.l, 0, theme.space.l, 0)
        row.addWidget(self._search, 1)
        return bar

    def _build_filters(self) -> QWidget:
        theme = current_theme()
        self._chips: dict[Reminder | None, Chip] = {None: Chip(tr("全部"), on=True)}
        self._chips.update({reminder: Chip(reminder_words(reminder)[0]) for reminder in Reminder})
        bar = QWidget()
        row = QHBoxLayout(bar)
        row.setContentsMargins(theme.space.l, 0, theme.space.l, theme.space.s)
        row.setSpacing(theme.space.s)
        for place, (reminder, chip) in enumerate(self._chips.items(), 1):
            chip.clicked.connect(partial(self._show_only, reminder))
            chip.setToolTip(f"Alt+{place}")
            QShortcut(f"Alt+{place}", self).activated.connect(chip.click)
            row.addWidget(chip)
        row.addStretch(1)
        return bar

    def _build_side(self) -> QWidget:
        theme = current_theme()
        self._title = Text("", "panel-title", wrap=True)
        self._warning = NoticeStrip("", "warn", icon="clock")
        self._facts = Facts(label_width=theme.size.label_width)
        self._present_heading, self._former_heading = SectionHeading(tr("现住")), SectionHeading(tr("曾住"))
        self._present = LineList(tr("现住"), fits=True, padding=0, height=theme.size.row_list)
        self._former = LineList(tr("曾住"), fits=True, padding=0, height=theme.size.row_list)
        self._safety_heading = SectionHeading(tr("安全排查"))
        self._safety = Facts(label_width=theme.size.label_width)
        for people in (self._present, self._former):
            people.opened.connect(lambda row: self._presenter.open_person(row.payload))
        self._content = QWidget()
        column = QVBoxLayout(self._content)
        column.setContentsMargins(theme.space.l, theme.space.m, theme.space.l, theme.space.m)
        column.setSpacing(theme.space.s)
        column.addWidget(self._title)
        column.addWidget(self._warning)
        column.addWidget(self._facts)
        for part in (self._present_heading, self._present, self._former_heading, self._former, self._safety_heading, self._safety):
            column.addWidget(part)
        column.addStretch(1)
        self._people = KeyButton(tr("住户名单"), key="Ctrl+B", icon="users")
        self._people.clicked.connect(self._presenter.open_people)
        self._register = KeyButton(tr("登记出租"), key="Ctrl+N", role="primary", icon="plus")
        self._register.clicked.connect(self._begin)
        self._content.hide()
        footer = row_of(self._people, None, self._register, padding=(theme.space.l, 0))
        return Panel(Scroll(self._content, ground="sunken"), ground="sunken", footer=footer, scrolls=False)

    def opened(self) -> None:
        self._presenter.refresh()
        self._to_table()

    def reload(self, changed: frozenset[str]) -> None:
        if changed & _ABOUT:
            self._presenter.refresh()

    def search_target(self, **target: object) -> None:
        if dwelling_id := target.get("dwelling_id"):
            self._presenter.open(str(dwelling_id))

    def keys(self) -> list[KeyHelp]:
        more = (
            ("/", tr("在出租房里查找")),
            ("Alt+1–5", tr("全部、各种提醒")),
            ("Enter", tr("到住户，再按打开所选的人")),
            ("Esc", tr("回列表，再按看全部")),
        )
        return [*super().keys(), *(KeyHelp(key=key, what=what) for key, what in more)]

    def reload_rows(self) -> None:
        """Read the list again, with the chosen one kept."""
        self._table.keep(self._presenter.chosen)
        self._model.reload()

    def show_wanted(self, wanted: DwellingFilter) -> None:
        """Let box and chips say what the list is narrowed to."""
        self._search.show_text(wanted.text)
        for reminder, chip in self._chips.items():
            chip.setChecked(reminder is wanted.reminder)

    def show_counts(self, counts: Mapping[Reminder | None, int]) -> None:
        """How many dwellings each filter leaves."""
        for reminder, chip in self._chips.items():
            chip.set_count(counts[reminder])
        self._total = counts[self._presenter.wanted.reminder]
        self._show_loaded()

    def show_dwelling(self, found: DwellingView) -> None:
        """One dwelling in full."""
        dwelling, today = found.row.dwelling, self.context.desk.today()
        self._title.setText(dwelling.address)
        self._warning.show_text(reminder_line(found, today))
        self._facts.show_facts(letting_facts(dwelling))
        self._safety.show_facts(safety_facts(dwelling))
        limit = tr("限住未配置") if dwelling.capacity is None else tr("限 {n} 人").format(n=dwelling.capacity)
        self._present_heading.set_meta(tr("{n} 人").format(n=len(found.present)) + f" · {limit}")
        self._former_heading.set_meta(tr("{n} 人").format(n=len(found.former)))
        self._present.show_rows([_person(stay) for stay in found.present])
        self._former.show_rows([_person(stay) for stay in found.former])
        for part in (self._former_heading, self._former):
            part.setVisible(bool(found.former))
        if found.present:
            self._people.set_on()
        else:
            self._people.set_off(tr("现在没有登记的住户"))
        refusal = self._presenter.refusal()
        self._register.set_text(tr("变更出租登记") if dwelling.is_registered else tr("登记出租"))
        if refusal:
            self._register.set_off(refusal)
        else:
            self._register.set_on()
        self._content.show()

    def _show_only(self, reminder: Reminder | None, _on: bool = False) -> None:
        self._presenter.find(self._search.text())  # what is still being typed counts
        self._presenter.show_only(reminder)

    def _loaded(self) -> None:
        has_rows = self._model.rowCount() > 0
        self._lists.setCurrentIndex(0 if has_rows else 1)
        if not has_rows:
            self._presenter.leave()
            self._content.hide()
            for button in (self._people, self._register):
                button.set_off(tr("请先选一处房屋"))
        self._show_loaded()

    def _show_loaded(self) -> None:
        shown = self._model.rowCount()
        self._count.setText(tr("{shown} / 共 {total} 处").format(shown=shown, total=max(self._total, shown)))

    def _to_table(self) -> None:
        self._table.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _begin(self) -> None:
        """Whoever is chosen among those who live there reports, or the first of them."""
        people = self._present.rows
        if people:
            self._presenter.register((self._present.current() or people[0]).payload)

    def _to_people(self) -> None:
        people = next((part for part in (self._present, self._former) if part.rows), None)
        if people is not None:
            people.select(0)
            people.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            if self._table.hasFocus() or self._model.rowCount() == 0:
                self._presenter.show_all()
            self._to_table()
            return
        super().keyPressEvent(event)


def _nothing() -> QWidget:
    holder = QWidget()
    column = QVBoxLayout(holder)
    column.setContentsMargins(0, 0, 0, 0)
    column.addWidget(EmptyLine(tr("没有符合的房屋。看全部按"), "Esc"))
    column.addStretch(1)
    return holder


def _occupancy_cell(row: DwellingRow) -> Cell:
    is_over = Reminder.CROWDED in row.reminders
    return Cell(text=occupancy_words(row), tone="red" if is_over else "neutral", strong=is_over)


def _reminder_cell(row: DwellingRow) -> CellValue:
    if not row.reminders:
        return Cell(text=tr("已登记") if row.dwelling.is_registered else "—", quiet=True)
    words, tone = reminder_words(row.reminders[0])
    return TagCell(text=words, tone=tone)


def _person(stay: Stay) -> LineRow:
    return LineRow(title=stay.resident.name, right=stay_days(stay), payload=stay.resident.id)
