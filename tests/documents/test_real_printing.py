"""Papers through a real print server into PDF queues: what comes out is what was archived, shifted as the printer needs it."""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pypdfium2
import pytest
import zxingcpp
from PIL import Image, ImageChops, ImageFilter, ImageStat

from nbcase.documents.layout import load_layout
from nbcase.documents.printing import JobState, PrintJob, PrintQueue, QueuesByKind, RasterQueue, cups_queue
from nbcase.documents.raster import PrinterSetup, measure_sheet, rastered, sheet_pdf
from nbcase.documents.render import render
from tests.parts.printserver import PrintServer, is_there, print_server

pytestmark = pytest.mark.skipif(not is_there(), reason="CUPS is not on this machine")

DPI = 150


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[PrintServer]:
    # A socket's path may have a hundred characters; those of tmp_path are longer.
    with tempfile.TemporaryDirectory(prefix="nbcups") as folder, print_server(Path(folder)) as running:
        monkeypatch.setenv("CUPS_SERVER", running.socket)
        Path(folder).chmod(0o755)
        yield running


def found(name: str, setup: PrinterSetup | None = None) -> RasterQueue:
    queue = cups_queue(name)
    assert queue is not None
    return RasterQueue(queue, setup or PrinterSetup())


def wait_for(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        os.sched_yield()


def printed(queue: PrintQueue, paper: Path, pdf: bytes, title: str = "paper") -> bytes:
    """What lies in the printer's tray."""
    job = queue.submit(pdf, title)
    wait_for(lambda: queue.state(job) is JobState.PRINTED)
    return paper.read_bytes()


def picture(pdf: bytes, dpi: int = DPI) -> Image.Image:
    with pypdfium2.PdfDocument(pdf) as document:
        drawn: Image.Image = document[0].render(scale=dpi / 72).to_pil().convert("L")
    return drawn


def png(pdf: bytes, dpi: int = 300) -> bytes:
    buffer = BytesIO()
    picture(pdf, dpi).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("dpi", [300, 600])
def test_what_comes_out_is_the_archived_paper_and_its_code_can_be_read(server: PrintServer, receipt: bytes, dpi: int) -> None:
    paper = server.add_queue("A4")
    out = printed(found("A4", PrinterSetup(dpi=dpi)), paper, receipt, "受理回执")  # type: ignore[arg-type]
    wanted, got = picture(receipt), picture(out)
    assert max(abs(side - other) for side, other in zip(wanted.size, got.size, strict=True)) <= 2
    # Softened, because the print server may lay a page some hundredths of a millimetre beside.
    soft = [each.resize(wanted.size).filter(ImageFilter.GaussianBlur(2)) for each in (wanted, got)]
    assert ImageStat.Stat(ImageChops.difference(*soft)).mean[0] < 3
    before, after = (zxingcpp.read_barcodes(each) for each in (wanted, got))
    assert [code.text for code in after] == [code.text for code in before] != []


def test_the_test_sheet_finds_what_a_crooked_printer_does_and_the_next_one_is_right(server: PrintServer) -> None:
    paper = server.add_queue("A4")
    crooked = PrinterSetup(right_mm=2.0, down_mm=-1.5, stretch_x=0.99, stretch_y=1.01)
    out = printed(found("A4", crooked), paper, sheet_pdf("A4"))
    measure = measure_sheet(png(out), 300)
    assert not measure.is_good
    assert measure.right_mm == pytest.approx(2.0, abs=0.2)
    assert measure.down_mm == pytest.approx(-1.5, abs=0.2)
    assert (measure.stretch_x, measure.stretch_y) == pytest.approx((0.99, 1.01), abs=0.002)
    mended = measure.corrected(crooked)
    right = measure_sheet(png(printed(found("A4", mended), paper, sheet_pdf("A4"))), 300)
    assert right.is_good
    assert abs(right.right_mm) < 0.2


@pytest.mark.parametrize(("roll_mm", "width"), [(80, 80), (58, 58)])
def test_a_receipt_fits_its_roll(server: PrintServer, slip: bytes, roll_mm: int, width: int) -> None:
    with pypdfium2.PdfDocument(rastered(slip, PrinterSetup(roll_mm=roll_mm))) as document:  # type: ignore[arg-type]
        assert document[0].get_width() / 72 * 25.4 == pytest.approx(width, abs=0.5)
        codes = zxingcpp.read_barcodes(document[0].render(scale=300 / 72).to_pil())
    assert [bool(code.text) for code in codes] == [True]


def test_each_kind_of_paper_goes_to_its_own_printer(server: PrintServer, receipt: bytes) -> None:
    sheets, slips = server.add_queue("A4"), server.add_queue("Slips")
    both = QueuesByKind(found("A4"), {"acceptance-receipt-80": found("Slips")})
    printed(both.for_kind("acceptance-receipt-80"), slips, receipt)
    assert not sheets.exists()
    printed(both.for_kind("residence-voucher"), sheets, receipt)
    assert sheets.exists()


def test_a_paused_printer_is_told_and_its_job_comes_out_later(server: PrintServer, receipt: bytes) -> None:
    paper = server.add_queue("A4")
    server.ask("cupsdisable", "A4")
    queue = found("A4")
    assert "已暂停" in queue.obstacle()
    job = queue.submit(receipt, "paper")
    wait_for(lambda: queue.state(job) is JobState.STOPPED)
    assert not paper.exists()
    server.ask("cupsenable", "A4")
    wait_for(lambda: queue.state(job) is JobState.PRINTED)
    assert paper.exists()


def test_jobs_survive_a_restart_of_server_and_counter(monkeypatch: pytest.MonkeyPatch, receipt: bytes) -> None:
    with tempfile.TemporaryDirectory(prefix="nbcups") as folder:
        with print_server(Path(folder)) as running:
            monkeypatch.setenv("CUPS_SERVER", running.socket)
            paper = running.add_queue("A4")
            running.ask("cupsdisable", "A4")
            job = found("A4").submit(receipt, "paper")
        with print_server(Path(folder)) as again:
            again.ask("cupsenable", "A4")
            kept = PrintJob(queue=job.queue, job_id=job.job_id)
            wait_for(lambda: found("A4").state(kept) is JobState.PRINTED)
            assert paper.exists()


def test_a_cancelled_job_is_not_called_printed(server: PrintServer, receipt: bytes) -> None:
    server.add_queue("A4")
    server.ask("cupsdisable", "A4")
    job = found("A4").submit(receipt, "paper")
    server.ask("cancel", job.job_id)
    wait_for(lambda: found("A4").state(job) is JobState.STOPPED)


@pytest.fixture(scope="module")
def receipt() -> bytes:
    """A receipt as it is archived."""
    return _paper("acceptance-receipt")


@pytest.fixture(scope="module")
def slip() -> bytes:
    """The same on the roll."""
    return _paper("acceptance-receipt-80")


def _paper(code: str) -> bytes:
    layout = load_layout(code)
    return render(layout, layout.samples(), specimen=False).pdf
