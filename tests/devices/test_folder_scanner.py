"""Files that an office machine lays into a folder come in as pages, whole ones only."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from nbcase.devices.contract import ScanStep, Source
from nbcase.devices.folder_scanner import FolderScanner, _looks
from nbcase.devices.hosted import hosted_scanner
from nbcase.domain.errors import DeviceError

PAGE = b"\xff\xd8\xff page "


def pages(scanner: FolderScanner, source: Source, then: Callable[[], None]) -> list[bytes]:
    """What a scan gives when `then` happens after it has begun."""
    steps = scanner.scan(source)
    next(steps)
    then()
    return [step.picture for step in steps]


def test_new_files_are_taken_in_their_order_and_old_ones_left(tmp_path: Path) -> None:
    (tmp_path / "old.jpg").write_bytes(PAGE)

    def lay() -> None:
        for name in ("b", "a"):
            (tmp_path / f"{name}.jpg").write_bytes(PAGE + name.encode())
        (tmp_path / "notes.txt").write_text("no picture")

    scanner = FolderScanner(tmp_path, wait_s=20, further_s=0.8)
    assert sorted(pages(scanner, Source.FEEDER, lay)) == [PAGE + b"a", PAGE + b"b"]
    assert (tmp_path / "a.jpg").exists()


def test_a_file_that_still_grows_is_waited_for(tmp_path: Path) -> None:
    beats = 0

    def grow() -> None:
        nonlocal beats
        beats += 1
        if beats <= 4:
            with (tmp_path / "page.jpg").open("ab") as file:
                file.write(PAGE)

    steps = list(FolderScanner(tmp_path, grow, wait_s=20).scan(Source.FLATBED))
    assert steps[-1].picture == PAGE * 4


def test_nothing_in_time_and_no_folder_are_told(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="没有新的文件"):
        list(FolderScanner(tmp_path, wait_s=0.3).scan(Source.FLATBED))
    nowhere = FolderScanner(tmp_path / "nowhere")
    assert not nowhere.status().is_ready
    with pytest.raises(DeviceError, match="打不开"):
        list(nowhere.scan(Source.FLATBED))


def test_behind_the_seam_it_can_be_cancelled(tmp_path: Path) -> None:
    hosted = hosted_scanner(str(tmp_path), module="nbcase.devices.folder_scanner")
    try:
        steps = hosted.scan(Source.FEEDER)
        assert next(steps) == ScanStep(page=1, percent=0)
        threading.Timer(0.3, hosted.cancel).start()
        with pytest.raises(DeviceError, match="已取消"):
            list(steps)
    finally:
        hosted.close()


def test_a_file_that_goes_away_between_two_looks_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "page.jpg").write_bytes(PAGE)
    assert list(_looks([tmp_path / "unfinished.tmp", tmp_path, tmp_path / "page.jpg"])) == [tmp_path / "page.jpg"]
