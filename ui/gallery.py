"""Sample pages with invented rows that use every widget, as pictures: `python -m ui.gallery --out DIR`."""

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget

from ui.context import DeskContext, KeyHelp, Notice
from ui.pages import PageSpec
from ui.pictures import render
from ui.shell.page import Page
from ui.shell.pill import PillState
from ui.shell.search import SearchGroup, SearchHit
from ui.shell.sign_in import SignIn
from ui.shell.statusline import DeviceState
from ui.shell.window import MainWindow
from ui.tasks import InlineTasks
from ui.theme import Theme, current_theme, load_tokens
from ui.widgets.button import KeyButton, LinkButton
from ui.widgets.document import Box, DocumentView
from ui.widgets.fields import Option, Suggestions
from ui.widgets.figures import Figure, FigureStrip, HourBars
from ui.widgets.form import FieldSpec, Form, FormSection
from ui.widgets.ink import draw_ground
from ui.widgets.limitbar import LimitFigure
from ui.widgets.lists import CheckList, CheckRow, EventList, EventRow, LineList, LineRow
from ui.widgets.notice import Callout, NoticeStrip
from ui.widgets.panels import Columns, Panel, Scroll, row_of
from ui.widgets.picklist import Suggestion
from ui.widgets.ring import FocusRing
from ui.widgets.table import Cell, Column, PagedModel, RowPage, Table, TagCell
from ui.widgets.tag import Chip, KeyHint, Tag
from ui.widgets.text import EmptyLine, Facts, Line, PanelHeading, SectionHeading, Text
from ui.widgets.timeline import LimitDay, Segment, Timeline, TimelineRow, WorkingDays

_NOW = datetime(2026, 11, 24, 16, 21, tzinfo=timezone(timedelta(hours=8)))


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleContext:
    """A context without a desk behind it."""

    theme: Theme
    clerk: Any = field(default_factory=lambda: SimpleNamespace(name="陈砚秋", role="window", role_name="窗口岗"))
    station_name: str = "骆驼街道服务站"
    window_name: str = "2 号窗"
    training: bool = False
    desk: Any = None
    tasks: InlineTasks = field(default_factory=InlineTasks)

    def navigate(self, page: str, **target: object) -> None:
        """Nowhere to go."""

    def notify(self, notice: Notice) -> None:
        """Nobody to tell."""

    def trouble(self, error: BaseException) -> None:
        """Every error of a sample is a bug."""
        raise error

    def now(self) -> datetime:
        """The moment of all samples."""
        return _NOW


def _stack(*parts: QWidget, padding: tuple[int, int, int, int] = (0, 0, 0, 0), gap: int = 0, stretch: bool = True) -> QWidget:
    holder = QWidget()
    column = QVBoxLayout(holder)
    column.setContentsMargins(*padding)
    column.setSpacing(gap)
    for part in parts:
        column.addWidget(part)
    if stretch:
        column.addStretch(1)
    return holder


class HomePage(Page):
    """工作台: figures, lists with limits, readiness checks, bars by the hour."""

    def __init__(self, context: DeskContext) -> None:
        super().__init__(context, "工作台")
        self.header.set_subtitle("陈砚秋，今天是周二。2 件明日到期，先办。")
        self.header.add_action(
            KeyButton("叫下一号", key="F6", small=True),
            KeyButton("新登记", key="Ctrl+N", role="primary", small=True),
        )
        strip = FigureStrip(_FIGURES)
        side = Panel(_home_side(), scrolls=True)
        main = Panel(_home_main(), scrolls=True)
        columns = Columns(main, side, side_width=524, side_name="今日")
        self.set_body(_stack(strip, columns, stretch=False))


