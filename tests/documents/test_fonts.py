"""The shipped fonts: every sign a paper needs, one family for windows and papers, figures of one width."""

from pathlib import Path

import pytest
from fontTools.ttLib import TTFont
from PIL import ImageFont

from nbcase.documents.fonts import font_for, runs
from nbcase.domain.resources import resource_path

SANS = ("NotoSansSC-Regular", "NotoSansSC-Bold")


def opened(name: str) -> TTFont:
    return TTFont(resource_path("fonts") / f"{name}.ttf", lazy=True)


@pytest.mark.parametrize("name", SANS)
def test_rare_characters_of_names_are_in_the_shipped_fonts(name: str) -> None:
    with opened(name) as font:
        assert {ord(sign) for sign in "𬭎䶮㛃𫍯𬱖甬鄞·《》（）"} <= set(font.getBestCmap())


@pytest.mark.parametrize(("name", "weight", "style"), [(SANS[0], 400, "Regular"), (SANS[1], 700, "Bold")])
def test_both_weights_belong_to_one_family(name: str, weight: int, style: str) -> None:
    with opened(name) as font:
        assert font["name"].getDebugName(1) == "Noto Sans SC"
        assert font["name"].getDebugName(2) == style
        assert font["OS/2"].usWeightClass == weight


@pytest.mark.parametrize("name", SANS)
def test_figures_are_of_one_width(name: str) -> None:
    with opened(name) as font:
        cmap = font.getBestCmap()
        assert len({font["hmtx"][cmap[ord(figure)]][0] for figure in "0123456789"}) == 1


@pytest.mark.parametrize("path", sorted(resource_path("fonts").glob("*.ttf")), ids=lambda path: path.name)
def test_pillow_can_draw_with_every_shipped_font(path: Path) -> None:
    assert ImageFont.truetype(str(path), 20).getlength("居住证") == pytest.approx(60, abs=0.5)


def test_the_licence_stands_beside_the_fonts() -> None:
    words = (resource_path("fonts") / "OFL.txt").read_text("utf-8")
    assert "SIL OPEN FONT LICENSE Version 1.1" in words
    assert "Adobe" in words


def test_a_title_falls_back_to_the_sans_for_what_the_serif_lacks() -> None:
    assert [(run.text, run.font) for run in runs("单䶮", "serif-bold")] == [("单", "NotoSerifSC-Bold"), ("䶮", "NotoSansSC-Bold")]


def test_a_sign_no_font_has_is_known_as_such() -> None:
    assert font_for("\U0010fffd", "sans") is None
