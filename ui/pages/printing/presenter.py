"""What 打印 does: jobs and papers that wait, the preview, printing again, and the clerk's word on what came out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from nbcase.domain.document import Document
from nbcase.domain.errors import DeviceError, UserError
from nbcase.domain.words import tr
from nbcase.operations.page import RowPage
from nbcase.operations.pictures import PagePicture, picture_of
from nbcase.operations.printing import PrintJob, follow_jobs, mark_job, paper, print_rows, spoilt_today, waiting_papers
from ui.context import Notice
from ui.printwork import print_one
from ui.widgets.fields import Option
from ui.widgets.ink import Tone

Group = Literal["todo", "all"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One line: a job, or a paper that was never sent. `is_newest` tells a job from the earlier tries of its paper."""

    document: Document
    title: str
    applicant: str
    job: PrintJob | None = None
    is_newest: bool = True

    @property
    def key(self) -> str:
        """What tells the line from all others."""
        return self.job.id if self.job is not None else self.document.id

    @property
    def at(self) -> datetime:
        """When it was sent, or made."""
        return self.job.requested_at if self.job is not None else self.document.made_at

    @property
    def needs_work(self) -> bool:
        """Whether somebody has to do something: print it, or say what came out."""
        return self.job is None or (self.is_newest and self.job.state != "printed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What can be done with the selected line; empty is yes, otherwise why not."""

    printed: str
    spoilt: str


class PrintingView(Protocol):
    """What the presenter needs of its page."""

    def reload_rows(self) -> None: ...
    def show_counts(self, todo: int, total: int) -> None: ...
    def show_group(self, group: Group) -> None: ...
    def show_queue(self, words: str, *, is_ready: bool) -> None: ...
    def show_sheet(self, sheet: Sheet | None, choices: Choices) -> None: ...
    def show_picture(self, picture: PagePicture | None, page: int, problem: str) -> None: ...
    def ask(self, question: str, options: Sequence[Option], then: Callable[[str], None]) -> None: ...


class PrintingPresenter:
    """The list, the selected line and its preview. Pictures that come too late are dropped."""

    def __init__(self, view: PrintingView, context: Any) -> None:
        self._view = view
        self._context = context
        self._question = 0
        self._page = 0
        self._page_count = 1
        self.group: Group = "todo"
        self.sheet: Sheet | None = None

    def fetch(self, cursor: Any, limit: int) -> RowPage[Sheet]:
        """All lines of the group at once, newest first within papers and jobs; called in a worker."""
        found = sheets(self._context.desk)
        return RowPage(tuple(sheet for sheet in found if self.group == "all" or sheet.needs_work))

    def refresh(self) -> None:
        """Read lines and counts again."""
        self._view.reload_rows()
        desk = self._context.desk

        def count() -> tuple[int, int]:
            found = sheets(desk)
            return sum(sheet.needs_work for sheet in found), len(found)

        self._context.tasks.run(count, then=lambda counts: self._view.show_counts(*counts), otherwise=self._context.trouble)

    def choose(self, group: Group) -> None:
        """What waits for somebody, or everything."""
        self.group = group
        self._view.show_group(group)
        self.refresh()

    def look_at_printer(self) -> None:
        """Ask the queue for its own state and for the sheets that are on their way."""
        queue, desk = self._context.queue, self._context.desk
        if queue is None:
            self._view.show_queue(tr("没有选打印机，在“设置”里选。"), is_ready=False)
            return

        def ask() -> tuple[str, bool, int]:
            return queue.obstacle(), follow_jobs(desk, queue), spoilt_today(desk)

        def take(found: tuple[str, bool, int]) -> None:
            obstacle, has_news, spoilt = found
            words = obstacle or tr("打印机 {name} 就绪").format(name=queue.name)
            if spoilt:
                words = tr("{words}，今日作废 {n} 张").format(words=words, n=spoilt)
            self._view.show_queue(words, is_ready=not obstacle)
            if has_news:
                self.refresh()

        self._context.tasks.run_in_order(ask, then=take, otherwise=self._no_answer)

    def _no_answer(self, error: BaseException) -> None:
        """A server that cannot be asked is a state of the printer, not a message in the way."""
        if not isinstance(error, DeviceError):
            self._context.trouble(error)
            return
        self._view.show_queue(error.what, is_ready=False)

    def select(self, sheet: Sheet | None) -> None:
        """Show a line and its paper."""
        same = self.sheet is not None and sheet is not None and self.sheet.document.content_hash == sheet.document.content_hash
        self.sheet = sheet
        self._view.show_sheet(sheet, _choices(sheet))
        if sheet is None:
            self._question += 1
            self._view.show_picture(None, 0, "")
        elif not same:
            self._page, self._page_count = 0, 1
            self._draw(sheet)

    def turn_page(self, by: int) -> None:
        """Another page of the paper."""
        page = max(0, min(self._page + by, self._page_count - 1))
        if self.sheet is not None and page != self._page:
            self._page = page
            self._draw(self.sheet)

    def _draw(self, sheet: Sheet) -> None:
        self._question += 1
        question, desk, page = self._question, self._context.desk, self._page

        def take(picture: PagePicture) -> None:
            if question == self._question:
                self._page_count = picture.page_count
                self._view.show_picture(picture, page, "")

        def cannot(error: BaseException) -> None:
            if not isinstance(error, UserError):
                self._context.trouble(error)
            elif question == self._question:
                self._view.show_picture(None, 0, error.what)

        self._context.tasks.run(lambda: _picture(desk, sheet.document.id, page), then=take, otherwise=cannot)

    def print_sheet(self) -> None:
        """Print the paper of the selected line; a second time with its reason."""
        if self.sheet is not None:
            print_one(self._context, self._view.ask, self.sheet.document)

    def mark(self, state: Literal["printed", "spoilt"]) -> None:
        """The clerk's word on what came out."""
        sheet = self.sheet
        if sheet is None or sheet.job is None or getattr(_choices(sheet), state):
            return
        desk, job_id = self._context.desk, sheet.job.id
        words = {"printed": tr("已记：{paper}打出来了。"), "spoilt": tr("已记作废：{paper}。")}

        def told(_nothing: None) -> None:
            do = tr("补打按 Ctrl+P。") if state == "spoilt" else ""
            self._context.notify(Notice(what=words[state].format(paper=sheet.title), do=do))
            self._context.announce(frozenset({"print_job"}))

        self._context.tasks.run_in_order(lambda: mark_job(desk, job_id, state), then=told, otherwise=self._context.trouble)


def sheets(desk: Any) -> list[Sheet]:
    """Papers that were never sent, then jobs, newest first; called in a worker."""
    found = [Sheet(document=entry.document, title=entry.title, applicant=entry.applicant) for entry in waiting_papers(desk)]
    seen: set[str] = set()
    for row in print_rows(desk):
        is_newest = row.document.id not in seen
        seen.add(row.document.id)
        found.append(Sheet(document=row.document, title=row.title, applicant=row.applicant, job=row.job, is_newest=is_newest))
    return found


def sheet_state(sheet: Sheet) -> tuple[str, Tone]:
    """What became of a sheet, in a word."""
    if sheet.job is None:
        return tr("未打印"), "amber"
    states: dict[str, tuple[str, Tone]] = {
        "sent": (tr("打出来了吗？"), "amber"),
        "printed": (tr("已打印"), "green"),
        "failed": (tr("没打出来"), "red"),
        "spoilt": (tr("作废"), "neutral"),
    }
    return states.get(sheet.job.state, (sheet.job.state, "neutral"))


def _choices(sheet: Sheet | None) -> Choices:
    if sheet is None or sheet.job is None:
        reason = tr("还没有交打印机")
        return Choices(printed=reason, spoilt=reason)
    state = sheet.job.state
    return Choices(
        printed=tr("已经记为打印") if state == "printed" else "",
        spoilt=tr("没有出纸，不算作废") if state == "failed" else tr("已经记为作废") if state == "spoilt" else "",
    )


def _picture(desk: Any, document_id: str, page: int) -> PagePicture:
    return picture_of(paper(desk, document_id), page)
