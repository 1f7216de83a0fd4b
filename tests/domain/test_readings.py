"""Names are found however they are read: by surname reading, plain reading, initials, and with rare characters."""

import random
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypinyin import lazy_pinyin
from pypinyin.pinyin_dict import pinyin_dict

from nbcase.domain.readings import MOST, initials, readings, search_key
from tests.tools.make_readings import TARGET, table

CHARACTERS = [chr(code_point) for code_point in sorted(pinyin_dict)]


@pytest.mark.parametrize(
    ("name", "read", "letters"),
    [
        ("李红", ("lihong",), ("lh",)),
        ("吕娜", ("lvna", "lvnuo"), ("ln",)),
        ("单红", ("shanhong", "danhong"), ("sh", "dh")),
        ("红单", ("hongdan", "hongshan"), ("hd", "hs")),
        ("尉迟恭", ("yuchigong", "weichigong"), ("ycg", "wcg")),
        ("万俟明", ("moqiming", "wanqiming"), ("mqm", "wqm")),
        ("阿依古丽·买买提", ("ayigulimaimaiti",), ("ayglmmt",)),
        ("John O'Neil 2", ("johnoneil2",), ("johnoneil2",)),
        ("", (), ()),
    ],
)
def test_a_name_is_read_in_every_way(name: str, read: tuple[str, ...], letters: tuple[str, ...]) -> None:
    assert readings(name) == read
    assert initials(name) == letters


@pytest.mark.parametrize(
    ("surname", "read"),
    [
        ("曾", "zeng"), ("仇", "qiu"), ("解", "xie"), ("区", "ou"), ("查", "zha"), ("朴", "piao"), ("翟", "zhai"), ("盖", "ge"),
        ("种", "chong"), ("乐", "yue"), ("覃", "qin"), ("缪", "miao"), ("逄", "pang"), ("秘", "bi"), ("员", "yun"), ("单", "shan"),
    ],
)  # fmt: skip
def test_a_surname_comes_first_in_its_own_reading_and_is_found_by_the_plain_one_too(surname: str, read: str) -> None:
    assert readings(surname + "明")[0] == f"{read}ming"
    assert lazy_pinyin(surname)[0] + "ming" in readings(surname + "明")


@pytest.mark.parametrize(("sign", "read"), [("䶮", "yan"), ("㛃", "jie"), ("𬭎", "hong"), ("𫍯", "xian"), ("𰻞", "biang")])
def test_rare_characters_of_names_have_readings(sign: str, read: str) -> None:
    assert readings("李" + sign) == (f"li{read}",)


def test_a_character_that_nobody_can_read_is_left_out() -> None:
    assert readings("李\U000323af") == ("li",)


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("Lǚ Hong", "lvhong"),
        ("lyuhong", "lvhong"),
        ("LÜ", "lv"),
        ("Dān-Hóng", "danhong"),
        ("shan'hong", "shanhong"),
        ("李", ""),
        ("nyu", "nv"),
        ("Wang Nyu", "wangnv"),
        ("linyu", "linyu"),
    ],
)
def test_pinyin_is_understood_however_it_is_typed(typed: str, key: str) -> None:
    assert search_key(typed) == key


def test_the_table_agrees_with_its_source_on_a_sample() -> None:
    for sign in random.Random(1).sample(CHARACTERS, 2000):
        assert lazy_pinyin("王" + sign)[1] in readings("王" + sign)[0] or lazy_pinyin(sign)[0] in readings(sign)


def test_the_kept_table_is_what_its_maker_makes() -> None:
    assert TARGET.read_text("utf-8") == table()


@given(st.text(st.sampled_from(CHARACTERS), max_size=12))
def test_every_name_has_a_few_typable_readings(name: str) -> None:
    found = readings(name)
    assert bool(found) == bool(name)
    assert len(found) <= MOST
    assert all(search_key(text) == text for text in (*found, *initials(name)))


@given(st.text(max_size=30))
def test_no_text_is_too_strange(name: str) -> None:
    assert all(text.isascii() for text in readings(name))


def test_the_table_is_not_read_before_the_first_name() -> None:
    code = "import nbcase.domain.readings as r; n = r._tables.cache_info; print(n().currsize); r.readings('李'); print(n().currsize)"
    root = TARGET.parents[2]
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True, cwd=root)
    assert ran.stdout.split() == ["0", "1"]
