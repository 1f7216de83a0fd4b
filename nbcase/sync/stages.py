"""The stages of one contact, each a function of its own, so that a test can cut between any two of them."""

import zlib
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec
import sqlalchemy as sa
import structlog

from nbcase.crypto.keys import is_signed
from nbcase.crypto.requests import reconciliation_bytes
from nbcase.domain.action import Answer
from nbcase.domain.clerk import Clerk
from nbcase.domain.clock import Clock
from nbcase.domain.errors import Offline, UserError
from nbcase.domain.words import tr
from nbcase.operations.enrol import Enrolment, close_blocks, keep_blocks
from nbcase.operations.messages import PROTOCOL, BatchAnswer, Block, HelloAnswer, HelloRequest, ReconcileRequest, people_digest
from nbcase.operations.seal import tend
from nbcase.store import outbox, own_history, people
from nbcase.store.desk_database import reading, writing
from nbcase.store.desk_files import note_at_centre
from nbcase.store.desk_work import set_state, state
from nbcase.store.replica import look_again
from nbcase.store.tables import number_block
from nbcase.sync.client import CentreClient
from nbcase.sync.files import bring_back, send_files, undeliverable
from nbcase.sync.publications import refresh
from nbcase.sync.pull import index_few, index_rest, pull_changes

BATCH = 1000
"""Actions in one push."""

BATCH_BYTES = 4 << 20
"""Their size before packing; the centre takes twice as much even where nothing can be packed."""

WHOLE_CHECK = timedelta(hours=20)
WHOLE_CHECK_SPREAD = timedelta(hours=6)
"""After this long, and some of the spread, both sides read all actions for the comparison; else each adds to the tree that it has."""

_log = structlog.get_logger()


@dataclass(slots=True, kw_only=True)
class Contact:
    """What the stages of a contact share. `on_people` is told when clerks changed, with everybody of the station; `on_page`
    when a page of records has come in and more will, `on_lists` after published lists were looked at. `paper_algorithm` is what
    the codes of papers are signed with."""

    engine: sa.Engine
    client: CentreClient
    clock: Clock
    enrolment: Enrolment
    tree: outbox.OwnTree = field(default_factory=outbox.OwnTree)
    on_people: Callable[[Sequence[Clerk]], None] = lambda clerks: None
    on_page: Callable[[], None] = lambda: None
    on_lists: Callable[[], None] = lambda: None
    paper_algorithm: str = "ed25519"
    greeting: HelloAnswer | None = None


def hello(contact: Contact) -> None:
    """Measure the clock, fetch numbers and people, see whether the centre still has what it once answered."""
    with reading(contact.engine) as connection:
        request = _hello_request(connection, contact.enrolment.identity.prefix)
    answer = contact.client.hello(request)
    contact.greeting = answer
    _take_back_history(contact, answer)
    with writing(contact.engine) as connection:
        set_state(connection, "clock_offset_s", round(contact.client.clock_offset.total_seconds(), 3))
        set_state(connection, "contact_at", contact.clock.now().isoformat())
        close_blocks(connection, answer.lost_blocks)
        keep_blocks(connection, answer.blocks)
        if answer.clerks is not None and answer.stations is not None:
            people.replace_people(connection, answer.clerks, answer.stations)
        again = outbox.send_again_after(connection, answer.known_sequence)
    if again:
        _log.warning("centre_is_older_than_its_answers", actions=again)
    if answer.clerks is not None:
        contact.on_people(answer.clerks)


def _take_back_history(contact: Contact, answer: HelloAnswer) -> None:
    """Where the centre has acts of this desk that the desk has not: bring them back before anything is sent."""
    with reading(contact.engine) as connection:
        if own_history.has_all_until(connection, answer.known_sequence, answer.known_hash):
            return
        after = own_history.last_common(connection)
    doubled: list[str] = []
    _log.warning("desk_is_older_than_its_acts", after=after, known=answer.known_sequence)
    while entries := contact.client.history(after).entries:
        kept = [own_history.KeptAct(action=entry.action, answer=entry.answer) for entry in entries]
        with writing(contact.engine) as connection:
            taken = own_history.take_back(connection, kept, answer.known_sequence, answer.known_hash, contact.clock.now())
        _log.warning("own_acts_taken_back", restored=taken.restored, moved=taken.moved)
        doubled += taken.doubled
        after = kept[-1].action.sequence
    contact.tree = outbox.OwnTree()
    if doubled:
        raise UserError(
            tr("本机数据曾被还原成旧的，受理号 {numbers} 发了两次。").format(numbers="、".join(doubled)),
            safe=tr("两边的办件都在，没有丢失。"),
            do=tr("请站长联系持有这些回执的人换发；以后的号不会再重复。"),
        )


