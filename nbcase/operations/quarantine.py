"""What the centre did not take: why, how it goes on, and what is there after somebody gives it up.

An action is never changed and never leaves the record. Sent anew, it is a new act with the same changes and the corrections,
from the values that the first one began with, so that the centre merges it like any other. Given up, this desk takes the
centre's values back:

- A field that the act changed gets the value from before the act. Where the centre has sent the record since, the desk reads the
  whole feed again at the next contact instead of guessing.
- A registration, permit or endorsement that never reached the centre is taken off this desk. Its case stays, as withdrawn, so
  that the receipt number is still found; person, dwelling and papers stay too.
- A record that a later act of this desk has changed is left alone: that act has its own answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from nbcase.domain.action import MOST_BODY_BYTES, MOST_CHANGES, Action, Change, Outcome, canonical
from nbcase.domain.case import Case, CaseState
from nbcase.domain.clerk import PERMISSIONS, Clerk, require
from nbcase.domain.errors import UserError
from nbcase.domain.merge import OWNER, is_same
from nbcase.domain.permit import Endorsement, Permit
from nbcase.domain.registration import Registration
from nbcase.domain.words import tr
from nbcase.operations.cases import clerk_names
from nbcase.operations.corrections import corrected
from nbcase.operations.desk import Desk
from nbcase.operations.outbox import OutboxRow, outbox_row
from nbcase.operations.recordwords import field_name, record_name
from nbcase.store import people
from nbcase.store.desk_database import reading, writing
from nbcase.store.desk_files import holds_file
from nbcase.store.desk_work import desk_work, read_action, set_state
from nbcase.store.feed import START
from nbcase.store.outbox import IN_QUARANTINE
from nbcase.store.records import RECORD_TYPES, UNMERGED, Record, field_names, from_plain, to_plain
from nbcase.store.search import note_changed
from nbcase.store.shelf import Shelf
from nbcase.store.tables import desk_action, outbox

Place = tuple[str, str, str]
"""Record type, record id and field."""

Edits = Mapping[Place, Any]

LONGEST_REASON = 500

_TAKEN_OFF = (Registration, Permit, Endorsement)
"""Records that have an effect by being there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineView:
    """A quarantined act in words: `row.reason` is the centre's, `still_wrong` what would be refused again for the clerk who asks.

    `suggested` are corrections that mend it without a question. `resent_by` is the id of the act that took its place;
    `given_up_at`, `given_up_by_name` and `given_up_because` tell who let it go.
    """

    row: OutboxRow
    still_wrong: UserError | None = None
    suggested: Edits
    resent_by: str | None = None
    given_up_at: datetime | None = None
    given_up_by_name: str = ""
    given_up_because: str = ""

    @property
    def action(self) -> Action:
        """The act as it was done."""
        return self.row.action

    @property
    def can_resend(self) -> bool:
        """Whether it can go as it is, with the suggested corrections."""
        return self.still_wrong is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resent:
    """The new act, and what open pages have to reload."""

    action: Action
    changed: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenUp:
    """What was put back; `reads_again`: the next contact reads all records of the station anew."""

    action: Action
    changed: frozenset[str]
    reads_again: bool


def quarantined(desk: Desk, clerk: Clerk, limit: int = 200) -> list[QuarantineView]:
    """What nobody has dealt with yet, the oldest first, with what stands in the way of this clerk's sending it anew."""
    with reading(desk.engine) as connection:
        found = connection.execute(_entries().where(IN_QUARANTINE).order_by(outbox.c.sequence).limit(limit)).all()
        return [_open_view(desk, connection, clerk, row) for row in found]


