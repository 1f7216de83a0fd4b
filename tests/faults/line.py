"""A line that cuts, delays, repeats, truncates and mixes up, into a centre in the same process."""

import contextlib
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from nbcase.domain.errors import Offline
from nbcase.sync.client import Reply
from tests.faults.script import LineFault

Handle = Callable[[str, str, bytes, Mapping[str, str]], Reply]
"""The centre: method, target, body, headers; raises `Offline` when it died on the way."""

MOST_OVERTAKEN = 4
"""A held request arrives after so many others at most."""


@dataclass(slots=True)
class Net:
    """What is on the way to the centre: requests that their senders gave up, and that arrive all the same."""

    handle: Handle
    held: list[tuple[int, Callable[[], object]]] = field(default_factory=list)

    def deliver(self, *, everything: bool = False) -> None:
        """One more request passed; those whose time has come arrive now, before it."""
        due = [work for left, work in self.held if everything or left <= 1]
        self.held = [] if everything else [(left - 1, work) for left, work in self.held if left > 1]
        for work in due:
            with contextlib.suppress(Offline):
                work()


@dataclass(slots=True)
class SimulatedLine:
    """One desk's line (`nbcase.sync.client.Line`). `expect` says what happens to which of its next requests.

    The faults: ``cut`` the centre never hears it; ``answer lost`` it worked, the desk does not know; ``held`` the desk
    gives up, the request arrives later, after others; ``repeated`` it arrives twice and either answer comes back;
    ``truncated`` half an answer; ``answer swapped`` the desk gives up, and the answer comes for its next request.
    """

    net: Net
    requests: int = 0
    _faults: dict[int, LineFault] = field(default_factory=dict)
    _stray: Reply | None = None

    def expect(self, faults: tuple[LineFault, ...]) -> None:
        """Count requests from here on; nothing is expected any more that was before."""
        self.requests, self._stray = 0, None
        self._faults = {fault.request: fault for fault in faults}

    def carry(self, method: str, url: str, body: bytes, headers: Mapping[str, str], answer_s: float) -> Reply:
        """One request, with what is to happen to it."""
        self.net.deliver()
        self.requests += 1
        parts = urlsplit(url)
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        kept_headers = {name.lower(): text for name, text in headers.items()}

        def work() -> Reply:
            return self.net.handle(method, target, body, kept_headers)

        fault = self._faults.get(self.requests)
        if fault is not None:
            return self._suffer(fault, work)
        if self._stray is not None:
            stray, self._stray = self._stray, None
            work()
            return stray
        return work()

    def _suffer(self, fault: LineFault, work: Callable[[], Reply]) -> Reply:
        chance = random.Random(fault.chance)
        if fault.kind == "cut":
            raise Offline("cut before the centre")
        if fault.kind == "held":
            self.net.held.append((chance.randint(1, MOST_OVERTAKEN), work))
            raise Offline("no answer in time")
        reply = work()
        if fault.kind == "repeated":
            again = work()
            return chance.choice((reply, again))
        if fault.kind == "truncated":
            return Reply(status=reply.status, headers=reply.headers, content=reply.content[: chance.randrange(len(reply.content) + 1)])
        if fault.kind == "answer swapped":
            self._stray = reply
        raise Offline("the answer was lost")

    def close(self) -> None:
        """Nothing is open."""
