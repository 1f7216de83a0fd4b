"""The recognition engine (rapidocr) in three small steps: where lines are, which way up they stand, what they say.

Asked step by step instead of as a whole, because the steps differ in cost and the answer of one decides about the next: lines that
do not lie straight show that the card was cut out wrongly before anything was read, and a machine-readable zone must not be turned
by a vote about its direction.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from nbcase.devices.contract import Box, Point

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from rapidocr import RapidOCR

    Pixels = NDArray[Any]

_LEAST_BOX: Final = 8
"""Pixels; a smaller box holds no sign."""

_LEAST_SCORE: Final = 0.5
"""Confidence below which a line is nothing that anybody wrote."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line as the engine saw it: text, confidence 0–1, and its four corners from the text's upper left."""

    text: str
    confidence: float
    box: Box


class TextEngine:
    """The engine, loaded at the first question (about a second, 300 MB when working); one question at a time, from any thread."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._engine: RapidOCR | None = None

    @property
    def is_loaded(self) -> bool:
        """Whether the next question is answered without loading."""
        return self._engine is not None

    def boxes(self, pixels: "Pixels", shorter_side: int) -> list[Box]:
        """Where lines of text stand, looked for in the picture scaled so that its shorter side has that many pixels."""
        import cv2

        scale = shorter_side / min(pixels.shape[:2])
        small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        output = self._run(small, find=True)
        if output.boxes is None:
            return []
        return [_points(box / scale) for box in output.boxes]

    def read(self, pixels: "Pixels", boxes: Sequence[Box]) -> list[Line]:
        """What stands in the boxes, each read alone; boxes in which nothing can be read are left out."""
        lines = []
        for box in boxes:
            cut = cut_out(pixels, box)
            if min(cut.shape[:2]) < _LEAST_BOX:
                continue
            output = self._run(cut, read=True)
            if output.txts and output.txts[0].strip() and output.scores[0] >= _LEAST_SCORE:
                lines.append(Line(text=output.txts[0], confidence=float(output.scores[0]), box=box))
        return lines

    def are_upside_down(self, pixels: "Pixels", boxes: Sequence[Box]) -> bool:
        """Whether most of the boxes' lines stand on their heads."""
        votes = 0
        for box in boxes:
            output = self._run(cut_out(pixels, box), turn=True)
            ((label, _),) = output.cls_res or (("0", 0.0),)
            votes += 1 if label == "180" else -1
        return votes > 0

    def _run(self, pixels: "Pixels", *, find: bool = False, turn: bool = False, read: bool = False) -> Any:
        with self._turn:
            if self._engine is None:
                self._engine = _load_engine()
            # All three are named every time because the engine keeps what a call once said.
            return self._engine(pixels, use_det=find, use_cls=turn, use_rec=read)


def cut_out(pixels: "Pixels", box: Box) -> "Pixels":
    """The part of a picture within four corners, straightened; one that stands on end is laid down."""
    import cv2
    import numpy as np

    corners = np.array(box, np.float32)
    width = round(float(max(np.linalg.norm(corners[0] - corners[1]), np.linalg.norm(corners[2] - corners[3]))))
    height = round(float(max(np.linalg.norm(corners[0] - corners[3]), np.linalg.norm(corners[1] - corners[2]))))
    if width < 1 or height < 1:
        return pixels[:0, :0]
    target = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    transform = cv2.getPerspectiveTransform(corners, target)
    cut = cv2.warpPerspective(pixels, transform, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.rot90(cut) if height >= 1.5 * width else cut


def _points(box: Any) -> tuple[Point, Point, Point, Point]:
    a, b, c, d = ((float(x), float(y)) for x, y in box)
    return a, b, c, d


def _load_engine() -> "RapidOCR":
    """The engine with the models of its own wheel, on one thread.

    Its default of all threads spins while it waits: beside other work that doubles both the time and the load. Short lines are
    recognised at their own width instead of a padded one.
    """
    from rapidocr import RapidOCR

    return RapidOCR(
        params={
            "Global.log_level": "critical",
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            "Det.limit_side_len": 32,
            "Rec.rec_batch_num": 1,
            "Rec.rec_img_shape": [3, 48, 128],
        }
    )
