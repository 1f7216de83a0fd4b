"""Every situation of every item from form to paper, made from the items themselves: accepted, decided in each way, papers written."""

from collections.abc import Callable

import pytest

from nbcase.domain.case import Case, CaseState
from nbcase.domain.clerk import PERMISSIONS, Role
from nbcase.items.catalogue import load_catalogue
from nbcase.items.item import Decision, Item, Situation
from nbcase.operations.accept import accept, examine
from nbcase.operations.decide import Verdict, decide
from nbcase.store.desk_database import reading
from nbcase.store.shelf import Shelf
from tests.parts.candidates import Candidates
from tests.parts.counter import Counter

PAIRS = [pytest.param(item, situation, id=f"{item.code}.{situation.code}") for item, situation in load_catalogue().pairs()]


def ways(situation: Situation) -> tuple[Decision | None, ...]:
    """Each decision of the second step, or the one way of a situation that is done when it is accepted."""
    return situation.steps[1].decisions if len(situation.steps) > 1 else (None,)


@pytest.mark.parametrize(("item", "situation"), PAIRS)
def test_the_way_from_form_to_paper(item: Item, situation: Situation, counter_for: Callable[..., Counter]) -> None:
    counter = counter_for(people=0)
    desk, candidates = counter.desk, Candidates(counter.desk)
    for decision in ways(situation):
        candidate = candidates.make(item.code, situation)
        found = examine(desk, candidate.request)
        assert found.can_accept, (found.problems, found.missing_materials, found.failed)
        accepted = accept(desk, counter.signed_in_as(may_do(situation.steps[0].action)), candidate.request)
        assert [paper.kind_code for paper in accepted.documents] == [
            desk.paper_kinds.get(kind, kind) for kind in situation.steps[0].documents
        ]
        if decision is None:
            assert stored(counter, accepted.case.id).state is CaseState.DECIDED
            continue
        reasons = (decision.reasons[0].code,) if decision.reasons else ()
        done = decide(
            desk,
            counter.signed_in_as(may_do(situation.steps[1].action)),
            Verdict(case_id=accepted.case.id, decision_code=decision.code, reason_codes=reasons, note="样"),
        )
        assert stored(counter, accepted.case.id).state is CaseState(decision.outcome)
        assert [paper.kind_code for paper in done.documents] == [desk.paper_kinds.get(kind, kind) for kind in decision.documents]


def may_do(action: str) -> str:
    """A role that may do it, the reviewer before the supervisor."""
    order = [Role.CLERK, Role.REVIEWER, Role.SUPERVISOR]
    return min(PERMISSIONS[action], key=order.index).value


def stored(counter: Counter, case_id: str) -> Case:
    """The case as the desk keeps it."""
    with reading(counter.desk.engine) as connection:
        return Shelf(connection).need(Case, case_id)
