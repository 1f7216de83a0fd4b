"""The statistics rows: every situation has one, and late is counted by the promise."""

from datetime import timedelta

from nbcase.domain.case import HandedIn
from nbcase.domain.clerk import Clerk
from nbcase.domain.clock import SetClock
from nbcase.operations.accept import Request, accept
from nbcase.operations.decide import Verdict, decide
from nbcase.operations.desk import Desk
from nbcase.operations.figures import item_figures

IDENTITY, JOB = HandedIn(code="identity", how="card"), HandedIn(code="job_proof", how="scan")


def test_every_situation_has_a_row_and_a_late_decision_is_counted(
    desk: Desk, clerk: Clerk, reviewer: Clerk, clock: SetClock, answers: dict[str, str]
) -> None:
    start = desk.today() - timedelta(days=200)
    clock.advance(timedelta(days=-200))
    registered = accept(
        desk, clerk, Request(item_code="residence_registration", situation_code="new", answers=answers, materials=(IDENTITY,))
    )
    clock.advance(timedelta(days=190))
    application = Request(
        item_code="residence_permit",
        situation_code="apply",
        answers={"ground": "employment", "phone": "19900005061"},
        materials=(IDENTITY, JOB),
        resident_id=registered.case.resident_id,
    )
    accepted = accept(desk, clerk, application)
    rows = {(row.item_code, row.situation_code): row for row in item_figures(desk, start, desk.today())}
    assert rows["residence_permit", "apply"].late == 0
    clock.advance(timedelta(days=10))
    decide(desk, reviewer, Verdict(case_id=accepted.case.id, decision_code="approve"))
    rows = {(row.item_code, row.situation_code): row for row in item_figures(desk, start, desk.today())}
    assert set(rows) == {(item.code, situation.code) for item, situation in desk.items.pairs()}
    assert (rows["residence_permit", "apply"].decided, rows["residence_permit", "apply"].late) == (1, 1)
    assert (rows["residence_registration", "new"].accepted, rows["residence_registration", "new"].late) == (1, 0)
    assert rows["residence_permit", "cancel"].accepted == 0
