"""A computer becomes a desk: a one-time code from the centre, keys made here, everything needed offline brought back."""

import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from nbcase.crypto.keys import SigningKey
from nbcase.crypto.sealed_file import derived_sealing_key
from nbcase.crypto.sealing import sealing_public_key
from nbcase.domain.errors import NotAllowed, UserError
from nbcase.domain.ids import new_id
from nbcase.domain.words import tr
from nbcase.operations.messages import Block, EnrolAnswer, EnrolRequest
from nbcase.operations.sign_in import DATABASE_NAME, DeskSecrets, is_enrolled, keep_slots, new_desk_secrets
from nbcase.store import people, tables
from nbcase.store.desk_database import open_desk_database, writing
from nbcase.store.desk_work import DeskIdentity, set_state, state
from nbcase.store.leases import LeaseBook, lease_block, unconfirmed_leases
from nbcase.store.vault import Vault

CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_GROUPS = 3
CODE_GROUP_SIZE = 4
CODE_LIFE = timedelta(days=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """What an enrolled desk knows about itself and its centre.

    `centre_public_key` checks the centre's receipts, `centre_sealing_key` is what the sealed log is closed for.
    """

    identity: DeskIdentity
    centre_url: str
    centre_public_key: str
    centre_sealing_key: str


def enrol(folder: Path, vault: Vault, centre_url: str, code: str, exchange: Callable[[EnrolRequest], EnrolAnswer]) -> Enrolment:
    """Make the computer in `folder` a desk of the centre. `exchange` carries the request there and the answer back.

    Afterwards every clerk of the station can sign in, without the network too. Raises `UserError` when the code is not
    good or the folder is a desk already, `Offline` when the centre is not reached; nothing is left behind then.
    """
    if is_enrolled(folder, vault):
        raise UserError(tr("这台电脑已经登记过。"), safe=tr("没有改动任何数据。"), do=tr("要换受理点，请先由管理员停用这台电脑。"))
    desk_secrets = new_desk_secrets()
    answer = exchange(EnrolRequest(code=code, public_key=desk_secrets.device.public_key))
    # A half-made database of an earlier try was never used: its key is lost.
    for leftover in folder.glob(f"{DATABASE_NAME}*"):
        leftover.unlink()
    _write_database(folder, desk_secrets, answer, centre_url)
    keep_slots(vault, desk_secrets, answer.clerks)
    return _enrolment(answer, centre_url)


def read_enrolment(connection: sa.Connection) -> Enrolment:
    """What `enrol` kept in the desk's database."""
    kept = state(connection, "identity")
    return Enrolment(
        identity=DeskIdentity(
            desk_id=kept["desk_id"],
            station_code=kept["station_code"],
            prefix=kept["prefix"],
            window=kept["window"],
            id_key=bytes.fromhex(kept["id_key"]),
        ),
        centre_url=kept["centre_url"],
        centre_public_key=kept["centre_public_key"],
        centre_sealing_key=kept["centre_sealing_key"],
    )


def _enrolment(answer: EnrolAnswer, centre_url: str) -> Enrolment:
    identity = DeskIdentity(
        desk_id=answer.desk_id,
        station_code=answer.station.code,
        prefix=answer.station.prefix,
        window=answer.window,
        id_key=bytes.fromhex(answer.id_key),
    )
    return Enrolment(
        identity=identity,
        centre_url=centre_url,
        centre_public_key=answer.centre_public_key,
        centre_sealing_key=answer.centre_sealing_key,
    )


def _write_database(folder: Path, desk_secrets: DeskSecrets, answer: EnrolAnswer, centre_url: str) -> None:
    engine = open_desk_database(folder / DATABASE_NAME, desk_secrets.database_key)
    try:
        with writing(engine) as connection:
            kept = {
                "desk_id": answer.desk_id,
                "station_code": answer.station.code,
                "prefix": answer.station.prefix,
                "window": answer.window,
                "id_key": answer.id_key,
                "centre_url": centre_url,
                "centre_public_key": answer.centre_public_key,
                "centre_sealing_key": answer.centre_sealing_key,
            }
            set_state(connection, "identity", kept)
            people.replace_people(connection, answer.clerks, answer.stations)
            keep_blocks(connection, answer.blocks)
    finally:
        engine.dispose()


USED_NUMBERS = "used_numbers"
"""State of a rescued desk: the highest number of each series that its rescued acts bear."""


def keep_blocks(connection: sa.Connection, blocks: Sequence[Block]) -> None:
    """Add leased blocks to the desk's; a block that it has already is left as far as it was used."""
    from sqlalchemy.dialects.sqlite import insert

    used = state(connection, USED_NUMBERS, {})
    for block in blocks:
        following = min(max(block.first, used.get(block.series, 0) + 1), block.last + 1)
        values = {"series": block.series, "first": block.first, "last": block.last, "next": following}
        connection.execute(insert(tables.number_block).values(values).on_conflict_do_nothing())


def close_blocks(connection: sa.Connection, blocks: Sequence[Block]) -> None:
    """Use nothing more of these blocks, and name them no more: whoever names one is told again, and is given another."""
    kept = tables.number_block
    for block in blocks:
        connection.execute(sa.delete(kept).where(kept.c.series == block.series, kept.c.first == block.first))


def issue_code(connection: sa.Connection, station_code: str, window: str, now: datetime, life: timedelta = CODE_LIFE) -> str:
    """At the centre: a one-time code for one window of a station, such as ``7F3K-9QTX-2M4B`` (58 bits). Only its hash is kept."""
    people.station(connection, station_code)
    groups = ["".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_GROUP_SIZE)) for _ in range(CODE_GROUPS)]
    code = "-".join(groups)
    connection.execute(
        sa.insert(tables.enrolment_code).values(
            code_hash=_code_hash(code), station_code=station_code, window=window, expires_at=now + life, used_by=None
        )
    )
    return code


