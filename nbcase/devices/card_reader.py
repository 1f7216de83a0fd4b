"""An identity card reader on a serial line, or on a USB adapter that looks like one."""

import errno
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

import serial

from nbcase.devices import card_protocol as protocol
from nbcase.devices.contract import CardData, ReaderStatus
from nbcase.domain.errors import DeviceError
from nbcase.domain.words import tr

if sys.platform == "win32":
    _BROKEN: Final[tuple[type[Exception], ...]] = (OSError,)
else:
    import termios

    # What a line that was pulled out raises: SerialException is an OSError, but termios has an error of its own.
    _BROKEN: Final[tuple[type[Exception], ...]] = (OSError, termios.error)

POLL_S: Final = 0.3
"""Between two searches for a card; readers miss cards when asked more often."""

_SLICE_S: Final = 0.05
"""Seconds of one look at the line: how far a deadline may be overrun."""

_QUIET_S: Final = 0.25
"""Silence in the middle of an answer after which it is taken for broken off."""

_ANSWER_S: Final = 0.7
"""Longest silence before an answer begins."""

_CARD_ANSWER_S: Final = 2.0
"""The same where the reader reads the whole card first."""

SPEEDS: Final = tuple(protocol.SET_BAUD)
"""Speeds of a line, the usual one first."""

_EXTRA_S: Final = 0.5
"""What the optional added address may cost."""


def serial_ports() -> tuple[tuple[str, str], ...]:
    """Serial ports of this computer, each with what the system calls the device at it."""
    from serial.tools.list_ports import comports

    return tuple((port.device, port.description or "") for port in sorted(comports()))


