"""People decide what two desks changed differently: before, theirs and yours in words, one act that chooses, all values kept.

Until somebody decides, the value that reached the centre first stands and work goes on. A decision sets the field and closes
the conflict in one act. Two people who decide the same conflict offline: the first at the centre stands, and where the second
chose another value that becomes a conflict of its own (`nbcase.operations.contests`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from nbcase.domain.action import Action
from nbcase.domain.case import Case, CaseState
from nbcase.domain.clerk import PERMISSIONS, Clerk, require
from nbcase.domain.conflict import ConflictState, FieldConflict, is_decision, kind_of_act
from nbcase.domain.errors import Conflict, UserError
from nbcase.domain.merge import is_same
from nbcase.domain.permit import Permit
from nbcase.domain.resident import Resident
from nbcase.domain.words import tr
from nbcase.operations.corrections import Editor, corrected, editor
from nbcase.operations.desk import Desk
from nbcase.operations.recordwords import field_name, record_name, telling_words
from nbcase.store import people, tables
from nbcase.store.desk_database import reading
from nbcase.store.desk_work import DeskWork, desk_work, read_action
from nbcase.store.records import RECORD_TYPES, Record, from_plain, to_plain
from nbcase.store.shelf import Shelf, as_record

LONGEST_REASON = 500


class Choice(StrEnum):
    """Which value a person took. `PRESENT` leaves the record as it is now, whatever it has become since."""

    THEIRS = "theirs"
    YOURS = "yours"
    PRESENT = "present"
    EDITED = "edited"


@dataclass(frozen=True, slots=True)
class Chosen:
    """A choice, with the value (plain, as a form gives it) where it is an edited one."""

    choice: Choice
    value: Any = None


THEIRS, YOURS, PRESENT = Chosen(Choice.THEIRS), Chosen(Choice.YOURS), Chosen(Choice.PRESENT)


def edited(value: Any) -> Chosen:
    """A value that is none of those on record."""
    return Chosen(Choice.EDITED, value)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictView:
    """A conflict as people read it; the raw values are in `conflict`, `present_value` is the field's as this desk has it.

    `has_moved` says that somebody has given the field another value since: the question may have lost its ground.
    `is_decision`: only a reviewer or supervisor may choose, one side whole and unedited, together with `goes_with`, the other
    fields of the same decision. `action` is the act that lost, where it was done at this desk. Words are masked, but where
    two different values would then look the same.
    """

    conflict: FieldConflict
    record: str
    field: str
    person: str
    case_number: str
    case_id: str | None
    resident_id: str | None
    before: str
    theirs: str
    yours: str
    present: str
    present_value: Any
    has_moved: bool
    theirs_by: str
    yours_by: str
    theirs_at: datetime | None
    yours_at: datetime | None
    chosen: str
    resolved_by: str
    action: Action | None
    editor: Editor
    is_decision: bool
    goes_with: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """What became durable: the decided conflicts, the record as it is now, and what open pages have to reload."""

    conflicts: tuple[FieldConflict, ...]
    record: Record
    changed: frozenset[str]


def open_conflicts(desk: Desk, limit: int = 200) -> list[ConflictView]:
    """What waits for a decision, the oldest first."""
    table = tables.DESK_RECORDS["conflict"]
    query = sa.select(table).where(table.c.state == ConflictState.OPEN.value).order_by(table.c.found_at, table.c.id).limit(limit)
    return _views(desk, query)


def decided_conflicts(desk: Desk, limit: int = 200) -> list[ConflictView]:
    """What was decided, the newest decision first."""
    table = tables.DESK_RECORDS["conflict"]
    query = sa.select(table).where(table.c.state == ConflictState.RESOLVED.value)
    return _views(desk, query.order_by(table.c.resolved_at.desc(), table.c.id).limit(limit))


def conflict_of(desk: Desk, conflict_id: str) -> ConflictView:
    """One conflict; LookupError for an unknown id."""
    table = tables.DESK_RECORDS["conflict"]
    views = _views(desk, sa.select(table).where(table.c.id == conflict_id))
    if not views:
        raise LookupError(f"no conflict {conflict_id}")
    return views[0]


def may_resolve(clerk: Clerk, conflict: FieldConflict) -> bool:
    """Whether the clerk's role covers deciding this one."""
    return clerk.role in PERMISSIONS[kind_of_act(conflict.subject_type, conflict.field)]


