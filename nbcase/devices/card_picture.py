"""From the bytes of a picture to a straightened card: limits, decoding, finding the card, light and sharpness.

A file is judged by its own first bytes and its size in pixels is known before anything is decoded: whatever a clerk
opens by mistake gets a sentence instead of the memory of the computer.
"""

import math
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from PIL import BmpImagePlugin, Image, ImageFile, ImageOps, JpegImagePlugin, PngImagePlugin

from nbcase.domain.errors import UserError
from nbcase.domain.identity import Problem
from nbcase.domain.words import tr

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[Any]
    Corners = NDArray[Any]
    Outline = NDArray[Any]

MOST_BYTES: Final = 40 * 1024 * 1024
MOST_PIXELS: Final = 60_000_000
CARD_WIDTH: Final = 1011
CARD_HEIGHT: Final = 638

_LEAST_SIDE: Final = 200
"""Pixels; below it the printed signs are smaller than any engine can read."""

_WORKING_SIDE: Final = 2000
"""Longest side that is kept; a larger picture only costs time."""

_WHOLE_SIDE: Final = 1600
"""Longest side of a picture that is read as a whole because no card was found in it."""

_SEARCH_SIDE: Final = 800
"""Longest side of the small picture in which the card's outline is looked for."""

_CARD_RATIOS: Final = (1.30, 1.95)
"""Width to height of a card as photographs show it; upright it is 1.585, and the portrait on it 1.23."""

_BLACK: Final = 12.0
_DIM: Final = 75.0
_FLAT: Final = 4.0
_BLURRED: Final = 9.0
"""Bounds of mean light (0–255), spread of light, and sharpness (see `_sharpness`), set on sample cards."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CardPicture:
    """A card turned so that its long side lies, `pixels` in blue-green-red; which way is up is not known yet."""

    pixels: "Pixels"
    is_card_found: bool
    problems: tuple[Problem, ...]


def open_card(source: Path | bytes) -> CardPicture:
    """The card in a picture file, or in the bytes of one.

    Raises UserError for anything that is no readable picture within the limits, or shows nothing.
    """
    data = source if isinstance(source, bytes) else _load_file(source)
    pixels = _decode(data)
    _refuse_nothing(pixels)
    return _straighten(pixels)


def _load_file(path: Path) -> bytes:
    """The file's bytes; its size is asked first."""
    name = path.name or str(path)
    try:
        size = path.stat().st_size
        if not path.is_file():
            # Folders, and the devices and pipes of which reading never ends.
            raise UserError(tr("“{name}”不是文件，更不是图片。").format(name=name), do=tr("请选择一张证件照片。"))
        if size > MOST_BYTES:
            raise _too_large(size)
        return path.read_bytes()
    except FileNotFoundError as missing:
        raise UserError(tr("找不到图片“{name}”。").format(name=name), do=tr("请核对文件名，或重新拍照。")) from missing
    except (OSError, ValueError) as refused:
        raise UserError(
            tr("图片“{name}”打不开。").format(name=name),
            do=tr("请检查文件的权限和存放的位置，或把文件复制到本机再试。"),
        ) from refused


