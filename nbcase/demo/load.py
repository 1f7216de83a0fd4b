"""Synthetic people into a centre's database, or written down as JSON lines."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import TextIO

import msgspec
import sqlalchemy as sa

from nbcase.crypto.clerk_secret import new_clerk_secret
from nbcase.demo.offerings import offerings
from nbcase.demo.people import Person
from nbcase.demo.rounds import APPLICANTS, rounds
from nbcase.demo.scores import scores
from nbcase.demo.stations import clerks as clerk_specs
from nbcase.demo.stations import stations
from nbcase.domain.clerk import Clerk
from nbcase.domain.resident import Resident
from nbcase.domain.score import Score
from nbcase.points.reading import load_points_catalogue
from nbcase.store.centre_database import transaction
from nbcase.store.centre_work import load_records
from nbcase.store.records import TYPE_NAMES, Record, to_plain
from nbcase.store.tables import number_lease

NUMBERS_UP_TO = 3_669_999
"""Demo receipts are numbered by day of the year and count: desks' blocks begin above the last possible one."""

BATCH = 2_000


def write_lines(persons: Iterable[Person], lines: TextIO) -> int:
    """A line for each record; how many there were."""
    written = 0
    for person in persons:
        for record in person.records():
            lines.write(msgspec.json.encode({"record_type": TYPE_NAMES[type(record)], **to_plain(record)}).decode() + "\n")
            written += 1
    return written


def load(engine: sa.Engine, id_key: bytes, persons: Iterable[Person], seed: int, today: date, now: datetime) -> int:
    """The demo's stations, clerks, people and their points into the centre's database; how many records there were."""
    catalogue = load_points_catalogue()
    written = 0
    with transaction(engine) as connection:
        load_records(connection, (), _clerks(id_key), stations())
        connection.execute(
            sa.insert(number_lease),
            [
                {"series": station.prefix, "first": 1, "last": NUMBERS_UP_TO, "desk_id": "demo-data", "leased_at": now}
                for station in stations()
            ],
        )
        batch: dict[str, Record] = {entry.id: entry for entry in offerings(stations()[0].code, today)}
        rankable: list[tuple[Resident, Score]] = []
        shared: set[str] = set()  # dwellings come again with each person of the household
        for person in persons:
            batch.update((record.id, record) for record in person.records() if record.id not in shared)
            (score,) = scores([person.resident], seed, today, catalogue)
            batch[score.id] = score
            if len(rankable) < APPLICANTS and person.permit is not None and person.resident.station_code == stations()[0].code:
                rankable.append((person.resident, score))
            shared.update(dwelling.id for dwelling in person.dwellings)
            if len(batch) >= BATCH:
                written += load_records(connection, list(batch.values()))
                batch = {}
        batch.update((record.id, record) for record in rounds(rankable, id_key, today, catalogue))
        written += load_records(connection, list(batch.values()))
    return written


def _clerks(id_key: bytes) -> list[Clerk]:
    """Everybody knows the demo's passwords; only the desk that is shown pays the full price for each."""
    made = []
    home = stations()[0].code
    for spec in clerk_specs(id_key):
        salt, public_key, _ = (
            new_clerk_secret(spec.password) if spec.station_code == home else new_clerk_secret(spec.password, cost="m=8,t=1,p=1")
        )
        made.append(
            Clerk(
                id=spec.id,
                login=spec.login,
                name=spec.name,
                role=spec.role,
                station_code=spec.station_code,
                salt=salt,
                public_key=public_key,
            )
        )
    return made
