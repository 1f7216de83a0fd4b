"""暂: permits that were issued without the centre's word, from the first question after the line is back to their end.

The desk asks by itself (`check_provisional`), a person acts: `decide.confirm` where the centre knows of no other permit,
`revoke_provisional` where it knows of one. Nothing is ever lifted or taken back by the program alone, because somebody has to hand
over the new paper or take back the old one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
import sqlalchemy as sa

from nbcase.domain.case import Case, CaseState
from nbcase.domain.clerk import Clerk, Station, require
from nbcase.domain.clock import local_date
from nbcase.domain.document import Document
from nbcase.domain.errors import Conflict, Offline, UserError
from nbcase.domain.ids import new_id
from nbcase.domain.notice import PERMIT_REVOKED, Notice
from nbcase.domain.permit import Endorsement, Permit
from nbcase.domain.resident import Resident
from nbcase.domain.words import tr
from nbcase.operations.desk import Desk
from nbcase.operations.facts import permit_elsewhere
from nbcase.operations.papers import make_papers
from nbcase.store import people
from nbcase.store.desk_database import reading, writing
from nbcase.store.desk_work import DeskWork, desk_work, set_state, state
from nbcase.store.shelf import Shelf

MOST_ASKED = 50
"""Questions in one check: each is a request, and a contact of a quiet desk must stay small."""

ASK_AGAIN = timedelta(minutes=30)
"""An answer younger than this is not asked for again."""

NOTICE_DAYS = 30
"""How long a notice stands on 工作台."""

LONGEST_REASON = 500

DUPLICATE = "duplicate"
"""Code in the table ``cancel_reason``."""

_KEPT = "provisional"


class ProvisionalAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The centre's last word about one provisional permit; the other permit's station and day where it knows one."""

    case_id: str
    is_disputed: bool
    asked_at: datetime
    station_code: str = ""
    issued_on: date | None = None
    is_provisional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvisionalStand:
    """How the provisional permits of this desk stand: `ready` can be confirmed, `disputed` need a person, the rest was not asked."""

    total: int
    ready: int
    disputed: int
    answers: Mapping[str, ProvisionalAnswer]

    @property
    def unasked(self) -> int:
        """Those that the centre has not been asked about."""
        return self.total - self.ready - self.disputed


def provisional_stand(desk: Desk) -> ProvisionalStand:
    """What is known without asking."""
    with reading(desk.engine) as connection:
        return _stand(_open_cases(desk, Shelf(connection)), _kept(state(connection, _KEPT, [])))


def kept_answer(connection: sa.Connection, case_id: str) -> ProvisionalAnswer | None:
    """The centre's last word about the provisional permit of a case, without asking; None when it never answered."""
    return _kept(state(connection, _KEPT, [])).get(case_id)


def _stand(cases: Sequence[Case], answers: Mapping[str, ProvisionalAnswer]) -> ProvisionalStand:
    known = {case.id: answers[case.id] for case in cases if case.id in answers}
    disputed = sum(answer.is_disputed for answer in known.values())
    return ProvisionalStand(total=len(cases), ready=len(known) - disputed, disputed=disputed, answers=known)


def _open_cases(desk: Desk, shelf: Shelf) -> list[Case]:
    return shelf.find(Case, is_provisional=True, station_code=desk.station.code)


def _kept(plain: Any) -> dict[str, ProvisionalAnswer]:
    return {answer.case_id: answer for answer in msgspec.convert(plain, list[ProvisionalAnswer])}


def check_provisional(desk: Desk) -> ProvisionalStand:
    """Ask the centre about the provisional permits that were not asked about lately, the longest unasked first.

    Keeps the answers. Stops without an error where the centre is away: what was known stays. Waits for the line: not for
    the thread of the window.
    """
    with reading(desk.engine) as connection:
        shelf = Shelf(connection)
        cases = _open_cases(desk, shelf)
        answers = _kept(state(connection, _KEPT, []))
        due = [(case.id, shelf.need(Resident, case.resident_id)) for case in _to_ask(cases, answers, desk.clock.now())]
    found = dict(answers)
    for case_id, resident in due:
        try:
            found[case_id] = _ask(desk, case_id, resident)
        except Offline:
            break
    stand = _stand(cases, found)
    if stand.answers != answers:
        _keep(desk, stand.answers)
    return stand


