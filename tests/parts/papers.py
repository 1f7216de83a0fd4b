"""Papers of every fate, with the lists that they are held against: the rows of the verdict matrix."""

import base64
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from io import BytesIO
from typing import Any
from urllib.parse import quote

import msgspec
import segno
from PIL import Image

from nbcase.crypto.certificates import CertifiedKey, certify, new_authority, new_private_key, signing_request
from nbcase.crypto.cose import Ed25519Signer
from nbcase.crypto.keys import SigningKey
from nbcase.documents.layout import load_layout
from nbcase.documents.render import pages_as_png, render
from nbcase.domain.ids import new_id
from nbcase.operations.issuing import About, authority_entry, claims_of
from nbcase.proof.claims import Claims, code_text, key_id
from nbcase.proof.pdf_signature import sign_pdf
from nbcase.proof.trust import AS_OF, Issuer, Trust, pack_marks, trust_from, window_of
from nbcase.proof.verdict import Answer

MADE_AT = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
NOW = datetime(2026, 11, 24, 8, 21, tzinfo=UTC)
STATION = "骆驼街道演示服务站"
STATION_CODE = "330211-01"
LAYOUT = "residence-voucher"


@dataclass(frozen=True, slots=True)
class Issuing:
    """A desk's keys with their certificate and authority."""

    signer: Ed25519Signer
    pdf: CertifiedKey
    authority: CertifiedKey

    def entry(self, *, state: str = "good", until: datetime = MADE_AT + timedelta(days=365)) -> tuple[str, dict[str, Any]]:
        """As the centre publishes it."""
        issuer = Issuer(
            algorithm=self.signer.algorithm,
            public_key=self.signer.public_key,
            certificate=base64.b64encode(self.pdf.certificate).decode(),
            desk_id="desk-1",
            station_code=STATION_CODE,
            station=STATION,
            since=MADE_AT - timedelta(days=1),
            until=until,
            state=state,
        )
        return key_id(self.signer.public_key).hex(), msgspec.to_builtins(issuer)


def issuing(name: str, authority: str = "ours") -> Issuing:
    """Keys by name; the same name gives the same ones."""
    return _issuing(name, authority)


@cache
def _issuing(name: str, authority: str) -> Issuing:
    root = _authority(authority)
    private = new_private_key()
    certificate = certify(root, signing_request(private), station=STATION, desk_id=name, now=MADE_AT, until=MADE_AT + timedelta(days=365))
    seed = name.encode().ljust(32, b"\0")
    return Issuing(Ed25519Signer(SigningKey(seed)), CertifiedKey(private, certificate), root)


@cache
def _authority(name: str) -> CertifiedKey:
    return new_authority(name, MADE_AT - timedelta(days=100))


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper as it was issued."""

    claims: Claims
    text: str
    pdf: bytes
    unsigned: bytes


@cache
def paper(
    issuer: str = "desk",
    name: str = "李𬭎",
    *,
    valid_until_on: date | None = None,
    is_provisional: bool = False,
    specimen: bool = False,
    copy_number: int = 1,
    authority: str = "ours",
    station_code: str = STATION_CODE,
    layout_code: str = LAYOUT,
) -> Paper:
    """One paper; the same wishes give the same one."""
    keys = issuing(issuer, authority)
    layout = load_layout(layout_code)
    values = {**layout.samples(), "name": name} if layout.field("name") else {**layout.samples(), "applicant": name}
    about = About(
        document_id=new_id(),
        number="LT-26-0000093",
        name=name,
        document_number="330299199407120312",
        made_at=MADE_AT,
        valid_until_on=valid_until_on,
        is_provisional=is_provisional,
        copy_number=copy_number,
    )
    claims = claims_of(layout, values, about, station_code=station_code, specimen=specimen)
    text = code_text(claims, keys.signer)
    unsigned = render(layout, {**values, "qr_text": text}, specimen=specimen).pdf
    return Paper(claims, text, sign_pdf(unsigned, keys.pdf, keys.authority.certificate, station=STATION), unsigned)


def rendered_again(text: str, **values: object) -> bytes:
    """A paper made by somebody who has a genuine code and our layout."""
    layout = load_layout(LAYOUT)
    return render(layout, {**layout.samples(), **values, "qr_text": text}, specimen=False).pdf


def photographed(pdf: bytes) -> bytes:
    """A page as a picture: a photocopy, a scan, a telephone's photograph."""
    return pages_as_png(pdf, 150)[0]


