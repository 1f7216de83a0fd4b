"""Demo stations and the clerks who may sign in there."""

from dataclasses import dataclass

from nbcase.demo.material import DemoStation, material
from nbcase.domain.clerk import Role, Station
from nbcase.domain.ids import derived_id


@dataclass(frozen=True, slots=True, kw_only=True)
class ClerkSpec:
    """A demo clerk before the keys are made: whoever sets up the demo derives them from `password` and forgets it."""

    id: str
    login: str
    name: str
    role: Role
    station_code: str
    password: str


def stations() -> tuple[Station, ...]:
    """All demo stations; the first is the one that a demo desk belongs to."""
    return tuple(
        Station(code=made.code, name=made.name, prefix=made.prefix, division_code=made.division_code, phone=made.phone)
        for made in material().station
    )


def clerks(id_key: bytes) -> tuple[ClerkSpec, ...]:
    """All demo clerks; `id_key` is the key that record ids are derived with. Passwords are ``demo-`` and the login."""
    return tuple(
        ClerkSpec(
            id=clerk_id(id_key, clerk.login),
            login=clerk.login,
            name=clerk.name,
            role=clerk.role,
            station_code=station.code,
            password=f"demo-{clerk.login}",
        )
        for station in material().station
        for clerk in station.clerks
    )


def clerk_id(id_key: bytes, login: str) -> str:
    """Id of a demo clerk: the same in every set of records made with the same key."""
    return derived_id(id_key, "clerk", login)


def first_with(station: DemoStation, role: Role) -> str:
    """Login of the station's first clerk in a role; every demo station has a clerk and a reviewer."""
    return next(clerk.login for clerk in station.clerks if clerk.role is role)
