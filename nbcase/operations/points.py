"""A resident's points at the desk: the whole sheet made again from the department rows that came with the score, without the network.

Claims that a reviewer accepted are rows like the departments' own, from the day of the decision on. A past day is scored from
the newest rows, not from those that had been delivered then, and says so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from nbcase.domain import codes
from nbcase.domain.clerk import Clerk
from nbcase.domain.document import plain_code
from nbcase.domain.resident import Resident
from nbcase.domain.score import Claim, Score, score_id
from nbcase.domain.words import tr
from nbcase.operations.desk import Desk
from nbcase.operations.loosepapers import loose_paper
from nbcase.operations.schemes import Schemes, schemes
from nbcase.points.catalogue import PointsCatalogue, show
from nbcase.points.facts import Age, Best
from nbcase.points.language import AtMost, Expression, Fact, Highest, Int, Lookup, Multiply, Step
from nbcase.points.records import FactValue, Row
from nbcase.points.rows import records_from_plain, row_from_plain
from nbcase.points.sheet import Line, NextStep, Sheet, next_step, score
from nbcase.points.tables import PERSON, ColumnKind, Table
from nbcase.store.desk_database import reading
from nbcase.store.shelf import Shelf

POINTS_ITEM = "points_application"
APPLY, REVIEW = "apply", "review"
SHEET = "points-sheet"


class LineState(StrEnum):
    """How a line stands: it has points, it has none though there are data, there are no data, or it has no rule."""

    SCORED = "scored"
    ZERO = "zero"
    NO_DATA = "no_data"
    UNCONFIGURED = "unconfigured"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One row of a department: in words, whether the line counted it, and the case by which it was proven, if it was."""

    words: str
    source: str
    counts: bool
    claim: Claim | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LineView:
    """One line of the sheet as people read it; `difference` is to today's points, in hundredths."""

    line: Line
    state: LineState
    fact: str
    rule: str
    working: str
    evidence: tuple[Evidence, ...]
    departments: tuple[str, ...]
    data_until: str
    step: NextStep | None
    difference: int

    @property
    def can_be_claimed(self) -> bool:
        """Whether a resident may come with own proof for it: a table of codes says for which lines."""
        return codes.has_code("points_indicator", self.line.indicator.code)


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsView:
    """A resident's points on a day. `sheet` is None while the centre has sent no score yet.

    `agrees`: the desk makes the centre's own hash out of the rows, on the day of its run.
    """

    resident: Resident
    score: Score | None
    on: date
    today: date
    catalogue: PointsCatalogue
    sheet: Sheet | None = None
    lines: tuple[LineView, ...] = ()
    claims: tuple[Claim, ...] = ()
    agrees: bool = False
    difference: int = 0

    @property
    def unconfigured(self) -> int:
        """How many lines have no rule: nobody published one."""
        return sum(line.state is LineState.UNCONFIGURED for line in self.lines)

    @property
    def data_words(self) -> str:
        """How far the data reach; for a day before them also that they came later than that day."""
        until = tr("数据截至 {month}").format(month=self.data_until or "—")
        if not self.data_until or f"{self.on:%Y-%m}" >= self.data_until:
            return until
        return tr("{until}，按现在的数据重算，不是当时的结果").format(until=until)

    @property
    def data_until(self) -> str:
        """The month up to which all tables are told."""
        months = [key[:7] for key in self.score.cut.values()] if self.score is not None else []
        return min(months, default="")


