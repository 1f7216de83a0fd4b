"""An archived PDF as one printer needs it: a raster of 300 or 600 dpi, shifted and stretched by what its test sheet showed.

A raster comes out alike from every driver, where text in embedded fonts does not. The archived file itself is never changed.
"""

import math
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from nbcase.domain.errors import DeviceError, UserError
from nbcase.domain.words import tr

if TYPE_CHECKING:
    from PIL import Image

pdfium_turn = threading.Lock()
"""PDFium must not be entered by two threads at once."""

_MM: Final = 72 / 25.4
_MOST_S: Final = 60.0
"""For a paper of many pages on a slow machine."""

_A4_MM: Final = (210.0, 297.0)
_MEDIA: Final = {"A4": _A4_MM, "A5": (148.0, 210.0)}
_CODE_MM: Final = 30.0
_PLACES: Final = ((15.0, 15.0), (165.0, 15.0), (15.0, 252.0), (165.0, 252.0))
"""Upper left corners of the four codes of the test sheet, mm from the sheet's upper left corner."""

MOST_OFF_MM: Final = 1.0
"""A paper's fields have this much air; a printer further off cuts into its rules."""

_MOST_STRETCH: Final = 0.005
_MOST_SKEW: Final = 0.7
"""Degrees; a sheet that was drawn in askew looks so to everybody."""


class PrinterSetup(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a printer is told beside the paper: resolution, correction (mm to the right and down, stretch of each axis), tray.

    `roll_mm` is the width of a receipt roll, 0 for sheets; a wider paper is made smaller to fit.
    """

    dpi: Literal[300, 600] = 300
    right_mm: float = 0.0
    down_mm: float = 0.0
    stretch_x: float = 1.0
    stretch_y: float = 1.0
    roll_mm: Literal[0, 58, 80] = 0
    tray: str = ""

    def __post_init__(self) -> None:
        if not (abs(self.right_mm) <= 20 and abs(self.down_mm) <= 20):
            raise ValueError("right_mm and down_mm are millimetres from -20 to 20")
        if not (0.9 <= self.stretch_x <= 1.1 and 0.9 <= self.stretch_y <= 1.1):
            raise ValueError("stretch_x and stretch_y are from 0.9 to 1.1")


def rastered(pdf: bytes, setup: PrinterSetup) -> bytes:
    """The same pages as pictures in a PDF of the same sizes, by the printer's setup."""
    import pypdfium2
    from reportlab.lib.utils import ImageReader
    from reportlab.pdfgen.canvas import Canvas

    buffer = BytesIO()
    canvas = Canvas(buffer, invariant=1, pageCompression=1)
    with pdfium_turn, pypdfium2.PdfDocument(pdf) as document:
        document.init_forms()
        for page in document:
            width, height = page.get_size()
            fit = min(1.0, setup.roll_mm * _MM / width) if setup.roll_mm else 1.0
            picture = _plain(page.render(scale=setup.dpi / 72 * fit).to_pil())
            width, height = width * fit, height * fit
            canvas.setPageSize((width, height))
            wide, high = width * setup.stretch_x, height * setup.stretch_y
            top = height - setup.down_mm * _MM
            canvas.drawImage(ImageReader(picture), setup.right_mm * _MM, top - high, wide, high)
            canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def rastered_apart(pdf: bytes, setup: PrinterSetup) -> bytes:
    """The same in a process of its own: a hundred million bytes of picture would hold up the window, a crash take it away.

    Raises DeviceError where that process fails or needs too long.
    """
    command = [sys.executable, "-m", "nbcase.documents.raster", msgspec.json.encode(setup).decode()]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "PYTHONUTF8": "1"}
    try:
        done = subprocess.run(command, input=pdf, capture_output=True, timeout=_MOST_S, check=True, env=environment)
    except (OSError, subprocess.SubprocessError) as error:
        raise DeviceError(
            tr("这份文书没有能转成打印的图。"), safe=tr("办件和单据已保存。"), do=tr("请再打印一次；仍不行请把文书存成文件打印。")
        ) from error
    return done.stdout


def media_of(pdf: bytes) -> str:
    """The size of a paper's first page in CUPS's words: A4, A5, or a size of its own such as Custom.80x210mm."""
    import pypdfium2

    with pdfium_turn, pypdfium2.PdfDocument(pdf) as document:
        width, height = (side / _MM for side in document[0].get_size())
    short, long = sorted((width, height))
    known = (name for name, sides in _MEDIA.items() if abs(short - sides[0]) < 1.5 and abs(long - sides[1]) < 1.5)
    return next(known, f"Custom.{width:.0f}x{height:.0f}mm")


def _plain(picture: "Image.Image") -> "Image.Image":
    """Grey where no pixel has a colour: a third of the bytes."""
    from PIL import ImageChops

    red, green, blue = picture.convert("RGB").split()
    is_grey = ImageChops.difference(red, green).getbbox() is None and ImageChops.difference(green, blue).getbbox() is None
    return red if is_grey else picture.convert("RGB")


