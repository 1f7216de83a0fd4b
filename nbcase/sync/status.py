"""How a desk stands towards its centre, in figures that screens and the command line show as they are."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from nbcase.domain.errors import UserError
from nbcase.domain.words import tr
from nbcase.store.desk_work import state
from nbcase.store.outbox import Tally, tally
from nbcase.store.station_load import Load, present_load

CLOCK_TOLERANCE_S = 300.0
"""A desk whose clock is further off than this is told so all the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why the last contact did not do all it should: what happened, what is safe, what to do."""

    what: str
    safe: str = ""
    do: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncStatus:
    """The truth about the connection.

    `sent` counts actions with an answer, `confirmed` those the centre has signed for. `is_equal` says that count and
    digest of both sides were the same at `reconciled_at`, and that nothing was sent since. `contact_at` is the last
    time that the centre answered: so old are the rules and lists that this desk works by. `drill_left_s` is above 0 while the
    line is cut on purpose. `is_queued` says that the centre is busy and has given this desk an appointment (`next_try_at`):
    nothing is wrong, and nobody has to do anything. `loading` tells how far the records of a whole station have come in.
    """

    is_online: bool
    waiting: int
    waiting_since: datetime | None
    sent: int
    confirmed: int
    conflicts: int
    quarantined: int
    own_digest: str
    centre_digest: str
    is_equal: bool
    reconciled_at: datetime | None
    contact_at: datetime | None
    clock_offset_s: float
    next_try_at: datetime | None = None
    problem: Problem | None = None
    drill_left_s: float = 0.0
    is_queued: bool = False
    loading: Load | None = None

    @property
    def is_unequal(self) -> bool:
        """Whether the last count did not agree, which a person has to look at."""
        return bool(self.centre_digest) and self.own_digest != self.centre_digest

    @property
    def total(self) -> int:
        """All actions this desk ever made."""
        return self.sent + self.waiting

    @property
    def clock_notice(self) -> Problem | None:
        """Stands beside everything else while the desk's clock is off: dates on papers come from it."""
        if abs(self.clock_offset_s) <= CLOCK_TOLERANCE_S:
            return None
        words = tr("本机时钟比中心慢 {n} 分钟。") if self.clock_offset_s > 0 else tr("本机时钟比中心快 {n} 分钟。")
        return Problem(
            what=words.format(n=round(abs(self.clock_offset_s) / 60)),
            safe=tr("上传的办件同时记有按中心校正的时间。"),
            do=tr("请把电脑的日期和时间调准。"),
        )


def desk_status(
    connection: sa.Connection, *, is_online: bool = False, problem: Problem | None = None, next_try_at: datetime | None = None
) -> SyncStatus:
    """The status from the desk's database alone: right for a start without the network."""
    counts: Tally = tally(connection)
    signed = state(connection, "reconciliation", {})
    contact_at = state(connection, "contact_at")
    reconciled_at = signed.get("at")
    is_equal = bool(signed) and signed["is_equal"] and signed["count"] == counts.answered
    return SyncStatus(
        is_online=is_online,
        waiting=counts.waiting,
        waiting_since=counts.waiting_since,
        sent=counts.answered,
        confirmed=signed["count"] if signed.get("is_equal") else 0,
        conflicts=counts.conflicts,
        quarantined=counts.quarantined,
        own_digest=signed.get("own_digest", ""),
        centre_digest=signed.get("centre_digest", ""),
        is_equal=is_equal,
        reconciled_at=datetime.fromisoformat(reconciled_at) if reconciled_at else None,
        contact_at=datetime.fromisoformat(contact_at) if contact_at else None,
        clock_offset_s=state(connection, "clock_offset_s", 0.0),
        next_try_at=next_try_at,
        problem=problem,
        loading=present_load(connection),
    )


def problem_of(error: UserError) -> Problem:
    """An error's three sentences."""
    return Problem(what=error.what, safe=error.safe, do=error.do)
