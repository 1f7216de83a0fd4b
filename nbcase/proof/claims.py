"""What the code of a paper says, and its form: a CWT (RFC 8392) in a COSE_Sign1, in base45 (RFC 9285).

The published schema is ``resources/proof/claims.cddl``, frozen examples are ``resources/proof/vectors.json``.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import quote, unquote
from uuid import UUID

import base45
import cbor2

from nbcase.crypto.cose import PaperSigner, Signed, read_sign1, sign1
from nbcase.documents.layout import Layout
from nbcase.documents.values import Values
from nbcase.domain.clock import CHINA, local_date

PREFIX = "NB1:"
MOST_TEXT = 2_000
"""Signs of a code; the longest paper's has some 400."""

KEY_ID_BYTES = 4
DIGEST_BYTES = 16
CHECK_BYTES = 6

NOT_IN_DIGEST = frozenset({"qr_text", "check_value"})
"""Fields that are made from the digest."""

KINDS = {
    "acceptance-receipt": 1,
    "acceptance-receipt-80": 2,
    "residence-voucher": 3,
    "permit-confirmation": 4,
    "endorsement-slip": 5,
    "one-time-notice": 6,
    "refusal": 7,
    "permit-recall": 8,
    "points-sheet": 9,
}
"""A number spares up to 20 bytes; a kind without one is written by its code."""

_ISS, _EXP, _IAT, _CTI, _PAPER = 1, 4, 6, 7, -65537
_KIND, _NUMBER, _NAME, _TAIL, _DIGEST, _PROVISIONAL, _COPY, _SPECIMEN = range(1, 9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What is said of one paper. `document_tail` are the last four signs of the identity document's number, `digest` is over the
    printed fields (see `fields_digest`), `valid_until_on` the last day on which the paper holds."""

    document_id: str
    kind_code: str
    number: str
    name: str
    document_tail: str
    station_code: str
    issued_at: datetime
    digest: bytes
    valid_until_on: date | None = None
    is_provisional: bool = False
    copy_number: int = 1
    is_specimen: bool = False

    @property
    def check_value(self) -> str:
        """The digest's beginning as it stands on the paper: ``9f3c 71ab 04d2``."""
        text = self.digest[:CHECK_BYTES].hex()
        return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


def fields_digest(layout: Layout, values: Mapping[str, object], *, specimen: bool) -> bytes:
    """Over the words of every declared field, in the layout's order: pictures by their bytes, tables row by row."""
    filled = Values(layout, values, specimen=specimen)
    shown: list[list[Any]] = []
    for field in layout.fields:
        if field.key in NOT_IN_DIGEST:
            continue
        if field.kind == "image":
            shown.append([field.key, hashlib.sha256(filled.picture(field.key) or b"").digest()])
        elif field.kind == "rows":
            shown.append([field.key, [[[key, str(value)] for key, value in sorted(row.items())] for row in filled.rows(field.key)]])
        else:
            shown.append([field.key, filled.text(field.key)])
    return hashlib.sha256(cbor2.dumps([layout.code, shown])).digest()[:DIGEST_BYTES]


def encode_claims(claims: Claims) -> bytes:
    """The CWT's bytes: one form only."""
    paper: dict[int, Any] = {
        _KIND: KINDS.get(claims.kind_code, claims.kind_code),
        _NUMBER: claims.number,
        _NAME: claims.name,
        _TAIL: claims.document_tail,
        _DIGEST: claims.digest,
    }
    if claims.is_provisional:
        paper[_PROVISIONAL] = True
    if claims.copy_number != 1:
        paper[_COPY] = claims.copy_number
    if claims.is_specimen:
        paper[_SPECIMEN] = True
    whole: dict[int, Any] = {
        _ISS: claims.station_code,
        _IAT: int(claims.issued_at.timestamp()),
        _CTI: UUID(claims.document_id).bytes,
        _PAPER: paper,
    }
    if claims.valid_until_on is not None:
        whole[_EXP] = int(_midnight_after(claims.valid_until_on).timestamp())
    return cbor2.dumps(whole, canonical=True)


def _midnight_after(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=CHINA) + timedelta(days=1)


def decode_claims(payload: bytes) -> Claims:
    """Read claims; ValueError for what the schema does not allow."""
    try:
        whole = cbor2.loads(payload)
        paper = whole[_PAPER]
        kind = paper[_KIND]
        expires = whole.get(_EXP)
        claims = Claims(
            document_id=str(UUID(bytes=whole[_CTI])),
            kind_code=next(code for code, number in KINDS.items() if number == kind) if isinstance(kind, int) else _text(kind),
            number=_text(paper[_NUMBER]),
            name=_text(paper[_NAME]),
            document_tail=_text(paper[_TAIL]),
            station_code=_text(whole[_ISS]),
            issued_at=datetime.fromtimestamp(whole[_IAT], UTC),
            digest=paper[_DIGEST],
            valid_until_on=None if expires is None else local_date(datetime.fromtimestamp(expires - 1, UTC)),
            is_provisional=paper.get(_PROVISIONAL, False),
            copy_number=paper.get(_COPY, 1),
            is_specimen=paper.get(_SPECIMEN, False),
        )
        again = encode_claims(claims)
    except Exception as error:  # cbor2 and the conversions raise of every kind for what is not ours
        raise ValueError("not the claims of a paper") from error
    if again != payload:
        raise ValueError("claims in another form than the schema's")
    return claims


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > 200:
        raise ValueError("not a text")
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A code as it was read, not yet proven."""

    signed: Signed
    claims: Claims


def key_id(public_key: str) -> bytes:
    """The first bytes of a public key's hash, as they stand in the code."""
    return hashlib.sha256(bytes.fromhex(public_key)).digest()[:KEY_ID_BYTES]


def code_text(claims: Claims, signer: PaperSigner) -> str:
    """The text for the QR code."""
    signed = sign1(signer, key_id(signer.public_key), encode_claims(claims))
    return PREFIX + str(base45.b45encode(signed), "ascii")


def linked(text: str, url: str) -> str:
    """The code behind a link to a page that checks it, percent-encoded; the code alone without a page."""
    return f"{url}#{quote(text, safe='$*+-./:')}" if url else text


def is_ours(text: str) -> bool:
    """Whether a text says that it is such a code."""
    return _bare(text).startswith(PREFIX)


def read_code(text: str) -> Code:
    """A code out of a QR code, a link with it behind ``#``, or a hand scanner; ValueError for what cannot be one."""
    bare = _bare(text)
    if not bare.startswith(PREFIX) or len(bare) > MOST_TEXT:
        raise ValueError("not a code of a paper")
    signed = read_sign1(base45.b45decode(bare.removeprefix(PREFIX)))
    return Code(signed=signed, claims=decode_claims(signed.payload))


def _bare(text: str) -> str:
    """Without the link before it and line ends of the scanner; a blank in the code is a sign of it."""
    text = text.strip("\r\n\t")
    link = re.match(r"https?://[^#]{1,300}#", text, re.IGNORECASE)
    return unquote(text[link.end() :]) if link else text
