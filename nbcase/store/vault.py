"""Where a desk's own secrets lie between two sign-ins: sealed slots, one for each clerk, in a file or in the system's keyring.

The vault only keeps; what opens a slot comes from the clerk's password (`nbcase.crypto`). Wrong tries are counted on disk.
"""

import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

import msgspec

from nbcase.domain.errors import NotAllowed, UserError
from nbcase.domain.words import tr

TRIES = 5
"""Wrong passwords before the first wait."""

WAITS = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15))
"""How long the fifth, sixth and every later wrong password locks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One clerk's way in: salt and public key check the password, `box` (hex) holds the desk's secrets for that clerk."""

    salt: str
    public_key: str
    box: str


class Vault(Protocol):
    """Keeps slots by login."""

    def slots(self) -> Mapping[str, Slot]:
        """Every slot of this desk."""
        ...

    def replace(self, slots: Mapping[str, Slot]) -> None:
        """Keep exactly these slots, durably and at once."""
        ...


class FileVault:
    """Slots in `vault.json` below the desk's folder."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "vault.json"

    def slots(self) -> Mapping[str, Slot]:
        if not self._path.exists():
            return {}
        return _decode(self._path.read_bytes())

    def replace(self, slots: Mapping[str, Slot]) -> None:
        write_durably(self._path, msgspec.json.encode(slots, order="sorted"))


class KeyringVault:
    """Slots in the system's keyring, one entry for each clerk: Windows allows only 2,560 bytes an entry.

    A stolen disk then holds nothing to try passwords against. Needs a keyring with a real backend.
    """

    INDEX = "logins"

    def __init__(self, service: str) -> None:
        self._service = service

    def slots(self) -> Mapping[str, Slot]:
        import keyring

        index = keyring.get_password(self._service, self.INDEX)
        logins: list[str] = msgspec.json.decode(index, type=list[str]) if index else []
        texts = {login: keyring.get_password(self._service, f"clerk:{login}") for login in logins}
        return {login: msgspec.json.decode(text, type=Slot) for login, text in texts.items() if text}

    def replace(self, slots: Mapping[str, Slot]) -> None:
        import keyring

        before = set(self.slots())
        for login, slot in slots.items():
            keyring.set_password(self._service, f"clerk:{login}", msgspec.json.encode(slot).decode())
        keyring.set_password(self._service, self.INDEX, msgspec.json.encode(sorted(slots)).decode())
        for login in before - set(slots):
            keyring.delete_password(self._service, f"clerk:{login}")


def has_keyring() -> bool:
    """Whether the machine has a keyring that really keeps something."""
    import keyring
    from keyring.backends import chainer, fail, null

    backend = keyring.get_keyring()
    if isinstance(backend, chainer.ChainerBackend):
        return bool(backend.backends)
    return not isinstance(backend, (fail.Keyring, null.Keyring))


def choose_vault(folder: Path) -> Vault:
    """What the desk in `folder` has, else the keyring where there is one, else a file."""
    if (folder / "vault.json").exists() or not has_keyring():
        return FileVault(folder)
    return KeyringVault(f"nbcase {folder.resolve()}")


def _decode(content: bytes) -> Mapping[str, Slot]:
    try:
        return msgspec.json.decode(content, type=dict[str, Slot])
    except msgspec.DecodeError as error:
        raise UserError(
            tr("本机的密钥文件已损坏，无法登录。"),
            safe=tr("本机数据没有被改动，仍然加密保存。"),
            do=tr("请不要删除任何文件，联系管理员用备份恢复 vault.json。"),
        ) from error


class _Count(msgspec.Struct, forbid_unknown_fields=True):
    wrong: int = 0
    locked_until: datetime | None = None


class _Counts(msgspec.Struct, forbid_unknown_fields=True):
    seen_at: datetime | None = None
    clerks: dict[str, _Count] = {}


class Lockout:
    """Wrong passwords by login, in `lockout.json`: survives a restart, and a clock that is set back gains nothing.

    Time here never runs backwards: it is the later of the clock and the latest moment that was ever seen.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "lockout.json"

    def check(self, login: str, now: datetime) -> None:
        """Raise `NotAllowed` while the login is locked."""
        counts, at = self._read(now)
        count = counts.clerks.get(login)
        if count is None or count.locked_until is None or at >= count.locked_until:
            return
        minutes = -(-int((count.locked_until - at).total_seconds()) // 60)
        raise NotAllowed(
            tr("密码连续输错 {n} 次，登录已暂停。").format(n=count.wrong),
            safe=tr("本机数据不受影响。"),
            do=tr("请约 {n} 分钟后再试，或请站长登录。").format(n=max(minutes, 1)),
        )

    def wrong(self, login: str, now: datetime) -> int:
        """Count a wrong password; answers how many tries are left before the next wait."""

        def count_up(count: _Count, at: datetime) -> None:
            count.wrong += 1
            if count.wrong >= TRIES:
                count.locked_until = at + WAITS[min(count.wrong - TRIES, len(WAITS) - 1)]

        return max(TRIES - self._change(login, now, count_up).wrong, 0)

    def right(self, login: str, now: datetime) -> None:
        """Forget the login's wrong tries."""

        def clear(count: _Count, at: datetime) -> None:
            count.wrong, count.locked_until = 0, None

        self._change(login, now, clear)

    def _change(self, login: str, now: datetime, change: Callable[[_Count, datetime], None]) -> _Count:
        counts, at = self._read(now)
        count = counts.clerks.setdefault(login, _Count())
        change(count, at)
        counts.seen_at = at
        write_durably(self._path, msgspec.json.encode(counts))
        return count

    def _read(self, now: datetime) -> tuple[_Counts, datetime]:
        try:
            counts = msgspec.json.decode(self._path.read_bytes(), type=_Counts)
        except (FileNotFoundError, msgspec.DecodeError):
            # A spoilt count must not lock everybody out: the password itself still guards the data.
            counts = _Counts()
        return counts, max(now, counts.seen_at or now)


def write_durably(path: Path, content: bytes) -> None:
    """Replace a file so that after a power cut either the old or the new content is there; readable by its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make a rename durable; Windows neither needs nor allows it."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
