"""A layout and its values made into a PDF that is the same, byte for byte, every time."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO

import pypdfium2
from msgspec.structs import replace

from nbcase.documents.composition import GRID_PADDING, Placed, compose, set_text
from nbcase.documents.layout import (
    Element,
    FieldElement,
    GridElement,
    GroundElement,
    ImageElement,
    Layout,
    LineElement,
    MarkElement,
    QrElement,
    RectElement,
    SealElement,
    SpecimenElement,
    TextElement,
    load_family,
)
from nbcase.documents.ornaments import (
    draw_mark,
    draw_qr,
    draw_rosette,
    draw_seal_place,
    draw_specimen,
    draw_specimen_seal,
    draw_waves,
)
from nbcase.documents.sheet import POINTS_PER_MM, Sheet
from nbcase.documents.typesetting import Block, width
from nbcase.documents.values import Values

# Air between the rules of a form's cell and its words, beside and above them, mm.
_CELL_PADDING = (2.6, 0.6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A finished paper: ``sha256`` in hex over the bytes; ``warnings`` are the characters no font here has."""

    pdf: bytes
    sha256: str
    pages: int
    warnings: tuple[str, ...]


def render(layout: Layout, values: Mapping[str, object], *, specimen: bool) -> Rendered:
    """Print values into a layout; the same values give the same bytes.

    A specimen says 样张 and carries a seal that says 样章; otherwise the seal's place stays empty. Raises UserError when a
    needed value is missing or a text is too long for its place: nothing is cut, and no paper is made.
    """
    filled = Values(layout, values, specimen=specimen)
    sheet = Sheet(load_family(), title=layout.title)
    pages = compose(layout, filled)
    for page in pages:
        sheet.begin_page(layout.size[0], page.height)
        for placed in page.placed:
            _draw(placed, sheet, filled)
        sheet.end_page()
    pdf = sheet.finish()
    return Rendered(pdf=pdf, sha256=sha256(pdf).hexdigest(), pages=len(pages), warnings=tuple(sheet.missing))


def pages_as_png(pdf: bytes, dpi: int) -> tuple[bytes, ...]:
    """Each page as a PNG picture, for previews and for printers that take pictures."""
    with pypdfium2.PdfDocument(pdf) as document:
        return tuple(_page_as_png(document, number, dpi) for number in range(len(document)))


def _page_as_png(document: pypdfium2.PdfDocument, number: int, dpi: int) -> bytes:
    page = document[number]
    try:
        buffer = BytesIO()
        page.render(scale=dpi / 72).to_pil().save(buffer, format="PNG")
        return buffer.getvalue()
    finally:
        page.close()


def _draw(placed: Placed, sheet: Sheet, values: Values) -> None:
    match placed.element:
        case TextElement() as text if placed.block is not None:
            sheet.block(placed.block, sheet.family.style[text.style], text, text.align, middle=text.valign == "middle")
        case FieldElement() as field:
            _draw_field(field, sheet, values)
        case GridElement() as grid:
            _draw_grid(grid, placed, sheet)
        case LineElement() as line:
            sheet.line(line.x, line.y, line.x + line.w, line.y + line.h, colour=line.colour, weight=line.weight, dashed=line.dashed)
        case RectElement() as rect:
            sheet.rect(rect.x, rect.y, rect.w, rect.h, stroke=rect.stroke, fill=rect.fill, weight=rect.weight)
        case ImageElement() as image:
            _draw_image(image, sheet, values)
        case QrElement() as code:
            draw_qr(sheet, code, values.text(code.field))
        case SealElement() as seal if values.holds("specimen"):
            draw_specimen_seal(sheet, seal, values.text(seal.field))
        case SealElement() as seal:
            draw_seal_place(sheet, seal)
        case GroundElement(pattern="waves") as ground:
            draw_waves(sheet, ground)
        case GroundElement() as ground:
            draw_rosette(sheet, ground)
        case SpecimenElement() as specimen if values.holds("specimen"):
            draw_specimen(sheet, specimen)
        case MarkElement() as mark:
            draw_mark(sheet, mark)