def _hello_request(connection: sa.Connection, prefix: str) -> HelloRequest:
    block = number_block
    rows = connection.execute(sa.select(block).where(block.c.series == prefix).order_by(block.c.first)).all()
    left = sum(row.last - row.next + 1 for row in rows)
    held = [Block(series=prefix, first=row.first, last=row.last) for row in rows]
    digest = people_digest(people.clerks(connection), people.stations(connection))
    return HelloRequest(protocol=PROTOCOL, numbers_left=left, held_blocks=held, people_digest=digest)


def send_attachments(contact: Contact) -> None:
    """Bring the files that waiting actions name to the centre: see `nbcase.sync.files`."""
    if contact.greeting is not None:
        bring_back(contact.engine, contact.client, contact.greeting.files_id)
    send_files(contact.engine, contact.client)


def push(contact: Contact) -> None:
    """Send waiting actions in order, a batch at a time, until none waits.

    Where more waits behind a batch, a thread keeps the answers to the batch before and reads the batch behind while the
    centre works on this one. Answers that were not kept when the desk dies are asked for again.
    """
    has_sent_again = False
    lacking: set[str] = set()
    answers: Sequence[Answer] = ()
    batch = _keep_and_read(contact, answers, 0)
    with ThreadPoolExecutor(1, "push") as beside:
        while batch is not None:
            following = beside.submit(_keep_and_read, contact, answers, batch.last) if batch.has_more else None
            if following is None:
                _keep(contact, answers)
            answer = _send_batch(contact, batch, lacking)
            answers = answer.answers
            ahead = following.result() if following is not None else None
            if ahead is None or len(answers) < len(batch.bodies):
                _keep(contact, answers)
                lacking |= _mend(contact, batch, answer, has_sent_again=has_sent_again)
                has_sent_again = has_sent_again or bool(answer.missing)
                batch, answers = _keep_and_read(contact, (), 0), ()
            else:
                batch = ahead


def _keep_and_read(contact: Contact, answers: Sequence[Answer], after: int) -> outbox.Batch | None:
    _keep(contact, answers)
    with reading(contact.engine) as connection:
        return outbox.next_batch(connection, after=after, limit=BATCH, most_bytes=BATCH_BYTES)


def _keep(contact: Contact, answers: Sequence[Answer]) -> None:
    if answers:
        with writing(contact.engine) as connection:
            outbox.keep_answers(connection, answers, contact.clock.now())
            look_again(connection)


def _send_batch(contact: Contact, batch: outbox.Batch, lacking: AbstractSet[str]) -> BatchAnswer:
    try:
        answer = contact.client.push(batch.bodies, [action_id for action_id in batch.ids if action_id in lacking])
        if [entry.action_id for entry in answer.answers] != list(batch.ids[: len(answer.answers)]):
            raise Offline(tr("中心的回应看不懂。"), safe=tr("办件保存在本机。"), do=tr("程序会自动重试。"))
        return answer
    except UserError:
        with writing(contact.engine) as connection:
            outbox.note_try(connection, batch)
        raise


def _mend(contact: Contact, batch: outbox.Batch, answer: BatchAnswer, *, has_sent_again: bool) -> set[str]:
    """Send files that the centre misses after all; raise in words what stops the sending.

    Answers the ids of actions whose files can never be brought: they go up all the same, with that note, because the
    centre takes a desk's actions without a gap and the later ones shall not wait for ever.
    """
    if answer.missing and not has_sent_again:
        _send_again(contact, answer.missing)
    elif answer.missing:
        lost = set(undeliverable(contact.engine, contact.client, answer.missing))
        naming = zip(batch.ids, batch.bodies, strict=True)
        lacking = {action_id for action_id, body in naming if lost.intersection(msgspec.json.decode(body, type=_Naming).attachments)}
        if not lacking:
            what = tr("有 {n} 个附件传不上去。").format(n=len(answer.missing))
            raise UserError(what, safe=tr("办件和附件都在本机。"), do=tr("请联系管理员。"))
        return lacking
    elif answer.refused is not None:
        raise UserError(answer.refused.what, safe=answer.refused.safe, do=answer.refused.do)
    elif len(answer.answers) < len(batch.bodies):
        raise Offline(tr("中心只回答了一部分。"), safe=tr("办件保存在本机。"), do=tr("程序会自动重试。"))
    return set()


