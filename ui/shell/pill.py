"""The sync pill: always there, always true, and a click opens 同步."""

from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QEnterEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from nbcase.domain.words import tr
from ui.theme import current_theme
from ui.widgets.icon import draw_icon
from ui.widgets.ink import draw_ground, draw_line, draw_text, text_width
from ui.widgets.lists import draw_dot

Connection = Literal["online", "offline", "unknown", "drill"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PillState:
    """What the desk knows of its connection.

    `reconciled` is the time of the last agreed count as the clerk reads it (16:02), `confirmed` of `sent` actions are at the
    centre; `waiting` are not sent yet; `rules_age_days` is the age of the rules while offline; `conflicts` and `quarantined` need a person.
    `is_unequal` says that the last count did not agree; `drill_minutes` are left of an outage drill; `loading` is how many of how
    many records of the station have come in, while a new desk fetches them; `is_queued` says that the centre is busy and has given
    an appointment.
    """

    connection: Connection = "unknown"
    reconciled: str = ""
    confirmed: int = 0
    sent: int = 0
    waiting: int = 0
    rules_age_days: int | None = None
    conflicts: int = 0
    quarantined: int = 0
    is_unequal: bool = False
    drill_minutes: int = 0
    loading: tuple[int, int] | None = None
    is_queued: bool = False

    def word(self) -> str:
        """The state in one word."""
        return {"online": tr("在线"), "offline": tr("离线"), "unknown": tr("连接中"), "drill": tr("演练")}[self.connection]

    def parts(self) -> tuple[str, ...]:
        """What follows the word, most needed first."""
        parts = []
        if self.waiting:
            parts.append(tr("{n} 件待传").format(n=self.waiting))
        if self.connection in ("offline", "drill"):
            if not self.waiting:
                parts.append(tr("没有待传"))
            if self.connection == "drill":
                parts.append(tr("还剩 {n} 分").format(n=self.drill_minutes))
            elif self.rules_age_days is not None:
                parts.append(rules_words(self.rules_age_days))
        elif self.loading is not None:
            parts.append(tr("正在取回本站资料 {done}/{all}").format(done=f"{self.loading[0]:,}", all=f"{self.loading[1]:,}"))
        elif self.is_queued:
            parts.append(tr("中心忙，已排队"))
        elif self.reconciled and not self.is_unequal:
            counts = {"time": self.reconciled, "confirmed": self.confirmed, "sent": self.sent}
            parts.append(tr("已对账 {time}（{confirmed}/{sent}）").format(**counts))
        elif self.connection == "online" and not self.is_unequal:
            parts.append(tr("尚未对账"))
        return tuple(parts)

    def alarms(self) -> tuple[str, ...]:
        """What a person has to look at; these never give way."""
        found = [tr("对账不一致")] if self.is_unequal else []
        found += [tr("冲突 {n}").format(n=self.conflicts)] if self.conflicts else []
        return (*found, *((tr("隔离 {n}").format(n=self.quarantined),) if self.quarantined else ()))


def rules_words(days: int) -> str:
    """How old the rules are that the desk works by."""
    return tr("规则为 {n} 天前").format(n=days) if days else tr("规则为今天")


class Pill(QAbstractButton):
    """A dot or a sign, the word, and what follows; the last parts give way in a narrow window."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = PillState()
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.show_state(self._state)

    def show_state(self, state: PillState) -> None:
        """Tell the truth as it is now."""
        self._state = state
        words = " · ".join((state.word(), *state.parts(), *self._state.alarms()))
        self.setAccessibleName(tr("同步：{state}").format(state=words))
        self.setToolTip(words)
        self.updateGeometry()
        self.update()

    @property
    def _is_offline(self) -> bool:
        return self._state.connection in ("offline", "drill")

    def _pieces(self) -> list[tuple[str, str, bool]]:
        """Texts with colour and weight, left to right."""
        color = "amber" if self._is_offline else "text"
        pieces = [(self._state.word(), color, self._is_offline)]
        pieces += [(part, color, False) for part in self._state.parts()]
        return pieces + [(part, "red", True) for part in self._state.alarms()]

    def _width_of(self, pieces: list[tuple[str, str, bool]]) -> int:
        theme = current_theme()
        sign = theme.size.icon if self._is_offline else theme.size.dot
        gap = 2 * theme.space.s + theme.line.hairline
        texts = sum(text_width(text, "compact", strong=strong) for text, _, strong in pieces)
        return 2 * theme.space.m + sign + theme.space.s + texts + gap * (len(pieces) - 1)

    def _fitting(self) -> list[tuple[str, str, bool]]:
        """The pieces for which there is room: the word and a conflict always stay."""
        pieces = self._pieces()
        fixed = 1 + len(self._state.alarms())
        while len(pieces) > fixed and self._width_of(pieces) > self.width():
            del pieces[-1 - len(self._state.alarms())]
        return pieces

    def sizeHint(self) -> QSize:
        return QSize(self._width_of(self._pieces()), current_theme().size.pill_height)

    def minimumSizeHint(self) -> QSize:
        pieces = self._pieces()
        alarms = len(self._state.alarms())
        kept = pieces[:1] + (pieces[-alarms:] if alarms else [])
        return QSize(self._width_of(kept), current_theme().size.pill_height)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current_theme()
        painter = QPainter(self)
        ground = "amber_weak" if self._is_offline else "hover" if self.underMouse() else "surface"
        border = "amber_fill" if self._is_offline else "border_strong"
        pieces = self._fitting()
        start = self.width() - self._width_of(pieces)
        draw_ground(painter, self.rect().adjusted(start, 0, 0, 0), ground, border, radius=theme.radius.pill)
        left = float(start + theme.space.m)
        middle = self.height() / 2
        if self._is_offline:
            draw_icon(painter, left, middle - theme.size.icon / 2, "cloud-off", "amber")
            left += theme.size.icon + theme.space.s
        else:
            draw_dot(painter, left, middle, "green_fill" if self._state.connection == "online" else "text3")
            left += theme.size.dot + theme.space.s
        for place, (text, color, strong) in enumerate(pieces):
            if place:
                left += theme.space.s
                half = theme.space.s - 1
                draw_line(painter, left, middle - half, left + 1, middle + half, border)
                left += theme.line.hairline + theme.space.s
            area = QRectF(left, 0, self.width() - left, self.height())
            left += draw_text(painter, area, text, color, "compact", strong=strong)

    def enterEvent(self, event: QEnterEvent) -> None:
        self.update()
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self.update()
        super().leaveEvent(event)
