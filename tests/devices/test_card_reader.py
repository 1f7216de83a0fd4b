"""The real driver against the simulated far end, over a pseudo-terminal."""

import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import serial

from nbcase.devices import card_protocol as protocol
from nbcase.devices.card_reader import SerialCardReader
from nbcase.devices.contract import CardData
from nbcase.devices.hosted import hosted_reader
from nbcase.devices.simulated_reader import Fault, SimulatedReader
from nbcase.domain.errors import DeviceError
from nbcase.domain.identity import SYNTHETIC_AREA, DocumentKind, make_number
from tests.benchmarks.card_reader import measure

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are a POSIX thing")

CARD = CardData(
    kind=DocumentKind.CITIZEN,
    name="样小卡",
    sex_code="1",
    nation_code="01",
    birth_on=date(1990, 1, 1),
    address="样例省样例市样例路1号",
    number=make_number(SYNTHETIC_AREA, date(1990, 1, 1), 31),
    authority="样例市公安局",
    valid_from_on=date(2020, 1, 1),
    valid_until_on=None,
)

SLACK_S = 1.0
"""What a loaded machine may add to a deadline in a test."""


@pytest.fixture
def far_end() -> Iterator[SimulatedReader]:
    with SimulatedReader() as reader:
        reader.place(CARD)
        yield reader


def refusal(reader: SerialCardReader, deadline_s: float = 0.5) -> DeviceError:
    """The error of a reading that must fail, in three parts and in time."""
    started = time.monotonic()
    with pytest.raises(DeviceError) as caught:
        reader.read(deadline_s)
    assert time.monotonic() - started < deadline_s + SLACK_S
    assert caught.value.what.endswith("。")
    assert caught.value.safe
    assert caught.value.do
    return caught.value


def test_a_card_is_found_selected_and_read(far_end: SimulatedReader) -> None:
    card = SerialCardReader(far_end.port).read()
    assert replace(card, photo=b"", raw_text=b"") == CARD
    assert len(card.photo) == 1024
    assert far_end.requests == [protocol.FIND, protocol.SELECT, protocol.READ, protocol.READ_NEW_ADDRESS]


def test_the_added_address_is_read_too(far_end: SimulatedReader) -> None:
    far_end.place(replace(CARD, new_address="样例路2号"))
    assert SerialCardReader(far_end.port).read().new_address == "样例路2号"


@pytest.mark.parametrize("kind", protocol.CARD_KINDS)
def test_every_kind_of_card_is_read(far_end: SimulatedReader, kind: DocumentKind) -> None:
    card = replace(CARD, kind=kind, nation_code="", address="", authority="", number="123456789012345")
    far_end.place(card)
    assert SerialCardReader(far_end.port).read().kind is kind


def test_a_card_that_was_read_must_be_lifted_before_it_is_found_again(far_end: SimulatedReader) -> None:
    reader = SerialCardReader(far_end.port)
    reader.read()
    assert "要先拿起" in refusal(reader).do
    far_end.lift()
    far_end.place(CARD)
    assert reader.read().name == CARD.name


def test_a_card_laid_on_while_waiting_is_read(far_end: SimulatedReader) -> None:
    far_end.lift()
    found: list[CardData] = []
    waiting = threading.Thread(target=lambda: found.append(SerialCardReader(far_end.port).read(5.0)))
    waiting.start()
    far_end.asked.wait()
    far_end.place(CARD)
    waiting.join()
    assert found[0].number == CARD.number


def test_an_empty_reader_is_polled_no_faster_than_readers_bear(far_end: SimulatedReader) -> None:
    far_end.lift()
    assert "没有找到卡片" in refusal(SerialCardReader(far_end.port), 0.7).what
    assert 2 <= far_end.requests.count(protocol.FIND) <= 3


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault.SILENCE, "没有回答"),
        (Fault.HALF_FRAME, "只收到一半"),
        (Fault.WRONG_CHECKSUM, "校验不对"),
        (Fault.UNPLUG, "断开"),
    ],
)
@pytest.mark.parametrize("command", [None, protocol.READ])
def test_each_fault_of_the_line_has_its_own_sentence(far_end: SimulatedReader, fault: Fault, words: str, command: bytes | None) -> None:
    far_end.break_with(fault, command)
    assert words in refusal(SerialCardReader(far_end.port), 1.0).what


@pytest.mark.parametrize(("fault", "words"), [(Fault.WRONG_CARD, "不是身份证件"), (Fault.NOT_AUTHENTIC, "真伪认证")])
def test_each_fault_of_the_card_has_its_own_sentence(far_end: SimulatedReader, fault: Fault, words: str) -> None:
    far_end.break_with(fault)
    assert words in refusal(SerialCardReader(far_end.port)).what


def test_noise_and_small_pieces_do_not_disturb_a_reading(far_end: SimulatedReader) -> None:
    far_end.break_with(Fault.NOISE)
    assert SerialCardReader(far_end.port).read().number == CARD.number


def test_a_reader_that_was_mended_reads_again(far_end: SimulatedReader) -> None:
    reader = SerialCardReader(far_end.port)
    far_end.break_with(Fault.WRONG_CHECKSUM)
    refusal(reader)
    far_end.mend()
    assert reader.read().name == CARD.name


def test_a_card_lost_on_the_added_address_is_still_read(far_end: SimulatedReader) -> None:
    far_end.break_with(Fault.UNPLUG, protocol.READ_NEW_ADDRESS)
    assert SerialCardReader(far_end.port).read().name == CARD.name


