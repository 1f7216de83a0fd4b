"""What makes a paper hard to copy and a specimen plain to see: fine lines, rosette, seal, code, mark. Measures in mm."""

from itertools import groupby
from math import cos, pi, sin

import segno
from msgspec.structs import replace

from nbcase.documents.layout import Element, MarkElement, QrElement
from nbcase.documents.sheet import POINTS_PER_MM, Sheet
from nbcase.documents.typesetting import Block, fit, width
from nbcase.domain.errors import UserError
from nbcase.domain.words import tr

_WAVE_PITCH = 3.6
_WAVE_STEP = 10.5
_ROSETTE_RINGS = 60
_QUIET_ZONE = 4
# Below this a counter camera needs more than 250 pixels an inch; a code for a later scan is refused rather than printed in vain.
_LEAST_MODULE = 0.3


def draw_waves(sheet: Sheet, place: Element) -> None:
    """Hair lines from edge to edge, no two alike, every third in the second colour."""
    canvas = sheet.canvas
    canvas.saveState()
    clip = canvas.beginPath()
    clip.rect(sheet.across(place.x), sheet.up(place.y + place.h), place.w * POINTS_PER_MM, place.h * POINTS_PER_MM)
    canvas.clipPath(clip, stroke=0, fill=0)
    canvas.setLineWidth(0.12 * POINTS_PER_MM)
    for number in range(int(place.h / _WAVE_PITCH) + 2):
        canvas.setStrokeColor(sheet.colour("wave2" if number % 3 == 1 else "wave"))
        _wave(sheet, place, number)
    canvas.restoreState()


def _wave(sheet: Sheet, place: Element, number: int) -> None:
    """One wave as Bezier curves: the sum of a long and a short sine that drift from line to line."""

    def height_at(x: float) -> tuple[float, float]:
        long, short = x / 23 + number * 0.41, x / 9.7 - number * 0.73
        y = place.y + number * _WAVE_PITCH + 1.7 * sin(long) + 0.6 * sin(short)
        return y, 1.7 / 23 * cos(long) + 0.6 / 9.7 * cos(short)

    path = sheet.canvas.beginPath()
    x, (y, slope) = place.x, height_at(place.x)
    path.moveTo(sheet.across(x), sheet.up(y))
    third = _WAVE_STEP / 3
    while x < place.x + place.w:
        end = x + _WAVE_STEP
        end_y, end_slope = height_at(end)
        path.curveTo(
            sheet.across(x + third), sheet.up(y + slope * third),
            sheet.across(end - third), sheet.up(end_y - end_slope * third),
            sheet.across(end), sheet.up(end_y),
        )  # fmt: skip
        x, y, slope = end, end_y, end_slope
    sheet.canvas.drawPath(path)


def draw_rosette(sheet: Sheet, place: Element) -> None:
    """Circles on a ring: their envelope leaves a round place in the middle."""
    canvas = sheet.canvas
    radius = min(place.w, place.h) / 2
    inner = radius * 0.36
    ring, circle = (radius + inner) / 2, (radius - inner) / 2
    centre_x, centre_y = place.x + place.w / 2, place.y + place.h / 2
    canvas.setLineWidth(0.1 * POINTS_PER_MM)
    canvas.setStrokeColor(sheet.colour("rosette"))
    for number in range(_ROSETTE_RINGS):
        angle = 2 * pi * number / _ROSETTE_RINGS
        x, y = centre_x + ring * cos(angle), centre_y + ring * sin(angle)
        canvas.circle(sheet.across(x), sheet.up(y), circle * POINTS_PER_MM)
    canvas.setLineWidth(0.25 * POINTS_PER_MM)
    canvas.circle(sheet.across(centre_x), sheet.up(centre_y), inner * POINTS_PER_MM)


def draw_specimen(sheet: Sheet, place: Element) -> None:
    """样张 in the ground, as large as its place."""
    words = "样张"  # the paper is Chinese whatever the window speaks
    style = sheet.family.style["specimen"]
    style = replace(style, size=place.w * POINTS_PER_MM / width(words, style.face, style.tracking))
    block = Block(lines=(words,), size=style.size, leading=style.size * style.leading)
    sheet.block(block, style, place, "centre", middle=True)


def draw_specimen_seal(sheet: Sheet, place: Element, words: str) -> None:
    """A round red specimen seal that says 样章; never the seal of an office that exists."""
    radius = min(place.w, place.h) / 2
    centre_x, centre_y = sheet.across(place.x + place.w / 2), sheet.up(place.y + place.h / 2)
    points = radius * POINTS_PER_MM
    canvas = sheet.canvas
    canvas.saveState()
    canvas.translate(centre_x, centre_y)
    red = sheet.colour("seal")
    canvas.setStrokeColor(red)
    canvas.setFillColor(red)
    canvas.setLineWidth(points * 0.05)
    canvas.circle(0, 0, points * 0.97)
    _star(sheet, points * 0.27, points * 0.06)
    _arc_words(sheet, words, points)
    size = points * 0.2
    wide = width("样章", "sans-bold", 1.2) * size
    sheet.text_line("样章", "sans-bold", size, -wide / 2, -points * 0.62, 1.2 * size)
    canvas.restoreState()


