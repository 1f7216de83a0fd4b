"""Slots and wrong tries on disk."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend

from nbcase.domain.errors import NotAllowed, UserError
from nbcase.store.vault import FileVault, KeyringVault, Lockout, Slot, choose_vault, has_keyring

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
LI = Slot(salt="s", public_key="p", box="00")
ZHAO = Slot(salt="t", public_key="q", box="01")


class MemoryKeyring(KeyringBackend):
    """A keyring that keeps entries in memory."""

    priority = 1.0  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.entries: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[(service, username)] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.entries[(service, username)]


@pytest.fixture
def memory_keyring() -> Iterator[MemoryKeyring]:
    before = keyring.get_keyring()
    memory = MemoryKeyring()
    keyring.set_keyring(memory)
    yield memory
    keyring.set_keyring(before)


def test_slots_are_kept_in_a_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    FileVault(tmp_path).replace({"li": LI})
    assert FileVault(tmp_path).slots() == {"li": LI}
    assert (tmp_path / "vault.json").stat().st_mode & 0o077 == 0
    assert [path.name for path in tmp_path.iterdir()] == ["vault.json"]


def test_a_spoilt_file_is_told_in_words_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "vault.json").write_bytes(b'{"li": {"salt"')
    with pytest.raises(UserError, match="密钥文件已损坏"):
        FileVault(tmp_path).slots()
    assert (tmp_path / "vault.json").read_bytes() == b'{"li": {"salt"'


def test_a_keyring_keeps_one_entry_for_each_clerk_and_drops_who_left(memory_keyring: MemoryKeyring) -> None:
    vault = KeyringVault("nbcase test")
    vault.replace({"li": LI, "zhao": ZHAO})
    assert vault.slots() == {"li": LI, "zhao": ZHAO}
    vault.replace({"zhao": ZHAO})
    assert KeyringVault("nbcase test").slots() == {"zhao": ZHAO}
    assert ("nbcase test", "clerk:li") not in memory_keyring.entries


def test_the_keyring_is_chosen_where_there_is_one_unless_the_desk_has_a_file(memory_keyring: MemoryKeyring, tmp_path: Path) -> None:
    assert has_keyring()
    assert isinstance(choose_vault(tmp_path), KeyringVault)
    FileVault(tmp_path).replace({"li": LI})
    assert isinstance(choose_vault(tmp_path), FileVault)


def test_five_wrong_passwords_lock_for_one_then_five_then_fifteen_minutes(tmp_path: Path) -> None:
    lockout, now = Lockout(tmp_path), NOW
    for left in (4, 3, 2, 1, 0):
        lockout.check("li", now)
        assert lockout.wrong("li", now) == left
    for minutes in (1, 5, 15, 15):
        now += timedelta(minutes=minutes, seconds=-1)
        with pytest.raises(NotAllowed, match="登录已暂停"):
            lockout.check("li", now)
        now += timedelta(seconds=1)
        lockout.check("li", now)
        lockout.wrong("li", now)


def test_a_restart_or_a_clock_set_back_does_not_end_a_lock(tmp_path: Path) -> None:
    for _ in range(5):
        Lockout(tmp_path).wrong("li", NOW)
    with pytest.raises(NotAllowed):
        Lockout(tmp_path).check("li", NOW)
    with pytest.raises(NotAllowed):
        Lockout(tmp_path).check("li", NOW - timedelta(days=400))


def test_trying_with_the_clock_set_back_locks_from_the_latest_moment_ever_seen(tmp_path: Path) -> None:
    lockout = Lockout(tmp_path)
    lockout.right("li", NOW)
    for _ in range(5):
        lockout.wrong("li", NOW - timedelta(hours=1))
    with pytest.raises(NotAllowed):
        lockout.check("li", NOW)
    lockout.check("li", NOW + timedelta(minutes=1))


def test_a_lock_concerns_one_login_and_a_right_password_clears_it(tmp_path: Path) -> None:
    lockout = Lockout(tmp_path)
    for _ in range(5):
        lockout.wrong("li", NOW)
    lockout.check("zhao", NOW)
    lockout.right("li", NOW + timedelta(minutes=1))
    assert lockout.wrong("li", NOW + timedelta(minutes=1)) == 4
