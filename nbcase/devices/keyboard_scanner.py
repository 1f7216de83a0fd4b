"""Code scanners that type: telling their keys from a person's, so that a scanned code never lands in a field.

A scanner types a whole code within some hundredths of a second and ends it with Enter; a person does not. Set to send a prefix, it
is told by its first key, and a person's keys are never held. Without one every key is held for a moment, until the next one comes
too late for a machine. What turns out not to be a code is given back key by key, nothing is lost.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

FASTEST_PERSON_MS: Final = 30
"""Milliseconds between two keys below which no person types on; scanners send one each 1 to 20."""

LEAST_CODE: Final = 6
"""Signs below which a fast run is no code: a person's hand can roll over a few keys."""

_MOST_CODE: Final = 4096


class Verdict(StrEnum):
    """What to do with the key that was just pressed."""

    PASS = "pass"
    HOLD = "hold"
    CODE = "code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """The verdict on a key; `back` are held keys to be typed first, for they were a person's; `code` is a whole code."""

    verdict: Verdict
    back: str = ""
    code: str = ""


@dataclass(slots=True, kw_only=True)
class KeyboardScanner:
    """Keys as they come, with their times. `prefix` is what the scanner sends before each code, empty for speed alone."""

    prefix: str = ""
    _held: str = field(default="", init=False)
    _last_ms: float = field(default=0.0, init=False)

    @property
    def is_holding(self) -> bool:
        """Whether keys are held that must be asked back after `FASTEST_PERSON_MS`."""
        return bool(self._held)

    def key(self, text: str, at_ms: float) -> Heard:
        """A key that types `text`, one sign."""
        gap, self._last_ms = at_ms - self._last_ms, at_ms
        back = "" if not self._held or gap <= FASTEST_PERSON_MS else self._let_go()
        if self._held or not self.prefix or self.prefix.startswith(text):
            self._held += text
            head = self._held[: len(self.prefix)]
            if self.prefix.startswith(head) and len(self._held) <= _MOST_CODE:
                return Heard(verdict=Verdict.HOLD, back=back)
            return Heard(verdict=Verdict.HOLD, back=back + self._let_go())
        return Heard(verdict=Verdict.PASS, back=back)

    def enter(self, at_ms: float) -> Heard:
        """The key that ends a code."""
        gap = at_ms - self._last_ms
        code = self._held.removeprefix(self.prefix)
        is_code = gap <= FASTEST_PERSON_MS and len(code) >= LEAST_CODE and self._held.startswith(self.prefix)
        held = self._let_go()
        return Heard(verdict=Verdict.CODE, code=code) if is_code else Heard(verdict=Verdict.PASS, back=held)

    def waited(self, at_ms: float) -> str:
        """The held keys where the next one did not come in time; to be typed."""
        return self._let_go() if self._held and at_ms - self._last_ms > FASTEST_PERSON_MS else ""

    def other(self) -> str:
        """The held keys, for something else was pressed; to be typed before it."""
        return self._let_go()

    def _let_go(self) -> str:
        held, self._held = self._held, ""
        return held