class _Naming(msgspec.Struct):
    """As much of an action as is wanted here."""

    attachments: list[str]


def _send_again(contact: Contact, hashes: Sequence[str]) -> None:
    with writing(contact.engine) as connection:
        note_at_centre(connection, hashes, is_there=False)
    try:
        send_attachments(contact)
    except Offline:
        raise
    except UserError as error:
        # Whether it stops its action for ever is seen when the centre still misses it.
        _log.warning("file_refused_again", what=error.what)


def pull(contact: Contact) -> None:
    """Bring what changed at the centre: see `nbcase.sync.pull`."""
    pull_changes(contact.engine, contact.client, contact.on_page)


def reconcile(contact: Contact) -> None:
    """Compare count and digest of everything answered; keep the centre's signed word."""
    now = contact.clock.now()
    with reading(contact.engine) as connection:
        is_whole = _is_due(state(connection, "whole_check_at"), contact.enrolment.identity.desk_id, now)
        if is_whole:
            contact.tree = outbox.OwnTree()
        count, digest = contact.tree.advance(connection)
    answer = contact.client.reconcile(ReconcileRequest(count=count, digest=digest, is_whole=is_whole))
    signed = reconciliation_bytes(desk_id=contact.enrolment.identity.desk_id, count=answer.count, digest=answer.digest, at=answer.at)
    if not is_signed(contact.enrolment.centre_public_key, signed, answer.signature):
        raise UserError(tr("中心的对账签名不对。"), safe=tr("办件保存在本机。"), do=tr("请联系管理员核对中心。"))
    is_equal = (answer.count, answer.digest) == (count, digest)
    with writing(contact.engine) as connection:
        kept = {
            "count": count,
            "own_digest": digest,
            "centre_count": answer.count,
            "centre_digest": answer.digest,
            "at": answer.at,
            "signature": answer.signature,
            "is_equal": is_equal,
        }
        set_state(connection, "reconciliation", kept)
        if is_whole or not is_equal:
            set_state(connection, "whole_check_at", now.isoformat() if is_equal else "")
    tend(contact.engine)
    if not is_equal:
        raise UserError(
            tr("对账不一致：本机 {a} 件，中心 {b} 件。").format(a=count, b=answer.count),
            safe=tr("办件仍在本机，没有丢失。"),
            do=tr("请联系管理员核对；继续办理不受影响。"),
        )


def _is_due(last: str | None, desk_id: str, now: datetime) -> bool:
    """Whether all actions are to be read: at the first contact, after a difference, and about once a day.

    By how much later than `WHOLE_CHECK` hangs on the desk, so that they do not all ask in the same morning minute.
    """
    if not last:
        return True
    share = zlib.crc32(desk_id.encode()) / 2**32
    return abs(now - datetime.fromisoformat(last)) >= WHOLE_CHECK + WHOLE_CHECK_SPREAD * share


def ensure_paper_keys(contact: Contact) -> None:
    """Keys that sign papers, certified by the centre: asked for once a year. Before hello, so that it names the list that changes by it."""
    # Loaded at the first contact: certificates are not needed for the sign-in window.
    from nbcase.operations.issuing import ensure_keys

    ensure_keys(contact.engine, contact.client, contact.clock.now(), contact.paper_algorithm)


def refresh_publications(contact: Contact) -> None:
    """Calendars, rules and revocations that the centre published: what changed of them."""
    if contact.greeting is not None:
        refresh(contact.engine, contact.client, contact.enrolment.centre_public_key, contact.greeting.publications)
        contact.on_lists()


STAGES: tuple[tuple[str, Callable[[Contact], None]], ...] = (
    ("index", lambda contact: index_few(contact.engine)),
    ("issuing", ensure_paper_keys),
    ("hello", hello),
    ("attachments", send_attachments),
    ("push", push),
    ("publications", refresh_publications),
    ("pull", pull),
    ("reconcile", reconcile),
    ("index_rest", lambda contact: index_rest(contact.engine)),
)
"""In their order. Pull fetches and applies page by page, so that a cut leaves whole pages behind."""
