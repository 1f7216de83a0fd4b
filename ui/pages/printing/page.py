"""打印: the list of sheets left, the paper itself right, as it comes out of the printer."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from nbcase.domain.words import mark, tr
from nbcase.operations.pictures import PagePicture
from ui.casewords import moment_words, printed_words
from ui.context import KeyHelp
from ui.pages import page
from ui.pages.printing.presenter import Choices, Group, PrintingPresenter, Sheet, sheet_state
from ui.shell.page import Page
from ui.theme import current_theme
from ui.widgets.ask import AskBar
from ui.widgets.button import KeyButton
from ui.widgets.document import DocumentView
from ui.widgets.fields import Option
from ui.widgets.notice import NoticeStrip
from ui.widgets.panels import Columns, Panel, row_of
from ui.widgets.table import Cell, Column, PagedModel, Table, TagCell
from ui.widgets.tag import Chip
from ui.widgets.text import EmptyLine, Line, Text

_SIDE = 476
_ABOUT = frozenset({"document", "case", "print_job"})


@page("printing", title=mark("打印"), icon="printer", order=90)
class PrintingPage(Page):
    """Every sheet of this desk."""

    def __init__(self, context: Any) -> None:
        super().__init__(context, tr("打印"))
        self._presenter = PrintingPresenter(self, context)
        again = KeyButton(tr("看打印机"), key="F5", icon="rotate-cw", small=True)
        again.clicked.connect(self._presenter.look_at_printer)
        verify = KeyButton(tr("核验文书"), key="F8", icon="scan-line", small=True)
        verify.clicked.connect(lambda: context.navigate("verify"))
        self.header.add_action(verify, again)
        self._model = PagedModel(self._columns(), self._presenter.fetch, context.tasks)
        self._table = Table(tr("打印"), self._model, identify=lambda sheet: sheet.key)
        self._table.selected.connect(self._presenter.select)
        self._table.opened.connect(lambda _sheet: self._presenter.print_sheet())
        self._model.loaded.connect(self._loaded)
        self._model.failed.connect(context.trouble)
        self._ask = AskBar()
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(Columns(self._build_main(), self._build_side(), side_width=_SIDE, side_name=tr("预览")), 1)
        column.addWidget(self._ask)
        self.set_body(body)

    def _columns(self) -> tuple[Column[Sheet], ...]:
        today = self.context.desk.today
        return (
            Column(title=tr("时间"), cell=lambda sheet: Cell(text=moment_words(sheet.at, today()), quiet=True), width=104),
            Column(title=tr("文书"), cell=lambda sheet: sheet.title, width=132, stretch=True),
            Column(title=tr("申请人"), cell=lambda sheet: sheet.applicant, width=104, stretch=True),
            Column(title=tr("编号"), cell=lambda sheet: Cell(text=sheet.document.number, quiet=True), width=152, shown_from=640),
            Column(title=tr("状态"), cell=_state_cell, width=104),
            Column(title=tr("补打原因"), cell=_reason_cell, width=92, shown_from=760),
            Column(title=tr("打印机"), cell=_queue_cell, width=104, shown_from=900),
        )

    def _build_main(self) -> QWidget:
        theme = current_theme()
        self._chips: dict[Group, Chip] = {"todo": Chip(tr("要处理"), on=True), "all": Chip(tr("全部"))}
        bar = QWidget()
        bar.setFixedHeight(theme.size.filter_bar)
        row = QHBoxLayout(bar)
        row.setContentsMargins(theme.space.l, 0, theme.space.l, 0)
        row.setSpacing(theme.space.s)
        for place, (group, chip) in enumerate(self._chips.items(), 1):
            chip.clicked.connect(partial(self._choose, group))
            chip.setToolTip(f"Alt+{place}")
            shortcut = QShortcut(f"Alt+{place}", self)
            shortcut.activated.connect(chip.click)
            row.addWidget(chip)
        row.addStretch(1)
        self._lists = QStackedWidget()
        self._lists.addWidget(self._table)
        empty = QWidget()
        holder = QVBoxLayout(empty)
        holder.setContentsMargins(0, 0, 0, 0)
        holder.addWidget(EmptyLine(tr("没有要处理的文书：都打出来了。看全部按"), "Alt+2"))
        holder.addStretch(1)
        self._lists.addWidget(empty)
        main = QWidget()
        column = QVBoxLayout(main)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(bar)
        column.addWidget(Line())
        column.addWidget(self._lists, 1)
        return Panel(main, footer=self._build_footer(), scrolls=False)

    def _build_footer(self) -> QWidget:
        self._printed = KeyButton(tr("打出来了"), key="Y")
        self._spoilt = KeyButton(tr("作废"), key="N", role="danger")
        self._print = KeyButton(tr("打印"), key="Ctrl+P", role="primary", icon="printer")
        self._printed.clicked.connect(lambda: self._presenter.mark("printed"))
        self._spoilt.clicked.connect(lambda: self._presenter.mark("spoilt"))
        self._print.clicked.connect(self._presenter.print_sheet)
        return row_of(self._printed, self._spoilt, None, self._print, padding=(current_theme().space.l, 0))

    def _build_side(self) -> QWidget:
        theme = current_theme()
        self._title, self._meta = Text("", "panel-title"), Text("", "meta")
        self._view = DocumentView(tr("文书预览"), empty=tr("选中一份，这里显示要打印的样子"))
        self._problem = NoticeStrip("", "error")
        self._former = KeyButton(tr("上一页"), key="Alt+←", small=True)
        self._next = KeyButton(tr("下一页"), key="Alt+→", small=True)
        self._former.clicked.connect(lambda: self._presenter.turn_page(-1))
        self._next.clicked.connect(lambda: self._presenter.turn_page(1))
        self._pages = Text("", "meta")
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(theme.space.l, theme.space.m, theme.space.l, theme.space.m)
        column.setSpacing(theme.space.s)
        column.addWidget(row_of(self._title, None, self._pages, self._former, self._next))
        column.addWidget(self._meta)
        column.addWidget(self._problem)
        column.addWidget(self._view, 1)
        return Panel(content, scrolls=False, ground="sunken")

    def opened(self) -> None:
        self._presenter.look_at_printer()
        self._presenter.refresh()
        self._table.setFocus(Qt.FocusReason.OtherFocusReason)

    def reload(self, changed: frozenset[str]) -> None:
        if changed & _ABOUT:
            self._presenter.refresh()

    def search_target(self, **target: object) -> None:
        if document_id := target.get("document_id"):
            self._table.keep(str(document_id))
            self._presenter.choose("all")

    def keys(self) -> list[KeyHelp]:
        more = (("Alt+1–2", tr("要处理、全部")), ("Enter", tr("打印所选的文书")), ("+ - 0", tr("在预览里放大、缩小、复原")))
        return [*super().keys(), *(KeyHelp(key=key, what=what) for key, what in more)]

    def reload_rows(self) -> None:
        """Read the table anew; the selection stays."""
        self._model.reload()

    def show_counts(self, todo: int, total: int) -> None:
        """How many lines there are in each group."""
        self._chips["todo"].set_count(todo)
        self._chips["all"].set_count(total)

    def show_group(self, group: Group) -> None:
        """Let the chips say what is shown."""
        for each, chip in self._chips.items():
            chip.setChecked(each == group)

    def show_queue(self, words: str, *, is_ready: bool) -> None:
        """What the printer says of itself."""
        self.header.set_subtitle(words if is_ready else tr("请看打印机：{words}").format(words=words))

    def show_sheet(self, sheet: Sheet | None, choices: Choices) -> None:
        """One line in full, and what can be said of it."""
        for button, obstacle in ((self._printed, choices.printed), (self._spoilt, choices.spoilt)):
            if obstacle:
                button.set_off(obstacle)
            else:
                button.set_on()
        if sheet is None:
            self._print.set_off(tr("没有选中文书"))
            self._title.setText("")
            self._meta.setText("")
            return
        self._print.set_on()
        self._title.setText(sheet.title)
        printed, _ = printed_words(sheet.document)
        mark = tr("标“暂”") if sheet.document.is_provisional else ""
        self._meta.setText(" · ".join(part for part in (sheet.document.number, sheet.applicant, printed, mark) if part))

    def show_picture(self, picture: PagePicture | None, page: int, problem: str) -> None:
        """A page of the paper, or why there is none."""
        self._problem.show_text(problem)
        self._view.show_document(QImage() if picture is None else QImage.fromData(picture.content))
        count = picture.page_count if picture is not None else 0
        self._pages.setText(tr("第 {page} 页，共 {count} 页").format(page=page + 1, count=count) if count > 1 else "")
        for button in (self._former, self._next):
            button.setVisible(count > 1)

    def ask(self, question: str, options: Sequence[Option], then: Callable[[str], None]) -> None:
        """Ask at the foot of the page."""
        self._ask.ask(question, options, then)

    def _choose(self, group: Group, _on: bool = False) -> None:
        self._presenter.choose(group)

    def _loaded(self) -> None:
        has_rows, had_focus = self._model.rowCount() > 0, self._table.hasFocus()
        self._lists.setCurrentIndex(0 if has_rows else 1)
        if not has_rows:
            self._presenter.select(None)
        else:
            if self._table.current() is None:
                self._table.select(0)
            self._presenter.select(self._table.current())
        if had_focus and has_rows:
            self._table.setFocus()


def _state_cell(sheet: Sheet) -> TagCell:
    words, tone = sheet_state(sheet)
    return TagCell(text=words, tone=tone)


def _reason_cell(sheet: Sheet) -> Cell:
    return Cell(text=sheet.job.reason if sheet.job is not None else "", quiet=True)


def _queue_cell(sheet: Sheet) -> Cell:
    return Cell(text=sheet.job.queue if sheet.job is not None else "", quiet=True)
