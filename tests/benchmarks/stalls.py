"""How long the window stands still while devices work: a card is read, sheets are scanned, the camera looks, papers are printed.

Run as ``python -m tests.benchmarks.stalls --json [--size 10]``, size being the sheets of a scan and the papers that are printed. The
yardstick is the same window with nothing to do. What a machine lacks (SANE, CUPS) is left out and named.
"""

import argparse
import json
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import PySide6
from PySide6.QtWidgets import QApplication

from nbcase.devices.hosted import HostedScanner, hosted_camera, hosted_reader, hosted_scanner
from nbcase.devices.simulated_reader import SimulatedReader
from nbcase.documents.layout import load_layout
from nbcase.documents.printing import PrintJob, RasterQueue, cups_queue
from nbcase.documents.raster import PrinterSetup
from nbcase.documents.render import render
from nbcase.operations.drafts import drafts
from tests.devices.test_opencv_camera import GOOD, MOVING, OUT_OF_FOCUS, film
from tests.parts.counter import Counter, make_counter
from tests.parts.newcomer import CARD
from tests.parts.printserver import is_there, print_server
from ui.keyboard import Keyboard
from ui.pages import PageSpec
from ui.pages.register import RegisterPage
from ui.shell.window import MainWindow
from ui.tasks import StallWatch, TaskRunner
from ui.theme import Theme, load_tokens

WANTED_MS = 50
_IDLE_S = 1.0


class Bench:
    """A window at work, and the longest stall of each errand."""

    def __init__(self, app: QApplication, folder: Path) -> None:
        self._app = app
        self.folder = folder
        self.busy_ms = 0.0
        """The most processor time that one turn of the loop took: what a stall would be on a machine without neighbours."""
        self.counter: Counter = make_counter(folder, people=20)
        self.tasks = TaskRunner(self.counter.troubles.append)
        self.counter.tasks = self.tasks
        spec = PageSpec(code="register", title="登记", icon="user-plus", order=1, roles=frozenset(), make=RegisterPage)
        self.window = MainWindow(self.counter, [spec], lambda typed: [])
        self.window.resize(1366, 768)
        self.window.show()
        self.window.open_page("register")
        self.page = self.window.page("register")
        self.keys = Keyboard(self.window)
        self.busy: dict[str, float] = {}
        self.until(lambda: self.tasks.pending == 0)

    def until(self, condition: Callable[[], bool], seconds: float = 120) -> None:
        """Turn the event loop until something is so."""
        deadline = time.monotonic() + seconds
        while not condition():
            began = time.thread_time()
            self._app.processEvents()
            self.busy_ms = max(self.busy_ms, (time.thread_time() - began) * 1000)
            if time.monotonic() > deadline:
                raise TimeoutError([str(error) for error in self.counter.troubles])

    def stall(self, what: str, begin: Callable[[], object], is_done: Callable[[], bool]) -> float:
        """Milliseconds of the longest stall from the key until all is done."""
        self.busy_ms = 0.0
        watch = StallWatch()
        watch.start()
        begin()
        self.until(lambda: is_done() and self.tasks.pending == 0)
        self.busy[what] = round(self.busy_ms, 1)
        return round(watch.stop(), 1)

    def kept(self) -> int:
        """Files in the draft."""
        return sum(len(draft.attachments) for draft in drafts(self.counter.desk, self.counter.clerk.record))


def _idle(bench: Bench) -> float:
    end = time.monotonic() + _IDLE_S
    return bench.stall("idle", lambda: None, lambda: time.monotonic() > end)


def _card(bench: Bench) -> float:
    with SimulatedReader(115200) as far_end:
        far_end.place(replace(CARD, new_address=""))
        reader = hosted_reader(far_end.port, 115200)
        bench.counter.reader = reader
        found = bench.stall("card", lambda: bench.keys.press("F2"), lambda: bool(bench.page.answers().get("document_number")))  # type: ignore[attr-defined]
        reader.close()
    return found


def _scan(bench: Bench, sheets: int) -> float:
    (bench.folder / "dll.conf").write_text("test\n")
    scanner: HostedScanner = hosted_scanner("test:0", str(bench.folder), extra="--test-picture Grid")
    bench.counter.scanner = scanner
    before = bench.kept()
    found = bench.stall("scan", lambda: bench.keys.press("Shift+F3"), lambda: bench.kept() >= before + min(sheets, 10))
    scanner.close()
    bench.counter.scanner = None
    return found


def _camera(bench: Bench) -> float:
    camera = hosted_camera(film(bench.folder / "card.avi", MOVING * 2 + OUT_OF_FOCUS + GOOD))
    bench.counter.camera = camera
    before = bench.kept()
    found = bench.stall("camera", lambda: bench.keys.press("F3"), lambda: bench.kept() > before)
    camera.close()
    return found


def _print(bench: Bench, papers: int) -> float:
    done: list[PrintJob] = []
    layout = load_layout("acceptance-receipt")
    paper = render(layout, layout.samples(), specimen=True).pdf
    with tempfile.TemporaryDirectory(prefix="nbcups") as folder, print_server(Path(folder)) as server, _environment(server.socket):
        server.add_queue("A4")
        queue = cups_queue("A4")
        assert queue is not None
        raster = RasterQueue(queue, PrinterSetup(dpi=600))

        def begin() -> None:
            for _ in range(papers):
                bench.tasks.run_in_order(lambda: raster.submit(paper, "paper"), then=done.append)

        return bench.stall("print", begin, lambda: len(done) == papers)


@contextmanager
def _environment(socket: str) -> Iterator[None]:
    os.environ["CUPS_SERVER"] = socket
    try:
        yield
    finally:
        del os.environ["CUPS_SERVER"]


def measure(size: int) -> dict[str, Any]:
    """All errands that this machine can do."""
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    Theme(load_tokens()).apply(app)
    with tempfile.TemporaryDirectory(prefix="nbstall", ignore_cleanup_errors=True) as folder, ExitStack() as stack:
        bench = Bench(app, Path(folder))
        stack.callback(bench.counter.desk.engine.dispose)
        idle = statistics.median(_idle(bench) for _ in range(3))
        found = {"card": _card(bench), "camera": _camera(bench)}
        if shutil.which("scanimage"):
            found["scan"] = _scan(bench, size)
        if is_there():
            found["print"] = _print(bench, size)
        bench.window.close()
    longest = max(found.values())
    return {
        "name": "stalls",
        "figure": longest,
        "unit": "ms, the longest stall of the event loop while devices work",
        "yardstick": idle,
        "ratio": round(longest / max(idle, 0.1), 1),
        "wanted": WANTED_MS,
        "busy_ms": bench.busy,
        **found,
        "sizes": {"sheets": min(size, 10), "papers": size},
        "versions": {"PySide6": PySide6.__version__},
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=10)
    parser.add_argument("--json", action="store_true")
    wanted = parser.parse_args(arguments)
    found = measure(wanted.size)
    print(json.dumps(found, ensure_ascii=False) if wanted.json else found)


if __name__ == "__main__":
    main()
