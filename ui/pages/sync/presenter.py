"""What 同步 shows: the state of the line, the acts in their order, one act field by field, and the proof."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, Protocol

from nbcase.domain.action import Outcome
from nbcase.domain.clock import CHINA, local_date
from nbcase.domain.words import tr
from nbcase.operations.look import OutboxRow, outbox_rows
from nbcase.operations.page import RowPage
from nbcase.operations.readiness import OLD_CONTACT_DAYS, numbers_left, size_words
from nbcase.operations.transfer import FieldChange, Proof, field_changes, proof
from ui.casewords import action_words
from ui.recordwords import field_name, field_place, is_inner, record_name, value_words
from ui.widgets.figures import Figure
from ui.widgets.ink import Tone

Group = Literal["waiting", "sent", "conflict", "quarantined"]

_OUTCOMES: dict[Group, frozenset[Outcome]] = {
    "waiting": frozenset(),
    "sent": frozenset({Outcome.ACCEPTED, Outcome.MERGED}),
    "conflict": frozenset({Outcome.CONFLICT}),
    "quarantined": frozenset({Outcome.QUARANTINED}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeLine:
    """A field of an act in words; a heading has only `record`. `theirs` is filled where both sides changed it."""

    record: str = ""
    field: str = ""
    before: str = ""
    after: str = ""
    theirs: str = ""
    has_collided: bool = False

    @property
    def is_heading(self) -> bool:
        """Whether the line only names the record of the next ones."""
        return not self.field


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One line of the proof: what was looked at, and whether it is in order (None: cannot be said now)."""

    words: str
    is_right: bool | None


class SyncView(Protocol):
    """What the presenter needs of its page."""

    def show_state(self, subtitle: str, figures: Sequence[Figure], problem: str) -> None: ...
    def show_evidence(self, lines: Sequence[Evidence]) -> None: ...
    def show_group(self, group: Group) -> None: ...
    def show_counts(self, counts: dict[Group, int]) -> None: ...
    def reload_rows(self) -> None: ...
    def show_action(self, row: OutboxRow | None, lines: Sequence[ChangeLine]) -> None: ...
    def show_retrying(self) -> None: ...


class SyncPresenter:
    """Follows the state of sync, which another thread changes, and the selected act."""

    def __init__(self, view: SyncView, context: Any) -> None:
        self._view = view
        self._context = context
        self._question = 0
        self._seen: tuple[bool, int, int] | None = None
        self.group: Group = "waiting"
        self.row: OutboxRow | None = None

    def fetch(self, cursor: Any, limit: int) -> RowPage[OutboxRow]:
        """The acts of the group; called in a worker."""
        is_waiting = self.group == "waiting"
        return RowPage(tuple(outbox_rows(self._context.desk, waiting=is_waiting, outcomes=_OUTCOMES[self.group])))

    def refresh(self) -> None:
        """Read rows, counts and proof again, and show the state of the line."""
        self._view.reload_rows()
        self._look()

    def follow(self) -> None:
        """News of the line, every quarter of a minute: the rows are read again only when an act has come or gone."""
        status = self._status()
        if status is not None and (status.is_online, status.waiting, status.total) == self._seen:
            self._look()
        else:
            self.refresh()

    def _look(self) -> None:
        status = self._status()
        self._seen = None if status is None else (status.is_online, status.waiting, status.total)
        desk = self._context.desk
        self._context.tasks.run(
            lambda: (proof(desk), numbers_left(desk)), then=lambda found: self._take(*found), otherwise=self._context.trouble
        )

    def _take(self, found: Proof, numbers: int) -> None:
        tally, status = found.tally, self._status()
        counts: dict[Group, int] = {
            "waiting": tally.waiting,
            "sent": tally.accepted + tally.merged,
            "conflict": tally.conflicts,
            "quarantined": tally.quarantined,
        }
        self._view.show_counts(counts)
        self._view.show_evidence(evidence(found, status, numbers))
        today, now = self._context.desk.today(), self._context.now()
        self._view.show_state(state_words(status, today), figures(status, found, today, now), _problem(status))

    def _status(self) -> Any:
        return self._context.sync.status() if self._context.sync is not None else None

    def choose(self, group: Group) -> None:
        """Another tab."""
        self.group = group
        self._view.show_group(group)
        self._view.reload_rows()

    def retry(self) -> None:
        """Make contact now."""
        if self._context.sync is not None:
            self._context.sync.wake()
            self._view.show_retrying()

    def select(self, row: OutboxRow | None) -> None:
        """Show what an act changed."""
        self._question += 1
        self.row = row
        if row is None:
            self._view.show_action(None, ())
            return
        question, desk = self._question, self._context.desk

        def take(found: Sequence[FieldChange]) -> None:
            if question == self._question:
                self._view.show_action(row, change_lines(found))

        self._context.tasks.run(lambda: field_changes(desk, row.action, row.fields), then=take, otherwise=self._context.trouble)


def change_lines(found: Sequence[FieldChange]) -> list[ChangeLine]:
    """Changes under the names of their records, in the order of the forms; those that collided stand first under their own heading.

    The program's own signs are counted, not listed, unless they collided.
    """
    lines: list[ChangeLine] = []
    shown = [change for change in found if change.has_collided or not is_inner(change.field)]
    records = list(dict.fromkeys((change.has_collided, change.record_type) for change in shown))
    for has_collided, record_type in records:
        name = record_name(record_type)
        lines.append(ChangeLine(record=tr("{record}：两边都改了").format(record=name) if has_collided else name))
        own = [change for change in shown if (change.has_collided, change.record_type) == (has_collided, record_type)]
        lines += [_change_line(change) for change in sorted(own, key=lambda change: field_place(record_type, change.field))]
    if inner := len(found) - len(shown):
        lines.append(ChangeLine(record=tr("另有 {n} 项内部编号").format(n=inner)))
    return lines


