"""The loop that keeps a desk and its centre alike, and the thread that runs it."""

import random
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Condition, Thread

import structlog

from nbcase.domain.errors import Offline, UserError
from nbcase.domain.words import tr
from nbcase.store.desk_database import reading
from nbcase.store.desk_work import state
from nbcase.store.feed import START
from nbcase.sync.client import Busy
from nbcase.sync.network import addresses
from nbcase.sync.stages import STAGES, Contact
from nbcase.sync.status import Problem, SyncStatus, desk_status, problem_of

QUIET_S = 15.0
"""Between two looks when all is well; a new act wakes the loop at once."""

QUIET_SPREAD_S = 1.0

WHOLE_S = 600.0
"""The longest without a whole contact, however often the centre says that there is nothing new."""

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 60.0

LEAST_SPREAD_S = 1.0
"""An appointment is given in whole seconds: desks of the same second come spread over this."""

CLOCK_STEP_S = 30.0
"""A desk whose clock has moved by more measures it anew: acts are dated by what was measured."""

PROGRESS_S = 1.0
"""Between two words about records that come in."""

WATCH_S = 2.0
"""How often a desk without a line looks whether it has another network."""

Listener = Callable[[SyncStatus], None]

_log = structlog.get_logger()


class SyncLoop:
    """One desk's contacts, one after the other.

    `before_stage` is called with each stage's name: where tests put faults. `drill_left_s` tells for how many seconds the
    line is still cut on purpose. Waits are counted by `monotonic`: a clock that jumps neither stops nor hurries the loop.
    """

    def __init__(
        self,
        contact: Contact,
        *,
        uniform: Callable[[float, float], float] = random.uniform,
        before_stage: Callable[[str], None] = lambda name: None,
        drill_left_s: Callable[[], float] = lambda: 0.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._contact = contact
        self._uniform = uniform
        self._before_stage = before_stage
        self._drill_left_s = drill_left_s
        self._monotonic = monotonic
        self._failures = 0
        self._due_at = monotonic()
        self._next_try_at: datetime | None = None
        self._whole_at: float | None = None
        self._heard_at: datetime | None = None
        self._put_off_at: str | None = None

    def run_once(self) -> SyncStatus:
        """One contact through all stages, or on from the stage at which the centre put this desk off.

        When the centre is not reached the rest is left; when it refuses in one stage, the others go on all the same.
        """
        is_online, problem = True, None
        put_off_s: float | None = None
        for name, stage in self._stages():
            self._before_stage(name)
            try:
                stage(self._contact)
            except Busy as error:
                if error.retry_after_s is None:
                    problem = problem_of(error)
                else:
                    put_off_s, self._put_off_at = error.retry_after_s, name
                break
            except Offline as error:
                is_online, problem = False, problem_of(error)
                break
            except UserError as error:
                _log.warning("sync_refused", stage=name, what=error.what)
                problem = problem or problem_of(error)
        is_whole = problem is None and put_off_s is None
        self._whole_at = self._monotonic() if is_whole else None
        self._plan(self._wait_after(has_failed=problem is not None, put_off_s=put_off_s))
        return replace(self.status(is_online=is_online, problem=problem), is_queued=put_off_s is not None)

    def look(self) -> SyncStatus:
        """What a quiet desk does when its time has come: ask whether there is news, and make contact only when there is."""
        if self._is_quiet() and not self._has_news():
            self._heard_at = self._contact.clock.now()
            self._plan(self._wait_after(has_failed=False, put_off_s=None))
            return self.status(is_online=True, problem=None)
        return self.run_once()

    def status(self, *, is_online: bool, problem: Problem | None) -> SyncStatus:
        """The desk's figures now, with what is known of the line."""
        with reading(self._contact.engine) as connection:
            found = desk_status(connection, is_online=is_online, problem=problem, next_try_at=self._next_try_at)
        heard = [at for at in (found.contact_at, self._heard_at) if at is not None]
        return replace(found, contact_at=max(heard, default=None), drill_left_s=self._drill_left_s())

    def follow(self, tell: Listener) -> None:
        """Call `tell` with the figures while the records of a whole station come in, which takes longer than a contact should."""
        told_at = -PROGRESS_S

        def on_page() -> None:
            nonlocal told_at
            now = self._monotonic()
            if now - told_at >= PROGRESS_S:
                told_at = now
                tell(self.status(is_online=True, problem=None))

        self._contact.on_page = on_page

    def fail(self, problem: Problem) -> SyncStatus:
        """A contact that broke off by a fault of the program."""
        self._whole_at = None
        self._plan(self._wait_after(has_failed=True, put_off_s=None))
        return self.status(is_online=False, problem=problem)

    def wait_s(self) -> float:
        """Seconds until the next look."""
        return max(self._due_at - self._monotonic(), 0.0)

    def _stages(self) -> tuple[tuple[str, Callable[[Contact], None]], ...]:
        """All of them, or those from where the desk was put off; that is used up by it."""
        names = [name for name, _ in STAGES]
        begin = names.index(self._put_off_at) if self._put_off_at in names else 0
        self._put_off_at = None
        return STAGES[begin:]

    def _is_quiet(self) -> bool:
        """Whether the last contact was whole and not long ago."""
        return self._whole_at is not None and self._monotonic() - self._whole_at <= WHOLE_S

    def _has_news(self) -> bool:
        """Whether something waits here or at the centre; where the question itself fails, whole contact finds out why and says so."""
        client = self._contact.client
        with reading(self._contact.engine) as connection:
            cursor = state(connection, "cursor", START)
            known = desk_status(connection)
        try:
            if known.waiting or client.has_news(cursor=cursor, sequence=known.sent):
                return True
        except UserError:
            return True
        return abs(client.clock_offset.total_seconds() - known.clock_offset_s) > CLOCK_STEP_S

    def _wait_after(self, *, has_failed: bool, put_off_s: float | None) -> float:
        self._failures = self._failures + 1 if has_failed else 0
        if put_off_s is not None:
            return appointment_wait(put_off_s, self._uniform)
        if has_failed:
            return retry_wait(self._failures, self._uniform)
        return self._uniform(QUIET_S - QUIET_SPREAD_S, QUIET_S + QUIET_SPREAD_S)

    def _plan(self, wait_s: float) -> None:
        self._due_at = self._monotonic() + wait_s
        self._next_try_at = self._contact.clock.now() + timedelta(seconds=wait_s)


def retry_wait(failures: int, uniform: Callable[[float, float], float]) -> float:
    """Seconds after this many failures in a row: exponential, capped, spread over the whole span so that desks do not return as one."""
    return uniform(0.0, min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** min(failures, 16)))


