"""The facts of one round, or of one application to it, and the lines of the list at the left."""

from datetime import date

from PySide6.QtWidgets import QVBoxLayout, QWidget

from nbcase.domain import codes
from nbcase.domain.case import CaseState
from nbcase.domain.divisions import division
from nbcase.domain.round import SIGNATURES_NEEDED, ParentRule, Round, RoundStage
from nbcase.domain.words import tr
from nbcase.operations.rounds import Application, is_under_notice, tie_words
from nbcase.points.catalogue import show
from ui.pages.rounds.presenter import Entry, taken
from ui.theme import current_theme
from ui.widgets.ink import Tone
from ui.widgets.lists import LineList, LineRow
from ui.widgets.panels import row_of
from ui.widgets.text import Facts, SectionHeading, Text


class RoundFacts(QWidget):
    """What a clerk says about the chosen line; a page puts it into a panel that scrolls."""

    def __init__(self) -> None:
        super().__init__()
        theme = current_theme()
        self._name, self._figure, self._meta = Text("", "panel-title", wrap=True), Text("", "figure"), Text("", "meta")
        self._facts = Facts(label_width=theme.size.label_width - theme.space.l)
        self._heading = SectionHeading(tr("名额"))
        self._places = LineList(tr("名额"), fits=True, selects=False, padding=0)
        self._ties_heading = SectionHeading(tr("积分相同时"))
        self._ties = Text("", "meta", wrap=True)
        self._conditions_heading = SectionHeading(tr("公布的条件"))
        self._conditions = Text("", "compact", wrap=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.space.l, theme.space.m, theme.space.l, theme.space.m)
        column.setSpacing(theme.space.s)
        column.addWidget(self._name)
        column.addWidget(row_of(self._figure, self._meta, None))
        parts: tuple[QWidget, ...] = (
            self._facts,
            self._heading,
            self._places,
            self._ties_heading,
            self._ties,
            self._conditions_heading,
            self._conditions,
        )
        for part in parts:
            column.addWidget(part)
        column.addStretch(1)

    def show_entry(self, entry: Entry, today: date) -> None:
        """Explain this line."""
        one, application = entry.view.round, entry.application
        self._name.setText(one.name)
        figure, meta = _figures(entry)
        self._figure.setText(figure)
        self._meta.setText(meta)
        self._facts.show_facts(_round_facts(entry) if application is None else _application_facts(entry, application, today))
        counts = taken(entry)
        self._places.show_rows(
            [
                LineRow(
                    title=place.name,
                    right=tr("{n} / {m}").format(n=counts[place.name], m=tr("不限") if place.seats is None else place.seats),
                )
                for place in one.places
            ]
        )
        self._heading.set_meta(tr("录取 / 名额"))
        self._heading.setVisible(application is None)
        self._places.setVisible(application is None)
        self._ties.setText(tie_words(one))
        text = "\n".join(one.conditions) or tr("未配置：没有查到公布的条件，审核时按当地公告。")
        self._conditions.setText(text + (f"\n{one.basis}" if one.basis else ""))
        self._conditions_heading.setVisible(application is None)
        self._conditions.setVisible(application is None)


def _figures(entry: Entry) -> tuple[str, str]:
    """The one figure that matters, and what it is."""
    application = entry.application
    if application is None:
        counts = taken(entry)
        placed = sum(count for place, count in counts.items() if place is not None)
        total = sum(counts.values())
        return (str(placed), tr("录取，共 {n} 件申请").format(n=total)) if total else ("—", tr("还没有排名"))
    if application.result is None:
        return "—", tr("名单还没有公布")
    result = application.result
    return show(result.points), tr("分 · 第 {n} 名，共 {m} 件").format(n=result.order, m=len(application.round.rows))


