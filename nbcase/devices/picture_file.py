"""From the bytes of a picture to pixels, within limits.

A file is judged by its own first bytes and its size in pixels is known before anything is decoded: whatever a clerk
opens by mistake gets a sentence instead of the memory of the computer.
"""

import math
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from PIL import BmpImagePlugin, Image, ImageFile, ImageOps, JpegImagePlugin, PngImagePlugin

from nbcase.domain.errors import UserError
from nbcase.domain.words import tr

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[Any]

MOST_BYTES: Final = 40 * 1024 * 1024
MOST_PIXELS: Final = 60_000_000
MOST_PIXELS_AT_ONCE: Final = 30_000_000
"""A JPEG is decoded at a part of its size, other pictures only as a whole: 90 MB of memory for each copy of so many pixels."""

_LEAST_SIDE: Final = 200
"""Pixels; below it the printed signs are smaller than any engine can read."""

_WORKING_SIDE: Final = 2000
"""Longest side that is kept; a larger picture only costs time."""

_BLACK: Final = 12.0
_FLAT: Final = 4.0
"""Bounds of mean light and spread of light (0-255) below which there is nothing to see."""


def open_picture(source: Path | bytes) -> "Pixels":
    """The pixels of a picture file, or of the bytes of one: blue-green-red, held upright by the camera's note, at most 2,000 long.

    Raises UserError for anything that is no readable picture within the limits, or shows nothing.
    """
    data = source if isinstance(source, bytes) else _load_file(source)
    pixels = _decode(data)
    _refuse_nothing(pixels)
    return pixels


def _refusal(what: str, do: str) -> UserError:
    return UserError(what, safe=tr("文件和表单都没有改动。"), do=do)


def _load_file(path: Path) -> bytes:
    """The file's bytes; its size is asked first."""
    name = path.name or str(path)
    try:
        size = path.stat().st_size
        if not path.is_file():
            # Folders, and the devices and pipes of which reading never ends.
            raise _refusal(tr("“{name}”不是文件，更不是图片。").format(name=name), do=tr("请选择一张证件照片。"))
        if size > MOST_BYTES:
            raise _too_large(size)
        return path.read_bytes()
    except FileNotFoundError as missing:
        raise _refusal(tr("找不到图片“{name}”。").format(name=name), do=tr("请核对文件名，或重新拍照。")) from missing
    except (OSError, ValueError) as refused:
        raise _refusal(
            tr("图片“{name}”打不开。").format(name=name),
            do=tr("请检查文件的权限和存放的位置，或把文件复制到本机再试。"),
        ) from refused


def _too_large(size: int) -> UserError:
    return _refusal(
        tr("图片文件太大：{size} MB，最多 {most} MB。").format(size=math.ceil(size / 1024 / 1024), most=MOST_BYTES // 1024 // 1024),
        do=tr("请降低拍照或扫描的分辨率（300 dpi 就够），重新取得图片。"),
    )


def _decode(data: bytes) -> "Pixels":
    """The pixels, turned as the camera says, at most `_WORKING_SIDE` long."""
    import numpy as np

    image = _open_image(data)
    if image.width * image.height > (MOST_PIXELS if image.format == "JPEG" else MOST_PIXELS_AT_ONCE):
        raise _refusal(
            tr("图片太大：{width}×{height} 像素。").format(width=image.width, height=image.height),
            do=tr("请降低拍照或扫描的分辨率（300 dpi 就够），重新取得图片。"),
        )
    if min(image.size) < _LEAST_SIDE:
        raise _refusal(
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
        raise _refusal(
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
        raise _refusal(tr("图片文件是空的。"), do=tr("请重新拍照或扫描。"))
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
        raise _refusal(
            tr("图片文件的开头已损坏，无法读取。"), do=tr("请重新拍照或扫描；如果是从别处复制来的，请重新复制一次。")
        ) from spoilt
    raise _not_a_picture(data)


def _not_a_picture(data: bytes) -> UserError:
    do = tr("请选择 JPEG、PNG 或 BMP 格式的证件照片。")
    if data.startswith(b"%PDF"):
        return _refusal(tr("这是 PDF 文件，不是图片。"), do=do)
    if data[4:12] in (b"ftypheic", b"ftypheix", b"ftypmif1"):
        return _refusal(tr("这是手机的 HEIC 照片，不能直接读取。"), do=tr("请在手机上把照片另存为 JPEG，再发送到电脑。"))
    return _refusal(tr("这个文件不是能识别的图片。"), do=do)


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
        raise _refusal(tr("图片几乎全黑，看不到证件。"), do=tr("请打开灯或取下镜头盖，重新拍照。"))
    if spread < _FLAT:
        raise _refusal(tr("图片是空白的，看不到证件。"), do=tr("请把证件放到镜头下，重新拍照或扫描。"))
