"""Rounds by points at a desk: what may be applied for, what may be objected to, who signs, and how a result is told."""

from dataclasses import replace
from datetime import date

import pytest

from nbcase.domain.case import Case, CaseState, HandedIn
from nbcase.domain.clerk import Clerk, Role
from nbcase.domain.errors import Conflict, NotAllowed, UserError
from nbcase.domain.identity import mask_name
from nbcase.domain.permit import Permit
from nbcase.domain.resident import Resident
from nbcase.domain.round import ChoiceResult, ListRow, ParentRule, Round, RoundPlace, RoundResult, RoundStage
from nbcase.operations.accept import Request, accept
from nbcase.operations.decide import Verdict, decide
from nbcase.operations.desk import Desk
from nbcase.operations.offers import offers
from nbcase.operations.roundpapers import round_notice_pdf, round_result_pdf
from nbcase.operations.rounds import applications_of, round_view, rounds, sign_round, tie_words, why_words
from nbcase.store.desk_database import reading, writing
from nbcase.store.records import Record
from nbcase.store.shelf import Shelf
from tests.operations.conftest import make_clerk
from tests.parts.rounds import admitted, school_request
from tests.parts.scores import score_of

ROUND = Round(
    id="round-1",
    use_code="school",
    name="样轮次",
    district_code="330211",
    period="2026 年秋季",
    opens_on=date(2026, 11, 1),
    closes_on=date(2026, 11, 30),
    scored_on=date(2026, 11, 20),
    places=(RoundPlace(name="甲小", seats=1), RoundPlace(name="乙小", seats=1)),
    grades=("1",),
    ties=("residence_months", "insurance_months", "lot"),
    lot_seed="样种子",
    notice_days=7,
    station_code="330211-01",
)


@pytest.fixture
def resident(desk: Desk) -> Resident:
    """A resident with a permit and a score, and an open round."""
    made = Resident(
        id="r-1", document_kind="citizen", document_number="330299199005020014", name="样一", birth_on=date(1990, 5, 2),
        station_code=desk.station.code,
    )  # fmt: skip
    permit = Permit(id="p-1", resident_id=made.id, case_id="c-0", issued_on=date(2026, 3, 2), station_code=made.station_code)
    put(desk, made, permit, score_of(made), ROUND)
    return made


def put(desk: Desk, *records: Record) -> None:
    with writing(desk.engine) as connection:
        for record in records:
            Shelf(connection).write(record)


def need_case(desk: Desk, case_id: str) -> Case:
    with reading(desk.engine) as connection:
        return Shelf(connection).need(Case, case_id)


def published(desk: Desk, case: Case, place: str | None = None, **fields: object) -> None:
    """The list of the round is public and says this of the case."""
    row = ListRow(order=1, name="样**", number=case.number, points=7625, place=place)
    one = replace(
        ROUND,
        stage=RoundStage.NOTICE,
        rows=(row,),
        draft_rows=(row,),
        list_hash="h1",
        published_hash="h1",
        notice_from_on=date(2026, 11, 20),
        notice_until_on=date(2026, 12, 1),
        signed_by=("顾闻笛", "沈知行"),
    )
    choice = ChoiceResult(place="甲小", why="lower_points", missing=1025, last_points=8650)
    result = RoundResult(
        id="result-1",
        round_id=one.id,
        resident_id=case.resident_id,
        case_id=case.id,
        case_number=case.number,
        name="样孩子",
        counted_id=case.resident_id,
        points=7625,
        figures={"residence_months": 59, "insurance_months": 47},
        order=1,
        place=place,
        choices=(choice,),
        list_hash="h1",
        station_code=case.station_code,
    )
    put(desk, replace(one, **fields), result)  # type: ignore[arg-type]


def test_an_application_goes_to_an_open_round_and_to_places_of_it(desk: Desk, clerk: Clerk, resident: Resident) -> None:
    case = accept(desk, clerk, school_request(resident.id, ROUND.id, "甲小", "乙小")).case
    assert case.promised_due_on is None, "no limit was published: 未配置"
    assert case.form["round"] == ROUND.id


