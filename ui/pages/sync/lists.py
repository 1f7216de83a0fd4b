"""The tables of 同步: acts in their order, conflicts, acts in quarantine."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from nbcase.domain.clock import CHINA
from nbcase.domain.words import tr
from nbcase.operations.conflicts import ConflictView
from nbcase.operations.outbox import OutboxRow
from nbcase.operations.quarantine import QuarantineView
from ui.casewords import short_moment
from ui.pages.sync.disputes import choice_words, is_open, taken
from ui.pages.sync.presenter import files_words, outcome_words, row_title
from ui.pages.sync.quarantine import state_of
from ui.tasks import Tasks
from ui.widgets.table import Cell, CellValue, Column, PagedModel, Table, TagCell

Fetch = Callable[[Any, int], Any]


def act_table(fetch: Fetch, tasks: Tasks, today: Callable[[], date], is_online: Callable[[], bool]) -> Table:
    """Acts by their sequence."""

    def at(row: OutboxRow) -> Cell:
        return Cell(text=short_moment(row.action.desk_at, today()), quiet=True)

    def state(row: OutboxRow) -> CellValue:
        words, tone = outcome_words(row.outcome, is_online=is_online())
        return Cell(text=words, quiet=True) if row.outcome is None else TagCell(text=words, tone=tone)

    columns: tuple[Column[OutboxRow], ...] = (
        Column(title=tr("序号"), cell=lambda row: Cell(text=str(row.action.sequence), quiet=True), width=64),
        Column(title=tr("事项"), cell=row_title, width=140, stretch=True),
        Column(title=tr("申请人"), cell=lambda row: Cell(text=row.applicant or "—"), width=88),
        Column(title=tr("时间"), cell=at, width=92, shown_from=540),
        Column(title=tr("附件"), cell=lambda row: Cell(text=files_words(row), quiet=True), width=96),
        Column(title=tr("状态"), cell=state, width=104),
    )
    return Table(tr("操作"), PagedModel(columns, fetch, tasks), compact=True, identify=lambda row: row.action.sequence)


def dispute_table(name: str, fetch: Fetch, moment: Callable[[datetime | None], str], tasks: Tasks) -> Table:
    """Conflicts, open or decided."""

    def state(view: ConflictView) -> CellValue:
        choice = taken(view)
        return TagCell(text=tr("待定"), tone="red") if choice is None else Cell(text=choice_words(choice), quiet=True)

    def at(view: ConflictView) -> Cell:
        return Cell(text=moment(view.conflict.found_at if is_open(view) else view.conflict.resolved_at), quiet=True)

    columns: tuple[Column[ConflictView], ...] = (
        Column(title=tr("申请人"), cell=lambda view: Cell(text=view.person or "—"), width=84),
        Column(title=tr("记录 · 项"), cell=lambda view: f"{view.record} · {view.field}", width=128, stretch=True),
        Column(title=tr("对方"), cell=lambda view: Cell(text=view.theirs_by, quiet=True), width=172, shown_from=540),
        Column(title=tr("时间"), cell=at, width=92),
        Column(title=tr("状态"), cell=state, width=88),
    )
    return Table(name, PagedModel(columns, fetch, tasks), compact=True, identify=lambda view: view.conflict.id)


def quarantine_table(fetch: Fetch, tasks: Tasks) -> Table:
    """Acts that the centre keeps aside."""

    def state(view: QuarantineView) -> CellValue:
        words, tone = state_of(view)
        return TagCell(text=words, tone=tone)

    columns: tuple[Column[QuarantineView], ...] = (
        Column(title=tr("序号"), cell=lambda view: Cell(text=str(view.action.sequence), quiet=True), width=64),
        Column(title=tr("事项"), cell=lambda view: row_title(view.row), width=140, stretch=True),
        Column(title=tr("申请人"), cell=lambda view: Cell(text=view.row.applicant or "—"), width=88),
        Column(title=tr("时间"), cell=lambda view: Cell(text=_long(view.action.desk_at), quiet=True), width=92, shown_from=540),
        Column(title=tr("状态"), cell=state, width=104),
    )
    return Table(tr("隔离"), PagedModel(columns, fetch, tasks), compact=True, identify=lambda view: view.action.id)


def _long(at: datetime) -> str:
    return f"{at.astimezone(CHINA):%m-%d %H:%M}"
