"""A desk with a sealed log and no centre: real encrypted file, real segments, keys that the test knows."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from nbcase.crypto.keys import SigningKey
from nbcase.crypto.sealed_file import Frame, Kind, SealedReader, centre_opens, derived_sealing_key
from nbcase.crypto.sealing import sealing_public_key
from nbcase.domain.action import Action
from nbcase.domain.clerk import Clerk, Role, Station
from nbcase.domain.clock import SetClock
from nbcase.domain.ids import new_id
from nbcase.domain.resident import Resident
from nbcase.operations.enrol import Enrolment
from nbcase.operations.seal import begin_sealing
from nbcase.operations.sign_in import DATABASE_NAME, DeskSecrets
from nbcase.store import people, tables
from nbcase.store.desk_database import open_desk_database, writing
from nbcase.store.desk_work import DeskIdentity, desk_work, read_action, set_state
from nbcase.store.sealed_log import SealedLog

CENTRE = SigningKey(b"c" * 32)
CENTRE_OPENING = derived_sealing_key(CENTRE.seed, "centre")
SECRETS = DeskSecrets(database_key=b"d" * 32, device=SigningKey(b"e" * 32))
STATION = Station(code="3302120010", name="姜山镇流动人口服务管理站", prefix="JS", division_code="330212")
CLERK = Clerk(
    id="clerk-li",
    login="li",
    name="样李",
    role=Role.CLERK,
    station_code=STATION.code,
    salt="",
    public_key="",
    valid_until_on=date(2030, 1, 1),
)
IDENTITY = DeskIdentity(
    desk_id="0198c0de-0000-7000-8000-00000000d001", station_code=STATION.code, prefix="JS", window="1", id_key=b"k" * 32
)
ENROLMENT = Enrolment(
    identity=IDENTITY,
    centre_url="http://127.0.0.1",
    centre_public_key=CENTRE.public_key,
    centre_sealing_key=sealing_public_key(CENTRE_OPENING),
)


@dataclass
class SealedDesk:
    """Opened by `open`, as at every sign-in; `act` makes one act with files, `answer` is the centre's word on some."""

    folder: Path
    clock: SetClock = field(default_factory=lambda: SetClock(datetime(2026, 3, 2, 1, 0, tzinfo=UTC)))
    engine: sa.Engine = field(init=False)
    log: SealedLog = field(init=False)

    def open(self) -> "SealedDesk":
        """Start the program."""
        is_new = not (self.folder / DATABASE_NAME).exists()
        self.engine = open_desk_database(self.folder / DATABASE_NAME, SECRETS.database_key)
        if is_new:
            self._enrol()
        self.log = begin_sealing(self.engine, self.folder, ENROLMENT, SECRETS, self.clock)
        return self

    def close(self) -> None:
        """End the program in order."""
        self.log.close()
        self.engine.dispose()

    def _enrol(self) -> None:
        with writing(self.engine) as connection:
            identity = {
                "desk_id": IDENTITY.desk_id,
                "station_code": IDENTITY.station_code,
                "prefix": IDENTITY.prefix,
                "window": IDENTITY.window,
                "id_key": IDENTITY.id_key.hex(),
                "centre_url": ENROLMENT.centre_url,
                "centre_public_key": ENROLMENT.centre_public_key,
                "centre_sealing_key": ENROLMENT.centre_sealing_key,
            }
            set_state(connection, "identity", identity)
            people.replace_people(connection, [CLERK], [STATION])
            connection.execute(sa.insert(tables.number_block).values(series="JS", first=1, last=500, next=1))

    def act(self, name: str = "样一", *files: bytes) -> Action:
        """One act that registers somebody."""
        with desk_work(self.engine, IDENTITY, CLERK, self.clock.now()) as work:
            for content in files:
                work.attach(content, "image/png")
            resident = Resident(
                id=new_id(),
                document_kind="id_card",
                document_number="330299199001010011",
                name=name,
                station_code=STATION.code,
            )
            work.put(resident)
            return work.record("registration.accept", resident)

    def answer(self, until: int, *, is_signed: bool = True) -> None:
        """The centre has answered everything up to a sequence; with a reconciliation that covers it, or without."""
        with writing(self.engine) as connection:
            connection.execute(sa.update(tables.outbox).where(tables.outbox.c.sequence <= until).values(outcome="accepted"))
            set_state(connection, "reconciliation", {"count": until, "is_equal": is_signed})

    def sealed(self) -> list[Action]:
        """Every act in the log as the centre reads it, in order."""
        return [action for path in self.log.paths() for action in acts_in(path)]


def read_frames(path: Path) -> list[Frame]:
    """Every frame of a file as the centre reads it; fails where anything in it is spoilt."""
    with path.open("rb") as file:
        reader = SealedReader(file, centre_opens(CENTRE_OPENING), lambda header: SECRETS.device.public_key)
        frames = list(reader)
    assert not reader.damages
    assert not reader.foreign
    return frames


def acts_in(path: Path) -> list[Action]:
    """The acts in a file as the centre reads it, in order."""
    return [read_action(frame.plain) for frame in read_frames(path) if frame.kind is Kind.ACTION]


@pytest.fixture
def sealed_desk(tmp_path: Path) -> Iterator[SealedDesk]:
    """A desk at work, closed after the test."""
    desk = SealedDesk(tmp_path / "desk").open()
    yield desk
    desk.close()
