"""Is the person in the form known already? Asked before anything is saved, told with the reason, continued on the clerk's word."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from nbcase.domain.registration import Registration, RegistrationState
from nbcase.domain.words import tr
from nbcase.operations.duplicates import Duplicate, DuplicateCheck, adopt, find_duplicates, side_by_side
from nbcase.operations.facts import Standing
from nbcase.operations.offers import present_standing
from ui.pages.register.capture import IDENTITY_KEYS, day_of, number_check
from ui.pages.register.view import Hand, Known, Part
from ui.pages.register.work import Work


class KnownPeople(Part):
    """The duplicate check; `take_up` is told of the resident with whom the clerk goes on."""

    def __init__(self, hand: Hand, take_up: Callable[[Standing], None]) -> None:
        super().__init__(hand)
        self._take_up = take_up

    def look_for(self, work: Work, answers: Mapping[str, Any]) -> None:
        """Is this person known? Asked when what a person is found by has changed, before anything is saved."""
        wanted = tuple(str(answers.get(key) or "") for key in IDENTITY_KEYS)
        if wanted == work.compared:
            return
        work.compared = wanted
        check = number_check(answers, self._context.desk.today())
        number = check.number if check is not None and check.valid else ""
        birth_on = day_of(wanted[3])
        work.duplicates = None
        self._view.show_known(None)
        if not number and not (wanted[2] and birth_on):
            return
        desk, kind, name = self._context.desk, wanted[0], wanted[2]

        def search() -> DuplicateCheck:
            return find_duplicates(desk, document_kind=kind, document_number=number, name=name, birth_on=birth_on)

        self._context.tasks.run(search, then=partial(self._take_duplicates, work, wanted), otherwise=self._context.trouble)

    def _take_duplicates(self, work: Work, wanted: tuple[str, ...], found: DuplicateCheck) -> None:
        if work is not self._work or wanted != work.compared:
            return
        work.duplicates = found
        self.show()

    def show(self) -> None:
        """The likeliest known resident, with what the form says by now."""
        work = self._work
        best = self._best()
        if work is None or best is None or work.duplicates is None:
            self._view.show_known(None)
            return
        reasons = list(best.reasons)
        if work.resident_id == best.resident.id:
            reasons.append(tr("已接续"))
        if not work.duplicates.centre_asked:
            reasons.append(tr("离线，只查了本机"))
        others = len(work.duplicates.duplicates) - 1
        words = tr("可能是同一人：{words}").format(words=known_words(best)) + (tr("，另有 {n} 人").format(n=others) if others else "")
        rows = tuple(side_by_side(best.resident, self._view.answers()))
        self._view.show_known(Known(words=words, reasons=" · ".join(reasons), rows=rows))

    def _best(self) -> Duplicate | None:
        """The likeliest: the same number before the same name and birth date."""
        found = self._work.duplicates.duplicates if self._work is not None and self._work.duplicates is not None else ()
        return min(found, key=lambda duplicate: not duplicate.same_number, default=None)

    def compare(self) -> None:
        """The known record beside the form, with what has been typed since."""
        if self._best() is not None:
            self.show()
            self._view.show_comparison(True)

    def go_on(self) -> None:
        """Go on with the known record: what it says and the form does not is filled in."""
        best, desk, clerk = self._best(), self._context.desk, self._context.clerk.record
        if best is None:
            return

        def take_up() -> Standing:
            if best.dossier is not None:
                adopt(desk, clerk, best.dossier)
            return present_standing(desk, best.resident.id)

        self._context.tasks.run_in_order(take_up, then=partial(self._take_for, self._work), otherwise=self._context.trouble)

    def _take_for(self, work: Work | None, present: Standing) -> None:
        if work is self._work:
            self._take_up(present)


def known_words(duplicate: Duplicate) -> str:
    """李𬭎，2023-04 登记在……，2024-06 离开注销."""
    parts = [duplicate.resident.name]
    if duplicate.registration is not None:
        parts.append(_registration_words(duplicate.registration, duplicate.address))
    return tr("，").join(parts)


def _registration_words(registration: Registration, address: str) -> str:
    began = tr("{month} 登记在{address}").format(month=f"{registration.declared_on:%Y-%m}", address=address or "—")
    if registration.state is RegistrationState.ACTIVE:
        return tr("{began}，在住").format(began=began)
    ended = f"{registration.ended_on:%Y-%m}" if registration.ended_on else "—"
    return tr("{began}，{month} 注销").format(began=began, month=ended)
