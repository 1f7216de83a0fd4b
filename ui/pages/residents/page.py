"""居民: a list to choose from, and the page of the person who was chosen; Esc leads back."""

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from nbcase.domain import codes
from nbcase.domain.identity import mask_number, mask_phone
from nbcase.domain.words import mark, tr
from nbcase.operations.residents import ResidentRow
from ui.context import KeyHelp
from ui.pages import page
from ui.pages.residents.person import PersonView
from ui.pages.residents.presenter import Person, ResidentsPresenter, permit_tag
from ui.shell.page import Page
from ui.theme import current_theme
from ui.widgets.ask import AskBar
from ui.widgets.button import KeyButton
from ui.widgets.fields import Option
from ui.widgets.filterbox import FilterBox
from ui.widgets.panels import Panel, row_of
from ui.widgets.table import Cell, CellValue, Column, PagedModel, Table, TagCell
from ui.widgets.tag import KeyHint
from ui.widgets.text import EmptyLine, Line, Text

_ABOUT = frozenset({"resident", "registration", "dwelling", "permit", "endorsement", "case", "document"})


_DIGITS = frozenset("123456789")
"""The keys of the services in order; one line says it for all."""


@page("residents", title=mark("居民"), icon="users", order=50)
class ResidentsPage(Page):
    """Everybody this desk knows, one page a person."""

    def __init__(self, context: Any) -> None:
        super().__init__(context, tr("居民"))
        self._presenter = ResidentsPresenter(self, context)
        self._back = KeyButton(tr("回列表"), key="Esc", small=True, registers=False)
        self._back.clicked.connect(self._presenter.close)
        self._begin = KeyButton(tr("办事"), key="Ctrl+N", small=True)
        self._begin.clicked.connect(self._choose_matter)
        self._print = KeyButton(tr("打印"), key="Ctrl+P", icon="printer", small=True)
        self._print.clicked.connect(self._presenter.print_choice)
        self._points = KeyButton(tr("积分"), key="Ctrl+J", icon="award", small=True)
        self._points.clicked.connect(self._to_points)
        self._companion = KeyButton(tr("随身宝"), key="Ctrl+U", icon="library", small=True)
        self._companion.clicked.connect(self._to_companion)
        self.header.add_action(self._back, self._companion, self._points, self._begin, self._print)
        self._model = PagedModel(_columns(context.desk), self._presenter.fetch, context.tasks)
        self._table = Table(tr("居民"), self._model, identify=lambda row: row.resident.id)
        self._table.opened.connect(lambda row: self._presenter.open(row.resident.id))
        self._model.loaded.connect(self._loaded)
        self._model.failed.connect(context.trouble)
        self._person = PersonView(context, self._presenter)
        self._person.person_wanted.connect(self._presenter.open)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._build_list())
        self._stack.addWidget(self._person)
        self._ask = AskBar()
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._stack, 1)
        column.addWidget(self._ask)
        self.set_body(body)
        self._show_actions(is_person=False)

    def _build_list(self) -> QWidget:
        theme = current_theme()
        self._search = FilterBox(tr("在居民里查找"), tr("姓名、证件号中的几位"), self)
        self._search.setMaximumWidth(theme.size.label_width * 4)
        self._search.wanted.connect(self._presenter.find)
        self._search.done.connect(self._to_table)
        bar = QWidget()
        bar.setFixedHeight(theme.size.filter_bar)
        row = QHBoxLayout(bar)
        row.setContentsMargins(theme.space.l, 0, theme.space.l, 0)
        row.addWidget(self._search, 1)
        row.addStretch(1)
        self._lists = QStackedWidget()
        self._lists.addWidget(self._table)
        empty = QWidget()
        holder = QVBoxLayout(empty)
        holder.setContentsMargins(0, 0, 0, 0)
        holder.addWidget(EmptyLine(tr("没有找到。手机、地址、受理号也能找，按"), "Ctrl+K"))
        holder.addStretch(1)
        self._lists.addWidget(empty)
        main = QWidget()
        column = QVBoxLayout(main)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(bar)
        column.addWidget(Line())
        column.addWidget(self._lists, 1)
        self._count = Text("", "meta")
        keys = (KeyHint("↑↓", tr("选择")), KeyHint("PgDn", tr("翻页")), KeyHint("Enter", tr("打开")))
        return Panel(main, footer=row_of(self._count, None, *keys, padding=(theme.space.l, 0), gap=theme.space.l), scrolls=False)

    def opened(self) -> None:
        self._presenter.refresh()
        if self._stack.currentIndex() == 0:
            self._to_table()
        else:
            self._person.take_focus()

    def reload(self, changed: frozenset[str]) -> None:
        if changed & _ABOUT:
            self._presenter.refresh()

    def search_target(self, **target: object) -> None:
        if resident_id := target.get("resident_id"):
            self._presenter.open(str(resident_id))
        elif dwelling_id := target.get("dwelling_id"):
            self._search.show_text("")
            self._presenter.show_dwelling(str(dwelling_id))

    def keys(self) -> list[KeyHelp]:
        more: tuple[tuple[str, str], ...]
        if self._stack.currentIndex() == 0:
            more = (("/", tr("在居民里查找")), ("Enter", tr("打开所选的人")))
        else:
            more = (
                ("1–9", tr("办理可办的事项")),
                ("Alt+1–3", tr("全部、办件、文书")),
                ("Enter", tr("打开所选的办件，补打所选的文书")),
            )
        shown = super().keys()
        return [*(line for line in shown if line.key not in _DIGITS), *(KeyHelp(key=key, what=what) for key, what in more)]

    def show_list(self) -> None:
        """Back to everybody."""
        self._stack.setCurrentIndex(0)
        self._show_actions(is_person=False)
        self._to_table()

    def show_count(self, found: int, total: int, address: str) -> None:
        """How many there are, and how many the filter leaves; `address` is the dwelling they live in, if one was asked for."""
        self._total = found
        if self._stack.currentIndex() == 0:
            lives = tr("{address} 在住 {n} 人，Esc 看全部").format(address=address, n=found)
            self.header.set_subtitle(lives if address else tr("本机知道 {n} 人").format(n=total))
        self._show_loaded()

    def reload_rows(self) -> None:
        """Read the table anew; the selection stays."""
        self._model.reload()

    def show_person(self, person: Person) -> None:
        """One person in full; a reload of the same one leaves the cursor where it is."""
        was_person = self._stack.currentIndex() == 1
        self._person.show_person(person)
        self._stack.setCurrentIndex(1)
        self._show_actions(is_person=True)
        self.header.set_subtitle(_place_words(person))
        self._table.keep(person.view.standing.resident.id)
        refusal = self._presenter.may_not_begin()
        if refusal:
            self._begin.set_off(refusal)
        if person.view.documents:
            self._print.set_on()
        else:
            self._print.set_off(tr("这位居民还没有文书"))
        if (not was_person or not self._person.isAncestorOf(self.window().focusWidget() or self)) and self.holds_focus():
            self._person.take_focus()

    def show_number(self, number: str) -> None:
        """The whole number of the person."""
        self._person.show_number(number)

    def ask(self, question: str, options: Sequence[Option], then: Callable[[str], None]) -> None:
        """Ask at the foot of the page."""
        self._ask.ask(question, options, then)

    _total = 0

    def _loaded(self) -> None:
        has_rows = self._model.rowCount() > 0
        self._lists.setCurrentIndex(0 if has_rows else 1)
        self._show_loaded()

    def _show_loaded(self) -> None:
        shown = self._model.rowCount()
        self._count.setText(tr("{shown} / 共 {total} 人").format(shown=shown, total=max(self._total, shown)))

    def _show_actions(self, *, is_person: bool) -> None:
        for button in (self._back, self._companion, self._points, self._begin, self._print):
            button.setVisible(is_person)

    def _choose_matter(self) -> None:
        person = self._presenter.person
        if person is not None:
            self.context.navigate("handle", resident_id=person.view.standing.resident.id)

    def _to_points(self) -> None:
        person = self._presenter.person
        if person is not None:
            self.context.navigate("points", resident_id=person.view.standing.resident.id)

    def _to_companion(self) -> None:
        person = self._presenter.person
        if person is not None:
            self.context.navigate("companion", resident_id=person.view.standing.resident.id)

    def _to_table(self) -> None:
        self._table.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            if self._stack.currentIndex() == 1:
                self._presenter.close()
            else:
                self._search.show_text("")
                self._presenter.find("")
                self._to_table()
            return
        super().keyPressEvent(event)


