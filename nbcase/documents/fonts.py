"""Fonts of the papers: a chain per face, so that a rare character is drawn by the first font that has it."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from os import environ
from pathlib import Path

from reportlab.pdfbase import pdfmetrics, ttfonts

from nbcase.domain.resources import resource_path

_CHAINS = {
    "sans": ("NotoSansSC-Regular",),
    "sans-bold": ("NotoSansSC-Bold", "NotoSansSC-Regular"),
    "serif-bold": ("NotoSerifSC-Bold", "NotoSansSC-Bold"),
}
# Fonts with tens of thousands of rare characters; too large to ship, used where the system has them.
_RARE_FONTS = ("HanaMinB", "BabelStoneHan")
FIRST_FONT = "NotoSansSC-Regular"

# Share of the em above and below the baseline, the same in all Noto CJK fonts.
ASCENT = 0.88


def _unicode_map(font_name: str, subset: list[int]) -> str:
    """A ToUnicode map in UTF-16BE.

    reportlab writes characters beyond U+FFFF as five hexadecimal digits, which readers take for another character: the page
    looks right, but search and copy give a wrong name (李𬭎 became 李Ⲵ). This one replaces reportlab's own.
    """
    signs = [f"<{index:02X}> <{chr(code).encode('utf-16-be').hex().upper()}>" for index, code in enumerate(subset)]
    blocks = [signs[start : start + 100] for start in range(0, len(signs), 100)]
    maps = "\n".join(f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar" for block in blocks)
    return (
        f"/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
        f"/CIDSystemInfo << /Registry ({font_name}) /Ordering ({font_name}) /Supplement 0 >> def\n"
        f"/CMapName /{font_name} def\n/CMapType 2 def\n"
        f"1 begincodespacerange\n<00> <{len(subset) - 1:02X}>\nendcodespacerange\n"
        f"{maps}\nendcmap\nCMapName currentdict /CMap defineresource pop\nend\nend"
    )


ttfonts.makeToUnicodeCMap = _unicode_map


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring characters drawn by one font; ``font`` is None where no font has them."""

    text: str
    font: str | None


def system_font_folders() -> tuple[Path, ...]:
    """Where this operating system keeps fonts, the machine's and the user's."""
    home = Path.home()
    if sys.platform == "win32":
        local = environ.get("LOCALAPPDATA", str(home / "AppData" / "Local"))
        return (Path(environ.get("WINDIR", "C:/Windows")) / "Fonts", Path(local) / "Microsoft" / "Windows" / "Fonts")
    if sys.platform == "darwin":
        return (Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library" / "Fonts")
    return (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), home / ".local" / "share" / "fonts", home / ".fonts")


@cache
def _rare_fonts() -> tuple[str, ...]:
    """Names of the optional fonts this machine has, made ready to draw."""
    found = {path.stem: path for folder in system_font_folders() if folder.is_dir() for path in sorted(folder.rglob("*.ttf"))}
    return tuple(_register(name, found[name]) for name in _RARE_FONTS if name in found)


def _register(name: str, path: Path) -> str:
    pdfmetrics.registerFont(ttfonts.TTFont(name, str(path)))
    return name


@cache
def make_ready(name: str) -> str:
    """Load one of the program's own fonts for drawing and return its name."""
    return _register(name, resource_path("fonts") / f"{name}.ttf")


def _has(font: str, sign: str) -> bool:
    return ord(sign) in pdfmetrics.getFont(font).face.charToGlyph


@cache
def font_for(sign: str, face: str) -> str | None:
    """The first font of a face's chain that has the sign; None when none has it.

    The large optional fonts are only opened for a sign that the program's own fonts lack.
    """
    for name in _CHAINS[face]:
        if _has(make_ready(name), sign):
            return name
    return next((name for name in _rare_fonts() if _has(name, sign)), None)


def runs(text: str, face: str) -> Iterator[Run]:
    """The text cut where the font changes."""
    for font, signs in groupby(text, key=lambda sign: font_for(sign, face)):
        yield Run("".join(signs), font)


def advance(sign: str, face: str) -> float:
    """Width of one sign in em; one em for the box that stands for a sign no font has."""
    font = font_for(sign, face)
    return 1.0 if font is None else float(pdfmetrics.stringWidth(sign, font, 1))
