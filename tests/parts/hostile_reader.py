"""A driver that does to its process what a bad driver can do, by its option `does`; without one it reads as a good one.

`state` names a file that outlives the process: `does` counts only until it is there, so that the next process works.
"""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from nbcase.devices import card_protocol as protocol
from nbcase.devices import wire
from nbcase.devices.contract import CardData, ReaderStatus
from nbcase.domain.errors import DeviceError
from nbcase.domain.identity import SYNTHETIC_AREA, DocumentKind, make_number

NUMBER = make_number(SYNTHETIC_AREA, date(1990, 1, 1), 31)


def card(name: str = "样小卡", number: str = NUMBER) -> CardData:
    """A card as a good driver reads it."""
    known = CardData(
        kind=DocumentKind.CITIZEN,
        name=name,
        number=number,
        sex_code="1",
        nation_code="01",
        birth_on=date(1990, 1, 1),
        address="样例省样例市样例路1号",
        authority="样例市公安局",
        valid_from_on=date(2020, 1, 1),
        valid_until_on=None,
    )
    return protocol.decode_card(protocol.encode_card(known))


class HostileReader:
    """Its process dies of what it does, or is ended for it."""

    def __init__(self, options: Mapping[str, str], beat: Callable[[], None]) -> None:
        self._does, self._beat = options.get("does", ""), beat
        self._state = Path(options["state"]) if "state" in options else None
        self._kept: list[bytearray] = []
        self._is_cancelled = False

    def read(self, deadline_s: float = 3.0, wait_s: float = 3.0) -> Any:
        """The card, after whatever it was told to do."""
        does = getattr(self, f"_{self._does}") if self._does and not (self._state and self._state.exists()) else None
        if does is not None:
            if self._state is not None:
                self._state.touch()
            return does()
        return card()

    def status(self) -> ReaderStatus:
        """Ready, whatever it does to those who read."""
        return ReaderStatus(port="", is_ready=True, text="")

    def pages(self, count: int) -> Iterator[str]:
        """Several values of one call, until somebody cancels."""
        for number in range(count):
            self._beat()
            yield f"page {number}"
            while self._does in ("slow", "cancel_badly") and not self._is_cancelled:
                self._beat()
                time.sleep(0.01)
            if self._is_cancelled:
                raise DeviceError("已取消。", safe="前面的页留着。")

    def cancel(self) -> None:
        """Heard beside the call."""
        if self._does == "cancel_badly":
            raise ValueError(NUMBER)
        self._is_cancelled = True

    def _hang(self) -> None:
        while True:
            time.sleep(60)

    def _beat_for_ever(self) -> None:
        while True:
            self._beat()
            time.sleep(0.01)

    def _stop(self) -> None:
        os.kill(os.getpid(), signal.SIGSTOP)

    def _crash(self) -> None:
        os.kill(os.getpid(), signal.SIGSEGV)

    def _raise(self) -> None:
        raise ValueError(NUMBER)

    def _leave(self) -> None:
        os._exit(0)

    def _large_answer(self) -> bytes:
        return bytes(50 << 20)

    def _print_for_ever(self) -> None:
        while True:
            print(NUMBER * 1000)
            print(NUMBER * 1000, file=sys.stderr)

    def _write_over_the_wire(self) -> None:
        for number in range(3, 64):
            try:
                os.write(number, b"\xff" * 4096)
            except OSError:
                continue
        self._hang()

    def _many_parts(self) -> Iterator[str]:
        while True:
            yield "flood"

    def _lie_about_type(self) -> dict[str, int]:
        return {"name": 7}

    def _lie_about_nothing(self) -> None:
        return None

    def _lie_about_fields(self) -> CardData:
        from dataclasses import replace

        return replace(card(), name="别的人")

    def _lie_about_size(self) -> CardData:
        from dataclasses import replace

        return replace(card(), name="长" * 5000, raw_text=b"")

    def _answer_another_call(self) -> None:
        stream = os.fdopen(_wire_number(), "wb", closefd=False)
        stream.write(wire.pack(wire.Answer(10_000, wire.raw(card()))))
        stream.flush()
        self._hang()

    def _eat_memory(self) -> None:
        while True:
            self._kept.append(bytearray(os.urandom(1 << 20) * 16))
            self._beat()


def _wire_number() -> int:
    """The handle on which the process speaks: the first pipe that is not one of the three usual ones."""
    import stat

    return next(number for number in range(3, 64) if _is_pipe(number, stat))


def _is_pipe(number: int, stat: Any) -> bool:
    try:
        return bool(stat.S_ISFIFO(os.fstat(number).st_mode))
    except OSError:
        return False


def open_driver(options: Mapping[str, str], beat: Callable[[], None]) -> HostileReader:
    """The driver; `does=fail_to_open` and `does=refuse_to_open` do so."""
    if options.get("does") == "fail_to_open":
        raise RuntimeError(NUMBER)
    if options.get("does") == "refuse_to_open":
        raise DeviceError("没有装这种读卡器的驱动程序。", safe="没有改动。", do="请联系管理员。")
    return HostileReader(options, beat)
