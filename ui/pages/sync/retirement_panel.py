"""停用本机: everything that could still be lost, looked at before a supervisor takes the desk out of service."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from nbcase.domain.words import tr
from nbcase.operations.retire import RetirementCheck
from ui.pages.sync.errands import may_go
from ui.theme import current_theme
from ui.widgets.button import KeyButton
from ui.widgets.icon import Icon
from ui.widgets.panels import Panel, row_of
from ui.widgets.text import Line, Text


class RetirementPanel(QWidget):
    """The checks with their findings and ways out; the desk can go only when all are clear."""

    wanted = Signal()
    left = Signal()

    def __init__(self) -> None:
        super().__init__()
        theme = current_theme()
        head = QWidget()
        words = QVBoxLayout(head)
        words.setContentsMargins(theme.space.l, theme.space.m, theme.space.l, theme.space.s)
        words.setSpacing(theme.space.xs)
        words.addWidget(row_of(Icon("log-out", "text2"), Text(tr("停用本机"), "panel-title"), None))
        promise = tr("中心签字确认全部办件都在，留下凭据，然后销毁本机密钥：这台电脑上的资料从此谁也打不开。")
        words.addWidget(Text(promise, "meta", wrap=True))
        self._rows = QVBoxLayout()
        self._rows.setContentsMargins(theme.space.l, theme.space.m, theme.space.l, theme.space.m)
        self._rows.setSpacing(theme.space.m)
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(head)
        column.addWidget(Line())
        column.addLayout(self._rows)
        column.addStretch(1)
        self._stay = KeyButton(tr("不停用"), key="Esc")
        self._stay.clicked.connect(self.left)
        self._go = KeyButton(tr("停用本机"), key="Ctrl+Enter", role="danger")
        self._go.clicked.connect(self.wanted)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(Panel(body, footer=row_of(None, self._stay, self._go, padding=(theme.space.l, 0))))

    def show_checks(self, checks: Sequence[RetirementCheck]) -> None:
        """What was found just now."""
        while (item := self._rows.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.setParent(None)
                widget.deleteLater()
        for check in checks:
            self._rows.addWidget(_check_row(check))
        if may_go(checks):
            self._go.set_on()
        else:
            self._go.set_off(tr("先处理上面标红的各项"))


def _check_row(check: RetirementCheck) -> QWidget:
    theme = current_theme()
    holder = QWidget()
    column = QVBoxLayout(holder)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(theme.space.xs)
    icon = Icon("circle-check", "green") if check.is_clear else Icon("circle-x", "red")
    finding = Text(check.finding, "compact", tone="" if check.is_clear else "red", wrap=True)
    name = Text(check.name, "compact-strong")
    name.setFixedWidth(theme.size.label_width)
    line = row_of(icon, name, finding)
    layout = line.layout()
    assert layout is not None
    layout.setStretch(2, 1)  # type: ignore[attr-defined]
    column.addWidget(line)
    if not check.is_clear:
        way = Text(check.way_out, "meta", wrap=True)
        way.setContentsMargins(theme.size.icon + theme.size.label_width + 2 * theme.space.s, 0, 0, 0)
        column.addWidget(way)
    return holder