def resolve(desk: Desk, clerk: Clerk, conflict_id: str, chosen: Chosen, reason: str) -> Resolved:
    """Decide a conflict; durable when this returns.

    An edited value is checked as the form checks it. Where the field carries a decision of the authority, all open conflicts
    of the same act on the same record are decided alike. Raises `Conflict` when it is decided already, `NotAllowed`, or
    `UserError` when the reason or the value is not right.
    """
    with desk_work(desk.engine, desk.identity, clerk, desk.clock.now()) as work:
        conflict = work.need(FieldConflict, conflict_id)
        require(clerk, kind_of_act(conflict.subject_type, conflict.field))
        _still_open(desk, conflict)
        said = _reason(reason)
        record = work.need(RECORD_TYPES[conflict.subject_type], conflict.subject_id)
        plain = to_plain(record)
        together = _together(work, conflict)
        values = _values(desk, together, plain, chosen)
        record = from_plain(type(record), {**plain, **values})
        _no_permit_without_its_decision(work, record)
        if to_plain(record) != plain:
            work.put(record)
        decided = tuple(_decided(entry, values[entry.field], said, work) for entry in together)
        for entry in decided:
            work.put(entry)
        work.record(kind_of_act(conflict.subject_type, conflict.field), decided[0])
        return Resolved(conflicts=decided, record=record, changed=work.changed())


def _still_open(desk: Desk, conflict: FieldConflict) -> None:
    if conflict.state is ConflictState.RESOLVED:
        raise Conflict(
            tr("这处冲突已有人决定。"),
            safe=tr("先前的决定和各个值都在。"),
            do=tr("觉得不对的，请直接更正这一项，更正也有记录。"),
        )
    if conflict.stations and desk.identity.station_code not in conflict.stations:
        raise UserError(tr("这处冲突不涉及本受理点。"), safe=tr("没有改动。"), do=tr("请由有关受理点决定。"))


def _reason(reason: str) -> str:
    said = reason.strip()
    if not said:
        raise UserError(tr("请写明为什么选这个值。"), safe=tr("还没有决定，各个值都在。"), do=tr("例如“已电话核实”。"))
    if len(said) > LONGEST_REASON:
        raise UserError(tr("理由不能超过 {n} 个字。").format(n=LONGEST_REASON), safe=tr("还没有决定，各个值都在。"), do=tr("请写短一些。"))
    return said


def _together(shelf: Shelf, conflict: FieldConflict) -> list[FieldConflict]:
    """The conflicts that one choice decides, the asked one first."""
    if not is_decision(conflict.subject_type, conflict.field):
        return [conflict]
    found = shelf.find(
        FieldConflict,
        subject_type=conflict.subject_type,
        subject_id=conflict.subject_id,
        action_id=conflict.action_id,
        state=ConflictState.OPEN.value,
    )
    others = sorted((entry for entry in found if entry.id != conflict.id), key=lambda entry: entry.id)
    return [conflict, *(entry for entry in others if is_decision(entry.subject_type, entry.field))]


def _values(desk: Desk, together: Sequence[FieldConflict], plain: Mapping[str, Any], chosen: Chosen) -> dict[str, Any]:
    """What each field becomes."""
    match chosen.choice:
        case Choice.THEIRS:
            return {entry.field: entry.theirs for entry in together}
        case Choice.YOURS:
            return {entry.field: entry.yours for entry in together}
        case Choice.PRESENT:
            return {entry.field: plain.get(entry.field) for entry in together}
    asked = together[0]
    if is_decision(asked.subject_type, asked.field):
        raise UserError(
            tr("审批决定只能在两份里选一份，不能改写。"), safe=tr("没有改动，各个值都还在。"), do=tr("需要别的结果时，请另作决定。")
        )
    return {asked.field: corrected(desk, asked.subject_type, plain, asked.field, chosen.value)}


