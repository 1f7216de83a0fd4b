"""Identity numbers: what a typed number says and which sentence helps when it is wrong."""

from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from nbcase.domain.divisions import division, province_name
from nbcase.domain.identity import (
    SYNTHETIC_AREA,
    DocumentKind,
    NumberCheck,
    age_on,
    check_number,
    check_sign,
    kind_name,
    make_number,
    mask_number,
    mask_phone,
    origin_name,
)

TODAY = date(2026, 11, 24)
NUMBER = make_number(SYNTHETIC_AREA, date(1990, 1, 1), 31)

birth_dates = st.dates(date(1900, 1, 1), TODAY)
sequences = st.integers(0, 999)
areas = st.sampled_from([SYNTHETIC_AREA, "330204", "330212", "110101", "659004", "710000"])


def checked(text: str, kind: DocumentKind = DocumentKind.CITIZEN) -> NumberCheck:
    return check_number(text, kind, TODAY)


def only_problem(check: NumberCheck) -> str:
    (problem,) = check.problems
    assert not check.valid
    assert problem.text.endswith("。")
    return problem.key


@given(areas, birth_dates, sequences)
def test_every_made_number_is_valid_and_says_what_it_was_made_of(area: str, birth_on: date, sequence: int) -> None:
    check = checked(make_number(area, birth_on, sequence))
    assert check.valid
    assert check.problems == ()
    assert (check.area_code, check.birth_on) == (area, birth_on)
    assert check.sex_code == ("1" if sequence % 2 else "2")


@given(birth_dates, sequences, st.integers(0, 17), st.sampled_from("0123456789X"))
def test_one_wrong_sign_anywhere_is_always_noticed(birth_on: date, sequence: int, place: int, sign: str) -> None:
    number = make_number(SYNTHETIC_AREA, birth_on, sequence)
    assume(number[place] != sign)
    assert not checked(number[:place] + sign + number[place + 1 :]).valid


@given(birth_dates, sequences, st.integers(0, 16))
def test_two_neighbours_swapped_are_always_noticed(birth_on: date, sequence: int, place: int) -> None:
    number = make_number(SYNTHETIC_AREA, birth_on, sequence)
    assume(number[place] != number[place + 1])
    swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    assert not checked(swapped).valid


@given(st.text(max_size=30), st.sampled_from(DocumentKind))
def test_any_text_gets_a_verdict_and_a_sentence_never_an_exception(text: str, kind: DocumentKind) -> None:
    check = checked(text, kind)
    assert check.valid is (check.problems == ())


def test_the_worked_example_of_the_standard_has_its_check_sign() -> None:
    # GB 11643-1999 itself prints 11010519491231002X.
    assert check_sign("11010519491231002") == "X"


def test_blanks_full_width_signs_and_a_small_x_are_folded() -> None:
    number = next(made for sequence in range(99) if (made := make_number(SYNTHETIC_AREA, date(1990, 1, 1), sequence)).endswith("X"))
    full_width = "".join(chr(ord(digit) + 0xFEE0) for digit in number[:6])
    typed = f" {full_width}\u3000{number[6:14]} {number[14:17]}x\u200b\n"
    check = checked(typed)
    assert check.valid
    assert check.number == number


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("", "empty"),
        (" \u3000", "empty"),
        (NUMBER[:-1], "length"),
        (NUMBER + "1", "length"),
        ("33029919900101O31X", "charset"),
        ("٣" * 18, "charset"),
        ("X" + NUMBER[1:], "charset"),
        ("19" + NUMBER[2:], "area"),
        ("330299199002300317", "birth_date"),
        ("330299202612240317", "birth_future"),
        ("330299177001010317", "birth_too_early"),
        (make_number("810000", date(1990, 1, 1), 31), "other_kind"),
        (make_number("933156", date(1990, 1, 1), 31), "other_kind"),
    ],
)
def test_the_first_thing_wrong_is_named(text: str, key: str) -> None:
    assert only_problem(checked(text)) == key


def test_a_wrong_check_sign_is_refused_without_offering_the_right_one() -> None:
    wrong = NUMBER[:-1] + ("0" if NUMBER[-1] != "0" else "1")
    check = checked(wrong)
    assert only_problem(check) == "check_sign"
    assert NUMBER[-1] not in check.problems[0].text
    assert check.birth_on == date(1990, 1, 1)


def test_the_sentence_about_the_length_counts_the_digits() -> None:
    assert "17 位" in checked(NUMBER[:-1]).problems[0].text


def test_a_person_born_today_is_accepted_and_one_born_tomorrow_is_not() -> None:
    assert checked(make_number(SYNTHETIC_AREA, TODAY, 1)).valid
    assert only_problem(checked(make_number(SYNTHETIC_AREA, date(2026, 11, 25), 1))) == "birth_future"


def test_a_retired_area_is_accepted_and_marked() -> None:
    check = checked(make_number("330204", date(1980, 5, 6), 12))
    assert check.valid
    assert check.area_retired
    assert [notice.key for notice in check.notices] == ["area_retired"]
    assert check.origin == "浙江省"


