"""The centre ranks a round and publishes its list: the same places at every run, checked by other eyes, signed by two people.

A list is named by the hash of everything that it was made of. Publishing makes it again: where anything has changed since people
signed, the hashes differ and nothing is published.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from nbcase.domain.action import canonical
from nbcase.domain.case import Case, CaseState
from nbcase.domain.clerk import PERMISSIONS, Clerk
from nbcase.domain.errors import Conflict, UserError
from nbcase.domain.identity import mask_name
from nbcase.domain.ids import derived_id
from nbcase.domain.round import SIGNATURES_NEEDED, ChoiceResult, ListRow, ParentRule, Round, RoundResult, RoundStage
from nbcase.domain.score import Claim, Score
from nbcase.domain.words import tr
from nbcase.domain.workdays import WorkingCalendar
from nbcase.operations.rounds import OBJECTION_ITEM, SIGN, USE_ITEMS, choices_of, signatures_of
from nbcase.points.catalogue import PointsCatalogue
from nbcase.points.ranking import Applicant, Placement, Reason, TieRule, Why, blocking_pairs, order_key, place, reasons
from nbcase.points.rows import records_from_plain, row_from_plain
from nbcase.points.sheet import score as score_rows
from nbcase.store import people
from nbcase.store.centre_work import write_own
from nbcase.store.records import R
from nbcase.store.shelf import Shelf

FIGURES = ("residence_months", "insurance_months")
"""Facts of the points catalogue that the tie rules look at."""

_SLICE = 10_000
"""Ids in one question: PostgreSQL takes 65,535 parameters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Whose points count for an application, and what ties look at."""

    resident_id: str
    points: int
    figures: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """A list that is made but not public: every application in order, and the hash that names it all."""

    results: tuple[RoundResult, ...]
    list_hash: str


def rank_round(connection: sa.Connection, round_id: str, catalogue: PointsCatalogue, now: datetime, today: date) -> Round:
    """Rank a round anew and keep the list for people to look at and sign. Raises `UserError` before the end of applications."""
    one = _round(connection, round_id)
    if one.stage is RoundStage.FINAL:
        raise Conflict(tr("这一轮已定稿。"), safe=tr("名单没有改动。"))
    if today <= one.closes_on:
        raise UserError(tr("报名到 {day} 才截止。").format(day=one.closes_on), safe=tr("没有排名。"), do=tr("截止之后再排。"))
    ranked = ranked_list(connection, one, catalogue)
    _refuse_wrong(check_list(one, ranked.results))
    kept = replace(one, draft_rows=public_rows(ranked.results), list_hash=ranked.list_hash, ranked_at=now)
    write_own(connection, Round, [kept])
    return _round(connection, round_id)


def publish_round(connection: sa.Connection, round_id: str, catalogue: PointsCatalogue, calendar: WorkingCalendar, today: date) -> Round:
    """Make the signed list public: for notice first, as final when the notice is over and no objection is open.

    Raises `UserError` when it is not signed by two people, when anything has changed since, or when it is not stable.
    """
    one = _round(connection, round_id)
    _may_be_published(connection, one, today)
    signed = _signers(connection, one)
    ranked = ranked_list(connection, one, catalogue)
    if ranked.list_hash != one.list_hash:
        raise Conflict(tr("签名之后申请或积分有了变化。"), safe=tr("没有公布，公布着的名单没有改动。"), do=tr("请重新排名，看过再签名。"))
    _refuse_wrong(check_list(one, ranked.results))
    dates: dict[str, Any] = {"final_on": today}
    if one.stage is RoundStage.OPEN:
        dates = {"notice_from_on": today, "notice_until_on": calendar.add_working_days(today, one.notice_days).due_on}
    public = replace(
        one, stage=one.next_stage, rows=public_rows(ranked.results), published_hash=ranked.list_hash, signed_by=signed, **dates
    )
    known = {entry.id: entry.version for entry in Shelf(connection).find(RoundResult, round_id=one.id)}
    write_own(connection, RoundResult, [replace(entry, version=known.get(entry.id, 0)) for entry in ranked.results])
    write_own(connection, Round, [public])
    return _round(connection, round_id)


def _round(connection: sa.Connection, round_id: str) -> Round:
    found = Shelf(connection).get(Round, round_id)
    if found is None:
        raise UserError(tr("没有这一轮。"), do=tr("不写编号可列出各轮。"))
    return found


def _may_be_published(connection: sa.Connection, one: Round, today: date) -> None:
    if one.stage is RoundStage.FINAL or not one.list_hash:
        raise Conflict(tr("没有待公布的名单。"), safe=tr("没有改动。"), do=tr("请先排名。"))
    if one.stage is not RoundStage.NOTICE:
        return
    if one.notice_until_on is not None and today <= one.notice_until_on:
        raise UserError(tr("公示到 {day} 才满。").format(day=one.notice_until_on), safe=tr("没有定稿。"), do=tr("期满之后再定稿。"))
    waiting = [case for case in _cases(connection, one, OBJECTION_ITEM) if case.state.is_open]
    if waiting:
        numbers = "、".join(case.number for case in waiting[:3])
        what = tr("还有 {n} 件异议没有答复：{numbers}。").format(n=len(waiting), numbers=numbers)
        raise UserError(what, safe=tr("没有定稿。"), do=tr("请先办结异议。"))


def _signers(connection: sa.Connection, one: Round) -> tuple[str, ...]:
    """The names of those who signed this very list; a signature of somebody whose role does not sign is none."""
    known: dict[str, Clerk] = {clerk.id: clerk for clerk in people.clerks(connection)}
    signatures = signatures_of(Shelf(connection), one)
    names = tuple(
        known[entry.clerk_id].name for entry in signatures if entry.clerk_id in known and known[entry.clerk_id].role in PERMISSIONS[SIGN]
    )
    if len(names) < SIGNATURES_NEEDED:
        what = tr("名单要 {n} 人签名，现有 {m} 人。").format(n=SIGNATURES_NEEDED, m=len(names))
        raise UserError(what, safe=tr("没有公布。"), do=tr("请站长、复核岗在“名额”里看过名单后签名。"))
    return names


def _refuse_wrong(wrong: Sequence[str]) -> None:
    if wrong:
        raise UserError(
            tr("名单没有通过核对：{text}").format(text="；".join(wrong[:3])), safe=tr("没有公布。"), do=tr("请把这一条报给维护人员。")
        )


def ranked_list(connection: sa.Connection, one: Round, catalogue: PointsCatalogue) -> Ranked:
    """The list of a round from the decided applications, the scores and the accepted claims that the centre has now."""
    cases = [case for case in _cases(connection, one, USE_ITEMS[one.use_code]) if case.state is CaseState.DECIDED]
    return listed(one, cases, _counted(connection, one, cases, catalogue))


def listed(one: Round, cases: Sequence[Case], counted: Mapping[str, Counted]) -> Ranked:
    """The list of these applications, with whose points count for each by case id."""
    results = _results(one, cases, counted, [_applicant(one, case, counted[case.id]) for case in cases])
    made_of = [(entry.case_number, entry.points, dict(entry.figures), entry.zones, entry.choices, entry.place) for entry in results]
    rules = (one.id, one.scored_on, one.places, one.ties, one.lot_seed, one.parent_rule)
    list_hash = hashlib.sha256(canonical([rules, made_of])).hexdigest()
    return Ranked(results=tuple(replace(entry, list_hash=list_hash) for entry in results), list_hash=list_hash)


def _cases(connection: sa.Connection, one: Round, item_code: str) -> list[Case]:
    """The item's cases of this round, by number."""
    shelf = Shelf(connection)
    table = shelf.table(Case)
    found = shelf.find(Case, sa.type_coerce(table.c.form, sa.Text).contains(one.id), order=(table.c.number,), item_code=item_code)
    return [case for case in found if case.form.get("round") == one.id]


