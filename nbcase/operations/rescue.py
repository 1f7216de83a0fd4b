"""A desk whose database is damaged is rebuilt: from the sealed log, and from what is left of the database page by page.

Everything unsent is in both; each act proves itself by its own hash, and the chain says which of two acts belongs in a place.
The old files stay beside the new database under another name. What had been sent comes back from the centre.
"""

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import sqlalchemy as sa

from nbcase.crypto.sealed_file import Kind, SealedReader, desk_opens
from nbcase.crypto.sqlcipher_page import SALT, PageCipher
from nbcase.domain.action import Action, action_hash, canonical
from nbcase.domain.crashpoints import reach
from nbcase.domain.document import Attachment
from nbcase.domain.errors import UserError
from nbcase.domain.merge import lay_over
from nbcase.domain.words import tr
from nbcase.operations.enrol import USED_NUMBERS
from nbcase.operations.seal import Mark, desk_opening_key, log_paths, sealed_files
from nbcase.operations.sign_in import DATABASE_NAME, DeskSecrets
from nbcase.store import people, tables
from nbcase.store.desk_database import driver_cursor, open_desk_database, writing
from nbcase.store.desk_files import CHUNK, add_incoming, begin_incoming, finish_incoming, is_incoming_right, note_at_centre
from nbcase.store.desk_work import read_action, set_state
from nbcase.store.own_history import receipt_numbers
from nbcase.store.records import RECORD_TYPES, Record, from_plain
from nbcase.store.salvage import DamagedDatabase, Salvage, SalvagedDraft
from nbcase.store.sealed_log import FileHead
from nbcase.store.search import note, note_changed
from nbcase.store.shelf import Shelf
from nbcase.store.vault import sync_folder

NEW_NAME = f"{DATABASE_NAME}.rescued"
SIDE_FILES = ("", "-wal", "-shm")


@dataclass(frozen=True, slots=True, kw_only=True)
class RescueReport:
    """What became of a desk's work. Numbers are sequences of acts, all of them unsent but for `sent`.

    `superseded` were replaced by a later act before anybody was told of them; `unreadable` are in neither copy;
    `missing_files` are hashes that neither copy has whole. `has_numbers` is False where receipts wait for the centre.
    """

    found_in_both: tuple[int, ...]
    only_in_log: tuple[int, ...]
    only_in_database: tuple[int, ...]
    superseded: tuple[int, ...]
    unreadable: tuple[int, ...]
    sent: int
    files: int
    missing_files: tuple[str, ...]
    drafts: int
    spoilt_pages: int
    pages: int
    spoilt_log_places: int
    has_numbers: bool
    kept_as: str

    @property
    def unsent(self) -> int:
        """How many acts wait for the centre again."""
        return len(self.found_in_both) + len(self.only_in_log) + len(self.only_in_database)

    @property
    def is_whole(self) -> bool:
        """Nothing unsent is missing."""
        return not self.unreadable and not self.missing_files


@dataclass(slots=True)
class _Logged:
    """What the log holds: of a sequence the last act counts."""

    acts: dict[int, list[Action]] = field(default_factory=dict)
    marks: list[Mark] = field(default_factory=list)
    spoilt: int = 0
    newest_is_whole: bool = False


@dataclass(slots=True)
class _Files:
    """Which files are wanted, and which are in the new database already."""

    wanted: dict[str, str]
    kept: set[str] = field(default_factory=set)

    def missing(self) -> list[str]:
        return [content_hash for content_hash in self.wanted if content_hash not in self.kept]


