"""办理 without a window: defaults, ways to have a material, drafts, acceptance, completion; always a real desk database."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from nbcase.domain.case import CaseState
from nbcase.domain.errors import DeviceError
from nbcase.items.checks import Check
from nbcase.operations.cases import case_detail, review_queue
from nbcase.operations.decide import Verdict, decide
from nbcase.operations.drafts import drafts
from nbcase.operations.facts import Standing
from nbcase.operations.offers import Offer, present_standing
from tests.parts.counter import Counter
from tests.parts.residents import CardOnReader, able_to_apply, with_permit
from ui.pages.handle.presenter import HandlePresenter
from ui.pages.handle.work import Done, Head, MaterialRow


class FakePage:
    """Keeps what it is told; the test writes the answers."""

    def __init__(self) -> None:
        self.given: dict[str, Any] = {}
        self.offered: Sequence[Offer] = ()
        self.head: Head | None = None
        self.materials: dict[str, MaterialRow] = {}
        self.missing: list[str] = []
        self.can_accept = False
        self.problems: dict[str, str] = {}
        self.saved = ""
        self.done: Done | None = None
        self.until: Callable[[str], None] | None = None

    def show_offers(self, standing: Standing, found: Sequence[Offer]) -> None:
        self.offered = found

    def show_form(self, head: Head, answers: Mapping[str, Any]) -> None:
        self.head = head
        self.given = {field.key: answers.get(field.key, "") for field in head.situation.fields()}

    def show_materials(self, rows: Sequence[MaterialRow]) -> None:
        self.materials = {row.material.code: row for row in rows}

    def show_examination(self, checks: tuple[Check, ...], missing: Sequence[str], *, can_accept: bool) -> None:
        self.missing, self.can_accept = list(missing), can_accept

    def show_problems(self, found: Mapping[str, str]) -> None:
        self.problems = dict(found)

    def show_saved(self, text: str) -> None:
        self.saved = text

    def show_busy(self, on: bool) -> None:
        self.busy = on

    def show_done(self, done: Done) -> None:
        self.done = done

    def ask_until(self, proposed: date, then: Callable[[str], None]) -> None:
        self.proposed, self.until = proposed, then

    def answers(self) -> dict[str, Any]:
        return dict(self.given)


@pytest.fixture
def counter(counter_for: Callable[..., Counter]) -> Counter:
    return counter_for(people=150)


@pytest.fixture
def view() -> FakePage:
    return FakePage()


@pytest.fixture
def presenter(view: FakePage, counter: Counter) -> HandlePresenter:
    return HandlePresenter(view, counter)


def test_without_a_situation_the_possible_ones_are_offered(presenter: HandlePresenter, view: FakePage, counter: Counter) -> None:
    presenter.open(resident_id=with_permit(counter, "to_endorse").id)
    assert "endorse" in [offer.situation.code for offer in view.offered if not offer.obstacle]


def test_an_endorsement_lacks_only_the_card(presenter: HandlePresenter, view: FakePage, counter: Counter) -> None:
    resident = with_permit(counter, "to_endorse")
    presenter.open(resident_id=resident.id, item_code="residence_permit", situation_code="endorse")
    assert view.given["ground"] == present_standing(counter.desk, resident.id).permit.grounds[0]  # type: ignore[union-attr]
    assert view.missing == ["居民身份证"]
    counter.reader = CardOnReader(resident.name, resident.document_number)
    presenter.read_card()
    assert view.missing == []
    assert view.can_accept
    presenter.accept()
    assert view.done is not None
    assert view.done.is_decided
    assert [document.kind_code for document in view.done.documents] == ["endorsement-slip"]
    assert [job.state for job in view.done.jobs] == ["printed"]
    assert not counter.troubles
    assert "endorsement" in counter.changed[0]
    assert drafts(counter.desk, counter.clerk.record) == []


def test_another_persons_card_is_refused_and_nothing_changes(presenter: HandlePresenter, view: FakePage, counter: Counter) -> None:
    resident = with_permit(counter, "to_endorse")
    presenter.open(resident_id=resident.id, item_code="residence_permit", situation_code="endorse")
    counter.reader = CardOnReader("样他", "330299199001011234")
    presenter.read_card()
    assert "不是" + resident.name in str(counter.troubles[0])
    assert view.materials["identity"].how == ""


def test_a_desk_without_a_reader_says_what_to_do_instead(presenter: HandlePresenter, counter: Counter) -> None:
    presenter.open(resident_id=with_permit(counter, "to_endorse").id, item_code="residence_permit", situation_code="endorse")
    presenter.read_card()
    assert isinstance(counter.troubles[0], DeviceError)
    assert "Alt+1" in counter.troubles[0].do


def test_a_form_that_was_only_looked_at_leaves_no_draft(presenter: HandlePresenter, view: FakePage, counter: Counter) -> None:
    presenter.open(resident_id=with_permit(counter, "to_endorse").id, item_code="residence_permit", situation_code="endorse")
    presenter.field_left()
    assert drafts(counter.desk, counter.clerk.record) == []
    assert view.saved == ""


def test_a_draft_brings_back_answers_materials_and_date(view: FakePage, counter: Counter) -> None:
    resident = able_to_apply(counter)
    first = HandlePresenter(FakePage(), counter)
    page = first._view
    first.open(resident_id=resident.id, item_code="residence_permit", situation_code="apply")
    page.given["ground"] = "employment"  # type: ignore[attr-defined]
    page.given["phone"] = "19900001234"  # type: ignore[attr-defined]
    first.field_left()
    first.cycle(1)
    first.cycle(3)
    first.cycle(3)
    page.until("2026-12-01")  # type: ignore[attr-defined]
    (draft,) = drafts(counter.desk, counter.clerk.record)
    assert draft.title == resident.name
    HandlePresenter(view, counter).open(draft_id=draft.id)
    assert view.given["phone"] == "19900001234"
    assert view.materials["identity"].how == "confirmed"
    assert (view.materials["job_proof"].how, view.materials["job_proof"].until_on) == ("deferred", date(2026, 12, 1))


def test_a_paper_may_follow_only_by_a_real_day_soon(presenter: HandlePresenter, view: FakePage, counter: Counter) -> None:
    presenter.open(resident_id=able_to_apply(counter).id, item_code="residence_permit", situation_code="apply")
    view.given["ground"] = "employment"
    presenter.field_left()
    presenter.cycle(3)
    presenter.cycle(3)
    assert view.proposed == date(2026, 12, 1), "five working days"
    for day in ("2026-11-24", "morgen", "2028-01-01"):
        view.until(day)  # type: ignore[misc]
    assert len(counter.troubles) == 3
    assert view.materials["job_proof"].how == "shared"


def test_a_scan_is_kept_and_handed_in_and_other_files_are_refused(
    presenter: HandlePresenter, view: FakePage, counter: Counter, tmp_path: Path
) -> None:
    presenter.open(resident_id=able_to_apply(counter).id, item_code="residence_permit", situation_code="apply")
    view.given["ground"] = "employment"
    presenter.field_left()
    picture, text = tmp_path / "scan.jpg", tmp_path / "notes.jpg"
    picture.write_bytes(b"\xff\xd8\xff scan")
    text.write_bytes(b"hello")
    presenter.add_file(3, picture)
    assert (view.materials["job_proof"].how, view.materials["job_proof"].files) == ("scan", 1)
    presenter.add_file(3, text)
    assert "不是 JPEG" in str(counter.troubles[0])
    presenter.add_file(3, tmp_path / "nothing.pdf")
    assert "打不开" in str(counter.troubles[1])


def test_a_wrong_answer_is_told_and_does_not_stop_the_checks(presenter: HandlePresenter, view: FakePage, counter: Counter) -> None:
    presenter.open(resident_id=with_permit(counter, "normal").id, item_code="residence_registration", situation_code="end")
    view.given["ended_on"] = "昨天"
    presenter.field_left()
    assert any("不是日期" in text for text in view.missing)
    presenter.accept()
    assert "ended_on" in view.problems
    assert counter.troubles


def test_what_is_missing_is_told_once_on_paper(presenter: HandlePresenter, counter: Counter) -> None:
    presenter.open(resident_id=able_to_apply(counter).id, item_code="residence_permit", situation_code="apply")
    presenter.tell_missing()
    (paper,) = (counter.folder / "printed").iterdir()
    assert paper.read_bytes().startswith(b"%PDF")
    assert "一次性告知书" in paper.name
    assert counter.notices[0].kind == "success"


def test_a_case_that_waits_for_materials_goes_on_when_they_are_there(presenter: HandlePresenter, view: FakePage, counter: Counter) -> None:
    clerk, reviewer = counter.clerk, counter.signed_in_as("reviewer")
    verdict = Verdict(case_id=review_queue(counter.desk, reviewer)[0].case.id, decision_code="correct", reason_codes=("proof_unclear",))
    case = decide(counter.desk, reviewer, verdict).case
    counter.clerk = clerk
    presenter.open(case_id=case.id)
    assert view.head is not None
    assert view.head.case == case
    assert not view.can_accept
    proof = next(row.number for row in view.materials.values() if row.material.serves)
    presenter.cycle(proof)
    assert view.can_accept
    presenter.accept()
    assert case_detail(counter.desk, case.id).row.case.state is CaseState.ACCEPTED
    assert counter.visited == [("cases", {"case_id": case.id})]
