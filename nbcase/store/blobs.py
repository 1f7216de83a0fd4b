"""Attachments at the centre, by the SHA-256 of their content: a folder here, any object store behind the same calls."""

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Protocol

from nbcase.domain.crashpoints import reach
from nbcase.domain.errors import UserError
from nbcase.domain.words import tr
from nbcase.store.vault import sync_folder

CHUNK = 1 << 16
INCOMING = ".incoming-"
_HASH = re.compile(r"[0-9a-f]{64}")


class Sink(Protocol):
    """A file on its way in. Leaving the block without `keep` leaves nothing behind."""

    def __enter__(self) -> "Sink": ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...

    def write(self, chunk: bytes) -> None:
        """Append a piece."""
        ...

    def keep(self) -> int:
        """Check the content against its hash and keep it durably; answers the size in bytes."""
        ...


class Blobs(Protocol):
    """A content-addressed store."""

    def has(self, content_hash: str) -> bool:
        """Whether the content is kept."""
        ...

    def names(self, prefix: str) -> set[str]:
        """Hashes of everything kept that begin with these two digits."""
        ...

    def size(self, content_hash: str) -> int:
        """How many bytes the content has; LookupError when it is not there."""
        ...

    def read(self, content_hash: str, start: int = 0, most: int | None = None) -> Iterator[bytes]:
        """Up to `most` bytes of the content from `start` on, in pieces; LookupError when it is not there."""
        ...

    def receive(self, content_hash: str) -> Sink:
        """Begin to take in the content with this hash."""
        ...

    def sweep(self, before: datetime) -> int:
        """Remove what a process that died was taking in before this instant; answers how many."""
        ...


class FolderBlobs:
    """One file for each content, spread over 256 folders."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def has(self, content_hash: str) -> bool:
        return self._path(content_hash).is_file()

    def names(self, prefix: str) -> set[str]:
        try:
            return {path.name for path in (self._folder / prefix).iterdir() if is_hash(path.name)}
        except FileNotFoundError:
            return set()

    def size(self, content_hash: str) -> int:
        try:
            return self._path(content_hash).stat().st_size
        except FileNotFoundError as error:
            raise LookupError(content_hash) from error

    def read(self, content_hash: str, start: int = 0, most: int | None = None) -> Iterator[bytes]:
        if not self.has(content_hash):
            raise LookupError(content_hash)
        return read_part(self._path(content_hash), start, most)

    def receive(self, content_hash: str) -> "FileSink":
        return FileSink(self._path(content_hash), content_hash)

    def sweep(self, before: datetime) -> int:
        old = [path for path in self._folder.glob(f"??/{INCOMING}*") if is_older(path, before)]
        for path in old:
            path.unlink(missing_ok=True)
        return len(old)

    def _path(self, content_hash: str) -> Path:
        if not is_hash(content_hash):
            raise UserError(tr("附件编号不是 SHA-256：{text}").format(text=content_hash[:80]))
        return self._folder / content_hash[:2] / content_hash


class FileSink:
    """Writes beside the target, checks, fsyncs, renames: a half file never carries the name of a whole one."""

    def __init__(self, target: Path, content_hash: str) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=INCOMING)
        self._temporary, self._target, self._hash = Path(name), target, content_hash
        self._file = os.fdopen(descriptor, "wb", buffering=0)
        self._digest = hashlib.sha256()

    def __enter__(self) -> "FileSink":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._file.close()
        self._temporary.unlink(missing_ok=True)

    def write(self, chunk: bytes) -> None:
        self._digest.update(chunk)
        write_all(self._file.fileno(), chunk)

    def keep(self) -> int:
        if self._digest.hexdigest() != self._hash:
            raise WrongContent(
                tr("附件内容与编号不符，没有收下。"),
                safe=tr("本机仍保存着这份附件。"),
                do=tr("程序会自动重传；多次失败请联系管理员检查网络设备。"),
            )
        size = self._file.tell()
        os.fsync(self._file.fileno())
        self._file.close()
        reach("centre.file.before")
        self._temporary.replace(self._target)
        sync_folder(self._target.parent)
        reach("centre.file.after")
        return size


class WrongContent(UserError):
    """What came is not the content of the hash that it came under; nothing of it is kept."""


def is_hash(text: str) -> bool:
    """Whether this is a SHA-256 as we write it: 64 hex digits in lower case."""
    return _HASH.fullmatch(text) is not None


def is_older(path: Path, instant: datetime) -> bool:
    """Whether a file was last written before this instant; False when it is gone."""
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC) < instant
    except FileNotFoundError:
        return False


def read_part(path: Path, start: int = 0, most: int | None = None) -> Iterator[bytes]:
    """A file's bytes from `start` on, `most` of them, in pieces."""
    with path.open("rb") as file:
        file.seek(start)
        left = most
        while chunk := file.read(CHUNK if left is None else min(CHUNK, left)):
            yield chunk
            left = None if left is None else left - len(chunk)


def write_all(descriptor: int, content: bytes) -> None:
    """Write every byte: a full disk may take some and refuse the rest with the next call. Raises `OSError`."""
    left = memoryview(content)
    while left:
        left = left[os.write(descriptor, left) :]
