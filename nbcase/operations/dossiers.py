"""What is known of one resident, for the duplicate check and for permits at other stations."""

from datetime import date

import sqlalchemy as sa

from nbcase.domain.case import OPEN_STATES, Case
from nbcase.domain.dwelling import Dwelling
from nbcase.domain.permit import Endorsement, Permit
from nbcase.domain.registration import Registration, RegistrationState
from nbcase.domain.resident import Resident
from nbcase.operations.desk import Dossier
from nbcase.store.records import Record
from nbcase.store.shelf import Shelf

MOST = 20
"""Namesakes with one birth date that are shown; more would be no help."""


def find_dossiers(
    connection: sa.Connection, *, document_kind: str, document_number: str, name: str, birth_on: date | None
) -> list[Dossier]:
    """Residents with this document, then those with this name and birth date; each once."""
    shelf = Shelf(connection)
    residents: dict[str, Resident] = {}
    if document_number:
        found = shelf.find(Resident, document_kind=document_kind, document_number=document_number, limit=MOST)
        residents.update((resident.id, resident) for resident in found)
    if name and birth_on is not None:
        namesakes = shelf.find(Resident, name=name, birth_on=birth_on, limit=MOST)
        residents.update((resident.id, resident) for resident in namesakes)
    return [dossier(shelf, resident) for resident in residents.values()]


def dossier(shelf: Shelf, resident: Resident) -> Dossier:
    """Active registration with its dwelling, permits with endorsements, open cases."""
    registrations = shelf.find(Registration, resident_id=resident.id, state=RegistrationState.ACTIVE.value)
    dwellings = [shelf.get(Dwelling, entry.dwelling_id) for entry in registrations]
    permits = shelf.find(Permit, resident_id=resident.id)
    endorsements = [entry for permit in permits for entry in shelf.find(Endorsement, permit_id=permit.id)]
    cases = [case for case in shelf.find(Case, resident_id=resident.id) if case.state in OPEN_STATES]
    records: list[Record] = [*registrations, *(entry for entry in dwellings if entry), *permits, *endorsements, *cases]
    return Dossier(resident=resident, records=tuple(records))
