"""Fields as a clerk types them."""

from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QVBoxLayout, QWidget

from ui.tasks import InlineTasks, TaskRunner
from ui.widgets.fields import (
    ChoiceField,
    CompletionField,
    DateField,
    Field,
    IdentityField,
    MultiLineField,
    Option,
    PhoneField,
    Suggestions,
    TextField,
)
from ui.widgets.fields.choice import match_options
from ui.widgets.fields.date import read_date
from ui.widgets.fields.initials import initials
from ui.widgets.picklist import Suggestion

Show = Callable[..., QWidget]
Until = Callable[[Callable[[], bool]], None]

_PLACES = (
    Option(code="rent", label="租赁房屋"),
    Option(code="own", label="自购房"),
    Option(code="work", label="单位内部"),
    Option(code="site", label="工地现场"),
)


def _held(show: Show, *fields: Field) -> QWidget:
    window = QWidget()
    column = QVBoxLayout(window)
    for field in fields:
        column.addWidget(field)
    return show(window)


def _edit(field: Field) -> QLineEdit:
    proxy = field.focusProxy()
    assert isinstance(proxy, QLineEdit)
    return proxy


def _type(field: Field, text: str) -> None:
    field.setFocus()
    for sign in text:
        event = QKeyEvent(QEvent.Type.KeyPress, 0, Qt.KeyboardModifier.NoModifier, sign)  # QTest knows no key for Chinese signs
        QApplication.sendEvent(_edit(field), event)


def test_a_citizen_number_is_grouped_while_it_is_typed_and_kept_without_blanks(show: Show) -> None:
    field = IdentityField("公民身份号码")
    _held(show, field)
    _type(field, "33029919940712031x")
    assert _edit(field).text() == "330299 19940712 031X"
    assert field.value() == "33029919940712031X"


def test_a_digit_put_in_the_middle_keeps_the_cursor_behind_it(show: Show) -> None:
    field = IdentityField("公民身份号码")
    _held(show, field)
    _type(field, "33029919940712")
    _edit(field).setCursorPosition(3)
    QTest.keyClicks(_edit(field), "5")
    assert field.value() == "330529919940712"
    assert _edit(field).cursorPosition() == 4


def test_full_width_signs_and_blanks_of_a_pasted_number_are_folded(show: Show) -> None:
    field = IdentityField("公民身份号码")
    _held(show, field)
    QApplication.clipboard().setText(" ３３０２９９-19940712 0312 ")
    field.setFocus()
    _edit(field).paste()
    assert field.value() == "330299199407120312"


def test_a_short_citizen_number_says_how_many_digits_are_there(show: Show) -> None:
    field, other = IdentityField("公民身份号码"), TextField("其他")
    _held(show, field, other)
    _type(field, "3302991994")
    other.setFocus()
    assert field.state() == "error"
    assert "10 位" in field.problem()


def test_another_paper_s_number_stays_in_one_piece(show: Show) -> None:
    field = IdentityField("证件号码")
    _held(show, field)
    _type(field, "e12345678")
    assert _edit(field).text() == "E12345678"
    assert field.problem() == ""


def test_a_mobile_number_is_grouped_and_counted(show: Show) -> None:
    field = PhoneField("手机")
    _held(show, field)
    _type(field, "13905740417999")
    assert _edit(field).text() == "139 0574 0417"
    assert field.value() == "13905740417"


@pytest.mark.parametrize("text", ["19940712", "1994-07-12", "1994-7-12", "1994.7.12", "1994/07/12", "1994年7月12日", " 1994 07 12"])
def test_a_date_is_read_as_it_is_typed_at_counters(text: str) -> None:
    assert read_date(text) == date(1994, 7, 12)


@pytest.mark.parametrize("text", ["19940230", "940712", "1994", "1994-13-01", "", "昨天", "19940712x"])
def test_what_is_no_day_is_not_guessed(text: str) -> None:
    assert read_date(text) is None


@given(st.dates(min_value=date(1000, 1, 1)))
def test_every_day_is_read_in_both_forms(day: date) -> None:
    assert read_date(day.isoformat()) == day
    assert read_date(f"{day:%Y%m%d}") == day


