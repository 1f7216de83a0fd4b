"""居民 without a window: who is found, what a person's page tells, what can be begun and printed."""

from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from nbcase.domain.permit import PermitState
from nbcase.operations.cases import case_detail
from nbcase.operations.decide import Verdict, decide
from nbcase.operations.printing import print_rows
from nbcase.operations.residents import resident_view
from tests.parts.counter import Counter
from tests.parts.residents import applied, everybody, with_permit
from ui.pages.residents.presenter import (
    Person,
    ResidentsPresenter,
    event_words,
    events,
    permit_words,
    person_tags,
    timeline_rows,
)
from ui.widgets.fields import Option


class FakePage:
    """Keeps what it is told and answers questions when the test does."""

    def __init__(self) -> None:
        self.is_list = True
        self.counts = (0, 0, "")
        self.reloads = 0
        self.person: Person | None = None
        self.number = ""
        self.questions: list[str] = []
        self.options: Sequence[Option] = ()
        self.then: Callable[[str], None] | None = None

    def show_list(self) -> None:
        self.is_list, self.person = True, None

    def show_count(self, found: int, total: int, address: str) -> None:
        self.counts = (found, total, address)

    def reload_rows(self) -> None:
        self.reloads += 1

    def show_person(self, person: Person) -> None:
        self.is_list, self.person, self.number = False, person, ""

    def show_number(self, number: str) -> None:
        self.number = number

    def ask(self, question: str, options: Sequence[Option], then: Callable[[str], None]) -> None:
        self.questions.append(question)
        self.options, self.then = options, then

    def answer(self, place: int) -> None:
        assert self.then is not None
        self.then(self.options[place].code)


@pytest.fixture
def counter(counter_for: Callable[..., Counter]) -> Counter:
    return counter_for(people=120)


@pytest.fixture
def view() -> FakePage:
    return FakePage()


@pytest.fixture
def presenter(view: FakePage, counter: Counter) -> ResidentsPresenter:
    return ResidentsPresenter(view, counter)


def approved(counter: Counter) -> str:
    """A resident whose application was approved today; the id."""
    case_id = applied(counter)
    former, reviewer = counter.clerk, counter.signed_in_as("reviewer")
    case = case_detail(counter.desk, case_id).row.case
    steps = counter.desk.items.situation(case.item_code, case.situation_code).steps
    decision = next(entry for step in steps for entry in step.decisions if entry.code == "approve")
    verdict = Verdict(case_id=case_id, decision_code="approve", reason_codes=(decision.reasons[0].code,))
    done = decide(counter.desk, reviewer, verdict)
    counter.clerk = former
    return done.case.resident_id


def test_the_list_is_narrowed_by_name_or_number_or_dwelling(presenter: ResidentsPresenter, view: FakePage, counter: Counter) -> None:
    presenter.refresh()
    total = view.counts[1]
    assert view.counts == (total, total, "")
    somebody = everybody(counter)[0]
    presenter.find(somebody.document_number[-6:])
    assert [row.resident.id for row in presenter.fetch(None, 50).rows] == [somebody.id]
    assert view.counts == (1, total, "")
    housed = with_permit(counter, "normal")
    dwelling = resident_view(counter.desk, housed.id).standing.dwelling
    assert dwelling is not None
    presenter.show_dwelling(dwelling.id)
    assert housed.id in [row.resident.id for row in presenter.fetch(None, 50).rows]
    assert view.counts[2] == dwelling.address
    presenter.find("")
    assert view.counts == (total, total, "")


def test_a_number_is_shown_on_purpose_and_logged(presenter: ResidentsPresenter, view: FakePage, counter: Counter) -> None:
    somebody = with_permit(counter, "normal")
    presenter.reveal()
    assert not view.number, "nobody is open"
    presenter.open(somebody.id)
    with capture_logs() as lines:
        presenter.reveal()
    assert view.number == somebody.document_number
    assert [line["event"] for line in lines] == ["number_revealed"]
    presenter.refresh()
    assert not view.number, "a reload masks it again"


def test_a_permit_to_endorse_is_endorsed_from_here_and_a_normal_one_says_when(
    presenter: ResidentsPresenter, view: FakePage, counter: Counter
) -> None:
    due = with_permit(counter, "to_endorse")
    presenter.open(due.id)
    offer, obstacle = presenter.endorsement()
    assert not obstacle
    assert offer is not None
    presenter.begin(offer)
    assert counter.visited[-1] == ("handle", {"resident_id": due.id, "item_code": "residence_permit", "situation_code": "endorse"})
    presenter.open(with_permit(counter, "normal").id)
    offer, obstacle = presenter.endorsement()
    assert obstacle
    assert offer is not None
    presenter.begin(offer)
    assert len(counter.visited) == 1, "what cannot be begun leads nowhere"
    counter.signed_in_as("reviewer")
    presenter.open(due.id)
    assert presenter.endorsement()[1] == "您的岗位不受理办件"


def test_tags_and_permit_words_follow_the_state(presenter: ResidentsPresenter, view: FakePage, counter: Counter) -> None:
    today = counter.desk.today()
    for state, word in ((PermitState.NORMAL, "下次签注"), (PermitState.TO_ENDORSE, "现在可签注"), (PermitState.SUSPENDED, "暂停使用")):
        presenter.open(with_permit(counter, state.value).id)
        assert view.person is not None
        assert view.person.view.permit_state is state
        assert word in permit_words(view.person.view, today)[1]
        assert person_tags(view.person.view)[0] == ("在住", "green")


def test_the_time_line_has_every_registration_and_year_of_the_permit(
    presenter: ResidentsPresenter, view: FakePage, counter: Counter
) -> None:
    today = counter.desk.today()
    for resident in everybody(counter):
        found = resident_view(counter.desk, resident.id)
        rows, first, last = timeline_rows(found, today)
        assert len(rows[0].segments) == len(found.standing.registrations)
        assert first < today < last
        for segment in (segment for row in rows for segment in row.segments):
            assert first <= segment.from_on <= segment.to_on <= max(last, today) + timedelta(days=1)


def test_the_confirmation_is_printed_again_with_a_reason(presenter: ResidentsPresenter, view: FakePage, counter: Counter) -> None:
    resident_id = approved(counter)
    presenter.open(resident_id)
    presenter.print_confirmation()
    assert not view.questions, "the first print needs no reason"
    presenter.open(resident_id)
    presenter.print_confirmation()
    assert view.questions == ["居住证确认单为什么补打？"]
    view.answer(1)
    assert [row.job.reason for row in print_rows(counter.desk)] == ["污损", ""]


def test_events_are_cases_and_papers_newest_first(presenter: ResidentsPresenter, view: FakePage, counter: Counter) -> None:
    presenter.open(approved(counter))
    assert view.person is not None
    found, today = view.person.view, counter.desk.today()
    everything = events(found, "all")
    assert len(everything) == len(found.cases) + len(found.documents)
    assert [event.on for event in everything] == sorted((event.on for event in everything), reverse=True)
    assert all(event.case is not None for event in events(found, "cases"))
    paper = events(found, "papers")[0]
    assert event_words(paper, today)[2] == "未打印"
    presenter.open_event(events(found, "cases")[0])
    assert counter.visited[-1][0] == "cases"
    presenter.open_event(paper)
    assert len(print_rows(counter.desk)) == 1
