"""A date as it is typed at a counter: 19940712, 1994-7-12, 1994.07.12 or 1994年7月12日."""

import re
from datetime import date

from nbcase.domain.words import tr
from ui.widgets.fields.frame import FieldValue
from ui.widgets.fields.text import TextField

_EIGHT = re.compile(r"^(\d{4})(\d{2})(\d{2})$")
_PARTS = re.compile(r"^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?$")


def read_date(text: str) -> date | None:
    """The day that was typed, or None where there is no such day."""
    plain = "".join(text.split())
    match = _EIGHT.match(plain) or _PARTS.match(plain)
    if match is None:
        return None
    try:
        return date(*(int(part) for part in match.groups()))
    except ValueError:
        return None


class DateField(TextField):
    """A day; shown and given back as 1994-07-12 once it is left or complete."""

    def value(self) -> FieldValue:
        text = self.edit.text().strip()
        day = read_date(text)
        return day.isoformat() if day else text

    def own_problem(self, value: str) -> str:
        if read_date(value) is None:
            return tr("没有“{text}”这一天，请按 19940712 或 1994-07-12 输入").format(text=value)
        return ""

    def was_left(self) -> None:
        self.edit.setText(str(self.value()))
        super().was_left()