_FIGURES = (
    Figure(key="open", label="在办", value="18", note="其中我经办 7"),
    Figure(key="late", label="超承诺", value="1", note="转复核岗", tone="red"),
    Figure(key="tomorrow", label="明日到期", value="3", note="我经办 2", tone="amber"),
    Figure(key="today", label="今日受理", value="23", note="比上周二 +4"),
    Figure(key="unsent", label="待上传", value="0", note="16:02 对账 43/43"),
    Figure(key="mean", label="平均受理", value="3:12", note="本周，目标 4:00"),
)


def _limit_row(title: str, name: str, note: str, used: int, promised: int, legal: int) -> LineRow:
    limit = LimitFigure(used=used, promised=promised, legal=legal)
    return LineRow(title=title, name=name, note=note, limit=limit, right=limit.words(), right_tone=limit.tone())


def _home_main() -> QWidget:
    cases = LineList("我的办件", fits=True, title_width=168, name_width=76)
    cases.show_rows(
        [
            _limit_row("居住证签注", "田雪汀", "收到租赁合同补页，可继续", 1, 2, 11),
            _limit_row("容缺受理 · 居住登记", "马玉成", "缺：住所证明，约定明日 17:00 前", 4, 5, 10),
            _limit_row("浙江省居住证申领", "李𬭎", "待一审", 0, 2, 11),
            _limit_row("子女入学 积分确认", "韦朝阳", "教育局核对学区", 6, 10, 20),
            _limit_row("居住证补领", "贺兰微", "待制证", 0, 5, 11),
        ]
    )
    cases.select(0)
    due = LineList("本月应签注", fits=True, title_width=168)
    due.show_rows(
        [
            LineRow(title="沈蕙", note="锦绣里 3 幢 1 单元 203 室", right="剩 7 日", right_tone="amber"),
            LineRow(title="热依汗·吐尔逊", note="锦绣里 5 幢 2 单元 102 室", right="剩 15 日"),
            LineRow(title="欧阳砚", note="云帆路 18 号 厂区宿舍 306", right="剩 23 日"),
        ]
    )
    return _stack(
        PanelHeading("我的办件", "按承诺期限，7 件", link=LinkButton("全部办件")),
        cases,
        PanelHeading("本月应签注", "锦绣里片区，提前 1 个月，12 人", link=LinkButton("打印上门单")),
        due,
        PanelHeading("容缺待补"),
        EmptyLine("没有容缺待补的办件。受理时可用容缺受理", "Ctrl+R"),
    )


def _home_side() -> QWidget:
    queue = LineList("排队", fits=True, lead_width=56, height=34)
    queue.show_rows(
        [
            LineRow(lead="A027", title="居住登记", right="窗口 2 办理中", right_tone="accent"),
            LineRow(lead="A028", title="居住证签注", right="等 11 分"),
            LineRow(lead="B006", title="积分咨询", right="等 8 分"),
        ]
    )
    ready = LineList("开窗检查", fits=True, selects=False, title_width=116, height=30)
    ready.show_rows(
        [
            LineRow(icon="circle-check", icon_color="green", title="读卡器", note="试读通过"),
            LineRow(icon="triangle-alert", icon_color="amber", title="A4 打印机", note="墨粉 12%，备件在柜"),
            LineRow(icon="circle-check", icon_color="green", title="工作日历", note="至 2026-12-31"),
        ]
    )
    bars = HourBars("今日受理，按小时")
    bars.show_bars([("8", 2), ("9", 4), ("10", 4), ("11", 3), ("13", 3), ("14", 4), ("15", 2), ("16", 1)], current="16")
    theme = current_theme()
    bars.setFixedHeight(theme.size.label_width + theme.space.xl)
    return _stack(
        PanelHeading("排队", "5 人等候，最长 11 分"),
        queue,
        PanelHeading("开窗检查", "8:24 完成，10 项中 9 项就绪", link=LinkButton("再查一次")),
        ready,
        PanelHeading("今日受理", "按小时，本窗"),
        _stack(bars, padding=(theme.space.l, 0, theme.space.l, 0), stretch=False),
    )


