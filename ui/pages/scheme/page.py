"""方案: the indicators by scope at the left, one of them to edit at the right, with the draft's effect and the versions behind it."""

from typing import Any

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from nbcase.domain.scheme import DraftStage
from nbcase.domain.words import mark, tr
from nbcase.operations.scheme_drafts import SchemeBoard
from nbcase.operations.scheme_effect import Effect
from nbcase.points.editing import Checked, Edit
from ui.context import KeyHelp
from ui.pages import page
from ui.pages.scheme.editor import RuleEditor
from ui.pages.scheme.effect import EffectPanel, HistoryPanel
from ui.pages.scheme.presenter import SchemePresenter
from ui.pages.scheme.schemewords import draft_words, indicator_rows, stage_name
from ui.shell.page import Page
from ui.theme import current_theme
from ui.widgets.ask import AskBar
from ui.widgets.button import KeyButton
from ui.widgets.fields import Option
from ui.widgets.lists import LineList, LineRow
from ui.widgets.notice import NoticeStrip
from ui.widgets.panels import Columns, Panel, row_of
from ui.widgets.tag import Tag
from ui.widgets.text import ElidedText, Line, PanelHeading

_SIDE = 720
_TITLE = 168
_ABOUT = frozenset({"scheme_draft", "scheme_signature", "score", "resident"})


class IndicatorList(LineList):
    """The indicators; the headings of scopes are passed over."""

    def selectable(self, row: LineRow) -> bool:
        return row.payload is not None

    def draw_row(self, painter: QPainter, rect: QRect, row: LineRow, *, selected: bool) -> None:
        if row.payload is None:
            painter.fillRect(rect, current_theme().color("sunken"))
        super().draw_row(painter, rect, row, selected=selected)

    def choose(self, code: str) -> None:
        """Select the row of an indicator."""
        place = next((place for place, row in enumerate(self.rows) if row.payload == code), None)
        if place is not None:
            self.select(place)


