"""A second, independent copy of everything unsent: append-only segments beside the desk's database.

An act is in the log and in the database, or nobody was told that it is done. Its frames are written inside the act; then the
log's sync and the database's COMMIT run side by side, because on a counter PC either waits for the disk only.

| a power cut leaves | afterwards |
|---|---|
| the act in both | the ordinary case |
| in the log only | nobody was told; the desk's next act takes its sequence, and the later frame of a sequence counts |
| in the database only | the next start appends it (`complete`) |

What is in a frame is made and opened elsewhere (`nbcase.crypto.sealed_file`); here are files, places and sequences.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import RLock
from typing import Protocol

import msgspec
import sqlalchemy as sa
import structlog

from nbcase.domain.action import Action, canonical
from nbcase.domain.crashpoints import reach
from nbcase.domain.document import Attachment
from nbcase.domain.errors import UserError
from nbcase.domain.words import tr
from nbcase.store.desk_files import find_file, read_file
from nbcase.store.tables import attachment_content, desk_action, outbox
from nbcase.store.vault import sync_folder

FOLDER = "sealed"
SUFFIX = ".nbseal"
FULL = 64 << 20
"""A segment that has grown so far is followed by a new one."""

ROOM = 1 << 20
"""Kept in advance: a file that does not grow needs less metadata in its sync."""

_MARK, _FILE, _CHUNK, _ACTION = 1, 2, 3, 4
_GATHERED = 1 << 20

_log = structlog.get_logger()


class Seal(Protocol):
    """Closes the frames of one segment. `chain` may be set back to an earlier value, which takes back the frames since."""

    header: bytes
    chain: bytes

    def close(self, kind: int, plain: bytes) -> bytes:
        """The next frame."""
        ...


class FileHead(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What stands before a file's pieces."""

    hash: str
    size: int
    media_type: str


@dataclass(slots=True, kw_only=True)
class Segment:
    """What is known of one file of the log: hashes of acts by sequence (the last of each counts) and files that are whole in it.

    `is_whole` is False where something in it could not be read or is not certain to be on the disk.
    """

    path: Path
    hashes: dict[int, str] = field(default_factory=dict)
    files: set[str] = field(default_factory=set)
    is_whole: bool = True
    until: int = 0
    """For a segment that is not whole: the desk's last sequence when that was found."""

    @property
    def last(self) -> int:
        """Nothing past this sequence is in it."""
        return max(self.until, max(self.hashes, default=0))


@dataclass(frozen=True, slots=True, kw_only=True)
class LogState:
    """How the log stands, for the status line: acts it holds, its bytes, and what is wrong with it in words (empty: nothing)."""

    acts: int
    bytes: int
    problem: str


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an act's frames begin, and what has to be forgotten when it is taken back."""

    segment: Segment
    offset: int
    chain: bytes
    sequence: int
    before: str | None
    files: frozenset[str]


