"""What happened to an invented person at the counter: registrations, permit, endorsements and the cases behind them.

The stories are told backwards from today, so that every state of a permit and of a case stands on the screen now.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from random import Random
from typing import Any

from nbcase.demo.cases import CaseWriter
from nbcase.demo.chance import Weighted, between, pick, time_ordered_id
from nbcase.demo.households import OWNED, RENTED, Household
from nbcase.demo.residents import ADULT_AGE, JOBLESS, RETIRED, STUDENT, TRADER
from nbcase.domain.case import Case, CaseState, HandedIn
from nbcase.domain.clock import add_months
from nbcase.domain.dwelling import Dwelling
from nbcase.domain.identity import age_on
from nbcase.domain.ids import derived_id
from nbcase.domain.permit import Endorsement, Permit, endorsement_window, usable_until, valid_after_endorsing
from nbcase.domain.registration import Registration, RegistrationState
from nbcase.domain.resident import Resident

REGISTRATION, PERMIT = "residence_registration", "residence_permit"
"""Service items that the cases belong to."""

_DAY = timedelta(days=1)
_CARD = HandedIn(code="identity", how="card")
_PROOFS = {"employment": "job_proof", "dwelling": "dwelling_proof", "study": "study_proof"}
_APPROVALS = {"employment": "complete_work", "dwelling": "complete_dwelling", "study": "complete_study"}
_YEARS_HELD = Weighted((0, 1, 2, 3), (42, 28, 18, 12))
_LAGS = Weighted((0, 1, 2, 3, 13), (40, 28, 16, 9, 7))
"""Working days since an open case was accepted: the promise is kept, due, broken, and the law's limit passed."""


@dataclass(slots=True)
class Life:
    """The records of one person while they are written; `dwellings` starts with the present or last one."""

    random: Random
    resident: Resident
    household: Household
    dwellings: list[Dwelling]
    registrations: list[Registration] = field(default_factory=list)
    permit: Permit | None = None
    endorsements: list[Endorsement] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)

    @property
    def grounds(self) -> tuple[str, ...]:
        """Conditions for a permit that the person meets (居住证暂行条例 art. 2)."""
        job = self.resident.occupation_code
        found = []
        if job == STUDENT:
            found.append("study")
        elif self.resident.employer or job == TRADER:
            found.append("employment")
        if self.dwellings[0].place_code in (RENTED, OWNED):
            found.append("dwelling")
        return tuple(found)


