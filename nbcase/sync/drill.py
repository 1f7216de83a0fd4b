"""断网演练: the line is cut on purpose, for some minutes, so that a counter learns that it can go on without the centre."""

import time
from collections.abc import Callable, Mapping

import structlog

from nbcase.domain.errors import Offline
from nbcase.domain.words import tr
from nbcase.sync.client import Line, Reply

_log = structlog.get_logger()


class DrillLine:
    """A line that can be cut: nothing goes out then, not even a clerk's question, as when the cable is out.

    The end comes by itself, by a clock that nobody can set (`now`, in seconds); a program that is started anew has no drill.
    """

    def __init__(self, line: Line, now: Callable[[], float] = time.monotonic) -> None:
        self._line = line
        self._now = now
        self._ends = 0.0

    @property
    def left_s(self) -> float:
        """Seconds until the drill ends; 0 without one."""
        return max(self._ends - self._now(), 0.0)

    def begin(self, seconds: float) -> None:
        """Cut the line for so long."""
        self._ends = self._now() + seconds
        _log.info("drill_began", seconds=seconds)

    def end(self) -> None:
        """Give the line back now."""
        self._ends = 0.0
        _log.info("drill_ended")

    def carry(self, method: str, url: str, body: bytes, headers: Mapping[str, str], answer_s: float) -> Reply:
        """One request over the line; raises `Offline` while it is cut."""
        if self.left_s:
            raise Offline(tr("断网演练中，连接是有意断开的。"), safe=tr("办件写在本机。"), do=tr("演练结束后自动上传。"))
        return self._line.carry(method, url, body, headers, answer_s)

    def close(self) -> None:
        """Drop the real line's connections."""
        self._line.close()