class RegisterPage(Page):
    """登记: the captured card left, the form right."""

    def __init__(self, context: DeskContext) -> None:
        super().__init__(context, "居住登记")
        self.header.set_tags([Tag("新登记")])
        self.header.set_subtitle("草稿已存本机 16:21:07")
        camera = KeyButton("高拍", key="F3", icon="camera", small=True)
        camera.setCheckable(True)
        camera.setChecked(True)
        self.header.add_action(
            KeyButton("读卡", key="F2", icon="id-card", small=True), camera, KeyButton("文件", key="F4", icon="file-text", small=True)
        )
        self.form = Form(_SECTIONS, providers={"address": _addresses}, tasks=context.tasks)
        self.form.set_values(_VALUES)
        self.form.field("name").set_state("check", "识别 71%")
        self.form.field("number").set_note("", passed=True)
        self.form.field("born").set_note("32 周岁")
        self.form.field("origin").set_note("省外县")
        self.form.field("authority").set_state("error", "签发机关与号码前六位的地区不一致，请对照证件")
        theme = current_theme()
        callout = Callout(
            "可能是同一人：李𬭎，2023-04 鄞州区登记，2024-06 离开注销",
            "证件号码相同 · 出生日期相同 · 姓名一字不同",
            KeyButton("并排对照", key="Ctrl+D", small=True),
            KeyButton("接续其记录", key="Ctrl+J", small=True),
            icon="users",
        )
        body = _stack(_stack(callout, padding=(theme.space.l, theme.space.m, theme.space.l, 0), stretch=False), self.form)
        footer = row_of(
            Text("8 项未填 · 1 项待核对", "compact-strong"),
            KeyHint("F8", "下一处"),
            None,
            KeyButton("一次性告知", key="Ctrl+T"),
            KeyButton("容缺受理", key="Ctrl+R"),
            KeyButton("受理并打印", key="Ctrl+Enter", role="primary"),
            padding=(theme.space.l, 0),
        )
        self.set_body(Columns(Panel(body, footer=footer), _evidence(), side_width=424, side_name="证件", side_left=True))

    def opened(self) -> None:
        self.form.field("name").setFocus()

    def keys(self) -> list[KeyHelp]:
        return [*super().keys(), KeyHelp(key="F8", what="下一处"), KeyHelp(key="Alt+N", what="新建房屋")]


_PLACES = (Option(code="rent", label="租赁房屋"), Option(code="own", label="自购房"), Option(code="work", label="单位内部"))
_DEGREES = (Option(code="6", label="高中"), Option(code="7", label="大专"), Option(code="8", label="本科"))
_SECTIONS = (
    FormSection(
        title="身份",
        meta="7 项由证件填入",
        fields=(
            FieldSpec(key="name", label="姓名", required=True),
            FieldSpec(key="number", label="公民身份号码", kind="identity", required=True),
            FieldSpec(key="sex", label="性别 / 民族", read_only=True),
            FieldSpec(key="born", label="出生日期", kind="date", read_only=True),
            FieldSpec(key="origin", label="户籍地址", span=2),
            FieldSpec(key="authority", label="签发机关"),
            FieldSpec(key="valid", label="有效期限"),
        ),
    ),
    FormSection(
        title="居住",
        fields=(
            FieldSpec(key="address", label="居住地址", kind="completion", span=2, required=True, new_label="新建房屋"),
            FieldSpec(key="place", label="居住处所", kind="choice", options=_PLACES, required=True),
            FieldSpec(key="from", label="来本地日期", kind="date", required=True, placeholder="年月日"),
        ),
    ),
    FormSection(
        title="联系与就业",
        fields=(
            FieldSpec(key="phone", label="手机", kind="phone", required=True, placeholder="11 位"),
            FieldSpec(key="degree", label="文化程度", kind="choice", options=_DEGREES),
            FieldSpec(key="tenant", label="承租人", kind="check", placeholder="本人是承租人"),
            FieldSpec(key="note", label="说明", kind="multi_line", lines=2, span=2, placeholder="可不填"),
        ),
    ),
)
_VALUES = {
    "name": "李𬭎",
    "number": "330299199407120312",
    "sex": "男　汉族",
    "born": "1994-07-12",
    "origin": "安徽省南塘县白鹭镇樟树村六组 21 号",
    "authority": "南塘县公安局",
    "valid": "2019-08-20 至 2039-08-20",
}