def rescue(folder: Path, secrets: DeskSecrets, now: datetime) -> RescueReport:
    """Build the desk's database anew and put it in the place of the damaged one; nothing is deleted.

    May be repeated after a crash at any moment. Raises `UserError` when neither copy says which desk this is.
    """
    kept, source = _source(folder, now)
    logged = _read_log(folder, secrets)
    with _damaged(source, secrets, logged) as database:
        salvage = database.salvage() if database is not None else Salvage()
        identity = salvage.identity or (logged.marks[-1].identity if logged.marks else None)
        if identity is None:
            raise UserError(
                tr("数据库和封存副本都读不出这台电脑的登记。"),
                safe=tr("没有改动任何文件。"),
                do=tr("请把整个文件夹交给管理员；这台电脑要用新登记码重新登记。"),
            )
        new = folder / NEW_NAME
        for suffix in SIDE_FILES:
            Path(f"{new}{suffix}").unlink(missing_ok=True)
        report = _build(new, secrets, identity, salvage, database, logged, folder, kept)
    _exchange(folder, kept, new)
    return report


def _source(folder: Path, now: datetime) -> tuple[Path, Path]:
    """The folder for the old files, and where they are: in it already when a rescue was cut off."""
    for begun in sorted(folder.glob("before-rescue-*.part")):
        if not _is_exchanged(folder, begun):
            return begun, begun / DATABASE_NAME
        # Only its new name was missing. The database in place has gone on since and is now the damaged one.
        begun.replace(begun.with_suffix(""))
    return folder / f"before-rescue-{now.strftime('%Y%m%d-%H%M%S')}.part", folder / DATABASE_NAME


def _is_exchanged(folder: Path, kept: Path) -> bool:
    """Whether the rescue that kept these files has put its database in place: a new one has a salt of its own."""
    present = folder / DATABASE_NAME
    return present.exists() and _salt(present) != _salt(kept / DATABASE_NAME)


def _salt(path: Path) -> bytes:
    """The first bytes of a database; none of one that is not there."""
    if not path.exists():
        return b""
    with path.open("rb") as file:
        return file.read(SALT)


def _exchange(folder: Path, kept: Path, new: Path) -> None:
    """Copy the old files aside, then let the new database take their place.

    The old write-ahead log goes before that: SQLite would play it onto the new file.
    """
    reach("desk.rescue.before")
    if not kept.exists():
        for half in folder.glob("before-rescue-*.copying"):
            shutil.rmtree(half)
        copying = kept.with_name(f"{kept.name}.copying")
        copying.mkdir()
        for suffix in SIDE_FILES:
            old = folder / f"{DATABASE_NAME}{suffix}"
            if old.exists():
                _copy_durably(old, copying / old.name)
        sync_folder(copying)
        copying.replace(kept)
        sync_folder(folder)
    reach("desk.rescue.kept")
    for suffix in SIDE_FILES[1:]:
        (folder / f"{DATABASE_NAME}{suffix}").unlink(missing_ok=True)
    new.replace(folder / DATABASE_NAME)
    kept.replace(kept.with_suffix(""))
    sync_folder(folder)
    reach("desk.rescue.after")


def _copy_durably(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)
    # Windows syncs only what may be written.
    with target.open("r+b") as file:
        os.fsync(file.fileno())


@contextmanager
def _damaged(path: Path, secrets: DeskSecrets, logged: _Logged) -> Iterator[DamagedDatabase | None]:
    """The old database for reading; None where there is nothing of it."""
    if not path.exists():
        yield None
        return
    salts = [_salt(path), *(bytes.fromhex(mark.database_salt) for mark in reversed(logged.marks))]
    ciphers = [PageCipher(secrets.database_key, salt) for salt in dict.fromkeys(salts)]

    def open_page(number: int, page: bytes) -> bytes | None:
        for cipher in ciphers:
            if (plain := cipher.open(number, page)) is not None:
                return plain
        return None

    database = DamagedDatabase(path, open_page)
    try:
        yield database
    finally:
        database.close()


