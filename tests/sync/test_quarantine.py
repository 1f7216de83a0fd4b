"""What the centre did not take goes on: sent anew with a correction, or given up with a reason; the act stays on record."""

from dataclasses import replace
from datetime import date

import pytest

from nbcase.domain.case import Case, CaseState
from nbcase.domain.errors import UserError
from nbcase.domain.ids import new_id
from nbcase.domain.registration import Registration
from nbcase.domain.resident import Resident
from nbcase.operations.quarantine import QuarantineView, give_up, quarantined, resend, settled_quarantine
from nbcase.operations.transfer import proof
from nbcase.store.shelf import Shelf
from tests.parts.atwork import at_work, last_answer
from tests.parts.centres import STATIONS, RunningCentre, clerk
from tests.parts.desks import MakeDesk, WorkingDesk

NOT_STORABLE = "样\x00厂"
"""PostgreSQL keeps no NUL in a text."""


def the_only(desk: WorkingDesk, login: str | None = None) -> QuarantineView:
    """The one act in quarantine, as a clerk sees it."""
    (found,) = quarantined(at_work(desk), clerk(login) if login else desk.clerk)
    return found


def at_centre(centre: RunningCentre, record_id: str) -> Resident | None:
    """The centre's resident."""
    with centre.centre.engine.begin() as connection:
        return Shelf(connection).get(Resident, record_id)


def known_person(desk: WorkingDesk, colleague: WorkingDesk) -> Resident:
    """A resident that the centre and both desks have."""
    person = desk.resident("样知", phone="13900000000", employer="样旧厂")
    desk.act(person)
    desk.sync()
    colleague.sync()
    desk.sync()
    return person


def test_the_act_of_an_unknown_clerk_is_sent_anew_by_a_colleague(centre: RunningCentre, make_desk: MakeDesk) -> None:
    desk = make_desk("li")
    person = desk.resident("样隔", phone="13900000000")
    former = desk.act(person, clerk=replace(clerk("li"), id="clerk-gone"), files=(b"scan",))
    assert desk.sync().quarantined == 1
    view = the_only(desk)
    assert "经办人不属于本受理点" in view.row.reason
    assert view.can_resend
    stranger = quarantined(at_work(desk), replace(clerk("li"), id="clerk-gone"))[0].still_wrong
    assert stranger is not None
    assert "人员名单" in str(stranger)
    with pytest.raises(UserError, match="岗位不能做这一步"):
        resend(at_work(desk), clerk("zhao"), former.id, {})
    action = resend(at_work(desk), desk.clerk, former.id, {}).action
    status = desk.sync()
    assert (status.quarantined, status.waiting, status.is_equal) == (0, 0, True)
    assert last_answer(desk) == ("accepted", ())
    assert at_centre(centre, person.id) == desk.get(Resident, person.id) == replace(person, version=1)
    (settled,) = settled_quarantine(at_work(desk))
    assert (settled.action.hash, settled.resent_by) == (former.hash, action.id)
    assert action.attachments == former.attachments
    assert proof(at_work(desk)).is_gapless
    with pytest.raises(UserError, match="已不在隔离里"):
        resend(at_work(desk), desk.clerk, former.id, {})


def test_a_record_of_another_station_is_mended_without_a_question(centre: RunningCentre, make_desk: MakeDesk) -> None:
    desk = make_desk("li")
    person = desk.resident("样站", station_code=STATIONS[1].code)
    former = desk.act(person)
    desk.sync()
    assert the_only(desk).suggested == {("resident", person.id, "station_code"): STATIONS[0].code}
    resend(at_work(desk), desk.clerk, former.id, {})
    desk.sync()
    found = at_centre(centre, person.id)
    assert found is not None
    assert found.station_code == STATIONS[0].code
    assert found == desk.get(Resident, person.id)


def test_a_value_that_cannot_be_kept_is_named_and_corrected(centre: RunningCentre, make_desk: MakeDesk) -> None:
    desk, colleague = make_desk("li"), make_desk("qian")
    person = known_person(desk, colleague)
    former = desk.change(person, employer=NOT_STORABLE, phone="13911111111")
    desk.sync()
    problem = the_only(desk).still_wrong
    assert problem is not None
    assert "服务处所" in problem.what
    with pytest.raises(UserError, match="服务处所"):
        resend(at_work(desk), desk.clerk, former.id, {})
    place = ("resident", person.id, "employer")
    with pytest.raises(UserError, match="不能保存的字符"):
        resend(at_work(desk), desk.clerk, former.id, {place: "另\x00厂"})
    resend(at_work(desk), desk.clerk, former.id, {place: " 样新厂 "})
    shown = desk.get(Resident, person.id)
    assert shown is not None
    assert (shown.employer, shown.phone) == ("样新厂", "13911111111")
    desk.sync()
    assert last_answer(desk) == ("accepted", ())
    assert at_centre(centre, person.id) == desk.get(Resident, person.id)


