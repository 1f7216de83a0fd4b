"""打印 without a window: what waits for somebody, the clerk's word on what came out, and a printer that does not answer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest

from nbcase.documents.printing import JobState, PrintJob
from nbcase.domain.errors import DeviceError
from nbcase.operations.pictures import PagePicture
from nbcase.operations.printing import print_document, print_rows
from tests.parts.counter import Counter
from tests.parts.residents import applied
from ui.pages.printing.presenter import Choices, Group, PrintingPresenter, Sheet, sheet_state, sheets
from ui.widgets.fields import Option


@dataclass
class Queue:
    """A print server whose word the test sets; None does not answer."""

    word: JobState | None = JobState.WAITING
    obstacle_words: str = ""
    name: str = "A4"

    def submit(self, pdf: bytes, title: str, *, copies: int = 1) -> PrintJob:
        if self.word is None:
            raise DeviceError("打印服务没有应答。")
        return PrintJob(queue=self.name, job_id="A4-1")

    def state(self, job: PrintJob) -> JobState:
        if self.word is None:
            raise DeviceError("打印服务没有应答。")
        return self.word

    def obstacle(self) -> str:
        if self.word is None:
            raise DeviceError("打印服务没有应答。")
        return self.obstacle_words


class FakePage:
    """Keeps what it is told and answers questions when the test does."""

    def __init__(self) -> None:
        self.reloads = 0
        self.counts = (0, 0)
        self.group: Group = "todo"
        self.queue = ("", False)
        self.sheet: Sheet | None = None
        self.choices: Choices | None = None
        self.pictures: list[PagePicture | None] = []
        self.problem = ""
        self.questions: list[str] = []
        self.options: Sequence[Option] = ()
        self.then: Callable[[str], None] | None = None

    def reload_rows(self) -> None:
        self.reloads += 1

    def show_counts(self, todo: int, total: int) -> None:
        self.counts = (todo, total)

    def show_group(self, group: Group) -> None:
        self.group = group

    def show_queue(self, words: str, *, is_ready: bool) -> None:
        self.queue = (words, is_ready)

    def show_sheet(self, sheet: Sheet | None, choices: Choices) -> None:
        self.sheet, self.choices = sheet, choices

    def show_picture(self, picture: PagePicture | None, page: int, problem: str) -> None:
        self.pictures.append(picture)
        self.problem = problem

    def ask(self, question: str, options: Sequence[Option], then: Callable[[str], None]) -> None:
        self.questions.append(question)
        self.options, self.then = options, then


@pytest.fixture
def counter(counter_for: Callable[..., Counter]) -> Counter:
    made = counter_for(people=100)
    applied(made)
    return made


@pytest.fixture
def view() -> FakePage:
    return FakePage()


@pytest.fixture
def presenter(view: FakePage, counter: Counter) -> PrintingPresenter:
    return PrintingPresenter(view, counter)


def test_a_paper_waits_until_it_is_printed(presenter: PrintingPresenter, view: FakePage, counter: Counter) -> None:
    presenter.refresh()
    (waiting,) = presenter.fetch(None, 50).rows
    assert sheet_state(waiting) == ("未打印", "amber")
    assert view.counts == (1, 1)
    presenter.select(waiting)
    assert view.pictures[-1] is not None
    presenter.print_sheet()
    assert counter.notices[-1].kind == "success"
    presenter.refresh()
    assert view.counts == (0, 1)
    assert not presenter.fetch(None, 50).rows
    presenter.choose("all")
    assert [sheet_state(sheet)[0] for sheet in presenter.fetch(None, 50).rows] == ["已打印"]


def test_a_sheet_on_its_way_asks_and_takes_the_clerks_word(presenter: PrintingPresenter, view: FakePage, counter: Counter) -> None:
    counter.queue = Queue()  # type: ignore[assignment]
    (waiting,) = presenter.fetch(None, 50).rows
    presenter.select(waiting)
    assert view.choices is not None
    assert view.choices.printed, "what was never sent cannot have come out"
    presenter.print_sheet()
    (sent,) = presenter.fetch(None, 50).rows
    assert sheet_state(sent)[0] == "打出来了吗？"
    presenter.select(sent)
    assert view.choices == Choices(printed="", spoilt="")
    presenter.mark("spoilt")
    assert frozenset({"print_job"}) in counter.changed
    (spoilt,) = presenter.fetch(None, 50).rows
    assert sheet_state(spoilt)[0] == "作废"
    presenter.select(spoilt)
    presenter.mark("spoilt")
    assert counter.changed.count(frozenset({"print_job"})) == 1, "a second time changes nothing"
    presenter.print_sheet()
    assert view.questions == ["受理回执为什么补打？"]


def test_the_queue_is_asked_about_sheets_on_their_way(presenter: PrintingPresenter, view: FakePage, counter: Counter) -> None:
    queue = Queue()
    counter.queue = queue  # type: ignore[assignment]
    presenter.select(presenter.fetch(None, 50).rows[0])
    presenter.print_sheet()
    queue.word = JobState.PRINTED
    presenter.look_at_printer()
    assert view.queue == ("打印机 A4 就绪", True)
    assert print_rows(counter.desk)[0].job.state == "printed"


def test_a_printer_that_is_paused_away_or_not_there_is_told_without_a_message(
    presenter: PrintingPresenter, view: FakePage, counter: Counter
) -> None:
    counter.queue = Queue(obstacle_words="A4 已暂停")  # type: ignore[assignment]
    presenter.look_at_printer()
    assert view.queue == ("A4 已暂停", False)
    counter.queue = Queue(word=None)  # type: ignore[assignment]
    presenter.look_at_printer()
    assert view.queue == ("打印服务没有应答。", False)
    counter.queue = None  # type: ignore[assignment]
    presenter.look_at_printer()
    assert not view.queue[1]
    assert not counter.troubles


def test_a_failed_job_stands_once_and_is_printed_again_without_a_reason(
    presenter: PrintingPresenter, view: FakePage, counter: Counter
) -> None:
    working, counter.queue = counter.queue, Queue(word=None)  # type: ignore[assignment]
    presenter.select(presenter.fetch(None, 50).rows[0])
    presenter.print_sheet()
    (failed,) = presenter.fetch(None, 50).rows
    assert sheet_state(failed) == ("没打出来", "red")
    presenter.select(failed)
    assert view.choices is not None
    assert view.choices.spoilt, "no paper came out that could be spoilt"
    counter.queue = working
    presenter.print_sheet()
    assert not view.questions
    assert not presenter.fetch(None, 50).rows, "the later try stands for the paper"
    assert len(sheets(counter.desk)) == 2


def test_the_preview_turns_pages_and_says_why_there_is_none(presenter: PrintingPresenter, view: FakePage, counter: Counter) -> None:
    (sheet,) = presenter.fetch(None, 50).rows
    presenter.select(sheet)
    drawn = len(view.pictures)
    presenter.turn_page(-1)
    presenter.select(sheet)
    assert len(view.pictures) == drawn, "the same page is not drawn twice"
    presenter.select(None)
    assert view.pictures[-1] is None
    assert print_document(counter.desk, counter.clerk.record, counter.queue, sheet.document.id).state == "printed"
