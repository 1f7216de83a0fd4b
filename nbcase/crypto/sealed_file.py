"""Sealed files: append-only, readable by the desk that wrote them and by the centre, by nobody else on the way.

A file is one or more segments, one behind the other. A segment begins with a header in plain text, signed by the desk,
which holds the segment's key in two boxes: for the centre and for the desk. Frames follow::

    magic 4 | kind 1 | counter 8 | length 4 | closed (AES-256-GCM, nonce = counter)
    and behind kinds that are signed: chain before this frame 32 | signature 64

The chain is SHA-256 over the one before, the frame's head and what is closed; the signature is the desk's over the chain, so
that it covers every frame before it too. A reader stops at a torn tail; past a spoilt frame it looks for the next magic and
goes on, and says what it passed over. It asks for no unbroken chain: acts have one of their own, files have their hashes.
A counter is never used twice, not even for a frame that was taken back.
"""

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import BinaryIO

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from nbcase.crypto.keys import SigningKey, is_signed
from nbcase.crypto.sealing import seal, sealing_public_key, unseal

MAGIC = b"NBSEAL1\n"
FRAME_MAGIC = b"\xa7NBf"
HEAD_BYTES = 17
TRAILER_BYTES = 96
TAG_BYTES = 16
MOST_HEADER = 16 << 10
MOST_FRAME = 16 << 20
"""No act and no piece of a file comes near this; a length past it is a spoilt one."""

_LOOK = 1 << 16


class Kind(IntEnum):
    """What is in a frame: who wrote it (JSON), the head of a file (JSON), a piece of it, an act (canonical JSON)."""

    MARK = 1
    FILE = 2
    CHUNK = 3
    ACTION = 4


SIGNED = frozenset({Kind.MARK, Kind.ACTION})
_KINDS = frozenset(int(kind) for kind in Kind)