class Biographer:
    """Gives each person one of the stories."""

    def __init__(self, cases: CaseWriter, today: date, id_key: bytes, flat: Callable[[Random, Household], Dwelling]) -> None:
        self._cases = cases
        self._today = today
        self._id_key = id_key
        self._flat = flat
        self._stories: Weighted[Callable[[Life], None]] = Weighted(
            (
                self._newcomer, self._without_permit, self._holder, self._to_endorse, self._suspended, self._endorsed_late,
                self._cancelled, self._tentative, self._left, self._moved, self._applying, self._refused, self._withdrawn,
                self._deferred, self._replaced,
            ),
            (15, 11, 30, 8, 7, 3, 4, 2, 8, 4, 4.5, 1, 0.5, 1, 1),
        )  # fmt: skip

    def life(self, random: Random, resident: Resident, household: Household) -> Life:
        """All records of one person."""
        life = Life(random, resident, household, [household.dwelling])
        born = resident.birth_on or self._today
        is_small = age_on(born, self._today) < ADULT_AGE
        story = self._stories.draw(random) if life.grounds and not is_small else self._without_permit
        if (self._today - born).days < 400:
            story = self._newborn
        story(life)
        return life

    def _newborn(self, life: Life) -> None:
        born = life.resident.birth_on or self._today
        self._register(life, max(born + _DAY, self._cases.working(self._today - _DAY * between(life.random, 0, 30))))

    def _newcomer(self, life: Life) -> None:
        self._register(life, self._ago(life, 0, 175))

    def _without_permit(self, life: Life) -> None:
        """Half a year is over and nobody has applied."""
        born = life.resident.birth_on or self._today
        self._register(life, self._ago(life, 190, min(1500, (self._today - born).days - 30)))

    def _holder(self, life: Life) -> None:
        years = _YEARS_HELD.draw(life.random)
        self._hold(life, self._years_before(years, between(life.random, 1, 320)), years)

    def _to_endorse(self, life: Life) -> None:
        years = _YEARS_HELD.draw(life.random)
        self._hold(life, self._years_before(years + 1, -between(life.random, 3, 28)), years)

    def _suspended(self, life: Life) -> None:
        years = _YEARS_HELD.draw(life.random)
        self._hold(life, self._years_before(years + 1, between(life.random, 1, 300)), years)

    def _endorsed_late(self, life: Life) -> None:
        permit = self._hold(life, self._years_before(1, between(life.random, 120, 300)), 0)
        self._endorse(life, permit, self._cases.working(usable_until(permit, ()) + _DAY * between(life.random, 12, 100)))

    def _cancelled(self, life: Life) -> None:
        permit = self._hold(life, self._years_before(1, between(life.random, 60, 300)), 0)
        reason = pick(life.random, ("unqualified", "unqualified", "settled", "law", "died"))
        day = self._ago(life, 2, 50)
        case = self._write(life, PERMIT, "cancel", day, decided_on=self._cases.next_working(day), form={"cancel_reason": reason},
                           decision_code="approve", reason_codes=("confirmed",), permit_id=permit.id)  # fmt: skip
        life.permit = replace(permit, cancelled_on=self._cases.next_working(day), cancel_reason_code=reason)
        if reason in ("settled", "died"):
            self._end(life, self._cases.day_of(case), reason)

    def _tentative(self, life: Life) -> None:
        """Issued at a desk without a line to the centre."""
        self._hold(life, self._cases.working(self._today - _DAY * between(life.random, 0, 1)), 0, is_provisional=True)

    def _left(self, life: Life) -> None:
        self._register(life, self._ago(life, 200, 1400))
        self._end(life, self._ago(life, 5, 190), "left")

    def _moved(self, life: Life) -> None:
        present = life.dwellings[0]
        former = self._flat(life.random, life.household)
        life.dwellings[0] = former
        self._holder(life)
        life.dwellings[:] = [present, former]
        self._move(life, max(self._ago(life, 3, 150), life.registrations[0].declared_on + _DAY))

    def _applying(self, life: Life) -> None:
        """An application is open: fresh, due, late, waiting for the applicant, or accepted with papers to follow."""
        random = life.random
        self._register(life, self._ago(life, 200, 900))
        day = self._cases.working_days_ago(_LAGS.draw(random))
        state = Weighted((CaseState.ACCEPTED, CaseState.IN_CORRECTION, CaseState.ACCEPTED_PROVISIONALLY), (65, 20, 15)).draw(random)
        ground = life.grounds[0]
        deferred = state is CaseState.ACCEPTED_PROVISIONALLY
        self._write(
            life, PERMIT, "apply", day, state=state,
            form=_application(life),
            materials=(_CARD, HandedIn(code=_PROOFS[ground], how="deferred" if deferred else "scan")),
            deferred_until_on=self._today + _DAY * between(random, -3, 10) if deferred else None,
            decision_code="correct" if state is CaseState.IN_CORRECTION else None,
            reason_codes=("proof_missing",) if state is CaseState.IN_CORRECTION else (),
        )  # fmt: skip

    def _refused(self, life: Life) -> None:
        declared_on = self._register(life, self._ago(life, 60, 170)).declared_on
        day = self._cases.working(declared_on + _DAY * between(life.random, 20, 50))
        self._write(life, PERMIT, "apply", day, decided_on=self._cases.next_working(day), state=CaseState.REFUSED,
                    form=_application(life), decision_code="refuse", reason_codes=("not_half_year",))  # fmt: skip

    def _withdrawn(self, life: Life) -> None:
        self._register(life, self._ago(life, 250, 900))
        self._write(life, PERMIT, "apply", self._ago(life, 3, 40), state=CaseState.WITHDRAWN, form=_application(life))

    def _deferred(self, life: Life) -> None:
        """容缺受理: registered, the proof of the dwelling is to follow."""
        materials = (_CARD, HandedIn(code="dwelling_proof", how="deferred"))
        until_on = self._today + _DAY * between(life.random, -2, 10)
        self._register(life, self._ago(life, 0, 9), state=CaseState.ACCEPTED_PROVISIONALLY, materials=materials, deferred_until_on=until_on)

    def _replaced(self, life: Life) -> None:
        permit = self._hold(life, self._years_before(0, between(life.random, 60, 300)), 0)
        reason, day = pick(life.random, ("lost", "damaged")), self._ago(life, 1, 50)
        self._write(life, PERMIT, "replace", day, form={"replace_reason": reason, "phone": life.resident.phone}, permit_id=permit.id)
        life.permit = replace(permit, replaced_on=day, replace_reason_code=reason)

    def _hold(self, life: Life, issued_on: date, years: int, *, is_provisional: bool = False) -> Permit:
        """A registration long enough before, the permit, and the endorsements of `years` years in time."""
        issued_on = self._cases.working(issued_on)
        self._register(life, self._cases.working(add_months(issued_on, -6) - _DAY * between(life.random, 0, 200)))
        permit = self._issue(life, issued_on, is_provisional)
        for _ in range(years):
            window = endorsement_window(permit, life.endorsements)
            last = min(window.closes_on, self._today)
            day = self._cases.working(window.opens_on + _DAY * between(life.random, 0, (last - window.opens_on).days))
            if day < window.opens_on:
                day = min(self._cases.next_working(day), last)
            self._endorse(life, permit, day)
        return permit

    def _register(
        self,
        life: Life,
        day: date,
        *,
        situation: str = "new",
        state: CaseState = CaseState.DECIDED,
        materials: tuple[HandedIn, ...] = (_CARD, HandedIn(code="dwelling_proof", how="shared")),
        deferred_until_on: date | None = None,
    ) -> Registration:
        random, resident, dwelling = life.random, life.resident, life.dwellings[0]
        registration_id = derived_id(self._id_key, "registration", resident.id, dwelling.id, day.isoformat())
        values: dict[str, Any] = {
            "place_code": dwelling.place_code,
            "reason_code": _reason(resident),
            "stay_code": "2" if random.random() < 0.7 else pick(random, ("1", "3")),
        }
        arrived_on = day - _DAY * between(random, 0, 20)
        case = self._write(life, REGISTRATION, situation, day, state=state, materials=materials, registration_id=registration_id,
                           form=_declaration(resident, dwelling, values, arrived_on), deferred_until_on=deferred_until_on)  # fmt: skip
        registration = Registration(
            id=registration_id,
            version=1,
            resident_id=resident.id,
            dwelling_id=dwelling.id,
            case_id=case.id,
            declared_on=day,
            arrived_on=max(arrived_on, resident.birth_on or arrived_on),
            is_tenant=dwelling.place_code == RENTED,
            station_code=resident.station_code,
            **values,
        )
        life.registrations.append(registration)
        return registration

    def _end(self, life: Life, day: date, reason: str) -> None:
        """The last registration ends on a day, at the counter."""
        last = life.registrations[-1]
        self._write(life, REGISTRATION, "end", day, registration_id=last.id,
                    form={"ended_on": day.isoformat(), "end_reason_code": reason})  # fmt: skip
        life.registrations[-1] = replace(last, state=RegistrationState.ENDED, ended_on=day, end_reason_code=reason)

    def _move(self, life: Life, day: date) -> None:
        """The declaration goes on at another address, in one case."""
        last = life.registrations[-1]
        life.registrations[-1] = replace(last, state=RegistrationState.ENDED, ended_on=day, end_reason_code="moved")
        self._register(life, day, situation="change", materials=(_CARD,))

    def _issue(self, life: Life, issued_on: date, is_provisional: bool) -> Permit:
        ground = life.grounds[0]
        permit_id = time_ordered_id(life.random, self._cases.at(life.random, issued_on))
        day = issued_on if life.random.random() < 0.4 else self._cases.working(issued_on - _DAY)
        case = self._write(
            life, PERMIT, "apply", max(day, life.registrations[0].declared_on), decided_on=issued_on, form=_application(life),
            materials=(_CARD, HandedIn(code=_PROOFS[ground], how="shared")), decision_code="approve",
            reason_codes=(_APPROVALS[ground],), permit_id=permit_id, is_provisional=is_provisional,
        )  # fmt: skip
        life.permit = Permit(
            id=permit_id,
            version=1,
            resident_id=life.resident.id,
            case_id=case.id,
            issued_on=issued_on,
            grounds=life.grounds,
            is_provisional=is_provisional,
            station_code=life.resident.station_code,
        )
        return life.permit

    def _endorse(self, life: Life, permit: Permit, day: date) -> None:
        channel = "counter" if life.random.random() < 0.6 else "mobile"
        case = self._write(life, PERMIT, "endorse", day, form={"ground": life.grounds[0]}, permit_id=permit.id)
        ordinal = len(life.endorsements) + 1
        life.endorsements.append(
            Endorsement(
                id=derived_id(self._id_key, "endorsement", permit.id, str(ordinal)),
                version=1,
                permit_id=permit.id,
                case_id=case.id,
                ordinal=ordinal,
                endorsed_on=day,
                valid_until_on=valid_after_endorsing(permit, life.endorsements, day),
                is_late=day > usable_until(permit, life.endorsements),
                grounds=life.grounds,
                channel_code=channel,
                station_code=life.resident.station_code,
            )
        )

    def _write(self, life: Life, item: str, situation: str, day: date, **values: Any) -> Case:
        """A case on that day; decided on the spot unless `values` says otherwise."""
        values.setdefault("materials", (_CARD,))
        values.setdefault("state", CaseState.DECIDED)
        case = self._cases.case(life.random, life.resident, life.household.station, item, situation, day, **values)
        life.cases.append(case)
        return case

    def _ago(self, life: Life, least: int, most: int) -> date:
        """A working day between so many days before today."""
        return self._cases.working(self._today - _DAY * between(life.random, least, max(least, most)))

    def _years_before(self, years: int, days: int) -> date:
        """So many years and days before today."""
        return add_months(self._today, -12 * years) - _DAY * days


