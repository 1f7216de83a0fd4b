"""How the desk stands towards its centre in words and figures, and the proof that nothing is lost; plain Python."""

from dataclasses import dataclass
from datetime import date, datetime
from math import ceil
from typing import Any

from nbcase.domain.clock import local_date
from nbcase.domain.words import sentences, tr
from nbcase.operations.provisional import ProvisionalStand
from nbcase.operations.readiness import OLD_CONTACT_DAYS
from nbcase.operations.transfer import Proof
from ui.casewords import short_moment
from ui.widgets.figures import Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One line of the proof: what was looked at, and whether it is in order (None: cannot be said now)."""

    words: str
    is_right: bool | None


def state_words(status: Any, today: date) -> str:
    """One line about the connection."""
    if status is None:
        return tr("这台电脑没有连接中心的设置；办件都写在本机。")
    if status.drill_left_s:
        return tr("断网演练中，连接是有意断开的。窗口照常受理，全部写在本机。")
    if status.is_online and status.loading is not None:
        return tr("正在取回本站资料，现在就可以查找和受理。")
    if status.is_online and status.problem is not None:
        return tr("连接正常，有一项还没有办成。")
    if status.is_online:
        return tr("中心忙，已排上队，不用做什么。") if status.is_queued else tr("连接正常，办件随办随传。")
    if status.contact_at is None:
        return tr("还没有连上过中心。窗口照常受理，全部写在本机。")
    return tr("中心 {at} 起不可达。窗口照常受理，全部写在本机。").format(at=short_moment(status.contact_at, today))


def provisional_words(stand: ProvisionalStand) -> str:
    """What the centre has said of provisional permits, where somebody has to do something; nothing where nobody has."""
    parts = []
    if stand.disputed:
        parts.append(tr("暂证需处理 {n} 件，见审核。").format(n=stand.disputed))
    if stand.ready:
        parts.append(tr("暂证可补核 {n} 件，见审核。").format(n=stand.ready))
    return sentences(*parts)


def problem_words(status: Any) -> str:
    """Why the last contact did not do all it should; a drill is no problem, a wrong clock always is one."""
    if status is None:
        return ""
    problems = [status.clock_notice, None if status.drill_left_s else status.problem]
    return sentences(*(part for problem in problems if problem is not None for part in (problem.what, problem.safe, problem.do)))


def figures(status: Any, found: Proof, today: date, now: datetime, decide_s: int | None = None) -> list[Figure]:
    """The strip: connection, what waits, the last reconciliation, the age of the rules, conflicts and how long one takes here."""
    tally = found.tally
    waiting_note = tr("最早 {at}").format(at=short_moment(tally.waiting_since, today)) if tally.waiting_since else tr("没有待传")
    return [
        _connection(status, today, now),
        Figure(key="waiting", label=tr("待传"), value=str(tally.waiting), note=waiting_note),
        _reconciled(status, today),
        _rules(status, today),
        Figure(
            key="conflict",
            label=tr("冲突"),
            value=str(tally.conflicts),
            note=_stuck_note(tally.quarantined, decide_s),
            tone="red" if tally.conflicts else "neutral",
        ),
    ]


def _stuck_note(count: int, decide_s: int | None) -> str:
    quarantined = tr("隔离 {n} 件").format(n=count) if count else tr("没有隔离")
    return quarantined if decide_s is None else tr("{quarantined}，判断一处 {n} 秒").format(quarantined=quarantined, n=decide_s)


def _connection(status: Any, today: date, now: datetime) -> Figure:
    label = tr("连接")
    if status is None:
        return Figure(key="waiting", label=label, value=tr("没有设置"))
    if status.is_online:
        return Figure(key="waiting", label=label, value=tr("在线"), note=tr("时钟差 {n} 秒").format(n=f"{abs(status.clock_offset_s):.1f}"))
    if status.drill_left_s:
        minutes = ceil(status.drill_left_s / 60)
        return Figure(key="waiting", label=label, value=tr("演练"), note=tr("还剩 {n} 分").format(n=minutes), tone="amber")
    note = ""
    if status.next_try_at is not None:
        seconds = max(round((status.next_try_at - now).total_seconds()), 0)
        note = tr("{n} 秒后再试").format(n=seconds)
    return Figure(key="waiting", label=label, value=tr("离线"), note=note, tone="amber")


def _reconciled(status: Any, today: date) -> Figure:
    label = tr("最近对账")
    if status is None or status.reconciled_at is None:
        return Figure(key="sent", label=label, value="—", note=tr("尚未对账"))
    if status.is_unequal:
        return Figure(key="sent", label=label, value=short_moment(status.reconciled_at, today), note=tr("两边不一致"), tone="red")
    counts = f"{status.confirmed}/{status.sent}"
    note = tr("{counts} 一致").format(counts=counts) if status.is_equal else tr("{counts}，有新办件未对账").format(counts=counts)
    return Figure(key="sent", label=label, value=short_moment(status.reconciled_at, today), note=note)


def _rules(status: Any, today: date) -> Figure:
    label = tr("规则和名单")
    if status is None or status.contact_at is None:
        return Figure(key="waiting", label=label, value="—", note=tr("随安装包"))
    days = (today - local_date(status.contact_at)).days
    value = tr("今日") if days <= 0 else tr("{n} 天前").format(n=days)
    note = short_moment(status.contact_at, today)
    return Figure(key="waiting", label=label, value=value, note=note, tone="amber" if days > OLD_CONTACT_DAYS else "neutral")


def evidence(found: Proof, status: Any, numbers: int) -> list[Evidence]:
    """The proof in words, each line honest about what was looked at."""
    tally = found.tally
    if found.last == 0:
        chain = tr("本机还没有操作")
    elif found.is_gapless:
        chain = tr("序号 {first}–{last} 连续，共 {n} 件").format(first=found.first, last=found.last, n=tally.total)
    else:
        chain = tr("序号 {first}–{last} 有缺，请联系管理员").format(first=found.first, last=found.last)
    intact = tr("待传 {n} 件内容与校验值相符").format(n=tally.waiting) if found.is_intact else tr("待传内容与校验值不符，请联系管理员")
    files = tr("待传附件都在本机") if not found.missing_files else tr("缺 {n} 个待传附件").format(n=found.missing_files)
    return [
        Evidence(words=chain, is_right=found.is_gapless),
        Evidence(words=intact, is_right=found.is_intact),
        Evidence(words=files, is_right=not found.missing_files),
        *_sealed(found),
        _digests(status),
        Evidence(words=tr("受理号段余 {n} 个").format(n=numbers), is_right=numbers > 0),
    ]


def _sealed(found: Proof) -> list[Evidence]:
    if found.is_sealed is None:
        return []
    if found.seal_problem or not found.is_sealed:
        return [Evidence(words=found.seal_problem or tr("密封副本还缺最近的办件，正在补"), is_right=False)]
    return [Evidence(words=tr("待传 {n} 件另有密封副本").format(n=found.tally.waiting), is_right=True)]


def _digests(status: Any) -> Evidence:
    """Both sides' tree hash over what was sent: eight signs are enough to compare by eye, the program compares all."""
    if status is None or not status.centre_digest:
        return Evidence(words=tr("还没有与中心对过账"), is_right=None)
    own, centre = status.own_digest[:8], status.centre_digest[:8]
    if status.is_unequal:
        return Evidence(words=tr("本机摘要 {own} ≠ 中心摘要 {centre}").format(own=own, centre=centre), is_right=False)
    return Evidence(words=tr("本机摘要 {own} = 中心摘要 {centre}").format(own=own, centre=centre), is_right=True)
