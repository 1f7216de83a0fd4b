"""The questions before an errand: which one, how long, where to; all by number, a path can be typed."""

from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget

from nbcase.domain.words import tr
from ui.pages.sync.drill import MINUTES
from ui.pages.sync.errands import Errands
from ui.pages.sync.sticks import SUFFIX, sealed_files, sticks
from ui.widgets.ask import AskBar
from ui.widgets.fields import Option

_MOST_NAMED = 5
"""Sticks or files that have a number of their own; others are picked or typed."""


class ErrandAsks:
    """Leads from a button to an errand."""

    def __init__(self, page: QWidget, bar: AskBar, errands: Errands, *, may_retire: bool) -> None:
        self._page = page
        self._bar = bar
        self._errands = errands
        self._may_retire = may_retire

    def ask_more(self) -> None:
        """What has no button of its own."""
        options = [
            Option(code="drill", label=tr("结束演练") if self._errands.is_drilling else tr("断网演练")),
            Option(code="import", label=tr("从 U 盘导入")),
            *([Option(code="retire", label=tr("停用本机"))] if self._may_retire else []),
        ]
        self._bar.ask(tr("还要做什么？"), options, self._begin)

    def ask_where(self) -> None:
        """Where the sealed file goes."""
        options = [Option(code=str(folder), label=folder.name or str(folder)) for folder in sticks()[:_MOST_NAMED]]
        more = [Option(code="choose", label=tr("选文件夹")), Option(code="type", label=tr("输入路径"))]
        self._bar.ask(tr("把没有上传的办件导出到哪里？只有中心能打开，本机照样留着。"), [*options, *more], self._export_to)

    def ask_retirement(self) -> None:
        """Once more, because there is no way back."""
        options = [Option(code="stay", label=tr("不停用")), Option(code="go", label=tr("停用，销毁密钥"))]
        self._bar.ask(tr("停用后不能撤回，这台电脑要重新登记才能再用。"), options, self._retire)

    def _begin(self, errand: str) -> None:
        if errand == "import":
            self._ask_what()
        elif errand == "retire":
            self._errands.check_retirement()
        elif self._errands.is_drilling:
            self._errands.end_drill()
        else:
            options = [Option(code=str(minutes), label=tr("{n} 分钟").format(n=minutes)) for minutes in MINUTES]
            question = tr("演练多久？到时自己结束，照常受理，演练中办的件之后上传。")
            self._bar.ask(question, options, lambda code: self._errands.begin_drill(int(code)))

    def _export_to(self, where: str) -> None:
        if where == "choose":
            where = QFileDialog.getExistingDirectory(self._page, tr("导出到哪个文件夹"))
        if where == "type":
            self._bar.ask_text(tr("导出到哪个文件夹？"), "", self._export_to)
        elif where:
            self._errands.export(Path(where).expanduser())

    def _ask_what(self) -> None:
        options = [Option(code=str(path), label=path.name) for path in sealed_files(sticks())[:_MOST_NAMED]]
        more = [Option(code="choose", label=tr("选文件")), Option(code="type", label=tr("输入路径"))]
        self._bar.ask(tr("导入哪个文件？原样交给中心，本机看不到内容。"), [*options, *more], self._import_from)

    def _import_from(self, where: str) -> None:
        if where == "choose":
            where, _ = QFileDialog.getOpenFileName(self._page, tr("导入哪个文件"), "", tr("密封文件") + f" (*{SUFFIX})")
        if where == "type":
            self._bar.ask_text(tr("文件的路径？"), "", self._import_from)
        elif where:
            self._errands.bring(Path(where).expanduser())

    def _retire(self, answer: str) -> None:
        if answer == "go":
            self._errands.retire()
