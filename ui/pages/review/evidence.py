"""The left half of 审核: a tab per material, the scan with its pages, or a sheet of what was read or shared."""

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QShortcut
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from nbcase.domain import codes
from nbcase.domain.identity import DocumentKind, kind_name, mask_number
from nbcase.domain.resident import Resident
from nbcase.domain.words import tr
from nbcase.operations.cases import CaseDetail
from nbcase.operations.facts import Standing, registered_since
from ui.casewords import day_words, material_words, obtained_words
from ui.pages.review.presenter import Evidence
from ui.theme import current_theme
from ui.widgets.button import KeyButton, shortcuts_for
from ui.widgets.document import DocumentView
from ui.widgets.icon import draw_icon
from ui.widgets.ink import draw_ground, draw_key_cap, draw_text, key_cap_width
from ui.widgets.panels import Scroll, row_of
from ui.widgets.tag import KeyHint
from ui.widgets.text import Facts, Line, Text

_TAB_WIDTH = 157


class EvidenceTab(QAbstractButton):
    """A material: its icon, its name, how it came, and the digit that shows it."""

    def __init__(self, shown: Evidence, number: int, under: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setText(shown.title)
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._under = under
        self._number = number
        self._icon = "id-card" if shown.material is not None and shown.material.how == "card" else "file-text"
        self.setAccessibleName(tr("材料 {n}：{title}，{under}").format(n=number, title=shown.title, under=under))
        self.setAccessibleDescription(str(number))
        self.setMaximumWidth(_TAB_WIDTH)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        shortcut = QShortcut(self)
        shortcut.setKeys(shortcuts_for(str(number)))
        shortcut.activated.connect(self.click)

    def sizeHint(self) -> QSize:
        return QSize(_TAB_WIDTH, current_theme().size.row_check)

    def minimumSizeHint(self) -> QSize:
        return QSize(current_theme().size.rail_item, current_theme().size.row_check)

    def nextCheckState(self) -> None:
        """The presenter decides which tab is shown."""

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current_theme()
        painter = QPainter(self)
        on = self.isChecked()
        ground = "accent_weak" if on else "hover" if self.underMouse() else "surface"
        draw_ground(painter, self.rect(), ground, "accent" if on else "border")
        left = theme.space.s + 2
        draw_icon(painter, left, round((self.height() - theme.size.icon) / 2), self._icon, "accent" if on else "text2")
        left += theme.size.icon + theme.space.s + 2
        cap = key_cap_width(str(self._number))
        wide = self.width() >= _TAB_WIDTH * 3 // 4
        right = self.width() - theme.space.s - (cap + theme.space.xs if wide else 0)
        half = self.height() / 2
        draw_text(painter, QRectF(left, 4, right - left, half - 3), self.text(), "text", "compact", strong=on)
        draw_text(painter, QRectF(left, half, right - left, half - 5), self._under, "text2", "secondary")
        if wide:
            draw_key_cap(painter, self.width() - theme.space.s - cap, self.height() / 2, str(self._number))


class EvidencePanel(QWidget):
    """Tabs, the viewer's line of tools, and the picture or sheet."""

    chosen = Signal(int)
    turned = Signal(int)

    def __init__(self, context: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme = current_theme()
        self._context = context
        self._evidence: tuple[Evidence, ...] = ()
        self._detail: CaseDetail | None = None
        self._asked = 0
        self.setProperty("ground", "sunken")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._tabs_row = QHBoxLayout()
        self._tabs_row.setSpacing(theme.space.m)
        self._tabs: list[EvidenceTab] = []
        self._view = DocumentView(tr("材料图像"))
        self._view.setMinimumHeight(theme.size.label_width)
        self._sheet = _Sheet()
        self._stack = QStackedWidget()
        self._stack.addWidget(self._view)
        self._stack.addWidget(self._sheet)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.space.l, theme.space.m, theme.space.l, theme.space.s)
        column.setSpacing(0)
        column.addLayout(self._tabs_row)
        column.addSpacing(theme.space.m)
        column.addWidget(self._build_tools())
        column.addWidget(Line())
        column.addWidget(self._stack, 1)
        column.addWidget(
            row_of(None, KeyHint("1–9", tr("换材料")), KeyHint("PgDn", tr("翻页")), padding=(0, theme.space.s), gap=theme.space.m)
        )

    def _build_tools(self) -> QWidget:
        theme = current_theme()
        self._title = Text("", "compact-strong")
        self._page = Text("", "compact")
        self._further = KeyButton(tr("下一页"), key="PgDn", role="link")
        self._back = KeyButton(tr("上一页"), key="PgUp", role="link", show_key=False)
        self._nearer = KeyButton(tr("放大"), key="+", icon="zoom-in", role="link")
        self._farther = KeyButton(tr("缩小"), key="-", icon="zoom-out", role="link")
        self._turn = KeyButton(tr("旋转"), key="R", icon="rotate-cw", role="link")
        self._further.clicked.connect(lambda: self.turned.emit(1))
        self._back.clicked.connect(lambda: self.turned.emit(-1))
        self._nearer.clicked.connect(lambda: self._view.zoom(1.25))
        self._farther.clicked.connect(lambda: self._view.zoom(0.8))
        self._turn.clicked.connect(self._view.turn)
        tools = row_of(
            self._title, self._page, None, self._back, self._further, self._nearer, self._farther, self._turn,
            padding=(theme.space.s, 0), gap=theme.space.m,
        )  # fmt: skip
        tools.setFixedHeight(theme.size.table_head)
        tools.setProperty("ground", "surface")
        tools.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        return tools

    def show_case(self, detail: CaseDetail, evidence: Sequence[Evidence]) -> None:
        """Tabs for another case."""
        self._detail = detail
        self._evidence = tuple(evidence)
        while (item := self._tabs_row.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        self._tabs = []
        for place, shown in enumerate(evidence):
            tab = EvidenceTab(shown, place + 1, _tab_words(shown, detail.standing, self._context.desk.today()))
            tab.clicked.connect(lambda _on=False, place=place: self.chosen.emit(place))
            self._tabs.append(tab)
            self._tabs_row.addWidget(tab)
            tab.show()  # Qt would do it an event later, and the digit works only on what is shown
        self._tabs_row.addStretch(1)

    def show_place(self, index: int, page: int, pages: int) -> None:
        """Which tab, and where in it."""
        for place, tab in enumerate(self._tabs):
            tab.setChecked(place == index)
        shown = self._evidence[index]
        self._title.setText(shown.title)
        has_files = shown.files > 0
        self._page.setText(tr("第 {page} / {pages} 页").format(page=page + 1, pages=pages) if has_files else "")
        for tool in (self._nearer, self._farther, self._turn):
            tool.setVisible(has_files)
        self._further.setVisible(pages > 1)
        self._back.setVisible(pages > 1)
        if not has_files and self._detail is not None:
            self._sheet.show_facts(*_sheet_of(shown, self._detail, self._context.desk.today()))

    def show_picture(self, content: bytes | None, problem: str = "") -> None:
        """A page of the material, decoded beside the event loop; a sheet where there is none, or what is wrong with it."""
        self._asked += 1
        asked = self._asked
        if content is None:
            if problem:
                self._sheet.show_facts(tr("看不到这份材料"), [(tr("原因"), problem)])
            self._stack.setCurrentWidget(self._sheet)
            return

        def show(image: QImage) -> None:
            if asked != self._asked:
                return
            if image.isNull():
                self.show_picture(None, tr("文件不是能看的图片，请要求补充。"))
                return
            self._view.show_document(image)
            self._stack.setCurrentWidget(self._view)

        self._context.tasks.run(lambda: QImage.fromData(content), then=show)


class _Sheet(QWidget):
    """What was read or shared, as a sheet of paper would say it."""

    def __init__(self) -> None:
        super().__init__()
        theme = current_theme()
        self._title = Text("", "panel-title", wrap=True)
        self._facts = Facts(label_width=theme.size.label_width)
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(theme.space.xl, theme.space.l, theme.space.xl, theme.space.l)
        column.setSpacing(theme.space.l)
        column.addWidget(self._title)
        column.addWidget(self._facts)
        column.addStretch(1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(Scroll(content))

    def show_facts(self, title: str, facts: Sequence[tuple[str, str]]) -> None:
        """Show other words."""
        self._title.setText(title)
        self._facts.show_facts(facts)


def _tab_words(shown: Evidence, standing: Standing, today: Any) -> str:
    if shown.material is not None:
        return material_words(shown.material)
    since = registered_since(standing.registrations)
    return tr("满 {n} 天").format(n=(today - since).days) if since else tr("没有在住登记")


def _sheet_of(shown: Evidence, detail: CaseDetail, today: Any) -> tuple[str, list[tuple[str, str]]]:
    if shown.material is None:
        return tr("居住登记（本机记录）"), _registration_facts(detail.standing, today)
    if shown.material.how == "card":
        return tr("由读卡器读取，没有图像"), _card_facts(detail.resident)
    how = obtained_words(shown.material.how)
    facts = [(tr("材料"), shown.title), (tr("取得方式"), how), (tr("经办"), detail.row.clerk_name)]
    if shown.material.how == "deferred":
        facts.append((tr("约定补交"), day_words(detail.row.case.deferred_until_on, today)))
    if shown.material.note:
        facts.append((tr("说明"), shown.material.note))
    return tr("{how}，没有图像").format(how=how), facts


def _card_facts(resident: Resident) -> list[tuple[str, str]]:
    kinds = {kind.value: kind for kind in DocumentKind}
    return [
        (tr("证件"), kind_name(kinds[resident.document_kind]) if resident.document_kind in kinds else resident.document_kind),
        (tr("姓名"), resident.name),
        (tr("性别"), codes.name("sex", resident.sex_code)),
        (tr("民族"), codes.name("nation", resident.nation_code)),
        (tr("出生"), str(resident.birth_on or "")),
        (tr("住址"), resident.home_address or ""),
        (tr("号码"), mask_number(resident.document_number)),
        (tr("签发机关"), resident.authority or ""),
        (tr("有效期至"), str(resident.valid_until_on or tr("长期"))),
    ]


def _registration_facts(standing: Standing, today: Any) -> list[tuple[str, str]]:
    active, dwelling, since = standing.active, standing.dwelling, registered_since(standing.registrations)
    if active is None:
        return [(tr("状态"), tr("没有在住登记"))]
    facts = [
        (tr("申报日期"), str(active.declared_on)),
        (tr("连续登记"), tr("自 {day} 起 {n} 天").format(day=since, n=(today - since).days) if since else ""),
        (tr("居住地址"), dwelling.address if dwelling else ""),
        (tr("居住处所"), codes.name("place", active.place_code)),
        (tr("居住事由"), codes.name("reason", active.reason_code)),
    ]
    if dwelling is not None:
        people = tr("住 {n} 人").format(n=standing.occupants or 0)
        limit = tr("，限 {n} 人").format(n=dwelling.capacity) if dwelling.capacity is not None else tr("，限住人数未配置")
        facts += [
            (tr("房主"), dwelling.landlord_name or ""),
            (tr("合同至"), str(dwelling.lease_until_on or "")),
            (tr("人数"), people + limit),
        ]
    return facts