def points_view(desk: Desk, resident_id: str, on: date | None = None) -> PointsView:
    """The sheet of a resident on a day, today without one. LookupError for an unknown resident."""
    today = desk.today()
    day = on or today
    with reading(desk.engine) as connection:
        shelf = Shelf(connection)
        known = schemes(connection)
        resident = shelf.need(Resident, resident_id)
        found = shelf.get(Score, score_id(resident_id))
        claims = tuple(sorted(shelf.find(Claim, resident_id=resident_id), key=lambda claim: (claim.approved_on, claim.id)))
    catalogue = known.newest
    if found is None:
        return PointsView(resident=resident, score=None, on=day, today=today, catalogue=catalogue, claims=claims)
    own = records_from_plain(catalogue.tables, found.records)
    records, accepted = with_claims(catalogue, own, claims, day)
    sheet = score(catalogue, records, day, found.district_code)
    now = sheet if day == today else score(catalogue, with_claims(catalogue, own, claims, today)[0], today, found.district_code)
    points_now = {line.indicator.code: line.points for line in now.lines}
    return PointsView(
        resident=resident,
        score=found,
        on=day,
        today=today,
        catalogue=catalogue,
        sheet=sheet,
        lines=tuple(_line_view(catalogue, found, records, accepted, sheet, line, points_now) for line in sheet.lines),
        claims=claims,
        agrees=_agrees(known, own, claims, found),
        difference=sheet.total - now.total,
    )


def _agrees(known: Schemes, own: Mapping[str, Sequence[Row]], claims: Sequence[Claim], found: Score) -> bool:
    """Whether the desk makes the centre's own hash, by the catalogue that the centre scored with: versions may have come since.

    The run had the claims of its day beside the rows, or none where it was given none.
    """
    catalogue = known.by_hash(found.catalogue_hash)
    if catalogue is None:
        return False
    counted = (with_claims(catalogue, own, claims, found.on)[0], own)
    return any(score(catalogue, rows, found.on, found.district_code).hash == found.hash for rows in counted)


_Accepted = Mapping[tuple[str, int], Claim]


def with_claims(
    catalogue: PointsCatalogue, own: Mapping[str, Sequence[Row]], claims: Sequence[Claim], day: date
) -> tuple[dict[str, list[Row]], _Accepted]:
    """The departments' rows with those that were proven by the day behind them, and which those are."""
    records = {code: list(rows) for code, rows in own.items()}
    accepted: dict[tuple[str, int], Claim] = {}
    for claim in claims:
        if claim.approved_on <= day and claim.table_code in catalogue.tables:
            rows = records.setdefault(claim.table_code, [])
            accepted[claim.table_code, len(rows)] = claim
            rows.append(row_from_plain(catalogue.tables[claim.table_code], claim.row))
    return records, accepted


def _line_view(
    catalogue: PointsCatalogue,
    found: Score,
    records: Mapping[str, Sequence[Row]],
    accepted: _Accepted,
    sheet: Sheet,
    line: Line,
    points_now: Mapping[str, int],
) -> LineView:
    tables = list(dict.fromkeys(fact.definition.table for fact in line.facts))
    return LineView(
        line=line,
        state=_state(line, records),
        fact=tr("；").join(text for fact in line.facts if (text := fact_words(fact, catalogue, records))),
        rule=rule_words(line.version.rule, catalogue) if line.version.rule is not None else tr("没有公布规则，暂不计分"),
        working=_working(line),
        evidence=_evidence(catalogue, found, records, accepted, line),
        departments=tuple(dict.fromkeys(catalogue.tables[code].department for code in tables)),
        data_until=min((found.cut[code][:7] for code in tables if code in found.cut), default=""),
        step=next_step(catalogue, records, sheet, line),
        difference=line.points - points_now.get(line.indicator.code, 0),
    )


def _state(line: Line, records: Mapping[str, Sequence[Row]]) -> LineState:
    if not line.is_configured:
        return LineState.UNCONFIGURED
    if line.points > 0:
        return LineState.SCORED
    has_rows = any(records.get(fact.definition.table) for fact in line.facts)
    return LineState.ZERO if has_rows else LineState.NO_DATA


