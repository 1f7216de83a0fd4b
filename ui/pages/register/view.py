"""What the parts of 登记 share: the page as they see it, and the one registration that is in hand."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from nbcase.domain.document import Document
from nbcase.operations.offers import Offer
from ui.pages.register.capture import Card, Derived, Side
from ui.pages.register.work import Look, MaterialLine, Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A known resident who may be the one in the form: in words, and beside the form's answers."""

    words: str
    reasons: str
    rows: tuple[tuple[str, str, str, bool], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the left side shows: the chip's data, the sides, and the bytes of every picture by its hash."""

    card: Card | None
    sides: Mapping[str, Side]
    pictures: Mapping[str, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """An accepted registration."""

    number: str
    name: str
    address: str
    documents: tuple[Document, ...]
    resident_id: str


class RegisterView(Protocol):
    """What the presenter needs of its page."""

    def answers(self) -> dict[str, Any]: ...
    def clear(self) -> None: ...
    def set_answers(self, values: Mapping[str, Any]) -> None: ...
    def show_filled(self, keys: frozenset[str], count: int) -> None: ...
    def show_derived(self, derived: Derived) -> None: ...
    def show_evidence(self, evidence: Evidence) -> None: ...
    def show_looks(self, looks: Mapping[str, Look]) -> None: ...
    def show_materials(self, lines: Sequence[MaterialLine]) -> None: ...
    def show_known(self, known: Known | None) -> None: ...
    def show_comparison(self, on: bool) -> None: ...
    def show_warning(self, text: str) -> None: ...
    def show_reading(self, words: str) -> None: ...
    def show_live(self, picture: bytes) -> None: ...
    def show_saved(self, text: str) -> None: ...
    def show_busy(self, on: bool) -> None: ...
    def show_problems(self, found: Mapping[str, str]) -> None: ...
    def show_done(self, done: Done) -> None: ...
    def show_printed(self, words: str, is_printed: bool) -> None: ...
    def show_next(self, found: Sequence[Offer]) -> None: ...
    def focus_gap(self) -> bool: ...
    def focus_field(self, key: str) -> None: ...
    def is_ready(self) -> bool: ...
    def ask_until(self, proposed: date, then: Callable[[str], None]) -> None: ...
    def ask_seen(self, then: Callable[[str], None]) -> None: ...
    def ask_discard(self, then: Callable[[str], None]) -> None: ...


class Hand:
    """The registration in hand; what a worker brings for another one is dropped."""

    def __init__(self, view: RegisterView, context: Any) -> None:
        self.view = view
        self.context = context
        self.work: Work | None = None
        self.question = 0

    def ask(self, work: Callable[[], Any], then: Callable[[Any], None]) -> None:
        """Read in a worker; the answer is dropped when another registration was taken up meanwhile."""
        question = self.question

        def take(found: Any) -> None:
            if question == self.question:
                then(found)

        self.context.tasks.run(work, then=take, otherwise=self.context.trouble)


class Part:
    """A part of the presenter: it works on whatever is in hand."""

    def __init__(self, hand: Hand) -> None:
        self._hand = hand
        self._view = hand.view
        self._context = hand.context

    @property
    def _work(self) -> Work | None:
        return self._hand.work
