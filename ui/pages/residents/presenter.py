"""What 居民 does: the list, one person with everything that is known, and what can be begun for that person now."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal, Protocol

from nbcase.domain import codes
from nbcase.domain.clerk import PERMISSIONS
from nbcase.domain.clock import full_months, local_date
from nbcase.domain.document import Document
from nbcase.domain.permit import Permit, PermitState, usable_until
from nbcase.domain.registration import Registration
from nbcase.domain.words import tr
from nbcase.operations.cases import CaseRow
from nbcase.operations.facts import Standing, registered_since
from nbcase.operations.offers import Offer, offers
from nbcase.operations.page import RowPage
from nbcase.operations.printing import paper_name
from nbcase.operations.provisional import ProvisionalAnswer
from nbcase.operations.residents import (
    EVERYBODY,
    ResidentFilter,
    ResidentRow,
    ResidentView,
    count_residents,
    find_dwelling,
    resident_view,
    residents,
)
from nbcase.operations.reveal import reveal_number
from ui.casewords import day_words, printed_words, state_words
from ui.printwork import print_one
from ui.widgets.fields import Option
from ui.widgets.ink import Tone
from ui.widgets.timeline import Segment, TimelineRow

EventKind = Literal["all", "cases", "papers"]

PERMIT_CONFIRMATION = "permit-confirmation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One person as the page shows it. `offers` are what can be begun now first, then what cannot, with the reason."""

    view: ResidentView
    offers: tuple[Offer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened, newest first: a case, or a paper that was made."""

    on: date
    case: CaseRow | None = None
    document: Document | None = None


class ResidentsView(Protocol):
    """What the presenter needs of its page."""

    def show_list(self) -> None: ...
    def show_count(self, found: int, total: int, address: str) -> None: ...
    def reload_rows(self) -> None: ...
    def show_person(self, person: Person) -> None: ...
    def show_number(self, number: str) -> None: ...
    def ask(self, question: str, options: Sequence[Option], then: Callable[[str], None]) -> None: ...


class ResidentsPresenter:
    """The list, and the one person who is open. An answer for a person who was left is dropped."""

    def __init__(self, view: ResidentsView, context: Any) -> None:
        self._view = view
        self._context = context
        self._question = 0
        self.wanted = EVERYBODY
        self.person: Person | None = None

    def fetch(self, cursor: str | None, limit: int) -> RowPage[ResidentRow]:
        """A page of rows; called in a worker."""
        return residents(self._context.desk, cursor, limit, self.wanted)

    def find(self, text: str) -> None:
        """Narrow the list to part of a name or number."""
        wanted = ResidentFilter(text=text.strip())
        if wanted != self.wanted:
            self.wanted = wanted
            self.refresh_list()

    def show_dwelling(self, dwelling_id: str) -> None:
        """Those who live in a dwelling now."""
        self._question += 1
        self.person = None
        self.wanted = ResidentFilter(dwelling_id=dwelling_id)
        self._view.show_list()
        self.refresh_list()

    def refresh(self) -> None:
        """Read again what is open."""
        if self.person is not None:
            self.open(self.person.view.standing.resident.id)
        else:
            self.refresh_list()

    def refresh_list(self) -> None:
        """Read the list and its count again."""
        self._view.reload_rows()
        desk, wanted = self._context.desk, self.wanted

        def count() -> tuple[int, int, str]:
            dwelling = find_dwelling(desk, wanted.dwelling_id) if wanted.dwelling_id else None
            return count_residents(desk, wanted), count_residents(desk), dwelling.address if dwelling is not None else ""

        self._context.tasks.run(count, then=lambda found: self._view.show_count(*found), otherwise=self._context.trouble)

    def open(self, resident_id: str) -> None:
        """Show a person."""
        self._question += 1
        question, desk = self._question, self._context.desk

        def take(found: Person) -> None:
            if question == self._question:
                self.person = found
                self._view.show_person(found)

        self._context.tasks.run(lambda: read_person(desk, resident_id), then=take, otherwise=self._context.trouble)

    def close(self) -> None:
        """Back to the list."""
        self._question += 1
        self.person = None
        self._view.show_list()
        self.refresh_list()

    def reveal(self) -> None:
        """Show the whole number; the look is logged."""
        if self.person is None:
            return
        desk, clerk, resident_id = self._context.desk, self._context.clerk.record, self.person.view.standing.resident.id

        def take(number: str) -> None:
            if self.person is not None and self.person.view.standing.resident.id == resident_id:
                self._view.show_number(number)

        self._context.tasks.run(lambda: reveal_number(desk, clerk, resident_id), then=take, otherwise=self._context.trouble)

    def begin(self, offer: Offer) -> None:
        """Open the form of a situation for the person."""
        if self.person is None or offer.obstacle or self.may_not_begin():
            return
        self._context.navigate(
            "handle",
            resident_id=self.person.view.standing.resident.id,
            item_code=offer.item.code,
            situation_code=offer.situation.code,
        )

    def may_not_begin(self) -> str:
        """Why this clerk may begin nothing; empty for those who may."""
        return "" if self._context.clerk.record.role in PERMISSIONS["registration.accept"] else tr("您的岗位不受理办件")

    def endorsement(self) -> tuple[Offer | None, str]:
        """The endorsement, and why it cannot be begun now; empty when it can."""
        found = self.offer("residence_permit", "endorse")
        if found is None:
            return None, tr("没有签注事项")
        return found, self.may_not_begin() or found.obstacle

    def offer(self, item_code: str, situation_code: str) -> Offer | None:
        """The offer of a situation for the person who is open."""
        if self.person is None:
            return None
        pairs = {(offer.item.code, offer.situation.code): offer for offer in self.person.offers}
        return pairs.get((item_code, situation_code))

    def confirmation(self) -> Document | None:
        """The newest 居住证确认单."""
        papers = [] if self.person is None else [paper for paper in self.person.view.documents if paper.kind_code == PERMIT_CONFIRMATION]
        return max(papers, key=lambda paper: (paper.made_at, paper.id), default=None)

    def print_confirmation(self) -> None:
        """Print the 确认单, a second time with its reason."""
        paper = self.confirmation()
        if paper is not None:
            print_one(self._context, self._view.ask, paper)

    def print_choice(self) -> None:
        """Ask which paper, then print it."""
        papers = [] if self.person is None else newest_papers(self.person.view)
        if len(papers) <= 1:
            for paper in papers:
                print_one(self._context, self._view.ask, paper)
            return
        by_id = {paper.id: paper for paper in papers}
        options = [Option(code=paper.id, label=paper_name(paper.kind_code)) for paper in papers]
        self._view.ask(tr("打印哪一份？"), options, lambda paper_id: print_one(self._context, self._view.ask, by_id[paper_id]))

    def open_event(self, event: Event) -> None:
        """A case opens among the cases; a paper is printed again."""
        if event.case is not None:
            self._context.navigate("cases", case_id=event.case.case.id)
        elif event.document is not None:
            print_one(self._context, self._view.ask, event.document)


def read_person(desk: Any, resident_id: str) -> Person:
    """Everything about a person; called in a worker."""
    return Person(view=resident_view(desk, resident_id), offers=offers(desk, resident_id))


def newest_papers(view: ResidentView) -> list[Document]:
    """The newest paper of each kind, newest first."""
    by_kind: dict[str, Document] = {}
    for paper in sorted(view.documents, key=lambda paper: (paper.made_at, paper.id)):
        by_kind[paper.kind_code] = paper
    return sorted(by_kind.values(), key=lambda paper: (paper.made_at, paper.id), reverse=True)


def events(view: ResidentView, kind: EventKind) -> list[Event]:
    """Cases and papers by date, newest first."""
    found: list[Event] = []
    if kind != "papers":
        found += [Event(on=local_date(row.case.accepted_at), case=row) for row in view.cases]
    if kind != "cases":
        found += [Event(on=local_date(paper.made_at), document=paper) for paper in view.documents]
    return sorted(found, key=lambda event: event.on, reverse=True)


def person_tags(view: ResidentView) -> list[tuple[str, Tone]]:
    """在住 or not, and what the permit is worth."""
    lives: tuple[str, Tone] = (tr("在住"), "green") if view.standing.active is not None else (tr("没有在住登记"), "amber")
    return [lives, *([permit_tag(view.permit_state)] if view.permit_state is not None else [])]


def permit_tag(state: PermitState) -> tuple[str, Tone]:
    """The state of a permit in a word."""
    tags: dict[PermitState, tuple[str, Tone]] = {
        PermitState.NORMAL: (tr("居住证 正常"), "green"),
        PermitState.TO_ENDORSE: (tr("居住证 待签注"), "amber"),
        PermitState.SUSPENDED: (tr("居住证 暂停使用"), "red"),
        PermitState.CANCELLED: (tr("居住证 已注销"), "neutral"),
    }
    return tags[state]


def residence_words(present: Standing, today: date) -> str:
    """居住登记满 59 个月，未中断."""
    since = registered_since(present.registrations)
    if since is None:
        return tr("现在没有在住登记")
    return tr("登记满 {n} 个月，{day} 起未中断").format(n=max(full_months(since, today), 0), day=since)


def permit_words(view: ResidentView, today: date) -> tuple[str, str]:
    """The permit and its next endorsement, in two lines."""
    permit = view.standing.permit
    if permit is None or view.window is None:
        return "", ""
    made = view.standing.endorsements_of(permit)
    head = tr("浙江省居住证，{day} 发证，签注 {n} 次").format(day=permit.issued_on, n=len(made))
    if permit.is_provisional:
        head += provisional_words(view.provisional)
    if view.permit_state is PermitState.CANCELLED:
        reason = codes.name("cancel_reason", permit.cancel_reason_code)
        return head, tr("{day} 注销：{reason}").format(day=permit.cancelled_on, reason=reason)
    if view.permit_state is PermitState.SUSPENDED:
        return head, tr("{day} 到期未签注，暂停使用；补办签注后恢复").format(day=view.window.closes_on)
    if view.permit_state is PermitState.TO_ENDORSE:
        left = (view.window.closes_on - today).days
        return head, tr("现在可签注，至 {day}，剩 {n} 日").format(day=view.window.closes_on, n=left)
    return head, tr("下次签注 {first} 至 {last}").format(first=view.window.opens_on, last=view.window.closes_on)


def provisional_words(answer: ProvisionalAnswer | None) -> str:
    """What stands behind a provisional permit: what the centre has said of it so far."""
    if answer is None:
        return tr("（暂）")
    return tr("（暂，中心已有别处的证，请复核岗核实）") if answer.is_disputed else tr("（暂，中心没有别处的证，可补核）")


def timeline_rows(view: ResidentView, today: date) -> tuple[list[TimelineRow], date, date]:
    """Registrations and years of the permit as spells, with the ends of the axis."""
    rows = [TimelineRow(label=tr("居住登记"), segments=tuple(_registration_segment(view, entry, today) for entry in _by_start(view)))]
    ends = [today + timedelta(days=60)]
    permit = view.standing.permit
    if permit is not None:
        years = _permit_segments(view, permit)
        rows.append(TimelineRow(label=tr("居住证"), segments=years))
        ends += [segment.to_on for segment in years]
    starts = [segment.from_on for row in rows for segment in row.segments]
    first = min([*starts, today - timedelta(days=365)])
    return rows, first, max(ends)


def _by_start(view: ResidentView) -> list[Registration]:
    return sorted(view.standing.registrations, key=lambda entry: entry.declared_on)


def _registration_segment(view: ResidentView, entry: Registration, today: date) -> Segment:
    dwelling = view.dwellings.get(entry.dwelling_id)
    return Segment(
        from_on=entry.declared_on,
        to_on=entry.ended_on or today,
        text=dwelling.address if dwelling is not None else "",
        tone="weak" if entry.ended_on is not None else "strong",
        payload=entry.case_id,
    )


def _permit_segments(view: ResidentView, permit: Permit) -> tuple[Segment, ...]:
    """The year after the issue and one spell for each endorsement, as far as they reach; a gap where use was suspended."""
    made = view.standing.endorsements_of(permit)
    until = usable_until(permit, ())
    spells = [
        Segment(
            from_on=permit.issued_on, to_on=until, text=tr("发证 {day}").format(day=f"{permit.issued_on:%y-%m}"), payload=permit.case_id
        )
    ]
    for entry in made:
        start = until + timedelta(days=1)
        if entry.endorsed_on > start:
            spells.append(Segment(from_on=start, to_on=entry.endorsed_on, text=tr("停用"), tone="gap"))
            start = entry.endorsed_on
        words = tr("签注 {day}").format(day=f"{entry.endorsed_on:%y-%m}")
        spells.append(Segment(from_on=start, to_on=entry.valid_until_on, text=words, payload=entry.case_id))
        until = max(until, entry.valid_until_on)
    end = permit.cancelled_on
    if end is None:
        return tuple(spells)
    kept = [spell for spell in spells if spell.from_on < end]
    return tuple(
        Segment(from_on=spell.from_on, to_on=min(spell.to_on, end), text=spell.text, tone="rest", payload=spell.payload) for spell in kept
    )


def event_words(event: Event, today: date) -> tuple[str, str, str, Tone]:
    """Title, explanation, state and its tone of an event."""
    if event.document is not None:
        paper = event.document
        mark = tr("，标“暂”") if paper.is_provisional else ""
        return paper_name(paper.kind_code), f"{paper.number}{mark}", *printed_words(paper)
    row = event.case
    if row is None:
        raise ValueError("an event is a case or a paper")
    words, tone = state_words(row.case, row.limit)
    parts = [row.case.number, tr("经办 {name}").format(name=row.clerk_name) if row.clerk_name else ""]
    if row.case.state.is_open and row.limit.due_on is not None:
        parts.append(tr("承诺 {day}").format(day=day_words(row.limit.due_on, today)))
    return row.item_name, " · ".join(part for part in parts if part), words, tone
