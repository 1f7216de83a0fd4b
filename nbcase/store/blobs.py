"""Attachments at the centre, by the SHA-256 of their content: a folder here, any object store behind the same four calls."""

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Protocol

from nbcase.domain.crashpoints import reach
from nbcase.domain.errors import UserError
from nbcase.domain.words import tr
from nbcase.store.vault import sync_folder

CHUNK = 1 << 16
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

    def read(self, content_hash: str) -> Iterator[bytes]:
        """The content in pieces; LookupError when it is not there."""
        ...

    def receive(self, content_hash: str) -> Sink:
        """Begin to take in the content with this hash."""
        ...


class FolderBlobs:
    """One file for each content, spread over 256 folders."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def has(self, content_hash: str) -> bool:
        return self._path(content_hash).is_file()

    def read(self, content_hash: str) -> Iterator[bytes]:
        if not self.has(content_hash):
            raise LookupError(content_hash)
        with self._path(content_hash).open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk

    def receive(self, content_hash: str) -> "FileSink":
        return FileSink(self._path(content_hash), content_hash)

    def _path(self, content_hash: str) -> Path:
        if not _HASH.fullmatch(content_hash):
            raise UserError(tr("附件编号不是 SHA-256：{text}").format(text=content_hash[:80]))
        return self._folder / content_hash[:2] / content_hash


class FileSink:
    """Writes beside the target, checks, fsyncs, renames: a half file never carries the name of a whole one."""

    def __init__(self, target: Path, content_hash: str) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=".incoming-")
        self._temporary, self._target, self._hash = Path(name), target, content_hash
        self._file = os.fdopen(descriptor, "wb")
        self._digest = hashlib.sha256()

    def __enter__(self) -> "FileSink":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._file.close()
        self._temporary.unlink(missing_ok=True)

    def write(self, chunk: bytes) -> None:
        self._digest.update(chunk)
        self._file.write(chunk)

    def keep(self) -> int:
        if self._digest.hexdigest() != self._hash:
            raise UserError(
                tr("附件内容与编号不符，没有收下。"),
                safe=tr("本机仍保存着这份附件。"),
                do=tr("程序会自动重传；多次失败请联系管理员检查网络设备。"),
            )
        size = self._file.tell()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        reach("centre.file.before")
        self._temporary.replace(self._target)
        sync_folder(self._target.parent)
        reach("centre.file.after")
        return size