def _too_large(size: int) -> UserError:
    return UserError(
        tr("图片文件太大：{size} MB，最多 {most} MB。").format(size=math.ceil(size / 1024 / 1024), most=MOST_BYTES // 1024 // 1024),
        do=tr("请降低拍照或扫描的分辨率（300 dpi 就够），重新取得图片。"),
    )


def _decode(data: bytes) -> "Pixels":
    """The pixels, turned as the camera says, at most `_WORKING_SIDE` long."""
    import numpy as np

    image = _open_image(data)
    if image.width * image.height > MOST_PIXELS:
        raise UserError(
            tr("图片太大：{width}×{height} 像素。").format(width=image.width, height=image.height),
            do=tr("请降低拍照或扫描的分辨率（300 dpi 就够），重新取得图片。"),
        )
    if min(image.size) < _LEAST_SIDE:
        raise UserError(
            tr("图片太小：{width}×{height} 像素，看不清字。").format(width=image.width, height=image.height),
            do=tr("请用更高的分辨率重新拍照或扫描。"),
        )
    try:
        # A JPEG can be decoded at an eighth, a quarter or half of its size for a fraction of time and memory.
        image.draft("RGB", (_WORKING_SIDE, _WORKING_SIDE))
        image.load()
        shown = _as_held(_in_colour(image))
    except Exception as spoilt:
        # Decoders answer damaged bytes with exceptions of every kind; for the clerk they are one.
        raise UserError(
            tr("图片文件已损坏或不完整，无法读取。"),
            do=tr("请重新拍照或扫描；如果是从别处复制来的，请重新复制一次。"),
        ) from spoilt
    shown.thumbnail((_WORKING_SIDE, _WORKING_SIDE), Image.Resampling.BILINEAR)
    return np.ascontiguousarray(np.asarray(shown)[:, :, ::-1])


def _open_image(data: bytes) -> ImageFile.ImageFile:
    """The picture's header; nothing is decoded yet.

    The decoders are named one by one, which keeps rare formats and Pillow's global pixel limit out of the way.
    """
    if not data:
        raise UserError(tr("图片文件是空的。"), do=tr("请重新拍照或扫描。"))
    if len(data) > MOST_BYTES:
        raise _too_large(len(data))
    try:
        if data.startswith(b"\x89PNG\r\n\x1a\n"):
            return PngImagePlugin.PngImageFile(BytesIO(data))
        if data.startswith(b"\xff\xd8\xff"):
            return JpegImagePlugin.JpegImageFile(BytesIO(data))
        if data.startswith(b"BM"):
            return BmpImagePlugin.BmpImageFile(BytesIO(data))
    except Exception as spoilt:
        # As above: a damaged header may raise nearly anything.
        raise UserError(
            tr("图片文件的开头已损坏，无法读取。"), do=tr("请重新拍照或扫描；如果是从别处复制来的，请重新复制一次。")
        ) from spoilt
    raise _not_a_picture(data)


def _not_a_picture(data: bytes) -> UserError:
    do = tr("请选择 JPEG、PNG 或 BMP 格式的证件照片。")
    if data.startswith(b"%PDF"):
        return UserError(tr("这是 PDF 文件，不是图片。"), do=do)
    if data[4:12] in (b"ftypheic", b"ftypheix", b"ftypmif1"):
        return UserError(tr("这是手机的 HEIC 照片，不能直接读取。"), do=tr("请在手机上把照片另存为 JPEG，再发送到电脑。"))
    return UserError(tr("这个文件不是能识别的图片。"), do=do)


def _as_held(image: Image.Image) -> Image.Image:
    """The picture turned by the camera's note on how it was held, or as it is where the note is spoilt."""
    try:
        return ImageOps.exif_transpose(image)
    except Exception:
        # A damaged note raises as variously as a damaged picture; the card can be turned without it.
        return image


def _in_colour(image: Image.Image) -> Image.Image:
    """Eight bits a channel, transparent parts white."""
    if image.mode.startswith("I"):
        # 16-bit grey from scanners: the usual conversion would cut off all light above 255.
        scaled = image.convert("I").point(lambda light: light / 256)
        return scaled.convert("L").convert("RGB")
    if "A" in image.mode or "transparency" in image.info:
        shown = image.convert("RGBA")
        white = Image.new("RGB", shown.size, "white")
        white.paste(shown, mask=shown.getchannel("A"))
        return white
    return image.convert("RGB")


def _refuse_nothing(pixels: "Pixels") -> None:
    """Say at once that there is nothing to read instead of letting the engine look for it."""
    import cv2

    mean, spread = (float(figure[0, 0]) for figure in cv2.meanStdDev(cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY)))
    if mean < _BLACK:
        raise UserError(tr("图片几乎全黑，看不到证件。"), do=tr("请打开灯或取下镜头盖，重新拍照。"))
    if spread < _FLAT:
        raise UserError(tr("图片是空白的，看不到证件。"), do=tr("请把证件放到镜头下，重新拍照或扫描。"))


