"""积分方案 at the desk: drafts that a supervisor edits and proposes, and that another one signs.

Every step is an act like any other: on the disk first, at the centre with the next contact. The centre alone publishes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import msgspec

from nbcase.domain.action import Action
from nbcase.domain.clerk import Clerk, require
from nbcase.domain.errors import Conflict, Unacceptable, UserError
from nbcase.domain.ids import derived_id, new_id
from nbcase.domain.scheme import BY_CENTRE, DraftStage, SchemeDraft, SchemeSignature, stage_of, standing_signatures
from nbcase.domain.words import tr
from nbcase.operations.desk import Desk
from nbcase.operations.schemes import Schemes, schemes
from nbcase.points.catalogue import Indicator, Version
from nbcase.points.editing import Checked, Edit, check_plain, checked, edit_of, plain_edit, plain_rule_of, read_edit
from nbcase.store.desk_database import reading
from nbcase.store.desk_work import DeskWork, desk_work
from nbcase.store.shelf import Shelf

EDIT, PROPOSE, SIGN = "scheme.edit", "scheme.propose", "scheme.sign"
_Change = Callable[[SchemeDraft], Mapping[str, Any]]
LIVING = frozenset({DraftStage.EDITING, DraftStage.PROPOSED, DraftStage.SIGNED, DraftStage.REFUSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftView:
    """A draft with the signatures under its present content."""

    draft: SchemeDraft
    stage: DraftStage
    signatures: tuple[SchemeSignature, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemeBoard:
    """Everything that the page shows: the catalogues, the drafts that are not done, and the one that is open."""

    schemes: Schemes
    drafts: tuple[DraftView, ...]
    open: DraftView | None
    checked: Checked | None
    today: date
    district_code: str

    @property
    def as_of(self) -> date:
        """The day whose rules the list shows: the draft's own, today without one."""
        return self.open.draft.from_on if self.open is not None else self.today

    def lines(self) -> list[tuple[Indicator, Version]]:
        """Every indicator with its version of that day, as published."""
        return self.schemes.newest.everywhere_on(self.as_of)

    def edit(self, code: str) -> Edit:
        """What a form shows of an indicator: the draft's edit, else what is in force. LookupError for an unknown code."""
        if self.open is not None and code in self.open.draft.edits:
            return read_edit(code, self.open.draft.edits[code])
        indicator, version = next(line for line in self.lines() if line[0].code == code)
        return edit_of(indicator, version, plain_rule_of(self.schemes.contents, code, self.as_of))


def scheme_board(desk: Desk, draft_id: str = "") -> SchemeBoard:
    """The catalogues and drafts that this desk knows; the draft that is named is open, else the newest of those not done."""
    with reading(desk.engine) as connection:
        shelf = Shelf(connection)
        found = schemes(connection)
        signatures = shelf.find(SchemeSignature)
        views = [_view(draft, signatures) for draft in shelf.find(SchemeDraft)]
    living = sorted((view for view in views if view.stage in LIVING), key=lambda view: view.draft.begun_at, reverse=True)
    open_one = next((view for view in living if view.draft.id == draft_id), living[0] if living else None)
    return SchemeBoard(
        schemes=found,
        drafts=tuple(living),
        open=open_one,
        checked=checked(found.contents, open_one.draft.from_on, open_one.draft.edits) if open_one is not None else None,
        today=desk.today(),
        district_code=desk.station.division_code,
    )


def _view(draft: SchemeDraft, signatures: Sequence[SchemeSignature]) -> DraftView:
    return DraftView(draft=draft, stage=stage_of(draft, signatures), signatures=standing_signatures(draft, signatures))


def begin_draft(desk: Desk, clerk: Clerk, name: str, from_on: date | None = None) -> SchemeDraft:
    """A new draft; from the first of next month on unless told otherwise."""
    require(clerk, EDIT)
    today = desk.today()
    with desk_work(desk.engine, desk.identity, clerk, desk.clock.now()) as work:
        draft = SchemeDraft(
            id=new_id(),
            name=_named(name),
            from_on=from_on or (today.replace(day=1) + timedelta(days=32)).replace(day=1),
            based_on=schemes(work.connection).number,
            begun_by=clerk.id,
            begun_name=clerk.name,
            begun_at=work.now,
            changed_name=clerk.name,
            changed_at=work.now,
            station_code=desk.station.code,
        )
        _check_day(draft.from_on, today)
        work.put(draft)
        work.record(EDIT, draft)
        return draft


