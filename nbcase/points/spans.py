"""Whole-number time: days since the Common Era, months since year 0, dates as yyyymmdd; no engine's date function is asked."""

from collections.abc import Iterable, Sequence
from datetime import date

Span = tuple[int, int]
"""Half-open: the first day or month, and the one after the last."""


def month_of(day: date) -> int:
    """The month that a day lies in, counted from year 0."""
    return day.year * 12 + day.month - 1


def ymd(day: date) -> int:
    """The day as yyyymmdd: comparable, and a year back is 10000 less, 29 February or not."""
    return day.year * 10_000 + day.month * 100 + day.day


def months_back(day: date, count: int) -> int:
    """yyyymmdd of `count` months before, the day of the month kept even where that month has no such day."""
    month = month_of(day) - count
    return month // 12 * 10_000 + (month % 12 + 1) * 100 + day.day


def full_months(span: Span) -> int:
    """Whole months in a span of days: from the 5th to before the 5th of the next is one."""
    first, end = date.fromordinal(span[0]), date.fromordinal(span[1])
    return month_of(end) - month_of(first) - (1 if end.day < first.day else 0)


def joined(spans: Iterable[Span], gap: int = 0) -> list[Span]:
    """Spans in order, those run together that touch, overlap or lie at most `gap` apart."""
    merged: list[Span] = []
    for first, end in sorted(spans):
        if merged and first <= merged[-1][1] + gap:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((first, end))
    return merged


def length(spans: Sequence[Span]) -> int:
    """Days or months in spans that do not overlap."""
    return sum(end - first for first, end in spans)
