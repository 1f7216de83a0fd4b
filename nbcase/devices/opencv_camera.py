"""A document camera through OpenCV: most are plain UVC cameras. A video file may stand in for one."""

import time
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import TYPE_CHECKING, Final

from nbcase.devices.contract import CameraFrame, ReaderStatus
from nbcase.domain.errors import DeviceError
from nbcase.domain.words import tr

if TYPE_CHECKING:
    import cv2

    from nbcase.devices.card_picture import Pixels

PREVIEW_WIDTH: Final = 640
FRAME_S: Final = 0.08
"""Between two frames that are shown; more would cost the desk's processor for nothing."""

SHARP: Final = 60.0
"""Variance of the Laplacian of the preview; print in focus has hundreds, a camera that still looks for its focus below 30."""

STILL: Final = 2.5
"""Mean difference of two previews in steps of grey; a hand that moves a card makes ten and more, noise about one."""

_STILL_FRAMES: Final = 5
"""So many frames after one another must be good: four tenths of a second."""

_MOST_S: Final = 120.0
"""A camera that nobody looks at any longer is let go."""

_WANTED_SIZE: Final = (2592, 1944)
"""Asked for; the camera takes its nearest. Five million pixels are an A4 sheet at 225 dpi."""

_QUALITY: Final = 90


class OpenCvCamera:
    """Camera number `device`, or a video file."""

    def __init__(self, device: str, beat: Callable[[], None] = lambda: None) -> None:
        self._device = device
        self._beat = beat
        self._is_cancelled = self._is_wanted = False

    def watch(self) -> Generator[CameraFrame, None, None]:
        """Frames until a picture was taken, or none any longer.

        Raises DeviceError where there is no camera or no picture of it, and after a cancel.
        """
        import cv2

        self._is_cancelled = self._is_wanted = False
        source: int | str = int(self._device) if self._device.isdigit() else self._device
        capture = cv2.VideoCapture(source)
        try:
            if not capture.isOpened():
                raise _not_there()
            if isinstance(source, int):
                capture.set(cv2.CAP_PROP_FRAME_WIDTH, _WANTED_SIZE[0])
                capture.set(cv2.CAP_PROP_FRAME_HEIGHT, _WANTED_SIZE[1])
            yield from self._frames(capture)
        finally:
            capture.release()

    def status(self) -> ReaderStatus:
        """Whether there is a view."""
        frames = self.watch()
        try:
            next(frames)
        except DeviceError as fault:
            return ReaderStatus(port=self._device, is_ready=False, text=str(fault))
        finally:
            frames.close()
        return ReaderStatus(port=self._device, is_ready=True, text=tr("高拍仪已就绪。"))

    def _frames(self, capture: "cv2.VideoCapture") -> Iterator[CameraFrame]:
        give_up_at, next_at, good = time.monotonic() + _MOST_S, 0.0, 0
        former: Pixels | None = None
        while time.monotonic() < give_up_at:
            self._beat()
            is_read, pixels = capture.read()
            if not is_read:
                raise _not_there()
            if self._is_cancelled:
                raise DeviceError(tr("已停止拍摄。"), safe=tr("已填写的内容没有改变。"))
            now = time.monotonic()
            if now < next_at:
                # A file gives its frames as fast as they are asked for; a camera is never this far ahead.
                time.sleep(next_at - now)
            next_at = time.monotonic() + FRAME_S
            small = _small(pixels)
            is_still, is_sharp = former is not None and _difference(small, former) < STILL, _sharpness(small) > SHARP
            good = good + 1 if is_still and is_sharp else 0
            former = small
            is_taken = self._is_wanted or good >= _STILL_FRAMES
            yield CameraFrame(preview=_as_jpeg(small), is_still=is_still, is_sharp=is_sharp, picture=_as_jpeg(pixels) if is_taken else b"")
            if is_taken:
                return

    def shoot(self) -> None:
        """The next frame is the picture, sharp or not."""
        self._is_wanted = True

    def cancel(self) -> None:
        """No picture is wanted."""
        self._is_cancelled = True


def _small(pixels: "Pixels") -> "Pixels":
    import cv2

    height, width = pixels.shape[:2]
    scale = min(1.0, PREVIEW_WIDTH / width)
    return cv2.resize(pixels, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)


def _sharpness(pixels: "Pixels") -> float:
    import cv2

    return float(cv2.Laplacian(cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY), cv2.CV_64F).var())


def _difference(pixels: "Pixels", former: "Pixels") -> float:
    import cv2

    return float(cv2.absdiff(pixels, former).mean())


def _as_jpeg(pixels: "Pixels") -> bytes:
    import cv2

    return cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1].tobytes()


def _not_there() -> DeviceError:
    return DeviceError(
        tr("高拍仪没有画面。"),
        safe=tr("已填写的内容没有改变。"),
        do=tr("请检查高拍仪的线，关闭其他用它的程序；也可以按 F4 选图片文件。"),
    )


def open_driver(options: Mapping[str, str], beat: Callable[[], None]) -> OpenCvCamera:
    """The driver as `nbcase.devices.host` opens it: `device`."""
    return OpenCvCamera(options["device"], beat)
