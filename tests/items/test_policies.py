"""Policies as data: the shipped ones are right, and one bad file per mistake names file, place and mend."""

from datetime import date
from pathlib import Path

import pytest

from nbcase.cli import NO, OK, main
from nbcase.items.catalogue import ItemError, load_catalogue
from nbcase.items.policy import load_policies, policy_mistakes
from tests.items.test_item_mistakes import GOOD as ITEM
from tests.items.test_item_mistakes import write as write_item

GOOD = """
code: sample
name: {zh: 样例, en: Sample}
gives: {zh: 样例补贴, en: Sample}
basis: 某条例 第三条
from_on: 2026-01-01
until_on: 2027-01-01
conditions:
  - key: works
    name: {zh: 在职, en: At work}
    basis: 某条例 第三条
    test: {kind: present, fact: works}
    missing: {zh: 没有单位, en: No employer}
  - key: insured
    name: {zh: 参保, en: Insured}
    basis: 某条例 第三条
    test: {kind: one_of, fact: known.social_insurance, values: [held]}
    missing: {zh: 没有参保, en: Not insured}
apply: {item: sample.new}
in_use: service.sample
by: lease_until
"""

MISTAKES = {
    "unknown_key": ("basis: 某条例 第三条\nfrom", "base: 某条例 第三条\nfrom", "base"),
    "no_day_said": ("from_on: 2026-01-01\n", "", "from_on"),
    "no_such_day": ("from_on: 2026-01-01", "from_on: 2026-02-30", "day"),
    "ends_before_it_begins": ("until_on: 2027-01-01", "until_on: 2025-01-01", "until_on"),
    "no_clause": ("basis: 某条例 第三条\nfrom", "basis: ' '\nfrom", "basis"),
    "unknown_fact": ("fact: works", "fact: is_happy", "is_happy"),
    "unknown_topic": ("fact: known.social_insurance", "fact: known.star_sign", "star_sign"),
    "unknown_item": ("apply: {item: sample.new}", "apply: {item: sample.old}", "sample.old"),
    "two_ways": ("apply: {item: sample.new}", "apply: {item: sample.new, office: {zh: 某局, en: Office}}", "apply"),
    "no_way": ("apply: {item: sample.new}", "apply: {}", "apply"),
    "unknown_service": ("in_use: service.sample", "in_use: service.other", "service.other"),
    "unknown_booking": ("fact: known.social_insurance", "fact: booking.balloon", "booking.balloon"),
    "unknown_day": ("by: lease_until", "by: birthday", "birthday"),
    "double_condition": ("key: insured", "key: works", "works"),
    "another_name": ("code: sample", "code: example", "example"),
    "one_language": ("gives: {zh: 样例补贴, en: Sample}", "gives: {zh: 样例补贴}", "en"),
    "broken_yaml": ("conditions:", "conditions: [", "line"),
}


def write(folder: Path, text: str) -> None:
    write_item(folder, ITEM)
    (folder / "policies").mkdir()
    (folder / "policies" / "sample.yaml").write_text(text, encoding="utf-8")


def test_every_shipped_policy_is_right_and_names_its_clause_in_both_languages() -> None:
    catalogue = load_catalogue()
    assert policy_mistakes(catalogue) == []
    found = load_policies(catalogue)
    assert found
    for policy in found.values():
        assert not policy.is_sample, "invented ones belong to the demo"
        assert " 第" in policy.basis
        labels = [policy.name, policy.gives, *(text for one in policy.conditions for text in (one.name, one.missing))]
        assert all(label.zh.strip() and label.en.isascii() for label in labels)


def test_a_policy_holds_from_its_first_day_to_the_day_before_its_end(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    (policy,) = load_policies(load_catalogue(tmp_path), tmp_path).values()
    days = [date(2025, 12, 31), date(2026, 1, 1), date(2026, 12, 31), date(2027, 1, 1)]
    assert [policy.holds(day) for day in days] == [False, True, True, False]


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_names_file_place_and_mend(mistake: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old, new, named = MISTAKES[mistake]
    assert GOOD.count(old) >= 1
    write(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(ItemError) as caught:
        load_policies(load_catalogue(tmp_path), tmp_path)
    assert "policies/sample.yaml" in caught.value.what
    assert named in caught.value.what
    assert caught.value.safe
    assert caught.value.do
    assert main(["check-items", "--folder", str(tmp_path)]) == NO
    assert named in capsys.readouterr().out


def test_the_shell_finds_nothing_wrong_with_a_good_one(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    assert main(["check-items", "--folder", str(tmp_path)]) == OK
