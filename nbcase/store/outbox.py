"""What of a desk's work the centre has: the queue to send, the answers that came, the state in figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from nbcase.domain.action import Action, Answer, Outcome, TreeHash
from nbcase.store.desk_work import read_action
from nbcase.store.tables import attachment_content, desk_action, desk_metadata, outbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Actions of this desk by how they stand; `waiting_since` is the desk time of the oldest one without an answer."""

    total: int
    waiting: int
    accepted: int
    merged: int
    conflicts: int
    quarantined: int
    waiting_since: datetime | None

    @property
    def answered(self) -> int:
        """How many the centre has."""
        return self.total - self.waiting


def tally(connection: sa.Connection) -> Tally:
    """Count the outbox."""
    counts = {
        row.outcome: row.n for row in connection.execute(sa.select(outbox.c.outcome, sa.func.count().label("n")).group_by(outbox.c.outcome))
    }
    oldest = (
        sa.select(desk_action.c.desk_at)
        .join(outbox, outbox.c.sequence == desk_action.c.sequence)
        .where(outbox.c.outcome.is_(None))
        .order_by(outbox.c.sequence)
        .limit(1)
    )
    return Tally(
        total=sum(counts.values()),
        waiting=counts.get(None, 0),
        accepted=counts.get(Outcome.ACCEPTED.value, 0),
        merged=counts.get(Outcome.MERGED.value, 0),
        conflicts=counts.get(Outcome.CONFLICT.value, 0),
        quarantined=counts.get(Outcome.QUARANTINED.value, 0),
        waiting_since=connection.execute(oldest).scalar(),
    )


def next_actions(connection: sa.Connection, limit: int) -> list[Action]:
    """The oldest actions without an answer, in order."""
    query = (
        sa.select(desk_action.c.body)
        .join(outbox, outbox.c.sequence == desk_action.c.sequence)
        .where(outbox.c.outcome.is_(None))
        .order_by(outbox.c.sequence)
        .limit(limit)
    )
    return [read_action(body) for body in connection.execute(query).scalars()]


def keep_answers(connection: sa.Connection, answers: Sequence[Answer], now: datetime) -> None:
    """Store what the centre made of some actions; what it took but the feed has not brought back keeps its versions."""
    statement = (
        sa.update(outbox)
        .where(outbox.c.action_id == sa.bindparam("answered_id"), outbox.c.outcome.is_(None))
        .values(
            outcome=sa.bindparam("new_outcome"),
            reason=sa.bindparam("new_reason"),
            fields=sa.bindparam("new_fields"),
            versions=sa.bindparam("new_versions"),
            answered_at=sa.bindparam("new_answered_at"),
            tries=outbox.c.tries + 1,
        )
    )
    rows = [
        {
            "answered_id": answer.action_id,
            "new_outcome": answer.outcome.value,
            "new_reason": answer.reason,
            "new_fields": list(answer.fields),
            "new_versions": list(answer.versions) or None,
            "new_answered_at": now,
        }
        for answer in answers
    ]
    if rows:
        connection.execute(statement, rows)


def note_try(connection: sa.Connection, actions: Sequence[Action]) -> None:
    """Count a sending that got no answer."""
    if actions:
        span = outbox.c.sequence.between(actions[0].sequence, actions[-1].sequence)
        connection.execute(sa.update(outbox).where(span, outbox.c.outcome.is_(None)).values(tries=outbox.c.tries + 1))


def send_again_after(connection: sa.Connection, sequence: int) -> int:
    """Put everything after `sequence` back into the queue, with its files; answers how many.

    The centre was restored from a backup that is older than these answers.
    """
    lost = sa.select(desk_action.c.body).join(outbox, outbox.c.sequence == desk_action.c.sequence)
    bodies = connection.execute(lost.where(outbox.c.sequence > sequence, outbox.c.outcome.is_not(None))).scalars().all()
    if not bodies:
        return 0
    connection.execute(
        sa.update(outbox).where(outbox.c.sequence > sequence).values(outcome=None, reason="", fields=None, versions=None, answered_at=None)
    )
    forget_attachments(connection, sorted({content_hash for body in bodies for content_hash in read_action(body).attachments}))
    return len(bodies)


def waiting_attachments(connection: sa.Connection) -> list[tuple[str, str]]:
    """Hash and media type of files that waiting actions name and the centre is not known to have, oldest action first."""
    attachment = desk_metadata.tables["attachment"]
    content = attachment_content
    rows = connection.execute(
        sa.select(content.c.hash, attachment.c.media_type)
        .join(attachment, attachment.c.hash == content.c.hash)
        .where(content.c.is_at_centre.is_(False))
    )
    unsent = {row.hash: row.media_type for row in rows}
    if not unsent:
        return []
    query = (
        sa.select(desk_action.c.body)
        .join(outbox, outbox.c.sequence == desk_action.c.sequence)
        .where(outbox.c.outcome.is_(None))
        .order_by(outbox.c.sequence)
    )
    named = (content_hash for body in connection.execute(query).scalars() for content_hash in read_action(body).attachments)
    return [(content_hash, unsent[content_hash]) for content_hash in dict.fromkeys(named) if content_hash in unsent]


def note_attachment(connection: sa.Connection, content_hash: str) -> None:
    """The centre has this file."""
    connection.execute(sa.update(attachment_content).where(attachment_content.c.hash == content_hash).values(is_at_centre=True))


def forget_attachments(connection: sa.Connection, hashes: Sequence[str]) -> None:
    """The centre does not have these files after all."""
    connection.execute(sa.update(attachment_content).where(attachment_content.c.hash.in_(hashes)).values(is_at_centre=False))


class OwnTree:
    """Tree hash over the answered actions, continued from contact to contact instead of read anew."""

    def __init__(self) -> None:
        self._tree = TreeHash()

    def advance(self, connection: sa.Connection) -> tuple[int, str]:
        """Count and digest of all actions before the first one that waits."""
        first_waiting = sa.select(sa.func.min(outbox.c.sequence)).where(outbox.c.outcome.is_(None))
        end = connection.execute(first_waiting).scalar()
        if end is not None and end <= self._tree.count:
            self._tree = TreeHash()
        query = sa.select(desk_action.c.hash).where(desk_action.c.sequence > self._tree.count).order_by(desk_action.c.sequence)
        if end is not None:
            query = query.where(desk_action.c.sequence < end)
        for action_hash in connection.execute(query).scalars():
            self._tree.add(bytes.fromhex(action_hash))
        return self._tree.count, self._tree.hexdigest()
