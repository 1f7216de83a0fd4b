"""A round's file: the sample is right, and each mistake names file, entry and mend."""

from datetime import date
from pathlib import Path

import pytest

from nbcase.domain.errors import UserError
from nbcase.domain.resources import resource_path
from nbcase.operations.roundfile import read_round
from tests.parts.rounds import round_file

MISTAKES = {
    "unknown_key": ('name = "样轮次"', 'title = "样轮次"', "title"),
    "missing_key": ("notice_days = 7\n", "", "notice_days"),
    "unknown_use": ('use = "school"', 'use = "marriage"', "use"),
    "unknown_district": ('district = "330211"', 'district = "110101"', "district"),
    "days_turned_round": ("closes_on = 2026-03-10", "closes_on = 2026-02-10", "closes_on"),
    "no_notice": ("notice_days = 7", "notice_days = 0", "notice_days"),
    "no_seed": ('lot_seed = "样种子"', 'lot_seed = " "', "lot_seed"),
    "no_lot": ("notice_days = 7", 'notice_days = 7\nties = ["residence_months"]', "ties"),
    "unknown_tie": ("notice_days = 7", 'notice_days = 7\nties = ["beauty", "lot"]', "ties"),
    "unknown_grade": ("notice_days = 7", 'notice_days = 7\ngrades = ["9"]', "grades"),
    "double_place": ('name = "乙小"', 'name = "甲小"', "place"),
    "negative_seats": ("seats = 1", "seats = -1", "place"),
    "not_toml": ("[[place]]", "[[place", "TOML"),
}


def test_the_sample_is_right_and_says_whose_rule_the_order_of_equals_is() -> None:
    path = resource_path("reference/round.toml")
    one = read_round(path)
    assert (one.use_code, one.district_code, len(one.places)) == ("school", "330211", 3)
    assert one.ties[-1] == "lot"
    assert one.ties_basis == "", "no public rule is known, and none is claimed"
    assert read_round(path).id == one.id


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_names_file_entry_and_mend(mistake: str, tmp_path: Path) -> None:
    path = round_file(tmp_path, "s", closes_on=date(2026, 3, 10))
    old, new, named = MISTAKES[mistake]
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(UserError) as caught:
        read_round(path)
    assert path.name in caught.value.what
    assert named in caught.value.what
    assert caught.value.do