def _read_log(folder: Path, secrets: DeskSecrets) -> _Logged:
    """Marks and acts of every segment that this desk can open."""
    logged = _Logged()
    for path in log_paths(folder):
        with path.open("rb") as file:
            reader = _reader(file, secrets, frozenset({Kind.MARK, Kind.ACTION}))
            for frame in reader:
                if frame.kind is Kind.MARK:
                    _take_mark(logged, frame.plain)
                elif frame.kind is Kind.ACTION:
                    action = read_action(frame.plain)
                    logged.acts.setdefault(action.sequence, []).append(action)
        spoilt = sum(not damage.is_tail for damage in reader.damages) + len(reader.foreign)
        logged.spoilt += spoilt
        logged.newest_is_whole = not spoilt and not reader.damages and bool(reader.headers)
    return logged


def _take_mark(logged: _Logged, plain: bytes) -> None:
    try:
        logged.marks.append(msgspec.json.decode(plain, type=Mark))
    except msgspec.DecodeError:
        logged.spoilt += 1


def _reader(file: BinaryIO, secrets: DeskSecrets, wanted: frozenset[Kind]) -> SealedReader:
    # What opens with the segment's key was written by this desk: a spoilt signature is no reason to give up an act.
    device_key = secrets.device.public_key
    return SealedReader(file, desk_opens(desk_opening_key(secrets)), lambda header: device_key, wanted=wanted, checks_signatures=False)


def _chain(salvage: Salvage, logged: _Logged) -> dict[int, Action]:
    """One act for each place, the newest place first: the one that the next act names.

    Where none does, the database counts before the log, which may hold an act that nobody was told of, and of the log the
    last. An act that moved behind others stands in the log twice: its later place counts.
    """
    chosen: dict[int, Action] = {}
    placed: set[str] = set()
    for sequence in sorted({*salvage.acts, *logged.acts}, reverse=True):
        candidates = [*salvage.acts.get(sequence, []), *reversed(logged.acts.get(sequence, []))]
        following = chosen.get(sequence + 1)
        named = [action for action in candidates if following is not None and action.hash == following.previous_hash]
        right = [action for action in named or candidates if action.id not in placed and action_hash(action) == action.hash]
        if right:
            chosen[sequence] = right[0]
            placed.add(right[0].id)
    return chosen


def _build(
    new: Path,
    secrets: DeskSecrets,
    identity: Mapping[str, str],
    salvage: Salvage,
    database: DamagedDatabase | None,
    logged: _Logged,
    folder: Path,
    kept: Path,
) -> RescueReport:
    chain = _chain(salvage, logged)
    unsent = {sequence: action for sequence, action in sorted(chain.items()) if action.id not in salvage.answered}
    files = _Files(_wanted_files(unsent.values(), salvage))
    engine = open_desk_database(new, secrets.database_key)
    try:
        with writing(engine) as connection:
            set_state(connection, "identity", dict(identity))
            _write_people(connection, identity, salvage, logged)
            has_numbers = _write_numbers(connection, salvage, logged)
            _write_acts(connection, chain, salvage)
            _write_records(connection, unsent.values())
            _write_drafts(connection, salvage)
            if database is not None:
                _files_of_database(connection, files, database, salvage)
            _files_of_log(connection, files, folder, secrets)
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        engine.dispose()
    in_database = {action.id for acts in salvage.acts.values() for action in acts}
    in_log = {action.id for acts in logged.acts.values() for action in acts}
    return RescueReport(
        found_in_both=tuple(number for number, action in unsent.items() if action.id in in_database and action.id in in_log),
        only_in_log=tuple(number for number, action in unsent.items() if action.id not in in_database),
        only_in_database=tuple(number for number, action in unsent.items() if action.id not in in_log),
        superseded=tuple(sorted({number for number, acts in logged.acts.items() if len({action.id for action in acts}) > 1})),
        unreadable=_unreadable(chain, unsent),
        sent=len(chain) - len(unsent),
        files=len(files.kept),
        missing_files=tuple(entry for entry in files.missing() if entry not in salvage.at_centre),
        drafts=len(salvage.drafts),
        spoilt_pages=salvage.spoilt_pages,
        pages=salvage.pages,
        spoilt_log_places=logged.spoilt,
        has_numbers=has_numbers,
        kept_as=kept.with_suffix("").name,
    )