def _addresses(typed: str) -> Suggestions:
    rows = (
        Suggestion(
            text="骆驼街道锦绣里小区 3 幢 2 单元 401 室",
            under="出租房 · 房主 周知远 · 合同至 2027-06-30",
            right="住 2 / 限 4 人",
            icon="building-2",
        ),
        Suggestion(
            text="骆驼街道锦绣里小区 3 幢 1 单元 203 室",
            under="出租房 · 房主 沈蕙 · 合同至 2027-02-28",
            right="住 4 / 限 4 人",
            icon="building-2",
        ),
        Suggestion(text="骆驼街道锦绣里小区 5 幢 3 单元 502 室", under="自购房 · 产权人 顾闻笛", right="住 3 人", icon="building-2"),
    )
    return Suggestions(rows=rows, note="本站 3 处，全市 11 处", count="3 / 11")


def _sample_card() -> QImage:
    """A picture that stands for a captured card; says 样卡."""
    theme = current_theme()
    image = QImage(856, 540, QImage.Format.Format_RGB32)
    image.fill(theme.tokens.color.light.select)
    painter = QPainter(image)
    painter.scale(2, 2)
    draw_ground(painter, QRectF(286, 36, 118, 146), "bar2", None)
    painter.setFont(theme.font())
    painter.setPen(theme.tokens.color.light.text)
    for top, text in (
        (36, "姓名　李𬭎"),
        (72, "性别　男　民族　汉"),
        (104, "出生　1994 年 7 月 12 日"),
        (136, "住址　安徽省南塘县白鹭镇"),
        (230, "公民身份号码　330299199407120312"),
    ):
        painter.drawText(28, top + 14, text)
    painter.drawText(170, 200, "样　卡")
    painter.end()
    return image


def _evidence() -> QWidget:
    theme = current_theme()
    view = DocumentView("证件正面", card=True, empty="还没有采集证件")
    view.show_document(
        _sample_card(),
        [
            Box(key="name", left=0.15, top=0.125, width=0.11, height=0.085, state="check", label="姓名 识别 71%"),
            Box(key="number", left=0.27, top=0.845, width=0.4, height=0.08),
        ],
    )
    chips = row_of(Chip("正面", on=True), Chip("反面"), Chip("原图"), None, Text("高拍仪 · 0.3 秒 · 已摆正", "meta"))
    materials = LineList("材料", fits=True, selects=False, padding=0, height=27)
    materials.show_rows(
        [
            LineRow(title="居民身份证 正反面", note="2 页 · 412 KB", right="已采集", right_tone="green"),
            LineRow(title="住所证明", note="选定房屋后，由租房登记共享", right="待定"),
        ]
    )
    checks = CheckList("核对")
    checks.show_checks(
        [
            CheckRow(title="号码校验码", finding="正确", state="passed"),
            CheckRow(title="乙方签名与身份证姓名", finding="合同第 1 页，手写识别 64%", state="look"),
            CheckRow(title="是否已有外市有效居住证", finding="省库暂不可达，恢复后自动补核", state="not_checked"),
        ]
    )
    checks.setFixedHeight(checks.rows_height())
    checks.select(0)
    parts = (chips, view, SectionHeading("材料"), materials, SectionHeading("自动核对", "3 项"), checks)
    return Panel(_stack(*parts, padding=(theme.space.l, theme.space.m, theme.space.l, theme.space.m), gap=theme.space.s), ground="sunken")


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleCase:
    """A case of the sample table."""

    number: str
    item: str
    name: str
    state: tuple[str, str]
    limit: LimitFigure
    due: str


