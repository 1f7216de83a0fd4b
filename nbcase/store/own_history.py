"""A desk whose database is older than what it has sent: from a disk image, or rebuilt by `nbcase rescue`.

The centre has acts of this desk that the desk does not have. They are taken back into the log, answered as they are; acts
made here since, under sequence numbers that are taken, move behind them: same act, same id, new place in the chain. So
nothing is lost on either side, and the chain stays one.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from nbcase.domain.action import Action, Answer, action_hash, canonical, sealed
from nbcase.domain.errors import UserError
from nbcase.domain.words import tr
from nbcase.store.desk_work import read_action
from nbcase.store.tables import desk_action, number_block, outbox


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAct:
    """An act of this desk as the centre holds it, with its answer."""

    action: Action
    answer: Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenBack:
    """How many acts came back and how many moved behind them; `doubled` are receipt numbers that both sides gave out."""

    restored: int
    moved: int
    doubled: tuple[str, ...] = ()


def hash_at(connection: sa.Connection, sequence: int) -> str | None:
    """The hash of this desk's act at a place of its chain; None where it has none."""
    return connection.execute(sa.select(desk_action.c.hash).where(desk_action.c.sequence == sequence)).scalar()


def has_all_until(connection: sa.Connection, sequence: int, known_hash: str) -> bool:
    """Whether the desk has the act of this hash at this place, and every one before it. A rescued desk may lack early ones."""
    if sequence == 0:
        return True
    # Counted by the outbox, which has a row for each act: those of the acts fill a page each, 85 ms for a year of them.
    count = sa.select(sa.func.count()).select_from(outbox).where(outbox.c.sequence <= sequence)
    return hash_at(connection, sequence) == known_hash and connection.execute(count).scalar() == sequence


def last_common(connection: sa.Connection) -> int:
    """The last place up to which the desk's chain has no gap and every act its answer: what the centre cannot have differently."""
    first_waiting = connection.execute(sa.select(sa.func.min(outbox.c.sequence)).where(outbox.c.outcome.is_(None))).scalar()
    # A gapless chain from 1 has as many acts up to a place as the place says; a rescued one begins later.
    expected = sa.func.row_number().over(order_by=desk_action.c.sequence).label("expected")
    numbered = sa.select(desk_action.c.sequence, expected).subquery()
    gapless = sa.select(sa.func.max(numbered.c.sequence)).where(numbered.c.sequence == numbered.c.expected)
    last = connection.execute(gapless).scalar() or 0
    return min(last, first_waiting - 1) if first_waiting is not None else last


def take_back(connection: sa.Connection, acts: Sequence[KeptAct], known_sequence: int, known_hash: str, now: datetime) -> TakenBack:
    """Enter these acts of the centre, in order; own acts that stand in their places move behind `known_sequence`.

    Inside the caller's transaction. May be repeated and may end after any page: what is there already is left. Raises
    `UserError` for an act whose content is not what its hash says: it was changed at the centre or on the way.
    """
    for kept in acts:
        if action_hash(kept.action) != kept.action.hash:
            raise UserError(
                tr("中心送回的第 {n} 号操作与校验值不符。").format(n=kept.action.sequence),
                safe=tr("没有取回，本机的操作记录没有改动。"),
                do=tr("请联系管理员核对中心的数据。"),
            )
    theirs = {kept.action.sequence: kept.action.hash for kept in acts}
    ids = [kept.action.id for kept in acts]
    concerned = sa.or_(desk_action.c.sequence.in_(list(theirs)), desk_action.c.id.in_(ids))
    query = sa.select(desk_action.c.sequence, desk_action.c.hash).where(concerned)
    own = {row.sequence: row.hash for row in connection.execute(query)}
    # In the place of another act, or an act of theirs in another place than at the centre: an older image was sent on before.
    displaced = [place for place, own_hash in own.items() if theirs.get(place) != own_hash]
    first = min([*displaced, known_sequence + 1])
    moved = _move_behind(connection, first, known_sequence, known_hash, but_not=ids) if displaced else []
    missing = [kept for kept in acts if own.get(kept.action.sequence) != kept.action.hash]
    _enter(connection, missing, now)
    numbers = {number for kept in acts for number in receipt_numbers(kept.action)}
    _pass_over(connection, numbers)
    doubled = sorted(numbers & {number for action in moved for number in receipt_numbers(action)})
    return TakenBack(restored=len(missing), moved=len(moved), doubled=tuple(doubled))


def _move_behind(connection: sa.Connection, first: int, known_sequence: int, known_hash: str, *, but_not: Collection[str]) -> list[Action]:
    """Chain own acts from `first` on behind the last one that the centre knows; those of these ids come back from there."""
    own = sa.select(desk_action.c.body).where(desk_action.c.sequence >= first, desk_action.c.id.not_in(but_not))
    bodies = connection.execute(own.order_by(desk_action.c.sequence)).scalars()
    previous, moved = known_hash, []
    for place, body in enumerate(bodies.all(), known_sequence + 1):
        moved.append(sealed(replace(read_action(body), sequence=place, previous_hash=previous)))
        previous = moved[-1].hash
    connection.execute(sa.delete(outbox).where(outbox.c.sequence >= first))
    connection.execute(sa.delete(desk_action).where(desk_action.c.sequence >= first))
    if moved:
        connection.execute(sa.insert(desk_action), [_row(action) for action in moved])
        connection.execute(sa.insert(outbox), [{"sequence": action.sequence, "action_id": action.id} for action in moved])
    return moved


def _enter(connection: sa.Connection, missing: Sequence[KeptAct], now: datetime) -> None:
    if not missing:
        return
    connection.execute(sa.insert(desk_action), [_row(kept.action) for kept in missing])
    connection.execute(
        sa.insert(outbox),
        [
            {
                "sequence": kept.action.sequence,
                "action_id": kept.action.id,
                "outcome": kept.answer.outcome.value,
                "reason": kept.answer.reason,
                "fields": list(kept.answer.fields),
                "answered_at": now,
            }
            for kept in missing
        ],
    )


def _row(action: Action) -> dict[str, object]:
    return {
        "sequence": action.sequence,
        "id": action.id,
        "kind": action.kind,
        "record_type": action.record_type,
        "record_id": action.record_id,
        "clerk_id": action.clerk_id,
        "desk_at": action.desk_at,
        "hash": action.hash,
        "body": canonical(action),
    }


def receipt_numbers(action: Action) -> set[str]:
    """Receipt numbers that an act gave out."""
    given = (change.fields["number"][1] for change in action.changes if change.record_type == "case" and "number" in change.fields)
    return {number for number in given if isinstance(number, str)}


def _pass_over(connection: sa.Connection, numbers: Iterable[str]) -> None:
    """Take no number again that an act from before the image was made bears."""
    block = number_block
    for number in numbers:
        series, _, rest = number.partition("-")
        ordinal = rest.rpartition("-")[2]
        if ordinal.isascii() and ordinal.isdigit():
            holds = (block.c.series == series) & (block.c.first <= int(ordinal)) & (block.c.last >= int(ordinal))
            connection.execute(sa.update(block).where(holds, block.c.next <= int(ordinal)).values(next=int(ordinal) + 1))
