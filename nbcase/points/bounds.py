"""Between which numbers an expression can come out: checked when a catalogue is loaded, so that no face can overflow."""

from collections.abc import Mapping

from nbcase.domain.words import tr
from nbcase.points.language import (
    Add,
    AtLeast,
    AtMost,
    Compare,
    Condition,
    Divide,
    Expression,
    Fact,
    Highest,
    InList,
    Int,
    Lookup,
    Mistake,
    Multiply,
    Ref,
    Step,
    Switch,
    When,
)

Range = tuple[int, int]
"""Least and greatest value, both possible as far as the language can tell."""

WIDEST = (1 << 62) - 1
"""Every intermediate value fits a signed 64-bit number with a bit to spare."""

WIDEST_POINTS = (1 << 31) - 1
"""What an indicator gives fits a signed 32-bit number."""


def range_of(node: Expression, facts: Mapping[str, Range], refs: Mapping[str, Range], place: str) -> Range:
    """The range of an expression over the declared ranges of its facts; raises `Mistake` where a value would not fit or be defined."""
    low, high = _range(node, facts, refs, place)
    if low < -WIDEST or high > WIDEST:
        raise Mistake(place, tr("中间结果可能大到 {n}，放不进 64 位整数。").format(n=max(-low, high)), tr("请缩小事实的范围或换小单位。"))
    return low, high


def _range(node: Expression, facts: Mapping[str, Range], refs: Mapping[str, Range], place: str) -> Range:
    def of(inner: Expression, name: str) -> Range:
        return range_of(inner, facts, refs, f"{place}.{name}")

    match node:
        case Int(value):
            return value, value
        case Fact(name):
            return facts[name]
        case Ref(code):
            return refs[code]
        case Step(inner, rows, below):
            return _step(of(inner, "of"), rows, below)
        case Lookup(inner, table, other):
            low, high = of(inner, "of")
            return _around([value for key, value in table if low <= key <= high] + [other])
        case Divide(inner, by):
            low, high = of(inner, "of")
            if low < 0:
                raise Mistake(place, tr("被除数可能小于 0（最小 {n}）。").format(n=low), tr("请先用 at_least 取不小于 0。"))
            return low // by, high // by
        case When(condition, then, otherwise):
            return _branches(((condition, then),), otherwise, facts, refs, place)
        case Switch(branches, otherwise):
            return _branches(branches, otherwise, facts, refs, place)
        case _:
            return _combined(node, [of(inner, f"[{number}]") for number, inner in enumerate(_operands(node))])


Combination = Multiply | Add | AtMost | AtLeast | Highest


def _operands(node: Combination) -> tuple[Expression, ...]:
    match node:
        case Multiply(left, right):
            return left, right
        case AtMost(inner, limit) | AtLeast(inner, limit):
            return inner, limit
        case Add(several) | Highest(several):
            return several


def _combined(node: Combination, ranges: list[Range]) -> Range:
    lows, highs = [low for low, _ in ranges], [high for _, high in ranges]
    match node:
        case Multiply():
            return _around([one * other for one in ranges[0] for other in ranges[1]])
        case Add():
            return sum(lows), sum(highs)
        case AtMost():
            return min(lows), min(highs)
        case AtLeast() | Highest():
            return max(lows), max(highs)


def _branches(
    branches: tuple[tuple[Condition, Expression], ...],
    otherwise: Expression,
    facts: Mapping[str, Range],
    refs: Mapping[str, Range],
    place: str,
) -> Range:
    ends = list(range_of(otherwise, facts, refs, f"{place}.else"))
    for number, (condition, then) in enumerate(branches):
        _check_condition(condition, facts, refs, f"{place}[{number}].if")
        ends += range_of(then, facts, refs, f"{place}[{number}].then")
    return _around(ends)


def _step(inner: Range, rows: tuple[tuple[int, int], ...], below: int) -> Range:
    low, high = inner
    first = max((number for number, (bound, _) in enumerate(rows) if bound <= low), default=-1)
    reached = [value for number, (bound, value) in enumerate(rows) if number >= first and bound <= high and number >= 0]
    return _around(reached + ([below] if first < 0 else []))


def _check_condition(node: Condition, facts: Mapping[str, Range], refs: Mapping[str, Range], place: str) -> None:
    match node:
        case Compare(left, _, right):
            range_of(left, facts, refs, place)
            range_of(right, facts, refs, place)
        case InList(inner, _):
            range_of(inner, facts, refs, place)


def _around(values: list[int]) -> Range:
    return min(values), max(values)