@pytest.mark.parametrize(
    ("choices", "answers", "reason"),
    [
        (("丙小",), {}, "不在这一轮的名额里"),
        (("甲小", "甲小"), {}, "同一志愿写了两次"),
        (("甲小",), {"zone": "丙小"}, "不在这一轮的名额里"),
        (("甲小",), {"grade": "7"}, "只收：小学一年级"),
        (("甲小",), {"round": "round-2"}, "不在报名期"),
    ],
)
def test_what_the_round_does_not_know_is_refused_with_the_reason(
    desk: Desk, clerk: Clerk, resident: Resident, choices: tuple[str, ...], answers: dict[str, str], reason: str
) -> None:
    with pytest.raises(UserError, match=reason):
        accept(desk, clerk, school_request(resident.id, answers.get("round", ROUND.id), *choices, **answers))


def test_outside_its_days_a_round_takes_nobody_and_the_offer_says_so(desk: Desk, clerk: Clerk, resident: Resident) -> None:
    put(desk, replace(ROUND, closes_on=date(2026, 11, 23)))
    with pytest.raises(UserError, match="不在报名期"):
        accept(desk, clerk, school_request(resident.id, ROUND.id, "甲小"))
    obstacles = {(offer.item.code, offer.situation.code): offer.obstacle for offer in offers(desk, resident.id)}
    assert obstacles["points_school", "apply"] == "现在没有开放报名的轮次"
    assert obstacles["points_objection", "object"] == "现在没有公示中的名单"


def test_a_child_is_entered_once_and_a_second_child_besides(desk: Desk, clerk: Clerk, reviewer: Clerk, resident: Resident) -> None:
    admitted(desk, clerk, reviewer, school_request(resident.id, ROUND.id, "甲小"))
    with pytest.raises(UserError, match="已经报过名"):
        accept(desk, clerk, school_request(resident.id, ROUND.id, "乙小"))
    admitted(desk, clerk, reviewer, school_request(resident.id, ROUND.id, "乙小", child_name="样老二"))
    assert len(applications_of(desk, resident.id)) == 2


def test_the_other_parent_counts_only_where_the_district_says_so(desk: Desk, clerk: Clerk, resident: Resident) -> None:
    number = "330299199407120312"
    plain = accept(desk, clerk, school_request(resident.id, ROUND.id, "甲小", other_parent_number=number)).case
    assert "other_parent_id" not in plain.form
    put(
        desk,
        replace(ROUND, id="round-jb", district_code="330205", parent_rule=ParentRule.HIGHER),
        replace(plain, state=CaseState.WITHDRAWN),
    )
    higher = accept(desk, clerk, school_request(resident.id, "round-jb", "甲小", other_parent_number=number)).case
    assert higher.form["other_parent_id"]


def test_without_a_public_list_nothing_is_told_and_a_draft_stays_hidden(
    desk: Desk, clerk: Clerk, reviewer: Clerk, resident: Resident
) -> None:
    case = need_case(desk, admitted(desk, clerk, reviewer, school_request(resident.id, ROUND.id, "甲小")))
    assert [each.result for each in applications_of(desk, resident.id)] == [None]
    published(desk, case, published_hash="another")
    assert [each.result for each in applications_of(desk, resident.id)] == [None]
    published(desk, case)
    (found,) = applications_of(desk, resident.id)
    assert found.result is not None
    assert why_words(found.result.choices[0], found.result.points) == "名额已满：末位 86.5 分，您 76.25 分，差 10.25 分"


def object_to(desk: Desk, clerk: Clerk, resident: Resident, **answers: str) -> Case:
    request = Request(
        item_code="points_objection",
        situation_code="object",
        answers={"round": ROUND.id, "ground": "choices", "note": "志愿录错", **answers},
        materials=(HandedIn(code="identity", how="card"),),
        resident_id=resident.id,
    )
    return accept(desk, clerk, request).case