def _reason(resident: Resident) -> str:
    """居住事由 as the occupation suggests."""
    by_job = {STUDENT: "12", TRADER: "03", RETIRED: "09", JOBLESS: "09", "02": "15", "06": "02", "13": "14"}
    return by_job.get(resident.occupation_code or "", "01")


def _application(life: Life) -> dict[str, Any]:
    resident = life.resident
    return {
        "ground": life.grounds[0],
        "employer": resident.employer,
        "phone": resident.phone,
        "occupation_code": resident.occupation_code,
    }


def _declaration(resident: Resident, dwelling: Dwelling, values: Mapping[str, Any], arrived_on: date) -> dict[str, Any]:
    """The answers of the registration form."""
    return {
        "document_kind": resident.document_kind,
        "document_number": resident.document_number,
        "name": resident.name,
        "birth_on": resident.birth_on.isoformat() if resident.birth_on else None,
        "sex_code": resident.sex_code,
        "nation_code": resident.nation_code,
        "home_address": resident.home_address,
        "address": dwelling.address,
        "landlord_name": dwelling.landlord_name,
        "landlord_phone": dwelling.landlord_phone,
        **values,
        "arrived_on": arrived_on.isoformat(),
        "phone": resident.phone,
        "education_code": resident.education_code,
        "occupation_code": resident.occupation_code,
        "employer": resident.employer,
        "political_code": resident.political_code,
        "marital_code": resident.marital_code,
    }
