"""The sample pages can be drawn, in both themes, and none is blank."""

from pathlib import Path

from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from ui.gallery import draw
from ui.theme import Theme


def test_every_sample_page_is_drawn_in_both_themes(app: QApplication, theme: Theme, tmp_path: Path) -> None:
    draw(tmp_path)
    pictures = sorted(tmp_path.glob("*.png"))
    assert {path.stem.rsplit("-", 1)[1] for path in pictures} == {"light", "dark"}
    for path in pictures:
        image = QImage(str(path))
        colors = {image.pixel(x, y) for x in range(0, image.width(), 7) for y in range(0, image.height(), 7)}
        assert len(colors) > 5, path.name
