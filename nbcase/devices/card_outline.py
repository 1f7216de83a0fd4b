"""Where a card lies in a picture, by its outline: four corners that may be one, best first, and the card laid straight."""

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[Any]
    Corners = NDArray[Any]
    Outline = NDArray[Any]

CARD_WIDTH: Final = 1011
CARD_HEIGHT: Final = 638

_PAGE_SIZE: Final = (1250, 880)
"""Pixels of a passport's page of 125 mm by 88 mm."""

_PAGE_BELOW: Final = 1.48
"""Width to height below which an outline is a passport's page (1.42) and not a card (1.585)."""

_SEARCH_SIDE: Final = 800
"""Longest side of the small picture in which the card's outline is looked for."""

_CARD_RATIOS: Final = (1.30, 1.95)
"""Width to height of a card as photographs show it; upright it is 1.585, and the portrait on it 1.23."""

_ALIKE: Final = 0.02
"""Share of the small picture's longer side within which the corners of two outlines are the same."""


def outlines(pixels: "Pixels", most: int = 3) -> "list[Corners]":
    """Corners that may be a card's, clockwise from its upper left, the likeliest first."""
    import cv2
    import numpy as np

    # In a picture that is the card itself only another card may be found, not its portrait seen askew.
    least_ratio = 1.4 if fills_picture(pixels) else _CARD_RATIOS[0]
    scale = min(1.0, _SEARCH_SIDE / max(pixels.shape[:2]))
    small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    found: list[tuple[float, Any, Any]] = []
    for mask in _masks(small):
        contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
        for contour in sorted(contours, key=cv2.contourArea, reverse=True)[:5]:
            corners = _four_corners(contour)
            if corners is None:
                continue
            score = _card_score(corners, contour, small.shape[0] * small.shape[1], least_ratio)
            if score > 0:
                found.append((score, corners, contour))
    chosen: list[Any] = []
    for _, corners, contour in sorted(found, key=lambda entry: -entry[0]):
        near = _ALIKE * max(small.shape[:2])
        if len(chosen) < most and all(np.abs(corners - other).max() > near for other, _ in chosen):
            chosen.append((corners, contour))
    return [_on_edges(corners, contour) / scale for corners, contour in chosen]


def fills_picture(pixels: "Pixels") -> bool:
    """Whether the whole picture has the shape of a card, as a scan that was cut to it has."""
    height, width = pixels.shape[:2]
    shape: float = max(height, width) / min(height, width)
    return 1.5 <= shape <= 1.68


def _masks(small: "Pixels") -> "list[Pixels]":
    """Black and white pictures in which a card may stand out: by light, by two colours, by its edges."""
    import cv2
    import numpy as np

    kernel = np.ones((5, 5), np.uint8)
    smooth = cv2.GaussianBlur(small, (5, 5), 0)
    masks = []
    for channel in cv2.split(cv2.cvtColor(smooth, cv2.COLOR_BGR2LAB)):
        _, mask = cv2.threshold(channel, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
        masks += [cv2.morphologyEx(mask, cv2.MORPH_CLOSE, kernel), cv2.morphologyEx(255 - mask, cv2.MORPH_CLOSE, kernel)]
    grey = cv2.cvtColor(smooth, cv2.COLOR_BGR2GRAY)
    # Closed, not thickened: a thick outline is the largest and puts every corner outside of the card.
    masks += [cv2.morphologyEx(cv2.Canny(grey, low, 3 * low), cv2.MORPH_CLOSE, kernel) for low in (20, 60)]
    return masks


def _four_corners(contour: "Outline") -> "Corners | None":
    """The four-sided shape that a contour's hull comes down to, clockwise from the upper left."""
    import cv2
    import numpy as np

    hull = cv2.convexHull(contour)
    length = cv2.arcLength(hull, True)
    for share in (0.02, 0.03, 0.045, 0.06):
        shape = cv2.approxPolyDP(hull, share * length, True)
        if len(shape) == 4:
            points = shape.reshape(4, 2).astype(np.float32)
            break
    else:
        return None
    centre = points.mean(axis=0)
    around = np.argsort(np.arctan2(points[:, 1] - centre[1], points[:, 0] - centre[0]))
    points = points[around]
    return np.roll(points, -int(np.argmin(points.sum(axis=1))), axis=0)


def _on_edges(corners: "Corners", outline: "Outline") -> "Corners":
    """The corners where the straight parts of the edges would meet: the card's own are round and lie further in."""
    import cv2
    import numpy as np

    points = outline.reshape(-1, 2).astype(np.float32)
    edges = []
    for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        along = (end - start) / np.linalg.norm(end - start)
        way = (points - start) @ along / np.linalg.norm(end - start)
        aside = np.abs((points - start) @ np.array([-along[1], along[0]]))
        straight = points[(way > 0.15) & (way < 0.85) & (aside < 0.03 * np.linalg.norm(end - start))]
        if len(straight) < 2:
            return corners
        edges.append(cv2.fitLine(straight, cv2.DIST_HUBER, 0, 0.01, 0.01).reshape(4))
    met = [_meeting(before, edge) for before, edge in zip((edges[-1], *edges), edges, strict=False)]
    return corners if any(point is None for point in met) else np.array(met, np.float32)


def _meeting(one: "Corners", other: "Corners") -> "Corners | None":
    """Where two lines (direction x, y, point x, y) cross; None for parallel ones."""
    import numpy as np

    cross = one[0] * other[1] - one[1] * other[0]
    if abs(cross) < 0.1:
        return None
    share = ((other[2] - one[2]) * other[1] - (other[3] - one[3]) * other[0]) / cross
    return np.array([one[2] + share * one[0], one[3] + share * one[1]], np.float32)


def _card_score(corners: "Corners", contour: "Outline", picture_area: int, least_ratio: float) -> float:
    """How much a shape is a card's: its share of the picture, 0 where size, proportions or filling exclude it."""
    import cv2
    import numpy as np

    sides = np.linalg.norm(corners - np.roll(corners, -1, axis=0), axis=1)
    across, down = (sides[0] + sides[2]) / 2, (sides[1] + sides[3]) / 2
    ratio = max(across, down) / max(1.0, min(across, down))
    area = cv2.contourArea(corners)
    share = area / picture_area
    hull_share = cv2.contourArea(cv2.convexHull(contour)) / max(1.0, area)
    is_card = least_ratio <= ratio <= _CARD_RATIOS[1] and 0.08 <= share <= 0.97 and 0.9 <= hull_share <= 1.1
    return float(share) if is_card else 0.0


def laid_straight(pixels: "Pixels", corners: "Corners") -> "Pixels":
    """The card alone, its long side lying; a passport's page keeps its own proportions."""
    import cv2
    import numpy as np

    across = float(np.linalg.norm(corners[0] - corners[1]) + np.linalg.norm(corners[2] - corners[3]))
    down = float(np.linalg.norm(corners[1] - corners[2]) + np.linalg.norm(corners[3] - corners[0]))
    if across < down:
        corners = np.roll(corners, 1, axis=0)
    is_page = max(across, down) / max(1.0, min(across, down)) < _PAGE_BELOW
    size = _PAGE_SIZE if is_page else (CARD_WIDTH, CARD_HEIGHT)
    right, bottom = size[0] - 1, size[1] - 1
    target = np.array([(0, 0), (right, 0), (right, bottom), (0, bottom)], np.float32)
    transform = cv2.getPerspectiveTransform(corners.astype(np.float32), target)
    return cv2.warpPerspective(pixels, transform, size, flags=cv2.INTER_AREA)
