"""Pictures of passports (TD3) and cards (TD1) to the fields of their machine-readable zones: accuracy, wrong but sure, time, memory.

Run as ``python -m tests.benchmarks.mrz --documents 30 --json [--seed 7] [--errors]``. The yardstick is the engine alone, as it comes,
on some of the same pictures.
"""

import argparse
import json
import random
import resource
import statistics
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from importlib.metadata import version
from typing import Final

from rapidocr import RapidOCR

from nbcase.devices.contract import ReadDocument
from nbcase.devices.document_reader import DocumentReader
from nbcase.devices.mrz import Layout
from nbcase.devices.picture_file import open_picture
from nbcase.domain import codes
from tests.parts.zonepictures import CONDITIONS, OCR_B, Holder, holders, picture_of, written

TODAY: Final = date(2026, 11, 24)
LAYOUTS: Final = (Layout.TD3, Layout.TD1)
_YARDSTICK_EVERY: Final = 10


@dataclass(slots=True)
class Tally:
    """Counts by layout."""

    asked: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    right: Counter[str] = field(default_factory=Counter)
    right_or_offered: Counter[str] = field(default_factory=Counter)
    wrong_sure: Counter[str] = field(default_factory=Counter)
    number_asked: Counter[str] = field(default_factory=Counter)
    by_condition: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)

    def take(self, layout: str, condition: str, truth: dict[str, str], document: ReadDocument) -> None:
        """Compare one reading with the truth; «offered» counts a number among the choices that the clerk is given."""
        self.asked[layout] += 1
        self.found[layout] += "number" in document.fields
        wrong = []
        for key, wanted in truth.items():
            found = document.fields.get(key)
            if found is None or found.value != wanted:
                wrong.append(f"{key}: {wanted} read as {found.value if found else None}")
                self.wrong_sure[layout] += found is not None and not found.needs_look
        number = document.fields.get("number")
        if number is not None:
            self.number_asked[layout] += number.needs_look
            self.right_or_offered[layout] += truth["number"] in (number.value, *number.others)
        self.right[layout] += not wrong
        self.by_condition[condition] += not wrong
        self.errors += [f"{layout} {condition} {text}" for text in wrong]


def _truth(holder: Holder) -> dict[str, str]:
    return {
        "number": holder.number,
        "birth_on": holder.birth_on.isoformat(),
        "sex_code": "1" if holder.sex == "M" else "2",
        "valid_until_on": holder.expires_on.isoformat(),
        "country_code": codes.normal("country", holder.issuer) or holder.issuer,
        "name_latin": f"{holder.surname} {holder.given}".strip(),
    }


def measure(count: int, seed: int) -> tuple[dict[str, object], list[str]]:
    """The figures of `count` documents of each layout under every condition, and each error in words."""
    reader = DocumentReader()
    reader.warm_up()
    engine = RapidOCR(params={"Global.log_level": "critical"})
    tally, whole, cpu, alone = Tally(), [], [], []
    dice = random.Random(seed)
    for layout in LAYOUTS:
        for holder in holders(count, seed, layout):
            for condition in CONDITIONS:
                picture = picture_of(written(holder, layout), layout, condition, dice)
                started, worked = time.perf_counter(), time.process_time()
                document = reader.read(picture, TODAY)
                whole.append(time.perf_counter() - started)
                cpu.append(time.process_time() - worked)
                tally.take(layout.value, condition, _truth(holder), document)
                if len(whole) % _YARDSTICK_EVERY == 1:
                    pixels = open_picture(picture)
                    started = time.perf_counter()
                    engine(pixels)
                    alone.append(time.perf_counter() - started)
    figure, yardstick = statistics.median(whole), statistics.median(alone)
    result: dict[str, object] = {
        "name": "machine-readable zone to fields",
        "figure": round(figure, 3),
        "unit": "s",
        "yardstick": {"name": "rapidocr alone, its own settings, on the same picture", "figure": round(yardstick, 3)},
        "ratio": round(figure / yardstick, 2),
        "cpu_s": round(statistics.median(cpu), 3),
        "zones": dict(tally.asked),
        "found": dict(tally.found),
        "all_fields_right": dict(tally.right),
        "number_right_or_offered": dict(tally.right_or_offered),
        "number_asked": dict(tally.number_asked),
        "right_by_condition": {condition: tally.by_condition[condition] for condition in CONDITIONS},
        "wrong_sure": sum(tally.wrong_sure.values()),
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "sizes": {"documents": count, "conditions": len(CONDITIONS), "seed": seed, "face": "OCR-B" if OCR_B.exists() else "Noto Sans"},
        "versions": {name: version(name) for name in ("rapidocr", "onnxruntime", "opencv-python-headless")},
    }
    return result, tally.errors


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print, one JSON line with ``--json``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--documents", "--people", "--size", type=int, default=10)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--errors", action="store_true", help="each error on stderr")
    chosen = parser.parse_args(arguments)
    result, errors = measure(chosen.documents, chosen.seed)
    print(json.dumps(result, ensure_ascii=False) if chosen.json else "\n".join(f"{key}: {value}" for key, value in result.items()))
    if chosen.errors:
        print("\n".join(errors), file=sys.stderr)


if __name__ == "__main__":
    main()
