"""What stands in place of the form after the acceptance: the number to read out, what was printed, what may come next."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from nbcase.domain.words import tr
from nbcase.operations.offers import Offer
from nbcase.operations.printing import paper_name
from ui.pages.register.view import Done
from ui.theme import current_theme
from ui.widgets.button import KeyButton
from ui.widgets.icon import Icon
from ui.widgets.panels import Panel, row_of
from ui.widgets.text import Facts, PanelHeading, Text


class ResultView(QWidget):
    """Calm and complete; digits open the next service, Ctrl+N the next person."""

    service_wanted = Signal(object)
    next_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme = current_theme()
        self._number = Text("", "figure")
        self._number.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._title = Text("", "panel-title")
        self._facts = Facts()
        self._next_heading = PanelHeading(tr("接着可办"), tr("按数字打开"), padding=0)
        self._next = QVBoxLayout()
        self._next.setSpacing(theme.space.s)
        self._done: Done | None = None
        head = QHBoxLayout()
        head.setSpacing(theme.space.s)
        head.addWidget(Icon("circle-check", "green"))
        head.addWidget(self._title, 1)
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(theme.space.xl, theme.space.xl, theme.space.xl, theme.space.xl)
        column.setSpacing(theme.space.m)
        column.addLayout(head)
        column.addSpacing(theme.space.s)
        column.addWidget(Text(tr("受理号"), "meta"))
        column.addWidget(self._number)
        column.addWidget(self._facts)
        column.addSpacing(theme.space.s)
        column.addWidget(self._next_heading)
        column.addLayout(self._next)
        column.addStretch(1)
        body.setMaximumWidth(theme.size.form_column_max + 4 * theme.space.xl)
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(body, 1)
        row.addStretch(0)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        self.go_on = KeyButton(tr("办下一人"), key="Ctrl+N", role="primary")
        self.go_on.clicked.connect(self.next_wanted)
        outer.addWidget(Panel(holder, footer=row_of(None, self.go_on, padding=(theme.space.l, 0))))

    @property
    def resident_id(self) -> str:
        """Whose registration it is; empty before the first."""
        return self._done.resident_id if self._done is not None else ""

    def show_done(self, done: Done) -> None:
        """The accepted registration; printing and next services follow."""
        self._done = done
        self._number.setText(done.number)
        self._number.setAccessibleName(tr("受理号 {number}").format(number=done.number))
        self._title.setText(tr("{name} 已登记").format(name=done.name))
        self._show_facts(tr("正在打印 {names}…").format(names=tr("、").join(paper_name(document.kind_code) for document in done.documents)))
        self.show_next(())

    def show_printed(self, words: str) -> None:
        """What became of the papers."""
        self._show_facts(words)

    def _show_facts(self, printed: str) -> None:
        if self._done is not None:
            kept = tr("已存本机并排队上传")
            self._facts.show_facts([(tr("住址"), self._done.address), (tr("打印"), printed), (tr("保存"), kept)])

    def show_next(self, found: Sequence[Offer]) -> None:
        """What may come next; one that is not open yet says what it waits for."""
        while (item := self._next.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        self._next_heading.setVisible(bool(found))
        number = 0
        for offer in found:
            number += not offer.obstacle
            self._next.addWidget(self._offer_row(offer, number))

    def _offer_row(self, offer: Offer, number: int) -> QWidget:
        theme = current_theme()
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.space.m)
        button = KeyButton(offer.name, key="" if offer.obstacle else str(number))
        if offer.obstacle:
            button.set_off(offer.obstacle)
        button.clicked.connect(lambda: self.service_wanted.emit(offer))
        row.addWidget(button)
        row.addWidget(Text(offer.obstacle, "meta", wrap=True), 1)
        return holder
