"""A real window over a real desk with a real centre behind it; contacts happen when the test says so."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

import pytest
from PySide6.QtWidgets import QApplication

from nbcase.bootstrap.counter import Counter, open_counter
from nbcase.domain.retirement import RetirementProof
from nbcase.sync.status import SyncStatus
from tests.parts.desks import MakeDesk, WorkingDesk
from ui.app import pill_state
from ui.context import Notice
from ui.counter import CounterContext, SignedInClerk, SyncLink
from ui.keyboard import Keyboard
from ui.pages import load_pages
from ui.shell.pill import PillState
from ui.shell.window import MainWindow
from ui.tasks import InlineTasks
from ui.theme import current_theme


@dataclass
class DeskWindow:
    """One clerk's window, with what it said."""

    working: WorkingDesk
    notices: list[Notice] = field(default_factory=list)
    troubles: list[BaseException] = field(default_factory=list)
    retired: list[RetirementProof] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.working.sealed_log.close()
        self.counter: Counter = open_counter(self.working.folder, self.working.vault, self.working.signed_in, clock=self.working.clock)
        self.link = SyncLink(self.counter)
        self.link.moved = lambda: self.window.announce(frozenset({"resident", "conflict"}))
        self.window = MainWindow(self._context(), load_pages(), search=lambda typed: [])
        self.keys = Keyboard(self.window)
        self.pill = PillState()

    def _context(self) -> CounterContext:
        return CounterContext(
            counter=self.counter,
            clerk=SignedInClerk(self.counter.clerk),
            tasks=InlineTasks(),  # type: ignore[arg-type]
            theme=current_theme(),
            sync=self.link,
            navigate=lambda page, **target: self.window.open_page(page, **target),
            notify=self.notices.append,
            trouble=self.troubles.append,
            announce=lambda changed: self.window.announce(changed),
            save_settings=lambda settings: None,
            now=self.counter.local_now,
            retired=self.retired.append,
        )

    def show(self, page: str = "sync") -> None:
        """Bring the window to the front, at a page."""
        self.window.resize(1366, 768)
        self.window.show()
        self.window.activateWindow()
        QApplication.processEvents()
        self.window.open_page(page)
        QApplication.processEvents()

    def contact(self) -> SyncStatus:
        """One contact, and everybody hears of it."""
        status = self.counter.sync.contact_once()
        self.link.told.emit(status, True)
        QApplication.processEvents()
        self.pill = pill_state(status, self.counter.local_now())
        self.window.show_sync(self.pill)
        return status


SitAt = Callable[[str], DeskWindow]


@pytest.fixture
def sit_at(make_desk: MakeDesk, app: QApplication) -> Iterator[SitAt]:
    """``sit_at("li")`` enrols a desk, signs the clerk in and opens the window."""
    with ExitStack() as stack:

        def sit(login: str) -> DeskWindow:
            made = DeskWindow(make_desk(login))
            stack.callback(made.counter.close)
            stack.callback(made.link.close)
            return made

        yield sit
