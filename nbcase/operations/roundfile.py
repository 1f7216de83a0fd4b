"""A round as its keeper writes it: TOML, checked with file, entry and mend, and opened at the centre.

What a district has not published is left out of the file, not invented: no threshold keeps nobody out, no tie rule takes ours.
"""

from dataclasses import replace
from datetime import date
from pathlib import Path

import msgspec
import sqlalchemy as sa

from nbcase.domain import codes
from nbcase.domain.divisions import division
from nbcase.domain.errors import UserError
from nbcase.domain.ids import derived_id
from nbcase.domain.reference import file_error, read_reference
from nbcase.domain.round import ParentRule, Round, RoundPlace, RoundStage
from nbcase.domain.words import tr
from nbcase.points.ranking import SHIPPED_TIES, TieRule
from nbcase.store import people
from nbcase.store.centre_work import write_own
from nbcase.store.shelf import Shelf

MOST_NOTICE_DAYS = 60


class PlaceEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One place of the file; `least_points` in whole points."""

    name: str
    seats: int | None = None
    least_points: int | None = None


class RoundFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file as a whole. `notice_days` are working days."""

    use: str
    name: str
    district: str
    station: str
    period: str
    opens_on: date
    closes_on: date
    scored_on: date
    notice_days: int
    lot_seed: str
    place: tuple[PlaceEntry, ...]
    parent: ParentRule = ParentRule.APPLICANT
    grades: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    basis: str = ""
    ties: tuple[TieRule, ...] = SHIPPED_TIES
    ties_basis: str = ""


def read_round(path: Path) -> Round:
    """The round of a file; its id is of use, district, period and name. Raises `UserError` naming file, entry and mend."""
    written = read_reference(path, RoundFile)
    for entry, what, mend in _mistakes(written):
        raise file_error(path, entry, what, mend)
    places = tuple(
        RoundPlace(name=entry.name, seats=entry.seats, least_points=None if entry.least_points is None else entry.least_points * 100)
        for entry in written.place
    )
    return Round(
        id=derived_id(b"", "round", written.use, written.district, written.period, written.name),
        use_code=written.use,
        name=written.name,
        district_code=written.district,
        period=written.period,
        opens_on=written.opens_on,
        closes_on=written.closes_on,
        scored_on=written.scored_on,
        places=places,
        grades=written.grades,
        conditions=written.conditions,
        basis=written.basis,
        parent_rule=written.parent,
        ties=tuple(rule.value for rule in written.ties),
        ties_basis=written.ties_basis,
        lot_seed=written.lot_seed,
        notice_days=written.notice_days,
        station_code=written.station,
    )


def _mistakes(written: RoundFile) -> list[tuple[str, str, str]]:
    names = [entry.name for entry in written.place]
    found = [
        ("use", not codes.has_code("points_use", written.use), tr("没有这种用途。"), tr("请看 codes.toml 的 points_use 表。")),
        ("district", division(written.district) is None, tr("没有这个区县。"), tr("请写六位区划代码。")),
        ("closes_on", written.closes_on < written.opens_on, tr("截止早于开始。"), tr("请核对报名日期。")),
        ("notice_days", not 1 <= written.notice_days <= MOST_NOTICE_DAYS, tr("公示期不对。"), tr("请写 1 到 60 个工作日。")),
        ("lot_seed", not written.lot_seed.strip(), tr("没有抽签种子。"), tr("请写一个报名前公开的种子。")),
        ("ties", written.ties[-1:] != (TieRule.LOT,), tr("同分次序没有以抽签结尾。"), tr("最后一项写 lot，这样没有并列。")),
        ("ties", len(set(written.ties)) < len(written.ties), tr("同分次序有重复。"), tr("每项只写一次。")),
        ("place", not written.place, tr("没有名额。"), tr("至少写一个 [[place]]。")),
        ("place", len(set(names)) < len(names), tr("名额的名称有重复。"), tr("每个名称只写一次。")),
        ("place", any((entry.seats or 0) < 0 for entry in written.place), tr("名额小于 0。"), tr("请写 0 以上的整数。")),
        (
            "grades",
            any(not codes.has_code("school_grade", code) for code in written.grades),
            tr("没有这个年级。"),
            tr("请看 codes.toml 的 school_grade 表。"),
        ),
    ]
    return [(entry, what, mend) for entry, is_wrong, what, mend in found if is_wrong]


def open_round(connection: sa.Connection, path: Path) -> Round:
    """Open the round of a file, or change one that is not ranked yet. Raises `UserError`; then nothing was written."""
    wanted = read_round(path)
    if wanted.station_code not in {station.code for station in people.stations(connection)}:
        raise file_error(path, "station", tr("没有这个受理点。"), tr("请写中心名单里的代码。"))
    known = Shelf(connection).get(Round, wanted.id)
    if known is not None and (known.stage is not RoundStage.OPEN or known.list_hash):
        raise UserError(tr("这一轮已经排名，不能再改。"), safe=tr("没有改动。"), do=tr("请另开一轮，写另一个名称或期次。"))
    write_own(connection, Round, [replace(wanted, version=known.version if known is not None else 0)])
    return Shelf(connection).need(Round, wanted.id)