def test_a_date_is_shown_in_one_form_once_it_is_left(show: Show) -> None:
    field, other = DateField("出生日期"), TextField("其他")
    _held(show, field, other)
    _type(field, "19940712")
    other.setFocus()
    assert _edit(field).text() == "1994-07-12"
    assert field.state() == "normal"


def test_a_day_that_is_none_is_said_under_the_field(show: Show) -> None:
    field, other = DateField("出生日期"), TextField("其他")
    _held(show, field, other)
    _type(field, "19940230")
    other.setFocus()
    assert field.state() == "error"
    QTest.keyClick(_edit(field), Qt.Key.Key_Backspace)
    assert field.state() == "normal"


@pytest.mark.parametrize(("text", "letters"), [("租赁房屋", "zlfw"), ("高中", "gz"), ("A4 打印机", "a4dyj"), ("鄞", "")])
def test_first_letters_of_common_words(text: str, letters: str) -> None:
    assert initials(text) == letters


@pytest.mark.parametrize(
    ("typed", "code"), [("zl", "rent"), ("zg", "own"), ("单位", "work"), ("xc", "site"), ("内部", "work"), ("own", "own")]
)
def test_an_option_is_found_by_letters_by_words_and_by_code(typed: str, code: str) -> None:
    assert match_options(_PLACES, typed)[0][1].code == code


def test_letters_and_tab_take_a_choice_in_three_keys(show: Show) -> None:
    field, other = ChoiceField("居住处所", _PLACES), TextField("其他")
    _held(show, field, other)
    edits: list[object] = []
    field.edited.connect(lambda: edits.append(field.value()))
    _type(field, "dw")
    QTest.keyClick(_edit(field), Qt.Key.Key_Tab)
    assert field.value() == "work"
    assert _edit(field).text() == "单位内部"
    assert edits == ["work"]
    assert _edit(other).hasFocus()


def test_a_number_takes_the_choice_of_that_place_at_once(show: Show) -> None:
    field = ChoiceField("居住处所", _PLACES)
    _held(show, field)
    _type(field, "2")
    assert field.value() == "own"


def test_arrows_and_enter_take_a_choice(show: Show) -> None:
    field = ChoiceField("居住处所", _PLACES)
    _held(show, field)
    field.setFocus()
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Return):
        QTest.keyClick(_edit(field), key)
    assert field.value() == "work"


def test_escape_gives_the_former_choice_back(show: Show) -> None:
    field, other = ChoiceField("居住处所", _PLACES), TextField("其他")
    _held(show, field, other)
    field.set_value("rent")
    _type(field, "dw")
    QTest.keyClick(_edit(field), Qt.Key.Key_Escape)
    other.setFocus()
    assert field.value() == "rent"


def test_letters_that_fit_nothing_change_nothing(show: Show) -> None:
    field, other = ChoiceField("居住处所", _PLACES), TextField("其他")
    _held(show, field, other)
    field.set_value("rent")
    _type(field, "qqq")
    other.setFocus()
    assert field.value() == "rent"
    assert _edit(field).text() == "租赁房屋"


def test_a_read_only_choice_takes_no_key(show: Show) -> None:
    field = ChoiceField("受理点", _PLACES)
    _held(show, field)
    field.set_value("rent")
    field.set_state("read_only")
    _type(field, "2")
    QTest.keyClick(_edit(field), Qt.Key.Key_Backspace)
    assert field.value() == "rent"


def _known(typed: str) -> Suggestions:
    rows = tuple(Suggestion(text=text, payload=number) for number, text in enumerate(("锦绣里 3 幢", "锦绣里 5 幢")) if typed in text)
    return Suggestions(rows=rows, count=f"{len(rows)}")


def test_an_address_is_completed_beside_the_event_loop_and_enter_takes_it(show: Show, tasks: TaskRunner, until: Until) -> None:
    field = CompletionField("居住地址", _known, tasks, new_label="新建房屋")
    window = _held(show, field)
    taken: list[object] = []
    field.picked.connect(taken.append)
    _type(field, "锦绣里 5")
    until(lambda: field._popup().isVisible())
    assert field._popup().parentWidget() is window
    QTest.keyClick(_edit(field), Qt.Key.Key_Return)
    assert taken == [1]
    assert field.value() == "锦绣里 5 幢"
    assert field.payload() == 1
    _type(field, "a")
    assert field.payload() is None


