"""场次: the list left; right who has a place and who waits, or the form of a supervisor."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QShortcut
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from nbcase.domain import codes
from nbcase.domain.identity import mask_phone
from nbcase.domain.offering import Booking, Offering
from nbcase.domain.words import mark, tr
from nbcase.operations.bookings import Attendance
from ui.casewords import day_words
from ui.context import KeyHelp
from ui.itemform import code_options
from ui.pages import page
from ui.pages.offerings.presenter import OfferingsPresenter
from ui.shell.page import Page
from ui.theme import current_theme
from ui.widgets.ask import AskBar
from ui.widgets.button import KeyButton
from ui.widgets.fields import Option
from ui.widgets.form import FieldSpec, Form, FormSection
from ui.widgets.lists import LineList, LineRow
from ui.widgets.panels import Columns, Panel, Scroll, row_of
from ui.widgets.table import Cell, Column, PagedModel, Table, TagCell
from ui.widgets.tag import Chip
from ui.widgets.text import EmptyLine, Facts, Line, SectionHeading, Text

_SIDE = 476
_ABOUT = frozenset({"offering", "booking"})
_LEAD = 32
_PEOPLE, _FORM = range(2)
_NAME = 120


@page("offerings", title=mark("场次"), icon="clock", order=60)
class OfferingsPage(Page):
    """Courses, buses, events and appointments with their places."""

    def __init__(self, context: Any) -> None:
        super().__init__(context, tr("场次"))
        self._presenter = OfferingsPresenter(self, context)
        self._model = PagedModel(self._table_columns(), self._presenter.fetch, context.tasks)
        self._model.loaded.connect(self._loaded)
        self._model.failed.connect(context.trouble)
        self._table = Table(tr("场次"), self._model, identify=lambda offering: offering.id)
        self._table.selected.connect(self._select)
        self._table.opened.connect(self._presenter.edit)
        self._ask = AskBar()
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self._columns = Columns(self._build_main(), self._build_side(), side_width=_SIDE, side_name=tr("名单"))
        column.addWidget(self._columns, 1)
        column.addWidget(self._ask)
        self.set_body(body)

    def _table_columns(self) -> tuple[Column[Offering], ...]:
        today = self.context.desk.today
        return (
            Column(title=tr("时间"), cell=lambda row: f"{day_words(row.begins_on, today())} {row.begins_at or ''}".strip(), width=164),
            Column(title=tr("场次"), cell=lambda row: Cell(text=row.name, strong=True), width=148, stretch=True),
            Column(title=tr("服务"), cell=lambda row: Cell(text=codes.name("offering", row.service_code), quiet=True), width=108),
            Column(title=tr("地点"), cell=lambda row: Cell(text=row.place, quiet=True), width=120, stretch=True, shown_from=720),
            Column(title=tr("已占"), cell=lambda row: f"{row.taken} / {row.capacity}", width=76, align="right"),
            Column(title=tr("状态"), cell=lambda row: _state(row, self.context.desk.today()), width=104),
        )

    def _build_main(self) -> QWidget:
        theme = current_theme()
        self._chips = (Chip(tr("可预约"), on=True), Chip(tr("全部")))
        bar = QWidget()
        bar.setFixedHeight(theme.size.filter_bar)
        row = QHBoxLayout(bar)
        row.setContentsMargins(theme.space.l, 0, theme.space.l, 0)
        row.setSpacing(theme.space.s)
        for place, chip in enumerate(self._chips):
            chip.clicked.connect(partial(self._show_past, bool(place)))
            chip.setToolTip(f"Alt+{place + 1}")
            shortcut = QShortcut(f"Alt+{place + 1}", self)
            shortcut.activated.connect(chip.click)
            row.addWidget(chip)
        row.addStretch(1)
        self._lists = QStackedWidget()
        self._lists.addWidget(self._table)
        self._lists.addWidget(_nothing())
        main = QWidget()
        column = QVBoxLayout(main)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(bar)
        column.addWidget(Line())
        column.addWidget(self._lists, 1)
        self._new = KeyButton(tr("开设场次"), key="Ctrl+N", icon="plus")
        self._new.clicked.connect(lambda: self._presenter.edit(None))
        self._cancel = KeyButton(tr("取消场次"), key="Del", role="danger")
        self._cancel.clicked.connect(self._ask_cancel)
        self._print = KeyButton(tr("打印名单"), key="Ctrl+P", icon="printer")
        self._print.clicked.connect(self._presenter.print_list)
        self._why = Text(self._presenter.refusal(), "meta")
        for button in (self._new, self._cancel):
            button.setVisible(not self._presenter.refusal())
        footer = row_of(self._new, self._cancel, self._why, None, self._print, padding=(theme.space.l, 0))
        return Panel(main, footer=footer, scrolls=False)

    def _build_side(self) -> QWidget:
        self._side = QStackedWidget()
        self._side.addWidget(self._build_attendance())
        self._side.addWidget(self._build_form())
        return self._side

    def _build_attendance(self) -> QWidget:
        theme = current_theme()
        self._title = Text("", "panel-title")
        self._facts = Facts()
        self._held_heading, self._waiting_heading = SectionHeading(tr("有名额")), SectionHeading(tr("候补"))
        self._held = LineList(tr("有名额"), fits=True, selects=False, lead_width=_LEAD, title_width=_NAME, padding=0)
        self._waiting = LineList(tr("候补"), fits=True, selects=False, lead_width=_LEAD, title_width=_NAME, padding=0)
        self._unanswered = Text("", "meta", wrap=True)
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(theme.space.l, theme.space.m, theme.space.l, theme.space.m)
        column.setSpacing(theme.space.s)
        parts = (self._title, self._facts, self._held_heading, self._held, self._waiting_heading, self._waiting, self._unanswered)
        for part in parts:
            column.addWidget(part)
        column.addStretch(1)
        return Panel(content, ground="sunken")

    def _build_form(self) -> QWidget:
        theme = current_theme()
        self._form_title = Text("", "panel-title")
        self._form = Form(form_sections(self.context.language))
        self._form.finished.connect(lambda: self._keep.setFocus(Qt.FocusReason.ShortcutFocusReason))
        self._keep = KeyButton(tr("保存"), key="Ctrl+Enter", role="primary")
        self._keep.clicked.connect(lambda: self._presenter.keep(self._form.values()))
        self._back = KeyButton(tr("返回"), key="Esc")
        self._back.clicked.connect(self._leave_form)
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(row_of(self._form_title, None, padding=(theme.space.l, theme.space.m)))
        column.addWidget(self._form)
        column.addStretch(1)
        return Panel(Scroll(content), footer=row_of(self._back, None, self._keep, padding=(theme.space.l, 0)), scrolls=False)

    def opened(self) -> None:
        if self._side.currentIndex() == _FORM:
            self._form.focus_next_gap()
            return
        self._model.reload()
        self._table.setFocus(Qt.FocusReason.OtherFocusReason)

    def keys(self) -> list[KeyHelp]:
        more = [KeyHelp(key="Alt+1–2", what=tr("可预约、全部")), *super().keys()]
        return more if self._presenter.refusal() else [KeyHelp(key="Enter", what=tr("改所选场次")), *more]

    def reload(self, changed: frozenset[str]) -> None:
        if changed & _ABOUT and self._side.currentIndex() != _FORM:
            self._model.reload()  # not under a form: choosing the row again would put it away with all that is typed

    def reload_rows(self) -> None:
        """Read the list again, with the chosen one kept."""
        self._table.keep(self._presenter.chosen)
        self._model.reload()

    def _show_past(self, on: bool) -> None:
        for chip, is_on in zip(self._chips, (not on, on), strict=True):
            chip.setChecked(is_on)
        self._presenter.show_past(on)

    def _loaded(self) -> None:
        self._lists.setCurrentIndex(0 if self._model.rowCount() else 1)
        if not self._model.rowCount():
            self._presenter.leave()
            self._side.setCurrentIndex(_PEOPLE)
            self._title.setText("")
            self._facts.show_facts([])
            self._show_people((), ())

    def _select(self, offering: Offering | None) -> None:
        if offering is not None:
            self._side.setCurrentIndex(_PEOPLE)
            self._presenter.choose(offering)

    def _ask_cancel(self) -> None:
        offering = self._table.current()
        if offering is None:
            return
        options = [Option(code="yes", label=tr("取消“{name}”").format(name=offering.name)), Option(code="no", label=tr("不取消"))]
        question = tr("取消后不能再预约，已约的 {n} 人由各站通知。").format(n=offering.taken + offering.waiting)
        self._ask.ask(question, options, lambda answer: self._presenter.cancel(offering) if answer == "yes" else None)

    def show_attendance(self, found: Attendance) -> None:
        """Who has a place, who waits, and whom the centre has not answered."""
        offering, today = found.offering, self.context.desk.today()
        self._title.setText(offering.name)
        self._facts.show_facts(
            [
                (tr("时间"), f"{day_words(offering.begins_on, today)} {offering.begins_at or ''}".strip()),
                (tr("地点"), offering.place),
                (tr("报名截止"), day_words(offering.closes_on, today)),
                (tr("名额"), tr("{n} 个，余 {left}").format(n=offering.capacity, left=offering.left)),
            ]
        )
        self._show_people(found.held, found.waiting)
        waiting = tr("另有 {n} 份预约中心还没有排位。").format(n=len(found.unanswered)) if found.unanswered else ""
        self._unanswered.setText(waiting)

    def _show_people(self, held: tuple[Booking, ...], waiting: tuple[Booking, ...]) -> None:
        for heading, people, booked in ((self._held_heading, self._held, held), (self._waiting_heading, self._waiting, waiting)):
            heading.set_meta(tr("{n} 人").format(n=sum(booking.party for booking in booked)))
            people.show_rows([_person(booking) for booking in booked])
            heading.setVisible(bool(booked))
            people.setVisible(bool(booked))

    def show_form(self, offering: Offering | None) -> None:
        """A new 场次 or the one that is changed."""
        self._form.clear()
        self._form_title.setText(offering.name if offering else tr("开设场次"))
        if offering is not None:
            self._form.set_values(
                {
                    "service_code": offering.service_code,
                    "name": offering.name,
                    "place": offering.place,
                    "begins_on": offering.begins_on.isoformat(),
                    "begins_at": offering.begins_at or "",
                    "closes_on": offering.closes_on.isoformat(),
                    "capacity": str(offering.capacity),
                }
            )
        self._side.setCurrentIndex(_FORM)
        self._columns.show_side(True)
        if not self._form.focus_next_gap():
            self._keep.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def show_kept(self, offering: Offering) -> None:
        """Back to the list, with this one chosen."""
        self._leave_form()
        self._presenter.choose(offering)

    def show_problems(self, found: Mapping[str, str]) -> None:
        """Mark the fields that keep it from being written."""
        self._form.show_problems(found)
        self._form.focus_next_gap()

    def _leave_form(self) -> None:
        self._side.setCurrentIndex(_PEOPLE)
        self._columns.show_side(False)
        self.reload_rows()
        self._table.setFocus(Qt.FocusReason.OtherFocusReason)


def form_sections(language: str) -> tuple[FormSection, ...]:
    """The form of a 场次."""
    return (
        FormSection(
            title=tr("场次"),
            fields=(
                FieldSpec(
                    key="service_code", label=tr("服务"), kind="choice", options=code_options("offering", language), required=True, span=2
                ),
                FieldSpec(key="name", label=tr("名称"), required=True, span=2),
                FieldSpec(key="place", label=tr("地点"), required=True, span=2),
                FieldSpec(key="begins_on", label=tr("日期"), kind="date", required=True),
                FieldSpec(key="begins_at", label=tr("时间"), placeholder="08:30"),
                FieldSpec(key="closes_on", label=tr("报名截止"), kind="date", required=True),
                FieldSpec(key="capacity", label=tr("名额"), required=True),
            ),
        ),
    )


def _nothing() -> QWidget:
    holder = QWidget()
    column = QVBoxLayout(holder)
    column.setContentsMargins(0, 0, 0, 0)
    column.addWidget(EmptyLine(tr("现在没有可预约的场次。看全部按"), "Alt+2"))
    column.addStretch(1)
    return holder


def _state(offering: Offering, today: Any) -> TagCell | Cell:
    if offering.is_cancelled:
        return TagCell(text=tr("已取消"), tone="red")
    if not offering.is_open(today):
        return Cell(text=tr("已截止"), quiet=True)
    if offering.left:
        return TagCell(text=tr("余 {n}").format(n=offering.left), tone="green")
    return TagCell(text=tr("候补 {n}").format(n=offering.waiting), tone="amber")


def _person(booking: Booking) -> LineRow:
    return LineRow(
        lead=str(booking.ordinal or ""),
        title=booking.name,
        note=tr("、").join(booking.companions) or (tr("同行 {n} 人").format(n=booking.party - 1) if booking.party > 1 else ""),
        right=mask_phone(booking.phone) if booking.phone else "",
    )
