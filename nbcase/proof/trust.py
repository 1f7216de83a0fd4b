"""What a paper is held against: who may sign papers, and which papers were withdrawn. Two published lists, each signed by the centre.

Nothing in them is secret, so they also lie in a plain file beside a desk's database and in the bundle for other verifiers.
"""

import base64
import hashlib
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from nbcase.crypto.keys import is_signed
from nbcase.crypto.requests import publication_bytes
from nbcase.domain.errors import UserError
from nbcase.domain.publication import Publication, checksum
from nbcase.domain.words import tr

ISSUERS = "paper-issuers"
"""Keyed by the key id in hex; the authority's certificate under ``authority:`` and its hash."""

STATES = "paper-states"
"""Keyed by window of the papers' ids, see `window_of`; `AS_OF` says up to when the centre knew."""

AS_OF = "as_of"
AUTHORITY = "authority:"

OLD = timedelta(days=7)
"""A list that is older than this does not carry a plain yes any more."""

MARK_BYTES = 6
"""Of a paper's mark: among 100,000 withdrawn papers of a window a wrong hit has a chance of 1 in 3 thousand million; the centre
tries all papers that it knows and takes another salt where one is hit wrongly (`pack_marks`)."""


class Issuer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A key that may sign papers between `since` and `until`. `state`: ``good``; ``lost`` where nothing it signed is to be believed."""

    algorithm: int
    public_key: str
    certificate: str
    desk_id: str
    station_code: str
    station: str
    since: datetime
    until: datetime
    state: str = "good"


class Marks(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Papers of one window, each by the first bytes of a salted hash, sorted and put one after the other, in base64."""

    salt: int = 0
    revoked: str = ""
    confirmed: str = ""


def window_of(document_id: str) -> str:
    """Papers of some 50 days lie together: the first 16 bits of a UUIDv7 are time. Old windows seldom change, so little travels."""
    return document_id[:4]


def mark_of(document_id: str, salt: int) -> bytes:
    """What stands for a paper in a list; one cannot see from it whose it is."""
    return hashlib.sha256(f"nbcase-paper-1:{salt}:{document_id}".encode()).digest()[:MARK_BYTES]


def pack_marks(revoked: Iterable[str], confirmed: Iterable[str], others: Iterable[str], *, first_salt: int = 0) -> Marks:
    """Marks of a window's papers, by their ids. `others` are papers that must not be hit: a salt that hits one is not taken."""
    revoked, confirmed, others = list(revoked), list(confirmed), list(others)
    for salt in range(first_salt, first_salt + 1_000):
        listed = {mark_of(document_id, salt) for document_id in (*revoked, *confirmed)}
        if not any(mark_of(document_id, salt) in listed for document_id in others):
            return Marks(salt=salt, revoked=_packed(revoked, salt), confirmed=_packed(confirmed, salt))
    raise AssertionError("a thousand salts that all hit wrongly")


def _packed(ids: Iterable[str], salt: int) -> str:
    return base64.b64encode(b"".join(sorted(mark_of(document_id, salt) for document_id in ids))).decode()


def is_marked(packed: str, mark: bytes) -> bool:
    """Whether a mark is among the packed ones."""
    marks = base64.b64decode(packed)
    count = len(marks) // MARK_BYTES
    place = bisect_left(range(count), mark, key=lambda number: marks[number * MARK_BYTES : (number + 1) * MARK_BYTES])
    return place < count and marks[place * MARK_BYTES : (place + 1) * MARK_BYTES] == mark


class SignedList(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A published list with its head."""

    head: Publication
    entries: dict[str, Any]


class TrustFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``paper-trust.json``: both lists and the key of the centre that signed them."""

    centre_public_key: str
    issuers: SignedList | None = None
    states: SignedList | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """The lists ready for use; `as_of` is None where no list of withdrawn papers is there."""

    issuers: Mapping[str, Issuer]
    authorities: tuple[bytes, ...]
    marks: Mapping[str, Marks]
    as_of: datetime | None

    @property
    def certificates(self) -> list[bytes]:
        """Of all issuers, in DER."""
        return [base64.b64decode(issuer.certificate) for issuer in self.issuers.values()]

    def is_revoked(self, document_id: str) -> bool:
        """Whether a paper was withdrawn, as far as this list knows. Never says no for one that the list was made with."""
        marks = self.marks.get(window_of(document_id), Marks())
        return is_marked(marks.revoked, mark_of(document_id, marks.salt))

    def is_confirmed(self, document_id: str) -> bool:
        """Whether the centre agreed with a provisional paper later."""
        marks = self.marks.get(window_of(document_id), Marks())
        return is_marked(marks.confirmed, mark_of(document_id, marks.salt))


def trust_from(issuers: Mapping[str, Any], states: Mapping[str, Any]) -> Trust:
    """The lists by their entries; their signatures are the caller's to have checked."""
    known = {key: msgspec.convert(value, Issuer) for key, value in issuers.items() if not key.startswith(AUTHORITY)}
    authorities = tuple(base64.b64decode(value["certificate"]) for key, value in issuers.items() if key.startswith(AUTHORITY))
    marks = {key: msgspec.convert(value, Marks) for key, value in states.items() if key != AS_OF}
    as_of = datetime.fromisoformat(states[AS_OF]["at"]) if AS_OF in states else None
    return Trust(issuers=known, authorities=authorities, marks=marks, as_of=as_of)


def read_trust(content: bytes) -> Trust:
    """A trust file with both signatures checked. Raises `UserError` for one that was changed or is of another form."""
    try:
        file = msgspec.json.decode(content, type=TrustFile)
        for found in (file.issuers, file.states):
            if found is not None and not _is_whole(found, file.centre_public_key):
                raise ValueError("changed")
        return trust_from(file.issuers.entries if file.issuers else {}, file.states.entries if file.states else {})
    except (msgspec.DecodeError, ValueError, KeyError, TypeError) as error:
        raise UserError(tr("核验资料不能用：内容被改动，或不是核验资料。"), do=tr("请从柜台电脑或中心重新取一份。")) from error


def _is_whole(found: SignedList, public_key: str) -> bool:
    head = found.head
    signed = publication_bytes(name=head.name, revision=head.revision, checksum=head.checksum)
    return checksum(found.entries) == head.checksum and is_signed(public_key, signed, head.signature)
