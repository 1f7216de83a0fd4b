"""Two desks, one field: people decide in one act, the first decision at the centre stands, and no value is ever lost."""

from dataclasses import replace
from datetime import date

import pytest

from nbcase.domain.action import Outcome
from nbcase.domain.case import Case, CaseState
from nbcase.domain.clerk import Clerk
from nbcase.domain.conflict import ConflictState, FieldConflict
from nbcase.domain.errors import Conflict, NotAllowed, UserError
from nbcase.domain.ids import new_id
from nbcase.domain.permit import Permit
from nbcase.domain.resident import Resident
from nbcase.operations.conflicts import PRESENT, Chosen, ConflictView, conflict_of, decided_conflicts, edited, open_conflicts, resolve
from nbcase.operations.conflicts import THEIRS as TAKE_THEIRS
from nbcase.operations.conflicts import YOURS as TAKE_YOURS
from nbcase.store.records import R
from nbcase.store.shelf import Shelf
from tests.parts.atwork import at_work, last_answer
from tests.parts.centres import STATIONS, RunningCentre, clerk
from tests.parts.desks import MakeDesk, WorkingDesk

BEFORE, THEIRS, YOURS, FOURTH = "13900000000", "13911111111", "13922222222", "13933333333"


def disputed(first: WorkingDesk, second: WorkingDesk) -> Resident:
    """A resident whose phone both desks have changed, known at both of them."""
    person = first.resident("样争", phone=BEFORE)
    first.act(person)
    first.sync()
    second.sync()
    first.change(person, phone=THEIRS)
    second.change(person, phone=YOURS)
    for desk in (first, second, first):
        assert desk.sync().problem is None
    return person


def only_conflict(desk: WorkingDesk) -> ConflictView:
    """The one that is open."""
    (found,) = open_conflicts(at_work(desk))
    return found


def take(value: str | None) -> Chosen:
    """The choice that gives the phone this value."""
    return {THEIRS: TAKE_THEIRS, YOURS: TAKE_YOURS}.get(value or "", edited(value))


def settle(desk: WorkingDesk, chosen: Chosen, reason: str = "已电话核实", *, by: Clerk | None = None) -> FieldConflict:
    """Decide the only conflict that is open."""
    return resolve(at_work(desk), by or desk.clerk, only_conflict(desk).conflict.id, chosen, reason).conflicts[0]


def at_centre(centre: RunningCentre, kind: type[R]) -> list[R]:
    """All of the centre's records of a kind."""
    with centre.centre.engine.begin() as connection:
        return Shelf(connection).find(kind)


def test_both_sides_are_told_in_words_who_wrote_what(make_desk: MakeDesk) -> None:
    first, second = make_desk("li"), make_desk("qian")
    disputed(first, second)
    view = only_conflict(second)
    assert (view.record, view.field, view.person) == ("居民", "手机", "样争")
    assert (view.conflict.before, view.conflict.theirs, view.conflict.yours) == (BEFORE, THEIRS, YOURS)
    assert (view.theirs_by, view.yours_by) == (clerk("li").name, clerk("qian").name)
    assert view.conflict.theirs_at is not None
    assert view.conflict.yours_at is not None
    assert len({view.before, view.theirs, view.yours}) == 3
    assert view.action is not None
    assert view.editor.kind == "phone"
    assert not view.has_moved
    assert only_conflict(first).action is None


def test_numbers_that_look_alike_when_masked_are_shown_whole(make_desk: MakeDesk) -> None:
    first, second = make_desk("li"), make_desk("qian")
    person = first.resident("样像", phone="13900000417")
    first.act(person)
    first.sync()
    second.sync()
    first.change(person, phone="13911110417")
    second.change(person, phone="13922220417")
    for desk in (first, second):
        desk.sync()
    view = only_conflict(second)
    assert (view.before, view.theirs, view.yours) == ("13900000417", "13911110417", "13922220417")


@pytest.mark.parametrize("chosen", [THEIRS, YOURS, FOURTH])
def test_one_act_sets_the_value_and_closes_the_conflict_for_both_desks(centre: RunningCentre, make_desk: MakeDesk, chosen: str) -> None:
    first, second = make_desk("li"), make_desk("qian")
    person = disputed(first, second)
    act = settle(second, take(chosen))
    for desk in (second, first):
        assert desk.sync().problem is None
    assert last_answer(second) == ("accepted", ())
    (kept,) = at_centre(centre, FieldConflict)
    assert (kept.before, kept.theirs, kept.yours, kept.chosen) == (BEFORE, THEIRS, YOURS, chosen)
    assert (kept.state, kept.reason, kept.resolved_by) == (ConflictState.RESOLVED, "已电话核实", second.clerk.id)
    assert kept.id == act.id
    for desk in (first, second):
        found = desk.get(Resident, person.id)
        assert found is not None
        assert found.phone == chosen
        assert open_conflicts(at_work(desk)) == []
        assert decided_conflicts(at_work(desk))[0].conflict == kept