def sheet_pdf(printer: str) -> bytes:
    """The test sheet: a code in each corner of A4, whose places in a scan tell how far the printer is off."""
    import segno
    from reportlab.pdfgen.canvas import Canvas

    width, height = (side * _MM for side in _A4_MM)
    buffer = BytesIO()
    canvas = Canvas(buffer, pagesize=(width, height), invariant=1)
    for number, (left, top) in enumerate(_PLACES, 1):
        matrix = segno.make_qr(f"nbcase-sheet-{number}", error="m").matrix
        module = _CODE_MM / len(matrix)
        for row, bits in enumerate(matrix):
            for column, bit in enumerate(bits):
                if bit:
                    x, y = (left + column * module) * _MM, height - (top + (row + 1) * module) * _MM
                    canvas.rect(x, y, module * _MM, module * _MM, stroke=0, fill=1)
    # The name is shown as it is in ASCII only: no font is needed for a sheet that nobody keeps.
    name = printer.encode("ascii", "replace").decode()
    canvas.drawCentredString(width / 2, height / 2, f"nbcase test sheet / {name}")
    canvas.drawCentredString(
        width / 2, height / 2 - 20, "Lay this sheet into the scanner's corner, upper edge first, and scan it at 300 dpi."
    )
    canvas.showPage()
    canvas.save()
    return buffer.getvalue()


class SheetMeasure(msgspec.Struct, frozen=True, kw_only=True):
    """Where a printed sheet's codes stand: mm to the right and down, stretch of each axis, degrees turned clockwise."""

    right_mm: float
    down_mm: float
    stretch_x: float
    stretch_y: float
    skew: float

    @property
    def is_good(self) -> bool:
        """Whether papers come out as they were made, for eyes and for scissors."""
        shifted = max(abs(self.right_mm), abs(self.down_mm))
        stretched = max(abs(self.stretch_x - 1), abs(self.stretch_y - 1))
        return shifted <= MOST_OFF_MM and stretched <= _MOST_STRETCH and abs(self.skew) <= _MOST_SKEW

    def corrected(self, setup: PrinterSetup) -> PrinterSetup:
        """The setup with which the sheet, printed with `setup`, would have come out right."""
        return msgspec.structs.replace(
            setup,
            right_mm=round(setup.right_mm - self.right_mm * setup.stretch_x / self.stretch_x, 2),
            down_mm=round(setup.down_mm - self.down_mm * setup.stretch_y / self.stretch_y, 2),
            stretch_x=round(setup.stretch_x / self.stretch_x, 4),
            stretch_y=round(setup.stretch_y / self.stretch_y, 4),
        )


def measure_sheet(picture: bytes, dpi: int) -> SheetMeasure:
    """How a scan of the test sheet lies; its upper left corner is the sheet's.

    Raises UserError where it is no picture or not all four codes can be read.
    """
    import zxingcpp
    from PIL import Image

    try:
        with Image.open(BytesIO(picture)) as image:
            grey = image.convert("L")
    except (OSError, Image.DecompressionBombError) as error:
        raise UserError(
            tr("这个文件不是能识别的图片。"),
            safe=tr("打印机的设置没有改动。"),
            do=tr("请给出测试页扫描成的 JPEG 或 PNG 图片。"),
        ) from error
    codes = zxingcpp.read_barcodes(grey, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode))
    found = {code.text: code.position for code in codes}
    wanted = [f"nbcase-sheet-{number}" for number in range(1, 5)]
    missing = [name for name in wanted if name not in found]
    if missing:
        raise UserError(
            tr("测试页上有 {n} 个方块读不出来。").format(n=len(missing)),
            safe=tr("打印机的设置没有改动。"),
            do=tr("请看是否缺墨、有条纹，把测试页贴着扫描仪的角放平，用 300 dpi 再扫一次。"),
        )
    centres = []
    for name in wanted:
        place = found[name]
        corners = (place.top_left, place.top_right, place.bottom_right, place.bottom_left)
        centres.append((sum(corner.x for corner in corners) / 4 / dpi * 25.4, sum(corner.y for corner in corners) / 4 / dpi * 25.4))
    return _fitted(centres)


def _fitted(centres: Sequence[tuple[float, float]]) -> SheetMeasure:
    """Shift, stretch and turn that carry the sheet's own places to these."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = centres
    left, top = _PLACES[0][0] + _CODE_MM / 2, _PLACES[0][1] + _CODE_MM / 2
    across, down = _PLACES[1][0] - _PLACES[0][0], _PLACES[2][1] - _PLACES[0][1]
    stretch_x = (math.hypot(bx - ax, by - ay) + math.hypot(dx - cx, dy - cy)) / 2 / across
    stretch_y = (math.hypot(cx - ax, cy - ay) + math.hypot(dx - bx, dy - by)) / 2 / down
    turned = (math.atan2(by - ay, bx - ax) + math.atan2(dy - cy, dx - cx)) / 2
    middle_x, middle_y = (ax + bx + cx + dx) / 4, (ay + by + cy + dy) / 4
    return SheetMeasure(
        right_mm=round(middle_x - (left + across / 2) * stretch_x, 2),
        down_mm=round(middle_y - (top + down / 2) * stretch_y, 2),
        stretch_x=round(stretch_x, 4),
        stretch_y=round(stretch_y, 4),
        skew=round(math.degrees(turned), 2),
    )


if __name__ == "__main__":
    sys.stdout.buffer.write(rastered(sys.stdin.buffer.read(), msgspec.json.decode(sys.argv[1], type=PrinterSetup)))
