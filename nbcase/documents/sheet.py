"""Drawing on a PDF page in millimetres from the top left corner."""

from io import BytesIO

from reportlab import rl_config
from reportlab.lib.colors import Color, HexColor
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen import canvas

from nbcase.documents.fonts import ASCENT, FIRST_FONT, Run, make_ready, runs
from nbcase.documents.layout import Align, Element, Family, TextStyle
from nbcase.documents.typesetting import Block, pieces, width

POINTS_PER_MM = 72 / 25.4

# Streams as plain bytes: the old seven-bit form makes every page a quarter larger.
rl_config.useA85 = 0


class Sheet:
    """The pages of one document while they are drawn; measures in mm, text sizes in points.

    The same calls give the same bytes: no date, no random name goes into the file. Characters no font has are collected
    in ``missing``.
    """

    def __init__(self, family: Family, *, title: str) -> None:
        self.family = family
        self.missing: dict[str, None] = {}
        self._height = 0.0
        self._buffer = BytesIO()
        # An embedded initial font, otherwise every file lists Helvetica, which is not embedded.
        self.canvas = canvas.Canvas(self._buffer, invariant=1, pageCompression=1, initialFontName=make_ready(FIRST_FONT), lang="zh-CN")
        self.canvas.setTitle(title)
        self.canvas.setAuthor("nbcase")
        self.canvas.setCreator("nbcase")

    def begin_page(self, width_mm: float, height_mm: float) -> None:
        """Start a page of a size in mm."""
        self._height = height_mm
        self.canvas.setPageSize((width_mm * POINTS_PER_MM, height_mm * POINTS_PER_MM))

    def end_page(self) -> None:
        """Finish the page; the next one begins with `begin_page`."""
        self.canvas.showPage()

    def finish(self) -> bytes:
        """The whole document's bytes."""
        self.canvas.save()
        return self._buffer.getvalue()

    def across(self, x: float) -> float:
        """Points from the left of a place in mm."""
        return x * POINTS_PER_MM

    def up(self, y: float) -> float:
        """Points from the bottom of a place in mm from the top."""
        return (self._height - y) * POINTS_PER_MM

    def colour(self, name: str) -> Color:
        """A colour of the family by name; the fourth pair of digits, where there is one, is its opacity."""
        digits = self.family.colour[name]
        return HexColor(digits, hasAlpha=len(digits) == len("#RRGGBBAA"))

    def line(self, x1: float, y1: float, x2: float, y2: float, *, colour: str, weight: float, dashed: bool = False) -> None:
        """A straight line, its weight in mm."""
        self._pen(colour, weight)
        self.canvas.setDash((2.2, 2.2) if dashed else ())
        self.canvas.line(self.across(x1), self.up(y1), self.across(x2), self.up(y2))
        self.canvas.setDash()

    def rect(self, x: float, y: float, w: float, h: float, *, stroke: str = "", fill: str = "", weight: float = 0.2) -> None:
        """A rectangle: outline, ground, or both."""
        if fill:
            self.canvas.setFillColor(self.colour(fill))
        if stroke:
            self._pen(stroke, weight)
        self.canvas.rect(self.across(x), self.up(y + h), w * POINTS_PER_MM, h * POINTS_PER_MM, stroke=bool(stroke), fill=bool(fill))

    def image(self, data: bytes, x: float, y: float, w: float, h: float) -> None:
        """A picture in proportion in the middle of its place."""
        self.canvas.drawImage(
            ImageReader(BytesIO(data)), self.across(x), self.up(y + h), w * POINTS_PER_MM, h * POINTS_PER_MM,
            preserveAspectRatio=True, anchor="c", mask="auto",
        )  # fmt: skip

    def block(self, block: Block, style: TextStyle, place: Element, align: Align, *, middle: bool = False) -> None:
        """Set fitted lines into a place, from its top or in the middle of its height."""
        self.canvas.setFillColor(self.colour(style.colour))
        top = self.up(place.y) - ((place.h * POINTS_PER_MM - block.height) / 2 if middle else 0)
        room = place.w * POINTS_PER_MM
        last = len(block.lines) - 1
        for index, line in enumerate(block.lines):
            # The Han square sits in the middle of the leading: its middle is 0.38 em above the baseline.
            baseline = top - index * block.leading - (block.leading - block.size) / 2 - ASCENT * block.size
            free = room - width(line, style.face, style.tracking) * block.size
            tracking = style.tracking * block.size
            if align == "justify" and index < last and len(line) > 1 and free < 2 * block.size:
                tracking += free / (len(line) - 1)
            offset = {"centre": free / 2, "right": free}.get(align, 0.0)
            self.text_line(line, style.face, block.size, self.across(place.x) + offset, baseline, tracking)

    def text_line(self, line: str, face: str, size: float, x: float, baseline: float, tracking: float = 0.0) -> None:
        """One line from a point (points from the bottom left), in the colour that is set."""
        for piece in pieces(line):
            x += piece.gap * size
            for run in runs(piece.text, face):
                x += self._run(run, size, x, baseline, tracking)

    def _run(self, run: Run, size: float, x: float, baseline: float, tracking: float) -> float:
        """Draw one run and return how far it went."""
        if run.font is None:
            for index, sign in enumerate(run.text):
                self._missing_sign(sign, size, x + index * (size + tracking), baseline)
            return len(run.text) * (size + tracking)
        self.canvas.setFont(run.font, size)
        self.canvas.drawString(x, baseline, run.text, charSpace=tracking)
        return float(self.canvas.stringWidth(run.text, run.font, size)) + tracking * len(run.text)

    def _missing_sign(self, sign: str, size: float, x: float, baseline: float) -> None:
        """A box with the sign's code point in it: never a silent blank, and a reader can still look it up."""
        self.missing[sign] = None
        self.canvas.saveState()
        self.canvas.setStrokeColor(self.colour("ink"))
        self.canvas.setLineWidth(size * 0.05)
        self.canvas.rect(x + size * 0.07, baseline - size * 0.08, size * 0.86, size * 0.9)
        code = f"{ord(sign):06X}"
        self.canvas.setFont(FIRST_FONT, size * 0.36)
        for row, part in enumerate((code[:3], code[3:])):
            self.canvas.drawCentredString(x + size / 2, baseline + size * (0.44 - 0.4 * row), part)
        self.canvas.restoreState()

    def _pen(self, colour: str, weight: float) -> None:
        self.canvas.setStrokeColor(self.colour(colour))
        self.canvas.setLineWidth(weight * POINTS_PER_MM)
