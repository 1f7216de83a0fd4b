"""What desks and the centre say to each other, as types: both ends decode with these and refuse anything else."""

import hashlib
from collections.abc import Sequence
from datetime import datetime

import msgspec

from nbcase.domain.action import Action, Answer, canonical
from nbcase.domain.clerk import Clerk, Station
from nbcase.store.feed import FeedRow

PROTOCOL = 1
"""Raised when an older desk would misunderstand."""


class Message(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all messages."""


class Block(Message):
    """Receipt numbers leased to one desk, both ends included."""

    series: str
    first: int
    last: int


class EnrolRequest(Message):
    """A new desk with its one-time code."""

    code: str
    public_key: str


class EnrolAnswer(Message):
    """Who the desk is from now on. `id_key` (hex) makes derived ids and stays secret."""

    desk_id: str
    station: Station
    window: str
    id_key: str
    centre_public_key: str
    clerks: list[Clerk]
    stations: list[Station]
    blocks: list[Block]
    server_at: datetime


class HelloRequest(Message):
    """How the desk stands: numbers left, the blocks it holds or ever held, a digest of the clerks it knows."""

    protocol: int
    numbers_left: int
    held_blocks: list[Block]
    people_digest: str


class HelloAnswer(Message):
    """`known_sequence` is the last action of this desk that the centre holds; people are sent only when they changed.

    `lost_blocks` are held blocks of which another desk has numbers: nothing of them may be used any more.
    """

    protocol: int
    server_at: datetime
    feed_id: str
    feed_head: str
    known_sequence: int
    blocks: list[Block]
    lost_blocks: list[Block]
    clerks: list[Clerk] | None
    stations: list[Station] | None


class SessionRequest(Message):
    """A clerk at the desk: the signature is the clerk key's over `session_bytes`."""

    login: str
    at: str
    nonce: str
    signature: str


class SessionAnswer(Message):
    """The token goes along with every request about people."""

    token: str
    clerk_id: str
    expires_at: datetime


class ActionBatch(Message):
    """Actions in the desk's order, without a gap."""

    actions: list[Action]


class Trouble(Message):
    """A refusal in the clerk's words; `code` is for the program: ``clock``, ``session``, ``busy`` or empty."""

    what: str
    safe: str = ""
    do: str = ""
    code: str = ""
    server_at: datetime | None = None


class BatchAnswer(Message):
    """Answers in order, as far as it went. `missing` names attachments to send first; `refused` says why it stopped."""

    answers: list[Answer]
    missing: list[str] = []
    refused: Trouble | None = None


class ReconcileRequest(Message):
    """How many actions the desk holds as answered, and their tree hash."""

    count: int
    digest: str


class ReconcileAnswer(Message):
    """The same two figures as the centre has them, signed by the centre over `reconciliation_bytes`."""

    count: int
    digest: str
    at: str
    signature: str


class ResidentQuery(Message):
    """By document, or by name and birth date; empty text asks for nothing."""

    document_kind: str
    document_number: str
    name: str
    birth_on: str


class DossierRows(Message):
    """One resident with all records that hang on the resident, the resident first."""

    rows: list[FeedRow]


class ResidentAnswer(Message):
    """Everybody who matches."""

    dossiers: list[DossierRows]


def people_digest(clerks: Sequence[Clerk], stations: Sequence[Station]) -> str:
    """What both ends compare to see whether the list of clerks and stations changed."""
    people = sorted(clerks, key=lambda clerk: clerk.id), sorted(stations, key=lambda station: station.code)
    return hashlib.sha256(canonical(people)).hexdigest()