class SealedLog:
    """The log of one open desk. Its calls belong inside a write transaction of the desk's database: that lock comes first, then its own."""

    def __init__(
        self,
        folder: Path,
        desk_id: str,
        segments: Iterable[Segment],
        new_seal: Callable[[int], Seal],
        mark: Callable[[sa.Connection], bytes],
    ) -> None:
        """`segments` in their order; `new_seal` makes the seal of segment n, `mark` its first frame: what a rescue needs to know."""
        self._folder, self._desk_id = folder, desk_id
        self._segments = list(segments)
        self._new_seal, self._mark = new_seal, mark
        self._file: _Growing | None = None
        self._seal: Seal | None = None
        self._syncs = ThreadPoolExecutor(1, thread_name_prefix="sealed-log")
        self._lock = RLock()
        self._problem = ""
        self._has_gap = False

    @property
    def state(self) -> LogState:
        """Acts, bytes, trouble."""
        acts = {sequence for segment in tuple(self._segments) for sequence in tuple(segment.hashes)}
        return LogState(acts=len(acts), bytes=sum(_size(segment.path) for segment in tuple(self._segments)), problem=self._problem)

    def paths(self) -> list[Path]:
        """Its files, in order."""
        return [segment.path for segment in self._segments]

    def close(self) -> None:
        """Give file and thread back; the log may not be used afterwards."""
        self._syncs.shutdown()
        self._end_segment()

    @contextmanager
    def holding(self, connection: sa.Connection, action: Action) -> Iterator[None]:
        """Write an act, then sync it while the block commits the database. When the block raises, the act is taken back.

        Raises `UserError` when the log cannot take the act, before the block. When only the sync fails the act stands: it is
        in the database, `state` says so, and the next act, the next contact or the next start makes up for it.
        """
        with self._lock:
            place, file = self._append(connection, action)
            syncing = self._syncs.submit(file.sync)
            try:
                yield
            except Exception:
                wait((syncing,))
                self._take_back(place)
                # A sync that failed concerns what earlier acts wrote too: it is reported once, to this one.
                self._settle(place.segment, syncing)
                raise
            self._settle(place.segment, syncing)
        reach("desk.seal.synced")

    def begin_file(self, connection: sa.Connection) -> tuple[bytes, Seal]:
        """First bytes of a sealed file of its own, such as for a stick, and the seal that closes its frames."""
        seal = self._new_seal(0)
        return seal.header + seal.close(_MARK, self._mark(connection)), seal

    def is_behind(self, connection: sa.Connection) -> bool:
        """Whether an unsent act is not in the log."""
        return self._has_gap or bool(self._absent(connection))

    def can_drop(self, covered: int) -> bool:
        """Whether `drop` would delete something."""
        return bool(self._droppable(covered))

    def complete(self, connection: sa.Connection) -> int:
        """Append every unsent act that the log lacks, durably; answers how many. Inside a write transaction.

        Raises `UserError` when the disk does not take them.
        """
        with self._lock:
            missing = self._missing(connection)
            for action in missing:
                self._write_act(connection, action)
            self._has_gap = False
            if self._file is not None:
                self._settle(self._segments[-1], self._syncs.submit(self._file.sync))
        return len(missing)

    def drop(self, covered: int) -> int:
        """Delete closed segments that hold nothing past sequence `covered`; answers how many.

        The newest one with acts stays: it tells a rescue where the chain goes on.
        """
        with self._lock:
            gone = self._droppable(covered)
            for segment in gone:
                reach("desk.seal.drop.before")
                segment.path.unlink(missing_ok=True)
                self._segments.remove(segment)
            if gone:
                sync_folder(self._folder)
                reach("desk.seal.drop.after")
        return len(gone)

    def _droppable(self, covered: int) -> list[Segment]:
        newest = max((segment.path for segment in self._segments if segment.hashes), default=None)
        current = self._file.path if self._file is not None else None
        return [segment for segment in self._segments if segment.last <= covered and segment.path not in (newest, current)]

    def _append(self, connection: sa.Connection, action: Action) -> tuple[_Place, "_Growing"]:
        if self._has_gap:
            for earlier in self._missing(connection, before=action.sequence):
                self._write_act(connection, earlier)
            self._has_gap = False
        place = self._write_act(connection, action)
        assert self._file is not None
        return place, self._file

    def _write_act(self, connection: sa.Connection, action: Action) -> _Place:
        """All frames of an act, or none of them."""
        file, seal = self._room(connection)
        segment = self._segments[-1]
        files = self._new_files(connection, action)
        before = segment.hashes.get(action.sequence)
        place = _Place(segment, file.end, seal.chain, action.sequence, before, frozenset(entry.hash for entry in files))
        reach("desk.seal.before")
        try:
            for frame in act_frames(connection, seal, action, files):
                file.write(frame)
            file.flush()
        except OSError as error:
            self._take_back(place)
            raise _full_disk() from error
        except Exception:
            self._take_back(place)
            raise
        reach("desk.seal.after")
        segment.hashes[action.sequence] = action.hash
        segment.files |= place.files
        return place

    def _new_files(self, connection: sa.Connection, action: Action) -> list[Attachment]:
        """Files of the act that neither the log nor, for certain, the centre has."""
        if not action.attachments:
            return []
        sealed = {content_hash for segment in self._segments if segment.is_whole for content_hash in segment.files}
        return unsent_files(connection, [content_hash for content_hash in action.attachments if content_hash not in sealed])

    def _missing(self, connection: sa.Connection, before: int | None = None) -> list[Action]:
        """Unsent acts that the log lacks, in order."""
        body = sa.select(desk_action.c.body).where(desk_action.c.sequence == sa.bindparam("of"))
        absent = (sequence for sequence in self._absent(connection) if before is None or sequence < before)
        return [msgspec.json.decode(connection.execute(body, {"of": sequence}).scalar_one(), type=Action) for sequence in absent]

    def _absent(self, connection: sa.Connection) -> list[int]:
        query = sa.select(desk_action.c.sequence, desk_action.c.hash).join(outbox, outbox.c.sequence == desk_action.c.sequence)
        sealed = self._hashes()
        rows = connection.execute(query.where(outbox.c.outcome.is_(None)).order_by(outbox.c.sequence))
        return [row.sequence for row in rows if sealed.get(row.sequence) != row.hash]

    def _hashes(self) -> Mapping[int, str]:
        found: dict[int, str] = {}
        for segment in self._segments:
            if segment.is_whole:
                found.update(segment.hashes)
        return found

    def _room(self, connection: sa.Connection) -> tuple["_Growing", Seal]:
        if self._file is not None and self._file.end >= FULL:
            self._turn_over(self._file)
        if self._file is None or self._seal is None:
            return self._begin_segment(connection)
        return self._file, self._seal

    def _begin_segment(self, connection: sa.Connection) -> tuple["_Growing", Seal]:
        number = _next_number(self._folder)
        path = self._folder / f"{self._desk_id}-{number:06d}{SUFFIX}"
        reach("desk.seal.begin.before")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            seal = self._new_seal(number)
            file = _Growing(path)
        except OSError as error:
            raise _full_disk() from error
        try:
            file.write(seal.header + seal.close(_MARK, self._mark(connection)))
            file.flush()
            sync_folder(self._folder)
        except OSError as error:
            with suppress(OSError):
                file.close()
            with suppress(OSError):
                path.unlink(missing_ok=True)
            raise _full_disk() from error
        self._file, self._seal = file, seal
        self._segments.append(Segment(path=path))
        reach("desk.seal.begin.after")
        return file, seal

    def _turn_over(self, file: "_Growing") -> None:
        """Close a full segment; what was appended to it without a sync of its own is on the disk then."""
        try:
            file.sync()
            self._end_segment()
        except OSError:
            self._give_up(self._segments[-1])

    def _end_segment(self) -> None:
        file, self._file, self._seal = self._file, None, None
        if file is not None:
            file.close()

    def _take_back(self, place: _Place) -> None:
        """Leave the log as it was before the act. Where even that fails, the segment is given up for a new one."""
        assert self._file is not None
        assert self._seal is not None
        place.segment.files -= place.files
        if place.before is None:
            place.segment.hashes.pop(place.sequence, None)
        else:
            place.segment.hashes[place.sequence] = place.before
        try:
            self._file.truncate(place.offset)
            self._seal.chain = place.chain
        except OSError:
            self._give_up(place.segment)

    def _settle(self, segment: Segment, syncing: "Future[None]") -> None:
        error = syncing.exception()
        if error is None:
            self._problem = ""
        elif isinstance(error, OSError):
            _log.error("sealed_log_not_synced", error=str(error))
            self._problem = tr("封存副本写不进磁盘：{text}").format(text=error.strerror or str(error))
            self._give_up(segment)
        else:
            raise error

    def _give_up(self, segment: Segment) -> None:
        """After a failed sync nobody knows what of a file is on the disk: go on in another one, with everything again."""
        segment.is_whole, segment.until = False, segment.last
        self._has_gap = True
        with suppress(OSError):
            self._end_segment()


