"""How names are read, for search by pinyin and by initials.

All readings of a name are kept, not the likeliest: a clerk who hears "Shan" and one who sees 单 and types "dan" both
find the person. Tones are left out, ü is written v as on the keyboard.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import islice, product
from typing import Final

import msgspec

from nbcase.domain.reference import read_reference
from nbcase.domain.resources import resource_path

MOST: Final = 8
"""Ways to read one name that are kept: bounds the index for a name made of many-voiced characters."""


_NYU: Final = re.compile(r"\bnyu")


class _Surnames(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What a name needs beside the commonest readings."""

    single: dict[str, list[str]]
    compound: dict[str, list[str]]
    given: dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class _Tables:
    """The commonest reading of each character, and the special ones."""

    common: dict[str, str]
    names: _Surnames


def readings(name: str) -> tuple[str, ...]:
    """All ways to read a name, joined and lower-case: 李红 -> ``("lihong",)``, 单红 -> ``("shanhong", "danhong")``.

    Latin letters and digits stay; separators, and characters without a known reading, are left out.
    """
    return _distinct("".join(syllables) for syllables in _ways(name))


def initials(name: str) -> tuple[str, ...]:
    """First letters for each way to read a name: 单红 -> ``("sh", "dh")``."""
    return _distinct("".join(syllable[0] for syllable in syllables) for syllables in _ways(name))


def search_key(typed: str) -> str:
    """What a person typed as pinyin, in the form that `readings` has: ``Lǚ Hong`` and ``lyuhong`` -> ``lvhong``.

    Passports write lyu and nyu; nyu counts at the beginning of a word only, because linyu is lin and yu.
    """
    decomposed = unicodedata.normalize("NFKD", typed.casefold().replace("ü", "v"))
    # A toned ǚ falls apart into u, diaeresis, tone: u with a diaeresis is v.
    plain = _NYU.sub("nv", decomposed.replace("u\u0308", "v").replace("lyu", "lv"))
    return "".join(sign for sign in plain if sign.isascii() and sign.isalnum())


@lru_cache(1024)
def _ways(name: str) -> tuple[list[str], ...]:
    """Every way to read a name, as syllables; at most `MOST` ways. Kept for a moment: who wants the readings wants the initials too."""
    choices = _choices(unicodedata.normalize("NFC", name))
    return tuple(" ".join(way).split() for way in islice(product(*choices), MOST))


def _choices(name: str) -> Iterator[tuple[str, ...]]:
    """The readings to choose from, likeliest first; a compound surname is one choice of two syllables."""
    tables = _tables()
    surname, rest = name[:1], name[1:]
    if compound := tables.names.compound.get(name[:2]):
        yield (*compound, " ".join(tables.common.get(character, "") for character in name[:2]))
        surname, rest = "", name[2:]
    if surname:
        yield _of_surname(surname)
    yield from map(_of_given, rest)


@lru_cache(4096)
def _of_surname(character: str) -> tuple[str, ...]:
    return _distinct([*_tables().names.single.get(character, ()), _common(character)]) or ("",)


@lru_cache(8192)
def _of_given(character: str) -> tuple[str, ...]:
    return _distinct([_common(character), *_tables().names.given.get(character, ())]) or ("",)


def _common(character: str) -> str:
    """The commonest reading; a Latin letter reads as itself without its accents."""
    return _tables().common.get(character) or search_key(character)


def _distinct(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in texts if text))


@cache
def _tables() -> _Tables:
    """Both files, read at the first name: 42,000 characters."""
    common: dict[str, str] = {}
    for line in resource_path("reference/readings.tsv").read_text("utf-8").splitlines():
        if not line.startswith("#"):
            reading, characters = line.split("\t")
            common.update(dict.fromkeys(characters, reading))
    return _Tables(common, read_reference(resource_path("reference/surnames.toml"), _Surnames))
