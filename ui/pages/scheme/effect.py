"""What the draft would do, and the versions so far."""

from PySide6.QtWidgets import QVBoxLayout, QWidget

from nbcase.domain.words import tr
from nbcase.operations.scheme_drafts import SchemeBoard
from nbcase.operations.scheme_effect import Effect, ResidentEffect
from ui.pages.points.presenter import difference_words, points_words
from ui.pages.scheme.schemewords import history_rows
from ui.widgets.figures import Figure, FigureStrip
from ui.widgets.lists import LineList, LineRow
from ui.widgets.text import EmptyLine, PanelHeading


class EffectPanel(QWidget):
    """How many rise and fall, by which indicator, and whose points change most."""

    def __init__(self) -> None:
        super().__init__()
        self._strip = FigureStrip()
        self._heading = PanelHeading(tr("按指标"))
        self._indicators = LineList(tr("按指标"), fits=True, selects=False, title_width=132)
        self._most = PanelHeading(tr("变化最大"))
        self._biggest = LineList(tr("变化最大"), fits=True, selects=False, title_width=132)
        self._empty = EmptyLine("")
        self._nothing = QVBoxLayout(self)
        self._nothing.setContentsMargins(0, 0, 0, 0)
        self._nothing.setSpacing(0)
        for part in (self._strip, self._empty, self._heading, self._indicators, self._most, self._biggest):
            self._nothing.addWidget(part)
        self._nothing.addStretch(1)
        self.show_effect(None, tr("起草方案后，这里用本站居民试算。"))

    def show_effect(self, effect: Effect | None, why_not: str = "") -> None:
        """Show the effect, or why there is none."""
        is_empty = effect is None or not effect.people
        for part in (self._strip, self._heading, self._indicators, self._most, self._biggest):
            part.setVisible(not is_empty)
        self._empty.setVisible(is_empty)
        self._empty.show_text(
            why_not or (tr("草案有错误，改好后才能试算。") if effect is None else tr("本站还没有一位居民有积分，无法试算。"))
        )
        if effect is None or is_empty:
            return
        self._strip.show_figures(_figures(effect))
        self._heading.set_meta(tr("{day} 按新旧两种规则各算一遍").format(day=effect.on))
        names = {one.code: one.name for one in effect.indicators}
        self._indicators.show_rows(
            [
                LineRow(
                    title=one.name,
                    note=tr("{n} 人升，{m} 人降").format(n=one.rises, m=one.falls),
                    right=tr("共 {n} 分").format(n=difference_words(one.difference)),
                )
                for one in effect.indicators
            ]
            or [LineRow(title=tr("没有一项变化"))]
        )
        self._biggest.show_rows([_resident_row(one, names) for one in effect.biggest] or [LineRow(title=tr("没有人变化"))])


def _figures(effect: Effect) -> list[Figure]:
    sampled = tr("全站") if effect.people == effect.everybody else tr("全站 {n} 人").format(n=effect.everybody)
    mean = points_words(round(effect.after / effect.people))
    by = difference_words(round((effect.after - effect.before) / effect.people))
    return [
        Figure(key="people", label=tr("试算"), value=str(effect.people), note=sampled),
        Figure(key="rises", label=tr("升"), value=str(effect.rises)),
        Figure(key="falls", label=tr("降"), value=str(effect.falls), tone="amber" if effect.falls else "neutral"),
        Figure(key="same", label=tr("不变"), value=str(effect.same)),
        Figure(key="mean", label=tr("平均分"), value=mean, note=by),
    ]


def _resident_row(one: ResidentEffect, names: dict[str, str]) -> LineRow:
    why = tr("，").join(f"{names.get(code, code)} {difference_words(points)}" for code, points in one.lines.items())
    return LineRow(title=one.name or "—", note=why, right=f"{points_words(one.before)} → {points_words(one.after)}")


class HistoryPanel(QWidget):
    """The versions, the newest first."""

    def __init__(self) -> None:
        super().__init__()
        self._rows = LineList(tr("版本"), fits=True, selects=False, lead_width=32)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(PanelHeading(tr("版本"), tr("每一天按那一天有效的一版计分")))
        column.addWidget(self._rows)
        column.addStretch(1)

    def show_board(self, board: SchemeBoard) -> None:
        """Show what was published."""
        self._rows.show_rows(history_rows(board))

    @property
    def rows(self) -> tuple[LineRow, ...]:
        """The versions as they are shown."""
        return self._rows.rows
