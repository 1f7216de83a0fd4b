"""Pictures from the scanner and the camera into the registration: page by page beside the event loop, with progress, to be cancelled."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from nbcase.devices.contract import CameraFrame, ScanStep, Source
from nbcase.domain.errors import DeviceError
from nbcase.domain.words import tr
from ui.pages.register.view import Hand, Part
from ui.pages.register.work import Work

TakePicture = Callable[[Work | None, bytes], None]


class Imaging(Part):
    """One device works at a time. A finished page is handed on at once: what came before a jam or a cancel is kept."""

    def __init__(self, hand: Hand, take_card: TakePicture, take_proof: TakePicture, show_captured: Callable[[], None]) -> None:
        super().__init__(hand)
        self._take_card, self._take_proof, self._show_captured = take_card, take_proof, show_captured
        self._device: Any = None
        self._is_stopping = False

    def capture_card(self) -> None:
        """One side of the card: under the camera, else on the scanner's glass. A second call while the camera looks takes the picture."""
        if self._device is not None:
            self._shoot()
            return
        self._begin(self._take_card, wants_feeder=False)

    def capture_proof(self) -> None:
        """Papers: all that lie in the feeder, else what lies on the glass or under the camera."""
        if self._device is not None:
            self._shoot()
            return
        self._begin(self._take_proof, wants_feeder=True)

    def cancel(self) -> bool:
        """Stop the device that works; whether there was one."""
        if self._device is None:
            return False
        self._is_stopping = True
        self._device.cancel()
        self._view.show_reading(tr("正在停下…"))
        return True

    def _shoot(self) -> None:
        if self._device is self._context.camera:
            self._device.shoot()

    def _begin(self, take: TakePicture, *, wants_feeder: bool) -> None:
        camera, scanner = self._context.camera, self._context.scanner
        first, second = (scanner, camera) if wants_feeder else (camera, scanner)
        device = first or second
        if device is None:
            what = tr("没有接扫描仪，也没有接高拍仪。")
            self._context.trouble(DeviceError(what, safe=tr("表单没有改动。"), do=tr("按 F4 选图片文件，或把图片拖进来。")))
            return
        self._device, self._is_stopping = device, False
        if device is camera:
            self._view.show_reading(tr("对准后停稳会自动拍，再按一次立即拍，Esc 不拍"))
            self._next(device.watch(), take, self._work)
        else:
            self._view.show_reading(tr("正在准备扫描仪…"))
            self._next(_steps(device, wants_feeder=wants_feeder), take, self._work)

    def _next(self, steps: Iterator[CameraFrame | ScanStep], take: TakePicture, work: Work | None) -> None:
        then = partial(self._step, steps, take, work)
        self._context.tasks.run(lambda: next(steps, None), then=then, otherwise=self._failed)

    def _step(
        self, steps: Iterator[CameraFrame | ScanStep], take: TakePicture, work: Work | None, found: CameraFrame | ScanStep | None
    ) -> None:
        if found is None:
            self._give_up()
            return
        if isinstance(found, CameraFrame):
            self._view.show_live(found.preview)
        elif not self._is_stopping:
            self._view.show_reading(tr("正在扫描：第 {page} 页 {percent}%，Esc 停下").format(page=found.page, percent=found.percent))
        if found.picture and isinstance(found, CameraFrame):
            self._end()
            take(work, found.picture)
            return
        if found.picture:
            take(work, found.picture)
        if self._is_stopping:
            # A driver that was still being started or asked what it can has not heard it.
            self._device.cancel()
        self._next(steps, take, work)

    def _end(self) -> None:
        self._device = None
        self._view.show_reading("")

    def _give_up(self) -> None:
        """The end without a picture: what a camera saw last does not stay where the card is compared."""
        if self._device is self._context.camera:
            self._show_captured()
        self._end()

    def _failed(self, error: BaseException) -> None:
        self._give_up()
        self._context.trouble(error)


def _steps(scanner: Any, *, wants_feeder: bool) -> Iterator[ScanStep]:
    """The feeder's sheets where one is wanted and there, else the sheet on the glass; runs in a worker."""
    has_feeder = wants_feeder and Source.FEEDER in scanner.status().sources
    yield from scanner.scan(Source.FEEDER if has_feeder else Source.FLATBED)