def edit_draft(desk: Desk, clerk: Clerk, draft_id: str, edit: Edit) -> SchemeDraft:
    """Keep an indicator's new rule, right or not: what is wrong with it keeps the draft from being proposed, not from being kept."""
    return _changed(desk, clerk, draft_id, lambda draft: {"edits": {**draft.edits, edit.code: plain_edit(edit)}})


def drop_edit(desk: Desk, clerk: Clerk, draft_id: str, code: str) -> SchemeDraft:
    """An indicator stays as it is after all."""
    return _changed(desk, clerk, draft_id, lambda draft: {"edits": {key: kept for key, kept in draft.edits.items() if key != code}})


def date_draft(desk: Desk, clerk: Clerk, draft_id: str, from_on: date) -> SchemeDraft:
    """Another day from which the draft is to hold."""
    _check_day(from_on, desk.today())
    return _changed(desk, clerk, draft_id, lambda draft: {"from_on": from_on})


def rename_draft(desk: Desk, clerk: Clerk, draft_id: str, name: str) -> SchemeDraft:
    """Another name."""
    return _changed(desk, clerk, draft_id, lambda draft: {"name": _named(name)})


def reopen_draft(desk: Desk, clerk: Clerk, draft_id: str) -> SchemeDraft:
    """Edit on after it was proposed: what was signed was the draft before, so the proposal falls."""
    return _changed(desk, clerk, draft_id, lambda draft: {"round": draft.round + 1})


def withdraw_draft(desk: Desk, clerk: Clerk, draft_id: str) -> SchemeDraft:
    """Give a draft up; it stays on record."""
    return _changed(desk, clerk, draft_id, lambda draft: {"is_withdrawn": True})


def _named(name: str) -> str:
    if not name.strip():
        raise UserError(tr("请写方案名称。"), safe=tr("没有改动。"))
    return name.strip()


def _check_day(from_on: date, today: date) -> None:
    if from_on <= today:
        raise UserError(
            tr("生效日期 {day} 不晚于今天。").format(day=from_on), safe=tr("没有改动。"), do=tr("请改成以后的日期：过去的日子不改规则。")
        )


def _changed(desk: Desk, clerk: Clerk, draft_id: str, change: _Change) -> SchemeDraft:
    require(clerk, EDIT)
    with desk_work(desk.engine, desk.identity, clerk, desk.clock.now()) as work:
        draft = _living(work, draft_id)
        fields = {"based_on": schemes(work.connection).number, **change(draft)}
        if all(getattr(draft, name) == value for name, value in fields.items()):
            return draft
        changed = replace(draft, **fields, changed_name=clerk.name, changed_at=work.now)
        work.put(changed)
        work.record(EDIT, changed)
        return changed


def _living(work: DeskWork, draft_id: str) -> SchemeDraft:
    draft = work.need(SchemeDraft, draft_id)
    if draft.published_number is not None or draft.is_withdrawn:
        raise Conflict(tr("这份草案已公布或已撤回。"), safe=tr("没有改动。"), do=tr("请另起一份草案。"))
    return draft


def propose(desk: Desk, clerk: Clerk, draft_id: str, content_hash: str) -> SchemeSignature:
    """Propose the content that was looked at. Raises `UserError` while it has mistakes or says nothing."""
    require(clerk, PROPOSE)
    with desk_work(desk.engine, desk.identity, clerk, desk.clock.now()) as work:
        draft = _seen(work, draft_id, content_hash)
        _check_whole(work, draft, desk.today())
        if standing_signatures(draft, work.find(SchemeSignature, draft_id=draft.id)):
            raise Conflict(tr("这份草案已提出。"), safe=tr("没有改动。"), do=tr("请由另一位站长签署。"))
        return _sign(desk, work, clerk, draft, PROPOSE)


