"""日终对账单: what the centre has signed for and what it has not, on one paper of the moment.

It is an inner paper: no name of a resident is on it, it is kept nowhere, and it can be made again at any time. Papers are
official Chinese whatever language the window speaks, so its words do not go through `tr`.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from nbcase.domain.action import Action, Outcome
from nbcase.domain.case import Case
from nbcase.domain.clerk import Clerk
from nbcase.domain.clock import CHINA, local_date
from nbcase.domain.conflict import ConflictState
from nbcase.domain.document import plain_code
from nbcase.operations.desk import Desk
from nbcase.operations.loosepapers import loose_paper
from nbcase.store import tables
from nbcase.store.desk_database import reading
from nbcase.store.desk_work import read_action, state
from nbcase.store.outbox import IN_QUARANTINE, Tally, tally
from nbcase.store.shelf import Shelf

SHEET = "reconciliation-sheet"

MOST_OPEN = 200
"""Acts that are listed one by one; the paper says how many more there are."""

KIND_WORDS: Mapping[str, str] = {
    "registration.accept": "窗口受理登记",
    "registration.change": "变更登记",
    "registration.end": "注销登记",
    "permit.accept": "居住证受理",
    "permit.decide": "居住证审核",
    "permit.confirm": "补核",
    "permit.revoke": "收回暂发证件",
    "points.accept": "积分申请、复核受理",
    "points.decide": "积分审核",
    "service.accept": "服务受理",
    "service.decide": "服务审核",
    "offering.keep": "开设场次",
    "round.sign": "名单签名",
    "companion.consent": "随身宝查询同意",
    "case.complete": "补齐材料",
    "case.withdraw": "撤回",
    "document.print": "打印",
    "desk.retire": "停用电脑",
    "conflict.resolve": "冲突判断",
    "conflict.decide": "冲突判断（审批）",
    "scheme.edit": "积分方案编辑",
    "scheme.propose": "积分方案提出",
    "scheme.sign": "积分方案签署",
}

_WAITING = "waiting"

_STATES: Mapping[str, str] = {
    _WAITING: "待传",
    Outcome.CONFLICT.value: "与中心冲突，两边的值都在",
    Outcome.QUARANTINED.value: "中心隔离",
}


_conflict = tables.DESK_RECORDS["conflict"]
_decided = sa.select(_conflict.c.action_id).where(_conflict.c.state == ConflictState.RESOLVED.value)
_disputed = sa.select(_conflict.c.action_id).where(_conflict.c.state == ConflictState.OPEN.value)
_UNDECIDED = sa.and_(
    tables.outbox.c.outcome == Outcome.CONFLICT.value,
    sa.or_(tables.outbox.c.action_id.in_(_disputed), tables.outbox.c.action_id.not_in(_decided)),
)
"""Acts with a field that nobody has decided yet, here or because the centre's record of it has not come in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Act:
    """An act as the sheet counts it; `open_as` says what it still waits for, if it does."""

    sequence: int
    kind: str
    open_as: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Standing:
    """How the desk stands, read in one view of its database."""

    tally: Tally
    signed: Mapping[str, Any]
    today: Sequence[_Act]
    open: Sequence[Mapping[str, object]]
    open_count: int


def reconciliation_sheet(desk: Desk, clerk: Clerk, *, remark: str = "") -> bytes:
    """The sheet as PDF; `remark` is said first in its verdict. Reads only, and needs no network."""
    found = _standing(desk)
    values = {**_head(desk, clerk), **_body(found, remark), **_signed(desk, found.signed)}
    return loose_paper(desk, SHEET, values)


def _standing(desk: Desk) -> _Standing:
    action, box = tables.desk_action, tables.outbox
    today = desk.today()
    unsettled = sa.or_(box.c.outcome.is_(None), IN_QUARANTINE, _UNDECIDED)
    acts = sa.select(action.c.sequence, action.c.kind, action.c.desk_at, box.c.outcome, unsettled.label("is_open"))
    bodies = sa.select(action.c.body, box.c.outcome, box.c.reason).join(box, box.c.sequence == action.c.sequence)
    with reading(desk.engine) as connection:
        rows = connection.execute(acts.join(box, box.c.sequence == action.c.sequence).order_by(action.c.sequence)).all()
        shelf = Shelf(connection)
        return _Standing(
            tally=tally(connection),
            signed=state(connection, "reconciliation", {}),
            today=[
                _Act(sequence=row.sequence, kind=row.kind, open_as=row.outcome or _WAITING if row.is_open else "")
                for row in rows
                if local_date(row.desk_at) == today
            ],
            open=[
                _open_row(shelf, read_action(row.body), row.outcome, row.reason or "")
                for row in connection.execute(bodies.where(unsettled).order_by(box.c.sequence).limit(MOST_OPEN))
            ],
            open_count=connection.execute(sa.select(sa.func.count()).select_from(box).where(unsettled)).scalar_one(),
        )