def _straighten(pixels: "Pixels") -> CardPicture:
    corners = _find_card(pixels)
    if corners is not None:
        card, found = _warp(pixels, corners), True
    else:
        card, found = _lying(pixels), _fills_picture(pixels)
    problems = _quality_problems(card)
    if not found:
        lost = tr("没有找到证件的边缘，按整张图片识别，结果可能不全。请把证件放在深色、无花纹的台面上，四边都拍进去。")
        problems = (Problem(key="card_not_found", text=lost), *problems)
    return CardPicture(pixels=card, is_card_found=found, problems=problems)


def _quality_problems(card: "Pixels") -> tuple[Problem, ...]:
    """What makes a reading doubtful before it is begun."""
    import cv2

    grey = cv2.cvtColor(card, cv2.COLOR_BGR2GRAY)
    problems: list[Problem] = []
    if float(grey.mean()) < _DIM:
        problems.append(Problem(key="dark", text=tr("图片偏暗，识别可能出错。请打开补光灯重拍，或逐字核对。")))
    if _sharpness(grey) < _BLURRED:
        problems.append(Problem(key="blurred", text=tr("图片模糊，识别可能出错。请擦净镜头、拿稳后重拍，或逐字核对。")))
    return tuple(problems)


def _sharpness(grey: "Pixels") -> float:
    """The steepest edges (99.5th percentile of the Laplacian) in percent of the light's own range.

    Relative to the range, so that a dim picture is not called blurred.
    """
    import cv2
    import numpy as np

    light = np.percentile(grey, (1, 99))
    steep = np.percentile(np.abs(cv2.Laplacian(grey, cv2.CV_32F, ksize=1)), 99.5)
    return float(100 * steep / max(1.0, light[1] - light[0]))


def _fills_picture(pixels: "Pixels") -> bool:
    """Whether the whole picture has the shape of a card, as a scan that was cut to it has."""
    height, width = pixels.shape[:2]
    shape: float = max(height, width) / min(height, width)
    return 1.5 <= shape <= 1.68


def _lying(pixels: "Pixels") -> "Pixels":
    """The whole picture; cut to a card's size only where it has a card's shape."""
    import cv2

    if _fills_picture(pixels):
        turned = cv2.rotate(pixels, cv2.ROTATE_90_CLOCKWISE) if pixels.shape[0] > pixels.shape[1] else pixels
        return cv2.resize(turned, (CARD_WIDTH, CARD_HEIGHT), interpolation=cv2.INTER_AREA)
    scale = min(1.0, _WHOLE_SIDE / max(pixels.shape[:2]))
    return cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def _find_card(pixels: "Pixels") -> "Corners | None":
    """The card's corners in the picture, clockwise from its upper left; None where no outline is a card's."""
    import cv2

    # In a picture that is the card itself only another card may be found, not its portrait seen askew.
    least_ratio = 1.4 if _fills_picture(pixels) else _CARD_RATIOS[0]
    scale = min(1.0, _SEARCH_SIDE / max(pixels.shape[:2]))
    small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    best, outline, best_score = None, None, 0.0
    for mask in _masks(small):
        contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
        for contour in sorted(contours, key=cv2.contourArea, reverse=True)[:5]:
            corners = _four_corners(contour)
            if corners is None:
                continue
            score = _card_score(corners, contour, small.shape[0] * small.shape[1], least_ratio)
            if score > best_score:
                best, outline, best_score = corners, contour, score
    return None if best is None or outline is None else _on_edges(best, outline) / scale