def _unreadable(chain: Mapping[int, Action], unsent: Mapping[int, Action]) -> tuple[int, ...]:
    """Places between unsent acts that nothing was found for. Before the first one everything was sent: it comes from the centre."""
    if not unsent:
        return ()
    answered_until = max((number for number in chain if number not in unsent), default=0)
    first = max(min(unsent), answered_until)
    return tuple(number for number in range(first, max(unsent)) if number not in chain)


def _write_people(connection: sa.Connection, identity: Mapping[str, str], salvage: Salvage, logged: _Logged) -> None:
    """Clerks and stations as far as they are known; the next contact brings all of them."""
    mark = logged.marks[-1] if logged.marks else None
    clerks = {clerk.login: clerk for clerk in mark.clerks} if mark is not None else {}
    stations = {mark.station.code: mark.station} if mark is not None else {}
    clerks.update({login: clerk for login, clerk in salvage.clerks.items() if clerk.station_code == identity["station_code"]})
    stations.update(salvage.stations)
    people.replace_people(connection, list(clerks.values()), list(stations.values()))


def _write_numbers(connection: sa.Connection, salvage: Salvage, logged: _Logged) -> bool:
    """Leased blocks, past every number that a known act bears.

    Kept only where the newest segment is whole: it has every number given out since its mark was made. Else the desk gets
    new ones at its next contact: a gap in the numbers is allowed, a number given out twice is not.
    """
    acts = (action for source in (salvage.acts, logged.acts) for same in source.values() for action in same)
    used: dict[str, int] = {}
    for number in {number for action in acts for number in receipt_numbers(action)}:
        series, _, rest = number.partition("-")
        ordinal = rest.rpartition("-")[2]
        if ordinal.isascii() and ordinal.isdigit():
            used[series] = max(used.get(series, 0), int(ordinal))
    set_state(connection, USED_NUMBERS, used)
    if not logged.newest_is_whole or not logged.marks:
        return False
    blocks = {(block.series, block.first): (block.last, block.next) for block in logged.marks[-1].blocks}
    for key, (last, following) in salvage.blocks.items():
        blocks[key] = (last, max(following, blocks.get(key, (last, following))[1]))
    for (series, first), (last, following) in blocks.items():
        following = max(following, min(used.get(series, 0), last) + 1)
        connection.execute(sa.insert(tables.number_block).values(series=series, first=first, last=last, next=following))
    return any(following <= last for last, following in blocks.values())


def _write_acts(connection: sa.Connection, chain: Mapping[int, Action], salvage: Salvage) -> None:
    """Every known act, with its answer where there is one. The feed begins anew, so nothing waits to be seen back."""
    for sequence, action in sorted(chain.items()):
        connection.execute(
            sa.insert(tables.desk_action).values(
                sequence=sequence,
                id=action.id,
                kind=action.kind,
                record_type=action.record_type,
                record_id=action.record_id,
                clerk_id=action.clerk_id,
                desk_at=action.desk_at,
                hash=action.hash,
                body=canonical(action),
            )
        )
        answer = salvage.answered.get(action.id)
        row = {"sequence": sequence, "action_id": action.id} if answer is None else {**answer, "sequence": sequence, "versions": None}
        names = ", ".join(row)
        driver_cursor(connection).execute(f"INSERT INTO outbox ({names}) VALUES ({', '.join('?' * len(row))})", tuple(row.values()))


