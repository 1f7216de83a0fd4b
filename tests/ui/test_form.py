"""A form from declarations: order, gaps, problems, narrow places."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from ui.tasks import InlineTasks
from ui.widgets.fields import Suggestions
from ui.widgets.form import FieldSpec, Form, FormSection
from ui.widgets.panels import Scroll

Show = Callable[..., QWidget]

_SECTIONS = (
    FormSection(
        title="身份",
        fields=(
            FieldSpec(key="name", label="姓名", required=True),
            FieldSpec(key="number", label="号码", kind="identity", required=True),
            FieldSpec(key="born", label="出生日期", kind="date", read_only=True),
            FieldSpec(key="origin", label="户籍地址", span=2),
        ),
    ),
    FormSection(
        title="居住",
        fields=(
            FieldSpec(key="address", label="居住地址", kind="completion", span=2, required=True),
            FieldSpec(key="phone", label="手机", kind="phone", required=True),
            FieldSpec(key="tenant", label="承租人", kind="check", placeholder="本人是承租人"),
            FieldSpec(key="note", label="说明", kind="multi_line"),
        ),
    ),
)


def _form() -> Form:
    return Form(_SECTIONS, providers={"address": lambda typed: Suggestions(rows=())}, tasks=InlineTasks())


def _has_focus(form: Form) -> str:
    return next((key for key in form.fields if form._has_focus(key)), "")


def test_tab_goes_in_the_declared_order_and_passes_over_what_is_read_only(show: Show) -> None:
    form = _form()
    show(form)
    form.field("name").setFocus()
    order = []
    for _ in range(7):
        order.append(_has_focus(form))
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
    assert order == ["name", "number", "origin", "address", "phone", "tenant", "note"]


def test_the_cursor_goes_only_through_what_is_missing_or_to_be_checked(show: Show) -> None:
    form = _form()
    show(form)
    form.set_values({"name": "李明", "number": "330299199407120312", "address": "锦绣里"})
    form.field("name").set_state("check", "识别 71%")
    form.field("origin").setFocus()
    assert form.focus_next_gap()
    assert _has_focus(form) == "phone"
    assert form.focus_next_gap()
    assert _has_focus(form) == "name"
    form.field("name").confirm()
    form.set_values({"phone": "13905740417"})
    assert not form.focus_next_gap()


def test_missing_names_the_required_fields_that_are_empty(show: Show) -> None:
    form = _form()
    assert form.missing() == ["姓名", "号码", "居住地址", "手机"]
    form.set_values({"name": "李明"})
    form.field("name").set_state("check", "识别 71%")
    assert form.missing() == ["号码", "居住地址", "手机"]
    assert form.to_check() == ["姓名"]


def test_values_go_in_and_come_out_as_they_were(show: Show) -> None:
    form = _form()
    values = {
        "name": "李𬭎",
        "number": "330299199407120312",
        "born": "1994-07-12",
        "origin": "安徽省南塘县",
        "address": "锦绣里 3 幢",
        "phone": "13905740417",
        "tenant": True,
        "note": "一行\n两行",
    }
    form.set_values(values | {"unknown": "x"})
    assert form.values() == values
    form.clear()
    assert not any(form.values().values())


def test_the_key_of_a_field_comes_with_its_edit_and_its_leaving(show: Show) -> None:
    form = _form()
    show(form)
    told: list[tuple[str, str]] = []
    form.edited.connect(lambda key: told.append(("edited", key)))
    form.left.connect(lambda key: told.append(("left", key)))
    form.field("name").setFocus()
    QTest.keyClicks(QApplication.focusWidget(), "a")
    form.field("phone").setFocus()
    assert told == [("edited", "name"), ("left", "name")]


def test_refused_fields_say_why(show: Show) -> None:
    form = _form()
    form.show_problems({"phone": "这个号码已停用", "unknown": "x"})
    assert form.field("phone").state() == "error"


def test_in_a_narrow_place_the_fields_stand_in_one_column(show: Show) -> None:
    form = _form()
    show(form, 900)
    wide = {key: made.x() for key, made in form.fields.items()}
    assert wide["number"] > wide["name"]
    narrow_form = _form()
    show(narrow_form, 500)
    QApplication.processEvents()
    narrow = {key: made.x() for key, made in narrow_form.fields.items()}
    assert narrow["number"] == narrow["name"]


def test_a_gap_out_of_sight_is_scrolled_into_sight(show: Show) -> None:
    form = _form()
    scroll = Scroll(form)
    show(scroll, 500, 160)
    form.set_values({"name": "李明", "number": "330299199407120312", "address": "锦绣里"})
    form.field("name").setFocus()
    form.focus_next_gap()
    phone = form.field("phone")
    place = phone.mapTo(scroll, phone.rect().topLeft())
    assert 0 <= place.y() <= scroll.height() - phone.height()


def test_two_fields_of_one_key_are_refused(app: QApplication) -> None:
    section = FormSection(title="", fields=(FieldSpec(key="a", label="甲"), FieldSpec(key="a", label="乙")))
    with pytest.raises(ValueError, match="key a"):
        Form([section])


def test_a_completion_without_a_task_runner_is_refused(app: QApplication) -> None:
    with pytest.raises(ValueError, match="task runner"):
        Form([FormSection(title="", fields=(FieldSpec(key="a", label="甲", kind="completion"),))])


def test_enter_goes_on_to_the_next_gap_and_tells_when_there_is_none(show: Show) -> None:
    form = _form()
    show(form)
    finished: list[bool] = []
    form.finished.connect(lambda: finished.append(True))
    form.set_values({"number": "330299199407120312", "address": "锦绣里"})
    assert form.focus_first_gap()
    assert _has_focus(form) == "name"
    QTest.keyClicks(QApplication.focusWidget(), "Li")
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)
    assert _has_focus(form) == "phone"
    assert not finished
    QTest.keyClicks(QApplication.focusWidget(), "13905740417")
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)
    assert finished == [True]
    assert not form.focus_first_gap()


def test_a_hidden_section_neither_misses_anything_nor_stops_the_cursor(show: Show) -> None:
    form = _form()
    show(form)
    form.set_values({"name": "李明", "number": "330299199407120312"})
    form.show_section(1, False)
    assert form.missing() == []
    assert not form.focus_next_gap()
    form.show_section(1, True)
    assert form.missing() == ["居住地址", "手机"]


def test_a_field_can_become_necessary_and_cease_to_be(show: Show) -> None:
    form = _form()
    show(form)
    origin = form.field("origin")
    origin.set_required(True)
    assert "户籍地址" in form.missing()
    proxy = origin.focusProxy()
    assert proxy is not None
    assert proxy.accessibleName() == "户籍地址，必填"
    origin.set_required(False)
    assert "户籍地址" not in form.missing()
