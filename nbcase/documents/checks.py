"""What is wrong with a layout file, said so that whoever edits it can mend it."""

from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

from nbcase.documents.composition import set_text
from nbcase.documents.layout import (
    GIVEN_CONDITIONS,
    PAGE_FIELDS,
    PLACEHOLDER,
    AnyElement,
    Element,
    FieldElement,
    FieldKind,
    GridElement,
    ImageElement,
    Layout,
    LayoutError,
    QrElement,
    SealElement,
    TextElement,
    load_family,
    read_layout,
)
from nbcase.documents.render import field_place
from nbcase.documents.values import Values
from nbcase.domain.errors import UserError
from nbcase.domain.words import tr

# What carries words or must be readable by itself; a seal lies over its date on purpose.
_READABLE = (TextElement, FieldElement, GridElement, QrElement, ImageElement)
# Places are written with one or two decimals: neighbours may share a rule.
_TOLERANCE = 0.02


def check_layout(path: Path) -> tuple[LayoutError, ...]:
    """All that is wrong with a layout file, nothing when it is right; each names file, element and mend."""
    try:
        layout = read_layout(path)
    except LayoutError as error:
        return (error,)
    first = tuple(_named_things(path.name, layout))
    return first or tuple(_measured_things(path.name, layout))


def _named_things(file: str, layout: Layout) -> Iterator[LayoutError]:
    """Names that stand for nothing: without them nothing can be measured."""
    yield from _doubles(file, layout)
    yield from _unused_fields(file, layout)
    for number, element in enumerate(layout.elements, start=1):
        place = _name(number, element)
        yield from _unknown_fields(file, place, layout, element)
        yield from _unknown_looks(file, place, element)
        yield from _unknown_anchor(file, place, layout, element, number)


def _measured_things(file: str, layout: Layout) -> Iterator[LayoutError]:
    for number, element in enumerate(layout.elements, start=1):
        place = _name(number, element)
        yield from _outside_page(file, place, layout, element)
        yield from _wrong_columns(file, place, element)
        yield from _too_long(file, place, layout, element)
    yield from _overlaps(file, layout)


def _name(number: int, element: AnyElement) -> str:
    return f"elements[{number}] {element.id or getattr(element, 'field', '') or element.__struct_config__.tag}"


def _printed_fields(element: AnyElement) -> Iterator[str]:
    """Keys of the fields an element prints."""
    if isinstance(element, FieldElement | GridElement | QrElement | ImageElement | SealElement):
        yield element.field
    if isinstance(element, FieldElement | TextElement):
        yield from PLACEHOLDER.findall(element.text)


def _condition(element: AnyElement) -> Iterator[str]:
    """Key of the field an element's ``when`` asks for, if it has one."""
    if element.when:
        yield element.when.removeprefix("not ")


def _doubles(file: str, layout: Layout) -> Iterator[LayoutError]:
    keys = Counter(field.key for field in layout.fields)
    ids = Counter(element.id for element in layout.elements if element.id)
    for key, count in (keys + ids).items():
        if keys[key] > 1 or ids[key] > 1:
            yield LayoutError(file, key, tr("写了 {count} 次").format(count=count), tr("每个字段键、元素 id 只写一次"))


def _unused_fields(file: str, layout: Layout) -> Iterator[LayoutError]:
    used = {key for element in layout.elements for key in (*_printed_fields(element), *_condition(element))}
    for field in layout.fields:
        if field.key not in used and not layout.same_fields_as:
            yield LayoutError(file, field.key, tr("声明了字段，但没有印出"), tr("删去这个字段，或加一个元素印出它"))


def _unknown_fields(file: str, place: str, layout: Layout, element: AnyElement) -> Iterator[LayoutError]:
    declared = {field.key for field in layout.fields}
    printable = declared | PAGE_FIELDS if isinstance(element, TextElement) else declared
    unknown = [key for key in _printed_fields(element) if key not in printable]
    unknown += [key for key in _condition(element) if key not in declared | GIVEN_CONDITIONS]
    for key in unknown:
        yield LayoutError(file, place, tr("没有字段 {key}").format(key=key), tr("在 fields 中声明它，或改正这个键"))
    needed: dict[type[Element], FieldKind] = {GridElement: "rows", ImageElement: "image", QrElement: "code"}
    wanted = needed.get(type(element))
    field = layout.field(getattr(element, "field", ""))
    if wanted and field and field.kind != wanted:
        yield LayoutError(
            file, place, tr("字段 {key} 的 kind 是 {kind}").format(key=field.key, kind=field.kind), tr("改为 {kind}").format(kind=wanted)
        )


