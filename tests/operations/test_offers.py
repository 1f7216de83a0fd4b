"""What a resident can have now, and what the records fill in: from the conditions of the items, with the reason for each no."""

from datetime import timedelta

import pytest

from nbcase.domain.case import HandedIn
from nbcase.domain.clerk import Clerk
from nbcase.domain.clock import SetClock
from nbcase.operations.accept import Request, accept
from nbcase.operations.cases import open_limits, review_queue
from nbcase.operations.decide import Verdict, decide
from nbcase.operations.desk import Desk
from nbcase.operations.offers import known_answers, likely_ground, offers, present_standing

IDENTITY, JOB = HandedIn(code="identity", how="card"), HandedIn(code="job_proof", how="scan")


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


def possible(desk: Desk, resident_id: str) -> dict[str, str]:
    """Obstacle by ``item.situation``."""
    return {f"{offer.item.code}.{offer.situation.code}": offer.obstacle for offer in offers(desk, resident_id)}


def apply(desk: Desk, clerk: Clerk, resident_id: str) -> str:
    answers = {"ground": "employment", "phone": "19900005061", "employer": "宁波云帆注塑有限公司", "occupation_code": "05"}
    request = Request(
        item_code="residence_permit", situation_code="apply", answers=answers, materials=(IDENTITY, JOB), resident_id=resident_id
    )
    return accept(desk, clerk, request).case.id


def test_who_is_registered_long_enough_may_apply_but_not_register_again(desk: Desk, resident_id: str) -> None:
    found = possible(desk, resident_id)
    assert found["residence_permit.apply"] == "" == found["residence_registration.change"]
    assert "已有在住登记" in found["residence_registration.new"]
    assert "没有居住证" in found["residence_permit.endorse"]
    assert next(iter(offers(desk, resident_id))).obstacle == "", "what is possible comes first"


def test_the_way_to_a_permit_is_barred_until_half_a_year_is_full(desk: Desk, resident_id: str, clock: SetClock) -> None:
    clock.advance(timedelta(days=-100))
    assert "满半年" in possible(desk, resident_id)["residence_permit.apply"]


def test_a_permit_opens_its_endorsement_only_in_the_window(
    desk: Desk, clerk: Clerk, reviewer: Clerk, resident_id: str, clock: SetClock
) -> None:
    decide(desk, reviewer, Verdict(case_id=apply(desk, clerk, resident_id), decision_code="approve"))
    assert "正常" in possible(desk, resident_id)["residence_permit.endorse"]
    clock.advance(timedelta(days=345))
    assert possible(desk, resident_id)["residence_permit.endorse"] == ""


def test_the_records_fill_the_form_and_the_permit_its_ground(desk: Desk, clerk: Clerk, reviewer: Clerk, resident_id: str) -> None:
    present = present_standing(desk, resident_id)
    assert known_answers(desk.items.situation("residence_permit", "apply"), present) == {
        "ground": "employment", "employer": "宁波云帆注塑有限公司", "phone": "19900005061", "occupation_code": "05",
    }  # fmt: skip
    change = known_answers(desk.items.situation("residence_registration", "change"), present)
    assert (change["address"], change["landlord_name"], change["reason_code"]) == ("镇海区骆驼街道锦绣里小区3幢2单元401室", "周知远", "01")
    assert known_answers(desk.items.situation("residence_registration", "end"), present) == {}
    decide(desk, reviewer, Verdict(case_id=apply(desk, clerk, resident_id), decision_code="approve"))
    assert likely_ground(present_standing(desk, resident_id)) == "employment"


def test_the_queue_of_a_reviewer_holds_what_waits_for_a_decision_and_nothing_else(
    desk: Desk, clerk: Clerk, reviewer: Clerk, resident_id: str
) -> None:
    case_id = apply(desk, clerk, resident_id)
    assert [row.case.id for row in review_queue(desk, reviewer)] == [case_id]
    assert review_queue(desk, clerk) == (), "a window clerk decides nothing"
    decide(desk, reviewer, Verdict(case_id=case_id, decision_code="correct", reason_codes=("proof_unclear",)))
    assert review_queue(desk, reviewer) == (), "the applicant's turn"


def test_the_head_of_the_list_counts_open_due_and_late(desk: Desk, clerk: Clerk, resident_id: str, clock: SetClock) -> None:
    apply(desk, clerk, resident_id)
    figures = open_limits(desk)
    assert (figures.open_count, figures.due_today_count, figures.overdue_count) == (1, 0, 0)
    clock.advance(timedelta(days=1))
    assert open_limits(desk).due_today_count == 1
    clock.advance(timedelta(days=1))
    assert open_limits(desk).overdue_count == 1
