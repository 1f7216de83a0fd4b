"""What the shell hands down to every page, and the words that pages and shell exchange."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from ui.tasks import Tasks
from ui.theme import Theme

NoticeKind = Literal["success", "warn", "error"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A message of the notice bar: what happened, what is safe, what to do next; never a box in the way."""

    what: str
    kind: NoticeKind = "success"
    safe: str = ""
    do: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyHelp:
    """A key of a page and what it does, for the list that F1 shows."""

    key: str
    what: str


class ClerkFigure(Protocol):
    """What the window shows of the clerk who is signed in."""

    @property
    def name(self) -> str:
        """The clerk's name."""
        ...

    @property
    def role(self) -> str:
        """The role's code, which decides what pages there are."""
        ...

    @property
    def role_name(self) -> str:
        """The role in words, such as 窗口岗."""
        ...


class DeskContext(Protocol):
    """Everything a page may use; a frozen dataclass made in one place.

    `desk` offers the operations, `tasks` runs them beside the event loop, `navigate(page, **target)` opens another page at a
    record, `notify` shows a notice, `trouble` takes an error to the funnel, `now` gives the local time.
    """

    @property
    def clerk(self) -> ClerkFigure: ...
    @property
    def station_name(self) -> str: ...
    @property
    def window_name(self) -> str: ...
    @property
    def language(self) -> str:
        """``zh`` or ``en``."""
        ...

    @property
    def training(self) -> bool: ...
    @property
    def desk(self) -> Any: ...
    @property
    def tasks(self) -> Tasks: ...
    @property
    def theme(self) -> Theme: ...
    @property
    def navigate(self) -> Callable[..., None]: ...
    @property
    def notify(self) -> Callable[[Notice], None]: ...
    @property
    def trouble(self) -> Callable[[BaseException], None]: ...
    @property
    def now(self) -> Callable[[], datetime]: ...
