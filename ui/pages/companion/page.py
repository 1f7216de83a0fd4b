"""随身宝: what is known at the left, what can be had in the middle, why at the right; the policies' people as a second view."""

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from nbcase.domain.identity import mask_number
from nbcase.domain.resident import Resident
from nbcase.domain.words import mark, tr
from nbcase.operations.call_list import PolicyCalls
from nbcase.operations.companion import Companion
from nbcase.operations.matching import Match
from nbcase.operations.offers import Offer
from ui.context import KeyHelp
from ui.pages import page
from ui.pages.companion.presenter import CompanionPresenter, choice_key, choices_of
from ui.pages.companion.words import (
    call_row,
    choice_row,
    consent_words,
    family_facts,
    here_facts,
    known_facts,
    list_row,
    policy_name,
    use_tag,
    why,
)
from ui.shell.page import Page
from ui.theme import current_theme
from ui.widgets.ask import AskBar
from ui.widgets.button import KeyButton
from ui.widgets.fields import Option
from ui.widgets.lists import LineList, LineRow
from ui.widgets.panels import Columns, Panel, row_of
from ui.widgets.tag import Tag
from ui.widgets.text import EmptyLine, Facts, Line, PanelHeading, SectionHeading, Text

_KNOWN, _WHY, _POLICIES = 336, 340, 336
_NAME, _PHONE = 92, 116
_EMPTY, _PERSON, _CALLS = range(3)
_ABOUT = frozenset({"resident", "registration", "permit", "endorsement", "case", "service", "booking", "score"})