def test_an_objection_that_is_upheld_corrects_the_application_and_one_that_is_not_leaves_it(
    desk: Desk, clerk: Clerk, reviewer: Clerk, resident: Resident
) -> None:
    case = need_case(desk, admitted(desk, clerk, reviewer, school_request(resident.id, ROUND.id, "甲小")))
    with pytest.raises(UserError, match="不在公示期"):
        object_to(desk, clerk, resident)
    published(desk, case)
    with pytest.raises(UserError, match="不在这一轮的名额里"):
        object_to(desk, clerk, resident, choice_1="丙小")
    first = object_to(desk, clerk, resident, choice_1="乙小")
    assert first.promised_due_on == date(2026, 12, 1)
    decide(desk, reviewer, Verdict(case_id=first.id, decision_code="refuse", reason_codes=("as_recorded",)))
    assert need_case(desk, case.id).form["choice_1"] == "甲小"
    second = object_to(desk, clerk, resident, choice_1="乙小", choice_2="甲小")
    decide(desk, reviewer, Verdict(case_id=second.id, decision_code="approve", reason_codes=("proven",)))
    corrected = need_case(desk, case.id).form
    assert (corrected["choice_1"], corrected["choice_2"], corrected["child_name"]) == ("乙小", "甲小", "样孩子")


def test_two_people_sign_the_list_that_they_saw(desk: Desk, clerk: Clerk, reviewer: Clerk, resident: Resident) -> None:
    supervisor = make_clerk("shen", "沈知行", Role.SUPERVISOR)
    put(desk, replace(ROUND, list_hash="h1"))
    with pytest.raises(NotAllowed):
        sign_round(desk, clerk, ROUND.id, "h1")
    with pytest.raises(Conflict, match="名单已经变了"):
        sign_round(desk, reviewer, ROUND.id, "h0")
    sign_round(desk, reviewer, ROUND.id, "h1")
    assert not round_view(desk, ROUND.id).is_signed
    with pytest.raises(UserError, match="您已签过"):
        sign_round(desk, reviewer, ROUND.id, "h1")
    sign_round(desk, supervisor, ROUND.id, "h1")
    assert round_view(desk, ROUND.id).is_signed
    put(desk, replace(ROUND, list_hash="h2"))
    assert round_view(desk, ROUND.id).signatures == (), "a changed list has nobody's signature"


def test_rounds_of_the_own_district_come_first(desk: Desk, resident: Resident) -> None:
    put(desk, replace(ROUND, id="far", district_code="330205", closes_on=date(2026, 12, 30)))
    assert [one.id for one in rounds(desk)] == ["round-1", "far"]


def test_the_papers_say_what_the_page_says_with_masked_names(desk: Desk, clerk: Clerk, reviewer: Clerk, resident: Resident) -> None:
    import pypdfium2

    case = need_case(desk, admitted(desk, clerk, reviewer, school_request(resident.id, ROUND.id, "甲小")))
    with pytest.raises(UserError, match="还没有公布"):
        round_notice_pdf(desk, ROUND.id)
    published(desk, case)
    text = pypdfium2.PdfDocument(round_notice_pdf(desk, ROUND.id))[0].get_textpage().get_text_range()
    assert "样**" in text
    assert "样孩子" not in text
    assert "本程序自定" in text
    (found,) = applications_of(desk, resident.id)
    told = pypdfium2.PdfDocument(round_result_pdf(desk, clerk, found))[0].get_textpage().get_text_range()
    assert "10.25" in told
    assert "样孩子" in told


def test_the_order_of_equals_is_told_with_whose_rule_it_is() -> None:
    assert "本程序自定" in tie_words(ROUND)
    assert "样文件" in tie_words(replace(ROUND, ties_basis="样文件"))
    choice = ChoiceResult(place="甲小", why="tie", last_points=7625, tie="residence_months", tie_own=59, tie_last=60)
    assert why_words(choice, 7625) == "与末位同为 76.25 分：居住月数多者在前，您 59 个月，末位 60 个月"


@pytest.mark.parametrize(
    ("name", "masked"), [("样一", "样*"), ("样", "样"), ("样三郎", "样*郎"), ("阿依古丽·买买提", "阿***·**提"), ("李𬭎", "李*")]
)
def test_names_on_a_wall_are_masked(name: str, masked: str) -> None:
    assert mask_name(name) == masked
