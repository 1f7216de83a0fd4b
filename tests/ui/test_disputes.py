"""The conflict desk without a window: what is kept as a reason, how long a decision took, what stays chosen."""

from collections.abc import Callable, Sequence

import pytest

from nbcase.demo.stations import stations
from nbcase.domain.conflict import FieldConflict
from nbcase.operations.conflicts import Choice, ConflictView
from nbcase.operations.outbox import outbox_rows
from tests.parts.counter import Counter
from tests.parts.disputes import disputed
from tests.parts.residents import everybody
from ui.pages.sync.changewords import ChangeLine
from ui.pages.sync.disputes import DisputePresenter, is_open, mean_seconds, reason_words, taken


class FakePanel:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.view: ConflictView | None = None
        self.may_decide = False
        self.choice: Choice | None = None
        self.others: Sequence[ChangeLine] = ()
        self.shown = 0

    def show_conflict(self, view: ConflictView | None, *, may_decide: bool) -> None:
        self.view, self.may_decide = view, may_decide
        self.shown += 1

    def show_choice(self, choice: Choice | None) -> None:
        self.choice = choice

    def show_others(self, lines: Sequence[ChangeLine]) -> None:
        self.others = lines

    def show_deciding(self, *, on: bool) -> None:
        self.is_deciding = on


class Desk:
    """A counter with one open conflict, its presenter and panel, and hands of a clock."""

    def __init__(self, counter: Counter) -> None:
        self.counter = counter
        self.person = next(person for person in everybody(counter) if person.employer)
        self.conflict: FieldConflict = disputed(counter, self.person, "employer", "样张一厂", "样张二厂", phone="19900000009")
        self.seconds = 100.0
        self.settled = 0
        self.panel = FakePanel()
        self.presenter = DisputePresenter(counter, self._settle, lambda: self.seconds)
        self.presenter.panel = self.panel

    def _settle(self) -> None:
        self.settled += 1

    def first(self) -> ConflictView:
        found: ConflictView = self.presenter.fetch_open(None, 50).rows[0]
        return found


@pytest.fixture
def desk(counter_for: Callable[..., Counter]) -> Desk:
    return Desk(counter_for(people=40))


def test_the_time_from_the_first_look_to_the_decision_is_measured(desk: Desk) -> None:
    desk.presenter.show(desk.first())
    desk.seconds += 5
    desk.presenter.show(desk.first())
    desk.presenter.choose(Choice.THEIRS)
    desk.seconds += 9
    desk.presenter.decide(None, "本人到场确认")
    assert desk.presenter.seconds == [14]
    assert mean_seconds([14, 15]) in (14, 15)
    assert mean_seconds([]) is None
    assert desk.settled == 1
    assert desk.counter.changed[-1] >= {"conflict"}
    decided = desk.presenter.fetch_decided(None, 50).rows[0]
    assert (taken(decided), is_open(decided)) == (Choice.THEIRS, False)
    assert decided.theirs_by == f"{stations()[1].name}的同事"
    (act,) = outbox_rows(desk.counter.desk, waiting=True)
    assert act.applicant == desk.person.name


def test_news_of_the_line_do_not_take_the_choice_away(desk: Desk) -> None:
    desk.presenter.show(desk.first())
    desk.presenter.choose(Choice.YOURS)
    desk.presenter.show(desk.first())
    assert (desk.panel.choice, desk.panel.shown) == (Choice.YOURS, 1)
    desk.presenter.show(None)
    assert desk.panel.choice is None


def test_what_else_the_act_changed_is_shown_but_not_asked(desk: Desk) -> None:
    desk.presenter.show(desk.first())
    assert [line.field for line in desk.panel.others if not line.is_heading] == ["手机"]


def test_a_refusal_keeps_the_conflict_open(desk: Desk) -> None:
    desk.presenter.show(desk.first())
    desk.presenter.choose(Choice.THEIRS)
    desk.presenter.decide(None, "")
    assert "请写明" in str(desk.counter.troubles[0])
    assert (desk.settled, desk.presenter.seconds) == (0, [])
    assert is_open(desk.first())


def test_a_reason_of_ones_own_needs_words(desk: Desk) -> None:
    assert reason_words("proof", "") == "以证件材料为准"
    assert reason_words("proof", " 合同 ") == "以证件材料为准；合同"
    assert reason_words("other", "") == ""
    assert reason_words("other", "两人同名") == "两人同名"
