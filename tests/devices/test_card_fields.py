"""From recognised lines to fields: what labels, places and checks make of good and bad readings."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbcase.devices.card_fields import CardReading, Line, is_upside_down, overlooked_boxes, read_fields, stands_on_end, turned_round
from nbcase.devices.contract import Side
from nbcase.domain.identity import SYNTHETIC_AREA, make_number

WIDTH, HEIGHT = 1011, 638
TODAY = date(2026, 11, 24)
NUMBER = make_number(SYNTHETIC_AREA, date(1992, 5, 18), 46)


def line(text: str, left: float, top: float, width: float, height: float = 44, confidence: float = 0.99) -> Line:
    box = ((left, top), (left + width, top), (left + width, top + height), (left, top + height))
    return Line(text=text, confidence=confidence, box=box)


def front(**changed: str) -> list[Line]:
    """A front with labels and values apart; a changed text of "" leaves its line out."""
    texts = {
        "name": "林样卡",
        "sex": "女",
        "nation": "民族汉",
        "birth": "1992年5月18日",
        "address": "浙江省宁波市样例区示范",
        "more_address": "街道试验路18号",
        "number": NUMBER,
    } | changed
    places = {
        "name": (171, 94, 144),
        "sex": (160, 168, 73),
        "nation": (262, 168, 173),
        "birth": (175, 251, 333),
        "address": (174, 321, 403),
        "more_address": (175, 373, 381),
        "number": (336, 551, 574),
    }
    labels = [
        line("姓名", 57, 91, 72),
        line("性别", 58, 169, 80),
        line("出生", 60, 249, 69),
        line("住址", 57, 323, 73),
        line("公民身份号码", 62, 551, 178),
    ]
    return labels + [line(text, *places[key]) for key, text in texts.items() if text] + [line("样卡", 693, 365, 203, 109)]


def read(lines: list[Line]) -> CardReading:
    return read_fields(lines, WIDTH, is_card=True, today=TODAY)


def test_a_front_is_read_with_codes_and_dates_for_the_record() -> None:
    reading = read(front())
    assert reading.side is Side.FRONT
    assert reading.problems == ()
    assert {key: field.value for key, field in reading.fields.items()} == {
        "name": "林样卡",
        "sex_code": "2",
        "nation_code": "01",
        "birth_on": "1992-05-18",
        "address": "浙江省宁波市样例区示范街道试验路18号",
        "number": NUMBER,
    }


def test_only_the_name_of_a_clear_card_asks_for_a_look() -> None:
    fields = read(front()).fields
    assert [key for key, field in fields.items() if field.needs_look] == ["name"]
    assert fields["name"].why


def test_labels_and_values_in_one_line_are_told_apart() -> None:
    together = [line("姓名林样卡", 57, 91, 258), line("性别女民族汉", 58, 168, 377), line(f"公民身份号码 {NUMBER}", 62, 551, 848)]
    fields = read(together).fields
    assert fields["name"].value == "林样卡"
    assert (fields["sex_code"].value, fields["nation_code"].value) == ("2", "01")
    assert fields["number"].value == NUMBER


def test_the_box_of_a_field_leaves_its_label_out() -> None:
    box = read([line("姓名林样卡", 100, 91, 500), line("公民身份号码", 62, 551, 178)]).fields["name"].box
    assert box == ((300, 91), (600, 91), (600, 135), (300, 135))


def test_a_name_whose_label_was_not_read_is_the_line_above_the_sex() -> None:
    lines = [found for found in front() if found.text != "姓名"]
    assert read(lines).fields["name"].value == "林样卡"


@pytest.mark.parametrize("dot", ["・", "･", "•", "·"])
def test_the_dot_in_a_name_is_the_one_of_the_standard(dot: str) -> None:
    assert read(front(name=f"阿依{dot}买买提")).fields["name"].value == "阿依·买买提"


def test_traditional_forms_are_folded_in_the_address_and_the_ethnic_group_but_never_in_the_name() -> None:
    fields = read(front(name="黃样卡", nation="民族漢", address="浙江省寧波市")).fields
    assert fields["name"].value == "黃样卡"
    assert fields["nation_code"].value == "01"
    assert fields["address"].value.startswith("浙江省宁波市")


def test_an_ethnic_group_that_is_none_has_no_code_and_asks_for_a_look() -> None:
    nation = read(front(nation="民族舍")).fields["nation_code"]
    assert (nation.text, nation.value, nation.needs_look) == ("舍", "", True)


def test_a_number_with_a_wrong_sign_never_passes_as_sure() -> None:
    wrong = NUMBER[:9] + str((int(NUMBER[9]) + 1) % 10) + NUMBER[10:]
    number = read(front(number=wrong)).fields["number"]
    assert number.needs_look
    assert "校验" in number.why or "日期" in number.why


@given(st.integers(0, 16), st.sampled_from("0123456789"))
def test_one_misread_digit_anywhere_is_marked(place: int, digit: str) -> None:
    read_as = NUMBER[:place] + digit + NUMBER[place + 1 :]
    number = read(front(number=read_as)).fields["number"]
    assert number.needs_look is (read_as != NUMBER)


def test_letters_read_for_digits_are_understood_where_the_check_sign_agrees() -> None:
    number = read(front(number=NUMBER.replace("0", "O").replace("1", "l"))).fields["number"]
    assert (number.value, number.needs_look) == (NUMBER, False)


def test_a_number_with_a_digit_missing_is_given_but_marked() -> None:
    number = read(front(number=NUMBER[:-1])).fields["number"]
    assert (number.value, number.needs_look) == (NUMBER[:-1], True)
    assert "17 位" in number.why


def test_a_birth_date_against_the_number_marks_both() -> None:
    fields = read(front(birth="1992年5月13日")).fields
    assert fields["birth_on"].needs_look
    assert fields["number"].needs_look
    assert fields["birth_on"].why == fields["number"].why


def test_a_sex_against_the_number_marks_both() -> None:
    fields = read(front(sex="男")).fields
    assert fields["sex_code"].needs_look
    assert fields["number"].needs_look


def test_a_birth_date_that_does_not_exist_has_no_value() -> None:
    birth = read(front(birth="1992年2月30日")).fields["birth_on"]
    assert (birth.value, birth.needs_look) == ("", True)


def test_a_low_confidence_asks_for_a_look() -> None:
    lines = [*front(address=""), line("浙江省宁波市样例区", 174, 321, 403, confidence=0.6)]
    assert read(lines).fields["address"].needs_look


def test_missing_fields_are_told_in_one_notice() -> None:
    (problem,) = read(front(number="", address="", more_address="")).problems
    assert problem.key == "field_missing"
    assert "公民身份号码、住址" in problem.text


def test_a_residence_permit_of_a_hong_kong_resident_is_checked_by_its_own_rule() -> None:
    number = make_number("810000", date(1992, 5, 18), 46)
    assert not read(front(number=number)).fields["number"].needs_look


def back(validity: str) -> list[Line]:
    return [
        line("中华人民共和国", 415, 79, 410, 70),
        line("居民身份证", 431, 175, 379, 80),
        line("签发机关", 212, 473, 126),
        line("宁波市公安局样例分局", 401, 471, 362),
        line("有效期限", 212, 550, 126),
        line(validity, 400, 550, 376),
    ]


@pytest.mark.parametrize(
    ("validity", "begin", "end"),
    [
        ("2021.03.09-2041.03.09", "2021-03-09", "2041-03-09"),
        ("2021.03.09—2041.03.09", "2021-03-09", "2041-03-09"),
        ("2021. 03.09-长期", "2021-03-09", ""),
    ],
)
def test_a_back_gives_authority_and_validity(validity: str, begin: str, end: str) -> None:
    reading = read(back(validity))
    assert reading.side is Side.BACK
    assert reading.problems == ()
    fields = reading.fields
    assert fields["authority"].value == "宁波市公安局样例分局"
    assert (fields["valid_from_on"].value, fields["valid_until_on"].value) == (begin, end)
    assert not any(field.needs_look for field in fields.values())


@pytest.mark.parametrize("validity", ["2041.03.09-2021.03.09", "2021.13.09-2041.03.09", "2021.03.09-2041.03.39"])
def test_a_validity_that_cannot_be_asks_for_a_look(validity: str) -> None:
    fields = read(back(validity)).fields
    assert fields["valid_from_on"].needs_look
    assert fields["valid_until_on"].needs_look


def test_a_picture_of_something_else_has_no_fields_and_says_so() -> None:
    reading = read([line("今日菜单", 100, 100, 300)])
    assert reading.side is Side.UNKNOWN
    assert reading.fields == {}
    assert [problem.key for problem in reading.problems] == ["not_recognised"]


@pytest.mark.parametrize("lines", [front(), back("2021.03.09-长期")])
def test_a_card_on_its_head_is_noticed_and_turned(lines: list[Line]) -> None:
    assert not is_upside_down(lines, HEIGHT)
    on_its_head = turned_round(lines, WIDTH, HEIGHT)
    assert is_upside_down(on_its_head, HEIGHT)
    assert read(turned_round(on_its_head, WIDTH, HEIGHT)) == read(lines)


def test_lines_from_top_to_bottom_mean_a_picture_on_its_side() -> None:
    assert not stands_on_end(front())
    assert stands_on_end([line("公民身份号码", 100, 62, 44, 178), line(NUMBER, 100, 336, 44, 574)])
    assert not stands_on_end([])


def test_a_sign_overlooked_between_two_labels_is_looked_for_there() -> None:
    (((left, top), _, (right, bottom), _),) = overlooked_boxes(front(sex=""), WIDTH)
    assert left == 138
    assert right <= 262
    assert top < 169
    assert bottom > 213


def test_nothing_is_looked_for_twice_where_every_sign_was_found() -> None:
    assert overlooked_boxes(front(), WIDTH) == []


scattered = st.builds(
    line,
    st.text("姓名性别民族男女汉出生年月日住址公民身份号码签发机关有效期限长0123456789X.-O ", max_size=24),
    st.floats(0, 900),
    st.floats(0, 600),
    st.floats(1, 600),
    st.floats(1, 100),
    st.floats(0, 1),
)


@given(st.lists(scattered, max_size=12), st.booleans())
def test_any_lines_make_a_reading(lines: list[Line], is_card: bool) -> None:
    reading = read_fields(lines, WIDTH, is_card=is_card, today=TODAY)
    assert all(field.needs_look for key, field in reading.fields.items() if key == "name")
    overlooked_boxes(lines, WIDTH)
    is_upside_down(lines, HEIGHT)
    stands_on_end(lines)
