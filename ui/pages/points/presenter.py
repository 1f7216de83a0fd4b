"""What 积分 does: a resident's sheet on a day, the line that is looked at, and what can be begun from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from nbcase.domain.clerk import PERMISSIONS
from nbcase.domain.words import tr
from nbcase.operations.points import APPLY, POINTS_ITEM, REVIEW, LineState, LineView, PointsView, points_sheet_pdf, points_view
from nbcase.points.catalogue import show
from ui.printwork import print_unkept


@dataclass(frozen=True, slots=True, kw_only=True)
class FallRow:
    """One row of the waterfall, in hundredths: a block's sum, a line, or the total. `start` is where its bar begins.

    `line` is None for sums, which the arrows pass over.
    """

    title: str
    fact: str = ""
    points: str
    cap: str
    start: int = 0
    length: int = 0
    room: int = 0
    kind: str = "line"
    note: str = ""
    note_tone: str = "text3"
    difference: int = 0
    line: LineView | None = None


class PointsPageView(Protocol):
    """What the presenter needs of its page."""

    def show_nobody(self) -> None: ...
    def show_points(self, view: PointsView, rows: Sequence[FallRow]) -> None: ...
    def show_line(self, line: LineView) -> None: ...
    def show_day_problem(self, text: str) -> None: ...


class PointsPresenter:
    """One resident at a time; an answer for one who was left, or for a day that was changed again, is dropped."""

    def __init__(self, view: PointsPageView, context: Any) -> None:
        self._view = view
        self._context = context
        self._question = 0
        self.resident_id = ""
        self.on: date | None = None
        self.points: PointsView | None = None
        self.line: LineView | None = None

    def open(self, resident_id: str) -> None:
        """Somebody's points as of today."""
        self.on, self.line = None, None
        self.resident_id = resident_id
        self.refresh()

    def set_day(self, text: str) -> None:
        """Another day; an empty one is today. Days after today are refused: their data are not there."""
        if not text:
            self.on = None
        else:
            try:
                wanted = date.fromisoformat(text)
            except ValueError:
                self._view.show_day_problem(tr("没有这一天"))
                return
            if wanted > self._context.desk.today():
                self._view.show_day_problem(tr("不能晚于今天"))
                return
            self.on = wanted
        self._view.show_day_problem("")
        self.refresh()

    def refresh(self) -> None:
        """Read again what is open."""
        if not self.resident_id:
            self._view.show_nobody()
            return
        self._question += 1
        question, desk, resident_id, on = self._question, self._context.desk, self.resident_id, self.on

        def take(found: PointsView) -> None:
            if question == self._question:
                self._take(found)

        self._context.tasks.run(lambda: points_view(desk, resident_id, on), then=take, otherwise=self._context.trouble)

    def _take(self, found: PointsView) -> None:
        self.points = found
        self._view.show_points(found, fall_rows(found))
        code = self.line.line.indicator.code if self.line is not None else ""
        lines = {line.line.indicator.code: line for line in found.lines}
        chosen = lines.get(code) or first_of_interest(found.lines)
        if chosen is not None:
            self.choose(chosen)

    def choose(self, line: LineView) -> None:
        """Look at a line."""
        self.line = line
        self._view.show_line(line)

    def refusal(self, situation_code: str) -> str:
        """Why the selected line cannot be applied for or disputed; empty when it can."""
        if self._context.clerk.record.role not in PERMISSIONS["points.accept"]:
            return tr("您的岗位不受理")
        line = self.line
        if line is None:
            return tr("请先选一项指标")
        if line.state is LineState.UNCONFIGURED:
            return tr("这项没有公布规则，暂不受理")
        if not line.can_be_claimed:
            return tr("这项按公安登记计分，请先更正登记")
        if situation_code == APPLY and line.line.points > 0:
            return tr("这项已有积分，有异议请提出复核")
        if situation_code == REVIEW and line.state is LineState.NO_DATA:
            return tr("这项没有查到数据，请办积分申请")
        return ""

    def begin(self, situation_code: str) -> None:
        """积分申请 or 积分复核 for the selected line."""
        if self.line is None or self.refusal(situation_code):
            return
        self._context.navigate(
            "handle",
            resident_id=self.resident_id,
            item_code=POINTS_ITEM,
            situation_code=situation_code,
            indicator=self.line.line.indicator.code,
        )

    def print_sheet(self) -> None:
        """积分明细 to the desk's printer."""
        if self.points is None or self.points.sheet is None:
            return
        desk, clerk, resident_id, on = self._context.desk, self._context.clerk.record, self.resident_id, self.on
        print_unkept(self._context, tr("积分明细"), lambda: points_sheet_pdf(desk, clerk, resident_id, on), safe=tr("积分没有改动。"))


def first_of_interest(lines: Sequence[LineView]) -> LineView | None:
    """The line that is selected when a sheet opens: the first one with points, else the first."""
    return next((line for line in lines if line.line.points > 0), lines[0] if lines else None)


def fall_rows(view: PointsView) -> list[FallRow]:
    """The rows of the waterfall: each block's sum, its lines one after the other, and the total."""
    if view.sheet is None:
        return []
    rows: list[FallRow] = []
    reached = 0
    for block in view.sheet.blocks:
        known = view.catalogue.blocks[block.code]
        lines = [line for line in view.lines if line.line.indicator.block == block.code]
        has_rule = any(line.state is not LineState.UNCONFIGURED for line in lines)
        rows.append(
            FallRow(
                title=known.name,
                points=points_words(block.points) if has_rule else "—",
                cap="—" if known.cap is None else show(known.cap),
                start=reached,
                kind="block",
                note="" if lines and has_rule else tr("未配置"),
            )
        )
        for line in lines:
            rows.append(_line_row(line, reached))
            reached += line.line.points
    rows.append(FallRow(title=tr("合计"), points=points_words(view.sheet.total), cap="300", length=view.sheet.total, kind="total"))
    return rows


def _line_row(line: LineView, reached: int) -> FallRow:
    cap, points = line.line.version.cap, line.line.points
    notes = {
        LineState.UNCONFIGURED: tr("未配置"),
        LineState.NO_DATA: tr("没有查到数据，可申请") if line.can_be_claimed else tr("没有查到数据"),
        LineState.ZERO: tr("有数据，未达到"),
        LineState.SCORED: "",
    }
    is_open = line.state is LineState.UNCONFIGURED
    return FallRow(
        title=line.line.indicator.name,
        fact=line.fact,
        points="—" if is_open else points_words(points),
        cap="—" if cap is None else show(cap),
        start=min(reached, reached + points),
        length=abs(points),
        room=0 if is_open or cap is None else max(cap - points, 0),
        kind="unconfigured" if is_open else "line",
        note=notes[line.state],
        note_tone="amber" if line.state is LineState.NO_DATA and line.can_be_claimed else "text3",
        difference=line.difference,
        line=line,
    )


def points_words(points: int) -> str:
    """Points with both decimals, so that they stand under each other."""
    return f"{'-' if points < 0 else ''}{abs(points) // 100}.{abs(points) % 100:02d}"


def difference_words(difference: int) -> str:
    """A signed difference in points."""
    return f"{'+' if difference > 0 else '−' if difference < 0 else '±'}{points_words(abs(difference))}"
