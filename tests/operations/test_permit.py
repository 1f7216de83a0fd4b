"""浙江省居住证: apply, review, decide, issue, endorse, replace, cancel; with the centre and without it."""

from dataclasses import replace  # noqa: I001
from datetime import UTC, date, datetime, timedelta

from pathlib import Path

import pytest

from nbcase.domain.case import CaseState, HandedIn
from nbcase.domain.clerk import Clerk, Role
from nbcase.domain.clock import SetClock
from nbcase.domain.errors import Conflict, NotAllowed, Offline, UserError
from nbcase.domain.permit import Permit, PermitState
from nbcase.items.checks import CheckState
from nbcase.operations.accept import Accepted, ConditionsNotMet, Request, accept
from nbcase.operations.decide import Verdict, check_case, complete, confirm, decide, withdraw
from nbcase.operations.desk import Desk, Dossier
from nbcase.operations.offers import offers
from nbcase.operations.cases import case_detail
from nbcase.operations.residents import resident_view
from nbcase.documents.printing import FolderQueue
from nbcase.operations.printing import paper, print_document, print_rows

IDENTITY = HandedIn(code="identity", how="card")
JOB = HandedIn(code="job_proof", how="scan")


@pytest.fixture
def resident_id(desk: Desk, clerk: Clerk, clock: SetClock, answers: dict[str, str]) -> str:
    """李𬭎, registered 200 days ago."""
    now = clock.at
    clock.at = now - timedelta(days=200)
    accepted = accept(
        desk, clerk, Request(item_code="residence_registration", situation_code="new", answers=answers, materials=(IDENTITY,))
    )
    clock.at = now
    return accepted.case.resident_id


def application(resident_id: str, *materials: HandedIn, situation: str = "apply", **answers: str) -> Request:
    given = {"ground": "employment", "phone": "19900005061", "employer": "宁波云帆注塑有限公司", "occupation_code": "05", **answers}
    return Request(
        item_code="residence_permit", situation_code=situation, answers=given, materials=(IDENTITY, *materials), resident_id=resident_id
    )


def apply(desk: Desk, clerk: Clerk, resident_id: str) -> Accepted:
    return accept(desk, clerk, application(resident_id, JOB))


def approve(desk: Desk, reviewer: Clerk, accepted: Accepted):
    return decide(desk, reviewer, Verdict(case_id=accepted.case.id, decision_code="approve", reason_codes=("complete_work",)))


def test_an_application_waits_for_the_police_with_both_limits(desk: Desk, clerk: Clerk, resident_id: str) -> None:
    accepted = apply(desk, clerk, resident_id)
    assert (accepted.case.state, accepted.case.step_code) == (CaseState.ACCEPTED, "decide")
    assert accepted.case.promised_due_on == date(2026, 11, 25)
    assert accepted.case.legal_due_on == date(2026, 12, 9)
    assert not accepted.case.due_is_provisional


def test_the_limit_counts_on_the_real_calendar(desk: Desk, clerk: Clerk, clock: SetClock, resident_id: str) -> None:
    clock.at = datetime(2027, 2, 12, 1, tzinfo=UTC)
    assert apply(desk, clerk, resident_id).case.due_is_provisional, "2027 has no notice yet"


def test_the_program_says_which_condition_is_met_by_what(desk: Desk, clerk: Clerk, resident_id: str) -> None:
    checks = {check.key: check for check in apply(desk, clerk, resident_id).checks}
    assert checks["half_year"].state is CheckState.PASSED
    assert "200 天" in checks["half_year"].detail
    assert checks["ground"].met_by == ("employment",)
    assert "宁波云帆注塑有限公司，已收证明" in checks["ground"].detail


def test_before_half_a_year_it_is_told_once_with_the_day(desk: Desk, clerk: Clerk, answers: dict[str, str]) -> None:
    registered = accept(
        desk, clerk, Request(item_code="residence_registration", situation_code="new", answers=answers, materials=(IDENTITY,))
    )
    with pytest.raises(ConditionsNotMet) as caught:
        accept(desk, clerk, application(registered.case.resident_id))
    failed = {check.key: check for check in caught.value.examination.failed}
    assert set(failed) == {"half_year", "ground"}
    assert "2027-05-24" in failed["half_year"].detail
    assert "劳动合同" in failed["ground"].missing
    assert "租赁合同" in failed["ground"].missing
    assert [material.code for material in caught.value.examination.missing_materials] == ["job_proof"]


