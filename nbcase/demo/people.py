"""Synthetic people with everything the counter would know of them, as many as asked, one household after the other.

Numbers have the never assigned area 330299, so that no real person is hit; names, places and firms are put together
by chance. The same seed, day and key give the same people on every machine, and a longer run begins with the shorter.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from random import Random

from nbcase.demo.cases import CaseWriter
from nbcase.demo.chance import Weighted
from nbcase.demo.households import Builder, Household
from nbcase.demo.lives import Biographer
from nbcase.demo.material import DemoStation, material
from nbcase.demo.residents import Registrar
from nbcase.domain.case import Case
from nbcase.domain.dwelling import Dwelling
from nbcase.domain.errors import UserError
from nbcase.domain.permit import Endorsement, Permit
from nbcase.domain.registration import Registration
from nbcase.domain.resident import Resident
from nbcase.domain.words import tr
from nbcase.domain.workdays import WorkingCalendar
from nbcase.items.catalogue import load_catalogue

Record = Resident | Dwelling | Registration | Permit | Endorsement | Case


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyLink:
    """Who another person of the same dwelling is to this one, as in the code table ``relation``."""

    relation_code: str
    resident_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One person's records. `dwellings` has the present or last one first; people of one household share it."""

    resident: Resident
    dwellings: tuple[Dwelling, ...]
    registrations: tuple[Registration, ...]
    permit: Permit | None
    endorsements: tuple[Endorsement, ...]
    cases: tuple[Case, ...]
    family: tuple[FamilyLink, ...]

    def records(self) -> Iterator[Record]:
        """All records, each after those it refers to; a shared dwelling comes again with each of its people."""
        yield self.resident
        yield from self.dwellings
        yield from self.cases
        yield from self.registrations
        if self.permit is not None:
            yield self.permit
        yield from self.endorsements


def people(count: int, seed: int, today: date, id_key: bytes, *, station_code: str | None = None) -> Iterator[Person]:
    """`count` people as of `today`, at all demo stations or at one.

    `id_key` is the key that record ids are derived with, as at the desks. Memory does not grow with `count`, but for
    two small tables of the birth dates and receipt numbers used. Raises UserError for a station that does not exist.
    """
    stuff = material()
    sites = [station for station in stuff.station if station_code in (None, station.code)]
    if not sites:
        raise UserError(
            tr("没有演示站点 {code}。").format(code=station_code),
            do=tr("可用的站点：{codes}。").format(codes="、".join(station.code for station in stuff.station)),
        )
    return _people(count, Random(seed), today, id_key, Weighted(sites, [site.weight for site in sites]))


def _people(count: int, random: Random, today: date, id_key: bytes, sites: Weighted[DemoStation]) -> Iterator[Person]:
    builder = Builder(material(), today, id_key)
    registrar = Registrar(material(), today, id_key)
    cases = CaseWriter(WorkingCalendar.load(), load_catalogue(), today, id_key)

    def another_flat(random: Random, household: Household) -> Dwelling:
        return builder.flat(random, household.station, is_owned=False, crowd=len(household.members))

    biographer = Biographer(cases, today, id_key, another_flat)
    left = count
    while left > 0:
        household = builder.household(random, sites.draw(random))
        residents = registrar.residents(random, household)
        kept = residents[:left]
        for resident in kept:
            life = biographer.life(random, resident, household)
            yield Person(
                resident=resident,
                dwellings=tuple(life.dwellings),
                registrations=tuple(life.registrations),
                permit=life.permit,
                endorsements=tuple(life.endorsements),
                cases=tuple(life.cases),
                family=_family(household, resident, kept) if household.is_family else (),
            )
        left -= len(kept)


def _family(household: Household, resident: Resident, kept: tuple[Resident, ...]) -> tuple[FamilyLink, ...]:
    """The head's links to all others, and everybody's to the head: what a family tree of the counter needs."""
    head = kept[0]
    if resident is not head:
        return (FamilyLink(relation_code="head", resident_id=head.id),)
    others = zip(household.members[1:], kept[1:], strict=False)
    return tuple(FamilyLink(relation_code=member.role, resident_id=other.id) for member, other in others)