def _round_facts(entry: Entry) -> list[tuple[str, str]]:
    one = entry.view.round
    district = division(one.district_code)
    return [
        (tr("用途"), codes.name("points_use", one.use_code)),
        (tr("区县"), district.name if district is not None else one.district_code),
        (tr("报名"), tr("{first} 至 {last}").format(first=one.opens_on, last=one.closes_on)),
        (tr("计分日"), str(one.scored_on)),
        (tr("谁的积分"), tr("父母中较高的一方") if one.parent_rule is ParentRule.HIGHER else tr("申请人")),
        (tr("公示"), _notice_words(one)),
        (tr("签名"), _signed_words(entry)),
    ]


def _signed_words(entry: Entry) -> str:
    """Who signed what is public, and how many the list that comes next has."""
    one, signatures = entry.view.round, entry.view.signatures
    parts = [tr("、").join(one.signed_by)]
    if signatures or (one.list_hash and one.list_hash != one.published_hash):
        names = tr("、").join(signature.clerk_name for signature in signatures)
        words = tr("定稿 {n} / {m}") if one.stage is RoundStage.NOTICE else tr("{n} / {m}")
        parts.append(f"{words.format(n=len(signatures), m=SIGNATURES_NEEDED)}　{names}".strip())
    return tr("；").join(part for part in parts if part)


def _notice_words(one: Round) -> str:
    if one.notice_from_on is None:
        return tr("{n} 个工作日").format(n=one.notice_days)
    return tr("{first} 至 {last}").format(first=one.notice_from_on, last=one.notice_until_on)


def _application_facts(entry: Entry, application: Application, today: date) -> list[tuple[str, str]]:
    one, case, result = application.round, application.case, application.result
    facts = [(tr("受理号"), case.number), (tr("阶段"), stage_words(one, today))]
    if child := case.form.get("child_name"):
        facts.insert(0, (tr("孩子"), str(child)))
    if result is None:
        return facts
    figures = tr("居住 {n} 个月，社保 {m} 个月")
    return [
        *facts,
        (tr("结果"), result.place or tr("未录取")),
        (tr("计分人"), entry.counted or tr("另一方（不在本站）")),
        (tr("计分日"), str(one.scored_on)),
        (tr("同分比较"), figures.format(n=result.figures.get("residence_months", 0), m=result.figures.get("insurance_months", 0))),
        *([(tr("服务区"), tr("、").join(result.zones))] if result.zones else []),
    ]


def stage_words(one: Round, today: date) -> str:
    """Where a round stands, with its day."""
    match one.stage:
        case RoundStage.OPEN if today > one.closes_on:
            return tr("报名 {day} 已截止").format(day=one.closes_on)
        case RoundStage.OPEN:
            return tr("报名至 {day}").format(day=one.closes_on)
        case RoundStage.NOTICE:
            return tr("公示至 {day}").format(day=one.notice_until_on)
        case RoundStage.FINAL:
            return tr("{day} 定稿").format(day=one.final_on)


def entry_row(entry: Entry, today: date) -> LineRow:
    """One line of the list at the left."""
    one, application = entry.view.round, entry.application
    tag, tone = _round_tag(one, today) if application is None else _application_tag(application)
    return LineRow(title=one.name, under=stage_words(one, today), tag=tag, tag_tone=tone, payload=entry)


def _round_tag(one: Round, today: date) -> tuple[str, Tone]:
    if one.stage is RoundStage.FINAL:
        return tr("已定稿"), "neutral"
    if is_under_notice(one, today):
        return tr("公示中"), "accent"
    if one.list_hash:
        return tr("待签名"), "amber"
    return (tr("报名中"), "green") if one.is_open(today) else (tr("待排名"), "neutral")


def _application_tag(application: Application) -> tuple[str, Tone]:
    result = application.result
    if result is not None:
        return (tr("录取"), "green") if result.place else (tr("未录取"), "neutral")
    words: dict[CaseState, tuple[str, Tone]] = {
        CaseState.DECIDED: (tr("待公布"), "neutral"),
        CaseState.REFUSED: (tr("不符合"), "red"),
        CaseState.WITHDRAWN: (tr("已撤回"), "neutral"),
    }
    return words.get(application.case.state, (tr("审核中"), "amber"))
