"""积分 at a desk: the centre's score made again from its rows, for any day, and changed by what a reviewer accepted."""

from dataclasses import replace
from datetime import date

import pytest

from nbcase.domain.case import HandedIn
from nbcase.domain.clerk import Clerk
from nbcase.domain.errors import UserError
from nbcase.domain.permit import Permit
from nbcase.domain.resident import Resident
from nbcase.domain.score import Score
from nbcase.operations.accept import Request, accept
from nbcase.operations.decide import Verdict, decide
from nbcase.operations.desk import Desk
from nbcase.operations.drafts import keep_draft_file
from nbcase.operations.points import LineState, LineView, PointsView, points_sheet_pdf, points_view
from nbcase.store.desk_database import writing
from nbcase.store.shelf import Shelf
from tests.parts.scores import score_of


@pytest.fixture
def resident(desk: Desk) -> Resident:
    """A resident with a permit and a score."""
    made = Resident(
        id="r-1", document_kind="citizen", document_number="330299199005020014", name="样一", birth_on=date(1990, 5, 2),
        station_code=desk.station.code,
    )  # fmt: skip
    permit = Permit(
        id="p-1", resident_id=made.id, case_id="c-0", issued_on=date(2026, 3, 2), grounds=("dwelling",), station_code="330211-01"
    )
    put(desk, made, permit, score_of(made))
    return made


def put(desk: Desk, *records: Resident | Permit | Score) -> None:
    with writing(desk.engine) as connection:
        for record in records:
            Shelf(connection).write(record)


def line(view: PointsView, code: str) -> LineView:
    return next(each for each in view.lines if each.line.indicator.code == code)


def claim(desk: Desk, clerk: Clerk, resident: Resident, situation: str = "review", **answers: str) -> str:
    """A case for a line, with a scan of the proof."""
    file = keep_draft_file(desk, "points_proof", b"scan", "image/jpeg")
    given = (
        HandedIn(code="identity", how="card"),
        HandedIn(code="points_notice", how="confirmed"),
        HandedIn(code="points_proof", how="scan", attachments=(file.hash,)),
    )
    request = Request(item_code="points_application", situation_code=situation, answers=answers, materials=given, resident_id=resident.id)
    return accept(desk, clerk, request).case.id


def test_the_desk_makes_the_centres_hash_out_of_the_rows_and_says_when_it_cannot(desk: Desk, resident: Resident) -> None:
    view = points_view(desk, resident.id)
    assert view.sheet is not None
    assert (view.agrees, view.sheet.total, view.data_until) == (True, 7625, "2026-10")
    tampered = score_of(resident)
    rows = {**tampered.records, "education": [{"level_code": "bachelor", "awarded_on": "2012-06-30"}]}
    put(desk, replace(tampered, records=rows))
    assert not points_view(desk, resident.id).agrees


def test_each_line_says_its_fact_its_rows_and_what_adds_points_by_when(desk: Desk, resident: Resident) -> None:
    view = points_view(desk, resident.id)
    insurance = line(view, "insurance")
    assert (insurance.fact, insurance.working, insurance.line.points) == ("47 个月", "47 × 0.5 = 23.5", 2350)
    assert [row.words for row in insurance.evidence] == ["2022-12 至 2026-10 · 养老保险 · 宁波"]
    assert insurance.step is not None
    assert insurance.step.by_on is None
    residence = line(view, "residence")
    assert residence.step is not None
    assert (residence.step.at, residence.step.by_on) == (60, date(2026, 12, 19))
    assert line(view, "education").fact == "大专（高职）"
    states = {each.line.indicator.code: each.state for each in view.lines}
    assert (states["skill"], states["housing"], states["tax"]) == (LineState.NO_DATA, LineState.SCORED, LineState.UNCONFIGURED)


def test_a_past_day_is_scored_as_of_that_day_and_the_difference_is_said_line_by_line(desk: Desk, resident: Resident) -> None:
    view = points_view(desk, resident.id, date(2025, 11, 24))
    assert line(view, "insurance").line.points == 1800
    assert line(view, "insurance").difference == 1800 - 2350
    assert view.difference == sum(each.difference for each in view.lines)


def test_a_day_before_the_catalogue_has_no_lines(desk: Desk, resident: Resident) -> None:
    view = points_view(desk, resident.id, date(2020, 1, 1))
    assert view.sheet is not None
    assert (view.lines, view.sheet.total) == ((), 0)


def test_without_a_score_the_view_says_so(desk: Desk, resident: Resident) -> None:
    other = replace(resident, id="r-2")
    put(desk, other)
    view = points_view(desk, other.id)
    assert (view.sheet, view.score) == (None, None)


def test_an_accepted_claim_is_evidence_from_its_day_on_and_a_refused_one_is_not(
    desk: Desk, clerk: Clerk, reviewer: Clerk, resident: Resident
) -> None:
    answers = {"indicator": "insurance", "claim": "insurance.zhejiang", "from_on": "2022-01-01", "until_on": "2022-06-30"}
    case_id = claim(desk, clerk, resident, **answers)
    assert line(points_view(desk, resident.id), "insurance").line.points == 2350
    refused = decide(desk, reviewer, Verdict(case_id=case_id, decision_code="refuse", reason_codes=("not_proven",)))
    assert not points_view(desk, resident.id).claims
    assert refused.case.promised_due_on == date(2026, 12, 1)
    again = claim(desk, clerk, resident, **answers)
    decide(desk, reviewer, Verdict(case_id=again, decision_code="approve", reason_codes=("proven",)))
    view = points_view(desk, resident.id)
    assert line(view, "insurance").line.points == 2650
    assert view.agrees, "what people decide here does not put the centre's rows in question"
    assert any(row.claim is not None and row.source.startswith("经审核 2026-11-24（LT-26-") for row in line(view, "insurance").evidence)
    assert line(points_view(desk, resident.id, date(2026, 11, 23)), "insurance").line.points == 2350
    # And when the centre's next run has counted it, the hashes are equal again.
    assert view.sheet is not None
    assert view.score is not None
    put(desk, replace(view.score, on=desk.today(), hash=view.sheet.hash, total=view.sheet.total))
    assert points_view(desk, resident.id).agrees


def test_a_day_before_the_data_says_that_it_is_made_of_later_ones(desk: Desk, resident: Resident) -> None:
    assert points_view(desk, resident.id).data_words == "数据截至 2026-10"
    assert "不是当时的结果" in points_view(desk, resident.id, date(2026, 9, 30)).data_words


def test_a_claim_that_does_not_belong_to_its_line_is_not_taken(desk: Desk, clerk: Clerk, resident: Resident) -> None:
    with pytest.raises(UserError, match="不属于这项指标"):
        claim(desk, clerk, resident, indicator="skill", claim="education.college", from_on="2022-01-01")
    with pytest.raises(UserError, match="起止日期不对"):
        claim(desk, clerk, resident, indicator="skill", claim="certificate.level_3", from_on="2027-01-01")


def test_the_sheet_prints_on_one_page(desk: Desk, clerk: Clerk, resident: Resident) -> None:
    import pypdfium2

    document = pypdfium2.PdfDocument(points_sheet_pdf(desk, clerk, resident.id))
    assert len(document) == 1
    text = document[0].get_textpage().get_text_range()
    assert "样一" in text
    assert "23.5" in text
