"""The stages of one contact, each a function of its own, so that a test can cut between any two of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa
import structlog

from nbcase.crypto.keys import is_signed
from nbcase.crypto.requests import reconciliation_bytes
from nbcase.domain.action import Action
from nbcase.domain.clerk import Clerk
from nbcase.domain.clock import Clock
from nbcase.domain.errors import UserError
from nbcase.domain.words import tr
from nbcase.operations.enrol import Enrolment, close_blocks, keep_blocks
from nbcase.operations.messages import PROTOCOL, BatchAnswer, Block, HelloAnswer, HelloRequest, ReconcileRequest, Trouble, people_digest
from nbcase.store import outbox, people
from nbcase.store.desk_database import reading, writing
from nbcase.store.desk_work import attachment_bytes, set_state, state
from nbcase.store.feed import PAGE, START
from nbcase.store.replica import apply_feed
from nbcase.store.tables import number_block
from nbcase.sync.client import CentreClient

BATCH = 500
"""Actions in one push."""

_log = structlog.get_logger()


@dataclass(slots=True, kw_only=True)
class Contact:
    """What the stages of a contact share. `on_people` is told when clerks changed, with everybody of the station."""

    engine: sa.Engine
    client: CentreClient
    clock: Clock
    enrolment: Enrolment
    tree: outbox.OwnTree = field(default_factory=outbox.OwnTree)
    on_people: Callable[[Sequence[Clerk]], None] = lambda clerks: None
    greeting: HelloAnswer | None = None


def hello(contact: Contact) -> None:
    """Measure the clock, fetch numbers and people, see whether the centre still has what it once answered."""
    with reading(contact.engine) as connection:
        request = _hello_request(connection, contact.enrolment.identity.prefix)
    answer = contact.client.hello(request)
    contact.greeting = answer
    with writing(contact.engine) as connection:
        set_state(connection, "clock_offset_s", round(contact.client.clock_offset.total_seconds(), 3))
        set_state(connection, "contact_at", contact.clock.now().isoformat())
        close_blocks(connection, answer.lost_blocks)
        keep_blocks(connection, answer.blocks)
        if answer.clerks is not None and answer.stations is not None:
            people.replace_people(connection, answer.clerks, answer.stations)
        again = outbox.send_again_after(connection, answer.known_sequence)
        if state(connection, "feed_id") != answer.feed_id:
            set_state(connection, "feed_id", answer.feed_id)
            set_state(connection, "cursor", START)
    if again:
        _log.warning("centre_is_older_than_its_answers", actions=again)
    if answer.clerks is not None:
        contact.on_people(answer.clerks)


def _hello_request(connection: sa.Connection, prefix: str) -> HelloRequest:
    block = number_block
    rows = connection.execute(sa.select(block).where(block.c.series == prefix).order_by(block.c.first)).all()
    left = sum(row.last - row.next + 1 for row in rows)
    held = [Block(series=prefix, first=row.first, last=row.last) for row in rows]
    digest = people_digest(people.clerks(connection), people.stations(connection))
    return HelloRequest(protocol=PROTOCOL, numbers_left=left, held_blocks=held, people_digest=digest)


def send_attachments(contact: Contact) -> None:
    """Bring the files that waiting actions name to the centre, one by one; what is there already is not sent."""
    with reading(contact.engine) as connection:
        waiting = outbox.waiting_attachments(connection)
    for content_hash, media_type in waiting:
        if not contact.client.has_attachment(content_hash):
            with reading(contact.engine) as connection:
                content = attachment_bytes(connection, content_hash) or b""
            contact.client.put_attachment(content_hash, content, media_type)
        with writing(contact.engine) as connection:
            outbox.note_attachment(connection, content_hash)


def push(contact: Contact) -> None:
    """Send waiting actions in order, a batch at a time, until none waits; keep each batch's answers at once."""
    has_sent_again = False
    while True:
        with reading(contact.engine) as connection:
            batch = outbox.next_actions(connection, BATCH)
        if not batch:
            return
        answer = _send_batch(contact, batch)
        if answer.missing and not has_sent_again:
            has_sent_again = True
            with writing(contact.engine) as connection:
                outbox.forget_attachments(connection, answer.missing)
            send_attachments(contact)
        elif answer.missing:
            what = tr("有 {n} 个附件传不上去。").format(n=len(answer.missing))
            raise UserError(what, safe=tr("办件和附件都在本机。"), do=tr("请联系管理员。"))
        elif answer.refused is not None:
            raise _refused(answer.refused)


def _send_batch(contact: Contact, batch: Sequence[Action]) -> BatchAnswer:
    try:
        answer = contact.client.push(batch)
    except UserError:
        with writing(contact.engine) as connection:
            outbox.note_try(connection, batch)
        raise
    with writing(contact.engine) as connection:
        outbox.keep_answers(connection, answer.answers, contact.clock.now())
    return answer


def _refused(trouble: Trouble) -> UserError:
    return UserError(trouble.what, safe=trouble.safe, do=trouble.do)


def pull(contact: Contact) -> None:
    """Fetch pages of changes and apply each together with its cursor: a page is in with its place, or not at all."""
    while True:
        with reading(contact.engine) as connection:
            cursor = state(connection, "cursor", START)
        page = contact.client.changes(cursor, PAGE)
        if page.rows:
            with writing(contact.engine) as connection:
                apply_feed(connection, page.rows)
                set_state(connection, "cursor", page.cursor)
        if not page.has_more:
            return


def reconcile(contact: Contact) -> None:
    """Compare count and digest of everything answered; keep the centre's signed word."""
    with reading(contact.engine) as connection:
        count, digest = contact.tree.advance(connection)
    answer = contact.client.reconcile(ReconcileRequest(count=count, digest=digest))
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
    if not is_equal:
        raise UserError(
            tr("对账不一致：本机 {a} 件，中心 {b} 件。").format(a=count, b=answer.count),
            safe=tr("办件仍在本机，没有丢失。"),
            do=tr("请联系管理员核对；继续办理不受影响。"),
        )


STAGES: tuple[tuple[str, Callable[[Contact], None]], ...] = (
    ("hello", hello),
    ("attachments", send_attachments),
    ("push", push),
    ("pull", pull),
    ("reconcile", reconcile),
)
"""In their order. Pull fetches and applies page by page, so that a cut leaves whole pages behind."""
