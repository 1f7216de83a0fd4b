"""审核: evidence left; person, checks and decision right; the queue in the header."""

from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QResizeEvent, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from nbcase.domain import codes
from nbcase.domain.identity import mask_number, mask_phone
from nbcase.domain.words import mark, tr
from nbcase.items.checks import Check, label
from nbcase.items.item import Decision, Situation
from nbcase.operations.cases import CaseDetail
from nbcase.operations.pictures import PagePicture, page_picture
from nbcase.operations.provisional import Dispute
from ui.casewords import check_rows, check_summary, day_words, limit_figure, moment_words
from ui.context import KeyHelp
from ui.pages import page
from ui.pages.review.evidence import EvidencePanel
from ui.pages.review.presenter import Evidence, Offered, Queue, ReviewPresenter
from ui.shell.page import Page
from ui.theme import current_theme
from ui.widgets.button import KeyButton, shortcuts_for
from ui.widgets.fields import ChoiceField, Option, TextField
from ui.widgets.lists import CheckList, CheckRow
from ui.widgets.notice import Callout
from ui.widgets.panels import Columns, Panel, row_of
from ui.widgets.portrait import Portrait
from ui.widgets.tag import Chip, KeyHint, Tag
from ui.widgets.text import Facts, SectionHeading, Text

_SIDE = 700
_ABOUT = frozenset({"case", "permit", "registration", "resident"})


