"""Reads the fields of an identity card from a picture, on this computer alone."""

import threading
import time
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from nbcase.devices.card_fields import Box, CardReading, Line, is_upside_down, overlooked_boxes, read_fields, stands_on_end, turned_round
from nbcase.devices.card_picture import CardPicture, open_card
from nbcase.devices.contract import Point, ReadDocument

if TYPE_CHECKING:
    from rapidocr import RapidOCR

    from nbcase.devices.card_picture import Pixels

_JPEG_QUALITY: Final = 88
_LEAST_BOX: Final = 12
"""Pixels; a smaller box holds no sign."""

_MARGIN: Final = 0.15
"""Share of a line's height that is added around it for the second look: another cut gives an opinion of its own."""


class DocumentReader:
    """Finds the card, reads its lines and holds the fields against each other.

    The engine (about 300 MB when working) is loaded at the first picture, or by `warm_up`. Safe to call from several
    threads; one picture is read at a time. A card takes 0.3 to 0.5 s, so call it in a worker.
    """

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._engine: RapidOCR | None = None

    def warm_up(self) -> None:
        """Load the engine and its models (about a second), so that the first picture does not wait for it."""
        import cv2
        import numpy as np

        # With a word in it, or only the first of the three models is loaded.
        sheet = np.full((240, 480, 3), 255, np.uint8)
        cv2.putText(sheet, "nbcase", (40, 140), cv2.FONT_HERSHEY_SIMPLEX, 2.4, (0, 0, 0), 4)
        self.lines_of(sheet)

    def read(self, source: Path | bytes, today: date | None = None) -> ReadDocument:
        """Fields of the card in a picture file, or in the bytes of one.

        A picture without a card gives a document without fields and the problem `not_recognised`.
        Raises UserError where there is no readable picture within the limits.
        """
        started = time.monotonic()
        card = open_card(source)
        pixels, reading = self._read_card(card, today)
        height, width = pixels.shape[:2]
        return ReadDocument(
            side=reading.side,
            fields=reading.fields,
            picture=_as_jpeg(pixels),
            width=width,
            height=height,
            problems=(*card.problems, *reading.problems),
            seconds=round(time.monotonic() - started, 3),
        )

    def _read_card(self, card: CardPicture, today: date | None) -> "tuple[Pixels, CardReading]":
        """The upright picture and its fields.

        A card on its head is read right by the engine, only the places are turned: turning them saves a second look.
        Where the number then does not agree the picture is turned and looked at again.
        """
        pixels, lines = self._on_its_feet(card)
        height, width = pixels.shape[:2]
        if not is_upside_down(lines, height):
            return pixels, self._read_lines(pixels, lines, card, today)
        upright = _turned(pixels, 2)
        reading = self._read_lines(upright, turned_round(lines, width, height), card, today)
        number = reading.fields.get("number")
        if number is not None and number.needs_look:
            reading = self._read_lines(upright, self.lines_of(upright), card, today)
        return upright, reading

    def _on_its_feet(self, card: CardPicture) -> "tuple[Pixels, list[Line]]":
        """Picture and lines with the lines running across; only a card that was not found may lie on its side."""
        lines = self.lines_of(card.pixels)
        if card.is_card_found or not stands_on_end(lines):
            return card.pixels, lines
        pixels = _turned(card.pixels, 1)
        return pixels, self.lines_of(pixels)

    def _read_lines(self, pixels: "Pixels", lines: list[Line], card: CardPicture, today: date | None) -> CardReading:
        """Fields of upright lines, with a second look where a sign was overlooked."""
        width = pixels.shape[1]
        if card.is_card_found:
            lines = lines + [line for box in overlooked_boxes(lines, width) for line in self._line_in(pixels, box)]
        return read_fields(lines, width, is_card=card.is_card_found, today=today)

    def read_again(self, picture: bytes, box: Box) -> tuple[str, float]:
        """What stands in a box of a straightened picture, recognised alone: a second opinion on a name, 20 to 40 ms.

        Text without blanks and the engine's confidence; empty text and 0 where nothing can be read.
        """
        import cv2
        import numpy as np

        pixels = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
        if pixels is None:
            return "", 0.0
        found = self._line_in(pixels, _widened(box, _MARGIN * (box[2][1] - box[0][1])))
        return ("".join(found[0].text.split()), found[0].confidence) if found else ("", 0.0)

    def lines_of(self, pixels: "Pixels") -> list[Line]:
        """The engine's lines, from top to bottom as it found them."""
        output = self._run(pixels, find_lines=True)
        if output.boxes is None or output.txts is None:
            return []
        found = zip(output.txts, output.scores, output.boxes, strict=True)
        return [Line(text=text, confidence=float(score), box=_points(box)) for text, score, box in found]

    def _line_in(self, pixels: "Pixels", box: Box) -> list[Line]:
        """What stands in an upright box, as one line."""
        (left, top), _, (right, bottom), _ = box
        part = pixels[max(0, round(top)) : round(bottom), max(0, round(left)) : round(right)]
        if min(part.shape[:2]) < _LEAST_BOX:
            return []
        output = self._run(part, find_lines=False)
        return [
            Line(text=text, confidence=float(score), box=box) for text, score in zip(output.txts or (), output.scores or (), strict=True)
        ]

    def _run(self, pixels: "Pixels", *, find_lines: bool) -> Any:
        """The engine's own answer, one caller at a time."""
        with self._turn:
            if self._engine is None:
                self._engine = _load_engine()
            # All three are named every time because the engine keeps what a call once said.
            return self._engine(pixels, use_det=find_lines, use_cls=find_lines, use_rec=True)


def _widened(box: Box, margin: float) -> Box:
    (left, top), _, (right, bottom), _ = box
    left, top, right, bottom = left - margin, top - margin, right + margin, bottom + margin
    return (left, top), (right, top), (right, bottom), (left, bottom)


def _points(box: Any) -> tuple[Point, Point, Point, Point]:
    a, b, c, d = ((float(x), float(y)) for x, y in box)
    return a, b, c, d


def has_models() -> bool:
    """Whether the engine and its models are on this computer; looks at files only, so it is quick."""
    found = find_spec("rapidocr")
    if found is None or found.origin is None:
        return False
    models = Path(found.origin).parent / "models"
    return all(any(models.glob(f"*_{kind}_*.onnx")) for kind in ("det", "rec"))


def _load_engine() -> "RapidOCR":
    """The engine with the models of its own wheel, on one thread, a third faster on cards than by default.

    Its default of all threads spins while it waits: beside other work that doubles both the time and the load. Lines
    are recognised one by one and short ones at their own width, because a batch pads all to the longest; the search
    for lines works at the card's own size instead of a larger one.
    """
    from rapidocr import RapidOCR

    return RapidOCR(
        params={
            "Global.log_level": "critical",
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            "Det.limit_side_len": 640,
            "Rec.rec_batch_num": 1,
            "Rec.rec_img_shape": [3, 48, 128],
        }
    )


def _turned(pixels: "Pixels", quarters: int) -> "Pixels":
    """The picture turned anticlockwise by quarters of a turn."""
    import numpy as np

    return np.ascontiguousarray(np.rot90(pixels, quarters))


def _as_jpeg(pixels: "Pixels") -> bytes:
    import cv2

    done, encoded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    if not done:
        raise RuntimeError("the picture could not be encoded")
    return bytes(encoded)
