"""The centre takes in what a desk did: checked, merged field by field, answered once and for ever."""

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile

import msgspec
import sqlalchemy as sa
import structlog
from psycopg import errors as postgres

from nbcase.domain.action import MOST_BODY_BYTES, MOST_CHANGES, Action, Answer, Change, Outcome, body_hash, canonical
from nbcase.domain.clerk import require
from nbcase.domain.conflict import FieldConflict
from nbcase.domain.errors import Conflict, NotAllowed, Unacceptable, UserError
from nbcase.domain.merge import merge
from nbcase.domain.words import tr
from nbcase.operations.allotment import check_places, concerned, settle
from nbcase.operations.contests import Contest, contests_of, without_contested
from nbcase.operations.holding import held
from nbcase.operations.messages import BatchAnswer, Trouble
from nbcase.operations.rounds import check_signature
from nbcase.operations.scheme_drafts import check_scheme_act
from nbcase.store.centre_database import transaction
from nbcase.store.centre_work import CentreWork, Key, Raced, Written, is_storable, lock_desk
from nbcase.store.records import CENTRE_ONLY, RECORD_TYPES, UNMERGED, field_names, from_plain

TRIES = 5
"""How often a batch is tried again after another desk came between."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Merged:
    written: Written
    version: int
    is_merged: bool


def receive_batch(
    engine: sa.Engine,
    desk_id: str,
    actions: Sequence[Action],
    now: datetime,
    *,
    lacking: AbstractSet[str] = frozenset(),
    may_be_retired: bool = False,
) -> BatchAnswer:
    """Take in actions of one desk, in order; a repeat gets its first answer. `lacking` are ids of those whose files will never come.

    `may_be_retired` is for an administrator at the centre who brings what a retired desk left on a stick.
    One transaction for the batch. When the database refuses a value in it, each action has a transaction of its own,
    and only the one that is refused is quarantined.
    """
    for _ in range(TRIES):
        try:
            with transaction(engine) as connection:
                return _take_in(connection, desk_id, actions, now, lacking, may_be_retired=may_be_retired)
        except Raced:
            continue
        except sa.exc.DBAPIError as error:
            if _is_refusal(error):
                _log.warning("batch_refused_by_database", desk_id=desk_id, error=str(error.orig))
                return _one_by_one(engine, desk_id, actions, now, lacking, may_be_retired=may_be_retired)
            if not isinstance(error.orig, (postgres.DeadlockDetected, postgres.SerializationFailure)):
                raise
    raise Conflict(tr("中心正忙：多个窗口在办同一个人的业务。"), safe=tr("办件仍在本机，稍后自动重传。"))


def _is_refusal(error: sa.exc.DBAPIError) -> bool:
    """Whether the database does not take a value: of the wrong kind, or too long for an index."""
    return isinstance(error, (sa.exc.DataError, sa.exc.IntegrityError)) or isinstance(error.orig, postgres.ProgramLimitExceeded)


def _one_by_one(
    engine: sa.Engine, desk_id: str, actions: Sequence[Action], now: datetime, lacking: AbstractSet[str], *, may_be_retired: bool
) -> BatchAnswer:
    answers: list[Answer] = []
    for action in actions:
        try:
            with transaction(engine) as connection:
                part = _take_in(connection, desk_id, [action], now, lacking, may_be_retired=may_be_retired)
        except sa.exc.DBAPIError as error:
            if not _is_refusal(error):
                raise
            reason = tr("数据库不接受其中的值：{text}").format(text=str(error.orig).splitlines()[0])
            with transaction(engine) as connection:
                part = _take_in(connection, desk_id, [action], now, lacking, known_reason=reason, may_be_retired=may_be_retired)
        answers += part.answers
        if part.missing or part.refused is not None:
            return BatchAnswer(answers=answers, missing=part.missing, refused=part.refused)
    return BatchAnswer(answers=answers)


def _take_in(
    connection: sa.Connection,
    desk_id: str,
    actions: Sequence[Action],
    now: datetime,
    lacking: AbstractSet[str],
    *,
    known_reason: str = "",
    may_be_retired: bool = False,
) -> BatchAnswer:
    desk = lock_desk(connection, desk_id)
    if desk is None or (desk.retired_at is not None and not may_be_retired):
        raise retired()
    work = CentreWork(connection, desk, now)
    sound = list(takewhile(_is_named_well, actions))
    known = work.answered([action.id for action in sound])
    new = [action for action in sound if action.id not in known]
    absent = set(work.missing_attachments(content_hash for action in new for content_hash in action.attachments))
    missing = {content_hash for action in new if action.id not in lacking for content_hash in absent.intersection(action.attachments)}
    if missing:
        return BatchAnswer(answers=[], missing=sorted(missing))
    changes = [change for action in new for change in action.changes]
    work.lock(changes, concerned(connection, changes))
    answers = []
    refused = None
    for action in sound:
        body = canonical(action)
        first = known.get(action.id)
        refused = _check_place(work, action, body, first[0] if first else None)
        if refused is None and first is None:
            refused = held(work, action)
        if refused is not None:
            break
        reason = known_reason or _absence(absent.intersection(action.attachments))
        answer = first[1] if first else receive(work, action, body, known_reason=reason)
        known[action.id] = (action.hash, answer)
        answers.append(answer)
    work.flush()
    if refused is None and len(sound) < len(actions):
        refused = _broken(tr("第 {n} 号操作的编号不合格式。").format(n=actions[len(sound)].sequence))
    return BatchAnswer(answers=answers, refused=refused)


def _absence(hashes: AbstractSet[str]) -> str:
    """Why an action is not applied whose files neither are here nor will come; empty when none is absent."""
    if not hashes:
        return ""
    words = tr("附件缺失：有 {n} 个附件已不在办理的那台电脑上，或中心收不下。请重新扫描材料，按新的一件办理。")
    return words.format(n=len(hashes))


def retired() -> UserError:
    """The refusal of a desk that was taken out of service."""
    return NotAllowed(
        tr("这台电脑已在中心停用。"),
        safe=tr("未上传的办件仍保存在本机。"),
        do=tr("请联系管理员；未传的办件可导出后由其他窗口上传。"),
    )


_ACTION_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_CONTENT_HASH = re.compile(r"[0-9a-f]{64}")


def _is_named_well(action: Action) -> bool:
    """Whether its id and those of its files are such as a desk makes: they are looked up before anything is checked."""
    return _ACTION_ID.fullmatch(action.id) is not None and all(map(_CONTENT_HASH.fullmatch, action.attachments))


def _check_place(work: CentreWork, action: Action, body: bytes, known_hash: str | None) -> Trouble | None:
    """Why this action cannot stand at this place of the desk's chain; None when it can."""
    if action.desk_id != work.desk.id:
        return _broken(tr("办件属于另一台电脑。"))
    if body_hash(body) != action.hash:
        return _broken(tr("第 {n} 号操作的内容与校验值不符。").format(n=action.sequence))
    if known_hash is not None:
        return None if known_hash == action.hash else _broken(tr("第 {n} 号操作与中心已有的内容不同。").format(n=action.sequence))
    if action.sequence != work.sequence + 1:
        return _broken(tr("操作序号不连续：中心有 {a}，收到 {b}。").format(a=work.sequence, b=action.sequence))
    if action.previous_hash != work.hash:
        return _broken(tr("第 {n} 号操作与前一条接不上。").format(n=action.sequence))
    return None


