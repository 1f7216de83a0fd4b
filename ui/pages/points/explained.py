"""The selected line explained: rule, working, the rows that counted, cap, basis, and what would add points by when."""

from PySide6.QtWidgets import QVBoxLayout, QWidget

from nbcase.domain.words import tr
from nbcase.operations.points import Evidence, LineState, LineView, step_words
from nbcase.points.catalogue import show
from ui.pages.points.presenter import difference_words, points_words
from ui.theme import current_theme
from ui.widgets.lists import LineList, LineRow
from ui.widgets.panels import row_of
from ui.widgets.text import Facts, SectionHeading, Text


class LineExplained(QWidget):
    """Everything about one line; a page puts it into a panel that scrolls."""

    def __init__(self) -> None:
        super().__init__()
        theme = current_theme()
        self._name, self._points, self._cap = Text("", "panel-title"), Text("", "panel-title"), Text("", "meta")
        self._facts = Facts(label_width=theme.size.label_width - theme.space.l)
        self._heading = SectionHeading(tr("依据的记录"))
        self._rows = LineList(tr("依据的记录"), fits=True, selects=False, padding=0)
        self._none = Text("", "meta", wrap=True)
        self._step_heading = SectionHeading(tr("怎样加分"))
        self._step = Text("", "compact", wrap=True)
        self._note_heading = SectionHeading(tr("说明"))
        self._note = Text("", "meta", wrap=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.space.l, theme.space.m, theme.space.l, theme.space.m)
        column.setSpacing(theme.space.s)
        column.addWidget(row_of(self._name, None, self._points, self._cap))
        parts = (self._facts, self._heading, self._rows, self._none, self._step_heading, self._step, self._note_heading, self._note)
        for part in parts:
            column.addWidget(part)
        column.addStretch(1)

    def show_line(self, line: LineView) -> None:
        """Explain this line."""
        indicator, version = line.line.indicator, line.line.version
        is_open = line.state is LineState.UNCONFIGURED
        self._name.setText(indicator.name)
        self._points.setText("—" if is_open else points_words(line.line.points))
        self._cap.setText(f"/ {show(version.cap)}" if version.cap is not None else "")
        self._facts.show_facts(_facts(line))
        counted = sum(row.counts for row in line.evidence)
        self._heading.set_meta(tr("{n} 条，计入 {m} 条").format(n=len(line.evidence), m=counted) if line.evidence else "")
        self._rows.show_rows([_evidence_row(row) for row in line.evidence])
        self._rows.setVisible(bool(line.evidence))
        self._none.setText(_nothing_words(line))
        self._none.setVisible(not line.evidence)
        self._step.setText(step_sentence(line))
        for part in (self._step_heading, self._step):
            part.setVisible(bool(self._step.text()))
        self._note.setText(version.note)
        for part in (self._note_heading, self._note):
            part.setVisible(bool(version.note))


def _facts(line: LineView) -> list[tuple[str, str]]:
    until = tr("数据截至 {month}").format(month=line.data_until) if line.data_until else ""
    facts = [
        (tr("情况"), line.fact),
        (tr("规则"), line.rule),
        (tr("计算"), line.working),
        (tr("来源"), tr("，").join(part for part in (tr("、").join(line.departments), until) if part)),
        (tr("依据"), tr("，").join((line.line.version.basis, tr("{day} 起").format(day=line.line.version.from_on)))),
    ]
    if line.line.is_capped:
        facts.insert(3, (tr("封顶"), tr("原得 {raw} 分，按上限取 {n} 分").format(raw=show(line.line.raw), n=show(line.line.points))))
    if line.difference:
        facts.append((tr("与今天比"), tr("{n} 分").format(n=difference_words(line.difference))))
    return facts


def _evidence_row(row: Evidence) -> LineRow:
    if row.claim is not None:
        return LineRow(title=row.words, under=row.source, tag=tr("经审核"), tag_tone="accent")
    return LineRow(
        title=row.words, under=row.source, tag=tr("计入") if row.counts else tr("未计入"), tag_tone="green" if row.counts else "neutral"
    )


def _nothing_words(line: LineView) -> str:
    if line.state is LineState.UNCONFIGURED:
        return tr("没有公布分值，不计分也不估分。")
    if not line.can_be_claimed:
        return tr("没有查到数据。")
    return tr("没有查到数据。有证明的，可办积分申请，10 个工作日内审核。")


def step_sentence(line: LineView) -> str:
    """What adds points and by when: by itself on a day, or by somebody's doing."""
    step = line.step
    if step is None:
        if line.line.version.cap is not None and line.line.points == line.line.version.cap:
            return tr("已到上限。")
        return ""
    gain = difference_words(step.points - line.line.points)
    if step.by_on is not None:
        return tr("{day}：{what}，{gain} 分（情况不变，到时自然增加）").format(day=step.by_on, what=step_words(step), gain=gain)
    return tr("{what}，{gain} 分").format(what=step_words(step), gain=gain)
