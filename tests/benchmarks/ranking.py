"""School places for a city: ``python -m tests.benchmarks.ranking --applicants 60000 --schools 400 --json``.

The yardstick is a serial dictatorship over one list without zones: the least that any placement has to do.
"""

import argparse
import json
import platform
import random
import time
from collections.abc import Sequence

from nbcase.points.ranking import Applicant, blocking_pairs, place, reasons

ROUNDS = 5


def city(applicants: int, schools: int, seed: int) -> tuple[list[Applicant], dict[str, int]]:
    """Made-up families with many equal scores, and seats for five in six of them."""
    chance = random.Random(seed)
    names = [f"school-{number:03d}" for number in range(schools)]
    seats = {name: max(1, round(applicants * 0.85 / schools * chance.uniform(0.6, 1.4))) for name in names}
    popular = sorted(names, key=lambda name: chance.random())
    found = []
    for number in range(applicants):
        choices = tuple(dict.fromkeys(popular[min(int(chance.expovariate(4 / schools)), schools - 1)] for _ in range(chance.randint(1, 8))))
        found.append(
            Applicant(
                id=f"child-{number}",
                points=chance.randint(0, 1_100) * 25,
                residence_months=chance.randint(0, 120),
                insurance_months=chance.randint(0, 120),
                choices=choices,
                zones=frozenset(choices[: chance.randint(0, 1)]),
            )
        )
    return found, seats


def serial(applicants: Sequence[Applicant], seats: dict[str, int]) -> int:
    """One after the other takes the first choice that has room."""
    left, placed = dict(seats), 0
    for applicant in sorted(applicants, key=lambda one: -one.points):
        for school in applicant.choices:
            if left[school]:
                left[school] -= 1
                placed += 1
                break
    return placed


def main(words: Sequence[str] | None = None) -> None:
    """Measure and print one JSON line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--applicants", "--size", type=int, default=60_000)
    parser.add_argument("--schools", type=int, default=400)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args(words)
    applicants, seats = city(arguments.applicants, arguments.schools, 1)
    own, yard = [], []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        placement = place(applicants, seats, "2026")
        own.append(time.perf_counter() - began)
        began = time.perf_counter()
        serial(applicants, seats)
        yard.append(time.perf_counter() - began)
    began = time.perf_counter()
    told = sum(len(reasons(applicant, seats, placement)) for applicant in applicants)
    explained = time.perf_counter() - began
    figure, yardstick = sorted(own)[ROUNDS // 2], sorted(yard)[ROUNDS // 2]
    result = {
        "name": "ranking",
        "figure": round(figure, 6),
        "unit": "s",
        "yardstick": round(yardstick, 6),
        "ratio": round(figure / yardstick, 1),
        "differences": sum(1 for _ in blocking_pairs(applicants, seats, placement)),
        "placed": sum(school is not None for school in placement.schools.values()),
        "proposals": placement.proposals,
        "explained_s": round(explained, 3),
        "reasons": told,
        "sizes": {"applicants": arguments.applicants, "schools": arguments.schools},
        "versions": {"python": platform.python_version()},
    }
    print(json.dumps(result, ensure_ascii=False) if arguments.json else "\n".join(f"{key}: {value}" for key, value in result.items()))


if __name__ == "__main__":
    main()