def fact_words(fact: FactValue, catalogue: PointsCatalogue, records: Mapping[str, Sequence[Row]]) -> str:
    """A fact as a clerk says it: 47 个月, 36 周岁, 本科学历; empty where there is none."""
    definition = fact.definition
    kind = definition.kind
    if isinstance(kind, Best) and kind.value.of_code is not None:
        row = records[definition.table][fact.rows[0]] if fact.rows else {}
        return _code_words(row.get(kind.value.column))
    if not fact.value and not isinstance(kind, Age):
        return ""
    return f"{fact.value} {definition.unit}"


def _code_words(code: object) -> str:
    text = str(code or "")
    return codes.name("points_row", text) if codes.has_code("points_row", text) else text


def rule_words(rule: Expression, catalogue: PointsCatalogue) -> str:
    """A rule in words, as far as it is of one of the usual shapes; else that the basis tells it."""
    match rule:
        case AtMost(inner, Int(limit)):
            return tr("{rule}，最多 {n} 分").format(rule=rule_words(inner, catalogue), n=show(limit))
        case Multiply(Fact(name), Int(each)):
            fact = catalogue.facts[name]
            return tr("{fact}，每 1 {unit} {n} 分").format(fact=fact.label, unit=fact.unit, n=show(each))
        case Step(Fact(name), rows, _):
            return _step_words(name, rows, catalogue)
        case Lookup(Fact(name), table, _):
            return _lookup_words(name, table, catalogue)
        case Highest(several):
            return tr("以下取最高：{rules}").format(rules=tr("；").join(rule_words(inner, catalogue) for inner in several))
        case _:
            return tr("按依据所载规则")


def _step_words(name: str, rows: Sequence[tuple[int, int]], catalogue: PointsCatalogue) -> str:
    fact = catalogue.facts[name]
    shown = rows if len(rows) <= 4 else (*rows[:2], *rows[-2:])
    parts = [tr("满 {at} {unit} {n} 分").format(at=bound, unit=fact.unit, n=show(points)) for bound, points in shown]
    if len(rows) > 4:
        parts.insert(2, "…")
    return f"{fact.label}：{'，'.join(parts)}"


def _lookup_words(name: str, table: Sequence[tuple[int, int]], catalogue: PointsCatalogue) -> str:
    fact, parts = catalogue.facts[name], []
    kind = fact.kind
    worth = kind.value.of_code if isinstance(kind, Best) and kind.value.of_code is not None else ()
    for key, points in table:
        named = [_code_words(code) for code, number in worth if number == key]
        parts.append(tr("{what} {n} 分").format(what=tr("、").join(named) or str(key), n=show(points)))
    return f"{fact.label}：{'；'.join(parts)}"


def _working(line: Line) -> str:
    """How the points came about, for a line of one fact that is multiplied; else the row that was reached."""
    rule = line.version.rule.of if isinstance(line.version.rule, AtMost) else line.version.rule
    if isinstance(rule, Multiply) and isinstance(rule.right, Int) and line.facts:
        text = f"{line.facts[0].value} × {show(rule.right.value)} = {show(line.raw)}"
        return tr("{text}，上限取 {n}").format(text=text, n=show(line.points)) if line.is_capped else text
    hits = [hit for hit in line.hits if hit.row >= 0]
    if hits:
        hit = max(hits, key=lambda found: found.value)
        return tr("达到第 {row} 档，{n} 分").format(row=hit.row + 1, n=show(hit.value))
    return show(line.points) if line.is_configured else ""


def _evidence(
    catalogue: PointsCatalogue, found: Score, records: Mapping[str, Sequence[Row]], accepted: _Accepted, line: Line
) -> tuple[Evidence, ...]:
    counted = {(fact.definition.table, place) for fact in line.facts for place in fact.rows}
    shown: list[Evidence] = []
    for code in dict.fromkeys(fact.definition.table for fact in line.facts):
        table = catalogue.tables[code]
        for place, row in enumerate(records.get(code, ())):
            claim = accepted.get((code, place))
            delivery = tr("{department}，{month} 数据").format(department=table.department, month=found.cut.get(code, "—")[:7])
            source = tr("经审核 {day}（{number}）").format(day=claim.approved_on, number=claim.case_number) if claim else delivery
            shown.append(Evidence(words=row_words(table, row), source=source, counts=(code, place) in counted, claim=claim))
    return tuple(sorted(shown, key=lambda each: not each.counts))


