"""The centre takes in a sealed file: a desk's unsent work that came on a stick, through another desk or to the centre itself.

Whoever carries the file needs no trust: the centre alone opens it, and every act in it is signed by the desk that made it.
The acts go the ordinary way (`receive_batch`), so a second import changes nothing and the desk gets its answers at its next
contact. A torn or spoilt file is taken as far as it is whole and in the desk's order; what is left is said in words.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from io import BufferedReader, RawIOBase
from itertools import takewhile
from typing import Any, BinaryIO

import msgspec
import sqlalchemy as sa
import structlog

from nbcase.crypto.keys import SigningKey
from nbcase.crypto.requests import sealed_receipt_bytes
from nbcase.crypto.sealed_file import Header, SealedReader, centre_opens
from nbcase.domain.action import Action, Answer, TreeHash
from nbcase.domain.document import Attachment
from nbcase.domain.errors import UserError
from nbcase.domain.words import tr
from nbcase.operations.enrol import centre_opening_key
from nbcase.operations.messages import SealedReceipt
from nbcase.operations.receive import receive_batch
from nbcase.operations.scheme_publishing import publish_after
from nbcase.operations.seal import sealed_files
from nbcase.store import tables
from nbcase.store.blobs import Blobs, is_hash
from nbcase.store.centre_database import transaction
from nbcase.store.centre_work import EnrolledDesk, find_desk
from nbcase.store.file_uses import note_file

BATCH = 500

_log = structlog.get_logger()


@dataclass(slots=True)
class _Content:
    """What a file holds: of a sequence the last act counts."""

    acts: dict[int, Action] = field(default_factory=dict)
    files: int = 0
    notices: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Taken:
    """How far the acts went."""

    acts: list[Action] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)


def take_in_blob(engine: sa.Engine, blobs: Blobs, key: SigningKey, content_hash: str, now: datetime) -> SealedReceipt:
    """Take in a sealed file that was uploaded; raises `UserError` as `take_in_sealed` does, and where the file is not here."""
    if not is_hash(content_hash) or not blobs.has(content_hash):
        raise UserError(tr("中心没有这个密封文件。"), safe=tr("U 盘上的文件没有改动。"), do=tr("请再导入一次。"))
    with BufferedReader(_BlobFile(blobs, content_hash), 1 << 20) as file:
        return take_in_sealed(engine, blobs, key, file, content_hash, now)


def take_in_sealed(
    engine: sa.Engine,
    blobs: Blobs,
    key: SigningKey,
    file: BinaryIO,
    content_hash: str,
    now: datetime,
    *,
    by_administrator: bool = False,
) -> SealedReceipt:
    """Take in a sealed file and sign for it. Only an administrator brings the work of a desk that is out of service.

    Raises `UserError` for a file that is not sealed for this centre, of a desk that it does not know, of several desks, or
    without a single act, and what `receive_batch` raises.
    """
    desks: dict[str, EnrolledDesk | None] = {}
    reader = SealedReader(file, centre_opens(centre_opening_key(key)), lambda header: _signer(engine, desks, header))
    try:
        content = _read(engine, blobs, reader)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _refused(tr("密封文件的内容不合格式：{text}").format(text=error)) from error
    desk = _origin(reader, desks)
    if not content.acts:
        raise _refused(tr("密封文件里没有一件完整的办件。"))
    known = _count_known(engine, content.acts.values())
    taken = _receive(engine, desk, content, now, may_be_retired=by_administrator)
    publish_after(engine, key, taken.acts, now)
    tree = TreeHash()
    for action in taken.acts:
        tree.add(bytes.fromhex(action.hash))
    at, digest, count = now.isoformat(), tree.hexdigest(), len(taken.acts)
    outcomes = [answer.outcome.value for answer in taken.answers]
    signed = sealed_receipt_bytes(desk_id=desk.id, count=count, digest=digest, content_hash=content_hash, at=at)
    _log.info("sealed_file_taken_in", desk_id=desk.id, count=count, left=len(content.acts) - count)
    return SealedReceipt(
        desk_id=desk.id,
        window=desk.window,
        count=count,
        known=known,
        digest=digest,
        files=content.files,
        outcomes={outcome: outcomes.count(outcome) for outcome in sorted(set(outcomes))},
        left=len(content.acts) - count,
        notices=content.notices,
        content_hash=content_hash,
        at=at,
        signature=key.sign(signed),
    )


def _signer(engine: sa.Engine, desks: dict[str, EnrolledDesk | None], header: Header) -> str | None:
    if header.desk_id not in desks:
        with transaction(engine) as connection:
            desks[header.desk_id] = find_desk(connection, header.desk_id)
    desk = desks[header.desk_id]
    return desk.public_key if desk is not None else None


def _origin(reader: SealedReader, desks: Mapping[str, EnrolledDesk | None]) -> EnrolledDesk:
    opened = {header.desk_id for header in reader.headers}
    if len(opened) > 1:
        raise _refused(tr("文件里混有几台电脑的办件。"))
    desk = desks.get(next(iter(opened), ""))
    if desk is None or reader.foreign:
        raise _refused(tr("这不是给本中心的密封文件，或被人改过，或出自未登记的电脑。"))
    return desk


def _refused(what: str) -> UserError:
    return UserError(what, safe=tr("中心没有收下任何内容，文件没有改动。"), do=tr("请回原来的电脑重新导出，或联系管理员。"))


def _read(engine: sa.Engine, blobs: Blobs, reader: SealedReader) -> _Content:
    """Keep the file's attachments, collect its acts; in the memory of one frame and the acts."""
    content = _Content()

    def kept(action: Action) -> None:
        content.acts[action.sequence] = action

    for head, pieces in sealed_files(reader, on_act=kept):
        try:
            with blobs.receive(head.hash) as sink:
                for piece in pieces:
                    sink.write(piece)
                size = sink.keep()
        except UserError:
            content.notices.append(tr("一个附件不完整，没有收下。"))
            continue
        with transaction(engine) as connection:
            note_file(connection, Attachment(hash=head.hash, size=size, media_type=head.media_type))
        content.files += 1
    if any(not damage.is_tail for damage in reader.damages):
        content.notices.append(tr("文件中间有损坏或被改动的地方，已跳过。"))
    if any(damage.is_tail for damage in reader.damages):
        content.notices.append(tr("文件的末尾不完整，只读到断开的地方。"))
    return content


