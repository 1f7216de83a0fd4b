"""The catalogue is refused for each kind of mistake, with the file, the entry and the mend; the shipped one has none."""

import shutil
from collections.abc import Iterator
from datetime import date
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from nbcase.cli import NO, OK, main
from nbcase.points.catalogue import show
from nbcase.points.language import Mistake, hundredths, parse
from nbcase.points.reading import FOLDER, CatalogueError, catalogue_from, load_points_catalogue

AGE = "{ say: 40 周岁, facts: { age: 40 }, points: 20 }"
INSURANCE = "{ at_most: [{ mul: [{ fact: insurance_months }, { points: 0.5 }] }, { points: 30 }] }"

MISTAKES = {
    "unknown node": ("province.yaml", INSURANCE, "{ maximum: [1, 2] }", "没有“maximum”这种节点"),
    "unknown fact": ("province.yaml", "{ fact: insurance_months }", "{ fact: insurance_year }", "没有“insurance_year”这个事实"),
    "unknown kind of fact": ("scheme.yaml", "kind: age,", "kind: birthday,", "没有“birthday”这种事实"),
    "unknown table": ("scheme.yaml", "table: insurance\n", "table: insurences\n", "没有“insurences”这张表"),
    "unknown column": ("scheme.yaml", "column: born_on", "column: declared_on", "没有合适的列“declared_on”"),
    "wrong filter": ("scheme.yaml", "{ current: true }", "{ within: { years: 1 } }", "不适合这张表"),
    "wrong unit": (
        "scheme.yaml",
        "    kind: union\n    table: insurance\n",
        "    kind: union\n    table: insurance\n    count_in: days\n",
        "可数的单位",
    ),
    "unknown key": ("province.yaml", "unit: 教育", "units: 教育", "不认识的键“units”"),
    "missing key": ("province.yaml", "    name: 年龄\n", "", "缺少“name”"),
    "missing legal basis": (
        "province.yaml",
        "        basis: 甬政办发〔2022〕10号\n        note: 60",
        "        note: 60",
        "缺少法律或文件依据",
    ),
    "no example": (
        "province.yaml",
        "        examples:\n          - { say: 大专",
        "        unused:\n          - { say: 大专",
        "不认识的键“unused”",
    ),
    "example does not add up": ("province.yaml", AGE, AGE.replace("points: 20", "points: 21"), "写的是 21 分，规则算得 20 分"),
    "example out of range": ("province.yaml", AGE, AGE.replace("age: 40", "age: 400"), "不在它的范围"),
    "cap exceeded": ("province.yaml", "[1, 20], ", "[1, 20.25], ", "最高可到 20.25 分，超过上限 20 分"),
    "cap missing": ("province.yaml", "    cap: 20\n", "    cap: 未配置\n", "却没有上限"),
    "too many decimals": ("province.yaml", "{ points: 0.25 }", "{ points: 0.255 }", "多于两位小数"),
    "steps out of order": ("province.yaml", "[55, 5], [61, 0]", "[61, 0], [55, 5]", "没有大于上一行"),
    "overlapping dates": (
        "province.yaml",
        "      - from: 2022-04-06\n        basis: 甬政办发〔2022〕10号\n        note: 60",
        "      - { from: 2021-01-01, basis: 样, rule: 未配置 }\n"
        "      - from: 2022-04-06\n        basis: 甬政办发〔2022〕10号\n        note: 60",
        "日期重叠",
    ),
    "until before from": (
        "city.yaml",
        "      - { from: 2022-04-06, basis",
        "      - { from: 2022-04-06, until: 2022-04-06, basis",
        "until 要晚于 from",
    ),
    "not a date": ("city.yaml", "      - { from: 2022-04-06, basis", "      - { from: 'soon', basis", "这里要写日期"),
    "doubled code": ("city.yaml", "code: tax", "code: age", "“age”在"),
    "unknown block": ("deduction.yaml", "block: deduction", "block: penalty", "没有“penalty”这个部分"),
    "district missing": ("district/330225.yaml", 'district: "330225"\n', "", "区县指标要写 district"),
    "circle": ("province.yaml", INSURANCE, "{ ref: insurance }", "绕成一圈"),
    "unknown indicator": ("province.yaml", INSURANCE, "{ ref: nothing }", "没有“nothing”这个指标"),
    "foreign district": ("province.yaml", INSURANCE, "{ ref: d330225_1 }", "不能引用别的区县"),
    "division by nothing": ("province.yaml", INSURANCE, "{ div: [{ fact: insurance_months }, 0] }", "除数要大于 0"),
    "negative division": ("province.yaml", INSURANCE, "{ div: [{ add: [{ fact: age }, -1] }, 2] }", "被除数可能小于 0"),
    "overflow": (
        "province.yaml",
        INSURANCE,
        "{ mul: [{ mul: [4000000000, 4000000000] }, { fact: insurance_months }] }",
        "放不进 64 位整数",
    ),
    "reference to a line without a rule": ("province.yaml", INSURANCE, "{ ref: tax }", "“tax”在 2022-04-06 没有规则，不能引用"),
    "example with a line that the rule does not name": (
        "province.yaml",
        AGE,
        AGE.replace("facts:", "lines: { education: 8 }, facts:"),
        "没有引用指标“education”",
    ),
    "block without a name": ("scheme.yaml", "{ name: 市级共性指标, cap: 150 }", "{ cap: 150 }", "缺少“name”"),
    "indicators that are no list": ("district/330225.yaml", "indicators:\n", "indicators: 7\nunused:\n", "不认识的键“unused”"),
    "no yaml": ("city.yaml", "block: city", "block: [city", "不是 UTF-8 的 YAML"),
    "empty file": ("city.yaml", None, "", "文件是空的"),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FOLDER, tmp_path / "schemes"))