def _cases() -> tuple[SampleCase, ...]:
    raw = (
        ("TS-26-0039417", "浙江省居住证申领", "罗承屿", "承诺超期", "red", 3, 2, 11, "11-23 周一"),
        ("TS-26-0039455", "积分复核 · 缴纳社保", "阿依古丽·买买提", "办理中", "neutral", 4, 5, 5, "11-25 周三"),
        ("TS-26-0039462", "居住证签注", "田雪汀", "待补材料", "amber", 1, 2, 11, "11-25 周三"),
        ("TS-26-0039481", "浙江省居住证申领", "李𬭎", "办理中", "neutral", 0, 2, 11, "11-26 周四"),
        ("TS-26-0039366", "积分申请 · 文化程度", "岑一苇", "办理中", "neutral", 7, 10, 10, "11-27 周五"),
        ("TS-26-0039488", "居住登记变更", "吴砚农", "已办结", "green", 1, 1, 10, "—"),
    )
    return tuple(
        SampleCase(
            number=number,
            item=item,
            name=name,
            state=(word, tone),
            limit=LimitFigure(used=used, promised=promised, legal=legal, done=word == "已办结"),
            due=due,
        )
        for number, item, name, word, tone, used, promised, legal, due in raw
    )


class CasesPage(Page):
    """办件: filters, the paged table, the side panel of one case."""

    def __init__(self, context: DeskContext) -> None:
        super().__init__(context, "办件")
        theme = current_theme()
        self.header.set_subtitle("我站在办 18 件，今日到期 0 件，超承诺 1 件")
        self.header.add_action(
            KeyButton("导出", key="Ctrl+E", icon="download", small=True), KeyButton("新办件", key="Ctrl+N", icon="plus", small=True)
        )
        model = PagedModel(_COLUMNS, lambda cursor, limit: RowPage(rows=_cases()), context.tasks, row_key=lambda row: row.number)
        self.table = Table("办件", model)
        model.reload()
        filters = row_of(
            Chip("我站", removable=True),
            Chip("近 30 日受理", removable=True),
            Chip("状态", opens=True),
            Chip("待传", on=True, count=12),
            Chip("已传", count=31),
            None,
            Text("已用 · 承诺 · 法定", "meta"),
            padding=(theme.space.l, 0),
        )
        filters.setFixedHeight(theme.size.filter_bar)
        footer = row_of(
            Text("已选 1", "meta"),
            KeyButton("催办", small=True),
            KeyButton("打印受理单", small=True),
            _off_button(),
            None,
            Text("1–13 / 46", "meta"),
            KeyButton("下一页", key="PgDn", small=True),
            padding=(theme.space.l, 0),
        )
        main = Panel(_stack(filters, Line(), self.table, stretch=False), footer=footer, scrolls=False)
        self.set_body(Columns(main, _case_side(), side_width=364, side_name="办件详情"))

    def opened(self) -> None:
        self.table.source.toggle(1)
        self.table.select(1)
        self.table.setFocus()


def _off_button() -> KeyButton:
    button = KeyButton("批量办结", small=True)
    button.set_off("选中的办件里有不能批量办结的事项")
    return button


_COLUMNS: tuple[Column[SampleCase], ...] = (
    Column(title="受理号", cell=lambda row: Cell(text=row.number, quiet=True), width=115),
    Column(title="事项", cell=lambda row: row.item, width=172, stretch=True),
    Column(title="申请人", cell=lambda row: row.name, width=148),
    Column(title="状态", cell=lambda row: TagCell(text=row.state[0], tone=row.state[1]), width=98),  # type: ignore[arg-type]
    Column(
        title="承诺期限",
        cell=lambda row: Cell(
            text=row.limit.words(), tone=row.limit.tone(), small=True, quiet=row.limit.done, strong=row.limit.tone() != "neutral"
        ),
        width=76,
        align="right",
    ),
    Column(title="工作日 承诺 / 法定", cell=lambda row: row.limit, width=198),
    Column(title="承诺到期", cell=lambda row: Cell(text=row.due, quiet=True), width=86, shown_from=800),
)