def _receive(engine: sa.Engine, desk: EnrolledDesk, content: _Content, now: datetime, *, may_be_retired: bool) -> _Taken:
    """The acts in the desk's order, as far as the centre can take them."""
    taken = _Taken()
    waiting = [action for _, action in sorted(content.acts.items())]
    for start in range(0, len(waiting), BATCH):
        batch = waiting[start : start + BATCH]
        answer = receive_batch(engine, desk.id, batch, now, may_be_retired=may_be_retired)
        is_last = bool(answer.missing or answer.refused)
        if answer.missing:
            content.notices.append(tr("有 {n} 个附件不在文件里也不在中心，其后的办件没有收下。").format(n=len(answer.missing)))
            batch = _complete(batch, frozenset(answer.missing))
            answer = receive_batch(engine, desk.id, batch, now, may_be_retired=may_be_retired)
        if answer.refused is not None:
            content.notices.append(answer.refused.what)
        taken.acts += batch[: len(answer.answers)]
        taken.answers += answer.answers
        if is_last:
            break
    return taken


def _complete(batch: Sequence[Action], missing: frozenset[str]) -> list[Action]:
    """The acts before the first one that lacks a file."""
    return list(takewhile(lambda action: missing.isdisjoint(action.attachments), batch))


def _count_known(engine: sa.Engine, actions: Iterable[Action]) -> int:
    action = tables.centre_action
    query = sa.select(sa.func.count()).where(action.c.id.in_([entry.id for entry in actions]))
    with transaction(engine) as connection:
        return connection.execute(query).scalar_one()


class _BlobFile(RawIOBase):
    """A kept file that can be read from anywhere in it."""

    def __init__(self, blobs: Blobs, content_hash: str) -> None:
        self._blobs, self._hash = blobs, content_hash
        self._size, self._place = blobs.size(content_hash), 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        self._place = offset + (0, self._place, self._size)[whence]
        return self._place

    def tell(self) -> int:
        return self._place

    def readinto(self, buffer: Any) -> int:
        most = min(len(buffer), self._size - self._place)
        if most <= 0:
            return 0
        content = b"".join(self._blobs.read(self._hash, self._place, most))
        buffer[: len(content)] = content
        self._place += len(content)
        return len(content)
