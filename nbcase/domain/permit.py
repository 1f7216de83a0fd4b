"""浙江省居住证: issue, yearly endorsement 签注, and what state a permit is in on a given day.

The anchor is the provincial one (条例 art. 19): each full year counts from the day of issue, and the endorsement
belongs into the month before that day. Late means use is suspended until the endorsement is made; residence years
then count from the day of the late endorsement (居住证暂行条例 art. 10).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from nbcase.domain.clock import add_months


class PermitState(StrEnum):
    NORMAL = "normal"
    TO_ENDORSE = "to_endorse"
    SUSPENDED = "suspended"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """One permit. The format of `number` is not published: it stays None until the issuing system gives one.

    `grounds` are the conditions it was issued on: ``employment``, ``dwelling``, ``study``.
    """

    id: str
    version: int = 0
    resident_id: str
    case_id: str
    number: str | None = None
    issued_on: date
    grounds: tuple[str, ...] = ()
    replaced_on: date | None = None
    replace_reason_code: str | None = None
    cancelled_on: date | None = None
    cancel_reason_code: str | None = None
    is_provisional: bool = False
    station_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Endorsement:
    """One 签注; `valid_until_on` is the last day on which the permit may be used by it, `voided_on` when it lost its effect."""

    id: str
    version: int = 0
    permit_id: str
    case_id: str
    ordinal: int
    endorsed_on: date
    valid_until_on: date
    is_late: bool = False
    grounds: tuple[str, ...] = ()
    channel_code: str = "counter"
    is_provisional: bool = False
    voided_on: date | None = None
    station_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EndorsementWindow:
    """When the next endorsement may be made: first and last day, and up to when it would make the permit usable."""

    opens_on: date
    closes_on: date
    would_be_valid_until_on: date


def anniversary(permit: Permit, years: int) -> date:
    """The day on which `years` full years since the issue are complete."""
    return add_months(permit.issued_on, 12 * years)


def usable_until(permit: Permit, endorsements: Sequence[Endorsement]) -> date:
    """Last day of use: the first year after the issue, or what the latest endorsement gave."""
    first_year = anniversary(permit, 1) - timedelta(days=1)
    return max([first_year, *(entry.valid_until_on for entry in endorsements if entry.voided_on is None)])


def endorsement_window(permit: Permit, endorsements: Sequence[Endorsement]) -> EndorsementWindow:
    """The month before the day on which the present year of use is full."""
    until = usable_until(permit, endorsements)
    full_year = until + timedelta(days=1)
    return EndorsementWindow(
        opens_on=add_months(full_year, -1),
        closes_on=until,
        would_be_valid_until_on=valid_after_endorsing(permit, endorsements, until),
    )


def valid_after_endorsing(permit: Permit, endorsements: Sequence[Endorsement], on: date) -> date:
    """Last day of use if the permit is endorsed `on` that day: up to the next full year that is not yet covered.

    An endorsement made so late that the following window is already open covers that year too, so that nobody
    has to come twice in one month.
    """
    covered = max(usable_until(permit, endorsements), on)
    years = 1
    while anniversary(permit, years) <= covered + timedelta(days=1):
        years += 1
    if on > usable_until(permit, endorsements) and on >= add_months(anniversary(permit, years), -1):
        years += 1
    return anniversary(permit, years) - timedelta(days=1)


def permit_state(permit: Permit, endorsements: Sequence[Endorsement], on: date) -> PermitState:
    """What the permit is worth on a day: 正常, 待签注, 暂停使用 or 已注销."""
    if permit.cancelled_on is not None and permit.cancelled_on <= on:
        return PermitState.CANCELLED
    if on > usable_until(permit, endorsements):
        return PermitState.SUSPENDED
    if on >= endorsement_window(permit, endorsements).opens_on:
        return PermitState.TO_ENDORSE
    return PermitState.NORMAL


def residence_years_from(permit: Permit, endorsements: Sequence[Endorsement]) -> date:
    """Day that continuous residence years count from: the last late endorsement, else the issue."""
    late = [entry.endorsed_on for entry in endorsements if entry.is_late]
    return max(late, default=permit.issued_on)
