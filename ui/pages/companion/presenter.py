"""What 随身宝 does: consent first, then one resident's page; the policies' call lists as a second view."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from nbcase.domain import codes
from nbcase.domain.clerk import PERMISSIONS
from nbcase.domain.resident import Resident
from nbcase.domain.words import tr
from nbcase.operations.booklet import booklet_pdf
from nbcase.operations.call_list import Call, PolicyCalls, call_lists
from nbcase.operations.companion import Companion, companion, consent_of, give_consent, guardian_asked
from nbcase.operations.desk import Desk
from nbcase.operations.matching import Match, Use
from nbcase.operations.offers import Offer, present_standing
from ui.printwork import print_unkept
from ui.widgets.fields import Option

View = Literal["person", "calls"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A resident, with the page once there is a consent."""

    resident: Resident
    found: Companion | None


class CompanionView(Protocol):
    """What the presenter needs of its page."""

    def show_nobody(self) -> None: ...
    def show_locked(self, resident: Resident) -> None: ...
    def show_companion(self, found: Companion) -> None: ...
    def show_choice(self, choice: Match | Offer) -> None: ...
    def show_lists(self, lists: Sequence[PolicyCalls]) -> None: ...
    def show_calls(self, one: PolicyCalls) -> None: ...
    def show_counting(self) -> None: ...
    def ask(self, question: str, options: Sequence[Option], then: Callable[[str], None]) -> None: ...


