"""A driver in a process of its own may do what it likes: its call fails in words, and the next one works."""

import os
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from structlog.testing import capture_logs

from nbcase.devices import wire
from nbcase.devices.contract import CardData, ReaderStatus
from nbcase.devices.hosted import HostedCardReader, SeveralReaders
from nbcase.devices.worker import Driver, Fault, Worker
from nbcase.domain.errors import DeviceError
from tests.parts.hostile_reader import NUMBER, card

MODULE = "tests.parts.hostile_reader"

Hosted = Callable[..., HostedCardReader]


@pytest.fixture
def hosted(tmp_path: Path) -> Iterator[Hosted]:
    """``hosted("hang")`` is a reader whose first process hangs at reading; the next one is good."""
    made: list[HostedCardReader] = []

    def make(does: str = "", **limits: object) -> HostedCardReader:
        options = {"does": does, "state": str(tmp_path / f"{does}.done")}
        made.append(HostedCardReader(Worker(Driver(module=MODULE, device="读卡器", options=options, **limits))))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for reader in made:
        reader.close()


def refusal(reader: HostedCardReader, deadline_s: float = 1.0) -> DeviceError:
    with pytest.raises(DeviceError) as caught:
        reader.read(deadline_s)
    assert caught.value.safe
    assert caught.value.do
    return caught.value


def test_a_good_driver_gives_its_card_through_the_seam(hosted: Hosted) -> None:
    reader = hosted()
    assert reader.read() == card()
    assert reader.status() == ReaderStatus(port="", is_ready=True, text="")


POSIX = pytest.mark.skipif(sys.platform == "win32", reason="signals and handles are a POSIX thing")

FAULTS = [
    ("hang", Fault.HUNG, "没有反应"),
    ("beat_for_ever", Fault.HUNG, "没有反应"),
    pytest.param("stop", Fault.HUNG, "没有反应", marks=POSIX),
    pytest.param("crash", Fault.CRASHED, "意外退出", marks=POSIX),
    ("raise", Fault.CRASHED, "意外退出"),
    ("leave", Fault.CRASHED, "意外退出"),
    ("large_answer", Fault.FLOODED, "数据太多"),
    ("print_for_ever", Fault.HUNG, "没有反应"),
    pytest.param("write_over_the_wire", Fault.FLOODED, "数据太多", marks=POSIX),
    ("many_parts", Fault.LIED, "不是该有的内容"),
    ("lie_about_type", Fault.LIED, "不是该有的内容"),
    ("lie_about_nothing", Fault.LIED, "不是该有的内容"),
    ("lie_about_fields", Fault.LIED, "不是该有的内容"),
    ("lie_about_size", Fault.LIED, "不是该有的内容"),
    pytest.param("answer_another_call", Fault.LIED, "不是该有的内容", marks=POSIX),
    ("eat_memory", Fault.ATE_MEMORY, "内存太多"),
]


@pytest.mark.parametrize(("does", "fault", "words"), FAULTS)
def test_what_a_bad_driver_does_is_told_and_the_next_one_works_within_three_seconds(
    hosted: Hosted, does: str, fault: Fault, words: str
) -> None:
    reader = hosted(does, most_memory=300 << 20)
    reader.status()
    started = time.monotonic()
    with capture_logs() as logs:
        error = refusal(reader)
    assert words in error.what
    assert reader.worker.fault is fault
    assert reader.read() == card()
    assert time.monotonic() - started < 3.0
    assert [(entry["event"], entry["fault"]) for entry in logs] == [("driver_ended", fault.value)]
    assert NUMBER not in str(logs)


def test_a_driver_that_cannot_be_opened_says_why(hosted: Hosted) -> None:
    assert "没有装这种读卡器" in refusal(hosted("refuse_to_open")).what
    assert "意外退出" in refusal(hosted("fail_to_open")).what
    nowhere = HostedCardReader(Worker(Driver(module="nbcase.devices.no_such_driver", device="读卡器")))
    assert "意外退出" in refusal(nowhere).what
    nowhere.close()