def test_an_approval_issues_the_permit_and_its_paper(desk: Desk, clerk: Clerk, reviewer: Clerk, resident_id: str) -> None:
    decided = approve(desk, reviewer, apply(desk, clerk, resident_id))
    assert decided.case.state is CaseState.DECIDED
    view = resident_view(desk, resident_id)
    assert view.permit_state is PermitState.NORMAL
    assert view.standing.permit is not None
    assert view.standing.permit.number is None, "its number comes from the issuing system"
    assert not view.standing.permit.is_provisional
    pdf = paper(desk, decided.documents[0].id)
    assert pdf is not None
    assert pdf.startswith(b"%PDF")


def test_without_the_centre_the_permit_is_provisional_until_it_is_confirmed(
    desk: Desk, clerk: Clerk, reviewer: Clerk, resident_id: str
) -> None:
    desk.centre.is_reachable = False  # type: ignore[attr-defined]
    accepted = apply(desk, clerk, resident_id)
    offline = [check.key for check in check_case(desk, accepted.case.id) if check.state is CheckState.OFFLINE]
    assert offline == ["no_permit_elsewhere"]
    decided = approve(desk, reviewer, accepted)
    assert decided.case.is_provisional
    assert decided.documents[0].is_provisional
    with pytest.raises(Offline):
        confirm(desk, reviewer, decided.case.id)
    desk.centre.is_reachable = True  # type: ignore[attr-defined]
    confirmed = confirm(desk, reviewer, decided.case.id)
    assert not confirmed.case.is_provisional
    assert not confirmed.documents[0].is_provisional
    assert not resident_view(desk, resident_id).standing.permit.is_provisional  # type: ignore[union-attr]


def test_a_permit_at_another_station_stops_the_confirmation_and_the_approval(
    desk: Desk, clerk: Clerk, reviewer: Clerk, resident_id: str
) -> None:
    other = Permit(id="p-1", resident_id=resident_id, case_id="c", issued_on=date(2026, 5, 1), station_code="330212-01")
    desk.centre.is_reachable = False  # type: ignore[attr-defined]
    decided = approve(desk, reviewer, apply(desk, clerk, resident_id))
    desk.centre.is_reachable = True  # type: ignore[attr-defined]
    desk.centre.dossiers.append(Dossier(resident=resident_view(desk, resident_id).standing.resident, records=(other,)))  # type: ignore[attr-defined]
    with pytest.raises(Conflict, match="330212-01"):
        confirm(desk, reviewer, decided.case.id)
    assert case_detail(desk, decided.case.id).row.case.is_provisional


def test_an_approval_against_a_failed_check_is_refused(
    desk: Desk, clerk: Clerk, reviewer: Clerk, resident_id: str, clock: SetClock
) -> None:
    accepted = apply(desk, clerk, resident_id)
    clock.at = datetime(2040, 1, 3, 1, tzinfo=UTC)  # the card ran out in 2039
    with pytest.raises(UserError, match="身份证在有效期内"):
        approve(desk, reviewer, accepted)
    assert case_detail(desk, accepted.case.id).row.case.state is CaseState.ACCEPTED


def test_who_accepted_cannot_decide_and_a_clerk_cannot_at_all(desk: Desk, clerk: Clerk, resident_id: str) -> None:
    accepted = apply(desk, clerk, resident_id)
    with pytest.raises(NotAllowed):
        approve(desk, clerk, accepted)
    with pytest.raises(UserError, match="同一人"):
        approve(desk, replace(clerk, role=Role.REVIEWER), accepted)


def test_a_case_is_decided_once(desk: Desk, clerk: Clerk, reviewer: Clerk, resident_id: str) -> None:
    accepted = apply(desk, clerk, resident_id)
    approve(desk, reviewer, accepted)
    with pytest.raises(Conflict, match="已由他人办结"):
        approve(desk, reviewer, accepted)


