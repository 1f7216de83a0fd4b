"""Reports of landlords, employers and agents: a table of people becomes registrations, row by row (条例 art. 8, 9, 11).

A row goes the way of the counter: the same form, the same conditions, the same act. What keeps a row out is told with the row
and its column, and mended in place. A row that is in already is known by person and address, so that a report may be read again.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any

from nbcase.domain import codes
from nbcase.domain.case import HandedIn
from nbcase.domain.clerk import Clerk
from nbcase.domain.errors import UserError
from nbcase.domain.identity import DocumentKind, check_number
from nbcase.domain.ids import derived_id
from nbcase.domain.registration import Registration, RegistrationState
from nbcase.domain.words import tr
from nbcase.exchange.sheet import Sheet, SheetRow, plain, read_sheet
from nbcase.items.fields import Problem, problems
from nbcase.items.item import Field, Situation
from nbcase.operations.accept import Request, accept
from nbcase.operations.desk import Desk
from nbcase.store.desk_database import reading
from nbcase.store.shelf import Shelf

ITEM, SITUATION = "residence_registration", "new"

ALIASES = {
    "证件号码": "document_number", "身份证号": "document_number", "身份证号码": "document_number", "公民身份证号码": "document_number",
    "证件类型": "document_kind", "手机号": "phone", "手机号码": "phone", "联系电话": "phone", "电话": "phone",
    "地址": "address", "现住址": "address", "现居住地址": "address", "户籍地": "home_address", "户籍地址": "home_address",
    "出租人": "landlord_name", "出租人电话": "landlord_phone", "工作单位": "employer", "学历": "education_code", "职业": "occupation_code",
    "入住日期": "arrived_on",
}  # fmt: skip
"""Names of columns beside the form's own, as such tables have them."""

IGNORED = frozenset({"序号", "原因"})
"""Columns that say nothing of the person; 原因 is what a list of faulty rows carries."""

ROW = ""
"""Key of a problem that is the row's, not a column's."""


