"""`python3 run.py demo`: a centre, a desk, a card on the reader; to look at, or walked through without a screen.

PostgreSQL, the centre and the desk are processes of their own. This one owns the plug: it kills and restarts the centre when the
walk asks for it, and lays cards on the simulated reader at the far end of a real serial line.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from nbcase.bootstrap.centre import centre_database, make_enrolment_code, write_demo_data
from nbcase.bootstrap.errands import enrol_desk
from nbcase.demo.stations import stations
from nbcase.devices.contract import CardData
from nbcase.devices.sample_card import TILTED_PHOTO, SamplePerson, write_sample
from nbcase.domain.errors import UserError
from nbcase.domain.identity import DocumentKind, make_number
from nbcase.settings import Settings, save_settings

PEOPLE = 2_500
"""Over thirteen stations; the one of the desk gets about a hundred, in every state of a permit."""

NEWCOMERS = (
    {"name": "李𬭎", "number": make_number("330299", date(1994, 7, 12), 31), "birth_on": "1994-07-12", "sex_code": "1"},
    {"name": "阿依古丽·买买提", "number": make_number("330299", date(1990, 3, 18), 204), "birth_on": "1990-03-18", "sex_code": "2"},
)
"""People whose cards are at hand: the second one comes while the line is dead."""


def main(words: list[str] | None = None) -> int:
    """Set up and show, or walk; the exit code is 0 when all went well."""
    parser = argparse.ArgumentParser(prog="run.py demo")
    parser.add_argument("--headless", action="store_true", help="walk the main job in memory and leave pictures, papers and report.json")
    parser.add_argument("--out", type=Path, help="where the papers, pictures and the report go")
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args(words)
    out = (arguments.out or Path(tempfile.mkdtemp(prefix="nbcase-demo-out-"))).resolve()
    out.mkdir(parents=True, exist_ok=True)
    try:
        with Stage(arguments.people, arguments.seed, out) as stage:
            code = stage.walk() if arguments.headless else stage.show()
    except UserError as error:
        print("\n".join(part for part in (error.what, error.safe, error.do) if part), file=sys.stderr)
        return 3
    print(f"Papers, pictures and report: {out}" if arguments.headless else f"Printed papers: {out / 'printed'}")
    return code


@dataclass
class Stage:
    """Everything around the window; leaving the context ends all processes and removes the data."""

    people: int
    seed: int
    out: Path
    _stack: ExitStack = field(default_factory=ExitStack)
    _centre: subprocess.Popen[str] | None = None
    _port: int = 0

    def __enter__(self) -> "Stage":
        try:
            self._set_up()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def _set_up(self) -> None:
        # Not in the project's folder: the embedded PostgreSQL cannot live in a path with blanks.
        self.data = Path(tempfile.mkdtemp(prefix="nbcase-demo-"))
        self._stack.callback(shutil.rmtree, self.data, ignore_errors=True)
        self.folder = self.data / "desk"
        say("PostgreSQL")
        self._database = self._stack.enter_context(centre_database(self.data / "centre", None))
        say(f"{self.people} synthetic people")
        write_demo_data(self.people, self.seed, None, database_url=self._database, data=self.data / "centre")
        say("centre")
        self._stack.callback(self.stop_centre)
        self.start_centre()
        code = make_enrolment_code(self.data / "centre", self._database, stations()[0].code, "2 号窗")
        enrol_desk(self.folder, self.url, code)
        self.reader = self._stack.enter_context(reader_on_a_line())
        port = self.reader.port if self.reader is not None else ""
        self._settings = Settings(reader_port=port, print_folder=str(self.out / "printed"))
        save_settings(self.folder, self._settings)
        self.place(NEWCOMERS[0])
        say("desk")

    @property
    def url(self) -> str:
        """Where the centre listens; the same after a restart."""
        return f"http://127.0.0.1:{self._port}"

    def start_centre(self) -> None:
        """Start the centre's process and wait until it takes requests."""
        command = [sys.executable, "-m", "nbcase", "centre", "--data", str(self.data / "centre")]
        command += ["--database-url", self._database, "--port", str(self._port), "--json"]
        self._centre = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8")
        line = self._centre.stdout.readline() if self._centre.stdout else ""
        ready = json.loads(line) if line else {}
        if "ready" not in ready:
            error = ready.get("error", {})
            raise UserError(error.get("what", "The centre did not start."), do=error.get("do", "Its words stand above."))
        self._port = int(ready["ready"].rpartition(":")[2])

    def kill_centre(self) -> None:
        """Pull the plug: no clean-up of any kind."""
        if self._centre is not None:
            self._centre.kill()
            self._centre.communicate()
            self._centre = None

    def stop_centre(self) -> None:
        """End the centre as an operator would."""
        if self._centre is not None:
            self._centre.send_signal(signal.SIGTERM)
            self._centre.communicate()
            self._centre = None

    def place(self, person: dict[str, Any]) -> None:
        """Lay somebody's card on the reader in place of the former one."""
        if self.reader is not None:
            self.reader.lift()
            self.reader.place(card_of(person))

    def show(self) -> int:
        """The window on the display, until it is closed."""
        print("Sign in as chen (clerk), gu (police reviewer), shen or bai (supervisors); the password is demo- and the name: demo-chen")
        print(f"A picture of a card to open with F4: {self.sample()}", flush=True)
        return subprocess.call([sys.executable, "-m", "nbcase", "desk", "--folder", str(self.folder)])

    def sample(self) -> Path:
        """A photograph of an invented person's card on a table."""
        path = self.out / "sample-card.jpg"
        if not path.exists():
            write_sample(path, SamplePerson(), shot=TILTED_PHOTO)
        return path

    def walk(self) -> int:
        """The main job by keys in a window in memory, then every page once more at 200 %."""
        code = self._talk([])
        if code:
            return code
        save_settings(self.folder, replace(self._settings, scale=200))
        return self._talk(["--scale", "200"])

    def _talk(self, words: list[str]) -> int:
        command = [sys.executable, "-m", "ui.walk", "--folder", str(self.folder), "--out", str(self.out), *words]
        env = os.environ | {"QT_QPA_PLATFORM": "offscreen"}
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8", env=env) as process:
            for line in process.stdout or ():
                message = json.loads(line) if line.startswith("{") else {"text": line.rstrip()}
                if "ask" in message and process.stdin is not None:
                    process.stdin.write(json.dumps(self._do(message["ask"])) + "\n")
                    process.stdin.flush()
                elif "step" in message:
                    say(f"{message['step']}  {message['seconds']} s")
                elif message.get("text"):
                    say(message["text"])
        return process.returncode

    def _do(self, wish: dict[str, Any]) -> dict[str, Any]:
        match wish:
            case {"centre": "kill"}:
                self.kill_centre()
            case {"centre": "start"}:
                self.start_centre()
            case {"card": "second"}:
                self.place(NEWCOMERS[1])
            case {"place": dict(person)}:
                self.place(person)
            case {"picture": True}:
                return {"path": str(self.sample())}
            case _:
                raise ValueError(f"the walk asks for {wish}")
        return {"done": True}


@contextmanager
def reader_on_a_line() -> Iterator[Any]:
    """A simulated card reader at the far end of a serial line; None where the system has no pseudo-terminals (Windows)."""
    if os.name != "posix":
        yield None
        return
    from nbcase.devices.simulated_reader import SimulatedReader

    with SimulatedReader() as reader:
        yield reader


def card_of(person: dict[str, Any]) -> CardData:
    """The chip of an invented person's card."""
    return CardData(
        kind=DocumentKind.CITIZEN,
        name=person["name"],
        sex_code=person["sex_code"],
        nation_code=person.get("nation_code", "01"),
        birth_on=date.fromisoformat(person["birth_on"]),
        address="安徽省南塘县白鹭镇樟树村六组21号",
        number=person["number"],
        authority="南塘县公安局",
        valid_from_on=date(2019, 8, 20),
        valid_until_on=date(2039, 8, 20),
        photo=bytes(1024),
    )


def say(text: str) -> None:
    """One line of progress with the time."""
    print(f"{datetime.now(UTC):%H:%M:%S}  {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