def _broken(what: str) -> Trouble:
    return Trouble(what=what, safe=tr("办件仍在本机，没有丢失。"), do=tr("请联系管理员核对这台电脑的操作记录。"))


def receive(work: CentreWork, action: Action, body: bytes, *, known_reason: str = "") -> Answer:
    """Apply one new action to the work and answer it. Its records must be locked (`CentreWork.lock`).

    `body` is its canonical form; `known_reason` quarantines it at once: the database has refused it before.
    """
    try:
        if known_reason:
            raise Unacceptable(known_reason)
        _check(work, action, body)
        contests = contests_of(work, action)
        changes = [without_contested(change, contests) for change in action.changes] if contests else action.changes
        merged = [_merge(work, change, contests) for change in changes]
        settled = settle(work, [entry.written for entry in merged])
    except (Unacceptable, NotAllowed) as error:
        refusal = Answer(action_id=action.id, outcome=Outcome.QUARANTINED, reason=str(error))
        work.keep(action, body, refusal, ())
        return refusal
    answer = _answer(action, merged)
    work.keep(action, body, answer, [*(entry.written for entry in merged), *settled])
    return answer


def _check(work: CentreWork, action: Action, body: bytes) -> None:
    clerk = work.clerk(action.clerk_id)
    if clerk is None:
        raise Unacceptable(tr("经办人不属于本受理点。"), do=tr("请站长核对人员名单后重新受理。"))
    require(clerk, action.kind)
    check_signature(action)
    check_scheme_act(action)
    check_places(work, action)
    if not action.changes:
        raise Unacceptable(tr("操作没有内容。"))
    if len(action.changes) > MOST_CHANGES or len(body) > MOST_BODY_BYTES:
        raise Unacceptable(tr("操作过大。"))
    keys = [(change.record_type, change.record_id) for change in action.changes]
    if len(set(keys)) < len(keys):
        raise Unacceptable(tr("同一条记录在一次操作里出现两次。"))