def test_a_correction_is_told_completed_and_decided(desk: Desk, clerk: Clerk, reviewer: Clerk, resident_id: str) -> None:
    accepted = apply(desk, clerk, resident_id)
    with pytest.raises(UserError, match="理由"):
        decide(desk, reviewer, Verdict(case_id=accepted.case.id, decision_code="correct"))
    asked = decide(
        desk, reviewer, Verdict(case_id=accepted.case.id, decision_code="correct", reason_codes=("proof_unclear",), note="合同第二页")
    )
    assert asked.case.state is CaseState.IN_CORRECTION
    assert [document.kind_code for document in asked.documents] == ["one-time-notice"]
    assert complete(desk, clerk, accepted.case.id, [JOB]).case.state is CaseState.ACCEPTED
    assert approve(desk, reviewer, accepted).case.state is CaseState.DECIDED
    assert [line.kind for line in case_detail(desk, accepted.case.id).history] == [
        "permit.accept",
        "permit.decide",
        "case.complete",
        "permit.decide",
    ]


def test_the_clock_stands_still_while_the_applicant_is_asked_for_more(
    desk: Desk, clerk: Clerk, reviewer: Clerk, resident_id: str, clock: SetClock
) -> None:
    accepted = apply(desk, clerk, resident_id)
    before = accepted.case
    assert (before.promised_due_on, before.legal_due_on) == (date(2026, 11, 25), date(2026, 12, 9))
    decide(desk, reviewer, Verdict(case_id=before.id, decision_code="correct", reason_codes=("proof_unclear",)))
    clock.advance(timedelta(days=10))
    waiting = case_detail(desk, before.id).row.limit
    assert (waiting.used, waiting.left) == (0, 1)
    resumed = complete(desk, clerk, before.id, [JOB]).case
    assert (resumed.promised_due_on, resumed.legal_due_on) == (date(2026, 12, 7), date(2026, 12, 21))
    again = case_detail(desk, before.id).row.limit
    assert (again.used, again.promised, again.left) == (0, 1, 1)


def test_a_material_counts_only_in_a_way_the_item_allows(desk: Desk, clerk: Clerk, resident_id: str) -> None:
    with pytest.raises(ConditionsNotMet) as caught:
        accept(desk, clerk, application(resident_id, HandedIn(code="job_proof", how="confirmed")))
    assert [check.key for check in caught.value.examination.failed] == ["ground"]


def test_the_same_thing_is_not_accepted_twice_while_it_is_open(desk: Desk, clerk: Clerk, reviewer: Clerk, resident_id: str) -> None:
    accepted = apply(desk, clerk, resident_id)
    with pytest.raises(UserError, match=accepted.case.number):
        apply(desk, clerk, resident_id)
    obstacles = {(offer.item.code, offer.situation.code): offer.obstacle for offer in offers(desk, resident_id)}
    assert "已在办" in obstacles["residence_permit", "apply"]
    withdraw(desk, clerk, accepted.case.id, "本人撤回")
    assert apply(desk, clerk, resident_id).case.state is CaseState.ACCEPTED


def test_a_refusal_prints_reasons_and_issues_nothing(desk: Desk, clerk: Clerk, reviewer: Clerk, resident_id: str) -> None:
    accepted = apply(desk, clerk, resident_id)
    refused = decide(desk, reviewer, Verdict(case_id=accepted.case.id, decision_code="refuse", reason_codes=("false_material",)))
    assert (refused.case.state, [document.kind_code for document in refused.documents]) == (CaseState.REFUSED, ["refusal"])
    assert resident_view(desk, resident_id).standing.permit is None


def test_a_withdrawn_case_stays_withdrawn(desk: Desk, clerk: Clerk, reviewer: Clerk, resident_id: str) -> None:
    accepted = apply(desk, clerk, resident_id)
    assert withdraw(desk, clerk, accepted.case.id, "本人撤回").case.state is CaseState.WITHDRAWN
    with pytest.raises(Conflict):
        withdraw(desk, clerk, accepted.case.id, "再次")


