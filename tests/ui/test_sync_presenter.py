"""同步 without a window: the state in figures, acts in words, a conflict with both values, the proof."""

from collections.abc import Callable, Sequence
from dataclasses import fields, replace

import pytest

from nbcase.domain.action import Answer, Outcome
from nbcase.domain.resident import Resident
from nbcase.operations.cases import case_detail
from nbcase.operations.decide import Verdict, decide
from nbcase.operations.outbox import OutboxRow
from nbcase.operations.recordwords import FIELD_NAMES, RECORD_NAMES, field_name, record_name, value_words
from nbcase.operations.residents import resident_view
from nbcase.store.desk_database import writing
from nbcase.store.desk_work import desk_work
from nbcase.store.outbox import keep_answers
from nbcase.store.records import RECORD_TYPES, UNMERGED
from nbcase.store.shelf import Shelf
from tests.parts.counter import Counter
from tests.parts.line import Line
from tests.parts.residents import applied, issued_elsewhere, with_permit
from ui.pages.residents.presenter import permit_words
from ui.pages.sync.changewords import ChangeLine
from ui.pages.sync.drill import DrillState
from ui.pages.sync.presenter import Group, SyncPresenter, outcome_words, row_title
from ui.pages.sync.standing import Evidence
from ui.widgets.figures import Figure


class FakePage:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.subtitle = ""
        self.figures: dict[str, Figure] = {}
        self.problem = ""
        self.evidence: Sequence[Evidence] = ()
        self.group: Group = "waiting"
        self.counts: dict[Group, int] = {}
        self.reloads = 0
        self.row: OutboxRow | None = None
        self.lines: Sequence[ChangeLine] = ()
        self.retries = 0
        self.drill: DrillState | None = None

    def show_state(self, subtitle: str, figures: Sequence[Figure], problem: str) -> None:
        self.subtitle, self.problem = subtitle, problem
        self.figures = {figure.label: figure for figure in figures}

    def show_evidence(self, lines: Sequence[Evidence]) -> None:
        self.evidence = lines

    def show_group(self, group: Group) -> None:
        self.group = group

    def show_counts(self, counts: dict[Group, int]) -> None:
        self.counts = counts

    def reload_rows(self) -> None:
        self.reloads += 1

    def show_action(self, row: OutboxRow | None, lines: Sequence[ChangeLine]) -> None:
        self.row, self.lines = row, lines

    def show_retrying(self) -> None:
        self.retries += 1

    def show_drill(self, state: DrillState | None) -> None:
        self.drill = state


@pytest.fixture
def counter(counter_for: Callable[..., Counter]) -> Counter:
    made = counter_for(people=100)
    made.sync = Line(made)
    return made


@pytest.fixture
def view() -> FakePage:
    return FakePage()


@pytest.fixture
def presenter(view: FakePage, counter: Counter) -> SyncPresenter:
    return SyncPresenter(view, counter)


def change(counter: Counter, resident_id: str, **values: str) -> Resident:
    """An act that changes fields of a resident."""
    with desk_work(counter.desk.engine, counter.desk.identity, counter.clerk.record, counter.clock.now()) as work:
        resident = replace(work.need(Resident, resident_id), **values)
        work.put(resident)
        work.record("registration.change", resident)
    return resident


def answer(counter: Counter, row: OutboxRow, outcome: Outcome, *collided: str) -> None:
    """What the centre says to an act."""
    with writing(counter.desk.engine) as connection:
        given = Answer(action_id=row.action.id, outcome=outcome, reason="请核对。", fields=collided)
        keep_answers(connection, [given], counter.clock.now())


def test_what_waits_stands_in_its_order_and_says_whose_it_is(presenter: SyncPresenter, view: FakePage, counter: Counter) -> None:
    applied(counter)
    applied(counter)
    presenter.refresh()
    rows = presenter.fetch(None, 50).rows
    assert [row.action.sequence for row in rows] == [1, 2]
    assert row_title(rows[0]) == "浙江省居住证 · 申领"
    assert rows[0].applicant
    assert view.counts == {"waiting": 2, "sent": 0, "conflict": 0, "quarantined": 0, "decided": 0}
    assert view.figures["待传"].value == "2"
    assert view.figures["连接"].value == "在线"
    assert view.figures["最近对账"].value == "15:31"


def test_two_sides_that_differ_are_not_called_new_work(presenter: SyncPresenter, view: FakePage, counter: Counter) -> None:
    counter.sync.centre_digest = "ff" * 32
    presenter.refresh()
    figure = view.figures["最近对账"]
    assert (figure.note, figure.tone) == ("两边不一致", "red")


def test_every_answer_has_its_tab(presenter: SyncPresenter, view: FakePage, counter: Counter) -> None:
    somebody = with_permit(counter, "normal")
    for phone in ("19900000001", "19900000002", "19900000003", "19900000004"):
        change(counter, somebody.id, phone=phone)
    outcomes = (Outcome.ACCEPTED, Outcome.MERGED, Outcome.CONFLICT, Outcome.QUARANTINED)
    for row, outcome in zip(presenter.fetch(None, 50).rows, outcomes, strict=True):
        answer(counter, row, outcome)
    presenter.refresh()
    assert view.counts == {"waiting": 0, "sent": 3, "conflict": 1, "quarantined": 1, "decided": 0}
    wanted: tuple[tuple[Group, list[int]], ...] = (("waiting", []), ("sent", [3, 2, 1]))
    for group, sequences in wanted:
        presenter.choose(group)
        assert [row.action.sequence for row in presenter.fetch(None, 50).rows] == sequences
    assert view.figures["冲突"].tone == "red"


