"""One person: who it is at the left, what happened in the middle, what can be done now at the right."""

from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from typing import Any

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QResizeEvent, QShortcut
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from nbcase.domain import codes
from nbcase.domain.identity import age_on, mask_number, mask_phone
from nbcase.domain.resident import Resident
from nbcase.domain.words import tr
from nbcase.operations.offers import Offer
from nbcase.operations.pictures import page_picture
from nbcase.operations.residents import ResidentView
from ui.pages.residents.presenter import (
    Event,
    EventKind,
    Person,
    ResidentsPresenter,
    event_words,
    events,
    permit_words,
    person_tags,
    residence_words,
    timeline_rows,
)
from ui.theme import current_theme
from ui.widgets.button import KeyButton
from ui.widgets.icon import Icon
from ui.widgets.ink import draw_ground
from ui.widgets.lists import LineList, LineRow
from ui.widgets.panels import Scroll, row_of
from ui.widgets.portrait import Portrait
from ui.widgets.tag import Chip, Tag
from ui.widgets.text import ElidedText, EmptyLine, Facts, Line, SectionHeading, Text
from ui.widgets.timeline import Timeline

_LEFT, _RIGHT = 320, 334
_PHOTO = 110
_NUMBERED = 9


class PersonView(QWidget):
    """Three columns that meet at hairlines and scroll together; in a narrow window they stand under each other."""

    person_wanted = Signal(str)

    def __init__(self, context: Any, presenter: ResidentsPresenter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._presenter = presenter
        self._kind: EventKind = "all"
        self._person: Person | None = None
        self._offers: list[Offer] = []
        content = QWidget()
        self._columns = QBoxLayout(QBoxLayout.Direction.LeftToRight, content)
        self._columns.setContentsMargins(0, 0, 0, 0)
        self._columns.setSpacing(0)
        self._left, self._right = self._build_left(), self._build_right()
        self._lines = [Line(standing=True), Line(standing=True)]
        self._middle = self._build_middle()
        for part, stretch in ((self._left, 0), (self._lines[0], 0), (self._middle, 1), (self._lines[1], 0), (self._right, 0)):
            self._columns.addWidget(part, stretch)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(Scroll(content))
        for number in range(1, _NUMBERED + 1):
            self._shortcut(str(number), partial(self._begin, number - 1))
        self._shortcut("F7", self._presenter.reveal)

    def _shortcut(self, key: str, act: Callable[[], None]) -> None:
        """Only while the focus is in here: a question at the foot of the page has numbers of its own."""
        shortcut = QShortcut(key, self)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(act)

    def _build_left(self) -> QWidget:
        theme = current_theme()
        self._portrait = Portrait(height=_PHOTO)
        self._name, self._meta = Text("", "title", wrap=True), Text("", "meta")
        self._tags = QVBoxLayout()
        self._tags.setSpacing(theme.space.xs)
        words = QVBoxLayout()
        words.setSpacing(theme.space.xs)
        words.addWidget(self._name)
        words.addWidget(self._meta)
        words.addLayout(self._tags)
        words.addStretch(1)
        head = QWidget()
        row = QHBoxLayout(head)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.space.m)
        row.addWidget(self._portrait, 0, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        row.addLayout(words, 1)
        self._number = Text("", "compact")
        self._number.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._reveal = KeyButton(tr("显示"), key="F7", small=True, registers=False)
        self._reveal.setAccessibleName(tr("显示完整号码，留有记录"))
        self._reveal.clicked.connect(self._presenter.reveal)
        label = Text(tr("号码"), "label")
        label.setFixedWidth(theme.size.label_width - theme.space.xl)
        number = row_of(label, self._number, self._reveal, None, gap=theme.space.m)
        self._facts = Facts()
        self._address, self._dwelling = Text("", "compact", wrap=True), Text("", "meta", wrap=True)
        self._mates_heading = SectionHeading(tr("同住"))
        self._mates = LineList(tr("同住"), fits=True, padding=theme.space.s, height=theme.size.row_list)
        self._mates.opened.connect(lambda row: self.person_wanted.emit(row.payload))
        return _panel(
            head, number, self._facts, SectionHeading(tr("住处")), self._address, self._dwelling, self._mates_heading, self._mates
        )

    def _build_middle(self) -> QWidget:
        theme = current_theme()
        self._residence = Text("", "meta")
        self._timeline = Timeline(tr("时间线"))
        self._timeline.opened.connect(self._open_case)
        self._confirmation = KeyButton(tr("确认单"), key="Q", small=True)
        self._confirmation.setAccessibleName(tr("打印居住证确认单"))
        self._confirmation.clicked.connect(self._presenter.print_confirmation)
        self._endorse = KeyButton(tr("签注"), key="G", small=True)
        self._endorse.setAccessibleName(tr("办理签注"))
        self._endorse.clicked.connect(self._begin_endorsement)
        self._card = PermitCard(self._confirmation, self._endorse)
        self._chips: dict[EventKind, Chip] = {"all": Chip(tr("全部"), on=True), "cases": Chip(tr("办件")), "papers": Chip(tr("文书"))}
        for place, (kind, chip) in enumerate(self._chips.items(), 1):
            chip.setToolTip(f"Alt+{place}")
            chip.clicked.connect(partial(self._choose_kind, kind))
            self._shortcut(f"Alt+{place}", chip.click)
        self._events = LineList(tr("经过"), fits=True, lead_width=theme.size.label_width, padding=theme.space.s)
        self._events.opened.connect(lambda row: self._presenter.open_event(row.payload))
        self._no_events = EmptyLine(tr("还没有办件和文书。可办的事项在右边，按数字办理。"))
        heading = row_of(Text(tr("时间线"), "strong"), self._residence, None)
        chips = row_of(*self._chips.values(), None)
        return _panel(heading, self._timeline, self._card, chips, Line(), self._events, self._no_events)

    def _build_right(self) -> QWidget:
        theme = current_theme()
        self._can_meta = Text("", "meta")
        self._offer_rows = QVBoxLayout()
        self._offer_rows.setSpacing(0)
        rows = QWidget()
        rows.setLayout(self._offer_rows)
        self._offer_rows.setContentsMargins(0, 0, 0, 0)
        self._closed_heading = SectionHeading(tr("现在不能办，及原因"))
        self._closed = Facts(label_width=theme.size.label_width + theme.space.m)
        panel = _panel(row_of(Text(tr("可办"), "strong"), self._can_meta, None), Line(), rows, self._closed_heading, self._closed)
        panel.setProperty("ground", "sunken")
        panel.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        return panel

    def show_person(self, person: Person) -> None:
        """Show somebody; the number is masked again."""
        self._person = person
        view, today = person.view, self._context.desk.today()
        resident = view.standing.resident
        self._name.setText(resident.name)
        self._meta.setText(_meta_words(resident, today))
        self._show_tags(view)
        self.show_number("")
        self._facts.show_facts(_facts(resident))
        address, dwelling = _dwelling_words(view)
        self._address.setText(address)
        self._dwelling.setText(dwelling)
        self._dwelling.setVisible(bool(dwelling))
        mates = [LineRow(title=mate.name, right=_mate_words(mate, today), payload=mate.id) for mate in view.housemates]
        self._mates.show_rows(mates)
        self._mates_heading.set_meta(tr("{n} 人").format(n=len(mates)) if mates else tr("没有登记的同住人"))
        self._residence.setText(residence_words(view.standing, today))
        rows, first, last = timeline_rows(view, today)
        self._timeline.show_rows(rows, first_on=first, last_on=last, today=today)
        self._show_permit(view, today)
        self._show_offers(person.offers)
        self._choose_kind(self._kind)
        self._show_photo(resident.photo_hash)

    def show_number(self, number: str) -> None:
        """Show the whole number; nothing masks it again."""
        resident = self._person.view.standing.resident if self._person is not None else None
        masked = mask_number(resident.document_number) if resident is not None else ""
        self._number.setText(number or masked)
        self._reveal.setVisible(not number)

    def take_focus(self) -> None:
        """Put the cursor to what happened last, or onto the time line."""
        target = self._events if self._events.rows else self._timeline
        target.setFocus(Qt.FocusReason.OtherFocusReason)

    def _show_tags(self, view: ResidentView) -> None:
        while (item := self._tags.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.setParent(None)
                widget.deleteLater()
        for words, tone in person_tags(view):
            self._tags.addWidget(Tag(words, tone), 0, Qt.AlignmentFlag.AlignLeft)

    def _show_photo(self, photo_hash: str | None) -> None:
        self._portrait.show_photo(QImage())
        if photo_hash is None:
            return
        desk = self._context.desk
        self._context.tasks.run(
            lambda: QImage.fromData(page_picture(desk, photo_hash).content), then=self._portrait.show_photo, otherwise=lambda _error: None
        )

    def _show_permit(self, view: ResidentView, today: date) -> None:
        head, under = permit_words(view, today)
        self._card.setVisible(bool(head))
        self._card.show_words(head, under)
        if self._presenter.confirmation() is None:
            self._confirmation.set_off(tr("本机没有这位居民的确认单"))
        else:
            self._confirmation.set_on()
        _offer, obstacle = self._presenter.endorsement()
        if obstacle:
            self._endorse.set_off(obstacle)
        else:
            self._endorse.set_on()

    def _show_offers(self, found: Sequence[Offer]) -> None:
        while (item := self._offer_rows.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.setParent(None)
                widget.deleteLater()
        refusal = self._presenter.may_not_begin()
        self._offers = [offer for offer in found if not offer.obstacle]
        for place, offer in enumerate(self._offers, 1):
            button = KeyButton(tr("办理"), key=str(place) if place <= _NUMBERED else "", small=True, registers=False)
            button.setAccessibleName(tr("办理 {name}").format(name=offer.name))
            button.clicked.connect(partial(self._begin, place - 1))
            if refusal:
                button.set_off(refusal)
            self._offer_rows.addWidget(_offer_row(offer, button))
        self._can_meta.setText(refusal or tr("{n} 项").format(n=len(self._offers)))
        closed = [offer for offer in found if offer.obstacle]
        self._closed.show_facts([(offer.situation.name.text, offer.obstacle) for offer in closed])
        self._closed_heading.setVisible(bool(closed))

    def _begin(self, place: int, _on: bool = False) -> None:
        if place < len(self._offers):
            self._presenter.begin(self._offers[place])

    def _begin_endorsement(self) -> None:
        offer, obstacle = self._presenter.endorsement()
        if offer is not None and not obstacle:
            self._presenter.begin(offer)

    def _open_case(self, case_id: object) -> None:
        if case_id:
            self._context.navigate("cases", case_id=case_id)

    def _choose_kind(self, kind: EventKind, _on: bool = False) -> None:
        self._kind = kind
        if self._person is None:
            return
        view, today = self._person.view, self._context.desk.today()
        for each, chip in self._chips.items():
            chip.setChecked(each == kind)
        self._chips["cases"].set_count(len(view.cases))
        self._chips["papers"].set_count(len(view.documents))
        shown = events(view, kind)
        place = self._events.currentIndex().row()
        self._events.show_rows([_event_line(event, today) for event in shown])
        if shown and place >= 0:
            self._events.select(min(place, len(shown) - 1))
        self._events.setVisible(bool(shown))
        self._no_events.setVisible(not shown)

    def _arrange(self) -> None:
        """Three columns, or one under the other where the window is narrow."""
        is_narrow = self.window().width() < current_theme().layout.compact_below
        self._columns.setDirection(QBoxLayout.Direction.TopToBottom if is_narrow else QBoxLayout.Direction.LeftToRight)
        for line in self._lines:
            line.setVisible(not is_narrow)
        for part, width in ((self._left, _LEFT), (self._right, _RIGHT)):
            part.setMinimumWidth(0 if is_narrow else width)
            part.setMaximumWidth(_WIDEST if is_narrow else width)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()


_WIDEST = (1 << 24) - 1


class PermitCard(QWidget):
    """The permit in a border: two lines and its buttons."""

    def __init__(self, *buttons: QWidget) -> None:
        super().__init__()
        theme = current_theme()
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.space.m, theme.space.s, theme.space.m, theme.space.s)
        row.setSpacing(theme.space.m)
        row.addWidget(Icon("id-card", "accent"))
        words = QVBoxLayout()
        words.setSpacing(0)
        self._head, self._under = Text("", "compact-strong", wrap=True), Text("", "meta", wrap=True)
        words.addWidget(self._head)
        words.addWidget(self._under)
        row.addLayout(words, 1)
        for button in buttons:
            row.addWidget(button)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_words(self, head: str, under: str) -> None:
        """The permit, and when it is to be endorsed."""
        self._head.setText(head)
        self._under.setText(under)

    def paintEvent(self, event: QPaintEvent) -> None:
        draw_ground(QPainter(self), QRectF(self.rect()), "surface", "border")


def _panel(*parts: QWidget) -> QWidget:
    theme = current_theme()
    holder = QWidget()
    column = QVBoxLayout(holder)
    column.setContentsMargins(theme.space.l, theme.space.l, theme.space.l, theme.space.m)
    column.setSpacing(theme.space.s)
    for part in parts:
        column.addWidget(part)
    column.addStretch(1)
    return holder


def _offer_row(offer: Offer, button: KeyButton) -> QWidget:
    theme = current_theme()
    holder = QWidget()
    column = QVBoxLayout(holder)
    column.setContentsMargins(0, theme.space.s, 0, 0)
    column.setSpacing(theme.space.s)
    name = ElidedText("compact")
    name.set_full(offer.name)
    column.addWidget(row_of(name, button))
    column.addWidget(Line())
    return holder


def _meta_words(resident: Resident, today: date) -> str:
    parts = [
        codes.name("sex", resident.sex_code) if resident.sex_code else "",
        codes.name("nation", resident.nation_code) if resident.nation_code else "",
        tr("{n} 周岁").format(n=age_on(resident.birth_on, today)) if resident.birth_on and resident.birth_on <= today else "",
    ]
    return " · ".join(part for part in parts if part)


def _facts(resident: Resident) -> list[tuple[str, str]]:
    until = resident.valid_until_on
    facts = [
        (tr("出生"), str(resident.birth_on or "")),
        (tr("手机"), mask_phone(resident.phone) if resident.phone else ""),
        (tr("户籍"), resident.home_address or ""),
        (tr("证件至"), str(until) if until is not None else tr("长期，或未填")),
        (tr("文化程度"), _code("education", resident.education_code)),
        (tr("职业"), _code("occupation", resident.occupation_code)),
        (tr("服务处所"), resident.employer or ""),
    ]
    if resident.guardian_name:
        facts.append((tr("监护人"), resident.guardian_name))
    return facts


def _code(table: str, code: str | None) -> str:
    return codes.name(table, code) if code else ""


def _dwelling_words(view: ResidentView) -> tuple[str, str]:
    dwelling, active = view.standing.dwelling, view.standing.active
    if dwelling is None or active is None:
        return tr("没有在住登记。办新登记后，这里显示住处。"), ""
    place = active.place_code or dwelling.place_code
    limit = tr("限 {n} 人").format(n=dwelling.capacity) if dwelling.capacity is not None else tr("限住人数未配置")
    first = [
        codes.name("place", place) if place else "",
        tr("房主 {name}").format(name=dwelling.landlord_name) if dwelling.landlord_name else "",
        tr("合同至 {day}").format(day=dwelling.lease_until_on) if dwelling.lease_until_on else "",
    ]
    second = [
        tr("住 {n} 人").format(n=view.standing.occupants) if view.standing.occupants is not None else "",
        limit,
        tr("{day} 申报").format(day=active.declared_on),
    ]
    return dwelling.address, "\n".join(" · ".join(part for part in line if part) for line in (first, second))


def _mate_words(mate: Resident, today: date) -> str:
    if mate.birth_on is None or mate.birth_on > today:
        return ""
    return tr("{n} 岁").format(n=age_on(mate.birth_on, today))


def _event_line(event: Event, today: date) -> LineRow:
    title, under, words, tone = event_words(event, today)
    return LineRow(lead=str(event.on), title=title, under=under, tag=words, tag_tone=tone, payload=event)
