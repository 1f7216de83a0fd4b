"""Recognised lines put beside each other as a person reads them: rows from top to bottom, each knowing the place of its parts."""

from collections.abc import Iterable, Sequence

from nbcase.devices.contract import Box, FieldReading, Point
from nbcase.devices.text_engine import Line


def rows_of(lines: Iterable[Line]) -> "list[Row]":
    """Lines grouped by height on the card, from top to bottom."""
    groups: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: middle(line)[1]):
        last = groups[-1][-1] if groups else None
        if last and middle(line)[1] - middle(last)[1] < 0.5 * min(height_of(line), height_of(last)):
            groups[-1].append(line)
        else:
            groups.append([line])
    return [Row(group) for group in groups]


class Row:
    """The lines that stand beside each other, as one text whose parts know their place."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self.lines = sorted(lines, key=lambda line: middle(line)[0])
        self.text = "".join(tight(line.text) for line in self.lines)

    def field(self, start: int, end: int, text: str, value: str) -> FieldReading:
        """A field at a part of the row's text, with the corners of that part."""
        points: list[Point] = []
        confidences: list[float] = []
        passed = 0
        for line in self.lines:
            size = len(tight(line.text))
            first, last = max(start - passed, 0), min(end - passed, size)
            if first < last:
                points += _part(line.box, first / size, last / size)
                confidences.append(line.confidence)
            passed += size
        return FieldReading(text=text, value=value, confidence=min(confidences), box=around(points))


def tight(text: str) -> str:
    """Without blanks: the engine puts them wherever signs stand apart."""
    return "".join(text.split())


def middle(line: Line) -> Point:
    """The middle of a line's box."""
    return sum(x for x, _ in line.box) / 4, sum(y for _, y in line.box) / 4


def height_of(line: Line) -> float:
    """Pixels from a line's top to its bottom."""
    return max(y for _, y in line.box) - min(y for _, y in line.box)


def turned_box(box: Box, width: float, height: float) -> Box:
    """The corners after half a turn, again from the upper left."""
    a, b, c, d = ((width - x, height - y) for x, y in box)
    return c, d, a, b


def _part(box: Box, start: float, end: float) -> Box:
    """The part of a line's box between two shares of its length."""
    upper_left, upper_right, lower_right, lower_left = box
    return (
        _between(upper_left, upper_right, start),
        _between(upper_left, upper_right, end),
        _between(lower_left, lower_right, end),
        _between(lower_left, lower_right, start),
    )


def _between(one: Point, other: Point, share: float) -> Point:
    return one[0] + (other[0] - one[0]) * share, one[1] + (other[1] - one[1]) * share


def around(points: Sequence[Point]) -> Box:
    """The upright rectangle around points, to whole pixels."""
    left, right = round(min(x for x, _ in points)), round(max(x for x, _ in points))
    top, bottom = round(min(y for _, y in points)), round(max(y for _, y in points))
    return (left, top), (right, top), (right, bottom), (left, bottom)
