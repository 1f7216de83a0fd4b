"""Two people decide one conflict without knowing of each other: the first at the centre stands, the second goes on as a new one."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from nbcase.domain.action import Action, Change
from nbcase.domain.conflict import ConflictState, FieldConflict, kind_of_act
from nbcase.domain.errors import Unacceptable
from nbcase.domain.ids import derived_id
from nbcase.domain.merge import is_same
from nbcase.domain.words import tr
from nbcase.store.centre_work import CentreWork
from nbcase.store.records import from_plain

_DECIDED_BY_ACT = frozenset({"state", "chosen", "reason", "resolved_by", "resolved_at"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Contest:
    """A conflict that was decided before this action came to decide it too; `renewed` is the new one, where the values differ."""

    decided_id: str
    subject: tuple[str, str]
    field: str
    renewed: FieldConflict | None


def contests_of(work: CentreWork, action: Action) -> list[Contest]:
    """Which of the conflicts that the action decides are decided already. Raises `Unacceptable` for what is no decision."""
    found = []
    for change in action.changes:
        if change.record_type == "conflict":
            current = work.current(("conflict", change.record_id))
            _check(action, change, current)
            if current["state"] == ConflictState.RESOLVED.value:
                found.append(_contest(work, action, change, from_plain(FieldConflict, current)))
    return found


def _check(action: Action, change: Change, current: Mapping[str, Any]) -> None:
    if not current:
        raise Unacceptable(tr("冲突记录只由中心建立。"))
    if not change.fields.keys() <= _DECIDED_BY_ACT or action.kind != kind_of_act(current["subject_type"], current["field"]):
        raise Unacceptable(tr("冲突只能由有权限的人核对后决定。"), do=tr("请在“同步”的冲突里重新决定。"))


def _contest(work: CentreWork, action: Action, change: Change, decided: FieldConflict) -> Contest:
    wanted = change.fields.get("chosen", (None, None))[1]
    renewed = None if is_same(wanted, decided.chosen) else _renewed(work, action, decided, wanted)
    return Contest(decided_id=decided.id, subject=(decided.subject_type, decided.subject_id), field=decided.field, renewed=renewed)


def _renewed(work: CentreWork, action: Action, decided: FieldConflict, wanted: Any) -> FieldConflict:
    return replace(
        decided,
        id=derived_id(b"", "conflict", action.id, decided.id),
        version=1,
        action_id=action.id,
        before=decided.theirs,
        theirs=decided.chosen,
        theirs_by=decided.resolved_by,
        theirs_at=decided.resolved_at,
        yours=wanted,
        yours_by=action.clerk_id,
        yours_at=action.estimated_at,
        found_at=work.now,
        state=ConflictState.OPEN,
        chosen=None,
        reason="",
        resolved_by=None,
        resolved_at=None,
        station_code=work.desk.station_code,
    )


def without_contested(change: Change, contests: Sequence[Contest]) -> Change:
    """The change without what an earlier decision has settled: the decision itself, and the field that it was about."""
    if change.record_type == "conflict":
        is_settled = any(contest.decided_id == change.record_id for contest in contests)
        return replace(change, fields={}) if is_settled else change
    settled = set(_settled_fields(change, contests))
    return replace(change, fields={name: pair for name, pair in change.fields.items() if name not in settled}) if settled else change


def _settled_fields(change: Change, contests: Sequence[Contest]) -> Iterator[str]:
    key = (change.record_type, change.record_id)
    return (contest.field for contest in contests if contest.subject == key)
