"""The devices and printers that a desk's settings name, and the test sheet of a printer."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from nbcase.domain.errors import UserError
from nbcase.domain.words import tr
from nbcase.settings import Settings, load_settings

if TYPE_CHECKING:  # named only; they bring OpenCV, numpy and serial ports, which the sign-in window does not wait for
    from nbcase.devices.contract import Camera, CardReader, Scanner
    from nbcase.documents.printing import PrintQueue


def card_reader(settings: Settings) -> "CardReader | None":
    """The reader that the settings name, in a process of its own; None where none is configured."""
    from nbcase.devices.hosted import hosted_reader

    if not settings.reader_port:
        return None
    return hosted_reader(settings.reader_port, settings.reader_baud, settings.reader_driver)


def scanner(settings: Settings) -> "Scanner | None":
    """The scanner that the settings name; None where none is configured."""
    from nbcase.devices.hosted import hosted_scanner

    return hosted_scanner(settings.scanner, module=settings.scanner_driver) if settings.scanner else None


def camera(settings: Settings) -> "Camera | None":
    """The camera that the settings name; None where none is configured."""
    from nbcase.devices.hosted import hosted_camera

    return hosted_camera(settings.camera, settings.camera_driver) if settings.camera else None


def print_queue(settings: Settings, folder: Path) -> "PrintQueue | None":
    """The queue that the settings name, with the receipts' own printer behind it; None where none is configured."""
    from nbcase.documents.printing import FolderQueue, QueuesByKind

    if settings.print_folder:
        return FolderQueue(Path(settings.print_folder))
    main = printer(folder, settings.queue)
    roll = {"58mm": 58, "80mm": 80}.get(settings.receipt_paper, 0)
    receipts = printer(folder, settings.receipt_queue or (settings.queue if roll else ""), roll_mm=roll)
    if main is None or receipts is None:
        return main or receipts
    return QueuesByKind(main, dict.fromkeys(("acceptance-receipt", "acceptance-receipt-80"), receipts))


def printer(folder: Path, name: str, *, roll_mm: int = 0) -> "PrintQueue | None":
    """A queue of CUPS with the setup that its test sheet gave; None where there is none of that name."""
    from nbcase.documents.printing import RasterQueue, cups_queue
    from nbcase.documents.raster import PrinterSetup
    from nbcase.settings import load_printers

    if not name:
        return None
    setup = load_printers(folder).get(name, PrinterSetup())
    queue = cups_queue(name, setup.tray)
    return None if queue is None else RasterQueue(queue, msgspec.structs.replace(setup, roll_mm=setup.roll_mm or roll_mm))


def print_test_sheet(folder: Path, name: str) -> str:
    """Send the test sheet to a queue, with the correction that is kept for it; the job's name."""
    from nbcase.documents.raster import sheet_pdf

    return _need_printer(folder, name).submit(sheet_pdf(name), "nbcase test sheet").job_id


def measure_test_sheet(folder: Path, name: str, picture: Path | None, *, dpi: int = 300, saves: bool = False) -> dict[str, Any]:
    """How a printed sheet lies, from a picture or the desk's scanner; with `saves` the correction is kept for the printer."""
    from nbcase.documents.raster import PrinterSetup, measure_sheet
    from nbcase.settings import load_printers, save_printer

    try:
        content = _scanned(folder, dpi) if picture is None else picture.read_bytes()
    except OSError as error:
        raise UserError(tr("文件打不开：{reason}").format(reason=error.strerror or error), safe=tr("打印机的设置没有改动。")) from error
    found = measure_sheet(content, dpi)
    setup = load_printers(folder).get(name, PrinterSetup())
    if saves:
        save_printer(folder, name, found.corrected(setup))
    return {**msgspec.structs.asdict(found), "is_good": found.is_good, "queue": name, "is_saved": saves}


def _scanned(folder: Path, dpi: int) -> bytes:
    """What lies on the glass of the desk's scanner."""
    from nbcase.devices.contract import Source

    device = scanner(load_settings(folder))
    if device is None:
        raise UserError(tr("没有设置扫描仪。"), safe=tr("打印机的设置没有改动。"), do=tr("请在设置里填扫描仪，或给出扫描件的文件。"))
    try:
        return next(step.picture for step in device.scan(Source.FLATBED, dpi=dpi) if step.picture)
    finally:
        device.close()


def _need_printer(folder: Path, name: str) -> "PrintQueue":
    found = printer(folder, name)
    if found is None:
        raise UserError(tr("没有名为 {name} 的打印机。").format(name=name), safe=tr("没有打印。"), do=tr("用 lpstat -e 看本机的打印机。"))
    return found
