"""Signing keys and sealed boxes."""

import pytest

from nbcase.crypto.keys import SigningKey, is_signed, new_signing_key
from nbcase.crypto.sealing import seal, sealing_public_key, unseal


def test_a_signature_holds_for_its_message_and_key_only() -> None:
    key = new_signing_key()
    signature = key.sign(b"accept")
    assert is_signed(key.public_key, b"accept", signature)
    assert not is_signed(key.public_key, b"refuse", signature)
    assert not is_signed(new_signing_key().public_key, b"accept", signature)


@pytest.mark.parametrize(("public_key", "signature"), [("", ""), ("zz", "00"), ("00" * 32, "nonsense"), ("00" * 31, "00" * 64)])
def test_malformed_keys_and_signatures_are_just_not_signed(public_key: str, signature: str) -> None:
    assert not is_signed(public_key, b"accept", signature)


def test_a_key_does_not_show_its_seed() -> None:
    key = SigningKey(b"\x07" * 32)
    assert "\\x07" not in repr(key)


def test_a_box_opens_for_its_owner_in_its_context_only() -> None:
    owner, other = b"\x01" * 32, b"\x02" * 32
    box = seal(sealing_public_key(owner), b"the desk's key", b"slot li")
    assert unseal(owner, box, b"slot li") == b"the desk's key"
    assert unseal(other, box, b"slot li") is None
    assert unseal(owner, box, b"slot zhao") is None
    assert unseal(owner, box[:-1], b"slot li") is None
    assert unseal(owner, b"", b"slot li") is None


def test_one_flipped_bit_anywhere_closes_a_box_for_good() -> None:
    owner = b"\x01" * 32
    box = seal(sealing_public_key(owner), b"x", b"")
    for place in range(len(box)):
        spoilt = bytearray(box)
        spoilt[place] ^= 1
        assert unseal(owner, bytes(spoilt), b"") is None
