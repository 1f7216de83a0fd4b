"""What is done from 同步 beside looking: the drill, the sheet, the stick, the end of a desk. Plain Python."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from nbcase.domain.retirement import RetirementProof
from nbcase.domain.words import sentences, tr
from nbcase.operations.messages import SealedReceipt
from nbcase.operations.proof import reconciliation_sheet
from nbcase.operations.readiness import size_words
from nbcase.operations.retire import RetirementCheck, obstacles, retirement_checks
from nbcase.operations.seal import SealedExport, export_sealed
from ui.context import Notice
from ui.printwork import print_unkept


class ErrandsView(Protocol):
    """What the errands need of the page."""

    def show_retirement(self, checks: Sequence[RetirementCheck]) -> None: ...
    def refresh(self) -> None: ...


class Errands:
    """Each errand is one call; what became of it is told in the notice bar."""

    def __init__(self, view: ErrandsView, context: Any) -> None:
        self._view = view
        self._context = context

    @property
    def is_drilling(self) -> bool:
        """Whether the line is cut on purpose now."""
        sync = self._context.sync
        return sync is not None and bool(sync.status().drill_left_s)

    def begin_drill(self, minutes: int) -> None:
        """Cut the line for so long."""
        self._context.sync.begin_drill(minutes)
        self._context.notify(
            Notice(
                what=tr("断网演练开始，{n} 分钟后自己结束。").format(n=minutes),
                safe=tr("照常受理，全部写在本机。"),
                do=tr("按 Ctrl+D 提前结束。"),
                kind="warn",
            )
        )

    def end_drill(self) -> None:
        """Give the line back."""
        self._context.sync.end_drill()
        self._context.notify(Notice(what=tr("演练结束，正在上传演练中办的件。")))

    def print_sheet(self) -> None:
        """The end-of-day sheet to the printer."""
        desk, clerk = self._context.desk, self._context.clerk.record
        title = tr("对账单 {day}").format(day=desk.today())
        told = Notice(what=tr("对账单已交打印机。"), safe=tr("没有经中心确认的，单上逐件列出。"))
        print_unkept(self._context, title, lambda: reconciliation_sheet(desk, clerk), safe=tr("对账单随时可以再打。"), told=told)

    def export(self, target: Path) -> None:
        """Everything unsent into one sealed file; the work stays here too."""
        desk = self._context.desk

        def told(done: SealedExport) -> None:
            what = tr("已导出 {n} 件、附件 {files} 个，{size}：{path}")
            self._context.notify(
                Notice(
                    what=what.format(n=done.count, files=done.files, size=size_words(done.bytes), path=done.path),
                    safe=tr("只有中心能打开，丢了也看不到内容；这些件仍在本机，照常等上传。"),
                    do=tr("在任一联网窗口“从 U 盘导入”，或交给中心。"),
                )
            )

        self._context.tasks.run_in_order(lambda: export_sealed(desk, target), then=told, otherwise=self._context.trouble)

    def bring(self, path: Path) -> None:
        """A sealed file of another desk to the centre, as it is: this desk cannot read it."""
        self._context.tasks.run_in_order(lambda: self._context.bring_sealed(path), then=self._tell_receipt, otherwise=self._context.trouble)

    def _tell_receipt(self, receipt: SealedReceipt) -> None:
        is_whole = not receipt.left and not receipt.notices
        what = tr("{window}的 {n} 件已在中心，其中 {known} 件先前已到；附件 {files} 个。")
        self._context.notify(
            Notice(
                what=what.format(window=receipt.window, n=receipt.count, known=receipt.known, files=receipt.files),
                kind="success" if is_whole else "warn",
                safe=tr("中心已签字，再导入一次也不会重复。"),
                do=tr("原来那台电脑下次连上时会得到答复。") if is_whole else sentences(*receipt.notices),
            )
        )

    def check_retirement(self) -> None:
        """Look whether anything would go with this desk."""
        desk = self._context.desk
        self._context.tasks.run(lambda: retirement_checks(desk), then=self._view.show_retirement, otherwise=self._context.trouble)

    def retire(self) -> None:
        """Take the desk out of service; the window goes with it."""

        def gone(proof: RetirementProof) -> None:
            self._context.retired(proof)

        self._context.tasks.run_in_order(self._context.retire, then=gone, otherwise=self._not_retired)

    def _not_retired(self, error: BaseException) -> None:
        self._context.trouble(error)
        self.check_retirement()


def may_go(checks: Sequence[RetirementCheck]) -> bool:
    """Whether nothing stands in the way."""
    return not obstacles(checks)