def issued(desk: Desk, clerk: Clerk, reviewer: Clerk, resident_id: str) -> Permit:
    approve(desk, reviewer, apply(desk, clerk, resident_id))
    permit = resident_view(desk, resident_id).standing.permit
    assert permit is not None
    return permit


def endorse(desk: Desk, clerk: Clerk, resident_id: str) -> Accepted:
    return accept(desk, clerk, application(resident_id, HandedIn(code="job_proof", how="confirmed"), situation="endorse"))


def test_an_endorsement_is_made_in_its_window_only(desk: Desk, clerk: Clerk, reviewer: Clerk, clock: SetClock, resident_id: str) -> None:
    issued(desk, clerk, reviewer, resident_id)
    clock.at = datetime(2027, 10, 23, 1, tzinfo=UTC)
    with pytest.raises(ConditionsNotMet, match="签注期"):
        endorse(desk, clerk, resident_id)
    clock.at = datetime(2027, 10, 24, 1, tzinfo=UTC)
    endorsed = endorse(desk, clerk, resident_id)
    assert [document.kind_code for document in endorsed.documents] == ["endorsement-slip"]
    view = resident_view(desk, resident_id)
    assert view.standing.endorsements[0].valid_until_on == date(2028, 11, 23)
    assert view.permit_state is PermitState.NORMAL


def test_a_late_endorsement_restores_use_and_is_marked(
    desk: Desk, clerk: Clerk, reviewer: Clerk, clock: SetClock, resident_id: str
) -> None:
    issued(desk, clerk, reviewer, resident_id)
    clock.at = datetime(2028, 1, 5, 1, tzinfo=UTC)
    assert resident_view(desk, resident_id).permit_state is PermitState.SUSPENDED
    endorse(desk, clerk, resident_id)
    view = resident_view(desk, resident_id)
    assert view.permit_state is PermitState.NORMAL
    assert view.standing.endorsements[0].is_late


def test_a_lost_permit_is_replaced_and_a_cancelled_one_is_not(desk: Desk, clerk: Clerk, reviewer: Clerk, resident_id: str) -> None:
    issued(desk, clerk, reviewer, resident_id)
    replaced = accept(desk, clerk, application(resident_id, situation="replace", replace_reason="lost"))
    assert "permit-confirmation" in [document.kind_code for document in replaced.documents]
    cancelling = accept(desk, clerk, application(resident_id, situation="cancel", cancel_reason="settled"))
    decide(desk, reviewer, Verdict(case_id=cancelling.case.id, decision_code="approve", reason_codes=("confirmed",)))
    assert resident_view(desk, resident_id).permit_state is PermitState.CANCELLED
    with pytest.raises(ConditionsNotMet):
        accept(desk, clerk, application(resident_id, situation="replace", replace_reason="lost"))


def test_a_second_print_needs_a_reason(desk: Desk, clerk: Clerk, reviewer: Clerk, resident_id: str, tmp_path: Path) -> None:
    document = approve(desk, reviewer, apply(desk, clerk, resident_id)).documents[0]
    queue = FolderQueue(tmp_path / "printed")
    assert print_document(desk, clerk, queue, document.id).state == "printed"
    with pytest.raises(UserError, match="已打印过"):
        print_document(desk, clerk, queue, document.id)
    print_document(desk, clerk, queue, document.id, reason="污损")
    assert len(list((tmp_path / "printed").glob("*.pdf"))) == 2
    assert [row.job.reason for row in print_rows(desk)] == ["污损", ""]


def test_a_printer_that_fails_leaves_the_paper_unprinted(
    desk: Desk, clerk: Clerk, reviewer: Clerk, resident_id: str, tmp_path: Path
) -> None:
    document = approve(desk, reviewer, apply(desk, clerk, resident_id)).documents[0]
    (tmp_path / "file").write_text("not a folder")
    assert print_document(desk, clerk, FolderQueue(tmp_path / "file"), document.id).state == "failed"
    assert case_detail(desk, document.case_id).documents[0].print_count == 0
    assert [row.job.state for row in print_rows(desk)] == ["failed"]