def _code_hash(code: str) -> str:
    return hashlib.sha256("".join(sign for sign in code.upper() if sign.isalnum()).encode()).hexdigest()


def admit(
    connection: sa.Connection, request: EnrolRequest, *, book: LeaseBook, id_key: bytes, centre_key: SigningKey, now: datetime
) -> EnrolAnswer:
    """At the centre: turn a good code into a desk. The same desk may ask again with the same code when the answer got lost."""
    codes, desks = tables.enrolment_code, tables.desk
    code = connection.execute(sa.select(codes).where(codes.c.code_hash == _code_hash(request.code)).with_for_update()).first()
    if code is None or code.expires_at < now:
        raise _bad_code()
    station = people.station(connection, code.station_code)
    if code.used_by is None:
        desk_id = new_id()
        connection.execute(
            sa.insert(desks).values(
                id=desk_id, station_code=station.code, window=code.window, public_key=request.public_key, enrolled_at=now
            )
        )
        connection.execute(sa.update(codes).where(codes.c.code_hash == code.code_hash).values(used_by=desk_id))
        lease_block(connection, book, station.prefix, desk_id, now)
    else:
        desk_id = code.used_by
        if connection.execute(sa.select(desks.c.public_key).where(desks.c.id == desk_id)).scalar() != request.public_key:
            raise _bad_code()
    return EnrolAnswer(
        desk_id=desk_id,
        station=station,
        window=code.window,
        id_key=id_key.hex(),
        centre_public_key=centre_key.public_key,
        centre_sealing_key=sealing_public_key(centre_opening_key(centre_key)),
        clerks=people.clerks(connection, station_code=station.code),
        stations=people.stations(connection),
        blocks=[
            Block(series=station.prefix, first=first, last=last) for first, last in unconfirmed_leases(connection, station.prefix, desk_id)
        ],
        server_at=now,
    )


def centre_opening_key(centre_key: SigningKey) -> bytes:
    """The private key that opens what desks sealed for the centre; it stands and falls with the centre's key file."""
    return derived_sealing_key(centre_key.seed, "centre")


def retire(connection: sa.Connection, desk_id: str, now: datetime) -> None:
    """At the centre: take a desk out of service; from now on its requests are refused in words."""
    connection.execute(sa.update(tables.desk).where(tables.desk.c.id == desk_id).values(retired_at=now))


def _bad_code() -> UserError:
    return NotAllowed(tr("登记码不对、已用过或已过期。"), safe=tr("这台电脑没有改动。"), do=tr("请向管理员要一个新的登记码。"))
