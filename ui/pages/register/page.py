"""登记: the captured document left, the form of the paper right, one primary button below; the result takes the form's place."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QBuffer, QIODevice, Qt, QTimer
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication, QImage, QKeyEvent, QShortcut
from PySide6.QtWidgets import QFileDialog, QGridLayout, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from nbcase.domain.dwelling import Dwelling
from nbcase.domain.words import mark, tr
from nbcase.operations.offers import Offer
from ui.context import KeyHelp
from ui.itemform import address_provider, form_sections
from ui.pages import page
from ui.pages.register.capture import CITIZEN_SCHEME, Derived
from ui.pages.register.evidence import EvidencePanel, read_image
from ui.pages.register.presenter import RegisterPresenter
from ui.pages.register.result import ResultView
from ui.pages.register.view import Done, Evidence, Known
from ui.pages.register.work import ITEM, SITUATION, Look, MaterialLine
from ui.shell.page import Page
from ui.theme import current_theme
from ui.widgets.ask import AskBar
from ui.widgets.button import KeyButton, shortcuts_for
from ui.widgets.fields import CompletionField, IdentityField
from ui.widgets.fields.choice import Option
from ui.widgets.form import Form
from ui.widgets.notice import Callout, NoticeStrip
from ui.widgets.panels import Columns, Panel, row_of
from ui.widgets.tag import KeyHint, Tag
from ui.widgets.text import Text

_SIDE = 424
_KEEP_AFTER = 2000
"""Milliseconds of a pause while typing after which the draft is kept although the field was not left."""

_GUARDIAN = "guardian_name"
_PICTURES = mark("图片 (*.jpg *.jpeg *.png *.pdf)")


@page("register", title=mark("登记"), icon="user-plus", order=20, roles={"clerk", "supervisor"})
class RegisterPage(Page):
    """居住登记, a new one. Everything that is decided is decided by the presenter."""

    def __init__(self, context: Any) -> None:
        super().__init__(context, tr("居住登记"))
        self._is_discarding = False
        self._language: str = context.language
        self._situation = context.desk.items.situation(ITEM, SITUATION)
        self._presenter = RegisterPresenter(self, context)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_KEEP_AFTER)
        self._timer.timeout.connect(self._presenter.keep)
        self._tag = Tag(tr("新登记"))
        self.header.set_tags([self._tag])
        self._reading = ""
        self._saved = ""
        self._build_header()
        self._stack = QStackedWidget()
        self._stack.addWidget(self._build_form())
        self._result = ResultView()
        self._result.service_wanted.connect(self._open_service)
        self._result.next_wanted.connect(self._presenter.start)
        self._stack.addWidget(self._result)
        self._ask = AskBar()
        self._evidence = EvidencePanel(self._decode)
        self._evidence.field_wanted.connect(self._go_to_box)
        self._evidence.alternative_chosen.connect(self._presenter.choose)
        self._columns = Columns(
            _stacked(self._stack, self._ask), Panel(self._evidence, ground="sunken"), side_width=_SIDE, side_name=tr("证件"), side_left=True
        )
        self.set_body(self._columns)
        self._bind_keys()
        self.setAcceptDrops(True)

    def _build_header(self) -> None:
        self._card = KeyButton(tr("读卡"), key="F2", icon="id-card", small=True)
        self._card.clicked.connect(self._presenter.documents.read_card)
        self._camera = KeyButton(tr("高拍"), key="F3", icon="camera", small=True)
        self._camera.clicked.connect(self._presenter.imaging.capture_card)
        self._file = KeyButton(tr("文件"), key="F4", icon="file-text", small=True)
        self._file.clicked.connect(self._pick_picture)
        self._new = KeyButton(tr("下一人"), key="Ctrl+N", icon="user-plus", small=True)
        self._new.clicked.connect(self._presenter.start)
        self.header.add_action(self._card, self._camera, self._file, self._new)

    def _build_form(self) -> QWidget:
        theme = current_theme()
        self._form = Form(
            form_sections(self._situation, self._language),
            providers={"address": address_provider(self.context.desk)},
            tasks=self.context.tasks,
        )
        self._form.edited.connect(self._edited)
        self._form.left.connect(self._left)
        self._form.finished.connect(self._focus_accept)
        address = self._address
        address.picked.connect(self._picked)
        address.new_requested.connect(self._new_dwelling)
        for key in self._form.fields:
            self._watch_focus(key)
        self._known = Callout("", "", *self._known_buttons(), icon="users")
        self._comparison = _Comparison()
        self._comparison.hide()
        self._warning = NoticeStrip("", "warn")
        self._known_place = _stacked(self._known, padding=theme.space.l)
        self._above = _stacked(self._comparison, self._warning, padding=theme.space.l, gap=theme.space.s)
        # The hint stays in sight however far the form is scrolled: it must be seen before anything is saved.
        panel = Panel(_stacked(self._above, self._form), footer=self._build_footer())
        self._form_scroll = panel.findChildren(QScrollArea)[0]
        return _stacked(self._known_place, panel)

    def _known_buttons(self) -> tuple[KeyButton, KeyButton]:
        compare = KeyButton(tr("并排对照"), key="Ctrl+D", small=True)
        compare.clicked.connect(self._compare)
        go_on = KeyButton(tr("接续其记录"), key="Ctrl+J", small=True)
        go_on.clicked.connect(self._presenter.known.go_on)
        return compare, go_on

    def _build_footer(self) -> QWidget:
        self._missing = Text("", "compact-strong")
        self._to_check = Text("", "compact-strong", tone="amber")
        self._next_gap = KeyHint("F8", tr("下一处"))
        self._tell = KeyButton(tr("一次性告知"), key="Ctrl+T")
        self._tell.clicked.connect(self._presenter.acceptance.tell_missing)
        self._defer = KeyButton(tr("容缺受理"), key="Ctrl+R")
        self._defer.clicked.connect(self._presenter.acceptance.defer)
        self._accept = KeyButton(tr("受理并打印"), key="Ctrl+Enter", role="primary")
        self._accept.clicked.connect(self._do_accept)
        parts = (self._missing, self._to_check, self._next_gap, None, self._tell, self._defer, self._accept)
        return row_of(*parts, padding=(current_theme().space.l, 0))

    def _bind_keys(self) -> None:
        keys: dict[str, Callable[[], object]] = {
            "F8": self._go_to_gap,
            "F9": self._evidence.next_view,
            "Ctrl+E": self._presenter.unlock,
            "Shift+F3": self._presenter.imaging.capture_proof,
            "Shift+F4": self._pick_proof,
            "Ctrl+Shift+V": self._paste,
        }
        for number in range(1, 4):
            keys[f"Alt+{number}"] = partial(self._choose, number)
        for key, act in keys.items():
            shortcut = QShortcut(self)
            shortcut.setKeys(shortcuts_for(key))
            shortcut.activated.connect(act)

    def opened(self) -> None:
        if self._stack.currentIndex() == 0:
            self._presenter.opened()

    def closed(self) -> None:
        self._timer.stop()
        self._presenter.keep()

    def search_target(self, **target: object) -> None:
        wanted = {key: str(value) for key, value in target.items() if key in ("draft_id", "resident_id") and value}
        if wanted:
            self._presenter.open(**wanted)

    def keys(self) -> list[KeyHelp]:
        more = [
            KeyHelp(key="Enter", what=tr("下一处未填")),
            KeyHelp(key="Tab", what=tr("按表的次序到下一栏")),
            KeyHelp(key="F8", what=tr("下一处未填或待核对")),
            KeyHelp(key="Alt+1–3", what=tr("证件上的字：选这一种读法")),
            KeyHelp(key="F9", what=tr("正面、反面、原图")),
            KeyHelp(key="Ctrl+E", what=tr("改证件填入的内容")),
            KeyHelp(key="Shift+F3", what=tr("扫住所证明，进纸器里有几页收几页")),
            KeyHelp(key="Shift+F4", what=tr("住所证明扫描件")),
            KeyHelp(key="Ctrl+Shift+V", what=tr("粘贴图片")),
            KeyHelp(key="Alt+N", what=tr("地址作为新房屋")),
            KeyHelp(key="Esc Esc", what=tr("放弃草稿")),
        ]
        return [*super().keys(), *more]

    @property
    def presenter(self) -> RegisterPresenter:
        """What decides."""
        return self._presenter

    @property
    def form(self) -> Form:
        """The form, for those who drive the page from outside."""
        return self._form

    @property
    def _address(self) -> CompletionField:
        found = self._form.field("address")
        assert isinstance(found, CompletionField)
        return found

    def answers(self) -> dict[str, Any]:
        """The form as it is."""
        return self._form.values()

    def clear(self) -> None:
        """A fresh form in front."""
        self._timer.stop()
        self._stack.setCurrentIndex(0)
        self._form.clear()
        self._tag.show_tag(tr("新登记"), "neutral")
        self.show_known(None)
        self.show_warning("")
        self.show_busy(False)
        self._new.show()

    def set_answers(self, values: Mapping[str, Any]) -> None:
        """Show values beside those that are there."""
        self._form.set_values(values)
        self._fit_number()
        self._show_gaps()

    def _fit_number(self) -> None:
        number = self._form.field("document_number")
        if isinstance(number, IdentityField):
            is_citizen = self._form.field("document_kind").value() in CITIZEN_SCHEME
            number.set_citizen(is_citizen)
            self._form.set_label("document_number", "" if is_citizen else tr("证件号码"))

    def show_filled(self, keys: frozenset[str], count: int) -> None:
        """What the document filled looks read-only and is passed over by the cursor."""
        for key, field in self._form.fields.items():
            wanted = key in keys and not field.is_empty()
            if wanted and field.state() != "read_only":
                field.set_state("read_only")
            elif not wanted and field.state() == "read_only":
                field.set_state("normal")
        self._form.set_section_meta(0, tr("{n} 项由证件填入，Ctrl+E 修改").format(n=count) if count else "")
        self._show_gaps()

    def show_derived(self, derived: Derived) -> None:
        """Words beside fields, the checks under the card, and the guardian's fields for a child."""
        for key, (text, passed) in derived.notes.items():
            self._form.field(key).set_note(text, passed=passed)
        number = self._form.field("document_number")
        for key, text in derived.problems.items():
            self._form.field(key).set_state("error", text)
        if not derived.problems and number.state() == "error" and not number.problem():
            number.set_state("normal")
        self._form.show_section(self._guardian_section(), derived.is_minor)
        self._form.field(_GUARDIAN).set_required(derived.is_minor)
        self._evidence.show_marks(derived.marks)
        self._show_gaps()

    def _guardian_section(self) -> int:
        groups = self._situation.form
        return next(place for place, group in enumerate(groups) if any(field.key == _GUARDIAN for field in group.fields))

    def show_evidence(self, evidence: Evidence) -> None:
        """What was captured."""
        self._evidence.show_evidence(evidence)

    def show_looks(self, looks: Mapping[str, Look]) -> None:
        """Fields that wait for a look, in the form and on the document."""
        for key, field in self._form.fields.items():
            if key in looks:
                field.set_state("check", looks[key].words)
            elif field.state() == "check":
                field.set_state("normal")
        self._evidence.show_looks(looks, self._focused())
        self._show_gaps()

    def _focused(self) -> str:
        focus = QGuiApplication.focusObject()
        return next((key for key, field in self._form.fields.items() if field.focusProxy() is focus), "")

    def show_materials(self, lines: Sequence[MaterialLine]) -> None:
        """The materials with how each came."""
        self._evidence.show_materials(lines, self.context.desk.today())

    def show_known(self, known: Known | None) -> None:
        """A known resident who may be this one."""
        self._known.setVisible(known is not None)
        if known is None:
            self._comparison.hide()
        else:
            self._known.show_words(known.words, known.reasons)
            self._comparison.show_rows(known.rows)
        self._show_above()

    def show_comparison(self, on: bool) -> None:
        """The known record beside the form."""
        self._comparison.setVisible(on)
        self._show_above()

    def show_warning(self, text: str) -> None:
        """What the conditions found."""
        self._warning.show_text(text)
        self._show_above()

    def _show_above(self) -> None:
        self._known_place.setVisible(not self._known.isHidden())
        self._above.setVisible(not self._comparison.isHidden() or not self._warning.isHidden())
        QTimer.singleShot(0, self, self._keep_in_sight)

    def _keep_in_sight(self) -> None:
        """What appears above must not push the field under the cursor out of sight; a comparison was asked for and comes first."""
        focus = self._focused()
        if not self._comparison.isHidden():
            self._form_scroll.ensureWidgetVisible(self._comparison)
        elif focus:
            self._form.reveal(focus)

    def show_reading(self, words: str) -> None:
        """What is being read now."""
        self._reading = words
        self._show_subtitle()

    def show_live(self, picture: bytes) -> None:
        """What the camera sees now."""
        self._evidence.show_live(picture)

    def show_saved(self, text: str) -> None:
        """When the draft was kept."""
        self._saved = text
        self._show_subtitle()

    def _show_subtitle(self) -> None:
        self.header.set_subtitle(self._reading or self._saved)

    def show_busy(self, on: bool) -> None:
        """While the acceptance is being written its button is off."""
        for button in (self._accept, self._defer):
            if on:
                button.set_off(tr("正在受理"))
            else:
                button.set_on()

    def show_problems(self, found: Mapping[str, str]) -> None:
        """Mark the fields that were refused and go to the first."""
        self._form.show_problems(found)
        self._show_gaps()
        self._form.focus_next_gap()

    def show_done(self, done: Done) -> None:
        """The result in place of the form."""
        self._timer.stop()
        self._result.show_done(done)
        self._tag.show_tag(tr("已办结"), "green")
        self.show_saved("")
        self._new.hide()
        self._stack.setCurrentIndex(1)
        self._result.go_on.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_printed(self, words: str, is_printed: bool) -> None:
        """What became of the papers."""
        self._result.show_printed(words)

    def show_next(self, found: Sequence[Offer]) -> None:
        """What may come next."""
        self._result.show_next(found)

    def focus_gap(self) -> bool:
        """The cursor into the first gap; without one onto the primary button, where Enter is not a risk."""
        if not self.isVisible():
            return False
        if self._form.focus_first_gap():
            return True
        self._focus_accept()
        return False

    def _focus_accept(self) -> None:
        self._accept.setFocus(Qt.FocusReason.OtherFocusReason)

    def focus_field(self, key: str) -> None:
        """The cursor into a field."""
        self._form.focus_field(key)

    def is_ready(self) -> bool:
        """Whether nothing is missing or wrong; else the cursor goes there."""
        self._form.validate()
        self._show_gaps()
        return not self._form.focus_first_gap()

    def ask_until(self, proposed: date, then: Callable[[str], None]) -> None:
        """By which day the papers are to follow."""
        self._ask.ask_text(tr("容缺受理，约定补交日期"), proposed.isoformat(), then, placeholder="2026-12-01")

    def ask_seen(self, then: Callable[[str], None]) -> None:
        """Whether the clerk has seen the original, where neither chip nor picture stands for it."""
        self._ask.ask(tr("没有读卡也没有图片"), [Option(code="seen", label=tr("已当面核对原件"))], then)

    def ask_discard(self, then: Callable[[str], None]) -> None:
        """Whether to throw the draft away."""
        options = [Option(code="discard", label=tr("放弃这份草稿")), Option(code="keep", label=tr("留着，办下一人"))]
        self._ask.ask(tr("不办了？"), options, then)

    def _show_gaps(self) -> None:
        missing, to_check = self._form.missing(), self._form.to_check()
        self._missing.setText(tr("{n} 项未填").format(n=len(missing)) if missing else tr("已填齐") if not to_check else "")
        self._missing.setToolTip(tr("、").join(missing))
        self._missing.set_tone("green" if not missing and not to_check else "")
        self._to_check.setText(tr("{n} 项待核对").format(n=len(to_check)) if to_check else "")
        self._to_check.setVisible(bool(to_check))
        self._missing.setVisible(bool(self._missing.text()))
        self._next_gap.setVisible(bool(missing or to_check))

    def _edited(self, key: str) -> None:
        self._timer.start()
        if key == "document_kind":
            self._fit_number()
        self._presenter.edited(key)
        self._show_gaps()

    def _left(self, key: str) -> None:
        self._timer.stop()
        self._presenter.field_left(key)

    def _watch_focus(self, key: str) -> None:
        """A field with the focus lights its place on the document."""
        entered = getattr(self._form.field(key).focusProxy(), "entered", None)
        if entered is not None:
            entered.connect(partial(self._show_place, key))

    def _show_place(self, key: str) -> None:
        self._evidence.show_look_of(key)

    def _picked(self, dwelling: object) -> None:
        if isinstance(dwelling, Dwelling):
            self._presenter.pick_dwelling(dwelling)

    def _new_dwelling(self, _text: str) -> None:
        self._address.set_note(tr("新房屋"))
        self._form.focus_next_gap()

    def _go_to_gap(self) -> None:
        if not self._form.focus_next_gap():
            self._focus_accept()

    def _go_to_box(self, key: str) -> None:
        if key in self._form.fields:
            self._form.focus_field(key)
            self._show_place(key)

    def _do_accept(self) -> None:
        focus = self._focused()
        if focus:  # what is being typed counts before it is judged
            self._form.field(focus).was_left()
        self._presenter.acceptance.accept()

    def _choose(self, number: int) -> None:
        self._presenter.choose(self._evidence.shown_look, number)

    def _compare(self) -> None:
        if self._comparison.isHidden():
            self._presenter.known.compare()
        else:
            self.show_comparison(False)

    def _decode(self, content: bytes, then: Callable[[QImage], None]) -> None:
        self.context.tasks.run(lambda: read_image(content), then=then, otherwise=self.context.trouble)

    def _open_service(self, offer: Offer) -> None:
        resident_id = self._result.resident_id
        self.context.navigate("handle", resident_id=resident_id, item_code=offer.item.code, situation_code=offer.situation.code)

    def _pick_picture(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, tr("选择证件图片"), "", tr(_PICTURES))
        if name:
            self._presenter.documents.take_picture(Path(name))

    def _pick_proof(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, tr("选择住所证明扫描件"), "", tr(_PICTURES))
        if name:
            self._presenter.add_proof(Path(name))

    def add_file(self, path: Path) -> None:
        """Take a picture of the document, as F4 does after its dialog."""
        self._presenter.documents.take_picture(path)

    def _paste(self) -> None:
        mime = QGuiApplication.clipboard().mimeData()
        urls = [url.toLocalFile() for url in mime.urls() if url.isLocalFile()]
        if urls:
            self._presenter.documents.take_picture(Path(urls[0]))
        elif mime.hasImage():
            self._presenter.documents.take_picture_bytes(_png(QGuiApplication.clipboard().image()), tr("剪贴板里的图片"))
        elif mime.hasText():
            self._presenter.documents.take_picture(Path(mime.text().strip().strip('"')))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasImage() or any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        files = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        if files:
            self._presenter.documents.take_picture(Path(files[0]))
            event.acceptProposedAction()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self._presenter.imaging.cancel():
            return
        if event.key() == Qt.Key.Key_Escape and not self._ask.is_asking and self._stack.currentIndex() == 0:
            if self._is_discarding:
                self._is_discarding = False
                self._show_subtitle()
                self._presenter.want_discard()
            else:
                self._is_discarding = True
                self.header.set_subtitle(tr("再按一次 Esc 放弃草稿"))
                super().keyPressEvent(event)
            return
        self._is_discarding = False
        self._show_subtitle()
        super().keyPressEvent(event)