def settled_quarantine(desk: Desk, limit: int = 200) -> list[QuarantineView]:
    """What was sent anew or given up, the newest first."""
    is_settled = sa.or_(outbox.c.resent_by.is_not(None), outbox.c.given_up_at.is_not(None))
    query = _entries().where(outbox.c.outcome == Outcome.QUARANTINED.value, is_settled).order_by(outbox.c.sequence.desc()).limit(limit)
    with reading(desk.engine) as connection:
        names = clerk_names(connection)
        return [
            QuarantineView(
                row=outbox_row(desk, connection, row),
                suggested={},
                resent_by=row.resent_by,
                given_up_at=row.given_up_at,
                given_up_by_name=names.get(row.given_up_by or "", ""),
                given_up_because=row.given_up_because,
            )
            for row in connection.execute(query).all()
        ]


def _entries() -> sa.Select[Any]:
    return sa.select(desk_action.c.body, outbox).join(outbox, outbox.c.sequence == desk_action.c.sequence)


def _open_view(desk: Desk, connection: sa.Connection, clerk: Clerk, row: sa.Row[Any]) -> QuarantineView:
    action = read_action(row.body)
    suggested = _suggested(desk, action)
    return QuarantineView(
        row=outbox_row(desk, connection, row),
        still_wrong=_still_wrong(desk, connection, clerk, action, [_with(change, suggested) for change in action.changes]),
        suggested=suggested,
    )


def _suggested(desk: Desk, action: Action) -> Edits:
    """A new record of another station becomes one of ours: the centre takes no other from this desk."""
    own = desk.identity.station_code
    return {
        (change.record_type, change.record_id, OWNER): own
        for change in action.changes
        if change.base_version == 0 and change.fields.get(OWNER, (None, own))[1] != own
    }


def resend(desk: Desk, clerk: Clerk, action_id: str, edits: Edits) -> Resent:
    """Do a quarantined act anew with corrections; durable when this returns, and sent at the next contact.

    Raises `UserError` when it is not open any more, when a correction is not right, or when what the centre found still holds.
    """
    with desk_work(desk.engine, desk.identity, clerk, desk.clock.now()) as work:
        former = _open_action(work.connection, action_id)
        checked = {**_suggested(desk, former), **_checked(desk, work, former, edits)}
        changes = [_with(change, checked) for change in former.changes]
        problem = _still_wrong(desk, work.connection, clerk, former, changes)
        if problem is not None:
            raise problem
        records = [_shown(work, change) for change in changes]
        for record, change in zip(records, changes, strict=True):
            work.put_as(record, change)
        work.refer(*former.attachments)
        subjects = {(change.record_type, change.record_id): record for record, change in zip(records, changes, strict=True)}
        action = work.record(former.kind, subjects.get((former.record_type, former.record_id), records[0]))
        work.connection.execute(sa.update(outbox).where(outbox.c.action_id == action_id).values(resent_by=action.id))
        return Resent(action=action, changed=work.changed())


def _open_action(connection: sa.Connection, action_id: str) -> Action:
    row = connection.execute(_entries().where(outbox.c.action_id == action_id)).first()
    if row is None:
        raise LookupError(f"no action {action_id}")
    if row.outcome != Outcome.QUARANTINED.value or row.resent_by is not None or row.given_up_at is not None:
        raise UserError(tr("这件已不在隔离里。"), safe=tr("没有改动。"), do=tr("请刷新列表，看它后来怎样办了。"))
    return read_action(row.body)


def _checked(desk: Desk, shelf: Shelf, action: Action, edits: Edits) -> Edits:
    """The corrections as the records keep them; each must belong to a record of the act."""
    changes = {(change.record_type, change.record_id): change for change in action.changes}
    checked: dict[Place, Any] = {}
    for (record_type, record_id, field), value in edits.items():
        change = changes[record_type, record_id]
        checked[record_type, record_id, field] = corrected(desk, record_type, _plain(shelf, change), field, value)
    return checked


def _with(change: Change, edits: Edits) -> Change:
    """The change with corrections in the place of what it wanted, or beside it."""
    own = {field: value for (name, record_id, field), value in edits.items() if (name, record_id) == (change.record_type, change.record_id)}
    before = {field: pair[0] for field, pair in change.fields.items()}
    return replace(change, fields={**change.fields, **{field: (before.get(field), value) for field, value in own.items()}})


