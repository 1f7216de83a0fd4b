"""A clerk signs in at a desk, with or without the centre: the password opens the clerk's slot, the slot opens the desk."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from nbcase.crypto.clerk_secret import ClerkKey, open_clerk, sealing_key
from nbcase.crypto.keys import SigningKey
from nbcase.crypto.sealing import seal
from nbcase.domain.clerk import Clerk
from nbcase.domain.clock import local_date
from nbcase.domain.errors import NotAllowed, UserError
from nbcase.domain.words import tr
from nbcase.store import people
from nbcase.store.desk_database import open_desk_database, reading
from nbcase.store.vault import Lockout, Slot, Vault

KEY_BYTES = 32
DATABASE_NAME = "desk.db"

_DUMMY_SALT = "argon2id$m=65536,t=3,p=1$" + "00" * 16
"""An unknown login takes as long as a wrong password, so that trying does not tell which logins exist."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskSecrets:
    """What a desk must keep to itself: the database's raw key and the seed of the key that signs its requests."""

    database_key: bytes = field(repr=False)
    device: SigningKey

    def packed(self) -> bytes:
        """As kept in a slot."""
        return self.database_key + self.device.seed


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A clerk at work: record, key, the desk's secrets, and the opened database, which the caller disposes of."""

    clerk: Clerk
    key: ClerkKey
    secrets: DeskSecrets
    engine: sa.Engine = field(repr=False)


def new_desk_secrets() -> DeskSecrets:
    """Fresh secrets for a desk that is being enrolled."""
    return DeskSecrets(database_key=os.urandom(KEY_BYTES), device=SigningKey(os.urandom(KEY_BYTES)))


def is_enrolled(folder: Path, vault: Vault) -> bool:
    """Whether the desk in this folder has been enrolled completely: the vault is written last."""
    return (folder / DATABASE_NAME).exists() and bool(vault.slots())


def sign_in(folder: Path, vault: Vault, login: str, password: str, now: datetime) -> SignedIn:
    """Open the desk in `folder` for a clerk.

    Raises `NotAllowed` for a wrong login or password, while locked, and for a clerk who left the station or whose
    days are over; `UserError` when the desk's data cannot be opened.
    """
    key, slot, secrets = open_secrets(folder, vault, login, password, now)
    engine = open_desk_database(folder / DATABASE_NAME, secrets.database_key)
    try:
        clerk = _admitted(engine, login, slot, now)
    except BaseException:
        engine.dispose()
        raise
    Lockout(folder).right(login, now)
    return SignedIn(clerk=clerk, key=key, secrets=secrets, engine=engine)


def open_secrets(folder: Path, vault: Vault, login: str, password: str, now: datetime) -> tuple[ClerkKey, Slot, DeskSecrets]:
    """What a right password opens, without the database: a rescue has none. Raises as `sign_in` does."""
    lockout = Lockout(folder)
    lockout.check(login, now)
    slot = vault.slots().get(login)
    salt, public_key = (slot.salt, slot.public_key) if slot else (_DUMMY_SALT, "")
    key = open_clerk(password, salt, public_key)
    if slot is None or key is None:
        raise _wrong_password(lockout.wrong(login, now))
    secrets = _open_slot(key, login, slot)
    return key, slot, secrets


def keep_slots(vault: Vault, secrets: DeskSecrets, clerks: Iterable[Clerk]) -> None:
    """Give each of these clerks, and nobody else, a way into the desk. Needs no password: a box is sealed for a public key."""
    present = vault.slots()
    wanted = {clerk.login: present.get(clerk.login) for clerk in clerks}
    for clerk in clerks:
        slot = wanted[clerk.login]
        if slot is None or (slot.salt, slot.public_key) != (clerk.salt, clerk.public_key):
            box = seal(sealing_key(clerk.public_key), secrets.packed(), _context(clerk.login))
            wanted[clerk.login] = Slot(salt=clerk.salt, public_key=clerk.public_key, box=box.hex())
    if wanted != present:
        vault.replace({login: slot for login, slot in wanted.items() if slot is not None})


def _context(login: str) -> bytes:
    return f"nbcase slot {login}".encode()


def _wrong_password(left: int) -> NotAllowed:
    tries = tr("还可再试 {n} 次。").format(n=left) if left else tr("登录已暂停，请稍后再试。")
    return NotAllowed(tr("登录名或密码不对。"), safe=tr("本机数据不受影响。"), do=tries)


def _open_slot(key: ClerkKey, login: str, slot: Slot) -> DeskSecrets:
    packed = key.open(bytes.fromhex(slot.box), _context(login))
    if packed is None or len(packed) != 2 * KEY_BYTES:
        raise UserError(
            tr("本机的密钥文件已损坏，无法登录。"),
            safe=tr("本机数据没有被改动，仍然加密保存。"),
            do=tr("请换另一位经办人登录，或联系管理员恢复密钥文件。"),
        )
    return DeskSecrets(database_key=packed[:KEY_BYTES], device=SigningKey(packed[KEY_BYTES:]))


def _admitted(engine: sa.Engine, login: str, slot: Slot, now: datetime) -> Clerk:
    with reading(engine) as connection:
        found = people.clerks(connection, login=login)
    if not found or found[0].public_key != slot.public_key:
        raise NotAllowed(tr("这个账号已停用或改了密码。"), do=tr("请用新密码登录，或请站长核对账号。"))
    clerk = found[0]
    if clerk.valid_until_on is not None and local_date(now) > clerk.valid_until_on:
        raise NotAllowed(
            tr("账号有效期至 {day}，已过期。").format(day=clerk.valid_until_on),
            safe=tr("本机数据不受影响。"),
            do=tr("请站长在中心延期；连上网络后即可登录。"),
        )
    return clerk
