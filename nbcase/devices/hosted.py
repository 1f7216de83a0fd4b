"""Devices as the rest of the program sees them: each behind a driver of its own process, chosen by a module's name."""

import time
from collections.abc import Iterator, Sequence
from typing import Final

from nbcase.devices import card_protocol as protocol
from nbcase.devices.contract import CameraFrame, CardData, CardReader, ReaderStatus, ScannerStatus, ScanStep, Source
from nbcase.devices.worker import Driver, Fault, Worker
from nbcase.domain.errors import DeviceError
from nbcase.domain.words import mark

SERIAL_READER: Final = "nbcase.devices.card_reader"
"""The driver where a setting names none."""

_STATUS_S: Final = 1.2
_TURN_S: Final = 0.7
"""How long one of several readers waits for a card before the next one is asked."""


def hosted_reader(port: str, baud: int, module: str = "") -> CardReader:
    """The reader of a port, or the readers of several ports with commas between them."""
    ports = [part.strip() for part in port.split(",") if part.strip()] or [port]
    readers = [_reader(each, baud, module or SERIAL_READER) for each in ports]
    return readers[0] if len(readers) == 1 else SeveralReaders(readers)


def _reader(port: str, baud: int, module: str) -> "HostedCardReader":
    driver = Driver(module=module, device=mark("读卡器"), options={"port": port, "baud": str(baud)})
    return HostedCardReader(Worker(driver), port)


class HostedCardReader:
    """A card reader whose driver cannot hurt the desk; what it gives is held against what a card can say."""

    def __init__(self, worker: Worker, port: str = "") -> None:
        self.worker = worker
        self.port = port

    def read(self, deadline_s: float = 3.0, *, wait_s: float | None = None) -> CardData:
        """Wait for a card, no longer than `wait_s`, and read it; raises DeviceError of the reader, the card or the driver."""
        turn = {} if wait_s is None else {"wait_s": wait_s}
        card = self.worker.call("read", CardData, deadline_s, deadline_s=deadline_s, **turn)
        if not _is_possible(card):
            raise self.worker.end(Fault.LIED)
        return card

    def status(self) -> ReaderStatus:
        """Whether reader and driver answer now."""
        try:
            return self.worker.call("status", ReaderStatus, _STATUS_S)
        except DeviceError as fault:
            return ReaderStatus(port=self.port, is_ready=False, text=str(fault))

    def is_ready(self) -> bool:
        """Whether `read` can be asked for."""
        return self.status().is_ready

    @property
    def trouble(self) -> str:
        """What was wrong with the driver when it was last used; empty when all was well."""
        return self.worker.trouble

    def warm_up(self) -> None:
        """Have the driver's process before the first card."""
        self.worker.start()

    def close(self) -> None:
        """End the driver's process."""
        self.worker.close()


class SeveralReaders:
    """Readers that are asked in turns until one has a card, the one that read last before the others."""

    def __init__(self, readers: Sequence[HostedCardReader]) -> None:
        self._readers = list(readers)

    def read(self, deadline_s: float = 3.0) -> CardData:
        """The first card on any of them; with none in time the complaint of the reader that was asked first.

        One reader that is broken does not keep the clerk from the other.
        """
        deadline = time.monotonic() + deadline_s
        complaint: DeviceError | None = None
        while complaint is None or time.monotonic() < deadline:
            for reader in list(self._readers):
                left = deadline - time.monotonic()
                if left <= 0 and complaint is not None:
                    break
                try:
                    card = reader.read(max(0.1, left), wait_s=min(_TURN_S, left))
                except DeviceError as error:
                    complaint = complaint or error
                    continue
                self._readers.remove(reader)
                self._readers.insert(0, reader)
                return card
        raise complaint

    def status(self) -> ReaderStatus:
        """Ready when one is, with the words of those that are not."""
        found = [reader.status() for reader in self._readers]
        lame = [f"{status.port} {status.text}" for status in found if not status.is_ready]
        is_ready = len(lame) < len(found)
        text = " ".join(lame) if lame else found[0].text
        return ReaderStatus(port=", ".join(status.port for status in found), is_ready=is_ready, text=text)

    def is_ready(self) -> bool:
        """Whether one of them can be asked."""
        return any(reader.is_ready() for reader in self._readers)

    @property
    def trouble(self) -> str:
        """What was wrong with one of the drivers; empty when all was well."""
        return next((reader.trouble for reader in self._readers if reader.trouble), "")

    def warm_up(self) -> None:
        """Have all drivers' processes before the first card."""
        for reader in self._readers:
            reader.warm_up()

    def close(self) -> None:
        """End all drivers' processes."""
        for reader in self._readers:
            reader.close()