def _change_line(change: FieldChange) -> ChangeLine:
    return ChangeLine(
        record=record_name(change.record_type),
        field=field_name(change.record_type, change.field),
        before=value_words(change.field, change.before),
        after=value_words(change.field, change.after),
        theirs=value_words(change.field, change.present) if change.has_collided else "",
        has_collided=change.has_collided,
    )


def row_title(row: OutboxRow) -> str:
    """What an act is called: the item of its case, or what was done."""
    return action_words(row.action.kind) if row.title == row.action.kind else row.title


def outcome_words(outcome: str | None, *, is_online: bool) -> tuple[str, Tone]:
    """What became of an act, in a word."""
    if outcome is None:
        return (tr("等上传") if is_online else tr("等连接")), "neutral"
    words: dict[str, tuple[str, Tone]] = {
        Outcome.ACCEPTED: (tr("中心已收"), "green"),
        Outcome.MERGED: (tr("中心已合并"), "green"),
        Outcome.CONFLICT: (tr("与中心冲突"), "red"),
        Outcome.QUARANTINED: (tr("中心暂存待查"), "amber"),
    }
    return words.get(outcome, (outcome, "neutral"))


def state_words(status: Any, today: date) -> str:
    """One line about the connection."""
    if status is None:
        return tr("这台电脑没有连接中心的设置；办件都写在本机。")
    if status.is_online:
        return tr("连接正常，办件随办随传。")
    if status.contact_at is None:
        return tr("还没有连上过中心。窗口照常受理，全部写在本机。")
    return tr("中心 {at} 起不可达。窗口照常受理，全部写在本机。").format(at=_at(status.contact_at, today))


def _problem(status: Any) -> str:
    problem = status.problem if status is not None else None
    return "" if problem is None else " ".join(part for part in (problem.what, problem.safe, problem.do) if part)


def figures(status: Any, found: Proof, today: date, now: datetime) -> list[Figure]:
    """The strip: connection, what waits, the last reconciliation, the age of the rules, conflicts."""
    tally = found.tally
    stuck = tally.conflicts + tally.quarantined
    waiting_note = tr("最早 {at}").format(at=_at(tally.waiting_since, today)) if tally.waiting_since else tr("没有待传")
    return [
        _connection(status, today, now),
        Figure(key="waiting", label=tr("待传"), value=str(tally.waiting), note=waiting_note),
        _reconciled(status, today),
        _rules(status, today),
        Figure(
            key="conflict",
            label=tr("冲突"),
            value=str(tally.conflicts),
            note=tr("隔离 {n} 件").format(n=tally.quarantined) if tally.quarantined else tr("没有隔离"),
            tone="red" if stuck else "neutral",
        ),
    ]


def _connection(status: Any, today: date, now: datetime) -> Figure:
    label = tr("连接")
    if status is None:
        return Figure(key="waiting", label=label, value=tr("没有设置"))
    if status.is_online:
        return Figure(key="waiting", label=label, value=tr("在线"), note=tr("时钟差 {n} 秒").format(n=f"{abs(status.clock_offset_s):.1f}"))
    note = ""
    if status.next_try_at is not None:
        seconds = max(round((status.next_try_at - now).total_seconds()), 0)
        note = tr("{n} 秒后再试").format(n=seconds)
    return Figure(key="waiting", label=label, value=tr("离线"), note=note, tone="amber")


def _reconciled(status: Any, today: date) -> Figure:
    label = tr("最近对账")
    if status is None or status.reconciled_at is None:
        return Figure(key="sent", label=label, value="—", note=tr("尚未对账"))
    counts = f"{status.confirmed}/{status.sent}"
    note = tr("{counts} 一致").format(counts=counts) if status.is_equal else tr("{counts}，有新办件未对账").format(counts=counts)
    return Figure(key="sent", label=label, value=_at(status.reconciled_at, today), note=note)


def _rules(status: Any, today: date) -> Figure:
    label = tr("规则和名单")
    if status is None or status.contact_at is None:
        return Figure(key="waiting", label=label, value="—", note=tr("随安装包"))
    days = (today - local_date(status.contact_at)).days
    value = tr("今日") if days <= 0 else tr("{n} 天前").format(n=days)
    return Figure(
        key="waiting", label=label, value=value, note=_at(status.contact_at, today), tone="amber" if days > OLD_CONTACT_DAYS else "neutral"
    )


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
        _digests(status),
        Evidence(words=tr("受理号段余 {n} 个").format(n=numbers), is_right=numbers > 0),
    ]


def _digests(status: Any) -> Evidence:
    """Both sides' tree hash over what was sent: eight signs are enough to compare by eye, the program compares all."""
    if status is None or not status.centre_digest:
        return Evidence(words=tr("还没有与中心对过账"), is_right=None)
    own, centre = status.own_digest[:8], status.centre_digest[:8]
    if status.own_digest == status.centre_digest:
        return Evidence(words=tr("本机摘要 {own} = 中心摘要 {centre}").format(own=own, centre=centre), is_right=True)
    return Evidence(words=tr("本机摘要 {own} ≠ 中心摘要 {centre}").format(own=own, centre=centre), is_right=False)


def files_words(row: OutboxRow) -> str:
    """How many files an act names and how big they are."""
    count = len(row.action.attachments)
    return tr("{n} · {size}").format(n=count, size=size_words(row.attachment_bytes)) if count else "0"


def _at(at: datetime, today: date) -> str:
    local = at.astimezone(CHINA)
    return f"{local:%H:%M}" if local.date() == today else f"{local:%m-%d %H:%M}"