class SerialCardReader:
    """Speaks find, select, read over a serial port that is opened for each call.

    A port that stays open would keep a reader busy for other programs and would not notice a new plug.
    Safe to call from several threads; one call at a time reaches the line.
    """

    def __init__(self, port: str, baud: int = 115200, beat: Callable[[], None] = lambda: None) -> None:
        self.port = port
        self.baud = baud
        self._beat = beat
        self._turn = threading.Lock()
        self._has_read = False

    def read(self, deadline_s: float = 3.0, *, wait_s: float | None = None, fingers: bool = False) -> CardData:
        """Wait for a card and read it, with `fingers` its fingerprints too; back within `deadline_s` seconds.

        With `wait_s` it gives up sooner where no card lies there; one that does is read to its end.

        Raises DeviceError that says what is wrong with the port, the line, the reader or the card.
        """
        deadline = time.monotonic() + deadline_s
        command, parts = (protocol.READ_WITH_FINGERS, 3) if fingers else (protocol.READ, 2)
        with self._open(deadline) as line:
            self._find(line, deadline if wait_s is None else min(deadline, time.monotonic() + wait_s))
            self._expect(line, protocol.SELECT, protocol.DONE, deadline)
            data = self._expect(line, command, protocol.DONE, deadline)
            text, photo, *rest = protocol.split_card_answer(data, parts)
            card = protocol.decode_card(text, photo)
            self._has_read = True
            return replace(card, fingers=b"".join(rest), new_address=self._new_address(line, deadline))

    def sam_id(self) -> str:
        """The number of the reader's security module in hexadecimal digits; its layout is the maker's."""
        deadline = time.monotonic() + 1.0
        with self._open(deadline) as line:
            return self._expect(line, protocol.SAM_ID, protocol.DONE, deadline).hex()

    def set_baud(self, baud: int) -> None:
        """Let reader and driver go on at another of `SPEEDS`; raises DeviceError when the reader does not."""
        deadline = time.monotonic() + 1.0
        with self._open(deadline) as line:
            self._expect(line, protocol.SET_BAUD[baud], protocol.DONE, deadline)
        self.baud = baud

    def find_baud(self) -> int | None:
        """The speed at which a reader answers at this port, None when it does at none; up to a second for each speed."""
        others = [speed for speed in SPEEDS if speed != self.baud]
        return next((speed for speed in (self.baud, *others) if SerialCardReader(self.port, speed, self._beat).is_ready()), None)

    def status(self) -> ReaderStatus:
        """Whether the reader answers now, with the sentence that `read` would fail with."""
        deadline = time.monotonic() + 1.0
        try:
            with self._open(deadline) as line:
                self._expect(line, protocol.STATUS, protocol.DONE, deadline)
        except DeviceError as fault:
            return ReaderStatus(port=self.port, is_ready=False, text=str(fault))
        return ReaderStatus(port=self.port, is_ready=True, text=tr("读卡器已就绪。"))

    def is_ready(self) -> bool:
        """Whether the reader answers now."""
        return self.status().is_ready

    def warm_up(self) -> None:
        """Nothing to prepare: the port is opened for each call."""

    def close(self) -> None:
        """Nothing is held between calls."""

    @contextmanager
    def _open(self, deadline: float) -> Iterator["_Line"]:
        """The port for one call; every way in which a line breaks becomes a sentence here."""
        if not self._turn.acquire(timeout=max(0.0, deadline - time.monotonic())):
            raise _port_busy(self.port)
        try:
            port = _open_port(self.port, self.baud)
            try:
                yield _Line(port, self._beat)
            except _BROKEN as broken:
                raise _unplugged(self.port) from broken
            finally:
                _close(port)
        finally:
            self._turn.release()

    def _find(self, line: "_Line", deadline: float) -> None:
        """Search every 300 ms until a card lies on the reader."""
        while True:
            asked_at = time.monotonic()
            answer = line.ask(protocol.FIND, deadline)
            if answer.status == protocol.CARD_FOUND:
                return
            if answer.status != protocol.NO_CARD:
                raise protocol.status_error(answer.status)
            next_at = asked_at + POLL_S
            if next_at >= deadline:
                raise self._no_card()
            line.rest_until(next_at)

    def _no_card(self) -> DeviceError:
        """A reader that has just read a card does not find it again until it was lifted."""
        if self._has_read:
            return DeviceError(
                tr("没有找到新放上的卡片。"),
                safe=protocol.nothing_changed(),
                do=tr("刚读过的卡片要先拿起，停一秒，再放到读卡器上。"),
            )
        return protocol.status_error(protocol.NO_CARD)

    def _expect(self, line: "_Line", command: bytes, status: int, deadline: float) -> bytes:
        answer = line.ask(command, deadline)
        if answer.status != status:
            raise protocol.status_error(answer.status)
        return answer.data

    def _new_address(self, line: "_Line", deadline: float) -> str:
        """The added address; most cards have none, and a card that was read is not lost for want of it."""
        try:
            answer = line.ask(protocol.READ_NEW_ADDRESS, min(deadline, time.monotonic() + _EXTRA_S))
        except DeviceError:
            return ""
        except _BROKEN:
            return ""
        return protocol.decode_new_address(answer.data) if answer.status == protocol.DONE else ""


class _Line:
    """One open port: a question, its answer, and what came instead of an answer."""

    def __init__(self, port: serial.Serial, beat: Callable[[], None]) -> None:
        self._port = port
        self._beat = beat

    def ask(self, command: bytes, deadline: float) -> protocol.Answer:
        """Send a command and wait for its answer; a spoilt answer is asked for once more.

        Raises DeviceError, or OSError and termios.error of a line that broke.
        """
        for _ in range(2):
            parser = protocol.FrameParser()
            body = self._listen(parser, command, deadline)
            if body is not None:
                return protocol.parse_answer(body)
            if time.monotonic() >= deadline:
                break
        raise _no_answer(parser)

    def rest_until(self, moment: float) -> None:
        """Let the line rest, dropping what arrives unasked."""
        while time.monotonic() < moment:
            self._beat()
            self._port.read(1)

    def _listen(self, parser: protocol.FrameParser, command: bytes, deadline: float) -> bytes | None:
        """The body of the first whole frame after a command; without one the parser's counters say what came."""
        self._port.reset_input_buffer()
        self._port.write(protocol.build_frame(command))
        reads_card = command in (protocol.READ, protocol.READ_WITH_FINGERS)
        give_up_at = time.monotonic() + (_CARD_ANSWER_S if reads_card else _ANSWER_S)
        while time.monotonic() < min(deadline, give_up_at):
            self._beat()
            chunk = self._port.read(max(1, self._port.in_waiting))
            if chunk:
                give_up_at = time.monotonic() + _QUIET_S
            for body in parser.feed(chunk):
                return body
        return next(iter(parser.finish()), None)


