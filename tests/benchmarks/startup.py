"""From the start of the process to the painted sign-in window, beside a window with one label, in turn.

Run as ``python -m tests.benchmarks.startup --json [--size RUNS]``.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import psutil

LABEL = """
import sys
from PySide6.QtWidgets import QApplication, QLabel
app = QApplication([])
window = QLabel("label")
"""
SIGN_IN = """
import sys
from pathlib import Path
from ui.app import make_app
counter = make_app(Path(sys.argv[1]))
app = counter.app
counter.show_sign_in()
window = counter.sign_in_window
"""
UNTIL_PAINTED = """
from PySide6.QtCore import QEvent, QObject
class Watch(QObject):
    def eventFilter(self, watched, event):
        if event.type() == QEvent.Type.Paint and watched is window:
            app.quit()
        return False
watch = Watch()
window.installEventFilter(watch)
window.show()
app.exec()
print("painted", flush=True)
sys.stdin.readline()
import os
os._exit(0)
"""


def measure(runs: int) -> dict[str, object]:
    """Medians in seconds; the two windows alternate so that a busy machine slows both."""
    with tempfile.TemporaryDirectory() as folder:
        _start(LABEL, folder), _start(SIGN_IN, folder)  # the first run reads from the disk
        pairs = [(_start(LABEL, folder), _start(SIGN_IN, folder)) for _ in range(runs)]
    yardstick = statistics.median(label[0] for label, _ in pairs)
    figure = statistics.median(ours[0] for _, ours in pairs)
    return {
        "name": "start to sign-in window",
        "figure": round(figure, 3),
        "unit": "s",
        "yardstick": {"name": "one-label PySide6 window", "figure": round(yardstick, 3)},
        "ratio": round(figure / yardstick, 2),
        "rss_mb": round(statistics.median(ours[1] for _, ours in pairs)),
        "yardstick_rss_mb": round(statistics.median(label[1] for label, _ in pairs)),
        "sizes": {"runs": runs},
        "versions": {"PySide6-Essentials": version("PySide6-Essentials"), "python": sys.version.split()[0]},
    }


def _start(program: str, folder: str) -> tuple[float, float]:
    """Seconds until painted, and resident memory in MB then."""
    env = os.environ | {"QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(Path(__file__).parents[2])}
    begun = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-c", program + UNTIL_PAINTED, folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=env,
    ) as process:
        line = process.stdout.readline() if process.stdout else ""
        seconds = time.perf_counter() - begun
        if line.strip() != "painted":
            raise RuntimeError("the window was not painted")
        memory = psutil.Process(process.pid).memory_info().rss / 1e6
        process.communicate("\n")
    return seconds, memory


def main(arguments: Sequence[str] | None = None) -> None:
    """Print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON line (the only form there is)")
    parser.add_argument("--size", type=int, default=9, help="runs of each")
    print(json.dumps(measure(parser.parse_args(arguments).size)))


if __name__ == "__main__":
    main()
