"""What 同步 shows: the state of the line, the acts in their order, one act field by field, and the proof."""

from collections.abc import Sequence
from typing import Any, Literal, Protocol

from nbcase.domain.action import Outcome
from nbcase.domain.words import sentences, tr
from nbcase.operations.outbox import OutboxRow, outbox_rows
from nbcase.operations.page import RowPage
from nbcase.operations.provisional import ProvisionalStand, check_provisional, provisional_stand
from nbcase.operations.readiness import numbers_left, size_words
from nbcase.operations.transfer import TAKEN, FieldChange, Proof, field_changes, proof
from ui.casewords import action_words
from ui.pages.sync.changewords import ChangeLine, change_lines
from ui.pages.sync.disputes import mean_seconds
from ui.pages.sync.drill import DrillState, drill_state
from ui.pages.sync.standing import Evidence, evidence, figures, problem_words, provisional_words, state_words
from ui.widgets.figures import Figure
from ui.widgets.ink import Tone

Group = Literal["waiting", "sent", "conflict", "quarantined", "decided"]


class SyncView(Protocol):
    """What the presenter needs of its page."""

    def show_state(self, subtitle: str, figures: Sequence[Figure], problem: str) -> None: ...
    def show_evidence(self, lines: Sequence[Evidence]) -> None: ...
    def show_group(self, group: Group) -> None: ...
    def show_counts(self, counts: dict[Group, int]) -> None: ...
    def reload_rows(self) -> None: ...
    def show_action(self, row: OutboxRow | None, lines: Sequence[ChangeLine]) -> None: ...
    def show_retrying(self) -> None: ...
    def show_drill(self, state: DrillState | None) -> None: ...


class SyncPresenter:
    """Follows the state of sync, which another thread changes, and the selected act."""

    def __init__(self, view: SyncView, context: Any) -> None:
        self._view = view
        self._context = context
        self._question = 0
        self._seen: tuple[int, ...] | None = None
        self.group: Group = "waiting"
        self.row: OutboxRow | None = None
        self.decide_seconds: Sequence[float] = ()

    def fetch(self, cursor: Any, limit: int) -> RowPage[OutboxRow]:
        """The acts of the group; called in a worker."""
        is_waiting = self.group == "waiting"
        return RowPage(tuple(outbox_rows(self._context.desk, waiting=is_waiting, outcomes=frozenset() if is_waiting else TAKEN)))

    def refresh(self) -> None:
        """Read rows, counts and proof again, and show the state of the line."""
        self._view.reload_rows()
        self._look()

    def follow(self) -> None:
        """News of the line, every quarter of a minute: the rows are read again only when an act has come or gone."""
        status = self._status()
        if status is not None and _telling(status) == self._seen:
            self._look()
        else:
            self.refresh()

    def _look(self) -> None:
        status = self._status()
        self._seen = None if status is None else _telling(status)
        desk = self._context.desk
        self._context.tasks.run(
            lambda: (proof(desk), numbers_left(desk), provisional_stand(desk)),
            then=lambda found: self._take(*found),
            otherwise=self._context.trouble,
        )

    def _take(self, found: Proof, numbers: int, provisional: ProvisionalStand) -> None:
        tally, status = found.tally, self._status()
        counts: dict[Group, int] = {
            "waiting": tally.waiting,
            "sent": found.sent,
            "conflict": tally.conflicts,
            "quarantined": tally.quarantined,
            "decided": found.decided,
        }
        self._view.show_counts(counts)
        self._view.show_evidence(evidence(found, status, numbers))
        today, now = self._context.desk.today(), self._context.now()
        strip = figures(status, found, today, now, mean_seconds(self.decide_seconds))
        self._view.show_state(sentences(state_words(status, today), provisional_words(provisional)), strip, problem_words(status))
        self._view.show_drill(drill_state(status, found, numbers, self._context.clerk.record, today))

        if provisional.unasked and status is not None and status.is_online:
            self._ask_about_provisional(strip)

    def _ask_about_provisional(self, strip: Sequence[Figure]) -> None:
        """The centre's word about permits that were issued without it; 工作台 asks too, but a clerk may stay here."""
        desk = self._context.desk

        def take(stand: ProvisionalStand) -> None:
            status = self._status()
            words = sentences(state_words(status, desk.today()), provisional_words(stand))
            self._view.show_state(words, strip, problem_words(status))

        self._context.tasks.run(lambda: check_provisional(desk), then=take, otherwise=self._context.trouble)

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


def _telling(status: Any) -> tuple[int, ...]:
    """What makes it worth reading the lists again."""
    return (status.is_online, status.waiting, status.total, status.conflicts, status.quarantined)


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


def files_words(row: OutboxRow) -> str:
    """How many files an act names and how big they are."""
    count = len(row.action.attachments)
    return tr("{n} · {size}").format(n=count, size=size_words(row.attachment_bytes)) if count else "0"
