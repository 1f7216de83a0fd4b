"""审核 without a window: the queue, the evidence, eyes on every open check, two presses for a no, offline marked 暂."""

from collections.abc import Callable, Sequence

import pytest

from nbcase.domain.case import CaseState
from nbcase.items.checks import Check, CheckState
from nbcase.items.item import Decision
from nbcase.operations.cases import CaseDetail, case_detail, review_queue
from nbcase.operations.pictures import PagePicture
from nbcase.operations.provisional import Dispute
from tests.parts.counter import Counter
from tests.parts.residents import SCAN, applied, issued_elsewhere
from ui.pages.review.presenter import Evidence, Offered, Queue, ReviewPresenter


class FakePage:
    """Keeps what it is told; the test chooses reason and note."""

    def __init__(self) -> None:
        self.place: tuple[Queue, int, int, int] | None = None
        self.detail: CaseDetail | None = None
        self.evidence: Sequence[Evidence] = ()
        self.tab: tuple[int, int, int] | None = None
        self.picture: PagePicture | None = None
        self.problem = ""
        self.checks: tuple[Check, ...] = ()
        self.agreed: frozenset[str] = frozenset()
        self.offered: Offered | None = None
        self.decision = ""
        self.chosen = ""
        self.asked = 0
        self.empty: str = ""
        self.words = ""
        self.dispute: Dispute | None = None
        self.why = ""

    def show_queue(self, queue: Queue, position: int, waiting: int, provisional: int) -> None:
        self.place = (queue, position, waiting, provisional)

    def show_empty(self, queue: Queue) -> None:
        self.empty, self.detail = queue, None

    def show_case(self, detail: CaseDetail, evidence: Sequence[Evidence]) -> None:
        self.detail, self.evidence, self.words = detail, evidence, ""

    def show_evidence(self, index: int, page: int, pages: int) -> None:
        self.tab = (index, page, pages)

    def show_picture(self, picture: PagePicture | None, problem: str = "") -> None:
        self.picture, self.problem = picture, problem

    def show_checks(self, checks: tuple[Check, ...], agreed: frozenset[str]) -> None:
        self.checks, self.agreed = checks, agreed

    def show_offered(self, offered: Offered) -> None:
        self.offered = offered

    def show_dispute(self, dispute: Dispute | None) -> None:
        self.dispute = dispute

    def revoke_reason(self) -> str:
        return self.why

    def show_reasons(self, decision: Decision, chosen: str) -> None:
        self.decision, self.chosen = decision.code, chosen

    def ask_reason(self) -> None:
        self.asked += 1

    def show_busy(self, on: bool) -> None:
        self.busy = on

    def reason(self) -> str:
        return self.chosen

    def note(self) -> str:
        return self.words


@pytest.fixture
def counter(counter_for: Callable[..., Counter]) -> Counter:
    return counter_for(role="reviewer", people=150)


@pytest.fixture
def view() -> FakePage:
    return FakePage()


@pytest.fixture
def presenter(view: FakePage, counter: Counter) -> ReviewPresenter:
    return ReviewPresenter(view, counter)


def test_the_first_promised_case_comes_first_and_the_next_after_it(presenter: ReviewPresenter, view: FakePage, counter: Counter) -> None:
    rows = review_queue(counter.desk, counter.clerk.record)
    presenter.refresh()
    assert view.detail is not None
    assert view.detail.row.case.id == rows[0].case.id
    presenter.step(-1)
    assert view.place is not None
    assert view.place[:3] == ("waiting", len(rows) - 1, len(rows))


def test_the_scan_is_shown_before_what_has_no_picture(presenter: ReviewPresenter, view: FakePage, counter: Counter) -> None:
    case_id = applied(counter)
    presenter.refresh(case_id)
    assert [shown.title for shown in view.evidence] == ["居民身份证", "就业证明", "居住登记"]
    assert view.tab == (1, 0, 1)
    assert view.picture == PagePicture(content=SCAN)
    presenter.choose_evidence(0)
    assert view.picture is None
    presenter.choose_evidence(7)
    assert view.tab == (0, 0, 1)


def test_an_approval_prints_and_goes_on_to_the_next_case(presenter: ReviewPresenter, view: FakePage, counter: Counter) -> None:
    case_id = applied(counter)
    presenter.refresh(case_id)
    assert (view.decision, view.chosen) == ("approve", "complete_work")
    for check in view.checks:
        presenter.agree(check)
    presenter.decide("decided")
    done = case_detail(counter.desk, case_id)
    assert (done.row.case.state, done.row.case.reason_codes) == (CaseState.DECIDED, ("complete_work",))
    assert [(paper.kind_code, paper.print_count) for paper in done.documents if paper.kind_code == "permit-confirmation"] == [
        ("permit-confirmation", 1)
    ]
    assert view.detail is None or view.detail.row.case.id != case_id
    assert "居住证确认单" in counter.notices[0].safe