def _case_side() -> QWidget:
    theme = current_theme()
    days = WorkingDays()
    days.show_days(
        [
            LimitDay(on=date(2026, 11, 18), kind="outside", under="受理"),
            LimitDay(on=date(2026, 11, 19), kind="counted", under="第 1"),
            LimitDay(on=date(2026, 11, 20), kind="counted", under="第 2"),
            LimitDay(on=date(2026, 11, 21), kind="off"),
            LimitDay(on=date(2026, 11, 22), kind="off"),
            LimitDay(on=date(2026, 11, 23), kind="counted", under="第 3"),
            LimitDay(on=date(2026, 11, 24), kind="today", under="第 4"),
            LimitDay(on=date(2026, 11, 25), kind="ahead", under="第 5"),
        ]
    )
    events = EventList("经过", fits=True)
    events.show_rows(
        [
            EventRow(at="11-18 10:22", title="窗口受理，打印受理单", under="陈砚秋，2 号窗，离线，回执号段 0039"),
            EventRow(at="11-18 10:40", title="上传中心，对账一致", under="序号 3 902，0 冲突"),
            EventRow(at="", title="等待审核结果", under="审核人未签收", open=True),
        ]
    )
    body = _stack(
        row_of(Text("积分复核 · 缴纳社保", "panel-title"), None, Tag("办理中")),
        Text("TS-26-0039455 · 阿依古丽·买买提", "meta"),
        Facts([("现在环节", "镇海区人社局，审核"), ("争议", "2024-02 无缴费记录，现 23.50 分"), ("材料", "缴费凭证 1 页，身份证 2 页")]),
        SectionHeading("期限", "工作日，受理当日不计"),
        days,
        NoticeStrip("剩 1 个工作日。逾期须向申请人说明理由。", icon="clock"),
        SectionHeading("经过"),
        events,
        padding=(theme.space.l, theme.space.m, theme.space.l, theme.space.m),
        gap=theme.space.s,
    )
    footer = row_of(
        KeyButton("打开", key="Enter", small=True, registers=False),
        KeyButton("不通过", key="F9", small=True, role="danger"),
        None,
        KeyButton("附言", key="Ctrl+M", small=True),
        padding=(theme.space.l, 0),
    )
    return Panel(body, footer=footer)


class ResidentPage(Page):
    """居民: facts, time line, what happened by date."""

    def __init__(self, context: DeskContext) -> None:
        super().__init__(context, "居民")
        theme = current_theme()
        self.header.set_subtitle("骆驼街道 › 锦绣里小区 › 阿依古丽·买买提")
        self.header.add_action(KeyButton("打印一页", key="Ctrl+P", icon="printer", small=True))
        line = Timeline("时间线")
        line.show_rows(_SPELLS, first_on=date(2022, 1, 1), last_on=date(2027, 3, 1), today=date(2026, 11, 24))
        events = LineList("经过", fits=True, lead_width=84, padding=0)
        events.show_rows(
            [
                LineRow(
                    lead="2026-11-18",
                    title="积分复核 · 缴纳社保",
                    under="2024-02 缺月；区人社局审核中",
                    tag="剩 1 个工作日",
                    tag_tone="amber",
                ),
                LineRow(lead="2026-07-02", title="居住证签注", under="窗口，一证通办，当日", tag="已办结", tag_tone="green"),
            ]
        )
        main = _stack(
            row_of(Text("时间线", "strong"), Text("居住满 59 个月，未中断", "meta"), None),
            line,
            row_of(Chip("全部", on=True), Chip("办件", count=9), Chip("证明", count=6), None, Text("1–9 / 13", "meta")),
            Line(),
            events,
            padding=(theme.space.l, theme.space.m, theme.space.l, theme.space.m),
            gap=theme.space.s,
        )
        facts = _stack(
            row_of(Text("阿依古丽·买买提", "title"), None),
            row_of(Tag("在住", "green"), Tag("居住证 正常", "green"), None),
            Facts(
                [
                    ("号码", "330299********204X"),
                    ("出生", "1990-03-18"),
                    ("手机", "199****3306"),
                    ("户籍", "新疆 云泉县 葡园乡 12 号"),
                    ("服务处所", ""),
                ]
            ),
            SectionHeading("积分"),
            row_of(Text("91.00", "figure"), Text("/ 300　11-01 赋分", "meta"), None, LinkButton("看瀑布图")),
            padding=(theme.space.l, theme.space.m, theme.space.l, theme.space.m),
            gap=theme.space.s,
        )
        self.set_body(Columns(Scroll(main), Scroll(facts), side_width=320, side_name="居民", side_left=True))