def _is_possible(card: CardData) -> bool:
    """Whether a card can say this: no field is longer than the chip's text, and fields are those of the text they came with."""
    texts = (card.name, card.number, card.address, card.authority, card.name_latin, card.new_address, card.pass_number, card.link)
    if any(2 * len(text) > protocol.TEXT_SIZE for text in texts) or len(card.photo) > 4 * protocol.PHOTO_SIZE:
        return False
    if not card.raw_text:
        return True
    try:
        told = protocol.decode_card(card.raw_text, card.photo)
    except DeviceError:
        return False
    same = ("kind", "name", "number", "sex_code", "nation_code", "birth_on", "address", "valid_from_on", "valid_until_on")
    return all(getattr(card, key) == getattr(told, key) for key in same)


SANE_SCANNER: Final = "nbcase.devices.sane_scanner"
_SCANNER_SILENCE_S: Final = 45.0
"""A lamp that warms up, or a slow line, says nothing for so long; it is no hang yet."""

_PAGE_S: Final = 180.0
_MOST_PAGE: Final = 24 << 20
"""Bytes of a page's JPEG; A4 in colour at 600 dpi has about six million."""


def hosted_scanner(device: str, config: str = "", module: str = "", extra: str = "") -> "HostedScanner":
    """The scanner of a name in SANE, or of another driver's module."""
    driver = Driver(
        module=module or SANE_SCANNER,
        device=mark("扫描仪"),
        options={"device": "" if device == FIRST else device, "config": config, "extra": extra},
        silence_s=_SCANNER_SILENCE_S,
        most_bytes=_MOST_PAGE,
        most_memory=1 << 30,
    )
    return HostedScanner(Worker(driver))


FIRST: Final = "auto"
"""In place of a scanner's name: the first one that there is."""


class HostedScanner:
    """A scanner whose driver cannot hurt the desk."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker

    def scan(self, source: Source, *, dpi: int = 300) -> Iterator[ScanStep]:
        """Pages as they come; raises DeviceError of the scanner or the driver. What is no picture is not passed on."""
        for step in self.worker.stream("scan", ScanStep, _PAGE_S, source=source.value, dpi=dpi):
            if step.picture and not step.picture.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"%PDF-")):
                raise self.worker.end(Fault.LIED)
            yield step

    def cancel(self) -> None:
        """Ask for the end of the scan under way."""
        self.worker.nudge("cancel")

    def status(self) -> ScannerStatus:
        """Whether scanner and driver answer now."""
        try:
            return self.worker.call("status", ScannerStatus, _SCANNER_SILENCE_S)
        except DeviceError as fault:
            return ScannerStatus(is_ready=False, text=str(fault))

    @property
    def trouble(self) -> str:
        """What was wrong with the driver when it was last used; empty when all was well."""
        return self.worker.trouble

    def close(self) -> None:
        """End the driver's process."""
        self.worker.close()


OPENCV_CAMERA: Final = "nbcase.devices.opencv_camera"
_CAMERA_SILENCE_S: Final = 8.0
"""Some cameras take seconds to open."""


def hosted_camera(device: str, module: str = "") -> "HostedCamera":
    """The camera of a number, or of another driver's module."""
    driver = Driver(
        module=module or OPENCV_CAMERA,
        device=mark("高拍仪"),
        options={"device": device},
        silence_s=_CAMERA_SILENCE_S,
        most_bytes=_MOST_PAGE,
        most_memory=1 << 30,
    )
    return HostedCamera(Worker(driver))


class HostedCamera:
    """A document camera whose driver cannot hurt the desk."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker

    def watch(self) -> Iterator[CameraFrame]:
        """Frames until a picture was taken; raises DeviceError of the camera or the driver."""
        taken: CameraFrame | None = None
        for frame in self.worker.stream("watch", CameraFrame, _CAMERA_SILENCE_S):
            if any(picture and not picture.startswith(b"\xff\xd8\xff") for picture in (frame.preview, frame.picture)):
                raise self.worker.end(Fault.LIED)
            if frame.picture:
                taken = frame
            else:
                yield frame
        if taken is not None:
            # After the call's end: whoever takes the picture asks for no more, and a call broken off costs the driver its process.
            yield taken

    def status(self) -> ReaderStatus:
        """Whether camera and driver answer now."""
        try:
            return self.worker.call("status", ReaderStatus, _CAMERA_SILENCE_S)
        except DeviceError as fault:
            return ReaderStatus(port="", is_ready=False, text=str(fault))

    def shoot(self) -> None:
        """Take the picture at once."""
        self.worker.nudge("shoot")

    def cancel(self) -> None:
        """Stop watching without a picture."""
        self.worker.nudge("cancel")

    @property
    def trouble(self) -> str:
        """What was wrong with the driver when it was last used; empty when all was well."""
        return self.worker.trouble

    def close(self) -> None:
        """End the driver's process, which lets go of the camera."""
        self.worker.close()
