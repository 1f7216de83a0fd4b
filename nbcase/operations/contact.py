"""The centre's side of a contact with a desk: hello, a clerk's session, reconciliation."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog

from nbcase.crypto.clerk_secret import verifying_key
from nbcase.crypto.keys import SigningKey, is_signed
from nbcase.crypto.requests import reconciliation_bytes, session_bytes
from nbcase.domain.clerk import Clerk
from nbcase.domain.clock import local_date
from nbcase.domain.errors import NotAllowed, UserError
from nbcase.domain.words import tr
from nbcase.operations.messages import (
    PROTOCOL,
    Block,
    HelloAnswer,
    HelloRequest,
    HistoryAnswer,
    HistoryEntry,
    PublicationAnswer,
    ReconcileAnswer,
    ReconcileRequest,
    SessionAnswer,
    SessionRequest,
    people_digest,
)
from nbcase.store import file_uses, people, publications, tables
from nbcase.store.action_trees import counted_tree, kept_tree
from nbcase.store.centre_work import EnrolledDesk, last_action, own_actions
from nbcase.store.leases import LeaseBook, claim, lease_block, unconfirmed_leases

FEW_NUMBERS = 200
"""A desk with fewer receipt numbers left gets another block."""

SESSION_LIFE = timedelta(hours=12)
SESSION_TIME_WINDOW = timedelta(minutes=10)

_log = structlog.get_logger()


def answer_hello(connection: sa.Connection, book: LeaseBook, desk: EnrolledDesk, request: HelloRequest, now: datetime) -> HelloAnswer:
    """What a desk needs to know first; leases numbers when it runs short."""
    if request.protocol > PROTOCOL:
        raise UserError(tr("中心的程序版本较旧。"), safe=tr("办件保存在本机。"), do=tr("中心升级后会自动上传。"))
    connection.execute(sa.update(tables.desk).where(tables.desk.c.id == desk.id).values(last_seen_at=now))
    clerks, stations = people.clerks(connection, station_code=desk.station_code), people.stations(connection)
    has_news = people_digest(clerks, stations) != request.people_digest
    last_sequence, last_hash = last_action(connection, desk.id)
    blocks, lost = _blocks(connection, book, desk, request, now)
    return HelloAnswer(
        protocol=PROTOCOL,
        server_at=now,
        known_sequence=last_sequence,
        known_hash=last_hash,
        blocks=blocks,
        lost_blocks=lost,
        clerks=clerks if has_news else None,
        stations=stations if has_news else None,
        publications=publications.publications(connection),
        files_id=file_uses.files_id(connection),
    )


def _blocks(
    connection: sa.Connection, book: LeaseBook, desk: EnrolledDesk, request: HelloRequest, now: datetime
) -> tuple[list[Block], list[Block]]:
    """Blocks that the desk does not know of, a new one only if those do not help; and those it must not use."""
    series = people.station(connection, desk.station_code).prefix
    held = [(block.first, block.last) for block in request.held_blocks if block.series == series]
    lost = claim(connection, book, series, desk.id, held, now)
    if lost:
        _log.error("blocks_leased_twice_after_a_restore", desk_id=desk.id, series=series, blocks=lost)
    unknown = unconfirmed_leases(connection, series, desk.id)
    if not unknown and (lost or request.numbers_left < FEW_NUMBERS):
        unknown = [lease_block(connection, book, series, desk.id, now)]
    return _as_blocks(series, unknown), _as_blocks(series, lost)


def _as_blocks(series: str, spans: Sequence[tuple[int, int]]) -> list[Block]:
    return [Block(series=series, first=first, last=last) for first, last in spans]


def publication(connection: sa.Connection, name: str, after: int) -> PublicationAnswer:
    """A published list as far as it changed after a revision. Raises `UserError` for a name that nothing was published under."""
    head = publications.find_publication(connection, name)
    if head is None:
        raise UserError(tr("中心没有公布“{name}”。").format(name=name[:40]))
    return PublicationAnswer(head=head, entries=publications.entries_after(connection, name, after))


def history(connection: sa.Connection, desk: EnrolledDesk, after: int, limit: int) -> HistoryAnswer:
    """The desk's own actions after a sequence number: for a desk whose database is older than what it has sent."""
    entries = [HistoryEntry(action=action, answer=answer) for action, answer in own_actions(connection, desk.id, after, limit)]
    return HistoryAnswer(entries=entries)


def open_session(connection: sa.Connection, desk: EnrolledDesk, request: SessionRequest, now: datetime) -> SessionAnswer:
    """A token for a clerk who proves at this desk to know the password; only its hash is kept."""
    found = people.clerks(connection, login=request.login)
    clerk = found[0] if found else None
    message = session_bytes(desk_id=desk.id, login=request.login, at=request.at, nonce=request.nonce)
    if clerk is None or not is_signed(verifying_key(clerk.public_key), message, request.signature) or not _is_recent(request.at, now):
        raise NotAllowed(tr("中心不认这次登录。"), safe=tr("本机照常受理。"), do=tr("请退出后用当前密码重新登录。"))
    _check_clerk(clerk, desk, now)
    token = secrets.token_urlsafe(32)
    expires_at = now + SESSION_LIFE
    connection.execute(sa.delete(tables.session).where(tables.session.c.expires_at < now))
    connection.execute(
        sa.insert(tables.session).values(token_hash=_token_hash(token), desk_id=desk.id, clerk_id=clerk.id, expires_at=expires_at)
    )
    return SessionAnswer(token=token, clerk_id=clerk.id, expires_at=expires_at)


def find_session(connection: sa.Connection, desk: EnrolledDesk, token: str, now: datetime) -> Clerk | None:
    """The clerk behind a token that was given out at this desk and still holds."""
    session = tables.session
    row = connection.execute(
        sa.select(session.c.clerk_id).where(
            session.c.token_hash == _token_hash(token), session.c.desk_id == desk.id, session.c.expires_at > now
        )
    ).first()
    found = people.clerks(connection, id=row.clerk_id, station_code=desk.station_code) if row else []
    return found[0] if found else None


def _check_clerk(clerk: Clerk, desk: EnrolledDesk, now: datetime) -> None:
    if clerk.station_code != desk.station_code:
        raise NotAllowed(tr("您不是这个受理点的人员。"), do=tr("请到所属受理点登录，或请站长调整。"))
    if clerk.valid_until_on is not None and local_date(now) > clerk.valid_until_on:
        raise NotAllowed(tr("账号有效期至 {day}，已过期。").format(day=clerk.valid_until_on), do=tr("请站长延期。"))


def _is_recent(at: str, now: datetime) -> bool:
    try:
        return abs(datetime.fromisoformat(at) - now) <= SESSION_TIME_WINDOW
    except (ValueError, TypeError):
        return False


def _token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def reconcile(
    connection: sa.Connection, desk: EnrolledDesk, request: ReconcileRequest, centre_key: SigningKey, now: datetime
) -> ReconcileAnswer:
    """How many of the desk's first `request.count` actions the centre holds, and their tree hash, signed."""
    tree = None if request.is_whole else kept_tree(connection, desk.id)
    if tree is None or tree.count > request.count:
        tree = counted_tree(connection, desk.id, request.count)
    digest, at = tree.hexdigest(), now.isoformat()
    signature = centre_key.sign(reconciliation_bytes(desk_id=desk.id, count=tree.count, digest=digest, at=at))
    return ReconcileAnswer(count=tree.count, digest=digest, at=at, signature=signature)