_SPELLS = (
    TimelineRow(
        label="居住登记",
        segments=(
            Segment(from_on=date(2022, 1, 1), to_on=date(2024, 8, 1), text="云帆路 18 号 厂区宿舍"),
            Segment(from_on=date(2024, 8, 1), to_on=date(2026, 11, 24), text="锦绣里 7 幢", tone="strong"),
        ),
    ),
    TimelineRow(
        label="居住证",
        segments=tuple(
            Segment(from_on=date(year, 7, 20), to_on=date(year + 1, 7, 20), text=f"签注 {year - 2000}-07") for year in range(2022, 2026)
        ),
    ),
    TimelineRow(
        label="社保",
        segments=(
            Segment(from_on=date(2022, 11, 1), to_on=date(2024, 2, 1), text="15 个月", tone="rest"),
            Segment(from_on=date(2024, 2, 1), to_on=date(2024, 3, 1), text="", tone="gap"),
            Segment(from_on=date(2024, 3, 1), to_on=date(2026, 11, 1), text="32 个月", tone="rest"),
        ),
    ),
)


def _empty_page(title: str) -> Any:
    class Empty(Page):
        """A page that the gallery only needs in the rail."""

        def __init__(self, context: DeskContext) -> None:
            super().__init__(context, title)
            self.set_body(EmptyLine("这里还没有内容"))

    return Empty


def _specs() -> list[PageSpec]:
    rows = (
        ("home", "工作台", "house", HomePage),
        ("register", "登记", "user-plus", RegisterPage),
        ("cases", "办件", "folder-open", CasesPage),
        ("review", "审核", "clipboard-check", _empty_page("审核")),
        ("residents", "居民", "users", ResidentPage),
        ("dwellings", "房屋", "building-2", _empty_page("房屋")),
        ("points", "积分", "award", _empty_page("积分")),
        ("services", "事项", "layout-grid", _empty_page("事项")),
        ("printing", "打印", "printer", _empty_page("打印")),
        ("figures", "统计", "chart-column", _empty_page("统计")),
        ("sync", "同步", "refresh-cw", _empty_page("同步")),
        ("settings", "设置", "settings", _empty_page("设置")),
    )
    return [
        PageSpec(code=code, title=title, icon=icon, order=order, roles=frozenset(), make=made)
        for order, (code, title, icon, made) in enumerate(rows)
    ]


def _search(typed: str) -> Sequence[SearchGroup]:
    residents = (
        SearchHit(text="李𬭎", under="男 · 1994-07-12 · 330299********0312", right="在住", page="residents"),
        SearchHit(text="李清越", under="女 · 1990-01-02 · 330299********0021", right="在住", page="residents"),
    )
    drafts = (SearchHit(text="李𬭎 居住登记", under="草稿 16:21，2 页图片", right="本机", page="register"),)
    return [
        SearchGroup(title="居民", icon="user", hits=residents, total=14),
        SearchGroup(title="草稿与待传", icon="file-text", hits=drafts),
    ]


