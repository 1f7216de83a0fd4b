"""Case records of invented matters: numbers, limits and hands they went through, as an operation would have left them."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any

from nbcase.demo.chance import between, time_ordered_id
from nbcase.demo.material import DemoStation
from nbcase.demo.stations import clerk_id, first_with
from nbcase.domain.case import Case, CaseState
from nbcase.domain.clerk import Role
from nbcase.domain.clock import local_date
from nbcase.domain.resident import Resident
from nbcase.domain.workdays import Deadline, WorkingCalendar
from nbcase.items.catalogue import Catalogue
from nbcase.items.item import Period

MOST_A_DAY = 9999
"""Receipt numbers are the day of the year and four digits, so that they rise with time though people come in any order."""

_OPENING = time(0, 30)
"""Half past eight in Ningbo, in UTC; the whole working day lies on the same date in both."""

_DAY = timedelta(days=1)
_DONE = frozenset({CaseState.DECIDED, CaseState.REFUSED})


@dataclass(frozen=True, slots=True)
class _Flow:
    """What an item's situation means for a case accepted on a day; `is_direct`: done when accepted, by the same clerk."""

    legal_on: date | None
    promised_on: date | None
    is_provisional: bool
    step_code: str
    is_direct: bool
    keys: frozenset[str]


class CaseWriter:
    """Writes cases; remembers receipt numbers by station and day."""

    def __init__(self, calendar: WorkingCalendar, catalogue: Catalogue, today: date, id_key: bytes) -> None:
        self._calendar = calendar
        self._catalogue = catalogue
        self._today = today
        self._id_key = id_key
        self._counts: Counter[tuple[str, date]] = Counter()
        self._stems: dict[tuple[str, date], str] = {}
        self._flows: dict[tuple[str, str, date], _Flow] = {}
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
        """A moment within opening hours; today in the first minutes, so that nothing lies in the future at any demo."""
        minutes = between(random, 0, 20 if day == self._today else 480)
        return datetime.combine(day, _OPENING, UTC) + timedelta(minutes=minutes, seconds=between(random, 0, 59))

    def day_of(self, case: Case) -> date:
        """The day in Ningbo on which a case was decided, else accepted."""
        return local_date(case.decided_at or case.accepted_at)

    def case(
        self,
        random: Random,
        resident: Resident,
        station: DemoStation,
        item_code: str,
        situation_code: str,
        day: date,
        *,
        state: CaseState,
        decided_on: date | None = None,
        form: Mapping[str, Any] | None = None,
        **values: Any,
    ) -> Case:
        """A case accepted on `day`, decided on `decided_on` or within minutes; `values` are further fields of the record.

        Of `form` the answers are kept that the situation asks for.
        """
        accepted_at = self.at(random, day)
        flow = self._flow(item_code, situation_code, day)
        decided_at = self._decided_at(random, accepted_at, decided_on or day) if state in _DONE else None
        decider = Role.CLERK if flow.is_direct else Role.REVIEWER
        return Case(
            id=time_ordered_id(random, accepted_at),
            version=1,
            number=self._number(station, day),
            item_code=item_code,
            situation_code=situation_code,
            resident_id=resident.id,
            applicant_name=resident.name,
            state=state,
            step_code=flow.step_code,
            accepted_at=accepted_at,
            accepted_by=self._hand(station, Role.CLERK),
            legal_due_on=flow.legal_on,
            promised_due_on=flow.promised_on,
            due_is_provisional=flow.is_provisional,
            form={key: answer for key, answer in form.items() if key in flow.keys} if form else {},
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
        key = (station.prefix, day)
        self._counts[key] += 1
        count = self._counts[key]
        if count > MOST_A_DAY:
            raise ValueError(f"more than {MOST_A_DAY} cases at {station.name} on {day}: too many people for the demo stations")
        if key not in self._stems:
            self._stems[key] = f"{station.prefix}-{day:%y}-{day:%j}"
        return f"{self._stems[key]}{count:04d}"

    def _flow(self, item_code: str, situation_code: str, day: date) -> _Flow:
        key = (item_code, situation_code, day)
        if key not in self._flows:
            situation = self._catalogue.situation(item_code, situation_code)
            legal, promised = self._deadline(situation.limit.legal, day), self._deadline(situation.limit.promised, day)
            self._flows[key] = _Flow(
                legal_on=legal.due_on if legal else None,
                promised_on=promised.due_on if promised else None,
                is_provisional=any(deadline.is_provisional for deadline in (legal, promised) if deadline),
                step_code=situation.steps[-1].code,
                is_direct=len(situation.steps) == 1,
                keys=frozenset(field.key for field in situation.fields()),
            )
        return self._flows[key]

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
