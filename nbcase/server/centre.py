"""What a running centre works with."""

from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import sqlalchemy as sa
import structlog

from nbcase.crypto.certificates import CertifiedKey, new_authority
from nbcase.crypto.keys import SigningKey, new_signing_key
from nbcase.domain.clock import Clock, SystemClock
from nbcase.domain.errors import UserError
from nbcase.domain.words import tr
from nbcase.server.nonces import NonceMemory
from nbcase.store.blobs import Blobs, FolderBlobs
from nbcase.store.centre_database import open_centre_database, transaction
from nbcase.store.feed import adopt_feed
from nbcase.store.file_uses import forget_lost_files
from nbcase.store.leases import LeaseBook
from nbcase.store.pieces import PieceShelf
from nbcase.store.vault import write_durably

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Centre:
    """Database, files and keys of one centre; `id_key` is shared with every desk of the city, see `derived_id`.

    `authority` certifies the keys with which desks sign papers.
    """

    engine: sa.Engine
    blobs: Blobs
    pieces: PieceShelf
    key: SigningKey
    id_key: bytes = field(repr=False)
    authority: CertifiedKey
    clock: Clock
    nonces: NonceMemory
    leases: LeaseBook

    def close(self) -> None:
        """Give the database connections back."""
        self.engine.dispose()


class _Keys(msgspec.Struct, forbid_unknown_fields=True):
    signing_seed: str
    id_key: str


class _Authority(msgspec.Struct, forbid_unknown_fields=True):
    private_key: bytes
    certificate: bytes


AUTHORITY_NAME = "nbcase 文书签发"
"""Of an authority that the program made itself; an office puts its own into the file."""


def open_centre(database_url: str, data_folder: Path, clock: Clock | None = None, *, is_prepared: bool = False) -> Centre:
    """The centre whose files are in `data_folder`, its database migrated, its keys made at the first start.

    A worker process finds both done by its parent: `is_prepared`.
    Raises `UserError` when the database does not answer or the key file is spoilt.
    """
    clock = clock or SystemClock()
    keys = _keys(data_folder / "centre.key")
    blobs = FolderBlobs(data_folder / "attachments")
    engine = open_centre_database(database_url, is_migrated=is_prepared)
    if not is_prepared:
        with transaction(engine) as connection:
            adopt_feed(connection)
            if lost := forget_lost_files(connection, blobs):
                _log.error("files_lost", files=lost)
    return Centre(
        engine=engine,
        blobs=blobs,
        pieces=PieceShelf(data_folder / "uploads"),
        key=SigningKey(bytes.fromhex(keys.signing_seed)),
        id_key=bytes.fromhex(keys.id_key),
        authority=_authority(data_folder / "paper-authority.json", clock),
        clock=clock,
        nonces=NonceMemory(),
        leases=LeaseBook(data_folder / "leases.json"),
    )


def _keys(path: Path) -> _Keys:
    """Read, or make once. Losing this file makes every receipt unverifiable and every derived id new: back it up."""
    if not path.exists():
        made = _Keys(signing_seed=new_signing_key().seed.hex(), id_key=new_signing_key().seed.hex())
        write_durably(path, msgspec.json.encode(made))
        return made
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Keys)
    except msgspec.DecodeError as error:
        raise _spoilt(path) from error


def _authority(path: Path, clock: Clock) -> CertifiedKey:
    """Read, or make once. Losing this file means a new authority: papers signed so far stay provable, desks get new certificates."""
    if not path.exists():
        made = new_authority(AUTHORITY_NAME, clock.now())
        write_durably(path, msgspec.json.encode(_Authority(private_key=made.private_key, certificate=made.certificate)))
        return made
    try:
        kept = msgspec.json.decode(path.read_bytes(), type=_Authority)
    except msgspec.DecodeError as error:
        raise _spoilt(path) from error
    return CertifiedKey(kept.private_key, kept.certificate)


def _spoilt(path: Path) -> UserError:
    return UserError(
        tr("中心密钥文件已损坏：{path}").format(path=path), safe=tr("数据库没有改动。"), do=tr("请从备份恢复这个文件，不要删除它。")
    )
