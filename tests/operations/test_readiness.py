"""The check before the window opens: every state is honest, nothing personal is in it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from nbcase.devices.contract import CardData, ReaderStatus
from nbcase.documents.printing import FolderQueue, JobState, PrintJob
from nbcase.domain.clock import SetClock
from nbcase.domain.errors import DeviceError
from nbcase.operations.desk import Desk
from nbcase.operations.readiness import FEW_NUMBERS, Readiness, readiness, size_words
from nbcase.store import tables
from nbcase.store.desk_database import writing


@dataclass
class Reader:
    """A reader that answers, or not."""

    is_there: bool = True

    def read(self, deadline_s: float = 3.0) -> CardData:
        raise AssertionError("nobody reads a card for a check")

    def status(self) -> ReaderStatus:
        return ReaderStatus(port="COM3", is_ready=self.is_there, text="就绪" if self.is_there else "没有应答")

    def is_ready(self) -> bool:
        return self.is_there


@dataclass
class Queue:
    """A print queue whose state the test sets; None is a server that does not answer."""

    word: str | None = ""
    name: str = "A4"

    def submit(self, pdf: bytes, title: str, *, copies: int = 1) -> PrintJob:
        raise AssertionError("nobody prints for a check")

    def state(self, job: PrintJob) -> JobState:
        return JobState.UNKNOWN

    def obstacle(self) -> str:
        if self.word is None:
            raise DeviceError("打印服务没有应答。")
        return self.word


def by_key(rows: tuple[Readiness, ...]) -> Mapping[str, Readiness]:
    found = {row.key: row for row in rows}
    assert len(found) == len(rows)
    return found


def test_a_desk_with_everything_passes_but_for_the_backup_that_nobody_set_up(desk: Desk, clock: SetClock, tmp_path: Path) -> None:
    rows = readiness(
        desk,
        folder=tmp_path,
        reader=Reader(),
        document_reader=object(),
        queue=FolderQueue(tmp_path),
        clock_offset_s=0.4,
        contact_at=clock.now(),
    )
    states = {row.key: row.state for row in rows}
    states.pop("disk")
    assert {key for key, state in states.items() if state != "passed"} == {"backup", "keys"}, "no clerk has ever signed in here"
    assert by_key(rows)["numbers"].detail == "余 500 个"
    assert by_key(rows)["centre"].detail == "今日 16:21"
    assert by_key(rows)["clock"].detail == "与中心差 0.4 秒"


def test_what_is_not_there_is_not_called_ready(desk: Desk) -> None:
    rows = by_key(readiness(desk))
    absent = {key for key, row in rows.items() if row.state == "absent"}
    assert absent == {"reader", "document_reader", "printer", "backup", "clock", "centre", "keys"}


def test_before_anybody_signs_in_the_database_is_not_asked() -> None:
    rows = by_key(readiness(None))
    assert rows["numbers"].state == rows["database"].state == "absent"
    assert rows["calendar"].state in ("passed", "look")


def test_a_reader_that_does_not_answer_and_a_paused_printer_are_told(desk: Desk) -> None:
    rows = by_key(readiness(desk, reader=Reader(is_there=False), queue=Queue("A4 已暂停")))
    assert (rows["reader"].state, rows["reader"].detail) == ("failed", "没有应答")
    assert (rows["printer"].state, rows["printer"].detail) == ("look", "A4 已暂停")
    assert by_key(readiness(desk, queue=Queue(None)))["printer"].state == "failed"


def test_numbers_that_run_short_ask_for_a_look_and_none_left_fails(desk: Desk) -> None:
    for left, state in ((FEW_NUMBERS, "passed"), (FEW_NUMBERS - 1, "look"), (0, "failed")):
        with writing(desk.engine) as connection:
            connection.execute(sa.update(tables.number_block).values(next=501 - left))
        assert by_key(readiness(desk))["numbers"].state == state


def test_a_clock_that_is_off_is_told_by_how_much(desk: Desk, clock: SetClock) -> None:
    for offset, state in ((-4.9, "passed"), (5.0, "look"), (-300.0, "failed")):
        assert by_key(readiness(desk, clock_offset_s=offset, contact_at=clock.now()))["clock"].state == state
    assert by_key(readiness(desk, clock_offset_s=0.0))["clock"].state == "absent", "0 by default is not 0 by measurement"


def test_a_centre_not_heard_of_for_more_than_a_week_asks_for_a_look(desk: Desk, clock: SetClock) -> None:
    def state(at: datetime) -> str:
        return by_key(readiness(desk, contact_at=at))["centre"].state

    assert state(clock.now() - timedelta(days=7)) == "passed"
    assert state(clock.now() - timedelta(days=8)) == "look"


def test_a_calendar_without_this_year_asks_for_a_look(desk: Desk) -> None:
    late = replace(desk, clock=SetClock(desk.clock.now() + timedelta(days=400)))
    assert by_key(readiness(late))["calendar"].state == "look"


def test_sizes_are_said_as_people_read_them() -> None:
    assert [size_words(n) for n in (0, 812, 3_600_000, 120 << 30)] == ["0 B", "812 B", "3.4 MB", "120 GB"]
