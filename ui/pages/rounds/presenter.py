"""What 名额 does: the rounds of the city or one resident's applications, the chosen one explained, its list signed and printed."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from nbcase.domain.clerk import PERMISSIONS
from nbcase.domain.resident import Resident
from nbcase.domain.round import SIGNATURES_NEEDED, RoundStage
from nbcase.domain.words import tr
from nbcase.operations.rounds import (
    OBJECTION_ITEM,
    SIGN,
    Application,
    RoundView,
    applications_of,
    counted_name,
    is_under_notice,
    resident_of,
    round_view,
    rounds,
    sign_round,
)
from ui.context import Notice
from ui.printwork import print_unkept
from ui.widgets.fields import Option

PRINT_LIST, PRINT_RESULT = "list", "result"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the list at the left: a round, or a resident's application to it; `counted` is whose points counted."""

    view: RoundView
    application: Application | None = None
    counted: str = ""

    @property
    def key(self) -> str:
        """What names it while the page is refreshed."""
        return self.application.case.id if self.application is not None else self.view.round.id


class RoundsPageView(Protocol):
    """What the presenter needs of its page."""

    def show_entries(self, resident: Resident | None, entries: Sequence[Entry], chosen: str) -> None: ...
    def show_entry(self, entry: Entry) -> None: ...
    def ask(self, question: str, options: Sequence[Option], then: Callable[[str], None]) -> None: ...


class RoundsPresenter:
    """One resident, or nobody; an answer for one who was left is dropped."""

    def __init__(self, view: RoundsPageView, context: Any) -> None:
        self._view = view
        self._context = context
        self._question = 0
        self.resident_id = ""
        self.entry: Entry | None = None

    def open(self, resident_id: str, round_id: str = "") -> None:
        """A resident's applications; every round with an empty id."""
        self.resident_id = resident_id
        self.refresh(round_id)

    def refresh(self, chosen: str = "") -> None:
        """Read again what is open; the chosen line stays."""
        self._question += 1
        question, desk, resident_id = self._question, self._context.desk, self.resident_id
        wanted = chosen or (self.entry.key if self.entry is not None else "")

        def read() -> tuple[Resident | None, list[Entry]]:
            if not resident_id:
                return None, [Entry(view=round_view(desk, one.id)) for one in rounds(desk)]
            return resident_of(desk, resident_id), [
                Entry(
                    view=round_view(desk, each.round.id),
                    application=each,
                    counted=counted_name(desk, each.result) if each.result is not None else "",
                )
                for each in applications_of(desk, resident_id)
            ]

        def take(found: tuple[Resident | None, list[Entry]]) -> None:
            if question == self._question:
                self._take(*found, wanted)

        self._context.tasks.run(read, then=take, otherwise=self._context.trouble)

    def _take(self, resident: Resident | None, entries: Sequence[Entry], wanted: str) -> None:
        told = [entry for entry in entries if entry.application is not None and entry.application.result is not None]
        self.entry = next((entry for entry in entries if entry.key == wanted), (*told, *entries, None)[0])
        self._view.show_entries(resident, entries, self.entry.key if self.entry is not None else "")
        if self.entry is not None:
            self._view.show_entry(self.entry)

    def choose(self, entry: Entry) -> None:
        """Look at a line."""
        self.entry = entry
        self._view.show_entry(entry)

    def sign_refusal(self) -> str:
        """Why the newest list cannot be signed here now; empty when it can."""
        entry = self.entry
        if entry is None or not entry.view.round.list_hash:
            return tr("中心还没有排名")
        one = entry.view.round
        if one.stage is RoundStage.FINAL:
            return tr("已定稿")
        if one.list_hash == one.published_hash and is_under_notice(one, self._context.desk.today()):
            return tr("正在公示，期满后签定稿")
        if self._context.clerk.record.role not in PERMISSIONS[SIGN]:
            return tr("由站长、复核岗签名")
        if any(signature.clerk_id == self._context.clerk.record.id for signature in entry.view.signatures):
            return tr("您已签过这份名单")
        return ""

    def sign(self) -> None:
        """签名, after asking."""
        entry = self.entry
        if entry is None or self.sign_refusal():
            return
        one = entry.view.round
        what = tr("定稿") if one.next_stage is RoundStage.FINAL else tr("公示")
        question = tr("看过“{name}”的名单，同意{what}？").format(name=one.name, what=what)
        options = (Option(code="yes", label=tr("签名")), Option(code="no", label=tr("再看看")))
        self._view.ask(question, options, lambda answer: self._sign(one.id, one.list_hash) if answer == "yes" else None)

    def _sign(self, round_id: str, list_hash: str) -> None:
        desk, clerk = self._context.desk, self._context.clerk.record

        def signed(_signature: object) -> None:
            self._context.notify(Notice(what=tr("已签名，随下次连接送到中心。满 {n} 人后由中心公布。").format(n=SIGNATURES_NEEDED)))
            self._context.announce(frozenset({"round_signature"}))

        self._context.tasks.run_in_order(lambda: sign_round(desk, clerk, round_id, list_hash), then=signed, otherwise=self._context.trouble)

    def object_refusal(self) -> str:
        """Why no objection can be begun; empty when it can."""
        entry = self.entry
        if entry is None or entry.application is None:
            return tr("先选一件申请")
        if self._context.clerk.record.role not in PERMISSIONS["points.accept"]:
            return tr("您的岗位不受理")
        if not is_under_notice(entry.view.round, self._context.desk.today()):
            return tr("不在公示期")
        return ""

    def object(self) -> None:
        """提出异议 about the chosen application."""
        entry = self.entry
        if entry is None or entry.application is None or self.object_refusal():
            return
        self._context.navigate(
            "handle",
            resident_id=self.resident_id,
            item_code=OBJECTION_ITEM,
            situation_code="object",
            round=entry.view.round.id,
            child_name=str(entry.application.case.form.get("child_name") or ""),
        )

    def print_refusal(self) -> str:
        """Why there is nothing to print; empty when there is."""
        entry = self.entry
        is_public = entry is not None and bool(entry.view.round.published_hash)
        has_result = entry is not None and (entry.application is None or entry.application.result is not None)
        return "" if is_public and has_result else tr("名单还没有公布")

    def print_paper(self) -> None:
        """The public list, or the chosen application explained, to the desk's printer."""
        from nbcase.operations.roundpapers import round_notice_pdf, round_result_pdf

        entry = self.entry
        if entry is None or self.print_refusal():
            return
        desk, clerk, application = self._context.desk, self._context.clerk.record, entry.application
        title = tr("公示名单") if application is None else tr("结果说明")

        def make() -> bytes:
            return round_notice_pdf(desk, entry.view.round.id) if application is None else round_result_pdf(desk, clerk, application)

        print_unkept(self._context, title, make, safe=tr("名单没有改动。"))


def taken(entry: Entry) -> Counter[str | None]:
    """How many came in at each place of the list that is looked at."""
    return Counter(row.place for row in shown_rows(entry))


def shown_rows(entry: Entry) -> Sequence[Any]:
    """The list that waits for signatures while there is a newer one, else the public one."""
    one = entry.view.round
    return one.draft_rows if one.list_hash != one.published_hash else one.rows
