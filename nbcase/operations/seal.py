"""The desk's sealed log at work: opened at sign-in, completed and shortened after a reconciliation, exported to a stick."""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec
import sqlalchemy as sa

from nbcase.crypto.sealed_file import Frame, Kind, SealedReader, SegmentSeal, derived_sealing_key, desk_opens
from nbcase.crypto.sealing import sealing_public_key
from nbcase.domain.action import Action
from nbcase.domain.clerk import Clerk, Station
from nbcase.domain.clock import Clock
from nbcase.domain.crashpoints import reach
from nbcase.domain.errors import UserError
from nbcase.domain.words import tr
from nbcase.operations.desk import Desk
from nbcase.operations.enrol import Enrolment
from nbcase.operations.sign_in import DATABASE_NAME, DeskSecrets
from nbcase.store import people
from nbcase.store.desk_database import reading, writing
from nbcase.store.desk_work import keep_sealed_log, read_action, sealed_log_of, state
from nbcase.store.sealed_log import FOLDER, SUFFIX, FileHead, SealedLog, Segment, act_frames, unsent_files
from nbcase.store.tables import desk_action, number_block, outbox
from nbcase.store.vault import sync_folder

SALT_BYTES = 16


class HeldBlock(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A block of receipt numbers as far as it was used when the segment began."""

    series: str
    first: int
    last: int
    next: int


class Mark(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The first frame of a segment: everything that a rescue needs of a desk whose database is gone.

    `identity` is the desk's state of that name; `database_salt` (hex) is the one part of the database's key that lies in
    its first page; `last_sequence` and `last_hash` are the desk's last act then.
    """

    identity: dict[str, str]
    station: Station
    clerks: list[Clerk]
    blocks: list[HeldBlock]
    database_salt: str
    last_sequence: int
    last_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedExport:
    """What went into a file for a stick: acts, files, where it is, how long it is."""

    count: int
    files: int
    path: Path
    bytes: int


def desk_opening_key(secrets: DeskSecrets) -> bytes:
    """The private key with which the desk reads its own sealed log; it stands and falls with the database's key."""
    return derived_sealing_key(secrets.database_key, "desk")


def begin_sealing(engine: sa.Engine, folder: Path, enrolment: Enrolment, secrets: DeskSecrets, clock: Clock) -> SealedLog:
    """Open the log of the desk in `folder`, append what unsent acts it lacks, and seal every act from now on.

    A disk too full to complete it does not keep anybody from signing in: `SealedLog.state` says so. The caller closes it.
    """
    desk_id = enrolment.identity.desk_id
    opening = desk_opening_key(secrets)
    own_key = sealing_public_key(opening)

    def new_seal(number: int) -> SegmentSeal:
        return SegmentSeal(
            desk_id=desk_id,
            number=number,
            made_at=clock.now().isoformat(),
            device=secrets.device,
            centre_key=enrolment.centre_sealing_key,
            desk_key=own_key,
        )

    with reading(engine) as connection:
        last = connection.execute(sa.select(sa.func.max(desk_action.c.sequence))).scalar() or 0
    segments = [_index(path, opening, secrets.device.public_key, last) for path in log_paths(folder, desk_id)]
    log = SealedLog(folder / FOLDER, desk_id, segments, new_seal, lambda connection: _mark(connection, folder))
    keep_sealed_log(engine, log)
    with suppress(UserError), writing(engine) as connection:
        log.complete(connection)
    return log


def log_paths(folder: Path, desk_id: str = "") -> list[Path]:
    """The files of a desk's log, oldest first."""
    return sorted((folder / FOLDER).glob(f"{desk_id}*{SUFFIX}"))


def tend(engine: sa.Engine) -> None:
    """After a contact: append what the log lacks, delete what the centre has signed for. Nothing to do costs one look."""
    log = sealed_log_of(engine)
    if log is None:
        return
    with reading(engine) as connection:
        signed = state(connection, "reconciliation", {})
        covered = signed["count"] if signed.get("is_equal") else 0
        if not log.is_behind(connection) and not log.can_drop(covered):
            return
    with suppress(UserError), writing(engine) as connection:
        log.complete(connection)
        log.drop(covered)


def _index(path: Path, opening: bytes, device_key: str, last: int) -> Segment:
    """What a closed segment holds, without reading its files' content."""
    segment = Segment(path=path)
    try:
        with path.open("rb") as file:
            reader = SealedReader(
                file,
                desk_opens(opening),
                lambda header: device_key,
                wanted=frozenset({Kind.MARK, Kind.FILE, Kind.ACTION}),
            )
            _take_index(segment, reader)
            is_whole = not reader.foreign and all(damage.is_tail for damage in reader.damages)
    except (OSError, msgspec.DecodeError):
        is_whole = False
    if not is_whole:
        segment.is_whole, segment.until = False, last
    return segment


def _take_index(segment: Segment, reader: SealedReader) -> None:
    files: set[str] = set()
    for frame in reader:
        if frame.kind is Kind.FILE:
            files.add(msgspec.json.decode(frame.plain, type=FileHead).hash)
        elif frame.kind is Kind.ACTION:
            action = read_action(frame.plain)
            segment.hashes[action.sequence] = action.hash
            # Files come before their act: one that no act follows may be half.
            segment.files |= files


def _mark(connection: sa.Connection, folder: Path) -> bytes:
    identity = state(connection, "identity")
    block = number_block
    newest = sa.select(desk_action.c.sequence, desk_action.c.hash).order_by(desk_action.c.sequence.desc()).limit(1)
    last = connection.execute(newest).first()
    return msgspec.json.encode(
        Mark(
            identity=identity,
            station=people.station(connection, identity["station_code"]),
            clerks=people.clerks(connection, station_code=identity["station_code"]),
            blocks=[
                HeldBlock(series=row.series, first=row.first, last=row.last, next=row.next)
                for row in connection.execute(sa.select(block).order_by(block.c.first))
            ],
            database_salt=_salt(folder / DATABASE_NAME).hex(),
            last_sequence=last.sequence if last else 0,
            last_hash=last.hash if last else "",
        )
    )


def _salt(database: Path) -> bytes:
    with database.open("rb") as file:
        return file.read(SALT_BYTES)


def export_sealed(desk: Desk, target: Path) -> SealedExport:
    """Write everything unsent into one sealed file: `target`, or a new file in the folder `target`.

    Only the centre can open it, and this desk. Durable and read back when this returns. Raises `UserError` when nothing
    is unsent or the stick does not take it; nothing is left of a file that was not finished.
    """
    log = sealed_log_of(desk.engine)
    if log is None:
        raise RuntimeError("a desk without a sealed log")
    path = target / _file_name(desk) if target.is_dir() else target
    with _finished(path) as part, reading(desk.engine) as connection:
        count, files, digest = _write_export(connection, log, part)
        if _digest_of(part) != digest:
            raise OSError(tr("读回的内容与写入的不同"))
    return SealedExport(count=count, files=files, path=path, bytes=path.stat().st_size)


@contextmanager
def _finished(path: Path) -> Iterator[Path]:
    """Where to write what becomes `path` when the block ends; nothing is left of it when the block raises.

    The block syncs what it wrote. Raises `UserError` where the stick does not take it.
    """
    part = path.with_name(f"{path.name}.part")
    try:
        try:
            yield part
            reach("desk.export.before")
            part.replace(path)
            sync_folder(path.parent)
            reach("desk.export.after")
        except Exception:
            # A stick that was pulled out does not take this either: the first error is the one to tell.
            with suppress(OSError):
                part.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise UserError(
            tr("导出没有写成：{text}").format(text=error.strerror or str(error)),
            safe=tr("未上传的办件仍在本机，没有改动。"),
            do=tr("请换一个 U 盘或文件夹再导出。"),
        ) from error


def _file_name(desk: Desk) -> str:
    at = desk.clock.now().strftime("%Y%m%d-%H%M%S")
    return f"{desk.identity.prefix}-{desk.identity.desk_id[-8:]}-{at}{SUFFIX}"


def _write_export(connection: sa.Connection, log: SealedLog, path: Path) -> tuple[int, int, str]:
    """Number of acts, number of files, SHA-256 of all that was written."""
    bodies = sa.select(desk_action.c.body).join(outbox, outbox.c.sequence == desk_action.c.sequence)
    unsent = connection.execute(bodies.where(outbox.c.outcome.is_(None)).order_by(outbox.c.sequence)).scalars().all()
    if not unsent:
        raise UserError(tr("没有未上传的办件，不用导出。"), safe=tr("没有写任何文件。"))
    first, seal = log.begin_file(connection)
    digest, sealed = hashlib.sha256(first), set[str]()
    with path.open("wb") as file:
        file.write(first)
        for action in map(read_action, unsent):
            files = unsent_files(connection, [content_hash for content_hash in action.attachments if content_hash not in sealed])
            sealed.update(entry.hash for entry in files)
            for frame in act_frames(connection, seal, action, files):
                file.write(frame)
                digest.update(frame)
        file.flush()
        os.fsync(file.fileno())
    return len(unsent), len(sealed), digest.hexdigest()


def _digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sealed_files(
    frames: Iterable[Frame], *, on_act: Callable[[Action], None] = lambda action: None
) -> Iterator[tuple[FileHead, Iterator[bytes]]]:
    """Files in a sealed file, each with its content to be read before the next; where a frame is spoilt a piece is missing in it.

    `on_act` is handed every act on the way.
    """
    waiting: list[Frame] = []
    stream = iter(frames)

    def content() -> Iterator[bytes]:
        for frame in stream:
            if frame.kind is not Kind.CHUNK:
                waiting.append(frame)
                return
            yield frame.plain

    while (frame := waiting.pop() if waiting else next(stream, None)) is not None:
        if frame.kind is Kind.ACTION:
            on_act(read_action(frame.plain))
        elif frame.kind is Kind.FILE:
            pieces = content()
            yield msgspec.json.decode(frame.plain, type=FileHead), pieces
            for _ in pieces:
                continue


def copy_log(folder: Path, target: Path) -> tuple[Path, int]:
    """Put the desk's log as it is into one file, without a password: a damaged desk, or one whose clerk is not there.

    A computer that was enrolled anew has a last segment of its earlier life too; a file is of one desk, the present one.
    Answers where and how many bytes; the centre reads it like an export. Raises `UserError` when there is no log or the
    stick does not take it.
    """
    paths = log_paths(folder)
    if not paths:
        raise UserError(tr("这台电脑没有封存副本。"), safe=tr("没有写任何文件。"), do=tr("请登录后导出，或联系管理员。"))
    # Ids of desks are in the order of their making.
    desk_id = paths[-1].stem.rpartition("-")[0]
    path = target / f"{paths[-1].stem}-log{SUFFIX}" if target.is_dir() else target
    with _finished(path) as part, part.open("wb") as file:
        for segment in log_paths(folder, desk_id):
            with segment.open("rb") as source:
                shutil.copyfileobj(source, file)
        file.flush()
        os.fsync(file.fileno())
    return path, path.stat().st_size
