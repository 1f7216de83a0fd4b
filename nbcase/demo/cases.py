"""Case records of invented matters: numbers, limits and hands they went through, as an operation would have left them."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

from nbcase.demo.chance import between, time_ordered_id
from nbcase.demo.material import DemoStation
from nbcase.demo.stations import clerk_id, first_with
from nbcase.domain.case import Case, CaseState
from nbcase.domain.clerk import Role
from nbcase.domain.clock import CHINA, local_date
from nbcase.domain.resident import Resident
from nbcase.domain.workdays import Deadline, WorkingCalendar
from nbcase.items.catalogue import Catalogue
from nbcase.items.item import Period

DECIDED_BY_REVIEWER = {
    "residence_registration": frozenset[str](),
    "residence_permit": frozenset({"apply", "cancel"}),
}
"""Situations that a reviewer decides in a second step; the others are done when they are accepted."""

MOST_A_DAY = 9999
"""Receipt numbers are the day of the year and four digits, so that they rise with time though people come in any order."""

_DAY = timedelta(days=1)
_DONE = frozenset({CaseState.DECIDED, CaseState.REFUSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Handling:
    """Which situation of which item, and whether a reviewer decides it."""

    item_code: str
    situation_code: str
    by_reviewer: bool


@dataclass(frozen=True, slots=True)
class _Due:
    legal_on: date | None
    promised_on: date | None
    is_provisional: bool


class CaseWriter:
    """Writes cases; remembers receipt numbers by station and day."""

    def __init__(self, calendar: WorkingCalendar, catalogue: Catalogue, today: date, id_key: bytes) -> None:
        self._calendar = calendar
        self._catalogue = catalogue
        self._today = today
        self._id_key = id_key
        self._counts: Counter[tuple[str, date]] = Counter()
        self._dues: dict[tuple[str, str, date], _Due] = {}
        self._working: dict[date, date] = {}
        self._hands: dict[tuple[str, Role], str] = {}

    def working(self, day: date) -> date:
        """The day itself where it is worked, otherwise the last working day before."""
        if day not in self._working:
            found = day
            while not self._calendar.is_working(found):
                found -= _DAY
            self._working[day] = found
        return self._working[day]

    def next_working(self, day: date) -> date:
        """The first working day after a day, but not after today."""
        following = day + _DAY
        while not self._calendar.is_working(following):
            following += _DAY
        return min(following, self._today)

    def working_days_ago(self, n: int) -> date:
        """The working day from which on `n` more have passed."""
        day = self.working(self._today)
        for _ in range(n):
            day = self.working(day - _DAY)
        return day

    def at(self, random: Random, day: date) -> datetime:
        """A moment within opening hours."""
        minutes = between(random, 0, 480)
        return datetime.combine(day, time(8, 30), CHINA) + timedelta(minutes=minutes, seconds=between(random, 0, 59))

    def day_of(self, case: Case) -> date:
        """The day in Ningbo on which a case was decided, else accepted."""
        return local_date(case.decided_at or case.accepted_at)

    def case(
        self,
        random: Random,
        resident: Resident,
        station: DemoStation,
        handling: Handling,
        day: date,
        *,
        state: CaseState,
        decided_on: date | None = None,
        **values: Any,
    ) -> Case:
        """A case accepted on `day`, decided on `decided_on` or within minutes; `values` are further fields of the record."""
        accepted_at = self.at(random, day)
        due = self._due(handling, day)
        decided_at = self._decided_at(random, accepted_at, decided_on or day) if state in _DONE else None
        decider = Role.REVIEWER if handling.by_reviewer else Role.CLERK
        return Case(
            id=time_ordered_id(random, accepted_at),
            version=1,
            number=self._number(station, day),
            item_code=handling.item_code,
            situation_code=handling.situation_code,
            resident_id=resident.id,
            applicant_name=resident.name,
            state=state,
            step_code="decide" if handling.by_reviewer else "accept",
            accepted_at=accepted_at,
            accepted_by=self._hand(station, Role.CLERK),
            legal_due_on=due.legal_on,
            promised_due_on=due.promised_on,
            due_is_provisional=due.is_provisional,
            decided_at=decided_at,
            decided_by=self._hand(station, decider) if decided_at else None,
            station_code=station.code,
            **values,
        )

    def _decided_at(self, random: Random, accepted_at: datetime, day: date) -> datetime:
        if day > local_date(accepted_at):
            return self.at(random, day)
        return accepted_at + timedelta(minutes=between(random, 3, 20))

    def _number(self, station: DemoStation, day: date) -> str:
        self._counts[station.prefix, day] += 1
        count = self._counts[station.prefix, day]
        if count > MOST_A_DAY:
            raise ValueError(f"more than {MOST_A_DAY} cases at {station.name} on {day}: too many people for the demo stations")
        return f"{station.prefix}-{day:%y}-{day.timetuple().tm_yday:03d}{count:04d}"

    def _due(self, handling: Handling, day: date) -> _Due:
        key = (handling.item_code, handling.situation_code, day)
        if key not in self._dues:
            limit = self._catalogue.situation(handling.item_code, handling.situation_code).limit
            legal, promised = self._deadline(limit.legal, day), self._deadline(limit.promised, day)
            self._dues[key] = _Due(
                legal.due_on if legal else None,
                promised.due_on if promised else None,
                any(deadline.is_provisional for deadline in (legal, promised) if deadline),
            )
        return self._dues[key]

    def _deadline(self, period: Period | None, day: date) -> Deadline | None:
        if period is None:
            return None
        if period.working_days is not None:
            return self._calendar.add_working_days(day, period.working_days)
        return self._calendar.calendar_days(day, period.calendar_days or 0)

    def _hand(self, station: DemoStation, role: Role) -> str:
        if (station.code, role) not in self._hands:
            self._hands[station.code, role] = clerk_id(self._id_key, first_with(station, role))
        return self._hands[station.code, role]