def test_a_late_answer_to_an_early_question_is_dropped(show: Show) -> None:
    field = CompletionField("居住地址", _known, InlineTasks())
    _held(show, field)
    _type(field, "锦绣里")
    field._ask()
    field._popup().hide()
    field._show(0, "锦", _known("锦"))
    assert not field._popup().isVisible()


def test_alt_n_asks_for_a_new_record_and_escape_keeps_the_text(show: Show) -> None:
    field = CompletionField("居住地址", _known, InlineTasks(), new_label="新建房屋")
    _held(show, field)
    asked: list[str] = []
    field.new_requested.connect(asked.append)
    _type(field, "锦绣里")
    field._ask()
    QTest.keyClick(_edit(field), Qt.Key.Key_Escape)
    assert not field._popup().isVisible()
    assert field.value() == "锦绣里"
    QTest.keyClick(_edit(field), Qt.Key.Key_N, Qt.KeyboardModifier.AltModifier)
    assert asked == ["锦绣里"]


def test_a_field_to_check_stays_so_until_it_is_confirmed_or_edited(show: Show) -> None:
    field, other = TextField("姓名", required=True), TextField("其他")
    _held(show, field, other)
    field.set_value("李𬭎")
    field.set_state("check", "识别 71%")
    field.setFocus()
    other.setFocus()
    assert field.state() == "check"
    assert field.needs_work()
    field.confirm()
    assert not field.needs_work()
    field.set_state("check", "识别 71%")
    _type(field, "明")
    assert field.state() == "normal"


def test_leaving_a_field_is_told_and_setting_a_value_is_not_an_edit(show: Show) -> None:
    field, other = TextField("姓名"), TextField("其他")
    _held(show, field, other)
    told: list[str] = []
    field.edited.connect(lambda: told.append("edited"))
    field.left.connect(lambda: told.append("left"))
    field.set_value("李明")
    field.setFocus()
    other.setFocus()
    assert told == ["left"]


def test_tab_leaves_a_field_of_several_lines(show: Show) -> None:
    field, other = MultiLineField("说明"), TextField("其他")
    _held(show, field, other)
    field.setFocus()
    proxy = field.focusProxy()
    assert proxy is not None
    QTest.keyClicks(proxy, "12")
    QTest.keyClick(proxy, Qt.Key.Key_Tab)
    assert field.value() == "12"
    assert _edit(other).hasFocus()


def test_a_screen_reader_hears_name_demand_and_reason(show: Show) -> None:
    field = TextField("姓名", required=True)
    _held(show, field)
    field.set_state("error", "请填写姓名")
    assert _edit(field).accessibleName() == "姓名，必填"
    assert _edit(field).accessibleDescription() == "请填写姓名"


def test_an_enter_that_comes_before_the_list_takes_the_first_line_once_it_is_there(show: Show, tasks: TaskRunner, until: Until) -> None:
    rows = (Suggestion(text="锦绣里 3 幢", payload="first"), Suggestion(text="锦绣里 5 幢", payload="second"))
    field = CompletionField("居住地址", lambda typed: Suggestions(rows=rows), tasks)
    _held(show, field)
    settled: list[bool] = []
    field.settled.connect(lambda: settled.append(True))
    _type(field, "锦绣")
    QTest.keyClick(_edit(field), Qt.Key.Key_Return)
    assert not settled
    until(lambda: bool(settled))
    assert (field.value(), field.payload()) == ("锦绣里 3 幢", "first")
    QTest.keyClick(_edit(field), Qt.Key.Key_Return)
    assert settled == [True, True]


def test_enter_picks_a_choice_and_ends_the_field(show: Show) -> None:
    field = ChoiceField("居住处所", _PLACES)
    _held(show, field)
    settled: list[str] = []
    field.settled.connect(lambda: settled.append(str(field.value())))
    _type(field, "zg")
    QTest.keyClick(_edit(field), Qt.Key.Key_Return)
    assert settled == ["own"]


def test_a_pass_number_of_digits_is_not_held_against_the_citizens_scheme() -> None:
    field = IdentityField("证件号码")
    field.set_value("12345678")
    assert "18 位" in field.problem()
    field.set_citizen(False)
    assert field.problem() == ""
    field.set_citizen(True)
    field.set_value("330299940712031")  # an old number of 15 digits
    assert field.problem() == ""
