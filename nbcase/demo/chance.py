"""Draws from a seeded source: the same seed gives the same people on every machine."""

from bisect import bisect
from collections.abc import Sequence
from datetime import date, datetime
from itertools import accumulate
from random import Random
from typing import Generic, TypeVar

T = TypeVar("T")


class Weighted(Generic[T]):
    """Values to draw from, some more often than others."""

    def __init__(self, values: Sequence[T], weights: Sequence[float]) -> None:
        self._values = values
        self._sums = list(accumulate(weights))

    def draw(self, random: Random) -> T:
        """One value by its weight."""
        return self._values[bisect(self._sums, random.random() * self._sums[-1])]


def pick(random: Random, values: Sequence[T]) -> T:
    """One of the values, all alike; twice as fast as `Random.choice`, which matters for millions."""
    return values[int(random.random() * len(values))]


def between(random: Random, least: int, most: int) -> int:
    """A whole number, both ends included."""
    return least + int(random.random() * (most - least + 1))


def time_ordered_id(random: Random, at: datetime) -> str:
    """An id laid out as UUIDv7 for that instant, its random part drawn from the seed."""
    stamp = f"{int(at.timestamp() * 1000):012x}"
    tail = f"{random.getrandbits(74):019x}"
    variant = "89ab"[int(tail[0], 16) & 3]
    return f"{stamp[:8]}-{stamp[8:]}-7{tail[1:4]}-{variant}{tail[4:7]}-{tail[7:]}"


class Numbers:
    """Parts of identity numbers, never the same twice: a small table of how many people were born on each day."""

    EACH_SEX = 500

    def __init__(self) -> None:
        self._used: dict[int, int] = {}

    def take(self, birth_on: date, sex_code: str) -> tuple[date, int]:
        """A birth date and a sequence number, odd for men; an earlier day where this one is used up."""
        day = birth_on.toordinal()
        is_man = sex_code == "1"
        while (count := self._used.get(day * 2 + is_man, 0)) >= self.EACH_SEX:
            day -= 1
        self._used[day * 2 + is_man] = count + 1
        # 7 has no factor in common with 500, so the steps visit every number before one comes back.
        return date.fromordinal(day), (day * 37 + count * 7) % self.EACH_SEX * 2 + is_man
