"""From recognised lines to fields: what labels, places and checks make of good and bad readings."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbcase.devices.card_fields import CardReading, overlooked_boxes, turned_round
from nbcase.devices.contract import DocumentType, Side
from nbcase.devices.document_fields import read_document
from nbcase.devices.text_engine import Line
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
    return read_document(lines, WIDTH, is_card=True, today=TODAY)


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


def test_boxes_turned_twice_are_where_they_were() -> None:
    boxes = [found.box for found in front()]
    assert turned_round(turned_round(boxes, WIDTH, HEIGHT), WIDTH, HEIGHT) == boxes


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
    reading = read_document(lines, WIDTH, is_card=is_card, today=TODAY)
    assert all(field.needs_look for key, field in reading.fields.items() if key == "name")
    overlooked_boxes(lines, WIDTH)


def test_what_was_held_against_what_is_told_check_by_check() -> None:
    checks = {check.key: check.passed for check in read(front()).checks}
    assert checks == {"checksum": True, "area": True, "birth_date": True, "birth_matches": True, "sex_matches": True}
    wrong = {check.key: (check.passed, bool(check.why)) for check in read(front(sex="男")).checks}
    assert wrong["sex_matches"] == (False, True)


def test_a_number_without_a_birth_date_beside_it_is_never_sure() -> None:
    number = read(front(birth="")).fields["number"]
    assert number.needs_look
    assert "比对" in number.why


@pytest.mark.parametrize("label", ["住址", "主址"])
def test_a_label_of_the_address_that_was_misread_is_not_part_of_it(label: str) -> None:
    lines = [replace(found, text=label) if found.text == "住址" else found for found in front()]
    assert read(lines).fields["address"].value == "浙江省宁波市样例区示范街道试验路18号"


def test_an_address_that_ends_in_the_middle_is_to_be_looked_at() -> None:
    assert read(front(more_address="")).fields["address"].needs_look
    assert not read(front()).fields["address"].needs_look


def test_an_authority_is_found_without_its_label_and_is_never_a_date() -> None:
    unlabelled = [found for found in back("2021.03.09-2041.03.09") if found.text != "签发机关"]
    assert read(unlabelled).fields["authority"].value == "宁波市公安局样例分局"
    odd = [line("签发机关", 212, 473, 126), line("2021.03.09-2041.03.09", 401, 471, 362)]
    assert read(odd).fields["authority"].needs_look


@pytest.mark.parametrize("label", ["签发机关", "签发机关:", "签发机关："])
def test_a_label_whose_value_was_not_found_is_a_field_that_is_missing(label: str) -> None:
    reading = read([line(label, 400, 440, 160), *back("2020.01.01-2030.01.01")[-1:]])
    assert "authority" not in reading.fields
    assert [problem.key for problem in reading.problems] == ["field_missing"]


def test_the_back_of_a_residence_permit_has_pass_number_and_issues() -> None:
    lines = [*back("2023.03.09-2028.03.08"), line("通行证号码H12345678", 212, 380, 400), line("签发次数01", 700, 380, 140)]
    lines[1] = line("港澳居民居住证", 431, 175, 379, 80)
    reading = read(lines)
    assert (reading.type, reading.document_kind) == (DocumentType.HMT_RESIDENCE, "hmt_residence")
    assert (reading.fields["pass_number"].value, reading.fields["issue_count"].value) == ("H12345678", "01")


def test_the_front_of_a_residence_permit_is_told_by_its_number() -> None:
    reading = read(front(number=make_number("810000", date(1992, 5, 18), 46), nation=""))
    assert (reading.type, reading.document_kind) == (DocumentType.HMT_RESIDENCE, "hmt_residence")
    assert read(front()).type is DocumentType.ID_CARD


@pytest.mark.parametrize(
    ("words", "type_"),
    [
        (("常住人口登记卡", "户主或与户主关系", "承办人签章"), DocumentType.HOUSEHOLD_PAGE),
        (("房屋租赁合同", "出租方：样例", "承租方：样例", "租金每月一千元"), DocumentType.LEASE),
    ],
)
def test_a_household_page_and_a_lease_are_plain_text(words: tuple[str, ...], type_: DocumentType) -> None:
    reading = read([line(text, 100, 100 + 60 * row, 300) for row, text in enumerate(words)])
    assert (reading.type, reading.text, reading.fields) == (type_, words, {})


def foreigner(number: str, *more: Line) -> list[Line]:
    return [
        line("中华人民共和国外国人永久居留身份证", 300, 40, 600),
        line("姓名/Name", 60, 110, 160),
        line("SMITH, ANNA MARIA", 260, 110, 400),
        line("史安娜", 260, 165, 120),
        line("性别/Sex", 60, 220, 140),
        line("女/F", 260, 220, 80),
        line("出生日期/Date of Birth", 60, 280, 300),
        line("1985.03.17", 400, 280, 160),
        line("国籍/Nationality", 60, 340, 240),
        line("加拿大/CAN", 400, 340, 160),
        line("有效期限/Period of Validity", 60, 400, 360),
        line("2019.06.01-2029.05.31", 440, 400, 320),
        line("证件号码/Card No.", 60, 520, 240),
        line(number, 320, 520, 400),
        *more,
    ]


def test_a_foreigners_card_is_read_by_its_labels_in_two_languages() -> None:
    reading = read(foreigner("CAN330285031710"))
    assert (reading.type, reading.document_kind) == (DocumentType.FOREIGNER_CARD, "foreigner_2017")
    assert {key: found.value for key, found in reading.fields.items()} == {
        "name_latin": "SMITH, ANNA MARIA",
        "sex_code": "2",
        "birth_on": "1985-03-17",
        "country_code": "CAN",
        "valid_from_on": "2019-06-01",
        "valid_until_on": "2029-05-31",
        "number": "CAN330285031710",
    }
    assert {key for key, found in reading.fields.items() if found.needs_look} == {"name_latin", "number"}


def test_a_foreigners_number_of_2023_has_a_check_sign_that_counts() -> None:
    number = make_number("933124", date(1985, 3, 17), 46)
    sound = read(foreigner(number))
    assert sound.document_kind == "foreigner_2023"
    assert not sound.fields["number"].needs_look
    broken = number[:16] + str((int(number[16]) + 1) % 10) + number[17]
    assert read(foreigner(broken)).fields["number"].needs_look
