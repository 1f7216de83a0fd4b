"""Keys that sign papers: made at the desk, certified by the centre for a year, known to every verifier as a published list.

The private halves lie in the desk's encrypted database and never leave it. A desk without a certificate makes papers all the same;
their code proves nothing and says so.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Protocol

import msgspec
import sqlalchemy as sa
import structlog

from nbcase.crypto.certificates import CertifiedKey, certify, new_private_key, signing_request
from nbcase.crypto.cose import ALGORITHMS, Ed25519Signer, PaperSigner
from nbcase.crypto.keys import SigningKey, new_signing_key
from nbcase.documents.layout import Layout
from nbcase.domain.errors import UserError
from nbcase.domain.words import tr
from nbcase.operations.messages import IssuingAnswer, IssuingRequest
from nbcase.operations.publishing import publish
from nbcase.proof.claims import Claims, code_text, fields_digest, key_id, linked
from nbcase.proof.trust import AUTHORITY, ISSUERS, Issuer
from nbcase.store.centre_work import EnrolledDesk
from nbcase.store.desk_database import reading, writing
from nbcase.store.desk_work import set_state, state
from nbcase.store.people import station
from nbcase.store.publications import lock_publication, standing_entries

LIFE = timedelta(days=365)
RENEW = timedelta(days=30)
"""A desk asks for its next key this long before the present one ends; papers of the old key stay provable."""

CLOCKS = timedelta(days=1)
"""By so much may a desk's clock be behind the centre's and its papers still hold."""

_STATE = "paper_keys"
_log = structlog.get_logger()


class _Keys(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """As kept in the desk's database; `certificate` is empty until the centre has answered."""

    algorithm: str
    code_key: bytes
    code_public_key: str
    pdf_key: bytes
    certificate: bytes = b""
    authority: bytes = b""
    station: str = ""
    until: datetime | None = None


