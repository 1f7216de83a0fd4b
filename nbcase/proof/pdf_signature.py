"""PAdES (B-B) on finished papers: an invisible field, for what is seen of the seal is drawn into the page.

P-256 only: pyHanko knows no SM2, and no reader of PDF that people have does.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO

from asn1crypto import algos, cms, keys, x509
from pyhanko.keys import load_certs_from_pemder_data
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import fields, signers
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import PdfSignatureStatus, SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from nbcase.crypto.certificates import CertifiedKey
from nbcase.proof.examination import Seal

_FIELD = "nbcase"
_SUBFILTER = b"/ETSI.CAdES.detached"
_CONTENTS = re.compile(rb"/Contents\s*<([0-9A-Fa-f]+)>")
_ROOM = 3072
"""Bytes for the signature in the file, as many hexadecimal signs twice over; one with its chain takes some 1,600."""


_SHA256 = algos.DigestAlgorithm({"algorithm": "sha256"}).dump()
_DETACHED = cms.ContentInfo({"content_type": "data"}).dump()


@dataclass(frozen=True, slots=True, kw_only=True)
class SealFinding:
    """The signature of a file and the certificate (DER) that it was held against."""

    seal: Seal
    certificate: bytes = b""


def sign_pdf(pdf: bytes, key: CertifiedKey, authority: bytes, *, station: str) -> bytes:
    """The paper with the station's signature, its chain inside."""
    registry = SimpleCertificateStore()  # type: ignore[no-untyped-call]
    registry.register(x509.Certificate.load(authority))
    signer = signers.SimpleSigner(
        signing_cert=x509.Certificate.load(key.certificate),
        signing_key=keys.PrivateKeyInfo.load(key.private_key),
        cert_registry=registry,
    )
    meta = signers.PdfSignatureMetadata(
        field_name=_FIELD, md_algorithm="sha256", subfilter=fields.SigSeedSubFilter.PADES, name=station, location=station
    )
    made = signers.sign_pdf(IncrementalPdfFileWriter(BytesIO(pdf)), meta, signer=signer, bytes_reserved=2 * _ROOM)
    return bytes(made.getvalue())


def check_pdf(pdf: bytes, authorities: list[bytes], known: list[bytes]) -> SealFinding:
    """What the file's signature says, held against the authorities' and the known issuers' certificates (DER).

    Never raises for a file that is broken: then it is judged by whose certificate stands in it.
    """
    if _SUBFILTER not in pdf:
        return SealFinding(seal=Seal.NONE)
    named = _named(pdf, known)
    try:
        status = _status(pdf, authorities)
    except Exception:  # a spoilt file makes pyHanko raise of every kind
        return SealFinding(seal=Seal.CHANGED if named else Seal.UNKNOWN, certificate=named)
    certificate = status.signing_cert.dump()
    if certificate not in known:
        return SealFinding(seal=Seal.CHANGED if named else Seal.UNKNOWN, certificate=named or certificate)
    if not status.valid:
        return SealFinding(seal=Seal.CHANGED if not status.intact else Seal.FORGED, certificate=certificate)
    try:
        is_tidy = _is_tidy(pdf, certificate, authorities)
    except (ValueError, TypeError):  # what asn1crypto raises for bytes that do not fit
        is_tidy = False
    is_whole = status.intact and status.trusted and status.coverage == SignatureCoverageLevel.ENTIRE_FILE and is_tidy
    return SealFinding(seal=Seal.INTACT if is_whole else Seal.CHANGED, certificate=certificate)


def _status(pdf: bytes, authorities: list[bytes]) -> PdfSignatureStatus:
    found = PdfFileReader(BytesIO(pdf)).embedded_signatures
    if len(found) != 1:
        raise ValueError("not one signature")
    (signature,) = found
    since = signature.signer_cert["tbs_certificate"]["validity"]["not_before"].native
    until = signature.signer_cert["tbs_certificate"]["validity"]["not_after"].native
    # Nothing proves when it was signed; that the issuer might sign at all then is held against the claims of the code.
    moment = min(max(datetime.now(UTC), since), until)
    roots = [certificate for der in authorities for certificate in load_certs_from_pemder_data(der)]
    context = ValidationContext(trust_roots=roots, moment=moment, allow_fetching=False, revocation_mode="soft-fail")
    return validate_pdf_signature(signature, signer_validation_context=context)


def _named(pdf: bytes, known: list[bytes]) -> bytes:
    """The known certificate that stands in the file's signature, empty where none does."""
    blobs = []
    for match in _CONTENTS.finditer(pdf):
        if len(match[1]) % 2 == 0:
            blobs.append(bytes.fromhex(match[1].decode()))
    return next((der for der in known if any(der in blob for blob in blobs)), b"")


def _is_tidy(pdf: bytes, certificate: bytes, authorities: list[bytes]) -> bool:
    """Whether all that no signature covers is as `sign_pdf` leaves it: zeros after the signature, and in it the chain and nothing more."""
    blobs = [bytes.fromhex(match[1].decode()) for match in _CONTENTS.finditer(pdf) if len(match[1]) == 2 * _ROOM]
    if len(blobs) != 1 or blobs[0][:2] != b"\x30\x82":
        return False
    end = 4 + int.from_bytes(blobs[0][2:4], "big")
    message, rest = blobs[0][:end], blobs[0][end:]
    found = cms.ContentInfo.load(message)
    data = found["content"]
    chain = {each.dump() for each in data["certificates"]}
    (digest,) = data["digest_algorithms"]
    return (
        not any(rest)
        and found["content_type"].native == "signed_data"
        and data["version"].native == "v1"
        and digest.dump() == _SHA256
        and data["encap_content_info"].dump() == _DETACHED
        and chain - set(authorities) == {certificate}
        and len(chain) == 2
        and found.dump(force=True) == message
    )