_DEVICES = (
    DeviceState(name="读卡器", words="就绪"),
    DeviceState(name="高拍仪", words="就绪"),
    DeviceState(name="A4 打印机", words="墨粉低", state="warning"),
    DeviceState(name="回执打印机", words="未连接", state="fault"),
)
_ONLINE = PillState(connection="online", reconciled="16:02", confirmed=43, sent=43)
_OFFLINE = PillState(connection="offline", waiting=12, rules_age_days=3, conflicts=1)


def _window(theme: Theme, *, training: bool = False) -> MainWindow:
    window = MainWindow(SampleContext(theme=theme, training=training), _specs(), _search)
    window.show_sync(_ONLINE)
    window.show_devices(_DEVICES)
    window.show_count("cases", 18)
    window.show_count("review", 6)
    window.show_count("sync", 1, "amber")
    return window


def _draw_all(theme: Theme, folder: Path, size: tuple[int, int]) -> None:
    for mode in ("light", "dark"):
        theme.use(mode)
        window = _window(theme, training=mode == "dark")
        for code in ("home", "register", "cases", "residents"):
            window.open_page(code)
            render(window, folder / f"{code}-{mode}.png", size=size)
        _draw_states(window, folder, mode)
        window.close()
        window.deleteLater()
        sign_in = SignIn([Option(code="s", label="骆驼街道服务站")], login="", window_name="2 号窗", version="0.1.0")
        sign_in.show_offline("中心暂时连不上。本机可登录至 2026-12-01，办件照常。")
        render(sign_in, folder / f"sign-in-{mode}.png")
        sign_in.close()


def _draw_states(window: MainWindow, folder: Path, mode: str) -> None:
    """Results, a completion, a notice, the keys and the lock, each over a page."""
    window.open_page("register")
    page = window.page("register")
    assert isinstance(page, RegisterPage)
    address: Any = page.form.field("address")
    address.setFocus()
    page.form.reveal("address")
    address.edit.setText("锦绣里 3")
    address._ask()
    window.show_sync(_OFFLINE)
    render(window, folder / f"completion-{mode}.png")
    window.open_page("home")
    window.top_bar.search.edit.setText("李")
    window.top_bar.search.begin()
    render(window, folder / f"search-{mode}.png")
    window.top_bar.search.edit.clear()
    window.notify(Notice(what="回执没有打印出来", safe="受理已存本机，受理号 TS-26-0039486。", do="请装纸后按 Ctrl+P 重打。", kind="error"))
    window.show_keys()
    render(window, folder / f"keys-{mode}.png")
    window.lock()
    window.lock_overlay.refuse("密码不对，还可试 4 次")
    render(window, folder / f"lock-{mode}.png")
    window.lock_overlay.accept()


def draw(folder: Path) -> None:
    """Draw every sample at the scale of this process (QT_SCALE_FACTOR) into the folder."""
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    theme = Theme(load_tokens())
    theme.apply(app)
    ring = FocusRing(app)
    app.setProperty("nbcase-ring", ring)
    scale = float(os.environ.get("QT_SCALE_FACTOR", "1"))
    width, height = theme.tokens.meta.base_window
    _draw_all(theme, folder, (int(width / scale), int(height / scale)))


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw at 100 % here and at 200 % in a process of its own, as Qt reads the scale once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for the pictures")
    options = parser.parse_args(arguments)
    if "QT_SCALE_FACTOR" in os.environ:
        draw(options.out)
        return
    draw(options.out / "100")
    environment = os.environ | {"QT_SCALE_FACTOR": "2"}
    command = [sys.executable, "-m", "ui.gallery", "--out", str(options.out / "200")]
    subprocess.run(command, env=environment, check=True)


if __name__ == "__main__":
    main()
