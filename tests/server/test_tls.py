"""A centre that speaks https with a certificate of its own authority, and desks that trust exactly that one."""

import ipaddress
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from nbcase.crypto.keys import new_signing_key
from nbcase.domain.clock import SetClock
from nbcase.domain.errors import Offline, UserError
from nbcase.operations.enrol import issue_code
from nbcase.operations.messages import EnrolRequest
from nbcase.server.centre import open_centre
from nbcase.server.serve import CentreServer, serve
from nbcase.sync.client import HttpLine, enrol_over_http
from tests.parts.centres import STATIONS, seed_people


def self_made(folder: Path) -> tuple[Path, Path]:
    """Files of a certificate for this machine and of its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "样张中心")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = folder / "centre.pem", folder / "centre-key.pem"
    certificate_file.write_bytes(made.public_bytes(Encoding.PEM))
    key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return certificate_file, key_file


@pytest.fixture
def tls(tmp_path: Path) -> tuple[Path, Path]:
    return self_made(tmp_path)


@pytest.fixture
def centre_and_code(centre_database: str, tmp_path: Path, clock: SetClock, tls: tuple[Path, Path]) -> Iterator[tuple[str, str]]:
    """Address of a centre that speaks https, and an enrolment code."""
    centre = open_centre(centre_database, tmp_path / "centre", clock)
    seed_people(centre)
    with centre.engine.begin() as connection:
        code = issue_code(connection, STATIONS[0].code, "1", clock.now())
    server = CentreServer(centre, "127.0.0.1", 0, tls=tls)
    server.start()
    yield server.url, code
    server.stop()
    centre.close()


def test_a_desk_that_trusts_the_authority_is_served_and_any_other_sends_nothing(
    centre_and_code: tuple[str, str], tls: tuple[Path, Path]
) -> None:
    url, code = centre_and_code
    asked = EnrolRequest(code=code, public_key=new_signing_key().public_key)
    assert url.startswith("https://")
    with pytest.raises(Offline, match="证书不被信任"):
        enrol_over_http(url, asked)
    assert enrol_over_http(url, asked, str(tls[0])).station == STATIONS[0]


def test_an_authority_that_is_no_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="没有根证书文件"):
        HttpLine(str(tmp_path / "nowhere.pem"))


def test_a_certificate_that_does_not_fit_its_key_is_refused_before_anything_else(tmp_path: Path, tls: tuple[Path, Path]) -> None:
    other = tmp_path / "other"
    other.mkdir()
    with pytest.raises(UserError, match="证书或密钥文件不能用"):
        serve("postgresql://nobody", tmp_path / "centre", tls=(tls[0], self_made(other)[1]))
