"""For any situation of any item: somebody who meets its conditions, with everything the form and the materials ask for."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from typing import Any

from nbcase.domain import codes
from nbcase.domain.case import Case, CaseState, HandedIn
from nbcase.domain.dwelling import Dwelling
from nbcase.domain.identity import DocumentKind, check_sign
from nbcase.domain.ids import derived_id, new_id
from nbcase.domain.offering import Booking, Offering
from nbcase.domain.permit import Permit
from nbcase.domain.registration import Registration
from nbcase.domain.resident import Resident
from nbcase.domain.round import Round, RoundPlace, RoundStage
from nbcase.domain.service import Service
from nbcase.items.checks import BOOKING, SERVICE
from nbcase.items.item import Condition, Field, OneOf, Situation
from nbcase.operations.accept import Request
from nbcase.operations.desk import Desk
from nbcase.store.desk_database import writing
from nbcase.store.shelf import Shelf

EXAMPLES = {"points_indicator": "education", "points_claim": "education.bachelor"}
"""Where the first value of a code table would not go with another answer."""

ISSUED = {"normal": 100, "to_endorse": 350, "suspended": 500}
"""Days since a permit of that state was issued."""

PLACES = ("样甲", "样乙", "样丙", "样丁", "样戊")
"""Of every round."""

_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Candidate:
    """Who asks, and with what."""

    resident: Resident
    request: Request


class Candidates:
    """Makes candidates at one desk."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._today = desk.today()

    def make(self, item_code: str, situation: Situation) -> Candidate:
        """A new person who may have this situation, written into the desk's records where the situation asks for a known one."""
        resident = self._resident()
        is_new = any(field.bind == "resident.document_number" for field in situation.fields())
        offered: dict[str, str] = {}
        with writing(self._desk.engine) as connection:
            shelf = Shelf(connection)
            for field in situation.fields():
                if field.kind in ("offering", "booking"):
                    offered[field.key] = self._offering(shelf, str(field.offers)).id
                if field.kind == "round":
                    offered[field.key] = self._round(shelf, field.offers, resident).id
                if field.kind == "place":
                    offered[field.key] = PLACES[len(offered) % len(PLACES)]
            if not is_new:
                self._settle_in(shelf, resident)
                for condition in situation.conditions:
                    self._meet(shelf, resident, item_code, condition, offered)
        answers = {field.key: offered.get(field.key) or self._answer(field, resident) for field in situation.fields()}
        materials = tuple(HandedIn(code=material.code, how=material.obtained[0]) for material in situation.materials)
        return Candidate(
            resident,
            Request(
                item_code=item_code,
                situation_code=situation.code,
                answers=answers,
                materials=materials,
                resident_id=None if is_new else resident.id,
            ),
        )

    def _resident(self) -> Resident:
        body = f"33029919900101{2 * next(_numbers) + 1:03d}"
        number = body + check_sign(body)
        return Resident(
            id=derived_id(self._desk.identity.id_key, "resident", DocumentKind.CITIZEN.value, number),
            document_kind=DocumentKind.CITIZEN.value,
            document_number=number,
            name="样办事",
            sex_code="1",
            nation_code="01",
            home_address="样省样县样村",
            birth_on=date(1990, 1, 1),
            phone="19900005061",
            occupation_code=next(iter(codes.table("occupation").entries)),
            employer="样厂",
            station_code=self._desk.station.code,
        )

    def _settle_in(self, shelf: Shelf, resident: Resident) -> None:
        home = Dwelling(
            id=new_id(),
            address=f"镇海区骆驼街道样址{resident.document_number[-4:]}号",
            division_code="330211",
            place_code="04",
            capacity=6,
            lease_until_on=self._today + timedelta(days=200),
            station_code=resident.station_code,
        )
        stay = Registration(
            id=new_id(),
            resident_id=resident.id,
            dwelling_id=home.id,
            case_id="earlier",
            declared_on=self._today - timedelta(days=600),
            place_code="04",
            station_code=resident.station_code,
        )
        for record in (resident, home, stay):
            shelf.write(record)

    def _meet(self, shelf: Shelf, resident: Resident, item_code: str, condition: Condition, offered: dict[str, str]) -> None:
        test = condition.test
        if not isinstance(test, OneOf):
            return
        if test.fact == "permit_state":
            issued_on = self._today - timedelta(days=ISSUED[test.values[0]])
            shelf.write(
                Permit(id=new_id(), resident_id=resident.id, case_id="earlier", issued_on=issued_on, station_code=resident.station_code)
            )
        if test.fact == "letting":
            offered["address"] = self._let(shelf).address
        if test.fact == SERVICE + item_code:
            shelf.write(
                Service(
                    id=new_id(),
                    item_code=item_code,
                    resident_id=resident.id,
                    case_id="earlier",
                    began_on=self._today - timedelta(days=30),
                    station_code=resident.station_code,
                )
            )
        if test.fact.startswith(BOOKING):
            for offering_id in offered.values():
                shelf.write(
                    Booking(
                        id=derived_id(b"", "booking", offering_id, resident.id),
                        offering_id=offering_id,
                        resident_id=resident.id,
                        case_id="earlier",
                        name=resident.name,
                        phone="",
                        stations=(resident.station_code,),
                        station_code=resident.station_code,
                    )
                )

    def _let(self, shelf: Shelf) -> Dwelling:
        """A house whose letting is registered."""
        address = f"镇海区骆驼街道样出租{next(_numbers)}号"
        house = Dwelling(
            id=derived_id(self._desk.identity.id_key, "dwelling", address),
            address=address,
            division_code="330211",
            place_code="04",
            registered_on=self._today - timedelta(days=100),
            station_code=self._desk.station.code,
        )
        shelf.write(house)
        return house

    def _offering(self, shelf: Shelf, service_code: str) -> Offering:
        offering = Offering(
            id=new_id(),
            service_code=service_code,
            name="样场次",
            place="样处",
            begins_on=self._today + timedelta(days=20),
            closes_on=self._today + timedelta(days=10),
            capacity=3,
            station_code=self._desk.station.code,
        )
        shelf.write(offering)
        return offering

    def _round(self, shelf: Shelf, use_code: str | None, resident: Resident) -> Round:
        """An open round of the use, or one under notice with a decided application of the resident."""
        one = Round(
            id=new_id(),
            use_code=use_code or "school",
            name="样轮次",
            district_code="330211",
            period="样期",
            opens_on=self._today - timedelta(days=10),
            closes_on=self._today + timedelta(days=10),
            scored_on=self._today,
            places=tuple(RoundPlace(name=name, seats=1) for name in PLACES),
            ties=("lot",),
            lot_seed="样",
            notice_days=7,
            stage=RoundStage.OPEN if use_code else RoundStage.NOTICE,
            notice_until_on=None if use_code else self._today + timedelta(days=5),
            station_code=self._desk.station.code,
        )
        shelf.write(one)
        if use_code is None:
            shelf.write(_application(one, resident, self._today))
        return one

    def _answer(self, field: Field, resident: Resident) -> Any:
        if field.bind == "resident.document_number":
            return resident.document_number
        if field.bind == "resident.document_kind":
            return resident.document_kind
        if field.table is not None:
            return EXAMPLES.get(field.table) or next(iter(codes.table(field.table).entries))
        if field.kind == "paragraph":
            return "样说明" if field.required else ""
        return _BY_KIND[field.kind](self._today)


def _application(one: Round, resident: Resident, today: date) -> Case:
    return Case(
        id=new_id(),
        number=f"样-{one.id[-6:]}",
        item_code="points_school",
        situation_code="apply",
        resident_id=resident.id,
        applicant_name=resident.name,
        state=CaseState.DECIDED,
        step_code="decide",
        accepted_at=datetime.combine(today - timedelta(days=20), time(), UTC),
        accepted_by="earlier",
        form={"round": one.id, "choice_1": PLACES[0], "child_name": "样某"},
        station_code=resident.station_code,
    )


_BY_KIND: dict[str, Callable[[date], Any]] = {
    "text": lambda today: "样某",
    "identity_number": lambda today: "330299199407120312",
    "date": lambda today: (today - timedelta(days=5)).isoformat(),
    "phone": lambda today: "19900005061",
    "integer": lambda today: "1",
    "address": lambda today: f"镇海区骆驼街道样新址{next(_numbers)}号",
    "check": lambda today: True,
}
