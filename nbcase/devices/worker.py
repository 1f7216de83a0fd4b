"""A driver in a process of its own, watched: what it does can spoil its own call, never the case or the window.

Every call has a deadline; between two signs of life lies at most `silence_s`. A driver that hangs, crashes, floods, lies or
eats memory is ended, a new one is started at once, and the clerk is told in words. The log holds which driver and why, never
what was read.
"""

import itertools
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, BinaryIO, Final, Literal, TypeVar

import msgspec
import psutil
import structlog

from nbcase.devices import wire
from nbcase.domain.errors import DeviceError
from nbcase.domain.words import mark, tr

T = TypeVar("T")

START_S: Final = 5.0
"""A new process may take so long until its driver answers; 0.2 s are usual."""

_GRACE_S: Final = 0.4
"""Beyond a call's own deadline, in which the driver says itself what is wrong."""

_TICK_S: Final = 0.05
_WAITING_FRAMES: Final = 8
"""Messages kept unread; a driver that sends more waits for us."""


class Fault(StrEnum):
    """Why a driver's process was ended."""

    HUNG = "hung"
    CRASHED = "crashed"
    FLOODED = "flooded"
    LIED = "lied"
    ATE_MEMORY = "ate_memory"


_FAULT_WORDS: Final = {
    Fault.HUNG: mark("{device}的驱动没有反应，已经重新启动。"),
    Fault.CRASHED: mark("{device}的驱动意外退出，已经重新启动。"),
    Fault.FLOODED: mark("{device}的驱动发来的数据太多，已经停掉并重新启动。"),
    Fault.LIED: mark("{device}的驱动发来的不是该有的内容，没有采用，已经重新启动。"),
    Fault.ATE_MEMORY: mark("{device}的驱动占用内存太多，已经停掉并重新启动。"),
}


