"""What 场次 does: the list, who is on one, opening, changing and cancelling (supervisors), the printed list."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any, Protocol

from nbcase.domain.clerk import PERMISSIONS
from nbcase.domain.offering import Offering
from nbcase.domain.words import tr
from nbcase.operations.bookings import Attendance, attendance, attendance_pdf, keep_offering, offerings
from nbcase.operations.page import RowPage
from ui.context import Notice
from ui.printwork import print_unkept

MOST_PLACES = 100_000


class OfferingsView(Protocol):
    """What the presenter needs of its page."""

    def reload_rows(self) -> None: ...
    def show_attendance(self, found: Attendance) -> None: ...
    def show_form(self, offering: Offering | None) -> None: ...
    def show_kept(self, offering: Offering) -> None: ...
    def show_problems(self, found: Mapping[str, str]) -> None: ...


class OfferingsPresenter:
    """One list and one chosen 场次; an answer for one that was left is dropped."""

    def __init__(self, view: OfferingsView, context: Any) -> None:
        self._view = view
        self._context = context
        self.chosen = ""
        self.editing: Offering | None = None
        self.shows_past = False

    def fetch(self, cursor: Any, limit: int) -> RowPage[Offering]:
        """All 场次 at once: a city has some hundreds. Called in a worker."""
        return RowPage(offerings(self._context.desk, only_open=not self.shows_past))

    def show_past(self, on: bool) -> None:
        """Only what can be booked, or everything that there was."""
        self.shows_past = on
        self._view.reload_rows()

    def choose(self, offering: Offering) -> None:
        """Look at who is on one."""
        self.chosen = offering.id
        desk, wanted = self._context.desk, offering.id

        def take(found: Attendance) -> None:
            if wanted == self.chosen:
                self._view.show_attendance(found)

        self._context.tasks.run(lambda: attendance(desk, wanted), then=take, otherwise=self._context.trouble)

    def leave(self) -> None:
        """Nothing is chosen."""
        self.chosen = ""

    def refusal(self) -> str:
        """Why this clerk cannot open or change a 场次; empty for a supervisor."""
        return "" if self._context.clerk.record.role in PERMISSIONS["offering.keep"] else tr("由站长开设")

    def edit(self, offering: Offering | None) -> None:
        """The form for a new one, or for one that is there."""
        if not self.refusal():
            self.editing = offering
            self._view.show_form(offering)

    def keep(self, values: Mapping[str, Any]) -> None:
        """Write what the form says; the list shows it then. What is wrong is marked in the form."""
        wrong = problems(values)
        if wrong:
            self._view.show_problems(wrong)
            return
        wanted = _offering(values, self.editing)
        self._write(wanted, tr("{name}已保存，随同步发到各站。").format(name=wanted.name))

    def cancel(self, offering: Offering) -> None:
        """取消场次: nobody can book any more, and those who had places are told by their stations."""
        self._write(replace(offering, is_cancelled=True), tr("{name}已取消。").format(name=offering.name))

    def _write(self, offering: Offering, words: str) -> None:
        desk, clerk = self._context.desk, self._context.clerk.record

        def done(kept: Offering) -> None:
            self.chosen = kept.id
            self._view.show_kept(kept)
            self._context.notify(Notice(what=words))
            self._context.announce(frozenset({"offering"}))

        self._context.tasks.run_in_order(lambda: keep_offering(desk, clerk, offering), then=done, otherwise=self._context.trouble)

    def print_list(self) -> None:
        """场次名单 to the desk's printer."""
        if not self.chosen:
            return
        desk, clerk, wanted = self._context.desk, self._context.clerk.record, self.chosen
        print_unkept(self._context, tr("场次名单"), lambda: attendance_pdf(desk, clerk, wanted), safe=tr("名单没有改动。"))


def problems(values: Mapping[str, Any]) -> dict[str, str]:
    """What keeps the form from being kept, by field."""
    found = {key: tr("请填写") for key in ("service_code", "name", "place", "begins_on", "closes_on", "capacity") if not values.get(key)}
    capacity = str(values.get("capacity") or "")
    if capacity and not (capacity.isascii() and capacity.isdigit() and 0 < int(capacity) <= MOST_PLACES):
        found["capacity"] = tr("应为 1 到 {n} 的整数").format(n=MOST_PLACES)
    if not {"begins_on", "closes_on"} & found.keys() and str(values["closes_on"]) > str(values["begins_on"]):
        found["closes_on"] = tr("不能晚于开始日期")
    return found


def _offering(values: Mapping[str, Any], known: Offering | None) -> Offering:
    wanted: dict[str, Any] = {
        "service_code": str(values["service_code"]),
        "name": str(values["name"]).strip(),
        "place": str(values["place"]).strip(),
        "begins_on": date.fromisoformat(str(values["begins_on"])),
        "begins_at": str(values.get("begins_at") or "").strip() or None,
        "closes_on": date.fromisoformat(str(values["closes_on"])),
        "capacity": int(values["capacity"]),
    }
    return replace(known, **wanted) if known is not None else Offering(id="", station_code="", **wanted)