class _Comparison(QWidget):
    """The known record beside the form: what differs stands in amber."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme = current_theme()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(theme.space.m, theme.space.xs, theme.space.m, theme.space.s)
        self._grid.setHorizontalSpacing(theme.space.l)
        self._grid.setVerticalSpacing(theme.space.xs)
        self._grid.setColumnMinimumWidth(0, theme.size.label_width - theme.space.l)
        self._grid.setColumnStretch(1, 1)
        self._grid.setColumnStretch(2, 1)
        self.setProperty("ground", "sunken")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)

    def show_rows(self, rows: Sequence[tuple[str, str, str, bool]]) -> None:
        """Label, known value, the form's value, whether they differ."""
        while (item := self._grid.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        for column, title in enumerate((tr("已有记录"), tr("这次填写")), 1):
            self._grid.addWidget(Text(title, "section"), 0, column)
        for row, (label, known, new, differs) in enumerate(rows, 1):
            self._grid.addWidget(Text(label, "label"), row, 0)
            self._grid.addWidget(Text(known or "—", "compact", wrap=True), row, 1)
            shown = Text(new or "—", "compact-strong" if differs else "compact", tone="amber" if differs else "", wrap=True)
            shown.setAccessibleName(tr("{label} 不同：{new}").format(label=label, new=new) if differs else new)
            self._grid.addWidget(shown, row, 2)


def _stacked(*parts: QWidget, padding: int = 0, gap: int = 0) -> QWidget:
    """Parts under each other; the last one takes the rest. With padding, none at the foot."""
    holder = QWidget()
    column = QVBoxLayout(holder)
    column.setContentsMargins(padding, padding - 4 if padding else 0, padding, 0)
    column.setSpacing(gap)
    for part in parts:
        column.addWidget(part, 1 if part is parts[-1] and not padding else 0)
    return holder


def _png(image: QImage) -> bytes:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, b"PNG")
    return bytes(buffer.data().data())
