"""A paper laid out on its pages: words fitted, rows shared out, elements moved to where they stand. Measures in mm."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from msgspec.structs import replace

from nbcase.documents.layout import (
    ROLL_FOOT,
    ROLL_PAGES,
    AnyElement,
    Element,
    GridElement,
    Layout,
    TextElement,
    load_family,
)
from nbcase.documents.sheet import POINTS_PER_MM
from nbcase.documents.typesetting import Block, DoesNotFit, clean, fit
from nbcase.documents.values import Values
from nbcase.domain.errors import UserError
from nbcase.domain.words import tr

# Air between a grid's rules and its words.
GRID_PADDING = 1.2
# Heights are sums of floats: what is over by less than this still fits.
_TOLERANCE = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class GridRow:
    """A row of a grid, measured: its cells' words and its height."""

    cells: tuple[Block, ...]
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """An element where it stands on its page, with the fitted words or the rows it shows there."""

    element: AnyElement
    block: Block | None = None
    rows: Sequence[GridRow] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page: its height (a receipt's is cut after the last line) and what stands on it."""

    height: float
    placed: tuple[Placed, ...]


def compose(layout: Layout, values: Values) -> tuple[Page, ...]:
    """The pages of a paper: as many as the longest grid needs; raises UserError for a text too long for its place."""
    shares = {
        index: tuple(_shares(element, _measured_rows(element, values)))
        for index, element in enumerate(layout.elements)
        if isinstance(element, GridElement) and values.holds(element.when)
    }
    count = max((len(parts) for parts in shares.values()), default=1)
    return tuple(
        _page(layout, values, number, count, {index: parts[number] for index, parts in shares.items() if number < len(parts)})
        for number in range(count)
    )


def set_text(text: str, style_name: str, place: Element, label: str) -> Block:
    """Fit words into a place; raises UserError with the label when they are too long."""
    try:
        return fit(clean(text), load_family().style[style_name], place.w * POINTS_PER_MM, place.h * POINTS_PER_MM)
    except DoesNotFit as error:
        raise UserError(
            tr("“{label}”的内容太长，单据上放不下：{text}").format(label=label, text=text),
            safe=tr("没有打印任何纸张。"),
            do=tr("缩写这一项后再打印。"),
        ) from error


def _measured_rows(grid: GridElement, values: Values) -> Iterator[GridRow]:
    """Rows as high as their words need, at least the layout's height, at most what one page gives."""
    room = grid.h - grid.header_height
    style = load_family().style[grid.style]
    air = grid.row_height - style.size * style.leading / POINTS_PER_MM
    for row in values.rows(grid.field):
        cells = tuple(
            set_text(
                _cell_words(row.get(column.key)),
                grid.style,
                Element(x=grid.x, y=grid.y, w=column.width - 2 * GRID_PADDING, h=room - air),
                column.label,
            )
            for column in grid.columns
        )
        lines = max(block.height for block in cells) / POINTS_PER_MM
        yield GridRow(cells=cells, height=max(grid.row_height, lines + air))


def _cell_words(value: object) -> str:
    if value is None:
        return ""
    return value.isoformat() if isinstance(value, date) else str(value)


def _shares(grid: GridElement, rows: Iterator[GridRow]) -> Iterator[Sequence[GridRow]]:
    """Rows by page; a grid without rows keeps its heading on the first page."""
    room = grid.h - grid.header_height + _TOLERANCE
    share: list[GridRow] = []
    for row in rows:
        if share and sum(one.height for one in share) + row.height > room:
            yield share
            share = []
        share.append(row)
    yield share


def _page(layout: Layout, values: Values, number: int, count: int, shares: Mapping[int, Sequence[GridRow]]) -> Page:
    placed: list[Placed] = []
    ends: dict[str, tuple[float, float]] = {}
    turn = {"page": str(number + 1), "pages": str(count)}
    for index, element in enumerate(layout.elements):
        here = replace(element, y=element.y - _rise(element, ends))
        shown = _shows(element, number, count) and values.holds(element.when)
        shown = shown and (not isinstance(element, GridElement) or index in shares)
        end = ends[element.below][1] if element.below else here.y
        if shown:
            one = _place(here, values, turn, shares.get(index, ()))
            placed.append(one)
            end = here.y + _used_height(one)
        if element.id:
            ends[element.id] = (element.y + element.h, end)
    return Page(height=_page_height(layout, placed), placed=tuple(placed))


def _shows(element: Element, number: int, count: int) -> bool:
    """Whether an element that is not for every page belongs on this one (counted from 0)."""
    return element.on == "every" or number == (0 if element.on == "first" else count - 1)


def _rise(element: Element, ends: Mapping[str, tuple[float, float]]) -> float:
    """How much of its full height the element above did not need."""
    if not element.below:
        return 0.0
    full, actual = ends[element.below]
    return full - actual


def _place(element: AnyElement, values: Values, turn: Mapping[str, str], rows: Sequence[GridRow]) -> Placed:
    if isinstance(element, TextElement):
        words = values.fill(element.text, turn)
        return Placed(element=element, block=set_text(words, element.style, element, element.id or element.text))
    return Placed(element=element, rows=rows)


def _used_height(one: Placed) -> float:
    element = one.element
    if isinstance(element, TextElement) and one.block is not None and element.valign == "top":
        return one.block.height / POINTS_PER_MM
    if isinstance(element, GridElement):
        return element.header_height + sum(row.height for row in one.rows)
    return element.h


def _page_height(layout: Layout, placed: Sequence[Placed]) -> float:
    if layout.page not in ROLL_PAGES:
        return layout.size[1]
    return max((one.element.y + _used_height(one) for one in placed), default=0.0) + ROLL_FOOT
