"""What 核验 does: a scanned code or a file judged in a worker, and our own copy of the paper beside it for comparison."""

from pathlib import Path
from typing import Any, Protocol

from nbcase.domain.errors import UserError
from nbcase.operations.pictures import PagePicture, picture_of
from nbcase.operations.printing import paper
from nbcase.operations.verifying import VerdictWords, check_at_desk, verdict_words
from ui.scanfile import read_scan


class VerifyView(Protocol):
    """What the presenter needs of its page."""

    def show_busy(self) -> None: ...
    def show_words(self, words: VerdictWords) -> None: ...
    def show_original(self, picture: PagePicture | None, problem: str) -> None: ...


class VerifyPresenter:
    """One question at a time; an answer that comes too late is dropped."""

    def __init__(self, view: VerifyView, context: Any) -> None:
        self._view = view
        self._context = context
        self._question = 0

    def check_code(self, text: str) -> None:
        """What a hand scanner typed."""
        if text.strip():
            self._check(lambda: text)

    def check_file(self, path: Path) -> None:
        """A PDF or a picture; one that cannot be opened is told in the notice bar."""
        self._check(lambda: read_scan(path)[0])

    def _check(self, read: Any) -> None:
        self._question += 1
        question, desk = self._question, self._context.desk
        self._view.show_busy()

        def ask() -> tuple[VerdictWords, PagePicture | None, str]:
            checked = check_at_desk(desk, read())
            words = verdict_words(checked.verdict, checked.printed)
            if checked.document_id is None:
                return words, None, ""
            try:
                return words, picture_of(paper(desk, checked.document_id)), ""
            except UserError as error:
                return words, None, error.what

        def take(found: tuple[VerdictWords, PagePicture | None, str]) -> None:
            if question == self._question:
                words, picture, problem = found
                self._view.show_words(words)
                self._view.show_original(picture, problem)

        self._context.tasks.run(ask, then=take, otherwise=self._context.trouble)
