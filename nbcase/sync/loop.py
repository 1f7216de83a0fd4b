"""The loop that keeps a desk and its centre alike, and the thread that runs it."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Condition, Thread

import structlog

from nbcase.domain.errors import Offline, UserError
from nbcase.domain.words import tr
from nbcase.store.desk_database import reading
from nbcase.sync.client import Busy
from nbcase.sync.stages import STAGES, Contact
from nbcase.sync.status import Problem, SyncStatus, desk_status, problem_of

QUIET_S = 15.0
"""Between two contacts when all is well; a new act wakes the loop at once."""

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 60.0

Listener = Callable[[SyncStatus], None]

_log = structlog.get_logger()


class SyncLoop:
    """One desk's contacts, one after the other. `before_stage` is called with each stage's name: where tests put faults."""

    def __init__(
        self,
        contact: Contact,
        *,
        uniform: Callable[[float, float], float] = random.uniform,
        before_stage: Callable[[str], None] = lambda name: None,
    ) -> None:
        self._contact = contact
        self._uniform = uniform
        self._before_stage = before_stage
        self._failures = 0
        self._next_try_at: datetime | None = None

    def run_once(self) -> SyncStatus:
        """One contact through all stages.

        When the centre is not reached the rest is left; when it refuses in one stage, the others go on all the same.
        """
        is_online, problem = True, None
        asked_wait = None
        for name, stage in STAGES:
            self._before_stage(name)
            try:
                stage(self._contact)
            except Offline as error:
                is_online, problem = isinstance(error, Busy), problem_of(error)
                asked_wait = error.retry_after_s if isinstance(error, Busy) else None
                break
            except UserError as error:
                _log.warning("sync_refused", stage=name, what=error.what)
                problem = problem or problem_of(error)
        self._plan(has_failed=problem is not None, asked_wait=asked_wait)
        return self.status(is_online=is_online, problem=problem)

    def status(self, *, is_online: bool, problem: Problem | None) -> SyncStatus:
        """The desk's figures now, with what is known of the line."""
        with reading(self._contact.engine) as connection:
            return desk_status(connection, is_online=is_online, problem=problem, next_try_at=self._next_try_at)

    def fail(self, problem: Problem) -> SyncStatus:
        """A contact that broke off by a fault of the program."""
        self._plan(has_failed=True, asked_wait=None)
        return self.status(is_online=False, problem=problem)

    def wait_s(self) -> float:
        """Seconds until the next try."""
        if self._next_try_at is None:
            return 0.0
        return max((self._next_try_at - self._contact.clock.now()).total_seconds(), 0.0)

    def _plan(self, *, has_failed: bool, asked_wait: float | None) -> None:
        self._failures = self._failures + 1 if has_failed else 0
        wait = asked_wait or 0.0
        wait += retry_wait(self._failures, self._uniform) if has_failed else QUIET_S
        self._next_try_at = self._contact.clock.now() + timedelta(seconds=wait)


def retry_wait(failures: int, uniform: Callable[[float, float], float]) -> float:
    """Seconds after this many failures in a row: exponential, capped, spread over the whole span so that desks do not return as one."""
    return uniform(0.0, min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** min(failures, 16)))


class SyncThread:
    """Runs the loop beside the window. Listeners are called in this thread, with every new status."""

    def __init__(self, loop: SyncLoop) -> None:
        self._loop = loop
        self._changed = Condition()
        self._is_woken = False
        self._is_stopping = False
        self._listeners: list[Listener] = []
        self._latest = loop.status(is_online=False, problem=None)
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
        self._latest = self._contact()
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
        while not self._is_stopping:
            self._latest = self._contact()
            for listener in tuple(self._listeners):
                listener(self._latest)
            with self._changed:
                self._changed.wait_for(lambda: self._is_woken or self._is_stopping, timeout=self._loop.wait_s())
                self._is_woken = False

    def _contact(self) -> SyncStatus:
        try:
            return self._loop.run_once()
        except Exception:
            # A bug must not end all contact for the day: it is logged, shown, and tried again later.
            _log.exception("sync_failed")
            return self._loop.fail(
                Problem(what=tr("同步程序出错。"), safe=tr("办件保存在本机。"), do=tr("程序会自动重试；请导出诊断信息给管理员。"))
            )
