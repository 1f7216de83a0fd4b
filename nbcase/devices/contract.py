"""What the program asks of devices, and the plain values that they give back."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from enum import StrEnum
from hashlib import sha256
from typing import Protocol

from nbcase.domain.identity import DocumentKind, Problem

Point = tuple[float, float]
"""x and y in pixels of the rectified picture, from its upper left corner."""

Box = tuple[Point, Point, Point, Point]
"""Four corners, from the text's upper left, clockwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardData:
    """What the chip of an identity card says.

    `sex_code` is GB/T 2261.1, `nation_code` the two digits of GB/T 3304 (empty where the card has none).
    `valid_until_on` is None on a card without end (长期). `photo` is the maker's own 1,024-byte format, which
    nothing here can show, and `raw_text` the 256 bytes as read, kept because folded signs cannot be unfolded.
    `new_address` is the address that was added after the card was made, empty on most cards; `fingers` holds none, one
    or two fingerprints of 512 bytes, and is empty unless they were asked for.
    """

    kind: DocumentKind
    name: str
    number: str
    sex_code: str
    birth_on: date | None
    valid_from_on: date | None
    valid_until_on: date | None
    nation_code: str = ""
    address: str = ""
    authority: str = ""
    name_latin: str = ""
    country_code: str = ""
    pass_number: str = ""
    issue_count: str = ""
    version: str = ""
    link: str = ""
    new_address: str = ""
    photo: bytes = b""
    fingers: bytes = b""
    raw_text: bytes = b""

    @property
    def has_unreadable_signs(self) -> bool:
        """Whether the name or an address has a sign without a public code point: the clerk must look at the card."""
        return any("\ue000" <= sign <= "\uf8ff" or sign == "\ufffd" for sign in self.name + self.address + self.new_address)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderStatus:
    """Whether a card reader, or a camera, answers, with a sentence for the clerk."""

    port: str
    is_ready: bool
    text: str


class CardReader(Protocol):
    """A reader of chip cards; every failure is a `DeviceError`."""

    def read(self, deadline_s: float = 3.0) -> CardData:
        """Wait for a card and read it, within `deadline_s` seconds.

        A driver that takes turns with others is given `wait_s` too: after so long without a card it gives up.
        """
        ...

    def status(self) -> ReaderStatus:
        """Whether the reader answers now; a fault is told, not raised."""
        ...

    def is_ready(self) -> bool:
        """Whether `read` can be asked for."""
        ...

    def warm_up(self) -> None:
        """Get ready for the first card; never needed, only quicker."""
        ...

    def close(self) -> None:
        """Let go of what is held."""
        ...


class Source(StrEnum):
    """Where a scanner takes its sheets from."""

    FLATBED = "flatbed"
    FEEDER = "feeder"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanStep:
    """How far a scan is: `percent` of `page`, counted from 1; a finished page brings its `picture`.

    It is a JPEG, from a folder also a PNG or a whole PDF.
    """

    page: int
    percent: int
    picture: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannerStatus:
    """Whether a scanner is there, what it can take sheets from, and a sentence for the clerk."""

    is_ready: bool
    text: str
    sources: tuple[Source, ...] = ()


class Scanner(Protocol):
    """A scanner of papers; every failure is a `DeviceError`, and pages that came before it stay good."""

    def scan(self, source: Source, *, dpi: int = 300) -> Iterator[ScanStep]:
        """Pages as they come: one from the flatbed, all that lie in the feeder."""
        ...

    def cancel(self) -> None:
        """Give the scan up; `scan` ends with a `DeviceError` that says so."""
        ...

    def status(self) -> ScannerStatus:
        """Whether the scanner is there now; a fault is told, not raised."""
        ...

    def close(self) -> None:
        """Let go of what is held."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraFrame:
    """What a camera sees: a small JPEG to show, whether a picture would be good now; the last one brings the `picture`, a JPEG."""

    preview: bytes
    is_still: bool
    is_sharp: bool
    picture: bytes = b""


class Camera(Protocol):
    """A document camera; every failure is a `DeviceError`."""

    def watch(self) -> Iterator[CameraFrame]:
        """Frames until a picture was taken: by itself when the view is sharp and still, or when `shoot` says so."""
        ...

    def status(self) -> ReaderStatus:
        """Whether there is a view; a fault is told, not raised."""
        ...

    def shoot(self) -> None:
        """Take the picture at once."""
        ...

    def cancel(self) -> None:
        """Stop watching without a picture."""
        ...

    def close(self) -> None:
        """Let go of what is held."""
        ...


class Side(StrEnum):
    """The side of an identity card that a picture shows."""

    FRONT = "front"
    BACK = "back"
    UNKNOWN = "unknown"


class DocumentType(StrEnum):
    """What a picture shows; the text of the two papers at the end is given as it stands, without fields."""

    ID_CARD = "id_card"
    HMT_RESIDENCE = "hmt_residence"
    FOREIGNER_CARD = "foreigner_card"
    PASSPORT = "passport"
    TRAVEL_PASS = "travel_pass"
    HOUSEHOLD_PAGE = "household_page"
    LEASE = "lease"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was held against another: None where there was nothing to compare; `why` is said where it failed."""

    key: str
    name: str
    passed: bool | None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldReading:
    """One field as read from a picture.

    `text` is what is printed, `value` what belongs in the record (a code, an ISO date; empty for 长期).
    `confidence` is the engine's, 0 to 1; it does not catch look-alike signs, so `needs_look` decides what the
    clerk compares with the picture, and `why` tells the reason. `box` has the four corners of the field. `others`
    are further readings that are as good by every rule: only a person can choose.
    """

    text: str
    value: str
    confidence: float
    box: Box
    needs_look: bool = False
    why: str = ""
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadDocument:
    """The fields of a document found in a picture, with the straightened picture they were read from.

    Keys of `fields` are those of the record: name, sex_code, nation_code, birth_on, address, number, authority,
    valid_from_on, valid_until_on, and name_latin, country_code, pass_number, issue_count of other people's documents;
    one that was not found is absent. `document_kind` is the record's, empty where the picture does not tell it. `confidence`
    is the lowest of the fields. `text` has the rows of a household page or a lease. `picture` is a JPEG.
    """

    side: Side
    fields: dict[str, FieldReading]
    picture: bytes
    width: int
    height: int
    problems: tuple[Problem, ...]
    seconds: float
    type: DocumentType = DocumentType.UNKNOWN
    document_kind: str = ""
    confidence: float = 0.0
    checks: tuple[Check, ...] = ()
    text: tuple[str, ...] = ()


def as_plain(value: object) -> object:
    """The value as JSON can carry it: records as objects, dates in ISO form, bytes by size and digest only."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: as_plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {str(key): as_plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [as_plain(item) for item in value]
    if isinstance(value, bytes):
        return {"size": len(value), "sha256": sha256(value).hexdigest()}
    if isinstance(value, date):
        return value.isoformat()
    return value