def _no_permit_without_its_decision(shelf: Shelf, record: Record) -> None:
    """The side that issued a permit cannot lose while the permit is in force: the merge has kept both the permit and the other state."""
    permit = shelf.get(Permit, record.permit_id) if isinstance(record, Case) else None
    if not isinstance(record, Case) or permit is None or permit.case_id != record.id:
        return
    if record.state not in (CaseState.DECIDED, CaseState.REVOKED) and permit.cancelled_on is None:
        raise UserError(
            tr("另一份决定已发了居住证，证还有效。"),
            safe=tr("没有改动，各个值都还在。"),
            do=tr("请先注销那张证（暂证由复核岗收回），再回来选这一份。"),
        )


def _decided(conflict: FieldConflict, value: Any, reason: str, work: DeskWork) -> FieldConflict:
    return replace(conflict, state=ConflictState.RESOLVED, chosen=value, reason=reason, resolved_by=work.clerk.id, resolved_at=work.now)


def _views(desk: Desk, query: sa.Select[Any]) -> list[ConflictView]:
    with reading(desk.engine) as connection:
        shelf = Shelf(connection)
        names = _Names(desk, connection)
        return [_view(desk, shelf, names, as_record(FieldConflict, row)) for row in connection.execute(query).all()]


class _Names:
    """Who a clerk id is, as far as this desk knows: its own station's people by name, others by their station."""

    def __init__(self, desk: Desk, connection: sa.Connection) -> None:
        self._own = desk.identity.station_code
        self._clerks = {clerk.id: clerk.name for clerk in people.clerks(connection)}
        self._stations = people.station_names(connection)

    def of(self, clerk_id: str | None, stations: Sequence[str]) -> str:
        """The name, or the other station concerned."""
        if clerk_id is None:
            return tr("不详")
        if clerk_id in self._clerks:
            return self._clerks[clerk_id]
        others = [self._stations[code] for code in stations if code != self._own]
        return tr("{station}的同事").format(station=tr("、").join(others)) if others else tr("其他受理点的同事")


def _view(desk: Desk, shelf: Shelf, names: _Names, conflict: FieldConflict) -> ConflictView:
    kind = RECORD_TYPES.get(conflict.subject_type)
    subject = shelf.get(kind, conflict.subject_id) if kind is not None else None
    plain = to_plain(subject) if subject is not None else {}
    present = plain.get(conflict.field)
    standing = conflict.chosen if conflict.state is ConflictState.RESOLVED else conflict.theirs
    values = [conflict.before, conflict.theirs, conflict.yours, present, conflict.chosen]
    before, theirs, yours, now, chosen = telling_words(conflict.field, values)
    case, resident = _about(shelf, subject)
    return ConflictView(
        conflict=conflict,
        record=record_name(conflict.subject_type),
        field=field_name(conflict.subject_type, conflict.field),
        person=resident.name if resident else case.applicant_name if case else plain.get("address", ""),
        case_number=case.number if case else "",
        case_id=case.id if case else None,
        resident_id=resident.id if resident else None,
        before=before,
        theirs=theirs,
        yours=yours,
        present=now,
        present_value=present,
        has_moved=subject is not None and not is_same(present, standing),
        theirs_by=names.of(conflict.theirs_by, conflict.stations),
        yours_by=names.of(conflict.yours_by, conflict.stations),
        theirs_at=conflict.theirs_at,
        yours_at=conflict.yours_at,
        chosen=chosen if conflict.state is ConflictState.RESOLVED else "",
        resolved_by=names.of(conflict.resolved_by, conflict.stations) if conflict.resolved_by else "",
        action=_action(shelf, conflict.action_id),
        editor=editor(desk, conflict.subject_type, conflict.field),
        is_decision=is_decision(conflict.subject_type, conflict.field),
        goes_with=tuple(entry.field for entry in _together(shelf, conflict)[1:]),
    )


def _about(shelf: Shelf, subject: Record | None) -> tuple[Case | None, Resident | None]:
    """The case and the person that a record belongs to, as far as this desk has them."""
    if subject is None:
        return None, None
    case = subject if isinstance(subject, Case) else shelf.get(Case, getattr(subject, "case_id", None))
    if isinstance(subject, Resident):
        return case, subject
    resident_id = getattr(subject, "resident_id", None) or (case.resident_id if case else None)
    return case, shelf.get(Resident, resident_id)


def _action(shelf: Shelf, action_id: str) -> Action | None:
    table = tables.desk_action
    body = shelf.connection.execute(sa.select(table.c.body).where(table.c.id == action_id)).scalar()
    return None if body is None else read_action(body)
