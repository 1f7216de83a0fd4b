"""A scanner through SANE's own program `scanimage`: flatbed and feeder, page by page, nothing on the disk.

Pages come through named pipes, so that no plain file of a resident's papers is left behind whatever happens.
Exit codes of `scanimage` are SANE's status numbers (SANE standard 1.06, 4.2.7).
"""

import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector
from typing import Final

from nbcase.devices.contract import ScannerStatus, ScanStep, Source
from nbcase.domain.errors import DeviceError
from nbcase.domain.words import tr

MOST_PAGES: Final = 100
"""Of one scan; a feeder that never says it is empty must end too."""

_A4_MM: Final = (210, 297)
_JPEG_QUALITY: Final = 85
_ASK_S: Final = 20.0
"""Network scanners take some seconds to tell what they can do."""

_PROGRESS: Final = re.compile(r"Progress: (\d+)")
_SCANNED: Final = re.compile(r"Scanned page (\d+)\. \(scanner status = (\d+)\)")
_LIST: Final = re.compile(r"^ +--(source|mode|resolution) (\S.*?)(?: \[|$)", re.MULTILINE)
_AREA: Final = re.compile(r"^ +-([xy]) [\d.]+\.\.([\d.]+)mm", re.MULTILINE)
_FEEDER: Final = re.compile(r"feeder|adf", re.IGNORECASE)
_LET_GO_S: Final = 3.0
"""So long a program that has said how the scan ended may take to let go of the scanner. Some drivers never do: they wait for a
thread of their own that is gone."""
_GOOD, _CANCELLED, _BUSY, _END_OF_PAGE, _JAMMED, _NO_DOCS, _COVER_OPEN, _DENIED = 0, 2, 3, 5, 6, 7, 8, 11


class SaneScanner:
    """One scanner; without a name the first that SANE finds. `config` is a folder with SANE's settings, empty for the system's.

    `extra` are further arguments of `scanimage` for a scanner that needs some.
    """

    def __init__(self, device: str = "", config: str = "", extra: str = "", beat: Callable[[], None] = lambda: None) -> None:
        self._device = device
        self._extra = shlex.split(extra)
        self._beat = beat
        self._environment = os.environ | {"LC_ALL": "C"} | ({"SANE_CONFIG_DIR": config} if config else {})
        self._running: subprocess.Popen[bytes] | None = None
        self._is_cancelled = False

    def status(self) -> ScannerStatus:
        """Whether the scanner is there and what it can take sheets from."""
        try:
            options = _Options(self._ask(["-d", self._name(), "-A"]))
        except DeviceError as fault:
            return ScannerStatus(is_ready=False, text=str(fault))
        return ScannerStatus(is_ready=True, text=tr("扫描仪已就绪。"), sources=tuple(options.sources))

    def scan(self, source: str, dpi: int = 300) -> Iterator[ScanStep]:
        """Pages one by one with their progress.

        Raises DeviceError where the scanner is not there, jams, is open, empty or cancelled.
        """
        self._is_cancelled = False
        device = self._name()
        options = _Options(self._ask(["-d", device, "-A"]))
        wanted = Source(source)
        most = 1 if wanted is Source.FLATBED else MOST_PAGES
        with tempfile.TemporaryDirectory(prefix="nbcase-scan-") as folder:
            pages = [Path(folder) / str(number) for number in range(1, most + 1)]
            for page in pages:
                # scanimage writes to this name and takes the ending off when the page is whole.
                os.mkfifo(page.with_suffix(".part"), 0o600)
            arguments = ["-d", device, "--format=pnm", "--progress", f"--batch={folder}/%d", f"--batch-count={most}"]
            yield from self._pages([*arguments, *options.chosen(wanted, dpi), *self._extra], pages, dpi)

    def cancel(self) -> None:
        """Interrupt `scanimage`, which stops the scanner in its own way."""
        self._is_cancelled = True
        running = self._running
        if running is not None and running.poll() is None:
            running.send_signal(signal.SIGINT)

    def close(self) -> None:
        """Nothing is held between calls."""

    def _name(self) -> str:
        """The scanner's name in SANE."""
        if self._device:
            return self._device
        found = self._ask(["-f", "%d%n"]).split("\n")[0].strip()
        if not found:
            raise DeviceError(
                tr("没有找到扫描仪。"), safe=_nothing_changed(), do=tr("请检查扫描仪是否开机、线是否插好；也可以选图片文件或拖进来。")
            )
        return found

    def _ask(self, arguments: list[str]) -> str:
        """What `scanimage` says of scanners."""
        program = _program()
        with subprocess.Popen(
            [program, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, env=self._environment
        ) as asked:
            give_up_at = time.monotonic() + _ASK_S
            while True:
                self._beat()
                try:
                    out, error = asked.communicate(timeout=0.2)
                    break
                except subprocess.TimeoutExpired:
                    if time.monotonic() > give_up_at:
                        asked.kill()
        if asked.returncode != 0:
            raise _status_error(asked.returncode, error.decode("utf-8", "replace"))
        return out.decode("utf-8", "replace")

    def _pages(self, arguments: list[str], pages: list[Path], dpi: int) -> Iterator[ScanStep]:
        """Listen to the program's words and to the pipe of the page that comes."""
        command = [_program(), *arguments]
        with subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, env=self._environment
        ) as running:
            self._running = running
            if self._is_cancelled:  # while the scanner was asked what it can
                self.cancel()
            try:
                ended = _Reading(running, pages, self._beat)
                yield from ended.steps()
                with suppress(subprocess.TimeoutExpired):
                    running.wait(_LET_GO_S)
            finally:
                self._running = None
                if running.poll() is None:
                    running.kill()
        if self._is_cancelled:
            raise _cancelled(ended.count)
        if ended.fault not in (_GOOD, _END_OF_PAGE) and not (ended.fault == _NO_DOCS and ended.count):
            raise _status_error(ended.fault, "", ended.count)
        if ended.fault == _GOOD and (running.returncode not in (_GOOD, _NO_DOCS) or not ended.count):
            raise _status_error(running.returncode or _NO_DOCS, ended.words, ended.count)