def test_a_check_that_asks_for_eyes_stops_the_approval_until_they_were_there(
    presenter: ReviewPresenter, view: FakePage, counter: Counter
) -> None:
    case_id = applied(counter)
    presenter.refresh(case_id)
    look = Check(key="lease", name="租赁合同期内", state=CheckState.LOOK, detail="合同至 2026-10-01")
    presenter._take_checks((look, *(check for check in view.checks if check.key != "lease")))
    presenter.decide("decided")
    assert "按 Y" in str(counter.troubles[0])
    presenter.agree(look)
    assert "lease" in view.agreed
    presenter.decide("decided")
    case = case_detail(counter.desk, case_id).row.case
    assert case.state is CaseState.DECIDED
    assert "已人工核对：租赁合同期内" in case.decision_note


def test_a_no_needs_two_presses_and_a_reason(presenter: ReviewPresenter, view: FakePage, counter: Counter) -> None:
    case_id = applied(counter)
    presenter.refresh(case_id)
    presenter.decide("refused")
    assert (view.decision, view.chosen, view.asked) == ("refuse", "", 1)
    assert case_detail(counter.desk, case_id).row.case.state is CaseState.ACCEPTED
    presenter.decide("refused")
    assert "理由" in str(counter.troubles[0]), "no reason yet"
    view.chosen = "false_material"
    presenter.decide("refused")
    assert case_detail(counter.desk, case_id).row.case.state is CaseState.REFUSED


def test_an_approval_after_a_begun_refusal_is_asked_again(presenter: ReviewPresenter, view: FakePage, counter: Counter) -> None:
    case_id = applied(counter)
    presenter.refresh(case_id)
    presenter.decide("refused")
    presenter.decide("decided")
    assert view.decision == "approve"
    assert case_detail(counter.desk, case_id).row.case.state is CaseState.ACCEPTED


def test_without_the_centre_an_approval_is_provisional_and_confirmed_later(
    presenter: ReviewPresenter, view: FakePage, counter: Counter
) -> None:
    case_id = applied(counter)
    counter.centre.is_reachable = False
    presenter.refresh(case_id)
    assert view.offered is not None
    assert view.offered.is_provisional
    for check in view.checks:
        presenter.agree(check)
    presenter.decide("decided")
    assert case_detail(counter.desk, case_id).row.case.is_provisional
    assert "（暂）" in counter.notices[0].what
    presenter.refresh(case_id)
    assert view.place is not None
    assert view.place[0] == "provisional"
    presenter.confirm()
    assert "中心现在不可达" in str(counter.troubles[0])
    counter.centre.is_reachable = True
    presenter.confirm()
    assert not case_detail(counter.desk, case_id).row.case.is_provisional


def test_a_case_decided_elsewhere_meanwhile_is_told_and_not_decided_twice(
    presenter: ReviewPresenter, view: FakePage, counter: Counter
) -> None:
    case_id = applied(counter)
    presenter.refresh(case_id)
    other = ReviewPresenter(FakePage(), counter)
    other.refresh(case_id)
    other.decide("in_correction")
    other._view.chosen = "proof_unclear"  # type: ignore[attr-defined]
    other.decide("in_correction")
    presenter.decide("decided")
    assert "等申请人补充" in str(counter.troubles[0])


def test_an_empty_queue_says_so(view: FakePage, counter_for: Callable[..., Counter]) -> None:
    counter = counter_for(role="reviewer", people=1)
    ReviewPresenter(view, counter).refresh()
    assert view.empty == "waiting"


def test_a_provisional_permit_that_the_centre_disputes_is_taken_back_with_a_reason(
    presenter: ReviewPresenter, view: FakePage, counter: Counter
) -> None:
    case_id = applied(counter)
    counter.centre.is_reachable = False
    presenter.refresh(case_id)
    for check in view.checks:
        presenter.agree(check)
    presenter.decide("decided")
    presenter.refresh(case_id)
    assert view.dispute is None
    counter.centre.is_reachable = True
    issued_elsewhere(counter, case_id)
    presenter.choose_queue("provisional")
    presenter.refresh(case_id)
    presenter.step(0)
    assert view.dispute is not None
    presenter.confirm()
    assert "中心已有这个人的居住证" in str(counter.troubles[-1])
    presenter.revoke()
    assert "收回理由" in str(counter.troubles[-1])
    view.why = "已与对方受理点核实"
    presenter.revoke()
    detail = case_detail(counter.desk, case_id)
    assert detail.row.case.state is CaseState.REVOKED
    assert "permit-recall" in [paper.kind_code for paper in detail.documents]
    assert "收回" in counter.notices[-1].what
