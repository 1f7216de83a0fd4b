"""Cases in the clerk's words: states, limits, what happened, how a material came. One place, so that all pages say the same."""

from datetime import date, datetime

from nbcase.domain import codes
from nbcase.domain.case import Case, CaseState, HandedIn
from nbcase.domain.clock import CHINA
from nbcase.domain.document import Document
from nbcase.domain.identity import age_on, mask_number
from nbcase.domain.resident import Resident
from nbcase.domain.words import tr
from nbcase.items.checks import Check, CheckState
from nbcase.operations.cases import HistoryLine, LimitUse
from ui.widgets.ink import Tone
from ui.widgets.limitbar import LimitFigure
from ui.widgets.lists import CheckRow
from ui.widgets.lists import CheckState as ShownState
from ui.widgets.timeline import weekday_sign

_SHOWN: dict[CheckState, ShownState] = {
    CheckState.PASSED: "passed",
    CheckState.LOOK: "look",
    CheckState.OFFLINE: "not_checked",
    CheckState.FAILED: "failed",
}


def state_words(case: Case, limit: LimitUse | None = None) -> tuple[str, Tone]:
    """A case's state and its tone; an open case past its promise says so first."""
    if case.is_provisional:
        return tr("已办结 暂"), "amber"
    if case.state is CaseState.ACCEPTED and limit is not None and limit.left is not None and limit.left < 0:
        return tr("承诺超期"), "red"
    words: dict[CaseState, tuple[str, Tone]] = {
        CaseState.ACCEPTED: (tr("待审核"), "neutral"),
        CaseState.ACCEPTED_PROVISIONALLY: (tr("容缺待补"), "amber"),
        CaseState.IN_CORRECTION: (tr("待补正"), "amber"),
        CaseState.DECIDED: (tr("已办结"), "green"),
        CaseState.REFUSED: (tr("不予办理"), "red"),
        CaseState.WITHDRAWN: (tr("已撤回"), "neutral"),
        CaseState.REVOKED: (tr("已收回"), "red"),
    }
    return words[case.state]


def limit_figure(use: LimitUse) -> LimitFigure | None:
    """The limit as a bar; None where neither law nor promise gives one. A case late on a rest day is late by one day."""
    promised = use.promised if use.promised is not None else use.legal
    if promised is None:
        return None
    used = max(use.used, promised - use.left) if use.left is not None and use.left < 0 else use.used
    return LimitFigure(used=used, promised=promised, legal=max(use.legal or 0, promised), done=use.is_done)


def day_words(day: date | None, today: date) -> str:
    """11-25 周三 in this year, 2025-11-25 in another, nothing for none."""
    if day is None:
        return ""
    if day.year != today.year:
        return day.isoformat()
    return tr("{day} 周{sign}").format(day=f"{day:%m-%d}", sign=weekday_sign(day))


def moment_words(at: datetime, today: date) -> str:
    """11-24 16:21 in this year, 2025-11-24 in another."""
    local = at.astimezone(CHINA)
    return f"{local:%m-%d %H:%M}" if local.year == today.year else f"{local:%Y-%m-%d}"


def short_moment(at: datetime, today: date) -> str:
    """16:21 today, 11-24 16:21 on another day."""
    local = at.astimezone(CHINA)
    return f"{local:%H:%M}" if local.date() == today else f"{local:%m-%d %H:%M}"


def action_words(kind: str) -> str:
    """What a kind of action is called in a history."""
    words = {
        "accepted": tr("窗口受理"),
        "registration.accept": tr("窗口受理登记"),
        "registration.change": tr("变更登记"),
        "registration.end": tr("注销登记"),
        "permit.accept": tr("窗口受理"),
        "permit.decide": tr("审核"),
        "permit.confirm": tr("补核，去掉“暂”"),
        "permit.revoke": tr("收回暂证"),
        "points.accept": tr("窗口受理"),
        "points.decide": tr("积分审核"),
        "service.accept": tr("窗口受理"),
        "service.decide": tr("审核"),
        "offering.keep": tr("开设场次"),
        "round.sign": tr("名单签名"),
        "companion.consent": tr("同意查询随身宝"),
        "desk.retire": tr("停用电脑"),
        "conflict.resolve": tr("核对冲突"),
        "conflict.decide": tr("核对冲突"),
        "case.complete": tr("补齐材料"),
        "case.withdraw": tr("撤回"),
        "document.print": tr("打印"),
        "scheme.edit": tr("编辑积分方案"),
        "scheme.propose": tr("提出积分方案"),
        "scheme.sign": tr("签署积分方案"),
    }
    return words.get(kind, kind)


def printed_words(paper: Document) -> tuple[str, Tone]:
    """How often a paper was printed, or that it was taken back."""
    if paper.revoked_on is not None:
        return tr("已收回"), "red"
    return (tr("已打印 {n} 次").format(n=paper.print_count), "neutral") if paper.print_count else (tr("未打印"), "amber")


def sync_words(line: HistoryLine) -> str:
    """Whether the centre has an act, in words."""
    words = {
        None: tr("待传"),
        "accepted": tr("中心已收"),
        "merged": tr("中心已合并"),
        "conflict": tr("有冲突"),
        "quarantined": tr("中心暂存待查"),
    }
    return words.get(line.outcome, line.outcome or "")


def obtained_words(how: str) -> str:
    """How a material came."""
    return codes.name("obtained", how)


def material_words(material: HandedIn) -> str:
    """How a material came and how many pages of it there are."""
    if not material.attachments:
        return obtained_words(material.how)
    return tr("{how} {n} 份").format(how=obtained_words(material.how), n=len(material.attachments))


def person_words(resident: Resident, today: date) -> str:
    """男 · 32 周岁 · 330299********0312."""
    parts = [codes.name("sex", resident.sex_code) if resident.sex_code else ""]
    if resident.birth_on is not None and resident.birth_on <= today:
        parts.append(tr("{n} 周岁").format(n=age_on(resident.birth_on, today)))
    return " · ".join(part for part in (*parts, mask_number(resident.document_number)) if part)


def check_rows(checks: tuple[Check, ...], agreed: frozenset[str] = frozenset()) -> list[CheckRow]:
    """Checks for the list; one that a person agreed with counts as passed and says so. A failed one says what would mend it."""
    return [_check_row(check, check.key in agreed) for check in checks]


def _check_row(check: Check, is_agreed: bool) -> CheckRow:
    if is_agreed and check.state is CheckState.LOOK:
        return CheckRow(title=check.name, finding=tr("{detail}；您已核对一致").format(detail=check.detail), state="passed", payload=check)
    parts = [check.detail] if check.state is CheckState.PASSED else [check.detail, check.missing]
    return CheckRow(title=check.name, finding=tr("；").join(part for part in parts if part), state=_SHOWN[check.state], payload=check)


def check_summary(checks: tuple[Check, ...], agreed: frozenset[str] = frozenset()) -> str:
    """8 项：通过 6，请人看 1，离线未核 1; only the states that occur."""
    names = {
        CheckState.FAILED: tr("未通过"),
        CheckState.LOOK: tr("请人看"),
        CheckState.OFFLINE: tr("离线未核"),
        CheckState.PASSED: tr("通过"),
    }
    states = [CheckState.PASSED if check.key in agreed and check.state is CheckState.LOOK else check.state for check in checks]
    counts = [f"{name} {states.count(state)}" for state, name in names.items() if state in states]
    return tr("{n} 项：{counts}").format(n=len(checks), counts=tr("，").join(counts)) if checks else ""