def test_a_decision_needs_a_reason_and_a_value_that_the_form_would_take(make_desk: MakeDesk) -> None:
    first, second = make_desk("li"), make_desk("qian")
    disputed(first, second)
    conflict_id = only_conflict(second).conflict.id
    with pytest.raises(UserError, match="请写明为什么选这个值"):
        resolve(at_work(second), second.clerk, conflict_id, TAKE_YOURS, "  ")
    with pytest.raises(UserError, match="手机应为 11 位数字"):
        resolve(at_work(second), second.clerk, conflict_id, edited("139-样"), "已核实")
    assert only_conflict(second).conflict.state is ConflictState.OPEN
    assert settle(second, edited(" 139 3333 3333 ")).chosen == FOURTH


def test_a_decided_conflict_is_not_decided_again(make_desk: MakeDesk) -> None:
    first, second = make_desk("li"), make_desk("qian")
    disputed(first, second)
    decided = settle(second, TAKE_YOURS)
    with pytest.raises(Conflict, match="已有人决定"):
        resolve(at_work(second), second.clerk, decided.id, TAKE_THEIRS, "再看")


@pytest.mark.parametrize("is_first_earlier", [True, False])
@pytest.mark.parametrize(("one", "other"), [(YOURS, FOURTH), (THEIRS, YOURS), (YOURS, THEIRS), (None, YOURS)])
def test_of_two_decisions_the_first_at_the_centre_stands_and_the_other_value_is_a_new_conflict(
    centre: RunningCentre, make_desk: MakeDesk, one: str | None, other: str | None, is_first_earlier: bool
) -> None:
    first, second = make_desk("li"), make_desk("qian")
    person = disputed(first, second)
    settle(first, take(one), "甲核实")
    settle(second, take(other), "乙核实")
    earlier, later = (first, second) if is_first_earlier else (second, first)
    stands, lost = (one, other) if is_first_earlier else (other, one)
    for desk in (earlier, later, earlier):
        assert desk.sync().problem is None
    assert last_answer(later) == ("conflict", ("resident.phone",))
    (record,) = at_centre(centre, Resident)
    assert record.phone == stands
    old, new = sorted(at_centre(centre, FieldConflict), key=lambda entry: entry.state is ConflictState.OPEN)
    assert (old.chosen, old.resolved_by) == (stands, earlier.clerk.id)
    assert (new.subject_id, new.theirs, new.yours, new.before) == (person.id, stands, lost, THEIRS)
    assert (new.theirs_by, new.yours_by) == (earlier.clerk.id, later.clerk.id)
    for desk in (first, second):
        assert desk.get(Resident, person.id) == record
        assert only_conflict(desk).conflict == new
        assert desk.get(FieldConflict, old.id) == old


def test_two_equal_decisions_make_no_further_conflict(centre: RunningCentre, make_desk: MakeDesk) -> None:
    first, second = make_desk("li"), make_desk("qian")
    disputed(first, second)
    for desk in (first, second):
        settle(desk, TAKE_YOURS)
    for desk in (first, second, first):
        assert desk.sync().problem is None
    assert last_answer(second) == ("merged", ())
    (kept,) = at_centre(centre, FieldConflict)
    assert (kept.chosen, kept.resolved_by) == (YOURS, first.clerk.id)
    assert first.get(FieldConflict, kept.id) == second.get(FieldConflict, kept.id) == kept


def test_a_conflict_whose_field_went_on_says_so_and_the_present_value_can_be_kept(make_desk: MakeDesk) -> None:
    first, second = make_desk("li"), make_desk("qian")
    person = disputed(first, second)
    first.change(person, phone=FOURTH)
    for desk in (first, second):
        desk.sync()
    view = only_conflict(second)
    assert (view.has_moved, view.present_value) == (True, FOURTH)
    assert settle(second, PRESENT, "以新值为准").chosen == FOURTH
    assert second.sync().problem is None
    assert last_answer(second) == ("accepted", ())
    assert not conflict_of(at_work(second), view.conflict.id).has_moved