_STATE_WORDS: Final = {
    Fault.HUNG: mark("没有反应，已重启"),
    Fault.CRASHED: mark("意外退出，已重启"),
    Fault.FLOODED: mark("数据异常，已重启"),
    Fault.LIED: mark("数据异常，已重启"),
    Fault.ATE_MEMORY: mark("占内存，已重启"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """Which driver, what it is told, and what it may take.

    `module` has `open_driver`; `device` is what people call the thing. `silence_s` is the longest time without a sign of
    life during a call, `most_bytes` the largest message, `most_memory` of the whole process.
    """

    module: str
    device: str
    options: Mapping[str, str] = field(default_factory=dict)
    silence_s: float = 1.5
    most_bytes: int = 64 << 10
    most_memory: int = 512 << 20


class Worker:
    """One driver's process, made at the first call and anew after each end. Safe to call from several threads, one call at a time."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self.fault: Fault | None = None
        """Why the last call ended the process; None after one that went well."""
        self._turn = threading.Lock()
        self._process: _Process | None = None
        self._ids = itertools.count(1)

    def start(self) -> None:
        """Have the process ready before it is needed; a call under way has it already."""
        if self._turn.acquire(blocking=False):
            try:
                self._running()
            finally:
                self._turn.release()

    def call(self, method: str, into: type[T], deadline_s: float, /, **arguments: Any) -> T:
        """The one value of a method.

        Raises DeviceError: the driver's own words, or what was wrong with the driver.
        """
        with closing(self._values(method, deadline_s, arguments)) as values:
            value, is_last = next(values)
            if not is_last:
                raise self.end(Fault.LIED)
            return self._convert(value, into)

    def stream(self, method: str, into: type[T], deadline_s: float, /, **arguments: Any) -> Iterator[T]:
        """The values of a method one by one; the deadline counts anew from each. Raises as `call`."""
        with closing(self._values(method, deadline_s, arguments)) as values:
            for value, is_last in values:
                if not is_last:
                    yield self._convert(value, into)

    def nudge(self, method: Literal["cancel", "shoot"]) -> None:
        """Tell the driver something about its present call; it still answers in its own way."""
        process = self._process
        if process is not None:
            process.send(wire.Nudge(method))

    @property
    def trouble(self) -> str:
        """What was wrong with the driver at the last call, in two words; empty when all was well."""
        return tr(_STATE_WORDS[self.fault]) if self.fault is not None else ""

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            process.end()

    def _running(self) -> "_Process":
        if self._process is None or not self._process.is_alive():
            self.close()
            self._process = _Process(self.driver)
        return self._process

    def _values(self, method: str, deadline_s: float, arguments: dict[str, Any]) -> Generator[tuple[msgspec.Raw, bool], None, None]:
        """Values as they come, the last one marked: the method's own, or None after parts."""
        with self._one_call(deadline_s):
            process, call_id = self._running(), next(self._ids)
            process.send(wire.Ask(call_id, method, arguments))
            is_done = False
            try:
                while not is_done:
                    value, is_done = self._next(process, call_id, deadline_s)
                    if is_done:
                        self.fault = None
                    yield value, is_done
            except DeviceError:
                is_done = True
                raise
            finally:
                if not is_done and self._process is process:
                    # The taker went away in the middle: what the driver would still send is for nobody.
                    self.close()

    def _next(self, process: "_Process", call_id: int, deadline_s: float) -> tuple[msgspec.Raw, bool]:
        """The next value, and whether it is the last."""
        message = self._listen(process, deadline_s)
        if message.id not in (call_id, 0):
            raise self.end(Fault.LIED)
        if isinstance(message, wire.Refusal):
            self.fault = None
            raise DeviceError(message.what, safe=message.safe, do=message.do)
        if isinstance(message, wire.Crash):
            raise self.end(Fault.CRASHED, kind=message.kind)
        return message.value, isinstance(message, wire.Answer)

    def _convert(self, value: msgspec.Raw, into: type[T]) -> T:
        try:
            return msgspec.msgpack.decode(value, type=into)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise self.end(Fault.LIED) from None

    def _listen(self, process: "_Process", deadline_s: float) -> wire.Part | wire.Answer | wire.Refusal | wire.Crash:
        """The next message that is no beat; beats only keep the driver from being taken for hung."""
        silence_s = self.driver.silence_s if process.has_spoken else max(START_S, self.driver.silence_s)
        started = beaten = time.monotonic()
        while True:
            message = process.receive(_TICK_S)
            if process.is_ended():
                # Closed from outside, at a sign-out: no fault of the driver, and no reason for a new one.
                raise DeviceError(tr("{device}已关闭。").format(device=tr(self.driver.device)), safe=tr("已填写的内容没有改变。"))
            if isinstance(message, Fault):
                raise self.end(message)
            if process.memory() > self.driver.most_memory:
                raise self.end(Fault.ATE_MEMORY)
            if message is not None and not isinstance(message, wire.Beat):
                return message
            now = time.monotonic()
            if message is not None:
                beaten, silence_s = now, self.driver.silence_s
            if now > started + deadline_s + _GRACE_S or now > beaten + silence_s:
                raise self.end(Fault.HUNG)

    def end(self, fault: Fault, kind: str = "") -> DeviceError:
        """End the process, start the next one, and say why; also for a taker that finds a value impossible."""
        self.fault = fault
        structlog.get_logger().warning("driver_ended", driver=self.driver.module, fault=fault.value, kind=kind)
        self.close()
        self._running()
        return DeviceError(
            tr(_FAULT_WORDS[fault]).format(device=tr(self.driver.device)),
            safe=tr("已填写的内容没有改变。"),
            do=tr("请再试一次；仍不行可以改用别的办法，并联系管理员。"),
        )

    @contextmanager
    def _one_call(self, deadline_s: float) -> Iterator[None]:
        if not self._turn.acquire(timeout=deadline_s):
            raise DeviceError(
                tr("{device}正忙。").format(device=tr(self.driver.device)),
                safe=tr("已填写的内容没有改变。"),
                do=tr("请等上一次做完再试。"),
            )
        try:
            yield
        finally:
            self._turn.release()


class _Process:
    """The process itself and a thread that takes its messages, a few at a time."""

    def __init__(self, driver: Driver) -> None:
        self._most = driver.most_bytes
        self._frames: queue.Queue[bytes | Fault] = queue.Queue(_WAITING_FRAMES)
        self._is_ended = threading.Event()
        self.has_spoken = False
        pipe = subprocess.PIPE
        command = [sys.executable, "-m", "nbcase.devices.host"]
        self._popen = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, env=_environment())
        self._watched = psutil.Process(self._popen.pid)
        self._to_say: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        threading.Thread(target=self._take, args=(self._popen.stdout,), name="driver-ears", daemon=True).start()
        threading.Thread(target=self._say, args=(self._popen.stdin,), name="driver-voice", daemon=True).start()
        self.send(wire.Open(driver.module, dict(driver.options)))

    def is_alive(self) -> bool:
        return self._popen.poll() is None

    def is_ended(self) -> bool:
        """Whether `end` was called."""
        return self._is_ended.is_set()

    def send(self, message: wire.ToDriver) -> None:
        """Hand over to a thread: a driver that does not read must not hold up its caller."""
        self._to_say.put(wire.pack(message))

    def receive(self, timeout_s: float) -> wire.FromDriver | Fault | None:
        """The next message, why there can be none, or None within the time."""
        try:
            frame = self._frames.get(timeout=timeout_s)
        except queue.Empty:
            return None
        if isinstance(frame, Fault):
            return frame
        self.has_spoken = True
        try:
            return wire.from_driver.decode(frame)
        except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError, RecursionError):
            return Fault.LIED

    def memory(self) -> int:
        """Bytes of the process in memory; 0 when it is gone."""
        try:
            return int(self._watched.memory_info().rss)
        except psutil.Error:
            return 0

    def end(self) -> None:
        """Kill, and wait for the system to take it away; both threads end with their pipes."""
        self._is_ended.set()
        with suppress(psutil.Error):  # programs that a driver started would go on alone
            for child in self._watched.children(recursive=True):
                child.kill()
        self._popen.kill()
        self._popen.wait()
        self._to_say.put(b"")

    def _take(self, stream: BinaryIO) -> None:
        """Messages into the queue until the process ends; a full queue holds the driver up, not us."""
        end = Fault.CRASHED
        with stream:
            try:
                while (frame := wire.read_frame(stream, self._most)) is not None:
                    if not self._put(frame):
                        return
            except wire.TooLarge:
                end = Fault.FLOODED
            except wire.BrokenOff:
                pass
        self._put(end)

    def _say(self, stream: BinaryIO) -> None:
        """Messages to the driver; that nobody reads them any longer is told by the other pipe."""
        with suppress(OSError), stream:
            while frame := self._to_say.get():
                stream.write(frame)
                stream.flush()

    def _put(self, frame: bytes | Fault) -> bool:
        while not self._is_ended.is_set():
            try:
                self._frames.put(frame, timeout=0.2)
            except queue.Full:
                continue
            return True
        return False


def _environment() -> dict[str, str]:
    """The driver imports from where this process does."""
    return os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "PYTHONUTF8": "1"}
