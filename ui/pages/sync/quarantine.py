"""隔离: why the centre does not take an act, its fields to put right in place, and the two ways on: send it anew or let it go."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol

from PySide6.QtWidgets import QVBoxLayout, QWidget

from nbcase.domain.clock import CHINA
from nbcase.domain.words import sentences, tr
from nbcase.operations.corrections import Editor, editor
from nbcase.operations.page import RowPage
from nbcase.operations.quarantine import GivenUp, Place, QuarantineView, Resent, give_up, quarantined, resend, settled_quarantine
from nbcase.operations.recordwords import field_name, field_place, record_name
from ui.context import Notice
from ui.pages.sync.editing import editor_of, shown, typed
from ui.pages.sync.presenter import row_title
from ui.theme import current_theme
from ui.widgets.button import KeyButton
from ui.widgets.fields import FieldValue, Option
from ui.widgets.form import FieldSpec, Form, FormSection
from ui.widgets.icon import Icon
from ui.widgets.ink import Tone
from ui.widgets.notice import NoticeStrip
from ui.widgets.panels import Panel, row_of
from ui.widgets.tag import Tag
from ui.widgets.text import Line, Text

Ask = Callable[[str, list[Option], Callable[[str], None]], None]
"""How the page asks for one of a few answers."""


def is_settled(view: QuarantineView) -> bool:
    """Whether somebody has dealt with it."""
    return view.resent_by is not None or view.given_up_at is not None


def state_of(view: QuarantineView) -> tuple[str, Tone]:
    """How an act in quarantine stands, in a word."""
    if view.resent_by is not None:
        return tr("已重发"), "green"
    if view.given_up_at is not None:
        return tr("已放弃"), "neutral"
    return (tr("可以重发"), "amber") if view.can_resend else (tr("要先处理"), "red")


def give_up_reasons() -> tuple[str, ...]:
    """Why an act is not sent any more."""
    return (tr("已按新的一件重新办理"), tr("申请人不办了"), tr("重复录入"), tr("练习或误操作"))


class QuarantinePanelView(Protocol):
    """What the presenter needs of its panel."""

    def show_act(self, view: QuarantineView | None) -> None: ...
    def show_working(self, *, on: bool) -> None: ...


class QuarantinePresenter:
    """One act after another; `settled` is called after each that went."""

    def __init__(self, context: Any, settled: Callable[[], None]) -> None:
        self._context = context
        self._settled = settled
        self.panel: QuarantinePanelView | None = None
        self.view: QuarantineView | None = None

    def fetch(self, cursor: Any, limit: int) -> RowPage[QuarantineView]:
        """What is open, then what was dealt with; called in a worker."""
        desk = self._context.desk
        return RowPage((*quarantined(desk, self._context.clerk.record), *settled_quarantine(desk)))

    def show(self, view: QuarantineView | None) -> None:
        """Another act is looked at; what was typed into the same one stays."""
        if view is not None and view == self.view:
            return
        self.view = view
        if self.panel is not None:
            self.panel.show_act(view)

    def send(self, edits: Mapping[Place, Any]) -> None:
        """Do the act anew with what was put right."""
        if self.view is not None:
            desk, clerk, action_id = self._context.desk, self._context.clerk.record, self.view.action.id
            self._run(lambda: resend(desk, clerk, action_id, edits), self._sent)

    def let_go(self, reason: str) -> None:
        """The act is not sent any more."""
        if self.view is not None:
            desk, clerk, action_id = self._context.desk, self._context.clerk.record, self.view.action.id
            self._run(lambda: give_up(desk, clerk, action_id, reason), self._gone)

    def _run(self, work: Callable[[], Any], then: Callable[[Any], None]) -> None:
        self._show_working(on=True)
        self._context.tasks.run_in_order(work, then=then, otherwise=self._failed)

    def _failed(self, error: BaseException) -> None:
        self._show_working(on=False)
        self._context.trouble(error)

    def _sent(self, done: Resent) -> None:
        self._finish(Notice(what=tr("已改好，随下次连接上传。"), safe=tr("原来那一件留在记录里。")), done.changed)

    def _gone(self, done: GivenUp) -> None:
        again = tr("下次连接会按中心的值重读本站资料。") if done.reads_again else ""
        self._finish(Notice(what=tr("这一件不再上传。"), safe=tr("内容和理由留在记录里。"), do=again), done.changed)

    def _finish(self, notice: Notice, changed: frozenset[str]) -> None:
        self._show_working(on=False)
        self.view = None
        self._context.notify(notice)
        self._settled()
        self._context.announce(changed)

    def _show_working(self, *, on: bool) -> None:
        if self.panel is not None:
            self.panel.show_working(on=on)


class QuarantinePanel(QWidget):
    """Shows one act: the centre's reason, what stands in the way, its fields as a form."""

    def __init__(self, presenter: QuarantinePresenter, desk: Any, ask: Ask) -> None:
        super().__init__()
        theme = current_theme()
        self._presenter = presenter
        self._desk = desk
        self._ask = ask
        self._form: Form | None = None
        self._places: dict[str, tuple[Place, Editor, FieldValue]] = {}
        self._title, self._tag, self._meta = Text("", "panel-title"), Tag(""), Text("", "meta", wrap=True)
        self._reason, self._way = NoticeStrip("", "warn"), NoticeStrip("", "success")
        head = QWidget()
        words = QVBoxLayout(head)
        words.setContentsMargins(theme.space.l, theme.space.m, theme.space.l, theme.space.s)
        words.setSpacing(theme.space.xs)
        words.addWidget(row_of(Icon("triangle-alert", "amber"), self._title, self._tag, None))
        words.addWidget(self._meta)
        words.addWidget(self._reason)
        words.addWidget(self._way)
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(head)
        column.addWidget(Line())
        self._place = QVBoxLayout()
        column.addLayout(self._place)
        column.addStretch(1)
        self._drop = KeyButton(tr("不再上传"), key="Ctrl+U")
        self._drop.clicked.connect(self._ask_why)
        self._send = KeyButton(tr("改好重发"), key="Ctrl+Enter", role="primary")
        self._send.clicked.connect(self.send)
        self._footer = row_of(None, self._drop, self._send, padding=(theme.space.l, 0))
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(Panel(body, footer=self._footer))
        presenter.panel = self

    def show_act(self, view: QuarantineView | None) -> None:
        """Another act, with the values that it wanted."""
        if view is None:
            return
        self._title.setText(" ".join(part for part in (row_title(view.row), view.row.applicant) if part))
        self._tag.show_tag(*state_of(view))
        self._meta.setText(_meta_words(view))
        self._reason.show_text(tr("中心没有采用：{reason}").format(reason=view.row.reason or "—"))
        self._way.show_text(*_way_words(view))
        self._footer.setVisible(not is_settled(view))
        self._make_form(view)

    def show_working(self, *, on: bool) -> None:
        """The act is being written."""
        for button in (self._send, self._drop):
            if on:
                button.set_off(tr("正在写入"))
            else:
                button.set_on()

    def send(self) -> None:
        """Hand over what was changed in the form, when it is right."""
        if self._form is None or not self._form.validate():
            return
        values = self._form.values()
        edits = {place: typed(values[key], offered) for key, (place, offered, former) in self._places.items() if values[key] != former}
        self._presenter.send(edits)

    def _ask_why(self) -> None:
        options = [Option(code=words, label=words) for words in give_up_reasons()]
        self._ask(tr("为什么不再上传？本机会改回中心的值，这一件留在记录里。"), options, self._presenter.let_go)

    def _make_form(self, view: QuarantineView) -> None:
        if self._form is not None:
            self._place.removeWidget(self._form)
            self._form.hide()
            self._form.deleteLater()
        self._places = {}
        sections = tuple(
            section
            for change in view.action.changes
            if (section := self._section(change.record_type, change.record_id, change.fields, view.suggested)) is not None
        )
        self._form = Form(sections)
        self._form.set_values({key: former for key, (_, _, former) in self._places.items()})
        if is_settled(view):
            for field in self._form.fields.values():
                field.set_state("read_only")
        self._form.finished.connect(partial(self._send.setFocus))
        self._place.addWidget(self._form)

    def _section(self, record_type: str, record_id: str, fields: Mapping[str, tuple[Any, Any]], suggested: Any) -> FormSection | None:
        specs: list[FieldSpec] = []
        for name in sorted(fields, key=partial(field_place, record_type)):
            offered = editor(self._desk, record_type, name)
            key = f"{record_type}.{record_id}.{name}"
            spec = editor_of(offered, field_name(record_type, name), key=key)
            if spec is not None:
                place: Place = (record_type, record_id, name)
                specs.append(spec)
                self._places[key] = (place, offered, shown(suggested.get(place, fields[name][1])))
        return FormSection(title=record_name(record_type), fields=tuple(specs)) if specs else None


def _meta_words(view: QuarantineView) -> str:
    at = f"{view.action.desk_at.astimezone(CHINA):%m-%d %H:%M}"
    return " · ".join((tr("序号 {n}").format(n=view.action.sequence), f"{view.row.clerk_name or '—'} {at}"))


def _way_words(view: QuarantineView) -> tuple[str, Any]:
    if view.resent_by is not None:
        return tr("已改好重发，新的一件在“待传”或“已传”里。"), "success"
    if view.given_up_at is not None:
        given = {"clerk": view.given_up_by_name or "—", "reason": view.given_up_because}
        return tr("{clerk}决定不再上传：{reason}").format(**given), "success"
    if view.still_wrong is not None:
        return sentences(view.still_wrong.what, view.still_wrong.do), "error"
    return tr("中心的理由现在看来已不成立：核对下面各项，可以直接重发。"), "success"