@page("companion", title=mark("随身宝"), icon="library", order=55)
class CompanionPage(Page):
    """One resident's data, policies and services; or whom a policy concerns."""

    def __init__(self, context: Any) -> None:
        super().__init__(context, tr("随身宝"))
        self._presenter = CompanionPresenter(self, context)
        self._person = KeyButton(tr("居民"), key="Ctrl+B", icon="user", small=True)
        self._person.clicked.connect(self._to_person)
        self._switch = KeyButton(tr("电话单"), key="Ctrl+G", icon="users", small=True)
        self._switch.clicked.connect(self._presenter.switch)
        self._print = KeyButton(tr("打印"), key="Ctrl+P", icon="printer", small=True)
        self._print.clicked.connect(self._presenter.print_booklet)
        self.header.add_action(self._person, self._switch, self._print)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._build_empty())
        self._stack.addWidget(self._build_person())
        self._stack.addWidget(self._build_calls())
        self._ask = AskBar()
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._stack, 1)
        column.addWidget(self._ask)
        self.set_body(body)
        self.show_nobody()

    def _build_empty(self) -> QWidget:
        theme = current_theme()
        self._empty = EmptyLine("", "Ctrl+K")
        self._said = Text("", "body", tone="muted", wrap=True)
        self._consent = KeyButton(tr("记下同意"), key="Ctrl+Return", role="primary")
        self._consent.clicked.connect(self._presenter.ask_consent)
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(theme.space.l, theme.space.l, theme.space.l, 0)
        column.setSpacing(theme.space.m)
        column.addWidget(self._said)
        column.addWidget(row_of(self._consent, None))
        column.addStretch(1)
        outer = QWidget()
        whole = QVBoxLayout(outer)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(self._empty)
        whole.addWidget(holder, 1)
        return outer

    def _build_person(self) -> QWidget:
        self._known, self._here, self._family = Facts(), Facts(), Facts()
        self._known_heading, self._family_heading = SectionHeading(tr("部门数据")), SectionHeading(tr("家庭"))
        self._said_yes = Text("", "meta", wrap=True)
        known = _padded(
            SectionHeading(tr("本站记录")),
            self._here,
            self._known_heading,
            self._known,
            self._family_heading,
            self._family,
            Line(),
            self._said_yes,
        )
        self._choices_heading = PanelHeading(tr("可以享受"))
        self._choices = LineList(tr("政策和服务"))
        self._choices.picked.connect(self._pick)
        self._choices.opened.connect(lambda _row: self._presenter.begin())
        middle = _column(self._choices_heading, self._choices)
        self._title, self._tag = Text("", "panel-title", wrap=True), Tag("")
        self._why = Facts()
        self._begin = KeyButton(tr("办理"), key="Ctrl+Enter", role="primary")
        self._begin.clicked.connect(self._presenter.begin)
        self._refusal = Text("", "meta", wrap=True)
        side = Panel(
            _padded(self._title, row_of(self._tag, None), self._why),
            footer=row_of(self._refusal, None, self._begin, padding=(current_theme().space.l, 0)),
            ground="sunken",
        )
        inner = Columns(Panel(middle, scrolls=False), side, side_width=_WHY, side_name=tr("为什么"))
        return Columns(inner, Panel(known), side_width=_KNOWN, side_name=tr("已知"), side_left=True, side_key="F8")

    def _build_calls(self) -> QWidget:
        self._policies = LineList(tr("政策"))
        self._policies.picked.connect(self._pick_policy)
        self._calls_heading = PanelHeading("")
        self._how = Text("", "meta", wrap=True)
        self._how.setContentsMargins(current_theme().space.l, current_theme().space.s, current_theme().space.l, current_theme().space.s)
        self._calls = LineList(tr("电话单"), title_width=_NAME, name_width=_PHONE)
        self._calls.opened.connect(lambda row: self._presenter.open_call(row.payload))
        self._policies.opened.connect(lambda _row: self._calls.setFocus(Qt.FocusReason.OtherFocusReason))
        right = Panel(_column(self._calls_heading, self._how, Line(), self._calls), scrolls=False)
        return Columns(right, Panel(self._policies, scrolls=False), side_width=_POLICIES, side_name=tr("政策"), side_left=True)

    def opened(self) -> None:
        self._presenter.refresh()
        self._take_focus()

    def reload(self, changed: frozenset[str]) -> None:
        """The lists are not made again by each record that changes: the clerk reads them out."""
        if changed & _ABOUT and self._presenter.shown == "person":
            self._presenter.refresh()

    def search_target(self, **target: object) -> None:
        if resident_id := target.get("resident_id"):
            self._presenter.open(str(resident_id))
            self._take_focus()

    def keys(self) -> list[KeyHelp]:
        what = tr("换一项，看为什么") if self._presenter.shown == "person" else tr("换一项政策，或换一个人")
        enter = KeyHelp(key="Enter", what=tr("办理所选的，或打开所选的人"))
        return [KeyHelp(key="↑↓", what=what), enter, *super().keys()]

    def show_nobody(self) -> None:
        """Nobody is open."""
        self.header.set_title(tr("随身宝"))
        self.header.set_subtitle("")
        self.header.set_tags([])
        self._stack.setCurrentIndex(_EMPTY)
        self._empty.show_text(tr("先找一位居民，再在居民页按 Ctrl+U。看政策找到的人按 Ctrl+G。查找按"))
        self._empty.show()
        self._said.setText("")
        self._consent.hide()
        self._show_actions(is_open=False)

    def show_locked(self, resident: Resident) -> None:
        """Before the consent: nothing of what departments know is read."""
        self._show_head(resident)
        self._stack.setCurrentIndex(_EMPTY)
        self._empty.hide()
        self._said.setText(tr("部门数据在本人同意之后才显示。请说明用途，问清楚后记下同意；同意当天有效，留有记录。"))
        self._consent.show()
        self._show_actions(is_open=False)
        self._take_focus()

    def show_companion(self, found: Companion) -> None:
        """The page of a resident."""
        self._show_head(found.resident)
        self._known.show_facts(known_facts(found))
        self._here.show_facts(here_facts(found))
        family = family_facts(found)
        self._family.show_facts(family)
        self._family_heading.set_meta("" if family else tr("登记里没有关联的人"))
        self._said_yes.setText(consent_words(found))
        choices = choices_of(found)
        can = sum(isinstance(choice, Offer) or choice.use.value in ("can", "ask") for choice in choices)
        self._choices_heading.set_meta(tr("{n} 项可以享受或办理").format(n=can))
        self._choices.show_rows([choice_row(choice, found.today) for choice in choices])
        self._show_actions(is_open=True)
        if self._stack.currentIndex() != _PERSON:
            self._stack.setCurrentIndex(_PERSON)
            self._take_focus()

    def show_choice(self, choice: Match | Offer) -> None:
        """Why, by which clause, where and by when."""
        keys = [choice_key(row.payload) for row in self._choices.rows]  # type: ignore[arg-type]
        if choice_key(choice) in keys and self._choices.currentIndex().row() != keys.index(choice_key(choice)):
            self._choices.select(keys.index(choice_key(choice)))
        if isinstance(choice, Match):
            self._title.setText(policy_name(choice))
            self._tag.show_tag(*use_tag(choice.use))
            self._why.show_facts(why(choice, self._how_words(choice)))
        else:
            self._title.setText(choice.name)
            self._tag.show_tag(tr("可办"), "neutral")
            self._why.show_facts(why(choice, ""))
        refusal = self._presenter.refusal()
        if refusal:
            self._begin.set_off(refusal)
        else:
            self._begin.set_on()
        by_office = isinstance(choice, Match) and choice.policy.apply.office is not None
        self._refusal.setText(refusal if by_office else "")

    def _how_words(self, one: Match | PolicyCalls) -> str:
        policy, items = one.policy, self.context.desk.items
        if policy.apply.office is not None:
            return policy.apply.office.text
        item = items.item(policy.item_code)
        return tr("本窗口：{name}").format(name=f"{item.name.text} · {item.situation(policy.situation_code).name.text}")

    def show_counting(self) -> None:
        """The lists are being made."""
        self.header.set_title(tr("电话单"))
        self.header.set_subtitle(tr("正在逐人核对…"))
        self.header.set_tags([])
        self._show_actions(is_open=False)

    def show_lists(self, lists: Sequence[PolicyCalls]) -> None:
        """Every policy with how many people it found."""
        self.header.set_subtitle(tr("政策找到的本站居民，还没有用的；不含部门数据"))
        self._policies.show_rows([list_row(one) for one in lists])
        self._stack.setCurrentIndex(_CALLS)
        self._take_focus()

    def show_calls(self, one: PolicyCalls) -> None:
        """Whom one policy concerns."""
        codes = [row.payload.policy.code for row in self._policies.rows]  # type: ignore[attr-defined]
        if one.policy.code in codes and self._policies.currentIndex().row() != codes.index(one.policy.code):
            self._policies.select(codes.index(one.policy.code))
        self._calls_heading.set_title(policy_name(one))
        shown = tr("共 {n} 人，先列 {shown} 人") if one.count > len(one.calls) else tr("共 {n} 人")
        self._calls_heading.set_meta(shown.format(n=one.count, shown=len(one.calls)))
        asks = tr("问：{what}").format(what=one.policy.asks.text) if one.policy.asks is not None else ""
        self._how.setText(" · ".join(part for part in (one.policy.gives.text, self._how_words(one), one.policy.basis, asks) if part))
        self._calls.show_rows([call_row(call, self.context.desk.today()) for call in one.calls])

    def ask(self, question: str, options: Sequence[Option], then: Callable[[str], None]) -> None:
        """Ask at the foot of the page."""
        self._ask.ask(question, options, then)

    def _show_head(self, resident: Resident) -> None:
        self.header.set_title(resident.name)
        self.header.set_subtitle(mask_number(resident.document_number))
        self.header.set_tags([])

    def _show_actions(self, *, is_open: bool) -> None:
        is_person = self._presenter.shown == "person"
        self._person.setVisible(is_person and bool(self._presenter.resident_id))
        self._print.setVisible(is_open)
        self._switch.set_text(tr("电话单") if is_person else tr("回个人"))

    def _take_focus(self) -> None:
        if not self.holds_focus():
            return
        index = self._stack.currentIndex()
        target: QWidget = self._choices if index == _PERSON else self._policies if index == _CALLS else self
        if index == _EMPTY and self._consent.isVisibleTo(self):
            target = self._consent
        target.setFocus(Qt.FocusReason.OtherFocusReason)

    def _pick(self, row: LineRow) -> None:
        if isinstance(row.payload, (Match, Offer)) and row.payload is not self._presenter.choice:
            self._presenter.choose(row.payload)

    def _pick_policy(self, row: LineRow) -> None:
        if isinstance(row.payload, PolicyCalls) and row.payload.policy.code != self._presenter.policy_code:
            self._presenter.choose_policy(row.payload)

    def _to_person(self) -> None:
        if self._presenter.resident_id:
            self.context.navigate("residents", resident_id=self._presenter.resident_id)


def _column(*parts: QWidget) -> QWidget:
    holder = QWidget()
    column = QVBoxLayout(holder)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(0)
    for part in parts:
        column.addWidget(part, 1 if isinstance(part, LineList) else 0)
    return holder


def _padded(*parts: QWidget) -> QWidget:
    theme = current_theme()
    holder = QWidget()
    column = QVBoxLayout(holder)
    column.setContentsMargins(theme.space.l, theme.space.m, theme.space.l, theme.space.m)
    column.setSpacing(theme.space.s)
    for part in parts:
        column.addWidget(part)
    column.addStretch(1)
    return holder