def picture_of_codes(*texts: str) -> bytes:
    """Codes on white, one below the other."""
    pictures = []
    for text in texts:
        buffer = BytesIO()
        segno.make(text, error="m", boost_error=False, micro=False).save(buffer, kind="png", scale=4, border=6)
        pictures.append(Image.open(buffer).convert("L"))
    sheet = Image.new("L", (max(one.width for one in pictures), sum(one.height for one in pictures)), 255)
    top = 0
    for one in pictures:
        sheet.paste(one, (0, top))
        top += one.height
    buffer = BytesIO()
    sheet.save(buffer, "PNG")
    return buffer.getvalue()


def issuer_entries() -> dict[str, Any]:
    """The list of issuers: one that is good, one whose key was lost, one that ended before the paper was made."""
    return {
        **dict([issuing("desk").entry(), issuing("lost").entry(state="lost"), issuing("ended").entry(until=MADE_AT - timedelta(hours=1))]),
        **authority_entry(_authority("ours").certificate),
    }


def state_entries(as_of: datetime = NOW - timedelta(days=2)) -> dict[str, Any]:
    """The list of withdrawn and of confirmed papers."""
    revoked = [paper(name="收回者").claims.document_id, paper(name="后来收回者", is_provisional=True).claims.document_id]
    confirmed = [paper(name="核对者", is_provisional=True).claims.document_id]
    windows = {window_of(document_id) for document_id in (*revoked, *confirmed)}
    marks = {
        window: msgspec.to_builtins(
            pack_marks(
                [each for each in revoked if window_of(each) == window], [each for each in confirmed if window_of(each) == window], ()
            )
        )
        for window in windows
    }
    return {**marks, AS_OF: {"at": as_of.isoformat()}}


def trust(as_of: datetime = NOW - timedelta(days=2)) -> Trust:
    """Both lists ready for use."""
    return trust_from(issuer_entries(), state_entries(as_of))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What is asked, a code's text or a file, and the right verdict."""

    asked: str | bytes
    answer: Answer
    reason: str
    scope: str = ""


def _flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