def test_a_conflict_shows_both_values_first_and_what_was_merged_after(presenter: SyncPresenter, view: FakePage, counter: Counter) -> None:
    somebody = with_permit(counter, "normal")
    resident = change(counter, somebody.id, employer="明州里餐饮店", phone="19900009999")
    answer(counter, presenter.fetch(None, 50).rows[0], Outcome.CONFLICT, "resident.phone")
    with writing(counter.desk.engine) as connection:
        Shelf(connection).write(replace(resident, phone="19900001111"))
    presenter.choose("sent")
    presenter.select(presenter.fetch(None, 50).rows[0])
    heading, phone, other, employer = view.lines
    assert heading.record == "居民：两边都改了"
    assert (phone.field, phone.after, phone.theirs, phone.has_collided) == ("手机", "199****9999", "199****1111", True)
    assert other.is_heading
    assert (employer.field, employer.after, employer.theirs) == ("服务处所", "明州里餐饮店", "")


def test_the_programs_own_signs_are_counted_and_not_listed(presenter: SyncPresenter, view: FakePage, counter: Counter) -> None:
    applied(counter)
    presenter.select(presenter.fetch(None, 50).rows[0])
    names = [line.field for line in view.lines if not line.is_heading]
    assert "受理号" in names
    assert not {"居民", "受理点", "事项", "文件校验值"} & set(names)
    assert "项内部编号" in view.lines[-1].record
    presenter.select(None)
    assert view.row is None


def test_offline_is_told_with_since_when_and_what_is_safe(presenter: SyncPresenter, view: FakePage, counter: Counter) -> None:
    applied(counter)
    counter.sync.is_online = False
    presenter.refresh()
    assert view.subtitle == "中心 15:39 起不可达。窗口照常受理，全部写在本机。"
    assert (view.figures["连接"].value, view.figures["连接"].note) == ("离线", "42 秒后再试")
    assert view.problem == "中心连不上。办件保存在本机。网络恢复后自动上传。"
    assert outcome_words(None, is_online=False)[0] == "等连接"


def test_the_proof_is_only_green_for_what_was_seen(presenter: SyncPresenter, view: FakePage, counter: Counter) -> None:
    applied(counter)
    presenter.refresh()
    assert [line.is_right for line in view.evidence] == [True] * 5
    counter.sync.centre_digest = "f" * 64
    presenter.refresh()
    assert [line.words for line in view.evidence if line.is_right is False] == ["本机摘要 ab12cd34 ≠ 中心摘要 ffffffff"]
    counter.sync = None
    presenter.refresh()
    assert [line.words for line in view.evidence if line.is_right is None] == ["还没有与中心对过账"]
    assert view.figures["最近对账"].value == "—"


def test_a_retry_wakes_the_line(presenter: SyncPresenter, view: FakePage, counter: Counter) -> None:
    presenter.retry()
    assert (counter.sync.woken, view.retries) == (1, 1)
    counter.sync = None
    presenter.retry()
    assert view.retries == 1


def test_news_without_a_change_leave_the_rows_alone(presenter: SyncPresenter, view: FakePage, counter: Counter) -> None:
    presenter.refresh()
    presenter.follow()
    assert view.reloads == 1
    applied(counter)
    presenter.follow()
    assert view.reloads == 2
    assert view.figures["待传"].value == "1"


def test_every_record_and_field_has_a_name() -> None:
    assert set(RECORD_NAMES) == set(RECORD_TYPES)
    for name, kind in RECORD_TYPES.items():
        assert set(FIELD_NAMES[name]) == {field.name for field in fields(kind)} - UNMERGED
    assert (record_name("new"), field_name("resident", "new")) == ("new", "new")


def test_values_are_said_as_people_read_them() -> None:
    assert value_words("sex_code", "1") == "男"
    assert value_words("document_number", "330299199407120312") == "330299********0312"
    assert value_words("accepted_at", "2026-11-24T08:21:00Z") == "2026-11-24 16:21"
    assert value_words("grounds", ["employment"]) != "employment"
    assert value_words("is_late", False) == "否"
    assert value_words("employer", None) == "—"
    assert value_words("form", {"a": 1}) == "1 项"


@pytest.mark.parametrize(
    ("is_elsewhere", "here", "at_the_person"), [(True, "需处理", "中心已有别处的证"), (False, "可补核", "没有别处的证")]
)
def test_what_the_centre_says_of_a_provisional_permit_is_asked_and_told_here_and_told_at_the_person(
    counter_for: Callable[..., Counter], is_elsewhere: bool, here: str, at_the_person: str
) -> None:
    counter = counter_for(role="reviewer", people=150)
    line = counter.sync = Line(counter, is_online=False)
    case_id = applied(counter)
    counter.centre.is_reachable = False
    decide(counter.desk, counter.clerk.record, Verdict(case_id=case_id, decision_code="approve", reason_codes=("complete_work",)))
    resident_id = case_detail(counter.desk, case_id).row.case.resident_id
    assert resident_id is not None

    def person_words() -> str:
        return permit_words(resident_view(counter.desk, resident_id), counter.desk.today())[0]

    view = FakePage()
    presenter = SyncPresenter(view, counter)
    presenter.refresh()
    assert "暂证" not in view.subtitle
    assert person_words().endswith("（暂）")
    counter.centre.is_reachable = line.is_online = True
    if is_elsewhere:
        issued_elsewhere(counter, case_id)
    presenter.refresh()
    assert here in view.subtitle
    assert at_the_person in person_words()
