"""A scanner's keys are told from a person's, and nothing that a person types is lost or changed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbcase.devices.keyboard_scanner import FASTEST_PERSON_MS, LEAST_CODE, KeyboardScanner, Verdict

SLOW, QUICK = FASTEST_PERSON_MS + 40, 4
TEXTS = st.text("abcXYZ0189-:/~", max_size=14)


class Field:
    """What a field would have got, and the codes that came past it."""

    def __init__(self, scanner: KeyboardScanner) -> None:
        self.scanner = scanner
        self.text = ""
        self.codes: list[str] = []
        self.at = 1000.0

    def type(self, text: str, gap: float) -> None:
        for sign in text:
            self.at += gap
            heard = self.scanner.key(sign, self.at)
            self.text += heard.back + (sign if heard.verdict is Verdict.PASS else "")

    def enter(self, gap: float) -> None:
        self.at += gap
        heard = self.scanner.enter(self.at)
        self.text += heard.back + ("\n" if heard.verdict is Verdict.PASS else "")
        self.codes += [heard.code] if heard.code else []

    def rest(self) -> None:
        self.at += 1000
        self.text += self.scanner.waited(self.at)


@pytest.mark.parametrize("prefix", ["", "~", "~]"])
def test_a_scanned_code_is_taken_whole_and_no_field_sees_it(prefix: str) -> None:
    field = Field(KeyboardScanner(prefix=prefix))
    field.type(prefix + "NB20261124000017", QUICK)
    field.enter(QUICK)
    field.rest()
    assert (field.codes, field.text) == (["NB20261124000017"], "")


@given(TEXTS, st.sampled_from(["", "~", "~]"]))
def test_what_a_person_types_arrives_as_it_was_typed(text: str, prefix: str) -> None:
    field = Field(KeyboardScanner(prefix=prefix))
    field.type(text, SLOW)
    field.enter(SLOW)
    field.rest()
    assert (field.text, field.codes) == (text + "\n", [])


@given(st.lists(st.tuples(TEXTS, st.sampled_from([QUICK, SLOW])), max_size=6), st.sampled_from(["", "~"]))
def test_no_key_is_lost_doubled_or_out_of_order(runs: list[tuple[str, int]], prefix: str) -> None:
    field = Field(KeyboardScanner(prefix=prefix))
    for text, gap in runs:
        field.type(text, gap)
    field.rest()
    assert field.text == "".join(text for text, _ in runs)


def test_a_few_keys_that_a_hand_rolls_over_are_no_code() -> None:
    field = Field(KeyboardScanner())
    field.type("a" * (LEAST_CODE - 1), QUICK)
    field.enter(QUICK)
    assert (field.text, field.codes) == ("a" * (LEAST_CODE - 1) + "\n", [])


def test_a_person_who_types_the_prefix_gets_it_back() -> None:
    field = Field(KeyboardScanner(prefix="~"))
    field.type("~样例地址", SLOW)
    field.rest()
    assert (field.text, field.codes) == ("~样例地址", [])


def test_with_a_prefix_a_persons_keys_are_never_held() -> None:
    scanner = KeyboardScanner(prefix="~")
    assert scanner.key("a", 1000).verdict is Verdict.PASS
    assert not scanner.is_holding


def test_a_code_behind_a_persons_typing_leaves_that_in_the_field() -> None:
    field = Field(KeyboardScanner())
    field.type("ab", SLOW)
    field.at += SLOW
    field.type("NB20261124000017", QUICK)
    field.enter(QUICK)
    assert (field.text, field.codes) == ("ab", ["NB20261124000017"])


def test_quick_keys_before_an_enter_that_a_person_presses_are_no_code() -> None:
    field = Field(KeyboardScanner())
    field.type("NB20261124000017", QUICK)
    field.enter(SLOW)
    assert (field.text, field.codes) == ("NB20261124000017\n", [])
