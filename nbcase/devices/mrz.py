"""Machine-readable zones after ICAO Doc 9303: TD1 (3 × 30), TD2 (2 × 36) and TD3 (2 × 44), as recognised from a picture.

A check digit is blind to some look-alikes: G counts 16 and 6 counts 6, the same modulo 10, as L and 1. So a digit that agrees
proves nothing there, and a chance agreement happens once in ten. Hence the rules here: each position takes only what its grammar
allows; every digit of the zone must agree, not only the last; a sign is replaced by a look-alike only where exactly one
replacement makes all digits agree; and where more than one reading is legal, or a sign was replaced where both are, a person is asked.
Names are kept as they are transliterated; nothing is guessed about them.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from itertools import combinations, product
from typing import Final

_DIGIT_FOR: Final = str.maketrans("OQDUILZASGTB", "000011245678")
_LETTER_FOR: Final = str.maketrans("01245678", "OIZASGTB")
_ALIKE: Final = {
    "0": "OQD", "1": "IL", "2": "Z", "4": "A", "5": "S", "6": "G", "7": "T", "8": "B",
    "O": "0QD", "Q": "0O", "D": "0O", "I": "1L", "L": "1I", "Z": "2", "A": "4", "S": "5", "G": "6", "T": "7", "B": "8",
}  # fmt: skip
"""Signs that are taken for each other in the face of these zones."""

_MOST_SWAPS: Final = 2
_WEIGHTS: Final = (7, 3, 1)
_FILL: Final = "<"
_BRACKETS: Final = str.maketrans({"《": "<<", "«": "<<", "〈": "<", "‹": "<", "＜": "<", "く": "<", "(": "<", "[": "<", "{": "<"})
_NAME_TAIL: Final = re.compile(r"(?<=<<)[<KCSLEX]{2,}$")
"""The end of a line of names: what is read for a run of `<` there."""

_LETTERS: Final = re.compile(r"[A-Z<]+")
_DIGITS: Final = re.compile(r"[0-9]+")
_CHINESE_PASSPORT: Final = re.compile(r"[A-Z][0-9A-Z][0-9]{7}")
_TRAVEL_PASS: Final = re.compile(r"[A-Z][0-9A-Z][0-9]{7}|[HM]?[0-9]{8}(?:[0-9]{2})?")


class Layout(StrEnum):
    """The three sizes of zones."""

    TD1 = "TD1"
    TD2 = "TD2"
    TD3 = "TD3"


SHAPES: Final = {Layout.TD1: (3, 30), Layout.TD2: (2, 36), Layout.TD3: (2, 44)}
"""Lines and signs of a line."""

_Span = tuple[int, int, int]
"""Line, first sign, sign after the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Places:
    """Where a layout keeps what; `composite` is what the last digit is counted over."""

    issuer: _Span
    number: _Span
    nationality: _Span
    birth: _Span
    sex: _Span
    expiry: _Span
    optional: _Span
    names: _Span
    composite: tuple[_Span, ...]
    composite_digit: _Span
    personal_digit: _Span | None = None


