"""Machine-readable zones of invented people: written by the standard, printed on a sample page, photographed.

The face is OCR-B where the system has it (Debian: fonts-ocr-b), else the program's own, one sign to a cell of the same pitch.
"""

import random
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from nbcase.devices.mrz import Layout, check_digit
from nbcase.domain.resources import resource_path
from tests.parts.cardpictures import Pixels, Scene, photograph

OCR_B: Final = Path("/usr/share/fonts/opentype/ocr-b/OCRB.otf")
CONDITIONS: Final = ("flat", "photo", "dim", "blurred", "tilted", "turned")

_FAMILY: Final = ("SAMPLE", "MUSTERMANN", "OBERLIN", "DUPONT", "KIM", "QUINTO", "IBARRA", "SILVA", "ZHOU", "GARCIA LOPEZ", "O")
_GIVEN: Final = ("ANNA MARIA", "ERIKA", "BO", "JEAN LUC", "SOO JIN", "OLGA", "IGNACIO", "LI", "")
_COUNTRIES: Final = ("UTO", "KOR", "FRA", "BRA", "D", "VNM", "RUS", "USA")


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """What a zone says of its invented holder."""

    issuer: str
    number: str
    birth_on: date
    sex: str
    expires_on: date
    surname: str
    given: str
    optional: str = ""
    code: str = "P"


def holders(count: int, seed: int, layout: Layout) -> list[Holder]:
    """Invented holders; every third Chinese: E and a letter or digit on passports, C and digits on passes."""
    dice = random.Random(seed)
    return [_holder(dice, layout, number) for number in range(count)]


def _holder(dice: random.Random, layout: Layout, number: int) -> Holder:
    is_chinese = number % 3 == 0
    if is_chinese and layout is Layout.TD1:
        code, document = "CR", dice.choice("HM") + f"{dice.randint(0, 99_999_999):08d}"
    elif is_chinese:
        code, document = "PO", "E" + dice.choice("ABCDEFGHJKLMN0123456789") + f"{dice.randint(0, 9_999_999):07d}"
    else:
        code = "I" if layout is Layout.TD1 else "P"
        document = "".join(dice.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") for _ in range(2)) + f"{dice.randint(0, 9_999_999):07d}"
    return Holder(
        issuer="CHN" if is_chinese else dice.choice(_COUNTRIES),
        number=document,
        birth_on=date.fromordinal(dice.randint(date(1940, 1, 1).toordinal(), date(2015, 1, 1).toordinal())),
        sex=dice.choice("MF"),
        expires_on=date.fromordinal(dice.randint(date(2024, 1, 1).toordinal(), date(2036, 1, 1).toordinal())),
        surname=dice.choice(_FAMILY),
        given=dice.choice(_GIVEN),
        optional="" if dice.random() < 0.6 else f"{dice.randint(0, 9_999_999):07d}",
        code=code,
    )


def written(holder: Holder, layout: Layout) -> list[str]:
    """The lines of the holder's zone."""
    number, birth, expiry = holder.number.ljust(9, "<"), f"{holder.birth_on:%y%m%d}", f"{holder.expires_on:%y%m%d}"
    issuer = holder.issuer.ljust(3, "<")
    names = f"{holder.surname}<<{holder.given}".replace(" ", "<")
    head = holder.code.ljust(2, "<") + issuer
    if layout is Layout.TD1:
        first = head + number + check_digit(number) + holder.optional.ljust(15, "<")
        second = birth + check_digit(birth) + holder.sex + expiry + check_digit(expiry) + issuer + "<" * 11
        composite = check_digit(first[5:30] + second[:7] + second[8:15] + second[18:29])
        return [first, second + composite, names[:30].ljust(30, "<")]
    width = 44 if layout is Layout.TD3 else 36
    second = number + check_digit(number) + issuer + birth + check_digit(birth) + holder.sex + expiry + check_digit(expiry)
    optional = holder.optional.ljust(14 if layout is Layout.TD3 else 7, "<")
    second += optional + (check_digit(optional) if layout is Layout.TD3 else "")
    return [(head + names)[:width].ljust(width, "<"), second + check_digit(second[:10] + second[13:20] + second[21:])]


@cache
def _face(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(OCR_B if OCR_B.exists() else resource_path("fonts/NotoSansSC-Regular.ttf")), size)


def page_of(lines: list[str], layout: Layout) -> Pixels:
    """A sample page or card with the zone at its foot, at 300 dots an inch; ten signs take an inch."""
    width, height = {Layout.TD3: (1476, 1039), Layout.TD1: (1011, 638), Layout.TD2: (1240, 874)}[layout]
    page = Image.new("RGB", (width, height), (232, 238, 236))
    pen = ImageDraw.Draw(page)
    for top in range(0, height, 22):
        pen.line((0, top, width, top + 90), fill=(222, 232, 228), width=2)
    plain = ImageFont.truetype(str(resource_path("fonts/NotoSansSC-Regular.ttf")), 34)
    pen.text((width * 0.36, height * 0.1), "样张  SPECIMEN", font=plain, fill=(178, 60, 52))
    number = lines[0][5:14] if layout is Layout.TD1 else lines[1][:9]
    pen.text((width * 0.7, height * 0.1), number.strip("<"), font=plain, fill=(30, 40, 60))
    for row, words in enumerate(("Surname / Nom", lines[-1 if layout is Layout.TD1 else 0][5:20].replace("<", " "), "样张 不作证件使用")):
        pen.text((width * 0.36, height * 0.2 + 60 * row), words, font=plain, fill=(30, 40, 60))
    pen.rectangle((width * 0.06, height * 0.1, width * 0.3, height * 0.55), fill=(196, 204, 210))
    pitch = 30
    left, bottom = (width - pitch * len(lines[0])) / 2, height - 46
    for row, line in enumerate(lines):
        for place, sign in enumerate(line):
            at = (left + pitch * (place + 0.5), bottom - 62 * (len(lines) - 1 - row))
            pen.text(at, sign, font=_face(41), fill=(24, 24, 28), anchor="ms")
    return np.ascontiguousarray(np.asarray(page)[:, :, ::-1])


def picture_of(lines: list[str], layout: Layout, condition: str, dice: random.Random) -> bytes:
    """The page under a condition, as a camera's JPEG."""
    page = page_of(lines, layout)
    scene = {
        "flat": None,
        "photo": Scene(desk="dark", width=1180),
        "dim": Scene(desk="wood", light=0.45, noise=8, width=1180),
        "blurred": Scene(desk="dark", blur=1.7, width=1180),
        "tilted": Scene(desk="papers", tilt=10, perspective=0.04, width=1180),
        "turned": Scene(desk="dark", turn=dice.choice((90, 180, 270)), width=1180),
    }[condition]
    picture: NDArray[Any] = page if scene is None else photograph(page, scene, dice)
    done, encoded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 90])
    assert done
    return bytes(encoded)
