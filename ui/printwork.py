"""Papers of an act to the printer, beside the event loop, and what became of them in words."""

from collections.abc import Callable, Sequence
from typing import Any

from nbcase.domain.document import Document
from nbcase.domain.errors import DeviceError
from nbcase.domain.words import tr
from nbcase.operations.printing import PrintJob, paper_name, print_document
from ui.context import Notice
from ui.widgets.fields import Option

Ask = Callable[[str, Sequence[Option], Callable[[str], None]], None]
"""How a page asks for one of a few answers, such as `AskBar.ask`."""


def print_papers(context: Any, documents: Sequence[Document], then: Callable[[list[PrintJob]], None], reason: str = "") -> None:
    """Send papers to the desk's queue in their order; `then` gets a job for each, none at a desk without a printer."""
    desk, clerk, queue = context.desk, context.clerk.record, context.queue
    if queue is None or not documents:
        then([])
        return

    def work() -> list[PrintJob]:
        return [print_document(desk, clerk, queue, document.id, reason) for document in documents]

    context.tasks.run_in_order(work, then=then, otherwise=context.trouble)


def printed_words(documents: Sequence[Document], jobs: Sequence[PrintJob]) -> str:
    """已打印 受理回执、签注单, or what did not come out."""
    names = {document.id: paper_name(document.kind_code) for document in documents}
    failed = [names[job.document_id] for job in jobs if job.state == "failed"]
    if failed:
        return tr("{names}没有打印出来，文书已存，可在“打印”重打。").format(names=tr("、").join(failed))
    if documents and not jobs:
        return tr("没有打印机，{names}已存，可在“打印”打印。").format(names=tr("、").join(names.values()))
    return tr("已打印 {names}。").format(names=tr("、").join(names.values())) if documents else ""


def outcome_notice(what: str, documents: Sequence[Document], jobs: Sequence[PrintJob], do: str = "") -> Notice:
    """The notice after an act with papers: a warning when a paper did not come out, for the act itself is done."""
    is_printed = len(jobs) == len(documents) and not any(job.state == "failed" for job in jobs)
    return Notice(what=what, kind="success" if is_printed else "warn", safe=printed_words(documents, jobs), do=do)


def print_one(context: Any, ask: Ask, document: Document) -> None:
    """Print a paper at once, or ask why it is printed a second time; tell what became of it and let pages reload."""
    if context.queue is None:
        context.trouble(DeviceError(tr("没有打印机。"), safe=tr("文书已存在本机。"), do=tr("请在“设置”选打印机。")))
        return
    name = paper_name(document.kind_code)

    def told(jobs: list[PrintJob]) -> None:
        context.notify(outcome_notice(tr("{paper}已交打印机。").format(paper=name), [document], jobs))
        context.announce(frozenset({"document"}))

    if document.print_count == 0:
        print_papers(context, [document], told)
        return
    options = [Option(code=word, label=word) for word in reprint_reasons()]
    ask(tr("{paper}为什么补打？").format(paper=name), options, lambda reason: print_papers(context, [document], told, reason))


def print_unkept(context: Any, title: str, make: Callable[[], bytes], *, safe: str, told: Notice | None = None) -> None:
    """Print a paper that is made for the moment and not kept as a record; `make` gives its PDF.

    It is made after what was written before, so that it says all of it. `safe` is said at a desk without a printer, `told`
    once the paper is at the printer.
    """
    queue = context.queue
    if queue is None:
        context.trouble(DeviceError(tr("没有打印机。"), safe=safe, do=tr("请在“设置”选打印机。")))
        return
    notice = told or Notice(what=tr("{paper}已交打印机。").format(paper=title))
    context.tasks.run_in_order(lambda: queue.submit(make(), title), then=lambda _: context.notify(notice), otherwise=context.trouble)


def print_missing(context: Any, name: str, make: Callable[[], bytes]) -> None:
    """Print the 一次性告知书 for the person of that name; `make` gives its PDF."""
    told = Notice(what=tr("一次性告知书已交打印机。"), do=tr("草稿留在本机，补齐后接着办。"))
    print_unkept(context, tr("一次性告知书 {name}").format(name=name), make, safe=tr("草稿完好。"), told=told)


def reprint_reasons() -> tuple[str, ...]:
    """Why a paper is printed a second time."""
    return (tr("缺页"), tr("污损"), tr("遗失"), tr("没有打出来"))