def _counted(connection: sa.Connection, one: Round, cases: Sequence[Case], catalogue: PointsCatalogue) -> dict[str, Counted]:
    """By case: the applicant's points, or the better ones of both parents where the round says so."""
    parents = {case.id: _parents(one, case) for case in cases}
    everybody = sorted({resident_id for ids in parents.values() for resident_id in ids})
    scores = {score.resident_id: score for score in _of_residents(connection, Score, everybody)}
    claims: dict[str, list[Claim]] = {}
    for claim in _of_residents(connection, Claim, everybody):
        claims.setdefault(claim.resident_id, []).append(claim)
    points = {person: counted_points(one, catalogue, person, scores.get(person), claims.get(person, ())) for person in everybody}

    def worth(person: str) -> tuple[int | str, ...]:
        found = points[person]
        return (found.points, *(found.figures[name] for name in FIGURES), person)

    return {case_id: points[max(ids, key=worth)] for case_id, ids in parents.items()}


def _parents(one: Round, case: Case) -> tuple[str, ...]:
    other = case.form.get("other_parent_id")
    return (case.resident_id, str(other)) if other and one.parent_rule is ParentRule.HIGHER else (case.resident_id,)


def _of_residents(connection: sa.Connection, kind: type[R], resident_ids: Sequence[str]) -> list[R]:
    shelf = Shelf(connection)
    table = shelf.table(kind)
    slices = (resident_ids[begin : begin + _SLICE] for begin in range(0, len(resident_ids), _SLICE))
    return [found for some in slices for found in shelf.find(kind, table.c.resident_id.in_(some), order=(table.c.id,))]


def counted_points(one: Round, catalogue: PointsCatalogue, resident_id: str, score: Score | None, claims: Sequence[Claim]) -> Counted:
    """A resident's points on the round's day: the departments' rows with what reviewers accepted up to now.

    Nobody is left out for want of data: without a score the points are 0, which the list shows and the person may object to.
    """
    if score is None:
        return Counted(resident_id=resident_id, points=0, figures=dict.fromkeys(FIGURES, 0))
    records = {code: list(rows) for code, rows in records_from_plain(catalogue.tables, score.records).items()}
    for claim in claims:
        if claim.table_code in catalogue.tables:
            records.setdefault(claim.table_code, []).append(row_from_plain(catalogue.tables[claim.table_code], claim.row))
    sheet = score_rows(catalogue, records, one.scored_on, one.district_code)
    facts = {fact.definition.name: fact.value for line in sheet.lines for fact in line.facts}
    return Counted(resident_id=resident_id, points=sheet.total, figures={name: facts.get(name, 0) for name in FIGURES})


