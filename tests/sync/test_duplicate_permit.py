"""Two stations issued a permit to one person while the line was down: both are known to both, one is taken back, the other stands."""

from dataclasses import replace
from datetime import date

from nbcase.domain.case import Case, CaseState
from nbcase.domain.clock import SetClock
from nbcase.domain.ids import new_id
from nbcase.domain.notice import Notice
from nbcase.domain.permit import Permit
from nbcase.domain.resident import Resident
from nbcase.operations.desk import Desk
from nbcase.operations.provisional import ASK_AGAIN, check_provisional, notices, revoke_provisional
from tests.parts.atwork import at_work
from tests.parts.centres import STATIONS, clerk
from tests.parts.desks import MakeDesk, WorkingDesk


def asking(desk: WorkingDesk) -> Desk:
    """The desk as operations see it, with its line to the centre."""
    return replace(at_work(desk), centre=desk.client)  # type: ignore[arg-type]


def issued_offline(desk: WorkingDesk, person: Resident, number: str) -> tuple[Case, Permit]:
    """A provisional permit of the person at this desk's station."""
    case_id = new_id()
    permit = Permit(
        id=new_id(),
        resident_id=person.id,
        case_id=case_id,
        issued_on=date(2026, 3, 2),
        is_provisional=True,
        station_code=person.station_code,
    )
    case = Case(
        id=case_id,
        number=number,
        item_code="residence_permit",
        situation_code="apply",
        resident_id=person.id,
        applicant_name=person.name,
        state=CaseState.DECIDED,
        step_code="decide",
        accepted_at=desk.clock.now(),
        accepted_by=desk.clerk.id,
        permit_id=permit.id,
        decision_code="approve",
        decided_at=desk.clock.now(),
        is_provisional=True,
        station_code=person.station_code,
    )
    desk.act(case, permit, person, kind="permit.accept")
    return case, permit


def test_the_one_that_is_taken_back_frees_the_other(make_desk: MakeDesk, clock: SetClock) -> None:
    here, there = make_desk("li"), make_desk("sun")
    person = here.resident("样重", phone="13900000000")
    case, permit = issued_offline(here, person, "JS-26-0000001")
    twin = there.resident("样重", person.document_number, phone="13900000000")
    other_case, _ = issued_offline(there, twin, "XK-26-0000001")
    for desk in (here, there, here):
        assert desk.sync().problem is None
    assert check_provisional(asking(here)).disputed == 1
    answer = check_provisional(asking(there)).answers[other_case.id]
    assert (answer.is_disputed, answer.station_code, answer.is_provisional) == (True, STATIONS[0].code, True)

    revoked = revoke_provisional(asking(here), clerk("zhao"), case.id, "已与溪口核实，对方在先")
    for desk in (here, there):
        assert desk.sync().problem is None
    found = here.get(Permit, permit.id)
    assert found is not None
    assert (found.cancelled_on, found.version) == (date(2026, 3, 2), 2)
    assert notices(at_work(there)) == [there.get(Notice, revoked.notice.id)] == notices(at_work(here))
    clock.at += ASK_AGAIN
    stand = check_provisional(asking(there))
    assert (stand.ready, stand.disputed) == (1, 0)