def sign(desk: Desk, clerk: Clerk, draft_id: str, content_hash: str) -> SchemeSignature:
    """Sign what another supervisor proposed. Raises `UserError` for the proposer's own, and when nothing stands proposed."""
    require(clerk, SIGN)
    with desk_work(desk.engine, desk.identity, clerk, desk.clock.now()) as work:
        draft = _seen(work, draft_id, content_hash)
        standing = standing_signatures(draft, work.find(SchemeSignature, draft_id=draft.id))
        if not standing:
            raise Conflict(tr("这份草案还没有提出，或提出后又改过。"), safe=tr("没有签署。"), do=tr("请先核对后提出。"))
        if any(one.clerk_id == clerk.id for one in standing):
            raise UserError(tr("您是提出人，不能再签署。"), safe=tr("没有改动。"), do=tr("请由另一位站长签署，哪个窗口都可以。"))
        _check_whole(work, draft, desk.today())
        return _sign(desk, work, clerk, draft, SIGN)


def _seen(work: DeskWork, draft_id: str, content_hash: str) -> SchemeDraft:
    draft = _living(work, draft_id)
    if draft.content_hash != content_hash:
        raise Conflict(tr("草案已经变了。"), safe=tr("没有签名。"), do=tr("请把现在的内容再看一遍。"))
    return draft


def _check_whole(work: DeskWork, draft: SchemeDraft, today: date) -> None:
    found = schemes(work.connection)
    _check_day(draft.from_on, today)
    if not draft.edits:
        raise UserError(tr("草案里一项也没有改。"), safe=tr("没有改动。"))
    if draft.based_on != found.number:
        raise Conflict(
            tr("其间公布了第 {n} 版。").format(n=found.number), safe=tr("草案还在。"), do=tr("请按新版再看一遍并存一次，再提出。")
        )
    mistakes = checked(found.contents, draft.from_on, draft.edits).mistakes
    if mistakes:
        raise UserError(
            tr("草案有 {n} 处错误：{first}").format(n=len(mistakes), first=mistakes[0]),
            safe=tr("草案还在，没有提出。"),
            do=tr("请逐条改好。"),
        )


def _sign(desk: Desk, work: DeskWork, clerk: Clerk, draft: SchemeDraft, kind: str) -> SchemeSignature:
    signature = SchemeSignature(
        id=derived_id(b"", "scheme_signature", draft.id, draft.content_hash, clerk.id),
        draft_id=draft.id,
        content_hash=draft.content_hash,
        is_proposal=kind == PROPOSE,
        clerk_id=clerk.id,
        clerk_name=clerk.name,
        signed_at=work.now,
        station_code=desk.station.code,
    )
    work.put(signature)
    work.record(kind, signature)
    return signature


def check_scheme_act(action: Action) -> None:
    """At the centre: refuse a draft that is changed by another kind of act or in the centre's own fields, and a signature that is not
    the act of its own signer. Raises `Unacceptable`.
    """
    for change in action.changes:
        if change.record_type == "scheme_draft":
            if action.kind != EDIT:
                raise Unacceptable(tr("方案草案只能由站长编辑。"))
            if any(change.base_version or after not in (None, "") for name, (_, after) in change.fields.items() if name in BY_CENTRE):
                raise Unacceptable(tr("方案只由中心公布。"))
            try:
                check_plain(change.fields.get("edits", (None, {}))[1])
            except msgspec.ValidationError as error:
                words = tr("{record} 的内容不合格式：{text}")
                raise Unacceptable(words.format(record=change.record_type, text=error)) from error
        if change.record_type == "scheme_signature":
            signer, is_proposal = (change.fields.get(name, (None, None))[1] for name in ("clerk_id", "is_proposal"))
            kind = PROPOSE if is_proposal else SIGN
            if action.kind != kind or signer != action.clerk_id or change.base_version:
                raise Unacceptable(tr("方案签名只能由签名人自己作出。"))