def _open_row(shelf: Shelf, action: Action, outcome: str | None, reason: str) -> dict[str, object]:
    case = shelf.get(Case, action.record_id) if action.record_type == "case" else None
    words = _STATES[outcome or _WAITING]
    return {
        "sequence": action.sequence,
        "kind": KIND_WORDS.get(action.kind, action.kind),
        "number": case.number if case is not None else "—",
        "at": f"{action.desk_at.astimezone(CHINA):%m-%d %H:%M}",
        "state": f"{words}：{reason[:40]}" if outcome == Outcome.QUARANTINED and reason else words,
    }


def _head(desk: Desk, clerk: Clerk) -> dict[str, object]:
    now = desk.clock.now()
    return {
        "sheet_number": f"{desk.identity.prefix}-D-{now.astimezone(CHINA):%y%m%d%H%M}",
        "station": desk.station.name,
        "window": desk.identity.window,
        "desk_id": desk.identity.desk_id,
        "made_at": now,
        "clerk": clerk.name,
    }


def _body(found: _Standing, remark: str) -> dict[str, object]:
    confirmed = found.signed.get("centre_count", 0) if found.signed.get("is_equal") else 0
    more = found.open_count - len(found.open)
    note = "没有。" if not found.open_count else f"共 {found.open_count} 件，全部列出。"
    return {
        "verdict": remark + _verdict(found, confirmed),
        "kinds": _kind_rows(found.today, confirmed),
        "open": found.open,
        "open_note": f"共 {found.open_count} 件，列出最早的 {len(found.open)} 件，另有 {more} 件未列。" if more else note,
    }


def _verdict(found: _Standing, confirmed: int) -> str:
    total = found.tally.total
    if not found.signed:
        return f"本机还没有与中心对过账，共 {total} 件操作，没有一件经中心签字确认。本单不能证明任何一件已到中心。"
    if not found.signed["is_equal"]:
        return (
            f"对账不一致：本机 {found.signed['count']} 件，中心 {found.signed['centre_count']} 件，摘要不同。"
            "本单不能证明任何一件已到中心，请管理员核对。"
        )
    agreed = f"中心已签字确认第 1 至第 {confirmed} 号共 {confirmed} 件操作" if confirmed else "中心已签字，其中没有操作"
    left = total - confirmed
    unsigned = f"另有 {left} 件没有签字确认；本单不能证明它们已到中心。" if left else "本机全部操作都在其中，没有遗漏。"
    stuck = found.open_count - found.tally.waiting
    return f"{agreed}。{unsigned}" + (f"有 {stuck} 件在冲突或隔离中等人处理，两边的内容都保存。" if stuck else "")


def _kind_rows(acts: Sequence[_Act], confirmed: int) -> list[dict[str, object]]:
    kinds = list(dict.fromkeys(act.kind for act in acts))
    rows = [_kind_row(KIND_WORDS.get(kind, kind), [act for act in acts if act.kind == kind], confirmed) for kind in kinds]
    return [*rows, _kind_row("合计", acts, confirmed)]


def _kind_row(name: str, acts: Sequence[_Act], confirmed: int) -> dict[str, object]:
    open_as = Counter(act.open_as for act in acts)
    return {
        "kind": name,
        "made": len(acts),
        "confirmed": sum(act.sequence <= confirmed for act in acts),
        "waiting": open_as[_WAITING],
        "conflict": open_as[Outcome.CONFLICT.value],
        "quarantined": open_as[Outcome.QUARANTINED.value],
    }


def _signed(desk: Desk, signed: Mapping[str, Any]) -> dict[str, object]:
    if not signed:
        return {}
    parts = (desk.identity.desk_id, str(signed["centre_count"]), signed["at"], signed["centre_digest"], signed["signature"])
    return {
        "count": str(signed["centre_count"]),
        "signed_at": datetime.fromisoformat(signed["at"]),
        "centre_digest": signed["centre_digest"],
        "own_digest": signed["own_digest"],
        "signature": f"{signed['signature'][:64]} {signed['signature'][64:]}",
        "qr_text": plain_code("reconciliation", *parts),
    }