@page("review", title=mark("审核"), icon="clipboard-check", order=40, roles={"reviewer"})
class ReviewPage(Page):
    """One case after another, the first promised first."""

    def __init__(self, context: Any) -> None:
        super().__init__(context, tr("审核"))
        self._presenter = ReviewPresenter(self, context)
        self._detail: CaseDetail | None = None
        self._waiting = Chip(tr("待审"), on=True)
        self._provisional = Chip(tr("待补核"))
        self._former = KeyButton(tr("上一件"), key="Alt+←", small=True)
        self._next = KeyButton(tr("下一件"), key="Alt+→", small=True)
        self._waiting.clicked.connect(partial(self._choose_queue, "waiting"))
        self._provisional.clicked.connect(partial(self._choose_queue, "provisional"))
        self._former.clicked.connect(lambda: self._presenter.step(-1))
        self._next.clicked.connect(lambda: self._presenter.step(1))
        self.header.add_action(self._waiting, self._provisional, self._former, self._next)
        self._evidence = EvidencePanel(context)
        self._evidence.chosen.connect(lambda index: self._presenter.choose_evidence(index))
        self._evidence.turned.connect(lambda by: self._presenter.turn_page(by))
        decision = Panel(self._build_decision(), footer=self._build_footer())
        columns = Columns(decision, self._evidence, side_width=_SIDE, side_name=tr("材料"), side_left=True)
        self._empty_text = Text("", "body", tone="muted")
        nothing = QWidget()
        row = QVBoxLayout(nothing)
        theme = current_theme()
        row.setContentsMargins(theme.space.l, theme.space.l, theme.space.l, theme.space.l)
        row.addWidget(self._empty_text)
        row.addStretch(1)
        self._stack = QStackedWidget()
        self._stack.addWidget(columns)
        self._stack.addWidget(nothing)
        self.set_body(self._stack)
        self._shortcut("Alt+1", self._waiting.click)
        self._shortcut("Alt+2", self._provisional.click)
        self._shortcut("Y", self._agree)
        self._shortcut("/", self._reason.open_list)
        self._waiting.setToolTip("Alt+1")
        self._provisional.setToolTip("Alt+2")

    def _shortcut(self, key: str, act: Callable[[], None]) -> None:
        shortcut = QShortcut(self)
        shortcut.setKeys(shortcuts_for(key))
        shortcut.activated.connect(act)

    def _build_decision(self) -> QWidget:
        theme = current_theme()
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(theme.space.l, theme.space.m, theme.space.l, theme.space.m)
        column.setSpacing(theme.space.s)
        column.addWidget(self._build_person())
        self._offline = Callout(*_provisional_words(), icon="cloud-off")
        column.addWidget(self._offline)
        self._why = TextField(tr("收回理由"), placeholder=tr("收回理由（必填），如：已与对方受理点核实，对方在先"))
        column.addWidget(self._why)
        self._decided = Facts()
        column.addWidget(self._decided)
        self._checks_heading = SectionHeading(tr("自动核对"))
        self._checks = CheckList(tr("自动核对"), fits=True)
        self._checks.agreed.connect(lambda row: self._presenter.agree(row.payload))
        column.addWidget(self._checks_heading)
        column.addWidget(self._checks)
        self._decision_heading = SectionHeading(tr("决定"))
        column.addWidget(self._decision_heading)
        self._reason = ChoiceField(tr("理由"), (), placeholder=tr("选理由"))
        self._note = TextField(tr("补充说明"), placeholder=tr("补充说明（可不填）"))
        self._reason_row = row_of(self._reason, KeyHint("/", tr("选理由")))
        column.addWidget(self._reason_row)
        column.addWidget(self._note)
        column.addStretch(1)
        return body

    def _build_person(self) -> QWidget:
        theme = current_theme()
        self._portrait = Portrait()
        self._name, self._person = Text("", "panel-title"), Text("", "meta")
        self._lives, self._ground = Text("", "meta", wrap=True), Text("", "meta", wrap=True)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(row_of(self._name, self._person, None, gap=theme.space.m))
        words.addWidget(self._lives)
        words.addWidget(self._ground)
        strip = QWidget()
        row = QHBoxLayout(strip)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.space.m)
        row.addWidget(self._portrait, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        return strip

    def _build_footer(self) -> QWidget:
        self._refuse = KeyButton(tr("不通过"), key="F9", role="danger")
        self._correct = KeyButton(tr("要求补充"), key="F10")
        self._approve = KeyButton(tr("通过"), key="F12", role="primary")
        self._confirm = KeyButton(tr("补核"), key="F8", role="primary")
        self._revoke = KeyButton(tr("收回暂证"), key="F9", role="danger")
        self._revoke.clicked.connect(self._take_back)
        self._two = Text("", "meta")
        self._refuse.clicked.connect(lambda: self._presenter.decide("refused"))
        self._correct.clicked.connect(lambda: self._presenter.decide("in_correction"))
        self._approve.clicked.connect(lambda: self._presenter.decide("decided"))
        self._confirm.clicked.connect(self._presenter.confirm)
        return row_of(
            self._refuse, self._correct, self._revoke, None, self._two, self._approve, self._confirm, padding=(current_theme().space.l, 0)
        )

    def opened(self) -> None:
        self._presenter.refresh()
        self._checks.setFocus()

    def reload(self, changed: frozenset[str]) -> None:
        if changed & _ABOUT:
            self._presenter.refresh()

    def search_target(self, **target: object) -> None:
        if case_id := target.get("case_id"):
            self._presenter.refresh(str(case_id))

    def keys(self) -> list[KeyHelp]:
        more = (("Y", tr("所选核对一致")), ("/", tr("选理由")), ("1–9", tr("换材料")), ("Alt+1", tr("待审")), ("Alt+2", tr("待补核")))
        return [*super().keys(), *(KeyHelp(key=key, what=what) for key, what in more)]

    def case_id(self) -> str:
        """The case in hand; empty when there is none."""
        return self._presenter.case.id if self._presenter.case is not None else ""

    def is_checked(self) -> bool:
        """Whether the program's own checks of the case in hand are all made."""
        waiting = (isinstance(row.payload, Check) and row.payload.detail == tr("正在核对") for row in self._checks.rows)
        return bool(self._checks.rows) and not any(waiting)

    def open_looks(self) -> int:
        """How many checks a person has to look at still."""
        return sum(row.state == "look" for row in self._checks.rows)

    def show_queue(self, queue: Queue, position: int, waiting: int, provisional: int) -> None:
        """Where the case stands in its queue, and what waits in the other."""
        place = {queue: position + 1}
        self._waiting.set_text(_queue_words(tr("待审"), place.get("waiting"), waiting), on=queue == "waiting")
        self._provisional.set_text(_queue_words(tr("待补核"), place.get("provisional"), provisional), on=queue == "provisional")
        self._waiting.setChecked(queue == "waiting")
        self._provisional.setChecked(queue == "provisional")

    def show_empty(self, queue: Queue) -> None:
        """Nothing waits."""
        self._detail = None
        self.header.set_tags([])
        self.header.set_subtitle("")
        if queue == "waiting":
            self._empty_text.setText(tr("没有待审的办件。窗口受理后自动出现在这里；看待补核按 Alt+2。"))
        else:
            self._empty_text.setText(tr("没有待补核的办件。离线通过的办件会列在这里；回待审按 Alt+1。"))
        self._stack.setCurrentIndex(1)
        self.setFocus()

    def show_case(self, detail: CaseDetail, evidence: Sequence[Evidence]) -> None:
        """Another case."""
        case, resident, desk = detail.row.case, detail.resident, self.context.desk
        today = desk.today()
        self._detail = detail
        self._show_matter()
        self.header.set_subtitle(tr("{number} · 受理 {at}").format(number=case.number, at=moment_words(case.accepted_at, today)))
        self._name.setText(resident.name)
        parts = [
            codes.name("sex", resident.sex_code) if resident.sex_code else "",
            codes.name("nation", resident.nation_code) if resident.nation_code else "",
            str(resident.birth_on or ""),
            mask_number(resident.document_number),
        ]
        self._person.setText(" · ".join(part for part in parts if part))
        address = detail.standing.dwelling.address if detail.standing.dwelling else tr("没有在住登记")
        phone = tr(" · 手机 {phone}").format(phone=mask_phone(resident.phone)) if resident.phone else ""
        self._lives.setText(address + phone)
        self._two.setText(tr("两人制：受理 {clerk}，您审核").format(clerk=detail.row.clerk_name or "—"))
        self._note.set_value("")
        self._decided.show_facts(
            _decision_facts(detail, desk.items.situation(case.item_code, case.situation_code), self.context.language, today)
        )
        self._evidence.show_case(detail, evidence)
        self._show_photo(resident.photo_hash)
        self._stack.setCurrentIndex(0)
        self._checks.setFocus()

    def _show_matter(self) -> None:
        """Item and limit in the header; in a narrow window the item stands with the person, for the queue needs the room."""
        detail = self._detail
        if detail is None:
            return
        is_narrow = self.window().width() < current_theme().layout.compact_below
        case, limit = detail.row.case, detail.row.limit
        tags = [] if is_narrow else [Tag(detail.row.item_name)]
        figure = limit_figure(limit)
        if case.is_provisional:
            tags.append(Tag(tr("暂"), "amber"))
        elif figure is not None:
            due_on = "" if is_narrow else tr("，{day}").format(day=day_words(limit.due_on, self.context.desk.today()))
            tags.append(Tag(tr("承诺{words}").format(words=figure.words()) + due_on, figure.tone()))
        self.header.set_tags(tags)
        ground = case.form.get("ground")
        reason = tr("理由：{ground}").format(ground=codes.name("ground", ground)) if ground else ""
        self._ground.setText(" · ".join(part for part in (detail.row.item_name if is_narrow else "", reason) if part))
        self._ground.setVisible(bool(self._ground.text()))

    def _show_photo(self, photo_hash: str | None) -> None:
        self._portrait.show_photo(QImage())
        if photo_hash is None:
            return
        desk = self.context.desk
        self.context.tasks.run(
            lambda: QImage.fromData(page_picture(desk, photo_hash).content), then=self._portrait.show_photo, otherwise=lambda _error: None
        )

    def show_evidence(self, index: int, page: int, pages: int) -> None:
        """Which material, and which page of it."""
        self._evidence.show_place(index, page, pages)

    def show_picture(self, picture: PagePicture | None, problem: str = "") -> None:
        """The page of the material, or a sheet."""
        self._evidence.show_picture(None if picture is None else picture.content, problem)

    def show_checks(self, checks: tuple[Check, ...], agreed: frozenset[str]) -> None:
        """The program's checks; the first that asks for a look is selected."""
        self._checks.show_checks(check_rows(checks, agreed))
        self._checks_heading.set_meta(check_summary(checks, agreed))
        self._checks_heading.setVisible(bool(checks))
        if checks:
            looks = [place for place, row in enumerate(self._checks.rows) if row.state == "look"]
            self._checks.select(looks[0] if looks else 0)

    def show_offered(self, offered: Offered) -> None:
        """What can be decided now."""
        can_decide = offered.approve is not None
        for button, decision in ((self._refuse, offered.refuse), (self._correct, offered.correct), (self._approve, offered.approve)):
            button.setVisible(decision is not None)
        if offered.approve is not None:
            self._approve.set_text(
                tr("{decision}（暂）").format(decision=offered.approve.name.text) if offered.is_provisional else offered.approve.name.text
            )
        for part in (self._decision_heading, self._reason_row, self._note, self._two):
            part.setVisible(can_decide)
        self._confirm.setVisible(not can_decide)
        self._offline.setVisible(not can_decide)
        self._revoke.hide()
        self._why.hide()
        self._decided.setVisible(not can_decide)

    def show_dispute(self, dispute: Dispute | None) -> None:
        """What the centre says of a provisional permit: nothing yet or nothing against it, or where the other one is."""
        self._why.set_value("")
        self._revoke.setVisible(dispute is not None)
        self._why.setVisible(dispute is not None)
        self._offline.show_words(*(_provisional_words() if dispute is None else _dispute_words(dispute)))

    def _take_back(self) -> None:
        """收回: the cursor goes to the reason where it is missing; the refusal says the rest."""
        if not self.revoke_reason().strip():
            self._why.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._presenter.revoke()

    def revoke_reason(self) -> str:
        """Why a provisional permit is taken back."""
        return str(self._why.value())

    def show_reasons(self, decision: Decision, chosen: str) -> None:
        """The reasons of a decision."""
        language = self.context.language
        self._decision_heading.set_meta(label(decision.name, language))
        self._reason.set_options([Option(code=reason.code, label=label(reason.name, language)) for reason in decision.reasons])
        self._reason.set_value(chosen)

    def ask_reason(self) -> None:
        """Another decision was begun: its reasons wait for a choice."""
        if self._reason.value():
            self._checks.setFocus()
        else:
            self._reason.open_list()

    def show_busy(self, on: bool) -> None:
        """While a decision is written no other can be made."""
        for button in (self._refuse, self._correct, self._approve, self._confirm, self._revoke):
            if on:
                button.set_off(tr("正在写入"))
            else:
                button.set_on()

    def reason(self) -> str:
        """The code of the chosen reason."""
        return str(self._reason.value())

    def note(self) -> str:
        """The reviewer's own words."""
        return str(self._note.value())

    def _choose_queue(self, queue: Queue, _on: bool = False) -> None:
        self._presenter.choose_queue(queue)

    def _agree(self) -> None:
        row = self._checks.current()
        if row is None or row.state != "look":
            row = next((entry for entry in self._checks.rows if entry.state == "look"), None)
        if isinstance(row, CheckRow) and isinstance(row.payload, Check):
            self._presenter.agree(row.payload)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show_matter()


def _provisional_words() -> tuple[str, str]:
    return tr("离线时通过，文书标“暂”"), tr("要向中心核对市内其他受理点有没有居住证；没有则去掉“暂”，另印一份。")


def _dispute_words(dispute: Dispute) -> tuple[str, str]:
    """Where the other permit is, and whom to call: the numbers are whole, because they are there to be called."""
    answer = dispute.answer
    what = tr("{station} {day} 已发证").format(station=dispute.station_name, day=answer.issued_on)
    if answer.is_provisional:
        what += tr("，也是暂证")
    if dispute.station is not None and dispute.station.phone:
        what += tr("，电话 {phone}").format(phone=dispute.station.phone)
    resident = tr("本人 {phone}").format(phone=dispute.resident_phone) if dispute.resident_phone else tr("本人没有电话")
    return what, tr("请先电话核实（{resident}）：收回本站的按 F9，对方注销后再按 F8。").format(resident=resident)


def _decision_facts(detail: CaseDetail, situation: Situation, language: str, today: date) -> list[tuple[str, str]]:
    """When a case was decided and why; nothing is decided yet of one that waits."""
    case = detail.row.case
    decisions = {decision.code: decision for step in situation.steps for decision in step.decisions}
    decision = decisions.get(case.decision_code or "")
    if decision is None:
        return []
    reasons = {reason.code: label(reason.name, language) for reason in decision.reasons}
    return [
        (tr("决定"), label(decision.name, language)),
        (tr("时间"), moment_words(case.decided_at, today) if case.decided_at else ""),
        (tr("理由"), tr("；").join(reasons.get(code, code) for code in case.reason_codes)),
        (tr("说明"), case.decision_note),
    ]


def _queue_words(name: str, place: int | None, total: int) -> str:
    return tr("{name} {place}/{total}").format(name=name, place=place, total=total) if place and total else f"{name} {total}"
