"""First letters of the pinyin of common characters, for choosing from a list by letters.

GB 2312 sorts its 3,755 common characters by pinyin, so the letter follows from where a code lies; the bounds are those of
the standard's rows 16 to 55. Rarer characters are sorted by radical there and give nothing: a list option may bring its own keys.
"""

from bisect import bisect_right

_BOUNDS = (
    (0xB0A1, "a"), (0xB0C5, "b"), (0xB2C1, "c"), (0xB4EE, "d"), (0xB6EA, "e"), (0xB7A2, "f"), (0xB8C1, "g"), (0xB9FE, "h"),
    (0xBBF7, "j"), (0xBFA6, "k"), (0xC0AC, "l"), (0xC2E8, "m"), (0xC4C3, "n"), (0xC5B6, "o"), (0xC5BE, "p"), (0xC6DA, "q"),
    (0xC8BB, "r"), (0xC8F6, "s"), (0xCBFA, "t"), (0xCDDA, "w"), (0xCEF4, "x"), (0xD1B9, "y"), (0xD4D1, "z"), (0xD7FA, ""),
)  # fmt: skip
_STARTS = tuple(start for start, _ in _BOUNDS)


def initials(text: str) -> str:
    """`租赁房屋` gives `zlfw`; letters and digits stay, other signs are dropped."""
    return "".join(_initial(sign) for sign in text.casefold())


def _initial(sign: str) -> str:
    if sign.isascii():
        return sign if sign.isalnum() else ""
    try:
        code = int.from_bytes(sign.encode("gb2312"), "big")
    except UnicodeEncodeError:
        return ""
    place = bisect_right(_STARTS, code) - 1
    return _BOUNDS[place][1] if place >= 0 else ""
