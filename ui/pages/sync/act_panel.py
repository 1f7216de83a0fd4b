"""One act in full: what it changed field by field, who did it and when, what the centre said."""

from collections.abc import Sequence

from PySide6.QtWidgets import QVBoxLayout, QWidget

from nbcase.domain.action import Outcome
from nbcase.domain.clock import CHINA
from nbcase.domain.words import tr
from nbcase.operations.outbox import OutboxRow
from ui.pages.sync.changes import ChangeHead, ChangeList
from ui.pages.sync.changewords import ChangeLine
from ui.pages.sync.presenter import outcome_words, row_title
from ui.theme import current_theme
from ui.widgets.notice import NoticeStrip
from ui.widgets.panels import Panel, row_of
from ui.widgets.tag import Tag
from ui.widgets.text import Line, Text


class ActPanel(QWidget):
    """Shows one act; what it says of the line follows the page."""

    def __init__(self) -> None:
        super().__init__()
        theme = current_theme()
        self.title, self._tag, self.meta = Text("", "panel-title"), Tag(""), Text("", "meta", wrap=True)
        self._reason = NoticeStrip("", "warn")
        head = QWidget()
        words = QVBoxLayout(head)
        words.setContentsMargins(theme.space.l, theme.space.m, theme.space.l, theme.space.s)
        words.setSpacing(theme.space.xs)
        words.addWidget(row_of(self.title, self._tag, None))
        words.addWidget(self.meta)
        words.addWidget(self._reason)
        self.changes = ChangeList(tr("改了什么"))
        self._change_head = ChangeHead(self.changes)
        self._decides = Text("", "meta", wrap=True)
        foot = QWidget()
        below = QVBoxLayout(foot)
        below.setContentsMargins(theme.space.l, theme.space.m, theme.space.l, theme.space.m)
        below.addWidget(self._decides)
        content = QWidget()
        self.column = QVBoxLayout(content)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(0)
        for part in (head, Line(), self._change_head, Line(), self.changes, foot):
            self.column.addWidget(part)
        self.column.addStretch(1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(Panel(content))

    def show_act(self, row: OutboxRow, lines: Sequence[ChangeLine], *, is_online: bool) -> None:
        """Another act."""
        self.title.setText(" ".join(part for part in (row_title(row), row.applicant) if part))
        self._tag.show_tag(*outcome_words(row.outcome, is_online=is_online))
        self.meta.setText(_meta_words(row))
        self._reason.show_text(row.reason, "error" if row.outcome == Outcome.CONFLICT else "warn")
        self.changes.show_rows(lines)
        self._change_head.update()
        is_conflict = row.outcome == Outcome.CONFLICT
        self._decides.setText(tr("两边都改了的项在“冲突”里判断；已定的在“已定”里。两边的值都在。") if is_conflict else "")
        self._decides.setVisible(is_conflict)


def _meta_words(row: OutboxRow) -> str:
    local = row.action.desk_at.astimezone(CHINA)
    parts = [
        tr("序号 {n}").format(n=row.action.sequence),
        tr("{clerk} {at}").format(clerk=row.clerk_name or "—", at=f"{local:%Y-%m-%d %H:%M:%S}"),
        tr("校验值 {hash}").format(hash=row.action.hash[:8]),
    ]
    if row.answered_at is not None:
        parts.append(tr("中心 {at} 回复").format(at=f"{row.answered_at.astimezone(CHINA):%m-%d %H:%M}"))
    elif row.tries:
        parts.append(tr("已试 {n} 次").format(n=row.tries))
    return " · ".join(parts)
