"""The tokens are complete, readable for every eye, and the only place of a colour."""

import re
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFontInfo, QFontMetrics, QGuiApplication

import ui
from nbcase.domain.resources import resource_path
from ui.theme import Theme, load_tokens, use_scale

_TOKENS = load_tokens()
_PAIRS = [("text", pair) for pair in _TOKENS.contrast.text] + [("graphic", pair) for pair in _TOKENS.contrast.graphic]


def _luminance(color: QColor) -> float:
    """Relative luminance after WCAG 2.x."""
    parts = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in color.getRgbF()[:3]]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def _contrast(first: QColor, second: QColor) -> float:
    lighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize(("kind", "pair"), _PAIRS)
def test_the_contrast_table_is_what_the_colours_give_and_enough(kind: str, pair: str) -> None:
    foreground, ground = pair.split(" on ")
    stated = getattr(_TOKENS.contrast, kind)[pair]
    for place, mode in enumerate(("light", "dark")):
        theme = Theme(_TOKENS, mode)  # type: ignore[arg-type]
        found = _contrast(theme.color(foreground), theme.color(ground))
        assert found == pytest.approx(stated[place], abs=0.011), f"{pair} in {mode}"
        assert found >= (4.5 if kind == "text" else 3.0), f"{pair} in {mode}"


def test_no_colour_stands_in_code_or_in_the_style_sheet() -> None:
    files = [*Path(next(iter(ui.__path__))).rglob("*.py"), resource_path("theme/counter.qss")]
    pattern = re.compile(r"#[0-9A-Fa-f]{3,8}\b|\brgba?\(|QColor\(\s*[\d\"']|GlobalColor\.(?!transparent)")
    found = [f"{file.name}: {match[0]}" for file in files for match in pattern.finditer(file.read_text(encoding="utf-8"))]
    assert not found


def test_every_name_in_the_style_sheet_is_a_token(theme: Theme) -> None:
    assert "$" not in theme.style_sheet()


def test_the_two_themes_differ_in_the_sheet_and_in_the_palette(theme: Theme) -> None:
    light = theme.style_sheet(), theme.color("surface")
    theme.use("dark")
    assert theme.style_sheet() != light[0]
    assert theme.color("surface") != light[1]


def test_an_unknown_key_is_refused_with_file_and_place(tmp_path: Path) -> None:
    source = resource_path("theme/tokens.toml").read_text(encoding="utf-8")
    broken = tmp_path / "tokens.toml"
    broken.write_text(source.replace("[space]", "[space]\nxxl = 40"), encoding="utf-8")
    with pytest.raises(ValueError, match=r"tokens\.toml.*xxl.*space"):
        load_tokens(broken)


def test_a_missing_key_is_refused(tmp_path: Path) -> None:
    source = resource_path("theme/tokens.toml").read_text(encoding="utf-8")
    broken = tmp_path / "tokens.toml"
    broken.write_text(re.sub(r"(?m)^top_bar = .*$", "", source), encoding="utf-8")
    with pytest.raises(ValueError, match="top_bar"):
        load_tokens(broken)


def test_our_own_font_is_used_and_its_figures_are_equally_wide(theme: Theme) -> None:
    font = theme.font()
    assert QFontInfo(font).family() == "Noto Sans SC"
    metrics = QFontMetrics(font)
    assert len({metrics.horizontalAdvance(figure) for figure in "0123456789"}) == 1
    assert QFontInfo(theme.font(strong=True)).bold()


@pytest.mark.parametrize("percent", [99, 201, 0])
def test_a_scale_outside_of_100_to_200_percent_is_refused(percent: int) -> None:
    with pytest.raises(ValueError, match="percent"):
        use_scale(percent)


def test_a_scale_is_what_qt_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_SCALE_FACTOR", "1")
    use_scale(150)
    import os

    assert os.environ["QT_SCALE_FACTOR"] == "1.5"


def test_the_systems_theme_is_one_of_the_two(theme: Theme) -> None:
    theme.use("dark")
    theme.use("system")
    assert theme.mode == ("dark" if QGuiApplication.styleHints().colorScheme() is Qt.ColorScheme.Dark else "light")