def test_a_conflict_between_two_stations_is_decided_for_both(make_desk: MakeDesk) -> None:
    here, there = make_desk("li"), make_desk("sun")
    person = here.resident("样两站", phone=THEIRS)
    here.act(person)
    there.act(there.resident("样两站", person.document_number, phone=YOURS))
    for desk in (here, there, here):
        desk.sync()
    assert only_conflict(here).yours_by == f"{STATIONS[1].name}的同事"
    settle(there, TAKE_THEIRS)
    for desk in (there, here):
        desk.sync()
        assert open_conflicts(at_work(desk)) == []


def decided_twice(first: WorkingDesk, second: WorkingDesk) -> Case:
    """One desk withdrew a case that the other one decided, both offline."""
    case = first.accept("JS-26-0000001")
    first.sync()
    second.sync()
    now = first.clock.now()
    for desk, state in ((first, CaseState.WITHDRAWN), (second, CaseState.DECIDED)):
        present = desk.get(Case, case.id)
        assert present is not None
        note = "申请人撤回" if state is CaseState.WITHDRAWN else "符合条件"
        desk.act(replace(present, state=state, decision_note=note, decided_at=now), kind="case.withdraw", clerk=clerk("qian"))
        desk.sync()
    first.sync()
    return case


def test_what_an_authority_decided_is_chosen_whole_and_not_by_a_clerk(centre: RunningCentre, make_desk: MakeDesk) -> None:
    first, second = make_desk("li"), make_desk("zhao")
    decided_twice(first, second)
    views = open_conflicts(at_work(first))
    assert {view.conflict.field for view in views} == {"state", "decision_note"}
    assert all(view.is_decision and len(view.goes_with) == 1 for view in views)
    view = next(view for view in views if view.conflict.field == "state")
    with pytest.raises(NotAllowed):
        resolve(at_work(first), first.clerk, view.conflict.id, TAKE_YOURS, "看过卷宗")
    with pytest.raises(UserError, match="不能改写"):
        resolve(at_work(first), clerk("qian"), view.conflict.id, edited("refused"), "看过卷宗")
    done = resolve(at_work(first), clerk("qian"), view.conflict.id, TAKE_YOURS, "看过卷宗")
    assert len(done.conflicts) == 2
    assert first.sync().problem is None
    (case,) = at_centre(centre, Case)
    assert (case.state, case.decision_note) == (CaseState.DECIDED, "符合条件")
    assert open_conflicts(at_work(first)) == []


def test_the_side_that_issued_a_permit_does_not_lose_while_the_permit_is_in_force(make_desk: MakeDesk) -> None:
    first, second = make_desk("li"), make_desk("zhao")
    case = first.accept("JS-26-0000002")
    first.sync()
    second.sync()
    permit = Permit(id=new_id(), resident_id=case.resident_id, case_id=case.id, issued_on=date(2026, 3, 2), station_code=case.station_code)
    first.act(replace(need(first, case.id), state=CaseState.WITHDRAWN), kind="case.withdraw")
    second.act(replace(need(second, case.id), state=CaseState.DECIDED, permit_id=permit.id), permit, kind="permit.decide")
    for desk in (first, second):
        desk.sync()
    conflict_id = only_conflict(second).conflict.id
    with pytest.raises(UserError, match="证还有效"):
        resolve(at_work(second), second.clerk, conflict_id, TAKE_THEIRS, "本人撤回在先")
    second.act(replace(permit, version=1, cancelled_on=date(2026, 3, 2)), kind="permit.decide")
    resolve(at_work(second), second.clerk, conflict_id, TAKE_THEIRS, "本人撤回在先")
    assert need(second, case.id).state is CaseState.WITHDRAWN


def need(desk: WorkingDesk, case_id: str) -> Case:
    """The case as the desk has it."""
    found = desk.get(Case, case_id)
    assert found is not None
    return found


def test_the_centre_takes_a_conflict_from_no_desk_and_no_decision_of_the_wrong_kind(centre: RunningCentre, make_desk: MakeDesk) -> None:
    first, second = make_desk("li"), make_desk("qian")
    disputed(first, second)
    conflict = only_conflict(second).conflict
    decided = replace(conflict, state=ConflictState.RESOLVED, chosen=YOURS)
    second.act(decided, kind="registration.change")
    second.act(replace(conflict, id="made-up"), kind="conflict.resolve")
    status = second.sync()
    assert status.problem is None
    assert last_answer(second)[0] == Outcome.QUARANTINED.value
    assert [entry.state for entry in at_centre(centre, FieldConflict)] == [ConflictState.OPEN]