def _to_ask(cases: Sequence[Case], answers: Mapping[str, ProvisionalAnswer], now: datetime) -> list[Case]:
    def asked_at(case: Case) -> datetime:
        return answers[case.id].asked_at if case.id in answers else datetime.min.replace(tzinfo=now.tzinfo)

    due = (case for case in cases if not now - ASK_AGAIN < asked_at(case) <= now)
    return sorted(due, key=lambda case: (asked_at(case), case.accepted_at))[:MOST_ASKED]


def _ask(desk: Desk, case_id: str, resident: Resident) -> ProvisionalAnswer:
    other = permit_elsewhere(desk, resident, desk.today())
    if other is None:
        return ProvisionalAnswer(case_id=case_id, is_disputed=False, asked_at=desk.clock.now())
    return ProvisionalAnswer(
        case_id=case_id,
        is_disputed=True,
        asked_at=desk.clock.now(),
        station_code=other.station_code,
        issued_on=other.issued_on,
        is_provisional=other.is_provisional,
    )


def _keep(desk: Desk, answers: Mapping[str, ProvisionalAnswer]) -> None:
    with writing(desk.engine) as connection:
        set_state(connection, _KEPT, msgspec.to_builtins(list(answers.values())))


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """A provisional permit and the other one that the centre knows: whom to call, the resident and the other station."""

    answer: ProvisionalAnswer
    station: Station | None
    station_name: str
    resident_phone: str | None


def provisional_answer(desk: Desk, case_id: str) -> ProvisionalAnswer | None:
    """The centre's word about one case: asked now, or the last one where the centre is away; None when it never answered."""
    with reading(desk.engine) as connection:
        shelf = Shelf(connection)
        resident = shelf.need(Resident, shelf.need(Case, case_id).resident_id)
        answers = _kept(state(connection, _KEPT, []))
    try:
        answer = _ask(desk, case_id, resident)
    except Offline:
        return answers.get(case_id)
    _keep(desk, {**answers, case_id: answer})
    return answer


