"""现在可办: all that a resident can have done, by sub-scenario. A digit opens, letters narrow the list by pinyin initials."""

from collections.abc import Iterator, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget

from nbcase.domain import codes
from nbcase.domain.readings import initials, search_key
from nbcase.domain.words import is_english, tr
from nbcase.items.report import period_words
from nbcase.operations.offers import Offer
from ui.widgets.lists import LineList, LineRow

DIGITS = 9
"""Lines that a digit opens; the others are found by letters."""


class Choice(LineList):
    """The situations; a digit opens the one of that number, letters narrow, Backspace widens (`narrowed` has what was typed)."""

    narrowed = Signal(str)

    def __init__(
        self, name: str, parent: QWidget | None = None, *, lead_width: int, title_width: int = 0, padding: int | None = None
    ) -> None:
        super().__init__(name, parent, fits=True, lead_width=lead_width, title_width=title_width, padding=padding)
        self._typed = ""

    def begin(self) -> None:
        """Show all again."""
        self._narrow("")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        text = event.text()
        if text.isdigit() and 0 < int(text) <= min(DIGITS, len(self.rows)):
            self.opened.emit(self.rows[int(text) - 1])
        elif text.isascii() and text.isalpha() and not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._narrow(self._typed + text.lower())
        elif self._typed and event.key() == Qt.Key.Key_Backspace:
            self._narrow(self._typed[:-1])
        elif self._typed and event.key() == Qt.Key.Key_Escape:
            self._narrow("")
        else:
            super().keyPressEvent(event)

    def _narrow(self, typed: str) -> None:
        self._typed = typed
        self.narrowed.emit(typed)


def matching(offers: Sequence[Offer], typed: str) -> list[Offer]:
    """The offers whose item, situation or sub-scenario begins with the letters, in their order; all of them without letters."""
    if not typed:
        return list(offers)
    return [offer for offer in offers if any(name.startswith(typed) for name in _names(offer))]


def _names(offer: Offer) -> Iterator[str]:
    scene = offer.item.scene
    for name in (offer.item.name, offer.situation.name):
        yield from (word.casefold() for word in name.en.split()) if is_english() else map(search_key, initials(name.zh))
    if scene is not None and not is_english():
        yield from codes.table("scene").entries[scene].initials


def offer_rows(offers: Sequence[Offer]) -> list[LineRow]:
    """Numbered as far as digits go; the sub-scenario stands at the right where it begins."""
    rows = []
    former = ""
    for number, offer in enumerate(offers, 1):
        scene = codes.name("scene", offer.item.scene) if offer.item.scene else ""
        lead = str(number) if number <= DIGITS else " "
        rows.append(LineRow(lead=lead, title=offer.name, note=promise_words(offer), right=scene if scene != former else "", payload=offer))
        former = scene
    return rows


def obstacle_rows(offers: Sequence[Offer]) -> list[LineRow]:
    """What cannot be had now, with the reason."""
    return [LineRow(title=offer.name, note=offer.obstacle) for offer in offers]


def promise_words(offer: Offer) -> str:
    """The promised limit in words, empty where none is promised."""
    words = period_words(offer.situation.limit.promised)
    return tr("承诺 {words}").format(words=words) if words else ""
