"""The hands of a clerk: what a step of a script says, done with the real operations on a desk's database."""

import random
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa

from nbcase.domain.action import Action
from nbcase.domain.case import Case, CaseState
from nbcase.domain.clerk import Clerk
from nbcase.domain.clock import Clock
from nbcase.domain.conflict import ConflictState, FieldConflict
from nbcase.domain.dwelling import Dwelling
from nbcase.domain.ids import derived_id, new_id
from nbcase.domain.registration import Registration
from nbcase.domain.resident import Resident
from nbcase.domain.workdays import WorkingCalendar
from nbcase.items.catalogue import Catalogue, load_catalogue
from nbcase.operations.conflicts import PRESENT, THEIRS, YOURS, edited, resolve
from nbcase.operations.desk import Desk, NoCentre
from nbcase.operations.seal import export_sealed
from nbcase.store import people, tables
from nbcase.store.desk_database import reading
from nbcase.store.desk_work import DeskIdentity, desk_work, read_action, state
from nbcase.store.shelf import Shelf
from tests.faults.script import POOL, Step
from tests.parts.centres import STATIONS


@cache
def _calendar() -> WorkingCalendar:
    return WorkingCalendar.load()


@cache
def _items() -> Catalogue:
    return load_catalogue()


@dataclass(slots=True)
class Hands:
    """One clerk at one desk."""

    engine: sa.Engine
    identity: DeskIdentity
    clerk: Clerk
    clock: Clock

    def act(self, step: Step) -> Action | None:
        """Do what the step says; when this comes back the clerk was told that it is done. None when there is nothing to do."""
        action: Action | None = getattr(self, f"_{step.verb}")(step)
        return action

    def actions(self) -> list[Action]:
        """Every act that the desk has."""
        with reading(self.engine) as connection:
            bodies = connection.execute(sa.select(tables.desk_action.c.body).order_by(tables.desk_action.c.sequence)).scalars().all()
        return [read_action(body) for body in bodies]

    def _register(self, step: Step) -> Action:
        content = random.Random(f"{step.size} {step.person} {step.place} {self.identity.desk_id[-4:]}").randbytes(step.size)
        resident = self._person(step)
        dwelling = self._dwelling(step)
        with desk_work(self.engine, self.identity, self.clerk, self.clock.now()) as work:
            case = Case(
                id=new_id(),
                number=work.next_number(2026),
                item_code="residence_registration",
                situation_code="new",
                resident_id=resident.id,
                applicant_name=resident.name,
                state=CaseState.DECIDED,
                step_code="accept",
                accepted_at=self.clock.now(),
                accepted_by=self.clerk.id,
                station_code=self.identity.station_code,
            )
            registration = Registration(
                id=new_id(),
                resident_id=resident.id,
                dwelling_id=dwelling.id,
                case_id=case.id,
                declared_on=date(2026, 3, 2),
                station_code=self.identity.station_code,
            )
            for record in (resident, dwelling, registration, case):
                work.put(record)
            if step.size:
                work.attach(content, "image/png")
            return work.record("registration.accept", case)

    def _change(self, step: Step) -> Action | None:
        present = self._present(step.person)
        changed = replace(present, **dict(step.values)) if present is not None else self._person(step)
        return self._put(changed, None if present is None else "registration.change")

    def _move(self, step: Step) -> Action | None:
        present = self._present(step.person)
        if present is None:
            return None
        return self._put(replace(present, station_code=self.identity.station_code), "registration.change")

    def _decide(self, step: Step) -> Action | None:
        """One of the open conflicts, with one of the values that a person may choose."""
        with reading(self.engine) as connection:
            conflicts = Shelf(connection).find(FieldConflict, state=ConflictState.OPEN)
            if not conflicts:
                return None
            conflict = sorted(conflicts, key=lambda found: found.id)[step.person % len(conflicts)]
            desk = self._as_operations_see_it(connection)
            last = connection.execute(sa.select(sa.func.max(tables.desk_action.c.sequence))).scalar() or 0
        values = POOL.get(conflict.field, (step.size % 7 + 1,))
        chosen = (THEIRS, YOURS, PRESENT, edited(values[step.place % len(values)]))[step.place]
        resolve(desk, self.clerk, conflict.id, chosen, "核对过样张")
        return next(action for action in self.actions() if action.sequence == last + 1)

    def _as_operations_see_it(self, connection: sa.Connection) -> Desk:
        return Desk(
            engine=self.engine,
            identity=self.identity,
            station=people.station(connection, self.identity.station_code),
            clock=self.clock,
            calendar=_calendar(),
            items=_items(),
            centre=NoCentre(),
        )

    def export(self, target: Path) -> None:
        """Everything unsent onto a stick; `UserError` where nothing is."""
        with reading(self.engine) as connection:
            desk = self._as_operations_see_it(connection)
        export_sealed(desk, target)

    def _misplace(self, step: Step) -> Action | None:
        """A new record for a station that is not the desk's: the centre must refuse it, and only it."""
        other = next(station.code for station in STATIONS if station.code != self.identity.station_code)
        dwelling = Dwelling(id=new_id(), address=f"样路{step.place}号", division_code="330212", station_code=other)
        return self._put(dwelling, None)

    def _put(self, record: Any, kind: str | None) -> Action | None:
        with reading(self.engine) as connection:
            present = Shelf(connection).get(type(record), record.id)
        if present == record:
            return None
        with desk_work(self.engine, self.identity, self.clerk, self.clock.now()) as work:
            work.put(record)
            return work.record(kind or "registration.accept", record)

    def _person(self, step: Step) -> Resident:
        present = self._present(step.person)
        if present is not None:
            return replace(present, **dict(step.values))
        number = f"33029919900101{step.person:04d}"
        fields: dict[str, Any] = {
            "id": self._person_id(step.person),
            "document_kind": "citizen",
            "document_number": number,
            "name": f"样{step.person}",
            "station_code": self.identity.station_code,
            **dict(step.values),
        }
        return Resident(**fields)

    def _person_id(self, person: int) -> str:
        return derived_id(self.identity.id_key, "resident", "citizen", f"33029919900101{person:04d}")

    def _present(self, person: int) -> Resident | None:
        with reading(self.engine) as connection:
            return Shelf(connection).get(Resident, self._person_id(person))

    def _dwelling(self, step: Step) -> Dwelling:
        address = f"海曙区样例街道新村路{step.place}号"
        record_id = derived_id(self.identity.id_key, "dwelling", address)
        with reading(self.engine) as connection:
            present = Shelf(connection).get(Dwelling, record_id)
        capacity = step.size % 7 + 1
        if present is not None:
            return replace(present, capacity=capacity)
        return Dwelling(id=record_id, address=address, division_code="330203", capacity=capacity, station_code=self.identity.station_code)

    def cursor(self) -> str:
        """Up to where the feed has come in."""
        with reading(self.engine) as connection:
            return str(state(connection, "cursor", ""))

    def shown(self) -> dict[tuple[str, str], dict[str, Any]]:
        """Every record as pages show it, in plain values."""
        found: dict[tuple[str, str], dict[str, Any]] = {}
        with reading(self.engine) as connection:
            shelf = Shelf(connection)
            for name, kind in tables.RECORD_TYPES.items():
                found.update({(name, record.id): msgspec.to_builtins(record) for record in shelf.find(kind)})
        return found
