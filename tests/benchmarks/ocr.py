"""Card picture to filled fields, warm, beside the engine alone, as it comes, on the same card cut out.

Run as ``python -m tests.benchmarks.ocr --json [--size RUNS]``.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable, Sequence
from datetime import date
from importlib.metadata import version
from io import BytesIO

from rapidocr import RapidOCR

from nbcase.devices.card_picture import open_card
from nbcase.devices.document_reader import DocumentReader
from nbcase.devices.sample_card import TILTED_PHOTO, SamplePerson, draw_front, photograph


def measure(runs: int) -> dict[str, object]:
    """Medians in seconds of `runs` readings; the two kinds alternate so that a busy machine slows both."""
    person = SamplePerson()
    stream = BytesIO()
    photograph(draw_front(person), TILTED_PHOTO).save(stream, "JPEG", quality=88)
    picture = stream.getvalue()
    reader = DocumentReader()
    reader.warm_up()
    document = reader.read(picture, date(2026, 11, 24))
    number = document.fields["number"]
    cut_out = open_card(picture).pixels
    engine = RapidOCR(params={"Global.log_level": "critical"})
    engine(cut_out)

    whole: list[float] = []
    alone: list[float] = []
    for _ in range(runs):
        whole.append(_seconds(lambda: reader.read(picture)))
        alone.append(_seconds(lambda: engine(cut_out)))
    figure, yardstick = statistics.median(whole), statistics.median(alone)
    return {
        "name": "card picture to filled fields",
        "figure": round(figure, 3),
        "unit": "s",
        "yardstick": {"name": "rapidocr alone, its own settings, on the straightened card", "figure": round(yardstick, 3)},
        "ratio": round(figure / yardstick, 2),
        "wrong_sure": int(number.value != person.number and not number.needs_look),
        "sizes": {"runs": runs, "picture_bytes": len(picture)},
        "versions": {name: version(name) for name in ("rapidocr", "onnxruntime", "opencv-python-headless")},
    }


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print, one JSON line with ``--json``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--size", type=int, default=7, help="readings of each kind")
    chosen = parser.parse_args(arguments)
    result = measure(chosen.size)
    print(json.dumps(result, ensure_ascii=False) if chosen.json else "\n".join(f"{key}: {value}" for key, value in result.items()))


if __name__ == "__main__":
    main()
