"""QR and bar codes read back from pictures: flat, photographed at a tilt, several at once, none."""

import random
from io import BytesIO

import cv2
import numpy as np
import pytest
import segno
import zxingcpp
from PIL import Image

from nbcase.devices.codes_in_picture import codes_in, read_codes
from tests.parts.cardpictures import Pixels, Scene, photograph

TEXT = "6BFOXN%TSMAHN-H7ZCW5BU%EC.EDECMMEC1T1N"


def qr(text: str) -> Pixels:
    stream = BytesIO()
    segno.make(text, error="m", boost_error=False, micro=False).save(stream, kind="png", scale=8, border=4)
    return np.ascontiguousarray(np.asarray(Image.open(stream).convert("RGB")))


def paper_with(code: Pixels) -> Pixels:
    paper = np.full((638, 1011, 3), 244, np.uint8)
    paper[120 : 120 + code.shape[0], 300 : 300 + code.shape[1]] = code
    return paper


def png(pixels: Pixels) -> bytes:
    done, encoded = cv2.imencode(".png", pixels)
    assert done
    return bytes(encoded)


@pytest.mark.parametrize(
    "scene", [Scene(desk="wood"), Scene(desk="dark", tilt=20), Scene(desk="papers", turn=90), Scene(desk="dark", light=0.4)]
)
def test_a_photographed_code_is_read(scene: Scene) -> None:
    (found,) = codes_in(photograph(paper_with(qr(TEXT)), scene, random.Random(2)))
    assert (found.kind, found.text, found.content) == ("QRCode", TEXT, TEXT.encode())


def test_a_bar_code_and_where_it_stands_is_read() -> None:
    made = zxingcpp.create_barcode("NB20261124000017", zxingcpp.BarcodeFormat.Code128)
    written = np.asarray(zxingcpp.write_barcode_to_image(made, scale=3))
    paper = np.full((400, 900), 255, np.uint8)
    paper[100 : 100 + written.shape[0], 150 : 150 + written.shape[1]] = written
    (found,) = read_codes(png(paper))
    assert (found.kind, found.text) == ("Code128", "NB20261124000017")
    assert 100 <= found.box[0][1] < 300


def test_a_picture_without_a_code_gives_none() -> None:
    assert read_codes(png(np.full((400, 600, 3), 90, np.uint8) + np.arange(600, dtype=np.uint8)[None, :, None] // 8)) == ()
