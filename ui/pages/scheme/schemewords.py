"""The words of the page: shapes of rules, where a draft stands, a rule in short; plain Python."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

from nbcase.domain import codes, divisions
from nbcase.domain.scheme import DraftStage
from nbcase.domain.words import mark, tr
from nbcase.operations.points import rule_words
from nbcase.operations.scheme_drafts import DraftView, SchemeBoard
from nbcase.points.catalogue import Indicator, PointsCatalogue, Version, show
from nbcase.points.editing import Edit, Shape, WorkedExample, read_edit
from nbcase.points.facts import Best
from ui.casewords import moment_words
from ui.context import NoticeKind
from ui.widgets.fields import Option
from ui.widgets.lists import LineRow

_SHAPES = {
    Shape.UNCONFIGURED: mark("未配置"),
    Shape.EACH: mark("每单位计分"),
    Shape.BANDS: mark("按数值分档"),
    Shape.KINDS: mark("按类别"),
    Shape.HIGHEST: mark("几种情形取最高"),
    Shape.OTHER: mark("按文件所写"),
}
_GIVEN = frozenset({Shape.HIGHEST, Shape.OTHER})
"""Shapes that only an indicator's file can give; their figures can be edited."""

_NUMBERS = "①②③④⑤⑥⑦⑧⑨"


def mistake_words(mistake: str) -> str:
    """A mistake without the file and the entry in it: the page stands at the indicator already."""
    return re.sub(r"^\S+\.yaml.*?(：|: )", "", mistake, count=1)


def shape_options(present: Shape) -> tuple[Option, ...]:
    """The ways to give points that a form offers."""
    return tuple(Option(code=shape.value, label=tr(name)) for shape, name in _SHAPES.items() if shape not in _GIVEN or shape is present)


def fact_options(catalogue: PointsCatalogue, names: Sequence[str]) -> tuple[Option, ...]:
    """Facts by what people call them."""
    return tuple(Option(code=name, label=f"{catalogue.facts[name].label}（{catalogue.facts[name].unit}）") for name in names)


def kind_words(catalogue: PointsCatalogue, fact: str, number: str) -> str:
    """What a kind of a fact is called: the codes that are worth this number."""
    kind = catalogue.facts[fact].kind if fact in catalogue.facts else None
    worth = kind.value.of_code if isinstance(kind, Best) and kind.value.of_code is not None else ()
    named = [
        codes.name("points_row", code) if codes.has_code("points_row", code) else code for code, value in worth if str(value) == number
    ]
    return tr("、").join(named) or number


def part_title(catalogue: PointsCatalogue, fact: str, place: int, count: int) -> str:
    """The heading of a part's rows; several parts are numbered."""
    label = catalogue.facts[fact].label if fact in catalogue.facts else tr("分档")
    return f"{_NUMBERS[place]} {label}" if count > 1 else label


def facts_typed(edit: Edit, example: WorkedExample) -> str:
    """The facts of an example as they are typed: the bare number of a rule with one fact, ``1=12, 2=3`` for several."""
    names = [part.fact for part in edit.parts]
    if len(names) == 1:
        return example.facts.get(names[0], "")
    return ", ".join(f"{names.index(name) + 1 if name in names else name}={value}" for name, value in example.facts.items())


def facts_read(edit: Edit, typed: str) -> dict[str, str]:
    """The facts of an example from what was typed."""
    names = [part.fact for part in edit.parts]
    if len(names) == 1:
        return {names[0]: typed} if typed else {}
    pairs = [text.partition("=") for text in typed.replace("，", ",").replace(" ", "").split(",") if text]
    return {names[int(key) - 1] if key.isdigit() and 0 < int(key) <= len(names) else key: value for key, _, value in pairs}


def indicator_rows(board: SchemeBoard) -> list[LineRow]:
    """The list: each scope with its indicators, what is 未配置, edited or wrong. A row without payload is a heading."""
    rows: list[LineRow] = []
    heading = ("", "")
    for indicator, version in sorted(board.lines(), key=lambda line: _scope_order(board, line[0])):
        scope = (indicator.block, indicator.district_code)
        if scope != heading:
            heading = scope
            rows.append(_heading(board, indicator))
        rows.append(_row(board, indicator, version))
    return rows


def _scope_order(board: SchemeBoard, indicator: Indicator) -> tuple[int, bool, str]:
    blocks = list(board.schemes.newest.blocks)
    return blocks.index(indicator.block), indicator.district_code != board.district_code, indicator.district_code


def _heading(board: SchemeBoard, indicator: Indicator) -> LineRow:
    block = board.schemes.newest.blocks[indicator.block]
    name = block.name
    if indicator.district_code:
        place = divisions.division(indicator.district_code)
        name = f"{name} · {place.name if place is not None else indicator.district_code}"
    return LineRow(title=name, right="" if block.cap is None else tr("上限 {n}").format(n=show(block.cap)))


