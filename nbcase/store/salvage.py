"""What can still be read of a damaged desk database: page by page, record by record, without SQLite.

SQLite gives up where its first page or an inner page is spoilt. Here every leaf page that proves itself is read for what is in
it, wherever it hangs; a row is known by its shape, an act by its own hash, a file by its content's. The write-ahead log
counts as far as it was committed. (SQLite file format, https://www.sqlite.org/fileformat2.html.)
"""

import hashlib
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import sqlalchemy as sa

from nbcase.domain.action import Action, Outcome, action_hash
from nbcase.domain.clerk import Clerk, Station
from nbcase.store.tables import attachment_content, desk_action, desk_metadata, desk_state, draft, number_block, outbox

PAGE = 4096
USABLE = 4016
"""80 bytes taken off: SQLite keeps the reserve that SQLCipher first asks for, though HMAC-SHA256 needs but 48 of it."""

_LEAF = 0x0D
_MOST_LOCAL = USABLE - 35
_LEAST_LOCAL = (USABLE - 12) * 32 // 255 - 23
_WAL_HEADER, _FRAME_HEADER = 32, 24

OpenPage = Callable[[int, bytes], bytes | None]
"""The plain page behind number and stored bytes; None for one that does not prove itself."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A row in a leaf page, its values still in their bytes; `read` fetches what overflowed."""

    rowid: int
    page: int
    size: int
    local: bytes
    overflow: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SalvagedDraft:
    """A row of the table of drafts, as it was kept."""

    id: str
    clerk_id: str
    item_code: str
    situation_code: str
    title: str
    answers: str
    attachments: str
    saved_at: str


@dataclass(slots=True, kw_only=True)
class Salvage:
    """Everything of use that was found.

    `acts` holds each act that proved itself, by sequence; of a place there may be several. `answered` has rows of the outbox
    with an answer by the act's id, `blocks` last and next number by series and first.
    """

    pages: int = 0
    spoilt_pages: int = 0
    acts: dict[int, list[Action]] = field(default_factory=dict)
    answered: dict[str, dict[str, Any]] = field(default_factory=dict)
    identity: dict[str, str] | None = None
    clerks: dict[str, Clerk] = field(default_factory=dict)
    stations: dict[str, Station] = field(default_factory=dict)
    blocks: dict[tuple[str, int], tuple[int, int]] = field(default_factory=dict)
    drafts: dict[str, SalvagedDraft] = field(default_factory=dict)
    media_types: dict[str, str] = field(default_factory=dict)
    at_centre: set[str] = field(default_factory=set)
    file_ids: dict[str, str] = field(default_factory=dict)
    pieces: dict[str, dict[int, Cell]] = field(default_factory=dict)