def test_an_old_number_of_15_digits_is_converted_with_a_notice() -> None:
    check = checked(NUMBER[:6] + NUMBER[8:17])
    assert check.valid
    assert check.number == NUMBER
    assert [notice.key for notice in check.notices] == ["converted"]


def test_an_old_number_is_no_number_of_a_hong_kong_resident() -> None:
    assert only_problem(checked("810000900101031", DocumentKind.HMT_RESIDENCE)) == "length"


@pytest.mark.parametrize(("area", "origin"), [("810000", "香港"), ("820000", "澳门"), ("830000", "台湾")])
def test_a_residence_permit_of_hong_kong_macao_or_taiwan_names_its_origin(area: str, origin: str) -> None:
    check = checked(make_number(area, date(1990, 1, 1), 31), DocumentKind.HMT_RESIDENCE)
    assert check.valid
    assert check.origin.startswith(origin)


def test_a_citizen_number_is_not_taken_for_a_residence_permit() -> None:
    assert only_problem(checked(NUMBER, DocumentKind.HMT_RESIDENCE)) == "other_kind"


def test_a_foreigners_card_of_2023_gives_the_birth_date_and_no_area() -> None:
    check = checked(make_number("933156", date(1985, 3, 2), 31), DocumentKind.FOREIGNER_2023)
    assert check.valid
    assert check.birth_on == date(1985, 3, 2)
    assert (check.area_code, check.sex_code, check.origin) == (None, None, "")


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (DocumentKind.FOREIGNER_2017, "USA330299900101", "US3302999001011"),
        (DocumentKind.HK_MACAO_PASS, "h12345678", "A12345678"),
        (DocumentKind.HK_MACAO_PASS, "M1234567801", "M123456780"),
        (DocumentKind.TAIWAN_PASS, "12345678", "1234567"),
        (DocumentKind.PASSPORT, "E12345678", "PASSPORT"),
        (DocumentKind.PASSPORT, "12345", "E1234-678"),
    ],
)
def test_other_documents_are_checked_by_format(kind: DocumentKind, good: str, bad: str) -> None:
    assert checked(good, kind).valid
    refused = checked(bad, kind)
    assert only_problem(refused) == "format"
    assert kind_name(kind) in refused.problems[0].text


def test_the_synthetic_area_lies_in_zhejiang() -> None:
    assert origin_name(SYNTHETIC_AREA) == "浙江省"


@pytest.mark.parametrize(
    ("birth_on", "on", "age"),
    [
        (date(1990, 6, 15), date(2026, 6, 14), 35),
        (date(1990, 6, 15), date(2026, 6, 15), 36),
        (date(2008, 2, 29), date(2026, 2, 27), 17),
        (date(2008, 2, 29), date(2026, 2, 28), 18),
        (date(2008, 2, 29), date(2024, 2, 28), 15),
        (date(2008, 2, 29), date(2024, 2, 29), 16),
        (date(2026, 1, 1), date(2026, 1, 1), 0),
    ],
)
def test_age_changes_on_the_birthday(birth_on: date, on: date, age: int) -> None:
    assert age_on(birth_on, on) == age


def test_there_is_no_age_before_birth() -> None:
    with pytest.raises(ValueError, match="before birth"):
        age_on(date(2026, 1, 2), date(2026, 1, 1))


@pytest.mark.parametrize(("area", "sequence"), [("33029", 1), ("3302990", 1), ("33029X", 1), (SYNTHETIC_AREA, 1000), (SYNTHETIC_AREA, -1)])
def test_a_number_is_not_made_from_nonsense(area: str, sequence: int) -> None:
    with pytest.raises(ValueError, match="six digits"):
        make_number(area, date(1990, 1, 1), sequence)


def test_a_check_sign_needs_seventeen_digits() -> None:
    with pytest.raises(ValueError, match="17 digits"):
        check_sign("1234")


def test_screens_hide_the_birth_date_in_a_number() -> None:
    assert mask_number("330299199001010312") == "330299********0312"
    assert mask_number("H12345678") == "H*****678"


@given(st.text("0123456789X", max_size=20))
def test_a_masked_number_keeps_its_length_and_hides_at_least_half_of_a_short_one(number: str) -> None:
    masked = mask_number(number)
    assert len(masked) == len(number)
    assert len(number) >= 15 or masked.count("*") >= len(number) / 2


@pytest.mark.parametrize(
    ("phone", "masked"),
    [("13800001234", "138****1234"), ("0574-87654321", "0574-****4321"), ("12345", "***45"), ("1", "1"), ("", "")],
)
def test_screens_hide_the_middle_of_a_phone_number(phone: str, masked: str) -> None:
    assert mask_phone(phone) == masked


def test_provinces_and_retired_areas_agree_with_the_table_of_divisions() -> None:
    prefixes = [f"{number:02d}" for number in range(100)]
    assert [origin_name(prefix + "0000") or None for prefix in prefixes] == [province_name(prefix + "0000") for prefix in prefixes]
    retired = [code for code in (f"3302{number:02d}" for number in range(100)) if (found := division(code)) and found.is_retired]
    assert retired
    marked = [code for code in (f"3302{number:02d}" for number in range(100)) if checked(make_number(code, TODAY, 1)).area_retired]
    assert marked == retired