def appointment_wait(asked_s: float, uniform: Callable[[float, float], float]) -> float:
    """Seconds until the appointment that the centre gave: never before it, and spread, because a proxy tells all the same."""
    return asked_s + uniform(0.0, max(LEAST_SPREAD_S, asked_s / 4))


class SyncThread:
    """Runs the loop beside the window. Listeners are called in this thread, with every new status.

    While there is no line, `network` is looked at every `watch_s` seconds: when it changes, contact is tried at once.
    """

    def __init__(self, loop: SyncLoop, *, network: Callable[[], object] = addresses, watch_s: float = WATCH_S) -> None:
        self._loop = loop
        self._network = network
        self._watch_s = watch_s
        self._changed = Condition()
        self._is_woken = False
        self._is_stopping = False
        self._listeners: list[Listener] = []
        self._latest = loop.status(is_online=False, problem=None)
        loop.follow(self._tell)
        self._thread = Thread(target=self._run, name="sync", daemon=True)

    @property
    def latest(self) -> SyncStatus:
        """The last status there was; before the first contact what the database says."""
        return self._latest

    def listen(self, listener: Listener) -> None:
        """Call `listener` with every new status from now on."""
        self._listeners.append(listener)

    def contact_once(self) -> SyncStatus:
        """One contact in the caller's thread: for a command that needs no thread."""
        self._latest = self._contact(self._loop.run_once)
        return self._latest

    def start(self) -> None:
        """Begin with a contact at once."""
        self._thread.start()

    def wake(self) -> None:
        """Make contact now: after an act, when the network came back, when a clerk asks for it."""
        with self._changed:
            self._is_woken = True
            self._changed.notify()

    def stop(self) -> None:
        """End after the contact in hand; at once when it was never started."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        contact = self._loop.run_once
        while not self._is_stopping:
            network = self._network()
            self._tell(self._contact(contact))
            contact = self._loop.run_once if self._is_called_for(network) else self._loop.look

    def _tell(self, status: SyncStatus) -> None:
        self._latest = status
        for listener in tuple(self._listeners):
            listener(status)

    def _is_called_for(self, network: object) -> bool:
        """Wait until the next look is due; True when a whole contact is wanted before: an act, a clerk, another network."""
        with self._changed:
            while (left_s := self._loop.wait_s()) > 0 and not (self._is_woken or self._is_stopping):
                self._changed.wait(left_s if self._latest.is_online else min(left_s, self._watch_s))
                if not self._latest.is_online and self._network() != network:
                    return True
            was_woken, self._is_woken = self._is_woken, False
            return was_woken

    def _contact(self, contact: Callable[[], SyncStatus]) -> SyncStatus:
        try:
            return contact()
        except Exception:
            # A bug must not end all contact for the day: it is logged, shown, and tried again later.
            _log.exception("sync_failed")
            return self._loop.fail(
                Problem(what=tr("同步程序出错。"), safe=tr("办件保存在本机。"), do=tr("程序会自动重试；请导出诊断信息给管理员。"))
            )
