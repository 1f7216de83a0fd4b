"""How much work the centre takes on at once, and what the rest is told: come back then, and you will be served.

Each kind of request has a gate of its own, so that what a clerk waits for never stands behind two thousand desks that
bring their backlog. A gate belongs to one process and its event loop: it needs no lock. All gates together let fewer
requests in than there are database connections (`nbcase.store.centre_database`), so that none waits for one.
"""

import asyncio
import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType

from nbcase.domain.words import tr
from nbcase.server.refusals import Refused

LONGEST_WAIT_S = 30.0
"""Nobody is sent away for longer, however many wait."""

EAGERNESS = 0.8
"""Appointments are made a little closer than the work takes: a second refusal is cheap, an idle centre is not."""

FIRST_GUESS_S = 0.05
"""How long one request takes, before any was measured."""

REMEMBERED = 0.1
"""Weight of the newest measurement in the mean."""


class Gate:
    """Lets `slots` requests work at a time and `waiting` more stand in line; the oldest work goes first.

    Beyond that a request is refused with an appointment: the moment at which those before it should be done, each
    refused one getting its own. `monotonic` and `uniform` are inputs for tests.
    """

    def __init__(
        self,
        *,
        slots: int,
        waiting: int,
        monotonic: Callable[[], float] = time.monotonic,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._free = slots
        self._slots = slots
        self._most_waiting = waiting
        self._monotonic = monotonic
        self._uniform = uniform
        self._line: list[Place] = []
        self._mean_s = FIRST_GUESS_S
        self._next_appointment = 0.0

    def place(self, since: float = math.inf) -> "Place":
        """A place in the line for work that waits since then (seconds of the epoch); `async with` it, then await `turn`.

        Raises `Refused` at once when the line is full of older work: before a body was read.
        """
        entered = Place(self, since)
        if len(self._line) >= self._most_waiting + self._free:
            last = max(self._line, key=lambda place: place.since, default=None)
            if last is None or last.since <= since:
                raise self._refusal()
            self._line.remove(last)
            last.push_out(self._refusal())
        self._line.append(entered)
        return entered

    def serve_next(self) -> None:
        """Give free slots to the oldest that are ready."""
        while self._free and (ready := [place for place in self._line if place.is_ready]):
            chosen = min(ready, key=lambda place: place.since)
            self._line.remove(chosen)
            self._free -= 1
            chosen.admit(self._monotonic())

    def leave(self, place: "Place") -> None:
        """The request is done, or has given up."""
        if place in self._line:
            self._line.remove(place)
        elif place.begun_at is not None:
            self._free += 1
            self._mean_s += REMEMBERED * (self._monotonic() - place.begun_at - self._mean_s)
        self.serve_next()

    def _refusal(self) -> Refused:
        now = self._monotonic()
        step = EAGERNESS * self._mean_s / self._slots
        behind_the_line = now + len(self._line) * step
        self._next_appointment = max(self._next_appointment, behind_the_line) + step
        wait = self._next_appointment - now
        if wait > LONGEST_WAIT_S:
            wait = self._uniform(LONGEST_WAIT_S / 2, LONGEST_WAIT_S)
        return Refused(
            503,
            tr("中心正忙，已为这台电脑排队。"),
            safe=tr("办件保存在本机。"),
            do=tr("程序会按中心约定的时间自动续传。"),
            code="busy",
            retry_after_s=math.ceil(wait),
        )


@dataclass(eq=False)
class Place:
    """One request at a gate: `async with gate.place() as place: … await place.turn()`; its slot is free again afterwards."""

    gate: Gate
    since: float
    is_ready: bool = False
    begun_at: float | None = None
    _turn: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    async def __aenter__(self) -> "Place":
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.gate.leave(self)
        if self._turn.done() and not self._turn.cancelled():
            self._turn.exception()  # pushed out while its body was coming: nobody may be left to hear of it

    async def turn(self) -> None:
        """Wait for a slot. Raises `Refused` when older work took the place."""
        self.is_ready = True
        self.gate.serve_next()
        await self._turn

    def admit(self, now: float) -> None:
        """Begin."""
        self.begun_at = now
        if not self._turn.done():
            self._turn.set_result(None)

    def push_out(self, refusal: Refused) -> None:
        """Older work has come."""
        if not self._turn.done():
            self._turn.set_exception(refusal)
