"""Enrolled desks with a signed-in clerk: a real encrypted file, a real client."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

import pytest
import sqlalchemy as sa

from nbcase.domain.action import Action
from nbcase.domain.case import Case, CaseState
from nbcase.domain.clerk import Clerk
from nbcase.domain.clock import Clock
from nbcase.domain.ids import derived_id, new_id
from nbcase.domain.resident import Resident
from nbcase.operations.enrol import Enrolment, enrol
from nbcase.operations.seal import begin_sealing
from nbcase.operations.sign_in import SignedIn, keep_slots, sign_in
from nbcase.store.desk_database import reading
from nbcase.store.desk_work import desk_work
from nbcase.store.records import R, Record
from nbcase.store.sealed_log import SealedLog
from nbcase.store.shelf import Shelf
from nbcase.store.vault import FileVault
from nbcase.sync.client import CentreClient, enrol_over_http
from nbcase.sync.loop import SyncLoop
from nbcase.sync.stages import Contact
from nbcase.sync.status import SyncStatus
from tests.parts.centres import PASSWORD, ROLES, RunningCentre

_numbers = count(1)


@dataclass(frozen=True, slots=True)
class WorkingDesk:
    """A desk at work, with everything that the composition root would give it."""

    folder: Path
    vault: FileVault
    enrolment: Enrolment
    signed_in: SignedIn
    client: CentreClient
    contact: Contact
    loop: SyncLoop
    clock: Clock
    sealed_log: SealedLog

    @property
    def engine(self) -> sa.Engine:
        return self.signed_in.engine

    @property
    def clerk(self) -> Clerk:
        return self.signed_in.clerk

    def act(self, *records: Record, kind: str = "registration.accept", clerk: Clerk | None = None, files: tuple[bytes, ...] = ()) -> Action:
        """One act of the clerk that puts these records."""
        with desk_work(self.engine, self.enrolment.identity, clerk or self.clerk, self.clock.now()) as work:
            for record in records:
                work.put(record)
            for content in files:
                work.attach(content, "image/png")
            return work.record(kind, records[0])

    def change(self, record: Record, **fields: object) -> Action:
        """An act that changes fields of a record as this desk has it."""
        present = self.get(type(record), record.id)
        assert present is not None
        return self.act(replace(present, **fields), kind="registration.change")

    def accept(self, number: str) -> Case:
        """A case of a new resident, accepted now."""
        person = self.resident()
        case = Case(
            id=new_id(),
            number=number,
            item_code="residence_registration",
            situation_code="new",
            resident_id=person.id,
            applicant_name=person.name,
            state=CaseState.ACCEPTED,
            step_code="register",
            accepted_at=self.clock.now(),
            accepted_by=self.clerk.id,
            station_code=person.station_code,
        )
        self.act(case, person)
        return case

    def get(self, kind: type[R], record_id: str) -> R | None:
        """A record as this desk has it."""
        with reading(self.engine) as connection:
            return Shelf(connection).get(kind, record_id)

    def sync(self) -> SyncStatus:
        """One contact."""
        return self.loop.run_once()

    def resident(self, name: str = "样一", number: str | None = None, **fields: object) -> Resident:
        """A resident of this station, not yet written; the id is derived from the number."""
        number = number or f"33029919900101{next(_numbers):04d}"
        values: dict[str, object] = {
            "id": derived_id(self.enrolment.identity.id_key, "resident", "id_card", number),
            "document_kind": "id_card",
            "document_number": number,
            "name": name,
            "station_code": self.enrolment.identity.station_code,
        }
        return Resident(**{**values, **fields})  # type: ignore[arg-type]


MakeDesk = Callable[..., WorkingDesk]


@pytest.fixture
def make_desk(centre: RunningCentre, tmp_path: Path) -> Iterator[MakeDesk]:
    """``make_desk("li")`` enrols a computer at the clerk's station and signs the clerk in: see `ROLES`."""
    with ExitStack() as stack:

        def make(login: str = "li", *, clock: Clock | None = None) -> WorkingDesk:
            folder = tmp_path / f"desk-{new_id()[-6:]}"
            desk = open_desk(centre, folder, login, clock or centre.clock)
            stack.callback(desk.engine.dispose)
            stack.callback(desk.sealed_log.close)
            stack.callback(desk.client.close)
            return desk

        yield make


def open_desk(centre: RunningCentre, folder: Path, login: str, clock: Clock) -> WorkingDesk:
    """Enrol and sign in."""
    vault = FileVault(folder)
    station = ROLES[login][1]
    enrolment = enrol(folder, vault, centre.url, centre.code(station), lambda request: enrol_over_http(centre.url, request))
    signed_in = sign_in(folder, vault, login, PASSWORD, clock.now())
    client = CentreClient(centre.url, enrolment.identity.desk_id, signed_in.secrets.device, clock)
    client.sign_in(login, signed_in.key)
    contact = Contact(
        engine=signed_in.engine,
        client=client,
        clock=clock,
        enrolment=enrolment,
        on_people=lambda clerks: keep_slots(vault, signed_in.secrets, clerks),
    )
    log = begin_sealing(signed_in.engine, folder, enrolment, signed_in.secrets, clock)
    return WorkingDesk(folder, vault, enrolment, signed_in, client, contact, SyncLoop(contact), clock, log)
