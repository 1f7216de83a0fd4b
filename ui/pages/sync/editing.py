"""Editors for single fields of records: the kind that the operation names, as a declaration of the window's forms."""

from typing import Any

from nbcase.operations.corrections import Editor
from ui.widgets.fields import FieldValue, Option
from ui.widgets.form import FieldKind, FieldSpec

_KINDS: dict[str, FieldKind] = {
    "text": "text",
    "phone": "phone",
    "number": "identity",
    "date": "date",
    "choice": "choice",
    "integer": "text",
    "check": "check",
}


def editor_of(offered: Editor, label: str, *, key: str) -> FieldSpec | None:
    """The declaration of an editor; None for a field that can only be taken as it is."""
    if offered.kind == "none":
        return None
    options = tuple(Option(code=code, label=words) for code, words in offered.choices)
    return FieldSpec(key=key, label=label, kind=_KINDS[offered.kind], options=options)


def typed(value: FieldValue, offered: Editor) -> Any:
    """What a record holds for the typed value: nothing for an empty text, a number where one is asked for."""
    if value == "":
        return None
    return int(value) if offered.kind == "integer" and isinstance(value, str) and value.isdigit() else value


def shown(value: Any) -> FieldValue:
    """A value as its editor shows it."""
    return value if isinstance(value, bool) else "" if value is None else str(value)
