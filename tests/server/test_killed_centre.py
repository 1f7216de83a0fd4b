"""The centre's process is killed in the middle of its work, as by a power cut, and started again."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from nbcase.server.centre import open_centre
from nbcase.store import tables
from nbcase.sync.loop import SyncLoop
from tests.parts.centres import RunningCentre, seed_people
from tests.parts.desks import open_desk

ROOT = Path(__file__).resolve().parents[2]
SERVE = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from nbcase.domain.clock import SetClock
from nbcase.server.serve import serve
clock = SetClock(datetime(2026, 3, 2, 1, 0, tzinfo=UTC))
serve(sys.argv[1], Path(sys.argv[2]), port=int(sys.argv[3]), clock=clock, ready=lambda url: print(url, flush=True))
"""

Start = Callable[[int], tuple[subprocess.Popen[str], str]]


@pytest.fixture
def start(centre_database: str, tmp_path: Path) -> Iterator[Start]:
    """``start(port)`` runs the centre as a process of its own; its URL once it listens."""
    processes: list[subprocess.Popen[str]] = []

    def run(port: int) -> tuple[subprocess.Popen[str], str]:
        command = [sys.executable, "-c", SERVE, centre_database, str(tmp_path / "centre"), str(port)]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        processes.append(process)
        assert process.stdout is not None
        return process, process.stdout.readline().strip()

    yield run
    for process in processes:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def test_work_in_flight_when_the_centre_is_killed_arrives_once_after_its_restart(
    centre_database: str, tmp_path: Path, start: Start, clock: object
) -> None:
    direct = open_centre(centre_database, tmp_path / "centre")
    seed_people(direct)
    process, url = start(0)
    port = int(url.rsplit(":", 1)[1])
    running = RunningCentre(direct, None, url, clock)  # type: ignore[arg-type]
    desk = open_desk(running, tmp_path / "desk", "li", clock)  # type: ignore[arg-type]
    for _ in range(30):
        desk.act(desk.resident())
    desk.sync()
    for _ in range(30):
        desk.act(desk.resident(), files=(b"scan",))

    # The answer to the push is lost with the process: killed after the commit, before the desk kept it.
    push = desk.client.push

    def push_and_kill(*sent: object) -> object:
        answer = push(*sent)  # type: ignore[arg-type]
        assert len(answer.answers) == 30
        process.kill()
        process.wait()
        raise ConnectionResetError

    desk.client.push = push_and_kill  # type: ignore[method-assign, assignment]
    with pytest.raises(ConnectionResetError):
        desk.sync()
    desk.client.push = push  # type: ignore[method-assign]
    offline = desk.sync()
    assert (offline.is_online, offline.waiting) == (False, 30)

    restarted, again = start(port)
    assert again == url
    status = SyncLoop(desk.contact).run_once()
    assert (status.waiting, status.confirmed, status.is_equal) == (0, 60, True)
    with direct.engine.begin() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(tables.centre_action)).scalar() == 60
        assert connection.execute(sa.select(sa.func.count()).select_from(tables.CENTRE_RECORDS["resident"])).scalar() == 60
    restarted.terminate()
    assert restarted.wait(30) == 0, "a clean stop is no failure"
    desk.client.close()
    desk.sealed_log.close()
    desk.engine.dispose()
    direct.close()