def test_no_process_is_left_behind(hosted: Hosted) -> None:
    mine = psutil.Process()
    before = {child.pid for child in mine.children()}
    reader = hosted("hang")
    refusal(reader, 0.2)
    reader.read()
    reader.close()
    assert {child.pid for child in mine.children()} == before


def test_a_hung_driver_ends_with_its_desk(tmp_path: Path) -> None:
    script = (
        "from nbcase.devices.worker import Driver, Worker; import os\n"
        f"worker = Worker(Driver(module={MODULE!r}, device='读卡器', options={{'does': 'hang'}}, silence_s=60))\n"
        "worker.start(); import threading\n"
        "threading.Thread(target=lambda: worker.call('read', str, 60), daemon=True).start()\n"
        "print(worker._process._popen.pid, flush=True); input()\n"
    )
    import subprocess

    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as desk:
        assert desk.stdout is not None
        driver = psutil.Process(int(desk.stdout.readline()))
        desk.kill()
    psutil.wait_procs([driver], timeout=5)
    assert not driver.is_running()


def test_a_second_call_waits_for_the_first_and_no_longer_than_its_own_deadline(hosted: Hosted) -> None:
    reader = hosted("hang")
    reader.status()
    first = threading.Thread(target=lambda: refusal(reader, 1.0))
    first.start()
    while not reader.worker._turn.locked():
        os.sched_yield() if hasattr(os, "sched_yield") else None
    assert "正忙" in refusal(reader, 0.1).what
    first.join()


def test_several_values_come_one_by_one_and_a_cancel_is_heard_in_between(hosted: Hosted) -> None:
    reader = hosted()
    assert list(reader.worker.stream("pages", str, 1.0, count=3)) == ["page 0", "page 1", "page 2"]
    slow = hosted("slow")
    pages = slow.worker.stream("pages", str, 5.0, count=3)
    assert next(pages) == "page 0"
    slow.worker.nudge("cancel")
    with pytest.raises(DeviceError, match="已取消"):
        next(pages)


def test_a_taker_who_goes_away_in_the_middle_leaves_nothing_for_the_next_call(hosted: Hosted) -> None:
    reader = hosted("slow")
    pages = reader.worker.stream("pages", str, 5.0, count=3)
    next(pages)
    pages.close()  # type: ignore[attr-defined]
    assert reader.worker.call("status", ReaderStatus, 1.0).is_ready


def test_one_of_two_readers_may_be_broken(hosted: Hosted) -> None:
    both = SeveralReaders([hosted("raise"), hosted()])
    found: CardData = both.read()
    assert found == card()
    assert both.is_ready()


def test_a_close_during_a_call_ends_it_at_once_and_starts_nothing(hosted: Hosted) -> None:
    mine = psutil.Process()
    before = {child.pid for child in mine.children()}
    reader = hosted("hang", silence_s=30)
    reader.status()
    started = time.monotonic()
    closing = threading.Timer(0.2, reader.close)
    closing.start()
    with pytest.raises(DeviceError, match="已关闭"):
        reader.read(30.0)
    assert time.monotonic() - started < 5
    closing.join()
    assert {child.pid for child in mine.children()} == before


def test_a_driver_that_fails_at_a_cancel_has_crashed(hosted: Hosted) -> None:
    reader = hosted("cancel_badly")
    pages = reader.worker.stream("pages", str, 20.0, count=3)
    next(pages)
    reader.worker.nudge("cancel")
    with pytest.raises(DeviceError, match="意外退出"):
        next(pages)


def test_a_small_message_of_many_values_does_not_fill_the_desk() -> None:
    message = wire.pack(wire.Answer(1, wire.raw([[]] * 1_000_000)))[4:]
    tracemalloc.start()
    try:
        wire.from_driver.decode(message)
        assert tracemalloc.get_traced_memory()[1] < 2 * len(message)
    finally:
        tracemalloc.stop()
