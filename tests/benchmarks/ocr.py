"""Card pictures to filled fields: accuracy by condition, wrong numbers that passed as sure, time and memory.

Run as ``python -m tests.benchmarks.ocr --people 30 --json [--seed 7] [--errors]``. Every person's front is taken under each of the
ten conditions, and every third person's back. The yardstick is the engine alone, as it comes, on some of the same cards cut out.
"""

import argparse
import json
import random
import resource
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from importlib.metadata import version
from typing import Any, Final

from rapidocr import RapidOCR

from nbcase.devices.card_picture import find_document
from nbcase.devices.contract import ReadDocument
from nbcase.devices.document_reader import DocumentReader
from nbcase.devices.picture_file import open_picture
from nbcase.devices.sample_card import SamplePerson
from nbcase.domain import codes
from tests.parts.cardpictures import CONDITIONS, back_of, front_of, people, picture_of

TODAY: Final = date(2026, 11, 24)
_YARDSTICK_EVERY: Final = 10
_BACK_EVERY: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One picture and what a person reads on it."""

    condition: str
    picture: bytes
    truth: dict[str, str]


@dataclass(slots=True)
class Tally:
    """What was right, by condition and field."""

    right: Counter[tuple[str, str]] = field(default_factory=Counter)
    asked: Counter[tuple[str, str]] = field(default_factory=Counter)
    wrong_sure: Counter[str] = field(default_factory=Counter)
    looks: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)

    def take(self, shot: Shot, document: ReadDocument) -> None:
        """Compare one reading with the truth; a field that is missing is wrong, but never sure."""
        for key, wanted in shot.truth.items():
            found = document.fields.get(key)
            self.asked[shot.condition, key] += 1
            self.looks[key] += found is None or found.needs_look
            if found is not None and found.value == wanted:
                self.right[shot.condition, key] += 1
                continue
            is_sure = found is not None and not found.needs_look
            self.wrong_sure[key] += is_sure
            self.errors.append(f"{shot.condition} {key}: {wanted} read as {found.value if found else None}{' SURE' if is_sure else ''}")

    def share(self, keep: Callable[[str, str], bool]) -> float:
        """Share of right fields among those that `keep` wants, in percent."""
        asked = sum(count for (condition, key), count in self.asked.items() if keep(condition, key))
        right = sum(count for (condition, key), count in self.right.items() if keep(condition, key))
        return round(100 * right / asked, 1) if asked else 0.0


def shots(count: int, seed: int) -> Iterator[Shot]:
    """All pictures of `count` people, one after the other."""
    dice = random.Random(seed)
    for number, person in enumerate(people(count, seed)):
        for condition in CONDITIONS:
            yield Shot(condition=condition, picture=picture_of(front_of(person, dice), condition, dice), truth=_front_truth(person))
            if number % _BACK_EVERY == 0:
                yield Shot(condition=condition, picture=picture_of(back_of(person, dice), condition, dice), truth=_back_truth(person))


def _front_truth(person: SamplePerson) -> dict[str, str]:
    return {
        "number": person.number,
        "birth_on": person.birth_on.isoformat(),
        "sex_code": "1" if person.sex == "男" else "2",
        "nation_code": codes.normal("nation", person.nation) or "",
        "address": person.address,
        "name": person.name,
    }


def _back_truth(person: SamplePerson) -> dict[str, str]:
    until = person.valid_until_on
    return {
        "authority": person.authority,
        "valid_from_on": person.valid_from_on.isoformat(),
        "valid_until_on": until.isoformat() if until else "",
    }


def measure(count: int, seed: int) -> tuple[dict[str, object], list[str]]:
    """The figures of `count` people, and each error in words."""
    reader = DocumentReader()
    reader.warm_up()
    engine = RapidOCR(params={"Global.log_level": "critical"})
    tally, whole, cpu, alone, unfound = Tally(), [], [], [], 0
    for number, shot in enumerate(shots(count, seed)):
        started, worked = time.perf_counter(), time.process_time()
        document = reader.read(shot.picture, TODAY)
        whole.append(time.perf_counter() - started)
        cpu.append(time.process_time() - worked)
        unfound += any(problem.key == "card_not_found" for problem in document.problems)
        tally.take(shot, document)
        if number % _YARDSTICK_EVERY == 0:
            cut_out = find_document(open_picture(shot.picture), reader.engine).pixels
            started = time.perf_counter()
            engine(cut_out)
            alone.append(time.perf_counter() - started)
    fields = sorted({key for _, key in tally.asked})
    figure, yardstick = statistics.median(whole), statistics.median(alone)
    result: dict[str, object] = {
        "name": "card picture to filled fields",
        "figure": round(figure, 3),
        "unit": "s",
        "yardstick": {"name": "rapidocr alone, its own settings, on the straightened card", "figure": round(yardstick, 3)},
        "ratio": round(figure / yardstick, 2),
        "cpu_s": round(statistics.median(cpu), 3),
        "accuracy": {key: tally.share(lambda _, found, key=key: found == key) for key in fields},  # type: ignore[misc]
        "by_condition": {condition: _by_field(tally, condition, fields) for condition in CONDITIONS},
        "wrong_sure": tally.wrong_sure["number"],
        "wrong_sure_by_field": {key: tally.wrong_sure[key] for key in fields},
        "asked_to_look": {key: tally.looks[key] for key in fields},
        "card_not_found": unfound,
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "sizes": {"people": count, "pictures": len(whole), "seed": seed},
        "versions": {name: version(name) for name in ("rapidocr", "onnxruntime", "opencv-python-headless")},
    }
    return result, tally.errors


def _by_field(tally: Tally, condition: str, fields: Sequence[str]) -> dict[str, Any]:
    return {key: tally.share(lambda where, found, key=key: (where, found) == (condition, key)) for key in fields}  # type: ignore[misc]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print, one JSON line with ``--json``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--people", "--size", type=int, default=10)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--errors", action="store_true", help="each error on stderr")
    chosen = parser.parse_args(arguments)
    result, errors = measure(chosen.people, chosen.seed)
    print(json.dumps(result, ensure_ascii=False) if chosen.json else "\n".join(f"{key}: {value}" for key, value in result.items()))
    if chosen.errors:
        print("\n".join(errors), file=sys.stderr)


if __name__ == "__main__":
    main()
