"""设置: the form at the left, this desk and this program at the right."""

import platform
from collections.abc import Mapping
from typing import Any

from PySide6 import __version__ as qt_version
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from nbcase import __version__
from nbcase.domain.words import mark, tr
from nbcase.settings import DECLARED
from ui.context import KeyHelp
from ui.pages import page
from ui.pages.settings.presenter import SettingsPresenter, Surroundings, form_sections, queue_options
from ui.shell.page import Page
from ui.theme import current_theme
from ui.widgets.button import KeyButton
from ui.widgets.fields import ChoiceField, Suggestions
from ui.widgets.form import Form
from ui.widgets.panels import Columns, Panel, row_of
from ui.widgets.picklist import Suggestion
from ui.widgets.text import Facts, SectionHeading, Text

_SIDE = 400


@page("settings", title=mark("设置"), icon="settings", order=120)
class SettingsPage(Page):
    """Everything that a desk may be told."""

    def __init__(self, context: Any) -> None:
        super().__init__(context, tr("设置"))
        self._ports: tuple[tuple[str, str], ...] = ()
        self._form = Form(form_sections(), providers={"reader_port": self._complete_port}, tasks=context.tasks)
        self._presenter = SettingsPresenter(self, context)
        self._form.edited.connect(lambda _key: self._presenter.edited())
        self._note_effects()
        self._reader = KeyButton(tr("试读卡器"), key="F2", icon="id-card")
        self._reader.clicked.connect(self._presenter.try_reader)
        self._discard = KeyButton(tr("不改了"), key="Alt+Z")
        self._discard.clicked.connect(self._presenter.discard)
        self._save = KeyButton(tr("保存"), key="Ctrl+Enter", role="primary")
        self._save.clicked.connect(self._presenter.save)
        footer = row_of(self._reader, None, self._discard, self._save, padding=(current_theme().space.l, 0))
        main = Panel(self._form, footer=footer)
        self.set_body(Columns(main, Panel(self._build_side(), ground="sunken"), side_width=_SIDE, side_name=tr("本机")))

    def _note_effects(self) -> None:
        for setting in DECLARED:
            if setting.takes_effect:
                self._form.field(setting.key).setToolTip(tr("{when}生效").format(when=tr(setting.takes_effect)))

    def _build_side(self) -> QWidget:
        theme = current_theme()
        desk = self.context.desk
        until = desk.calendar.known_until_on
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(theme.space.l, theme.space.m, theme.space.l, theme.space.m)
        column.setSpacing(theme.space.m)
        station = [
            (tr("受理点"), desk.station.name),
            (tr("编号"), desk.station.code),
            (tr("电话"), desk.station.phone or ""),
            (tr("窗口"), desk.identity.window),
            (tr("受理号"), tr("{prefix} 开头").format(prefix=desk.identity.prefix)),
            (tr("本机"), desk.identity.desk_id),
        ]
        calendar = [
            (tr("放假安排"), tr("已知到 {day}").format(day=until) if until else tr("没有")),
            (tr("今年"), desk.calendar.notice(desk.today().year) or tr("没有导入，期限按法定节假日暂定")),
        ]
        program = [
            (tr("版本"), f"nbcase {__version__}"),
            (tr("许可"), "Apache-2.0"),
            (tr("运行于"), f"Python {platform.python_version()}, Qt {qt_version}"),
            (tr("字体"), tr("Noto Sans SC、Noto Serif SC，OFL 1.1")),
            (tr("图标"), "Lucide, ISC"),
            (tr("资料"), tr("读音表 pypinyin，MIT；GB/T 代码；国务院放假通知")),
        ]
        for title, facts in ((tr("本机"), station), (tr("工作日历"), calendar), (tr("关于"), program)):
            column.addWidget(SectionHeading(title))
            column.addWidget(Facts(facts))
        column.addWidget(SectionHeading(tr("何时生效")))
        column.addWidget(Text(_effects(), "meta", wrap=True))
        column.addStretch(1)
        return holder

    def opened(self) -> None:
        self._presenter.refresh()
        self._form.focus_field(DECLARED[0].key)

    def keys(self) -> list[KeyHelp]:
        more = (("Tab", tr("下一项")), ("↓", tr("打开选项")), ("Delete", tr("清空所选")))
        return [*super().keys(), *(KeyHelp(key=key, what=what) for key, what in more)]

    def values(self) -> Mapping[str, str]:
        """What stands in the form."""
        return {key: str(value).strip() for key, value in self._form.values().items()}

    def show_values(self, values: Mapping[str, str]) -> None:
        """Fill the form."""
        self._form.clear()
        self._show_queues((), values.get("queue", ""))
        self._form.set_values(values)

    def show_problems(self, problems: Mapping[str, str]) -> None:
        """Mark the fields that cannot be kept, and go to the first."""
        self._form.show_problems(problems)
        first = next((key for key in problems if key in self._form.fields), None)
        if first is not None:
            self._form.focus_field(first)

    def show_surroundings(self, found: Surroundings) -> None:
        """What there is to choose from."""
        self._ports = found.ports
        self._show_queues(found.queues, str(self._form.field("queue").value()))

    def _show_queues(self, found: tuple[str, ...], chosen: str) -> None:
        field = self._form.field("queue")
        assert isinstance(field, ChoiceField)
        field.set_options(queue_options(found, chosen))
        field.set_value(chosen)

    def show_is_changed(self, on: bool) -> None:
        """Whether there is something to keep."""
        self.header.set_subtitle(tr("有改动，还没有保存") if on else tr("已保存"))
        for button in (self._save, self._discard):
            if on:
                button.set_on()
            else:
                button.set_off(tr("没有改动"))

    def show_busy(self, on: bool) -> None:
        """While a device or a file is asked."""
        if on:
            self._reader.set_off(tr("正在检查"))
            self._save.set_off(tr("正在检查"))
        else:
            self._reader.set_on()
            self._presenter.edited()

    def _complete_port(self, typed: str) -> Suggestions:
        wanted = typed.strip().casefold()
        rows = [
            Suggestion(text=port, under=what, icon="usb")
            for port, what in self._ports
            if wanted in port.casefold() or wanted in what.casefold()
        ]
        return Suggestions(rows=tuple(rows), note=tr("本机串口 {n} 个").format(n=len(self._ports)))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self._presenter.is_changed:
            self._presenter.discard()
            return
        super().keyPressEvent(event)


def _effects() -> str:
    """Which settings wait for the next start or sign-in; the others count at once."""
    later: dict[str, list[str]] = {}
    for setting in DECLARED:
        if setting.takes_effect:
            later.setdefault(tr(setting.takes_effect), []).append(tr(setting.name))
    lines = [tr("{when}：{names}。").format(when=when, names=tr("、").join(names)) for when, names in later.items()]
    return "\n".join([*lines, tr("其余保存后立即生效。")])
