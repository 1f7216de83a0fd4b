"""Working days and deadlines, counted on the State Council's calendar.

The day an event falls on is not counted; a period in calendar days that ends on a rest day ends on the next working
day (民法典 art. 201–203). Limits of administrative licences are in working days (行政许可法 art. 82).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, Self

import msgspec

from nbcase.domain.errors import UserError
from nbcase.domain.reference import file_error, read_reference
from nbcase.domain.resources import resource_path
from nbcase.domain.words import tr

EARLIEST: Final = date(1950, 1, 1)
LATEST: Final = date(2199, 12, 31)
LONGEST: Final = 3660
"""Bounds of what is counted: a day or limit outside is a slip of the pen, not a case."""

_DAY: Final = timedelta(days=1)
_SATURDAY: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """计时暂停, such as while the applicant brings what was missing. The clock still runs on `from_on`, the day something was asked
    for, and runs again from the day after `until_on`, the day it came; None while it is awaited."""

    from_on: date
    until_on: date | None = None

    def covers(self, day: date) -> bool:
        """Whether the day is not counted."""
        return self.from_on < day and (self.until_on is None or day <= self.until_on)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """The last day in time; `days` are the days that were counted, for the picture beside a case.

    `is_provisional` 暂定: the count ran into a year whose holidays are not announced yet.
    """

    due_on: date
    is_provisional: bool
    days: tuple[date, ...]


class _Holiday(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Days off in a row, both ends included."""

    name: str
    first: date
    last: date

    def days(self) -> Iterator[date]:
        return (self.first + _DAY * n for n in range((self.last - self.first).days + 1))