_MERGEABLE = {name: frozenset(field_names(kind)) - UNMERGED for name, kind in RECORD_TYPES.items()}


def _merge(work: CentreWork, change: Change, contests: Sequence[Contest]) -> _Merged:
    kind = RECORD_TYPES.get(change.record_type)
    if kind is None:
        raise Unacceptable(tr("未知的记录种类：{name}").format(name=change.record_type))
    if change.record_type in CENTRE_ONLY:
        raise Unacceptable(tr("{name} 只由中心写入。").format(name=change.record_type))
    if not is_storable(change.record_id):
        raise Unacceptable(tr("记录编号不合格式。"))
    if unknown := sorted(change.fields.keys() - _MERGEABLE[change.record_type]):
        raise Unacceptable(tr("{record} 没有字段 {names}").format(record=change.record_type, names="、".join(unknown)))
    key = (change.record_type, change.record_id)
    current = work.current(key)
    values, collisions = merge(current, change)
    version = current.get("version", 0) + (1 if values != current else 0)
    try:
        record = from_plain(kind, {**values, "id": change.record_id, "version": version})
    except msgspec.ValidationError as error:
        raise Unacceptable(tr("{record} 的内容不合格式：{text}").format(record=change.record_type, text=error)) from error
    if not current and record.station_code != work.desk.station_code:
        raise Unacceptable(tr("新记录不属于本受理点。"))
    return _Merged(
        written=Written(record=record, collisions=collisions, contests=_renewed(key, contests) if contests else ()),
        version=version,
        is_merged=bool(current) and work.foreign_version(key) > change.base_version,
    )


def _renewed(key: Key, contests: Sequence[Contest]) -> tuple[FieldConflict, ...]:
    return tuple(contest.renewed for contest in contests if contest.renewed is not None and key == ("conflict", contest.decided_id))


def _answer(action: Action, merged: Sequence[_Merged]) -> Answer:
    versions = tuple([entry.version for entry in merged])
    if not any(entry.written.collisions or entry.written.contests for entry in merged):
        outcome = Outcome.MERGED if any(entry.is_merged for entry in merged) else Outcome.ACCEPTED
        return Answer(action_id=action.id, outcome=outcome, versions=versions)
    collided = tuple(
        f"{change.record_type}.{collision.field}"
        for change, entry in zip(action.changes, merged, strict=True)
        for collision in entry.written.collisions
    )
    collided += tuple(f"{contest.subject_type}.{contest.field}" for entry in merged for contest in entry.written.contests)
    reason = tr("另一个窗口同时改了同一项，两个值都已保留，请核对。")
    return Answer(action_id=action.id, outcome=Outcome.CONFLICT, reason=reason, fields=collided, versions=versions)
