"""Papers of an act to the printer, beside the event loop, and what became of them in words."""

from collections.abc import Callable, Sequence
from typing import Any

from nbcase.domain.document import Document
from nbcase.domain.words import tr
from nbcase.operations.printing import PrintJob, paper_name, print_document
from ui.context import Notice


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
        return tr("{names}没有打印出来，文书已存，可在“打印”重打。").format(names="、".join(failed))
    if documents and not jobs:
        return tr("没有打印机，{names}已存，可在“打印”打印。").format(names="、".join(names.values()))
    return tr("已打印 {names}。").format(names="、".join(names.values())) if documents else ""


def outcome_notice(what: str, documents: Sequence[Document], jobs: Sequence[PrintJob], do: str = "") -> Notice:
    """The notice after an act with papers: a warning when a paper did not come out, for the act itself is done."""
    is_printed = len(jobs) == len(documents) and not any(job.state == "failed" for job in jobs)
    return Notice(what=what, kind="success" if is_printed else "warn", safe=printed_words(documents, jobs), do=do)
