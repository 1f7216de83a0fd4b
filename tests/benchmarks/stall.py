"""Longest stall of the event loop while the reading of documents is loaded and while cards are read, in workers beside it.

Run as ``python -m tests.benchmarks.stall --json [--size CARDS]``. The yardstick is the same loop while nothing is read.
"""

import argparse
import json
import os
import random
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from itertools import pairwise
from typing import Final

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from nbcase.devices.document_reader import DocumentReader
from tests.parts.cardpictures import front_of, people, picture_of
from ui.tasks import TaskRunner

_BEAT_MS: Final = 5
_IDLE_S: Final = 2.0


class Loop:
    """An event loop that notes when it beats."""

    def __init__(self) -> None:
        self.app = QApplication.instance() or QApplication([])
        self.tasks = TaskRunner(_raise)
        self._beats: list[float] = []
        self._timer = QTimer(interval=_BEAT_MS)
        self._timer.timeout.connect(lambda: self._beats.append(time.perf_counter()))

    def longest_stall(self, work: Callable[[], object]) -> tuple[float, float]:
        """Milliseconds between two beats at most, beyond the beat itself, and seconds in all, while `work` runs in a worker."""
        done: list[object] = []
        self._beats = [time.perf_counter()]
        self._timer.start()
        self.tasks.run(work, then=done.append)
        while not done:
            self.app.processEvents()
            time.sleep(0.0005)
        self._timer.stop()
        gaps = [after - before for before, after in pairwise(self._beats)]
        return max(gaps, default=0.0) * 1000 - _BEAT_MS, sum(gaps)


def _raise(error: BaseException) -> None:
    raise error


def measure(cards: int) -> dict[str, object]:
    """Stalls in milliseconds: idle, while loading, and the worst of `cards` readings."""
    dice = random.Random(7)
    pictures = [picture_of(front_of(person, dice), "photo", dice) for person in people(cards, 7)]
    loop, reader = Loop(), DocumentReader()
    idle, _ = loop.longest_stall(lambda: time.sleep(_IDLE_S))
    loading, load_s = loop.longest_stall(reader.warm_up)
    reading = max(loop.longest_stall(lambda picture=picture: reader.read(picture))[0] for picture in pictures)  # type: ignore[misc]
    return {
        "name": "longest stall of the event loop while documents are read",
        "figure": round(max(loading, reading), 1),
        "unit": "ms",
        "yardstick": {"name": "the same loop idle", "figure": round(idle, 1)},
        "ratio": round(max(loading, reading) / max(idle, 0.1), 1),
        "loading_ms": round(loading, 1),
        "loading_s": round(load_s, 2),
        "reading_ms": round(reading, 1),
        "sizes": {"cards": cards},
        "versions": {name: version(name) for name in ("rapidocr", "onnxruntime", "PySide6-Essentials")},
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print, one JSON line with ``--json``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--size", type=int, default=5, help="cards that are read")
    chosen = parser.parse_args(arguments)
    result = measure(chosen.size)
    print(json.dumps(result, ensure_ascii=False) if chosen.json else "\n".join(f"{key}: {value}" for key, value in result.items()))


if __name__ == "__main__":
    main()
