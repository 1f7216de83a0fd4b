"""One bad item file per mistake: the error names file, place and mend, and never another exception."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbcase.items.catalogue import ItemError, load_catalogue, load_item

GOOD = """
code: sample
name: {zh: 样例, en: Sample}
legal_basis: [某条例 第一条]
responsible: {zh: 某局, en: Office}
fee: {zh: 免费, en: Free}
statistics: {zh: 样例, en: Samples}
situations:
  - code: new
    name: {zh: 新办, en: New}
    limit: {promised: {working_days: 1}}
    form:
      - title: {zh: 内容, en: Content}
        fields:
          - {key: phone, label: {zh: 手机, en: Phone}, kind: phone, bind: resident.phone, required: true}
          - {key: reason, label: {zh: 事由, en: Reason}, kind: choice, table: reason}
    conditions:
      - key: registered
        name: {zh: 已登记, en: Registered}
        basis: 某条例 第二条
        test: {kind: present, fact: is_registered}
        missing: {zh: 先登记, en: Register first}
    steps:
      - {code: accept, name: {zh: 受理, en: Accept}, action: registration.accept, documents: [acceptance-receipt]}
    next: [sample.new]
"""

MISTAKES = {
    "unknown_key": ("fee:", "feee:", "feee"),
    "missing_key": ("legal_basis: [某条例 第一条]\n", "", "legal_basis"),
    "unknown_field_kind": ("kind: phone,", "kind: telephone,", "telephone"),
    "double_field": ("key: reason,", "key: phone,", "phone"),
    "choice_without_table": (", table: reason}", "}", "reason"),
    "unknown_table": ("table: reason", "table: raison", "raison"),
    "bind_to_nothing": ("bind: resident.phone", "bind: resident.fax", "resident.fax"),
    "bind_without_record": ("bind: resident.phone", "bind: phone", "phone"),
    "unknown_fact": ("fact: is_registered", "fact: is_happy", "is_happy"),
    "unknown_test": ("kind: present", "kind: perhaps", "perhaps"),
    "unknown_action": ("action: registration.accept", "action: registration.invent", "registration.invent"),
    "unknown_effect": ("documents: [acceptance-receipt]", "effect: vanish", "vanish"),
    "unknown_paper": ("[acceptance-receipt]", "[a-poem]", "a-poem"),
    "unknown_next": ("next: [sample.new]", "next: [sample.old]", "sample.old"),
    "no_step": (
        "steps:\n      - {code: accept, name: {zh: 受理, en: Accept}, action: registration.accept, documents: [acceptance-receipt]}",
        "steps: []",
        "steps",
    ),
    "two_units_of_time": ("{working_days: 1}", "{working_days: 1, calendar_days: 2}", "period"),
    "another_folder": ("code: sample\n", "code: example\n", "example"),
    "one_language": ("name: {zh: 样例, en: Sample}", "name: {zh: 样例}", "en"),
    "broken_yaml": ("situations:", "situations: [", "line"),
}


def write(folder: Path, text: str) -> Path:
    path = folder / "sample" / "item.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_the_good_file_is_good(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    assert list(load_catalogue(tmp_path).items) == ["sample"]


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_names_file_place_and_mend(mistake: str, tmp_path: Path) -> None:
    old, new, named = MISTAKES[mistake]
    assert GOOD.count(old) >= 1
    write(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(ItemError) as caught:
        load_catalogue(tmp_path)
    assert "sample/item.yaml" in caught.value.what
    assert named in caught.value.what
    assert caught.value.do


@given(st.binary(max_size=400))
def test_any_bytes_are_an_item_error(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("items") / "sample" / "item.yaml"
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(ItemError):
        load_item(path)
