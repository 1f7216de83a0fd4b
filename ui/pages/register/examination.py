"""The item's conditions over a form that is still being filled in."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from nbcase.domain.words import tr
from nbcase.items.checks import Check, CheckState
from nbcase.items.fields import problems
from nbcase.operations.accept import Examination, Request, examine


def examined(desk: Any, request: Request) -> Examination:
    """Examine a half-filled form: answers that are wrong stay out of the conditions and are told as problems."""
    situation = desk.items.situation(request.item_code, request.situation_code)
    found = problems(situation, request.answers, desk.today())
    wrong = {problem.key for problem in found if not problem.is_missing}
    answers = {key: value for key, value in request.answers.items() if key not in wrong}
    return replace(examine(desk, replace(request, answers=answers)), problems=found)


def warning_words(checks: Sequence[Check]) -> str:
    """What the conditions found that a person should know; a missing guardian is a gap of the form and said there."""
    noted = [check for check in checks if check.state in (CheckState.FAILED, CheckState.LOOK) and check.key != "guardian"]
    words = (
        tr("请核对“{name}”：{detail}。{missing}").format(name=check.name, detail=check.detail, missing=check.missing) for check in noted
    )
    return "；".join(words)
