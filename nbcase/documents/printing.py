"""The archived PDF handed to a printer: what was printed is what was kept, byte for byte."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Protocol
from uuid import uuid4

from nbcase.documents.ipp import IppError, job_state
from nbcase.documents.raster import PrinterSetup, media_of, rastered_apart
from nbcase.domain.errors import DeviceError
from nbcase.domain.words import tr

# A print server that does not answer within this many seconds is treated as failed; the counter must not hang on it.
_TIMEOUT = 15
_REQUEST_ID = re.compile(r"request id is (\S+-\d+)")
_UNSAFE = re.compile(r"[^\w.-]+")


class JobState(Enum):
    """How far a print job is. Only the queue's own word counts: handing over is not printing."""

    WAITING = "waiting"
    PRINTING = "printing"
    PRINTED = "printed"
    STOPPED = "stopped"
    UNKNOWN = "unknown"


# The states of RFC 8011; a held or cancelled job will not come out by itself.
_STATES = {
    "pending": JobState.WAITING,
    "processing": JobState.PRINTING,
    "completed": JobState.PRINTED,
    "held": JobState.STOPPED,
    "stopped": JobState.STOPPED,
    "canceled": JobState.STOPPED,
    "aborted": JobState.STOPPED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintJob:
    """A job a queue has taken: ``job_id`` is the queue's own word for it."""

    queue: str
    job_id: str


class PrintQueue(Protocol):
    """Where papers can be sent."""

    @property
    def name(self) -> str:
        """The queue's name as the clerk sees it."""

    def submit(self, pdf: bytes, title: str, *, copies: int = 1) -> PrintJob:
        """Hand over a paper; raises DeviceError when the queue does not take it."""

    def state(self, job: PrintJob) -> JobState:
        """How far the job is; raises DeviceError when the queue cannot be asked."""

    def obstacle(self) -> str:
        """Why nothing would come out now, in the clerk's words; empty when nothing is known of. Raises like `state`."""


class FolderQueue:
    """A printer that lays every paper as a PDF file into a folder: for the demo, for tests, for a desk without a printer."""

    def __init__(self, folder: Path, *, name: str = "PDF") -> None:
        self._folder = folder
        self._name = name

    @property
    def name(self) -> str:
        """The queue's name as the clerk sees it."""
        return self._name

    def submit(self, pdf: bytes, title: str, *, copies: int = 1) -> PrintJob:
        """Write the paper whole or not at all; a file that is there survives a power cut.

        Copies are one file: a file can be printed as often as wanted.
        """
        _check(pdf, copies)
        job_id = f"{_file_name(title)}-{uuid4().hex[:8]}.pdf"
        partial = self._folder / f".{job_id}.part"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with partial.open("wb") as file:
                file.write(pdf)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(self._folder / job_id)
            _sync_folder(self._folder)
        except OSError as error:
            with suppress(OSError):
                partial.unlink()
            raise DeviceError(
                tr("单据没有写入文件夹 {folder}：{reason}").format(folder=self._folder, reason=error.strerror or error),
                safe=tr("办件和单据已保存。"),
                do=tr("检查磁盘空间和文件夹权限，再重新打印。"),
            ) from error
        return PrintJob(queue=self._name, job_id=job_id)

    def state(self, job: PrintJob) -> JobState:
        """Printed when the file is there."""
        return JobState.PRINTED if (self._folder / job.job_id).is_file() else JobState.UNKNOWN

    def obstacle(self) -> str:
        """A folder that nothing can be written into; one that is not there yet is made with the first paper."""
        place = next((each for each in (self._folder, *self._folder.parents) if each.exists()), self._folder)
        return "" if place.is_dir() and os.access(place, os.W_OK) else tr("文件夹 {folder} 不能写入").format(folder=self._folder)


class CupsQueue:
    """A queue of the CUPS print server, through its own programs ``lp`` and ``lpstat``."""

    def __init__(self, name: str, *, lp: str, lpstat: str, tray: str = "") -> None:
        self._name = name
        self._lp = lp
        self._lpstat = lpstat
        self._tray = tray

    @property
    def name(self) -> str:
        """The queue's name as the clerk sees it."""
        return self._name

    def submit(self, pdf: bytes, title: str, *, copies: int = 1, media: str = "") -> PrintJob:
        """Send the paper through standard input: no plain file of a resident's data is left behind.

        `media` is the size of the sheet in the server's words; without it the server takes the queue's usual one.
        """
        _check(pdf, copies)
        wanted = {"print-scaling": "none", "media": media, "media-source": self._tray}
        options = [part for key, value in wanted.items() if value for part in ("-o", f"{key}={value}")]
        answer = _ask([self._lp, "-d", self._name, "-n", str(copies), "-t", title, *options, "-"], pdf)
        found = _REQUEST_ID.search(answer)
        if found is None:
            raise _refused(self._name, answer)
        return PrintJob(queue=self._name, job_id=found.group(1))

    def state(self, job: PrintJob) -> JobState:
        """What the server says of the job; unknown when it does not answer or has forgotten the job."""
        server = _ask([self._lpstat, "-H"]).strip()
        try:
            state, reasons = job_state(server, int(job.job_id.rpartition("-")[2]))
        except IppError:
            return JobState.UNKNOWN
        if state == "pending" and (self._is_disabled() or "printer-stopped" in reasons):
            return JobState.STOPPED
        return _STATES[state]

    def obstacle(self) -> str:
        """A printer that somebody or the server itself has paused."""
        return tr("{name} 已暂停").format(name=self._name) if self._is_disabled() else ""

    def _is_disabled(self) -> bool:
        """A paused printer leaves its jobs pending: only its own line says so."""
        return f"printer {self._name} disabled" in _ask([self._lpstat, "-p", self._name])


class RasterQueue:
    """A queue that gets every paper as the raster its printer needs."""

    def __init__(self, queue: CupsQueue, setup: PrinterSetup) -> None:
        self._queue = queue
        self.setup = setup

    @property
    def name(self) -> str:
        """The queue's name as the clerk sees it."""
        return self._queue.name

    def submit(self, pdf: bytes, title: str, *, copies: int = 1) -> PrintJob:
        """Hand over the raster of a paper; raises DeviceError when the queue does not take it."""
        _check(pdf, copies)
        raster = rastered_apart(pdf, self.setup)
        return self._queue.submit(raster, title, copies=copies, media=media_of(raster))

    def state(self, job: PrintJob) -> JobState:
        """How far the job is."""
        return self._queue.state(job)

    def obstacle(self) -> str:
        """Why nothing would come out now."""
        return self._queue.obstacle()


class QueuesByKind:
    """Two printers, or more: each kind of paper goes to its own, what is not named to the main one.

    As a queue it is the main one; a paper is sent by `for_kind`, and `each` are all that jobs may lie in.
    """

    def __init__(self, main: PrintQueue, others: Mapping[str, PrintQueue]) -> None:
        self._main = main
        self._others = dict(others)

    @property
    def name(self) -> str:
        """The main queue's name."""
        return self._main.name

    @property
    def each(self) -> tuple[PrintQueue, ...]:
        """All queues, the main one first."""
        return (self._main, *{queue.name: queue for queue in self._others.values()}.values())

    def for_kind(self, kind_code: str) -> PrintQueue:
        """The queue of a kind of paper."""
        return self._others.get(kind_code, self._main)

    def submit(self, pdf: bytes, title: str, *, copies: int = 1) -> PrintJob:
        """Hand over to the main queue."""
        return self._main.submit(pdf, title, copies=copies)

    def state(self, job: PrintJob) -> JobState:
        """How far a job is, in whichever queue it lies."""
        return next((queue for queue in self.each if queue.name == job.queue), self._main).state(job)

    def obstacle(self) -> str:
        """What is in the way at any of them."""
        return tr("；").join(dict.fromkeys(found for queue in self.each if (found := queue.obstacle())))


def queue_for(queue: PrintQueue, kind_code: str) -> PrintQueue:
    """Where a kind of paper goes."""
    return queue.for_kind(kind_code) if isinstance(queue, QueuesByKind) else queue


def queues_of(queue: PrintQueue) -> tuple[PrintQueue, ...]:
    """The queues that jobs may lie in."""
    return queue.each if isinstance(queue, QueuesByKind) else (queue,)


def cups_queue(name: str, tray: str = "", *, search_path: str | None = None) -> CupsQueue | None:
    """A queue of CUPS by its name; None where there is none of it."""
    lp, lpstat = shutil.which("lp", path=search_path), shutil.which("lpstat", path=search_path)
    if not lp or not lpstat or name not in _cups_names(lpstat):
        return None
    return CupsQueue(name, lp=lp, lpstat=lpstat, tray=tray)


def available_queues(folder: Path | None = None, *, search_path: str | None = None) -> tuple[PrintQueue, ...]:
    """Queues of this machine: those of CUPS where it is installed, then the folder where one is given.

    A print server that does not answer has no queues; it does not keep the counter from opening.
    """
    queues: list[PrintQueue] = []
    lp, lpstat = shutil.which("lp", path=search_path), shutil.which("lpstat", path=search_path)
    if lp and lpstat:
        queues.extend(CupsQueue(name, lp=lp, lpstat=lpstat) for name in _cups_names(lpstat))
    if folder is not None:
        queues.append(FolderQueue(folder))
    return tuple(queues)


def _cups_names(lpstat: str) -> Sequence[str]:
    try:
        return _ask([lpstat, "-e"]).split()
    except DeviceError:
        return ()


def _ask(command: list[str], data: bytes | None = None) -> str:
    """Run one of CUPS's programs in plain English; raises DeviceError with its own words."""
    try:
        done = subprocess.run(
            command, input=data or b"", capture_output=True, timeout=_TIMEOUT, check=False, env=os.environ | {"LC_ALL": "C"}
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _refused(Path(command[0]).name, str(error)) from error
    if done.returncode != 0:
        raise _refused(Path(command[0]).name, done.stderr.decode("utf-8", "replace").strip().removeprefix(f"{command[0]}: "))
    return done.stdout.decode("utf-8", "replace")


def _refused(who: str, reason: str) -> DeviceError:
    return DeviceError(
        tr("打印服务没有接受（{who}）：{reason}").format(who=who, reason=reason),
        safe=tr("办件和单据已保存。"),
        do=tr("检查打印机是否开机、有纸、已连接，再重新打印，或换一台打印机。"),
    )


def _check(pdf: bytes, copies: int) -> None:
    if not pdf.startswith(b"%PDF-"):
        raise ValueError("only a PDF can be printed")
    if copies < 1:
        raise ValueError("at least one copy")


def _file_name(title: str) -> str:
    """A title as the start of a file name on any system."""
    return _UNSAFE.sub("-", title).strip("-.")[:60] or "paper"


def _sync_folder(folder: Path) -> None:
    """Make the new name last through a power cut; Windows has no such call and needs none."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
