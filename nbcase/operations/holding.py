"""A centre that was restored from a backup meets acts that build on what another desk has not sent again yet: they wait for it.

A desk's base version is always one that the centre has served. Where the centre does not have it, it has lost history, and
whoever made that history will bring it: refusing the act, or calling the difference a conflict, would give people work that
time does by itself. The desk keeps the act and those after it, and asks again; after `HELD_AT_MOST` the act is taken as it is,
because the other desk may be gone for good.
"""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from nbcase.domain.action import Action, Change
from nbcase.domain.clock import CHINA
from nbcase.domain.merge import merge
from nbcase.domain.words import tr
from nbcase.operations.messages import Trouble
from nbcase.store.centre_work import CentreWork
from nbcase.store.tables import centre_state

HELD_AT_MOST = timedelta(hours=1)

HELD_AGAIN_AFTER = timedelta(hours=20)
"""One hour in a working day: a desk of which many acts build on what is gone waits once, not once for each."""


def held(work: CentreWork, action: Action) -> Trouble | None:
    """What a desk is told whose act has to wait; None when it need not, or has waited long enough."""
    if not any(_is_ahead(work, change) for change in action.changes):
        return None
    until = _since(work.connection, work.desk.id, work.now) + HELD_AT_MOST
    if work.now >= until:
        return None
    return Trouble(
        what=tr("第 {n} 号操作要等另一台电脑：中心还原过，它接着的记录那边还没有重传。").format(n=action.sequence),
        safe=tr("办件都在本机，照常受理。"),
        do=tr("那台电脑开机联网后会自动接上；等到 {at} 还没有，就先交中心处理。").format(at=f"{until.astimezone(CHINA):%H:%M}"),
    )


def _is_ahead(work: CentreWork, change: Change) -> bool:
    """Whether the change builds on a version that the centre does not have, so that it could not be laid on what is there."""
    current = work.current((change.record_type, change.record_id))
    if change.base_version <= current.get("version", 0):
        return False
    return not current or bool(merge(current, change)[1])


def _since(connection: sa.Connection, desk_id: str, now: datetime) -> datetime:
    """When this desk began to wait; now, where it has not waited lately."""
    key = f"held:{desk_id}"
    kept = connection.execute(sa.select(centre_state.c.value).where(centre_state.c.key == key)).scalar()
    since = datetime.fromisoformat(kept) if kept else None
    if since is not None and timedelta(0) <= now - since < HELD_AGAIN_AFTER:
        return since
    statement = insert(centre_state).values(key=key, value=now.isoformat())
    connection.execute(statement.on_conflict_do_update(index_elements=["key"], set_={"value": statement.excluded.value}))
    return now