@page("scheme", title=mark("方案"), icon="pencil", order=75, roles={"supervisor"})
class SchemePage(Page):
    """The points scheme for supervisors."""

    def __init__(self, context: Any) -> None:
        super().__init__(context, tr("积分方案"))
        self._presenter = SchemePresenter(self, context)
        self._ask = AskBar()
        self._build_actions()
        self._band = NoticeStrip("", icon="file-text")
        self._band_holder = row_of(self._band, padding=(current_theme().space.l, current_theme().space.s))
        self._list = IndicatorList(tr("积分各项"), title_width=_TITLE, height=current_theme().size.row_list)
        self._list.picked.connect(self._pick)
        self._list.opened.connect(lambda _row: self._into_form())
        self._editor = RuleEditor()
        self._editor.typed.connect(self._presenter.typed)
        self._effect = EffectPanel()
        self._history = HistoryPanel()
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self._columns = Columns(self._build_main(), self._build_side(), side_width=_SIDE, side_name=tr("内容"))
        column.addWidget(self._band_holder)
        column.addWidget(self._columns, 1)
        column.addWidget(self._ask)
        self.set_body(body)
        self._band_holder.hide()
        if context.sync is not None:
            context.sync.subscribe(lambda _status: self._show_band())

    def _build_actions(self) -> None:
        self._more = KeyButton(tr("更多"), key="Ctrl+M", small=True)
        self._more.clicked.connect(self._ask_more)
        self._day = KeyButton(tr("生效日期"), key="Ctrl+D", small=True)
        self._day.clicked.connect(self._ask_day)
        self._new = KeyButton(tr("起草"), key="Ctrl+N", icon="plus", small=True)
        self._new.clicked.connect(self._ask_name)
        self.header.add_action(self._more, self._day, self._new)

    def _build_main(self) -> QWidget:
        main = QWidget()
        column = QVBoxLayout(main)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self._list_heading = PanelHeading(tr("指标"))
        column.addWidget(self._list_heading)
        column.addWidget(self._list, 1)
        return main

    def _build_side(self) -> QWidget:
        theme = current_theme()
        self._tabs: dict[str, KeyButton] = {}
        for place, (code, name) in enumerate((("edit", tr("规则")), ("effect", tr("影响")), ("history", tr("版本"))), 1):
            tab = KeyButton(name, key=f"Alt+{place}", small=True)
            tab.setCheckable(True)
            tab.clicked.connect(lambda _on=False, code=code: self.show_tab(code))
            self._tabs[code] = tab
        self._stack = QStackedWidget()
        for part in (self._editor, self._effect, self._history):
            self._stack.addWidget(Panel(part))
        self._status = ElidedText("meta")
        self._save = KeyButton(tr("存入草案"), key="Ctrl+S")
        self._save.clicked.connect(self._save_now)
        self._reopen = KeyButton(tr("退回修改"), key="Ctrl+E")
        self._reopen.clicked.connect(self._presenter.reopen)
        self._go = KeyButton(tr("提出"), key="Ctrl+Enter", role="primary")
        self._go.clicked.connect(self._go_on)
        footer = row_of(self._status, self._reopen, self._save, self._go, padding=(theme.space.l, 0))
        self._status.setSizePolicy(self._status.sizePolicy().Policy.Expanding, self._status.sizePolicy().verticalPolicy())
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        tabs = row_of(*self._tabs.values(), None, padding=(theme.space.l, 0))
        tabs.setFixedHeight(theme.size.row_event)
        column.addWidget(tabs)
        column.addWidget(Line())
        column.addWidget(self._stack, 1)
        self._tabs["edit"].setChecked(True)
        return Panel(holder, footer=footer, scrolls=False)

    def opened(self) -> None:
        self._presenter.refresh()
        self._list.setFocus(Qt.FocusReason.OtherFocusReason)

    def closed(self) -> None:
        self._keep()

    def reload(self, changed: frozenset[str]) -> None:
        if changed & _ABOUT and self.isVisible():
            self._presenter.refresh()

    def keys(self) -> list[KeyHelp]:
        return [KeyHelp(key="↑↓", what=tr("换一项指标")), KeyHelp(key="Enter", what=tr("改这一项")), *super().keys()]

    def show_tab(self, code: str) -> None:
        """Bring the rule, the effect or the versions to the front."""
        self._editor.flush()
        for each, tab in self._tabs.items():
            tab.setChecked(each == code)
        if code != "edit" and self.holds_focus():
            self._list.setFocus(Qt.FocusReason.OtherFocusReason)
        self._stack.setCurrentIndex(list(self._tabs).index(code))
        if code == "effect":
            self._presenter.look_at_effect()

    def show_board(self, board: SchemeBoard) -> None:
        """The indicators and where the draft stands."""
        rows = indicator_rows(board)
        indicators = [row for row in rows if row.payload is not None]
        unconfigured = sum(version.rule is None for _, version in board.lines())
        self._list_heading.set_meta(tr("{n} 项，{m} 项未配置，{day} 的规则").format(n=len(indicators), m=unconfigured, day=board.as_of))
        self._list.blockSignals(True)
        self._list.selectionModel().blockSignals(True)
        if rows != list(self._list.rows):
            self._list.show_rows(rows)
        self._list.selectionModel().blockSignals(False)
        self._list.blockSignals(False)
        changed = board.open.draft.edits if board.open is not None else {}
        first = next((row for row in indicators if row.payload in changed), indicators[0])
        code = self._presenter.code or str(first.payload)
        self._list.choose(code)
        self._list.viewport().update()
        if not self._presenter.code:
            self._presenter.choose(code)
        self._history.show_board(board)
        self._show_header(board)
        self._show_band()
        if self._stack.currentIndex() == 1 and board.open is None:
            self._effect.show_effect(None, tr("起草方案后，这里用本站居民试算。"))

    def _show_header(self, board: SchemeBoard) -> None:
        opened = board.open
        version = Tag(tr("第 {n} 版").format(n=board.schemes.number) if board.schemes.number else tr("程序自带"), "neutral")
        self.header.set_tags([version, *([Tag(*stage_name(opened.stage))] if opened is not None else [])])
        many = len(board.drafts)
        self.header.set_subtitle(tr("共 {n} 份草案，Ctrl+M 换一份").format(n=many) if many > 1 else board.schemes.newest.name)
        has_draft = opened is not None
        self._day.setVisible(has_draft and self._presenter.can_edit)
        self._more.setVisible(has_draft)
        is_proposed = opened is not None and opened.stage is DraftStage.PROPOSED
        self._reopen.setVisible(opened is not None and opened.stage is not DraftStage.EDITING)
        self._save.setVisible(self._presenter.can_edit)
        self._go.set_text(tr("签署") if is_proposed else tr("提出"))
        refusal = self._refusal(board)
        if refusal:
            self._go.set_off(refusal)
        else:
            self._go.set_on()
        self._status.set_full(refusal)

    def _refusal(self, board: SchemeBoard) -> str:
        """Why the draft cannot be proposed or signed now; empty when it can."""
        opened = board.open
        if opened is None:
            return tr("没有草案，按 Ctrl+N 起草")
        if opened.stage is DraftStage.SIGNED:
            return tr("两人已签，等中心公布")
        if opened.stage is DraftStage.PROPOSED:
            own = any(one.clerk_id == self.context.clerk.record.id for one in opened.signatures)  # type: ignore[attr-defined]
            return tr("您是提出人，要由另一位站长签署") if own else ""
        if not opened.draft.edits:
            return tr("还没有改哪一项")
        mistakes = board.checked.mistakes if board.checked is not None else ()
        return tr("草案有 {n} 处错误").format(n=len(mistakes)) if mistakes else ""

    def _show_band(self) -> None:
        board = self._presenter.board
        clerk_id = self.context.clerk.record.id  # type: ignore[attr-defined]
        opened, today = (board.open, board.today) if board is not None else (None, self.context.now().date())
        text, kind = draft_words(opened, today, is_online=self._presenter.is_online, clerk_id=clerk_id)
        self._band.show_text(text, kind)
        self._band_holder.setVisible(bool(text))

    def show_edit(self, board: SchemeBoard, edit: Edit, *, can_edit: bool) -> None:
        """One indicator's rule."""
        self._editor.show_edit(board, edit, can_edit=can_edit)

    def show_check(self, edit: Edit, found: Checked, results: tuple[int | None, ...]) -> None:
        """What the checker says of what is typed."""
        self._editor.show_check(edit, found, results)
        if found.mistakes:
            self._status.set_full(tr("草案有 {n} 处错误").format(n=len(found.mistakes)))

    def show_effect(self, effect: Effect | None) -> None:
        """What the draft would do."""
        board = self._presenter.board
        has_draft = board is not None and board.open is not None
        self._effect.show_effect(effect, "" if has_draft else tr("起草方案后，这里用本站居民试算。"))

    def show_kept(self, is_kept: bool) -> None:
        """Whether what is typed is in the draft."""
        self._editor.show_kept(is_kept)
        if not is_kept:
            self._go.set_on()
            self._status.set_full("")

    def _pick(self, row: LineRow) -> None:
        if row.payload is not None and row.payload != self._presenter.code:
            self._editor.flush()
            self._presenter.choose(str(row.payload))

    def _into_form(self) -> None:
        if self._columns.is_folded:
            self._columns.toggle()
        self.show_tab("edit")
        self._editor.focus_first()

    def _keep(self) -> None:
        self._editor.flush()
        self._presenter.keep()

    def _save_now(self) -> None:
        self._editor.flush()
        self._presenter.save()

    def _go_on(self) -> None:
        self._editor.flush()
        self._presenter.go_on()

    def _ask_name(self) -> None:
        year = self.context.now().year
        self._ask.ask_text(tr("新草案叫什么？"), tr("{year} 年调整").format(year=year), self._presenter.begin)

    def _ask_day(self) -> None:
        board = self._presenter.board
        if board is not None and board.open is not None:
            self._ask.ask_text(tr("从哪一天起生效？之前的日子仍按原来的规则。"), str(board.open.draft.from_on), self._presenter.set_day)

    def _ask_more(self) -> None:
        board = self._presenter.board
        if board is None or board.open is None:
            return
        options = [Option(code="withdraw", label=tr("撤回草案"))]
        if self._presenter.can_edit:
            options.append(Option(code="name", label=tr("改名")))
            if self._presenter.code in board.open.draft.edits:
                options.append(Option(code="drop", label=tr("这一项不改")))
        if len(board.drafts) > 1:
            options.append(Option(code="next", label=tr("下一份草案")))
        self._ask.ask(tr("还要做什么？"), options, self._do)

    def _do(self, code: str) -> None:
        board = self._presenter.board
        if code == "name" and board is not None and board.open is not None:
            self._ask.ask_text(tr("草案叫什么？"), board.open.draft.name, self._presenter.rename)
        elif code == "withdraw":
            self._presenter.withdraw()
        elif code == "drop":
            self._presenter.drop()
        elif code == "next":
            self._presenter.next_draft()
