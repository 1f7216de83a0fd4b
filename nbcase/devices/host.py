"""The process of one driver: `python -m nbcase.devices.host`, started and ended by `nbcase.devices.worker`.

A driver is a module with `open_driver(options, beat)`: it gets its settings as texts and gives back an object of the
contract. `beat` is to be called at least every half second while the driver waits for its device; a driver that stops
beating is taken for hung. A method may be a generator: each value travels at once.
"""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from queue import SimpleQueue
from typing import Any, BinaryIO, Final

from nbcase.devices import wire
from nbcase.domain.errors import UserError

BEAT_S: Final = 0.2
"""Beats are sent no faster than this, however often a driver calls."""

_MOST_ASKED: Final = 48 << 20
"""Bytes of a message to a driver; a paper to print is the largest."""


class _Voice:
    """The way back to the desk; several threads may speak."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._next_beat = 0.0

    def say(self, message: wire.FromDriver) -> None:
        with self._lock:
            self._stream.write(wire.pack(message))
            self._stream.flush()

    def beat(self) -> None:
        now = time.monotonic()
        if now >= self._next_beat:
            self._next_beat = now + BEAT_S
            self.say(wire.Beat())


class _Ears:
    """Takes messages beside the driver's work: a nudge must be heard during a call, and the desk's end ends all."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.asks: SimpleQueue[wire.Ask] = SimpleQueue()
        self.driver: Any = None

    def next(self) -> wire.ToDriver:
        content = wire.read_frame(self._stream, _MOST_ASKED)
        if content is None:
            # A driver that hangs would outlive its desk: no clean-up, the process goes.
            os._exit(0)
        return wire.to_driver.decode(content)

    def listen(self) -> None:
        while True:
            message = self.next()
            if isinstance(message, wire.Ask):
                self.asks.put(message)
            elif isinstance(message, wire.Nudge) and hasattr(self.driver, message.method):
                try:
                    getattr(self.driver, message.method)()
                except Exception:
                    # Without ears the process would outlive its desk; the desk takes it for a crash, which it is.
                    os._exit(1)


def _serve(ears: _Ears, voice: _Voice) -> None:
    """Answer calls one after another until the desk goes."""
    while True:
        ask = ears.asks.get()
        try:
            _answer(ask, ears.driver, voice)
        except UserError as error:
            voice.say(wire.Refusal(ask.id, error.what, error.safe, error.do))
        except Exception as error:
            voice.say(wire.Crash(ask.id, type(error).__name__))
            return


def _answer(ask: wire.Ask, driver: Any, voice: _Voice) -> None:
    method: Callable[..., Any] = getattr(driver, ask.method)
    value = method(**ask.arguments)
    if isinstance(value, Iterator):
        for part in value:
            voice.say(wire.Part(ask.id, wire.raw(part)))
        value = None
    voice.say(wire.Answer(ask.id, wire.raw(value)))


def main() -> None:
    """Open the driver that the first message names, then serve it."""
    # What a driver prints goes nowhere: the pipe carries messages only, and prints may hold what was read.
    stream = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    voice, ears = _Voice(stream), _Ears(sys.stdin.buffer)
    first = ears.next()
    if not isinstance(first, wire.Open):
        sys.exit(2)
    try:
        ears.driver = import_module(first.driver).open_driver(first.options, voice.beat)
    except UserError as error:
        voice.say(wire.Refusal(0, error.what, error.safe, error.do))
        return
    except Exception as error:
        voice.say(wire.Crash(0, type(error).__name__))
        return
    threading.Thread(target=ears.listen, name="ears", daemon=True).start()
    _serve(ears, voice)


if __name__ == "__main__":
    main()