class _Kept(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    present: _Keys | None = None
    waiting: _Keys | None = None


class CertifyingCentre(Protocol):
    """The one question of a desk that needs a key."""

    def certify(self, request: IssuingRequest) -> IssuingAnswer:
        """`UserError` when the centre refuses, `Offline` when it is not reached."""
        ...


def ensure_keys(engine: sa.Engine, centre: CertifyingCentre, now: datetime, algorithm: str = "ed25519") -> bool:
    """Have certified keys in the desk's database; whether new ones were made. Asks the centre only when they are needed."""
    with reading(engine) as connection:
        kept = _kept(connection)
    present, waiting = kept.present, kept.waiting
    if present is not None and present.algorithm == algorithm and present.until is not None and now < present.until - RENEW:
        return False
    if waiting is None or waiting.algorithm != algorithm:
        waiting = _new_keys(algorithm)
        # Kept before the question: when the answer gets lost, the same keys are asked for again.
        _keep(engine, _Kept(present=present, waiting=waiting))
    request = IssuingRequest(
        algorithm=ALGORITHMS[algorithm], public_key=waiting.code_public_key, signing_request=signing_request(waiting.pdf_key)
    )
    answer = centre.certify(request)
    made = msgspec.structs.replace(
        waiting, certificate=answer.certificate, authority=answer.authority, station=answer.station, until=answer.until
    )
    _keep(engine, _Kept(present=made))
    _log.info("paper_keys_certified", key_id=key_id(made.code_public_key).hex(), until=answer.until.isoformat())
    return True


def _new_keys(algorithm: str) -> _Keys:
    if algorithm == "sm2":
        from nbcase.crypto.sm2 import new_sm2_signer

        sm2 = new_sm2_signer()
        return _Keys(algorithm=algorithm, code_key=sm2.private_key, code_public_key=sm2.public_key, pdf_key=new_private_key())
    key = new_signing_key()
    return _Keys(algorithm=algorithm, code_key=key.seed, code_public_key=key.public_key, pdf_key=new_private_key())


def _kept(connection: sa.Connection) -> _Kept:
    return msgspec.convert(state(connection, _STATE, {}), _Kept)


def _keep(engine: sa.Engine, kept: _Kept) -> None:
    with writing(engine) as connection:
        set_state(connection, _STATE, msgspec.to_builtins(kept))


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What the code says of a paper besides its fields."""

    document_id: str
    number: str
    name: str
    document_number: str
    made_at: datetime
    valid_until_on: date | None = None
    is_provisional: bool = False
    copy_number: int = 1


def finished_paper(
    connection: sa.Connection, layout: Layout, values: Mapping[str, Any], about: About, *, station_code: str, specimen: bool, page: str = ""
) -> bytes:
    """The paper as PDF, its code and file signed where this desk has certified keys; else with the code that was given.

    `page` is the address of a page that checks codes: then the code is a link to it.
    """
    from nbcase.documents.render import render

    keys = _kept(connection).present
    if keys is None or keys.until is None or about.made_at >= keys.until:
        return render(layout, values, specimen=specimen).pdf
    from nbcase.proof.pdf_signature import sign_pdf

    claims = claims_of(layout, values, about, station_code=station_code, specimen=specimen)
    made = {"qr_text": linked(code_text(claims, _signer(keys)), page), "check_value": claims.check_value}
    declared = {key: value for key, value in made.items() if layout.field(key) is not None}
    pdf = render(layout, {**values, **declared}, specimen=specimen).pdf
    return sign_pdf(pdf, CertifiedKey(keys.pdf_key, keys.certificate), keys.authority, station=keys.station)


def claims_of(layout: Layout, values: Mapping[str, Any], about: About, *, station_code: str, specimen: bool) -> Claims:
    """What the code of this paper says."""
    digest = fields_digest(layout, {"qr_text": "-", **values}, specimen=specimen)
    return Claims(
        document_id=about.document_id,
        kind_code=layout.code,
        number=about.number,
        name=about.name,
        document_tail=about.document_number[-4:],
        station_code=station_code,
        issued_at=about.made_at,
        digest=digest,
        valid_until_on=about.valid_until_on,
        is_provisional=about.is_provisional,
        copy_number=about.copy_number,
        is_specimen=specimen,
    )


def _signer(keys: _Keys) -> PaperSigner:
    if keys.algorithm == "sm2":
        from nbcase.crypto.sm2 import Sm2Signer

        return Sm2Signer(keys.code_key, bytes.fromhex(keys.code_public_key))
    return Ed25519Signer(SigningKey(keys.code_key))


def certify_keys(
    connection: sa.Connection, authority: CertifiedKey, centre_key: SigningKey, desk: EnrolledDesk, request: IssuingRequest, now: datetime
) -> IssuingAnswer:
    """At the centre: a certificate for a desk's keys, published at once. The same question gets the same answer."""
    lock_publication(connection, ISSUERS)
    entries = standing_entries(connection, ISSUERS)
    try:
        identifier = key_id(request.public_key).hex()
    except ValueError as error:
        raise _bad_request() from error
    name = station(connection, desk.station_code).name
    present = msgspec.convert(entries[identifier], Issuer) if identifier in entries else None
    if present is None:
        until = now + LIFE
        try:
            certificate = certify(authority, request.signing_request, station=name, desk_id=desk.id, now=now, until=until)
        except ValueError as error:
            raise _bad_request() from error
        present = Issuer(
            algorithm=request.algorithm,
            public_key=request.public_key,
            certificate=base64.b64encode(certificate).decode(),
            desk_id=desk.id,
            station_code=desk.station_code,
            station=name,
            since=now - CLOCKS,
            until=until,
        )
        shown = {identifier: msgspec.to_builtins(present), **authority_entry(authority.certificate)}
        publish(connection, centre_key, ISSUERS, {**entries, **shown}, now)
    elif (present.desk_id, present.public_key) != (desk.id, request.public_key):
        raise UserError(tr("这把签发密钥已属于另一台电脑。"), safe=tr("没有改动。"), do=tr("程序会另做一把再申请。"))
    return IssuingAnswer(
        certificate=base64.b64decode(present.certificate), authority=authority.certificate, station=name, until=present.until
    )


def _bad_request() -> UserError:
    return UserError(tr("签发密钥的申请不合格式。"), safe=tr("没有改动。"), do=tr("请把两端程序升级到同一版本。"))


def authority_entry(certificate: bytes) -> dict[str, Any]:
    """The authority as it stands in the list of issuers."""
    name = AUTHORITY + hashlib.sha256(certificate).hexdigest()[:16]
    return {name: {"certificate": base64.b64encode(certificate).decode()}}


def end_keys(connection: sa.Connection, centre_key: SigningKey, desk_id: str, now: datetime, *, is_lost: bool = False) -> int:
    """At the centre: a desk signs no more papers from now on; with `is_lost` nothing it ever signed is believed. How many keys."""
    lock_publication(connection, ISSUERS)
    entries = standing_entries(connection, ISSUERS)
    ended = {}
    for key, value in entries.items():
        if key.startswith(AUTHORITY):
            continue
        issuer = msgspec.convert(value, Issuer)
        if issuer.desk_id == desk_id and (is_lost or issuer.until > now):
            state_now = "lost" if is_lost else issuer.state
            ended[key] = msgspec.to_builtins(msgspec.structs.replace(issuer, until=min(issuer.until, now), state=state_now))
    if ended:
        publish(connection, centre_key, ISSUERS, {**entries, **ended}, now)
    return len(ended)