def _columns(desk: Any) -> tuple[Column[ResidentRow], ...]:
    return (
        Column(title=tr("姓名"), cell=lambda row: row.resident.name, width=132),
        Column(title=tr("性别"), cell=lambda row: codes.name("sex", row.resident.sex_code), width=56, shown_from=700),
        Column(title=tr("出生"), cell=lambda row: Cell(text=str(row.resident.birth_on or "—"), quiet=True), width=100, shown_from=700),
        Column(title=tr("证件号码"), cell=lambda row: Cell(text=mask_number(row.resident.document_number), quiet=True), width=160),
        Column(title=tr("手机"), cell=_phone_cell, width=124, shown_from=860),
        Column(title=tr("现住址"), cell=_address_cell, width=176, stretch=True, shown_from=560),
        Column(title=tr("居住证"), cell=_permit_cell, width=128),
    )


def _phone_cell(row: ResidentRow) -> Cell:
    return Cell(text=mask_phone(row.resident.phone) if row.resident.phone else "—", quiet=True)


def _address_cell(row: ResidentRow) -> Cell:
    return Cell(text=row.address or tr("没有在住登记"), quiet=not row.address)


def _permit_cell(row: ResidentRow) -> CellValue:
    if row.permit_state is None:
        return Cell(text=tr("没有"), quiet=True)
    words, tone = permit_tag(row.permit_state)
    return TagCell(text=words, tone=tone)


def _place_words(person: Person) -> str:
    dwelling = person.view.standing.dwelling
    parts = [dwelling.street, dwelling.community] if dwelling is not None else []
    return " › ".join(part for part in (*parts, person.view.standing.resident.name) if part)
