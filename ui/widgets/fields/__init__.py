"""The closed set of field kinds, one editor each."""

from ui.widgets.fields.choice import ChoiceField, Option
from ui.widgets.fields.completion import CompletionField, Provider, Suggestions
from ui.widgets.fields.date import DateField
from ui.widgets.fields.frame import Field, FieldState, FieldValue, Problem
from ui.widgets.fields.text import CheckField, IdentityField, MultiLineField, PhoneField, TextField

__all__ = [
    "CheckField",
    "ChoiceField",
    "CompletionField",
    "DateField",
    "Field",
    "FieldState",
    "FieldValue",
    "IdentityField",
    "MultiLineField",
    "Option",
    "PhoneField",
    "Problem",
    "Provider",
    "Suggestions",
    "TextField",
]