def _star(sheet: Sheet, radius: float, rise: float) -> None:
    path = sheet.canvas.beginPath()
    for corner in range(10):
        reach = radius if corner % 2 == 0 else radius * 0.382
        angle = pi / 2 + corner * pi / 5
        step = path.lineTo if corner else path.moveTo
        step(reach * cos(angle), rise + reach * sin(angle))
    path.close()
    sheet.canvas.drawPath(path, stroke=0, fill=1)


def _arc_words(sheet: Sheet, words: str, radius: float) -> None:
    """Words along the upper arc, read from inside; long names stand closer and smaller."""
    spread = min(220.0, 23.0 * max(1, len(words) - 1))
    step = spread / max(1, len(words) - 1)
    size = radius * min(0.21, 0.0098 * step)
    for index, sign in enumerate(words):
        sheet.canvas.saveState()
        sheet.canvas.rotate(spread / 2 - step * index)
        sheet.text_line(sign, "sans-bold", size, -size / 2, radius * 0.69)
        sheet.canvas.restoreState()


def draw_seal_place(sheet: Sheet, place: Element) -> None:
    """An empty ring where the real seal goes."""
    canvas = sheet.canvas
    canvas.saveState()
    canvas.setDash(2, 2)
    canvas.setLineWidth(0.2 * POINTS_PER_MM)
    canvas.setStrokeColor(sheet.colour("rule"))
    canvas.circle(sheet.across(place.x + place.w / 2), sheet.up(place.y + place.h / 2), min(place.w, place.h) / 2 * POINTS_PER_MM)
    canvas.restoreState()
    style = sheet.family.style["small"]
    # Under the date that stands in the middle of the ring.
    foot = Element(x=place.x, y=place.y + place.h * 0.72, w=place.w, h=place.h * 0.2)
    sheet.block(fit("盖章处", style, foot.w * POINTS_PER_MM, foot.h * POINTS_PER_MM), style, foot, "centre", middle=True)


def draw_qr(sheet: Sheet, place: QrElement, text: str) -> None:
    """A square code as rectangles, correction level M, four modules of quiet zone inside its place.

    Raises UserError when the text is so long that the modules become too small for a camera.
    """
    link, sharp, rest = text.partition("#")
    # A code behind a link keeps to the signs that take the least room, whatever stands in the link.
    parts = [part for part in (link + sharp, rest) if part]
    code = segno.make([(part, None, None) for part in parts], error="m", boost_error=False, micro=False)  # type: ignore[arg-type]
    rows = tuple(code.matrix)
    module = min(place.w, place.h) / (len(rows) + 2 * _QUIET_ZONE)
    if module < _LEAST_MODULE:
        raise UserError(tr("二维码内容过长，印出后无法识读"), do=tr("缩短内容，或在版式中加大二维码"))
    sheet.rect(place.x, place.y, place.w, place.h, stroke=place.stroke, fill="paper", weight=0.15)
    canvas = sheet.canvas
    canvas.setFillColor(sheet.colour("black"))
    left, top = place.x + _QUIET_ZONE * module, place.y + _QUIET_ZONE * module
    path = canvas.beginPath()
    for row, modules in enumerate(rows):
        column = 0
        for dark, group in groupby(modules):
            length = len(list(group))
            if dark:
                path.rect(
                    sheet.across(left + column * module), sheet.up(top + (row + 1) * module),
                    length * module * POINTS_PER_MM, module * POINTS_PER_MM,
                )  # fmt: skip
            column += length
    canvas.drawPath(path, stroke=0, fill=1)


def draw_mark(sheet: Sheet, place: MarkElement) -> None:
    """One sign in a double ring."""
    canvas = sheet.canvas
    centre = sheet.across(place.x + place.w / 2), sheet.up(place.y + place.h / 2)
    radius = min(place.w, place.h) / 2 * POINTS_PER_MM
    canvas.setStrokeColor(sheet.colour(place.colour))
    canvas.setFillColor(sheet.colour("paper"))
    canvas.setLineWidth(radius * 0.1)
    canvas.circle(*centre, radius * 0.95, fill=1)
    canvas.setLineWidth(radius * 0.04)
    canvas.circle(*centre, radius * 0.82)
    style = replace(sheet.family.style["specimen"], size=radius * 1.05, tracking=0.0, colour=place.colour)
    sheet.block(Block(lines=(place.text,), size=style.size, leading=style.size), style, place, "centre", middle=True)
