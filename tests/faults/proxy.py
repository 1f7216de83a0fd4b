"""A TCP proxy between a desk's process and the centre's that cuts, delays, repeats, truncates and answers late."""

import random
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from tests.faults.line import MOST_OVERTAKEN
from tests.faults.script import LineFault

PATIENCE_S = 20.0
"""A centre that says nothing for so long has died without closing."""


@dataclass(slots=True)
class RealNet:
    """The way to the centre's port, with the requests that are still on it although their senders gave up."""

    port: int
    held: list[tuple[int, bytes]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def deliver(self, *, everything: bool = False) -> None:
        """One more request passed: those whose time has come arrive before it."""
        with self.lock:
            due = [request for left, request in self.held if everything or left <= 1]
            self.held = [] if everything else [(left - 1, request) for left, request in self.held if left > 1]
        for request in due:
            self.ask(request)

    def ask(self, request: bytes) -> bytes:
        """The centre's whole answer; what came of it when the centre died, nothing when nobody listens."""
        answer = b""
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S) as centre:
            centre.sendall(request)
            while piece := centre.recv(1 << 16):
                answer += piece
        return answer


class Proxy:
    """One desk's line; `expect` as `tests.faults.line.SimulatedLine`."""

    def __init__(self, net: RealNet) -> None:
        self._net = net
        self._requests = 0
        self._faults: dict[int, LineFault] = {}
        self._stray = b""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, name="proxy", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where the desk finds it."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def expect(self, faults: tuple[LineFault, ...]) -> None:
        """Count requests from here on."""
        self._requests, self._stray = 0, b""
        self._faults = {fault.request: fault for fault in faults}

    def close(self) -> None:
        """Stop listening."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                caller, _ = self._listener.accept()
            except OSError:
                return
            with caller, suppress(OSError):
                caller.settimeout(PATIENCE_S)
                request = _read_request(caller)
                if request:
                    answer = self._answer(request)
                    caller.sendall(answer)

    def _answer(self, request: bytes) -> bytes:
        """What the desk hears; nothing is a closed connection."""
        self._net.deliver()
        self._requests += 1
        fault = self._faults.get(self._requests)
        if fault is not None:
            return self._suffer(fault, lambda: self._net.ask(request), request)
        stray, self._stray = self._stray, b""
        return (stray and self._and(stray, request)) or self._net.ask(request)

    def _and(self, stray: bytes, request: bytes) -> bytes:
        self._net.ask(request)
        return stray

    def _suffer(self, fault: LineFault, ask: Callable[[], bytes], request: bytes) -> bytes:
        chance = random.Random(fault.chance)
        if fault.kind == "cut":
            return b""
        if fault.kind == "held":
            with self._net.lock:
                self._net.held.append((chance.randint(1, MOST_OVERTAKEN), request))
            return b""
        answer = ask()
        if fault.kind == "repeated":
            again = ask()
            return chance.choice((answer, again))
        if fault.kind == "truncated":
            return answer[: chance.randrange(len(answer) + 1)]
        if fault.kind == "answer swapped":
            self._stray = answer
        return b""


def _read_request(caller: socket.socket) -> bytes:
    """One request with its body, told to close the connection afterwards; empty when the caller went away."""
    content = b""
    while b"\r\n\r\n" not in content:
        piece = caller.recv(1 << 16)
        if not piece:
            return b""
        content += piece
    head, _, body = content.partition(b"\r\n\r\n")
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"connection:")]
    length = next((int(line.partition(b":")[2]) for line in lines if line.lower().startswith(b"content-length:")), 0)
    while len(body) < length:
        piece = caller.recv(1 << 16)
        if not piece:
            return b""
        body += piece
    return b"\r\n".join([*lines, b"Connection: close"]) + b"\r\n\r\n" + body