def dispute_of(desk: Desk, case_id: str) -> Dispute | None:
    """Everything to settle a dispute by telephone; None where the centre knows of no other permit, or never answered."""
    answer = provisional_answer(desk, case_id)
    if answer is None or not answer.is_disputed:
        return None
    with reading(desk.engine) as connection:
        shelf = Shelf(connection)
        resident = shelf.need(Resident, shelf.need(Case, case_id).resident_id)
        station = next((entry for entry in people.stations(connection) if entry.code == answer.station_code), None)
        name = people.station_names(connection)[answer.station_code]
    return Dispute(
        answer=answer,
        station=station,
        station_name=name,
        resident_phone=resident.phone,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoked:
    """What became durable: the closed case, the paper for the resident, and who is told."""

    case: Case
    documents: tuple[Document, ...]
    notice: Notice
    resident_phone: str | None
    changed: frozenset[str]


def revoke_provisional(desk: Desk, clerk: Clerk, case_id: str, reason: str) -> Revoked:
    """收回: take a provisional permit back because the centre knows another one; durable when this returns.

    One act: the permit is cancelled, its endorsements are void, the provisional papers are marked, the case is closed as
    revoked, the resident gets a paper and the other station a notice. Raises `NotAllowed`, `Conflict` when the 暂 is
    gone already, `UserError` where the centre has not disagreed, without a reason, or where the clerk took the application.
    """
    require(clerk, "permit.revoke")
    said = reason.strip()
    if not said or len(said) > LONGEST_REASON:
        raise UserError(
            tr("请写明收回理由，不超过 {n} 个字。").format(n=LONGEST_REASON),
            safe=tr("没有改动。"),
            do=tr("例如“已与对方受理点核实，对方在先”。"),
        )
    dispute = dispute_of(desk, case_id)
    if dispute is None:
        raise UserError(
            tr("中心没有说别处有居住证，不能收回。"),
            safe=tr("这件仍标“暂”，没有改动。"),
            do=tr("连上中心后先按补核；另有原因的请办“注销”。"),
        )
    with desk_work(desk.engine, desk.identity, clerk, desk.clock.now()) as work:
        case = work.need(Case, case_id)
        permit = _still_provisional(work, case, clerk)
        work.put(replace(permit, cancelled_on=desk.today(), cancel_reason_code=DUPLICATE))
        for endorsement in work.find(Endorsement, permit_id=permit.id):
            work.put(replace(endorsement, voided_on=desk.today()))
        for document in work.find(Document, case_id=case.id):
            if document.is_provisional:
                work.put(replace(document, revoked_on=desk.today()))
        case = replace(
            case,
            state=CaseState.REVOKED,
            is_provisional=False,
            decision_note="；".join(part for part in (case.decision_note, said) if part),
        )
        work.put(case)
        notice = _notice(desk, work, clerk, case, permit, dispute)
        work.put(notice)
        papers = make_papers(desk, work, clerk, case, ("permit-recall",), (), more=_recall_values(desk, permit, dispute, said))
        work.record("permit.revoke", case)
        return Revoked(case=case, documents=papers, notice=notice, resident_phone=dispute.resident_phone, changed=work.changed())


def _still_provisional(work: DeskWork, case: Case, clerk: Clerk) -> Permit:
    permit = work.get(Permit, case.permit_id)
    if not case.is_provisional or permit is None or permit.cancelled_on is not None:
        raise Conflict(tr("这件已不是暂证。"), safe=tr("先前的处理没有改动。"), do=tr("请看办件的当前状态。"))
    if case.accepted_by == clerk.id:
        raise UserError(tr("受理和收回不能是同一人。"), safe=tr("没有改动。"), do=tr("请转给另一位审核人。"))
    return permit


def _notice(desk: Desk, work: DeskWork, clerk: Clerk, case: Case, permit: Permit, dispute: Dispute) -> Notice:
    """For the other station and our own; in Chinese whatever language this window speaks, for another one reads it."""
    text = (
        f"{desk.station.name}离线期间为{case.applicant_name}出具了临时居住证（{permit.issued_on}），"
        f"因与{dispute.station_name}的居住证重复，已收回。{dispute.station_name}的居住证没有改动。"
    )
    return Notice(
        id=new_id(),
        kind_code=PERMIT_REVOKED,
        case_id=case.id,
        case_number=case.number,
        resident_id=case.resident_id,
        applicant_name=case.applicant_name,
        text=text,
        made_at=work.now,
        made_by=clerk.id,
        stations=tuple(sorted({desk.station.code, dispute.answer.station_code})),
        station_code=desk.station.code,
    )


def _recall_values(desk: Desk, permit: Permit, dispute: Dispute, reason: str) -> dict[str, Any]:
    """What only the recall paper says; official Chinese."""
    other = dispute.station
    found = {
        "issued_on": permit.issued_on,
        "other_station": dispute.station_name,
        "other_issued_on": dispute.answer.issued_on,
        "reason": reason,
        "whom_to_ask": desk.station.name + (f"，电话 {desk.station.phone}" if desk.station.phone else ""),
        "other_to_ask": dispute.station_name + (f"，电话 {other.phone}" if other is not None and other.phone else ""),
        "decided_on": desk.clock.now(),
    }
    return {key: value for key, value in found.items() if value is not None}


def notices(desk: Desk) -> list[Notice]:
    """What other stations and our own have told lately, the newest first."""
    since = desk.today() - timedelta(days=NOTICE_DAYS)
    with reading(desk.engine) as connection:
        found = Shelf(connection).find(Notice)
    return sorted((notice for notice in found if local_date(notice.made_at) >= since), key=lambda notice: notice.made_at, reverse=True)
