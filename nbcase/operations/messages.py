"""What desks and the centre say to each other, as types: both ends decode with these and refuse anything else."""

import hashlib
from collections.abc import Sequence
from datetime import datetime

import msgspec

from nbcase.domain.action import Action, Answer, canonical
from nbcase.domain.clerk import Clerk, Station
from nbcase.domain.publication import Publication, PublishedEntry
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
    """Who the desk is from now on. `id_key` (hex) makes derived ids and stays secret.

    `centre_public_key` checks what the centre signs; what is sealed for `centre_sealing_key` only the centre opens.
    """

    desk_id: str
    station: Station
    window: str
    id_key: str
    centre_public_key: str
    centre_sealing_key: str
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
    """`known_sequence` and `known_hash` are of the last action of this desk that the centre holds; people are sent only when they changed.

    `lost_blocks` are held blocks of which another desk has numbers: nothing of them may be used any more. With `pulse_key`
    (hex) and `pulse_mark` a quiet desk asks whether there is news, see `PulseAnswer`. Another `files_id` than before: the
    centre has lost files, and asks for them again.
    """

    protocol: int
    server_at: datetime
    known_sequence: int
    known_hash: str
    blocks: list[Block]
    lost_blocks: list[Block]
    clerks: list[Clerk] | None
    stations: list[Station] | None
    publications: list[Publication]
    pulse_key: str = ""
    pulse_mark: str = ""
    files_id: str = ""


class PublicationAnswer(Message):
    """A published list: its head, and the entries that changed after the asked revision."""

    head: Publication
    entries: list[PublishedEntry]


class IssuingRequest(Message):
    """A desk's new keys for papers: the public key of the codes (hex, with COSE's number of its algorithm) and a PKCS #10 for the PDF's."""

    algorithm: int
    public_key: str
    signing_request: bytes


class IssuingAnswer(Message):
    """The certificate and its authority's (DER), and until when the keys may sign."""

    certificate: bytes
    authority: bytes
    station: str
    until: datetime


class PulseAnswer(Message):
    """Whether the desk should make whole contact; `server_at` is the centre's clock."""

    has_news: bool
    server_at: datetime


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
    """Actions in the desk's order, without a gap. `lacking` are ids of those whose files the desk can never bring."""

    actions: list[Action]
    lacking: list[str] = []


class StoredActions(Message):
    """The same message from a desk that has each action in its canonical form already: not decoded to be encoded again."""

    actions: list[msgspec.Raw]
    lacking: list[str] = []


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
    """How many actions the desk holds as answered, and their tree hash.

    `is_whole` asks the centre to read every action anew, as the desk has done, instead of trusting the tree that it kept.
    """

    count: int
    digest: str
    is_whole: bool = False


class ReconcileAnswer(Message):
    """The same two figures as the centre has them, signed by the centre over `reconciliation_bytes`."""

    count: int
    digest: str
    at: str
    signature: str


class RetireRequest(Message):
    """A desk that goes out of service: everything that it ever did, by count and tree hash."""

    count: int
    digest: str


class RetireAnswer(Message):
    """The centre holds exactly that and takes no more from this desk; signed by the centre over `retirement_bytes`."""

    count: int
    digest: str
    at: str
    signature: str


class HistoryEntry(Message):
    """One of the desk's own actions as the centre holds it, with the answer that it got."""

    action: Action
    answer: Answer


class HistoryAnswer(Message):
    """Own actions in the desk's order."""

    entries: list[HistoryEntry]


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


class SealedRequest(Message):
    """A sealed file that was brought to the centre as a file of this hash."""

    content_hash: str


class SealedReceipt(Message):
    """What the centre made of a sealed file, signed over `sealed_receipt_bytes`.

    `count` acts of `desk_id` are at the centre now, `digest` is the tree hash over theirs; `known` of them were before.
    `left` acts were not taken, `notices` say why and what else was wrong with the file, in words.
    """

    desk_id: str
    window: str
    count: int
    known: int
    digest: str
    files: int
    outcomes: dict[str, int]
    left: int
    notices: list[str]
    content_hash: str
    at: str
    signature: str


class FilesQuery(Message):
    """Files, by their hashes, that the desk is about to send."""

    hashes: list[str]


class FilesLacking(Message):
    """Those of them that the centre does not have."""

    hashes: list[str]


def people_digest(clerks: Sequence[Clerk], stations: Sequence[Station]) -> str:
    """What both ends compare to see whether the list of clerks and stations changed."""
    people = sorted(clerks, key=lambda clerk: clerk.id), sorted(stations, key=lambda station: station.code)
    return hashlib.sha256(canonical(people)).hexdigest()
