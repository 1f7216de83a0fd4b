"""What an operation at a desk works with, handed down from the composition root."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

import sqlalchemy as sa

from nbcase.domain.clerk import Clerk, Station
from nbcase.domain.clock import Clock, local_date
from nbcase.domain.errors import Offline
from nbcase.domain.resident import Resident
from nbcase.domain.words import tr
from nbcase.domain.workdays import WorkingCalendar
from nbcase.items.catalogue import Catalogue
from nbcase.items.policy import Policies
from nbcase.store.desk_work import DeskIdentity
from nbcase.store.records import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """What the centre holds of one resident: the person and all records that hang on it, with their versions."""

    resident: Resident
    records: tuple[Record, ...]


class Centre(Protocol):
    """The questions that only the centre can answer; every call raises `Offline` when it cannot be reached."""

    def find_residents(self, *, document_kind: str, document_number: str, name: str, birth_on: date | None) -> Sequence[Dossier]:
        """Residents with this number, or with this name and birth date, at any station."""
        ...

    def fetch_file(self, content_hash: str) -> None:
        """Bring a file that a record of this station names into the desk's database. `UserError` when the centre does not give it."""
        ...


class NoCentre:
    """A centre that is never there: a desk before its first contact, and tests."""

    def find_residents(self, *, document_kind: str, document_number: str, name: str, birth_on: date | None) -> Sequence[Dossier]:
        raise Offline(tr("中心现在不可达。"), safe=tr("本机照常受理。"))

    def fetch_file(self, content_hash: str) -> None:
        raise Offline(tr("中心现在不可达。"), safe=tr("本机照常受理。"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """One enrolled computer at work.

    `specimen` marks every paper as 样张: the demo's papers have no effect. `paper_kinds` says which layout is printed in
    place of another one, such as the narrow receipt at a desk with a receipt printer. `verify_page` is the address that the
    codes of papers link to, empty where they stand alone.
    """

    engine: sa.Engine
    identity: DeskIdentity
    station: Station
    clock: Clock
    calendar: WorkingCalendar
    items: Catalogue
    policies: Policies = field(default_factory=dict)
    centre: Centre = field(default_factory=NoCentre)
    specimen: bool = True
    paper_kinds: Mapping[str, str] = field(default_factory=dict)
    verify_page: str = ""

    def today(self) -> date:
        """The day in Ningbo."""
        return local_date(self.clock.now())


__all__ = ["Centre", "Clerk", "Desk", "Dossier", "NoCentre"]
