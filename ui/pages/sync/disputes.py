"""A field that two windows changed to different values: how a person decides it with keys, and how long that took."""

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Protocol

import structlog

from nbcase.domain.conflict import ConflictState
from nbcase.domain.words import tr
from nbcase.operations.conflicts import (
    PRESENT,
    THEIRS,
    YOURS,
    Choice,
    Chosen,
    ConflictView,
    Resolved,
    decided_conflicts,
    edited,
    may_resolve,
    open_conflicts,
    resolve,
)
from nbcase.operations.page import RowPage
from nbcase.operations.transfer import FieldChange, field_changes
from ui.casewords import short_moment
from ui.context import Notice
from ui.pages.sync.changewords import ChangeLine, change_lines

_log = structlog.get_logger()

_OWN_WORDS = "other"
_FIXED: dict[Choice, Chosen] = {Choice.THEIRS: THEIRS, Choice.YOURS: YOURS, Choice.PRESENT: PRESENT}


def reasons() -> tuple[tuple[str, str], ...]:
    """Why a value is taken: code and words. The last one asks for words of one's own."""
    return (
        ("present", tr("本人到场确认")),
        ("proof", tr("以证件材料为准")),
        ("newer", tr("以较新的为准")),
        ("mistake", tr("另一边录入有误")),
        ("agreed", tr("已与对方窗口核对")),
        (_OWN_WORDS, tr("其他，请写明")),
    )


def reason_words(code: str, own: str) -> str:
    """The reason as it is kept; empty while one's own words are still missing."""
    listed = "" if code == _OWN_WORDS else dict(reasons()).get(code, "")
    return tr("；").join(part for part in (listed, own.strip()) if part)


def is_open(view: ConflictView) -> bool:
    """Whether somebody still has to decide."""
    return view.conflict.state is ConflictState.OPEN


def taken(view: ConflictView) -> Choice | None:
    """Which value a decided conflict was given."""
    conflict = view.conflict
    if is_open(view):
        return None
    if conflict.chosen == conflict.theirs:
        return Choice.THEIRS
    return Choice.YOURS if conflict.chosen == conflict.yours else Choice.EDITED


class DisputeView(Protocol):
    """What the presenter needs of its panel."""

    def show_conflict(self, view: ConflictView | None, *, may_decide: bool) -> None: ...
    def show_choice(self, choice: Choice | None) -> None: ...
    def show_others(self, lines: Sequence[ChangeLine]) -> None: ...
    def show_deciding(self, *, on: bool) -> None: ...


class DisputePresenter:
    """One conflict after another: choose a value, say why, decide. `decided` is called after each."""

    def __init__(self, context: Any, decided: Callable[[], None], ticks: Callable[[], float] = time.monotonic) -> None:
        self._context = context
        self._decided = decided
        self._ticks = ticks
        self._opened: dict[str, float] = {}
        self.panel: DisputeView | None = None
        self.view: ConflictView | None = None
        self.choice: Choice | None = None
        self.seconds: list[float] = []

    def fetch_open(self, cursor: Any, limit: int) -> RowPage[ConflictView]:
        """What nobody has decided yet, the oldest first; called in a worker."""
        return RowPage(tuple(open_conflicts(self._context.desk)))

    def fetch_decided(self, cursor: Any, limit: int) -> RowPage[ConflictView]:
        """What has been decided, the newest first; called in a worker."""
        return RowPage(tuple(decided_conflicts(self._context.desk)))

    def moment(self, at: datetime | None) -> str:
        """A moment as the page writes it: the time alone for today."""
        return "" if at is None else short_moment(at, self._context.desk.today())

    def show(self, view: ConflictView | None) -> None:
        """Another conflict is looked at; the same one, read anew, keeps the choice."""
        if view is not None and self.view == view:
            return
        self.view, self.choice = view, None
        if view is not None and is_open(view):
            self._opened.setdefault(view.conflict.id, self._ticks())
        if self.panel is not None:
            self.panel.show_conflict(view, may_decide=view is not None and may_resolve(self._context.clerk.record, view.conflict))
            self.panel.show_choice(None)
            self.panel.show_others(())
            self._look_at_others(view)

    def _look_at_others(self, view: ConflictView | None) -> None:
        """What the same act changed besides, which nobody has to decide: it tells what the other window was about."""
        if view is None or view.action is None:
            return
        desk, action, collided = self._context.desk, view.action, f"{view.conflict.subject_type}.{view.conflict.field}"

        def take(found: Sequence[FieldChange]) -> None:
            if self.view is view and self.panel is not None:
                self.panel.show_others(change_lines([change for change in found if not change.has_collided]))

        self._context.tasks.run(lambda: field_changes(desk, action, (collided,)), then=take, otherwise=self._context.trouble)

    def choose(self, choice: Choice) -> None:
        """Take a value, not yet for good."""
        if self.view is not None and is_open(self.view):
            self.choice = choice
            if self.panel is not None:
                self.panel.show_choice(choice)

    def decide(self, own: Any, reason: str) -> None:
        """Decide for good: one act. `own` counts only where a value of one's own was chosen."""
        view, choice = self.view, self.choice
        if view is None or choice is None or not is_open(view):
            return
        chosen = _FIXED.get(choice) or edited(own)
        desk, clerk = self._context.desk, self._context.clerk.record
        self._show_deciding(on=True)
        self._context.tasks.run_in_order(
            lambda: resolve(desk, clerk, view.conflict.id, chosen, reason),
            then=lambda resolved: self._tell(view, choice, resolved),
            otherwise=self._failed,
        )

    def _failed(self, error: BaseException) -> None:
        self._show_deciding(on=False)
        self._context.trouble(error)

    def _show_deciding(self, *, on: bool) -> None:
        if self.panel is not None:
            self.panel.show_deciding(on=on)

    def _tell(self, view: ConflictView, choice: Choice, resolved: Resolved) -> None:
        self._show_deciding(on=False)
        seconds = self._ticks() - self._opened.pop(view.conflict.id, self._ticks())
        self.seconds.append(seconds)
        _log.info("conflict_decided", conflict_id=view.conflict.id, choice=choice.value, seconds=round(seconds, 1))
        what = tr("已定：{field}{how}。").format(field=view.field, how=choice_words(choice))
        self._context.notify(Notice(what=what, safe=tr("各个值都留在“已定”里。")))
        self.view = None
        self._decided()
        self._context.announce(resolved.changed)


def choice_words(choice: Choice) -> str:
    """What a choice does, after the name of the field."""
    words = {
        Choice.THEIRS: tr("用对方的值"),
        Choice.YOURS: tr("用本窗的值"),
        Choice.PRESENT: tr("保持现在的值"),
        Choice.EDITED: tr("用另填的值"),
    }
    return words[choice]


def mean_seconds(seconds: Sequence[float]) -> int | None:
    """How long a decision takes here, None before the first one."""
    return round(sum(seconds) / len(seconds)) if seconds else None
