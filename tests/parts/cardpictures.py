"""Photographs of sample cards as counters take them: ten conditions over desks of many kinds, all from one seed.

The cards are the program's own samples (样卡 across them, area 330299); what is drawn here is everything around them: faces of
type, desk tops, a white desk, shadows, a hand at the edge, light, blur, glare and size.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nbcase.devices.sample_card import SamplePerson, draw_back, draw_front
from nbcase.domain.identity import SYNTHETIC_AREA, make_number

Pixels = NDArray[Any]

FRAME: Final = (1600, 1200)
"""Pixels of a photograph: a document camera of two megapixels."""

FACES: Final = ("NotoSansSC-Regular.ttf", "NotoSansSC-Bold.ttf", "NotoSerifSC-Bold.ttf")

_FAMILY: Final = (
    "王李张刘陈杨黄赵周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜"
    "范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文欧阳鄞畲"
)
_GIVEN: Final = (
    "伟芳娜敏静秀丽强磊军洋勇艳杰娟涛明超兰霞平刚桂英华玉萍红娥玲芬燕彩春菊凤洁梅琳素云莲真环雪荣爱妹香月莺媛瑞凡佳嘉琼勤珍贞"
    "莉娣叶璧璐娅琦晶妍茜秋珊莎锦黛青倩婷姣婉娴瑾颖露瑶怡婵雁蓓纨仪荷丹蓉眉君琴蕊薇菁梦岚苑婕馨瑗琰韵融园艺咏卿聪澜纯毓悦昭冰"
    "爽琬茗羽希宁欣飘育滢馥筠柔竹霭凝晓欢霄枫芸菲寒伊亚宜可姬舒影荔枝思鑫淼翀焱垚昱晟曦喆赟"
)
_NATIONS: Final = ("汉",) * 12 + ("畲", "回", "苗", "土家", "壮", "布依", "维吾尔", "朝鲜", "蒙古", "彝")
_PLACES: Final = (
    "浙江省宁波市鄞州区样例街道",
    "浙江省宁波市海曙区示范镇试验村",
    "安徽省阜阳市样例县测试乡",
    "贵州省黔东南苗族侗族自治州示例县样板镇",
    "河南省商丘市样例区试点街道",
    "江西省上饶市示范县测验镇",
    "四川省达州市样品县虚构乡",
    "云南省昭通市例示区模拟镇",
)
_ROADS: Final = ("鄞县大道", "试验路", "样板巷", "前塘河路", "樟溪弄", "虹桥新村", "堇山东路", "兴宁横街")


def people(count: int, seed: int) -> list[SamplePerson]:
    """Invented holders with common and rarer names, every province's way of writing an address, some numbers that end in X."""
    dice = random.Random(seed)
    return [_person(dice) for _ in range(count)]


def _person(dice: random.Random) -> SamplePerson:
    birth_on = date.fromordinal(dice.randint(date(1946, 1, 1).toordinal(), date(2012, 12, 31).toordinal()))
    sequence = dice.randint(1, 998)
    place = dice.choice(_PLACES)
    house = dice.choice(
        (
            f"{dice.choice(_ROADS)}{dice.randint(1, 1999)}号{dice.randint(1, 60)}幢{dice.randint(101, 2606)}室",
            f"{dice.choice(_ROADS)}{dice.randint(1, 399)}弄{dice.randint(1, 80)}号楼{dice.randint(1, 6)}单元{dice.randint(101, 1802)}室",
            f"第{dice.choice('一二三四五六七八九')}村民组{dice.randint(1, 240)}号",
        )
    )
    from_on = date(dice.randint(2012, 2026), dice.randint(1, 12), dice.randint(1, 28))
    return SamplePerson(
        name=dice.choice(_FAMILY) + "".join(dice.choice(_GIVEN) for _ in range(dice.choice((1, 2, 2, 2)))),
        sex="男" if sequence % 2 else "女",
        nation=dice.choice(_NATIONS),
        birth_on=birth_on,
        address=place + house,
        number=make_number(SYNTHETIC_AREA, birth_on, sequence),
        valid_from_on=from_on,
        valid_until_on=None if birth_on.year < 1966 else from_on.replace(year=from_on.year + dice.choice((10, 20))),
    )