def _plain(shelf: Shelf, change: Change) -> dict[str, Any]:
    kind = RECORD_TYPES.get(change.record_type)
    record = shelf.get(kind, change.record_id) if kind is not None else None
    return to_plain(record) if record is not None else {"id": change.record_id, "version": 0}


def _shown(shelf: Shelf, change: Change) -> Record:
    """The record as the clerk left it: the desk's own with the change's values on it."""
    values = {**_plain(shelf, change), **{field: after for field, (_, after) in change.fields.items()}}
    return from_plain(RECORD_TYPES[change.record_type], values)


def _still_wrong(desk: Desk, connection: sa.Connection, clerk: Clerk, action: Action, changes: list[Change]) -> UserError | None:
    """What the centre would find again, as far as this desk can tell; None when nothing."""
    found = (
        _wrong_person(connection, clerk, action),
        _wrong_size(changes),
        _wrong_content(desk, Shelf(connection), changes),
        _missing_file(connection, action),
        _earlier_one(connection, action),
    )
    return next((problem for problem in found if problem is not None), None)


def _wrong_person(connection: sa.Connection, clerk: Clerk, action: Action) -> UserError | None:
    if not people.clerks(connection, id=clerk.id):
        return _not_again(tr("您还不在本受理点的人员名单里。"), tr("请站长在中心核对名单，或由名单内的同事重发。"))
    if clerk.role not in PERMISSIONS.get(action.kind, frozenset()):
        return _not_again(tr("您的岗位不能做这一步。"), tr("请由有权限的同事重发。"))
    return None


def _wrong_size(changes: list[Change]) -> UserError | None:
    if not changes:
        return _not_again(tr("这次操作没有内容。"), tr("不需要重发，可以放弃。"))
    if len(changes) > MOST_CHANGES or len(canonical(changes)) > MOST_BODY_BYTES:
        return _not_again(tr("这次操作过大，中心不会接收。"), tr("请分成几件重新办理，然后放弃这一件。"))
    return None


def _wrong_content(desk: Desk, shelf: Shelf, changes: list[Change]) -> UserError | None:
    return next((problem for change in changes if (problem := _wrong_change(desk, shelf, change)) is not None), None)


def _wrong_change(desk: Desk, shelf: Shelf, change: Change) -> UserError | None:
    kind = RECORD_TYPES.get(change.record_type)
    if kind is None or change.fields.keys() - (set(field_names(kind)) - UNMERGED):
        return _not_again(tr("里面有中心不认识的内容。"), tr("请升级程序后再试，或请管理员查看。"))
    name = record_name(change.record_type)
    for field, (_, after) in change.fields.items():
        if _holds_nul(after):
            return _not_again(
                tr("{record}的“{field}”里有不能保存的字符。").format(record=name, field=field_name(change.record_type, field)),
                tr("请改好这一项，再按“改好重发”。"),
            )
    try:
        _shown(shelf, change)
    except msgspec.ValidationError as error:
        return _not_again(tr("{record}的内容不合格式：{text}。").format(record=name, text=error), tr("请改好这一项，再按“改好重发”。"))
    if change.base_version == 0 and change.fields.get(OWNER, (None, desk.identity.station_code))[1] != desk.identity.station_code:
        return _not_again(tr("{record}写成了别的受理点的。").format(record=name), tr("请把受理点改成本站。"))
    return None


def _holds_nul(value: Any) -> bool:
    return "\\u0000" in msgspec.json.encode(value).decode()


def _missing_file(connection: sa.Connection, action: Action) -> UserError | None:
    missing = [content_hash for content_hash in action.attachments if not holds_file(connection, content_hash)]
    if missing:
        return _not_again(tr("有 {n} 个附件不在本机。").format(n=len(missing)), tr("请重新扫描材料，按新的一件办理。"))
    return None