def open_driver(options: Mapping[str, str], beat: Callable[[], None]) -> SerialCardReader:
    """The driver as `nbcase.devices.host` opens it: `port` and `baud`."""
    return SerialCardReader(options["port"], int(options["baud"]), beat)


def _open_port(port: str, baud: int) -> serial.Serial:
    """The port, for this program alone.

    Raises DeviceError where there is none, it is in use or may not be used.
    """
    try:
        return serial.Serial(port, baud, timeout=_SLICE_S, write_timeout=1.0, exclusive=True)
    except ValueError as refused:
        raise _open_error(port, refused) from refused
    except _BROKEN as refused:
        raise _open_error(port, refused) from refused


def _close(port: serial.Serial) -> None:
    """Close without waiting for bytes that will never leave."""
    try:
        port.close()
    except _BROKEN:
        # The line is gone already; what made it so is being told.
        return


def _open_error(port: str, refused: Exception) -> DeviceError:
    number, text = getattr(refused, "errno", None), str(refused)
    # pyserial on Windows gives no number, only the system's words: there a port in use is "access denied".
    if number in (errno.EBUSY, errno.EAGAIN) or "exclusively lock" in text or (number is None and "PermissionError" in text):
        return _port_busy(port)
    if number in (errno.EACCES, errno.EPERM):
        return DeviceError(
            tr("没有使用读卡器端口 {port} 的权限。").format(port=port),
            safe=protocol.nothing_changed(),
            do=tr("请联系管理员把您的系统账户加入串口用户组，重新登录后再试。"),
        )
    return DeviceError(
        tr("找不到读卡器端口 {port}。").format(port=port),
        safe=protocol.nothing_changed(),
        do=tr("请检查读卡器的线是否插好，并在设置里核对端口名称。"),
    )


def _port_busy(port: str) -> DeviceError:
    return DeviceError(
        tr("读卡器端口 {port} 正被占用。").format(port=port),
        safe=protocol.nothing_changed(),
        do=tr("请关闭其他使用读卡器的程序，稍等片刻再试。"),
    )


def _unplugged(port: str) -> DeviceError:
    return DeviceError(
        tr("读卡器断开了（端口 {port}）。").format(port=port),
        safe=protocol.nothing_changed(),
        do=tr("请重新插好读卡器的线，把卡片拿起再放一次；也可以改用拍照识别或手工录入。"),
    )


def _no_answer(parser: protocol.FrameParser) -> DeviceError:
    """Why no answer came, by what did come."""
    cable = tr("请检查读卡器的线，把卡片拿起再放一次；仍不行请换一个插口。")
    if parser.bad_checks:
        what, do = tr("读卡器传来的数据校验不对，没有采用。"), cable
    elif parser.short_frames:
        what, do = tr("读卡器的回答只收到一半，没有采用。"), cable
    elif parser.noise_bytes:
        what = tr("从读卡器端口收到的不是读卡器的数据。")
        do = tr("请在设置里核对端口和速率，确认接的是身份证读卡器。")
    else:
        what = tr("读卡器没有回答。")
        do = tr("请确认读卡器已通电、线已插好；可以拔下再插上，然后重试。")
    return DeviceError(what, safe=protocol.nothing_changed(), do=do)
