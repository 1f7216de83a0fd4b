"""Pictures of identity cards of invented people, for the demo and for tests of reading.

Drawn with the field positions of the real card so that the reading logic meets the real layout, with 样卡 across it
and none of its security features: nobody can take one for a document.
"""

from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont

from nbcase.domain.errors import UserError
from nbcase.domain.identity import SYNTHETIC_AREA, make_number
from nbcase.domain.resources import resource_path
from nbcase.domain.words import tr

CARD_SIZE: Final = (1011, 638)
"""Pixels of a card of 85.6 mm by 54 mm at 300 dots an inch."""

_INK: Final = (28, 30, 36)
_LABEL: Final = (38, 98, 150)
_PAPER: Final = (226, 236, 240)
_SEAL: Final = (178, 60, 52)
_DESK: Final = (104, 84, 66)
_FACE: Final = "NotoSansSC-Regular.ttf"
_ROW_WIDTH: Final = 400
"""Pixels of one row of the printed address: eleven full signs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplePerson:
    """The invented holder of a sample card; `nation` without 族, `valid_until_on` None for 长期."""

    name: str = "林样卡"
    sex: str = "女"
    nation: str = "汉"
    birth_on: date = date(1992, 5, 18)
    address: str = "浙江省宁波市样例区示范街道试验路18号3幢402室"
    number: str = field(default_factory=lambda: make_number(SYNTHETIC_AREA, date(1992, 5, 18), 46))
    authority: str = "宁波市公安局样例分局"
    valid_from_on: date = date(2021, 3, 9)
    valid_until_on: date | None = date(2041, 3, 9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """How a card was photographed; the default is a flat scan that the card fills.

    `tilt` in degrees anticlockwise, `perspective` as the share by which the far edge is shorter, `light` as a share of
    full light, `blur` as a Gaussian radius in pixels. `on_desk` puts the card on a desk top of `desk_size` pixels.
    """

    on_desk: bool = False
    desk_size: tuple[int, int] = (1600, 1200)
    tilt: float = 0.0
    perspective: float = 0.0
    light: float = 1.0
    blur: float = 0.0


FLAT: Final = Shot()
CLEAN_PHOTO: Final = Shot(on_desk=True, tilt=3)
TILTED_PHOTO: Final = Shot(on_desk=True, tilt=12, perspective=0.06)


def draw_front(person: SamplePerson, *, face: str = _FACE) -> Image.Image:
    """The side with the portrait, flat and upright, `CARD_SIZE` pixels; `face` is one of the program's own fonts.

    Raises UserError where that font is missing.
    """
    card, pen = _blank_card(face)
    pen.label((64, 92), "姓名")
    pen.value((178, 86), person.name, 44)
    pen.label((64, 168), "性别")
    pen.value((178, 164), person.sex, 36)
    pen.label((282, 168), "民族")
    pen.value((390, 164), person.nation, 36)
    _draw_birth(pen, person.birth_on)
    pen.label((64, 322), "住址")
    for row, text in enumerate(_rows(person.address, pen.face)):
        pen.value((178, 316 + 50 * row), text, 36)
    pen.label((64, 546), "公民身份号码")
    _draw_portrait(card)
    for place, digit in enumerate(person.number):
        pen.value((338 + 32 * place, 536), digit, 46)
    return card


def draw_back(person: SamplePerson, *, face: str = _FACE) -> Image.Image:
    """The side with issuing authority and validity."""
    card, pen = _blank_card(face)
    pen.draw.ellipse((70, 60, 230, 220), outline=_SEAL, width=8)
    pen.draw.text((150, 140), "样卡", font=_font(60, face), fill=_SEAL, anchor="mm")
    pen.draw.text((620, 110), "中华人民共和国", font=_font(58, face), fill=_INK, anchor="mm")
    pen.draw.text((620, 210), "居民身份证", font=_font(74, face), fill=_INK, anchor="mm")
    pen.label((216, 470), "签发机关")
    pen.value((402, 464), person.authority, 36)
    pen.label((216, 546), "有效期限")
    end = f"{person.valid_until_on:%Y.%m.%d}" if person.valid_until_on else "长期"
    pen.value((402, 540), f"{person.valid_from_on:%Y.%m.%d}-{end}", 36)
    return card


def photograph(card: Image.Image, shot: Shot) -> Image.Image:
    """The card as a camera or scanner would have taken it."""
    picture = _lay_on_desk(card, shot) if shot.on_desk else card.copy()
    if shot.blur:
        picture = picture.filter(ImageFilter.GaussianBlur(shot.blur))
    return ImageEnhance.Brightness(picture).enhance(shot.light) if shot.light != 1.0 else picture


def write_sample(path: Path, person: SamplePerson | None = None, *, shot: Shot = FLAT, back: bool = False) -> None:
    """Draw one side of a person's card and save it; the ending of `path` (.jpg or .png) chooses the format.

    Raises UserError where the program's own font is missing.
    """
    holder = person or SamplePerson()
    photograph(draw_back(holder) if back else draw_front(holder), shot).save(path, quality=92)


@cache
def _font(size: int, face: str = _FACE) -> ImageFont.FreeTypeFont:
    path = resource_path(f"fonts/{face}")
    try:
        return ImageFont.truetype(str(path), size)
    except OSError as missing:
        raise UserError(
            tr("程序自带的字体文件不见了：{path}。").format(path=path),
            do=tr("请重新安装程序。"),
        ) from missing


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pen:
    """What writes labels and values on a card, in one face."""

    draw: ImageDraw.ImageDraw
    face: str

    def label(self, place: tuple[int, int], text: str) -> None:
        self.draw.text(place, text, font=_font(29, self.face), fill=_LABEL)

    def value(self, place: tuple[int, int], text: str, size: int) -> None:
        self.draw.text(place, text, font=_font(size, self.face), fill=_INK)


def _blank_card(face: str) -> tuple[Image.Image, _Pen]:
    card = Image.new("RGB", CARD_SIZE, _PAPER)
    pen = ImageDraw.Draw(card)
    for left in range(-560, CARD_SIZE[0], 26):
        pen.line((left, CARD_SIZE[1], left + 560, 0), fill=(214, 228, 234), width=2)
    return card, _Pen(draw=pen, face=face)


def _rows(address: str, face: str) -> list[str]:
    """The address in rows as the card breaks it: by width, also inside a number."""
    rows = [""]
    for sign in address:
        if _font(36, face).getlength(rows[-1] + sign) > _ROW_WIDTH:
            rows.append("")
        rows[-1] += sign
    return rows


def _draw_birth(pen: _Pen, birth_on: date) -> None:
    pen.label((64, 246), "出生")
    pen.value((178, 242), str(birth_on.year), 36)
    pen.label((270, 246), "年")
    pen.value((318, 242), str(birth_on.month), 36)
    pen.label((374, 246), "月")
    pen.value((422, 242), str(birth_on.day), 36)
    pen.label((478, 246), "日")


def _draw_portrait(card: Image.Image) -> None:
    """A head and shoulders that are nobody's, with what the card is written over them."""
    portrait = Image.new("RGB", (300, 370), (206, 214, 220))
    pen = ImageDraw.Draw(portrait)
    pen.ellipse((92, 42, 208, 188), fill=(150, 158, 166))
    pen.pieslice((30, 206, 270, 520), 180, 360, fill=(120, 130, 142))
    pen.text((150, 316), "样卡", font=_font(92), fill=(244, 246, 248), anchor="mm")
    card.paste(portrait, (646, 96))
    ImageDraw.Draw(card).text((797, 50), "样卡 不作证件使用", font=_font(28), fill=_SEAL, anchor="mm")


