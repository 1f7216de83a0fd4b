"""The status line: devices in plain words, who works where, and the time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from nbcase.domain.words import tr
from ui.theme import current_theme
from ui.widgets.ink import draw_line, draw_text, text_width
from ui.widgets.lists import draw_dot
from ui.widgets.text import Text
from ui.widgets.timeline import weekday_sign

DeviceWord = Literal["ready", "warning", "fault", "absent"]

_DOTS: dict[DeviceWord, str] = {"ready": "green_fill", "warning": "amber_fill", "fault": "red", "absent": "text3"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceState:
    """A device by its plain name and its state in words: 读卡器 就绪, A4 打印机 墨粉低."""

    name: str
    words: str
    state: DeviceWord = "ready"


class StatusLine(QWidget):
    """28 logical pixels below everything. Devices that are well give way first when the window is narrow."""

    def __init__(self, who: str, where: str, now: Callable[[], datetime], parent: QWidget | None = None, *, training: bool = False) -> None:
        super().__init__(parent)
        theme = current_theme()
        self._now = now
        self.setFixedHeight(theme.size.status_line)
        self.setProperty("ground", "surface")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.space.m, 1, theme.space.l, 0)
        row.setSpacing(theme.space.l + theme.space.xs)
        self._devices = _Devices(self)
        row.addWidget(self._devices, 1)
        self._training = Text(tr("培训模式，不发生效力"), "meta", tone="train")
        self._who, self._where, self._clock = Text(who, "meta"), Text(where, "meta"), Text("", "meta")
        for label in (self._training, self._who, self._where, self._clock):
            row.addWidget(label)
        self._training.setVisible(training)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._tick)
        self._tick()

    def show_devices(self, devices: Sequence[DeviceState]) -> None:
        """Show what the devices say of themselves."""
        self._devices.show_devices(devices)

    def set_compact(self, on: bool) -> None:
        """A compact window has no room for the station; its name stays in the tooltip of the clerk."""
        self._where.setVisible(not on)
        self._who.setToolTip(self._where.text() if on else "")

    def _tick(self) -> None:
        """Show the minute and come again when it is over."""
        now = self._now()
        self._clock.setText(clock_words(now))
        self._timer.start((60 - now.second) * 1000 - now.microsecond // 1000 + 50)

    def paintEvent(self, event: QPaintEvent) -> None:
        draw_line(QPainter(self), 0, 0, self.width(), 1)


def clock_words(now: datetime) -> str:
    """2026-11-24 周二 16:21."""
    return f"{now:%Y-%m-%d} " + tr("周{day}").format(day=weekday_sign(now.date())) + f" {now:%H:%M}"


class _Devices(QWidget):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._states: tuple[DeviceState, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)

    def show_devices(self, devices: Sequence[DeviceState]) -> None:
        self._states = tuple(devices)
        words = tr("；").join(f"{state.name} {state.words}" for state in devices)
        self.setAccessibleName(tr("设备：{states}").format(states=words))
        self.setToolTip(words)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(current_theme().size.search_width, current_theme().size.status_line)

    def _fitting(self) -> list[DeviceState]:
        """The devices for which there is room; what is wrong is said first and last to go."""
        shown = list(self._states)
        by_trouble = sorted(shown, key=lambda state: state.state == "ready")
        while shown and sum(_width_of(state) for state in shown) > self.width() + current_theme().space.xl:
            shown.remove(by_trouble.pop())
        return shown

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current_theme()
        painter = QPainter(self)
        left = 0
        for state in self._fitting():
            draw_dot(painter, left, self.height() / 2, _DOTS[state.state])
            text = left + theme.size.dot + theme.space.s - 2
            area = self.rect().adjusted(text, 0, 0, 0)
            draw_text(painter, area, f"{state.name} {state.words}", "text2", "secondary")
            left += _width_of(state)


def _width_of(state: DeviceState) -> int:
    theme = current_theme()
    return theme.size.dot + theme.space.s - 2 + text_width(f"{state.name} {state.words}", "secondary") + theme.space.l + theme.space.xs
