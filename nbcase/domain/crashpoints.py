"""Named moments at which a process may die: every commit, file write and network call passes one.

In service nothing listens. The fault harness of the tests installs a handler that kills the process (or ends the
simulated machine) at the n-th passing of a name, so that each moment is tried by name and not by luck.
"""

from collections.abc import Callable

Handler = Callable[[str], None]

_handler: Handler | None = None


def reach(name: str) -> None:
    """Say that this moment was reached, such as ``desk.commit.before``; returns at once when nothing listens."""
    if _handler is not None:
        _handler(name)


def install(handler: Handler | None) -> None:
    """Call `handler` with the name of every moment reached from now on, in the thread that reached it; None ends it."""
    global _handler
    _handler = handler