def _write_records(connection: sa.Connection, unsent: Iterable[Action]) -> None:
    """Records that unsent acts made, so that a clerk finds them before the first contact; all others come from the centre."""
    plain: dict[tuple[str, str], dict[str, Any]] = {}
    for change in (change for action in unsent for change in action.changes):
        key = (change.record_type, change.record_id)
        if change.base_version == 0 or key in plain:
            plain[key] = lay_over(plain.get(key, {}), change)
    shelf, written = Shelf(connection), list[Record]()
    for (name, record_id), values in plain.items():
        try:
            record = from_plain(RECORD_TYPES[name], {**values, "id": record_id, "version": 0})
        except (KeyError, msgspec.ValidationError):
            continue
        shelf.write(record)
        written.append(record)
    note_changed(connection, written)


def _write_drafts(connection: sa.Connection, salvage: Salvage) -> None:
    cursor = driver_cursor(connection)
    names = [entry.name for entry in fields(SalvagedDraft)]
    statement = f"INSERT INTO draft ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
    for draft in salvage.drafts.values():
        cursor.execute(statement, tuple(getattr(draft, name) for name in names))
    note(connection, [("draft", draft_id) for draft_id in salvage.drafts])


def _wanted_files(unsent: Iterable[Action], salvage: Salvage) -> dict[str, str]:
    """Hash and media type of every file that unsent acts and drafts name."""
    hashes = {content_hash: "" for action in unsent for content_hash in action.attachments}
    for draft in salvage.drafts.values():
        hashes.update({entry["hash"]: entry.get("media_type", "") for entry in msgspec.json.decode(draft.attachments)})
    return {content_hash: salvage.media_types.get(content_hash) or known for content_hash, known in hashes.items()}


def _files_of_database(connection: sa.Connection, files: _Files, database: DamagedDatabase, salvage: Salvage) -> None:
    by_hash = {content_hash: salvage.pieces.get(file_id, {}) for content_hash, file_id in salvage.file_ids.items()}
    named = set(salvage.file_ids.values())
    nameless = [pieces for file_id, pieces in salvage.pieces.items() if file_id not in named]
    if any(content_hash not in by_hash for content_hash in files.wanted):
        by_hash.update({content_hash: pieces for pieces in nameless if (content_hash := database.file_hash(pieces)) is not None})
    for content_hash, media_type in files.wanted.items():
        pieces = by_hash.get(content_hash)
        if pieces and database.file_hash(pieces) == content_hash:
            content = (piece or b"" for piece in database.file_content(pieces))
            _keep(connection, files, FileHead(hash=content_hash, size=database.file_size(pieces), media_type=media_type), content)


def _files_of_log(connection: sa.Connection, files: _Files, folder: Path, secrets: DeskSecrets) -> None:
    for path in log_paths(folder):
        if not files.missing():
            return
        with path.open("rb") as file:
            for head, content in sealed_files(_reader(file, secrets, frozenset({Kind.FILE, Kind.CHUNK, Kind.ACTION}))):
                if head.hash in files.wanted and head.hash not in files.kept:
                    _keep(connection, files, head, content)


def _keep(connection: sa.Connection, files: _Files, head: FileHead, content: Iterable[bytes]) -> None:
    """Take a file in if it is what its hash says; its media type is octets where nothing tells it."""
    media_type = head.media_type or "application/octet-stream"
    attachment = Attachment(hash=head.hash, size=head.size, media_type=media_type)
    begin_incoming(connection, attachment)
    offset = 0
    for piece in _whole_chunks(content):
        offset = add_incoming(connection, head.hash, offset, piece)
    is_right = offset == head.size and is_incoming_right(connection, head.hash)
    finish_incoming(connection, head.hash, is_right=is_right)
    if is_right:
        note_at_centre(connection, [head.hash], is_there=False)
        files.kept.add(head.hash)


def _whole_chunks(content: Iterable[bytes]) -> Iterator[bytes]:
    waiting = bytearray()
    for piece in content:
        waiting += piece
        while len(waiting) >= CHUNK:
            yield bytes(waiting[:CHUNK])
            del waiting[:CHUNK]
    if waiting:
        yield bytes(waiting)