def _lay_on_desk(card: Image.Image, shot: Shot) -> Image.Image:
    """The card on a desk top, seen from a little below, turned by the tilt."""
    width, height = shot.desk_size
    scale = 0.68 * width / card.width
    small = card.resize((round(card.width * scale), round(card.height * scale)), Image.Resampling.LANCZOS)
    layer = Image.new("RGBA", shot.desk_size, (0, 0, 0, 0))
    layer.paste(small, ((width - small.width) // 2, (height - small.height) // 2), _rounded(small.size))
    layer = layer.rotate(shot.tilt, Image.Resampling.BICUBIC)
    if shot.perspective:
        layer = layer.transform(shot.desk_size, Image.Transform.PERSPECTIVE, _narrowed(shot), Image.Resampling.BICUBIC)
    desk = _desk_top(shot.desk_size)
    desk.paste(layer, (0, 0), layer)
    return desk


def _rounded(size: tuple[int, int]) -> Image.Image:
    """A mask with the rounded corners of a card (3.18 mm of 85.6)."""
    mask = Image.new("L", size, 0)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, size[0] - 1, size[1] - 1), radius=round(size[0] * 3.18 / 85.6), fill=255)
    return mask


def _narrowed(shot: Shot) -> tuple[float, ...]:
    """Coefficients of the projection that keeps the lower edge and makes the upper one shorter."""
    width, height = shot.desk_size
    widening = 1 / (1 - shot.perspective)
    slope = (widening - 1) / height
    return (widening, width / 2 * slope, width / 2 * (1 - widening), 0.0, widening, 0.0, 0.0, slope)


def _desk_top(size: tuple[int, int]) -> Image.Image:
    """A dark desk with a soft grain, the same for every call."""
    grain = Image.linear_gradient("L").resize(size)
    desk = Image.new("RGB", size, _DESK)
    return Image.blend(desk, Image.merge("RGB", (grain, grain, grain)), 0.18)
