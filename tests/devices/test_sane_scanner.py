"""Scanning through SANE's own test backends, in a driver's process as at the counter."""

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from selectors import DefaultSelector

import pytest
from PIL import Image

from nbcase.devices.contract import ScanStep, Source
from nbcase.devices.hosted import HostedScanner, hosted_scanner
from nbcase.devices.sane_scanner import SaneScanner, _Reading
from nbcase.domain.errors import DeviceError

pytestmark = pytest.mark.skipif(shutil.which("scanimage") is None, reason="SANE is not on this machine")

Scan = Callable[..., HostedScanner]


@pytest.fixture
def scanner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scan]:
    """``scanner("--test-picture Grid")`` is SANE's test device with further settings."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    (tmp_path / "dll.conf").write_text("test\npnm\n")
    made: list[HostedScanner] = []

    def make(extra: str = "", device: str = "test:0") -> HostedScanner:
        made.append(hosted_scanner(device, str(tmp_path), extra=extra))
        return made[-1]

    yield make
    for each in made:
        each.close()


def pages(steps: Iterator[ScanStep]) -> list[ScanStep]:
    return [step for step in steps if step.picture]


def taken(steps: Iterator[ScanStep], came: list[int], after_page: Callable[[], None] = lambda: None) -> None:
    """Note the pages that come, and do something after each."""
    for step in steps:
        if step.picture:
            came.append(step.page)
            after_page()


def failed(scanner: HostedScanner, source: Source = Source.FEEDER) -> tuple[int, DeviceError]:
    """Pages that came, and the error after them."""
    came: list[int] = []
    with pytest.raises(DeviceError) as caught:
        taken(scanner.scan(source, dpi=50), came)
    assert caught.value.safe
    assert caught.value.do
    return len(came), caught.value


def no_scan_is_left(folder: Path) -> bool:
    return not any(path.name.startswith("nbcase-scan-") for path in folder.iterdir())


def test_a_sheet_on_the_flatbed_comes_as_one_page_in_colour(scanner: Scan) -> None:
    steps = list(scanner("--test-picture 'Color pattern'").scan(Source.FLATBED, dpi=100))
    assert [step.page for step in steps if step.picture] == [1]
    with Image.open(BytesIO(steps[-1].picture)) as image:
        assert image.mode == "RGB"
        assert image.size == (787, 787)
        assert len(image.getcolors(1 << 24) or ()) > 8
    told = [step.percent for step in steps]
    assert told == sorted(told)
    assert len(told) > 3
    assert told[-1] == 100


def test_the_feeder_gives_all_its_sheets_and_then_ends(scanner: Scan, tmp_path: Path) -> None:
    found = pages(scanner().scan(Source.FEEDER, dpi=50))
    assert [step.page for step in found] == list(range(1, 11))
    assert no_scan_is_left(tmp_path)


def test_a_picture_file_can_stand_in_for_paper(scanner: Scan, tmp_path: Path) -> None:
    Image.new("RGB", (60, 40), "tan").save(tmp_path / "sheet.ppm")
    (found,) = pages(scanner(f"--filename {tmp_path / 'sheet.ppm'}", device="pnm:0").scan(Source.FLATBED))
    with Image.open(BytesIO(found.picture)) as image:
        assert image.size == (60, 40)


HELPER_LEFT = """#!/bin/sh
case "$*" in
  *-A*) echo "    --source Flatbed|Feeder [Flatbed]"; exit 0 ;;
esac
sleep 60 &
echo "Scanned page 1. (scanner status = 6)" >&2
exit 6
"""
"""A `scanimage` whose driver leaves a helper behind that holds its words open."""


def test_a_helper_that_outlives_the_program_does_not_hold_the_scan(scanner: Scan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "bin" / "scanimage"
    program.parent.mkdir()
    program.write_text(HELPER_LEFT)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    started = time.monotonic()
    came, error = failed(scanner())
    assert came == 0
    assert "卡纸" in error.what
    assert time.monotonic() - started < 20


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("JAMMED", "卡纸"),
        ("NO_DOCS", "没有纸"),
        ("COVER_OPEN", "盖子"),
        ("IO_ERROR", "没有成功"),
        ("DEVICE_BUSY", "正忙"),
        ("ACCESS_DENIED", "权限"),
    ],
)
def test_each_fault_of_the_scanner_has_its_own_sentence(scanner: Scan, tmp_path: Path, status: str, words: str) -> None:
    came, error = failed(scanner(f"--read-return-value SANE_STATUS_{status}"))
    assert came == 0
    assert words in error.what
    assert no_scan_is_left(tmp_path)


def test_a_scan_is_cancelled_in_the_middle_and_the_pages_before_stay(scanner: Scan, tmp_path: Path) -> None:
    hosted = scanner("--read-delay=yes --read-delay-duration 50000 --read-limit=yes --read-limit-size 2000")
    came: list[int] = []
    started = time.monotonic()
    with pytest.raises(DeviceError, match="已取消") as caught:
        taken(hosted.scan(Source.FEEDER, dpi=20), came, hosted.cancel)
    assert came
    assert str(len(came)) in caught.value.safe
    assert time.monotonic() - started < 10
    assert hosted.trouble == ""
    assert no_scan_is_left(tmp_path)


def test_a_scan_that_nobody_takes_any_longer_ends_and_the_next_one_works(scanner: Scan) -> None:
    hosted = scanner("--read-delay=yes --read-delay-duration 50000 --read-limit=yes --read-limit-size 2000")
    steps = hosted.scan(Source.FEEDER, dpi=20)
    next(steps)
    steps.close()  # type: ignore[attr-defined]
    assert next(iter(hosted.scan(Source.FEEDER, dpi=20))).page == 1


def test_a_scanner_that_is_not_there_is_told(scanner: Scan) -> None:
    assert "找不到这台扫描仪" in failed(scanner(device="test:9"))[1].what
    status = scanner(device="test:9").status()
    assert not status.is_ready
    assert "找不到" in status.text


def test_the_status_names_what_sheets_can_be_taken_from(scanner: Scan) -> None:
    assert scanner().status().sources == (Source.FLATBED, Source.FEEDER)
    assert scanner(device="auto").status().is_ready


def test_a_scanner_without_a_feeder_says_so(scanner: Scan, tmp_path: Path) -> None:
    assert "没有进纸器" in failed(scanner(device="pnm:0"))[1].what


def test_a_cancel_while_the_scanner_is_still_asked_what_it_can_is_not_lost(scanner: Scan, tmp_path: Path) -> None:
    scanner()
    beats: list[int] = []

    def beat() -> None:
        beats.append(1)
        if len(beats) == 1:
            device.cancel()

    device = SaneScanner("test:0", str(tmp_path), beat=beat)
    came: list[int] = []
    with pytest.raises(DeviceError, match="已取消"):
        taken(device.scan(Source.FEEDER, dpi=50), came)
    assert len(came) < 10


def test_a_complaint_between_two_halves_of_a_line_loses_no_page() -> None:
    with subprocess.Popen([sys.executable, "-c", ""], stderr=subprocess.PIPE) as silent, DefaultSelector() as selector:
        reading = _Reading(silent, [], lambda: None)
        assert not list(reading._steps_in("scanimage: rounded value of resolution\nProgress: 4", selector))
        assert list(reading._steps_in("2.5%\r", selector)) == [ScanStep(page=1, percent=42)]
    assert "rounded" in reading.words
