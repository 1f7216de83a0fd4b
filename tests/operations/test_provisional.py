"""暂 to its end: the desk asks by itself, a person lifts or takes back, everybody concerned is told."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from nbcase.documents.printing import FolderQueue
from nbcase.domain.case import CaseState, HandedIn
from nbcase.domain.clerk import Clerk, Role, Station
from nbcase.domain.clock import SetClock
from nbcase.domain.errors import Conflict, NotAllowed, UserError
from nbcase.domain.permit import Endorsement, Permit, usable_until
from nbcase.operations.accept import Request, accept
from nbcase.operations.cases import case_detail
from nbcase.operations.decide import Decided, Verdict, confirm, decide
from nbcase.operations.desk import Desk, Dossier
from nbcase.operations.printing import print_document, waiting_papers
from nbcase.operations.provisional import (
    ASK_AGAIN,
    check_provisional,
    dispute_of,
    notices,
    provisional_stand,
    revoke_provisional,
)
from nbcase.operations.residents import resident_view
from nbcase.store.desk_database import writing
from nbcase.store.people import add_people
from nbcase.store.shelf import Shelf

IDENTITY = HandedIn(code="identity", how="card")
ELSEWHERE = "330212-01"


def set_line(desk: Desk, *, up: bool) -> None:
    """Whether the centre answers."""
    desk.centre.is_reachable = up  # type: ignore[attr-defined]


def asked(desk: Desk) -> int:
    """How many questions the centre has got."""
    count: int = desk.centre.asked  # type: ignore[attr-defined]
    return count


@pytest.fixture
def provisional(desk: Desk, clerk: Clerk, reviewer: Clerk, clock: SetClock, answers: dict[str, str]) -> Decided:
    """李𬭎's permit, approved while the centre was away; the centre is back now."""
    now = clock.at
    clock.at = now - timedelta(days=200)
    registration = Request(item_code="residence_registration", situation_code="new", answers=answers, materials=(IDENTITY,))
    resident_id = accept(desk, clerk, registration).case.resident_id
    clock.at = now
    set_line(desk, up=False)
    given = {"ground": "employment", "phone": "19900005061", "employer": "宁波云帆注塑有限公司", "occupation_code": "05"}
    materials = (IDENTITY, HandedIn(code="job_proof", how="scan"))
    application = Request(item_code="residence_permit", situation_code="apply", answers=given, materials=materials, resident_id=resident_id)
    case = accept(desk, clerk, application).case
    decided = decide(desk, reviewer, Verdict(case_id=case.id, decision_code="approve", reason_codes=("complete_work",)))
    set_line(desk, up=True)
    return decided


def issued_elsewhere(desk: Desk, resident_id: str) -> None:
    """The centre knows a permit of the person at another station."""
    permit = Permit(id="p-1", resident_id=resident_id, case_id="c", issued_on=date(2026, 5, 1), station_code=ELSEWHERE)
    resident = resident_view(desk, resident_id).standing.resident
    desk.centre.dossiers.append(Dossier(resident=resident, records=(permit,)))  # type: ignore[attr-defined]


def test_the_desk_asks_by_itself_and_keeps_the_answer(desk: Desk, provisional: Decided, clock: SetClock) -> None:
    assert provisional_stand(desk).unasked == 1
    set_line(desk, up=False)
    assert check_provisional(desk).unasked == 1
    set_line(desk, up=True)
    before = asked(desk)
    stand = check_provisional(desk)
    assert (stand.total, stand.ready, stand.disputed, stand.unasked) == (1, 1, 0, 0)
    assert provisional_stand(desk) == check_provisional(desk) == stand
    assert asked(desk) == before + 1
    issued_elsewhere(desk, provisional.case.resident_id)
    clock.at += ASK_AGAIN
    assert check_provisional(desk).disputed == 1
    set_line(desk, up=False)
    clock.at += ASK_AGAIN
    answer = check_provisional(desk).answers[provisional.case.id]
    assert (answer.station_code, answer.issued_on) == (ELSEWHERE, date(2026, 5, 1))


def test_a_confirmed_one_is_counted_no_more(desk: Desk, reviewer: Clerk, provisional: Decided) -> None:
    check_provisional(desk)
    confirm(desk, reviewer, provisional.case.id)
    assert provisional_stand(desk).total == check_provisional(desk).total == 0


