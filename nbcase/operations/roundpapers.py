"""Papers of a round: the public list and one applicant's result explained. Both can be made again from the records at any time.

Papers are official Chinese whatever language the window speaks.
"""

from collections import Counter

from nbcase.domain import codes
from nbcase.domain.clerk import Clerk
from nbcase.domain.divisions import division
from nbcase.domain.document import plain_code
from nbcase.domain.errors import UserError
from nbcase.domain.round import Round, RoundPlace, RoundStage
from nbcase.domain.words import tr
from nbcase.operations.desk import Desk
from nbcase.operations.loosepapers import loose_paper
from nbcase.operations.rounds import Application, counted_name, round_view, tie_words, why_words
from nbcase.points.catalogue import show
from nbcase.store import people
from nbcase.store.desk_database import reading

NOTICE, RESULT = "round-notice", "round-result"


def round_notice_pdf(desk: Desk, round_id: str) -> bytes:
    """The public list. Raises `UserError` while there is none."""
    one = round_view(desk, round_id).round
    if not one.published_hash:
        raise UserError(tr("名单还没有公布。"), safe=tr("没有打印任何纸张。"), do=tr("两人签名、中心公布之后再打印。"))
    with reading(desk.engine) as connection:
        station = people.station_names(connection)[one.station_code]
    return loose_paper(desk, NOTICE, _notice(one, station))


def _notice(one: Round, station: str) -> dict[str, object]:
    use = codes.name("points_use", one.use_code, english=False)
    is_final = one.stage is RoundStage.FINAL
    seed = f"抽签种子“{one.lot_seed}”：对“种子＋换行＋受理号”求 SHA-256，小者在前。"
    by = f"{one.notice_until_on} 前" if not is_final else ""
    objection = f"对名单有异议的，请在 {by}凭身份证到任一受理窗口提出，5 个工作日内答复。" if by else "公示期已满，异议均已答复。"
    return {
        "heading": f"{use}名单" + ("" if is_final else "公示"),
        "round": one.name,
        "district": place.name if (place := division(one.district_code)) else one.district_code,
        "scored_on": one.scored_on,
        "applications": f"{len(one.rows)} 件",
        "placed": f"{sum(row.place is not None for row in one.rows)} 件",
        "period": f"{one.notice_from_on} 至 {one.notice_until_on}",
        "station": station,
        "places": [_place_row(one, found) for found in one.places],
        "rows": [
            {"order": row.order, "name": row.name, "number": row.number, "points": show(row.points), "place": row.place or "未录取"}
            for row in one.rows
        ],
        "ties": f"{tie_words(one, on_paper=True)}。{seed}",
        "objection": f"{objection}本人各志愿的录取情况和差分，可在受理窗口查询打印。",
        "signers": "、".join(one.signed_by),
        "published_on": one.final_on or one.notice_from_on,
        "hash": one.published_hash,
        "qr_text": plain_code("round", one.id, one.stage.value, one.published_hash),
    }


def _place_row(one: Round, found: RoundPlace) -> dict[str, object]:
    taken = Counter(row.place for row in one.rows)[found.name]
    lowest = min((row.points for row in one.rows if row.place == found.name), default=None)
    return {
        "name": found.name,
        "seats": "不限" if found.seats is None else str(found.seats),
        "taken": str(taken),
        "last": "—" if lowest is None else show(lowest),
        "least": "—" if found.least_points is None else show(found.least_points),
    }


def round_result_pdf(desk: Desk, clerk: Clerk, application: Application) -> bytes:
    """One applicant's result with the reason for every choice. Raises `UserError` while no list is public."""
    one, result = application.round, application.result
    if result is None:
        raise UserError(tr("名单还没有公布。"), safe=tr("没有打印任何纸张。"), do=tr("公布之后再打印。"))
    is_final = one.stage is RoundStage.FINAL
    return loose_paper(
        desk,
        RESULT,
        {
            "round": one.name,
            "stage": f"已定稿，{one.final_on}" if is_final else f"公示中，至 {one.notice_until_on}",
            "name": result.name,
            "number": result.case_number,
            "points": show(result.points),
            "order": f"第 {result.order}，共 {len(one.rows)}",
            "counted": counted_name(desk, result) or None,
            "scored_on": one.scored_on,
            "result": f"录取：{result.place}" if result.place else "未录取",
            "choices": [
                {"number": number, "place": choice.place, "why": why_words(choice, result.points, on_paper=True)}
                for number, choice in enumerate(result.choices, start=1)
            ],
            "figures": f"居住 {result.figures.get('residence_months', 0)} 个月，社保 {result.figures.get('insurance_months', 0)} 个月",
            "ties": tie_words(one, on_paper=True),
            "remedy": "公示期已满。" if is_final else f"有异议的，{one.notice_until_on} 前凭身份证到任一受理窗口提出。",
            "clerk": clerk.name,
            "station": desk.station.name,
            "made_at": desk.clock.now(),
            "qr_text": plain_code("round-result", result.case_number, result.list_hash),
        },
    )
