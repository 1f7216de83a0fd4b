"""What 出租房 does: the list by address and reminder, one dwelling with its people, and the way to 出租房登记."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Protocol

from nbcase.domain import codes
from nbcase.domain.clerk import PERMISSIONS
from nbcase.domain.dwelling import Dwelling
from nbcase.domain.identity import mask_phone
from nbcase.domain.words import tr
from nbcase.operations.dwellings import (
    DwellingFilter,
    DwellingRow,
    DwellingView,
    Reminder,
    Stay,
    count_dwellings,
    dwelling_view,
    dwellings,
)
from nbcase.operations.offers import dwelling_answers
from nbcase.operations.page import RowPage
from ui.widgets.ink import Tone

YES, NO = "1", "0"
"""Codes of the table ``yes_no``."""

ITEM = "dwelling_registration"

Facts = list[tuple[str, str]]


class DwellingsView(Protocol):
    """What the presenter needs of its page."""

    def reload_rows(self) -> None: ...
    def show_wanted(self, wanted: DwellingFilter) -> None: ...
    def show_counts(self, counts: Mapping[Reminder | None, int]) -> None: ...
    def show_dwelling(self, found: DwellingView) -> None: ...


class DwellingsPresenter:
    """One list and one chosen dwelling; an answer for one that was left is dropped."""

    def __init__(self, view: DwellingsView, context: Any) -> None:
        self._view = view
        self._context = context
        self.wanted = DwellingFilter()
        self.chosen = ""
        self.shown: DwellingView | None = None

    def fetch(self, cursor: str | None, limit: int) -> RowPage[DwellingRow]:
        """A page of rows; called in a worker."""
        return dwellings(self._context.desk, self.wanted, cursor, limit)

    def find(self, text: str) -> None:
        """Narrow the list to parts of the address or of the landlord's name."""
        self._narrow(DwellingFilter(text=text.strip(), reminder=self.wanted.reminder))

    def show_only(self, reminder: Reminder | None) -> None:
        """Narrow the list to those with a reminder, or show all."""
        self._narrow(DwellingFilter(text=self.wanted.text, reminder=reminder))

    def show_all(self) -> None:
        """Every dwelling again."""
        self._narrow(DwellingFilter())

    def open(self, dwelling_id: str) -> None:
        """A dwelling that was found elsewhere; the list is narrowed to its address, for it may lie behind the first page."""
        desk = self._context.desk

        def take(found: DwellingView) -> None:
            self.chosen = dwelling_id
            self.wanted = DwellingFilter(text=found.row.dwelling.address)
            self._view.show_wanted(self.wanted)
            self.refresh()

        self._context.tasks.run(lambda: dwelling_view(desk, dwelling_id), then=take, otherwise=self._context.trouble)

    def _narrow(self, wanted: DwellingFilter) -> None:
        self._view.show_wanted(wanted)
        if wanted != self.wanted:
            self.wanted = wanted
            self.refresh()

    def refresh(self) -> None:
        """Read list, counts and the chosen dwelling again."""
        self._view.reload_rows()
        desk, text = self._context.desk, self.wanted.text

        def take(counts: Mapping[Reminder | None, int]) -> None:
            if text == self.wanted.text:
                self._view.show_counts(counts)

        self._context.tasks.run(lambda: count_dwellings(desk, text), then=take, otherwise=self._context.trouble)
        if self.chosen:
            self.choose(self.chosen)

    def choose(self, dwelling_id: str) -> None:
        """Look at one dwelling."""
        self.chosen = dwelling_id
        desk = self._context.desk

        def take(found: DwellingView) -> None:
            if dwelling_id == self.chosen:
                self.shown = found
                self._view.show_dwelling(found)

        self._context.tasks.run(lambda: dwelling_view(desk, dwelling_id), then=take, otherwise=self._context.trouble)

    def leave(self) -> None:
        """Nothing is chosen."""
        self.chosen, self.shown = "", None

    def open_person(self, resident_id: str) -> None:
        """The page of somebody who lives or lived there."""
        self._context.navigate("residents", resident_id=resident_id)

    def open_people(self) -> None:
        """Those who live there now, in the list of residents."""
        if self.chosen:
            self._context.navigate("residents", dwelling_id=self.chosen)

    def register(self, resident_id: str) -> None:
        """出租房登记 or its change for the chosen dwelling, reported by this person, with what its record says."""
        if self.shown is None or self.refusal():
            return
        dwelling = self.shown.row.dwelling
        situation_code = "change" if dwelling.is_registered else "new"
        situation = self._context.desk.items.situation(ITEM, situation_code)
        known = {key: value for key, value in dwelling_answers(situation, dwelling).items() if value}
        self._context.navigate("handle", resident_id=resident_id, item_code=ITEM, situation_code=situation_code, **known)

    def refusal(self) -> str:
        """Why this clerk cannot begin 出租房登记 here; empty when that can be."""
        if self._context.clerk.record.role not in PERMISSIONS["service.accept"]:
            return tr("您的岗位不受理办件")
        return "" if self.shown is not None and self.shown.present else tr("没有在住的人；由出租人申报的请在“居民”里办理")