def _applicant(one: Round, case: Case, counted: Counted) -> Applicant:
    """The application as the ranking takes it, named by its receipt number, so that anybody can draw its lot again."""
    zone = case.form.get("zone")
    return Applicant(
        id=case.number,
        points=counted.points,
        residence_months=counted.figures["residence_months"],
        insurance_months=counted.figures["insurance_months"],
        choices=tuple(name for name in choices_of(one, case.form) if not _is_below(one, name, counted.points)),
        zones=frozenset({str(zone)} if zone else ()),
    )


def _is_below(one: Round, name: str, points: int) -> bool:
    found = one.place(name)
    return found is not None and found.least_points is not None and points < found.least_points


def _seats(one: Round, applicants: int) -> dict[str, int]:
    return {found.name: applicants if found.seats is None else found.seats for found in one.places}


def _results(one: Round, cases: Sequence[Case], counted: Mapping[str, Counted], applicants: Sequence[Applicant]) -> tuple[RoundResult, ...]:
    ties = tuple(TieRule(rule) for rule in one.ties)
    seats = _seats(one, len(applicants))
    placement = place(applicants, seats, one.lot_seed, ties)
    orders = {number: order for order, number in enumerate(sorted(placement.keys, key=placement.keys.__getitem__), start=1)}
    found = []
    for case, applicant in zip(cases, applicants, strict=True):
        told = {reason.school: _choice(reason) for reason in reasons(applicant, seats, placement, ties)}
        own = counted[case.id]
        found.append(
            RoundResult(
                id=derived_id(b"", "round_result", one.id, case.id),
                round_id=one.id,
                resident_id=case.resident_id,
                case_id=case.id,
                case_number=case.number,
                name=str(case.form.get("child_name") or case.applicant_name),
                counted_id=own.resident_id,
                points=own.points,
                figures=own.figures,
                zones=tuple(sorted(applicant.zones)),
                order=orders[case.number],
                place=placement.schools[case.number],
                choices=tuple(told.get(name) or _below(one, name, own.points) for name in choices_of(one, case.form)),
                list_hash="",
                station_code=case.station_code,
            )
        )
    return tuple(sorted(found, key=lambda entry: entry.order))


def _choice(reason: Reason) -> ChoiceResult:
    return ChoiceResult(
        place=reason.school,
        why=reason.why.value,
        missing=reason.missing,
        last_points=reason.last_points,
        tie=reason.tie.value if reason.tie is not None else "",
        tie_own=reason.tie_own,
        tie_last=reason.tie_last,
    )


def _below(one: Round, name: str, points: int) -> ChoiceResult:
    found = one.place(name)
    least = found.least_points if found is not None and found.least_points is not None else points
    return ChoiceResult(place=name, why=Why.BELOW_LEAST.value, missing=least - points, last_points=least)


def public_rows(results: Sequence[RoundResult]) -> tuple[ListRow, ...]:
    """The list as it may hang on a wall: names masked, in order."""
    return tuple(
        ListRow(order=entry.order, name=mask_name(entry.name), number=entry.case_number, points=entry.points, place=entry.place)
        for entry in results
    )


def check_list(one: Round, results: Sequence[RoundResult]) -> list[str]:
    """What is wrong with a list, read from the list alone: too many in a place, somebody where nobody asked, and every pair of
    applicant and place that would both rather have each other.
    """
    ties = tuple(TieRule(rule) for rule in one.ties)
    below = Why.BELOW_LEAST.value
    applicants = [
        Applicant(
            id=entry.case_number,
            points=entry.points,
            residence_months=entry.figures.get("residence_months", 0),
            insurance_months=entry.figures.get("insurance_months", 0),
            choices=tuple(choice.place for choice in entry.choices if choice.why != below),
            zones=frozenset(entry.zones),
        )
        for entry in results
    ]
    seats = _seats(one, len(applicants))
    taken = Counter(entry.place for entry in results if entry.place is not None)
    wrong = [
        tr("{name} 录取 {n}，名额 {m}").format(name=name, n=n, m=seats.get(name, 0)) for name, n in taken.items() if n > seats.get(name, 0)
    ]
    strangers = [
        entry
        for entry, applicant in zip(results, applicants, strict=True)
        if entry.place is not None and entry.place not in applicant.choices
    ]
    wrong += [tr("{number} 录取到没有报的 {name}").format(number=entry.case_number, name=entry.place) for entry in strangers]
    if strangers:
        return wrong
    keys = {applicant.id: order_key(applicant, ties, one.lot_seed) for applicant in applicants}
    placement = Placement(schools={entry.case_number: entry.place for entry in results}, last_in={}, keys=keys, proposals=0)
    pairs = blocking_pairs(applicants, seats, placement)
    return wrong + [tr("{number} 与 {name} 互相更愿意").format(number=number, name=name) for number, name in pairs]
