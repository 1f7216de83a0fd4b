"""A camera whose place a video file takes: it shows what it sees, and takes the picture when that is sharp and still."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from nbcase.devices.hosted import HostedCamera, hosted_camera
from nbcase.domain.errors import DeviceError

SIZE = (1280, 960)


def film(path: Path, frames: list[tuple[int, float]]) -> str:
    """A film of a printed sheet: where it lies (pixels from the left) and how far out of focus (sigma), frame by frame."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 12, SIZE)
    for left, blur in frames:
        pixels = np.full((SIZE[1], SIZE[0], 3), 90, np.uint8)
        cv2.rectangle(pixels, (left, 200), (left + 700, 640), (245, 245, 245), -1)
        for line in range(6):
            cv2.putText(pixels, "330299 SPECIMEN 19900101", (left + 20, 260 + 60 * line), cv2.FONT_HERSHEY_SIMPLEX, 1.4, (20, 20, 20), 3)
        writer.write(cv2.GaussianBlur(pixels, (0, 0), blur) if blur else pixels)
    writer.release()
    return str(path)


MOVING = [(40 + 30 * number, 0.0) for number in range(6)]
OUT_OF_FOCUS = [(250, 12.0)] * 8
GOOD = [(250, 0.0)] * 10


@pytest.fixture
def camera(tmp_path: Path) -> Iterator[list[HostedCamera]]:
    made: list[HostedCamera] = []
    yield made
    for each in made:
        each.close()


def watched(camera: list[HostedCamera], path: str) -> HostedCamera:
    camera.append(hosted_camera(path))
    return camera[-1]


def test_the_picture_is_taken_when_the_view_is_sharp_and_still(camera: list[HostedCamera], tmp_path: Path) -> None:
    frames = list(watched(camera, film(tmp_path / "sheet.avi", MOVING + OUT_OF_FOCUS + GOOD)).watch())
    assert [bool(frame.picture) for frame in frames[:-1]] == [False] * (len(frames) - 1)
    assert len(frames) > len(MOVING) + len(OUT_OF_FOCUS)
    assert not any(frame.is_still for frame in frames[1 : len(MOVING)])
    assert not any(frame.is_sharp for frame in frames[len(MOVING) : len(MOVING) + len(OUT_OF_FOCUS)])
    with Image.open(BytesIO(frames[-1].picture)) as picture:
        assert picture.size == SIZE
    with Image.open(BytesIO(frames[0].preview)) as preview:
        assert preview.size == (640, 480)


def test_a_clerk_may_take_the_picture_at_once(camera: list[HostedCamera], tmp_path: Path) -> None:
    hosted = watched(camera, film(tmp_path / "sheet.avi", OUT_OF_FOCUS * 4))
    frames = hosted.watch()
    next(frames)
    hosted.shoot()
    assert [frame for frame in frames if frame.picture]


def test_a_cancel_ends_without_a_picture(camera: list[HostedCamera], tmp_path: Path) -> None:
    hosted = watched(camera, film(tmp_path / "sheet.avi", OUT_OF_FOCUS * 4))
    frames = hosted.watch()
    next(frames)
    hosted.cancel()
    with pytest.raises(DeviceError, match="停止"):
        list(frames)
    assert hosted.trouble == ""


def test_a_camera_that_is_not_there_or_goes_away_is_told(camera: list[HostedCamera], tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="没有画面"):
        list(watched(camera, str(tmp_path / "no-such.avi")).watch())
    with pytest.raises(DeviceError, match="没有画面"):
        list(watched(camera, film(tmp_path / "short.avi", MOVING)).watch())


def test_the_next_picture_needs_no_new_process(camera: list[HostedCamera], tmp_path: Path) -> None:
    hosted = watched(camera, film(tmp_path / "sheet.avi", GOOD))
    assert next(frame for frame in hosted.watch() if frame.picture)
    before = hosted.worker._process
    assert next(frame for frame in hosted.watch() if frame.picture)
    assert before is not None
    assert hosted.worker._process is before
