"""What desks cost that have nothing to do: each asks every 15 seconds whether there is news, over a connection that it keeps.

Run as ``python -m tests.benchmarks.idle --json [--desks N] [--seconds N] [--workers N]``. Counted is the processor time of all
processes of the centre and of its PostgreSQL, in percent of one core, and the memory that the desks' connections take. The
yardstick is what the same desks would cost with a whole contact each time (hello, a page of changes, reconciliation).
"""

import argparse
import asyncio
import json
import random
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import msgspec
import psutil

from nbcase.crypto.pulse import pulse_proof
from nbcase.domain.action import TreeHash
from nbcase.operations.messages import HelloAnswer, PulseAnswer, ReconcileRequest
from nbcase.server.centre import open_centre
from nbcase.server.embedded import embedded_postgres
from nbcase.store.feed import PAGE, START, FeedPage
from nbcase.sync.loop import QUIET_S
from tests.benchmarks.storm import Desk, Line, centre_process, enrol_crowd, hello_of

AT_ONCE = 20

Ask = Callable[["IdleDesk"], Awaitable[None]]


class IdleDesk:
    """A simulated desk on one kept connection, with what its last hello told it."""

    def __init__(self, desk: Desk, url: str) -> None:
        self.line = Line(desk, url)
        self._key = b""
        self._target = ""
        self.news = 0

    async def greet(self) -> None:
        """Hello and the station's few records: the key, the mark and the cursor for the questions afterwards."""
        _, _, content = await self.line.ask("POST", "/v1/hello", hello_of(self.line.desk))
        answer = msgspec.json.decode(content, type=HelloAnswer)
        self._key = bytes.fromhex(answer.pulse_key)
        _, _, content = await self.line.ask("GET", f"/v1/changes?cursor={START}&limit={PAGE}", b"")
        cursor = msgspec.json.decode(content, type=FeedPage).cursor
        self._target = f"/v1/pulse?cursor={cursor}&sequence={answer.known_sequence}&mark={answer.pulse_mark}"

    async def look(self) -> None:
        """The one question."""
        at = datetime.now(UTC).isoformat()
        proof = pulse_proof(self._key, target=self._target, at=at)
        status, _, content = await self.line.send("GET", self._target, b"", f"Nbcase-Time: {at}\r\nNbcase-Signature: {proof}\r\n")
        assert status == 200, content
        self.news += msgspec.json.decode(content, type=PulseAnswer).has_news

    async def whole_contact(self) -> None:
        """What would be asked without the pulse."""
        await self.greet()
        asked = ReconcileRequest(count=0, digest=TreeHash().hexdigest())
        status, _, content = await self.line.ask("POST", "/v1/reconcile", msgspec.json.encode(asked))
        assert status == 200, content


def measure(desks: int, seconds: float, workers: int) -> dict[str, object]:
    """Percent of a core and KB a desk."""
    with tempfile.TemporaryDirectory() as name, embedded_postgres(Path(name) / "postgres") as database_url:
        centre = open_centre(database_url, Path(name) / "centre")
        crowd, _ = enrol_crowd(centre, desks, 1)
        centre.close()
        with centre_process(database_url, Path(name) / "centre", workers) as (url, pid):
            found = asyncio.run(_idle(url, crowd, seconds, Costs(pid, Path(name) / "postgres")))
    return {
        "name": "idle desks",
        "figure": round(found["percent"], 6),
        "unit": "% of one core",
        "yardstick": {"name": "whole contact each time", "figure": round(found["whole_percent"], 2)},
        "ratio": round(found["percent"] / found["whole_percent"], 6),
        "us_a_question": round((found["percent"] - found["base_percent"]) / 100 * QUIET_S / desks * 1e6),
        "percent_without_desks": round(found["base_percent"], 2),
        "kb_a_desk": round(found["kb"], 1),
        "false_news": round(found["news"]),
        "sizes": {"desks": desks, "seconds": seconds, "workers": workers},
        "versions": {package: version(package) for package in ("uvicorn", "starlette", "httptools", "psycopg")},
    }


TICK_S = 0.01
"""Processor time is counted in ticks of this length."""


class Costs:
    """Processor time of the centre's processes and PostgreSQL's, memory of the centre's."""

    def __init__(self, pid: int, database_folder: Path) -> None:
        self._centre = psutil.Process(pid)
        self._database = psutil.Process(int((database_folder / "postmaster.pid").read_text().split()[0]))

    async def percent(self, work: Awaitable[None]) -> float:
        """Percent of one core that is used while `work` goes on; no less than the system's clock of processor time can tell."""
        used, begun = self._used_s(), time.monotonic()
        await work
        return 100 * max(self._used_s() - used, TICK_S) / (time.monotonic() - begun)

    def memory(self) -> int:
        """Bytes."""
        return sum(process.memory_info().rss for process in _tree(self._centre))

    def _used_s(self) -> float:
        times = [process.cpu_times() for root in (self._centre, self._database) for process in _tree(root)]
        return sum(found.user + found.system for found in times)


def _tree(root: psutil.Process) -> list[psutil.Process]:
    return [root, *root.children(recursive=True)]


async def _idle(url: str, crowd: Sequence[Desk], seconds: float, costs: Costs) -> dict[str, float]:
    desks = [IdleDesk(desk, url) for desk in crowd]
    sample = desks[: max(len(desks) // 20, 1)]
    for desk in sample:
        await desk.whole_contact()  # everything is loaded and warm before memory is counted
    base = await costs.percent(asyncio.sleep(seconds / 2))
    before = costs.memory()
    for begin in range(0, len(desks), AT_ONCE):
        await asyncio.gather(*(desk.greet() for desk in desks[begin : begin + AT_ONCE]))
    await _spread(desks, IdleDesk.look, seconds)
    for desk in desks:
        desk.news = 0
    percent = await costs.percent(_spread(desks, IdleDesk.look, seconds))
    kilobytes = (costs.memory() - before) / 1024 / (len(desks) - len(sample))
    whole = await costs.percent(_spread(sample, IdleDesk.whole_contact, seconds))
    for desk in desks:
        desk.line.close()
    slower = seconds / QUIET_S
    return {
        "percent": base + (percent - base) * slower,
        "base_percent": base,
        "whole_percent": base + (whole - base) * slower * len(desks) / len(sample),
        "kb": kilobytes,
        "news": sum(desk.news for desk in desks),
    }


async def _spread(desks: Sequence[IdleDesk], ask: Ask, seconds: float) -> None:
    """Every desk asks once, at a moment of its own."""

    async def one(desk: IdleDesk) -> None:
        await asyncio.sleep(random.uniform(0, seconds))
        await ask(desk)

    async with asyncio.TaskGroup() as group:
        for desk in desks:
            group.create_task(one(desk))


def main(arguments: Sequence[str] | None = None) -> None:
    """Print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON line (the only form there is)")
    parser.add_argument("--desks", "--size", type=int, default=2000)
    parser.add_argument("--seconds", type=float, help="in which every desk asks once; 15, or less for few desks")
    parser.add_argument("--workers", type=int, default=1)
    given = parser.parse_args(arguments)
    seconds = given.seconds or min(QUIET_S, 1 + given.desks / 50)
    print(json.dumps(measure(given.desks, seconds, given.workers)))


if __name__ == "__main__":
    main()
