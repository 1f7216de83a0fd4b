"""What 方案 does: the draft that is open, the indicator that is edited, its check while one types, and the two signatures."""

from collections.abc import Callable
from datetime import date
from typing import Any, Protocol

from nbcase.domain.scheme import DraftStage
from nbcase.domain.words import tr
from nbcase.operations import scheme_drafts
from nbcase.operations.scheme_drafts import SchemeBoard, scheme_board
from nbcase.operations.scheme_effect import Effect, scheme_effect
from nbcase.points.editing import Checked, Edit, checked, example_results, plain_edit
from ui.context import Notice

_ABOUT = frozenset({"scheme_draft", "scheme_signature"})


class SchemeView(Protocol):
    """What the presenter needs of its page."""

    def show_board(self, board: SchemeBoard) -> None: ...
    def show_edit(self, board: SchemeBoard, edit: Edit, *, can_edit: bool) -> None: ...
    def show_check(self, edit: Edit, found: Checked, results: tuple[int | None, ...]) -> None: ...
    def show_effect(self, effect: Effect | None) -> None: ...
    def show_kept(self, is_kept: bool) -> None: ...


class SchemePresenter:
    """One draft and one indicator at a time. What is typed is checked at once and kept when the indicator is left, as one act."""

    def __init__(self, view: SchemeView, context: Any) -> None:
        self._view = view
        self._context = context
        self._question = 0
        self.board: SchemeBoard | None = None
        self.code = ""
        self.draft_id = ""
        self._pending: Edit | None = None

    def refresh(self, then: Callable[[], None] = lambda: None) -> None:
        """Read again; what is being typed stays."""
        desk, draft_id = self._context.desk, self.draft_id

        def take(board: SchemeBoard) -> None:
            self.board = board
            former, self.draft_id = self.draft_id, board.open.draft.id if board.open is not None else ""
            if board.open is not None and former != self.draft_id and board.open.draft.edits and self._pending is None:
                self.code = ""  # the page picks the first line that the draft changes
            self._view.show_board(board)
            if self.code and self._pending is None:
                self._show()
            then()

        self._context.tasks.run(lambda: scheme_board(desk, draft_id), then=take, otherwise=self._context.trouble)

    def choose(self, code: str) -> None:
        """Look at an indicator; what was typed into the one before is kept."""
        if code == self.code:
            return
        self.keep(lambda: None)
        self.code = code
        self._show()

    def _show(self) -> None:
        assert self.board is not None
        edit = self.board.edit(self.code)
        self._view.show_edit(self.board, edit, can_edit=self.can_edit)
        self._view.show_kept(True)
        self._check(edit)

    @property
    def can_edit(self) -> bool:
        """Whether the open draft takes edits: not while it stands proposed."""
        opened = self.board.open if self.board is not None else None
        return opened is not None and opened.stage in (DraftStage.EDITING, DraftStage.REFUSED)

    def typed(self, edit: Edit) -> None:
        """Something was typed: check it beside the event loop."""
        if not self.can_edit:
            return
        self._pending = edit
        self._view.show_kept(False)
        self._check(edit)

    def _check(self, edit: Edit) -> None:
        board = self.board
        if board is None:
            return
        self._question += 1
        question = self._question
        edits = dict(board.open.draft.edits) if board.open is not None else {}
        if self._pending is not None:
            edits[edit.code] = plain_edit(edit)

        def work() -> tuple[Checked, tuple[int | None, ...]]:
            return checked(board.schemes.contents, board.as_of, edits), example_results(board.schemes.newest, edit)

        def take(found: tuple[Checked, tuple[int | None, ...]]) -> None:
            if question == self._question:
                self._view.show_check(edit, *found)

        self._context.tasks.run(work, then=take, otherwise=self._context.trouble)

    def keep(self, then: Callable[[], None] | None = None) -> None:
        """Keep what was typed in the draft, right or not."""
        edit, self._pending = self._pending, None
        if edit is None or self.board is None or self.board.open is None:
            if then is not None:
                then()
            return
        self._act(lambda desk, clerk, draft_id: scheme_drafts.edit_draft(desk, clerk, draft_id, edit), then=then)

    def save(self) -> None:
        """Keep what was typed; with nothing typed a draft that stands on an older version is kept on the newest: it was looked at."""
        opened = self.board.open if self.board is not None else None
        is_old = opened is not None and self.board is not None and opened.draft.based_on != self.board.schemes.number
        if opened is not None and is_old and self._pending is None and self.can_edit:
            self.rename(opened.draft.name)
        else:
            self.keep()

    def begin(self, name: str) -> None:
        """A new draft."""

        def opened(draft: Any) -> None:
            self.draft_id = draft.id

        self.keep()
        self._act(lambda desk, clerk, _former: scheme_drafts.begin_draft(desk, clerk, name), told=opened)

    def set_day(self, text: str) -> None:
        """Another day from which the draft holds."""
        try:
            day = date.fromisoformat(text)
        except ValueError:
            self._context.notify(Notice(what=tr("没有这一天：{text}").format(text=text), kind="warn", safe=tr("没有改动。")))
            return
        self._act(lambda desk, clerk, draft_id: scheme_drafts.date_draft(desk, clerk, draft_id, day))

    def rename(self, name: str) -> None:
        """Another name for the draft."""
        self._act(lambda desk, clerk, draft_id: scheme_drafts.rename_draft(desk, clerk, draft_id, name))

    def drop(self) -> None:
        """The indicator stays as it is in force."""
        self._pending, code = None, self.code
        self._act(lambda desk, clerk, draft_id: scheme_drafts.drop_edit(desk, clerk, draft_id, code))

    def withdraw(self) -> None:
        """Give the draft up."""
        self._pending = None
        self._act(lambda desk, clerk, draft_id: scheme_drafts.withdraw_draft(desk, clerk, draft_id))

    def reopen(self) -> None:
        """Edit on after the draft was proposed: its proposal and signatures fall with the new name of its content."""
        if self.draft_id:
            self._act(lambda desk, clerk, draft_id: scheme_drafts.reopen_draft(desk, clerk, draft_id))

    def next_draft(self) -> None:
        """The next of several drafts."""
        if self.board is None or len(self.board.drafts) < 2:
            return
        self.keep()
        ids = [view.draft.id for view in self.board.drafts]
        self.draft_id = ids[(ids.index(self.draft_id) + 1) % len(ids)]
        self.refresh()

    def go_on(self) -> None:
        """Propose, or sign what another one proposed; what was typed is kept first."""
        self.keep(self._go_on)

    def _go_on(self) -> None:
        opened = self.board.open if self.board is not None else None
        if opened is None:
            return
        act = scheme_drafts.sign if opened.stage is DraftStage.PROPOSED else scheme_drafts.propose
        content = opened.draft.content_hash
        self._act(
            lambda desk, clerk, draft_id: act(desk, clerk, draft_id, content), told=lambda _signature: self._told(act is scheme_drafts.sign)
        )

    def _told(self, was_signed: bool) -> None:
        what = tr("已签署。两人已签，由中心公布。") if was_signed else tr("已提出，等另一位站长签署。")
        line = "" if self.is_online else tr("现在离线：到下次联系中心时送出。")
        self._context.notify(Notice(what=what, safe=tr("已写在本机。") + line))

    @property
    def is_online(self) -> bool:
        """Whether the last contact reached the centre."""
        return self._context.sync is not None and self._context.sync.status().is_online

    def look_at_effect(self) -> None:
        """Score the sample by the draft; what was typed is kept first."""
        self.keep(self._look)

    def _look(self) -> None:
        opened = self.board.open if self.board is not None else None
        if opened is None:
            self._view.show_effect(None)
            return
        desk, draft = self._context.desk, opened.draft
        self._context.tasks.run(lambda: scheme_effect(desk, draft), then=self._view.show_effect, otherwise=self._context.trouble)

    def _act(
        self, act: Callable[[Any, Any, str], Any], *, told: Callable[[Any], None] | None = None, then: Callable[[], None] | None = None
    ) -> None:
        """Do it to the draft that is open now: when its turn comes another one may be."""
        desk, clerk, draft_id = self._context.desk, self._context.clerk.record, self.draft_id

        def done(result: Any) -> None:
            if told is not None:
                told(result)
            self._context.announce(_ABOUT)
            self.refresh(then or (lambda: None))

        self._context.tasks.run_in_order(lambda: act(desk, clerk, draft_id), then=done, otherwise=self._context.trouble)
