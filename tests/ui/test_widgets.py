"""Buttons, lists, painted charts: their keys, their names, and that what they say is what they show."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import get_args

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QApplication, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from ui.theme import Theme, current_theme
from ui.widgets.button import KeyButton, Role, shortcuts_for
from ui.widgets.document import Box, DocumentView
from ui.widgets.figures import Figure, FigureStrip, HourBars
from ui.widgets.ink import key_words
from ui.widgets.limitbar import LimitBar, LimitFigure
from ui.widgets.lists import CheckList, CheckRow, EventList, EventRow, LineList, LineRow
from ui.widgets.loading import LoadingBar
from ui.widgets.notice import NoticeStrip
from ui.widgets.panels import Columns
from ui.widgets.picklist import PickList, Suggestion
from ui.widgets.tag import Chip, Tag
from ui.widgets.text import Facts, Text
from ui.widgets.timeline import LimitDay, Segment, Timeline, TimelineRow, WorkingDays

Show = Callable[..., QWidget]
Until = Callable[[Callable[[], bool]], None]


def _held(show: Show, *widgets: QWidget) -> QWidget:
    window = QWidget()
    column = QVBoxLayout(window)
    for widget in widgets:
        column.addWidget(widget)
    return show(window)


def _grab(widget: QWidget) -> QImage:
    return widget.grab().toImage()


def test_the_key_of_a_button_works_from_wherever_the_focus_is(show: Show) -> None:
    button, edit = KeyButton("受理并打印", key="Ctrl+Enter", role="primary"), QLineEdit()
    _held(show, button, edit)
    pressed: list[bool] = []
    button.clicked.connect(lambda: pressed.append(True))
    edit.setFocus()
    QTest.keyClick(edit, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(edit, Qt.Key.Key_Enter, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.KeypadModifier)
    assert len(pressed) == 2


def test_the_key_of_a_hidden_button_or_of_one_that_is_off_does_nothing(show: Show) -> None:
    button, edit = KeyButton("打印", key="Ctrl+P"), QLineEdit()
    _held(show, button, edit)
    pressed: list[bool] = []
    button.clicked.connect(lambda: pressed.append(True))
    edit.setFocus()
    button.set_off("没有可打印的")
    QTest.keyClick(edit, Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier)
    button.set_on()
    button.hide()
    QTest.keyClick(edit, Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier)
    assert not pressed


def test_a_button_that_is_off_says_why(show: Show) -> None:
    button = KeyButton("申请", key="Ctrl+N")
    button.set_off("本项不是 0 分，请用复核")
    assert button.toolTip() == button.accessibleDescription() == "本项不是 0 分，请用复核"
    button.set_on()
    assert button.accessibleDescription() == "Ctrl+N"


def test_a_button_gives_its_key_cap_up_before_its_words(show: Show) -> None:
    button = KeyButton("受理并打印", key="Ctrl+Enter")
    assert button.minimumSizeHint().width() < button.sizeHint().width()
    assert button.minimumSizeHint().width() == KeyButton("受理并打印").sizeHint().width()


@pytest.mark.parametrize("role", get_args(Role))
def test_every_role_looks_different_when_it_is_off(show: Show, role: Role) -> None:
    button = KeyButton("打印", role=role)
    _held(show, button)
    on = _grab(button)
    button.set_off()
    assert _grab(button) != on


def test_enter_in_a_key_means_both_enter_keys() -> None:
    assert [sequence.toString() for sequence in shortcuts_for("Ctrl+Enter")] == ["Ctrl+Return", "Ctrl+Enter"]
    assert [sequence.toString() for sequence in shortcuts_for("Alt+→")] == ["Alt+Right"]
    assert key_words("Ctrl+Return") == "Ctrl+Enter"
    assert key_words("Space") == "空格"


def test_a_change_of_theme_is_seen_at_the_next_painting(show: Show, theme: Theme) -> None:
    button = KeyButton("打印", key="F2", icon="printer")
    _held(show, button)
    light = _grab(button)
    theme.use("dark")
    assert _grab(button) != light


def test_the_ring_stands_around_what_has_the_focus(show: Show) -> None:
    first, second = KeyButton("读卡"), KeyButton("文件")
    window = _held(show, first, second)
    second.setFocus()
    plain = _grab(window)
    outside = first.geometry().topLeft() - QPoint(1, -10)
    assert plain.pixelColor(outside) != current_theme().color("accent_line")
    first.setFocus()
    assert _grab(window).pixelColor(outside) == current_theme().color("accent_line")


def test_a_chip_with_a_cross_is_taken_away_by_delete(show: Show) -> None:
    chip = Chip("我站", removable=True)
    _held(show, chip)
    removed: list[bool] = []
    chip.removed.connect(lambda: removed.append(True))
    chip.setFocus()
    QTest.keyClick(chip, Qt.Key.Key_Delete)
    assert removed == [True]


def test_an_empty_tag_and_an_empty_notice_take_no_place(show: Show) -> None:
    tag, notice = Tag("办理中"), NoticeStrip("剩 1 日")
    _held(show, tag, notice)
    tag.show_tag("", "neutral")
    notice.show_text("")
    assert not tag.isVisible()
    assert not notice.isVisible()
    tag.show_tag("已办结", "green")
    notice.show_text("超 1 日", "error")
    assert tag.isVisible()
    assert notice.isVisible()


def test_a_value_that_is_not_known_is_a_dash() -> None:
    facts = Facts([("手机", "")])
    assert [label.text() for label in facts.findChildren(Text)] == ["手机", "—"]


def _checks() -> list[CheckRow]:
    return [
        CheckRow(title="号码", finding="正确", state="passed"),
        CheckRow(title="外市居住证", finding="省库不可达", state="not_checked"),
        CheckRow(title="签名", finding="识别 64%", state="look"),
        CheckRow(title="有效期", finding="已过期", state="failed"),
    ]


def test_what_failed_stands_first_and_what_was_not_checked_is_never_called_passed(show: Show) -> None:
    checks = CheckList("核对")
    checks.show_checks(_checks())
    assert [row.state for row in checks.rows] == ["failed", "look", "not_checked", "passed"]
    assert checks.describe(checks.rows[2]).startswith("离线未核")


def test_y_agrees_with_a_check_that_waits_for_a_look_and_with_no_other(show: Show) -> None:
    checks = CheckList("核对")
    checks.show_checks(_checks())
    _held(show, checks)
    agreed: list[CheckRow] = []
    checks.agreed.connect(agreed.append)
    checks.setFocus()
    checks.select(0)
    QTest.keyClick(checks, Qt.Key.Key_Y)
    QTest.keyClick(checks, Qt.Key.Key_Down)
    QTest.keyClick(checks, Qt.Key.Key_Y)
    assert [row.title for row in agreed] == ["签名"]


def test_lists_open_with_enter_and_keep_qt_s_rules(show: Show) -> None:
    lines = LineList("草稿")
    tester = QAbstractItemModelTester(lines.model(), QAbstractItemModelTester.FailureReportingMode.Warning)
    lines.show_rows([LineRow(title="李明", note="居住登记", payload=1), LineRow(title="王芳", payload=2)])
    _held(show, lines)
    opened: list[LineRow] = []
    lines.opened.connect(opened.append)
    lines.setFocus()
    QTest.keyClick(lines, Qt.Key.Key_Down)
    QTest.keyClick(lines, Qt.Key.Key_Return)
    assert [row.payload for row in opened] == [2]
    lines.show_rows([])
    assert lines.current() is None
    del tester


def test_the_arrows_pass_over_headings_and_stay_at_the_ends(show: Show) -> None:
    edit = QLineEdit()
    _held(show, edit)
    popup = PickList(edit, "结果")
    rows = [
        Suggestion(text="居民", is_heading=True),
        Suggestion(text="李明"),
        Suggestion(text="房屋", is_heading=True),
        Suggestion(text="锦绣里"),
    ]
    popup.show_suggestions(rows)
    picked: list[Suggestion] = []
    popup.picked.connect(picked.append)
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Return):
        assert popup.handle_key(key)
    assert [row.text for row in picked] == ["锦绣里"]
    assert not popup.isVisible()


def test_a_pick_list_opens_above_where_the_window_ends(show: Show) -> None:
    window = QWidget()
    column = QVBoxLayout(window)
    edit = QLineEdit()
    column.addStretch(1)
    column.addWidget(edit)
    show(window, 400, 400)
    popup = PickList(edit, "结果")
    popup.show_suggestions([Suggestion(text=str(number), under="x") for number in range(20)])
    assert popup.geometry().bottom() < edit.y()
    assert popup.y() >= 0
    assert popup.list.height() <= 6 * current_theme().size.row_completion


def _timeline() -> Timeline:
    line = Timeline("时间线")
    rows = (
        TimelineRow(
            label="居住登记",
            segments=(
                Segment(from_on=date(2022, 1, 1), to_on=date(2024, 8, 1), text="宿舍", payload="a"),
                Segment(from_on=date(2024, 8, 1), to_on=date(2026, 11, 24), text="锦绣里", tone="strong", payload="b"),
            ),
        ),
        TimelineRow(label="居住证", segments=(Segment(from_on=date(2023, 1, 1), to_on=date(2024, 1, 1), text="发证", payload="c"),)),
        TimelineRow(label="社保", segments=()),
    )
    line.show_rows(rows, first_on=date(2022, 1, 1), last_on=date(2027, 1, 1), today=date(2026, 11, 24))
    return line


def test_spells_are_reached_and_opened_by_keys(show: Show) -> None:
    line = _timeline()
    _held(show, line)
    opened: list[object] = []
    line.opened.connect(opened.append)
    line.setFocus()
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Return, Qt.Key.Key_Down, Qt.Key.Key_Return):
        QTest.keyClick(line, key)
    assert opened == ["b", "c"]
    assert "发证" in line.accessibleDescription()


def test_a_click_opens_the_spell_under_it(show: Show) -> None:
    line = _timeline()
    _held(show, line)
    opened: list[object] = []
    line.opened.connect(opened.append)
    place = line._rect(0, line._rows[0].segments[1]).center().toPoint()
    QTest.mouseClick(line, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place)
    assert opened == ["b"]


def _painted() -> Sequence[QWidget]:
    days = WorkingDays()
    days.show_days([LimitDay(on=date(2026, 11, 24), kind="today", under="第 4"), LimitDay(on=date(2026, 11, 25), kind="ahead")])
    bars = HourBars("今日受理")
    bars.show_bars([("8", 2), ("9", 0)], current="9")
    view = DocumentView("证件正面", card=True, empty="还没有采集证件")
    events = EventList("经过")
    events.show_rows([EventRow(at="11-18", title="受理"), EventRow(at="", title="等待", open=True)])
    limit = LimitBar(LimitFigure(used=1, promised=2, legal=11))
    return days, bars, view, events, limit, _timeline()


def test_every_painted_chart_has_a_name_for_screen_readers_and_is_not_blank(show: Show) -> None:
    widgets = [widget for widget in _painted() if isinstance(widget, QWidget)]
    _held(show, *widgets)
    for widget in widgets:
        assert widget.accessibleName(), widget
        image = _grab(widget)
        colors = {image.pixel(x, y) for x in range(0, image.width(), 2) for y in range(0, image.height(), 2)}
        assert len(colors) > 1, widget


def test_a_figure_opens_the_list_behind_it(show: Show) -> None:
    strip = FigureStrip([Figure(key="open", label="在办", value="18"), Figure(key="late", label="超承诺", value="1", tone="red")])
    _held(show, strip)
    assert strip._items[1].accessibleName() == "超承诺 1"
    opened: list[str] = []
    strip.opened.connect(opened.append)
    strip._items[1].setFocus()
    QTest.keyClick(strip._items[1], Qt.Key.Key_Space)
    assert opened == ["late"]


def _document(show: Show) -> DocumentView:
    view = DocumentView("证件", card=False)
    show(view, 400, 300)
    image = QImage(800, 300, QImage.Format.Format_RGB32)
    image.fill(current_theme().color("surface"))
    view.show_document(image, [Box(key="name", left=0.5, top=0.5, width=0.25, height=0.25, state="check", label="姓名")])
    return view


def test_a_click_on_a_box_names_its_field_also_when_the_picture_is_turned(show: Show) -> None:
    view = _document(show)
    clicked: list[str] = []
    view.box_clicked.connect(clicked.append)
    middle = view._box_rect(view._boxes[0]).center().toPoint()
    assert (middle.x(), middle.y()) == (250, 169)
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, middle)
    QTest.keyClick(view, Qt.Key.Key_R)
    turned = view._box_rect(view._boxes[0]).center().toPoint()
    assert turned != middle
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, turned)
    assert clicked == ["name", "name"]


def test_a_zoomed_picture_cannot_be_pushed_out_of_sight(show: Show) -> None:
    view = _document(show)
    for _ in range(3):
        QTest.keyClick(view, Qt.Key.Key_Plus)
    for _ in range(100):
        QTest.keyClick(view, Qt.Key.Key_Right)
    assert view._transform().map(QPoint(800, 150)).x() >= view.width() - 1
    QTest.keyClick(view, Qt.Key.Key_0)
    assert view._transform().map(QPoint(0, 150)).x() == 0


def test_a_card_keeps_its_true_shape(show: Show) -> None:
    view = DocumentView("证件", card=True)
    assert view.heightForWidth(392) == 247


def test_a_loading_bar_shows_only_after_a_while_and_goes_at_once(show: Show, until: Until) -> None:
    bar = LoadingBar()
    _held(show, bar)
    bar.set_on(True)
    assert not bar.is_on
    until(lambda: bar.is_on)
    bar.set_on(False)
    assert not bar.is_on


def test_a_side_panel_folds_to_a_strip_in_a_small_window_and_f7_opens_it(show: Show) -> None:
    main, side = QWidget(), QWidget()
    columns = Columns(main, side, side_width=424, side_name="证件", side_left=True)
    window = QWidget()
    row = QHBoxLayout(window)
    row.addWidget(columns)
    show(window, 1366, 700)
    assert side.width() == 424
    assert not columns.is_folded
    show(window, 683, 384)
    assert columns.is_folded
    assert not side.isVisible()
    QTest.keyClick(window, Qt.Key.Key_F7)
    assert side.isVisible()
    assert not main.isVisible()
    show(window, 1366, 700)
    assert side.isVisible()
    assert main.isVisible()


def test_folding_keeps_the_focus_on_the_page_and_gives_it_back_to_where_it_was(show: Show) -> None:
    elsewhere, first, last, beside = QLineEdit(), QLineEdit(), QLineEdit(), QLineEdit()
    main, side = QWidget(), QWidget()
    for part, edits in ((main, (first, last)), (side, (beside,))):
        column = QVBoxLayout(part)
        for edit in edits:
            column.addWidget(edit)
    columns = Columns(main, side, side_width=424, side_name="内容")
    window = QWidget()
    row = QVBoxLayout(window)
    row.addWidget(elsewhere)
    row.addWidget(columns)
    show(window, 683, 384)
    last.setFocus()
    columns.toggle()
    assert beside.hasFocus()
    columns.toggle()
    assert last.hasFocus()
    elsewhere.setFocus()
    columns.toggle()
    assert elsewhere.hasFocus()


def test_a_notice_in_a_narrow_card_shows_all_its_lines(show: Show) -> None:
    strip = NoticeStrip("x")
    window = QWidget()
    column = QVBoxLayout(window)
    column.addWidget(strip)
    column.addStretch(1)
    show(window, 300, 400)
    strip.show_text("这台电脑已停用，全部操作都在中心，凭据在本机文件夹。要再用请向管理员要登记码重新登记。" * 2)
    QApplication.processEvents()
    assert strip.height() >= strip.heightForWidth(strip.width())


def test_a_long_value_is_never_read_as_markup() -> None:
    assert Text("<b>李明</b>").textFormat() == Qt.TextFormat.PlainText


def test_a_list_that_gets_the_focus_for_the_first_time_has_its_first_row_selected(show: Show) -> None:
    rows, edit = LineList("草稿"), QLineEdit()
    rows.show_rows([LineRow(title="李𬭎"), LineRow(title="田雪汀")])
    _held(show, edit, rows)
    edit.setFocus()
    rows.setFocus()
    assert rows.selectionModel().selectedIndexes() == [rows.currentIndex()]
    assert rows.currentIndex().row() == 0