class CompanionPresenter:
    """One resident, or the lists of the station. An answer for what was left is dropped."""

    def __init__(self, view: CompanionView, context: Any) -> None:
        self._view = view
        self._context = context
        self._question = 0
        self.shown: View = "person"
        self.resident_id = ""
        self.resident: Resident | None = None
        self.found: Companion | None = None
        self.choice: Match | Offer | None = None
        self.lists: tuple[PolicyCalls, ...] = ()
        self.policy_code = ""

    def open(self, resident_id: str) -> None:
        """Somebody's page."""
        self.shown, self.choice, self.resident, self.found = "person", None, None, None
        self.resident_id = resident_id
        self.refresh()

    def refresh(self) -> None:
        """Read again what is in front."""
        if self.shown == "calls":
            self.count()
            return
        if not self.resident_id:
            self._view.show_nobody()
            return
        desk, resident_id = self._context.desk, self.resident_id
        self._run(lambda: read_page(desk, resident_id), self._take)

    def _run(self, work: Callable[[], Any], then: Callable[[Any], None]) -> None:
        self._question += 1
        question = self._question

        def take(answer: Any) -> None:
            if question == self._question:
                then(answer)

        self._context.tasks.run(work, then=take, otherwise=self._context.trouble)

    def _take(self, opened: Opened) -> None:
        self.resident, self.found = opened.resident, opened.found
        if opened.found is None:
            self._view.show_locked(opened.resident)
            return
        self._view.show_companion(opened.found)
        choices = choices_of(opened.found)
        former = {choice_key(choice): choice for choice in choices}.get(choice_key(self.choice)) if self.choice is not None else None
        if choices:
            self.choose(former or choices[0])

    def ask_consent(self) -> None:
        """Ask what for; the answer is recorded as consent."""
        if self.resident is None or self.found is not None or self.shown == "calls":
            return
        entries = codes.table("companion_purpose").entries
        options = [Option(code=code, label=codes.name("companion_purpose", code)) for code in entries]
        if guardian_asked(self.resident, self._context.desk.today()):
            question = tr("{name}未满 14 周岁：监护人{guardian}同意查看部门数据，用途：").format(
                name=self.resident.name, guardian=self.resident.guardian_name or tr("（登记里没有）")
            )
        else:
            question = tr("{name}本人同意查看部门数据，用途：").format(name=self.resident.name)
        self._view.ask(question, options, self.consent)

    def consent(self, purpose_code: str) -> None:
        """Record the consent, then show the page."""
        desk, clerk, resident_id = self._context.desk, self._context.clerk.record, self.resident_id

        def done(_consent: object) -> None:
            self._context.announce(frozenset({"consent"}))
            if self.resident_id == resident_id:
                self.refresh()

        self._context.tasks.run_in_order(
            lambda: give_consent(desk, clerk, resident_id, purpose_code), then=done, otherwise=self._context.trouble
        )

    def choose(self, choice: Match | Offer) -> None:
        """Look at a policy or a situation."""
        self.choice = choice
        self._view.show_choice(choice)

    def refusal(self) -> str:
        """Why what is chosen cannot be begun here; empty when it can."""
        if self._context.clerk.record.role not in PERMISSIONS["registration.accept"]:
            return tr("您的岗位不受理办件")
        choice = self.choice
        if isinstance(choice, Match):
            if choice.policy.apply.office is not None:
                return tr("请到{office}办").format(office=choice.policy.apply.office.text)
            if choice.use not in (Use.CAN, Use.ASK):
                return choice.missing[0] if choice.missing else tr("现在不能办")
        return "" if choice is not None else tr("请先选一项")

    def begin(self) -> None:
        """Open the form of what is chosen."""
        if self.refusal() or self.choice is None:
            return
        item_code, situation_code = (
            (self.choice.policy.item_code, self.choice.policy.situation_code)
            if isinstance(self.choice, Match)
            else (self.choice.item.code, self.choice.situation.code)
        )
        self._context.navigate("handle", resident_id=self.resident_id, item_code=item_code, situation_code=situation_code)

    def print_booklet(self) -> None:
        """随身宝 to the desk's printer."""
        if self.found is None:
            return
        desk, clerk, resident_id = self._context.desk, self._context.clerk.record, self.resident_id
        print_unkept(self._context, tr("随身宝"), lambda: booklet_pdf(desk, clerk, resident_id), safe=tr("数据没有改动。"))

    def switch(self) -> None:
        """From the person to the lists, and back."""
        if self.shown == "person":
            self.count()
        else:
            self.shown = "person"
            self.refresh()

    def count(self) -> None:
        """Find everybody whom a policy concerns, again: a policy that came since is among them."""
        self.shown = "calls"
        self._view.show_counting()
        desk, clerk = self._context.desk, self._context.clerk.record
        self._run(lambda: call_lists(desk, clerk), self._take_lists)

    def _take_lists(self, lists: tuple[PolicyCalls, ...]) -> None:
        self.lists = lists
        self._view.show_lists(lists)
        chosen = next((one for one in lists if one.policy.code == self.policy_code), lists[0] if lists else None)
        if chosen is not None:
            self.choose_policy(chosen)

    def choose_policy(self, one: PolicyCalls) -> None:
        """Whom one policy concerns."""
        self.policy_code = one.policy.code
        self._view.show_calls(one)

    def open_call(self, call: Call) -> None:
        """The page of a person of a list."""
        self._context.navigate("residents", resident_id=call.resident.id)


def read_page(desk: Desk, resident_id: str) -> Opened:
    """A resident, and the page if there is a consent of today; called in a worker."""
    resident = present_standing(desk, resident_id).resident
    found = companion(desk, resident_id) if consent_of(desk, resident_id) is not None else None
    return Opened(resident=resident, found=found)


def choices_of(found: Companion) -> list[Match | Offer]:
    """What the list shows: what can be had, then what else can be begun, then the rest of the policies."""
    can = [match for match in found.matches if match.use in (Use.CAN, Use.ASK)]
    rest = [match for match in found.matches if match.use not in (Use.CAN, Use.ASK)]
    return [*can, *found.others, *rest]


def choice_key(choice: Match | Offer) -> str:
    """What a choice is found by after a reload."""
    return f"policy {choice.policy.code}" if isinstance(choice, Match) else f"{choice.item.code}.{choice.situation.code}"
