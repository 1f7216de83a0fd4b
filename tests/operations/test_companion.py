"""随身宝: nothing before a recorded consent; each topic with source and age; what can be had, why, and what is missing by when."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import msgspec
import pytest

from nbcase.domain.action import Action
from nbcase.domain.case import HandedIn
from nbcase.domain.clerk import Clerk
from nbcase.domain.clock import SetClock
from nbcase.domain.errors import UserError
from nbcase.domain.permit import Permit
from nbcase.domain.resident import Resident
from nbcase.domain.service import Service
from nbcase.items.item import Present
from nbcase.items.policy import KNOWN, Apply
from nbcase.operations.accept import Request, accept
from nbcase.operations.booklet import booklet_pdf, booklet_values
from nbcase.operations.call_list import call_lists
from nbcase.operations.companion import Companion, companion, consent_of, give_consent
from nbcase.operations.desk import Desk
from nbcase.operations.matching import Match, Use, policy_facts, row_holds
from nbcase.operations.offers import present_standing
from nbcase.operations.outbox import outbox_rows
from nbcase.store.desk_database import writing
from nbcase.store.records import Record
from nbcase.store.shelf import Shelf
from tests.parts.counter import Counter, counter_for  # noqa: F401 - the fixture
from tests.parts.scores import ROWS, score_of


@pytest.fixture
def resident_id(desk: Desk, clerk: Clerk, clock: SetClock, answers: dict[str, str]) -> str:
    """李𬭎, registered 200 days ago, at work."""
    now = clock.at
    clock.at = now - timedelta(days=200)
    identity = HandedIn(code="identity", how="card")
    request = Request(item_code="residence_registration", situation_code="new", answers=answers, materials=(identity,))
    accepted = accept(desk, clerk, request)
    clock.at = now
    return accepted.case.resident_id


def keep(desk: Desk, *records: Record) -> None:
    with writing(desk.engine) as connection:
        for record in records:
            Shelf(connection).write(record)


def permit_of(resident_id: str, issued_on: date = date(2026, 8, 1)) -> Permit:
    return Permit(id="p", resident_id=resident_id, case_id="c", issued_on=issued_on, station_code="330211-01")


def looked_at(desk: Desk, clerk: Clerk, resident_id: str) -> Companion:
    give_consent(desk, clerk, resident_id, "apply")
    return companion(desk, resident_id)


def by_code(found: Companion) -> dict[str, Match]:
    return {match.policy.code: match for match in found.matches}


def test_nothing_is_shown_before_a_consent_and_the_consent_is_an_act(desk: Desk, clerk: Clerk, clock: SetClock, resident_id: str) -> None:
    with pytest.raises(UserError) as caught:
        companion(desk, resident_id)
    assert "同意" in caught.value.what
    assert "没有显示" in caught.value.safe
    consent = give_consent(desk, clerk, resident_id, "apply")
    assert companion(desk, resident_id).consent == consent == consent_of(desk, resident_id)
    action: Action = outbox_rows(desk, waiting=True)[-1].action
    assert (action.kind, action.clerk_id, action.record_id) == ("companion.consent", clerk.id, consent.id)
    assert action.changes[0].fields["purpose_code"] == (None, "apply")
    clock.advance(timedelta(days=1))
    assert consent_of(desk, resident_id) is None, "it holds on its day"


def test_a_child_needs_the_guardian_whose_name_is_kept(desk: Desk, clerk: Clerk, resident_id: str) -> None:
    parent = present_standing(desk, resident_id).resident
    child = replace(parent, id="child", document_number="330299201805020018", name="李小禾", birth_on=date(2018, 5, 2), phone=None)
    keep(desk, child)
    with pytest.raises(UserError) as caught:
        give_consent(desk, clerk, "child", "own_view")
    assert "监护人" in caught.value.what
    assert consent_of(desk, "child") is None
    keep(desk, replace(child, guardian_name=parent.name, guardian_number=parent.document_number))
    assert give_consent(desk, clerk, "child", "own_view").guardian_name == parent.name
    found = companion(desk, "child")
    assert found.guardian is not None
    assert found.guardian.id == parent.id
    assert [one.id for one in looked_at(desk, clerk, resident_id).children] == ["child"]


def test_every_topic_has_source_month_and_age_and_a_gap_is_seen(desk: Desk, clerk: Clerk, resident_id: str) -> None:
    before = looked_at(desk, clerk, resident_id)
    assert all(known.rows == () and known.month == "" for known in before.known)
    keep(desk, score_of(before.resident))
    known = {one.topic: one for one in companion(desk, resident_id).known}
    assert known["education"].rows == ("2012-06-30 · 大专（高职）",)
    assert (known["social_insurance"].department, known["social_insurance"].month, known["social_insurance"].age) == ("人社", "2026-10", 1)
    assert known["social_insurance"].holding == 1
    assert known["medical_insurance"].rows == ()
    assert known["medical_insurance"].department == "人社"
    for topic in ("provident_fund", "health_code"):
        assert known[topic].department == "", "nobody delivers it, and nothing is made up"


def test_what_ended_before_the_month_of_its_data_holds_no_more(desk: Desk, clerk: Clerk, resident_id: str) -> None:
    resident = present_standing(desk, resident_id).resident
    row = ROWS["insurance"][0]
    ended = {**ROWS, "insurance": [{**row, "last_month": row["last_month"] - 1}]}
    for rows, holds in ((ROWS, True), (ended, False)):
        keep(desk, score_of(resident, rows))
        present = present_standing(desk, resident_id)
        assert (KNOWN + "social_insurance" in policy_facts(present, 0, desk.today())) is holds
    assert row_holds({"first_on": "2024-03-01", "last_on": None}, "2026-10")
    assert not row_holds({"last_on": "2026-09-30"}, "2026-10")


def test_what_can_be_had_says_the_clause_and_the_facts_that_met_it(desk: Desk, clerk: Clerk, resident_id: str) -> None:
    found = by_code(looked_at(desk, clerk, resident_id))
    first = found["first_permit"]
    assert first.use is Use.CAN
    assert first.policy.basis == "居住证暂行条例 第二十一条"
    assert [check.key for check in first.met] == ["half_year", "never_had_one"]
    assert "天" in first.met[0].detail
    assert found["union_joining"].use is Use.CAN, "the proof of work is asked for at the counter"
    assert found["legal_aid_wages"].use is Use.ASK, "only the person knows of a claim"
    assert found["culture_sports"].use is Use.MISSING
    assert "先申领居住证" in found["culture_sports"].missing[0]
    assert next(iter(found.values())).use is Use.CAN, "what can be had comes first"


def test_what_is_missing_says_from_when_it_can_be_had(desk: Desk, clerk: Clerk, resident_id: str, clock: SetClock) -> None:
    clock.advance(timedelta(days=-100))
    match = by_code(looked_at(desk, clerk, resident_id))["first_permit"]
    assert match.use is Use.MISSING
    assert "满 6 个月是 2026-11-08" in match.missing[0]


def test_a_permit_in_its_window_has_a_last_day_and_one_in_use_is_not_proposed(desk: Desk, clerk: Clerk, resident_id: str) -> None:
    keep(desk, permit_of(resident_id, date(2025, 12, 10)))
    found = by_code(looked_at(desk, clerk, resident_id))
    assert (found["endorsement"].use, found["endorsement"].by) == (Use.CAN, date(2026, 12, 9))
    assert next(iter(found)) == "endorsement", "what ends first stands first"
    assert found["first_permit"].use is Use.MISSING
    assert found["culture_sports"].use is Use.CAN
    held = Service(
        id="s", item_code="library_card", resident_id=resident_id, case_id="c", began_on=date(2026, 9, 1), station_code="330211-01"
    )
    keep(desk, held)
    page = companion(desk, resident_id)
    assert by_code(page)["culture_sports"].use is Use.USED
    assert [(name, day) for name, day in page.services] == [(desk.items.item(held.item_code).name.text, date(2026, 9, 1))]


def test_what_is_under_way_is_not_proposed_again(desk: Desk, clerk: Clerk, resident_id: str) -> None:
    answers = {"ground": "employment", "phone": "19900005061", "employer": "宁波云帆注塑有限公司", "occupation_code": "05"}
    materials = (HandedIn(code="identity", how="card"), HandedIn(code="job_proof", how="scan"))
    request = Request(item_code="residence_permit", situation_code="apply", answers=answers, materials=materials, resident_id=resident_id)
    number = accept(desk, clerk, request).case.number
    match = by_code(looked_at(desk, clerk, resident_id))["first_permit"]
    assert match.use is Use.UNDERWAY
    assert number in match.missing[0]


def test_a_new_policy_finds_its_people_at_the_next_run(desk: Desk, clerk: Clerk, resident_id: str) -> None:
    shipped = desk.policies["union_joining"]
    assert "sample" not in {one.policy.code for one in call_lists(desk, clerk)}
    new = type(shipped)(
        code="sample",
        name=shipped.name,
        gives=shipped.gives,
        basis="样例 第一条",
        from_on=desk.today(),
        conditions=shipped.conditions,
        apply=Apply(item="union_membership.begin"),
        is_sample=True,
    )
    later = replace(desk, policies={**desk.policies, "sample": new})
    found = {one.policy.code: one for one in call_lists(later, clerk)}["sample"]
    assert [(call.resident.id, call.phone) for call in found.calls] == [(resident_id, "19900005061")]
    assert "宁波云帆注塑有限公司" in found.calls[0].match.met[0].detail


def test_a_policy_that_asks_what_departments_know_makes_no_list_without_consent(desk: Desk, clerk: Clerk, resident_id: str) -> None:
    shipped = desk.policies["union_joining"]
    first = shipped.conditions[0]
    asking = msgspec.structs.replace(first, key="schooled", test=Present(fact=KNOWN + "education"))
    new = msgspec.structs.replace(shipped, code="sample", conditions=(asking,))
    later = replace(desk, policies={"sample": new})
    assert call_lists(later, clerk) == ()


def test_the_list_of_the_station_is_what_each_page_says(counter_for: Callable[..., Counter]) -> None:  # noqa: F811
    counter = counter_for(people=80)
    desk, clerk = counter.desk, counter.clerk.record
    lists = {one.policy.code: {call.resident.id for call in one.calls} for one in call_lists(desk, clerk)}
    assert sum(map(len, lists.values())) > 40
    people: dict[str, Resident] = {call.resident.id: call.resident for one in call_lists(desk, clerk) for call in one.calls}
    for resident in list(people.values())[:40]:
        if resident.birth_on is not None and resident.birth_on > date(2013, 1, 1) and not resident.guardian_name:
            continue
        page = looked_at(desk, clerk, resident.id)
        can = {match.policy.code for match in page.matches if match.use in (Use.CAN, Use.ASK)}
        assert can == {code for code, ids in lists.items() if resident.id in ids}


def test_the_booklet_tells_what_can_be_had_and_is_not_made_without_consent(desk: Desk, clerk: Clerk, resident_id: str) -> None:
    with pytest.raises(UserError):
        booklet_pdf(desk, clerk, resident_id)
    found = looked_at(desk, clerk, resident_id)
    keep(desk, score_of(found.resident))
    found = companion(desk, resident_id)
    values = booklet_values(desk, found)
    rows = {row["what"]: row for row in values["policies"]}
    assert rows["首次申领居住证免费"]["use"] == "可享"
    assert "本窗口：浙江省居住证（申领）" in rows["首次申领居住证免费"]["text"]
    assert rows["公共文化体育服务"]["use"] == "还差"
    assert "用途：申办服务和政策" in values["consent"]
    assert [row["what"] for row in values["known"] if row["topic"] == "公积金"] == ["没有部门送这类数据"]
    assert booklet_pdf(desk, clerk, resident_id).startswith(b"%PDF")


def test_what_only_changes_or_ends_something_is_not_proposed(desk: Desk, clerk: Clerk, resident_id: str) -> None:
    others = {f"{offer.item.code}.{offer.situation.code}" for offer in looked_at(desk, clerk, resident_id).others}
    assert others
    assert not others & {"residence_registration.end", "residence_registration.change", "legal_aid.apply", "residence_permit.apply"}
