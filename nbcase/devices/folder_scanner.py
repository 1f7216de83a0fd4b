"""A folder in a scanner's place: for an office machine that lays its scans into a shared folder, and for systems without SANE.

`scan` takes the files that appear while it waits, oldest first, and leaves them where they are: the folder is not ours to empty.
"""

import stat
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from nbcase.devices.contract import ScannerStatus, ScanStep, Source
from nbcase.domain.errors import DeviceError
from nbcase.domain.words import tr

_WAIT_S: Final = 120.0
"""For the first file: the way to the machine and back."""

_FURTHER_S: Final = 8.0
"""For one more file after a file."""

_LOOK_S: Final = 0.25
_MOST_BYTES: Final = 20 << 20
_MAGIC: Final = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"%PDF-")


class FolderScanner:
    """Watches one folder; a file counts when it did not change between two looks and it begins as a picture or PDF does."""

    def __init__(
        self, folder: Path, beat: Callable[[], None] = lambda: None, *, wait_s: float = _WAIT_S, further_s: float = _FURTHER_S
    ) -> None:
        self._folder = folder
        self._beat = beat
        self._wait_s, self._further_s = wait_s, further_s
        self._is_cancelled = False

    def status(self) -> ScannerStatus:
        """Whether the folder is there."""
        if not self._folder.is_dir():
            return ScannerStatus(is_ready=False, text=tr("找不到扫描文件夹 {folder}。").format(folder=self._folder))
        return ScannerStatus(is_ready=True, text=tr("扫描文件夹已就绪。"), sources=(Source.FLATBED, Source.FEEDER))

    def scan(self, source: str, dpi: int = 300) -> Iterator[ScanStep]:
        """New files one by one: one for the flatbed, for the feeder all until none comes for some seconds.

        Raises DeviceError where there is no folder, nothing came in time, or after a cancel.
        """
        self._is_cancelled = False
        seen, count = self._there(), 0
        looks: dict[Path, _Look] = {}
        give_up_at = time.monotonic() + self._wait_s
        yield ScanStep(page=1, percent=0)
        while time.monotonic() < give_up_at:
            self._beat()
            time.sleep(_LOOK_S)
            if self._is_cancelled:
                raise DeviceError(tr("扫描已取消。"), safe=tr("前面 {n} 页已收下。").format(n=count))
            former, looks = looks, _looks(self._there() - seen)
            for path in sorted(looks, key=lambda path: (looks[path].written_ns, path.name)):
                if looks[path] == former.get(path) and (content := _content(path)):
                    seen.add(path)
                    count += 1
                    give_up_at = time.monotonic() + self._further_s
                    yield ScanStep(page=count, percent=100, picture=content)
                    if source == Source.FLATBED:
                        return
        if not count:
            raise DeviceError(
                tr("扫描文件夹里没有新的文件。"),
                safe=tr("已填写的内容没有改变。"),
                do=tr("请在扫描机上扫到这个文件夹，再试一次；也可以选图片文件。"),
            )

    def cancel(self) -> None:
        """Stop waiting."""
        self._is_cancelled = True

    def _there(self) -> set[Path]:
        """Names only: a shared folder may hold thousands of old scans, and each look at one goes over the network."""
        try:
            return set(self._folder.iterdir())
        except OSError as error:
            raise DeviceError(
                tr("扫描文件夹打不开：{reason}").format(reason=error.strerror or error),
                safe=tr("已填写的内容没有改变。"),
                do=tr("请检查网络和文件夹权限。"),
            ) from error


class _Look(NamedTuple):
    """What a file that still grows changes."""

    size: int
    written_ns: int


def _looks(paths: Iterable[Path]) -> dict[Path, _Look]:
    """What files look like now; one that went away meanwhile, as a machine renames its unfinished ones, is left out."""
    found = {}
    for path in paths:
        with suppress(OSError):
            told = path.stat()
            if stat.S_ISREG(told.st_mode):
                found[path] = _Look(told.st_size, told.st_mtime_ns)
    return found


def _content(path: Path) -> bytes:
    """The bytes of a scan, none of what is no scan."""
    try:
        content = path.read_bytes() if 0 < path.stat().st_size <= _MOST_BYTES else b""
    except OSError:
        return b""
    return content if content.startswith(_MAGIC) else b""


def open_driver(options: Mapping[str, str], beat: Callable[[], None]) -> FolderScanner:
    """The driver as `nbcase.devices.host` opens it: `device` is the folder."""
    return FolderScanner(Path(options["device"]), beat)
