"""Fuzzed answers of a card reader: the driver must end in time with the right card or a sentence, whatever comes.

Run as ``python -m tests.benchmarks.card_reader --size 100000 --json [--seed 7]``. The real driver speaks to a port in memory whose
clock only moves when the driver waits, so that a hang would show as a deadline overrun. The yardstick is the same number of sound
readings in the same run.
"""

import argparse
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from importlib.metadata import version
from typing import Any, Final
from unittest.mock import patch

from nbcase.devices import card_protocol as protocol
from nbcase.devices import card_reader
from nbcase.devices.contract import CardData
from nbcase.domain.errors import DeviceError
from nbcase.domain.identity import SYNTHETIC_AREA, DocumentKind, make_number

DEADLINE_S: Final = 3.0
SLACK_S: Final = 0.5
"""What a sentence may come later than its deadline: some looks at the line."""

_CARDS: Final = tuple(
    CardData(
        kind=kind,
        name="样小卡",
        sex_code="1",
        birth_on=date(1990, 1, 1),
        number=make_number(SYNTHETIC_AREA, date(1990, 1, 1), 31) if kind is not DocumentKind.FOREIGNER_2017 else "CHN330299000001",
        valid_from_on=date(2020, 1, 1),
        valid_until_on=None,
    )
    for kind in protocol.CARD_KINDS
)


class Clock:
    """Time that passes when somebody waits, and a little with each look at the line."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        self.now += 1e-4
        return self.now


class Port:
    """A line in memory: sound answers, spoilt by `spoil`, in random slices."""

    def __init__(self, clock: Clock, chance: random.Random, card: CardData, spoil: Callable[[random.Random, bytes], bytes]) -> None:
        self._clock, self._chance, self._spoil = clock, chance, spoil
        text, photo = protocol.encode_card(card), chance.randbytes(protocol.PHOTO_SIZE)
        self._sound = {
            protocol.FIND: protocol.build_answer(protocol.CARD_FOUND, bytes(4)),
            protocol.SELECT: protocol.build_answer(protocol.DONE, bytes(8)),
            protocol.READ: protocol.build_answer(protocol.DONE, protocol.build_card_answer(text, photo)),
        }
        self._coming = b""

    @property
    def in_waiting(self) -> int:
        return min(len(self._coming), self._chance.randint(1, 700))

    def reset_input_buffer(self) -> None:
        self._coming = b""

    def write(self, frame: bytes) -> None:
        answer = self._sound.get(frame[7:9], protocol.build_answer(protocol.NOT_ON_CARD))
        self._coming = self._spoil(self._chance, answer)

    def read(self, count: int) -> bytes:
        if not self._coming:
            self._clock.now += 0.05
            return b""
        chunk, self._coming = self._coming[:count], self._coming[count:]
        return chunk

    def close(self) -> None:
        pass


def _anything(chance: random.Random, answer: bytes) -> bytes:
    return chance.randbytes(chance.choice((0, 1, 5, 40, 2000)))


def _cut(chance: random.Random, answer: bytes) -> bytes:
    return answer[: chance.randrange(len(answer))]


def _flipped(chance: random.Random, answer: bytes) -> bytes:
    place = chance.randrange(len(answer))
    return answer[:place] + bytes([answer[place] ^ 1 << chance.randrange(8)]) + answer[place + 1 :]


def _among_noise(chance: random.Random, answer: bytes) -> bytes:
    return chance.randbytes(chance.randint(1, 60)) + answer + chance.randbytes(chance.randint(0, 60))


def _after_a_preamble(chance: random.Random, answer: bytes) -> bytes:
    return b"\xaa\xaa\xaa\x96\x69" + chance.randbytes(2) + answer


def _any_status(chance: random.Random, answer: bytes) -> bytes:
    return protocol.build_answer(chance.randrange(256), answer[10:-1])


def _any_length(chance: random.Random, answer: bytes) -> bytes:
    return answer[:5] + chance.randbytes(2) + answer[7:]


def _any_body(chance: random.Random, answer: bytes) -> bytes:
    return protocol.build_frame(chance.randbytes(chance.choice((0, 1, 2, 3, 11, 260, 1287, 2000))))


def _any_text(chance: random.Random, answer: bytes) -> bytes:
    if len(answer) < 1000:
        return answer
    return protocol.build_answer(protocol.DONE, protocol.build_card_answer(chance.randbytes(256), chance.randbytes(1024)))


def _sound(chance: random.Random, answer: bytes) -> bytes:
    return answer


SPOILERS: Final = (_anything, _cut, _flipped, _among_noise, _after_a_preamble, _any_status, _any_length, _any_body, _any_text)
_KEEP_THE_CARD: Final = (_cut, _flipped, _among_noise, _after_a_preamble, _any_length, _sound)
"""What spoils a frame but can never make another card of it."""


def reading(chance: random.Random, spoil: Callable[[random.Random, bytes], bytes], tally: Counter[str]) -> None:
    """One reading from find to card, whose answers are spoilt with three chances in four each."""
    clock, card = Clock(), chance.choice(_CARDS)
    often = 1.0 if spoil is _sound else 0.75
    port = Port(clock, chance, card, lambda chance, answer: spoil(chance, answer) if chance.random() < often else answer)
    with patch.object(card_reader, "time", clock), patch.object(card_reader, "_open_port", lambda *_: port):
        try:
            found = card_reader.SerialCardReader("memory").read(DEADLINE_S)
        except DeviceError as error:
            tally["refused"] += bool(error.what and error.safe and error.do)
        except Exception:
            tally["crashes"] += 1
        else:
            tally["read"] += 1
            tally["wrong"] += spoil in _KEEP_THE_CARD and replace(found, photo=b"", raw_text=b"") != card
    tally["hangs"] += clock.now > DEADLINE_S + SLACK_S


def _timed(size: int, seed: int, spoilers: tuple[Callable[[random.Random, bytes], bytes], ...]) -> tuple[float, Counter[str]]:
    chance, tally = random.Random(seed), Counter[str]()
    started = time.perf_counter()
    for number in range(size):
        reading(chance, spoilers[number % len(spoilers)], tally)
    return (time.perf_counter() - started) / size * 1e6, tally


def measure(size: int, seed: int) -> dict[str, Any]:
    """Fuzzed readings, then sound ones."""
    figure, tally = _timed(size, seed, SPOILERS)
    yardstick, sound = _timed(max(1, size // 10), seed, (_sound,))
    return {
        "name": "card_reader",
        "figure": round(figure, 1),
        "unit": "µs of work per fuzzed reading",
        "yardstick": round(yardstick, 1),
        "ratio": round(figure / yardstick, 2),
        "answers": size,
        "read": tally["read"],
        "refused": tally["refused"],
        "crashes": tally["crashes"] + sound["crashes"],
        "hangs": tally["hangs"] + sound["hangs"],
        "wrong": tally["wrong"] + sound["wrong"],
        "sizes": {"readings": size, "sound": max(1, size // 10)},
        "seed": seed,
        "versions": {"pyserial": version("pyserial")},
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    wanted = parser.parse_args(arguments)
    found = measure(wanted.size, wanted.seed)
    print(json.dumps(found, ensure_ascii=False) if wanted.json else found)


if __name__ == "__main__":
    main()
