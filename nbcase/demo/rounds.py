"""The demo's rounds by points: one that takes applications, one under notice, one whose list waits for signatures.

Schools, batches and numbers are invented and say 样张; the lists are made by the centre's own ranking.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from nbcase.demo.stations import clerk_id, clerks, stations
from nbcase.domain.case import Case, CaseState
from nbcase.domain.clerk import Role
from nbcase.domain.ids import derived_id
from nbcase.domain.resident import Resident
from nbcase.domain.round import SIGNATURES_NEEDED, Round, RoundPlace, RoundResult, RoundStage
from nbcase.domain.score import Score
from nbcase.operations.rank import counted_points, listed, public_rows
from nbcase.operations.rounds import USE_ITEMS
from nbcase.points.catalogue import PointsCatalogue
from nbcase.points.ranking import SHIPPED_TIES
from nbcase.store.records import Record

APPLICANTS = 18
"""Residents of the home station who take part in the rounds that are ranked."""

_FIRST_NUMBER = 3_669_900
"""Receipts of a day that the demo's other cases do not have."""


def rounds(people: Sequence[tuple[Resident, Score]], id_key: bytes, today: date, catalogue: PointsCatalogue) -> list[Record]:
    """The rounds with their applications and results; `people` are of the home station."""
    school = _round(
        "school", "镇海区积分入学", "样期", today - timedelta(days=9), today + timedelta(days=21), ("锦绣小学", "南薰小学", "北溪小学"), 3
    )
    rest = _round(
        "recuperation", "镇海区积分疗休养", "样期", today - timedelta(days=40), today - timedelta(days=12), ("春季批次", "秋季批次"), 5
    )
    home = _round(
        "rental", "镇海区积分公租房", "样期", today - timedelta(days=30), today - timedelta(days=3), ("锦绣苑", "南薰苑", "北溪苑"), 4
    )
    records: list[Record] = [replace(school, grades=("1", "7"))]
    for turn, (one, is_public) in enumerate(((rest, True), (home, False))):
        records += _ranked(one, people, id_key, today, catalogue, turn, is_public=is_public)
    return records


def _round(use: str, name: str, period: str, opens_on: date, closes_on: date, places: Sequence[str], seats: int) -> Round:
    return Round(
        id=derived_id(b"", "demo-round", use),
        use_code=use,
        name=f"{name}（样张）",
        district_code=stations()[0].division_code,
        period=period,
        opens_on=opens_on,
        closes_on=closes_on,
        scored_on=closes_on,
        places=tuple(RoundPlace(name=f"{place}（样张）", seats=seats + number) for number, place in enumerate(places)),
        ties=tuple(rule.value for rule in SHIPPED_TIES),
        lot_seed=f"样张 {opens_on}",
        notice_days=7,
        station_code=stations()[0].code,
    )


def _ranked(
    one: Round,
    people: Sequence[tuple[Resident, Score]],
    id_key: bytes,
    today: date,
    catalogue: PointsCatalogue,
    turn: int,
    *,
    is_public: bool,
) -> list[Record]:
    taking_part = people[:APPLICANTS]
    cases = [_case(one, resident, id_key, _FIRST_NUMBER + turn * APPLICANTS + number) for number, (resident, _) in enumerate(taking_part)]
    counted = {
        case.id: counted_points(one, catalogue, score.resident_id, score, ()) for case, (_, score) in zip(cases, taking_part, strict=True)
    }
    ranked = listed(one, cases, counted)
    rows = public_rows(ranked.results)
    at = datetime.combine(one.closes_on + timedelta(days=1), time(1), UTC)
    waiting = replace(one, draft_rows=rows, list_hash=ranked.list_hash, ranked_at=at)
    if not is_public:
        return [waiting, *cases]
    public = replace(
        waiting,
        stage=RoundStage.NOTICE,
        rows=rows,
        published_hash=ranked.list_hash,
        notice_from_on=today - timedelta(days=4),
        notice_until_on=today + timedelta(days=6),
        signed_by=_signers(id_key),
    )
    results: Sequence[RoundResult] = ranked.results
    return [public, *cases, *results]


def _case(one: Round, resident: Resident, id_key: bytes, number: int) -> Case:
    """An application that was found in order; who comes later in the number asks for the places the other way round."""
    home = stations()[0]
    names = [place.name for place in one.places]
    asked = names if number % 3 else names[::-1]
    taken_at = datetime.combine(one.opens_on + timedelta(days=number % 7), time(2, number % 60), UTC)
    by = next(spec.login for spec in clerks(id_key) if spec.station_code == home.code and spec.role is Role.CLERK)
    checked_by = next(spec.login for spec in clerks(id_key) if spec.station_code == home.code and spec.role is Role.REVIEWER)
    return Case(
        id=derived_id(b"", "demo-round-case", one.id, resident.id),
        number=f"{home.prefix}-{one.opens_on:%y}-{number:07d}",
        item_code=USE_ITEMS[one.use_code],
        situation_code="apply",
        resident_id=resident.id,
        applicant_name=resident.name,
        state=CaseState.DECIDED,
        step_code="decide",
        accepted_at=taken_at,
        accepted_by=clerk_id(id_key, by),
        form={"round": one.id, **{f"choice_{place}": name for place, name in enumerate(asked, start=1)}},
        decision_code="approve",
        reason_codes=("eligible",),
        decided_at=taken_at + timedelta(days=1),
        decided_by=clerk_id(id_key, checked_by),
        station_code=home.code,
    )


def _signers(id_key: bytes) -> tuple[str, ...]:
    home = stations()[0].code
    able = [spec.name for spec in clerks(id_key) if spec.station_code == home and spec.role is not Role.CLERK]
    return tuple(able[:SIGNATURES_NEEDED])