def _row(board: SchemeBoard, indicator: Indicator, version: Version) -> LineRow:
    draft = board.open.draft if board.open is not None else None
    cap = "—" if version.cap is None else show(version.cap)
    is_open = version.rule is None
    words = "" if version.rule is None else rule_words(version.rule, board.schemes.newest)
    tag, tone = (tr("未配置"), "neutral") if is_open else ("", "neutral")
    if draft is not None and indicator.code in draft.edits:
        edit = read_edit(indicator.code, draft.edits[indicator.code])
        cap, words = edit.cap or "—", _edited_words(board, indicator, edit)
        tag, tone = tr("已改"), "accent"
        if board.checked is not None and board.checked.about(indicator.code):
            tag, tone = tr("有误"), "red"
    return LineRow(title=indicator.name, note=words, right=cap, tag=tag, tag_tone=tone, payload=indicator.code)  # type: ignore[arg-type]


def _edited_words(board: SchemeBoard, indicator: Indicator, edit: Edit) -> str:
    """The rule that the draft gives an indicator; only its shape while the draft has mistakes."""
    catalogue = board.checked.catalogue if board.checked is not None else None
    if catalogue is None:
        return tr(_SHAPES[edit.shape])
    changed = next(one for one in catalogue.indicators if one.code == indicator.code).version_on(board.as_of)
    return rule_words(changed.rule, catalogue) if changed is not None and changed.rule is not None else tr(_SHAPES[edit.shape])


def former_words(board: SchemeBoard, code: str) -> str:
    """The rule that the draft takes the place of; empty for an indicator that the draft leaves alone."""
    if board.open is None or code not in board.open.draft.edits:
        return ""
    _, version = next(line for line in board.lines() if line[0].code == code)
    words = tr(_SHAPES[Shape.UNCONFIGURED]) if version.rule is None else rule_words(version.rule, board.schemes.newest)
    cap = "—" if version.cap is None else show(version.cap)
    return tr("原来：{rule}；上限 {cap}；{basis}").format(rule=words, cap=cap, basis=version.basis)


def draft_words(view: DraftView | None, today: date, *, is_online: bool, clerk_id: str) -> tuple[str, NoticeKind]:
    """Where the draft stands and what comes next."""
    if view is None:
        return "", "warn"
    draft = view.draft
    head = tr("草案“{name}”，{day} 起生效，改 {n} 项。").format(name=draft.name, day=draft.from_on, n=len(draft.edits))
    match view.stage:
        case DraftStage.PROPOSED:
            proposal = view.signatures[0]
            said = tr("{name} {at} 提出。").format(name=proposal.clerk_name, at=moment_words(proposal.signed_at, today))
            to_do = tr("要由另一位站长签署，哪个窗口都可以。") if proposal.clerk_id == clerk_id else tr("请看过后签署。")
            return head + said + to_do + _line(is_online), "warn"
        case DraftStage.SIGNED:
            names = tr("、").join(one.clerk_name for one in view.signatures)
            wait = tr("中心收到后公布，结果随同步到各窗口。") if is_online else tr("现在离线：到下次联系中心时才公布。")
            return head + tr("{names} 两人已签。").format(names=names) + wait, "success" if is_online else "warn"
        case DraftStage.REFUSED:
            return head + tr("中心没有公布：{why}").format(why=draft.refusal), "error"
        case _:
            return head + tr("{name} 修改。").format(name=draft.changed_name), "warn"


def _line(is_online: bool) -> str:
    return "" if is_online else tr("现在离线：别的窗口要等下次联系中心后才看得到。")


def history_rows(board: SchemeBoard) -> list[LineRow]:
    """Every version, the newest first, the program's own last."""
    names = {indicator.code: indicator.name for indicator in board.schemes.newest.indicators}
    rows = []
    for one in reversed(board.schemes.published):
        stands = one.from_on <= board.today
        changed = tr("、").join(names.get(code, code) for code in one.edits)
        signed = tr("{a} 提出，{b} 签署，{day} 公布").format(a=one.proposed_name, b=one.signed_name, day=one.published_on)
        rows.append(
            LineRow(
                lead=str(one.number),
                title=f"{one.name} · {changed}",
                under=signed,
                right=tr("{day} 起").format(day=one.from_on),
                tag=tr("有效") if stands else tr("未到期"),
                tag_tone="green" if stands else "amber",
            )
        )
    first = board.schemes.chain[0]
    begins = min(version.from_on for indicator in first.indicators for version in indicator.versions)
    rows.append(
        LineRow(lead="0", title=first.name, under=tr("程序自带"), right=tr("{day} 起").format(day=begins), tag=tr("有效"), tag_tone="green")
    )
    return rows


def stage_name(stage: DraftStage) -> tuple[str, Any]:
    """A stage as a tag."""
    return {
        DraftStage.EDITING: (tr("编辑中"), "neutral"),
        DraftStage.PROPOSED: (tr("待签署"), "amber"),
        DraftStage.SIGNED: (tr("待公布"), "accent"),
        DraftStage.REFUSED: (tr("未公布"), "red"),
    }[stage]
