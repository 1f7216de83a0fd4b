"""What holds for every item and situation, whoever added it: made from the items themselves."""

from datetime import date

import pytest

from nbcase.documents.layout import load_layout
from nbcase.domain import codes
from nbcase.domain.clerk import PERMISSIONS
from nbcase.domain.workdays import WorkingCalendar
from nbcase.items.catalogue import load_catalogue
from nbcase.items.checks import CheckState, Fact, check_conditions
from nbcase.items.fields import bound, problems
from nbcase.items.item import Item, Situation
from nbcase.operations.accept import due
from nbcase.operations.effects import EFFECTS

CATALOGUE = load_catalogue()
PAIRS = [pytest.param(item, situation, id=f"{item.code}.{situation.code}") for item, situation in CATALOGUE.pairs()]
TODAY = date(2026, 11, 24)
ANSWERS = {
    "text": "某某",
    "paragraph": "某某",
    "identity_number": "330299199407120312",
    "date": "2026-11-01",
    "phone": "19900005061",
    "integer": "3",
    "address": "镇海区骆驼街道锦绣里小区3幢2单元401室",
    "check": True,
    "offering": "some-offering",
    "booking": "some-offering",
    "round": "some-round",
    "place": "某小学",
}


def complete(situation: Situation) -> dict[str, object]:
    """An answer of the right kind for every field."""
    return {field.key: next(iter(codes.table(field.table).entries)) if field.table else ANSWERS[field.kind] for field in situation.fields()}


@pytest.mark.parametrize(("item", "situation"), PAIRS)
def test_a_complete_form_has_no_problem_and_each_required_gap_is_one(item: Item, situation: Situation) -> None:
    answers = complete(situation)
    assert problems(situation, answers, TODAY) == ()
    for field in situation.fields():
        gap = {**answers, field.key: ""}
        assert [problem.key for problem in problems(situation, gap, TODAY)] == ([field.key] if field.required else [])


@pytest.mark.parametrize(("item", "situation"), PAIRS)
def test_answers_reach_the_records_that_they_are_bound_to(item: Item, situation: Situation) -> None:
    answers = complete(situation)
    for field in situation.fields():
        if field.bind:
            record, _, name = field.bind.partition(".")
            assert name in bound(situation, answers, record)


@pytest.mark.parametrize(("item", "situation"), PAIRS)
def test_the_flow_has_permissions_effects_and_papers(item: Item, situation: Situation) -> None:
    for step in situation.steps:
        assert step.action in PERMISSIONS
        assert step.effect is None or step.effect in EFFECTS
        for paper in [*step.documents, *(paper for decision in step.decisions for paper in decision.documents)]:
            assert load_layout(paper).code == paper
    assert len(situation.steps) <= 2, "the reform promises at most two steps"


@pytest.mark.parametrize(("item", "situation"), PAIRS)
def test_without_any_fact_no_condition_passes_by_accident(item: Item, situation: Situation) -> None:
    lenient = ("not_past", "none_of", "at_most")
    for condition, check in zip(situation.conditions, check_conditions(situation, {}, TODAY), strict=True):
        if type(condition.test).__struct_config__.tag not in lenient:
            assert check.state is not CheckState.PASSED, condition.key
            assert check.missing


@pytest.mark.parametrize(("item", "situation"), PAIRS)
def test_a_centre_that_does_not_answer_is_never_a_pass(item: Item, situation: Situation) -> None:
    silent = {fact: Fact(asks_centre=True) for fact in ("permit_elsewhere",)}
    for condition, check in zip(situation.conditions, check_conditions(situation, silent, TODAY), strict=True):
        if getattr(condition.test, "fact", "") in silent:
            assert check.state is CheckState.OFFLINE


@pytest.mark.parametrize(("item", "situation"), PAIRS)
def test_limits_are_counted_and_the_promise_is_never_longer_than_the_law(item: Item, situation: Situation) -> None:
    calendar = WorkingCalendar.load()
    legal, _ = due(calendar, situation.limit.legal, TODAY)
    promised, _ = due(calendar, situation.limit.promised, TODAY)
    if promised is None:
        assert legal is None, "未配置 is neither"
    else:
        assert legal is None or promised <= legal


@pytest.mark.parametrize(("item", "situation"), PAIRS)
def test_both_languages_are_there(item: Item, situation: Situation) -> None:
    labels = [item.name, item.statistics, situation.name, *(group.title for group in situation.form)]
    labels += [field.label for field in situation.fields()] + [material.name for material in situation.materials]
    labels += [text for condition in situation.conditions for text in (condition.name, condition.missing)]
    labels += [decision.name for step in situation.steps for decision in step.decisions]
    for label in labels:
        assert label.zh.strip()
        assert label.en.strip(), label
        assert label.en.isascii(), label
