"""Strokes that several painted widgets share: text, key caps, tags, grounds with a border."""

from math import ceil
from typing import Literal

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QFontMetrics, QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QWidget

from nbcase.domain.words import tr
from ui.theme import current_theme

Tone = Literal["neutral", "accent", "red", "amber", "green"]
Align = Literal["left", "right", "center"]

_ALIGN = {
    "left": Qt.AlignmentFlag.AlignLeft,
    "right": Qt.AlignmentFlag.AlignRight,
    "center": Qt.AlignmentFlag.AlignHCenter,
}
_TAG_COLORS: dict[Tone, tuple[str, str]] = {
    "neutral": ("text2", "hover"),
    "accent": ("accent", "accent_weak"),
    "red": ("red", "red_weak"),
    "amber": ("amber", "amber_weak"),
    "green": ("green", "green_weak"),
}
_TONE_COLORS: dict[Tone, str] = {
    "neutral": "text",
    "accent": "accent",
    "red": "red",
    "amber": "amber",
    "green": "green",
}


def tone_color(tone: Tone) -> str:
    """The colour token for a text that tells a state."""
    return _TONE_COLORS[tone]


def text_width(text: str, size: str = "body", *, strong: bool = False) -> int:
    """Whole logical pixels that a text needs in a token's font: rounded up, since eliding compares the broken width of Latin text."""
    return ceil(QFontMetricsF(current_theme().font(size, strong=strong)).horizontalAdvance(text))


def draw_text(
    painter: QPainter,
    rect: QRect | QRectF,
    text: str,
    color: str = "text",
    size: str = "body",
    *,
    strong: bool = False,
    align: Align = "left",
) -> int:
    """Draw one line, centred in the height, ended by … where it does not fit; returns its width."""
    theme = current_theme()
    font = theme.font(size, strong=strong)
    metrics = QFontMetrics(font)
    area = QRectF(rect)
    shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, max(0, int(area.width())))
    painter.setFont(font)
    painter.setPen(theme.color(color))
    painter.drawText(area, _ALIGN[align] | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine, shown)
    return metrics.horizontalAdvance(shown)


def draw_ground(
    painter: QPainter,
    rect: QRect | QRectF,
    ground: str | None,
    border: str | None,
    *,
    radius: int | None = None,
    width: float = 1,
) -> None:
    """Fill a rounded rectangle and draw its border inside the rectangle, crisp at every scale."""
    theme = current_theme()
    corner = theme.radius.control if radius is None else radius
    inset = width / 2 if border else 0
    area = QRectF(rect).adjusted(inset, inset, -inset, -inset)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, bool(corner))
    painter.setPen(QPen(theme.color(border), width) if border else Qt.PenStyle.NoPen)
    painter.setBrush(theme.color(ground) if ground else Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(area, corner, corner)
    painter.restore()


def draw_line(painter: QPainter, left: float, top: float, right: float, bottom: float, color: str = "border") -> None:
    """A hairline on whole pixels, horizontal or vertical."""
    width = current_theme().line.hairline
    rect = QRectF(left, top, max(width, right - left), max(width, bottom - top))
    painter.fillRect(rect, current_theme().color(color))


def key_words(key: str) -> str:
    """A key as it is printed on the caps: `Ctrl+Return` is `Ctrl+Enter`, the space bar 空格."""
    names = {
        "Return": "Enter",
        "Space": tr("空格"),
        "Left": "←",
        "Right": "→",
        "Up": "↑",
        "Down": "↓",
        "PgDown": "PgDn",
        "Escape": "Esc",
    }
    return "+".join(names.get(part, part) for part in key.split("+")) if key != "+" else key


def key_cap_width(key: str) -> int:
    """Logical pixels of a key cap."""
    return max(text_width(key_words(key), "secondary") + 12, _cap_height() + 2)


def draw_key_cap(painter: QPainter, left: float, middle: float, key: str, *, color: str = "text2", plain: bool = False) -> int:
    """Draw a key cap right of `left`, centred on the line `middle`; `plain` leaves the ground. Returns its width."""
    width, height = key_cap_width(key), _cap_height()
    rect = QRectF(left, round(middle - height / 2), width, height)
    border = color if plain else "border_strong"
    draw_ground(painter, rect, None if plain else "sunken", border, radius=current_theme().radius.tag)
    draw_text(painter, rect, key_words(key), color, "secondary", align="center")
    return width


def _cap_height() -> int:
    return current_theme().size.tag


def tag_width(text: str) -> int:
    """Logical pixels of a tag."""
    return text_width(text, "secondary") + 12


def draw_tag(painter: QPainter, left: float, middle: float, text: str, tone: Tone, width: int | None = None) -> int:
    """Draw a tag right of `left`, centred on the line `middle`; returns its width."""
    color, ground = _TAG_COLORS[tone]
    theme = current_theme()
    wide = min(tag_width(text), width) if width is not None else tag_width(text)
    rect = QRectF(left, round(middle - theme.size.tag / 2), wide, theme.size.tag)
    draw_ground(painter, rect, ground, None, radius=theme.radius.tag)
    draw_text(painter, rect.adjusted(6, 0, -4, 0), text, color, "secondary")
    return wide


def set_property(widget: QWidget, name: str, value: object) -> None:
    """Set a property that the style sheet selects by, and let the style look again."""
    if widget.property(name) == value:
        return
    widget.setProperty(name, value)
    widget.style().unpolish(widget)
    widget.style().polish(widget)
