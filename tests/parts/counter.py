"""A desk at work as pages see it: a real encrypted database with invented people, a clock that stands, a queue into a folder."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from nbcase.demo.people import people as invented_people
from nbcase.demo.stations import clerks, stations
from nbcase.documents.printing import FolderQueue
from nbcase.domain.clerk import Clerk, Role
from nbcase.domain.clock import CHINA, SetClock
from nbcase.domain.errors import Offline, UserError
from nbcase.domain.workdays import WorkingCalendar
from nbcase.items.catalogue import load_catalogue
from nbcase.items.policy import load_policies
from nbcase.operations.desk import Desk, Dossier
from nbcase.settings import Settings
from nbcase.store import tables
from nbcase.store.desk_database import open_desk_database, writing
from nbcase.store.desk_work import DeskIdentity
from nbcase.store.people import add_people
from nbcase.store.search import catch_up, note_changed
from nbcase.store.shelf import Shelf
from ui.context import Notice
from ui.tasks import InlineTasks, Tasks

ID_KEY = b"k" * 32
ROLE_NAMES = {Role.CLERK: "窗口岗", Role.REVIEWER: "复核岗", Role.SUPERVISOR: "站长"}


@dataclass
class FakeCentre:
    """A centre whose knowledge and reachability the test sets."""

    is_reachable: bool = True
    dossiers: list[Dossier] = field(default_factory=list)
    asked: int = 0

    def find_residents(self, *, document_kind: str, document_number: str, name: str, birth_on: date | None) -> Sequence[Dossier]:
        self.asked += 1
        if not self.is_reachable:
            raise Offline("中心现在不可达。", safe="本机照常受理。")
        return self.dossiers

    def fetch_file(self, content_hash: str) -> None:
        if not self.is_reachable:
            raise Offline("中心现在不可达。", safe="本机照常受理。")
        raise UserError("中心没有这份文件。")


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The clerk as the window knows one."""

    record: Clerk

    @property
    def name(self) -> str:
        return self.record.name

    @property
    def role(self) -> str:
        return self.record.role.value

    @property
    def role_name(self) -> str:
        return ROLE_NAMES[self.record.role]


@dataclass
class Counter:
    """The context that pages are handed, with a record of what they said and where they went."""

    desk: Desk
    clerk: SignedIn
    clock: SetClock
    centre: FakeCentre
    queue: FolderQueue
    folder: Path
    tasks: Tasks = field(default_factory=InlineTasks)
    settings: Settings = field(default_factory=Settings)
    reader: Any = None
    scanner: Any = None
    camera: Any = None
    document_reader: Any = None
    sync: Any = None
    language: str = "zh"
    training: bool = False
    notices: list[Notice] = field(default_factory=list)
    troubles: list[BaseException] = field(default_factory=list)
    visited: list[tuple[str, dict[str, object]]] = field(default_factory=list)
    changed: list[frozenset[str]] = field(default_factory=list)
    go: Callable[..., None] | None = None
    """Where `navigate` really leads, when a test has a window."""
    tell: Callable[[frozenset[str]], None] | None = None
    """Who hears of changes, when a test has a window."""

    @property
    def theme(self) -> Any:
        from ui.theme import current_theme

        return current_theme()

    @property
    def station_name(self) -> str:
        return self.desk.station.name

    @property
    def window_name(self) -> str:
        return self.desk.identity.window

    def navigate(self, page: str, **target: object) -> None:
        self.visited.append((page, target))
        if self.go is not None:
            self.go(page, **target)

    def notify(self, notice: Notice) -> None:
        self.notices.append(notice)

    def trouble(self, error: BaseException) -> None:
        self.troubles.append(error)

    def announce(self, changed: frozenset[str]) -> None:
        self.changed.append(changed)
        if self.tell is not None:
            self.tell(changed)

    def save_settings(self, settings: Settings) -> None:
        self.settings = settings

    def now(self) -> datetime:
        return self.clock.now().astimezone(CHINA)

    def signed_in_as(self, role: str) -> Clerk:
        """Change the clerk at this desk to the station's first one of another role."""
        self.clerk = SignedIn(_clerk(self.desk.station.code, Role(role)))
        return self.clerk.record


def _records() -> list[Clerk]:
    return [
        Clerk(id=spec.id, login=spec.login, name=spec.name, role=spec.role, station_code=spec.station_code, salt="", public_key="")
        for spec in clerks(ID_KEY)
    ]


def _clerk(station_code: str, role: Role) -> Clerk:
    return next(clerk for clerk in _records() if clerk.station_code == station_code and clerk.role is role)


def make_counter(folder: Path, role: str = "clerk", people: int = 60, *, seed: int = 7) -> Counter:
    """A desk of the first demo station on 2026-11-24, a Tuesday, at 16:21; `dispose` its engine when done."""
    counter = open_counter(folder, role)
    _fill(counter.desk, people, seed)
    return counter


def open_counter(folder: Path, role: str = "clerk") -> Counter:
    """The desk of a folder as it was left, such as after a crash."""
    clock = SetClock(datetime(2026, 11, 24, 8, 21, tzinfo=UTC))
    station = stations()[0]
    engine = open_desk_database(folder / "desk.db", bytes(range(32)))
    identity = DeskIdentity(desk_id="desk-1", station_code=station.code, prefix=station.prefix, window="2 号窗", id_key=ID_KEY)
    centre = FakeCentre()
    items = load_catalogue()
    desk = Desk(
        engine=engine,
        identity=identity,
        station=station,
        clock=clock,
        calendar=WorkingCalendar.load(),
        items=items,
        policies=load_policies(items),
        centre=centre,
    )
    queue = FolderQueue(folder / "printed")
    return Counter(desk=desk, clerk=SignedIn(_clerk(station.code, Role(role))), clock=clock, centre=centre, queue=queue, folder=folder)


def _fill(desk: Desk, count: int, seed: int) -> None:
    with writing(desk.engine) as connection:
        connection.execute(
            sa.insert(tables.number_block).values(series=desk.station.prefix, first=9_000_001, last=9_000_500, next=9_000_001)
        )
        add_people(connection, _records(), stations())
        shelf = Shelf(connection)
        records = [
            record
            for person in invented_people(count, seed, desk.today(), ID_KEY, station_code=desk.station.code)
            for record in person.records()
        ]
        for record in records:
            shelf.write(record)
        note_changed(connection, records)
    catch_up(desk.engine)


@pytest.fixture
def counter_for(tmp_path: Path) -> Iterator[Callable[..., Counter]]:
    """``counter_for(role="reviewer", people=30)`` makes a counter whose database is closed after the test."""
    with ExitStack() as stack:

        def make(**wanted: Any) -> Counter:
            counter = make_counter(tmp_path, **wanted)
            stack.callback(counter.desk.engine.dispose)
            return counter

        yield make
