"""A document in a picture laid straight: by its outline where its text then lies straight in it, else by its text alone.

An outline alone is not trusted: on a patterned or a white desk, under a shadow or in a hand, other shapes look like a card. What
is printed tells: on a card that was cut out rightly all lines run across and none is cut off at the edge.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from nbcase.devices.card_outline import CARD_HEIGHT, CARD_WIDTH, fills_picture, laid_straight, outlines
from nbcase.devices.contract import Box
from nbcase.devices.text_engine import TextEngine
from nbcase.domain.identity import Problem
from nbcase.domain.words import tr

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[Any]

_CARD_SEARCH: Final = 448
"""Shorter side at which lines are looked for on a card: its smallest signs are 20 pixels high there."""

_WHOLE_SEARCH: Final = 800
"""The same for a whole picture, in which a card may take up a third."""

_LINE_HEIGHT: Final = 38.0
_SEARCH_HEIGHT: Final = 26.0
"""Pixels that a line is high in the picture laid straight by its text, and while lines are looked for in it."""

_LONGEST: Final = 2000
"""Pixels of the longest side of a picture laid straight by its text."""

_FEWEST_LINES: Final = 4
_LONG: Final = 2.5
"""Width to height from which a line's direction can be told."""

_SLANT: Final = 1.8
_MOST_SLANT: Final = 5.0
"""Degrees: of most lines, and of the worst, on a card that was cut out rightly."""

_MARGIN: Final = 1.5
"""Lines' heights that are kept around the text."""

_DIM: Final = 75.0
_BLURRED: Final = 9.0
"""Bounds of mean light (0–255) and sharpness (see `_sharpness`), set on sample cards."""

_GLARE: Final = 0.004
"""Share of a picture from which a bright spot is told."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CardPicture:
    """A document whose lines run across, `pixels` in blue-green-red, `boxes` where its lines are; which way is up is not known yet."""

    pixels: "Pixels"
    boxes: list[Box]
    is_card_found: bool
    problems: tuple[Problem, ...]


def find_document(pixels: "Pixels", engine: TextEngine) -> CardPicture:
    """The document of a picture laid straight."""
    for card in _candidates(pixels):
        boxes = engine.boxes(card, _CARD_SEARCH)
        if _lies_straight(boxes, card):
            return CardPicture(pixels=card, boxes=boxes, is_card_found=True, problems=_quality_problems(card))
    boxes = engine.boxes(pixels, min(_WHOLE_SEARCH, *pixels.shape[:2]))
    sheet, search = _by_text(pixels, boxes)
    problems = _quality_problems(sheet)
    lost = tr("没有找到证件的边缘，按整张图片识别，结果可能不全。请把证件放在深色、无花纹的台面上，四边都拍进去。")
    return CardPicture(
        pixels=sheet,
        boxes=engine.boxes(sheet, search) if boxes else [],
        is_card_found=False,
        problems=(Problem(key="card_not_found", text=lost), *problems),
    )


def _candidates(pixels: "Pixels") -> "list[Pixels]":
    """What may be the card: outlines in the picture, then the picture itself where it has a card's shape."""
    import cv2

    found = [laid_straight(pixels, corners) for corners in outlines(pixels)]
    if fills_picture(pixels):
        turned = cv2.rotate(pixels, cv2.ROTATE_90_CLOCKWISE) if pixels.shape[0] > pixels.shape[1] else pixels
        found.append(cv2.resize(turned, (CARD_WIDTH, CARD_HEIGHT), interpolation=cv2.INTER_AREA))
    return found


def _lies_straight(boxes: Sequence[Box], card: "Pixels") -> bool:
    """Whether lines of text in a cut-out run across and end before its edges."""
    import numpy as np

    height, width = card.shape[:2]
    slants = [abs(slant) for box in boxes if (slant := _slant(box)) is not None]
    if len(boxes) < _FEWEST_LINES or len(slants) < 2:
        return False
    edge = 0.004 * width
    cut = [box for box in boxes if any(x < edge or y < edge or x > width - edge or y > height - edge for x, y in box)]
    return not cut and float(np.median(slants)) <= _SLANT and max(slants) <= _MOST_SLANT


