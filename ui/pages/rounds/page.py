"""名额: rounds or a resident's applications at the left, the facts of the chosen one, and its list or the reason for every choice."""

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from nbcase.domain.identity import mask_number
from nbcase.domain.resident import Resident
from nbcase.domain.words import mark, tr
from nbcase.operations.rounds import why_words
from ui.context import KeyHelp
from ui.pages import page
from ui.pages.points.presenter import points_words
from ui.pages.rounds.facts import RoundFacts, entry_row
from ui.pages.rounds.presenter import Entry, RoundsPresenter, shown_rows
from ui.shell.page import Page
from ui.theme import current_theme
from ui.widgets.ask import AskBar
from ui.widgets.button import KeyButton
from ui.widgets.fields import Option
from ui.widgets.lists import LineList, LineRow
from ui.widgets.panels import Columns, Panel, column_of, row_of
from ui.widgets.text import EmptyLine, PanelHeading

_LIST, _FACTS = 300, 372
_ORDER, _NAME, _NUMBER = 44, 108, 136
_NOTHING = 2
_ABOUT = frozenset({"round", "round_result", "round_signature", "case", "resident"})


@page("rounds", title=mark("名额"), icon="graduation-cap", order=75)
class RoundsPage(Page):
    """Rounds by points, and what they came to."""

    def __init__(self, context: Any) -> None:
        super().__init__(context, tr("名额"))
        self._presenter = RoundsPresenter(self, context)
        self._person = KeyButton(tr("居民"), key="Ctrl+B", icon="user", small=True)
        self._person.clicked.connect(self._to_person)
        self._all = KeyButton(tr("全部轮次"), key="Alt+A", small=True)
        self._all.clicked.connect(lambda: self._presenter.open(""))
        self.header.add_action(self._all, self._person)
        self._entries = LineList(tr("轮次"))
        self._entries.picked.connect(self._pick)
        self._facts = RoundFacts()
        self._public = LineList(tr("名单"), lead_width=_ORDER, title_width=_NAME, name_width=_NUMBER)
        self._choices = LineList(tr("志愿"), selects=False)
        self._rows = QStackedWidget()
        self._nothing = EmptyLine("")
        self._rows.addWidget(self._public)
        self._rows.addWidget(self._choices)
        self._rows.addWidget(column_of(self._nothing))
        self._heading = PanelHeading(tr("名单"))
        self._sign = KeyButton(tr("签名"), key="Ctrl+Return", role="primary")
        self._object = KeyButton(tr("提出异议"), key="Ctrl+N")
        self._print = KeyButton(tr("打印"), key="Ctrl+P", icon="printer")
        self._sign.clicked.connect(self._presenter.sign)
        self._object.clicked.connect(self._presenter.object)
        self._print.clicked.connect(self._presenter.print_paper)
        self._ask = AskBar()
        self._stack = QStackedWidget()
        self._empty = EmptyLine("")
        self._stack.addWidget(column_of(self._empty))
        self._stack.addWidget(self._build())
        self.set_body(self._stack)

    def _build(self) -> QWidget:
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._heading)
        column.addWidget(self._rows, 1)
        footer = row_of(self._print, None, self._object, self._sign, padding=(current_theme().space.l, 0))
        main = Panel(right, footer=footer, scrolls=False)
        inner = Columns(main, Panel(self._facts), side_width=_FACTS, side_name=tr("说明"), side_left=True, side_key="F8")
        outer = Columns(inner, Panel(self._entries, scrolls=False), side_width=_LIST, side_name=tr("轮次"), side_left=True)
        body = QWidget()
        whole = QVBoxLayout(body)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(outer, 1)
        whole.addWidget(self._ask)
        return body

    def opened(self) -> None:
        self._presenter.refresh()
        self._take_focus()

    def reload(self, changed: frozenset[str]) -> None:
        if changed & _ABOUT:
            self._presenter.refresh()

    def search_target(self, **target: object) -> None:
        self._presenter.open(str(target.get("resident_id") or ""), str(target.get("round_id") or ""))
        self._take_focus()

    def keys(self) -> list[KeyHelp]:
        return [KeyHelp(key="↑↓", what=tr("换一轮")), *super().keys()]

    def show_entries(self, resident: Resident | None, entries: Sequence[Entry], chosen: str) -> None:
        """The rounds, or a resident's applications."""
        self.header.set_title(resident.name if resident is not None else tr("名额"))
        self.header.set_subtitle(mask_number(resident.document_number) if resident is not None else tr("按积分的轮次"))
        for button in (self._person, self._all):
            button.setVisible(resident is not None)
        self._stack.setCurrentIndex(1 if entries else 0)
        if not entries:
            nothing = tr("没有参加过按积分的轮次。") if resident is not None else tr("中心还没有开轮次。开轮之后随同步到本机。")
            self._empty.show_text(nothing)
            return
        today = self.context.desk.today()
        self._entries.show_rows([entry_row(entry, today) for entry in entries])
        keys = [entry.key for entry in entries]
        self._entries.select(keys.index(chosen) if chosen in keys else 0)

    def show_entry(self, entry: Entry) -> None:
        """One round, or one application explained."""
        self._facts.show_entry(entry, self.context.desk.today())
        if entry.application is None:
            self._show_list(entry)
        else:
            self._show_choices(entry)
        self._sign.setVisible(entry.application is None)
        self._object.setVisible(entry.application is not None)
        for button, refusal in (
            (self._sign, self._presenter.sign_refusal()),
            (self._object, self._presenter.object_refusal()),
            (self._print, self._presenter.print_refusal()),
        ):
            if refusal:
                button.set_off(refusal)
            else:
                button.set_on()

    def _show_list(self, entry: Entry) -> None:
        one, rows = entry.view.round, shown_rows(entry)
        is_draft = bool(one.list_hash) and one.list_hash != one.published_hash
        self._heading.set_title(tr("名单"))
        self._heading.set_meta(tr("待签名，不公开") if is_draft else tr("{n} 件").format(n=len(rows)) if rows else "")
        if not rows:
            self._nothing.show_text(tr("报名截止、中心排名之后，名单在这里。"))
            self._rows.setCurrentIndex(_NOTHING)
            return
        self._public.show_rows(
            [
                LineRow(
                    lead=str(row.order),
                    title=row.name,
                    name=row.number,
                    note=tr("{n} 分").format(n=points_words(row.points)),
                    tag=row.place or tr("未录取"),
                    tag_tone="green" if row.place else "neutral",
                )
                for row in rows
            ]
        )
        self._rows.setCurrentWidget(self._public)

    def _show_choices(self, entry: Entry) -> None:
        assert entry.application is not None
        result = entry.application.result
        self._heading.set_title(tr("志愿"))
        self._heading.set_meta(tr("录取或没有录取的原因") if result is not None else "")
        if result is None:
            self._nothing.show_text(tr("名单还没有公布，没有结果可说明。"))
            self._rows.setCurrentIndex(_NOTHING)
            return
        self._choices.show_rows(
            [
                LineRow(
                    lead=str(number),
                    title=choice.place,
                    under=why_words(choice, result.points),
                    tag=tr("录取") if choice.why == "placed" else "",
                    tag_tone="green",
                )
                for number, choice in enumerate(result.choices, start=1)
            ]
        )
        self._rows.setCurrentWidget(self._choices)

    def ask(self, question: str, options: Sequence[Option], then: Callable[[str], None]) -> None:
        """Ask at the foot of the page."""
        self._ask.ask(question, options, then)

    def _pick(self, row: LineRow) -> None:
        if isinstance(row.payload, Entry) and row.payload is not self._presenter.entry:
            self._presenter.choose(row.payload)

    def _take_focus(self) -> None:
        lists = (self._entries, self._public, self._choices)
        target = next((each for each in lists if each.isVisible()), self)
        target.setFocus(Qt.FocusReason.OtherFocusReason)

    def _to_person(self) -> None:
        if self._presenter.resident_id:
            self.context.navigate("residents", resident_id=self._presenter.resident_id)