@pytest.mark.parametrize("name", MISTAKES)
def test_each_mistake_is_named_with_its_file_and_the_catalogue_is_not_used(folder: Path, name: str) -> None:
    file, before, after, words = MISTAKES[name]
    path = folder / file
    text = path.read_text("utf-8")
    if before is not None:
        assert before in text
    path.write_text(after if before is None else text.replace(before, after, 1), "utf-8")
    with pytest.raises(CatalogueError) as caught:
        load_points_catalogue(folder)
    fitting = [line for line in caught.value.mistakes if words in line]
    assert fitting, caught.value.mistakes
    assert name == "circle" or Path(file).name in fitting[0] or "330225" in fitting[0] or "insurance" in fitting[0]
    assert caught.value.safe


JUNK = (None, True, 3.5, -1, 10**40, "x", [], [[]], {}, {"x": []})


def test_whatever_stands_at_any_place_is_taken_or_a_mistake_in_words() -> None:
    folder = Path(__file__).parent / "everything"
    contents = {path.name: yaml.safe_load(path.read_text("utf-8")) for path in folder.glob("*.yaml")}
    refused: list[CatalogueError] = []
    for count, (place, junk) in enumerate(product(_places(contents), JUNK)):
        # Every seventh of some six thousand: a second and a half. Seven and ten have no divisor in common, so each place comes.
        if count % 7:
            continue
        try:
            catalogue_from(_with(contents, place, junk))
        except CatalogueError as error:
            refused.append(error)
    assert len(refused) > 500
    assert all(error.mistakes and all(error.mistakes) for error in refused)


def _places(plain: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if len(place) > 1:
        yield place
    inside = plain.items() if isinstance(plain, dict) else enumerate(plain) if isinstance(plain, list) else ()
    for key, inner in inside:
        yield from _places(inner, (*place, key))


def _with(plain: Any, place: tuple[Any, ...], junk: Any) -> Any:
    if not place:
        return junk
    found = plain.copy()
    found[place[0]] = _with(plain[place[0]], place[1:], junk)
    return found


def test_a_line_may_refer_to_others_from_a_day_on_which_they_have_rules(folder: Path) -> None:
    path = folder / "province.yaml"
    text = path.read_text("utf-8")
    new = "{ at_most: [{ add: [{ ref: age }, { fact: insurance_months }] }, { points: 30 }] }"
    examples = "examples:\n          - { say: 四十岁加一月, facts: { insurance_months: 1 }, lines: { age: 20 }, points: 20.01 }\n"
    begin = text.index("        examples:", text.index(INSURANCE))
    end = text.index("  - code: residence")
    path.write_text(text[:begin].replace(INSURANCE, new) + "        " + examples + text[end:], "utf-8")
    catalogue = load_points_catalogue(folder)
    codes = [indicator.code for indicator, _ in catalogue.on(date(2026, 10, 31))]
    assert codes.index("insurance") > codes.index("age")
    path.write_text(path.read_text("utf-8").replace("lines: { age: 20 }, points: 20.01", "lines: { age: 21 }, points: 21.01"), "utf-8")
    with pytest.raises(CatalogueError, match="age=21 不在它的范围 0–20"):
        load_points_catalogue(folder)


def test_several_mistakes_are_all_told_at_once(folder: Path) -> None:
    path = folder / "province.yaml"
    path.write_text(path.read_text("utf-8").replace(AGE, AGE.replace("20 }", "1 }")).replace("points: 29.5", "points: 29"), "utf-8")
    with pytest.raises(CatalogueError) as caught:
        load_points_catalogue(folder)
    assert len(caught.value.mistakes) == 2


def test_the_shipped_catalogue_is_the_published_scheme() -> None:
    catalogue = load_points_catalogue()
    by_block = {code: [one for one in catalogue.indicators if one.block == code] for code in catalogue.blocks}
    assert [one.name for one in by_block["province"]] == ["年龄", "文化程度", "职业技能", "缴纳社保", "居住时间"]
    assert sum(one.versions[0].cap or 0 for one in by_block["province"]) == 100 * 100
    assert len(by_block["city"]) == 10
    assert {one.district_code for one in by_block["district"]} == {"330213", "330225", "330281"}
    assert all(version.rule is None for one in by_block["district"] for version in one.versions)
    assert len(list((FOLDER / "district").glob("*.yaml"))) == 10
    assert catalogue.on(date(2022, 4, 5)) == []


def test_the_hash_names_exactly_the_content(folder: Path) -> None:
    before = load_points_catalogue(folder).hash
    path = folder / "province.yaml"
    path.write_text("# another comment\n" + path.read_text("utf-8"), "utf-8")
    assert load_points_catalogue(folder).hash == before
    path.write_text(path.read_text("utf-8").replace("北仑不分：按 3 分", "北仑不分"), "utf-8")
    assert load_points_catalogue(folder).hash != before


def test_the_command_line_tells_mistakes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check-catalogue"]) == OK
    (folder / "city.yaml").write_text("", "utf-8")
    assert main(["check-catalogue", str(folder)]) == NO
    assert "city.yaml" in capsys.readouterr().out


@given(st.integers(-(10**9), 10**9))
def test_points_come_back_from_how_they_are_shown(points: int) -> None:
    assert hundredths(show(points), "") == points


LEAVES = st.none() | st.booleans() | st.floats() | st.text()


@given(st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_anything_but_an_expression_is_a_mistake_in_words(plain: object) -> None:
    with pytest.raises(Mistake) as caught:
        parse(plain, "rule")
    assert caught.value.what