class _Year(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One announced year: days off, and weekend days that are worked in exchange."""

    year: int
    notice: str
    source: str
    off: list[_Holiday]
    worked: list[date]


class _Fixed(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A legal holiday on the same days of every year, as ``MM-DD``."""

    name: str
    days: list[str]


class _Moving(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The legal holidays of one year that follow moon and sun."""

    year: int
    spring: date
    qingming: date
    dragon_boat: date
    mid_autumn: date

    def days(self) -> dict[date, list[str]]:
        """Each day with the names of the holidays on it; Spring Festival has 除夕 and the three days after."""
        named = [(self.spring + _DAY * n, "春节") for n in range(-1, 3)]
        named += [(self.qingming, "清明节"), (self.dragon_boat, "端午节"), (self.mid_autumn, "中秋节")]
        days: dict[date, list[str]] = {}
        for day, name in named:
            days.setdefault(day, []).append(name)
        return days


class _Statutory(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What is known of a year before its notice: the legal holidays."""

    basis: str
    fixed: list[_Fixed]
    moving: list[_Moving]


class _File(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The calendar file as a whole."""

    year: list[_Year]
    statutory: _Statutory


class WorkingCalendar:
    """Which days are worked, for known years by notice and for all others by law alone."""

    def __init__(self, file: _File) -> None:
        self._notices = {year.year: year.notice for year in file.year}
        self._off = {day: holiday.name for year in file.year for holiday in year.off for day in holiday.days()}
        self._worked = frozenset(day for year in file.year for day in year.worked)
        self._statutory = file.statutory
        self._legal: dict[int, dict[date, str]] = {}

    @classmethod
    def load(cls, path: Path | None = None, *, announced: Mapping[str, Any] | None = None) -> Self:
        """The calendar of the program, or the one a supervisor imports from `path`.

        `announced` are years from `calendar_years` that were published since; they stand in the place of the file's.
        Raises UserError naming file, entry and mend.
        """
        path = path or resource_path("reference/calendar.toml")
        file = _read(path)
        if announced:
            newer = msgspec.convert(list(announced.values()), list[_Year])
            replaced = {year.year for year in newer}
            kept = [year for year in file.year if year.year not in replaced]
            file = msgspec.structs.replace(file, year=[*kept, *newer])
            _check(path, file)
        return cls(file)

    @property
    def known_until_on(self) -> date | None:
        """Last day of the last year whose holidays are announced."""
        return date(max(self._notices), 12, 31) if self._notices else None

    def is_known(self, year: int) -> bool:
        """Whether the year's holidays are announced."""
        return year in self._notices

    def notice(self, year: int) -> str | None:
        """Title of the notice that a year's days come from."""
        return self._notices.get(year)

    def is_working(self, day: date) -> bool:
        """Whether counters and departments work on that day."""
        if day in self._worked:
            return True
        return day.weekday() < _SATURDAY and self.holiday_name(day) is None

    def holiday_name(self, day: date) -> str | None:
        """The public holiday that a day off belongs to; None on weekends and working days."""
        if day in self._off or day.year in self._notices:
            return self._off.get(day)
        return self._legal_days(day.year).get(day)

    def add_working_days(self, start: date, n: int, pauses: Sequence[Pause] = ()) -> Deadline:
        """The `n`-th working day after `start`; `n` = 0 is the day itself. Days of ended pauses are passed over.

        Raises UserError for a day or a number that no case can have.
        """
        _check_span(start, n)
        counted: list[date] = []
        for day in _unpaused(start, pauses):
            if len(counted) == n:
                break
            if self.is_working(day):
                counted.append(day)
        return self._deadline(start, counted[-1] if counted else start, counted)

    def calendar_days(self, start: date, n: int, pauses: Sequence[Pause] = ()) -> Deadline:
        """The `n`-th calendar day after `start`, or the next working day where that is a rest day; ended pauses are passed over."""
        _check_span(start, n)
        counted: list[date] = []
        for day in _unpaused(start, pauses):
            if len(counted) >= n and self.is_working(counted[-1] if counted else start):
                break
            counted.append(day)
        return self._deadline(start, counted[-1] if counted else start, counted)

    def working_days_between(self, start: date, end: date, pauses: Sequence[Pause] = ()) -> int:
        """Working days after `start` up to and with `end`: the inverse of `add_working_days`; 0 backwards."""
        days = (start + _DAY * n for n in range(1, (end - start).days + 1))
        return sum(self.is_working(day) and not any(pause.covers(day) for pause in pauses) for day in days)

    def left(self, on: date, due_on: date) -> int:
        """Working days left after `on`: 0 on the last day in time, negative once overdue.

        Overdue is at least -1, also on the weekend right after the last day.
        """
        if on <= due_on:
            return self.working_days_between(on, due_on)
        return -max(1, self.working_days_between(due_on, on))

    def _deadline(self, start: date, due_on: date, counted: list[date]) -> Deadline:
        provisional = any(not self.is_known(year) for year in range(start.year, due_on.year + 1))
        return Deadline(due_on=due_on, is_provisional=provisional, days=tuple(counted))

    def _legal_days(self, year: int) -> dict[date, str]:
        """Legal holidays of an unannounced year, with the days off in lieu of those on a weekend or on each other."""
        if year not in self._legal:
            self._legal[year] = _with_days_in_lieu(self._statutory, year)
        return self._legal[year]


def _unpaused(start: date, pauses: Sequence[Pause]) -> Iterator[date]:
    """The days after `start` that count. A pause that has not ended is not known in length: it is counted through."""
    ended = [pause for pause in pauses if pause.until_on is not None]
    day = start
    while True:
        day += _DAY
        if not any(pause.covers(day) for pause in ended):
            yield day


def _with_days_in_lieu(statutory: _Statutory, year: int) -> dict[date, str]:
    named = next((entry.days() for entry in statutory.moving if entry.year == year), {})
    for holiday in statutory.fixed:
        for text in holiday.days:
            named.setdefault(date.fromisoformat(f"{year}-{text}"), []).append(holiday.name)
    days = {day: "、".join(names) for day, names in named.items()}
    for day, names in sorted(named.items()):
        owed = names if day.weekday() >= _SATURDAY else names[1:]
        for name in owed:
            free = day
            while free in days or free.weekday() >= _SATURDAY:
                free += _DAY
            days[free] = name
    return days


def _check_span(start: date, n: int) -> None:
    if not 0 <= n <= LONGEST:
        raise UserError(
            tr("期限 {n} 天不合情理。").format(n=n),
            do=tr("请填 0 到 {most} 之间的天数。").format(most=LONGEST),
        )
    if not EARLIEST <= start <= LATEST:
        raise UserError(tr("起算日期 {day} 不合情理。").format(day=start), do=tr("请核对年份。"))


def calendar_years(path: Path) -> dict[str, Any]:
    """The announced years of a calendar file as JSON values, keyed by year; raises UserError naming file, entry and mend."""
    return {str(year.year): msgspec.to_builtins(year) for year in _read(path).year}


def _read(path: Path) -> _File:
    file = read_reference(path, _File)
    _check(path, file)
    return file


def _check(path: Path, file: _File) -> None:
    """Refuse what would count wrongly: reversed, foreign, double or contradictory days."""
    if not file.year:
        raise file_error(path, "year", tr("一个年份也没有。"), tr("请至少写入一个已公布放假安排的年份。"))
    years = sorted(year.year for year in file.year)
    for one, other in pairwise(years):
        if one == other:
            raise file_error(path, tr("{year} 年").format(year=one), tr("写了两次。"), tr("请只留一份。"))
    for year in file.year:
        _check_year(path, year)
    _check_statutory(path, file.statutory)


def _check_year(path: Path, year: _Year) -> None:
    entry = tr("{year} 年").format(year=year.year)
    off: set[date] = set()
    for holiday in year.off:
        if holiday.last < holiday.first:
            what = tr("{name}的最后一天 {last} 早于第一天 {first}。")
            raise file_error(path, entry, what.format(name=holiday.name, last=holiday.last, first=holiday.first))
        for day in holiday.days():
            _check_belongs(path, entry, year.year, day)
            if day in off:
                raise file_error(path, entry, tr("{day} 放假写了两次。").format(day=day), tr("请删去多余的一处。"))
            off.add(day)
    for day in year.worked:
        _check_belongs(path, entry, year.year, day)
        if day in off:
            what = tr("{day} 既写放假又写上班。").format(day=day)
            raise file_error(path, entry, what, tr("请对照放假通知，只留一种。"))
        if day.weekday() < _SATURDAY:
            what = tr("{day} 是平日，不用写成调休上班。").format(day=day)
            raise file_error(path, entry, what, tr("请对照放假通知核对日期。"))


def _check_belongs(path: Path, entry: str, year: int, day: date) -> None:
    if day.year != year and (day.year, day.month) != (year - 1, 12):
        what = tr("{day} 不在这一年。").format(day=day)
        raise file_error(path, entry, what, tr("请改正日期，或把它移到所属的年份。"))


def _check_statutory(path: Path, statutory: _Statutory) -> None:
    for holiday in statutory.fixed:
        for text in holiday.days:
            try:
                date.fromisoformat(f"2001-{text}")
            except ValueError as error:
                what = tr("{name}的日期“{text}”不对。").format(name=holiday.name, text=text)
                raise file_error(path, "statutory.fixed", what, tr("请按“月-日”写，如 05-01。")) from error
    for moving in statutory.moving:
        for day in (moving.spring, moving.qingming, moving.dragon_boat, moving.mid_autumn):
            if day.year != moving.year:
                what = tr("{day} 不在 {year} 年。").format(day=day, year=moving.year)
                raise file_error(path, "statutory.moving", what)