def _masks(small: "Pixels") -> "list[Pixels]":
    """Black and white pictures in which a card may stand out: by light, by two colours, by its edges."""
    import cv2
    import numpy as np

    kernel = np.ones((5, 5), np.uint8)
    smooth = cv2.GaussianBlur(small, (5, 5), 0)
    masks = []
    for channel in cv2.split(cv2.cvtColor(smooth, cv2.COLOR_BGR2LAB)):
        _, mask = cv2.threshold(channel, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
        masks += [cv2.morphologyEx(mask, cv2.MORPH_CLOSE, kernel), cv2.morphologyEx(255 - mask, cv2.MORPH_CLOSE, kernel)]
    grey = cv2.cvtColor(smooth, cv2.COLOR_BGR2GRAY)
    # Closed, not thickened: a thick outline is the largest and puts every corner outside of the card.
    masks += [cv2.morphologyEx(cv2.Canny(grey, low, 3 * low), cv2.MORPH_CLOSE, kernel) for low in (20, 60)]
    return masks


def _four_corners(contour: "Outline") -> "Corners | None":
    """The four-sided shape that a contour's hull comes down to, clockwise from the upper left."""
    import cv2
    import numpy as np

    hull = cv2.convexHull(contour)
    length = cv2.arcLength(hull, True)
    for share in (0.02, 0.03, 0.045, 0.06):
        shape = cv2.approxPolyDP(hull, share * length, True)
        if len(shape) == 4:
            points = shape.reshape(4, 2).astype(np.float32)
            break
    else:
        return None
    centre = points.mean(axis=0)
    around = np.argsort(np.arctan2(points[:, 1] - centre[1], points[:, 0] - centre[0]))
    points = points[around]
    return np.roll(points, -int(np.argmin(points.sum(axis=1))), axis=0)


def _on_edges(corners: "Corners", outline: "Outline") -> "Corners":
    """The corners where the straight parts of the edges would meet: the card's own are round and lie further in."""
    import cv2
    import numpy as np

    points = outline.reshape(-1, 2).astype(np.float32)
    edges = []
    for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        along = (end - start) / np.linalg.norm(end - start)
        way = (points - start) @ along / np.linalg.norm(end - start)
        aside = np.abs((points - start) @ np.array([-along[1], along[0]]))
        straight = points[(way > 0.15) & (way < 0.85) & (aside < 0.03 * np.linalg.norm(end - start))]
        if len(straight) < 2:
            return corners
        edges.append(cv2.fitLine(straight, cv2.DIST_HUBER, 0, 0.01, 0.01).reshape(4))
    met = [_meeting(before, edge) for before, edge in zip((edges[-1], *edges), edges, strict=False)]
    return corners if any(point is None for point in met) else np.array(met, np.float32)


def _meeting(one: "Corners", other: "Corners") -> "Corners | None":
    """Where two lines (direction x, y, point x, y) cross; None for parallel ones."""
    import numpy as np

    cross = one[0] * other[1] - one[1] * other[0]
    if abs(cross) < 0.1:
        return None
    share = ((other[2] - one[2]) * other[1] - (other[3] - one[3]) * other[0]) / cross
    return np.array([one[2] + share * one[0], one[3] + share * one[1]], np.float32)


def _card_score(corners: "Corners", contour: "Outline", picture_area: int, least_ratio: float) -> float:
    """How much a shape is a card's: its share of the picture, 0 where size, proportions or filling exclude it."""
    import cv2
    import numpy as np

    sides = np.linalg.norm(corners - np.roll(corners, -1, axis=0), axis=1)
    across, down = (sides[0] + sides[2]) / 2, (sides[1] + sides[3]) / 2
    ratio = max(across, down) / max(1.0, min(across, down))
    area = cv2.contourArea(corners)
    share = area / picture_area
    hull_share = cv2.contourArea(cv2.convexHull(contour)) / max(1.0, area)
    is_card = least_ratio <= ratio <= _CARD_RATIOS[1] and 0.08 <= share <= 0.97 and 0.9 <= hull_share <= 1.1
    return float(share) if is_card else 0.0


def _warp(pixels: "Pixels", corners: "Corners") -> "Pixels":
    """The card alone, its long side lying."""
    import cv2
    import numpy as np

    top, side = np.linalg.norm(corners[0] - corners[1]), np.linalg.norm(corners[1] - corners[2])
    if top < side:
        corners = np.roll(corners, 1, axis=0)
    right, bottom = CARD_WIDTH - 1, CARD_HEIGHT - 1
    target = np.array([(0, 0), (right, 0), (right, bottom), (0, bottom)], np.float32)
    transform = cv2.getPerspectiveTransform(corners.astype(np.float32), target)
    return cv2.warpPerspective(pixels, transform, (CARD_WIDTH, CARD_HEIGHT), flags=cv2.INTER_AREA)