class RowState(StrEnum):
    """可受理, 要改, 已在册, 已受理."""

    READY = "ready"
    FAULTY = "faulty"
    KNOWN = "known"
    ACCEPTED = "accepted"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRow:
    """One person of a report; `answers` are those of the form, `number` is the row of the file."""

    number: int
    answers: Mapping[str, Any]
    state: RowState
    problems: tuple[Problem, ...] = ()
    case_number: str = ""

    @property
    def reason(self) -> str:
        """Why it is not in, in one line."""
        return tr("；").join(problem.text.rstrip("。") for problem in self.problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A file as it was understood. `columns` are the form's fields that it has, `unknown` its columns that mean nothing here."""

    name: str
    columns: Mapping[str, str]
    unknown: tuple[str, ...]
    rows: tuple[ReportRow, ...]

    def count(self, state: RowState) -> int:
        """How many rows stand like that."""
        return sum(row.state is state for row in self.rows)


def read_report(desk: Desk, path: Path) -> Report:
    """A file with every row checked; nothing is written. Raises `UserError` for a file that is none of this kind."""
    sheet = read_sheet(path)
    situation = desk.items.situation(ITEM, SITUATION)
    columns = _columns(sheet, situation)
    if not {"document_number", "name", "address"} <= set(columns.values()):
        missing = [field.label.text for field in situation.fields() if field.key in _NEEDED and field.key not in columns.values()]
        raise UserError(
            tr("{file} 缺少这些列：{names}。").format(file=path.name, names=tr("、").join(missing)),
            safe=tr("没有导入任何一行。"),
            do=tr("第一行写列名，与登记表的栏目相同。"),
        )
    read = [ReportRow(number=row.number, answers=_answers(situation, columns, row), state=RowState.READY) for row in sheet.rows]
    unknown = tuple(column for column in sheet.columns if column not in columns and column not in IGNORED)
    return check_report(desk, Report(name=path.name, columns=columns, unknown=unknown, rows=tuple(read)))


_NEEDED = frozenset({"document_number", "name", "address"})


def check_report(desk: Desk, report: Report) -> Report:
    """Every row that is not accepted, looked at again: after mending, and because others may have come in meanwhile."""
    first: dict[tuple[str, str], int] = {}
    with reading(desk.engine) as connection:
        shelf = Shelf(connection)
        rows = [row if row.state is RowState.ACCEPTED else _checked(desk, shelf, row, first) for row in report.rows]
    return replace(report, rows=tuple(rows))


def mend(desk: Desk, report: Report, number: int, values: Mapping[str, str]) -> Report:
    """The report with other answers in one row, given as a person writes them. LookupError for a row that is not there."""
    situation = desk.items.situation(ITEM, SITUATION)
    fields = {field.key: field for field in situation.fields()}
    row = next((row for row in report.rows if row.number == number), None)
    if row is None:
        raise LookupError(number)
    written = {key: _typed(fields[key], plain(text)) for key, text in values.items()}
    said_by_number = {"birth_on", "sex_code"} - set(report.columns.values()) if "document_number" in values else set()
    kept = {key: value for key, value in row.answers.items() if key not in said_by_number}
    mended = replace(row, answers=_completed({**kept, **written}))
    return check_report(desk, replace(report, rows=tuple(mended if one is row else one for one in report.rows)))


def accept_rows(desk: Desk, clerk: Clerk, report: Report, reporter: str) -> Iterator[ReportRow]:
    """Accept what can be, one act a row, and yield each row as it then stands: a cut leaves whole rows, and reading again goes on."""
    for row in report.rows:
        if row.state is RowState.READY:
            yield _accepted(
                desk, clerk, row, tr("{reporter}申报，{file} 第 {n} 行").format(reporter=reporter, file=report.name, n=row.number)
            )
        else:
            yield row


def faulty_table(report: Report) -> list[list[str]]:
    """The rows that have to be mended as a table of their own, with the reasons; it can be read again."""
    keys = list(report.columns.values())
    lines = [[*report.columns, "原因"]]
    lines += [[*(_shown(row.answers.get(key)) for key in keys), row.reason] for row in report.rows if row.state is RowState.FAULTY]
    return lines


def _accepted(desk: Desk, clerk: Clerk, row: ReportRow, note: str) -> ReportRow:
    materials = (HandedIn(code="identity", how="confirmed", note=note),)
    try:
        done = accept(desk, clerk, Request(item_code=ITEM, situation_code=SITUATION, answers=row.answers, materials=materials))
    except UserError as error:
        return replace(row, state=RowState.FAULTY, problems=(Problem(ROW, error.what),))
    return replace(row, state=RowState.ACCEPTED, case_number=done.case.number)


def _columns(sheet: Sheet, situation: Situation) -> dict[str, str]:
    """Field keys by the columns that name them: the form's words, other usual names, the key itself."""
    names = {plain(name): key for name, key in ALIASES.items()}
    for field in situation.fields():
        names.update({plain(field.label.zh): field.key, plain(field.label.en): field.key, field.key: field.key})
    found: dict[str, str] = {}
    for column in sheet.columns:
        key = names.get(re.sub(r"[*(].*|\s", "", column)) or names.get(column)
        if key is not None and key not in found.values():
            found[column] = key
    return found


def _answers(situation: Situation, columns: Mapping[str, str], row: SheetRow) -> dict[str, Any]:
    fields = {field.key: field for field in situation.fields()}
    return _completed({key: _typed(fields[key], row.cells[column]) for column, key in columns.items()})


def _typed(field: Field, text: str) -> str:
    """As the form wants it, where that can be told; anything else stays as it is written and is a problem."""
    if field.table is not None:
        return codes.table(field.table).normal(text) or text
    if field.kind == "identity_number":
        return text.replace(" ", "").upper()
    if field.kind == "date":
        return _day(text)
    return text


def _day(text: str) -> str:
    parts = re.fullmatch(r"(\d{4})\D?(\d{1,2})\D?(\d{1,2})日?(?: 00:00:00)?", text)
    if parts is None:
        return text
    try:
        return date(*(int(part) for part in parts.groups())).isoformat()
    except ValueError:
        return text


def _completed(answers: dict[str, Any]) -> dict[str, Any]:
    """With what the number says where the table is silent: kind, day of birth, sex."""
    kind = answers.get("document_kind") or DocumentKind.CITIZEN.value
    number = answers.get("document_number") or ""
    if kind != DocumentKind.CITIZEN.value:
        return answers
    said = check_number(number)
    known = {"document_kind": kind, "birth_on": said.birth_on.isoformat() if said.birth_on else "", "sex_code": said.sex_code or ""}
    return {**answers, **{key: value for key, value in known.items() if value and not answers.get(key)}}


def _checked(desk: Desk, shelf: Shelf, row: ReportRow, first: dict[tuple[str, str], int]) -> ReportRow:
    situation = desk.items.situation(ITEM, SITUATION)
    found = list(problems(situation, row.answers, desk.today()))
    person = (str(row.answers.get("document_kind")), str(row.answers.get("document_number")))
    if not any(problem.key in _NEEDED | {"document_kind"} for problem in found):
        earlier = first.setdefault(person, row.number)
        if earlier != row.number:
            found.append(Problem("document_number", tr("与第 {n} 行是同一个号码").format(n=earlier)))
        else:
            here = _registrations(desk, shelf, row.answers)
            if any(entry.state is RegistrationState.ACTIVE for entry in here):
                return replace(row, state=RowState.KNOWN, problems=())
            found += _left(here)
    found += _contradictions(row.answers)
    return replace(row, state=RowState.FAULTY if found else RowState.READY, problems=tuple(found))


def _registrations(desk: Desk, shelf: Shelf, answers: Mapping[str, Any]) -> list[Registration]:
    """What this person has declared at this address, now and before."""
    kind = DocumentKind(answers["document_kind"])
    number = check_number(str(answers["document_number"]), kind).number
    resident_id = derived_id(desk.identity.id_key, "resident", kind.value, number)
    dwelling_id = derived_id(desk.identity.id_key, "dwelling", str(answers["address"]).strip())
    return [entry for entry in shelf.find(Registration, resident_id=resident_id) if entry.dwelling_id == dwelling_id]


def _left(here: Sequence[Registration]) -> list[Problem]:
    """An old report that is read again must not move people back."""
    gone = [entry.ended_on for entry in here if entry.ended_on is not None]
    words = tr("曾登记在这个地址，{day} 离开；又住回来请在“登记”单独办理")
    return [Problem("address", words.format(day=max(gone)))] if gone else []


def _contradictions(answers: Mapping[str, Any]) -> list[Problem]:
    """Where the table says other than the number."""
    if answers.get("document_kind") != DocumentKind.CITIZEN.value:
        return []
    said = check_number(str(answers.get("document_number") or ""))
    found: list[Problem] = []
    if said.valid and said.birth_on is not None and answers.get("birth_on") not in (None, "", said.birth_on.isoformat()):
        found.append(Problem("birth_on", tr("出生日期与号码不一致")))
    if said.valid and said.sex_code and answers.get("sex_code") not in (None, "", said.sex_code):
        found.append(Problem("sex_code", tr("性别与号码不一致")))
    return found


def _shown(value: Any) -> str:
    return "" if value is None else str(value)
