"""办理: what the resident has and what is handed in at the left, form and conditions at the right, the primary button below."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QResizeEvent, QShortcut
from PySide6.QtWidgets import QFileDialog, QStackedWidget, QVBoxLayout, QWidget

from nbcase.domain import codes
from nbcase.domain.dwelling import Dwelling
from nbcase.domain.identity import mask_phone
from nbcase.domain.permit import endorsement_window, usable_until
from nbcase.domain.words import mark, tr
from nbcase.items.checks import Check, label
from nbcase.operations.facts import Standing, registered_since
from nbcase.operations.offers import Offer, dwelling_answers
from nbcase.operations.papers import STATE_WORDS
from nbcase.operations.printing import paper_name
from ui.casewords import check_rows, check_summary, day_words, obtained_words, person_words
from ui.context import KeyHelp
from ui.itemform import address_provider, form_sections
from ui.pages import page
from ui.pages.handle.choice import Choice, matching, obstacle_rows, offer_rows
from ui.pages.handle.presenter import HandlePresenter
from ui.pages.handle.work import Done, Head, MaterialRow
from ui.shell.page import Page
from ui.theme import current_theme
from ui.widgets.ask import AskBar
from ui.widgets.button import KeyButton, shortcuts_for
from ui.widgets.fields import CompletionField
from ui.widgets.form import Form
from ui.widgets.ink import Tone
from ui.widgets.lists import CheckList, LineList, LineRow
from ui.widgets.notice import NoticeStrip
from ui.widgets.panels import Columns, Panel, Scroll, row_of
from ui.widgets.tag import KeyHint, Tag
from ui.widgets.text import ElidedText, Facts, PanelHeading, SectionHeading, Text, TextTone

_SIDE = 424
_ALT = "Alt+{n}"


@page("handle", title=mark("办理"), icon="file-text", order=25, roles={"clerk", "supervisor"}, in_rail=False)
class HandlePage(Page):
    """One situation of one item for one known resident."""

    def __init__(self, context: Any) -> None:
        super().__init__(context, tr("办理"))
        self._form: Form | None = None
        self._head: Head | None = None
        self._offered: tuple[Offer, ...] = ()
        self._presenter = HandlePresenter(self, context)
        self._card = KeyButton(tr("读卡"), key="F2", icon="id-card", small=True)
        self._card.clicked.connect(self._presenter.read_card)
        self._file = KeyButton(tr("扫描件"), key="F4", icon="file-text", small=True)
        self._file.clicked.connect(self._pick_file)
        self.header.add_action(self._card, self._file)
        self._ask = AskBar()
        self._stack = QStackedWidget()
        self._stack.addWidget(self._build_choice())
        self._stack.addWidget(self._build_form())
        self._stack.addWidget(self._build_done())
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._stack, 1)
        column.addWidget(self._ask)
        self.set_body(body)
        for number in range(1, 10):
            shortcut = QShortcut(self)
            shortcut.setKeys(shortcuts_for(_ALT.format(n=number)))
            shortcut.activated.connect(lambda number=number: self._presenter.cycle(number))
        self._show_tools(False)

    def _build_choice(self) -> QWidget:
        theme = current_theme()
        self._choice_name = Text("", "title")
        self._choice_meta = Text("", "meta")
        lead, title = theme.space.xl, 2 * theme.size.label_width + theme.space.xl
        self._choice_heading = PanelHeading(tr("现在可办"))
        self._choice = Choice(tr("现在可办"), lead_width=lead, title_width=title)
        self._choice.opened.connect(self._choose)
        self._choice.narrowed.connect(self._show_matching)
        self._closed_heading = PanelHeading(tr("现在不能办"), tr("原因写在后面"))
        self._closed = LineList(tr("现在不能办"), fits=True, selects=False, title_width=title + lead)
        head = row_of(self._choice_name, self._choice_meta, None, padding=(theme.space.l, theme.space.m), gap=theme.space.m)
        return Scroll(_column(head, self._choice_heading, self._choice, self._closed_heading, self._closed))

    def _build_form(self) -> QWidget:
        theme = current_theme()
        self._form_holder = QVBoxLayout()
        self._form_holder.setContentsMargins(0, 0, 0, 0)
        self._checks_heading = SectionHeading(tr("核对"))
        self._checks = CheckList(tr("核对"), fits=True, selects=False)
        checks = _column(self._checks_heading, self._checks, padding=(theme.space.l, theme.space.s), gap=theme.space.xs, stretch=False)
        self._checks_part = checks
        self._reasons = NoticeStrip("", "warn")
        self._reasons_part = _column(self._reasons, padding=(theme.space.l, theme.space.m), stretch=False)
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._reasons_part)
        column.addLayout(self._form_holder)
        column.addWidget(checks)
        column.addStretch(1)
        return Columns(Panel(body, footer=self._build_footer()), self._build_side(), side_width=_SIDE, side_name=tr("材料"), side_left=True)

    def _build_footer(self) -> QWidget:
        theme = current_theme()
        self._missing = ElidedText("compact-strong")
        self._next_gap = KeyHint("F8", tr("下一处"))
        self._tell = KeyButton(tr("一次性告知"), key="Ctrl+T")
        self._tell.clicked.connect(self._presenter.tell_missing)
        self._accept = KeyButton(tr("受理并打印"), key="Ctrl+Enter", role="primary")
        self._accept.clicked.connect(self._do_accept)
        gap = QShortcut(self)
        gap.setKeys(shortcuts_for("F8"))
        gap.activated.connect(self._go_to_gap)
        return row_of(self._missing, self._next_gap, self._tell, self._accept, padding=(theme.space.l, 0))

    def _build_side(self) -> QWidget:
        theme = current_theme()
        self._name = Text("", "title")
        self._person = Text("", "meta")
        self._facts = Facts()
        self._materials_heading = SectionHeading(tr("材料"), tr("Alt+数字 换取得方式"))
        self._materials = LineList(
            tr("材料"),
            fits=True,
            lead_width=theme.space.l + theme.space.xs,
            padding=theme.space.xs,
            height=theme.size.row_list + theme.space.xs,
        )
        parts = (row_of(self._name, self._person, None, gap=theme.space.m), self._facts, self._materials_heading, self._materials)
        return Panel(_column(*parts, padding=(theme.space.l, theme.space.m), gap=theme.space.m), ground="sunken")

    def _build_done(self) -> QWidget:
        theme = current_theme()
        self._done_number = Text("", "figure")
        self._done_number.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._done_title = Text("", "panel-title")
        self._done_facts = Facts()
        self._done_next_heading = PanelHeading(tr("接着可办"), tr("按数字打开"), padding=0)
        self._done_next = Choice(tr("接着可办"), lead_width=theme.space.xl + theme.space.s, padding=0)
        self._done_next.opened.connect(self._choose)
        self._done_back = KeyButton(tr("回到居民"), key="Esc")
        self._done_back.clicked.connect(self._leave)
        body = _column(
            Text(tr("受理号"), "meta"),
            self._done_number,
            self._done_title,
            self._done_facts,
            self._done_next_heading,
            self._done_next,
            row_of(self._done_back, None),
            padding=(theme.space.l, theme.space.l),
            gap=theme.space.m,
        )
        body.setMaximumWidth(theme.size.form_column_max + 2 * theme.space.l)
        holder = row_of(body, None)
        return Scroll(holder)

    def opened(self) -> None:
        self._focus()

    def closed(self) -> None:
        if self._stack.currentIndex() == 1:
            self._presenter.field_left()

    def search_target(self, **target: object) -> None:
        self._resident_id = str(target.get("resident_id", ""))
        self._presenter.open(**{key: str(value) for key, value in target.items() if value})

    def keys(self) -> list[KeyHelp]:
        more = [
            KeyHelp(key="Alt+1–9", what=tr("换一种取得材料的方式")),
            KeyHelp(key="F8", what=tr("下一处未填")),
            KeyHelp(key="1–9", what=tr("打开可办事项")),
        ]
        return [*super().keys(), *more]

    def show_offers(self, standing: Standing, found: Sequence[Offer]) -> None:
        """Let the clerk choose a situation."""
        self._resident_id = standing.resident.id
        self._head = None
        self._offered = tuple(found)
        self.header.set_title(tr("办理"))
        self.header.set_tags([])
        self.header.set_subtitle("")
        self._choice_name.setText(standing.resident.name)
        self._choice_meta.setText(person_words(standing.resident, self.context.desk.today()))
        self._choice.begin()
        self._show_tools(False)
        self._stack.setCurrentIndex(0)
        self._focus()

    def _show_matching(self, typed: str) -> None:
        found = matching(self._offered, typed)
        self._choice.show_rows(offer_rows([offer for offer in found if not offer.obstacle]))
        self._choice.select(0)
        self._closed.show_rows(obstacle_rows([offer for offer in found if offer.obstacle]))
        self._closed_heading.setVisible(bool(self._closed.rows))
        narrow = tr("已输入 {typed}，退格放宽").format(typed=typed) if typed else tr("输入拼音首字母筛选")
        self._choice_heading.set_meta(f"{tr('按数字打开')} · {narrow}")

    def show_form(self, head: Head, answers: Mapping[str, Any]) -> None:
        """A fresh form for the situation."""
        self._resident_id = head.standing.resident.id
        language = self.context.language
        self._replace_form(Form(
            form_sections(head.situation, language, read_only=head.case is not None, choices=head.choices),
            providers={"address": address_provider(self.context.desk)},
            tasks=self.context.tasks,
        ))  # fmt: skip
        assert self._form is not None
        self._form.set_values(answers)
        self.header.set_title(f"{label(head.item.name, language)} · {label(head.situation.name, language)}")
        self._head = head
        self._show_limits()
        self._show_person(head.standing)
        self._show_case(head)
        self._show_tools(True)
        self._accept.set_text(tr("受理并打印") if head.case is None else tr("补齐并继续"))
        self._tell.setVisible(head.case is None)
        self._checks_part.setVisible(head.case is None)
        self._stack.setCurrentIndex(1)
        self._focus()

    def _show_limits(self) -> None:
        """Both limits in the header; in a narrow window only the promise, which binds."""
        if self._head is None:
            return
        tags = _limit_tags(self._head, self.context.desk.today())
        is_narrow = self.window().width() < current_theme().layout.compact_below
        self.header.set_tags(tags[:1] if is_narrow else tags)

    def _replace_form(self, form: Form) -> None:
        if self._form is not None:
            if self.holds_focus():
                self.setFocus()  # hidden with the cursor in it, the old form would give it to the rail
            self._form_holder.removeWidget(self._form)
            self._form.hide()
            self._form.deleteLater()
        self._form = form
        self._form_holder.addWidget(form)
        form.left.connect(lambda _key: self._presenter.field_left())
        for field in form.fields.values():
            if isinstance(field, CompletionField):
                field.picked.connect(self._picked)

    def _picked(self, dwelling: object) -> None:
        """A known house answers what the form asks of it."""
        if self._form is not None and self._head is not None and isinstance(dwelling, Dwelling):
            known = dwelling_answers(self._head.situation, dwelling)
            self._form.set_values({key: value for key, value in known.items() if key != "address"})

    def _show_person(self, standing: Standing) -> None:
        resident, today = standing.resident, self.context.desk.today()
        self._name.setText(resident.name)
        self._person.setText(person_words(resident, today))
        self._facts.show_facts(_standing_facts(standing, today))

    def _show_case(self, head: Head) -> None:
        case = head.case
        self._reasons_part.setVisible(case is not None)
        if case is None:
            return
        names = {reason.code: reason.name for step in head.situation.steps for decision in step.decisions for reason in decision.reasons}
        told = [label(names[code], self.context.language) for code in case.reason_codes if code in names]
        words = tr("；").join([*told, *([case.decision_note] if case.decision_note else [])])
        asked = tr("要求补充：{words}").format(words=words) if words else tr("容缺受理，等申请人补齐材料。")
        self._reasons.show_text(f"{case.number}　{asked}")

    def show_materials(self, rows: Sequence[MaterialRow]) -> None:
        """The materials with how each came."""
        here = max(0, self._materials.currentIndex().row())
        today = self.context.desk.today()
        self._materials.show_rows([_material_line(row, self.context.language, today) for row in rows])
        if rows:
            open_row = next((place for place, row in enumerate(rows) if row.is_open), min(here, len(rows) - 1))
            self._materials.select(open_row)

    def show_examination(self, checks: tuple[Check, ...], missing: Sequence[str], *, can_accept: bool) -> None:
        """The conditions and what is missing."""
        self._checks.show_checks(check_rows(checks))
        self._checks_part.setVisible(bool(checks) and self._head is not None and self._head.case is None)
        self._checks_heading.set_meta(check_summary(checks))
        if missing:
            self._missing.set_full(tr("还缺 {n} 项：{names}").format(n=len(missing), names=tr("、").join(missing)))
        else:
            self._missing.set_full(tr("可以受理") if can_accept else tr("请先补材料"))
        tone: TextTone = "green" if can_accept else "amber" if missing else ""
        self._missing.set_tone(tone)
        self._next_gap.setVisible(bool(missing))

    def show_problems(self, found: Mapping[str, str]) -> None:
        """Mark the fields that were refused and go to the first."""
        if self._form is not None:
            self._form.show_problems(found)
            self._form.focus_next_gap()

    def show_saved(self, text: str) -> None:
        """When the draft was kept."""
        self.header.set_subtitle(text)

    def show_busy(self, on: bool) -> None:
        """While an act is being written its button is off."""
        if on:
            self._accept.set_off(tr("正在受理"))
        else:
            self._accept.set_on()

    def show_done(self, done: Done) -> None:
        """The number to read out, what was printed, what comes next."""
        self._head = None
        self.header.set_title(done.title)
        self.header.set_tags([Tag(tr("已办结") if done.is_decided else tr("已受理"), "green")])
        self.header.set_subtitle("")
        self._done_number.setText(done.number)
        self._done_title.setText(f"{done.applicant} · {done.title}")
        printed = {job.document_id for job in done.jobs if job.state != "failed"}
        papers = [paper_name(document.kind_code) + ("" if document.id in printed else tr("（未打印）")) for document in done.documents]
        self._done_facts.show_facts([(tr("文书"), tr("、").join(papers)), (tr("保存"), tr("已存本机，排队上传中心"))])
        self._offered = done.next
        self._done_next.show_rows(offer_rows(done.next))
        self._done_next_heading.setVisible(bool(done.next))
        self._show_tools(False)
        self._stack.setCurrentIndex(2)
        self._focus()

    def ask_until(self, proposed: date, then: Callable[[str], None]) -> None:
        """By which day the paper is to follow."""
        self._ask.ask_text(tr("容缺，约定补交日期"), proposed.isoformat(), then, placeholder="2026-12-01")

    def answers(self) -> dict[str, Any]:
        """The form as it is."""
        return self._form.values() if self._form is not None else {}

    def _show_tools(self, on: bool) -> None:
        self._card.setVisible(on)
        self._file.setVisible(on)

    def _focus(self) -> None:
        if not self.holds_focus():
            return
        index = self._stack.currentIndex()
        if index == 0:
            self._choice.setFocus()
        elif index == 1 and self._form is not None and not self._form.focus_next_gap():
            self._accept.setFocus(Qt.FocusReason.ShortcutFocusReason)
        elif index == 2:
            (self._done_next if self._offered else self._done_back).setFocus()

    def _go_to_gap(self) -> None:
        if self._form is None or not self._form.focus_next_gap():
            self._materials.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _do_accept(self) -> None:
        if self._form is not None and not self._form.validate():
            self._form.focus_next_gap()
            return
        self._presenter.accept()

    def _choose(self, row: LineRow) -> None:
        offer = row.payload
        if isinstance(offer, Offer):
            self._presenter.open(resident_id=self._resident_id, item_code=offer.item.code, situation_code=offer.situation.code)

    def _pick_file(self) -> None:
        names, _ = QFileDialog.getOpenFileNames(self, tr("选择扫描件"), "", tr("扫描件 (*.jpg *.jpeg *.png *.pdf)"))
        for name in names:
            self.add_file(Path(name))

    def add_file(self, path: Path) -> None:
        """Take a scan for the selected material."""
        self._presenter.add_file(max(0, self._materials.currentIndex().row()) + 1, path)

    def _leave(self) -> None:
        self.context.navigate("residents", resident_id=self._resident_id)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show_limits()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self._stack.currentIndex() != 2:
            self._leave()
            return
        super().keyPressEvent(event)


def _column(*parts: QWidget, padding: tuple[int, int] = (0, 0), gap: int = 0, stretch: bool = True) -> QWidget:
    holder = QWidget()
    column = QVBoxLayout(holder)
    column.setContentsMargins(padding[0], padding[1], padding[0], padding[1])
    column.setSpacing(gap)
    for part in parts:
        column.addWidget(part)
    if stretch:
        column.addStretch(1)
    return holder


def _limit_tags(head: Head, today: date) -> list[Tag]:
    tags = []
    for name, (words, due_on, is_tentative) in ((tr("承诺"), head.promised), (tr("法定"), head.legal)):
        if not words:
            continue
        until = f" {day_words(due_on, today)}" if due_on is not None and due_on != today else ""
        tentative = tr(" 暂定") if is_tentative else ""
        tags.append(Tag(f"{name} {words}{until}{tentative}", "amber" if is_tentative else "neutral"))
    return tags


def _standing_facts(standing: Standing, today: date) -> list[tuple[str, str]]:
    since, active, dwelling, permit = registered_since(standing.registrations), standing.active, standing.dwelling, standing.permit
    registered = tr("自 {day}，{n} 天").format(day=since, n=(today - since).days) if since else tr("没有在住登记")
    facts = [(tr("居住登记"), registered), (tr("住址"), dwelling.address if dwelling and active else "")]
    if dwelling is not None and active is not None:
        place = active.place_code or dwelling.place_code
        lease = tr("合同至 {day}").format(day=dwelling.lease_until_on) if dwelling.lease_until_on else ""
        facts.append((tr("居住处所"), tr("，").join(part for part in (codes.name("place", place) if place else "", lease) if part)))
    if permit is None:
        facts.append((tr("居住证"), tr("没有")))
    else:
        made = standing.endorsements_of(permit)
        state = tr(STATE_WORDS[standing.permit_state(today)])
        until = tr("，可用至 {day}").format(day=usable_until(permit, made))
        facts.append(
            (
                tr("居住证"),
                tr("{day} 发证，{state}").format(day=permit.issued_on, state=state) + (until if permit.cancelled_on is None else ""),
            )
        )
        if permit.cancelled_on is None:
            window = endorsement_window(permit, made)
            facts.append((tr("签注期"), tr("{first} 至 {last}").format(first=window.opens_on, last=window.closes_on)))
    facts.append((tr("手机"), mask_phone(standing.resident.phone) if standing.resident.phone else ""))
    return facts


def _material_line(row: MaterialRow, language: str, today: date) -> LineRow:
    words, tone = _how_words(row, today)
    ways = tr("或").join(obtained_words(how) for how in row.material.obtained)
    note = "" if row.how else ways
    return LineRow(lead=str(row.number), title=label(row.material.name, language), note=note, right=words, right_tone=tone, payload=row)


def _how_words(row: MaterialRow, today: date) -> tuple[str, Tone]:
    if not row.how:
        return (tr("未取得"), "amber") if row.is_needed else (tr("可不交"), "neutral")
    if row.how == "deferred":
        return tr("容缺，{day} 前补").format(day=day_words(row.until_on, today) or "—"), "amber"
    if row.files:
        return tr("{how} {n} 份").format(how=obtained_words(row.how), n=row.files), "green"
    return obtained_words(row.how), "green"
