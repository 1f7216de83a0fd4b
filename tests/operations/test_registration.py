"""居住登记: from a complete form to a record, a receipt and an outbox entry, or to nothing at all."""

from dataclasses import replace
from datetime import date, timedelta

import pypdfium2
import pytest
import sqlalchemy as sa

from nbcase.domain.case import CaseState, HandedIn
from nbcase.domain.clerk import Clerk
from nbcase.domain.clock import SetClock
from nbcase.domain.errors import NotAllowed, UserError
from nbcase.domain.identity import make_number
from nbcase.domain.registration import Registration, RegistrationState
from nbcase.domain.resident import Resident
from nbcase.domain.words import use_language
from nbcase.items.fields import AnswersIncomplete
from nbcase.operations.accept import ConditionsNotMet, Request, accept, examine
from nbcase.operations.desk import Desk
from nbcase.operations.drafts import DraftFile, drafts, keep_draft_file, load_draft, save_draft
from nbcase.operations.duplicates import find_duplicates
from nbcase.operations.facts import registered_since
from nbcase.operations.outbox import outbox_rows
from nbcase.operations.printing import paper
from nbcase.operations.residents import find, resident_view
from nbcase.store import tables
from nbcase.store.desk_database import reading
from nbcase.store.desk_work import read_action
from nbcase.store.shelf import Shelf

HANDED_IN = HandedIn(code="identity", how="card")


def text_of(pdf: bytes | None) -> str:
    assert pdf is not None
    with pypdfium2.PdfDocument(pdf) as document:
        return "".join(page.get_textpage().get_text_bounded() for page in document).replace(" ", "")


def request(answers: dict[str, str], **more: object) -> Request:
    materials = more.pop("materials", (HANDED_IN,))
    return Request(item_code="residence_registration", situation_code="new", answers=answers, materials=materials, **more)


def count(desk: Desk, table: sa.Table) -> int:
    with reading(desk.engine) as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def test_a_complete_form_becomes_case_person_registration_papers_and_one_waiting_action(
    desk: Desk, clerk: Clerk, answers: dict[str, str]
) -> None:
    accepted = accept(desk, clerk, request(answers))
    assert accepted.case.number == "LT-26-0000001"
    assert accepted.case.state is CaseState.DECIDED
    assert [document.kind_code for document in accepted.documents] == ["acceptance-receipt", "residence-voucher"]
    assert accepted.next == ("residence_permit.apply",)
    waiting = outbox_rows(desk, waiting=True)
    assert [row.action.record_id for row in waiting] == [accepted.case.id]
    assert {change.record_type for change in waiting[0].action.changes} == {"resident", "dwelling", "registration", "case", "document"}
    assert set(waiting[0].action.attachments) == {document.content_hash for document in accepted.documents}


def test_actions_are_gapless_and_chained(desk: Desk, clerk: Clerk, answers: dict[str, str]) -> None:
    accept(desk, clerk, request(answers))
    accept(
        desk,
        clerk,
        request({**answers, "document_number": make_number("330299", date(1990, 1, 1), 231), "name": "王芳", "birth_on": "1990-01-01"}),
    )
    with reading(desk.engine) as connection:
        actions = [
            read_action(body)
            for body in connection.execute(sa.select(tables.desk_action.c.body).order_by(tables.desk_action.c.sequence)).scalars()
        ]
    assert [action.sequence for action in actions] == [1, 2]
    assert actions[1].previous_hash == actions[0].hash


def test_a_missing_answer_is_named_and_nothing_is_written(desk: Desk, clerk: Clerk, answers: dict[str, str]) -> None:
    del answers["phone"]
    with pytest.raises(AnswersIncomplete) as caught:
        accept(desk, clerk, request(answers))
    assert [(problem.key, problem.is_missing) for problem in caught.value.problems] == [("phone", True)]
    assert count(desk, tables.desk_action) == count(desk, tables.outbox) == count(desk, tables.DESK_RECORDS["resident"]) == 0


def test_a_wrong_check_sign_is_refused(desk: Desk, clerk: Clerk, answers: dict[str, str]) -> None:
    with pytest.raises(AnswersIncomplete, match="公民身份号码"):
        accept(desk, clerk, request({**answers, "document_number": "330299199407120313"}))


def test_a_reviewer_may_not_register(desk: Desk, reviewer: Clerk, answers: dict[str, str]) -> None:
    with pytest.raises(NotAllowed):
        accept(desk, reviewer, request(answers))
    assert count(desk, tables.desk_action) == 0


def test_a_child_needs_a_guardian(desk: Desk, clerk: Clerk, answers: dict[str, str]) -> None:
    child = {**answers, "document_number": make_number("330299", date(2015, 1, 1), 231), "birth_on": "2015-01-01"}
    with pytest.raises(ConditionsNotMet) as caught:
        accept(desk, clerk, request(child))
    assert [check.key for check in caught.value.examination.failed] == ["guardian"]
    assert accept(desk, clerk, request({**child, "guardian_name": "李大海"})).case.number == "LT-26-0000001"


