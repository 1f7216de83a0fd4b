"""The far end of a serial line: a card reader played on a pseudo-terminal (POSIX only), for demo and tests.

It behaves as the real ones do: a card must be found and selected before every reading, and after a good reading
it must be lifted before it is found again.
"""

import os
import threading
import time
from contextlib import suppress
from enum import StrEnum
from selectors import EVENT_READ, DefaultSelector
from types import TracebackType
from typing import Final, Self

from nbcase.devices import card_protocol as protocol
from nbcase.devices.contract import CardData

_PHOTO: Final = bytes(protocol.PHOTO_SIZE)
_CARD_ID: Final = bytes(8)
_SAM_ID: Final = bytes(range(16))
_PACED: Final = 16
"""Bytes of one write on a line with a pace."""


class Fault(StrEnum):
    """What can be wrong with a reader, its line or a card."""

    NOISE = "noise"
    WRONG_CHECKSUM = "wrong_checksum"
    HALF_FRAME = "half_frame"
    SILENCE = "silence"
    UNPLUG = "unplug"
    WRONG_CARD = "wrong_card"
    NOT_AUTHENTIC = "not_authentic"


class SimulatedReader:
    """A reader on `port` for as long as the context lasts.

    `break_with` puts a fault on all answers or only on those to one command, `answer_with` a status on those to one;
    `mend` takes both away. `requests` holds what was asked, and `asked` is set once anything was. With `baud` given the
    reader hears only those who speak at that speed, and answers at its pace.
    """

    def __init__(self, baud: int | None = None) -> None:
        self.port = ""
        self.baud = baud
        self.requests: list[bytes] = []
        self.asked = threading.Event()
        self._lock = threading.Lock()
        self._card: CardData | None = None
        self._is_found = self._is_selected = self._is_read = False
        self._fault: Fault | None = None
        self._fault_command: bytes | None = None
        self._statuses: dict[bytes, int] = {}

    def __enter__(self) -> Self:
        # Only POSIX has these two; Windows must be able to import the module.
        import pty
        import tty

        self._far, self._near = pty.openpty()
        # Raw on both ends, or the terminal echoes the frames back to their sender.
        tty.setraw(self._far)
        tty.setraw(self._near)
        # Bytes that nobody reads are lost, as on a real line, instead of holding up the reader.
        os.set_blocking(self._far, False)
        self.port = os.ttyname(self._near)
        self._stop_read, self._stop_write = os.pipe()
        self._is_plugged = True
        self._thread = threading.Thread(target=self._serve, name="simulated-reader", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        os.write(self._stop_write, b"x")
        self._thread.join()
        self._unplug()
        os.close(self._stop_read)
        os.close(self._stop_write)

    def place(self, card: CardData) -> None:
        """Lay a card on the reader, in place of one that lies there."""
        with self._lock:
            self._card = card
            self._is_found = self._is_selected = self._is_read = False

    def lift(self) -> None:
        """Take the card away."""
        with self._lock:
            self._card = None
            self._is_found = self._is_selected = self._is_read = False

    def break_with(self, fault: Fault, command: bytes | None = None) -> None:
        """From now on answer with a fault; with a command given, only when that command comes."""
        with self._lock:
            self._fault, self._fault_command = fault, command

    def mend(self) -> None:
        """Answer as a sound reader again; what was unplugged stays unplugged."""
        with self._lock:
            self._fault = self._fault_command = None
            self._statuses.clear()

    def answer_with(self, status: int, command: bytes) -> None:
        """From now on answer one command with a status and no data."""
        with self._lock:
            self._statuses[command] = status

    def _serve(self) -> None:
        """Answer requests until the context ends or the line is pulled out."""
        parser = protocol.FrameParser()
        with DefaultSelector() as selector:
            selector.register(self._far, EVENT_READ)
            selector.register(self._stop_read, EVENT_READ)
            while self._is_plugged:
                ready = {key.fd for key, _ in selector.select()}
                if self._stop_read in ready:
                    return
                heard = os.read(self._far, 4096)
                if not self._is_heard():
                    # At another speed both sides see bits in the wrong places.
                    self._write(b"\xf8\x80\xf8")
                    continue
                for request in parser.feed(heard):
                    self._answer(request)

    def _is_heard(self) -> bool:
        """Whether the other side speaks at the reader's speed."""
        if self.baud is None:
            return True
        import termios

        speed: int = termios.tcgetattr(self._far)[5]
        return speed == int(getattr(termios, f"B{self.baud}"))

    def _write(self, part: bytes) -> None:
        """At the pace of the line: ten bits carry a byte."""
        with suppress(BlockingIOError):
            if self.baud is None:
                os.write(self._far, part)
                return
            for place in range(0, len(part), _PACED):
                os.write(self._far, part[place : place + _PACED])
                time.sleep(len(part[place : place + _PACED]) * 10 / self.baud)

    def _answer(self, request: bytes) -> None:
        with self._lock:
            self.requests.append(request)
            self.asked.set()
            fault = self._fault if self._fault_command in (None, request[:2]) else None
            if fault is Fault.UNPLUG:
                self._unplug()
                return
            answer = self._reply(request[:2], fault)
        if self.baud is not None and answer == protocol.build_answer(protocol.DONE):
            # At once: nobody can tell here whether the answer itself came at the old speed.
            self.baud = next((speed for speed, command in protocol.SET_BAUD.items() if command == request[:2]), self.baud)
        for part in _spoil(answer, fault):
            self._write(part)

    def _reply(self, command: bytes, fault: Fault | None) -> bytes:
        """The sound reader's frame; the state of the card moves on with it."""
        steps = {
            protocol.STATUS: self._reply_to_status,
            protocol.FIND: self._reply_to_find,
            protocol.SELECT: self._reply_to_select,
            protocol.SAM_ID: lambda: protocol.build_answer(protocol.DONE, _SAM_ID),
            protocol.READ: self._reply_to_read,
            protocol.READ_WITH_FINGERS: lambda: self._reply_to_read(with_fingers=True),
            protocol.READ_NEW_ADDRESS: self._reply_to_new_address,
            protocol.RESET: self._reply_to_status,
            **dict.fromkeys(protocol.SET_BAUD.values(), self._reply_to_status),
        }
        if command in self._statuses:
            return protocol.build_answer(self._statuses[command])
        step = steps.get(command)
        if step is None:
            return protocol.build_answer(protocol.BAD_COMMAND)
        if command in (protocol.READ, protocol.READ_WITH_FINGERS) and self._is_selected and fault in _CARD_FAULTS:
            self._is_found = self._is_selected = False
            return protocol.build_answer(_CARD_FAULTS[fault])
        return step()

    def _reply_to_status(self) -> bytes:
        return protocol.build_answer(protocol.DONE)

    def _reply_to_find(self) -> bytes:
        self._is_found = self._card is not None and not self._is_read
        if not self._is_found:
            return protocol.build_answer(protocol.NO_CARD)
        return protocol.build_answer(protocol.CARD_FOUND, _CARD_ID[:4])

    def _reply_to_select(self) -> bytes:
        self._is_selected = self._card is not None and self._is_found
        if not self._is_selected:
            return protocol.build_answer(protocol.SELECT_FAILED)
        return protocol.build_answer(protocol.DONE, _CARD_ID)

    def _reply_to_read(self, *, with_fingers: bool = False) -> bytes:
        if self._card is None or not self._is_selected:
            return protocol.build_answer(protocol.READ_FAILED)
        self._is_found = self._is_selected = False
        self._is_read = True
        text = self._card.raw_text or protocol.encode_card(self._card)
        parts = [text, self._card.photo or _PHOTO, *([self._card.fingers] if with_fingers else [])]
        return protocol.build_answer(protocol.DONE, protocol.build_card_answer(*parts))

    def _reply_to_new_address(self) -> bytes:
        """Needs no second selection while the card stays."""
        if self._card is None or not self._is_read or not self._card.new_address:
            return protocol.build_answer(protocol.NOT_ON_CARD)
        address = self._card.new_address.ljust(protocol.NEW_ADDRESS_SIZE // 2)
        return protocol.build_answer(protocol.DONE, address.encode("utf-16-le"))

    def _unplug(self) -> None:
        if self._is_plugged:
            self._is_plugged = False
            os.close(self._near)
            os.close(self._far)


_CARD_FAULTS: Final = {Fault.WRONG_CARD: protocol.WRONG_CARD, Fault.NOT_AUTHENTIC: protocol.NOT_AUTHENTIC}


def _spoil(answer: bytes, fault: Fault | None) -> list[bytes]:
    """The writes that carry an answer over a line with this fault."""
    if fault is Fault.SILENCE:
        return []
    if fault is Fault.HALF_FRAME:
        return [answer[: len(answer) // 2]]
    if fault is Fault.WRONG_CHECKSUM:
        return [answer[:-1] + bytes([answer[-1] ^ 0xFF])]
    if fault is Fault.NOISE:
        # A stray preamble half and loose bytes, then the answer in very small pieces.
        return [b"\x00\xff\xaa\xaa\x96\xaa", *(answer[place : place + 3] for place in range(0, len(answer), 3))]
    return [answer]
