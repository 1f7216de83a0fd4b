"""Is this person known already? By number, and by name with birth date; always with the reason, before anything is saved."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from nbcase.domain.clerk import Clerk
from nbcase.domain.dwelling import Dwelling
from nbcase.domain.errors import Offline
from nbcase.domain.registration import Registration
from nbcase.domain.resident import Resident
from nbcase.domain.words import tr
from nbcase.operations.desk import Desk, Dossier
from nbcase.store.desk_database import reading, writing
from nbcase.store.search import note_changed
from nbcase.store.shelf import Shelf


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicate:
    """A known resident who may be the same person; `reasons` say why the program thinks so."""

    resident: Resident
    reasons: tuple[str, ...]
    same_number: bool
    registration: Registration | None = None
    address: str = ""
    is_local: bool = True
    dossier: Dossier | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DuplicateCheck:
    """What was found, and whether the centre was asked: an honest «only this desk was searched»."""

    duplicates: tuple[Duplicate, ...]
    centre_asked: bool


def find_duplicates(desk: Desk, *, document_kind: str, document_number: str, name: str, birth_on: date | None) -> DuplicateCheck:
    """Search this desk and, where it can be reached, the centre."""
    wanted = _Wanted(document_kind, document_number, name, birth_on)
    with reading(desk.engine) as connection:
        local = _local(Shelf(connection), wanted)
    known = {duplicate.resident.id for duplicate in local}
    try:
        dossiers = desk.centre.find_residents(document_kind=document_kind, document_number=document_number, name=name, birth_on=birth_on)
    except Offline:
        return DuplicateCheck(duplicates=tuple(local), centre_asked=False)
    remote = [_from_dossier(dossier, wanted) for dossier in dossiers if dossier.resident.id not in known]
    return DuplicateCheck(duplicates=(*local, *remote), centre_asked=True)


@dataclass(frozen=True, slots=True)
class _Wanted:
    document_kind: str
    document_number: str
    name: str
    birth_on: date | None

    def reasons(self, resident: Resident) -> tuple[str, ...]:
        """Why the resident may be the one; empty when nothing speaks for it."""
        same_number = bool(self.document_number) and resident.document_number == self.document_number
        same_name = bool(self.name) and resident.name == self.name
        same_birth = self.birth_on is not None and resident.birth_on == self.birth_on
        if not (same_number or (same_name and same_birth)):
            return ()
        words = [
            tr("证件号码相同") if same_number else tr("证件号码不同"),
            tr("姓名相同") if same_name else tr("姓名不同：{name}").format(name=resident.name),
            tr("出生日期相同") if same_birth else tr("出生日期不同"),
        ]
        return tuple(words)


def _local(shelf: Shelf, wanted: _Wanted) -> list[Duplicate]:
    candidates: dict[str, Resident] = {}
    if wanted.document_number:
        candidates.update({entry.id: entry for entry in shelf.find(Resident, document_number=wanted.document_number)})
    if wanted.name and wanted.birth_on:
        candidates.update({entry.id: entry for entry in shelf.find(Resident, name=wanted.name, birth_on=wanted.birth_on)})
    found = []
    for resident in candidates.values():
        registrations = shelf.find(Registration, resident_id=resident.id)
        newest = max(registrations, key=lambda entry: entry.declared_on, default=None)
        dwelling = shelf.get(Dwelling, newest.dwelling_id) if newest else None
        found.append(_duplicate(resident, wanted, newest, dwelling, None))
    return found


def _from_dossier(dossier: Dossier, wanted: _Wanted) -> Duplicate:
    registrations = [record for record in dossier.records if isinstance(record, Registration)]
    newest = max(registrations, key=lambda entry: entry.declared_on, default=None)
    dwellings = {record.id: record for record in dossier.records if isinstance(record, Dwelling)}
    return _duplicate(dossier.resident, wanted, newest, dwellings.get(newest.dwelling_id) if newest else None, dossier)


def _duplicate(
    resident: Resident, wanted: _Wanted, registration: Registration | None, dwelling: Dwelling | None, dossier: Dossier | None
) -> Duplicate:
    return Duplicate(
        resident=resident,
        reasons=wanted.reasons(resident),
        same_number=bool(wanted.document_number) and resident.document_number == wanted.document_number,
        registration=registration,
        address=dwelling.address if dwelling else "",
        is_local=dossier is None,
        dossier=dossier,
    )


def adopt(desk: Desk, clerk: Clerk, dossier: Dossier) -> Resident:
    """Take the centre's records of a resident onto this desk, to go on with them; nothing of the desk's own is replaced."""
    with writing(desk.engine) as connection:
        shelf = Shelf(connection)
        new = [record for record in (dossier.resident, *dossier.records) if shelf.get(type(record), record.id) is None]
        for record in new:
            shelf.write(record)
        note_changed(connection, new)
    return dossier.resident


def side_by_side(resident: Resident, answers: Mapping[str, Any]) -> Sequence[tuple[str, str, str, bool]]:
    """Rows of the comparison: label, the known value, the one in the form, and whether they differ."""
    rows = [
        (tr("证件号码"), resident.document_number, str(answers.get("document_number") or "")),
        (tr("姓名"), resident.name, str(answers.get("name") or "")),
        (tr("出生日期"), str(resident.birth_on or ""), str(answers.get("birth_on") or "")),
        (tr("户籍地址"), resident.home_address or "", str(answers.get("home_address") or "")),
        (tr("手机"), resident.phone or "", str(answers.get("phone") or "")),
    ]
    return [(label, known, new, bool(new) and known != new) for label, known, new in rows]
