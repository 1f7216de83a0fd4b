"""A paper's layout: millimetres from the top left corner, as data in ``resources/documents/<code>.toml``.

A layout declares its printable fields (what the caller gives) and its elements (what is drawn). The kinds of both are
closed: a file that says something else is refused with the file, the element and the mend. Positions are those of the
fullest page; an element that stands ``below`` another moves up by what that one did not need.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, get_args

import msgspec

from nbcase.domain.errors import UserError
from nbcase.domain.resources import resource_path
from nbcase.domain.words import tr

Align = Literal["left", "centre", "right", "justify"]
FieldKind = Literal["text", "masked_number", "date", "day", "instant", "flag", "rows", "image", "code"]
PageName = Literal["A4", "A5", "A5-landscape", "receipt-80"]

# Width and height in mm. The receipt's roll has no end: its height is the most a layout may use, a page is cut after its last line.
PAGE_SIZES: Mapping[PageName, tuple[float, float]] = MappingProxyType(
    {"A4": (210.0, 297.0), "A5": (148.0, 210.0), "A5-landscape": (210.0, 148.0), "receipt-80": (80.0, 420.0)}
)
ROLL_PAGES: frozenset[PageName] = frozenset({"receipt-80"})
ROLL_FOOT = 8.0

# What the renderer knows itself, so that no layout declares it: in the words of a text, and in a `when`.
PAGE_FIELDS = frozenset({"page", "pages"})
GIVEN_CONDITIONS = frozenset({"specimen"})
PLACEHOLDER = re.compile(r"\{([a-z0-9_]+)\}")


class LayoutError(UserError):
    """A layout file that cannot be used: names the file, the element and the mend."""

    def __init__(self, file: str, element: str, what: str, mend: str) -> None:
        super().__init__(f"{file} · {element}：{what}", do=mend)
        self.file = file
        self.element = element
        self.mend = mend

    def __reduce__(self) -> tuple[object, ...]:
        prefix = f"{self.file} · {self.element}："
        return (type(self), (self.file, self.element, self.what.removeprefix(prefix), self.mend))


class PrintableField(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing a paper can show: declared once, used by the layout, the preview and the tests.

    ``unknown`` stands where the caller has no value; a ``needed`` field without a value refuses the paper.
    """

    key: str
    label: str
    label_en: str
    kind: FieldKind = "text"
    sample: Any = None
    needed: bool = False
    unknown: str = ""


