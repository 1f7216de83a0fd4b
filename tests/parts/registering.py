"""A clerk who registers a newcomer and says each step: the process that `test_kill_while_registering` kills.

``python -m tests.parts.registering FOLDER`` works at the desk of the folder. Each line is printed when its step has happened:
``left KEY`` when the cursor has left a field, ``kept KEY`` when the page said that the draft is kept, ``accepting`` when the
acceptance has begun, ``writing N`` before each statement within its transaction, ``commit`` right before the database is told to,
``printing`` when the first paper goes to the queue, and ``accepted`` when the page says so. A line is JSON: the step and, where
they matter, the answers at that moment.
"""

import json
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from PySide6.QtWidgets import QApplication

from tests.parts.counter import open_counter
from tests.parts.keyboard import Keyboard
from tests.parts.newcomer import ReaderWithCard
from ui.pages import PageSpec
from ui.pages.register import RegisterPage
from ui.shell.window import MainWindow
from ui.tasks import TaskRunner
from ui.theme import Theme, load_tokens

TYPED = (
    ("address", "海曙区样例街道新村路9号101室"),
    ("place_code", "4"),
    ("reason_code", "1"),
    ("stay_code", "2"),
    ("phone", "19900005061"),
    ("education_code", "GZ"),
    ("political_code", "QZ"),
    ("marital_code", "2"),
)
STEPS = ("captured", *(f"{word} {key}" for key, _ in TYPED for word in ("left", "kept")), "accepting")
"""The lines before the transaction, in order."""

INSIDE = (*(f"writing {number}" for number in range(1, 16)), "commit", "printing", "accepted")
"""Lines of every acceptance; there are some more statements than these."""


class Clerk:
    """Hands and voice."""

    def __init__(self, app: QApplication, folder: Path) -> None:
        self._app = app
        self.counter = open_counter(folder)
        self.counter.reader = ReaderWithCard()
        self.counter.tasks = TaskRunner(_give_up)
        spec = PageSpec(code="register", title="登记", icon="user-plus", order=1, roles=frozenset(), make=RegisterPage)
        self.window = MainWindow(self.counter, [spec], lambda typed: [])
        self.window.resize(1366, 768)
        self.window.show()
        self.window.activateWindow()
        self.window.open_page("register")
        page = self.window.page("register")
        assert isinstance(page, RegisterPage)
        self.page = page
        self.keys = Keyboard(self.window)

    def say(self, step: str) -> None:
        """One line, at once."""
        _print_line({"step": step, "answers": self.page.answers()})

    def until(self, condition: Callable[[], bool]) -> None:
        """Turn the event loop; half a minute at most."""
        end = time.monotonic() + 30
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError(f"stuck at {self.page._focused()}: {self.counter.troubles}")
            self._app.processEvents()

    def rest(self) -> None:
        """Until every job is done and delivered."""
        tasks = self.counter.tasks
        assert isinstance(tasks, TaskRunner)
        self.until(lambda: tasks.pending == 0)

    def register(self) -> None:
        """From the card to the receipt."""
        self.rest()
        self.keys.press("F2")
        self.until(lambda: self.page._focused() == "address")
        self.rest()
        self.say("captured")
        for key, text in TYPED:
            self.fill(key, text)
        self.listen()
        self.say("accepting")
        self.keys.press("Ctrl+Enter")
        self.until(lambda: self.page._stack.currentIndex() == 1)
        self.say("accepted")
        self.rest()

    def listen(self) -> None:
        """Say what the database is told from now on, and when a paper goes to the queue."""
        engine, submit = self.counter.desk.engine, self.counter.queue.submit
        count = 0
        is_over = False

        def writes(statement: str) -> None:
            nonlocal count
            if not is_over and statement.startswith(("INSERT", "UPDATE", "DELETE")):
                count += 1
                _print_line({"step": f"writing {count}"})

        def trace(connection: Any, *_: Any) -> None:
            # Of the driver: an act's statements do not go through SQLAlchemy.
            connection.set_trace_callback(writes)

        def commits(connection: Any) -> None:
            nonlocal is_over
            if count and not is_over:
                is_over = True
                _print_line({"step": "commit"})

        def prints(*given: Any, **named: Any) -> Any:
            _print_line({"step": "printing"})
            return submit(*given, **named)

        sa.event.listen(engine.pool, "checkout", trace)
        sa.event.listen(engine, "commit", commits)
        self.counter.queue.submit = prints  # type: ignore[method-assign]

    def fill(self, key: str, text: str) -> None:
        """Type one field and leave it."""
        self.page.form.focus_field(key)
        self.keys.type(text)
        self.keys.press("Tab")
        self.say(f"left {key}")
        self.rest()
        self.say(f"kept {key}")


_printing = threading.Lock()


def _print_line(step: dict[str, Any]) -> None:
    """One whole line, whichever thread it comes from."""
    with _printing:
        sys.stdout.write(json.dumps(step, ensure_ascii=False) + "\n")
        sys.stdout.flush()


def _give_up(error: BaseException) -> None:
    raise error


def main(folder: Path) -> None:
    """Work at the desk of a folder."""
    app = QApplication([])
    Theme(load_tokens()).apply(app)
    Clerk(app, folder).register()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
