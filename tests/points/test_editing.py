"""Editing a catalogue: a form gives back what it shows, and an edit changes no day before its own."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbcase.points.catalogue import PointsCatalogue
from nbcase.points.editing import (
    Edit,
    Part,
    Shape,
    WorkedExample,
    blank_rows,
    check_plain,
    checked,
    edit_of,
    example_results,
    facts_for,
    plain_edit,
    plain_rule_of,
    read_edit,
)
from nbcase.points.reading import catalogue_from, read_contents
from nbcase.points.sheet import score
from tests.parts.scores import DISTRICT, ROWS

CONTENTS: dict[str, Any] = read_contents([])
CATALOGUE: PointsCatalogue = catalogue_from(CONTENTS)
CODES = [indicator.code for indicator in CATALOGUE.indicators]
FROM = date(2027, 1, 1)

texts = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=8)
numbers = st.integers(0, 9999).map(str) | texts
points = st.decimals(0, 100, places=2).map(str) | texts
parts = st.builds(Part, fact=st.sampled_from(sorted(CATALOGUE.facts)), rows=st.lists(st.tuples(numbers, points), min_size=1).map(tuple))


def shown(code: str) -> Edit:
    indicator = next(one for one in CATALOGUE.indicators if one.code == code)
    return edit_of(indicator, indicator.versions[-1], plain_rule_of(CONTENTS, code, FROM))


@pytest.mark.parametrize("code", CODES)
def test_every_indicator_of_the_program_can_be_shown_and_kept_unchanged(code: str) -> None:
    edit = shown(code)
    assert read_edit(code, plain_edit(edit)) == edit
    found = checked(CONTENTS, FROM, {code: plain_edit(edit)})
    assert not found.mistakes
    assert found.catalogue is not None
    assert example_results(CATALOGUE, edit) == tuple(
        one.points for indicator in CATALOGUE.indicators if indicator.code == code for one in indicator.versions[-1].examples
    )
    for day in (FROM - timedelta(days=1), FROM):
        assert score(found.catalogue, ROWS, day, DISTRICT).total == score(CATALOGUE, ROWS, day, DISTRICT).total


@given(st.sampled_from([Shape.BANDS, Shape.HIGHEST]), st.lists(parts, min_size=1, max_size=3), texts, texts, texts)
def test_what_is_typed_is_kept_as_it_is_typed_right_or_wrong(shape: Shape, several: list[Part], cap: str, basis: str, say: str) -> None:
    several = [replace(part, rows=tuple(row for row in part.rows if row[0] or row[1])) for part in several]
    edit = Edit(
        code="blood",
        shape=shape,
        parts=tuple(several if shape is Shape.HIGHEST else several[:1]),
        cap="" if cap == "未配置" else cap,
        basis=basis,
        examples=(WorkedExample(say=say, facts={"age": "40"}, points="1"),),
    )
    kept = plain_edit(edit)
    again = read_edit("blood", kept)
    assert plain_edit(again) == kept
    checked(CONTENTS, FROM, {"blood": kept})


@given(st.dates(date(2022, 4, 7), date(2030, 1, 1)), st.dates(date(2022, 4, 7), date(2030, 1, 1)))
def test_an_edit_changes_no_day_before_its_own_and_every_day_from_it_on(from_on: date, day: date) -> None:
    edit = replace(shown("education"), parts=(Part(fact="education_rank", rows=(("2", "9"), ("3", "10"))),))
    edit = replace(edit, examples=(WorkedExample(say="大专", facts={"education_rank": "2"}, points="9"),))
    found = checked(CONTENTS, from_on, {"education": plain_edit(edit)}).catalogue
    assert found is not None
    gained = score(found, ROWS, day, DISTRICT).total - score(CATALOGUE, ROWS, day, DISTRICT).total
    assert gained == (100 if day >= from_on else 0)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"cap": "5"}, "规则算得 5 分"),
        ({"cap": ""}, "分值"),
        ({"basis": " "}, "缺少法律或文件依据"),
        ({"each": "0.333"}, "多于两位小数"),
        ({"each": "x"}, "不是分值"),
        ({"examples": ()}, "没有一个算例"),
        ({"each": "0.4"}, "规则算得"),
        ({"parts": (Part(fact="nothing"),)}, "没有“nothing”这个事实"),
    ],
)
def test_a_mistake_names_file_entry_and_mend(changes: dict[str, Any], words: str) -> None:
    edit = replace(shown("insurance"), **changes)
    found = checked(CONTENTS, FROM, {"insurance": plain_edit(edit)})
    assert found.catalogue is None
    mistakes = found.about("insurance")
    assert mistakes
    assert any(words in text for text in mistakes)
    assert all(text.startswith("province.yaml") for text in mistakes)


def test_kinds_offer_every_kind_and_numbers_none() -> None:
    assert facts_for(CATALOGUE, Shape.KINDS) == ("education_rank", "skill_rank", "housing_kind")
    assert blank_rows(CATALOGUE, Shape.KINDS, "skill_rank") == (("1", ""), ("2", ""), ("3", ""), ("4", ""))
    assert blank_rows(CATALOGUE, Shape.BANDS, "age") == (("", ""),)


def test_an_indicator_of_another_program_is_a_mistake_in_words() -> None:
    found = checked(CONTENTS, FROM, {"newer": plain_edit(shown("age"))})
    assert found.catalogue is None
    assert found.mistakes == ("没有“newer”这个指标。",)


@pytest.mark.parametrize("written", ["1e999999", "1e900", "9" * 5000])
def test_points_beyond_all_bounds_are_a_mistake_and_no_crash(written: str) -> None:
    edit = replace(shown("insurance"), each=written, examples=(WorkedExample(say="x", facts={"insurance_months": written}, points="1"),))
    assert checked(CONTENTS, FROM, {"insurance": plain_edit(edit)}).about("insurance")
    assert example_results(CATALOGUE, edit) == (None,)


def deep(levels: int) -> dict[str, Any]:
    rule: dict[str, Any] = {"fact": "age"}
    for _ in range(levels):
        rule = {"highest": [rule]}
    return rule


@pytest.mark.parametrize(
    "changes", [{"rule": deep(400)}, {"examples": [1]}, {"examples": [{"say": 1}]}, {"cap": 5}, {"from": "2000-01-01"}]
)
def test_what_no_form_can_have_made_is_refused(changes: dict[str, Any]) -> None:
    plain = plain_edit(shown("age"))
    check_plain({"age": plain})
    with pytest.raises(msgspec.ValidationError):
        check_plain({"age": {**plain, **changes}})


@pytest.mark.parametrize("edits", [None, [], {"age": []}, {"age": {}}])
def test_edits_of_another_shape_are_refused(edits: Any) -> None:
    with pytest.raises(msgspec.ValidationError):
        check_plain(edits)


@pytest.mark.parametrize(
    "rule",
    [
        {"step": {"of": {"fact": "age"}, "points": [1]}},
        {"step": {"of": {"fact": {}}, "points": [[1, "1"]]}},
        {"at_most": [{"mul": [{"fact": {}}, {"points": 1}]}, {"points": 1}]},
    ],
)
def test_a_rule_that_is_none_is_shown_as_it_is_written(rule: dict[str, Any]) -> None:
    plain = {**plain_edit(shown("age")), "rule": rule}
    check_plain({"age": plain})
    assert read_edit("age", plain).shape is Shape.OTHER
    assert checked(CONTENTS, FROM, {"age": plain}).about("age")
