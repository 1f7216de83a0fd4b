"""A desk with a real encrypted database, a clock that stands still, and people to do with."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from nbcase.domain.clerk import Clerk, Role, Station
from nbcase.domain.clock import SetClock
from nbcase.domain.errors import Offline, UserError
from nbcase.domain.workdays import WorkingCalendar
from nbcase.items.catalogue import load_catalogue
from nbcase.items.policy import load_policies
from nbcase.operations.desk import Desk, Dossier
from nbcase.store import tables
from nbcase.store.desk_database import open_desk_database, writing
from nbcase.store.desk_work import DeskIdentity

STATION = Station(code="330211-01", name="骆驼街道演示服务站", prefix="LT", division_code="330211")


@dataclass
class FakeCentre:
    """A centre whose knowledge and reachability the test sets."""

    is_reachable: bool = True
    dossiers: list[Dossier] = field(default_factory=list)
    asked: int = 0

    def find_residents(self, *, document_kind: str, document_number: str, name: str, birth_on: date | None) -> Sequence[Dossier]:
        self.asked += 1
        if not self.is_reachable:
            raise Offline("中心现在不可达。")
        return self.dossiers

    def fetch_file(self, content_hash: str) -> None:
        if not self.is_reachable:
            raise Offline("中心现在不可达。")
        raise UserError("中心没有这份文件。")


def make_clerk(login: str, name: str, role: Role) -> Clerk:
    """A clerk whose password nobody asks for."""
    return Clerk(id=f"clerk-{login}", login=login, name=name, role=role, station_code=STATION.code, salt="", public_key="")


@pytest.fixture
def clock() -> SetClock:
    """2026-11-24, a Tuesday, 16:21 in Ningbo."""
    return SetClock(datetime(2026, 11, 24, 8, 21, tzinfo=UTC))


@pytest.fixture
def centre() -> FakeCentre:
    return FakeCentre()


@pytest.fixture
def clerk() -> Clerk:
    return make_clerk("chen", "陈砚秋", Role.CLERK)


@pytest.fixture
def reviewer() -> Clerk:
    return make_clerk("gu", "顾闻笛", Role.REVIEWER)


@pytest.fixture
def desk(tmp_path: Path, clock: SetClock, centre: FakeCentre, clerk: Clerk, reviewer: Clerk) -> Iterator[Desk]:
    engine = open_desk_database(tmp_path / "desk.db", bytes(range(32)))
    with writing(engine) as connection:
        connection.execute(sa.insert(tables.number_block).values(series="LT", first=1, last=500, next=1))
        for person in (clerk, reviewer):
            row = {name: getattr(person, name) for name in Clerk.__dataclass_fields__}
            connection.execute(sa.insert(tables.desk_metadata.tables["clerk"]).values({**row, "role": person.role.value}))
    items = load_catalogue()
    yield Desk(
        engine=engine,
        identity=DeskIdentity(desk_id="desk-1", station_code=STATION.code, prefix="LT", window="2 号窗", id_key=b"k" * 32),
        station=STATION,
        clock=clock,
        calendar=WorkingCalendar.load(),
        items=items,
        policies=load_policies(items),
        centre=centre,
    )
    engine.dispose()


@pytest.fixture
def answers() -> dict[str, str]:
    """A complete new registration, as the form gives it."""
    return {
        "document_kind": "citizen",
        "document_number": "330299199407120312",
        "name": "李𬭎",
        "birth_on": "1994-07-12",
        "sex_code": "1",
        "nation_code": "01",
        "home_address": "安徽省南塘县白鹭镇樟树村六组21号",
        "authority": "南塘县公安局",
        "valid_until_on": "2039-08-20",
        "address": "镇海区骆驼街道锦绣里小区3幢2单元401室",
        "place_code": "04",
        "landlord_name": "周知远",
        "landlord_phone": "13900000417",
        "reason_code": "01",
        "stay_code": "2",
        "arrived_on": "2026-11-01",
        "phone": "19900005061",
        "education_code": "31",
        "occupation_code": "05",
        "employer": "宁波云帆注塑有限公司",
        "political_code": "13",
        "marital_code": "20",
    }