def test_what_changed_meanwhile_collides_instead_of_being_overwritten(centre: RunningCentre, make_desk: MakeDesk) -> None:
    desk, colleague = make_desk("li"), make_desk("qian")
    person = known_person(desk, colleague)
    former = desk.change(person, employer=NOT_STORABLE, phone="13911111111")
    desk.sync()
    colleague.change(person, phone="13922222222")
    colleague.sync()
    desk.sync()
    resend(at_work(desk), desk.clerk, former.id, {("resident", person.id, "employer"): "样新厂"})
    desk.sync()
    assert last_answer(desk) == ("conflict", ("resident.phone",))
    found = at_centre(centre, person.id)
    assert found is not None
    assert (found.phone, found.employer) == ("13922222222", "样新厂")
    assert desk.get(Resident, person.id) == found


def test_an_act_that_goes_on_from_another_quarantined_one_waits_for_it(make_desk: MakeDesk) -> None:
    desk = make_desk("li")
    person = desk.resident("样接", employer=NOT_STORABLE)
    first = desk.act(person)
    second = desk.change(person, phone="13911111111")
    desk.sync()
    with pytest.raises(UserError, match="接着第 1 号操作"):
        resend(at_work(desk), desk.clerk, second.id, {})
    resend(at_work(desk), desk.clerk, first.id, {("resident", person.id, "employer"): "样厂"})
    resend(at_work(desk), desk.clerk, second.id, {})
    assert desk.sync().quarantined == 0
    found = desk.get(Resident, person.id)
    assert found is not None
    assert (found.employer, found.phone, found.version) == ("样厂", "13911111111", 2)


def test_what_is_given_up_shows_the_centres_values_again(centre: RunningCentre, make_desk: MakeDesk) -> None:
    desk, colleague = make_desk("li"), make_desk("qian")
    person = known_person(desk, colleague)
    former = desk.change(person, employer=NOT_STORABLE, phone="13911111111")
    desk.sync()
    with pytest.raises(UserError, match="为什么放弃"):
        give_up(at_work(desk), desk.clerk, former.id, " ")
    done = give_up(at_work(desk), desk.clerk, former.id, "本人来电，不改了")
    assert not done.reads_again
    assert desk.get(Resident, person.id) == at_centre(centre, person.id)
    colleague.change(person, phone="13922222222")
    colleague.sync()
    assert desk.sync().quarantined == 0
    assert desk.get(Resident, person.id) == at_centre(centre, person.id)
    (settled,) = settled_quarantine(at_work(desk))
    assert (settled.given_up_because, settled.given_up_by_name) == ("本人来电，不改了", desk.clerk.name)
    assert settled.action.hash == former.hash


def test_where_the_centre_went_on_the_desk_reads_again_instead_of_guessing(centre: RunningCentre, make_desk: MakeDesk) -> None:
    desk, colleague = make_desk("li"), make_desk("qian")
    person = known_person(desk, colleague)
    former = desk.change(person, employer=NOT_STORABLE, phone="13911111111")
    desk.sync()
    colleague.change(person, phone="13911111111")
    colleague.sync()
    desk.sync()
    shown = desk.get(Resident, person.id)
    assert give_up(at_work(desk), desk.clerk, former.id, "不改了").reads_again
    assert desk.get(Resident, person.id) == shown
    desk.sync()
    found = at_centre(centre, person.id)
    assert found is not None
    assert (found.phone, found.employer) == ("13911111111", "样旧厂")
    assert desk.get(Resident, person.id) == found


def test_a_case_that_never_arrived_stays_to_be_found_but_has_no_effect(make_desk: MakeDesk) -> None:
    desk = make_desk("li")
    person = desk.resident("样弃", employer=NOT_STORABLE)
    case = Case(
        id=new_id(),
        number="JS-26-0000007",
        item_code="residence_registration",
        situation_code="new",
        resident_id=person.id,
        applicant_name=person.name,
        state=CaseState.DECIDED,
        step_code="register",
        accepted_at=desk.clock.now(),
        accepted_by=desk.clerk.id,
        station_code=person.station_code,
    )
    registration = Registration(
        id=new_id(),
        resident_id=person.id,
        dwelling_id=new_id(),
        case_id=case.id,
        declared_on=date(2026, 3, 2),
        station_code=person.station_code,
    )
    former = desk.act(case, person, registration)
    desk.sync()
    give_up(at_work(desk), desk.clerk, former.id, "已按新的一件受理")
    kept = desk.get(Case, case.id)
    assert kept is not None
    assert (kept.number, kept.state, kept.decision_note) == ("JS-26-0000007", CaseState.WITHDRAWN, "已按新的一件受理")
    assert desk.get(Registration, registration.id) is None
    assert desk.get(Resident, person.id) == person
    assert settled_quarantine(at_work(desk))[0].action.hash == former.hash


def test_what_a_later_act_changed_is_not_undone(make_desk: MakeDesk) -> None:
    desk, colleague = make_desk("li"), make_desk("qian")
    person = known_person(desk, colleague)
    former = desk.change(person, employer=NOT_STORABLE)
    desk.sync()
    desk.change(person, employer="样后来厂")
    give_up(at_work(desk), desk.clerk, former.id, "已另行更正")
    found = desk.get(Resident, person.id)
    assert found is not None
    assert found.employer == "样后来厂"
