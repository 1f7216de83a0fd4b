"""Work beside the event loop, and its results back on it.

A job is a plain callable on Qt's thread pool; its result goes into a deque and one bare signal without arguments wakes the
loop. There is no object per job that could die on the wrong thread, and nothing is passed through a signal.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from PySide6.QtCore import QObject, Qt, QThreadPool, QTimer, Signal

T = TypeVar("T")
Otherwise = Callable[[BaseException], None]


class Tasks(Protocol):
    """What pages and widgets know of the runner."""

    def run(self, work: Callable[[], T], then: Callable[[T], None] | None = None, otherwise: Otherwise | None = None) -> None:
        """Do `work` in a worker, then call `then` with its result or `otherwise` with its error, on the event loop."""
        ...

    def run_in_order(self, work: Callable[[], T], then: Callable[[T], None] | None = None, otherwise: Otherwise | None = None) -> None:
        """The same, one at a time in the order given: for writes."""
        ...


class _Done:
    """A finished job that waits for the event loop."""

    __slots__ = ("call", "value")

    def __init__(self, call: Callable[[Any], None] | None, value: Any) -> None:
        self.call = call
        self.value = value


class TaskRunner(QObject):
    """Reads on a pool of their own, writes on one thread in order; errors without a taker go to the funnel."""

    _woken = Signal()

    def __init__(self, unclaimed: Otherwise, parent: QObject | None = None, *, threads: int = 2) -> None:
        super().__init__(parent)
        self._unclaimed = unclaimed
        self._done: deque[_Done] = deque()
        self._reads = _pool(self, threads)
        self._writes = _pool(self, 1)
        self._lock = threading.Lock()
        self._pending = 0
        self._woken.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    @property
    def pending(self) -> int:
        """Jobs given and not yet delivered."""
        return self._pending

    def run(self, work: Callable[[], T], then: Callable[[T], None] | None = None, otherwise: Otherwise | None = None) -> None:
        """Do `work` in a worker; the order among several is not fixed."""
        self._start(self._reads, work, then, otherwise)

    def run_in_order(self, work: Callable[[], T], then: Callable[[T], None] | None = None, otherwise: Otherwise | None = None) -> None:
        """Do `work` after all that was given here before, on one thread."""
        self._start(self._writes, work, then, otherwise)

    def wait(self, milliseconds: int = 10_000) -> bool:
        """Let the jobs that run come to their end and deliver them; False when they did not within the time."""
        ended = self._writes.waitForDone(milliseconds) and self._reads.waitForDone(milliseconds)
        self._deliver()
        return ended

    def _start(
        self,
        pool: QThreadPool,
        work: Callable[[], Any],
        then: Callable[[Any], None] | None,
        otherwise: Otherwise | None,
    ) -> None:
        with self._lock:
            self._pending += 1

        def job() -> None:
            try:
                done = _Done(then, work())
            except BaseException as error:
                done = _Done(otherwise or self._unclaimed, error)
            self._done.append(done)
            self._woken.emit()

        pool.start(job)

    def _deliver(self) -> None:
        while self._done:
            done = self._done.popleft()
            with self._lock:
                self._pending -= 1
            if done.call is not None:
                self._call(done)

    def _call(self, done: _Done) -> None:
        try:
            done.call(done.value)  # type: ignore[misc]
        except Exception as error:
            self._unclaimed(error)


def _pool(owner: QObject, threads: int) -> QThreadPool:
    pool = QThreadPool(owner)
    pool.setMaxThreadCount(threads)
    pool.setExpiryTimeout(-1)
    return pool


class InlineTasks:
    """Does the work at once, where it is called: for tests and pictures of a page."""

    def run(self, work: Callable[[], T], then: Callable[[T], None] | None = None, otherwise: Otherwise | None = None) -> None:
        """Do `work` now."""
        try:
            result = work()
        except Exception as error:
            if otherwise is None:
                raise
            otherwise(error)
            return
        if then is not None:
            then(result)

    run_in_order = run


class StallWatch(QObject):
    """The longest time in milliseconds that the event loop stood still, measured by a timer that should fire every 5 ms."""

    _BEAT = 5

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._last = time.perf_counter()
        self._longest = 0.0
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(self._BEAT)
        self._timer.timeout.connect(self._beat)

    def start(self) -> None:
        """Begin to measure, from nothing."""
        self._last = time.perf_counter()
        self._longest = 0.0
        self._timer.start()

    def stop(self) -> float:
        """Stop and return the longest stall in milliseconds beyond the beat itself."""
        self._beat()
        self._timer.stop()
        return self._longest

    @property
    def longest_ms(self) -> float:
        """The longest stall so far in milliseconds."""
        return self._longest

    def _beat(self) -> None:
        now = time.perf_counter()
        self._longest = max(self._longest, (now - self._last) * 1000 - self._BEAT)
        self._last = now
