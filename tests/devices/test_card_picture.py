"""The card in a picture laid straight: by outline, by its text, what makes a reading doubtful told first."""

from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from nbcase.devices.card_outline import CARD_HEIGHT, CARD_WIDTH
from nbcase.devices.card_picture import CardPicture, find_document
from nbcase.devices.picture_file import open_picture
from nbcase.devices.sample_card import CLEAN_PHOTO, FLAT, TILTED_PHOTO, SamplePerson, Shot, draw_back, draw_front, photograph
from nbcase.devices.text_engine import TextEngine

FRONT = draw_front(SamplePerson())
BACK = draw_back(SamplePerson())
ENGINE = TextEngine()


def open_card(source: bytes) -> CardPicture:
    return find_document(open_picture(source), ENGINE)


def encoded(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    stream = BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


@pytest.mark.parametrize(
    "shot",
    [
        FLAT,
        CLEAN_PHOTO,
        TILTED_PHOTO,
        Shot(on_desk=True, tilt=5, light=0.42),
        Shot(on_desk=True, tilt=3, blur=2.6),
        Shot(on_desk=True, tilt=90),
        Shot(on_desk=True, tilt=180),
        Shot(on_desk=True, tilt=4, desk_size=(800, 600)),
    ],
)
@pytest.mark.parametrize("side", [FRONT, BACK], ids=["front", "back"])
def test_the_card_is_found_and_laid_straight(shot: Shot, side: Image.Image) -> None:
    found = open_card(encoded(photograph(side, shot)))
    assert found.is_card_found
    assert found.pixels.shape == (CARD_HEIGHT, CARD_WIDTH, 3)
    assert found.problems == ()


def test_a_straightened_card_lies_where_the_flat_one_does() -> None:
    flat = open_card(encoded(FRONT, "PNG")).pixels.astype(int)
    tilted = open_card(encoded(photograph(FRONT, TILTED_PHOTO), "PNG")).pixels.astype(int)
    inner = (slice(30, -30), slice(30, -30))
    assert abs(flat[inner] - tilted[inner]).mean() < 8


def test_a_card_without_an_edge_is_read_as_the_whole_picture_and_that_is_said() -> None:
    sheet = Image.new("RGB", (1400, 1400), (226, 236, 240))
    sheet.paste(FRONT, (200, 300))
    found = open_card(encoded(sheet, "PNG"))
    assert not found.is_card_found
    assert [problem.key for problem in found.problems] == ["card_not_found"]


def test_a_dim_and_a_blurred_picture_are_told_before_reading() -> None:
    dim = open_card(encoded(photograph(FRONT, Shot(on_desk=True, light=0.3))))
    assert [problem.key for problem in dim.problems] == ["dark"]
    blurred = open_card(encoded(photograph(FRONT, Shot(on_desk=True, blur=6))))
    assert "blurred" in [problem.key for problem in blurred.problems]


@pytest.mark.parametrize(("note", "degrees"), [(6, 90), (3, 180)])
def test_a_picture_held_otherwise_is_turned_by_the_cameras_note(note: int, degrees: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = note
    held = FRONT.rotate(degrees, expand=True)
    upright = open_card(encoded(FRONT, quality=95)).pixels.astype(int)
    turned = open_card(encoded(held, quality=95, exif=exif)).pixels.astype(int)
    assert abs(upright - turned).mean() < 3


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_a_spoilt_note_of_the_camera_does_not_spoil_the_picture() -> None:
    assert open_card(encoded(FRONT, exif=b"Exif\x00\x00MM\x00*\xff\xff\xff\xffrubbish")).is_card_found
