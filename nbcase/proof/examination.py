"""Looking into a file that somebody hands over: its codes, its signature. In a process of its own, with bounds on time and memory.

Whoever opens the page of the centre may send anything: a picture that unpacks to gigabytes, a PDF that never ends.
"""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from enum import StrEnum
from io import BytesIO
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:  # loaded by the process that looks into a file, not by everybody who asks for a verdict
    import pypdfium2
    from PIL import Image

MOST_BYTES = 12 << 20
MOST_CPU_SECONDS = 20
MOST_SECONDS = 60
"""By the clock, on a machine that has much else to do."""

MOST_MEMORY = 3 << 29
"""1.5 GiB of address space: libraries take 0.5, a page in pixels some 10 MB."""

MOST_PAGES = 6
"""Codes stand on the first or the last page; the middle of a longer file is not drawn."""

MOST_PIXELS = 50_000_000
"""A picture of 8,000 by 6,000."""

DPI = 200
LONGEST_SIDE = 3_400
"""Pixels of a drawn page, whatever size it says it has."""


_PROCESS = "from nbcase.proof.examination import main; main()"


class Seal(StrEnum):
    """What the signature of a file says."""

    NONE = "none"
    INTACT = "intact"
    CHANGED = "changed"
    """One of our certificates is in it, but the file is not what it signed."""
    FORGED = "forged"
    """It names one of our certificates, whose key has not signed."""
    UNKNOWN = "unknown"
    """Somebody signs whom we do not know."""


class Examined(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a file shows. `problem` is a word for a file that cannot be looked into: ``too_large``, ``too_long``, ``unreadable``."""

    codes: list[str] = []
    seal: Seal = Seal.NONE
    certificate: bytes = b""
    has_text: bool = False
    problem: str = ""


class _Order(msgspec.Struct):
    authorities: list[bytes]
    known: list[bytes]
    content: bytes


def examine(content: bytes, authorities: Sequence[bytes], known: Sequence[bytes]) -> Examined:
    """Look into a file in this process: for files that are one's own, and for the process with bounds."""
    if len(content) > MOST_BYTES:
        return Examined(problem="too_large")
    if content[:1024].lstrip().startswith(b"%PDF-") or b"startxref" in content[-1024:]:
        return _examine_pdf(content, list(authorities), list(known))
    return _examine_picture(content)


def _examine_pdf(content: bytes, authorities: list[bytes], known: list[bytes]) -> Examined:
    import pypdfium2

    from nbcase.proof.pdf_signature import check_pdf

    found = check_pdf(content, authorities, known)
    try:
        with pypdfium2.PdfDocument(content) as document:
            codes, has_text = list(_codes_of(document)), _has_text(document)
    except RuntimeError:  # pypdfium2 raises its own subclass for a damaged or locked file
        return Examined(seal=found.seal, certificate=found.certificate, problem="" if found.seal is Seal.CHANGED else "unreadable")
    return Examined(codes=codes, seal=found.seal, certificate=found.certificate, has_text=has_text)


def _codes_of(document: "pypdfium2.PdfDocument") -> Iterator[str]:
    count = len(document)
    for number in dict.fromkeys((count - 1, *range(min(count, MOST_PAGES - 1)))):
        page = document[number]
        try:
            scale = min(DPI / 72, LONGEST_SIDE / max(page.get_width(), page.get_height(), 1))
            yield from _codes_in(page.render(scale=scale, may_draw_forms=False, grayscale=True).to_pil())
        finally:
            page.close()


def _has_text(document: "pypdfium2.PdfDocument") -> bool:
    return any(document[number].get_textpage().count_chars() > 20 for number in range(min(len(document), MOST_PAGES)))


def _examine_picture(content: bytes) -> Examined:
    from PIL import Image, ImageOps

    try:
        with Image.open(BytesIO(content), formats=("PNG", "JPEG", "WEBP", "TIFF", "BMP")) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                return Examined(problem="too_large")
            picture.draft("L", (LONGEST_SIDE, LONGEST_SIDE))
            upright = ImageOps.exif_transpose(picture).convert("L")
    except Image.DecompressionBombError:
        return Examined(problem="too_large")
    except (OSError, ValueError, SyntaxError, EOFError):  # what Pillow raises for spoilt pictures
        return Examined(problem="unreadable")
    return Examined(codes=list(_codes_in(upright)))


def _codes_in(picture: "Image.Image") -> Iterator[str]:
    import zxingcpp

    yield from (found.text for found in zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)))


def examine_apart(content: bytes, authorities: Sequence[bytes], known: Sequence[bytes], *, seconds: float = MOST_SECONDS) -> Examined:
    """The same in a process of its own, which is ended when it takes too long or too much: for files from anybody."""
    if len(content) > MOST_BYTES:
        return Examined(problem="too_large")
    order = msgspec.msgpack.encode(_Order(list(authorities), list(known), content))
    try:
        done = subprocess.run([sys.executable, "-c", _PROCESS], input=order, capture_output=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        return Examined(problem="too_long")
    if done.returncode:
        return Examined(problem="unreadable")
    return msgspec.msgpack.decode(done.stdout, type=Examined)


def _bound() -> None:
    """No more memory and processor time than a file needs that is meant honestly; Windows knows only the end by the clock."""
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_CPU_SECONDS, MOST_CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> None:
    """The process with bounds: an order on its input, what was found on its output."""
    _bound()
    order = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=_Order)
    sys.stdout.buffer.write(msgspec.msgpack.encode(examine(order.content, order.authorities, order.known)))