_PLACES: Final = {
    Layout.TD1: _Places(
        issuer=(0, 2, 5),
        number=(0, 5, 14),
        nationality=(1, 15, 18),
        birth=(1, 0, 6),
        sex=(1, 7, 8),
        expiry=(1, 8, 14),
        optional=(0, 15, 30),
        names=(2, 0, 30),
        composite=((0, 5, 30), (1, 0, 7), (1, 8, 15), (1, 18, 29)),
        composite_digit=(1, 29, 30),
    ),
    Layout.TD2: _Places(
        issuer=(0, 2, 5),
        number=(1, 0, 9),
        nationality=(1, 10, 13),
        birth=(1, 13, 19),
        sex=(1, 20, 21),
        expiry=(1, 21, 27),
        optional=(1, 28, 35),
        names=(0, 5, 36),
        composite=((1, 0, 10), (1, 13, 20), (1, 21, 35)),
        composite_digit=(1, 35, 36),
    ),
    Layout.TD3: _Places(
        issuer=(0, 2, 5),
        number=(1, 0, 9),
        nationality=(1, 10, 13),
        birth=(1, 13, 19),
        sex=(1, 20, 21),
        expiry=(1, 21, 27),
        optional=(1, 28, 42),
        names=(0, 5, 44),
        composite=((1, 0, 10), (1, 13, 20), (1, 21, 43)),
        composite_digit=(1, 43, 44),
        personal_digit=(1, 42, 43),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """What a zone says. `digits` tells of each check digit whether it agrees; `asked` names what a person has to decide.

    `numbers` are all readings of the number that fit every rule, the one taken first. `country` and `issuer` are the zone's
    own codes. A birth date or an end of validity that is no day is None.
    """

    layout: Layout
    lines: tuple[str, ...]
    document_code: str
    issuer: str
    number: str
    country: str
    birth_on: date | None
    sex: str
    expires_on: date | None
    surname: str
    given: str
    optional: str
    digits: dict[str, bool]
    numbers: tuple[str, ...] = ()
    asked: frozenset[str] = frozenset()

    @property
    def is_sound(self) -> bool:
        """Whether every check digit agrees and both dates exist."""
        return all(self.digits.values()) and self.birth_on is not None and self.expires_on is not None

    @property
    def is_chinese(self) -> bool:
        """Whether China issued the document."""
        return self.issuer == "CHN"


def check_digit(text: str) -> str:
    """The check digit of a text of digits, capital letters and `<`: weights 7, 3, 1, modulo 10."""
    return str(sum(_WEIGHTS[place % 3] * _value(sign) for place, sign in enumerate(text)) % 10)


def _value(sign: str) -> int:
    return 0 if sign == _FILL else int(sign, 36)


def zone_of(texts: Sequence[str], today: date) -> Zone | None:
    """The zone that recognised lines are, from top to bottom; None where they cannot be one.

    `today` says in which century a birth date lies.
    """
    cleaned = [_cleaned(text) for text in texts]
    layout = _layout_of(cleaned)
    if layout is None:
        return None
    count, width = SHAPES[layout]
    rows = [_fitted(text, width) for text in cleaned[-count:]]
    return _best(layout, _by_grammar(layout, rows), today)


def is_zone_line(text: str) -> bool:
    """Whether a recognised line may belong to a zone."""
    cleaned = _cleaned(text)
    return 24 <= len(cleaned) <= 50 and (cleaned.count(_FILL) >= 2 or len(cleaned) >= 28)


def _cleaned(text: str) -> str:
    tight = "".join(text.split()).translate(_BRACKETS).upper()
    return _NAME_TAIL.sub(lambda match: _FILL * len(match[0]), re.sub(r"[^A-Z0-9<]", "", tight))


def _layout_of(texts: Sequence[str]) -> Layout | None:
    """The layout that fits number and length of the lines best."""
    if len(texts) >= 3 and all(24 <= len(text) <= 34 for text in texts[-3:]):
        return Layout.TD1
    if len(texts) < 2:
        return None
    longest = sum(len(text) for text in texts[-2:]) / 2
    if 33 <= longest < 40:
        return Layout.TD2
    return Layout.TD3 if 40 <= longest <= 48 else None


def _fitted(text: str, width: int) -> str:
    """The line at its own length: the longest run of `<` is the place where signs were lost or doubled."""
    runs = max(re.finditer(r"<+", text), key=lambda run: len(run[0]), default=None)
    if runs is None or len(text) == width:
        return text[:width].ljust(width, _FILL)
    length = max(1, len(runs[0]) + width - len(text))
    return (text[: runs.start()] + _FILL * length + text[runs.end() :])[:width].ljust(width, _FILL)


def _by_grammar(layout: Layout, rows: Sequence[str]) -> list[str]:
    """Letters where only letters stand, digits where only digits do; a fill that may stand in a digit's place is kept."""
    places = _PLACES[layout]
    signs = [list(row) for row in rows]
    for span in (places.issuer, places.nationality, places.names, (0, 0, 1)):
        _translate(signs, span, _LETTER_FOR)
    digits = [places.birth, _after(places.birth), places.expiry, _after(places.expiry), _after(places.number), places.composite_digit]
    for span in [*digits, *([places.personal_digit] if places.personal_digit else [])]:
        _translate(signs, span, _DIGIT_FOR)
    line, start, _ = places.sex
    signs[line][start] = {"H": "M", "N": "M", "W": "M", "P": "F", "E": "F"}.get(signs[line][start], signs[line][start])
    return ["".join(row) for row in signs]


def _translate(signs: list[list[str]], span: _Span, table: dict[int, int]) -> None:
    line, start, end = span
    signs[line][start:end] = list("".join(signs[line][start:end]).translate(table))


def _after(span: _Span) -> _Span:
    """The one sign behind a span: its check digit."""
    line, _, end = span
    return line, end, end + 1


def _text(rows: Sequence[str], span: _Span) -> str:
    line, start, end = span
    return rows[line][start:end]


def _best(layout: Layout, rows: list[str], today: date) -> Zone:
    """The zone as read, or with look-alikes exchanged in its number where only that makes every digit agree."""
    as_read = _zone(layout, rows, today)
    issuer = as_read.issuer
    if as_read.digits["number"] and as_read.digits["composite"] and _is_legal(issuer, as_read.number):
        others = [other for other in _variants(as_read.number, 1) if _agrees(layout, rows, other) and _is_legal(issuer, other)]
        asked = {"number"} if others else set()
        return replace(as_read, numbers=(as_read.number, *others), asked=_asked(as_read, asked))
    fits: dict[int, list[str]] = {}
    for number, swaps in _swapped(as_read.number):
        if _agrees(layout, rows, number) and _is_legal(issuer, number):
            fits.setdefault(swaps, []).append(number)
    if not fits:
        return replace(as_read, numbers=(as_read.number,), asked=_asked(as_read, {"number"}))
    numbers = [number for swaps in sorted(fits) for number in fits[swaps]]
    mended = _zone(layout, _with_number(layout, rows, numbers[0]), today)
    return replace(mended, numbers=tuple(numbers), asked=_asked(mended, {"number"}))


def _asked(zone: Zone, asked: set[str]) -> frozenset[str]:
    """What else a person has to look at: names always, and whatever stands beside a digit that does not agree."""
    parts = {"birth": "birth_on", "expiry": "valid_until_on", "number": "number"}
    wrong = {parts[key] for key, agrees in zone.digits.items() if not agrees and key in parts}
    if not zone.digits["composite"]:
        wrong |= {"number", "birth_on", "valid_until_on"}
    days = {"birth_on": zone.birth_on, "valid_until_on": zone.expires_on}
    wrong |= {key for key, day in days.items() if day is None}
    if zone.sex not in "MF":
        wrong.add("sex_code")
    if not _LETTERS.fullmatch(zone.country) or not _LETTERS.fullmatch(zone.issuer):
        wrong.add("country_code")
    return frozenset({"name_latin", *asked, *wrong})


def _swapped(number: str) -> Iterator[tuple[str, int]]:
    for swaps in range(1, _MOST_SWAPS + 1):
        for variant in _variants(number, swaps):
            yield variant, swaps


def _variants(number: str, swaps: int) -> Iterator[str]:
    """The number with exactly so many signs exchanged for look-alikes."""
    able = [place for place, sign in enumerate(number) if sign in _ALIKE]
    for places in combinations(able, swaps):
        for signs in product(*(_ALIKE[number[place]] for place in places)):
            changed = list(number)
            for place, sign in zip(places, signs, strict=True):
                changed[place] = sign
            yield "".join(changed)


def _is_legal(issuer: str, number: str) -> bool:
    """Whether a number is one that its issuer gives: two forms of China's are known, of others nothing is assumed."""
    if issuer != "CHN":
        return True
    return bool(_CHINESE_PASSPORT.fullmatch(number) or _TRAVEL_PASS.fullmatch(number))


def _agrees(layout: Layout, rows: Sequence[str], number: str) -> bool:
    changed = _with_number(layout, rows, number)
    digits = _digits(layout, changed)
    return digits["number"] and digits["composite"]


def _with_number(layout: Layout, rows: Sequence[str], number: str) -> list[str]:
    line, start, end = _PLACES[layout].number
    changed = list(rows)
    changed[line] = changed[line][:start] + number.ljust(end - start, _FILL)[: end - start] + changed[line][end:]
    return changed


def _digits(layout: Layout, rows: Sequence[str]) -> dict[str, bool]:
    places = _PLACES[layout]
    found = {
        key: check_digit(_text(rows, span)) == _text(rows, _after(span))
        for key, span in (("number", places.number), ("birth", places.birth), ("expiry", places.expiry))
    }
    long_number = _long_number(layout, rows)
    if long_number is not None:
        found["number"] = check_digit(long_number[:-1]) == long_number[-1:]
    if places.personal_digit is not None:
        given = _text(rows, places.personal_digit)
        personal = _text(rows, places.optional)
        found["personal"] = given == check_digit(personal) or (given == _FILL and not personal.strip(_FILL))
    composite = "".join(_text(rows, span) for span in places.composite)
    found["composite"] = check_digit(composite) == _text(rows, places.composite_digit)
    return found


def _long_number(layout: Layout, rows: Sequence[str]) -> str | None:
    """A number of more than nine signs with its digit: it goes on in the optional part, and `<` stands where its digit would."""
    places = _PLACES[layout]
    if layout is Layout.TD3 or _text(rows, _after(places.number)) != _FILL:
        return None
    rest = _text(rows, places.optional).split(_FILL, 1)[0]
    return _text(rows, places.number) + rest if len(rest) >= 2 else None


def _zone(layout: Layout, rows: Sequence[str], today: date) -> Zone:
    places = _PLACES[layout]
    surname, _, given = _text(rows, places.names).strip(_FILL).partition(_FILL * 2)
    long_number = _long_number(layout, rows)
    return Zone(
        layout=layout,
        lines=tuple(rows),
        document_code=rows[0][:2].strip(_FILL),
        issuer=_text(rows, places.issuer).strip(_FILL),
        number=(long_number[:-1] if long_number else _text(rows, places.number)).strip(_FILL),
        country=_text(rows, places.nationality).strip(_FILL),
        birth_on=_day(_text(rows, places.birth), today, is_past=True),
        sex=_text(rows, places.sex),
        expires_on=_day(_text(rows, places.expiry), today, is_past=False),
        surname=_spaced(surname),
        given=_spaced(given),
        optional=_text(rows, places.optional).strip(_FILL),
        digits=_digits(layout, rows),
    )


def _spaced(name: str) -> str:
    return " ".join(part for part in name.split(_FILL) if part)


def _day(digits: str, today: date, *, is_past: bool) -> date | None:
    """YYMMDD as a day: a birth lies in the last hundred years, an end of validity within fifty of today."""
    if not _DIGITS.fullmatch(digits):
        return None
    year = 2000 + int(digits[:2])
    if is_past and (year, int(digits[2:4]), int(digits[4:])) > (today.year, today.month, today.day):
        year -= 100
    if not is_past and year > today.year + 50:
        year -= 100
    try:
        return date(year, int(digits[2:4]), int(digits[4:]))
    except ValueError:
        return None