class Element(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    """What all elements share: the place in mm, and when and where it is drawn."""

    x: float
    y: float
    w: float
    h: float
    id: str = ""
    when: str = ""
    on: Literal["every", "first", "last"] = "every"
    below: str = ""


class TextElement(Element, frozen=True, kw_only=True, tag="text"):
    """Words with ``{field}`` places in them."""

    text: str
    style: str = "body"
    align: Align = "left"
    valign: Literal["top", "middle"] = "top"


class FieldElement(Element, frozen=True, kw_only=True, tag="field"):
    """A declared field with its label: in a box of the form, or plainly beside each other.

    ``text`` sets the value among other words or fields (``{legal_limit}，至 {legal_due_on}``); without it the field stands alone.
    """

    field: str
    text: str = ""
    label: str = ""
    label_width: float
    look: Literal["boxed", "plain"] = "boxed"
    style: str = "value"
    label_style: str = "label"


class Column(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One column of a grid: ``key`` of the rows' values, heading, width in mm."""

    key: str
    label: str
    label_en: str
    width: float
    align: Align = "centre"


class GridElement(Element, frozen=True, kw_only=True, tag="grid"):
    """A table that takes the rows of a field and goes on on a further page when they do not fit."""

    field: str
    columns: tuple[Column, ...]
    header_height: float
    row_height: float
    look: Literal["boxed", "ruled"] = "boxed"
    colour: str = "rule"
    style: str = "cell"
    header_style: str = "heading"


class LineElement(Element, frozen=True, kw_only=True, tag="line"):
    """A straight line from the top left to the bottom right of its box."""

    colour: str = "rule"
    weight: float = 0.2
    dashed: bool = False


class RectElement(Element, frozen=True, kw_only=True, tag="rect"):
    """A rectangle: outline, ground, or both."""

    stroke: str = ""
    fill: str = ""
    weight: float = 0.2


class QrElement(Element, frozen=True, kw_only=True, tag="qr"):
    """A square code of a field's text, its quiet zone inside the box."""

    field: str
    stroke: str = ""


class ImageElement(Element, frozen=True, kw_only=True, tag="image"):
    """A picture (PNG or JPEG bytes) kept in proportion; words in its place when there is none."""

    field: str
    missing: str = ""


class SealElement(Element, frozen=True, kw_only=True, tag="seal"):
    """Where the seal goes: a specimen seal on specimens, otherwise an empty place for the real one."""

    field: str


class GroundElement(Element, frozen=True, kw_only=True, tag="ground"):
    """Fine lines that a copier spoils: waves over the page, or a rosette."""

    pattern: Literal["waves", "rosette"]


class SpecimenElement(Element, frozen=True, kw_only=True, tag="specimen"):
    """Where a specimen says that it is one; nothing on a real paper."""


class MarkElement(Element, frozen=True, kw_only=True, tag="mark"):
    """One sign in a ring that must be seen at once, such as 暂 for a paper that waits for the centre's word."""

    text: str
    colour: str = "mark"


AnyElement = (
    TextElement
    | FieldElement
    | GridElement
    | LineElement
    | RectElement
    | QrElement
    | ImageElement
    | SealElement
    | GroundElement
    | SpecimenElement
    | MarkElement
)
ELEMENT_KINDS: Mapping[str, type[Element]] = MappingProxyType({str(kind.__struct_config__.tag): kind for kind in get_args(AnyElement)})


class Layout(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One paper: its page, the fields it can print and the elements in the order they are drawn.

    ``same_fields_as`` names a layout whose declarations this one takes over: the same paper in another size.
    """

    code: str
    title: str
    title_en: str
    page: PageName
    same_fields_as: str = ""
    fields: tuple[PrintableField, ...]
    elements: tuple[AnyElement, ...]

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the page in mm."""
        return PAGE_SIZES[self.page]

    def field(self, key: str) -> PrintableField | None:
        """The declaration of a field, None when the layout has none of that key."""
        return next((field for field in self.fields if field.key == key), None)

    def samples(self) -> dict[str, object]:
        """Invented values for every field: for previews, specimens and tests."""
        return {field.key: field.sample for field in self.fields if field.sample is not None}


class TextStyle(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A way to set words; sizes in points, tracking in em. Text that does not fit shrinks down to ``least``."""

    face: Literal["sans", "sans-bold", "serif-bold"]
    size: float
    least: float
    leading: float = 1.45
    tracking: float = 0.0
    colour: str = "ink"


class Family(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What makes all papers one family: colours and text styles."""

    colour: dict[str, str]
    style: dict[str, TextStyle]


@cache
def load_family() -> Family:
    """Colours and text styles shared by all layouts (``resources/documents/family.toml``)."""
    return msgspec.toml.decode(resource_path("documents/family.toml").read_bytes(), type=Family)


def layout_codes() -> tuple[str, ...]:
    """Codes of all papers this program can print."""
    return tuple(sorted(path.stem for path in resource_path("documents").glob("*.toml") if path.stem != "family"))


@cache
def load_layout(code: str) -> Layout:
    """The layout of a paper; raises LayoutError for a code without a file and for a file that breaks the format."""
    path = resource_path("documents") / f"{code}.toml"
    if code not in layout_codes():
        known = "、".join(layout_codes())
        raise LayoutError(path.name, "code", tr("没有这种单据"), tr("可用的单据：{known}").format(known=known))
    return read_layout(path)


def read_layout(path: Path) -> Layout:
    """Decode one layout file; raises LayoutError naming file, element and mend."""
    raw = _read_toml(path)
    elements = tuple(_element(path.name, number, item) for number, item in _tables(path.name, raw, "elements"))
    fields = tuple(_declared(path.name, number, item) for number, item in _tables(path.name, raw, "fields"))
    head = {key: value for key, value in raw.items() if key not in ("elements", "fields")}
    frame: dict[str, object] = {"fields": [], "elements": []}
    try:
        bare = msgspec.convert(head | frame, type=Layout)
    except msgspec.ValidationError as error:
        raise LayoutError(path.name, tr("文件开头"), str(error), tr("开头只有 code、title、title_en、page、same_fields_as")) from error
    if bare.same_fields_as:
        other = path.with_name(f"{bare.same_fields_as}.toml")
        if not other.is_file():
            raise LayoutError(path.name, "same_fields_as", tr("没有版式 {name}").format(name=other.name), tr("写出同一文件夹中的版式"))
        fields = read_layout(other).fields
    return msgspec.structs.replace(bare, fields=fields, elements=elements)


def _read_toml(path: Path) -> Mapping[str, object]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise LayoutError(path.name, "TOML", str(error), tr("按 TOML 格式改正这一行")) from error


def _tables(file: str, raw: Mapping[str, object], name: str) -> Iterator[tuple[int, Mapping[str, object]]]:
    tables = raw.get(name, [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise LayoutError(file, name, tr("不是表的列表"), tr("每一项写成 [[{name}]]").format(name=name))
    yield from enumerate(tables, start=1)


def _element(file: str, number: int, item: Mapping[str, object]) -> AnyElement:
    kind = item.get("kind")
    place = f"elements[{number}] {item.get('id') or kind}"
    if kind not in ELEMENT_KINDS:
        known = "、".join(ELEMENT_KINDS)
        raise LayoutError(file, place, tr("没有这种元素：{kind}").format(kind=kind), tr("kind 用其中之一：{known}").format(known=known))
    model = ELEMENT_KINDS[str(kind)]
    try:
        return msgspec.convert(item, type=model)  # type: ignore[return-value]
    except msgspec.ValidationError as error:
        known = "、".join(model.__struct_fields__)
        raise LayoutError(file, place, str(error), tr("这种元素的键：{known}").format(known=known)) from error


def _declared(file: str, number: int, item: Mapping[str, object]) -> PrintableField:
    try:
        return msgspec.convert(item, type=PrintableField)
    except msgspec.ValidationError as error:
        known = "、".join(PrintableField.__struct_fields__)
        raise LayoutError(file, f"fields[{number}] {item.get('key')}", str(error), tr("字段的键：{known}").format(known=known)) from error
