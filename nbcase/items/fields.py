"""Answers of a form: what is missing, what is wrong, what goes into which record."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from nbcase.domain import codes
from nbcase.domain.dwelling import Dwelling
from nbcase.domain.errors import UserError
from nbcase.domain.identity import DocumentKind, check_number
from nbcase.domain.registration import Registration
from nbcase.domain.resident import Resident
from nbcase.domain.words import tr
from nbcase.items.item import Field, Situation

BOUND_RECORDS: dict[str, frozenset[str]] = {
    "resident": frozenset(field.name for field in fields(Resident)),
    "dwelling": frozenset(field.name for field in fields(Dwelling)),
    "registration": frozenset(field.name for field in fields(Registration)),
}
"""Records that a form may fill, with their fields."""

Answers = Mapping[str, Any]
"""Field key to value: text, code, ISO date as text, number, bool or None."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What keeps an answer from being taken; `key` is the field's."""

    key: str
    text: str
    is_missing: bool = False


class AnswersIncomplete(UserError):
    """The form cannot be accepted yet; `problems` says which fields and why."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__(
            tr("还有 {n} 处未填或有误：{names}。").format(
                n=len(problems), names=tr("；").join(problem.text.rstrip("。") for problem in problems)
            ),
            safe=tr("已填的内容都在草稿里。"),
            do=tr("按 F8 逐处补上。"),
        )
        self.problems = problems

    def __reduce__(self) -> tuple[object, ...]:
        return (AnswersIncomplete, (self.problems,))


def problems(situation: Situation, answers: Answers, today: date) -> tuple[Problem, ...]:
    """Everything that is missing or wrong, in the order of the form."""
    found = (_problem(field, answers, today) for field in situation.fields())
    return tuple(problem for problem in found if problem is not None)


def _problem(field: Field, answers: Answers, today: date) -> Problem | None:
    value = answers.get(field.key)
    if value is None or value == "":
        return Problem(field.key, tr("{name}未填").format(name=field.label.text), is_missing=True) if field.required else None
    wrong = CHECKS[field.kind](field, value, answers, today)
    return Problem(field.key, f"{field.label.text}：{wrong}") if wrong else None


def _any_text(field: Field, value: Any, answers: Answers, today: date) -> str:
    if not isinstance(value, str):
        return tr("应为文字")
    longest = field.max_length or 200
    return tr("不能超过 {n} 个字").format(n=longest) if len(value) > longest else ""


def _identity_number(field: Field, value: Any, answers: Answers, today: date) -> str:
    try:
        kind = DocumentKind(answers.get("document_kind") or DocumentKind.CITIZEN)
    except ValueError:
        return tr("证件种类不认识")
    check = check_number(str(value), kind, today)
    return "" if check.valid else "".join(problem.text for problem in check.problems)


def _date(field: Field, value: Any, answers: Answers, today: date) -> str:
    try:
        date.fromisoformat(str(value))
    except ValueError:
        return tr("不是日期，请写成 2026-11-24")
    return ""


def _choice(field: Field, value: Any, answers: Answers, today: date) -> str:
    return "" if field.table is not None and codes.has_code(field.table, str(value)) else tr("不在选项里")


def _phone(field: Field, value: Any, answers: Answers, today: date) -> str:
    digits = "".join(str(value).split()).replace("-", "")
    return "" if digits.isascii() and digits.isdigit() and 7 <= len(digits) <= 12 else tr("手机应为 11 位数字，座机带区号")


def _integer(field: Field, value: Any, answers: Answers, today: date) -> str:
    return "" if str(value).isascii() and str(value).isdigit() else tr("应为整数")


def _check(field: Field, value: Any, answers: Answers, today: date) -> str:
    return "" if isinstance(value, bool) else tr("应为是或否")


CHECKS = {
    "text": _any_text,
    "paragraph": _any_text,
    "address": _any_text,
    "identity_number": _identity_number,
    "date": _date,
    "choice": _choice,
    "phone": _phone,
    "integer": _integer,
    "check": _check,
    "offering": _any_text,
    "booking": _any_text,
    "round": _any_text,
    "place": _any_text,
}


def wrong_with(field: Field, value: Any, answers: Answers, today: date) -> str:
    """Why a single answer cannot be taken, without the field's name; empty when it can."""
    return CHECKS[field.kind](field, value, answers, today)


def typed(field: Field, value: Any, answers: Answers) -> Any:
    """An answer that was checked, as the record wants it: a date for its text, a number without blanks."""
    return _typed(field, value, answers)


def bound(situation: Situation, answers: Answers, record: str) -> dict[str, Any]:
    """The answers that fill one record, by its field names, typed as the record wants them; unanswered ones are left out."""
    values: dict[str, Any] = {}
    for field in situation.fields():
        if field.bind is None or field.key not in answers or answers[field.key] in (None, ""):
            continue
        owner, _, name = field.bind.partition(".")
        if owner == record:
            values[name] = _typed(field, answers[field.key], answers)
    return values


def _typed(field: Field, value: Any, answers: Answers) -> Any:
    match field.kind:
        case "date":
            return date.fromisoformat(value)
        case "integer":
            return int(value)
        case "identity_number":
            return check_number(str(value), DocumentKind(answers.get("document_kind") or DocumentKind.CITIZEN)).number
        case "phone":
            return "".join(str(value).split()).replace("-", "")
        case "text" | "address" | "paragraph":
            return str(value).strip()
        case _:
            return value
