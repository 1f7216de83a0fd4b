"""断网演练: what works, what waits and for how long this desk could go on, all the time that the line is cut on purpose."""

from dataclasses import dataclass
from datetime import date
from math import ceil
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from nbcase.domain.clerk import Clerk
from nbcase.domain.clock import local_date
from nbcase.domain.words import tr
from nbcase.operations.transfer import Proof
from ui.shell.pill import rules_words
from ui.theme import current_theme
from ui.widgets.button import KeyButton
from ui.widgets.icon import Icon
from ui.widgets.ink import draw_line
from ui.widgets.text import Text

MINUTES = (5, 15, 30)
"""How long a drill may be; it ends by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillState:
    """A drill in words."""

    left: str
    works: str
    waits: str
    until: str


def drill_state(status: Any, found: Proof, numbers: int, clerk: Clerk, today: date) -> DrillState | None:
    """What the band says; None without a drill."""
    if status is None or not status.drill_left_s:
        return None
    return DrillState(
        left=tr("断网演练，还剩 {n} 分").format(n=ceil(status.drill_left_s / 60)),
        works=tr("登记、受理、签注、审核、打印、查本站居民。与平时一样，全部写在本机。"),
        waits=tr("{n} 件上传，全市查重，异地持证核查（先标“暂”），别的窗口的改动。").format(n=found.tally.waiting),
        until=tr("受理号余 {n} 个；{rules}；{account}。").format(
            n=numbers, rules=_rules_words(status, today), account=_account_words(clerk)
        ),
    )


def _rules_words(status: Any, today: date) -> str:
    if status.contact_at is None:
        return tr("规则随安装包")
    return rules_words(max((today - local_date(status.contact_at)).days, 0))


def _account_words(clerk: Clerk) -> str:
    if clerk.valid_until_on is None:
        return tr("登录不限天数")
    return tr("登录可用至 {day}").format(day=clerk.valid_until_on)


class DrillBand(QWidget):
    """The three questions of an outage answered side by side, and the button that ends the drill; a small window has only the title."""

    ended = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme = current_theme()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._title = Text("", "compact-strong", tone="amber")
        self._end = KeyButton(tr("结束演练"), key="Ctrl+D", small=True)
        self._end.clicked.connect(self.ended)
        head = QHBoxLayout()
        head.setSpacing(theme.space.s)
        head.addWidget(Icon("cloud-off", "amber"))
        head.addWidget(self._title)
        head.addStretch(1)
        head.addWidget(self._end)
        self._texts = {name: Text("", "compact", wrap=True) for name in ("works", "waits", "until")}
        self._answers = QWidget()
        row = QHBoxLayout(self._answers)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.space.xl)
        for name, title in (("works", tr("照常能办")), ("waits", tr("等连接恢复")), ("until", tr("能撑多久"))):
            column = QVBoxLayout()
            column.setSpacing(theme.space.xs)
            column.addWidget(Text(title, "meta"))
            column.addWidget(self._texts[name])
            column.addStretch(1)
            row.addLayout(column, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.space.l, theme.space.s, theme.space.l, theme.space.s)
        column.setSpacing(theme.space.xs)
        column.addLayout(head)
        column.addWidget(self._answers)
        self.hide()

    def show_drill(self, state: DrillState | None) -> None:
        """Follow the drill; without one the band is gone."""
        self.setVisible(state is not None)
        if state is None:
            return
        self._title.setText(state.left)
        for name, text in self._texts.items():
            text.setText(getattr(state, name))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._answers.setVisible(self.window().width() >= current_theme().layout.compact_below)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), current_theme().color("amber_weak"))
        draw_line(painter, 0, self.height() - 1, self.width(), self.height(), "border")
