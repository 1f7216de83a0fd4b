"""核验: a field for the hand scanner, the verdict under it, our own copy of the paper at the right."""

from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QKeyEvent
from PySide6.QtWidgets import QFileDialog, QVBoxLayout, QWidget

from nbcase.domain.words import mark, tr
from nbcase.operations.pictures import PagePicture
from nbcase.operations.verifying import VerdictWords
from ui.context import KeyHelp
from ui.pages import page
from ui.pages.verify.presenter import VerifyPresenter
from ui.shell.page import Page
from ui.theme import current_theme
from ui.widgets.button import KeyButton
from ui.widgets.document import DocumentView
from ui.widgets.fields import TextField
from ui.widgets.notice import NoticeStrip
from ui.widgets.panels import Columns, Panel, column_of, row_of
from ui.widgets.text import Facts, Text, TextTone

_SIDE = 476
_TONES: dict[str, TextTone] = {"good": "green", "look": "amber", "bad": "red"}


@page("verify", title=mark("核验"), icon="scan-line", order=91, in_rail=False)
class VerifyPage(Page):
    """Whether a paper that somebody shows is ours and holds."""

    def __init__(self, context: Any) -> None:
        super().__init__(context, tr("核验文书"))
        self._presenter = VerifyPresenter(self, context)
        self.header.set_subtitle(tr("不用联网；收回名单随每次连接更新"))
        self._code = TextField(tr("二维码"), placeholder=tr("用扫码枪扫纸上的二维码，或粘贴扫到的文字"))
        self._code.edit.returnPressed.connect(self._check_code)
        self._file = KeyButton(tr("选文件"), key="F4", icon="file-text")
        self._file.clicked.connect(self._choose_file)
        self.header.add_action(self._file)
        self.set_body(Columns(self._build_main(), self._build_side(), side_width=_SIDE, side_name=tr("原件")))

    def _build_main(self) -> QWidget:
        theme = current_theme()
        self._title, self._why = Text("", "title"), Text("", "body", wrap=True)
        self._advice = NoticeStrip("", "warn")
        self._facts = Facts(label_width=theme.size.label_width)
        self._hint = Text(tr("有效、暂证、过期、收回、改动、伪造都会在这里说明依据。"), "meta", wrap=True)
        content = column_of(
            self._code, self._hint, self._title, self._why, self._advice, self._facts, padding=theme.space.l, gap=theme.space.m
        )
        check = KeyButton(tr("核验"), key="Ctrl+Enter", role="primary")
        check.clicked.connect(self._check_code)
        return Panel(content, footer=row_of(None, check, padding=(theme.space.l, 0)))

    def _build_side(self) -> QWidget:
        theme = current_theme()
        self._view = DocumentView(tr("原件"), empty=tr("本机有这份文书时，这里显示原件，供逐项比对"))
        self._problem = NoticeStrip("", "warn")
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(theme.space.l, theme.space.m, theme.space.l, theme.space.m)
        column.setSpacing(theme.space.s)
        column.addWidget(Text(tr("原件"), "panel-title"))
        column.addWidget(self._problem)
        column.addWidget(self._view, 1)
        return Panel(content, scrolls=False, ground="sunken")

    def opened(self) -> None:
        self._code.edit.setFocus(Qt.FocusReason.OtherFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.context.navigate("printing")
            return
        super().keyPressEvent(event)

    def keys(self) -> list[KeyHelp]:
        more = (("Enter", tr("核验扫到的二维码")), ("F4", tr("核验 PDF 或照片")), ("Esc", tr("回到打印")))
        return [*super().keys(), *(KeyHelp(key=key, what=what) for key, what in more)]

    def show_busy(self) -> None:
        """A question is on its way."""
        self._hint.hide()
        self._title.set_tone("")
        self._title.setText(tr("正在核验…"))
        for text in (self._why, self._advice):
            text.hide()
        self._facts.show_facts(())

    def show_words(self, words: VerdictWords) -> None:
        """The verdict; the scanned text stands selected, so that the next scan replaces it."""
        self._title.setText(words.title)
        self._title.set_tone(_TONES[words.tone])
        self._why.setText(words.why)
        self._why.show()
        self._advice.show_text(words.do, "error" if words.tone == "bad" else "warn")
        self._facts.show_facts(words.facts)
        self._code.edit.setFocus(Qt.FocusReason.OtherFocusReason)
        self._code.edit.selectAll()

    def show_original(self, picture: PagePicture | None, problem: str) -> None:
        """Our own copy of the paper, where this desk has it."""
        self._problem.show_text(problem)
        self._view.show_document(QImage() if picture is None else QImage.fromData(picture.content))

    def _check_code(self) -> None:
        # Not the field's value, which is trimmed: a blank may be the last sign of a code.
        self._presenter.check_code(self._code.edit.text())

    def _choose_file(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, tr("核验哪份文件"), "", tr("PDF 或照片 (*.pdf *.png *.jpg *.jpeg)"))
        if name:
            self._code.edit.clear()
            self._presenter.check_file(Path(name))
