"""Time as an input: nothing in the domain reads the machine's clock by itself."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Protocol

CHINA = timezone(timedelta(hours=8), "CST")
"""One time zone for the whole country, without summer time since 1991; no tz database needed on the counters."""


class Clock(Protocol):
    """Where an operation gets the time from."""

    def now(self) -> datetime:
        """The instant, aware, in UTC."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass(slots=True)
class SetClock:
    """A clock that stands where it was put: demo scenes and tests."""

    at: datetime

    def now(self) -> datetime:
        return self.at

    def advance(self, step: timedelta) -> None:
        """Move the hands on by `step`."""
        self.at += step


def local_date(at: datetime) -> date:
    """The calendar day in Ningbo of an instant."""
    return at.astimezone(CHINA).date()


def add_months(day: date, months: int) -> date:
    """The same day `months` later; the last day of the month where that day does not exist (民法典 art. 202)."""
    year, month0 = divmod(day.year * 12 + day.month - 1 + months, 12)
    for last in (day.day, 30, 29, 28):
        if last <= day.day:
            try:
                return date(year, month0 + 1, last)
            except ValueError:
                continue
    raise AssertionError("every month has a 28th")


def full_months(start: date, end: date) -> int:
    """Whole months from `start` to `end`; 0 where `end` is earlier."""
    months = (end.year - start.year) * 12 + end.month - start.month
    if add_months(start, months) > end:
        months -= 1
    return max(months, 0)