class Header(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The first part of a segment, in plain text. Keys and boxes in hex; `number` counts a desk's segments from 1."""

    desk_id: str
    number: int
    made_at: str
    centre_key: str
    centre_box: str
    desk_key: str
    desk_box: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One frame that could be opened."""

    kind: Kind
    plain: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """Bytes of a file that are of no use: from `offset` up to `until`; at the tail they are what a power cut left half."""

    offset: int
    until: int
    is_tail: bool


def derived_sealing_key(secret: bytes, purpose: str) -> bytes:
    """The private X25519 key that a 32-byte secret stands for, one for each purpose."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"nbcase sealing {purpose}".encode()).derive(secret)


class SegmentSeal:
    """Closes the frames of one new segment; what it answers has to be written in this order, behind `header`."""

    def __init__(self, *, desk_id: str, number: int, made_at: str, device: SigningKey, centre_key: str, desk_key: str) -> None:
        key = os.urandom(32)
        context = _context(desk_id, number, made_at)
        plain = Header(
            desk_id=desk_id,
            number=number,
            made_at=made_at,
            centre_key=centre_key,
            centre_box=seal(centre_key, key, context).hex(),
            desk_key=desk_key,
            desk_box=seal(desk_key, key, context).hex(),
        )
        text = msgspec.json.encode(plain, order="sorted")
        begin = MAGIC + len(text).to_bytes(4, "big") + text
        self.header = begin + bytes.fromhex(device.sign(_header_message(begin)))
        self.chain = hashlib.sha256(self.header).digest()
        """Chain so far. Set it back to an earlier value to take back the frames since; their counters stay used."""
        self._bound = self.chain
        self._cipher = AESGCM(key)
        self._sign = device.signer()
        self._counter = 0

    def close(self, kind: int, plain: bytes) -> bytes:
        """The next frame."""
        self._counter += 1
        head = _head(kind, self._counter, len(plain) + TAG_BYTES)
        closed = self._cipher.encrypt(_nonce(self._counter), plain, self._bound + head)
        before, self.chain = self.chain, hashlib.sha256(self.chain + head + closed).digest()
        if kind not in SIGNED:
            return head + closed
        return head + closed + before + self._sign(_frame_message(self.chain))


KeyOf = Callable[[Header], bytes | None]
"""How a reader gets at a segment's key; None where it cannot."""


def centre_opens(secret: bytes) -> KeyOf:
    """Opens what was sealed for the centre whose private sealing key this is."""
    return lambda header: _open(secret, header.centre_key, header.centre_box, header)


def desk_opens(secret: bytes) -> KeyOf:
    """Opens what the desk with this private sealing key wrote."""
    return lambda header: _open(secret, header.desk_key, header.desk_box, header)


def _open(secret: bytes, public_key: str, box: str, header: Header) -> bytes | None:
    if sealing_public_key(secret) != public_key:
        return None
    try:
        return unseal(secret, bytes.fromhex(box), _context(header.desk_id, header.number, header.made_at))
    except ValueError:
        return None


class SealedReader:
    """Reads a sealed file frame by frame in the memory of one frame.

    `key_of` opens segments, `signer_of` names the public key that has to have signed a segment (None: not this desk's).
    After the iteration `damages` says what was passed over and `foreign` which segments could not be opened or were not
    signed by their desk. `wanted` leaves the content of other kinds unread and unchecked.
    """

    def __init__(
        self,
        file: BinaryIO,
        key_of: KeyOf,
        signer_of: Callable[[Header], str | None],
        *,
        wanted: frozenset[Kind] = frozenset(Kind),
        checks_signatures: bool = True,
    ) -> None:
        self._file = file
        self._key_of, self._signer_of, self._wanted = key_of, signer_of, wanted
        self._checks = checks_signatures
        self._size = file.seek(0, os.SEEK_END)
        self.damages: list[Damage] = []
        self.foreign: list[str] = []
        self.headers: list[Header] = []
        self._segment: _Segment | None = None

    def __iter__(self) -> Iterator[Frame]:
        offset = 0
        spoilt_at: int | None = None
        while offset < self._size:
            found = self._read(offset)
            if found is None:
                spoilt_at = offset if spoilt_at is None else spoilt_at
                offset = self._next_magic(offset + 1)
                continue
            if spoilt_at is not None:
                if not self._is_blank(spoilt_at, offset):
                    self.damages.append(Damage(offset=spoilt_at, until=offset, is_tail=False))
                spoilt_at = None
            frame, offset = found
            if frame is not None:
                yield frame
        if spoilt_at is not None and not self._is_blank(spoilt_at, self._size):
            self.damages.append(Damage(offset=spoilt_at, until=self._size, is_tail=True))

    def _read(self, offset: int) -> tuple[Frame | None, int] | None:
        """What begins here and where it ends; None for what is no frame. A frame of a foreign segment is passed over."""
        start = self._bytes(offset, max(HEAD_BYTES, len(MAGIC) + 4))
        if start.startswith(MAGIC):
            return self._read_header(offset, int.from_bytes(start[8:12], "big"))
        if len(start) < HEAD_BYTES or not start.startswith(FRAME_MAGIC):
            return None
        head = start[:HEAD_BYTES]
        kind, counter, length = head[4], int.from_bytes(head[5:13], "big"), int.from_bytes(head[13:17], "big")
        trailer = TRAILER_BYTES if kind in SIGNED else 0
        end = offset + HEAD_BYTES + length + trailer
        if kind not in _KINDS or not TAG_BYTES <= length <= MOST_FRAME or end > self._size or self._segment is None:
            return None
        if self._segment.cipher is None:
            return None, end
        if kind not in self._wanted:
            # Nothing vouches for a length that is only passed over: a spoilt one must not carry the reader past what is whole.
            return (None, end) if self._may_begin_at(end) else None
        content = self._bytes(offset + HEAD_BYTES, length + trailer)
        frame = self._open_frame(self._segment, Kind(kind), head, counter, content[:length], content[length:])
        return None if frame is None else (frame, end)

    def _open_frame(self, segment: "_Segment", kind: Kind, head: bytes, counter: int, closed: bytes, trailer: bytes) -> Frame | None:
        assert segment.cipher is not None
        try:
            plain = segment.cipher.decrypt(_nonce(counter), closed, segment.bound + head)
        except InvalidTag:
            return None
        if trailer and self._checks:
            chain = hashlib.sha256(trailer[:32] + head + closed).digest()
            if not is_signed(segment.signer, _frame_message(chain), trailer[32:].hex()):
                return None
        return Frame(kind=kind, plain=plain)

    def _read_header(self, offset: int, length: int) -> tuple[None, int] | None:
        end = offset + len(MAGIC) + 4 + length + 64
        if length > MOST_HEADER or end > self._size:
            return None
        whole = self._bytes(offset, end - offset)
        try:
            header = msgspec.json.decode(whole[12:-64], type=Header)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None
        signer = self._signer_of(header)
        is_own = signer is not None and is_signed(signer, _header_message(whole[:-64]), whole[-64:].hex())
        key = self._key_of(header) if is_own else None
        if key is None:
            self.foreign.append(header.desk_id)
        else:
            self.headers.append(header)
        self._segment = _Segment(signer=signer or "", cipher=AESGCM(key) if key else None, bound=hashlib.sha256(whole).digest())
        return None, end

    def _bytes(self, offset: int, count: int) -> bytes:
        self._file.seek(offset)
        return self._file.read(count)

    def _may_begin_at(self, offset: int) -> bool:
        """Whether a frame, a segment, or nothing more stands here."""
        found = self._bytes(offset, len(MAGIC))
        return found.startswith((FRAME_MAGIC, MAGIC)) or not any(found)

    def _next_magic(self, offset: int) -> int:
        """Where a frame or a segment may begin next; the end of the file when nothing does."""
        while offset < self._size:
            block = self._bytes(offset, _LOOK)
            found = [place for place in (block.find(FRAME_MAGIC), block.find(MAGIC)) if place >= 0]
            if found:
                return offset + min(found)
            if len(block) < _LOOK:
                break
            offset += len(block) - len(MAGIC)
        return self._size

    def _is_blank(self, offset: int, until: int) -> bool:
        """Whether only zeros are there: room that was kept in advance."""
        while offset < until and (block := self._bytes(offset, min(_LOOK, until - offset))):
            if block.count(0) != len(block):
                return False
            offset += len(block)
        return True


@dataclass(slots=True, kw_only=True)
class _Segment:
    signer: str
    cipher: AESGCM | None
    bound: bytes


def _context(desk_id: str, number: int, made_at: str) -> bytes:
    return f"nbcase segment {desk_id} {number} {made_at}".encode()


def _header_message(begin: bytes) -> bytes:
    return b"nbcase-segment-1\n" + begin


def _frame_message(chain: bytes) -> bytes:
    return b"nbcase-frame-1\n" + chain


def _head(kind: int, counter: int, length: int) -> bytes:
    return FRAME_MAGIC + bytes([kind]) + counter.to_bytes(8, "big") + length.to_bytes(4, "big")


def _nonce(counter: int) -> bytes:
    return counter.to_bytes(12, "big")
