"""What of a desk's work the centre has: the queue to send, the answers that came, the state in figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate, islice
from typing import Any

import sqlalchemy as sa

from nbcase.domain.action import Action, Answer, Outcome, TreeHash, canonical
from nbcase.domain.conflict import ConflictState
from nbcase.store.desk_files import note_at_centre
from nbcase.store.desk_work import read_action
from nbcase.store.tables import DESK_RECORDS, attachment_content, desk_action, desk_metadata, outbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Actions of this desk by how they stand; `waiting_since` is the desk time of the oldest one without an answer.

    `conflicts` are fields that wait for a person, whichever desk's act found them; `quarantined` are actions that nobody has sent
    anew or given up.
    """

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


IN_QUARANTINE = sa.and_(outbox.c.outcome == Outcome.QUARANTINED.value, outbox.c.resent_by.is_(None), outbox.c.given_up_at.is_(None))
"""What the centre did not take and nobody has dealt with yet."""

_conflict = DESK_RECORDS["conflict"]
_not_yet_here = sa.and_(outbox.c.outcome == Outcome.CONFLICT.value, outbox.c.action_id.not_in(sa.select(_conflict.c.action_id)))
_UNDECIDED = sa.select(
    sa.select(sa.func.count()).select_from(_conflict).where(_conflict.c.state == ConflictState.OPEN.value).scalar_subquery()
    + sa.select(sa.func.count()).select_from(outbox).where(_not_yet_here).scalar_subquery()
)


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
        conflicts=connection.execute(_UNDECIDED).scalar_one(),
        quarantined=connection.execute(sa.select(sa.func.count()).select_from(outbox).where(IN_QUARANTINE)).scalar_one(),
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Actions to send together, as they are stored, from sequence number `first` to `last`; `has_more` when it was cut off there."""

    ids: Sequence[str]
    bodies: Sequence[bytes]
    first: int
    last: int
    has_more: bool


def next_batch(connection: sa.Connection, *, after: int, limit: int, most_bytes: int) -> Batch | None:
    """The oldest actions behind a sequence number without an answer, in order: not decoded, the centre wants these bytes.

    At least one, and no more than `limit` or than fit into `most_bytes`. None when none waits.
    """
    rows = connection.exec_driver_sql(_WAITING, (after, limit + 1)).all()
    if not rows:
        return None
    sizes = accumulate(len(row.body) for row in rows)
    count = max(sum(size <= most_bytes for size in islice(sizes, limit)), 1)
    sent = rows[:count]
    return Batch(
        ids=[row.id for row in sent],
        bodies=[row.body for row in sent],
        first=sent[0].sequence,
        last=sent[-1].sequence,
        has_more=count < len(rows),
    )


# Word for word: through SQLAlchemy a row of these costs three times what SQLite needs for it.
_WAITING = """
SELECT action.sequence, action.id, action.body FROM outbox JOIN action ON action.sequence = outbox.sequence
WHERE outbox.outcome IS NULL AND outbox.sequence > ? ORDER BY outbox.sequence LIMIT ?
"""
_KEEP_ANSWER = """
UPDATE outbox SET outcome = ?, reason = ?, fields = ?, versions = ?, answered_at = ?, tries = tries + 1
WHERE action_id = ? AND outcome IS NULL
"""


_NOTE_THEIR_FILES = """
    UPDATE attachment_content SET is_at_centre = 1 WHERE NOT is_at_centre AND hash IN (
        SELECT file.value FROM json_each(?) AS taken JOIN action ON action.id = taken.value,
        json_each(CAST(action.body AS TEXT), '$.attachments') AS file)"""


def keep_answers(connection: sa.Connection, answers: Sequence[Answer], now: datetime) -> None:
    """Store what the centre made of some actions; what it took but the feed has not brought back keeps its versions.

    The centre takes no action without its files, so these are there, whatever became of the answers to their upload.
    """
    answered_at = _stored(outbox.c.answered_at, now, connection.dialect)
    rows = [
        (
            answer.outcome.value,
            answer.reason,
            canonical(answer.fields).decode(),
            canonical(answer.versions).decode() if answer.versions else None,
            answered_at,
            answer.action_id,
        )
        for answer in answers
    ]
    if rows:
        connection.exec_driver_sql(_KEEP_ANSWER, rows)
    taken = [answer.action_id for answer in answers if answer.outcome is not Outcome.QUARANTINED]
    connection.exec_driver_sql(_NOTE_THEIR_FILES, (canonical(taken).decode(),))


def _stored(column: sa.Column[Any], value: object, dialect: sa.Dialect) -> object:
    """The value as the column's type puts it into the file."""
    convert = column.type.dialect_impl(dialect).bind_processor(dialect)
    return convert(value) if convert is not None else value


def note_try(connection: sa.Connection, batch: Batch) -> None:
    """Count a sending that got no answer."""
    span = outbox.c.sequence.between(batch.first, batch.last)
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
    named = sorted({content_hash for body in bodies for content_hash in read_action(body).attachments})
    note_at_centre(connection, named, is_there=False)
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