class _Reading:
    """What a running `scanimage` says and sends.

    `count` pages were whole; `fault` is the status of the one that was not, `words` its last complaint.
    """

    def __init__(self, running: subprocess.Popen[bytes], pages: list[Path], beat: Callable[[], None]) -> None:
        assert running.stderr is not None
        self._running, self._words, self._pages, self._beat = running, running.stderr.fileno(), pages, beat
        self._picture = bytearray()
        self._pipe: int | None = None
        self._percent = 0
        self._rest = ""
        self.count = 0
        self.fault = _GOOD
        self.words = ""

    def steps(self) -> Iterator[ScanStep]:
        with DefaultSelector() as selector:
            selector.register(self._words, EVENT_READ)
            self._open_next(selector)
            try:
                while True:
                    # Asked before the look for words: what it said until it ended is there then. A helper that the scanner's own
                    # driver started may outlive it and hold its words open, so that they never come to an end.
                    has_ended = self._running.poll() is not None
                    ready = {key.fd for key, _ in selector.select(0 if has_ended else 0.2)}
                    if self._pipe in ready:
                        self._take_picture()
                    if self._words not in ready:
                        if has_ended:
                            return
                        continue
                    heard = os.read(self._words, 65536).decode("utf-8", "replace")
                    if not heard:
                        return
                    self._beat()
                    yield from self._steps_in(heard, selector)
                    if self.fault != _GOOD:
                        return
            finally:
                self._close(selector)

    def _steps_in(self, heard: str, selector: DefaultSelector) -> Iterator[ScanStep]:
        """Progress and finished pages of some words; a line that broke off waits for its rest."""
        lines = re.split(r"[\r\n]", self._rest + heard)
        self._rest = lines.pop()
        for line in lines:
            if (found := _SCANNED.search(line)) is not None:
                yield from self._finished(int(found[2]), selector)
            elif (progress := _PROGRESS.search(line)) is not None and int(progress[1]) != self._percent:
                self._percent = int(progress[1])
                yield ScanStep(page=self.count + 1, percent=min(99, self._percent))
            elif line.startswith("scanimage:"):
                self.words = line

    def _finished(self, status: int, selector: DefaultSelector) -> Iterator[ScanStep]:
        if status not in (_GOOD, _END_OF_PAGE):
            self.fault = status
            return
        self._take_picture()
        self.count, self._percent = self.count + 1, 0
        yield ScanStep(page=self.count, percent=100, picture=_as_jpeg(bytes(self._picture)))
        self._picture.clear()
        self._open_next(selector)

    def _open_next(self, selector: DefaultSelector) -> None:
        """Open the pipe of the next page: `scanimage` waits at it until then."""
        self._close(selector)
        if self.count < len(self._pages):
            self._pipe = os.open(self._pages[self.count].with_suffix(".part"), os.O_RDONLY | os.O_NONBLOCK)
            selector.register(self._pipe, EVENT_READ)

    def _close(self, selector: DefaultSelector) -> None:
        if self._pipe is not None:
            selector.unregister(self._pipe)
            os.close(self._pipe)
            self._pipe = None

    def _take_picture(self) -> None:
        """All that stands in the pipe."""
        with suppress(BlockingIOError):
            while self._pipe is not None and (part := os.read(self._pipe, 1 << 20)):
                self._picture += part