class DamagedDatabase:
    """A database file with its write-ahead log, read only."""

    def __init__(self, path: Path, open_page: OpenPage) -> None:
        self._file = path.open("rb")
        self._open_page = open_page
        wal = path.with_name(f"{path.name}-wal")
        self._wal: BinaryIO | None = wal.open("rb") if wal.exists() else None
        self._frames = _committed_frames(self._wal) if self._wal is not None else {}
        # A spoilt frame may name any page; nothing is beyond what file and log have room for.
        most = path.stat().st_size // PAGE + sum(map(len, self._frames.values())) + 1
        self.count = min(max(-(-path.stat().st_size // PAGE), max(self._frames, default=0)), most)

    def close(self) -> None:
        """Give the files back."""
        self._file.close()
        if self._wal is not None:
            self._wal.close()

    def page(self, number: int) -> bytes | None:
        """The newest committed state of a page that proves itself."""
        for offset in reversed(self._frames.get(number, ())):
            assert self._wal is not None
            self._wal.seek(offset)
            plain = self._open_page(number, self._wal.read(PAGE))
            if plain is not None:
                return plain
        self._file.seek((number - 1) * PAGE)
        return self._open_page(number, self._file.read(PAGE))

    def read(self, cell: Cell) -> bytes | None:
        """A row's whole payload; None where a page of it is spoilt."""
        payload, following = bytearray(cell.local), cell.overflow
        while len(payload) < cell.size:
            page = self.page(following) if 0 < following <= self.count else None
            if page is None:
                return None
            following = int.from_bytes(page[:4], "big")
            payload += page[4 : 4 + min(USABLE - 4, cell.size - len(payload))]
        return bytes(payload)

    def salvage(self) -> Salvage:
        """Read everything once."""
        found = Salvage(pages=self.count)
        unused = self._unused_pages()
        for number in range(1, self.count + 1):
            page = self.page(number)
            if page is None:
                found.spoilt_pages += 1
                continue
            for cell in _cells(number, page):
                _take(found, self, cell, is_stale=number in unused)
        return found

    def file_hash(self, pieces: dict[int, Cell]) -> str | None:
        """SHA-256 of the content in these pieces; None where one is missing or spoilt."""
        digest = hashlib.sha256()
        for piece in self.file_content(pieces):
            if piece is None:
                return None
            digest.update(piece)
        return digest.hexdigest()

    def file_content(self, pieces: dict[int, Cell]) -> Iterator[bytes | None]:
        """The pieces in order; None in the place of one that is missing or spoilt."""
        for ordinal in range(len(pieces)):
            cell = pieces.get(ordinal)
            payload = self.read(cell) if cell is not None else None
            values = _values(payload) if payload is not None else None
            yield values[2] if values is not None and len(values) == 3 and isinstance(values[2], bytes) else None

    def file_size(self, pieces: dict[int, Cell]) -> int:
        """Bytes in these pieces, as far as they can be read."""
        return sum(len(piece or b"") for piece in self.file_content(pieces))

    def _unused_pages(self) -> set[int]:
        """Pages that the first page lists as free: rows in them were deleted."""
        first = self.page(1)
        following = int.from_bytes(first[32:36], "big") if first is not None else 0
        unused: set[int] = set()
        while following and following not in unused and (trunk := self.page(following)) is not None:
            unused.add(following)
            following, count = struct.unpack(">II", trunk[:8])
            count = min(count, (USABLE - 8) // 4)
            unused.update(struct.unpack(f">{count}I", trunk[8 : 8 + 4 * count]))
        return unused


def _committed_frames(wal: BinaryIO) -> dict[int, list[int]]:
    """Offsets of each page's frames, oldest first, up to the last COMMIT.

    SQLite's own sums are not looked at: they end the log at the first spoilt frame, and each page proves itself anyway. A frame
    with another salt is spoilt in its head, or left over from before the log began anew; those behind it still count.
    """
    salts = wal.read(_WAL_HEADER)[16:24]
    committed: dict[int, list[int]] = {}
    pending: list[tuple[int, int]] = []
    offset = _WAL_HEADER
    while len(head := wal.read(_FRAME_HEADER)) == _FRAME_HEADER:
        number, size_after = struct.unpack(">II", head[:8])
        is_present = head[8:16] == salts
        if is_present:
            pending.append((number, offset + _FRAME_HEADER))
        if is_present and size_after:
            for page, place in pending:
                committed.setdefault(page, []).append(place)
            pending.clear()
        offset += _FRAME_HEADER + PAGE
        wal.seek(offset)
    return committed


def _cells(number: int, page: bytes) -> Iterator[Cell]:
    """Rows of a table's leaf page; nothing for a page of another kind."""
    start = 100 if number == 1 else 0
    if page[start] != _LEAF:
        return
    count = int.from_bytes(page[start + 3 : start + 5], "big")
    for place in range(start + 8, min(start + 8 + 2 * count, USABLE), 2):
        offset = int.from_bytes(page[place : place + 2], "big")
        try:
            size, offset = _varint(page, offset)
            rowid, offset = _varint(page, offset)
        except IndexError:
            continue
        local = _local_bytes(size)
        overflow = int.from_bytes(page[offset + local : offset + local + 4], "big") if local < size else 0
        if offset + local <= USABLE:
            yield Cell(rowid=rowid, page=number, size=size, local=page[offset : offset + local], overflow=overflow)


def _local_bytes(size: int) -> int:
    if size <= _MOST_LOCAL:
        return size
    local = _LEAST_LOCAL + (size - _LEAST_LOCAL) % (USABLE - 4)
    return local if local <= _MOST_LOCAL else _LEAST_LOCAL


def _varint(content: bytes, offset: int) -> tuple[int, int]:
    value = 0
    for place in range(8):
        byte = content[offset + place]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, offset + place + 1
    return value << 8 | content[offset + 8], offset + 9


_INTEGERS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}


def _kinds(payload: bytes) -> tuple[list[int], int] | None:
    """Serial types of a record's columns and where its content begins; None for what is no record."""
    try:
        end, offset = _varint(payload, 0)
        kinds = []
        while offset < end:
            kind, offset = _varint(payload, offset)
            kinds.append(kind)
    except IndexError:
        return None
    return (kinds, end) if offset == end else None


def _values(payload: bytes, most: int | None = None) -> list[Any] | None:
    """A record's values, or its first `most`; None for what is no record."""
    head = _kinds(payload)
    if head is None:
        return None
    kinds, offset = head
    values: list[Any] = []
    for kind in kinds[:most]:
        if kind == 0:
            values.append(None)
        elif kind in (8, 9):
            values.append(kind - 8)
        elif kind in _INTEGERS:
            values.append(int.from_bytes(payload[offset : offset + _INTEGERS[kind]], "big", signed=True))
            offset += _INTEGERS[kind]
        elif kind == 7:
            values.append(struct.unpack(">d", payload[offset : offset + 8])[0])
            offset += 8
        elif kind >= 12:
            size = (kind - 12) // 2
            content = payload[offset : offset + size]
            values.append(content if kind % 2 == 0 else content.decode(errors="replace"))
            offset += size
        else:
            return None
    return values if offset <= len(payload) else None


def _take(found: Salvage, database: DamagedDatabase, cell: Cell, *, is_stale: bool) -> None:
    """Keep a row where its shape is one of those that matter. Stale rows were deleted: of those only what proves itself counts."""
    head = _kinds(cell.local)
    if head is None:
        return
    kinds = head[0]
    if len(kinds) == 3 and kinds[0] == _UUID_TEXT and kinds[2] >= 12 and kinds[2] % 2 == 0:
        values = _values(cell.local, 2)
        if values is not None and isinstance(values[1], int):
            found.pieces.setdefault(values[0], {})[values[1]] = cell
        return
    if len(kinds) not in _SHAPES or (is_stale and len(kinds) != len(desk_action.c)):
        return
    payload = database.read(cell)
    values = _values(payload) if payload is not None else None
    if values is not None:
        for take in _SHAPES[len(kinds)]:
            take(found, cell.rowid, values)


def _take_act(found: Salvage, rowid: int, values: list[Any]) -> None:
    body = values[8]
    if values[0] is not None or not isinstance(body, bytes):
        return
    try:
        action = msgspec.json.decode(body, type=Action)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return
    known = found.acts.setdefault(action.sequence, [])
    if action.sequence == rowid and action_hash(action) == action.hash and action not in known:
        known.append(action)


def _take_clerk(found: Salvage, rowid: int, values: list[Any]) -> None:
    _convert(found.clerks, Clerk, values, "login")


def _take_station(found: Salvage, rowid: int, values: list[Any]) -> None:
    _convert(found.stations, Station, values, "code")


def _convert(kept: dict[str, Any], kind: type[Any], values: list[Any], key: str) -> None:
    names = [entry.name for entry in fields(kind)]
    try:
        record = msgspec.convert(dict(zip(names, values, strict=True)), kind)
    except (msgspec.ValidationError, ValueError):
        return
    kept[getattr(record, key)] = record


def _take_answer(found: Salvage, rowid: int, values: list[Any]) -> None:
    row = dict(zip((column.name for column in outbox.c), values, strict=True))
    if row["sequence"] is None and isinstance(row["action_id"], str) and row["outcome"] in list(Outcome):
        found.answered[row["action_id"]] = row


def _take_draft(found: Salvage, rowid: int, values: list[Any]) -> None:
    if not all(isinstance(value, str) for value in values) or not values[5].startswith("{") or not values[6].startswith("["):
        return
    draft = SalvagedDraft(**dict(zip((entry.name for entry in fields(SalvagedDraft)), values, strict=True)))
    if draft.id not in found.drafts or found.drafts[draft.id].saved_at < draft.saved_at:
        found.drafts[draft.id] = draft


def _take_block(found: Salvage, rowid: int, values: list[Any]) -> None:
    series, first, last, following = values
    if isinstance(series, str) and all(isinstance(value, int) for value in values[1:]) and first <= following <= last + 1:
        known = found.blocks.get((series, first), (last, following))
        found.blocks[series, first] = (last, max(following, known[1]))


def _take_file(found: Salvage, rowid: int, values: list[Any]) -> None:
    """Rows of both tables about files: size and media type, or where the pieces are and whether the centre has it."""
    content_hash, second, third = values
    if not isinstance(content_hash, str) or len(content_hash) != 64:
        return
    if isinstance(second, int) and isinstance(third, str):
        found.media_types[content_hash] = third
    elif isinstance(second, str) and third in (0, 1):
        found.file_ids[content_hash] = second
        if third:
            found.at_centre.add(content_hash)


def _take_state(found: Salvage, rowid: int, values: list[Any]) -> None:
    key, value = values
    if key != "identity" or not isinstance(value, str):
        return
    try:
        found.identity = msgspec.json.decode(value, type=dict[str, str])
    except msgspec.DecodeError:
        return


_UUID_TEXT = 13 + 2 * 36
"""Serial type of a text of 36 bytes."""

_TAKES: tuple[tuple[sa.Table, Callable[[Salvage, int, list[Any]], None]], ...] = (
    (desk_state, _take_state),
    (attachment_content, _take_file),
    (number_block, _take_block),
    (desk_metadata.tables["station"], _take_station),
    (draft, _take_draft),
    (outbox, _take_answer),
    (desk_action, _take_act),
    (desk_metadata.tables["clerk"], _take_clerk),
)

_SHAPES = {size: tuple(take for table, take in _TAKES if len(table.c) == size) for size in sorted({len(table.c) for table, _ in _TAKES})}
"""By number of columns."""