@cache
def scenes() -> dict[str, Scene]:
    """The matrix: every fate of a paper by its name."""
    good, other = paper(), paper(name="王样二")
    signed_by_stranger = issuing("stranger", "theirs")
    middle = len(good.pdf) // 2
    return {
        "file as it was issued": Scene(asked=good.pdf, answer=Answer.VALID, reason="signed", scope="file"),
        "code as it was issued": Scene(asked=good.text, answer=Answer.VALID, reason="signed", scope="code"),
        "code in a link": Scene(
            asked=f"https://example.invalid/verify#{_quoted(good.text)}", answer=Answer.VALID, reason="signed", scope="code"
        ),
        "a byte of the file changed": Scene(asked=_flipped(good.pdf, middle), answer=Answer.ALTERED, reason="file_changed"),
        "something added to the file": Scene(asked=good.pdf + b"\n%more\n", answer=Answer.ALTERED, reason="file_changed"),
        "a sign of the code changed": Scene(
            asked=good.text[:150] + ("A" if good.text[150] != "A" else "B") + good.text[151:], answer=Answer.FORGED, reason="code_signature"
        ),
        "code cut off": Scene(asked=good.text[:-40], answer=Answer.ALTERED, reason="code_unreadable"),
        "field replaced, made again": Scene(
            asked=rendered_again(good.text, name="李𬭎", residence_address="镇海区另一处 1 号"),
            answer=Answer.ALTERED,
            reason="file_without_signature",
        ),
        "field replaced, signed by a stranger": Scene(
            asked=sign_pdf(
                rendered_again(good.text, name="李四"), signed_by_stranger.pdf, signed_by_stranger.authority.certificate, station=STATION
            ),
            answer=Answer.UNKNOWN_ISSUER,
            reason="file_signed_by_others",
        ),
        "code moved to another paper's file": Scene(
            asked=rendered_again(good.text, name="王样二"), answer=Answer.ALTERED, reason="file_without_signature"
        ),
        "code moved onto another paper, photographed": Scene(
            asked=photographed(rendered_again(good.text, name="王样二")), answer=Answer.VALID, reason="signed", scope="code"
        ),
        "photocopy": Scene(asked=photographed(other.unsigned), answer=Answer.VALID, reason="signed", scope="code"),
        "second copy": Scene(asked=paper(copy_number=2).text, answer=Answer.VALID, reason="signed", scope="code"),
        "code of another issuer": Scene(
            asked=paper("stranger", authority="theirs").text, answer=Answer.UNKNOWN_ISSUER, reason="key_unknown"
        ),
        "file of another issuer": Scene(
            asked=paper("stranger", authority="theirs").pdf, answer=Answer.UNKNOWN_ISSUER, reason="file_signed_by_others"
        ),
        "key that was lost": Scene(asked=paper("lost").text, answer=Answer.UNKNOWN_ISSUER, reason="key_lost"),
        "key that had ended": Scene(asked=paper("ended").text, answer=Answer.FORGED, reason="key_not_for_this"),
        "another station's name under our key": Scene(
            asked=paper(station_code="330299-99").text, answer=Answer.FORGED, reason="key_not_for_this"
        ),
        "expired": Scene(asked=paper(valid_until_on=date(2026, 11, 23)).text, answer=Answer.EXPIRED, reason="past_last_day", scope="code"),
        "last day": Scene(asked=paper(valid_until_on=date(2026, 11, 24)).pdf, answer=Answer.VALID, reason="signed", scope="file"),
        "revoked": Scene(asked=paper(name="收回者").pdf, answer=Answer.REVOKED, reason="listed", scope="file"),
        "provisional": Scene(
            asked=paper(name="暂证者", is_provisional=True).pdf, answer=Answer.PROVISIONAL, reason="not_confirmed", scope="file"
        ),
        "provisional, code alone": Scene(
            asked=paper(name="暂证者", is_provisional=True).text, answer=Answer.PROVISIONAL, reason="not_confirmed", scope="code"
        ),
        "revoked, code alone": Scene(asked=paper(name="收回者").text, answer=Answer.REVOKED, reason="listed", scope="code"),
        "provisional, later confirmed": Scene(
            asked=paper(name="核对者", is_provisional=True).text, answer=Answer.VALID, reason="signed", scope="code"
        ),
        "provisional, later withdrawn": Scene(
            asked=paper(name="后来收回者", is_provisional=True).pdf, answer=Answer.REVOKED, reason="listed", scope="file"
        ),
        "specimen": Scene(asked=paper(specimen=True).pdf, answer=Answer.VALID, reason="signed", scope="file"),
        "two codes on one sheet": Scene(asked=picture_of_codes(good.text, other.text), answer=Answer.ALTERED, reason="several_codes"),
        "another code": Scene(asked="HTTPS://EXAMPLE.INVALID/1", answer=Answer.NOT_OURS, reason="other_code"),
        "picture of another code": Scene(asked=picture_of_codes("HC1:ABC"), answer=Answer.NOT_OURS, reason="other_code"),
        "neither PDF nor picture": Scene(asked=b"hello", answer=Answer.NOT_OURS, reason="unreadable"),
    }


def _quoted(text: str) -> str:
    return quote(text, safe="$*+-./:")