def unsent_files(connection: sa.Connection, hashes: Sequence[str]) -> list[Attachment]:
    """Those of these files that this desk has and the centre is not known to have."""
    content = attachment_content
    sent = set(connection.execute(sa.select(content.c.hash).where(content.c.hash.in_(hashes), content.c.is_at_centre.is_(True))).scalars())
    found = (find_file(connection, content_hash) for content_hash in hashes if content_hash not in sent)
    return [file for file in found if file is not None]


def act_frames(connection: sa.Connection, seal: Seal, action: Action, files: Iterable[Attachment]) -> Iterator[bytes]:
    """An act's frames: its files in pieces, then the act itself."""
    for file in files:
        yield seal.close(_FILE, msgspec.json.encode(FileHead(hash=file.hash, size=file.size, media_type=file.media_type)))
        for piece in read_file(connection, file.hash):
            yield seal.close(_CHUNK, piece)
    yield seal.close(_ACTION, canonical(action))


class _Growing:
    """A file that is appended to, with room kept in advance; what is gathered reaches it by `flush`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.end = 0
        self._room = 0
        self._gathered = bytearray()
        self._raw = path.open("xb", buffering=0)

    def write(self, content: bytes) -> None:
        self._gathered += content
        if len(self._gathered) >= _GATHERED:
            self.flush()

    def flush(self) -> None:
        content, self._gathered = self._gathered, bytearray()
        self._keep_room(len(content))
        self._raw.seek(self.end)
        view = memoryview(content)
        while view:
            written = self._raw.write(view) or 0
            self.end += written
            view = view[written:]

    def sync(self) -> None:
        getattr(os, "fdatasync", os.fsync)(self._raw.fileno())

    def truncate(self, end: int) -> None:
        self._gathered.clear()
        self._raw.truncate(end)
        self.end = self._room = end

    def close(self) -> None:
        """The room that is left goes back to the disk."""
        try:
            self._raw.truncate(self.end)
        finally:
            self._raw.close()

    def _keep_room(self, size: int) -> None:
        if self.end + size <= self._room or not hasattr(os, "posix_fallocate"):
            return
        # Where there is no room in advance the act itself may still fit; if not, the write says so.
        with suppress(OSError):
            os.posix_fallocate(self._raw.fileno(), self.end, size + ROOM)
            self._room = self.end + size + ROOM


def _size(path: Path) -> int:
    """Bytes of a file; none where it was dropped meanwhile."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _next_number(folder: Path) -> int:
    """Behind every segment that is there: a second program at the same desk writes files of its own."""
    numbers = (path.stem.rpartition("-")[2] for path in folder.glob(f"*{SUFFIX}"))
    return max((int(number) for number in numbers if number.isascii() and number.isdigit()), default=0) + 1


def _full_disk() -> UserError:
    return UserError(
        tr("磁盘写不进去了，封存副本没有写成，这一步没有办成。"),
        safe=tr("草稿和已办的件都在，没有改动。"),
        do=tr("请清出磁盘空间后再按一次；不行请联系管理员。"),
    )