def test_a_number_is_not_used_up_by_a_refused_form(desk: Desk, clerk: Clerk, answers: dict[str, str]) -> None:
    accept(desk, clerk, request(answers))
    with pytest.raises(UserError, match="已登记在这个地址"):
        accept(desk, clerk, request(answers))
    other = accept(desk, clerk, request({**answers, "address": "镇海区骆驼街道锦绣里小区5幢1单元101室"}))
    assert other.case.number == "LT-26-0000002"


def test_moving_ends_the_old_registration_and_the_half_year_goes_on(
    desk: Desk, clerk: Clerk, clock: SetClock, answers: dict[str, str]
) -> None:
    accept(desk, clerk, request(answers))
    clock.advance(timedelta(days=100))
    accept(desk, clerk, request({**answers, "address": "镇海区骆驼街道锦绣里小区5幢1单元101室"}))
    with reading(desk.engine) as connection:
        found = Shelf(connection).find(Registration)
        resident = Shelf(connection).find(Resident)[0]
    assert sorted(entry.state for entry in found) == [RegistrationState.ACTIVE, RegistrationState.ENDED]
    assert registered_since(found) == date(2026, 11, 24)
    assert len(resident_view(desk, resident.id).standing.registrations) == 2


def test_the_same_person_is_found_by_number_and_by_name_with_birth_date(desk: Desk, clerk: Clerk, answers: dict[str, str]) -> None:
    accept(desk, clerk, request(answers))
    by_number = find_duplicates(
        desk, document_kind="citizen", document_number="330299199407120312", name="李鈜", birth_on=date(1994, 7, 12)
    )
    assert by_number.duplicates[0].reasons == ("证件号码相同", "姓名不同：李𬭎", "出生日期相同")
    by_name = find_duplicates(
        desk, document_kind="citizen", document_number=make_number("330299", date(1994, 7, 12), 33), name="李𬭎", birth_on=date(1994, 7, 12)
    )
    assert not by_name.duplicates[0].same_number
    assert by_name.centre_asked


def test_anyone_is_found_by_every_handle(desk: Desk, clerk: Clerk, answers: dict[str, str]) -> None:
    accept(desk, clerk, request({**answers, "name": "单砚秋"}))
    for text in (
        "单砚秋",
        "砚秋",
        "shanyan",
        "syq",
        "0312",
        "330299199407",
        "5061",
        "19900005061",
        "锦绣里",
        "3幢",
        "LT-26-0000001",
        "0000001",
    ):
        assert [hit.title for hit in find(desk, text) if hit.kind == "resident"] == ["单砚秋"], text


def test_a_draft_is_found_kept_and_gone_after_acceptance(desk: Desk, clerk: Clerk, answers: dict[str, str]) -> None:
    picture = keep_draft_file(desk, "front", b"picture", "image/jpeg")
    draft = save_draft(desk, clerk, "draft-1", "residence_registration", "new", answers, [picture])
    assert load_draft(desk, "draft-1") == draft
    assert draft.attachments == (DraftFile(role="front", hash=picture.hash, media_type="image/jpeg"),)
    assert [hit.kind for hit in find(desk, "李")] == ["draft"]
    handed_in = replace(HANDED_IN, how="scan", attachments=(picture.hash,))
    accept(desk, clerk, request(answers, draft_id="draft-1", materials=(handed_in,)))
    assert drafts(desk, clerk) == []
    assert picture.hash in outbox_rows(desk, waiting=True)[0].action.attachments


def test_a_failure_while_printing_leaves_no_half_case(
    desk: Desk, clerk: Clerk, answers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    save_draft(desk, clerk, "draft-1", "residence_registration", "new", answers)

    def fails(*args: object, **kwargs: object) -> None:
        raise UserError("纸面放不下")

    monkeypatch.setattr("nbcase.documents.render.render", fails)
    with pytest.raises(UserError, match="纸面放不下"):
        accept(desk, clerk, request(answers, draft_id="draft-1"))
    assert count(desk, tables.desk_action) == count(desk, tables.DESK_RECORDS["case"]) == count(desk, tables.DESK_RECORDS["resident"]) == 0
    assert load_draft(desk, "draft-1") is not None


def test_examining_says_what_is_missing_without_writing(desk: Desk, answers: dict[str, str]) -> None:
    examination = examine(desk, request({**answers, "phone": ""}, materials=()))
    assert [problem.key for problem in examination.problems] == ["phone"]
    assert [material.code for material in examination.missing_materials] == ["identity"]
    assert count(desk, tables.DESK_RECORDS["resident"]) == 0


def test_a_desk_with_a_receipt_printer_prints_the_narrow_receipt(desk: Desk, clerk: Clerk, answers: dict[str, str]) -> None:
    narrow = replace(desk, paper_kinds={"acceptance-receipt": "acceptance-receipt-80"})
    kinds = [document.kind_code for document in accept(narrow, clerk, request(answers)).documents]
    assert kinds == ["acceptance-receipt-80", "residence-voucher"]


def test_papers_stay_chinese_when_the_window_speaks_english(desk: Desk, clerk: Clerk, answers: dict[str, str]) -> None:
    use_language("en")
    try:
        document = accept(desk, clerk, request(answers)).documents[0]
    finally:
        use_language("zh")
    text = text_of(paper(desk, document.id))
    for words in ("居住登记（新登记）", "当场办结", "证件读取", "2026 年 11 月 24 日"):
        assert words.replace(" ", "") in text
