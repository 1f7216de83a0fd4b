"""Values of a paper's fields as the words that stand on it."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta, timezone

from nbcase.documents.layout import PLACEHOLDER, Layout, PrintableField
from nbcase.domain.errors import UserError
from nbcase.domain.identity import mask_number
from nbcase.domain.words import tr

# The whole of China keeps one time, without summer time since 1991; a fixed offset needs no time zone data on Windows.
_CHINA = timezone(timedelta(hours=8))


def _date_words(value: date) -> str:
    return f"{value.year} 年 {value.month} 月 {value.day} 日"


def _instant_words(value: datetime) -> str:
    if value.tzinfo is None:
        raise TypeError("an instant without a time zone cannot be printed")
    return f"{value.astimezone(_CHINA):%Y-%m-%d %H:%M:%S}"


def words_of(field: PrintableField, value: object) -> str:
    """One value in the form its field declares; TypeError for a value of another type, which is the caller's bug."""
    match field.kind, value:
        case "date", datetime():
            return _date_words(value.astimezone(_CHINA).date())
        case "date", date():
            return _date_words(value)
        case "day", datetime():
            return f"{value.astimezone(_CHINA):%Y-%m-%d}"
        case "day", date():
            return value.isoformat()
        case "instant", datetime():
            return _instant_words(value)
        case "masked_number", str():
            return mask_number(value)
        case "text" | "code" | "date" | "day", str():
            return value
        case "flag", bool():
            return field.label if value else field.unknown
        case "text", int():
            return str(value)
    raise TypeError(f"{field.key}: {type(value).__name__} cannot be printed as {field.kind}")


class Values:
    """What the caller gave for a layout's fields, checked once; raises UserError when a needed one is missing."""

    def __init__(self, layout: Layout, given: Mapping[str, object], *, specimen: bool) -> None:
        self._fields = {field.key: field for field in layout.fields}
        self._given = {key: value for key, value in given.items() if value is not None and value != ""}
        self._specimen = specimen
        undeclared = sorted(key for key in given if key not in self._fields)
        if undeclared:
            raise TypeError(f"{layout.code} declares no field {', '.join(undeclared)}")
        lacking = [field.label for field in layout.fields if field.needed and field.key not in self._given]
        if lacking:
            raise UserError(
                tr("《{title}》还缺内容：{fields}").format(title=layout.title, fields="、".join(lacking)),
                safe=tr("没有打印任何纸张。"),
                do=tr("补齐后再打印。"),
            )

    def text(self, key: str) -> str:
        """The field's words, or what its declaration says for unknown."""
        field = self._fields[key]
        return words_of(field, self._given[key]) if key in self._given else field.unknown

    def fill(self, template: str, page: Mapping[str, str]) -> str:
        """A text with its ``{field}`` places filled; ``page`` gives those that differ from page to page."""
        return PLACEHOLDER.sub(lambda place: page.get(place.group(1)) or self.text(place.group(1)), template)

    def holds(self, condition: str) -> bool:
        """Whether a ``when`` is met: a field's key (given, and not false or empty), or ``not`` and a key."""
        if not condition:
            return True
        key = condition.removeprefix("not ")
        given = self._specimen if key == "specimen" else bool(self._given.get(key))
        return given is not condition.startswith("not ")

    def rows(self, key: str) -> Sequence[Mapping[str, object]]:
        """The rows of a field, none when it was not given."""
        value = self._given.get(key, ())
        if not isinstance(value, Sequence) or isinstance(value, str | bytes):
            raise TypeError(f"{key}: rows must be a sequence of mappings")
        return value

    def picture(self, key: str) -> bytes | None:
        """The bytes of a picture field."""
        value = self._given.get(key)
        if value is not None and not isinstance(value, bytes):
            raise TypeError(f"{key}: a picture must be bytes")
        return value

    def label(self, key: str) -> str:
        """The field's label."""
        return self._fields[key].label
