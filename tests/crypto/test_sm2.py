"""SM2 over SM3 for codes of papers, held against OpenSSL's own."""

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from nbcase.crypto.cose import read_sign1, sign1
from nbcase.crypto.sm2 import Sm2Signer, is_signed_sm2, new_sm2_signer
from nbcase.domain.ids import new_id
from nbcase.proof.claims import Claims, code_text, read_code

SPKI = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d03420004")
"""Head of a public key in DER: an elliptic curve's, of SM2's curve, not compressed."""


@pytest.fixture
def signer() -> Sm2Signer:
    return new_sm2_signer()


def test_openssl_holds_our_signature_for_right(signer: Sm2Signer, tmp_path: Path) -> None:
    message = "样张".encode()
    signature = signer.sign_code(message)
    (tmp_path / "key.der").write_bytes(SPKI + signer.point)
    (tmp_path / "message").write_bytes(message)
    halves = (int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
    (tmp_path / "signature").write_bytes(encode_dss_signature(*halves))
    subprocess.run(["openssl", "pkey", "-pubin", "-inform", "DER", "-in", "key.der", "-out", "key.pem"], cwd=tmp_path, check=True)
    command = ["openssl", "dgst", "-sm3", "-verify", "key.pem", "-sigopt", "distid:1234567812345678", "-signature", "signature", "message"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "Verified OK"


def test_another_message_and_another_key_do_not_hold(signer: Sm2Signer) -> None:
    signature = signer.sign_code(b"one")
    assert is_signed_sm2(signer.public_key, b"one", signature)
    assert not is_signed_sm2(signer.public_key, b"two", signature)
    assert not is_signed_sm2(new_sm2_signer().public_key, b"one", signature)
    assert not is_signed_sm2(signer.public_key, b"one", signature[:-1])
    assert not is_signed_sm2("00" * 64, b"one", signature)


def test_a_code_is_signed_by_the_same_call_and_as_short(signer: Sm2Signer) -> None:
    claims = Claims(
        document_id=new_id(), kind_code="refusal", number="LT-26-1", name="样一", document_tail="0312", station_code="330211-01",
        issued_at=datetime(2026, 11, 24, 8, 21, tzinfo=UTC), digest=bytes(16),
    )  # fmt: skip
    code = read_code(code_text(claims, signer))
    assert code.claims == claims
    assert code.signed.holds(signer.public_key)
    assert read_sign1(sign1(signer, b"abcd", b"x")).algorithm == -65537
    assert "private" not in repr(signer)
