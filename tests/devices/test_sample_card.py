"""The sample cards: they say what they are, and stay free of real people."""

from pathlib import Path

import pytest
from PIL import Image

from nbcase.devices.sample_card import CARD_SIZE, SamplePerson, Shot, photograph, write_sample
from nbcase.domain.identity import SYNTHETIC_AREA, check_number


def test_the_sample_person_has_a_right_number_of_the_area_that_nobody_has() -> None:
    person = SamplePerson()
    check = check_number(person.number)
    assert check.valid
    assert check.area_code == SYNTHETIC_AREA
    assert check.birth_on == person.birth_on
    assert check.sex_code == "2"


@pytest.mark.parametrize("ending", ["jpg", "png"])
@pytest.mark.parametrize("back", [False, True])
def test_a_sample_is_written_in_the_format_of_its_name(tmp_path: Path, ending: str, back: bool) -> None:
    path = tmp_path / f"card.{ending}"
    write_sample(path, back=back)
    with Image.open(path) as picture:
        assert picture.size == CARD_SIZE
        assert picture.format == {"jpg": "JPEG", "png": "PNG"}[ending]


def test_the_same_person_is_drawn_the_same_each_time(tmp_path: Path) -> None:
    one, other = tmp_path / "one.png", tmp_path / "other.png"
    for path in (one, other):
        write_sample(path, shot=Shot(on_desk=True, tilt=7, perspective=0.03, light=0.8, blur=1))
    assert one.read_bytes() == other.read_bytes()


def test_a_dim_shot_is_darker() -> None:
    white = Image.new("RGB", CARD_SIZE, "white")
    assert photograph(white, Shot(light=0.5)).getpixel((9, 9)) == (127, 127, 127)
