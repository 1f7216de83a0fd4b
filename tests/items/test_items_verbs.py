"""`nbcase items`, `check-items`, `compare-districts` from outside."""

import json
from pathlib import Path

import pytest

from nbcase.cli import MEND, NO, OK, main
from nbcase.domain import codes
from nbcase.items.catalogue import load_catalogue, mistakes
from tests.items.test_item_mistakes import GOOD, write


def test_every_sub_scenario_is_listed_with_its_items(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["items", "--json"]) == OK
    scenes = json.loads(capsys.readouterr().out)["scenes"]
    assert [scene["code"] for scene in scenes][:11] == list(codes.table("scene").entries)
    listed = {item["code"] for scene in scenes for item in scene["items"]}
    assert listed == set(load_catalogue().items)


def test_all_mistakes_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    write(tmp_path, GOOD.replace("fact: is_registered", "fact: is_happy").replace("[acceptance-receipt]", "[a-poem]"))
    assert len(mistakes(tmp_path)) == 2


def test_the_shell_says_whether_the_files_are_right(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check-items"]) == OK
    write(tmp_path, GOOD.replace("next: [sample.new]", "next: [sample.old]"))
    assert main(["check-items", "--folder", str(tmp_path), "--json"]) == NO
    assert "sample.old" in capsys.readouterr().out


@pytest.mark.parametrize("fact", ["booking.spaceship", "service.nothing"])
def test_an_unknown_service_within_a_choice_of_conditions_is_a_mistake(tmp_path: Path, fact: str) -> None:
    option = f"{{key: a, name: {{zh: 甲, en: A}}, test: {{kind: present, fact: {fact}}}, missing: {{zh: 缺, en: Missing}}}}"
    good = "test: {kind: present, fact: is_registered}"
    assert good in GOOD
    write(tmp_path, GOOD.replace(good, f"test: {{kind: any_of, options: [{option}]}}"))
    (found,) = mistakes(tmp_path)
    assert fact in found.what


def test_a_district_can_add_words_and_nothing_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, GOOD)
    (tmp_path / "districts").mkdir()
    file = tmp_path / "districts" / "330211.yaml"
    file.write_text("division: '330211'\nitems: {sample: {enquiry: {zh: 样窗口, en: Sample window}}}\n", encoding="utf-8")
    assert main(["compare-districts", "--folder", str(tmp_path), "--json"]) == OK
    report = json.loads(capsys.readouterr().out)
    assert {row["division"]: row["adds"] for row in report["districts"]}["330211"] == ["样例"]
    file.write_text("division: '330211'\nitems: {sample: {limit: {promised: {working_days: 9}}}}\n", encoding="utf-8")
    assert main(["compare-districts", "--folder", str(tmp_path)]) == MEND
    assert "330211.yaml" in capsys.readouterr().err
