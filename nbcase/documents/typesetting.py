"""Chinese lines: where they may break, how wide they are, and how text is made to fit its place.

Rules after the requirements for Chinese text layout (clreq): no closing mark at the start of a line, no opening mark at its
end, neighbouring full-width marks share their blank halves, a little air between Chinese and Latin signs.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from nbcase.documents.fonts import advance
from nbcase.documents.layout import TextStyle

_OPENING = frozenset("（《〈“‘「『【〔［｛([{")
_CLOSING = frozenset("）》〉”’」』】〕］｝，。、；：？！)]},.;:?!%％℃°")
# Also never first in a line: the dot inside names and the second half of a dash or an ellipsis.
_NOT_FIRST = _CLOSING | frozenset("·•—…～~")
_WIDE_OPENING = frozenset("（《〈「『【〔［｛")
_WIDE_CLOSING = frozenset("）》〉」』】〕］｝，。、；：")
_INSEPARABLE = frozenset("—…")

# Below a tenth of an em, from where on PDF readers take a gap for a space and a search for 小区7幢 finds nothing.
_LATIN_GAP = 0.09
_HALF = 0.5
_STEP = 0.25
# Lines closer than this run together.
_TIGHTEST = 1.2


class DoesNotFit(Exception):
    """The text is too long for its place even at the least size."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Signs drawn without adjustment between them; ``gap`` in em comes before the first."""

    text: str
    gap: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Lines that fit a place: size and leading in points."""

    lines: tuple[str, ...]
    size: float
    leading: float

    @property
    def height(self) -> float:
        """Height of all lines in points."""
        return len(self.lines) * self.leading


def clean(text: str) -> str:
    """The text without what cannot be drawn: control characters and variation selectors.

    It is not normalised: NFC would turn a compatibility ideograph of a name into another character.
    """
    kept = text.replace("\r\n", "\n").replace("\t", " ")
    return "".join(sign for sign in kept if sign == "\n" or not _is_invisible(sign))


def _is_invisible(sign: str) -> bool:
    code = ord(sign)
    selector = 0xFE00 <= code <= 0xFE0F or 0xE0100 <= code <= 0xE01EF
    return selector or unicodedata.category(sign) in ("Cc", "Cf", "Cs")


def _is_han(sign: str) -> bool:
    code = ord(sign)
    return 0x2E80 <= code <= 0x2FDF or 0x3400 <= code <= 0x9FFF or 0xF900 <= code <= 0xFAFF or 0x20000 <= code <= 0x3FFFF


def _is_word(sign: str) -> bool:
    """Part of a Latin word or number, which a line end does not cut."""
    return not sign.isspace() and not _is_han(sign) and unicodedata.east_asian_width(sign) not in ("W", "F")


def _is_latin(sign: str) -> bool:
    return sign.isascii() and sign.isalnum()


def _gap(before: str, after: str) -> float:
    """Adjustment in em between two signs of one line."""
    if before in _WIDE_CLOSING and (after in _WIDE_CLOSING or after in _WIDE_OPENING):
        return -_HALF
    if before in _WIDE_OPENING and after in _WIDE_OPENING:
        return -_HALF
    if (_is_han(before) and _is_latin(after)) or (_is_latin(before) and _is_han(after)):
        return _LATIN_GAP
    return 0.0


def pieces(line: str) -> Iterator[Piece]:
    """One line cut where space is added or taken; an opening mark at its start gives up its blank half."""
    start = 0
    gap = -_HALF if line[:1] in _WIDE_OPENING else 0.0
    for index in range(1, len(line)):
        following = _gap(line[index - 1], line[index])
        if following:
            yield Piece(line[start:index], gap)
            start, gap = index, following
    if line:
        yield Piece(line[start:], gap)


def width(line: str, face: str, tracking: float) -> float:
    """Width of one line in em; the blank half of a mark at either end does not count, nor tracking after the last sign."""
    total = sum(advance(sign, face) for sign in line) + sum(piece.gap for piece in pieces(line))
    if line[-1:] in _WIDE_CLOSING:
        total -= _HALF
    return total + tracking * max(0, len(line) - 1)


def _joins(before: str, after: str) -> bool:
    """Whether a line may not break between two signs."""
    if after in _NOT_FIRST or before in _OPENING:
        return True
    if before in _INSEPARABLE and after == before:
        return True
    return _is_word(before) and _is_word(after)


def words(text: str) -> Iterator[str]:
    """The parts of a paragraph that stay on one line."""
    start = 0
    for index in range(1, len(text)):
        if not _joins(text[index - 1], text[index]):
            yield text[start:index]
            start = index
    if text:
        yield text[start:]


def _cut(word: str, face: str, tracking: float, room: float) -> Iterator[str]:
    """A word that is wider than a line, cut where it must be."""
    part = ""
    for sign in word:
        if part and width(part + sign, face, tracking) > room:
            yield part
            part = ""
        part += sign
    yield part


def wrap(text: str, face: str, tracking: float, room: float) -> tuple[str, ...]:
    """Lines no wider than ``room`` em; a line feed in the text is kept."""
    return tuple(line for paragraph in text.split("\n") for line in _wrap_paragraph(paragraph, face, tracking, room))


def _between_parts(name: str, face: str, tracking: float, room: float) -> tuple[str, str] | None:
    """A name of several parts that is too wide for a line, broken behind one of its dots, as evenly as can be."""
    if "·" not in name or not all(sign == "·" or _is_han(sign) for sign in name) or width(name, face, tracking) <= room:
        return None
    pairs = [(name[:place], name[place:]) for place in range(1, len(name)) if name[place - 1] == "·" != name[place]]
    fitting = [pair for pair in pairs if all(width(part, face, tracking) <= room for part in pair)]
    return min(fitting, key=lambda pair: abs(len(pair[0]) - len(pair[1])), default=None)


def _wrap_paragraph(paragraph: str, face: str, tracking: float, room: float) -> Iterator[str]:
    if (parts := _between_parts(paragraph, face, tracking, room)) is not None:
        yield from parts
        return
    line = ""
    for word in words(paragraph):
        if width((line + word).rstrip(), face, tracking) <= room:
            line += word
            continue
        if line.strip():
            yield line.rstrip()
        *full, line = _cut(word.lstrip() if line else word, face, tracking, room)
        yield from full
    yield line.rstrip()


def _sizes(style: TextStyle, least: float) -> Iterator[float]:
    size = style.size
    while size > least:
        yield size
        size -= _STEP
    yield least


def _one_line(text: str, style: TextStyle, room: float) -> Block | None:
    """The text on one line, shrunk by an eighth at most: two lines read better than small print."""
    natural = width(text, style.face, style.tracking)
    for size in _sizes(style, max(style.least, style.size * 0.875)):
        if natural * size <= room:
            return Block(lines=(text,), size=size, leading=size * style.leading)
    return None


def fit(text: str, style: TextStyle, room: float, height: float) -> Block:
    """Set text into a place ``room`` wide and ``height`` high (points): first smaller, then in several lines, never cut.

    Raises DoesNotFit when it is too long even at the style's least size.
    """
    single = _one_line(text, style, room) if "\n" not in text else None
    if single is not None and single.size * 1.05 <= height:
        return single
    for size in _sizes(style, style.least):
        lines = wrap(text, style.face, style.tracking, room / size)
        tightest = size * min(style.leading, _TIGHTEST)
        if len(lines) * tightest <= height and all(width(line, style.face, style.tracking) * size <= room for line in lines):
            return Block(lines=lines, size=size, leading=max(tightest, min(size * style.leading, height / len(lines))))
    raise DoesNotFit(text)
