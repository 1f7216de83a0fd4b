"""Files on their way into the centre: pieces on disk until they are whole, whatever dies in between.

One folder for each desk and content, with `upload.json` and pieces named by their offset. A piece gets its name only when
all of it is on the disk, and only one piece can get a name: two requests, threads or processes never mix what they write.
"""

import hashlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from types import TracebackType

import msgspec

from nbcase.domain.crashpoints import reach
from nbcase.store.blobs import INCOMING, is_older, read_part, write_all
from nbcase.store.vault import sync_folder, write_durably

_NAME = "upload.json"
_SUFFIX = ".piece"
_GONE = ".gone-"


class Upload(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a desk announced: the whole file's size in bytes, its media type, and when the announcement came."""

    size: int
    media_type: str
    begun_at: datetime


class PieceShelf:
    """The unfinished files below one folder, each under its desk and hash."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def begin(self, desk_id: str, content_hash: str, upload: Upload) -> None:
        """Note an announcement durably, in the place of any earlier one."""
        self.remove(desk_id, content_hash)
        reach("centre.file.before")
        write_durably(self._of(desk_id, content_hash) / _NAME, msgspec.json.encode(upload))
        reach("centre.file.after")

    def find(self, desk_id: str, content_hash: str) -> Upload | None:
        """The announcement; None when there is none."""
        try:
            return msgspec.json.decode((self._of(desk_id, content_hash) / _NAME).read_bytes(), type=Upload)
        except FileNotFoundError:
            return None

    def count(self, desk_id: str) -> int:
        """How many unfinished files the desk has."""
        return sum(1 for path in _entries(self._folder / desk_id) if not path.name.startswith("."))

    def offset(self, desk_id: str, content_hash: str) -> int:
        """How many bytes are here, counted on the disk: pieces from the start up to the first gap."""
        return sum(size for _, size in self._pieces(desk_id, content_hash))

    def receive(self, desk_id: str, content_hash: str, offset: int) -> "PieceSink":
        """Begin to take in the piece at this offset."""
        return PieceSink(self._of(desk_id, content_hash) / f"{offset:016d}{_SUFFIX}")

    def read(self, desk_id: str, content_hash: str) -> Iterator[bytes]:
        """All pieces, one after the other."""
        for path, _ in self._pieces(desk_id, content_hash):
            yield from read_part(path)

    def remove(self, desk_id: str, content_hash: str) -> bool:
        """Forget the file as a whole; whether there was one."""
        folder = self._of(desk_id, content_hash)
        gone = folder.with_name(_GONE + secrets.token_hex(8))
        try:
            folder.rename(gone)  # at once: a half removed file would look like one with a gap
        except FileNotFoundError:
            return False
        shutil.rmtree(gone, ignore_errors=True)
        return True

    def sweep(self, begun_before: datetime) -> int:
        """Remove what was announced up to this instant and is still unfinished, and what a removal left; answers how many files."""
        removed = 0
        for folder in [entry for desk in _entries(self._folder) for entry in _entries(desk)]:
            if folder.name.startswith(_GONE):
                shutil.rmtree(folder, ignore_errors=True)
            elif self._is_from_before(folder, begun_before):
                removed += self.remove(folder.parent.name, folder.name)
        return removed

    def _is_from_before(self, folder: Path, instant: datetime) -> bool:
        upload = self.find(folder.parent.name, folder.name)
        return upload.begun_at <= instant if upload is not None else is_older(folder, instant)

    def _of(self, desk_id: str, content_hash: str) -> Path:
        return self._folder / desk_id / content_hash

    def _pieces(self, desk_id: str, content_hash: str) -> list[tuple[Path, int]]:
        sizes = {path.name: path.stat().st_size for path in self._of(desk_id, content_hash).glob(f"*{_SUFFIX}")}
        found, offset = [], 0
        while sizes.get(name := f"{offset:016d}{_SUFFIX}"):
            found.append((self._of(desk_id, content_hash) / name, sizes[name]))
            offset += sizes[name]
        return found


class PieceSink:
    """One piece, written beside its place. Leaving the block without `keep` leaves nothing behind."""

    def __init__(self, target: Path) -> None:
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=INCOMING)
        self._temporary, self._target = Path(name), target
        self._file = os.fdopen(descriptor, "wb", buffering=0)
        self._digest = hashlib.sha256()
        self.size = 0

    def __enter__(self) -> "PieceSink":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._file.close()
        self._temporary.unlink(missing_ok=True)

    @property
    def hash(self) -> str:
        """SHA-256 of what was written so far."""
        return self._digest.hexdigest()

    def write(self, chunk: bytes) -> None:
        """Append to the piece."""
        self._digest.update(chunk)
        self.size += len(chunk)
        write_all(self._file.fileno(), chunk)

    def keep(self) -> bool:
        """Put the piece in its place, durably; False when another one took that place meanwhile."""
        os.fsync(self._file.fileno())
        self._file.close()
        reach("centre.file.before")
        try:
            os.link(self._temporary, self._target)  # unlike a rename it fails where the name is taken
        except FileExistsError:
            return False
        sync_folder(self._target.parent)
        reach("centre.file.after")
        return True


def _entries(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []
