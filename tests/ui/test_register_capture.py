"""What follows from a document and from the answers without typing."""

from datetime import date

import pytest

from nbcase.domain.identity import make_number
from nbcase.operations.drafts import DraftFile
from tests.parts.newcomer import CARD, FRONT
from ui.pages.register.capture import (
    Capture,
    capture_as_plain,
    capture_from_plain,
    card_answers,
    card_of,
    code_points,
    derive,
    home_words,
    side_answers,
    side_of,
)
from ui.pages.register.capture import Side as CapturedSide

TODAY = date(2026, 11, 24)
FILE = DraftFile(role="front", hash="a" * 64, media_type="image/jpeg")


def front() -> CapturedSide:
    return side_of(FRONT, FILE, FILE)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("安徽省南塘县白鹭镇樟树村六组21号", "省外县"),
        ("河南省青岩市白鹭区槐树路1号", "省外市"),
        ("河南省青岩市南塘县白鹭镇", "省外县"),
        ("内蒙古自治区青岩市白鹭旗", "省外县"),
        ("浙江省宁波市样例区示范街道试验路18号", "省内市"),
        ("浙江省样例县示范镇", "省内县"),
        ("锦绣里", ""),
        ("", ""),
    ],
)
def test_the_kind_of_home_follows_from_the_address(address: str, words: str) -> None:
    assert home_words(address) == words


def test_code_points_are_those_of_rare_signs_or_of_a_short_text() -> None:
    assert code_points("李𬭎") == "U+2CB4E"
    assert code_points("李鈜") == "U+674E U+921C"
    assert code_points("阿依古丽·买买提") == "U+963F U+4F9D U+53E4"


def test_a_capture_survives_the_draft() -> None:
    capture = Capture(card=card_of(CARD), sides={"front": front()})
    assert capture_from_plain(capture_as_plain(capture)) == capture


def test_a_capture_of_another_version_is_passed_over() -> None:
    assert capture_from_plain({"sides": 7}) == Capture()
    assert capture_from_plain(None) == Capture()


def test_the_readings_of_a_side_come_under_the_keys_of_the_form() -> None:
    answers = side_answers(front(), frozenset({"name", "home_address", "document_number", "birth_on"}))
    assert answers == {
        "name": "李鈜",
        "home_address": CARD.address,
        "document_number": CARD.number,
        "birth_on": "1994-07-12",
        "document_kind": "citizen",
    }


def test_a_card_without_end_leaves_the_day_out_and_is_valid() -> None:
    card = card_of(CARD)
    assert "valid_until_on" in card_answers(card)
    endless = card_of(type(CARD)(**{**{name: getattr(CARD, name) for name in CARD.__dataclass_fields__}, "valid_until_on": None}))
    assert "valid_until_on" not in card_answers(endless)
    derived = derive(card_answers(endless), Capture(card=endless), TODAY, 16)
    assert [mark.passed for mark in derived.marks] == [True, True, True]


def test_an_expired_card_and_a_contradiction_are_marked() -> None:
    card = card_of(CARD)
    answers = {**card_answers(card), "document_number": make_number("330299", date(1990, 1, 1), 22), "valid_until_on": "2020-01-01"}
    derived = derive(answers, Capture(card=card), TODAY, 16)
    assert [mark.passed for mark in derived.marks] == [True, False, False]
    assert "2020-01-01" in derived.marks[2].why


def test_nothing_is_claimed_of_an_empty_form() -> None:
    derived = derive({}, Capture(), TODAY, 16)
    assert [mark.passed for mark in derived.marks] == [None, None, None]
    assert derived.values == {}
    assert not derived.is_minor


def test_a_child_is_one_below_the_age_of_adults() -> None:
    for birth_on, is_minor in ((date(2010, 11, 25), True), (date(2010, 11, 24), False)):
        number = make_number("330299", birth_on, 231)
        assert derive({"document_number": number}, Capture(), TODAY, 16).is_minor is is_minor
