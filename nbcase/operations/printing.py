"""Printing: a paper goes to a queue, and «printed» is what the queue confirmed or the clerk said, not what was sent."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time
from typing import Any

import sqlalchemy as sa

from nbcase.documents.printing import JobState, PrintQueue, queue_for, queues_of
from nbcase.documents.printing import PrintJob as QueueJob
from nbcase.domain.clerk import Clerk
from nbcase.domain.clock import CHINA
from nbcase.domain.document import Document
from nbcase.domain.errors import DeviceError, UserError
from nbcase.domain.ids import new_id
from nbcase.domain.resident import Resident
from nbcase.domain.words import mark, tr
from nbcase.operations.desk import Desk
from nbcase.operations.files import need_file
from nbcase.store import tables
from nbcase.store.desk_database import reading, writing
from nbcase.store.desk_work import desk_work
from nbcase.store.shelf import Shelf

PAPER_NAMES = {
    "acceptance-receipt": mark("受理回执"),
    "acceptance-receipt-80": mark("受理回执（窄）"),
    "residence-voucher": mark("居住登记凭证"),
    "permit-confirmation": mark("居住证确认单"),
    "endorsement-slip": mark("签注单"),
    "one-time-notice": mark("一次性告知书"),
    "refusal": mark("不予办理决定书"),
    "permit-recall": mark("临时证件收回告知书"),
    "companion-booklet": mark("随身宝"),
}


def paper_name(kind_code: str) -> str:
    """What people call a kind of paper."""
    return tr(PAPER_NAMES.get(kind_code, kind_code))


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintJob:
    """One sheet on its way: ``sent`` (handed over), ``printed`` (confirmed), ``failed``, ``spoilt``."""

    id: str
    document_id: str
    queue: str
    state: str
    reason: str
    detail: str
    requested_at: datetime
    requested_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintRow:
    """One line of 打印."""

    job: PrintJob
    document: Document
    title: str
    applicant: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A paper that no job is known of."""

    document: Document
    title: str
    applicant: str


def print_document(desk: Desk, clerk: Clerk, queue: PrintQueue, document_id: str, reason: str = "") -> PrintJob:
    """Send a kept paper to a queue. A second print needs a reason; a queue that fails leaves a failed job and the paper untouched."""
    with reading(desk.engine) as connection:
        document = Shelf(connection).need(Document, document_id)
    if document.revoked_on is not None:
        raise UserError(
            tr("这份文书 {day} 已收回，不能再打印。").format(day=document.revoked_on),
            safe=tr("原件留在档案里，没有打印。"),
            do=tr("请打印收回告知书，或按现在的办件重新出具。"),
        )
    if document.print_count > 0 and not reason.strip():
        raise UserError(tr("这份文书已打印过。"), safe=tr("没有再次打印。"), do=tr("补打请先选原因：缺页、污损、遗失。"))
    pdf = need_file(desk, document.content_hash)
    queue = queue_for(queue, document.kind_code)
    try:
        job = queue.submit(pdf, f"{paper_name(document.kind_code)} {document.number}")
        detail, state = job.job_id, "printed" if queue.state(job) is JobState.PRINTED else "sent"
    except DeviceError as error:
        detail, state = str(error), "failed"
    return _record(desk, clerk, document, queue.name, state, reason, detail)


def _record(desk: Desk, clerk: Clerk, document: Document, queue: str, state: str, reason: str, detail: str) -> PrintJob:
    job = PrintJob(
        id=new_id(),
        document_id=document.id,
        queue=queue,
        state=state,
        reason=reason.strip(),
        detail=detail,
        requested_at=desk.clock.now(),
        requested_by=clerk.id,
    )
    row = {name: getattr(job, name) for name in PrintJob.__dataclass_fields__}
    if state == "failed":
        with writing(desk.engine) as connection:
            connection.execute(sa.insert(tables.print_job).values(row))
        return job
    with desk_work(desk.engine, desk.identity, clerk, desk.clock.now()) as work:
        work.connection.execute(sa.insert(tables.print_job).values(row))
        present = work.need(Document, document.id)
        work.put(replace(present, print_count=present.print_count + 1))
        work.record("document.print", present)
    return job


def follow_jobs(desk: Desk, queue: PrintQueue) -> bool:
    """Ask the queue about the sheets that are on their way; whether any of them has come out or stopped since."""
    job = tables.print_job
    with reading(desk.engine) as connection:
        names = [each.name for each in queues_of(queue)]
        waiting = connection.execute(sa.select(job).where(job.c.state == "sent", job.c.queue.in_(names))).all()
    news = {JobState.PRINTED: "printed", JobState.STOPPED: "failed"}
    has_news = False
    for row in waiting:
        word = news.get(queue.state(QueueJob(queue=row.queue, job_id=row.detail)))
        if word is not None:
            mark_job(desk, row.id, word, row.detail)
            has_news = True
    return has_news


def mark_job(desk: Desk, job_id: str, state: str, detail: str = "") -> None:
    """What became of a sheet: the queue's or the clerk's word."""
    if state not in ("printed", "spoilt", "failed"):
        raise ValueError(state)
    with writing(desk.engine) as connection:
        connection.execute(sa.update(tables.print_job).where(tables.print_job.c.id == job_id).values(state=state, detail=detail))


def spoilt_today(desk: Desk) -> int:
    """Sheets that a clerk called spoilt, of today's."""
    job = tables.print_job
    since = datetime.combine(desk.today(), time(), CHINA)
    with reading(desk.engine) as connection:
        query = sa.select(sa.func.count()).where(job.c.state == "spoilt", job.c.requested_at >= since)
        return int(connection.execute(query).scalar_one())


def print_rows(desk: Desk, limit: int = 100) -> list[PrintRow]:
    """The newest jobs."""
    job = tables.print_job
    with reading(desk.engine) as connection:
        shelf = Shelf(connection)
        rows = connection.execute(sa.select(job).order_by(job.c.requested_at.desc(), job.c.id.desc()).limit(limit)).all()
        return [_row(shelf, dict(row._mapping)) for row in rows]


def _row(shelf: Shelf, values: Mapping[str, Any]) -> PrintRow:
    document = shelf.need(Document, values["document_id"])
    return PrintRow(
        job=PrintJob(**values),
        document=document,
        title=paper_name(document.kind_code),
        applicant=_applicant(shelf, document),
    )


def waiting_papers(desk: Desk, limit: int = 50) -> list[Paper]:
    """Papers that were never sent to a printer from here or anywhere, newest first; one that failed has a job to show it.

    Those that were taken back are left out: nobody may print them any more.
    """
    table, job = tables.DESK_RECORDS["document"], tables.print_job
    tried = sa.select(job.c.document_id)
    with reading(desk.engine) as connection:
        shelf = Shelf(connection)
        order = (table.c.made_at.desc(), table.c.id.desc())
        waits = (table.c.print_count == 0, table.c.revoked_on.is_(None), table.c.id.not_in(tried))
        found = shelf.find(Document, *waits, order=order, limit=limit)
        return [Paper(document=document, title=paper_name(document.kind_code), applicant=_applicant(shelf, document)) for document in found]


def _applicant(shelf: Shelf, document: Document) -> str:
    resident = shelf.get(Resident, document.resident_id)
    return resident.name if resident else ""


def paper(desk: Desk, document_id: str) -> bytes:
    """The kept PDF of a document, from the centre where another desk made it; raises as `need_file` does."""
    with reading(desk.engine) as connection:
        document = Shelf(connection).need(Document, document_id)
    return need_file(desk, document.content_hash)