def _slant(box: Box) -> float | None:
    """Degrees by which a line rises from across, −90 to 90; None for one too short to tell."""
    import numpy as np

    corners = np.array(box)
    along, down = corners[1] - corners[0], corners[3] - corners[0]
    wide, high = float(np.linalg.norm(along)), float(np.linalg.norm(down))
    if max(wide, high) < _LONG * max(1.0, min(wide, high)):
        return None
    x, y = along if wide >= high else down
    return float((np.degrees(np.arctan2(y, x)) + 90) % 180 - 90)


def _by_text(pixels: "Pixels", boxes: Sequence[Box]) -> "tuple[Pixels, int]":
    """The part of a picture that holds its text, turned so that lines run across; and at what size to look for lines in it."""
    import cv2
    import numpy as np

    slants = [slant for box in boxes if (slant := _slant(box)) is not None]
    if not slants:
        return pixels, min(_WHOLE_SEARCH, *pixels.shape[:2])
    # Directions wrap at 180 degrees: their doubles are averaged as points on a circle, beginning with the one most agree with.
    doubled = np.radians(2 * np.array(slants))
    middle = doubled[np.argmin([np.abs(np.angle(np.exp(1j * (doubled - one)))).sum() for one in doubled])]
    angle = float(np.degrees(middle)) / 2
    turn = cv2.getRotationMatrix2D((0, 0), angle, 1.0)
    points = np.array(boxes).reshape(-1, 2) @ turn[:, :2].T
    heights = [min(np.linalg.norm(np.subtract(box[0], box[1])), np.linalg.norm(np.subtract(box[0], box[3]))) for box in boxes]
    line = max(4.0, float(np.median(heights)))
    least, most = points.min(axis=0) - _MARGIN * line, points.max(axis=0) + _MARGIN * line
    scale = min(_LINE_HEIGHT / line, _LONGEST / float((most - least).max()), 3.0)
    width, height = (np.ceil((most - least) * scale)).astype(int)
    turn[:, 2] = -least
    sheet = cv2.warpAffine(
        pixels,
        turn * scale,
        (int(width), int(height)),
        flags=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return sheet, max(160, round(min(sheet.shape[:2]) * min(1.0, _SEARCH_HEIGHT / (line * scale))))


def _quality_problems(card: "Pixels") -> tuple[Problem, ...]:
    """What makes a reading doubtful before it is begun."""
    import cv2

    grey = cv2.cvtColor(card, cv2.COLOR_BGR2GRAY)
    problems: list[Problem] = []
    if float(grey.mean()) < _DIM:
        problems.append(Problem(key="dark", text=tr("图片偏暗，识别可能出错。请打开补光灯重拍，或逐字核对。")))
    if _sharpness(grey) < _BLURRED:
        problems.append(Problem(key="blurred", text=tr("图片模糊，识别可能出错。请擦净镜头、拿稳后重拍，或逐字核对。")))
    if float(glare_of(card).mean()) > _GLARE:
        problems.append(Problem(key="glare", text=tr("图片有反光，盖住的字可能认错。请移开灯光或证件重拍，或逐字核对反光处。")))
    return tuple(problems)


def glare_of(card: "Pixels") -> "Pixels":
    """1 where a lamp's light lies on the document: a spot much brighter than its paper, soft at its edge; else 0."""
    import cv2
    import numpy as np

    small = cv2.resize(card, (card.shape[1] // 4, card.shape[0] // 4), interpolation=cv2.INTER_AREA).min(axis=2)
    paper = float(np.percentile(small, 50))
    spot = (small > paper + 0.55 * (255 - paper)).astype(np.uint8) if paper < 243 else np.zeros_like(small)
    opened = cv2.morphologyEx(spot, cv2.MORPH_OPEN, np.ones((9, 9), np.uint8))
    return cv2.resize(opened, (card.shape[1], card.shape[0]), interpolation=cv2.INTER_NEAREST)


def _sharpness(grey: "Pixels") -> float:
    """The steepest edges (99.5th percentile of the Laplacian) in percent of the light's own range.

    Relative to the range, so that a dim picture is not called blurred.
    """
    import cv2
    import numpy as np

    light = np.percentile(grey, (1, 99))
    steep = np.percentile(np.abs(cv2.Laplacian(grey, cv2.CV_32F, ksize=1)), 99.5)
    return float(100 * steep / max(1.0, light[1] - light[0]))