def test_a_duplicate_is_taken_back_in_one_act_with_a_paper_and_a_notice(
    desk: Desk, reviewer: Clerk, provisional: Decided, tmp_path: Path
) -> None:
    issued_elsewhere(desk, provisional.case.resident_id)
    done = revoke_provisional(desk, reviewer, provisional.case.id, "已与对方核实，对方在先")
    assert (done.case.state, done.case.is_provisional) == (CaseState.REVOKED, False)
    assert done.case.decision_note.endswith("已与对方核实，对方在先")
    assert done.resident_phone == "19900005061"
    detail = case_detail(desk, provisional.case.id)
    permit = detail.standing.permit
    assert permit is not None
    assert (permit.cancelled_on, permit.cancel_reason_code) == (desk.today(), "duplicate")
    assert [line.kind for line in detail.history][-1] == "permit.revoke"
    papers = {paper.kind_code: paper for paper in detail.documents}
    assert papers["permit-confirmation"].revoked_on == desk.today()
    assert papers["acceptance-receipt"].revoked_on is None
    assert papers["permit-recall"].revoked_on is None
    assert not papers["permit-recall"].is_provisional
    waiting = {paper.document.kind_code for paper in waiting_papers(desk)}
    assert "permit-recall" in waiting
    assert "permit-confirmation" not in waiting
    queue = FolderQueue(tmp_path / "printed")
    print_document(desk, reviewer, queue, papers["permit-recall"].id)
    with pytest.raises(UserError, match="已收回"):
        print_document(desk, reviewer, queue, papers["permit-confirmation"].id)
    (notice,) = notices(desk)
    assert notice == done.notice
    assert notice.stations == tuple(sorted((desk.station.code, ELSEWHERE)))
    assert provisional_stand(desk).total == 0
    with pytest.raises(Conflict, match="已不是暂证"):
        revoke_provisional(desk, reviewer, provisional.case.id, "再次")


def test_the_paper_says_where_the_other_permit_is_and_invents_no_law(desk: Desk, reviewer: Clerk, provisional: Decided) -> None:
    from pypdfium2 import PdfDocument

    from nbcase.operations.printing import paper

    issued_elsewhere(desk, provisional.case.resident_id)
    done = revoke_provisional(desk, reviewer, provisional.case.id, "对方在先")
    with PdfDocument(paper(desk, done.documents[0].id)) as pdf:
        text = pdf[0].get_textpage().get_text_range()
    for words in ("样张", "临时证件收回告知书", ELSEWHERE, "2026 年 5 月 1 日", "对方在先", "由决定机关填写"):
        assert words in text


def test_without_the_centres_word_nothing_is_taken_back(desk: Desk, clerk: Clerk, reviewer: Clerk, provisional: Decided) -> None:
    case_id = provisional.case.id
    with pytest.raises(UserError, match="中心没有说别处有居住证"):
        revoke_provisional(desk, reviewer, case_id, "听说别处有")
    issued_elsewhere(desk, provisional.case.resident_id)
    with pytest.raises(UserError, match="收回理由"):
        revoke_provisional(desk, reviewer, case_id, " ")
    with pytest.raises(NotAllowed):
        revoke_provisional(desk, clerk, case_id, "对方在先")
    both = Clerk(id=clerk.id, login="x", name="一人", role=Role.REVIEWER, station_code=desk.station.code, salt="", public_key="")
    with pytest.raises(UserError, match="不能是同一人"):
        revoke_provisional(desk, both, case_id, "对方在先")
    assert case_detail(desk, case_id).row.case.is_provisional


def test_the_last_word_counts_while_the_centre_is_away_again(desk: Desk, reviewer: Clerk, provisional: Decided) -> None:
    issued_elsewhere(desk, provisional.case.resident_id)
    check_provisional(desk)
    set_line(desk, up=False)
    dispute = dispute_of(desk, provisional.case.id)
    assert dispute is not None
    assert (dispute.station_name, dispute.resident_phone) == (f"受理点 {ELSEWHERE}", "19900005061")
    assert revoke_provisional(desk, reviewer, provisional.case.id, "对方在先").case.state is CaseState.REVOKED


def test_the_other_station_is_told_by_its_name(desk: Desk, reviewer: Clerk, provisional: Decided) -> None:
    with writing(desk.engine) as connection:
        add_people(connection, (), (Station(code=ELSEWHERE, name="鄞州样张服务站", prefix="YZ", division_code="330212"),))
    issued_elsewhere(desk, provisional.case.resident_id)
    with pytest.raises(Conflict, match="鄞州样张服务站 2026-05-01"):
        confirm(desk, reviewer, provisional.case.id)
    done = revoke_provisional(desk, reviewer, provisional.case.id, "对方在先")
    assert "鄞州样张服务站" in done.notice.text
    assert ELSEWHERE not in done.notice.text


def test_an_endorsement_of_it_is_void(desk: Desk, reviewer: Clerk, provisional: Decided) -> None:
    permit = resident_view(desk, provisional.case.resident_id).standing.permit
    assert permit is not None
    endorsement = Endorsement(
        id="e-1",
        permit_id=permit.id,
        case_id="c",
        ordinal=1,
        endorsed_on=desk.today(),
        valid_until_on=date(2028, 11, 23),
        station_code=desk.station.code,
    )
    with writing(desk.engine) as connection:
        Shelf(connection).write(endorsement)
    assert usable_until(permit, [endorsement]) == date(2028, 11, 23)
    issued_elsewhere(desk, provisional.case.resident_id)
    revoke_provisional(desk, reviewer, provisional.case.id, "对方在先")
    (void,) = resident_view(desk, provisional.case.resident_id).standing.endorsements
    assert void.voided_on == desk.today()
    assert usable_until(permit, [void]) == date(2027, 11, 23)
