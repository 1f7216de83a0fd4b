"""QR and bar codes in a picture of a file or a camera."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbcase.devices.contract import Box
from nbcase.devices.picture_file import open_picture

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadCode:
    """One code: what kind, what it says, where it stands. `content` has its bytes, which need not be text."""

    kind: str
    text: str
    content: bytes
    box: Box


def read_codes(source: Path | bytes) -> tuple[ReadCode, ...]:
    """All codes in a picture file, or in the bytes of one; raises UserError where it is no readable picture."""
    return codes_in(open_picture(source))


def codes_in(pixels: "Pixels") -> tuple[ReadCode, ...]:
    """All codes in a frame, blue-green-red or grey; milliseconds for a frame of two megapixels."""
    import zxingcpp

    return tuple(
        ReadCode(
            kind=str(found.format).rpartition(".")[2].replace(" ", "").replace("-", ""),
            text=found.text,
            content=bytes(found.bytes),
            box=_box(found.position),
        )
        for found in zxingcpp.read_barcodes(pixels)
        if found.valid
    )


def _box(position: Any) -> Box:
    corners = (position.top_left, position.top_right, position.bottom_right, position.bottom_left)
    a, b, c, d = ((float(corner.x), float(corner.y)) for corner in corners)
    return a, b, c, d