def _unknown_looks(file: str, place: str, element: AnyElement) -> Iterator[LayoutError]:
    family = load_family()
    for key in ("style", "label_style", "header_style"):
        style = getattr(element, key, "")
        if style and style not in family.style:
            known = "、".join(family.style)
            yield LayoutError(file, place, tr("没有文字样式 {style}").format(style=style), tr("用其中之一：{known}").format(known=known))
    for key in ("colour", "stroke", "fill"):
        colour = getattr(element, key, "")
        if colour and colour not in family.colour:
            known = "、".join(family.colour)
            yield LayoutError(file, place, tr("没有颜色 {colour}").format(colour=colour), tr("用其中之一：{known}").format(known=known))


def _unknown_anchor(file: str, place: str, layout: Layout, element: AnyElement, number: int) -> Iterator[LayoutError]:
    earlier = {other.id for other in layout.elements[: number - 1] if other.id}
    if element.below and element.below not in earlier:
        yield LayoutError(file, place, tr("below 的元素 {id} 不在它之前").format(id=element.below), tr("写出前面一个元素的 id，或调整先后"))


def _outside_page(file: str, place: str, layout: Layout, element: AnyElement) -> Iterator[LayoutError]:
    wide, high = layout.size
    right, bottom = element.x + element.w, element.y + element.h
    if element.x < 0 or element.y < 0 or right > wide + _TOLERANCE or bottom > high + _TOLERANCE:
        yield LayoutError(
            file,
            place,
            tr("伸出页面：右边到 {right:g} mm，下边到 {bottom:g} mm").format(right=right, bottom=bottom),
            tr("页面为 {wide:g} × {high:g} mm，移进或缩小").format(wide=wide, high=high),
        )


def _wrong_columns(file: str, place: str, element: AnyElement) -> Iterator[LayoutError]:
    if not isinstance(element, GridElement):
        return
    total = sum(column.width for column in element.columns)
    if abs(total - element.w) > _TOLERANCE:
        yield LayoutError(
            file,
            place,
            tr("各列共宽 {total:g} mm，表宽 {wide:g} mm").format(total=total, wide=element.w),
            tr("改列宽，使两者相等"),
        )


def _too_long(file: str, place: str, layout: Layout, element: AnyElement) -> Iterator[LayoutError]:
    """A sample that does not fit where it is to stand: what a layout promises, its places must hold."""
    values = Values(layout, layout.samples(), specimen=True)
    pages = {"page": "8", "pages": "8"}
    try:
        match element:
            case TextElement():
                set_text(values.fill(element.text, pages), element.style, element, place)
            case FieldElement():
                words = values.fill(element.text, pages) if element.text else values.text(element.field)
                set_text(words, element.style, field_place(element), place)
    except UserError as error:
        yield LayoutError(file, place, tr("示例内容放不下"), tr("加大 w 或 h，或用更小的样式（{what}）").format(what=error.what))


def _overlaps(file: str, layout: Layout) -> Iterator[LayoutError]:
    readable = [(number, element) for number, element in enumerate(layout.elements, start=1) if isinstance(element, _READABLE)]
    for (number, one), (other_number, other) in combinations(readable, 2):
        if _touch(one, other) and not _exclude(one, other):
            yield LayoutError(
                file,
                _name(number, one),
                tr("与 {other} 重叠").format(other=_name(other_number, other)),
                tr("移开其中一个，或缩小它的 w、h"),
            )


def _touch(one: Element, other: Element) -> bool:
    beside = one.x + one.w <= other.x + _TOLERANCE or other.x + other.w <= one.x + _TOLERANCE
    apart = one.y + one.h <= other.y + _TOLERANCE or other.y + other.h <= one.y + _TOLERANCE
    return not beside and not apart


def _exclude(one: Element, other: Element) -> bool:
    """Whether the two are never drawn together."""
    return one.when == f"not {other.when}" or other.when == f"not {one.when}"