def test_a_reader_unplugged_before_the_call_is_told(far_end: SimulatedReader) -> None:
    far_end.break_with(Fault.UNPLUG)
    reader = SerialCardReader(far_end.port)
    refusal(reader)
    assert "找不到读卡器端口" in refusal(reader).what


def test_a_port_that_does_not_exist_is_named(tmp_path: Path) -> None:
    port = str(tmp_path / "no-such-port")
    assert port in refusal(SerialCardReader(port)).what


def test_a_file_is_no_port(tmp_path: Path) -> None:
    file = tmp_path / "picture.png"
    file.write_bytes(b"not a port")
    refusal(SerialCardReader(str(file)))


def test_a_port_in_use_is_told(far_end: SimulatedReader) -> None:
    with serial.Serial(far_end.port, exclusive=True):
        assert "正被占用" in refusal(SerialCardReader(far_end.port)).what


def test_a_second_call_of_the_same_reader_waits_no_longer_than_its_deadline(far_end: SimulatedReader) -> None:
    far_end.lift()
    reader = SerialCardReader(far_end.port)
    first = threading.Thread(target=lambda: refusal(reader, 2.0))
    first.start()
    far_end.asked.wait()
    assert "正被占用" in refusal(reader, 0.1).what
    first.join()


def test_the_status_says_what_reading_would_say(far_end: SimulatedReader) -> None:
    reader = SerialCardReader(far_end.port)
    assert reader.status().is_ready
    far_end.break_with(Fault.SILENCE)
    status = reader.status()
    assert not status.is_ready
    assert "没有回答" in status.text


def test_fingerprints_are_read_when_asked_for(far_end: SimulatedReader) -> None:
    for prints in (b"", bytes(512), bytes(range(256)) * 4):
        far_end.place(replace(CARD, fingers=prints))
        assert SerialCardReader(far_end.port).read(fingers=True).fingers == prints
        assert far_end.requests[-2] == protocol.READ_WITH_FINGERS


def test_the_number_of_the_security_module_is_told(far_end: SimulatedReader) -> None:
    assert SerialCardReader(far_end.port).sam_id() == bytes(range(16)).hex()


COMMANDS = (protocol.FIND, protocol.SELECT, protocol.READ)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_status_of_every_step_is_a_card_or_a_sentence(far_end: SimulatedReader, command: bytes) -> None:
    reader = SerialCardReader(far_end.port)
    wanted = protocol.CARD_FOUND if command == protocol.FIND else protocol.DONE
    for status in range(256):
        far_end.answer_with(status, command)
        # A card that is there and an answer without a card are told elsewhere; waiting for one is told above.
        if status not in (wanted, protocol.NO_CARD):
            assert refusal(reader, 0.5).what == protocol.status_error(status).what
    far_end.answer_with(protocol.DONE, protocol.READ)
    far_end.place(CARD)
    if command == protocol.READ:
        assert "不完整" in refusal(reader, 0.5).what


@pytest.mark.parametrize("baud", [115200, 9600])
def test_a_card_is_read_at_the_pace_of_the_line(baud: int) -> None:
    with SimulatedReader(baud) as far_end:
        far_end.place(replace(CARD, new_address="样例路2号"))
        card = SerialCardReader(far_end.port, baud).read()
    assert replace(card, photo=b"", raw_text=b"") == replace(CARD, new_address="样例路2号")


def test_a_wrong_speed_is_told_and_the_right_one_found() -> None:
    with SimulatedReader(9600) as far_end:
        reader = SerialCardReader(far_end.port, 115200)
        assert "不是读卡器的数据" in refusal(reader).what
        assert reader.find_baud() == 9600


def test_reader_and_driver_change_their_speed_together() -> None:
    with SimulatedReader(115200) as far_end:
        far_end.place(CARD)
        reader = SerialCardReader(far_end.port, 115200)
        reader.set_baud(57600)
        assert far_end.baud == reader.baud == 57600
        assert reader.read().name == CARD.name


def test_a_reader_that_was_plugged_in_again_reads_on(tmp_path: Path) -> None:
    port = tmp_path / "reader"
    with SimulatedReader() as first:
        port.symlink_to(first.port)
        reader = SerialCardReader(str(port))
        first.place(CARD)
        reader.read()
        first.break_with(Fault.UNPLUG)
        refusal(reader)
    port.unlink()
    with SimulatedReader() as second:
        port.symlink_to(second.port)
        second.place(CARD)
        assert reader.read().name == CARD.name


def test_no_thread_outlives_the_simulated_reader() -> None:
    with SimulatedReader() as reader:
        assert reader.port
    assert all(thread.name != "simulated-reader" for thread in threading.enumerate())


def test_fuzzed_answers_end_in_time_with_the_right_card_or_a_sentence() -> None:
    found = measure(2_000, seed=11)
    assert found["answers"] == found["read"] + found["refused"] == 2_000
    assert found["crashes"] == found["hangs"] == found["wrong"] == 0
    assert found["read"] > 200


def test_the_second_of_two_readers_is_read_to_the_end_on_a_slow_line() -> None:
    with SimulatedReader(9600) as empty, SimulatedReader(9600) as far_end:
        far_end.place(CARD)
        both = hosted_reader(f"{empty.port},{far_end.port}", 9600)
        both.warm_up()
        try:
            assert both.read(6.0).name == CARD.name
        finally:
            both.close()


def test_a_setting_of_commas_alone_is_a_port_that_is_not_there() -> None:
    reader = hosted_reader(",", 9600)
    try:
        assert not reader.status().is_ready
    finally:
        reader.close()