class _Options:
    """What a scanner can be told, from the list that `scanimage -A` prints."""

    def __init__(self, listed: str) -> None:
        self._choices = dict(_LIST.findall(listed))
        self._area = {axis: float(most) for axis, most in _AREA.findall(listed)}
        names = self._choices.get("source", "").split("|") if "source" in self._choices else []
        self.sources: dict[Source, str] = {}
        for name in names:
            self.sources.setdefault(Source.FEEDER if _FEEDER.search(name) else Source.FLATBED, name)
        if not names:
            self.sources = {Source.FLATBED: ""}

    def chosen(self, source: Source, dpi: int) -> list[str]:
        """Arguments for a sheet of A4 in colour, as far as the scanner can."""
        if source not in self.sources:
            without = {Source.FEEDER: tr("这台扫描仪没有进纸器。"), Source.FLATBED: tr("这台扫描仪没有平板。")}
            raise DeviceError(without[source], safe=_nothing_changed(), do=tr("请换另一种进纸方式。"))
        arguments = ["--source", self.sources[source]] if self.sources[source] else []
        color = next((mode for mode in self._choices.get("mode", "").split("|") if "color" in mode.lower()), None)
        arguments += ["--mode", color] if color else []
        arguments += ["--resolution", str(self._resolution(dpi))] if "resolution" in self._choices else []
        for axis, wanted in zip("xy", _A4_MM, strict=True):
            if axis in self._area:
                arguments += [f"-{axis}", f"{min(wanted, self._area[axis]):g}"]
        return arguments

    def _resolution(self, dpi: int) -> int:
        """The nearest that the scanner has: a list such as 75|150|300dpi, or a range."""
        values = self._choices["resolution"].split("dpi")[0]
        if ".." in values:
            least, _, most = values.partition("..")
            return round(min(max(dpi, float(least)), float(most)))
        return min((int(value) for value in values.split("|") if value.isdigit()), key=lambda value: abs(value - dpi), default=dpi)


def _as_jpeg(pnm: bytes) -> bytes:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(BytesIO(pnm)) as image:
            buffer = BytesIO()
            image.convert("L" if image.mode in ("1", "L") else "RGB").save(buffer, "JPEG", quality=_JPEG_QUALITY)
    except (UnidentifiedImageError, OSError) as error:
        raise DeviceError(tr("扫描仪传来的图片不完整。"), safe=_nothing_changed(), do=tr("请再扫一次这一页。")) from error
    return buffer.getvalue()


def _program() -> str:
    found = shutil.which("scanimage")
    if found is None:
        raise DeviceError(
            tr("这台电脑没有装扫描程序（sane-utils）。"), safe=_nothing_changed(), do=tr("请管理员安装；也可以选图片文件或拖进来。")
        )
    return found


def _nothing_changed() -> str:
    return tr("已填写的内容没有改变。")


def _cancelled(count: int) -> DeviceError:
    return DeviceError(tr("扫描已取消。"), safe=_kept(count), do=tr("要扫时再按一次。"))


def _kept(count: int) -> str:
    """What every broken-off scan may promise."""
    return tr("前面 {n} 页已收下。").format(n=count) if count else _nothing_changed()


def _status_error(status: int, words: str, count: int = 0) -> DeviceError:
    """The sentence for SANE's status, the program's own words where it has none."""
    meanings = {
        _BUSY: (tr("扫描仪正忙。"), tr("请关闭其他扫描程序，稍等片刻再试。")),
        _JAMMED: (tr("扫描仪卡纸了。"), tr("请打开盖子取出卡住的纸，再从没扫到的那一页起放好重扫。")),
        _NO_DOCS: (tr("进纸器里没有纸。"), tr("请把材料放进进纸器再扫，或放在平板上。")),
        _COVER_OPEN: (tr("扫描仪的盖子开着。"), tr("请合上盖子再扫。")),
        _DENIED: (tr("没有使用扫描仪的权限。"), tr("请联系管理员把您的系统账户加入扫描仪用户组（scanner）。")),
    }
    unknown = (
        tr("扫描没有成功（代码 {code}）。").format(code=status),
        tr("请检查扫描仪的线和电源，再试一次；也可以选图片文件或拖进来。"),
    )
    what, do = meanings.get(status, unknown)
    if "no SANE devices found" in words or "Invalid argument" in words:
        what = tr("找不到这台扫描仪。")
    return DeviceError(what, safe=_kept(count), do=do)


def open_driver(options: Mapping[str, str], beat: Callable[[], None]) -> SaneScanner:
    """The driver as `nbcase.devices.host` opens it: `device`, `config`, `extra`, all of them optional."""
    return SaneScanner(options.get("device", ""), options.get("config", ""), options.get("extra", ""), beat)
