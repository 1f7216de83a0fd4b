"""A centre that really listens, with two stations and five clerks."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from nbcase.crypto.clerk_secret import ClerkKey, new_clerk_secret
from nbcase.domain.clerk import Clerk, Role, Station
from nbcase.domain.clock import Clock, SetClock
from nbcase.operations.enrol import issue_code
from nbcase.server.centre import Centre, open_centre
from nbcase.server.serve import CentreServer
from nbcase.store.people import add_people

PASSWORD = "correct horse 样张"
CHEAP = "m=8,t=1,p=1"
"""Argon2id at its cheapest: what costs time is not what these tests are about."""

STATIONS = (
    Station(code="3302120010", name="姜山镇流动人口服务管理站", prefix="JS", division_code="330212"),
    Station(code="3302130020", name="溪口镇流动人口服务管理站", prefix="XK", division_code="330213"),
)
ROLES = {
    "li": (Role.CLERK, 0),
    "zhao": (Role.REVIEWER, 0),
    "qian": (Role.SUPERVISOR, 0),
    "sun": (Role.CLERK, 1),
    "wu": (Role.SUPERVISOR, 1),
}


@cache
def clerk_secret(login: str) -> tuple[str, str, ClerkKey]:
    """Salt text, public key and key of a test clerk; all have the same password."""
    return new_clerk_secret(PASSWORD, cost=CHEAP)


def clerk(login: str) -> Clerk:
    """One of the test clerks: li, zhao, qian at the first station, sun and wu at the second."""
    role, place = ROLES[login]
    salt, public_key, _ = clerk_secret(login)
    return Clerk(
        id=f"clerk-{login}", login=login, name=f"样{login}", role=role, station_code=STATIONS[place].code, salt=salt, public_key=public_key
    )


@dataclass(frozen=True, slots=True)
class RunningCentre:
    """A centre with its listening server."""

    centre: Centre
    server: CentreServer
    url: str
    clock: Clock

    def code(self, station: int = 0, window: str = "1") -> str:
        """A fresh enrolment code."""
        with self.centre.engine.begin() as connection:
            return issue_code(connection, STATIONS[station].code, window, self.clock.now())


@pytest.fixture
def clock() -> SetClock:
    """The hands of every clock in the test: a Monday morning in Ningbo."""
    return SetClock(datetime(2026, 3, 2, 1, 0, tzinfo=UTC))


def seed_people(centre: Centre) -> None:
    """The test stations and clerks."""
    with centre.engine.begin() as connection:
        add_people(connection, [clerk(login) for login in ROLES], STATIONS)


@pytest.fixture
def centre(centre_database: str, tmp_path: Path, clock: SetClock) -> Iterator[RunningCentre]:
    """A running centre on loopback."""
    opened = open_centre(centre_database, tmp_path / "centre", clock)
    seed_people(opened)
    server = CentreServer(opened, "127.0.0.1", 0)
    server.start()
    yield RunningCentre(opened, server, server.url, clock)
    server.stop()
    opened.close()
