"""A paper that the counter hands over, and the file behind it."""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One issued paper: its PDF is the attachment `content_hash`, printed `print_count` times so far.

    `revoked_on`: taken back on that day; it stays in the file and is not printed again.
    """

    id: str
    version: int = 0
    case_id: str
    resident_id: str
    kind_code: str
    number: str
    content_hash: str
    made_at: datetime
    made_by: str
    print_count: int = 0
    is_provisional: bool = False
    revoked_on: date | None = None
    station_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file by its content: SHA-256 in hex, size in bytes, media type."""

    hash: str
    size: int
    media_type: str


PLAIN_CODE = "NBCASE:1"


def plain_code(kind: str, *parts: object) -> str:
    """What the code of a paper says that no key has signed: its kind and by what it is found, joined by colons."""
    return ":".join((PLAIN_CODE, kind, *map(str, parts)))
