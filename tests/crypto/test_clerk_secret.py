"""A password as keys."""

import pytest

from nbcase.crypto.clerk_secret import STANDARD, new_clerk_secret, open_clerk, sealing_key, verifying_key
from nbcase.crypto.keys import is_signed
from nbcase.crypto.sealing import seal

CHEAP = "m=8,t=1,p=1"


def test_the_right_password_gives_the_same_key_again_and_a_wrong_one_none() -> None:
    salt, public_key, key = new_clerk_secret("密码 一二三", cost=CHEAP)
    again = open_clerk("密码 一二三", salt, public_key)
    assert again == key
    assert open_clerk("密码 一二", salt, public_key) is None


def test_the_public_key_checks_signatures_and_seals_boxes_for_the_clerk() -> None:
    _, public_key, key = new_clerk_secret("pw", cost=CHEAP)
    assert is_signed(verifying_key(public_key), b"challenge", key.sign(b"challenge"))
    assert key.open(seal(sealing_key(public_key), b"secret", b"slot"), b"slot") == b"secret"


def test_full_width_digits_from_an_input_method_are_the_same_password() -> None:
    salt, public_key, _ = new_clerk_secret("１２３ａｂ", cost=CHEAP)
    assert open_clerk("123ab", salt, public_key) is not None


def test_two_clerks_with_one_password_have_different_keys() -> None:
    assert new_clerk_secret("pw", cost=CHEAP)[1] != new_clerk_secret("pw", cost=CHEAP)[1]


def test_the_cost_stands_in_the_salt_text_so_that_it_can_be_raised() -> None:
    salt, public_key, _ = new_clerk_secret("pw")
    assert salt.startswith(f"argon2id${STANDARD}$")
    assert open_clerk("pw", salt, public_key) is not None


@pytest.mark.parametrize(
    "salt", ["", "plain", "argon2id$m=8,t=1,p=1$", "argon2id$m=99999999,t=1,p=1$" + "00" * 16, "argon2id$m=8,t=9999,p=1$" + "00" * 16]
)
def test_a_salt_text_that_is_foreign_or_would_take_the_machine_down_is_refused(salt: str) -> None:
    with pytest.raises(ValueError, match="salt text"):
        open_clerk("pw", salt, "")
