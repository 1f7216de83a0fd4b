"""Reads the fields of an identity document from a picture, on this computer alone."""

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from nbcase.devices.card_fields import CardReading, overlooked_boxes, turned_round
from nbcase.devices.card_picture import CardPicture, find_document, glare_of
from nbcase.devices.contract import Box, DocumentType, FieldReading, ReadDocument
from nbcase.devices.document_fields import read_document
from nbcase.devices.picture_file import open_picture
from nbcase.devices.text_engine import TextEngine
from nbcase.domain.words import tr

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[Any]

_JPEG_QUALITY: Final = 88

_MARGIN: Final = 0.15
"""Share of a line's height that is added around it for the second look: another cut gives an opinion of its own."""

_VOTERS: Final = 5
_VOTING: Final = (2.0, 11.0)
"""How many lines say which way is up, and their width to height: short ones do not know, and `<<<<` looks like `>>>>`."""

_UNDER_GLARE: Final = 0.06
"""Share of a field's box under a bright spot from which its text is doubtful."""


class DocumentReader:
    """Finds the document, reads its lines and holds the fields against each other.

    The engine (about 300 MB when working) is loaded at the first picture, or by `warm_up`. Safe to call from several
    threads; the engine answers one at a time. A card takes 0.3 to 0.5 s, so call it in a worker.
    """

    def __init__(self) -> None:
        self.engine = TextEngine()

    def warm_up(self) -> None:
        """Load the engine and its models (about a second), so that the first picture does not wait for it."""
        import cv2
        import numpy as np

        sheet = np.full((240, 480, 3), 255, np.uint8)
        cv2.putText(sheet, "nbcase", (40, 140), cv2.FONT_HERSHEY_SIMPLEX, 2.4, (0, 0, 0), 4)
        boxes = self.engine.boxes(sheet, 240)
        self.engine.are_upside_down(sheet, boxes)
        self.engine.read(sheet, boxes)

    def read(self, source: Path | bytes, today: date | None = None) -> ReadDocument:
        """Fields of the document in a picture file, or in the bytes of one.

        A picture without a document gives one without fields and the problem `not_recognised`.
        Raises UserError where there is no readable picture within the limits.
        """
        started = time.monotonic()
        card = find_document(open_picture(source), self.engine)
        pixels, reading = self._read_upright(card, today)
        height, width = pixels.shape[:2]
        fields = self._number_read_twice(_marked_under_glare(reading.fields, pixels), pixels)
        return ReadDocument(
            type=reading.type,
            document_kind=reading.document_kind,
            side=reading.side,
            fields=fields,
            confidence=min((found.confidence for found in fields.values()), default=0.0),
            checks=reading.checks,
            text=reading.text,
            picture=_as_jpeg(pixels),
            width=width,
            height=height,
            problems=(*card.problems, *reading.problems),
            seconds=round(time.monotonic() - started, 3),
        )

    def _read_upright(self, card: CardPicture, today: date | None) -> "tuple[Pixels, CardReading]":
        """The picture the right way up and its fields; where the vote gave nothing to read, the other way is tried."""
        upside_down = self.engine.are_upside_down(card.pixels, _voters(card.boxes))
        pixels, reading = self._read_as(card, upside_down, today)
        if reading.type is DocumentType.UNKNOWN and card.boxes:
            other_pixels, other = self._read_as(card, not upside_down, today)
            if other.type is not DocumentType.UNKNOWN:
                return other_pixels, other
        return pixels, reading

    def _read_as(self, card: CardPicture, upside_down: bool, today: date | None) -> "tuple[Pixels, CardReading]":
        pixels, boxes = card.pixels, card.boxes
        height, width = pixels.shape[:2]
        if upside_down:
            pixels, boxes = _turned(pixels, 2), turned_round(boxes, width, height)
        lines = self.engine.read(pixels, boxes)
        lines += self.engine.read(pixels, overlooked_boxes(lines, width))
        return pixels, read_document(lines, width, is_card=card.is_card_found, today=today)

    def _number_read_twice(self, fields: dict[str, FieldReading], pixels: "Pixels") -> dict[str, FieldReading]:
        """The fields, a number that two cuts read differently to be looked at: check signs are blind to some pairs of errors."""
        number = fields.get("number")
        if number is None or number.needs_look:
            return fields
        (_, top), _, (_, bottom), _ = number.box
        again = self.engine.read(pixels, [_widened(number.box, _MARGIN * (bottom - top))])
        text = "".join(again[0].text.split()).upper() if again else ""
        if number.text.upper() in text or len(text) > len(number.text) + 3:
            return fields
        why = tr("号码两次识别不一样，请逐位核对。")
        return {**fields, "number": replace(number, needs_look=True, why=why, others=(text,) if text else ())}

    def read_again(self, picture: bytes, box: Box) -> tuple[str, float]:
        """What stands in a box of a straightened picture, recognised alone: a second opinion on a name, 20 to 40 ms.

        Text without blanks and the engine's confidence; empty text and 0 where nothing can be read.
        """
        import cv2
        import numpy as np

        pixels = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
        if pixels is None:
            return "", 0.0
        found = self.engine.read(pixels, [_widened(box, _MARGIN * (box[2][1] - box[0][1]))])
        return ("".join(found[0].text.split()), found[0].confidence) if found else ("", 0.0)


def _voters(boxes: Sequence[Box]) -> list[Box]:
    """The lines that can tell which way is up, the longest first."""

    def shape(box: Box) -> float:
        return (box[1][0] - box[0][0]) / max(1.0, box[3][1] - box[0][1])

    able = [box for box in boxes if _VOTING[0] <= shape(box) <= _VOTING[1]]
    return sorted(able, key=lambda box: box[0][0] - box[1][0])[:_VOTERS]


def _marked_under_glare(fields: dict[str, FieldReading], pixels: "Pixels") -> dict[str, FieldReading]:
    """The fields, those under a bright spot to be looked at: what the spot ate is missing without a trace."""
    glare = glare_of(pixels)
    if not glare.any():
        return fields
    why = tr("这里有反光，请与证件比对。")
    return {
        key: replace(found, needs_look=True, why=why) if not found.needs_look and _share(glare, found.box) > _UNDER_GLARE else found
        for key, found in fields.items()
    }


def _share(mask: "Pixels", box: Box) -> float:
    (left, top), _, (right, bottom), _ = box
    # To the right a field may have gone on: the spot ate its end.
    part = mask[max(0, round(top)) : round(bottom), max(0, round(left)) : round(right + 2 * (bottom - top))]
    return float(part.mean()) if part.size else 0.0


def _widened(box: Box, margin: float) -> Box:
    (left, top), _, (right, bottom), _ = box
    left, top, right, bottom = left - margin, top - margin, right + margin, bottom + margin
    return (left, top), (right, top), (right, bottom), (left, bottom)


def has_models() -> bool:
    """Whether the engine and its models are on this computer; looks at files only, so it is quick."""
    found = find_spec("rapidocr")
    if found is None or found.origin is None:
        return False
    models = Path(found.origin).parent / "models"
    return all(any(models.glob(f"*_{kind}_*.onnx")) for kind in ("det", "rec"))


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
