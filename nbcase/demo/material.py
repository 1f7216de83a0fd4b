"""What synthetic stations and people are made of: `resources/reference/demo.toml` as typed values."""

from functools import cache
from typing import Literal

import msgspec

from nbcase.domain.clerk import Role
from nbcase.domain.reference import read_reference
from nbcase.domain.resources import resource_path


class _Part(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Base of everything in the file: an unknown key is an error."""


class DemoClerk(_Part, frozen=True):
    """A clerk of a demo station."""

    login: str
    name: str
    role: Role


class DemoStation(_Part, frozen=True):
    """A demo station, the streets it serves and how many people it has compared with the others."""

    code: str
    prefix: str
    name: str
    division_code: str
    phone: str
    weight: int
    streets: tuple[str, ...]
    clerks: tuple[DemoClerk, ...]


class Places(_Part, frozen=True):
    """Invented communities, roads, firms and schools."""

    communities: tuple[str, ...]
    roads: tuple[str, ...]
    firms: tuple[str, ...]
    schools: tuple[str, ...]


class Home(_Part, frozen=True):
    """A real province with invented counties."""

    province: str
    weight: int
    counties: tuple[str, ...]


class HomeParts(_Part, frozen=True):
    """Invented towns and villages."""

    towns: tuple[str, ...]
    villages: tuple[str, ...]


class HanNames(_Part, frozen=True):
    """Characters that Han names are put together from; `homophones` are names that sound alike."""

    surnames: str
    male: str
    female: str
    rare: str
    homophones: tuple[tuple[str, ...], ...]


class Nation(_Part, frozen=True):
    """How people of a nation are named, where they come from; `weight` in a thousand."""

    code: str
    weight: int
    style: Literal["han", "dotted", "whole"]
    homes: tuple[str, ...]
    surnames: tuple[str, ...] = ()
    male: tuple[str, ...] = ()
    female: tuple[str, ...] = ()
    second: tuple[str, ...] = ()
    first_is_family: bool = False


class Material(_Part, frozen=True):
    """The file as a whole."""

    station: tuple[DemoStation, ...]
    place: Places
    home: tuple[Home, ...]
    home_parts: HomeParts
    han: HanNames
    nation: tuple[Nation, ...]


@cache
def material() -> Material:
    """The file, read once."""
    return read_reference(resource_path("reference/demo.toml"), Material)