def reminder_words(reminder: Reminder) -> tuple[str, Tone]:
    """A reminder in a word, and how pressing it is."""
    words: dict[Reminder, tuple[str, Tone]] = {
        Reminder.CROWDED: (tr("超限"), "red"),
        Reminder.LEASE_PAST: (tr("合同过期"), "red"),
        Reminder.LEASE_ENDING: (tr("合同将到期"), "amber"),
        Reminder.UNREGISTERED: (tr("出租未登记"), "amber"),
    }
    return words[reminder]


def reminder_line(found: DwellingView, today: date) -> str:
    """Everything that somebody has to look at, in one line; empty when nothing is."""
    dwelling = found.row.dwelling
    words = {
        Reminder.CROWDED: lambda: tr("在住 {n} 人，超过限住 {limit} 人").format(n=found.row.occupants, limit=dwelling.capacity),
        Reminder.LEASE_PAST: lambda: tr("合同 {day} 到期，已过 {n} 日").format(
            day=dwelling.lease_until_on, n=(today - (dwelling.lease_until_on or today)).days
        ),
        Reminder.LEASE_ENDING: lambda: tr("合同 {day} 到期，剩 {n} 日").format(
            day=dwelling.lease_until_on, n=((dwelling.lease_until_on or today) - today).days
        ),
        Reminder.UNREGISTERED: lambda: tr("有人租住，没有出租房登记"),
    }
    return tr("；").join(words[reminder]() for reminder in found.row.reminders)


def occupancy_words(row: DwellingRow) -> str:
    """住 3 / 限 4; the limit is 未配置 where nobody set it."""
    limit = row.dwelling.capacity
    return f"{row.occupants} / {tr('未配置') if limit is None else limit}"


def letting_facts(dwelling: Dwelling) -> Facts:
    """House, landlord and lease."""
    landlord = tr("，").join(part for part in (dwelling.landlord_name, mask_phone(dwelling.landlord_phone or "")) if part)
    return [
        (tr("居住处所"), codes.name("place", dwelling.place_code) if dwelling.place_code else ""),
        (tr("出租人"), landlord),
        (tr("出租登记"), _registered(dwelling)),
        (tr("租赁备案证号"), dwelling.letting_number or ""),
        (tr("出租间数"), "" if dwelling.rooms is None else tr("{n} 间").format(n=dwelling.rooms)),
        (tr("租期"), _lease(dwelling)),
    ]


def safety_facts(dwelling: Dwelling) -> Facts:
    """The safety check as it was written down; what nobody asked is open."""
    hazard = tr("，").join(part for part in (dwelling.hazard_degree, dwelling.hazard) if part)
    return [
        (tr("治安责任书"), _yes_no(dwelling.bond_code, tr("已签"), tr("未签"))),
        (tr("安全通道"), _yes_no(dwelling.safe_exit_code, tr("有"), tr("没有"))),
        (tr("消防通道"), _yes_no(dwelling.fire_exit_code, tr("有"), tr("没有"))),
        (tr("隐患"), hazard),
        (tr("整改"), dwelling.remedy or ""),
    ]


def stay_days(stay: Stay) -> str:
    """From when to when; who still lives there has no end."""
    entry = stay.registration
    if entry.ended_on is None:
        return tr("{day} 起").format(day=entry.declared_on)
    return tr("{first} 至 {last}").format(first=entry.declared_on, last=entry.ended_on)


def _registered(dwelling: Dwelling) -> str:
    if dwelling.registered_on is None:
        return tr("没有")
    if dwelling.cancelled_on is not None:
        return tr("{day} 注销").format(day=dwelling.cancelled_on)
    return tr("{day} 登记").format(day=dwelling.registered_on)


def _lease(dwelling: Dwelling) -> str:
    if dwelling.let_from_on is not None and dwelling.lease_until_on is not None:
        return tr("{first} 至 {last}").format(first=dwelling.let_from_on, last=dwelling.lease_until_on)
    if dwelling.let_from_on is not None:
        return tr("{day} 起").format(day=dwelling.let_from_on)
    return "" if dwelling.lease_until_on is None else tr("至 {day}").format(day=dwelling.lease_until_on)


def _yes_no(code: str | None, yes: str, no: str) -> str:
    return {YES: yes, NO: no}.get(code or "", "")
