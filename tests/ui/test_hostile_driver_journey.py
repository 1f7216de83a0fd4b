"""A driver that does everything wrong, behind the real page: the case in hand stays as it is, and the next card is read."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QWidget

from nbcase.devices.hosted import HostedCardReader
from nbcase.devices.worker import Driver, Fault, Worker
from nbcase.domain.errors import DeviceError
from nbcase.operations.drafts import drafts
from tests.parts.counter import Counter
from tests.parts.hostile_reader import NUMBER
from tests.parts.keyboard import Keyboard, Until
from tests.parts.newcomer import ready_reader
from ui.pages import PageSpec
from ui.pages.register import RegisterPage
from ui.shell.window import MainWindow
from ui.tasks import StallWatch, TaskRunner

MOST_STALL_MS = 50

Open = Callable[[str], tuple[Counter, RegisterPage, Keyboard]]


@pytest.fixture
def open_with(
    counter_for: Callable[..., Counter], tasks: TaskRunner, show: Callable[..., QWidget], until: Until, tmp_path: Path
) -> Iterator[Open]:
    """``open_with("hang")``: 登记 in the real window, its reader's driver hangs once."""
    opened: list[HostedCardReader] = []

    def make(does: str) -> tuple[Counter, RegisterPage, Keyboard]:
        counter = counter_for(people=5)
        counter.tasks, counter.document_reader = tasks, ready_reader()
        options = {"does": does, "state": str(tmp_path / "was-bad")}
        module = "tests.parts.hostile_reader"
        reader = HostedCardReader(Worker(Driver(module=module, device="读卡器", options=options, most_memory=300 << 20)))
        reader.status()
        opened.append(reader)
        counter.reader = reader
        spec = PageSpec(code="register", title="登记", icon="user-plus", order=1, roles=frozenset(), make=RegisterPage)
        window = MainWindow(counter, [spec], lambda typed: [])
        counter.go = window.open_page
        show(window, 1366, 768)
        window.open_page("register")
        until(lambda: tasks.pending == 0)
        page = window.page("register")
        assert isinstance(page, RegisterPage)
        return counter, page, Keyboard(window)

    yield make
    for reader in opened:
        reader.close()


@pytest.mark.parametrize(
    ("does", "fault", "words"),
    [
        ("hang", Fault.HUNG, "没有反应"),
        ("beat_for_ever", Fault.HUNG, "没有反应"),
        ("raise", Fault.CRASHED, "意外退出"),
        ("large_answer", Fault.FLOODED, "数据太多"),
        ("lie_about_fields", Fault.LIED, "不是该有的内容"),
        ("eat_memory", Fault.ATE_MEMORY, "内存太多"),
    ],
)
def test_whatever_a_driver_does_the_case_is_untouched_and_the_next_reading_works_within_three_seconds(
    open_with: Open, until: Until, tasks: TaskRunner, does: str, fault: Fault, words: str
) -> None:
    counter, page, keys = open_with(does)
    page.set_answers({"phone": "19900005061"})
    before = page.answers()
    watch = StallWatch()
    watch.start()
    started = time.monotonic()
    keys.press("F2")
    until(lambda: bool(counter.troubles))
    error = counter.troubles[0]
    assert isinstance(error, DeviceError)
    assert words in error.what
    assert error.safe == "已填写的内容没有改变。"
    assert error.do
    assert page.answers() == before
    assert counter.reader.worker.fault is fault
    assert counter.reader.trouble
    keys.press("F2")
    until(lambda: page.answers().get("document_number") == NUMBER)
    # One that gives signs of life is taken for one that waits for a card, until the reading's own three seconds are over.
    assert time.monotonic() - started < (6.0 if does == "beat_for_ever" else 3.0)
    assert page.answers()["phone"] == "19900005061"
    until(lambda: tasks.pending == 0)
    stall = watch.stop()
    assert len(counter.troubles) == 1
    assert counter.reader.trouble == ""
    assert [draft.answers["phone"] for draft in drafts(counter.desk, counter.clerk.record)] == ["19900005061"]
    assert stall < 10 * MOST_STALL_MS, "the benchmark of stalls measures it on a quiet machine"


def test_the_card_of_the_registration_before_is_not_filled_into_the_next_one(open_with: Open, until: Until) -> None:
    counter, page, keys = open_with("")
    keys.press("F2")
    until(lambda: page.answers().get("document_number") == NUMBER)
    keys.press("Ctrl+N")
    assert not page.answers().get("document_number")
    keys.press("F2")
    until(lambda: bool(counter.troubles))
    error = counter.troubles[0]
    assert isinstance(error, DeviceError)
    assert "上一份登记的那张卡" in error.what
    assert not page.answers().get("document_number")
    keys.press("F2")
    until(lambda: page.answers().get("document_number") == NUMBER)
