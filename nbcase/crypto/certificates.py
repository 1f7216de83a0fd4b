"""Certificates of those who sign papers: a small authority at the centre, P-256 throughout (what PDF readers understand)."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_der_private_key
from cryptography.x509.oid import NameOID

AUTHORITY_LIFE = timedelta(days=3650)
BACKDATED = timedelta(hours=1)
"""A desk's clock may be behind the centre's."""


@dataclass(frozen=True, slots=True)
class CertifiedKey:
    """A P-256 private key (PKCS #8, DER) with its certificate (DER)."""

    private_key: bytes = field(repr=False)
    certificate: bytes


def new_private_key() -> bytes:
    """A fresh P-256 key, PKCS #8 in DER."""
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def new_authority(name: str, now: datetime) -> CertifiedKey:
    """A root that certifies stations and nothing else."""
    private = new_private_key()
    key = _private(private)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = _builder(subject, subject, key.public_key(), now, now + AUTHORITY_LIFE)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(is_authority=True), critical=True)
    return CertifiedKey(private, builder.sign(key, SHA256()).public_bytes(Encoding.DER))


def signing_request(private_key: bytes) -> bytes:
    """PKCS #10 in DER: proves that the asker has the private key; the authority writes the name itself."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    return builder.sign(_private(private_key), SHA256()).public_bytes(Encoding.DER)


def certify(authority: CertifiedKey, request: bytes, *, station: str, desk_id: str, now: datetime, until: datetime) -> bytes:
    """A certificate for a station's desk; ValueError for a request that does not prove a P-256 key."""
    asked = x509.load_der_x509_csr(request)
    public = asked.public_key()
    if not asked.is_signature_valid or not isinstance(public, ec.EllipticCurvePublicKey) or public.curve.name != "secp256r1":
        raise ValueError("not a proven P-256 key")
    issuer = x509.load_der_x509_certificate(authority.certificate)
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, station[:64]),
            x509.NameAttribute(NameOID.COMMON_NAME, station[:64]),
            x509.NameAttribute(NameOID.SERIAL_NUMBER, desk_id[:64]),
        ]
    )
    builder = _builder(subject, issuer.subject, public, now, min(until, issuer.not_valid_after_utc))
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage(is_authority=False), critical=True)
    return builder.sign(_private(authority.private_key), SHA256()).public_bytes(Encoding.DER)


def _private(der: bytes) -> ec.EllipticCurvePrivateKey:
    key = load_der_private_key(der, None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError("not a P-256 key")
    return key


def _builder(
    subject: x509.Name, issuer: x509.Name, public: ec.EllipticCurvePublicKey, since: datetime, until: datetime
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(public)
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(since - BACKDATED).not_valid_after(until)
    return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)


def _usage(*, is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_authority,
        content_commitment=not is_authority,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        encipher_only=False,
        decipher_only=False,
    )
