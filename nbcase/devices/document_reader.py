"""Reads the fields of an identity card from a picture, on this computer alone."""

import threading
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from nbcase.devices.card_fields import CardReading, Line, is_upside_down, read_fields, stands_on_end, turned_round
from nbcase.devices.card_picture import CardPicture, open_card
from nbcase.devices.contract import Point, ReadDocument

if TYPE_CHECKING:
    from rapidocr import RapidOCR

    from nbcase.devices.card_picture import Pixels

_JPEG_QUALITY: Final = 88


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
        import numpy as np

        blank = np.full((200, 320, 3), 255, np.uint8)
        self._recognise(blank)

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
            return pixels, read_fields(lines, width, is_card=card.is_card_found, today=today)
        upright = _turned(pixels, 2)
        reading = read_fields(turned_round(lines, width, height), width, is_card=card.is_card_found, today=today)
        number = reading.fields.get("number")
        if number is not None and number.needs_look:
            reading = read_fields(self._recognise(upright), width, is_card=card.is_card_found, today=today)
        return upright, reading

    def _on_its_feet(self, card: CardPicture) -> "tuple[Pixels, Sequence[Line]]":
        """Picture and lines with the lines running across; only a card that was not found may lie on its side."""
        lines = self._recognise(card.pixels)
        if card.is_card_found or not stands_on_end(lines):
            return card.pixels, lines
        pixels = _turned(card.pixels, 1)
        return pixels, self._recognise(pixels)

    def _recognise(self, pixels: "Pixels") -> list[Line]:
        """The engine's lines, from top to bottom as it found them."""
        with self._turn:
            if self._engine is None:
                self._engine = _load_engine()
            # All three are named every time because the engine keeps what a call once said.
            output: Any = self._engine(pixels, use_det=True, use_cls=True, use_rec=True)
        if output.boxes is None or output.txts is None:
            return []
        found = zip(output.txts, output.scores, output.boxes, strict=True)
        return [Line(text=text, confidence=float(score), box=_points(box)) for text, score, box in found]


def _points(box: Any) -> tuple[Point, Point, Point, Point]:
    a, b, c, d = ((float(x), float(y)) for x, y in box)
    return a, b, c, d


def _load_engine() -> "RapidOCR":
    """The engine with the models of its own wheel, on one thread.

    Its default of all threads spins while it waits: beside other work that doubles both the time and the load.
    """
    from rapidocr import RapidOCR

    return RapidOCR(
        params={
            "Global.log_level": "critical",
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
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
