"""The check before the window opens, with every device at the end of its real line: green, and in under a minute."""

import shutil
import time
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from nbcase.bootstrap.devices import measure_test_sheet, print_test_sheet
from nbcase.devices.hosted import hosted_camera, hosted_reader, hosted_scanner
from nbcase.devices.simulated_reader import SimulatedReader
from nbcase.documents.printing import RasterQueue, cups_queue
from nbcase.documents.raster import PrinterSetup
from nbcase.operations.readiness import readiness
from nbcase.settings import load_printers, save_printer
from tests.devices.test_opencv_camera import GOOD, film
from tests.documents.test_real_printing import png, server, wait_for  # noqa: F401 - the fixture is for the test below
from tests.parts.printserver import PrintServer, is_there

pytestmark = pytest.mark.skipif(not is_there() or shutil.which("scanimage") is None, reason="CUPS or SANE is not on this machine")


def test_all_devices_are_green_in_under_a_minute(server: PrintServer, tmp_path: Path) -> None:  # noqa: F811
    server.add_queue("A4")
    queue = cups_queue("A4")
    assert queue is not None
    (tmp_path / "dll.conf").write_text("test\n")
    started = time.monotonic()
    with ExitStack() as stack:
        far_end = stack.enter_context(SimulatedReader())
        rows = readiness(
            None,
            folder=tmp_path,
            reader=stack.enter_context(closing(hosted_reader(far_end.port, 115200))),
            scanner=stack.enter_context(closing(hosted_scanner("test:0", str(tmp_path)))),
            camera=stack.enter_context(closing(hosted_camera(film(tmp_path / "view.avi", GOOD)))),
            queue=RasterQueue(queue, PrinterSetup()),
        )
    assert time.monotonic() - started < 60
    states = {row.key: row.state for row in rows}
    assert {key: states[key] for key in ("reader", "scanner", "camera", "printer")} == dict.fromkeys(
        ("reader", "scanner", "camera", "printer"), "passed"
    )


def test_a_printer_is_set_right_by_its_sheet_printed_and_scanned_again(server: PrintServer, tmp_path: Path) -> None:  # noqa: F811
    paper, scan = server.add_queue("A4"), tmp_path / "scan.png"

    def print_and_scan() -> None:
        paper.unlink(missing_ok=True)
        print_test_sheet(tmp_path, "A4")
        wait_for(lambda: paper.exists() and paper.read_bytes().rstrip().endswith(b"%%EOF"))
        scan.write_bytes(png(paper.read_bytes()))

    save_printer(tmp_path, "Other", PrinterSetup(dpi=600))
    # As if the rollers drew every sheet in three millimetres too far: the desk does not know of it yet.
    save_printer(tmp_path, "A4", PrinterSetup(right_mm=3.0))
    print_and_scan()
    assert not measure_test_sheet(tmp_path, "A4", scan, saves=True)["is_good"]
    print_and_scan()
    assert measure_test_sheet(tmp_path, "A4", scan)["is_good"]
    assert load_printers(tmp_path)["Other"].dpi == 600
