"""Icons: one open set, tinted by tokens, sharp at every scale."""

import re
from pathlib import Path

import pytest
from PySide6.QtGui import QColor, QPixmap

import ui
from nbcase.domain.resources import resource_path
from ui.theme import Theme, current_theme
from ui.widgets.icon import icon_pixmap

_FILES = sorted(path.stem for path in resource_path("icons").glob("*.svg"))


def _colors(pixmap: QPixmap) -> set[str]:
    image = pixmap.toImage()
    opaque = (image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height()))
    return {color.name() for color in opaque if color.alpha() > 100}


@pytest.mark.parametrize("name", _FILES)
@pytest.mark.parametrize("ratio", [1.0, 2.0])
def test_every_icon_is_drawn_in_the_token_colour_at_its_scale(theme: Theme, name: str, ratio: float) -> None:
    pixmap = icon_pixmap(name, "accent", 20, ratio)
    assert pixmap.width() == 20 * ratio
    expected = current_theme().color("accent")
    close = [color for color in _colors(pixmap) if _distance(QColor(color), expected) < 6]
    assert close, f"{name} has no pixel of the accent"


def _distance(first: QColor, second: QColor) -> int:
    return max(abs(a - b) for a, b in zip(first.getRgb()[:3], second.getRgb()[:3], strict=True))


def test_an_icon_is_drawn_once_and_again_only_for_another_theme(theme: Theme) -> None:
    first = icon_pixmap("house", "accent", 20, 1.0)
    assert icon_pixmap("house", "accent", 20, 1.0).cacheKey() == first.cacheKey()
    theme.use("dark")
    assert icon_pixmap("house", "accent", 20, 1.0).cacheKey() != first.cacheKey()


def test_every_icon_that_the_window_names_is_in_the_set() -> None:
    sources = "\n".join(path.read_text(encoding="utf-8") for path in Path(next(iter(ui.__path__))).rglob("*.py"))
    named = set(re.findall(r'icon="([a-z0-9-]+)"|Icon\("([a-z0-9-]+)"', sources))
    assert {first or second for first, second in named} <= set(_FILES)


def test_the_licence_stands_beside_the_icons() -> None:
    assert "ISC License" in resource_path("icons/LICENSE").read_text(encoding="utf-8")