def row_words(table: Table, row: Row) -> str:
    """A row in words: its span or day first, then what its codes say."""
    if table.code == PERSON:
        return tr("出生 {day}").format(day=row.get("born_on") or "—")
    named = [_code_words(row.get(column.name)) for column in table.columns.values() if column.kind is ColumnKind.CODE]
    if table.first is not None and table.last is not None:
        first, last = (_time_words(row.get(name), is_month=table.is_monthly) for name in (table.first, table.last))
        when = tr("{first} 至 {last}").format(first=first, last=last) if last else tr("{first} 至今").format(first=first)
    else:
        when = str(row.get(table.dated or "") or "")
    return " · ".join(part for part in (when, *named) if part)


def _time_words(value: object, *, is_month: bool) -> str:
    if value is None:
        return ""
    return f"{int(str(value)) // 12:04d}-{int(str(value)) % 12 + 1:02d}" if is_month else str(value)


def step_words(step: NextStep) -> str:
    """What has to come about for more points."""
    fact = step.fact
    if isinstance(fact.kind, Best):
        return tr("{fact}提高一档").format(fact=fact.label)
    return tr("{fact}满 {n} {unit}").format(fact=fact.label, n=step.at, unit=fact.unit)


def points_sheet_pdf(desk: Desk, clerk: Clerk, resident_id: str, on: date | None = None) -> bytes:
    """积分明细 on one page, as PDF: an inner paper that is kept nowhere and can be made again at any time."""
    return loose_paper(desk, SHEET, _paper_values(desk, clerk, points_view(desk, resident_id, on)))


def _paper_values(desk: Desk, clerk: Clerk, view: PointsView) -> dict[str, object]:
    from nbcase.domain.identity import mask_number

    sheet = view.sheet
    blocks = {block.code: block for block in sheet.blocks} if sheet is not None else {}
    sums = [
        {"block": view.catalogue.blocks[code].name, "points": show(found.points), "cap": _cap_words(view.catalogue.blocks[code].cap)}
        for code, found in blocks.items()
    ]
    return {
        "station": desk.station.name,
        "name": view.resident.name,
        "number": mask_number(view.resident.document_number),
        "on": view.on,
        "made_at": desk.clock.now(),
        "clerk": clerk.name,
        "total": f"{show(sheet.total) if sheet else '—'} / {show(view.catalogue.most)}",
        "blocks": sums,
        "lines": [_paper_line(line) for line in view.lines if line.state is not LineState.UNCONFIGURED],
        "unconfigured": f"另有 {view.unconfigured} 项没有公布规则，暂不计分。没有查到数据的指标可凭证明申请积分。",
        "data": f"{view.data_words}；{'与中心一致' if view.agrees else '与中心不一致，以中心为准'}",
        "hash": sheet.hash if sheet else "",
        "qr_text": plain_code("points", *((view.resident.id, view.on, sheet.total, sheet.hash) if sheet else ())),
    }


def _paper_line(line: LineView) -> dict[str, object]:
    source = "、".join(line.departments) + (f"，{line.data_until}" if line.data_until else "")
    nothing = "没有查到数据" if line.state is LineState.NO_DATA else "—"
    return {
        "name": line.line.indicator.name,
        "fact": line.fact or nothing,
        "points": show(line.line.points),
        "cap": _cap_words(line.line.version.cap),
        "source": source,
        "basis": line.line.version.basis,
    }


def _cap_words(cap: int | None) -> str:
    return "—" if cap is None else show(cap)
