"""A value that a clerk puts into one field of a record outside any form: the same checks as the form that asks for it."""

import dataclasses
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import msgspec

from nbcase.domain import codes
from nbcase.domain.errors import UserError
from nbcase.domain.words import tr
from nbcase.items.catalogue import Catalogue
from nbcase.items.fields import typed, wrong_with
from nbcase.items.item import Field
from nbcase.operations.desk import Desk
from nbcase.operations.recordwords import FIELD_TABLES, field_name, is_inner
from nbcase.store.records import RECORD_TYPES, from_plain

EditorKind = Literal["text", "phone", "number", "date", "choice", "integer", "check", "none"]

_FIXED = frozenset({"document_kind", "document_number", "address"})
"""An id is derived from these: another value would be another record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Editor:
    """How a field can be edited; `choices` are code and name for ``choice``, ``none`` can only be taken as it is."""

    kind: EditorKind
    choices: tuple[tuple[str, str], ...] = ()


def editor(desk: Desk, record_type: str, field: str) -> Editor:
    """What a window should offer for this field."""
    annotation = _annotation(record_type, field)
    if is_inner(field) or field in _FIXED or annotation is None:
        return Editor(kind="none")
    table = _table(desk.items, record_type, field)
    if table is not None:
        return Editor(kind="choice", choices=tuple((code, codes.name(table, code)) for code in codes.table(table).entries))
    form = _form_field(desk.items, record_type, field)
    if field.endswith("phone"):
        return Editor(kind="phone")
    if form is not None and form.kind == "identity_number":
        return Editor(kind="number")
    kinds: dict[type, EditorKind] = {str: "text", date: "date", int: "integer", bool: "check"}
    return Editor(kind=kinds.get(annotation, "none"))


def corrected(desk: Desk, record_type: str, plain: Mapping[str, Any], field: str, value: Any) -> Any:
    """The value as the record keeps it, in plain JSON. Raises `UserError` when the form would not take it.

    `plain` is the record that it is to go into; an empty text is no value.
    """
    offered = editor(desk, record_type, field)
    name = field_name(record_type, field)
    if offered.kind == "none":
        raise _wrong(name, tr("不能在这里改写"), tr("请在已有的值里选一个。"))
    kept = value.strip() if isinstance(value, str) else value
    if kept in ("", None):
        kept = None
    elif offered.kind == "choice":
        if kept not in {code for code, _ in offered.choices}:
            raise _wrong(name, tr("不在选项里"), tr("请从列表里选。"))
    elif (form := _form_field(desk.items, record_type, field)) is not None:
        if problem := wrong_with(form, kept, plain, desk.today()):
            raise _wrong(name, problem, tr("请改正后再按确定。"))
        kept = typed(form, kept, plain)
    elif offered.kind == "integer" and isinstance(kept, str) and kept.isascii() and kept.isdigit():
        kept = int(kept)
    return _plain(record_type, plain, field, kept)


def _plain(record_type: str, plain: Mapping[str, Any], field: str, value: Any) -> Any:
    name = field_name(record_type, field)
    if isinstance(value, str) and "\x00" in value:
        raise _wrong(name, tr("里面有不能保存的字符"), tr("请重新输入。"))
    wanted = {**plain, field: msgspec.to_builtins(value)}
    try:
        from_plain(RECORD_TYPES[record_type], wanted)
    except msgspec.ValidationError as error:
        raise _wrong(name, tr("不合格式"), tr("请按原来的写法填写。")) from error
    return wanted[field]


def _wrong(name: str, problem: str, mend: str) -> UserError:
    return UserError(
        tr("{name}：{problem}。").format(name=name, problem=problem.rstrip("。")), safe=tr("没有改动，各个值都还在。"), do=mend
    )


def _annotation(record_type: str, field: str) -> type | None:
    """The field's type without None; None for an unknown field or one that is no single value."""
    kind = RECORD_TYPES.get(record_type)
    if kind is None or field not in {entry.name for entry in dataclasses.fields(kind)}:
        return None
    hint = typing.get_type_hints(kind)[field]
    parts = [part for part in typing.get_args(hint) if part is not type(None)] or [hint]
    return parts[0] if parts[0] in (str, date, int, bool) else None


def _table(items: Catalogue, record_type: str, field: str) -> str | None:
    form = _form_field(items, record_type, field)
    if form is not None and form.table is not None:
        return form.table
    return FIELD_TABLES.get(field)


def _form_field(items: Catalogue, record_type: str, field: str) -> Field | None:
    """The first form field of any item that fills this one."""
    wanted = f"{record_type}.{field}"
    fields = (entry for _, situation in items.pairs() for entry in situation.fields() if entry.bind == wanted)
    return next(fields, None)
