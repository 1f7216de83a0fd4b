"""Administrative divisions: Ningbo's by six digits, elsewhere the province that a number was first issued in.

The first six digits of an identity number name the place of the first hukou. They say nothing about where a person's
hukou is today, and a number from Ningbo does not make a local resident.
"""

from dataclasses import dataclass
from functools import cache

import msgspec

from nbcase.domain.identity import SYNTHETIC_AREA
from nbcase.domain.reference import read_reference
from nbcase.domain.resources import resource_path
from nbcase.domain.words import tr

PROVINCE_OF_NINGBO = "33"


@dataclass(frozen=True, slots=True, kw_only=True)
class Division:
    """A district, county or county-level city of Ningbo; `until` is the last year a retired code was in force, if known."""

    code: str
    name: str
    en: str = ""
    streets: tuple[str, ...] = ()
    is_retired: bool = False
    until: int | None = None


class _Named(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A code with its name."""

    code: str
    name: str
    en: str = ""
    until: int | None = None
    streets: list[str] = []


class _City(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Ningbo with its divisions, past and present."""

    code: str
    name: str
    divisions: list[_Named]
    retired: list[_Named]


class _File(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The file as a whole."""

    province: list[_Named]
    special: dict[str, str]
    city: _City


def divisions() -> tuple[Division, ...]:
    """Ningbo's ten divisions in code order."""
    return tuple(Division(code=entry.code, name=entry.name, en=entry.en, streets=tuple(entry.streets)) for entry in _file().city.divisions)


def division(code: str) -> Division | None:
    """One division of Ningbo, retired ones too; None for any other code."""
    return _divisions().get(code)


def full_name(code: str) -> str:
    """A division's name as papers write it: ``330211`` -> 浙江省宁波市镇海区; empty where the code is not Ningbo's."""
    found = _divisions().get(code)
    return _city_name() + found.name if found else ""


def division_of_address(address: str) -> str | None:
    """Code of the division that an address lies in, by its name or by a street of it; None where neither is told.

    A division's name counts before a street, and the earliest in the text first, because addresses go from the large
    to the small and further names in them belong to roads.
    """
    for words in (_by_division, _by_street):
        found = [(address.index(word), code) for word, code in words().items() if word in address]
        if found:
            return min(found)[1]
    return None


def province_name(area_code: str) -> str | None:
    """The province by the first two digits; None where there is none."""
    return _file().special.get(area_code) or _provinces().get(area_code[:2])


def origin(area_code: str) -> str | None:
    """Where the first six digits of a number come from: 浙江省宁波市江东区（已撤销）, 安徽省; None for no place at all.

    Outside Ningbo only the province is told, since codes there have changed too often to be sure of more.
    """
    if area_code == SYNTHETIC_AREA:
        return tr("{city}（演示区划）").format(city=_city_name())
    found = _divisions().get(area_code)
    if found is None:
        in_city = area_code[:4] == _file().city.code[:4]
        return _city_name() if in_city else province_name(area_code)
    return tr("{name}（已撤销）").format(name=full_name(area_code)) if found.is_retired else full_name(area_code)


def _city_name() -> str:
    return _provinces()[PROVINCE_OF_NINGBO] + _file().city.name


@cache
def _file() -> _File:
    return read_reference(resource_path("reference/divisions.toml"), _File)


@cache
def _by_division() -> dict[str, str]:
    return {entry.name: entry.code for entry in divisions()}


@cache
def _by_street() -> dict[str, str]:
    return {street: entry.code for entry in divisions() for street in entry.streets}


@cache
def _provinces() -> dict[str, str]:
    return {entry.code: entry.name for entry in _file().province}


@cache
def _divisions() -> dict[str, Division]:
    retired = [Division(code=entry.code, name=entry.name, is_retired=True, until=entry.until) for entry in _file().city.retired]
    return {entry.code: entry for entry in (*divisions(), *retired)}