def field_place(field: FieldElement) -> Element:
    """Where a field's value stands, mm."""
    across, down = _CELL_PADDING if field.look == "boxed" else (0.0, 0.0)
    return Element(
        x=field.x + field.label_width + across,
        y=field.y + down,
        w=field.w - field.label_width - 2 * across,
        h=field.h - 2 * down,
    )


def _draw_field(field: FieldElement, sheet: Sheet, values: Values) -> None:
    label = field.label or values.label(field.field)
    boxed = field.look == "boxed"
    if boxed:
        sheet.rect(field.x, field.y, field.label_width, field.h, stroke="rule", fill="tint")
        sheet.rect(field.x + field.label_width, field.y, field.w - field.label_width, field.h, stroke="rule")
    _draw_label(label, field, sheet)
    place = field_place(field)
    words = values.fill(field.text, {}) if field.text else values.text(field.field)
    block = set_text(words, field.style, place, label)
    sheet.block(block, sheet.family.style[field.style], place, "left", middle=True)


def _draw_label(label: str, field: FieldElement, sheet: Sheet) -> None:
    """A short label spread over four signs' width, as forms have it; longer ones as they are."""
    style = sheet.family.style[field.label_style]
    boxed = field.look == "boxed"
    pad = GRID_PADDING if boxed else 0.0
    place = Element(x=field.x + pad, y=field.y, w=field.label_width - 2 * pad, h=field.h)
    block = set_text(label, field.label_style, place, label)
    spread = (4 - len(label)) / (len(label) - 1) if boxed and 1 < len(label) < 4 else 0.0
    if spread:
        wide = width(label, style.face, spread) * block.size / POINTS_PER_MM
        place = Element(x=place.x + (place.w - wide) / 2, y=place.y, w=wide, h=place.h)
        style = replace(style, tracking=spread)
    sheet.block(block, style, place, "centre" if boxed and not spread else "left", middle=True)


def _draw_grid(grid: GridElement, placed: Placed, sheet: Sheet) -> None:
    """Heading and rows; boxed with all rules, or ruled with level ones only."""
    top = grid.y
    headings = tuple(
        set_text(column.label, grid.header_style, Element(x=0, y=0, w=column.width - 2 * GRID_PADDING, h=grid.header_height), column.label)
        for column in grid.columns
    )
    if grid.look == "boxed":
        sheet.rect(grid.x, top, grid.w, grid.header_height, fill="tint")
    _draw_row(grid, headings, grid.header_style, top, grid.header_height, sheet)
    sheet.line(grid.x, top, grid.x + grid.w, top, colour=grid.colour, weight=0.2)
    top += grid.header_height
    for row in placed.rows:
        sheet.line(grid.x, top, grid.x + grid.w, top, colour=grid.colour, weight=0.2)
        _draw_row(grid, row.cells, grid.style, top, row.height, sheet)
        top += row.height
    sheet.line(grid.x, top, grid.x + grid.w, top, colour=grid.colour, weight=0.2)
    if grid.look == "boxed":
        _draw_columns(grid, top, sheet)


def _draw_row(grid: GridElement, cells: tuple[Block, ...], style: str, top: float, height: float, sheet: Sheet) -> None:
    x = grid.x
    for column, block in zip(grid.columns, cells, strict=True):
        place = Element(x=x + GRID_PADDING, y=top, w=column.width - 2 * GRID_PADDING, h=height)
        sheet.block(block, sheet.family.style[style], place, column.align, middle=True)
        x += column.width


def _draw_columns(grid: GridElement, bottom: float, sheet: Sheet) -> None:
    x = grid.x
    for wide in (0.0, *(column.width for column in grid.columns)):
        x += wide
        sheet.line(x, grid.y, x, bottom, colour=grid.colour, weight=0.2)


def _draw_image(image: ImageElement, sheet: Sheet, values: Values) -> None:
    picture = values.picture(image.field)
    if picture is not None:
        sheet.image(picture, image.x, image.y, image.w, image.h)
        return
    sheet.rect(image.x, image.y, image.w, image.h, stroke="rule", fill="tint", weight=0.15)
    words = image.missing or values.label(image.field)
    block = set_text(words, "small", image, words)
    sheet.block(block, sheet.family.style["small"], image, "centre", middle=True)