def _earlier_one(connection: sa.Connection, action: Action) -> UserError | None:
    """An earlier act on the same record that is still in quarantine has to go first."""
    query = _entries().where(IN_QUARANTINE, outbox.c.sequence < action.sequence).order_by(outbox.c.sequence)
    own = _keys(action)
    for row in connection.execute(query):
        if not own.isdisjoint(_keys(read_action(row.body))):
            return _not_again(tr("它接着第 {n} 号操作，那一件还在隔离里。").format(n=row.sequence), tr("请先处理那一件。"))
    return None


def _keys(action: Action) -> set[tuple[str, str]]:
    return {(change.record_type, change.record_id) for change in action.changes}


def _not_again(what: str, mend: str) -> UserError:
    return UserError(what, safe=tr("没有重发，内容都在本机。"), do=mend)


def give_up(desk: Desk, clerk: Clerk, action_id: str, reason: str) -> GivenUp:
    """Let a quarantined act go and take the centre's values back; the act itself stays on record with the reason.

    Who may do the act may give it up. Raises `UserError` without a reason, or when it is not open any more.
    """
    said = reason.strip()
    if not said or len(said) > LONGEST_REASON:
        raise UserError(
            tr("请写明为什么放弃，不超过 {n} 个字。").format(n=LONGEST_REASON), safe=tr("没有改动。"), do=tr("例如“已按新的一件重新受理”。")
        )
    with writing(desk.engine) as connection:
        action = _open_action(connection, action_id)
        require(clerk, action.kind)
        shelf = Shelf(connection)
        changed_later = _changed_later(connection, action)
        own = [change for change in action.changes if (change.record_type, change.record_id) not in changed_later]
        left = [record for change in own if (record := _put_back(shelf, change, said, desk.clock.now())) is not None]
        note_changed(connection, left)
        reads_again = any(_came_since(shelf, change) for change in own)
        if reads_again:
            set_state(connection, "cursor", START)
        values = {"given_up_at": desk.clock.now(), "given_up_by": clerk.id, "given_up_because": said}
        connection.execute(sa.update(outbox).where(outbox.c.action_id == action_id).values(values))
        return GivenUp(action=action, changed=frozenset(change.record_type for change in own), reads_again=reads_again)


def _changed_later(connection: sa.Connection, action: Action) -> set[tuple[str, str]]:
    """Records that later acts of this desk changed which were not given up or replaced."""
    is_settled = sa.or_(outbox.c.resent_by.is_not(None), outbox.c.given_up_at.is_not(None))
    query = _entries().where(outbox.c.sequence > action.sequence, sa.not_(is_settled))
    return {key for row in connection.execute(query) for key in _keys(read_action(row.body))}


def _came_since(shelf: Shelf, change: Change) -> bool:
    """Whether the centre has sent the record since the act: then what stood before it may be old."""
    return int(_plain(shelf, change)["version"]) > change.base_version


def _put_back(shelf: Shelf, change: Change, reason: str, now: datetime) -> Record | None:
    """Undo a change on this desk; answers the record that it is about, for the search index."""
    kind = RECORD_TYPES.get(change.record_type)
    record = shelf.get(kind, change.record_id) if kind is not None else None
    if record is None or _came_since(shelf, change):
        return record
    if change.base_version > 0:
        plain = to_plain(record)
        back = {field: before for field, (before, after) in change.fields.items() if is_same(plain.get(field), after)}
        shelf.write(from_plain(type(record), {**plain, **back}))
    elif isinstance(record, Case):
        shelf.write(replace(record, state=CaseState.WITHDRAWN, decision_note=reason, decided_at=now))
    elif isinstance(record, _TAKEN_OFF):
        table = shelf.table(type(record))
        shelf.connection.execute(sa.delete(table).where(table.c.id == record.id))
    return record