def front_of(person: SamplePerson, dice: random.Random) -> Pixels:
    """The front in one of the shipped faces."""
    return _pixels(draw_front(person, face=dice.choice(FACES)))


def back_of(person: SamplePerson, dice: random.Random) -> Pixels:
    """The back in one of the shipped faces."""
    return _pixels(draw_back(person, face=dice.choice(FACES)))


def _pixels(image: Image.Image) -> Pixels:
    return np.ascontiguousarray(np.asarray(image)[:, :, ::-1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """How one picture is taken. `width` is the card's in pixels, `turn` the degrees by which the camera was held wrong."""

    desk: str = ""
    tilt: float = 4.0
    perspective: float = 0.02
    width: int = 1080
    light: float = 1.0
    noise: float = 2.0
    blur: float = 0.6
    turn: int = 0
    glare: bool = False
    shadow: bool = False
    hand: bool = False
    frame: tuple[int, int] = FRAME


def photograph(card: Pixels, scene: Scene, dice: random.Random) -> Pixels:
    """The card on the desk as the camera sees it."""
    grain = np.random.default_rng(dice.getrandbits(32))
    desk = DESKS[scene.desk or dice.choice(tuple(DESKS))](scene.frame, dice, grain)
    if scene.glare:
        card = _with_glare(card, dice)
    picture, corners = _laid(card, desk, scene, dice)
    if scene.shadow:
        picture = _with_shadow(picture, dice)
    if scene.hand:
        picture = _with_hand(picture, corners, dice)
    if scene.blur:
        picture = cv2.GaussianBlur(picture, (0, 0), scene.blur)
    lit = picture.astype(np.float32) * scene.light
    lit += grain.normal(0, scene.noise, lit.shape).astype(np.float32)
    turned = np.rot90(np.clip(lit, 0, 255).astype(np.uint8), scene.turn // 90)
    return np.ascontiguousarray(turned)


def _laid(card: Pixels, desk: Pixels, scene: Scene, dice: random.Random) -> tuple[Pixels, Pixels]:
    """The card put on the desk by one projection, with round corners and a soft shadow of its own; and where its corners are."""
    height, width = desk.shape[:2]
    card_height, card_width = card.shape[:2]
    half_wide, half_high = scene.width / 2, scene.width / 2 * card_height / card_width
    tilt = np.deg2rad(dice.uniform(0.6, 1.0) * scene.tilt * dice.choice((-1, 1)))
    turn = np.array([(np.cos(tilt), -np.sin(tilt)), (np.sin(tilt), np.cos(tilt))])
    square = np.array([(-half_wide, -half_high), (half_wide, -half_high), (half_wide, half_high), (-half_wide, half_high)])
    square[:2, 0] *= 1 - scene.perspective
    room_x, room_y = max(0.0, width / 2 - half_wide - 60), max(0.0, height / 2 - half_high - 60)
    shift = np.array([dice.uniform(-0.5, 0.5) * room_x, dice.uniform(-0.5, 0.5) * room_y])
    corners = (square @ turn.T + (width / 2, height / 2) + shift).astype(np.float32)
    source = np.array([(0, 0), (card_width, 0), (card_width, card_height), (0, card_height)], np.float32)
    transform = cv2.getPerspectiveTransform(source, corners)
    small = cv2.resize(card, None, fx=scene.width / card_width, fy=scene.width / card_width, interpolation=cv2.INTER_AREA)
    shrink = np.diag([card_width / small.shape[1], card_height / small.shape[0], 1.0])
    laid = cv2.warpPerspective(small, transform @ shrink, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    mask = cv2.warpPerspective(_rounded(small.shape[:2]), transform @ shrink, (width, height)).astype(np.float32)[:, :, None] / 255
    cast = 1 - 0.35 * cv2.GaussianBlur(np.roll(mask[:, :, 0], (5, 4), (0, 1)), (0, 0), 6)[:, :, None]
    return (laid * mask + desk * cast * (1 - mask)).astype(np.uint8), corners


def _rounded(size: tuple[int, int]) -> Pixels:
    """White where the card is: 3.18 mm of 85.6 are round at each corner."""
    height, width = size
    radius = round(width * 3.18 / 85.6)
    mask = np.zeros((height, width), np.uint8)
    mask[radius:-radius, :] = 255
    mask[:, radius:-radius] = 255
    for x in (radius, width - radius - 1):
        for y in (radius, height - radius - 1):
            cv2.circle(mask, (x, y), radius, 255, -1)
    return mask


def _with_glare(card: Pixels, dice: random.Random) -> Pixels:
    """A lamp's spot: a white core over a soft halo, on the card's upper part where names and addresses stand."""
    height, width = card.shape[:2]
    x, y = dice.uniform(0.25, 0.9) * width, dice.uniform(0.15, 0.65) * height
    spread = dice.uniform(0.05, 0.09) * width
    rows, columns = np.mgrid[0:height, 0:width]
    strength = np.exp(-(((columns - x) / (1.6 * spread)) ** 2 + ((rows - y) / spread) ** 2) / 2)[:, :, None]
    return (card + (255 - card) * 0.85 * strength).astype(np.uint8)


def _with_shadow(picture: Pixels, dice: random.Random) -> Pixels:
    """The shadow of a head or an arm: half the picture darker, with a soft edge."""
    height, width = picture.shape[:2]
    mask = np.zeros((height, width), np.float32)
    left, right = dice.uniform(0.2, 0.8) * width, dice.uniform(0.2, 0.8) * width
    cv2.fillPoly(mask, [np.array([(0, 0), (int(left), 0), (int(right), height), (0, height)], np.int32)], 1.0)
    mask = cv2.GaussianBlur(mask, (0, 0), dice.uniform(12, 50))[:, :, None]
    return (picture * (1 - dice.uniform(0.3, 0.5) * mask)).astype(np.uint8)


def _with_hand(picture: Pixels, corners: Pixels, dice: random.Random) -> Pixels:
    """Thumb and fingers that hold the card at its left or lower edge; they cover the edge and no printed sign."""
    skin = (118 + dice.randint(-20, 20), 150 + dice.randint(-20, 20), 205 + dice.randint(-20, 20))
    upper_left, _, lower_right, lower_left = corners
    at_left = dice.random() < 0.5
    start, end = (upper_left, lower_left) if at_left else (lower_left, lower_right)
    place = start + (end - start) * dice.uniform(0.3, 0.7)
    centre = (corners[0] + corners[2]) / 2
    outward = place - centre
    outward = outward / np.linalg.norm(outward)
    length = float(np.linalg.norm(corners[1] - corners[0]))
    tip = place - outward * 0.03 * length
    done = picture.copy()
    for finger in range(dice.choice((1, 2))):
        along = (end - start) / np.linalg.norm(end - start) * finger * 0.085 * length
        for step in range(40):
            at = tip + along + outward * step * 0.012 * length
            cv2.circle(done, (int(at[0]), int(at[1])), int(0.036 * length), skin, -1, cv2.LINE_AA)
    return done


def _grained(colour: tuple[int, int, int], frame: tuple[int, int], grain: np.random.Generator, strength: float) -> Pixels:
    width, height = frame
    rough = cv2.resize(grain.normal(0, strength, (height // 8, width // 8)).astype(np.float32), frame)
    return np.asarray(np.clip(np.full((height, width, 3), colour, np.float32) + rough[:, :, None], 0, 255))


def _dark(frame: tuple[int, int], dice: random.Random, grain: np.random.Generator) -> Pixels:
    return _grained(dice.choice(((66, 84, 104), (52, 52, 56), (60, 74, 48), (90, 60, 44))), frame, grain, 3)


def _wood(frame: tuple[int, int], dice: random.Random, grain: np.random.Generator) -> Pixels:
    width, height = frame
    rings = np.cumsum(grain.normal(0, 1, (height, 1)).astype(np.float32), axis=0)
    waves = 16 * np.sin(rings / 2 + np.linspace(0, dice.uniform(2, 6), width, dtype=np.float32)[None, :] ** 1.1)
    base = np.array(dice.choice(((88, 128, 170), (60, 92, 134), (120, 160, 196))), np.float32)
    return np.asarray(np.clip(base + waves[:, :, None] + grain.normal(0, 3, (height, width, 1)), 0, 255).astype(np.float32))


def _cloth(frame: tuple[int, int], dice: random.Random, grain: np.random.Generator) -> Pixels:
    """A checked table cloth."""
    desk = _grained((150, 140, 120), frame, grain, 2)
    step = dice.randint(50, 110)
    for left in range(0, frame[0], step):
        desk[:, left : left + step // 3] *= 0.62
    for top in range(0, frame[1], step):
        desk[top : top + step // 3] *= 0.62
    return desk


def _papers(frame: tuple[int, int], dice: random.Random, grain: np.random.Generator) -> Pixels:
    """A desk with printed forms lying about."""
    desk = _grained((96, 104, 110), frame, grain, 3)
    for _ in range(3):
        left, top = dice.randint(-200, frame[0] - 300), dice.randint(-200, frame[1] - 300)
        cv2.rectangle(desk, (left, top), (left + 620, top + 800), (238, 240, 240), -1)
        for line in range(60, 760, 34):
            cv2.line(desk, (left + 50, top + line), (left + dice.randint(240, 570), top + line), (130, 130, 130), 3)
    return desk


def _white(frame: tuple[int, int], dice: random.Random, grain: np.random.Generator) -> Pixels:
    shade = dice.randint(228, 244)
    return _grained((shade, shade, shade - 3), frame, grain, 1.2)


DESKS: Final[dict[str, Callable[[tuple[int, int], random.Random, np.random.Generator], Pixels]]] = {
    "dark": _dark,
    "wood": _wood,
    "cloth": _cloth,
    "papers": _papers,
    "white": _white,
}

_COUNTER = ("dark", "wood", "papers")


def scene_of(condition: str, dice: random.Random) -> Scene:
    """One of the ten conditions; desks change from picture to picture."""
    desk = dice.choice(_COUNTER)
    return {
        "photo": Scene(desk=desk),
        "tilted": Scene(desk=desk, tilt=12, perspective=0.06, width=1000),
        "dim": Scene(desk=desk, light=0.42, noise=11),
        "blurred": Scene(desk=desk, blur=2.6),
        "small": Scene(desk=desk, width=400, frame=(640, 480), noise=1.5, blur=0.4),
        "glare": Scene(desk=desk, glare=True),
        "turned": Scene(desk=desk, turn=dice.choice((90, 180, 270))),
        "white_desk": Scene(desk="white", shadow=True),
        "hand": Scene(desk=dice.choice(("wood", "cloth")), hand=True, shadow=True),
    }[condition]


CONDITIONS: Final = ("flat", "photo", "tilted", "dim", "blurred", "small", "glare", "turned", "white_desk", "hand")


def picture_of(card: Pixels, condition: str, dice: random.Random) -> bytes:
    """The card under a condition, as the JPEG that a camera or scanner would give."""
    picture = card if condition == "flat" else photograph(card, scene_of(condition, dice), dice)
    done, encoded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, dice.choice((80, 88, 94))])
    assert done
    return bytes(encoded)
