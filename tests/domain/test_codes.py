"""Code tables: complete where a standard says so, honest where it does not, found by what a clerk types."""

from pathlib import Path

import pytest

from nbcase.domain import codes
from nbcase.domain.errors import UserError
from nbcase.domain.identity import DocumentKind, kind_name
from nbcase.domain.resources import resource_path

TABLES = codes.load_tables(resource_path("reference/codes.toml"))


def test_there_are_56_nations_and_the_two_of_police_practice() -> None:
    assert list(codes.table("nation").entries) == [f"{n:02d}" for n in range(1, 57)] + ["97", "98"]
    assert codes.name("nation", "01") == "汉族"
    assert codes.name("nation", "22") == "畲族"
    assert codes.name("nation", "56", english=True) == "Jino"


@pytest.mark.parametrize(("value", "code"), [("57", "97"), ("58", "98"), ("汉", "01"), ("维吾尔族", "05"), (" 22 ", "22"), ("火星", None)])
def test_codes_and_spellings_of_other_systems_are_understood(value: str, code: str | None) -> None:
    assert codes.normal("nation", value) == code


def test_an_unknown_code_is_shown_as_itself_and_said_to_be_unknown() -> None:
    assert codes.name("nation", "77") == "未知代码 77"


@pytest.mark.parametrize("nothing", [None, ""])
def test_no_code_is_a_dash_not_a_guess(nothing: str | None) -> None:
    assert codes.name("sex", nothing) == "—"


@pytest.mark.parametrize(
    ("table", "typed", "code"),
    [
        ("nation", "wwe", "05"),
        ("nation", "Uyg", "05"),
        ("nation", "畲", "22"),
        ("reason", "wg", "01"),
        ("education", "dz", "30"),
        ("sex", "2", "2"),
    ],
)
def test_typing_finds_the_entry_by_initials_name_english_or_code(table: str, typed: str, code: str) -> None:
    assert code in [entry.code for entry in codes.table(table).search(typed)]


def test_typing_narrows_and_nothing_typed_leaves_all() -> None:
    nation = codes.table("nation")
    assert len(nation.search("")) == 58
    assert [entry.code for entry in nation.search("xyz")] == []


@pytest.mark.parametrize("key", ["sex", "nation", "marriage", "education", "degree", "politics"])
def test_a_national_standard_is_named_and_not_editable(key: str) -> None:
    assert codes.table(key).standard.startswith("GB/T")
    assert not codes.table(key).is_editable


@pytest.mark.parametrize("key", ["place", "reason", "occupation", "stay", "home_kind", "end_reason", "cancel_reason"])
def test_a_local_dictionary_is_editable_and_claims_no_standard(key: str) -> None:
    assert codes.table(key).is_editable
    assert codes.table(key).standard == ""


def test_document_kinds_are_those_of_the_number_checks_with_the_same_names() -> None:
    assert {code: entry.zh for code, entry in codes.table("document_kind").entries.items()} == {
        kind.value: kind_name(kind) for kind in DocumentKind
    }


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES.keys())
def test_names_are_told_apart_within_a_table(table: codes.CodeTable) -> None:
    spellings = [text for entry in table.entries.values() for text in (entry.zh, *entry.also)]
    assert len(spellings) == len(set(spellings))
    assert all(entry.initials for entry in table.entries.values())


GOOD = """
[[table]]
key = "colour"
name = "颜色"
en = "Colour"
kind = "local"
imports = { 9 = "1" }
entries = [{ code = "1", zh = "红", en = "Red" }, { code = "2", zh = "绿", en = "Green", also = ["青"] }]
"""

MISTAKES = {
    "double table": (GOOD + GOOD, ["colour", "表写了两次"]),
    "double code": (GOOD.replace('code = "2"', 'code = "1"'), ["colour", "代码 1 写了两次"]),
    "empty name": (GOOD.replace('"绿"', '""'), ["colour", "缺代码或名称"]),
    "import to nowhere": (GOOD.replace('9 = "1"', '9 = "3"'), ["colour", "导入代码 9 指向不存在的 3"]),
    "unknown kind": (GOOD.replace('"local"', '"private"'), ["table[0].kind", "private"]),
    "unknown key": (GOOD.replace("also =", "alas ="), ["entries", "不认识的键“alas”"]),
}


def test_a_good_table_is_read(tmp_path: Path) -> None:
    path = tmp_path / "codes.toml"
    path.write_text(GOOD, encoding="utf-8")
    assert codes.load_tables(path)["colour"].normal("青") == "2"


@pytest.mark.parametrize(("text", "said"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_named_with_file_and_table(tmp_path: Path, text: str, said: list[str]) -> None:
    path = tmp_path / "codes.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as caught:
        codes.load_tables(path)
    assert [word for word in ["codes.toml", *said] if word not in str(caught.value)] == []
